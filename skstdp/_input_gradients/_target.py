"""A classifier as an attack sees it: points, its decisions, and the gradient of a margin."""

import numpy as np
import pandas as pd

from .._attacks._margins import margins_and_cotangent
from .._utils._validation import class_indices
from ._adapter import adapter_of
from ._encoded_columns import encoded_columns
from ._finite_differences import differences, scores_of
from ._scaled_rows import ScaledRows


class Target:
    """A classifier and the space in which it is attacked.

    `points` have the shape (n_rows, n_features), and `rows` of shape (n_rows,) are the numbers of
    the samples that they are versions of; None for all in their order.

    Parameters
    ----------
    estimator : classifier
        Fitted: the whole, or in model space its last step.
    points : ndarray of shape (n_samples, n_features)
        Where the attack starts.
    names : list of str, or None
        Names of the features.
    gradient : {"analytic", "finite-differences", None}
        Origin of gradients.

    Attributes
    ----------
    box : tuple of two ndarrays of shape (n_features,)
        Where the model is defined.
    whole : ndarray of shape (n_features,), dtype bool
        Features of whole numbers.
    of_rates : bool
        Whether the points are rates, which one of our networks takes instead of X.
    """

    of_rates = False

    def __init__(self, estimator, points, names, gradient):
        self.estimator = estimator
        self.points = points
        self.names = names
        self.whole = np.zeros(points.shape[1], dtype=bool)
        self._gradient = gradient
        self._adapter = adapter_of(estimator) if gradient == "analytic" else None
        sides = _box_of(estimator) if self._adapter is None else self._adapter.box
        self.box = tuple(np.full(points.shape[1], side) for side in sides)

    def _estimators_input(self, points, rows):
        """Points as the estimator takes them."""
        names = getattr(self.estimator, "feature_names_in_", None)
        return points if names is None else pd.DataFrame(points, columns=names)

    def returned(self, points):
        """Points in the form that the user gets."""
        raise NotImplementedError

    def must_stay(self):
        """Columns that cannot be moved: dict of position to reason."""
        few = np.arange(min(2, len(self.points)))
        encoded = encoded_columns(self.estimator, self._estimators_input(self.points[few], few))
        return dict.fromkeys(encoded, "is encoded as categories")

    def class_indices(self, y):
        """Position of each label among the classes."""
        return class_indices(y, self.estimator.classes_)

    def predict(self, points, rows=None):
        """Class labels."""
        return np.asarray(self.estimator.predict(self._estimators_input(points, rows)))

    def _scores(self, points, rows):
        return scores_of(self.estimator, self._estimators_input(points, rows))

    def _analytic_vjp(self, points, rows):
        return self._adapter.vjp(self._estimators_input(points, rows))

    def vjp(self, points, rows):
        """Class scores, and their pullback to the points."""
        if self._gradient != "finite-differences":
            return self._analytic_vjp(points, rows)
        return differences(
            lambda points: self._scores(points, rows),
            points,
            self.box,
            self.whole,
            self.must_stay(),
        )

    def gradient(self, points, index, rows=None):
        """Gradient of the margins alone, as in `margins_and_gradient`."""
        return self._margins_of_scores(points, index, rows)[1]

    def margins_and_gradient(self, points, index, rows=None):
        """Margins of the true classes, and the directions in which they grow fastest.

        Parameters
        ----------
        points, rows
            As in the class.
        index : ndarray of shape (n_rows,), dtype intp
            True classes, as `class_indices` returns them.

        Returns
        -------
        margins : ndarray of shape (n_rows,)
            Negative only where the decision is another class.
        gradient : ndarray of shape (n_rows, n_features)
            Each row is a positive multiple of the gradient.
        """
        margins, gradient = self._margins_of_scores(points, index, rows)
        if self._adapter is None or not self._adapter.decides:
            # Scores that are only related to the decision must not call a row wrong that is right.
            right = self.predict(points, rows) == self.estimator.classes_[index]
            nothing = np.finfo(margins.dtype).tiny
            margins = np.where(right, np.maximum(margins, 0), np.minimum(margins, -nothing))
        return margins, gradient

    def _margins_of_scores(self, points, index, rows):
        scores, pull = self.vjp(points, rows)
        margins, cotangent = margins_and_cotangent(scores, index)
        gradient = pull(ScaledRows.of(cotangent))
        if gradient.values.dtype != points.dtype:
            gradient = gradient.normalised()
        return margins, gradient.values.astype(points.dtype, copy=False)


def _box_of(estimator):
    """Smallest and largest value that X may have, as far as is known."""
    try:
        return adapter_of(estimator).box
    except (TypeError, ValueError):
        return -np.inf, np.inf
