"""The contract of adapters, which differentiate an estimator, and the table of them by type.

An adapter wraps a fitted estimator and computes what it computes, with the way back. Each of its
methods returns a pair: a value with one row per sample, and its pullback, a function that takes a
cotangent of the value (ScaledRows of its shape) to the gradient with respect to X (ScaledRows of
the shape of X). Pipelines chain pullbacks and ensembles add them up.
"""

from copy import copy
from functools import cache

import numpy as np
from sklearn.utils.validation import check_is_fitted, validate_data

from ._decisions import log_softmax_and_pull
from ._scaled_rows import chain, pull_by

FLOATS = [np.float64, np.float32]


class Adapter:
    """Base of all adapters: subclasses have `vjp`.

    Parameters
    ----------
    estimator : estimator
        Fitted.

    Attributes
    ----------
    decides : bool
        Whether `predict` returns the class of the largest score.
    scores_are_decisions : bool
        Whether the class scores are those of `decision_function`; with two classes, whether
        their difference is.
    scores_are_logits : bool
        Whether `predict_proba`, where there is one, is the softmax of the class scores.
    box : tuple of two floats
        Smallest and largest value that X may have.
    unclipped : tuple of two floats
        Values of X beyond them are clipped to them, as far as is known: moves out there have no
        effect. Their gradient is that at the nearer end, so that an attack finds the way back.
    saturates : bool
        Whether slopes in it vanish far away, so that a temperature changes the pullback.
    temperature : float
        What the arguments of such slopes are divided by in the pullback: 1 for the gradient
        itself. Values do not depend on it.
    """

    decides = True
    scores_are_decisions = True
    scores_are_logits = True
    box = (-np.inf, np.inf)
    unclipped = (-np.inf, np.inf)
    saturates = False
    temperature = 1

    def __init__(self, estimator):
        check_is_fitted(estimator)
        self.estimator = estimator

    def vjp(self, X):
        """Vector-Jacobian product: class scores of a classifier or output of a transformer.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            As the estimator takes it.

        Returns
        -------
        value : array-like of shape (n_samples, n_outputs)
            For a classifier one column per class.
        pull : callable
            Pullback of the value.
        """
        raise NotImplementedError

    def log_proba(self, X):
        """Logarithms of `predict_proba`, by default the log softmax of the class scores."""
        if not (self.scores_are_logits and hasattr(self.estimator, "predict_proba")):
            raise no_gradient(self.estimator, "probabilities")
        scores, pull = self.vjp(X)
        log_proba, through = log_softmax_and_pull(scores)
        return log_proba, chain(pull, through)

    def decision(self, X):
        """Values of `decision_function`, two-dimensional: one column for two classes."""
        if not self.scores_are_decisions:
            raise no_gradient(self.estimator, "a decision function")
        scores, pull = self.vjp(X)
        return (scores, pull) if scores.shape[1] > 2 else second_minus_first(scores, pull)

    def box_before(self, box):
        """Smallest and largest value that X may have for the output to be in a box."""
        return self.box

    def unclipped_before(self, unclipped):
        """Values of X that are not clipped, here or because the output is not in this range."""
        return self.unclipped

    def softens(self):
        """Determine whether a temperature changes the pullback, by any of the adapters inside."""
        return self.saturates or any(part.softens() for part in _adapters_in(vars(self)))

    def softened(self, temperature):
        """A copy, and copies of the adapters inside, whose pullbacks take softer slopes."""
        soft = copy(self)
        vars(soft).update(_softened(vars(self), temperature))
        soft.temperature = temperature
        return soft

    def _array(self, X):
        return validate_data(self.estimator, X, dtype=FLOATS, reset=False)


def _adapters_in(value):
    """Adapters that a value is or holds, however deep in dicts, lists and tuples."""
    if isinstance(value, Adapter):
        return [value]
    parts = value.values() if isinstance(value, dict) else value
    nested = isinstance(value, dict | list | tuple)
    return [adapter for part in parts for adapter in _adapters_in(part)] if nested else []


