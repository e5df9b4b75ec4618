"""One setting for all tasks, chosen by nested cross-validation."""

from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from scipy.stats import loguniform
from sklearn.model_selection import ParameterSampler, StratifiedKFold, train_test_split
from sklearn.utils import _safe_indexing

from .._classifiers import BPClassifier, STDPClassifier
from ..datasets import Task
from ._compare import compare

_COMMON_SPACE = {
    "hidden_layer_sizes": [(32, 16), (100,), (100, 50)],
    "weight_init_scale": [1.0, 2.0, 4.0],
    "beta_2": [0.9, 0.99, 0.999],
    "weight_decay": [0.0, 0.0, 0.001, 0.003],
}
# What the default parameters were chosen from, for each model.
SPACES = {
    "STDP": (
        STDPClassifier(),
        _COMMON_SPACE
        | {
            "learning_rate_init": loguniform(0.1, 0.6),
            "stdp_epsilon": [1e-3, 1e-2, 3e-2, 1e-1],
            "positive_winners": [0.1, 0.15, 0.25, 0.4],
            "negative_winners": [1, 2, 4, 8, 16],
            "winner_handicap": [0.0, 0.02, 0.1],
            "quiet_start": [0.1, 0.2, 0.3, 0.5],
        },
    ),
    "BP": (
        BPClassifier(),
        _COMMON_SPACE
        | {"learning_rate_init": loguniform(0.03, 3.0), "quiet_start": [None, 0.1, 0.3, 0.5]},
    ),
}


class Selection(NamedTuple):
    """What `select_settings` found.

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
    tasks,
    *,
    spaces=None,
    n_settings=20,
    n_outer=3,
    n_inner=2,
    max_samples=4000,
    random_state=0,
    n_jobs=1,
    path=None,
    progress=None,
):
    """Choose one setting of each model for all tasks, by nested cross-validation.

    On each outer split, every setting is cross-validated within the training part of every task;
    the setting with the best mean over the tasks is chosen, trained on the whole training part
    and looked at once on the rest. All models get the same number of settings and the same folds.

    Parameters
    ----------
    tasks : iterable of Task
        What the setting must serve. Fixed test rows are the outer test rows.
    spaces : dict of str to (classifier, dict), default=None
        Models by name, and for each the lists or distributions that its parameters are drawn
        from, as for `ParameterSampler`. None takes those that the defaults were chosen from.
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
        Folder for the finished fits, from which an interrupted study goes on.
    progress : callable, default=None
        As in `compare`.

    Returns
    -------
    selection : Selection
        The data frames `inner`, `chosen` and `outer`.

    Raises
    ------
    ValueError
        As `compare` does.

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
    spaces = SPACES if spaces is None else spaces
    settings = {
        model: list(ParameterSampler(space, n_settings, random_state=random_state))
        for model, (_, space) in spaces.items()
    }
    splits = [
        _Outer(name=f"{task.name} [{outer}]", task=task.name, outer=outer, part=part)
        for task in tasks
        for outer, part in enumerate(_outer_splits(task, n_outer, max_samples, random_state))
    ]
    path = None if path is None else Path(path)
    options = {"n_jobs": n_jobs, "progress": progress, "random_state": random_state}

    candidates = {
        f"{model} {number}": _with(spaces[model][0], parameters)
        for model in spaces
        for number, parameters in enumerate(settings[model])
    }
    inner_tasks = [Task(split.name, split.part.X, split.part.y) for split in splits]
    scores, _ = compare(
        inner_tasks,
        estimators=candidates,
        scorers=(),
        curves=False,
        n_splits=n_inner,
        n_repeats=1,
        path=None if path is None else path / "inner_fits.jsonl",
        **options,
    )
    inner = _by_split(scores, splits)
    inner[["model", "setting"]] = inner["model"].str.rsplit(" ", n=1, expand=True)
    inner["setting"] = inner["setting"].astype(int)
    chosen = _choose(inner, settings)

    best = {
        (row.model, row.outer): _with(spaces[row.model][0], row.parameters)
        for row in chosen.itertuples()
    }
    outer_of = {split.name: split.outer for split in splits}
    scores, _ = compare(
        [Task(split.name, *split.part) for split in splits],
        estimators=partial(_models_of_split, list(spaces), best, outer_of),
        scorers=(),
        curves=False,
        n_seeds=1,
        path=None if path is None else path / "outer_fits.jsonl",
        **options,
    )
    outer = _by_split(scores, splits)[["model", "outer", "task", "accuracy"]]
    order = ["model", "outer", "setting", "task", "accuracy"]
    return Selection(inner[order], chosen, outer)


class _Rows(NamedTuple):
    X: object
    y: object
    X_test: object
    y_test: object


class _Outer(NamedTuple):
    name: str
    task: str
    outer: int
    part: _Rows


def _outer_splits(task, n_outer, max_samples, random_state):
    folds = StratifiedKFold(n_outer, shuffle=True, random_state=random_state)
    for outer, (train, test) in enumerate(folds.split(task.X, task.y)):
        if len(train) > max_samples:
            train, _ = train_test_split(
                train,
                train_size=max_samples,
                stratify=_safe_indexing(task.y, train),
                random_state=random_state + outer,
            )
        X, y = _safe_indexing(task.X, train), _safe_indexing(task.y, train)
        if task.X_test is None:
            yield _Rows(X, y, _safe_indexing(task.X, test), _safe_indexing(task.y, test))
        else:
            yield _Rows(X, y, task.X_test, task.y_test)


def _with(classifier, parameters):
    return type(classifier)(**classifier.get_params() | parameters)


def _by_split(scores, splits):
    """Mean accuracy of each model on each outer split of each task."""
    means = scores.groupby(["task", "model"], sort=False)["accuracy"].mean().reset_index()
    names = pd.DataFrame([(split.name, split.task, split.outer) for split in splits])
    names.columns = ["name", "task", "outer"]
    return means.rename(columns={"task": "name"}).merge(names, on="name").drop(columns="name")


def _choose(inner, settings):
    rows = []
    for model in settings:
        of_model = inner[inner["model"] == model]
        for outer in (*sorted(inner["outer"].unique()), -1):
            part = of_model if outer == -1 else of_model[of_model["outer"] == outer]
            means = part.groupby("setting")["accuracy"].mean()
            setting = int(means.idxmax())
            rows.append((model, int(outer), setting, means.max(), settings[model][setting]))
    return pd.DataFrame(rows, columns=["model", "outer", "setting", "accuracy", "parameters"])


def _models_of_split(models, best, outer_of, task):
    return {model: best[model, outer_of[task.name]] for model in models}
