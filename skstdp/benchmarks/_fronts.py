"""Accuracy without and with attack, of families of models that are tuned equally."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from .._networks._base import NetworkClassifier
from .._robustness._best_under_attack import BestUnderAttack
from .._robustness._certified import CertifiedScorer
from .._robustness._corruption_report import CorruptionScorer, sizes_by_corruption
from .._robustness._corruptions import CORRUPTIONS
from .._robustness._scorers import PGDScorer
from .._robustness._threat_model import sizes
from .._robustness._worst_case_scorer import WorstCaseScorer
from .._utils._validation import check_number
from ..datasets._tasks import Task
from ._checks import check_class_sizes, check_integers, check_models, checked_tasks
from ._compare import EPSILONS, attacks_of
from ._configurations import front_families
from ._fits import Fit, rows_of
from ._run import run_fits

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

# Models whose prediction goes through all the samples that they store, for each step of an attack.
_STORING = (KNeighborsClassifier, SVC)
_MAX_STORED = 1000
_MAX_TEST_OF_STORED = 100
# Attacks go against many other classes one after the other.
_MANY_CLASSES = 6
_MAX_TEST_OF_MANY = 200

_SEVERITIES = (1, 3, 5)

# Between family and setting, in the name of a model.
_SEPARATOR = " | "

_LABELS = ["task", "split", "family", "setting"]


class Fronts(NamedTuple):
    """Result of `robustness_fronts`.

    Attributes
    ----------
    validation : DataFrame
        Every setting on validation rows: columns task, split, family, setting, and the mean
        accuracies clean and attacked, under the quick attack by which settings are chosen; NaN
        where a family cannot be attacked by it.
    chosen : DataFrame
        The rows of `validation` that are chosen, one for each task, split and family.
    scores : DataFrame
        The chosen settings on test rows: columns task, split, family, setting, attack ("none",
        "PGD", "worst case" and "certified"), epsilon, accuracy, one_class and majority, the last
        two as in `Comparison`. There are no rows for what a family does not have, such as a
        certificate of nearest neighbours.
    corruptions : DataFrame
        The same models and rows under corruptions: columns task, split, family, setting,
        corruption, size and accuracy. Sizes are those of `corrupt`.
    """

    validation: pd.DataFrame
    chosen: pd.DataFrame
    scores: pd.DataFrame
    corruptions: pd.DataFrame


def robustness_fronts(
    tasks: Sequence[Task],
    *,
    families: Mapping | None = None,
    epsilons: float | Sequence[float] = EPSILONS,
    tolerance: float = 0.01,
    n_splits: int = 3,
    n_seeds: int = 3,
    n_inner: int = 3,
    max_tuning: int = 3000,
    max_test: int = 500,
    n_queries: int = 1000,
    random_state: int = 0,
    n_jobs: int = 1,
    path: str | Path | None = None,
    progress: Callable | None = None,
    verbose: bool | int = False,
) -> Fronts:
    """Measure families of models under the worst of many attacks, each tuned in the same way.

    Each family gets its best setting by training rows alone: the one with the best accuracy under
    a quick attack, PGD at the largest epsilon, among those whose accuracy without attack is within
    `tolerance` of the best of the family, as `BestUnderAttack` has it. The model of this setting
    is then trained on all training rows, and measured on test rows that had no part in the choice:
    without attack, under PGD, under the worst of all attacks, by a certificate, and under
    corruptions. The accuracy under an ideal attack lies between certificate and worst case.

    Tasks without fixed test rows are divided into `n_splits` folds, each with a choice of its own
    by `n_inner` folds of the other rows. With fixed test rows there is one choice, on a sixth of
    the training rows, and networks are trained `n_seeds` times; other models have nothing random.

    Parameters
    ----------
    tasks : iterable of Task
        Tasks to classify, of different names. As in `compare`, features are scaled to [0, 1].
    families : dict of str to dict of str to classifier, default=None
        Settings by name, by family. None takes `front_families()`.
    epsilons : float or sequence of float, default=(4/255, 8/255, 12/255)
        Sizes of the perturbation in rate units, > 0; the largest one decides the choice.
    tolerance : float, default=0.01
        Accuracy without attack on validation rows that may be given up, >= 0.
    n_splits : int, default=3
        Number of folds of a task without fixed test rows, >= 2.
    n_seeds : int, default=3
        Number of fits of a network on a task with fixed test rows, >= 1.
    n_inner : int, default=3
        Number of folds of the training rows for the choice, >= 2.
    max_tuning : int, default=3000
        Largest number of rows that a choice is made with; of more, a stratified sample. Nearest
        neighbours and kernel machines, which store their samples, are at last trained on at most
        1000 rows.
    max_test : int, default=500
        Largest number of test rows, and of validation rows where those are not folds; of more, a
        stratified sample. At most 200 are attacked with six and more classes, and at most 100 of
        models that store their samples.
    n_queries : int, default=1000
        Predictions per row and search that `WorstCaseScorer` may ask for.
    random_state : int, default=0
        Draws folds, samples and the `random_state` of the models, >= 0.
    n_jobs : int, default=1
        Number of models that train at the same time.
    path : str or path-like, default=None
        Folder that keeps finished fits, as in `compare`.
    progress, verbose : callable and bool, default=None and False
        As in `compare`; `progress` is called for the fits of the choice, and then for those of the
        chosen settings.

    Returns
    -------
    fronts : Fronts
        The data frames `validation`, `chosen`, `scores` and `corruptions`.

    Raises
    ------
    ValueError
        If a number is out of its range, a class is too small for the folds, there is no family,
        or as `compare` does.
    TypeError
        If a setting is no classifier.

    See Also
    --------
    front_families : The default families.
    WorstCaseScorer : The attacks.
    CertifiedScorer : The certificate.
    RobustnessIntervalDisplay : A figure of the scores.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skstdp import STDPClassifier
    >>> from skstdp.benchmarks import robustness_fronts
    >>> from skstdp.datasets import load_tasks
    >>> families = {
    ...     "STDP": {f"decay {d}": STDPClassifier((9,), weight_decay=d) for d in (0.01, 0.1)},
    ...     "logistic": {f"C {C:g}": LogisticRegression(C=C) for C in (0.1, 10)},
    ... }
    >>> fronts = robustness_fronts(
    ...     load_tasks("iris", pairs=[(1, 2)]), families=families, epsilons=0.05, n_queries=50
    ... )
    >>> list(fronts.chosen["family"].unique()), len(fronts.validation), len(fronts.chosen)
    (['STDP', 'logistic'], 12, 6)
    >>> list(fronts.scores["attack"].unique())
    ['none', 'PGD', 'worst case', 'certified']
    """
    families = front_families() if families is None else families
    if not families:
        raise ValueError("Got no families, but expected at least one.")
    for settings in families.values():
        check_models(settings)
    epsilons = sizes(epsilons, zero=False, of_rates=True)
    check_number(tolerance, "tolerance", zero=True)
    check_integers(1, n_seeds=n_seeds, max_tuning=max_tuning, max_test=max_test)
    check_integers(1, n_queries=n_queries)
    check_integers(2, n_splits=n_splits, n_inner=n_inner)
    check_integers(0, random_state=random_state)
    tasks = checked_tasks(tasks)
    for task in tasks:
        # Of the other folds, each inner one must have its share too.
        check_class_sizes(task, n_splits * n_inner)
    parts = [part for task in tasks for part in _parts(task, n_splits, random_state)]
    seeds = np.random.RandomState(random_state).randint(2**31 - 1, size=n_seeds).tolist()
    options = {"curves": False, "n_jobs": n_jobs, "path": path}
    options |= {"progress": progress, "verbose": verbose}

    quick = attacks_of([PGDScorer(max(epsilons), n_steps=10, n_restarts=1, bounds=(0, 1))])
    fits = [
        Fit(task, _joined(family, setting), part.split, model, seeds[0], *rows, quick)
        for part in parts
        for task, *rows in _inner_splits(part, n_inner, max_tuning, max_test, random_state)
        for family, settings in families.items()
        for setting, model in settings.items()
    ]
    validation = _means(_measured(fits, **options))
    chosen = _choose(validation, tolerance)

    by_split = {(part.task.name, part.split): part for part in parts}
    fits, shortened = [], {}
    for row in chosen.itertuples():
        part, model = by_split[row.task, row.split], families[row.family][row.setting]
        # One copy of the rows serves all models.
        key = part.task.name, part.split, isinstance(model, _STORING)
        if key not in shortened:
            limits = _limits(part.task, model, max_test)
            shortened[key] = _with_fewer_rows(part.task, *limits, random_state)
        task = shortened[key]
        gradient = None if np.isnan(row.attacked) else "analytic"
        attacks = attacks_of(_measures(epsilons, n_queries, gradient, task))
        # A fold has one fit of each model, and other models than networks have nothing random.
        is_repeated = not part.is_fold and isinstance(model, NetworkClassifier | MLPClassifier)
        for number, seed in enumerate(seeds if is_repeated else seeds[:1]):
            split = part.split if part.is_fold else number
            name = _joined(row.family, row.setting)
            fits.append(Fit(task, name, split, model, seed, None, None, attacks))
    measured = _measured(fits, **options)
    is_corrupted = measured["attack"].isin(CORRUPTIONS)
    corruptions = measured[is_corrupted].rename(
        columns={"attack": "corruption", "epsilon": "size"}
    )
    return Fronts(
        validation,
        chosen,
        measured[~is_corrupted].reset_index(drop=True),
        corruptions.drop(columns=["one_class", "majority"]).reset_index(drop=True),
    )


class _Part(NamedTuple):
    """A task with fixed test rows, which it has had from the start or as a fold of all rows."""

    task: Task
    split: int
    is_fold: bool


class _Corrupted:
    """Scorer under a corruption, in the form of an attack."""

    def __init__(self, scorer):
        self.attack, self.epsilon = scorer.corruption, scorer.size
        self._scorer = scorer

    def __call__(self, estimator, X, y):
        return self._scorer(estimator, X, y)


def _measures(epsilons, n_queries, gradient, task):
    """List what is measured of a chosen setting."""
    scorers = []
    for epsilon in epsilons:
        if gradient is not None:
            scorers.append(PGDScorer(epsilon, bounds=(0, 1)))
        options = {"gradient": gradient, "bounds": (0, 1)}
        scorers.append(WorstCaseScorer(epsilon, n_queries=n_queries, **options))
        scorers.append(CertifiedScorer(epsilon, bounds=(0, 1)))
    shape = task.image_shape
    sizes = sizes_by_corruption(None, _SEVERITIES, shape)
    return scorers + [
        _Corrupted(CorruptionScorer(name, size, image_shape=shape, bounds=(0, 1)))
        for name, of_name in sizes.items()
        for _, size in of_name
    ]


def _parts(task, n_splits, random_state):
    """Divide a task into its folds, unless its test rows are fixed."""
    if task.X_test is not None:
        return [_Part(task, 0, is_fold=False)]
    folds = StratifiedKFold(n_splits, shuffle=True, random_state=random_state)
    return [
        _Part(_of_rows(task, train, test), split, is_fold=True)
        for split, (train, test) in enumerate(folds.split(task.X, task.y))
    ]


def _inner_splits(part, n_inner, max_tuning, max_test, random_state):
    """List the splits that a setting is chosen by: tasks, with rows to train and to test on."""
    task = part.task
    if not part.is_fold:
        train, rest = train_test_split(
            np.arange(len(task.y)), test_size=1 / 6, stratify=task.y, random_state=random_state
        )
        train = _sample(task.y, train, max_tuning, random_state)
        return [(_of_rows(task, train, _sample(task.y, rest, max_test, random_state)), None, None)]
    rows = _sample(task.y, np.arange(len(task.y)), max_tuning, random_state)
    X, y = rows_of(task.X, task.y, rows)
    # The test rows of the part have no say in the choice.
    task = replace(task, X=X, y=y, X_test=None, y_test=None)
    folds = StratifiedKFold(n_inner, shuffle=True, random_state=random_state)
    return [(task, *split) for split in folds.split(task.X, task.y)]


def _limits(task, model, max_test):
    """Numbers of rows that a model can be trained and attacked on in fair time."""
    if len(np.unique(task.y)) >= _MANY_CLASSES:
        max_test = min(max_test, _MAX_TEST_OF_MANY)
    if isinstance(model, _STORING):
        return _MAX_STORED, min(max_test, _MAX_TEST_OF_STORED)
    return len(task.y), max_test


def _with_fewer_rows(task, n_train, n_test, random_state):
    """The task with at most so many rows to train on and to test on."""
    if len(task.y) > n_train:
        train = _sample(task.y, np.arange(len(task.y)), n_train, random_state)
        X, y = rows_of(task.X, task.y, train)
        task = replace(task, X=X, y=y)
    test = _sample(task.y_test, np.arange(len(task.y_test)), n_test, random_state)
    X_test, y_test = rows_of(task.X_test, task.y_test, test)
    return replace(task, X_test=X_test, y_test=y_test)


def _of_rows(task, train, test):
    """Some rows of a task to train on, and others as its fixed test rows."""
    X, y = rows_of(task.X, task.y, train)
    X_test, y_test = rows_of(task.X, task.y, test)
    return replace(task, X=X, y=y, X_test=X_test, y_test=y_test)


def _sample(y, rows, n_rows, random_state):
    """A stratified sample of some rows, or all if they are few."""
    if len(rows) <= n_rows:
        return rows
    labels = np.asarray(y)[rows]
    rows, _ = train_test_split(rows, train_size=n_rows, stratify=labels, random_state=random_state)
    return rows


def _joined(family, setting):
    return f"{family}{_SEPARATOR}{setting}"


def _measured(fits, **options):
    """Scores of some fits, with family and setting in the place of the model."""
    with warnings.catch_warnings():
        # What a family has not is left out of the table.
        warnings.filterwarnings("ignore", "Got the model .* which cannot be attacked", UserWarning)
        frames = run_fits([lambda: fits], **options)
    failures = frames["missing"].query("measure == 'fit'")
    if len(failures):
        raise ValueError(f"The fit of a setting failed: {failures.iloc[0].to_dict()}")
    scores = frames["scores"]
    names = scores["model"].str.split(_SEPARATOR, n=1, expand=True, regex=False)
    scores = scores.assign(family=names[0], setting=names[1])
    measures = ["attack", "epsilon", "accuracy", "one_class", "majority"]
    return scores[[*_LABELS, *measures]]


def _means(scores):
    """Mean accuracies of each setting, clean and attacked."""
    of_setting = scores.assign(
        metric=np.where(scores["attack"] == "none", "clean", "attacked")
    ).groupby([*_LABELS, "metric"], sort=False)
    means = of_setting["accuracy"].mean().unstack("metric")
    return means.reindex(columns=["clean", "attacked"]).rename_axis(columns=None).reset_index()


def _choose(validation, tolerance):
    """Choose the setting of each family, by its accuracies on validation rows."""
    rows = []
    for _, of_family in validation.groupby(["task", "split", "family"], sort=False):
        means = {
            "mean_test_clean": of_family["clean"],
            # What cannot be attacked in this way is chosen by its accuracy without attack.
            "mean_test_attacked": of_family["attacked"].fillna(0),
        }
        choice = BestUnderAttack("attacked", tolerance=tolerance)(means)
        rows.append(of_family.index[choice])
    return validation.loc[rows].reset_index(drop=True)
