"""The spiking network and what its parts contribute, one thing changed at a time."""

from sklearn.base import BaseEstimator
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .._networks._bioleaf import BioLeaFClassifier

_CHANGES = {
    "spikes": {},
    "random feedback": {"feedback": "random"},
    "two hidden layers": {"hidden_layer_sizes": (50, 50)},
    "two hidden layers, random feedback": {
        "hidden_layer_sizes": (50, 50),
        "feedback": "random",
    },
    "rule of spikes alone": {"rule": "spike", "n_steps": 8},
    "rate code": {"input_code": "rate", "n_steps": 8},
    "latency code, tuned cells": {
        "input_code": "latency",
        "field_shape": "gaussian",
        "n_steps": 8,
    },
    "Poisson code": {"input_code": "poisson", "n_steps": 20},
}


def spiking_classifiers() -> dict[str, BaseEstimator]:
    """The spiking network with one thing changed at a time, and scikit-learn's network.

    Returns
    -------
    classifiers : dict of str to classifier
        New classifiers, not fitted: "spikes", the default `BioLeaFClassifier`; the same with
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
    classifiers = {name: BioLeaFClassifier(**changes) for name, changes in _CHANGES.items()}
    return classifiers | {"MLP": make_pipeline(StandardScaler(), MLPClassifier())}
