"""Command line: python -m skstdp."""

import argparse
import ast
import sys
from fractions import Fraction
from functools import partial
from pathlib import Path

from ._commands import CONFIGURATIONS, benchmark, fail, figures
from ._displays import epsilon_label
from .benchmarks._compare import EPSILONS
from .datasets import COLLECTIONS

_EXAMPLES = """\
examples:
  python -m skstdp benchmark iris
  python -m skstdp benchmark iris wine digits --out figures --repeats 1 --jobs 2
  python -m skstdp benchmark penguins.csv --target species --epsilon 2/255 0.1
  python -m skstdp benchmark lookalikes --data mnist --set max_iter=30 --seeds 3
  python -m skstdp figures 2 --data mnist
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
        0 if the command succeeded, 130 if it was interrupted.

    Raises
    ------
    SystemExit
        With status 2 after an error of the user, which is told in one line on stderr.
    """
    arguments = _parser().parse_args(argv)
    return arguments.run(arguments)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """Leave out the usage: the line that says what is wrong must not drown in it."""
        fail(f"{message.rstrip('.')}. See --help.")


def _parser():
    parser = _Parser(
        prog="python -m skstdp",
        description="Networks that learn by a local rule, and their robustness.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_benchmark(commands)
    _add_figures(commands)
    return parser


def _add_benchmark(commands):
    parser = commands.add_parser(
        "benchmark",
        help="compare the local rule with backpropagation, without and with attack",
        description=(
            "Compare networks trained by the local rule (STDP) and by backpropagation (BP) on\n"
            "the same splits, without attack and under FGSM. Prints the accuracies and writes\n"
            "them and two figures to a directory. Each fit is written there as soon as it is\n"
            "done, and the same command goes on where an interrupted one stopped."
        ),
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "data_names",
        nargs="+",
        metavar="DATA",
        help=f"{', '.join(COLLECTIONS)} or the path of a CSV file with a header line",
    )
    parser.add_argument(
        "--target", metavar="COLUMN", help="column of the CSV files that holds the classes"
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
        "--seeds",
        metavar="N",
        type=partial(_integer, minimum=1),
        default=5,
        help="fits on MNIST, which has fixed test images instead of folds (default: 5)",
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
    _add_common(parser, configuration="default")
    parser.set_defaults(run=benchmark)


def _add_figures(commands):
    parser = commands.add_parser(
        "figures",
        help="make a figure of the paper anew",
        description=(
            "Make a figure of the paper anew, as PNG and CSV: accuracy against epoch (2) and\n"
            "against the size of the attack (3) on pairs of IRIS and MNIST, and the STDP curve\n"
            "(4). Figures 2 and 3 come from the same networks, which are trained once."
        ),
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("number", metavar="2|3|4", type=int, choices=(2, 3, 4), help="the figure")
    parser.add_argument(
        "--pairs",
        choices=("all", "iris"),
        default="all",
        help="leave out the pairs of MNIST with iris (default: all)",
    )
    parser.add_argument(
        "--seeds",
        metavar="N",
        type=partial(_integer, minimum=1),
        default=5,
        help="fits on each pair of MNIST, and repeats of five folds on IRIS (default: 5)",
    )
    _add_common(parser, configuration="paper")
    parser.set_defaults(run=figures)


def _add_common(parser, configuration):
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="folder with the four files of MNIST, gzipped or not (default: download them)",
    )
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("results"),
        help="directory to write to, made if it does not exist (default: results)",
    )
    parser.add_argument(
        "--configuration",
        choices=CONFIGURATIONS,
        default=configuration,
        help="parameters of the networks: our defaults, those of the paper, or those of the paper "
        f"without what it does not mention (default: {configuration})",
    )
    parser.add_argument(
        "--set",
        metavar="NAME=VALUE",
        type=_setting,
        action="append",
        default=[],
        help='set a parameter of the networks that have it, such as "hidden_layer_sizes=(200,)"; '
        "may be given several times",
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=partial(_integer, minimum=0),
        default=0,
        help="draws the folds and the initial weights (default: 0)",
    )
    parser.add_argument(
        "--jobs",
        metavar="N",
        type=partial(_integer, minimum=1),
        default=1,
        help="networks that train at the same time (default: 1)",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="train all networks, also those that were there"
    )


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


def _setting(text):
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(
            f"Got {text!r}, but expected NAME=VALUE, such as max_iter=50."
        )
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


if __name__ == "__main__":
    # A terminal that does not know the sign for "plus or minus" is no reason to fail.
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main())
