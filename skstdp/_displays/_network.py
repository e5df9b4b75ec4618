"""The network in what a user fitted, its layers, and the classes of its units."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._input_gradients._pipelines import steps_of
from .._networks._base import NetworkClassifier
from .._networks._bioleaf import BioLeaFClassifier


def unwrap(estimator, X=None):
    """Return the network inside pipelines and searches, and X after the steps before it."""
    while not isinstance(estimator, NetworkClassifier):
        if isinstance(estimator, Pipeline):
            check_is_fitted(estimator)
            transformers, estimator = steps_of(estimator)
            if X is not None and transformers:
                X = Pipeline(transformers).transform(X)
        elif hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        else:
            raise TypeError(
                f"Got {type(estimator).__name__}, but expected a fitted STDPClassifier, "
                "BPClassifier or BioLeaFClassifier, or a pipeline or search that ends in one."
            )
    check_is_fitted(estimator)
    return estimator, X


def own_classes(network, layer):
    """Return the position of the class that each unit stands for, None without associations."""
    if not hasattr(network, "associations_"):
        return None
    return np.argmax(network.associations_[layer], axis=0)


def spiking(estimator):
    """Return a fitted spiking network, or raise a TypeError for another estimator."""
    if not isinstance(estimator, BioLeaFClassifier):
        raise TypeError(
            f"Got {type(estimator).__name__}, but expected a fitted BioLeaFClassifier."
        )
    check_is_fitted(estimator)
    return estimator


def position(value, name, n):
    """Return a position from 0 to n - 1; negative ones count from the end."""
    if not -n <= value < n:
        raise ValueError(f"Got {name}={value!r}, but expected an integer from {-n} to {n - 1}.")
    return value % n
