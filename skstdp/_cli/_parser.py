"""Command line: python -m skstdp."""

import argparse
import ast
import re
from fractions import Fraction
from functools import partial
from pathlib import Path

from .._attacks._norm_balls import NORMS
from .._input_gradients import SPACES
from .._robustness._scorers import epsilon_label
from .._utils._validation import nearest
from ..benchmarks._compare import EPSILONS
from ..datasets._tasks import COLLECTIONS, IMAGE_COLLECTIONS
from ._attack import attack
from ._commands import CONFIGURATIONS, benchmark, figures, robustness, select
from ._console import FORMATS, fail
from ._info import info

_EXAMPLES = """\
examples:
  python -m skstdp benchmark iris
  python -m skstdp benchmark iris wine digits --out figures --repeats 1 --jobs 2
  python -m skstdp benchmark penguins.csv --target species --epsilon 2/255 0.1
  python -m skstdp benchmark lookalikes --data mnist --set max_iter=30 --seeds 3
  python -m skstdp benchmark iris wine digits --configuration ablation
  python -m skstdp figures 2 --data mnist
  python -m skstdp robustness mnist --data mnist --pairs 0v5 4v9 --jobs 2
  python -m skstdp select iris wine mnist --data mnist --pairs 0v5 4v9 all
  python -m skstdp attack model.skops penguins.csv --target species --epsilon 0.05 0.1
  python -m skstdp info
"""
_INVALID_CHOICE = re.compile(r"invalid choice: '(.*)' \(choose from (.*)\)")
_CONFIGURATION_HELP = {
    "default": "default: both networks with our parameters",
    "paper": "paper: with those of the paper",
    "literal": "literal: without what it does not mention",
    "ablation": "ablation: the default with one thing changed at a time",
}


