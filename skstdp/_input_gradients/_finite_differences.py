"""Slopes from differences of scores, for estimators without an adapter."""

import numpy as np

from ._decisions import scores_of_decisions
from ._scaled_rows import ScaledRows


def scores_of(estimator, X):
    """Class scores from `decision_function`, or logarithms of `predict_proba`.

    Raises TypeError if the classifier has neither, ValueError if they are of other classes.
    """
    if hasattr(estimator, "decision_function"):
        decisions = np.asarray(estimator.decision_function(X), dtype=np.float64)
        return scores_of_decisions(estimator, decisions)[0]
    if hasattr(estimator, "predict_proba"):
        proba = np.asarray(estimator.predict_proba(X), dtype=np.float64)
        return np.log(np.maximum(proba, np.finfo(np.float64).tiny))
    raise TypeError(
        f"Got an estimator of type {type(estimator).__name__} for gradient='finite-differences', "
        "but expected one with decision_function or predict_proba."
    )


def differences(scores_at, points, box, integer, fixed=()):
    """Scores at some points, and their pullback by central differences in each feature.

    Parameters
    ----------
    scores_at : callable
        From points to class scores.
    points : ndarray of shape (n_samples, n_features)
    box : tuple of two ndarrays of shape (n_features,)
        Where the scores are defined. At its border the differences are to one side.
    integer : ndarray of shape (n_features,), dtype bool
        Features that can only move by whole numbers.
    fixed : container of int, default=()
        Features that cannot move at all, whose gradient is zero: others than their own values may
        be unknown to the estimator.
    """
    low, high = box

    def pull(cotangent):
        gradient = np.zeros(points.shape)
        root = np.cbrt(np.finfo(points.dtype).eps)
        for feature in set(range(points.shape[1])).difference(fixed):
            x = points[:, feature]
            step = 1 if integer[feature] else root * np.maximum(1, np.abs(x))
            above, below = points.copy(), points.copy()
            above[:, feature] = np.minimum(x + step, high[feature])
            below[:, feature] = np.maximum(x - step, low[feature])
            change = ((scores_at(above) - scores_at(below)) * cotangent.values).sum(axis=1)
            width = above[:, feature].astype(np.float64) - below[:, feature]
            gradient[:, feature] = np.divide(
                change, width, out=np.zeros_like(change), where=width > 0
            )
        return ScaledRows(gradient, cotangent.log_scale)

    return scores_at(points), pull
