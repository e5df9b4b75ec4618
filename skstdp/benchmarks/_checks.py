"""Checks of the tasks and models of an experiment, before any work."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from numbers import Integral
from pathlib import Path
from reprlib import repr as shortened

from sklearn.base import BaseEstimator, is_classifier

from .._networks._base import NetworkClassifier
from .._utils._validation import check_different
from ..datasets._load_table import load_table
from ..datasets._tasks import COLLECTIONS, Task, load_tasks


def check_integers(minimum, **values):
    """Raise a ValueError unless each parameter is an integer of at least this."""
    for name, value in values.items():
        if not isinstance(value, Integral) or value < minimum:
            raise ValueError(f"Got {name}={value!r}, but expected an integer >= {minimum}.")


def checked_tasks(tasks, *, fixed=False):
    """Return a list of the tasks of an experiment.

    Raises a TypeError if these are no tasks, and a ValueError if there are none, two have the
    same name, or one has no fixed test rows though `fixed` asks for them.
    """
    tasks = [tasks] if isinstance(tasks, Task) else list(tasks)
    for task in tasks:
        _check_task(task)
    if not tasks:
        raise ValueError("Got no tasks, but expected at least one.")
    names = [task.name for task in tasks]
    check_different(names, "among the tasks", "Give each task once, and files different names")
    for task in tasks:
        if fixed and task.X_test is None:
            raise ValueError(f"Got the task {task.name!r}, but expected one with fixed test rows.")
    return tasks


def task_loaders(tasks):
    """Return a list of functions, each of which returns one task of an experiment.

    Takes tasks, names of collections, paths and names of tables as `load_table` does, and
    functions without argument that return a task.
    """
    # The items of a data frame would be the names of its columns.
    alone = isinstance(tasks, Task | str | Path) or callable(tasks) or hasattr(tasks, "columns")
    alone = alone or not isinstance(tasks, Iterable)
    loaders = []
    for task in [tasks] if alone else list(tasks):
        if isinstance(task, str) and task in COLLECTIONS:
            loaders += [partial(_check_task, of_collection) for of_collection in load_tasks(task)]
        elif isinstance(task, str | Path):
            loaders.append(partial(load_table, task))
        elif callable(task):
            loaders.append(partial(_loaded, task))
        else:
            loaders.append(partial(_check_task, task))
            loaders[-1]()
    if not loaders:
        raise ValueError("Got no tasks, but expected at least one.")
    return loaders


def _loaded(load):
    return _check_task(load())


def _check_task(task):
    if not isinstance(task, Task):
        given = "a data frame" if hasattr(task, "columns") else shortened(task)
        raise TypeError(
            f"Got {given} among the tasks, but expected a Task. load_table makes one of a file or "
            "a data frame."
        )
    return task


def check_class_sizes(task, n_splits):
    """Raise a ValueError if a class is too small for each test fold to have a sample of it.

    A task with fixed test rows has no folds.
    """
    if task.X_test is not None:
        return
    label, size = min(Counter(task.y).items(), key=lambda item: item[1])
    if size < n_splits:
        remedy = "Take fewer folds, n_splits or --splits, or leave the rows of the class out."
        if size == 1:
            remedy = "Leave its row out, join it with another class, or choose another target."
        raise ValueError(
            f"Got {size} sample(s) of the class {label!s} in the task {task.name!r}, but expected "
            f"at least one for each of the {n_splits} folds. {remedy}"
        )


def check_models(estimators):
    """Raise an error unless models, by name, are classifiers, none of which stops early."""
    if not isinstance(estimators, Mapping):
        raise TypeError(
            f"Got estimators={shortened(estimators)}, but expected a dict of classifiers by name, "
            'such as {"STDP": STDPClassifier()}, a list of models, such as ["stdp", "forest"], or '
            "a function of a task that returns one or the other."
        )
    if not estimators:
        raise ValueError("Got no estimators, but expected at least one.")
    for model, estimator in estimators.items():
        if not isinstance(estimator, BaseEstimator) or not is_classifier(estimator):
            raise TypeError(
                f"Got a {type(estimator).__name__} as the model {model!r}, but expected a "
                "classifier."
            )
        # It would stop at the epoch that is best on the test rows.
        if isinstance(estimator, NetworkClassifier) and estimator.early_stopping:
            raise ValueError(
                f"Got early_stopping=True in the model {model!r}, but expected False: the data "
                "that is watched during training are the test rows."
            )
