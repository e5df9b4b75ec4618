"""Certificates of a classifier as an attack sees it, and the table of them by type."""

import numpy as np

from .._input_gradients._adapter import entry_for
from ._layers import precision_of
from ._margin_bounds import margin_bounds
from ._sequences import layers_of

_CERTIFICATES = {}


def certifies(*kinds):
    """Enter the decorated function in the table, for these types of estimators.

    The function takes a fitted classifier, a ball, points of shape (n_samples, n_features) around
    which it lies, and the class indices y of shape (n_samples,). It returns lower bounds of the
    score of the true class minus that of each class, in any units, of shape (n_samples,
    n_classes), infinite for the true class. Where a bound is positive, `predict` returns that
    class at no point of the ball.
    """

    def enter(bounds):
        _CERTIFICATES.update(dict.fromkeys(kinds, bounds))
        return bounds

    return enter


def class_bounds(problem):
    """Lower bounds of the margins of an AttackProblem over each class, (n_samples, n_classes).

    Where a bound is positive, no point of the ball is of that class; that of the true class is
    infinite.

    Raises
    ------
    TypeError
        If there is no certificate for the type of the estimator or of one of its steps.
    ValueError
        If an estimator is set up in a way that has none.
    """
    target, ball, points = problem.target, problem.ball, problem.points
    y = problem.y[problem._rows]
    bounds = entry_for(_CERTIFICATES, target.estimator)
    if bounds is not None:
        return bounds(target.estimator, ball, points, y)
    layers = layers_of(target.estimator, of_rates=target.of_rates)
    return margin_bounds(layers, ball, points, y, max(_precision(target), precision_of(layers)))


def _precision(target):
    """Precision of the numbers that a target gives its estimator: the coarsest of all columns."""
    rows = target.returned(target.points)[:1]
    dtypes = {str(dtype) for dtype in getattr(rows, "dtypes", [getattr(rows, "dtype", "")])}
    names = [
        name for name in ("float16", "float32", "float64") if name in {d.lower() for d in dtypes}
    ]
    return max(float(np.finfo(name).eps) for name in [*names, str(target.points.dtype)])
