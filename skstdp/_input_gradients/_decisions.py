"""Decision values, class scores and log probabilities, each from the other.

Each function returns a value of shape (n_samples, n_classes) and its pullback, from a cotangent of
the value to one of what the value was made of: `decisions` of shape (n_samples, n_outputs), or
`scores` of shape (n_samples, n_classes).
"""

import numpy as np
from scipy.special import log_softmax, logsumexp
from sklearn.frozen import FrozenEstimator

from ._scaled_rows import ScaledRows, chain, pull_by
from ._votes import scores_of_pairs


def class_scores(decisions):
    """Class scores of decision values: the values, or with two classes minus and plus a half.

    So the margin between two classes is the decision value, and their softmax its logistic.
    """
    if decisions.shape[1] > 1:
        return decisions, lambda cotangent: cotangent
    half = decisions / 2
    return np.hstack([-half, half]), pull_by(lambda values: (values[:, 1:] - values[:, :1]) / 2)


def scores_of_decisions(estimator, decisions):
    """Class scores of what `decision_function` of a fitted classifier gives.

    Raises ValueError if there is neither one decision per class nor one per pair of classes.
    """
    decisions = np.asarray(decisions)
    decisions = decisions.reshape(len(decisions), -1)
    n_classes = len(estimator.classes_)
    if n_classes > 2 and _decides_by_pairs(estimator):
        # Positive for the first of the two.
        scores, through = scores_of_pairs(decisions < 0, -decisions)
        return scores, chain(pull_by(np.negative), through)
    if decisions.shape[1] not in ((1, 2) if n_classes == 2 else (n_classes,)):
        raise ValueError(
            f"Got {decisions.shape[1]} columns from decision_function of "
            f"{type(estimator).__name__}, but an attack expected one for each of the {n_classes} "
            "classes. If they are of pairs of classes, set decision_function_shape='ovr'."
        )
    return class_scores(decisions)


def _decides_by_pairs(estimator):
    """Determine whether decisions are those of a support vector machine for pairs of classes.

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
