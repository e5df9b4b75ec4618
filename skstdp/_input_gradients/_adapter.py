"""What differentiates an estimator, and the table that says what does so for which type.

An adapter wraps a fitted estimator and computes what it computes, with the way back. Each of its
methods returns a pair: a value with one row a sample, and a function that takes a cotangent of
the value (ScaledRows of its shape) to the gradient with respect to X (ScaledRows of the shape of
X). Pipelines chain them and ensembles add them up.
"""

from functools import cache
from importlib import import_module

import numpy as np
from scipy.special import log_softmax, logsumexp
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from ._scaled_rows import ScaledRows
from ._votes import scores_of_pairs

FLOATS = [np.float64, np.float32]


class Adapter:
    """Base of all adapters: subclasses have `forward`.

    Parameters
    ----------
    estimator : estimator
        Fitted.

    Attributes
    ----------
    decides : bool
        Whether the largest of the class scores is what `predict` says.
    scores_are_decisions : bool
        Whether the class scores are those of `decision_function`; with two classes, whether
        their difference is.
    scores_are_logits : bool
        Whether `predict_proba`, where there is one, is the softmax of the class scores.
    box : tuple of two floats
        Smallest and largest value that X may have.
    """

    decides = True
    scores_are_decisions = True
    scores_are_logits = True
    box = (-np.inf, np.inf)

    def __init__(self, estimator):
        check_is_fitted(estimator)
        self.estimator = estimator

    def forward(self, X):
        """For a classifier the class scores, one column a class; for a transformer its output.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            As the estimator takes it.

        Returns
        -------
        value : array-like of shape (n_samples, n_outputs)
        pull : callable
        """
        raise NotImplementedError

    def log_proba(self, X):
        """Logarithms of `predict_proba`, by default the log softmax of the class scores."""
        if not (self.scores_are_logits and hasattr(self.estimator, "predict_proba")):
            raise no_gradient(self.estimator, "probabilities")
        scores, pull = self.forward(X)
        log_proba, through = log_softmax_and_pull(scores)
        return log_proba, lambda cotangent: pull(through(cotangent))

    def decision(self, X):
        """What `decision_function` gives as two-dimensional array: one column for two classes."""
        if not self.scores_are_decisions:
            raise no_gradient(self.estimator, "a decision function")
        scores, pull = self.forward(X)
        if scores.shape[1] > 2:
            return scores, pull
        return scores[:, 1:] - scores[:, :1], lambda cotangent: pull(
            cotangent.through(lambda values: np.hstack([-values, values]))
        )

    def box_before(self, box):
        """Smallest and largest value that X may have for the output to be in a box."""
        return self.box

    def _array(self, X):
        return validate_data(self.estimator, X, dtype=FLOATS, reset=False)


def class_scores(decisions):
    """Class scores of decision values: the values, or with two classes minus and plus a half.

    Parameters
    ----------
    decisions : ndarray of shape (n_samples, n_outputs)

    Returns
    -------
    scores : ndarray of shape (n_samples, n_classes)
        The margin between two classes is the decision value, and their softmax its logistic.
    through : callable
        From a cotangent of the scores to one of the decisions.
    """
    if decisions.shape[1] > 1:
        return decisions, lambda cotangent: cotangent
    half = decisions / 2
    return np.hstack([-half, half]), lambda cotangent: cotangent.through(
        lambda values: (values[:, 1:] - values[:, :1]) / 2
    )


def scores_of_decisions(estimator, decisions):
    """Class scores of what `decision_function` of a classifier gives.

    Parameters
    ----------
    estimator : classifier
        Fitted.
    decisions : array-like of shape (n_samples,) or (n_samples, n_outputs)

    Returns
    -------
    scores : ndarray of shape (n_samples, n_classes)
    through : callable
        From a cotangent of the scores to one of the decisions, two-dimensional.

    Raises
    ------
    ValueError
        If there is neither one decision for each class nor one for each pair of classes.
    """
    decisions = np.asarray(decisions)
    decisions = decisions.reshape(len(decisions), -1)
    n_classes = len(estimator.classes_)
    if n_classes > 2 and _decides_by_pairs(estimator):
        # Positive for the first of the two.
        scores, through = scores_of_pairs(decisions < 0, -decisions)
        return scores, lambda cotangent: through(cotangent).through(np.negative)
    if decisions.shape[1] not in ((1, 2) if n_classes == 2 else (n_classes,)):
        raise ValueError(
            f"Got {decisions.shape[1]} columns from decision_function of "
            f"{type(estimator).__name__}, but an attack expected one for each of the {n_classes} "
            "classes. If they are of pairs of classes, set decision_function_shape='ovr'."
        )
    return class_scores(decisions)


def _decides_by_pairs(estimator):
    """Whether its decisions are those of a support vector machine for pairs of classes.

    Searches, pipelines and bagging give what the classifier in them gives. Boosting does not.
    """
    while estimator is not None and not hasattr(estimator, "decision_function_shape"):
        if hasattr(estimator, "estimator_weights_"):
            return False
        if hasattr(estimator, "estimators_features_"):
            estimator = estimator.estimators_[0]
        elif hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        elif isinstance(estimator, FrozenEstimator):
            estimator = estimator.estimator
        else:
            names = ("best_estimator_", "final_estimator_", "estimator_")
            estimator = next((getattr(estimator, n) for n in names if hasattr(estimator, n)), None)
    return getattr(estimator, "decision_function_shape", "ovr") == "ovo"


