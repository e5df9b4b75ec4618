"""A classifier as an attack sees it: points, its decisions, and the gradient of a margin."""

from copy import copy

import numpy as np
import pandas as pd

from .._attacks._margins import margins_against, margins_and_cotangent
from .._utils._validation import class_indices
from ._adapter import adapter_of
from ._encoded_columns import encoded_columns
from ._finite_differences import differences, scores_of
from ._scaled_rows import ScaledRows

# Of a margin in units of the gradient: more than any distance that is attacked.
_OUT_OF_REACH = 1e12


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

    @property
    def has_gradient(self):
        """Whether there is a gradient to follow."""
        return self._gradient is not None

    @property
    def has_scores(self):
        """Whether there are scores of the classes besides the decision."""
        names = ("decision_function", "predict_proba")
        return self._adapter is not None or any(hasattr(self.estimator, name) for name in names)

    def softens(self):
        """Determine whether a temperature changes gradients."""
        return self._gradient == "analytic" and self._adapter.softens()

    def softened(self, temperature):
        """An equal target whose gradients take slopes at arguments divided by a temperature.

        Its margins and decisions are unchanged. In the gradient saturated parts of the model have
        more weight, which may lead to where the gradient itself does not.
        """
        if not self.softens():
            return self
        target = copy(self)
        target._adapter = self._adapter.softened(temperature)
        return target

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
        return self._as_decided(margins, points, index, rows), gradient

    def scores(self, points, rows=None):
        """Class scores: of the adapter, or else as finite differences take them.

        Raises TypeError if the classifier has neither an adapter nor scores.
        """
        return self._scores(points, rows) if self._adapter is None else self.vjp(points, rows)[0]

    def margins(self, points, index, rows=None):
        """Margins of `scores`, as in `margins_and_gradient`."""
        margins, _ = margins_and_cotangent(self.scores(points, rows), index)
        return self._as_decided(margins, points, index, rows)

    def losses_and_gradient(self, points, index, rivals, loss, rows=None):
        """Losses that compare the true classes with one other each, to be lowered.

        Parameters
        ----------
        points, rows
            As in the class.
        index, rivals : ndarrays of shape (n_rows,), dtype intp
            True classes and others.
        loss : callable
            `loss(scores, index, rivals)` returns losses and a positive multiple of their
            derivative by the scores, as `dlr_against` does.

        Returns
        -------
        losses : ndarray of shape (n_rows,)
        gradient : ndarray of shape (n_rows, n_features)
            Each row is a positive multiple of the gradient.
        fooled : ndarray of shape (n_rows,), dtype bool
            Whether the decision is another class than the true one, any other.
        """
        scores, pull = self.vjp(points, rows)
        losses, cotangent = loss(scores, index, rivals)
        gradient = self._as_points(pull(ScaledRows.of(cotangent)), points)
        return losses, gradient, self._fooled(scores, points, index, rows)

    def margins_against(self, points, index, rivals, rows=None):
        """Margins over one other class per row and their gradient, in one scale.

        Arguments and what is returned are as in `losses_and_gradient`, but the margins are in the
        units of the gradient: where a margin is linear it is zero at the points `x` with
        ``margin + gradient @ (x - point) = 0``. Units are such that the largest entry of the
        gradient is 1, since in those of the scores it may be too small for a float.
        """
        scores, pull = self.vjp(points, rows)
        margins, cotangent = margins_against(scores, index, rivals)
        gradient = pull(ScaledRows.of(cotangent)).normalised()
        with np.errstate(over="ignore"):
            # A scale of zero, which some have, is not to make a margin of zero no number.
            scaled = margins * np.exp(np.clip(-gradient.log_scale, -700, 700))
        # Where the gradient is next to nothing, zeros are out of reach, and no more need be known.
        scaled = np.clip(scaled, -_OUT_OF_REACH, _OUT_OF_REACH)
        return (
            scaled.astype(points.dtype, copy=False),
            gradient.values.astype(points.dtype, copy=False),
            self._fooled(scores, points, index, rows),
        )

    def _fooled(self, scores, points, index, rows):
        margins, _ = margins_and_cotangent(scores, index)
        return self._as_decided(margins, points, index, rows) < 0

    def _as_decided(self, margins, points, index, rows):
        """Margins that are negative only where `predict` returns another class."""
        if self._adapter is None or not self._adapter.decides:
            # Scores that are only related to the decision must not call a row wrong that is right.
            right = self.predict(points, rows) == self.estimator.classes_[index]
            nothing = np.finfo(margins.dtype).tiny
            margins = np.where(right, np.maximum(margins, 0), np.minimum(margins, -nothing))
        return margins

    def _margins_of_scores(self, points, index, rows):
        scores, pull = self.vjp(points, rows)
        margins, cotangent = margins_and_cotangent(scores, index)
        return margins, self._as_points(pull(ScaledRows.of(cotangent)), points)

    def _as_points(self, gradient, points):
        """Values of ScaledRows in the dtype of the points."""
        if gradient.values.dtype != points.dtype:
            gradient = gradient.normalised()
        return gradient.values.astype(points.dtype, copy=False)


def _box_of(estimator):
    """Smallest and largest value that X may have, as far as is known."""
    try:
        return adapter_of(estimator).box
    except (TypeError, ValueError):
        return -np.inf, np.inf
