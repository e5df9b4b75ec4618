"""A classifier as an attack sees it: points, what it makes of them, and which way it changes."""

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_is_fitted, validate_data

from .._networks._encoding import as_dtype
from .._networks._mlp import margins_and_cotangent
from .._utils._frames import Table, frame_like
from .._utils._validation import (
    class_indices,
    first_without_numbers,
    naming_columns,
    refuse_equal_names,
    refuse_lazy,
)
from ._adapter import FLOATS, adapter_of, best_of
from ._encoded_columns import encoded_columns
from ._finite_differences import differences, scores_of
from ._pipelines import names_out, steps_of
from ._scaled_rows import ScaledRows

GRADIENTS = ("analytic", "finite-differences")
SPACES = ("model", "input")


def attackable(estimator, X, *, space="model", gradient="analytic"):
    """The object that an attack acts on, and the points that it starts from.

    Parameters
    ----------
    estimator : classifier
        Fitted; a pipeline or a search over one, too.
    X : array-like of shape (n_samples, n_features)
        Samples as the estimator takes them.
    space : {"model", "input"}, default="model"
        Whether the points are what the last step of a pipeline sees (for our classifiers: the
        rates) or X as it is given.
    gradient : {"analytic", "finite-differences", None}, default="analytic"
        Where slopes come from. None is for attacks that need none.

    Returns
    -------
    target : Target
    points : ndarray of shape (n_samples, n_features)

    Raises
    ------
    TypeError
        If there is no gradient for the type of the estimator, or of a step of it, or X is lazy.
    ValueError
        If the estimator is set up in a way that has no gradient here, or X is not as it expects.
    """
    refuse_lazy(X)
    refuse_equal_names(X)
    make = {"model": _in_model_space, "input": _in_input_space}[space]
    target = make(estimator, X, gradient)
    return target, target.points


class Target:
    """A classifier and the space in which it is attacked.

    Parameters
    ----------
    estimator : classifier
        Fitted: the whole, or in model space its last step.
    points : ndarray of shape (n_samples, n_features)
        Where the attack starts.
    names : list of str, or None
        Names of the features.
    gradient : {"analytic", "finite-differences", None}
        Where slopes come from.

    Attributes
    ----------
    box : tuple of two ndarrays of shape (n_features,)
        Where the model is defined.
    whole : ndarray of shape (n_features,), dtype bool
        Features of whole numbers.
    """

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
        """Columns that cannot be moved, by position, each with the reason."""
        few = np.arange(min(2, len(self.points)))
        encoded = encoded_columns(self.estimator, self._estimators_input(self.points[few], few))
        return dict.fromkeys(encoded, "is encoded as categories")

    def class_indices(self, y):
        """Position of each label among the classes."""
        return class_indices(y, self.estimator.classes_)

    def predict(self, points, rows=None):
        """Class labels.

        Parameters
        ----------
        points : ndarray of shape (n_rows, n_features)
        rows : ndarray of shape (n_rows,), default=None
            Number of the sample that each is a version of; None for all in their order.
        """
        return np.asarray(self.estimator.predict(self._estimators_input(points, rows)))

    def forward(self, points, rows):
        """Class scores, and the way back from them, for points and rows as in `predict`."""
        if self._gradient == "finite-differences":
            return differences(
                lambda points: scores_of(self.estimator, self._estimators_input(points, rows)),
                points,
                self.box,
                self.whole,
                self.must_stay(),
            )
        return self._adapter.forward(self._estimators_input(points, rows))

    @property
    def _decides(self):
        return self._adapter is not None and self._adapter.decides

    def margins_and_gradient(self, points, index, rows=None):
        """How far each decision is from another, and the direction in which that grows fastest.

        Parameters
        ----------
        points, rows
            As in `predict`.
        index : ndarray of shape (n_rows,), dtype intp
            True class, as `class_indices` has it.

        Returns
        -------
        margins : ndarray of shape (n_rows,)
            Negative only where the decision is another class.
        gradient : ndarray of shape (n_rows, n_features)
            Each row is a positive multiple of the gradient.
        """
        margins, gradient = self._margins_and_gradient(points, index, rows)
        if not self._decides:
            # Scores that are only related to the decision must not call a row wrong that is right.
            right = self.predict(points, rows) == self.estimator.classes_[index]
            nothing = np.finfo(margins.dtype).tiny
            margins = np.where(right, np.maximum(margins, 0), np.minimum(margins, -nothing))
        return margins, gradient

    def gradient(self, points, index, rows=None):
        """The direction alone."""
        return self._margins_and_gradient(points, index, rows)[1]

    def _margins_and_gradient(self, points, index, rows):
        scores, pull = self.forward(points, rows)
        margins, cotangent = margins_and_cotangent(scores, index)
        gradient = pull(ScaledRows.of(cotangent))
        if gradient.values.dtype != points.dtype:
            gradient = gradient.normalised()
        return margins, gradient.values.astype(points.dtype, copy=False)

    def margin_gradient(self, points, y):
        """The direction for all samples, given their labels."""
        return self.gradient(points, self.class_indices(y))


