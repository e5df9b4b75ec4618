"""Options that several commands share, their types, and the models that they choose."""

import argparse
import ast
import warnings
from fractions import Fraction
from functools import partial
from math import nan
from pathlib import Path

from sklearn.base import clone

from .._robustness._scorers import epsilon_label
from .._utils._validation import nearest
from ..benchmarks._checks import check_models
from ..benchmarks._compare import EPSILONS
from ..benchmarks._configurations import CONFIGURATIONS
from ._console import FORMATS

_CONFIGURATION_HELP = {
    "default": "default: both networks with our parameters",
    "paper": "paper: with those of the paper",
    "literal": "literal: the paper, without the parts of ours that it does not mention",
    "ablation": "ablation: the default with one thing changed at a time",
}


def add_integer(parser, name, description, *, default, minimum=1, **options):
    """Add an option that takes an integer, or several with nargs."""
    shown = " ".join(map(str, default)) if isinstance(default, list) else default
    parser.add_argument(
        name,
        metavar="N",
        type=partial(_integer, minimum=minimum),
        default=default,
        help=f"{description} (default: {shown})",
        **options,
    )


def add_epsilon(parser, description="sizes of the attack", *, of_rates=True, note=""):
    """Add the sizes of the attack, in [0, 1] if they are of rates."""
    parser.add_argument(
        "--epsilon",
        metavar="E",
        nargs="+",
        type=partial(_size, of_rates=of_rates),
        default=EPSILONS,
        help=f"{description} (default: {' '.join(map(epsilon_label, EPSILONS))}){note}",
    )


def add_networks(parser, configurations, default):
    """Add the choice of models, and whether to train all of them."""
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


def add_output(parser, *, jobs=True):
    """Add folder and formats of the output, the seed, and the number of jobs."""
    if jobs:
        add_integer(parser, "--jobs", "networks that train at the same time", default=1)
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("results"),
        help="directory to write to, made if it does not exist (default: results)",
    )
    add_integer(parser, "--seed", "draws all that is random", default=0, minimum=0)
    parser.add_argument(
        "--format",
        dest="formats",
        nargs="+",
        choices=FORMATS,
        default=["csv"],
        help="formats of the tables (default: csv)",
    )


def unexpected(text, expected):
    """Error of an option whose text is of another form."""
    return argparse.ArgumentTypeError(f"Got {text!r}, but expected {expected}.")


def _integer(text, minimum):
    try:
        number = int(text)
    except ValueError:
        number = None
    if number is None or not minimum <= number < 2**31:
        raise unexpected(text, f"an integer >= {minimum}")
    return number


def _size(text, *, of_rates):
    try:
        size = float(Fraction(text))
    except (ValueError, ZeroDivisionError, OverflowError):
        size = nan
    if not (0 <= size <= 1 if of_rates else size > 0):
        expected = "in [0, 1]" if of_rates else "> 0"
        raise unexpected(text, f"a number {expected}, such as 8/255 or 0.03")
    return size


def _setting(text):
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise unexpected(text, "NAME=VALUE, such as max_iter=50")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def configured_models(arguments, tasks):
    """Return a function of a task that returns its models, with the parameters that were set."""
    settings = dict(arguments.set)
    configuration = CONFIGURATIONS[arguments.configuration]

    def models_of(task):
        models = configuration(task)
        for model in models.values():
            known = model.get_params()
            model.set_params(**{name: settings[name] for name in settings if name in known})
        return models

    if not settings:
        return models_of
    parameters = [(type(model), model.get_params()) for model in configuration(tasks[0]).values()]
    known = sorted({name for _, names in parameters for name in names})
    all_known = f" They are {', '.join(known)}."
    for name in settings:
        values = {(kind, repr(given[name])) for kind, given in parameters if name in given}
        if not values:
            raise ValueError(
                f"Got --set {name}, but expected a parameter of STDPClassifier or BPClassifier."
                f"{nearest(name, known) or all_known}"
            )
        # One value for all would undo what distinguishes the networks of one kind.
        if len(values) > len({kind for kind, _ in values}):
            raise ValueError(
                f"Got --set {name} with --configuration {arguments.configuration}, but expected "
                "a parameter in which its networks do not differ."
            )
    if "random_state" in settings:
        raise ValueError("Got --set random_state, but expected --seed.")
    for task in tasks:
        check_models(models_of(task))
    for model in models_of(tasks[0]).values():
        # Some values are checked only by `fit`: two samples and an epoch are enough for it.
        model._validate_params()
        with warnings.catch_warnings(action="ignore"):
            clone(model).set_params(max_iter=1, verbose=False).fit([[0.0], [1.0]], [0, 1])
    return models_of
