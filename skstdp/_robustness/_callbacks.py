"""Callbacks for scikit-learn's estimators: when to stop, and how robust they are by then."""

from __future__ import annotations

import warnings
from contextlib import contextmanager, nullcontext
from numbers import Integral, Real
from typing import TYPE_CHECKING

from sklearn.callback import ScoringMonitor
from sklearn.metrics import check_scoring
from sklearn.utils._param_validation import Interval, validate_params

from .._networks._patience import N_ITER_NO_CHANGE, Patience
from .._utils._frames import with_feature_names
from ._scorers import ConstantPredictionWarning, FGSMScorer, attack_scorers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator
    from sklearn.callback import CallbackContext


__all__ = ["EarlyStopping", "RobustnessMonitor"]


def _both_or_neither(X_val, y_val):
    if (X_val is None) != (y_val is None):
        raise ValueError("Got only one of X_val and y_val, but expected both or neither.")
    return None if X_val is None else (X_val, y_val)


def _is_iteration(context):
    """Whether a task is one of several that an estimator does one after the other."""
    return (
        context.parent is not None
        and context.parent.sequential_subtasks
        # A whole fit inside a search or a pipeline.
        and context.source_estimator_name is None
    )


@contextmanager
def _early_epochs_may_be_constant():
    """Silence about networks that predict one class, which some do before they learn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantPredictionWarning)
        yield


class EarlyStopping:
    """Stop a fit when a score no longer improves.

    For any estimator that calls callbacks with a `fitted_estimator` at each iteration and stops
    when they ask for it, as both classifiers of this package do. (scikit-learn 1.9's
    `LogisticRegression` calls them, and goes on.) The estimator keeps what it has learnt by the
    last iteration. The classifiers of this package go back to the best epoch
    with their own parameter `early_stopping`, which needs no callback.

    Parameters
    ----------
    scoring : str, callable or None, default=None
        What should grow: a name or a scorer, as in scikit-learn. None takes the estimator's own
        `score`. `FGSMScorer` stops when the accuracy under attack no longer improves.
    X_val : array-like of shape (n_samples, n_features), default=None
        Data to score on, as the estimator with the callback sees them: in a pipeline, after the
        steps before it. None takes the training data.
    y_val : array-like of shape (n_samples,), default=None
        Labels of `X_val`.
    tol : float, default=1e-4
        What counts as an improvement, >= 0.
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
    >>> network.fit(X[1::2], y[1::2]).n_iter_ < 400
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
        self._data = _both_or_neither(X_val, y_val)
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        # Clones share a callback, so what it knows is kept for each fit.
        self._patience = {}

    def setup(self, estimator: BaseEstimator, context: CallbackContext) -> None:
        """Refuse, before the fit, a scoring that the estimator has not.

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
        if fitted_estimator is None or not _is_iteration(context):
            return False
        X, y = self._data or (with_feature_names(X, fitted_estimator), y)
        with _early_epochs_may_be_constant():
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


class RobustnessMonitor(ScoringMonitor):
    """Record the accuracy without and under attack while an estimator is fitted.

    For any estimator that calls callbacks with a `fitted_estimator` at each iteration and that
    the attacks know: both classifiers of this package, and scikit-learn's `LogisticRegression`.
    `get_logs` gives the scores, as those of scikit-learn's `ScoringMonitor`.

    Parameters
    ----------
    epsilons : float or sequence of float, default=(8/255,)
        Sizes of the attack.
    scorer : type, default=FGSMScorer
        `FGSMScorer` or `PGDScorer`.
    X_val : array-like of shape (n_samples, n_features), default=None
        Data to attack, as the estimator with the callback sees them. None takes the training data.
    y_val : array-like of shape (n_samples,), default=None
        Labels of `X_val`.
    every : int, default=1
        Attack after each so many iterations, >= 1, and when the fit is over.
    **options : dict
        Other parameters of the scorer.

    Raises
    ------
    ValueError
        If a parameter is not in its range, or only one of `X_val` and `y_val` is given.

    See Also
    --------
    attack_scorers : The scores, and their names.
    EarlyStopping : Stops when a score no longer improves.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import RobustnessMonitor, STDPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> monitor = RobustnessMonitor([0.05], X_val=X[::2], y_val=y[::2], every=10)
    >>> network = STDPClassifier(max_iter=30, random_state=0).set_callbacks(monitor)
    >>> network = network.fit(X[1::2], y[1::2])
    >>> log = monitor.get_logs().data_as_pandas
    >>> log[log["task_name"] == "epoch"][["task_id", "clean", "FGSM 0.05"]].shape
    (3, 3)
    """

    @validate_params(
        {
            "epsilons": [Real, "array-like"],
            "scorer": [type],
            "X_val": ["array-like", None],
            "y_val": ["array-like", None],
            "every": [Interval(Integral, 1, None, closed="left")],
            "options": [dict],
        },
        prefer_skip_nested_validation=True,
    )
    def __init__(
        self,
        epsilons: float | Sequence[float] = (8 / 255,),
        *,
        scorer: type = FGSMScorer,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        every: int = 1,
        **options: Any,
    ) -> None:
        super().__init__(scoring=attack_scorers(epsilons, scorer, **options))
        self._data = _both_or_neither(X_val, y_val)
        self.every = every

    def on_fit_task_end(
        self,
        estimator: BaseEstimator,
        context: CallbackContext,
        *,
        X: ArrayLike | None = None,
        y: ArrayLike | None = None,
        fitted_estimator: BaseEstimator | None = None,
    ) -> None:
        """Attack the estimator after an iteration.

        Parameters
        ----------
        estimator : estimator
            The one that is being fitted.
        context : CallbackContext
            The task that ended.
        X, y : array-like
            Training data, to attack if there are no others.
        fitted_estimator : estimator
            A copy, as if the fit had ended here.
        """
        is_iteration = _is_iteration(context)
        if is_iteration and (context.task_id + 1) % self.every:
            return
        X, y = self._data or (with_feature_names(X, fitted_estimator), y)
        with _early_epochs_may_be_constant() if is_iteration else nullcontext():
            super().on_fit_task_end(
                estimator, context, X=X, y=y, fitted_estimator=fitted_estimator
            )
