"""Models on the same splits of the same tasks, without and with attack."""

from __future__ import annotations

import platform
from collections import Counter
from datetime import datetime
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

import joblib
import numpy as np
import pandas as pd
import scipy
import sklearn
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.utils import check_random_state

from .._robustness._scorers import FGSMScorer
from .._robustness._threat_model import size_of, sizes
from .._utils._version import __version__
from ..datasets._preparation import describe_preparation
from ._checks import check_class_sizes, check_integers, check_models, task_loaders
from ._comparison import COLUMNS, Comparison, scores_columns
from ._configurations import default_classifiers
from ._fits import Fit
from ._measures import MEASURES, checked_measures
from ._models import models_by_name
from ._run import run_fits
from ._tuning import tuned

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

    from numpy.random import RandomState

    from ..datasets._tasks import Task


EPSILONS = (4 / 255, 8 / 255, 12 / 255)


def compare(
    tasks: Iterable[Task | str | Path | Callable] | Task | str | Path | Callable,
    *,
    estimators: Mapping | Sequence | Callable | None = None,
    scorers: Sequence | None = None,
    epsilons: float | Sequence[float] = EPSILONS,
    measures: str | Sequence[str] | None = None,
    tune: int | None = None,
    n_inner: int = 3,
    n_splits: int = 5,
    n_repeats: int = 4,
    n_seeds: int = 5,
    curves: bool = True,
    random_state: int | RandomState | None = 0,
    n_jobs: int = 1,
    client: Any = None,
    path: str | Path | None = None,
    fresh: bool = False,
    progress: Callable | None = None,
    verbose: bool | int = False,
) -> Comparison:
    """Compare models on tasks, without and with attack.

    The comparison is paired: on each split every model trains on the same samples and with the
    same `random_state`. The splits of a task with fixed test rows differ in `random_state`
    alone; other tasks are cross-validated. All that is learnt from a table is learnt from the
    training rows of each split: the `preparation` of a task, which makes numbers of text and
    fills gaps, and the scaling of the features to [0, 1] by their range. Values of the test rows
    outside it are clipped; fixed rows without preparation that lie in [0, 1] are taken as they
    are. Models see these rates, and attacks act on them.

    A fit that fails, an attack that a model does not allow, and a measure that it does not have,
    such as the log loss without `predict_proba`, are recorded in the table `missing` with the
    reason, and all other fits are made.

    Parameters
    ----------
    tasks : Task, str, path-like or callable, or iterable of these
        Tables to classify, of different names: tasks; names of collections, as `load_tasks` takes
        them ("iris" holds four tasks); paths with a target ("credit.csv:class") and names of
        other tables, as `load_table` takes them; and functions without argument that return a
        task. Files and functions are read twice, at the beginning and when their fits are due,
        and few are in memory at a time.
    estimators : dict of str to classifier, sequence, or callable, default=None
        Models by name, ours or any other scikit-learn classifiers, pipelines and searches. A
        sequence holds names of models ("stdp", "bp", "mlp", "forest" and so on), import paths
        with parameters ("sklearn.ensemble.ExtraTreesClassifier(n_estimators=300)") and
        classifiers. They are cloned, and their `random_state` is set for each split. A callable,
        such as `paper_classifiers`, takes a task and returns the models for it. None compares
        the local rule and backpropagation with their default parameters, as "STDP" and "BP".
    scorers : sequence of scorers, default=None
        Attacks and certificates, such as PGDScorer(8 / 255): each has a name in its attribute
        `attack`, and an `epsilon` >= 0. None takes FGSM at `epsilons`. The accuracy without
        attack is always added.
    epsilons : float or sequence of float, default=(4 / 255, 8 / 255, 12 / 255)
        Sizes of the FGSM perturbation in rate units, in [0, 1]; ignored if `scorers` are given.
    measures : str or sequence of str, default=None
        Measures without attack besides the accuracy: "balanced_accuracy", "roc_auc", "log_loss",
        "brier" and "calibration_error". None takes all.
    tune : int, default=None
        Number of settings to try for each model, >= 2: the given one, and others drawn from a
        space that is known for its class. Each fit searches among them by `n_inner` folds of its
        training rows. None, and models without a known space, take the parameters as they are.
    n_inner : int, default=3
        Number of inner folds if `tune` is given, >= 2.
    n_splits : int, default=5
        Number of folds, >= 2.
    n_repeats : int, default=4
        Number of divisions into folds, >= 1.
    n_seeds : int, default=5
        Number of fits on a task with fixed test rows, >= 1; it has no folds.
    curves : bool, default=True
        Measure the accuracy of networks of this package on the test rows after each epoch.
    random_state : int, default=0
        Draws the folds and the `random_state` of the models, >= 0.
    n_jobs : int, default=1
        Number of models that train at the same time; -1 for one per processor. Each takes one
        thread. The scores do not depend on it, the times do.
    client : distributed.Client or str, default=None
        Dask cluster that does the fits, or the address of its scheduler; `n_jobs` is then
        ignored. This process reads the tables, and the workers need this package alone.
    path : str or path-like, default=None
        Folder that keeps the result of each fit as soon as it is done, one file of JSON each;
        made if it does not exist. Fits that are there from an earlier call are not done again,
        if nothing has changed that determines them: parameters, rows, seed, scorers and the
        version of the package. Failed fits are not kept. Experiments may share a folder.
    fresh : bool, default=False
        Do all fits, and remove the earlier results of them at `path`, as after a change of
        code. Other results stay there.
    progress : callable, default=None
        Takes the list of fits to do, each with the names `task`, `model` and `split`, and returns
        an iterator over it, as `tqdm.tqdm` and `rich.progress.track` do. None shows nothing.
    verbose : bool, default=False
        Report on stderr how many fits were found at `path`.

    Returns
    -------
    result : Comparison
        Tables of all that was measured, with methods for statistics, figures and reports.

    Raises
    ------
    ValueError
        If there is no task or two have the same name, a class has fewer than `n_splits`
        samples, a model stops early, two scorers make the same attack, one has another metric
        than accuracy or a number is out of its range. All this is checked before the first fit.
        Afterwards, if all fits failed.
    TypeError
        If a task is none, a model is no classifier or a scorer has no `attack` or `epsilon`.
    OSError
        If the folder at `path` cannot be written to, or the cluster cannot be reached.

    Warns
    -----
    UserWarning
        Once per model, if a fit of it failed or an attack refuses it, with the reason; and once
        per kind of warning that was given in its fits and attacks.

    See Also
    --------
    summarise : Mean and spread of the scores.
    paper_classifiers : The networks as in the paper.
    skstdp.datasets.load_table : Tables as they come.
    FGSMScorer : The attack.
    PGDScorer : A stronger one.
    CertifiedScorer : Accuracy that is proven.

    Notes
    -----
    Attacks do not know which columns a preparation has made of one: they move the columns of a
    one-hot code one by one, to rates that no row of the table can have. Accuracies under such an
    attack are lower than those under one that changes the text of a cell, and compare models all
    the same. To hold columns or to move one-hot groups as a whole, give scorers with `immutable`
    and `one_hot`, in positions of the columns after the preparation.

    The times are those of `fit` and `predict` on one thread, and of a call of the scorer. Of a
    network whose curve is measured the time for that is taken off. Loops are compiled, or loaded
    from disk, before the first fit in a process.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skstdp import STDPClassifier
    >>> from skstdp.benchmarks import compare
    >>> from skstdp.datasets import load_tasks
    >>> models = {"STDP": STDPClassifier(max_iter=20), "logistic": LogisticRegression()}
    >>> tasks = load_tasks("iris", pairs=[(0, 1), (1, 2)])
    >>> result = compare(tasks, estimators=models, epsilons=0.1, n_splits=2, n_repeats=1)
    >>> result
    <Comparison of 2 model(s) on 2 task(s): 8 fits>
    >>> result.summary()[["task", "model", "clean_mean", "0.1_mean"]].round(2)
           task     model  clean_mean  0.1_mean
    0  iris 0v1      STDP        1.00      0.88
    1  iris 0v1  logistic        1.00      0.99
    2  iris 1v2      STDP        0.94      0.62
    3  iris 1v2  logistic        0.94      0.69
    >>> result.summary("log_loss")[["task", "model", "clean_mean"]].round(2)
           task     model  clean_mean
    0  iris 0v1      STDP        0.18
    1  iris 0v1  logistic        0.16
    2  iris 1v2      STDP        0.31
    3  iris 1v2  logistic        0.36
    >>> len(result.scores), len(result.curves)
    (16, 80)
    """
    began = perf_counter()
    if scorers is None:
        # Of the rates, also where a pipeline scales them: an epsilon means the same for all.
        epsilons = sorted({*sizes(epsilons, of_rates=True, may_be_empty=True)})
        scorers = [FGSMScorer(epsilon, bounds=(0, 1), space="input") for epsilon in epsilons]
    attacks = attacks_of(scorers)
    measures = checked_measures(measures)
    check_integers(1, n_seeds=n_seeds, n_repeats=n_repeats)
    check_integers(2, n_splits=n_splits, n_inner=n_inner)
    if tune is not None:
        check_integers(2, tune=tune)
    if isinstance(random_state, int):
        check_integers(0, random_state=random_state)
    else:
        # Folds are made again when they are due, and must be the same.
        random_state = int(check_random_state(random_state).randint(2**31 - 1))
    folds = RepeatedStratifiedKFold(
        n_splits=n_splits, n_repeats=n_repeats, random_state=random_state
    )
    n_seeds_drawn = max(folds.get_n_splits(), n_seeds)
    seeds = np.random.RandomState(random_state).randint(2**31 - 1, size=n_seeds_drawn).tolist()
    plan = _Plan(_models_of(estimators), attacks, folds, n_splits, n_seeds, seeds, tune, n_inner)
    tables = [_Table(load, plan) for load in task_loaders(tasks)]
    frames = run_fits(
        tables,
        curves=curves,
        n_jobs=n_jobs,
        client=client,
        path=path,
        fresh=fresh,
        progress=progress,
        verbose=verbose,
    )
    failures = frames["missing"].query("measure == 'fit'")
    if len(failures) == (frames["scores"]["attack"] == "none").sum():
        first = failures.iloc[0]
        raise NothingFittedError(
            f"All {len(failures)} fits failed. The first one was of the model {first['model']!r} "
            f"on the task {first['task']!r}: {first['reason']}"
        )
    scores, missing = frames["scores"], frames["missing"]
    frames["scores"] = scores[scores_columns(measures)]
    unasked = set(MEASURES).difference(measures)
    frames["missing"] = missing[~missing["measure"].isin(unasked)].reset_index(drop=True)
    described = pd.DataFrame([table.description for table in tables], columns=COLUMNS["tasks"])
    environment = _environment(perf_counter() - began)
    return Comparison(**frames, tasks=described, environment=environment)


