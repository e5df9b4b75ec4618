"""When a fit that no longer improves is to end."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, Options

# As that of scikit-learn's MLPClassifier.
N_ITER_NO_CHANGE = [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})]


class Patience:
    """Count the iterations since a figure, which should grow, last improved.

    Parameters
    ----------
    tol : float
        What counts as an improvement, >= 0.
    n_iter_no_change : int or numpy.inf
        More iterations in a row than these without improvement are too many, >= 1.
    best : float, default=-inf
        What the first figure has to improve on.

    Attributes
    ----------
    best : float
        The largest figure so far.
    """

    def __init__(self, tol, n_iter_no_change, best=-np.inf):
        self._tol = tol
        self._n_iter_no_change = n_iter_no_change
        self._n_stale = 0
        self.best = best

    def is_over(self, figure):
        """Whether the last iteration, with its figure, was one too many."""
        self._n_stale = 0 if figure > self.best + self._tol else self._n_stale + 1
        self.best = max(self.best, figure)
        return self._n_stale > self._n_iter_no_change