def main(argv=None):
    """Run one command, or print the help if none is given.

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
    parser = _parser()
    arguments = parser.parse_args(argv)
    if "run" not in arguments:
        parser.print_help()
        return 0
    return arguments.run(arguments)


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """Leave out the usage: the line that says what is wrong must not drown in it."""
        choice = _INVALID_CHOICE.search(message)
        meant = nearest(choice[1], re.findall(r"[^', ]+", choice[2])) if choice else ""
        fail(f"{message.rstrip('.')}.{meant} See --help.")


def _parser():
    parser = _Parser(
        prog="python -m skstdp",
        description="Networks that learn by a local rule, and their robustness.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_parser = partial(
        parser.add_subparsers(metavar="COMMAND").add_parser,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for add in _add_benchmark, _add_figures, _add_select, _add_robustness, _add_attack, _add_info:
        add(add_parser)
    return parser


def _add_benchmark(add_parser):
    parser = add_parser(
        "benchmark",
        help="compare the local rule with backpropagation, without and with attack",
        description=(
            "Compare networks trained by the local rule (STDP) and by backpropagation (BP) on\n"
            "the same splits, without attack and under FGSM. Prints the accuracies and writes\n"
            "them and, of at most four networks, two figures to a directory. Each fit is written\n"
            "there as soon as it is done, and the same command goes on where an interrupted one\n"
            "stopped."
        ),
    )
    parser.add_argument(
        "data_names",
        nargs="+",
        metavar="DATA",
        help=f"{', '.join(COLLECTIONS)} or the path of a CSV file with a header line",
    )
    _add_target(parser, required=False)
    _add_integer(parser, "--splits", "folds of the cross-validation", default=5, minimum=2)
    _add_integer(parser, "--repeats", "how often to draw the folds", default=4, minimum=1)
    _add_integer(
        parser,
        "--seeds",
        "fits on MNIST, which has fixed test images instead of folds",
        default=5,
        minimum=1,
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
    _add_common(parser)
    _add_networks(parser, CONFIGURATIONS, "default")
    parser.set_defaults(run=benchmark)


def _add_figures(add_parser):
    parser = add_parser(
        "figures",
        help="make a figure of the paper anew",
        description=(
            "Make a figure of the paper anew, as PNG and CSV: accuracy against epoch (2) and\n"
            "against the size of the attack (3) on pairs of IRIS and MNIST, and the STDP curve\n"
            "(4). Figures 2 and 3 come from the same networks, which are trained once."
        ),
    )
    parser.add_argument("number", metavar="2|3|4", type=int, choices=(2, 3, 4), help="the figure")
    parser.add_argument(
        "--pairs",
        choices=("all", "iris"),
        default="all",
        help="leave out the pairs of MNIST with iris (default: all)",
    )
    _add_integer(
        parser,
        "--seeds",
        "fits on each pair of MNIST, and repeats of five folds on IRIS",
        default=5,
        minimum=1,
    )
    _add_common(parser)
    # A figure does not hold as many networks as there are ablations.
    configurations = [name for name in CONFIGURATIONS if name != "ablation"]
    _add_networks(parser, configurations, "paper")
    parser.set_defaults(run=figures)


def _add_select(add_parser):
    parser = add_parser(
        "select",
        help="choose one setting of each network for all tasks",
        description=(
            "Choose one setting of each network for all tasks by nested cross-validation: the\n"
            "one with the best mean accuracy on the inner folds, which is then trained and\n"
            "looked at on the outer test rows. Prints the settings and the accuracies and\n"
            "writes them to a directory, as every fit as soon as it is done: the same command\n"
            "goes on where an interrupted one stopped."
        ),
    )
    parser.add_argument(
        "data_names",
        nargs="+",
        metavar="DATA",
        choices=COLLECTIONS,
        help=", ".join(COLLECTIONS),
    )
    _add_pairs(parser)
    _add_integer(parser, "--settings", "settings to try of each network", default=24, minimum=1)
    _add_integer(parser, "--outer", "outer splits", default=3, minimum=2)
    _add_integer(parser, "--inner", "inner folds", default=2, minimum=2)
    _add_integer(
        parser,
        "--samples",
        "largest number of training rows of a task; of more, a sample",
        default=4000,
        minimum=50,
    )
    _add_common(parser)
    parser.set_defaults(run=select)


def _add_robustness(add_parser):
    parser = add_parser(
        "robustness",
        help="compare models that are tuned equally, without and with attack",
        description=(
            "Compare fronts of accuracy without attack and under PGD: networks trained by the\n"
            "local rule and by backpropagation with several decays, on perturbed samples, and\n"
            "simple baselines. Prints one setting of each, chosen on validation data, and\n"
            "writes all of them, the attacks without gradient and a figure to a directory."
        ),
    )
    parser.add_argument(
        "data_names",
        nargs="+",
        metavar="DATA",
        choices=IMAGE_COLLECTIONS,
        help=", ".join(IMAGE_COLLECTIONS),
    )
    _add_pairs(parser)
    parser.add_argument(
        "--layers",
        metavar="N",
        nargs="+",
        type=partial(_integer, minimum=1),
        default=[32, 16],
        help="units of each hidden layer (default: 32 16)",
    )
    _add_integer(
        parser, "--seeds", "fits of the chosen setting of each family", default=5, minimum=1
    )
    _add_integer(
        parser,
        "--front-seeds",
        "fits of the other settings, 0 to leave them out",
        default=2,
        minimum=0,
    )
    _add_integer(
        parser, "--rows", "largest number of test images to attack", default=2000, minimum=100
    )
    parser.add_argument(
        "--epsilon",
        metavar="E",
        nargs="+",
        type=_epsilon,
        default=EPSILONS,
        help="sizes of the attack (default: "
        f"{' '.join(map(epsilon_label, EPSILONS))}); the largest one decides",
    )
    parser.add_argument(
        "--families",
        metavar="NAME",
        nargs="+",
        help="families to compare (default: all; see skstdp.benchmarks.front_families)",
    )
    _add_common(parser)
    parser.set_defaults(run=robustness)


def _add_attack(add_parser):
    parser = add_parser(
        "attack",
        help="attack a model of yours on rows of a CSV file",
        description=(
            "Attack a fitted classifier by FGSM, by PGD and without its gradient on rows that it\n"
            "was not trained on. Prints the accuracies and writes them, what becomes of each row\n"
            "at the largest size, and a figure to a directory."
        ),
    )
    parser.add_argument(
        "model", metavar="MODEL", help="file of skstdp.save_model, or a pickle: see --trust-pickle"
    )
    parser.add_argument("data", metavar="DATA", help="CSV file with a header line")
    _add_target(parser, required=True)
    parser.add_argument(
        "--epsilon",
        metavar="E",
        nargs="+",
        type=_size,
        default=EPSILONS,
        help="sizes of the attack, as fractions or decimals "
        f"(default: {' '.join(map(epsilon_label, EPSILONS))})",
    )
    parser.add_argument(
        "--space",
        choices=SPACES,
        default="model",
        help="model: the attack moves what the final estimator sees, for our networks rates in "
        "[0, 1]; input: the columns of the file, in their units (default: model)",
    )
    parser.add_argument(
        "--norm", choices=NORMS, default="linf", help="how sizes are measured (default: linf)"
    )
    parser.add_argument(
        "--immutable",
        metavar="COLUMN",
        nargs="+",
        default=(),
        help="columns that the attack must leave as they are: names, or positions "
        "from 0, among the features",
    )
    parser.add_argument(
        "--one-hot",
        metavar="COLUMN",
        nargs="+",
        action="append",
        default=[],
        help="columns of which one is 1 and the others are 0, so that the attack moves the 1 as a "
        "whole; once for each such group",
    )
    _add_integer(
        parser,
        "--queries",
        "predictions that the hard-label attack asks for, for each row",
        default=500,
        minimum=1,
    )
    parser.add_argument(
        "--trust",
        metavar="TYPE",
        nargs="+",
        default=(),
        help="more types that MODEL may hold, such as sklearn.tree._tree.Tree",
    )
    parser.add_argument(
        "--trust-pickle",
        action="store_true",
        help="read MODEL also if it is a pickle (.joblib, .pkl), which may run any code",
    )
    _add_output(parser)
    parser.set_defaults(run=attack)


def _add_info(add_parser):
    parser = add_parser(
        "info",
        help="tell versions, threads and where compiled kernels are kept",
        description="Tell versions, threads and where compiled kernels are kept.",
    )
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=info)


def _add_integer(parser, name, description, *, default, minimum):
    parser.add_argument(
        name,
        metavar="N",
        type=partial(_integer, minimum=minimum),
        default=default,
        help=f"{description} (default: {default})",
    )


def _add_target(parser, *, required):
    parser.add_argument(
        "--target",
        metavar="COLUMN",
        required=required,
        help="column of the CSV files that holds the classes",
    )
    parser.add_argument(
        "--sep",
        metavar="CHARACTER",
        type=_separator,
        default=",",
        help="what separates the columns of the CSV files, such as ';' or '\\t' (default: ,)",
    )


def _add_pairs(parser):
    parser.add_argument(
        "--pairs",
        metavar="PAIR",
        nargs="+",
        type=_pair,
        help="classes of digits and mnist to tell apart, such as 4v9, or all for the ten of them "
        "(default: 0v1 to 0v5, and all)",
    )


def _add_common(parser):
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="folder with the four files of MNIST, gzipped or not (default: download them)",
    )
    _add_integer(parser, "--jobs", "networks that train at the same time", default=1, minimum=1)
    _add_output(parser)


def _add_output(parser):
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("results"),
        help="directory to write to, made if it does not exist (default: results)",
    )
    _add_integer(parser, "--seed", "draws all that is random", default=0, minimum=0)
    parser.add_argument(
        "--format",
        dest="formats",
        nargs="+",
        choices=FORMATS,
        default=["csv"],
        help="formats of the tables (default: csv)",
    )


def _add_networks(parser, configurations, default):
    parser.add_argument(
        "--configuration",
        choices=configurations,
        default=default,
        help=f"{'; '.join(_CONFIGURATION_HELP[name] for name in configurations)} "
        f"(default: {default})",
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
        "--fresh", action="store_true", help="train all networks, also those that were there"
    )


def _unexpected(text, expected):
    return argparse.ArgumentTypeError(f"Got {text!r}, but expected {expected}.")


def _integer(text, minimum):
    try:
        number = int(text)
    except ValueError:
        number = None
    if number is None or not minimum <= number < 2**31:
        raise _unexpected(text, f"an integer >= {minimum}")
    return number


def _separator(text):
    separator = "\t" if text == r"\t" else text
    if len(separator) != 1:
        raise _unexpected(text, "one character, such as ';' or '\\t'")
    return separator


def _epsilon(text):
    epsilon = _fraction(text)
    if epsilon is None or not 0 <= epsilon <= 1:
        raise _unexpected(text, "a number in [0, 1], such as 8/255 or 0.03")
    return epsilon


def _size(text):
    size = _fraction(text)
    if size is None or size <= 0:
        raise _unexpected(text, "a number > 0, such as 8/255 or 0.03")
    return size


def _fraction(text):
    try:
        return float(Fraction(text))
    except (ValueError, ZeroDivisionError, OverflowError):
        return None


def _pair(text):
    if text == "all":
        return text
    try:
        first, second = map(int, text.split("v"))
    except ValueError:
        raise _unexpected(text, "two classes, such as 4v9, or all") from None
    return first, second


def _setting(text):
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise _unexpected(text, "NAME=VALUE, such as max_iter=50")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value
