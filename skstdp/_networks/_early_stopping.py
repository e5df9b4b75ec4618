"""The end of a fit that no longer improves: the count, and the callback that uses it."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import check_scoring
from sklearn.utils._param_validation import Interval, Options, validate_params

from .._utils._frames import with_feature_names
from .._utils._warnings import constant_predictions_expected
from ._checks import both_or_neither
from ._fit_tasks import is_iteration

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator
    from sklearn.callback import CallbackContext


__all__ = ["EarlyStopping"]

# As that of scikit-learn's MLPClassifier.
N_ITER_NO_CHANGE = [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})]


class Patience:
    """Count the iterations since a figure, which should grow, last improved.

    Parameters
    ----------
    tol : float
        Smallest improvement that counts, >= 0.
    n_iter_no_change : int or numpy.inf
        More iterations in a row than these without improvement are too many, >= 1.
    best : float, default=-inf
        Figure that the first one has to improve on.

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
        """Count an iteration with its figure; true if it was one too many."""
        self._n_stale = 0 if figure > self.best + self._tol else self._n_stale + 1
        self.best = max(self.best, figure)
        return self._n_stale > self._n_iter_no_change


class EarlyStopping:
    """Stop a fit when a score no longer improves.

    For any estimator that calls callbacks with a `fitted_estimator` at each iteration and stops
    when they ask for it, as the classifiers of this package do. (scikit-learn 1.9's
    `LogisticRegression` calls them, but does not stop.) The estimator keeps what it has learnt by
    the last iteration. The classifiers of this package go back to the best epoch with their own
    parameter `early_stopping`, which needs no callback.

    Parameters
    ----------
    scoring : str, callable or None, default=None
        Score that should grow: a name or a scorer, as in scikit-learn. None takes the estimator's
        own `score`. `FGSMScorer` stops when the accuracy under attack no longer improves.
    X_val : array-like of shape (n_samples, n_features), default=None
        Data to score on, as the estimator with the callback sees them: in a pipeline, after the
        steps before it. None takes the training data.
    y_val : array-like of shape (n_samples,), default=None
        Labels of `X_val`.
    tol : float, default=1e-4
        Smallest improvement that counts, >= 0.
    n_iter_no_change : int or numpy.inf, default=10
        The fit stops after more iterations in a row than these without improvement, >= 1. Infinity
        never stops it.

    Raises
    ------
    ValueError
        If a parameter is not in its range, or only one of `X_val` and `y_val` is given.

    See Also
    --------
    RobustnessMonitor : Records scores under attack.
    sklearn.callback.ScoringMonitor : Records scores on the training data.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import EarlyStopping, STDPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> network = STDPClassifier(random_state=0)
    >>> network = network.set_callbacks(EarlyStopping(X_val=X[::2], y_val=y[::2]))
    >>> network = network.fit(X[1::2], y[1::2])
    >>> network.n_iter_ < 100
    True
    """

    @validate_params(
        {
            "scoring": [str, callable, None],
            "X_val": ["array-like", None],
            "y_val": ["array-like", None],
            "tol": [Interval(Real, 0, None, closed="left")],
            "n_iter_no_change": N_ITER_NO_CHANGE,
        },
        prefer_skip_nested_validation=True,
    )
    def __init__(
        self,
        *,
        scoring: str | Callable | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        tol: float = 1e-4,
        n_iter_no_change: int | float = 10,
    ) -> None:
        self.scoring = scoring
        self._data = both_or_neither(X_val, y_val)
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        # Clones share a callback, so what it knows is kept for each fit.
        self._patience = {}

    def setup(self, estimator: BaseEstimator, context: CallbackContext) -> None:
        """Refuse, before the fit, a scoring that the estimator does not have.

        Parameters
        ----------
        estimator : estimator
            The one that is about to be fitted.
        context : CallbackContext
            Its task.
        """
        check_scoring(estimator, self.scoring)

    def on_fit_task_begin(self, estimator: BaseEstimator, context: CallbackContext) -> None:
        """Nothing is to be done when a task begins.

        Parameters
        ----------
        estimator : estimator
            The one that is being fitted.
        context : CallbackContext
            The task.
        """

    def on_fit_task_end(
        self,
        estimator: BaseEstimator,
        context: CallbackContext,
        *,
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
        fitted_estimator: BaseEstimator | None = None,
    ) -> bool:
        """Score the estimator after an iteration.

        Parameters
        ----------
        estimator : estimator
            The one that is being fitted.
        context : CallbackContext
            The task that ended.
        X, y : array-like
            Training data, to score on if there are no others.
        fitted_estimator : estimator
            A copy, as if the fit had ended here.

        Returns
        -------
        stop : bool
            Whether the fit is to end.
        """
        if fitted_estimator is None or not is_iteration(context):
            return False
        X, y = self._data or (with_feature_names(X, fitted_estimator), y)
        with constant_predictions_expected():
            score = check_scoring(estimator, self.scoring)(fitted_estimator, X, y)
        patience = self._patience.setdefault(
            id(context.parent), Patience(self.tol, self.n_iter_no_change)
        )
        return patience.is_over(score)

    def teardown(self, estimator: BaseEstimator, context: CallbackContext) -> None:
        """Forget the fit that ended.

        Parameters
        ----------
        estimator : estimator
            The one that was fitted.
        context : CallbackContext
            Its task.
        """
        for task in context:
            self._patience.pop(id(task), None)
