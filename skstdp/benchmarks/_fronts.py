"""Accuracy with and without attack, of models that are tuned equally."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import joblib
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from .._attacks._margins import zero_gradient_share
from .._input_gradients import attackable
from .._networks._classifiers import BPClassifier, STDPClassifier
from .._robustness._report import robustness_report
from .._robustness._scorers import FGSMScorer, PGDScorer
from .._robustness._threat_model import sizes
from ..datasets._tasks import Task
from ._checks import check_integers, checked_tasks
from ._compare import EPSILONS, compare, rows_of, seeded
from ._configurations import front_families

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.random import RandomState


# Each step of an attack on nearest neighbours or a kernel machine goes through all their samples.
_MAX_STORED_SAMPLES = 3000
_MAX_TEST_OF_STORED = 500


class Fronts(NamedTuple):
    """Result of `robustness_fronts`.

    Attributes
    ----------
    scores : DataFrame
        Every setting of every family on the test rows: columns task, family, setting, seed,
        attack, epsilon, accuracy and zero_gradient_share (share of the test rows at which the
        gradient of the margin is zero).
    chosen : DataFrame
        The setting of each family chosen on validation rows: columns task, family, setting and
        the validation accuracies clean and attacked.
    confirmation : DataFrame
        The chosen settings under all attacks of `robustness_report`, with the columns task,
        family and seed before those of the report.
    """

    scores: pd.DataFrame
    chosen: pd.DataFrame
    confirmation: pd.DataFrame


class _ZeroGradientShare:
    """Scorer in the form of an attack, so that `compare` reports it beside the accuracies."""

    attack = "zero gradient"

    def __init__(self, epsilon):
        self.epsilon = epsilon

    def __call__(self, estimator, X, y):
        target, points = attackable(estimator, X)
        return zero_gradient_share(target.gradient(points, target.class_indices(y)))


def robustness_fronts(
    tasks: Sequence[Task],
    *,
    families: Mapping | None = None,
    epsilons: float | Sequence[float] = EPSILONS,
    tolerance: float = 0.01,
    max_test: int = 2000,
    n_seeds: int = 5,
    n_front_seeds: int = 2,
    n_validation_seeds: int = 2,
    n_confirmed: int = 500,
    n_queries: int = 2000,
    random_state: int | RandomState | None = 0,
    n_jobs: int = 1,
    path: str | Path | None = None,
    progress: Callable | None = None,
    verbose: bool | int = False,
) -> Fronts:
    """Measure fronts of clean against adversarial accuracy, and choose one point on each.

    All settings of all families are trained on the whole training data and attacked on the test
    rows, the chosen ones with more seeds. One setting of each family is chosen on a sixth of the
    training data, with models that have not seen it: the one with the best accuracy under PGD at
    the largest epsilon among those whose clean accuracy is within `tolerance` of the best of any
    network, or, if there is none, the one with the best clean accuracy. The chosen networks are
    then attacked without their own gradient too.

    Parameters
    ----------
    tasks : iterable of Task
        Tasks with fixed test rows and features in [0, 1].
    families : dict of str to dict of str to classifier, default=None
        Settings by name, by family. None takes `front_families()`.
    epsilons : float or sequence of float, default=(4/255, 8/255, 12/255)
        Sizes of the perturbation in rate units, > 0.
    tolerance : float, default=0.01
        Clean accuracy that may be given up.
    max_test : int, default=2000
        Largest number of test rows, and of validation rows; of more, a stratified sample.
    n_seeds : int, default=5
        Number of fits of the chosen setting of each family.
    n_front_seeds : int, default=2
        Number of fits of the other settings, at most `n_seeds`; 0 leaves them out.
    n_validation_seeds : int, default=2
        Number of fits of each setting before one is chosen.
    n_confirmed : int, default=500
        Number of test rows for the attacks of `robustness_report`.
    n_queries : int, default=2000
        Predictions that its hard-label attack may ask for.
    random_state : int, default=0
        Draws samples and the `random_state` of the models.
    n_jobs : int, default=1
        Number of models that train at the same time.
    path : str or path-like, default=None
        Folder that keeps finished fits, as in `compare`.
    progress, verbose : callable and bool, default=None and False
        As in `compare`.

    Returns
    -------
    fronts : Fronts
        The data frames `scores`, `chosen` and `confirmation`.

    Raises
    ------
    ValueError
        If a task has no fixed test rows, no family is one of networks, a number is out of its
        range, or as `compare` does.

    See Also
    --------
    front_families : The default families.
    robustness_report : The attacks of the confirmation.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skstdp import STDPClassifier
    >>> from skstdp.benchmarks import robustness_fronts
    >>> from skstdp.datasets import Task
    >>> X, y = load_digits(n_class=2, return_X_y=True)
    >>> task = Task("digits 0v1", X[:240] / 16, y[:240], X[240:] / 16, y[240:])
    >>> settings = {
    ...     f"decay {decay}": STDPClassifier((4,), weight_decay=decay, max_iter=20)
    ...     for decay in (0.0, 0.1)
    ... }
    >>> fronts = robustness_fronts(
    ...     [task],
    ...     families={"STDP": settings},
    ...     epsilons=[0.1],
    ...     n_seeds=1,
    ...     n_front_seeds=1,
    ...     n_confirmed=10,
    ...     n_queries=10,
    ... )
    >>> list(fronts.chosen["family"])
    ['STDP']
    """
    families = front_families() if families is None else families
    epsilons = sizes(epsilons, zero=False, of_rates=True)
    tasks = checked_tasks(tasks, fixed=True)
    check_integers(
        1,
        max_test=max_test,
        n_seeds=n_seeds,
        n_validation_seeds=n_validation_seeds,
        n_confirmed=n_confirmed,
        n_queries=n_queries,
    )
    check_integers(0, n_front_seeds=n_front_seeds)
    if not any(map(_is_network, (m for settings in families.values() for m in settings.values()))):
        raise ValueError(
            f"Got the families {list(families)}, but expected one of networks among them: it sets "
            "the clean accuracy that others must come close to."
        )
    groups = [
        _Group(
            {
                f"{family} | {setting}": estimator
                for family, settings in families.items()
                for setting, estimator in settings.items()
                if _is_network(estimator) is networks
            },
            max_train=None if networks else _MAX_STORED_SAMPLES,
            max_test=max_test if networks else min(max_test, _MAX_TEST_OF_STORED),
            networks=networks,
        )
        for networks in (True, False)
    ]
    groups = [group for group in groups if group.models]
    options = {"curves": False, "random_state": random_state, "n_jobs": n_jobs}
    options |= {"path": path, "progress": progress, "verbose": verbose}

    quick = PGDScorer(max(epsilons), n_steps=20, n_restarts=2, bounds=(0, 1))
    validation = pd.concat(
        compare(
            [_validation_task(task, group, random_state) for task in tasks],
            estimators=group.models,
            scorers=[quick],
            n_seeds=n_validation_seeds,
            **options,
        ).scores
        for group in groups
    )
    network_families = {
        family
        for family, settings in families.items()
        if all(_is_network(estimator) for estimator in settings.values())
    }
    chosen = _choose(_split_names(validation), network_families, tolerance)

    scorers = [
        kind(epsilon, bounds=(0, 1)) for kind in (FGSMScorer, PGDScorer) for epsilon in epsilons
    ]
    scorers.append(_ZeroGradientShare(max(epsilons)))
    picked = {
        (task, f"{family} | {setting}")
        for task, family, setting in chosen[["task", "family", "setting"]].itertuples(index=False)
    }

    def test(group, are_picked, n_seeds):
        return compare(
            [_test_task(task, group, random_state) for task in tasks],
            estimators=lambda task: {
                name: model
                for name, model in group.models.items()
                if ((task.name, name) in picked) == are_picked
            },
            scorers=scorers,
            n_seeds=n_seeds if group.networks else 1,
            **options,
        ).scores

    parts = [test(group, True, n_seeds) for group in groups]
    if n_front_seeds:
        parts += [test(group, False, min(n_seeds, n_front_seeds)) for group in groups]
    scores = pd.concat(parts)
    scores = _split_names(scores).rename(columns={"split": "seed"})
    is_share = scores["attack"] == "zero gradient"
    keys = ["task", "family", "setting", "seed"]
    shares = scores[is_share].set_index(keys)["accuracy"].rename("zero_gradient_share")
    scores = scores[~is_share].join(shares, on=keys)
    columns = [*keys, "attack", "epsilon", "accuracy", "zero_gradient_share"]

    confirmation = joblib.Parallel(n_jobs=n_jobs)(
        joblib.delayed(_confirm)(
            task,
            seed,
            {
                row.family: families[row.family][row.setting]
                for row in chosen[chosen["task"] == task.name].itertuples()
                if row.family in network_families
            },
            max(epsilons),
            n_confirmed,
            n_queries,
        )
        for task in tasks
        for seed in range(min(n_seeds, 2))
    )
    return Fronts(scores[columns], chosen, pd.concat(confirmation, ignore_index=True))


class _Group(NamedTuple):
    """Models that share the rows they are trained and tested on."""

    models: dict
    max_train: int | None
    max_test: int
    networks: bool


def _is_network(estimator):
    return isinstance(estimator, STDPClassifier | BPClassifier)


def _stratified(X, y, n, random_state):
    if n is None or len(y) <= n:
        return X, y
    rows, _ = train_test_split(
        np.arange(len(y)), train_size=n, stratify=y, random_state=random_state
    )
    return rows_of(X, y, rows)


def _validation_task(task, group, random_state):
    train, rest = train_test_split(
        np.arange(len(task.y)), test_size=1 / 6, stratify=task.y, random_state=random_state
    )
    return Task(
        task.name,
        *_stratified(*rows_of(task.X, task.y, train), group.max_train, random_state),
        *_stratified(*rows_of(task.X, task.y, rest), group.max_test, random_state),
    )


def _test_task(task, group, random_state):
    return Task(
        task.name,
        *_stratified(task.X, task.y, group.max_train, random_state),
        *_stratified(task.X_test, task.y_test, group.max_test, random_state),
    )


def _split_names(scores):
    names = scores["model"].str.split(" | ", n=1, expand=True, regex=False)
    return scores.assign(family=names[0], setting=names[1])


def _choose(validation, networks, tolerance):
    """Choose a setting per family and task by validation scores without and with attack."""
    validation = validation.assign(
        metric=np.where(validation["attack"] == "none", "clean", "attacked")
    )
    means = validation.pivot_table(
        index=["task", "family", "setting"], columns="metric", values="accuracy", sort=False
    )
    rows = []
    for _, of_task in means.groupby("task", sort=False):
        of_networks = of_task[of_task.index.get_level_values("family").isin(networks)]
        floor = of_networks["clean"].max() - tolerance
        for _, of_family in of_task.groupby("family", sort=False):
            enough = of_family[of_family["clean"] >= floor]
            best = enough["attacked"].idxmax() if len(enough) else of_family["clean"].idxmax()
            rows.append((*best, *means.loc[best, ["clean", "attacked"]]))
    return pd.DataFrame(rows, columns=["task", "family", "setting", "clean", "attacked"])


def _confirm(task, seed, models, epsilon, n_rows, n_queries):
    """Report on each network, with the others as surrogates."""
    X, y = _stratified(task.X_test, task.y_test, n_rows, seed)
    fitted = {family: seeded(model, seed).fit(task.X, task.y) for family, model in models.items()}
    reports = []
    for family, model in fitted.items():
        others = [other for other in fitted.values() if other is not model]
        report = robustness_report(
            model,
            X,
            y,
            epsilons=[epsilon],
            surrogates=others,
            n_queries=n_queries,
            random_state=seed,
            bounds=(0, 1),
        )
        labels = {"task": task.name, "family": family, "seed": seed}
        reports.append(pd.DataFrame(labels, index=report.index).join(report))
    return pd.concat(reports, ignore_index=True)