class NothingFittedError(ValueError):
    """All fits failed: what was asked for is not possible."""


class _Plan(NamedTuple):
    """All that the fits of several tables have in common."""

    # Function of a task.
    models: Callable
    attacks: dict
    folds: RepeatedStratifiedKFold
    n_splits: int
    n_seeds: int
    # One per split.
    seeds: list
    tune: int | None
    n_inner: int


class _Table:
    """Fits of one table, made anew each time they are due, so that it need not stay in memory.

    The attribute `description` is its row in the table of tasks, after the first call.
    """

    def __init__(self, load, plan):
        self._load = load
        self._plan = plan

    def __call__(self):
        task, plan = self._load(), self._plan
        models = plan.models(task)
        if task.X_test is None:
            check_class_sizes(task, plan.n_splits)
            splits = plan.folds.split(task.X, task.y)
        else:
            splits = [(None, None)] * plan.n_seeds
        self.description = self._described(task)
        return [
            Fit(task, model, split, self._tuned(estimator, seed), seed, train, test, plan.attacks)
            for split, ((train, test), seed) in enumerate(zip(splits, plan.seeds, strict=False))
            for model, estimator in models.items()
        ]

    def _tuned(self, estimator, seed):
        if self._plan.tune is None:
            return estimator
        return tuned(estimator, self._plan.tune, self._plan.n_inner, seed)

    def _described(self, task):
        sizes = Counter(np.asarray(task.y).tolist()).values()
        n_rows = sum(sizes)
        n_test = n_rows // self._plan.n_splits if task.X_test is None else len(task.y_test)
        return {
            "task": task.name,
            "n_samples": n_rows,
            "n_features": task.X.shape[1],
            "n_classes": len(sizes),
            "majority": max(sizes) / n_rows,
            "n_test": n_test,
            "preparation": "\n".join(describe_preparation(task)),
            "notes": "\n".join(task.notes),
        }


