"""One setting for all tasks, chosen by nested cross-validation."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.model_selection import ParameterSampler, StratifiedKFold, train_test_split

from .._networks._classifiers import BPClassifier, STDPClassifier
from ..datasets._tasks import Task
from ._checks import check_class_sizes, check_integers, check_models, checked_tasks
from ._compare import compare
from ._fits import rows_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from numpy.random import RandomState


_COMMON_SPACE = {
    "hidden_layer_sizes": [(300,)],
    "beta_2": [0.99, 0.999],
    "weight_decay": ["auto", 0.0, 0.003],
}
# Spaces of the last round of nested selection, by model.
SPACES = {
    "STDP": (
        STDPClassifier(),
        _COMMON_SPACE
        | {
            "weight_init_scale": [2.0, 4.0],
            "learning_rate_init": loguniform(0.1, 0.5),
            "stdp_epsilon": [1e-2, 3e-2, 1e-1],
            "positive_winners": [2, 3, 6],
            "negative_winners": [2, 3, 6],
            "winner_handicap": [0.0, 0.02, 0.05],
            "quiet_start": [0.1, 0.2],
        },
    ),
    "BP": (
        BPClassifier(),
        _COMMON_SPACE
        | {
            "weight_init_scale": [2.0, 4.0, 8.0],
            "learning_rate_init": loguniform(0.02, 0.3),
            "quiet_start": [None, 0.3, 0.5],
        },
    ),
}


class Selection(NamedTuple):
    """Result of `select_settings`.

    Attributes
    ----------
    inner : DataFrame
        Mean accuracy on the inner test folds: columns model, outer (split, from 0), setting
        (from 0), task and accuracy.
    chosen : DataFrame
        The best setting of each model for each outer split: columns model, outer, setting,
        accuracy (mean over tasks on the inner test folds) and parameters (a dict). In the rows
        with -1 for outer, the best one over all outer splits.
    outer : DataFrame
        Accuracy of the chosen settings on rows that had no part in the choice: columns model,
        outer, task and accuracy.
    """

    inner: pd.DataFrame
    chosen: pd.DataFrame
    outer: pd.DataFrame


def select_settings(
    tasks: Sequence[Task],
    *,
    spaces: Mapping | None = None,
    n_settings: int = 20,
    n_outer: int = 3,
    n_inner: int = 2,
    max_samples: int = 4000,
    random_state: int | RandomState | None = 0,
    n_jobs: int = 1,
    path: str | Path | None = None,
    progress: Callable | None = None,
    verbose: bool | int = False,
) -> Selection:
    """Choose one setting of each model for all tasks, by nested cross-validation.

    On each outer split, every setting is cross-validated within the training part of every task;
    the setting with the best mean over the tasks is chosen, trained on the whole training part
    and scored once on the rest. All models get the same number of settings and the same folds.

    Parameters
    ----------
    tasks : iterable of Task
        Tasks that the setting must serve, of different names. Fixed test rows are the outer
        test rows.
    spaces : dict of str to (classifier, dict), default=None
        Models by name, and for each the lists or distributions that its parameters are drawn
        from, as for `ParameterSampler`. None takes those of the last round of nested selection.
    n_settings : int, default=20
        Number of settings to draw for each model, >= 1.
    n_outer, n_inner : int, default=3, 2
        Numbers of outer splits and of inner folds, >= 2.
    max_samples : int, default=4000
        Largest number of rows of the training part of a task; of more, a stratified sample.
    random_state : int, default=0
        Draws settings, folds and the `random_state` of the models, >= 0.
    n_jobs : int, default=1
        Number of models that train at the same time.
    path : str or path-like, default=None
        Folder that keeps finished fits, as in `compare`.
    progress, verbose : callable and bool, default=None and False
        As in `compare`; `progress` is called for the inner fits, and then for the outer ones.

    Returns
    -------
    selection : Selection
        The data frames `inner`, `chosen` and `outer`.

    Raises
    ------
    ValueError
        If a number is out of range, a space has fewer than `n_settings` settings or a parameter
        that its model does not have, a class is too small for each fold to have a sample of it, or
        as `compare` does.
    TypeError
        If `spaces` do not hold classifiers, each with a dict.
    OSError
        If the folder at `path` cannot be written to.

    See Also
    --------
    compare : Measures single settings.

    Examples
    --------
    >>> from skstdp import BPClassifier
    >>> from skstdp.benchmarks import select_settings
    >>> from skstdp.datasets import load_tasks
    >>> spaces = {"BP": (BPClassifier((4,), max_iter=5), {"learning_rate_init": [0.1, 1.0]})}
    >>> tasks = load_tasks("iris", pairs=[(0, 1)])
    >>> selection = select_settings(tasks, spaces=spaces, n_settings=2, n_outer=2)
    >>> list(selection.outer), len(selection.inner)
    (['model', 'outer', 'task', 'accuracy'], 4)
    """
    check_integers(1, n_settings=n_settings, max_samples=max_samples)
    check_integers(2, n_outer=n_outer, n_inner=n_inner)
    check_integers(0, random_state=random_state)
    settings = _draw(SPACES if spaces is None else spaces, n_settings, random_state)
    tasks = checked_tasks(tasks)
    parts, places = [], {}
    for task in tasks:
        for outer, part in enumerate(_outer_splits(task, n_outer, max_samples, random_state)):
            parts.append(part)
            places[part.name] = (task.name, outer)

    def accuracies(tasks, **options):
        scores = compare(
            tasks,
            scorers=(),
            curves=False,
            random_state=random_state,
            n_jobs=n_jobs,
            path=path,
            progress=progress,
            verbose=verbose,
            **options,
        ).scores
        means = scores.groupby(["task", "model"], sort=False)["accuracy"].mean().reset_index()
        means["task"], means["outer"] = zip(*means["task"].map(places), strict=True)
        return means

    inner = accuracies(
        # Without the outer test rows.
        [Task(part.name, part.X, part.y) for part in parts],
        estimators={
            f"{model} {number}": classifier
            for model, drawn in settings.items()
            for number, (classifier, _) in enumerate(drawn)
        },
        n_splits=n_inner,
        n_repeats=1,
    )
    inner[["model", "setting"]] = inner["model"].str.rsplit(" ", n=1, expand=True)
    inner["setting"] = inner["setting"].astype(int)
    chosen = _choose(inner, settings)
    best = chosen.set_index(["outer", "model"])["setting"]

    def best_models(part):
        _, outer = places[part.name]
        return {model: settings[model][number][0] for model, number in best[outer].items()}

    outer = accuracies(parts, estimators=best_models, n_seeds=1)
    order = ["model", "outer", "setting", "task", "accuracy"]
    return Selection(inner[order], chosen, outer[["model", "outer", "task", "accuracy"]])


def _draw(spaces, n_settings, random_state):
    """Draw settings: per model a list of classifiers, each with the parameters drawn for it."""
    if not spaces:
        raise ValueError(f"Got spaces={spaces!r}, but expected at least one model.")
    settings = {}
    for model, space in spaces.items():
        if not isinstance(space, tuple | list) or len(space) != 2:
            raise TypeError(
                f"Got {space!r} as the space of the model {model!r}, but expected a classifier "
                "and a dict."
            )
        classifier, distributions = space
        check_models({model: classifier})
        sampler = ParameterSampler(distributions, n_settings, random_state=random_state)
        if len(sampler) < n_settings:
            raise ValueError(
                f"Got n_settings={n_settings}, but expected at most {len(sampler)}, as many as "
                f"the space of the model {model!r} has."
            )
        settings[model] = [
            (clone(classifier).set_params(**parameters), parameters) for parameters in sampler
        ]
    return settings


def _outer_splits(task, n_outer, max_samples, random_state):
    """Yield training and test part of each outer split, as a task with fixed test rows."""
    # Fixed test rows or not, the training rows are divided.
    check_class_sizes(Task(task.name, task.X, task.y), n_outer)
    n_classes = len(np.unique(task.y))
    if max_samples < n_classes:
        raise ValueError(
            f"Got max_samples={max_samples}, but expected at least one for each of the "
            f"{n_classes} classes of the task {task.name!r}."
        )
    folds = StratifiedKFold(n_outer, shuffle=True, random_state=random_state)
    for outer, (train, test) in enumerate(folds.split(task.X, task.y)):
        if len(train) > max_samples:
            train, _ = train_test_split(
                train,
                # It refuses to leave out less than a row of each class.
                train_size=min(max_samples, len(train) - n_classes),
                stratify=rows_of(task.X, task.y, train)[1],
                random_state=random_state + outer,
            )
        X_test, y_test = task.X_test, task.y_test
        if X_test is None:
            X_test, y_test = rows_of(task.X, task.y, test)
        yield Task(f"{task.name} [{outer}]", *rows_of(task.X, task.y, train), X_test, y_test)


def _choose(inner, settings):
    """Choose the best setting of each model on each outer split, and on all of them."""
    rows = []
    for model, drawn in settings.items():
        of_model = inner[inner["model"] == model]
        for outer in (*sorted(inner["outer"].unique()), -1):
            part = of_model if outer == -1 else of_model[of_model["outer"] == outer]
            means = part.groupby("setting")["accuracy"].mean()
            number = int(means.idxmax())
            rows.append((model, int(outer), number, means.max(), drawn[number][1]))
    return pd.DataFrame(rows, columns=["model", "outer", "setting", "accuracy", "parameters"])