def _softened(value, temperature):
    """The value with softened copies of the adapters in it."""
    if isinstance(value, Adapter):
        return value.softened(temperature)
    if isinstance(value, dict):
        return {name: _softened(part, temperature) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_softened(part, temperature) for part in value)
    return value


def second_minus_first(scores, pull):
    """Score of the second of two classes minus that of the first, one column, and its pullback."""
    spread = pull_by(lambda values: np.hstack([-values, values]))
    return scores[:, 1:] - scores[:, :1], chain(pull, spread)


# Classifiers and transformers by type. Some estimators are both.
_CLASSIFIERS = {}
_TRANSFORMERS = {}


def adapts(*kinds, transform=False):
    """Enter the decorated function of a fitted estimator in the table, for these types."""

    def enter(make):
        table = _TRANSFORMERS if transform else _CLASSIFIERS
        table.update(dict.fromkeys(kinds, make))
        return make

    return enter


@cache
def _import_adapters():
    """Import the modules, which enter their adapters; they import half of scikit-learn."""
    from . import (  # noqa: F401
        _composition,
        _ensembles,
        _linear,
        _neighbours,
        _networks,
        _svm,
        _thresholds,
        _transformers,
    )


def adapter_of(estimator, *, transform=False):
    """Adapter of a fitted estimator: by its method `input_gradient`, or from the table.

    With `transform` that of its output, and not of its class scores. Raises TypeError if there is
    none for its type, ValueError if it is set up in a way that has no gradient here.
    """
    if hasattr(estimator, "input_gradient"):
        from ._own_gradients import ClassifierGradient, TransformerGradient

        return TransformerGradient(estimator) if transform else ClassifierGradient(estimator)
    _import_adapters()
    make = entry_for(_TRANSFORMERS if transform else _CLASSIFIERS, estimator)
    if make is None and hasattr(estimator, "best_estimator_"):
        return adapter_of(estimator.best_estimator_, transform=transform)
    if make is None:
        raise no_gradient(estimator)
    return make(estimator)


def best_of(search):
    """The estimator that a search was refitted with."""
    check_is_fitted(search)
    expect(search, "refit", getattr(search, "refit", True) is not False, True)
    return search.best_estimator_


def entry_for(table, estimator):
    """Entry of a table by type for an estimator, or for the nearest of its bases in it."""
    return next((table[kind] for kind in type(estimator).__mro__ if kind in table), None)


def no_gradient(estimator, of_what=None):
    """The TypeError for an estimator that cannot be differentiated."""
    start = (
        f"Got an estimator of type {type(estimator).__name__}, but an attack expected one that "
        "can be differentiated: "
    )
    if _is_made_of_trees(estimator):
        return TypeError(
            f"{start}trees are piecewise constant and have no gradient. Attack it by its "
            "thresholds, scores and labels, with WorstCaseScorer, in the command benchmark "
            "--attack worst, or with robustness_report and gradient=None."
        )
    missing = f"no gradient of {of_what} is known" if of_what else "no gradient is known"
    return TypeError(
        f"{start}{missing}. If it is smooth, ask for gradient='finite-differences', or give it a "
        "method input_gradient(X, cotangent)."
    )


def _is_made_of_trees(estimator):
    bases = {base.__name__ for base in type(estimator).__mro__}
    return bool(bases & {"BaseDecisionTree", "BaseForest", "BaseGradientBoosting"}) or any(
        base.startswith("BaseHistGradientBoosting") for base in bases
    )


def expect(estimator, name, value, *expected):
    """Raise unless a parameter has one of the values that are differentiated here."""
    if value not in expected:
        raise ValueError(
            f"Got {name}={value!r} in {type(estimator).__name__}, but an attack on it expected "
            f"{' or '.join(map(repr, expected))}, or gradient='finite-differences'."
        )


def expect_one_label(estimator):
    """Raise unless a classifier was fitted to one label per sample."""
    binarizer = getattr(
        estimator, "label_binarizer_", getattr(estimator, "_label_binarizer", None)
    )
    if binarizer is not None and binarizer.y_type_.startswith("multilabel"):
        raise ValueError(
            f"Got an estimator of type {type(estimator).__name__} that was fitted to several "
            "labels per sample, but an attack expected one label per sample."
        )