def _box_of(estimator):
    """Smallest and largest value that X may have, as far as is known."""
    try:
        return adapter_of(estimator).box
    except (TypeError, ValueError):
        return -np.inf, np.inf


def _in_model_space(estimator, X, gradient):
    given, names = X, None
    while True:
        if isinstance(estimator, BaseSearchCV) or hasattr(estimator, "best_estimator_"):
            estimator = best_of(estimator)
        elif isinstance(estimator, Pipeline):
            check_is_fitted(estimator)
            earlier, estimator = steps_of(estimator)
            if earlier:
                earlier = Pipeline(earlier)
                X, names = earlier.transform(X), names_out(earlier)
        else:
            break
    if hasattr(estimator, "_rates"):
        return _Rates(estimator, X, given, names, gradient)
    return _LastStep(estimator, X, given, names, gradient)


class _ModelSpace(Target):
    # Whether the points are the very values of X.
    _unchanged = False

    def __init__(self, estimator, points, given, names, gradient):
        own = getattr(estimator, "feature_names_in_", None)
        if own is not None:
            names = list(own)
        elif names is None and hasattr(given, "columns"):
            names = list(given.columns)
        if names is None or len(names) != points.shape[1]:
            names = None
        self._given = given
        super().__init__(estimator, points, names, gradient)

    def returned(self, points):
        """A data frame if X is one and the names of its columns are known, else an array."""
        if self.names is None:
            return points
        return frame_like(self._given, points, self.names, keep_dtypes=self._unchanged)


class _Rates(_ModelSpace):
    """One of our networks at its rates."""

    def __init__(self, estimator, X, given, names, gradient):
        self._values = estimator._checked_array(X)
        self._unchanged = X is given
        rates = estimator._encode(as_dtype(self._values, estimator.coefs_[0].dtype))
        super().__init__(estimator, rates, given, names, None)
        self.box = np.zeros_like(self.box[0]), np.ones_like(self.box[1])
        self._gradient = gradient
        self._network = adapter_of(estimator)

    _decides = True

    def returned(self, points):
        """What the network takes: rates that moved, in the units of what they encode."""
        encoder = self.estimator.encoder_
        if encoder is not None:
            with np.errstate(over="ignore"):
                values = (points.astype(np.float64) - encoder.min_) / encoder.scale_
            # A value that stays is its own, also where it was clipped.
            values = np.where(points == self.points, self._values, values)
            points = values.astype(self._values.dtype)
        return super().returned(points)

    def predict(self, points, rows=None):
        """Class labels."""
        return self.estimator._predict_rates(points)

    def forward(self, points, rows):
        """Class scores, and the way back from them to the rates."""
        if self._gradient == "finite-differences":
            return differences(
                lambda points: self._network.from_rates(points)[0], points, self.box, self.whole
            )
        return self._network.from_rates(points)


class _LastStep(_ModelSpace):
    """Another classifier at what the steps before it make of X."""

    def __init__(self, estimator, X, given, names, gradient):
        check_is_fitted(estimator)
        if sparse.issparse(X):
            X = X.toarray()
        self._unchanged = X is given
        try:
            with naming_columns(X):
                points = validate_data(estimator, X, dtype=FLOATS, reset=False)
        except (TypeError, ValueError) as error:
            column = first_without_numbers(X)
            if column is None or not _predicts(estimator, X):
                raise
            name, value = column
            raise ValueError(
                f"Got {value!r} in the column {name!r} of X, but in space='model' an attack on "
                f"{type(estimator).__name__} moves X itself and expected numbers. Attack in "
                f"space='input', with immutable=[{name!r}] and whatever else holds no numbers."
            ) from error
        super().__init__(estimator, points, given, names, gradient)


def _predicts(estimator, X):
    try:
        estimator.predict(_safe_indexing(X, [0]))
    except (TypeError, ValueError):
        return False
    return True


class _InputSpace(Target):
    """The whole of a classifier, at X as it is given."""

    def __init__(self, estimator, X, gradient):
        check_is_fitted(estimator)
        self._table = Table(X)
        if gradient == "finite-differences":
            scores_of(estimator, X)
        super().__init__(estimator, self._table.points, self._table.names, gradient)
        self.whole = self._table.integer
        (low, high), (least, most) = self.box, self._table.limits
        self.box = np.maximum(low, least), np.minimum(high, most)

    def _estimators_input(self, points, rows):
        return self._table.rebuild(points, rows)

    def returned(self, points):
        """X anew, of its own kind and dtypes."""
        return self._table.rebuild(points)

    def must_stay(self):
        """Columns without numbers, and those that an encoder takes for names of categories."""
        return super().must_stay() | self._table.fixed


def _in_input_space(estimator, X, gradient):
    return _InputSpace(estimator, X, gradient)
