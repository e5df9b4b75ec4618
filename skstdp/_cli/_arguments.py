"""Options that several commands share, their types, and the models that they choose."""

import argparse
import ast
from fractions import Fraction
from functools import partial
from math import nan
from pathlib import Path

from sklearn.base import clone

from .._networks._base import NetworkClassifier
from .._robustness._scorers import epsilon_label
from .._utils._validation import nearest
from ..benchmarks._checks import check_models
from ..benchmarks._compare import EPSILONS
from ..benchmarks._configurations import CONFIGURATIONS
from ..benchmarks._models import check_values, models_by_name

_CONFIGURATION_HELP = {
    "default": "default: STDP and BP with our parameters",
    "paper": "paper: STDP and BP with the parameters of the paper",
    "literal": "literal: as paper, but without our additions that the paper does not mention",
    "ablation": "ablation: the default with one thing changed at a time",
}


def add_integer(parser, name, description, *, default, minimum=1, **options):
    """Add an option that takes an integer, or several with nargs."""
    shown = " ".join(map(str, default)) if isinstance(default, list) else default
    parser.add_argument(
        name,
        metavar="N",
        type=partial(integer, minimum=minimum),
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
        f"(default: {default or 'what --models says'})",
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
        "--fresh", action="store_true", help="repeat all fits, also those whose results exist"
    )


def add_output(parser, *, jobs=True, formats=("csv", "json")):
    """Add folder and formats of the output, the seed, and the number of jobs."""
    if jobs:
        add_integer(parser, "--jobs", "fits at the same time", default=1)
    parser.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("results"),
        help="directory to write to, made if it does not exist (default: results)",
    )
    add_integer(parser, "--seed", "seed of all random numbers", default=0, minimum=0)
    parser.add_argument(
        "--format",
        dest="formats",
        nargs="+",
        choices=formats,
        default=["csv"],
        help="formats of the tables (default: csv)",
    )


def unexpected(text, expected):
    """Error of an option whose text is of another form."""
    return argparse.ArgumentTypeError(f"Got {text!r}, but expected {expected}.")


def integer(text, minimum):
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


def models_for(arguments, default):
    """Return a function of a task that returns its models: --models, or --configuration."""
    if arguments.configuration is None:
        arguments.models = arguments.models or default
        models = models_by_name(arguments.models)
        return lambda task: {name: clone(model) for name, model in models.items()}
    if arguments.models:
        raise ValueError(
            f"Got --models {' '.join(arguments.models)} with --configuration "
            f"{arguments.configuration}, which names models itself, but expected one of them."
        )
    return CONFIGURATIONS[arguments.configuration]


def with_settings(models_of, arguments, task):
    """Return such a function whose networks have the parameters that were set.

    They are tried on the models of a task.
    """
    settings = dict(arguments.set)

    def networks(models):
        return [model for model in models.values() if isinstance(model, NetworkClassifier)]

    def changed_models_of(task):
        models = models_of(task)
        for model in networks(models):
            known = model.get_params()
            model.set_params(**{name: settings[name] for name in settings if name in known})
        return models

    parameters = [(type(model), model.get_params()) for model in networks(models_of(task))]
    known = sorted({name for _, names in parameters for name in names})
    all_known = f" They are {', '.join(known)}." if known else " None of the models is one."
    for name in settings:
        values = {(kind, repr(given[name])) for kind, given in parameters if name in given}
        if not values:
            kinds = list(dict.fromkeys(kind.__name__ for kind, _ in parameters))
            expected = " or ".join(kinds or ["a network of this package"])
            raise ValueError(
                f"Got --set {name}, but expected a parameter of {expected}."
                f"{nearest(name, known) or all_known}"
            )
        # One value for all would undo what distinguishes the networks of one kind.
        if len(values) > len({kind for kind, _ in values}):
            chosen = (
                f"--configuration {arguments.configuration}"
                if arguments.configuration
                else f"--models {' '.join(arguments.models)}"
            )
            raise ValueError(
                f"Got --set {name} with {chosen}, but expected a parameter in which its networks "
                "do not differ."
            )
    if "random_state" in settings:
        raise ValueError("Got --set random_state, but expected --seed.")
    models = changed_models_of(task)
    check_models(models)
    if settings:
        for model in networks(models):
            check_values(model)
    return changed_models_of