def log_softmax_and_pull(scores):
    """Log softmax over the columns, and the way back that does not round to zero.

    With c the cotangent and p the softmax, the gradient of column j is the sum over the others k
    of c_j p_k - p_j c_k, which is the usual c_j - p_j sum(c) where that is all rounding error.
    """
    log_proba = log_softmax(scores, axis=1)

    def through(cotangent):
        values = cotangent.values
        n_classes = values.shape[1]
        total = values.sum(axis=1)
        terms = []
        for j in range(n_classes):
            others = np.arange(n_classes) != j
            terms.append((values[:, j], logsumexp(log_proba[:, others], axis=1)))
            rest = values[:, others].sum(axis=1) if n_classes <= 16 else total - values[:, j]
            terms.append((-rest, log_proba[:, j]))
        factors, logs = (np.column_stack(part) for part in zip(*terms, strict=True))
        scaled = ScaledRows(factors, cotangent.log_scale).times_exp(logs)
        return scaled.through(lambda terms: terms[:, 0::2] + terms[:, 1::2])

    return log_proba, through


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
def _fill_table():
    """Import the modules, which enter their adapters; they import half of scikit-learn."""
    for kind in (
        "composition",
        "ensembles",
        "linear",
        "neighbours",
        "networks",
        "svm",
        "thresholds",
        "transformers",
    ):
        import_module(f"._{kind}", __package__)


def adapter_of(estimator, *, transform=False):
    """The adapter of an estimator: its own method `input_gradient`, or what the table has.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    transform : bool, default=False
        Whether its output is wanted, and not its class scores.

    Returns
    -------
    adapter : Adapter

    Raises
    ------
    TypeError
        If there is none for its type.
    ValueError
        If it is set up in a way that has no gradient here.
    """
    _fill_table()
    if hasattr(estimator, "input_gradient"):
        return TransformerGradient(estimator) if transform else ClassifierGradient(estimator)
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
    """What a table from types has for an estimator, or for the nearest of its bases in it."""
    return next((table[kind] for kind in type(estimator).__mro__ if kind in table), None)


def no_gradient(estimator, of_what=None):
    """The TypeError for an estimator that cannot be differentiated."""
    start = (
        f"Got an estimator of type {type(estimator).__name__}, but an attack expected one that "
        "can be differentiated: "
    )
    if _is_made_of_trees(estimator):
        return TypeError(
            f"{start}trees are piecewise constant and have no gradient. Attack it with examples "
            "made for a surrogate and by its labels alone, with robustness_report(..., "
            "gradient=None, surrogates=[...])."
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
    """Raise unless a classifier was fitted to one label a sample."""
    binarizer = getattr(
        estimator, "label_binarizer_", getattr(estimator, "_label_binarizer", None)
    )
    if binarizer is not None and binarizer.y_type_.startswith("multilabel"):
        raise ValueError(
            f"Got an estimator of type {type(estimator).__name__} that was fitted to several "
            "labels a sample, but an attack expected one label a sample."
        )


def _own_gradient(estimator, X, cotangent):
    gradient = np.asarray(estimator.input_gradient(X, cotangent))
    if gradient.shape != tuple(X.shape):
        raise ValueError(
            f"Got a gradient of shape {gradient.shape} from input_gradient of "
            f"{type(estimator).__name__}, but expected that of X, {tuple(X.shape)}."
        )
    return gradient


class TransformerGradient(Adapter):
    """A transformer that follows the public protocol.

    Its method `input_gradient(X, cotangent)` returns the gradient with respect to X of the sum of
    `cotangent * transform(X)`.
    """

    def forward(self, X):
        """The output, and the way back by `input_gradient`."""
        return self.estimator.transform(X), lambda cotangent: cotangent.through(
            lambda values: _own_gradient(self.estimator, X, values)
        )


class ClassifierGradient(Adapter):
    """The same for a classifier, with `decision_function` in the place of `transform`."""

    decides = False

    def __init__(self, estimator):
        super().__init__(estimator)
        if not hasattr(estimator, "decision_function"):
            raise TypeError(
                f"Got an estimator of type {type(estimator).__name__} with a method "
                "input_gradient but without decision_function, whose gradient an attack expected."
            )

    def forward(self, X):
        """Class scores, and the way back by `input_gradient`."""
        decisions = np.asarray(self.estimator.decision_function(X))
        flat = decisions.ndim == 1
        scores, through = scores_of_decisions(self.estimator, decisions)
        return scores, lambda cotangent: through(cotangent).through(
            lambda values: _own_gradient(self.estimator, X, values[:, 0] if flat else values)
        )

    def log_proba(self, X):
        """Logarithms of `predict_proba`, if they are the log softmax of the class scores."""
        log_proba, pull = super().log_proba(X)
        if not np.allclose(np.exp(log_proba), self.estimator.predict_proba(X), atol=1e-5):
            raise no_gradient(self.estimator, "probabilities")
        return log_proba, pull
