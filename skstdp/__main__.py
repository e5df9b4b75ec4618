"""Command line: python -m skstdp."""

import argparse
import sys
import tempfile
from fractions import Fraction
from functools import partial
from pathlib import Path

from ._displays import (
    LearningCurvesDisplay,
    RobustnessCurveDisplay,
    epsilon_label,
    plot_tasks,
    require_matplotlib,
)
from .benchmarks._compare import EPSILONS, check_class_sizes, compare, summarise
from .datasets import COLLECTIONS, load_csv_task, load_tasks

_EXAMPLES = """\
examples:
  python -m skstdp benchmark iris
  python -m skstdp benchmark digits --out figures --repeats 1
  python -m skstdp benchmark penguins.csv --target species --epsilon 2/255 0.1
"""


def main(argv=None):
    """Run one command.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    status : int
        0 if the command succeeded.

    Raises
    ------
    SystemExit
        With status 2 after an error of the user, which is told in one line on stderr.
    """
    arguments = _parser().parse_args(argv)
    return arguments.run(arguments)


def _fail(message):
    print(f"skstdp: error: {' '.join(str(message).split())}", file=sys.stderr)
    raise SystemExit(2)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """Leave out the usage: the line that says what is wrong must not drown in it."""
        _fail(f"{message.rstrip('.')}. See --help.")


def _parser():
    parser = _Parser(
        prog="python -m skstdp",
        description="Networks that learn by a local rule, and their robustness.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_benchmark(commands)
    return parser


def _add_benchmark(commands):
    parser = commands.add_parser(
        "benchmark",
        help="compare the local rule with backpropagation, without and with attack",
        description=(
            "Compare networks trained by the local rule (STDP) and by backpropagation (BP) on\n"
            "the same splits, without attack and under FGSM. Prints the accuracies and writes\n"
            "them and two figures to a directory."
        ),
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "data",
        metavar="DATA",
        help=f"{', '.join(COLLECTIONS)} or the path of a CSV file with a header line",
    )
    parser.add_argument(
        "--target", metavar="COLUMN", help="column of the CSV file that holds the classes"
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("results"),
        help="directory to write to, made if it does not exist (default: results)",
    )
    parser.add_argument(
        "--splits",
        metavar="N",
        type=partial(_integer, minimum=2),
        default=5,
        help="folds of the cross-validation (default: 5)",
    )
    parser.add_argument(
        "--repeats",
        metavar="N",
        type=partial(_integer, minimum=1),
        default=4,
        help="how often to draw the folds (default: 4)",
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=partial(_integer, minimum=0),
        default=0,
        help="draws the folds and the initial weights (default: 0)",
    )
    parser.add_argument(
        "--epsilon",
        metavar="E",
        nargs="+",
        type=_epsilon,
        default=EPSILONS,
        help="sizes of the attack on features scaled to [0, 1], as fractions or decimals "
        f"(default: {' '.join(map(epsilon_label, EPSILONS))})",
    )
    parser.set_defaults(run=_benchmark)


def _integer(text, minimum):
    try:
        number = int(text)
    except ValueError:
        number = None
    if number is None or not minimum <= number < 2**31:
        raise argparse.ArgumentTypeError(f"Got {text!r}, but expected an integer >= {minimum}.")
    return number


def _epsilon(text):
    try:
        epsilon = float(Fraction(text))
    except (ValueError, ZeroDivisionError, OverflowError):
        epsilon = None
    if epsilon is None or not 0 <= epsilon <= 1:
        raise argparse.ArgumentTypeError(
            f"Got {text!r}, but expected a number in [0, 1], such as 8/255 or 0.03."
        )
    return epsilon


def _benchmark(arguments):
    # What the user can have got wrong comes to light here, before the long work.
    try:
        require_matplotlib()
        name, tasks = _load(arguments.data, arguments.target)
        for task in tasks:
            check_class_sizes(task, arguments.splits)
        _prepare(arguments.out)
    except (ImportError, OSError, ValueError) as error:
        _fail(error)

    scores, curves = compare(
        tasks,
        epsilons=arguments.epsilon,
        n_splits=arguments.splits,
        n_repeats=arguments.repeats,
        random_state=arguments.seed,
        progress=_progress(),
    )
    summary = summarise(scores)
    paths = [
        arguments.out / f"{name}_{kind}"
        for kind in (
            "scores.csv",
            "summary.csv",
            "accuracy_by_epoch.png",
            "accuracy_by_epsilon.png",
        )
    ]
    scores.to_csv(paths[0], index=False)
    summary.to_csv(paths[1], index=False)
    plot_tasks(LearningCurvesDisplay, curves).savefig(paths[2], dpi=150)
    plot_tasks(RobustnessCurveDisplay, scores).savefig(paths[3], dpi=150)

    n_folds = arguments.splits * arguments.repeats
    print(f"Accuracy, mean ± standard deviation over {n_folds} test folds\n")
    print(_format(summary))
    print("\nWritten:", *paths, sep="\n  ")
    return 0


def _load(data, target):
    """Name and tasks of a collection or of a CSV file."""
    if data in COLLECTIONS:
        if target is not None:
            raise ValueError(f"Got --target {target} with {data}, but expected it with CSV files.")
        return data, load_tasks(data)
    if not Path(data).exists():
        raise ValueError(
            f"Got {data}, but expected {', '.join(COLLECTIONS)} or the path of a CSV file."
        )
    if target is None:
        raise ValueError(f"Got no --target, but expected a column of {data} with the classes.")
    task = load_csv_task(data, target)
    return task.name, [task]


def _prepare(directory):
    """Make the directory, and try to write to it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise OSError(f"Cannot write to --out {directory}: {error.strerror}.") from error


def _progress():
    """A bar if rich is installed and a terminal shows it, else lines of text.

    Both go to stderr: stdout is for the result.
    """
    if not sys.stderr.isatty():
        return _count
    try:
        from rich.console import Console
        from rich.progress import track
    except ImportError:
        return _count
    return partial(track, description="Training", console=Console(stderr=True), transient=True)


def _count(fits):
    """Yield the fits, with a line after each tenth of them."""
    for done, fit in enumerate(fits, start=1):
        yield fit
        if done * 10 // len(fits) > (done - 1) * 10 // len(fits):
            print(f"{done} of {len(fits)} networks trained", file=sys.stderr)


def _format(summary):
    """The summary as text, in blocks of at most 100 columns."""
    table = summary[["task", "model"]].copy()
    for column in summary:
        if column.endswith("_mean"):
            attack = column.removesuffix("_mean")
            spread = summary[f"{attack}_std"]
            table[attack] = [
                f"{mean:.3f} ± {std:.3f}"
                for mean, std in zip(summary[column], spread, strict=True)
            ]
    return table.set_index(["task", "model"]).to_string(line_width=100)


if __name__ == "__main__":
    # A terminal that does not know the sign for "plus or minus" is no reason to fail.
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main())
