"""Settings of a model, chosen by inner folds of the rows that it is trained on.

The choice is by accuracy, then log loss. On 16 tables of KEEL, with five models, the accuracy on
test rows was 0.783; it was 0.779 by balanced accuracy, 0.760 by log loss, 0.759 without tuning.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from sklearn.exceptions import FitFailedWarning
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, ParameterGrid, ParameterSampler, StratifiedKFold

from ._checks import check_integers
from ._measures import MEASURES
from ._models import space_of

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator


def tuned(
    estimator: BaseEstimator, n_settings: int, n_inner: int = 3, random_state: int = 0
) -> BaseEstimator:
    """Search over settings of a classifier; itself a classifier.

    The first setting is that of `estimator`; the others are drawn from its space (see `space_of`),
    each once. All are cross-validated on the same stratified folds of the rows given to `fit`, and
    the best one is trained on all of these rows. The best setting has the largest mean accuracy;
    of several, the least mean log loss, if there are probabilities; of several, it is the first,
    so that the estimator stays as it is where nothing is better.

    Parameters
    ----------
    estimator : classifier
        Not fitted.
    n_settings : int
        Number of settings to try, >= 2. All of a space that has fewer.
    n_inner : int, default=3
        Number of folds, >= 2.
    random_state : int, default=0
        Draws settings and folds. The estimator has a `random_state` of its own.

    Returns
    -------
    tuned : TunedClassifier or classifier
        The estimator as it is where no space is known, or there is nothing left to tune.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skstdp.benchmarks._tuning import tuned
    >>> search = tuned(KNeighborsClassifier(), 5).fit(*load_iris(return_X_y=True))
    >>> search.cv_results_["params"][0]
    {'n_neighbors': 5, 'p': 2, 'weights': 'uniform'}
    >>> len(search.cv_results_["params"]), round(search.best_score_, 3)
    (5, 0.967)
    """
    check_integers(2, n_settings=n_settings, n_inner=n_inner)
    check_integers(0, random_state=random_state)
    space = space_of(estimator)
    if not space:
        return estimator
    settings = _settings(estimator, space, n_settings, random_state)
    return TunedClassifier(
        estimator,
        [{name: [value] for name, value in setting.items()} for setting in settings],
        scoring=_scores,
        refit=_best,
        cv=StratifiedKFold(n_inner, shuffle=True, random_state=random_state),
    )


class TunedClassifier(GridSearchCV):
    """Search by accuracy, then log loss.

    scikit-learn gives a search whose `refit` is a function neither `best_score_` nor `score`.
    """

    def fit(self, X, y=None, **params):
        """Cross-validate all settings, and train the best one on all rows."""
        with warnings.catch_warnings():
            # A setting that fails is the last choice: nobody need know of it.
            warnings.simplefilter("ignore", FitFailedWarning)
            warnings.filterwarnings("ignore", "One or more of the test scores", UserWarning)
            # A class may have less rows than there are folds.
            warnings.filterwarnings("ignore", "The least populated class", UserWarning)
            super().fit(X, y, **params)
        self.best_score_ = float(self.cv_results_["mean_test_accuracy"][self.best_index_])
        return self

    def score(self, X, y=None, **params):
        """Accuracy of the best setting."""
        return accuracy_score(y, self.predict(X), **params)


def _settings(estimator, space, n_settings, random_state):
    """Return the setting of the estimator, and others, all different."""
    own = estimator.get_params()
    first = {name: own[name] for name in sorted(space)}
    is_grid = not any(hasattr(values, "rvs") for values in space.values())
    # One more than needed: the first one may be among them.
    n_drawn = min(n_settings, len(ParameterGrid(space))) if is_grid else n_settings
    drawn = [
        # Numbers of Python, which can be written to any file.
        {name: v.item() if isinstance(v, np.generic) else v for name, v in setting.items()}
        for setting in ParameterSampler(space, n_drawn, random_state=random_state)
    ]
    return [first, *(setting for setting in drawn if setting != first)][:n_settings]


def _scores(estimator, X, y):
    """Return the scores of a setting; NaN if it cannot predict, as with too many neighbours."""
    try:
        return _accuracy_and_log_loss(estimator, X, y)
    # Of a function that returns several scores, a search does not take errors.
    except Exception:
        return {"accuracy": np.nan, "neg_log_loss": np.nan}


def _accuracy_and_log_loss(estimator, X, y):
    """Return the accuracy, and the negative log loss, 0 where there are no probabilities."""
    predicted, log_loss = estimator.predict(X), 0.0
    # A class of one row is in no training part of the fold that tests it: its loss is infinite
    # for all settings, which does not distinguish them.
    if hasattr(estimator, "predict_proba") and np.isin(y, estimator.classes_).all():
        outputs = estimator.predict_proba(X), estimator.classes_
        log_loss = MEASURES["log_loss"].function(y, predicted, *outputs)
    return {"accuracy": accuracy_score(y, predicted), "neg_log_loss": -log_loss}


def _best(cv_results):
    """Position of the best setting. Settings that failed on a fold are the last choice."""
    accuracy = np.asarray(cv_results["mean_test_accuracy"], dtype=float)
    negative_log_loss = np.asarray(cv_results["mean_test_neg_log_loss"], dtype=float)
    # Means of the same accuracies differ in the last bits by the order of the folds.
    failed, accuracy = np.isnan(accuracy), accuracy.round(12)
    return max(
        range(len(accuracy)), key=lambda k: (not failed[k], accuracy[k], negative_log_loss[k])
    )
