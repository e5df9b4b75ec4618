"""Attacks on the input of the final estimator: rates of our networks, or what steps make of X."""

import numpy as np
from scipy import sparse
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_is_fitted, validate_data

from .._networks._encoding import as_dtype
from .._utils._frames import frame_like
from .._utils._validation import first_without_numbers, naming_columns
from ._adapter import FLOATS, adapter_of, best_of
from ._decisions import class_scores
from ._pipelines import names_out, steps_of
from ._target import Target


def model_space(estimator, X, gradient):
    """Target of the last step of a pipeline, or of the best estimator of a search."""
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
    kind = _Rates if hasattr(estimator, "_rates") else _LastStep
    return kind(estimator, X, given, names, gradient)


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

    of_rates = True

    def __init__(self, estimator, X, given, names, gradient):
        self._values = estimator._checked_array(X)
        self._unchanged = X is given
        rates = estimator._encode(as_dtype(self._values, estimator.coefs_[0].dtype))
        super().__init__(estimator, rates, given, names, gradient)
        # Scores at rates are those of the adapter, also for finite differences.
        self._adapter = adapter_of(estimator)
        self.box = np.zeros_like(self.box[0]), np.ones_like(self.box[1])

    def returned(self, points):
        """Input of the network: rates that moved, in the units of the values that they encode."""
        encoder = self.estimator.encoder_
        if encoder is not None:
            with np.errstate(over="ignore"):
                values = (points.astype(np.float64) - encoder.min_) / encoder.scale_
            # The inverse of a scale may round to more than the largest number of the dtype.
            largest = np.finfo(self._values.dtype).max
            values = np.clip(values, -largest, largest)
            # A value that stays is its own, also where it was clipped.
            values = np.where(points == self.points, self._values, values)
            points = values.astype(self._values.dtype)
        return super().returned(points)

    def must_stay(self):
        """No columns: rates are numbers."""
        return {}

    def predict(self, points, rows=None):
        """Class labels."""
        return self.estimator._predict_rates(points)

    def scores(self, points, rows=None):
        """Class scores, without what a gradient needs."""
        return class_scores(self.estimator._logits(points))[0]

    def _scores(self, points, rows):
        return self._adapter.from_rates(points)[0]

    def _analytic_vjp(self, points, rows):
        return self._adapter.from_rates(points)


class _LastStep(_ModelSpace):
    """Another classifier at the output of the steps before it."""

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
