"""Compare default classifiers over many tables: `python -m skstdp.benchmarks.panel`."""

from __future__ import annotations

import argparse
import warnings
from functools import partial
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.stats import wilcoxon
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from .. import BPClassifier, STDPClassifier
from .._utils._threads import one_blas_thread
from ._panel import DEVELOPMENT, VERIFICATION, load_table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sklearn.base import BaseEstimator

    from ..datasets._tasks import Task

_GROUPS = {
    "development": DEVELOPMENT,
    "verification": VERIFICATION,
    "all": DEVELOPMENT + VERIFICATION,
}

# Where logistic regression does no better on its own training rows, there is little to learn.
_LEARNABLE = 0.6

_MEASURES = ["accuracy", "balanced_accuracy", "auc", "log_loss", "fit_seconds"]

# Probabilities of zero would make the log loss of one sample infinite.
_LEAST_PROBABILITY = 0.005


def _scaled(classifier, random_state):
    return make_pipeline(StandardScaler(), classifier(random_state=random_state))


#: Classifiers with the defaults that a user gets, by name: functions of a seed.
DEFAULTS: Mapping[str, Callable[[int], BaseEstimator]] = {
    "STDP": lambda seed: STDPClassifier(random_state=seed),
    "BP": lambda seed: BPClassifier(random_state=seed),
    "MLPClassifier": partial(_scaled, MLPClassifier),
    "LogisticRegression": partial(_scaled, LogisticRegression),
}


def panel(
    tables: Iterable[Task],
    models: Mapping[str, Callable[[int], BaseEstimator]] = DEFAULTS,
    *,
    n_folds: int = 3,
    n_seeds: int = 2,
) -> pd.DataFrame:
    """Score classifiers on each fold of each table.

    Parameters
    ----------
    tables : iterable of Task
        Numbers and labels, read once.
    models : mapping of str to callable, default=DEFAULTS
        By name, functions that make a classifier of a seed.
    n_folds : int, default=3
        Number of stratified folds.
    n_seeds : int, default=2
        Number of divisions into folds; the number of each seeds the classifiers.

    Returns
    -------
    scores : DataFrame
        One row per fit: `table`, `model`, `seed`, `fold`, `accuracy`, `balanced_accuracy`, `auc`
        (one against the rest for more than two classes), `log_loss` (of probabilities of at
        least 0.005), `fit_seconds` of the processor; of the training rows
        `train_balanced_accuracy`, and `one_class`, True if a single class is predicted.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.dummy import DummyClassifier
    >>> from skstdp.benchmarks.panel import panel
    >>> from skstdp.datasets import Task
    >>> task = Task("wine", *load_wine(return_X_y=True))
    >>> scores = panel([task], {"dummy": lambda seed: DummyClassifier()}, n_seeds=1)
    >>> scores[["fold", "balanced_accuracy", "one_class"]].round(2)
       fold  balanced_accuracy  one_class
    0     0               0.33       True
    1     1               0.33       True
    2     2               0.33       True
    """
    rows = []
    for task in tables:
        X, y = np.asarray(task.X), np.asarray(task.y)
        for seed in range(n_seeds):
            folds = StratifiedKFold(n_folds, shuffle=True, random_state=seed).split(X, y)
            for fold, (train, test) in enumerate(folds):
                for name, make in models.items():
                    labels = {"table": task.name, "model": name, "seed": seed, "fold": fold}
                    scores = _scores(make(seed), X[train], y[train], X[test], y[test])
                    rows.append(labels | scores)
    return pd.DataFrame(rows)


