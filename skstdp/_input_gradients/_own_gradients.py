"""Estimators that bring a gradient of their own: the public protocol `input_gradient`."""

import numpy as np

from ._adapter import Adapter, no_gradient
from ._decisions import scores_of_decisions
from ._scaled_rows import chain, pull_by


class TransformerGradient(Adapter):
    """Adapter of a transformer with a method of its own.

    `input_gradient(X, cotangent)` returns the gradient with respect to X of the sum of
    `cotangent * transform(X)`.
    """

    def vjp(self, X):
        """Output of `transform`, and its pullback."""
        return self.estimator.transform(X), pull_by(
            lambda values: _own_gradient(self.estimator, X, values)
        )


class ClassifierGradient(Adapter):
    """Adapter of a classifier whose `input_gradient` is that of its `decision_function`."""

    decides = False

    def __init__(self, estimator):
        super().__init__(estimator)
        if not hasattr(estimator, "decision_function"):
            raise TypeError(
                f"Got an estimator of type {type(estimator).__name__} with a method "
                "input_gradient but without decision_function, whose gradient an attack expected."
            )

    def vjp(self, X):
        """Class scores of `decision_function`, and their pullback."""
        decisions = np.asarray(self.estimator.decision_function(X))
        flat = decisions.ndim == 1
        scores, through = scores_of_decisions(self.estimator, decisions)
        own = pull_by(
            lambda values: _own_gradient(self.estimator, X, values[:, 0] if flat else values)
        )
        return scores, chain(own, through)

    def log_proba(self, X):
        """Logarithms of `predict_proba`, if they are the log softmax of the class scores."""
        log_proba, pull = super().log_proba(X)
        if not np.allclose(np.exp(log_proba), self.estimator.predict_proba(X), atol=1e-5):
            raise no_gradient(self.estimator, "probabilities")
        return log_proba, pull


def _own_gradient(estimator, X, cotangent):
    gradient = np.asarray(estimator.input_gradient(X, cotangent))
    if gradient.shape != tuple(X.shape):
        raise ValueError(
            f"Got a gradient of shape {gradient.shape} from input_gradient of "
            f"{type(estimator).__name__}, but expected that of X, {tuple(X.shape)}."
        )
    return gradient
