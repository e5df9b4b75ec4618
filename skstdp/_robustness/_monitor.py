"""Accuracy under attack while an estimator is fitted, as a callback."""

from __future__ import annotations

from contextlib import nullcontext
from numbers import Integral, Real
from typing import TYPE_CHECKING

from sklearn.callback import ScoringMonitor
from sklearn.utils._param_validation import Interval, validate_params

from .._networks._checks import both_or_neither
from .._networks._fit_tasks import is_iteration
from .._utils._frames import with_feature_names
from .._utils._warnings import constant_predictions_expected
from ._scorers import FGSMScorer, attack_scorers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator
    from sklearn.callback import CallbackContext


__all__ = ["RobustnessMonitor"]


class RobustnessMonitor(ScoringMonitor):
    """Record the accuracy without and under attack while an estimator is fitted.

    For any estimator that calls callbacks with a `fitted_estimator` at each iteration and that
    the attacks know: all classifiers of this package, and scikit-learn's `LogisticRegression`.
    `get_logs` gives the scores, as those of scikit-learn's `ScoringMonitor`.

    Parameters
    ----------
    epsilons : float or sequence of float, default=(8/255,)
        Sizes of the attack.
    scorer : type, default=FGSMScorer
        `FGSMScorer`, `PGDScorer` or `WorstCaseScorer`.
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
        self._data = both_or_neither(X_val, y_val)
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
        iteration = is_iteration(context)
        if iteration and (context.task_id + 1) % self.every:
            return
        X, y = self._data or (with_feature_names(X, fitted_estimator), y)
        with constant_predictions_expected() if iteration else nullcontext():
            super().on_fit_task_end(
                estimator, context, X=X, y=y, fitted_estimator=fitted_estimator
            )