def _scores(model, X, y, X_test, y_test):
    with warnings.catch_warnings(), one_blas_thread():
        # Defaults are compared as they are; what they predict is in the scores.
        warnings.simplefilter("ignore", ConvergenceWarning)
        start = process_time()
        model.fit(X, y)
        seconds = process_time() - start
    proba = model.predict_proba(X_test)
    predicted = model.classes_[proba.argmax(axis=1)]
    several = {} if len(model.classes_) == 2 else {"multi_class": "ovr", "labels": model.classes_}
    clipped = np.clip(proba, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
    clipped /= clipped.sum(axis=1, keepdims=True)
    predicted_of_train = model.predict(X)
    return {
        "accuracy": float((predicted == y_test).mean()),
        "balanced_accuracy": balanced_accuracy_score(y_test, predicted),
        "auc": roc_auc_score(y_test, proba if several else proba[:, 1], **several),
        "log_loss": log_loss(y_test, clipped, labels=model.classes_),
        "fit_seconds": seconds,
        "train_balanced_accuracy": balanced_accuracy_score(y, predicted_of_train),
        "one_class": len(np.unique(predicted_of_train)) == 1,
    }


def summary(scores: pd.DataFrame) -> pd.DataFrame:
    """Average the scores over the tables, one row per model.

    Parameters
    ----------
    scores : DataFrame
        As `panel` returns it.

    Returns
    -------
    means : DataFrame
        Each table counts once. `one_class` is the number of fits; `fit_ratio` the median over
        the tables of the time of a fit, divided by that of the model "MLPClassifier" if it is
        among them. `collapsed` are the fits that predict one class where "LogisticRegression",
        if it is among the models, has a balanced accuracy above 0.6 on the training rows.
    """
    by_table = _by_table(scores)
    means = by_table.groupby("model", sort=False).mean()
    means["one_class"] = scores.groupby("model", sort=False)["one_class"].sum()
    seconds = by_table["fit_seconds"].unstack("model")
    if "MLPClassifier" in seconds:
        means["fit_ratio"] = seconds.div(seconds["MLPClassifier"], axis=0).median()
    fits = scores.set_index(["table", "seed", "fold", "model"])
    reference = fits["train_balanced_accuracy"].unstack("model").get("LogisticRegression")
    if reference is not None:
        collapsed = fits["one_class"].unstack("model").loc[reference > _LEARNABLE].sum()
        means["collapsed"] = collapsed
    return means


def _by_table(scores):
    return scores.groupby(["model", "table"], sort=False)[_MEASURES].mean()


def differences(scores: pd.DataFrame, model: str = "STDP") -> pd.DataFrame:
    """Compare a model with each other one by Wilcoxon's signed-rank test over the tables.

    Parameters
    ----------
    scores : DataFrame
        As `panel` returns it.
    model : str, default="STDP"
        Name of the model.

    Returns
    -------
    differences : DataFrame
        One row per measure and other model: the mean over the tables of the model's score minus
        the other's, the number of tables on which it is better, and `p_value`, two-sided, with
        Holm's correction for the number of other models.

    Examples
    --------
    >>> from skstdp.benchmarks.panel import differences, panel
    >>> from skstdp.datasets import load_tasks
    >>> from sklearn.dummy import DummyClassifier
    >>> from sklearn.naive_bayes import GaussianNB
    >>> models = {"Bayes": lambda seed: GaussianNB(), "dummy": lambda seed: DummyClassifier()}
    >>> scores = panel(load_tasks("iris"), models, n_seeds=1)
    >>> table = differences(scores, "Bayes")
    >>> table.loc[("accuracy", "dummy"), ["difference", "tables_better"]].round(2).to_dict()
    {'difference': 0.53, 'tables_better': 4.0}
    """
    by_table = _by_table(scores).unstack("model")
    rows = {}
    for measure in _MEASURES[:-1]:
        better = -1 if measure == "log_loss" else 1
        others = by_table[measure].drop(columns=model)
        gaps = -others.sub(by_table[measure][model], axis=0)
        p_values = np.array([wilcoxon(gaps[other]).pvalue for other in others])
        for other, p_value in zip(others, _holm(p_values), strict=True):
            gap = gaps[other]
            rows[measure, other] = gap.mean(), (better * gap > 0).sum(), p_value
    index = pd.MultiIndex.from_tuples(rows, names=["measure", "other"])
    columns = ["difference", "tables_better", "p_value"]
    return pd.DataFrame(list(rows.values()), index, columns)


def _holm(p_values):
    """Correct p-values: each times the number of those that are not smaller, in growing order."""
    order = np.argsort(p_values)
    factors = np.arange(len(p_values), 0, -1)
    corrected = np.empty_like(p_values)
    corrected[order] = np.maximum.accumulate(np.minimum(1, p_values[order] * factors))
    return corrected


def _main():
    parser = argparse.ArgumentParser("python -m skstdp.benchmarks.panel", description=__doc__)
    parser.add_argument("--tables", choices=_GROUPS, default="development")
    parser.add_argument("--max-rows", type=int, default=2000)
    parser.add_argument("--models", nargs="+", choices=DEFAULTS, default=list(DEFAULTS))
    parser.add_argument("--seeds", type=int, default=2, help="divisions into folds (default: 2)")
    parser.add_argument("--out", help="CSV file for the scores of each fit")
    options = parser.parse_args()
    tables = (load_table(name, options.max_rows) for name in _GROUPS[options.tables])
    models = {name: DEFAULTS[name] for name in options.models}
    scores = panel(tables, models, n_seeds=options.seeds)
    if options.out:
        scores.to_csv(options.out, index=False)
    print(scores.groupby(["table", "model"], sort=False)["accuracy"].mean().unstack().round(3))
    print(summary(scores).round(4).to_string())
    if "STDP" in models and len(models) > 1:
        print(differences(scores).round(4).to_string())


if __name__ == "__main__":
    _main()
