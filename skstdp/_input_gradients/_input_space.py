"""Attacks on X as it is given, through all steps of a pipeline."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._utils._frames import Table
from ._finite_differences import scores_of
from ._target import Target


class InputSpace(Target):
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
        """Points as X, of its own kind and dtypes."""
        return self._table.rebuild(points)

    def must_stay(self):
        """Columns without numbers, and those that an encoder takes for names of categories."""
        return super().must_stay() | self._table.fixed