def _models_of(estimators):
    """Return a function of a task that returns its models by name, checked."""

    def models(task):
        return _checked_models(estimators(task) if callable(estimators) else estimators)

    if not callable(estimators):
        estimators = _checked_models(estimators)
    return models


def _checked_models(estimators):
    if estimators is None:
        return default_classifiers()
    if isinstance(estimators, str | list | tuple):
        estimators = models_by_name(estimators)
    check_models(estimators)
    return estimators


def _environment(duration):
    packages = (np, scipy, pd, sklearn, joblib)
    return {
        "versions": {
            "skstdp": __version__,
            "Python": platform.python_version(),
            **{package.__name__: package.__version__ for package in packages},
        },
        "platform": f"{platform.platform()}, {joblib.cpu_count()} processors",
        "date": datetime.now().astimezone().isoformat(timespec="seconds"),
        "duration": round(duration, 3),
    }


def attacks_of(scorers):
    """Return the scorers by name and size of the attack, in the order given."""
    attacks = {}
    alone = hasattr(scorers, "attack") or isinstance(scorers, str)
    for scorer in [scorers] if alone else scorers:
        if not (hasattr(scorer, "attack") and hasattr(scorer, "epsilon")):
            raise TypeError(
                f"Got {scorer!r} among the scorers, but expected attacks with a name and an "
                "epsilon, such as FGSMScorer(8 / 255)."
            )
        metric = getattr(scorer, "metric", "accuracy")
        if metric != "accuracy":
            raise ValueError(
                f"Got a scorer with metric={metric!r}, but expected metric='accuracy', as the "
                "table of scores has it."
            )
        attack = (scorer.attack, size_of(scorer))
        if attack in attacks:
            raise ValueError(
                f"Got two scorers for {attack[0]} at epsilon={attack[1]:.6g}, but expected one."
            )
        attacks[attack] = scorer
    # Its row is there anyway, as that without attack.
    return {attack: scorer for attack, scorer in attacks.items() if attack[1] > 0}
