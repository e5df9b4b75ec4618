"""Accuracy without and with attack, of families of models that are tuned equally."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC

from .._networks._base import NetworkClassifier
from .._robustness._best_under_attack import BestUnderAttack
from .._robustness._corruption_report import CorruptionScorer, sizes_by_corruption
from .._robustness._scorers import PGDScorer
from .._robustness._threat_model import sizes
from .._robustness._worst_case_scorer import WorstCaseScorer
from .._utils._validation import check_number
from ..datasets._tasks import Task
from ._checks import check_class_sizes, check_integers, check_models, checked_tasks
from ._compare import EPSILONS, attacks_of
from ._configurations import front_families
from ._fits import Fit, rows_of, run_fits, seeded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from sklearn.base import BaseEstimator


# Models whose prediction goes through all the samples that they store, for each step of an attack.
_STORING = (KNeighborsClassifier, SVC)
_MAX_STORED = 3000

_SEVERITIES = (1, 3, 5)

# Rows of the table of chosen settings.
_KEYS = ["task", "split", "family"]


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
        two as in `Comparison`. There are no rows for what a family has not, such as a certificate
        of nearest neighbours.
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
    `tolerance` of the best of the family, as `BestUnderAttack` has it. The model of this setting is
    then trained on all training rows, and measured on test rows that had no part in the choice:
    without attack, under PGD, under the worst of all attacks, by a certificate, and under
    corruptions. The accuracy that an ideal attacker leaves lies between certificate and worst case.

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
        Largest number of rows that a choice is made with; of more, a stratified sample. Models
        that store their samples are trained on at most 3000.
    max_test : int, default=500
        Largest number of test rows, and of validation rows where those are not folds; of more, a
        stratified sample.
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
    RobustnessFrontDisplay : A figure of the scores.

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
    limits = max_tuning, max_test, n_inner, random_state
    fits = [
        Fit(_named(part, task), f"{family} | {setting}", split, seeded(model, seeds[0]), *rows, quick)
        for part in parts
        for task, splits in [_tuning(part.task, *limits)]
        for family, settings in families.items()
        for setting, model in settings.items()
        for split, rows in enumerate(splits)
    ]
    with _silent_refusals():
        tried, _ = run_fits(fits, **options)
    validation = _means(_labelled(tried))
    chosen = _choose(validation, tolerance)

    of_part = {(part.name, part.split): part for part in parts}
    fits = []
    for row in chosen.itertuples():
        part, model = of_part[row.task, row.split], families[row.family][row.setting]
        attacks = attacks_of(_measures(epsilons, n_queries, part.task))
        task = _named(part, _for_test(part.task, model, max_test, random_state))
        name = f"{row.family} | {row.setting}"
        is_fixed = part.split == _FIXED
        fits += [
            Fit(task, name, split, seeded(model, seeds[split]), None, None, attacks)
            for split in range(n_seeds if is_fixed and _is_random(model) else 1)
        ]
    with _silent_refusals():
        measured, _ = run_fits(fits, **options)
    measured = _labelled(measured)
    is_corrupted = measured["attack"].isin(_CORRUPTIONS)
    columns = {"attack": "corruption", "epsilon": "size"}
    corruptions = measured[is_corrupted].rename(columns=columns)
    return Fronts(
        validation,
        chosen,
        measured[~is_corrupted].reset_index(drop=True),
        corruptions.drop(columns=["one_class", "majority"]).reset_index(drop=True),
    )
