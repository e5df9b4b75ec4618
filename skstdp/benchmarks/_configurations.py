"""Named sets of models that the experiments compare."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import TYPE_CHECKING

from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from .._networks._backpropagation import BPClassifier
from .._networks._bioleaf import BioLeaFClassifier
from .._networks._classifiers import STDPClassifier
from ._baselines import RegularisedMLPClassifier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sklearn.base import BaseEstimator

    from ..datasets._tasks import Task


# Shares, not numbers of units: all units learn.
NO_COMPETITION = {"positive_winners": 1.0, "negative_winners": 1.0, "winner_margin": None}

_PAPER = {
    "hidden_layer_sizes": (32, 16),
    "learning_rate_init": 1e-3,
    "learning_rate": "constant",
    "fan_in_scaling": False,
    "weight_decay": 0.0,
}
# Equation 3 with the epsilon given below it, for every unit.
_PAPER_RULE = {"stdp_epsilon": 1e-9, "probability_matching": False} | NO_COMPETITION
# The size of a batch is fixed by the paper. The other values are left open by it and are our
# choice; `quiet_start` is for the local rule only: backpropagation starts as it does elsewhere.
_PAPER_BY_DATA = {
    "mnist": {
        "batch_size": 100,
        "rate_encoding": "auto",
        "receptive_fields": "auto",
        "weight_init_scale": 1.0,
        "quiet_start": 0.3,
        "max_iter": 15,
    },
    "tables": {
        "batch_size": 40,
        "rate_encoding": "auto",
        "receptive_fields": 2,
        "weight_init_scale": 2.0,
        "quiet_start": 0.1,
        "max_iter": 600,
    },
}
# Undoes what the paper does not mention.
_LITERAL = {"receptive_fields": 1, "quiet_start": None}

_ABLATIONS = {
    "default": {},
    "no competition": NO_COMPETITION,
    "no margin": {"winner_margin": None},
    "no handicap": {"winner_handicap": 0.0},
    "no quiet start": {"quiet_start": None},
    "rates only": {"receptive_fields": 1},
    "on and off": {"receptive_fields": 2},
    "small initial weights": {"weight_init_scale": 1.0},
    "paper's pole": {"stdp_epsilon": 1e-9},
    "constant step": {"learning_rate": "constant"},
    "paper's outputs": {"probability_matching": False},
}
_DEPTHS = {"one hidden layer": 1, "two hidden layers": 2, "three hidden layers": 3}

_SPIKING = {
    "spikes": {},
    "random feedback": {"feedback": "random"},
    "two hidden layers": {"hidden_layer_sizes": (50, 50)},
    "two hidden layers, random feedback": {"hidden_layer_sizes": (50, 50), "feedback": "random"},
    "rule of spikes alone": {"rule": "spike", "n_steps": 8},
    "rate code": {"input_code": "rate", "n_steps": 8},
    "latency code, tuned cells": {
        "input_code": "latency",
        "field_shape": "gaussian",
        "n_steps": 8,
    },
    "Poisson code": {"input_code": "poisson", "n_steps": 20},
}

# Of parameters, in the names of settings.
_SHORT = {
    "adversarial_epsilon": "epsilon",
    "gradient_penalty": "penalty",
    "input_noise": "noise",
    "learning_rate_init": "rate",
    "max_features": "features",
    "min_samples_leaf": "leaf",
    "n_neighbors": "k",
    "receptive_fields": "fields",
    "weight_decay": "decay",
}


def default_classifiers() -> dict[str, BaseEstimator]:
    """Both rules, each with its default parameters."""
    return {"STDP": STDPClassifier(), "BP": BPClassifier()}


def paper_classifiers(task: Task | str, *, literal: bool = False) -> dict[str, BaseEstimator]:
    """Both networks as the paper has them.

    Fixed by the paper: two hidden layers of 32 and 16 units, Adam with a constant step of 1e-3,
    batches of 100 images or 40 rows of a table, equation 3 with an epsilon of 1e-9, and no
    competition. Left open by it, and chosen by us: the encoding of the features, off units, the
    initial weights and biases, and the number of epochs.

    Parameters
    ----------
    task : Task or str
        Task to classify, or its name. Those whose name starts with "mnist" are images, all
        others tables.
    literal : bool, default=False
        Leave out what the paper does not mention: the off units (of `receptive_fields`) and the
        initial biases of `quiet_start`.

    Returns
    -------
    classifiers : dict of str to STDPClassifier or BPClassifier
        New classifiers, not fitted, as "STDP" and "BP".

    See Also
    --------
    compare : Takes this function for `estimators`.

    References
    ----------
    .. [1] S. K. Gupta, "A More Biologically Plausible Local Learning Rule for ANNs",
           arXiv:2011.12012, 2020, Section 3.

    Examples
    --------
    >>> from skstdp.benchmarks import paper_classifiers
    >>> classifiers = paper_classifiers("iris 0v1")
    >>> classifiers["STDP"].stdp_epsilon, classifiers["BP"].batch_size
    (1e-09, 40)
    """
    name = getattr(task, "name", task)
    data = "mnist" if name.split()[0] == "mnist" else "tables"
    common = _PAPER | _PAPER_BY_DATA[data] | (_LITERAL if literal else {})
    return {
        "STDP": STDPClassifier(**common | _PAPER_RULE),
        "BP": BPClassifier(**common | {"quiet_start": None}),
    }


def ablations() -> dict[str, BaseEstimator]:
    """The network of the local rule with one thing changed at a time, and backpropagation.

    Returns
    -------
    classifiers : dict of str to STDPClassifier or BPClassifier
        New classifiers, not fitted: "default"; the default with another value of one parameter
        (of three for "no competition"), by what it takes away, such as "no handicap" or "rates
        only"; the default with fewer or more hidden layers, those added of half as many units as
        the one before; and "BP", backpropagation with its own defaults.

    See Also
    --------
    compare : Takes them for `estimators`.
    paper_classifiers : The networks as in the paper.

    Examples
    --------
    >>> from skstdp.benchmarks import ablations
    >>> classifiers = ablations()
    >>> classifiers["no handicap"]
    STDPClassifier(winner_handicap=0.0)
    >>> classifiers["three hidden layers"]
    STDPClassifier(hidden_layer_sizes=(300, 150, 75))
    """
    default = STDPClassifier().hidden_layer_sizes
    depths = {
        name: {"hidden_layer_sizes": _resize(default, depth)}
        for name, depth in _DEPTHS.items()
        if depth != len(default)
    }
    classifiers = {
        name: STDPClassifier(**changes) for name, changes in (_ABLATIONS | depths).items()
    }
    return classifiers | {"BP": BPClassifier()}


def _resize(sizes, depth):
    """The first of these layers, or further ones of half as many units as the one before."""
    while len(sizes) < depth:
        sizes = (*sizes, max(1, sizes[-1] // 2))
    return sizes[:depth]


def spiking_classifiers() -> dict[str, BaseEstimator]:
    """The spiking network with one thing changed at a time, and scikit-learn's network.

    Returns
    -------
    classifiers : dict of str to classifier
        New classifiers, not fitted: "spikes", the default `BioLeaFClassifier`; the default with
        another value of one parameter, or of what goes with it; and "MLP", scikit-learn's
        `MLPClassifier` with its default parameters on standardised features.

    See Also
    --------
    compare : Takes them for `estimators`.

    Examples
    --------
    >>> from skstdp.benchmarks import spiking_classifiers
    >>> classifiers = spiking_classifiers()
    >>> classifiers["random feedback"]
    BioLeaFClassifier(feedback='random')
    >>> list(classifiers)[-1]
    'MLP'
    """
    classifiers = {name: BioLeaFClassifier(**changes) for name, changes in _SPIKING.items()}
    return classifiers | {"MLP": make_pipeline(StandardScaler(), MLPClassifier())}


def front_families(hidden_layer_sizes: int | Sequence[int] = (32, 16)) -> dict:
    """The families of models that `robustness_fronts` compares, each with its settings.

    Parameters
    ----------
    hidden_layer_sizes : tuple of int, default=(32, 16)
        Hidden layers of the networks.

    Returns
    -------
    families : dict of str to dict of str to classifier
        Six settings each, by name, by family: the local rule and backpropagation, which differ in
        receptive fields, step size and decay; backpropagation on perturbed samples; scikit-learn's
        network alone, with input noise, with an L1 penalty on its first layer and with a gradient
        penalty, each of three strengths and two step sizes; logistic regression with an L2 and an
        L1 penalty; a kernel machine, nearest neighbours and a random forest.

    See Also
    --------
    RegularisedMLPClassifier : The networks with penalties.

    Examples
    --------
    >>> from skstdp.benchmarks import front_families
    >>> families = front_families()
    >>> list(families)[:3]
    ['STDP', 'BP', 'BP, adversarial']
    >>> list(families["BP, adversarial"])[:2]
    ['fields auto, epsilon 0.02', 'fields auto, epsilon 0.05']
    """

    def settings(classifier, parameters, **fixed):
        names, values = list(parameters), list(parameters.values())
        return {
            ", ".join(f"{_SHORT.get(name, name)} {value}" for name, value in setting.items()): (
                classifier(**fixed, **setting)
            )
            for setting in (dict(zip(names, some, strict=True)) for some in product(*values))
        }

    layers = {"hidden_layer_sizes": hidden_layer_sizes}
    # Enough for most to converge: a loss that no longer falls ends them earlier.
    network = layers | {"max_iter": 150, "tol": 3e-4}
    steps = {"learning_rate_init": (0.001, 0.01)}

    def by_fields(classifier, with_auto, with_two):
        return {
            name: model
            for fields, parameters in (("auto", with_auto), (2, with_two))
            for name, model in settings(
                classifier, {"receptive_fields": (fields,)} | parameters, **layers
            ).items()
        }

    def with_decay(classifier, *rates):
        rates = {"learning_rate_init": rates}
        return by_fields(
            classifier, rates | {"weight_decay": ("auto", 0.02)}, rates | {"weight_decay": (0.02,)}
        )

    return {
        "STDP": with_decay(STDPClassifier, 0.1, 0.3),
        "BP": with_decay(BPClassifier, 0.03, 0.3),
        "BP, adversarial": by_fields(
            BPClassifier,
            {"adversarial_epsilon": (0.02, 0.05, 0.1, 0.2)},
            {"adversarial_epsilon": (0.02, 0.05)},
        ),
        "MLP": settings(MLPClassifier, {"alpha": (1e-4, 0.1, 1.0)} | steps, **network),
        "MLP, input noise": settings(
            RegularisedMLPClassifier, {"input_noise": (0.1, 0.2, 0.4)} | steps, **network
        ),
        "MLP, L1": settings(
            RegularisedMLPClassifier, {"l1": (3e-4, 1e-3, 3e-3)} | steps, **network
        ),
        "MLP, gradient penalty": settings(
            RegularisedMLPClassifier, {"gradient_penalty": (1e-3, 3e-3, 0.01)} | steps, **network
        ),
        "logistic, L2": settings(
            LogisticRegression, {"C": (0.003, 0.01, 0.03, 0.1, 1, 10)}, max_iter=1000
        ),
        "logistic, L1": settings(
            LogisticRegression,
            {"C": (0.01, 0.03, 0.1, 1, 3, 10)},
            l1_ratio=1,
            solver="saga",
            tol=1e-3,
            max_iter=200,
        ),
        "RBF SVM": settings(SVC, {"C": (1, 10), "gamma": ("scale", "auto", 0.03)}),
        "nearest neighbours": settings(
            KNeighborsClassifier, {"n_neighbors": (1, 3, 5, 11, 21, 31)}
        ),
        "random forest": settings(
            RandomForestClassifier, {"min_samples_leaf": (1, 3, 10), "max_features": ("sqrt", 0.3)}
        ),
    }


# By name on the command line: functions of a task that return its models.
CONFIGURATIONS = {
    "default": lambda task: default_classifiers(),
    "paper": paper_classifiers,
    "literal": partial(paper_classifiers, literal=True),
    "ablation": lambda task: ablations(),
}
