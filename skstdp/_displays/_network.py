"""The network in what a user fitted, and what its units stand for."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from .._input_gradients._pipelines import steps_of
from .._networks._base import NetworkClassifier


def unwrap(estimator, X=None):
    """The network inside pipelines and searches, and X after the steps before it."""
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
    """Position of the class that each unit of a layer stands for, None without associations."""
    if not hasattr(network, "associations_"):
        return None
    return np.argmax(network.associations_[layer], axis=0)
