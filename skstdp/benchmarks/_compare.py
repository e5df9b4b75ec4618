"""Models on the same splits of the same tasks, without and with attack."""

from collections import Counter
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils import _safe_indexing

from .._classifiers import BPClassifier, STDPClassifier
from .._displays import epsilon_label
from .._scorers import FGSMScorer
from ..datasets import Task

EPSILONS = (4 / 255, 8 / 255, 12 / 255)


class Comparison(NamedTuple):
    """What `compare` measured: two tables that come from the same fits.

    Attributes
    ----------
    scores : DataFrame
        Accuracy on the test folds after training: columns task, model, split, epsilon (0
        without attack) and accuracy, one row an attack.
    curves : DataFrame
        Accuracy during training: columns task, model, split, epoch (from 1), train_accuracy
        (over the epoch, each batch before its own update) and test_accuracy (after the epoch),
        one row an epoch.
    """

    scores: pd.DataFrame
    curves: pd.DataFrame


class _Fit(NamedTuple):
    """One network to train: what distinguishes it from all others of a comparison."""

    task: Task
    model: str
    split: int
    train: np.ndarray
    test: np.ndarray
    seed: int


def compare(
    tasks,
    *,
    estimators=None,
    epsilons=EPSILONS,
    n_splits=5,
    n_repeats=4,
    random_state=0,
    progress=None,
):
    """Cross-validate models on tasks, without and with attack.

    The comparison is paired: on each split every model trains on the same samples and with the
    same `random_state`. Features are scaled to [0, 1] by their range in the training fold, and
    values of the test fold outside it are clipped; the attack acts on these rates.

    Parameters
    ----------
    tasks : iterable of Task
        What to classify; each name once.
    estimators : dict of str to STDPClassifier or BPClassifier, default=None
        Models by name. They are cloned, and their `random_state` is set for each split. None
        compares both with their default parameters, as "STDP" and "BP".
    epsilons : sequence of float, default=(4 / 255, 8 / 255, 12 / 255)
        Sizes of the FGSM perturbation in rate units, >= 0. Zero, no attack, is always added.
    n_splits : int, default=5
        Number of folds, >= 2.
    n_repeats : int, default=4
        How often the samples are divided into folds anew, >= 1.
    random_state : int, default=0
        Draws the folds and the `random_state` of the networks, >= 0.
    progress : callable, default=None
        Takes the list of fits to do and returns an iterator over it, as `tqdm.tqdm` and
        `rich.progress.track` do. None shows nothing.

    Returns
    -------
    result : Comparison
        The data frames `scores` and `curves`.

    Raises
    ------
    ValueError
        If two tasks have the same name, a class has fewer than `n_splits` samples, a model
        stops early or a number is out of its range. All this is checked before the first fit.
    TypeError
        If a model is neither an STDPClassifier nor a BPClassifier.

    See Also
    --------
    summarise : Mean and spread of the scores.
    FGSMScorer : The attack.

    Examples
    --------
    >>> from skstdp import STDPClassifier
    >>> from skstdp.benchmarks import compare
    >>> from skstdp.datasets import load_tasks
    >>> models = {"STDP": STDPClassifier(max_iter=20)}
    >>> result = compare(load_tasks("iris")[:1], estimators=models, n_splits=2, n_repeats=1)
    >>> list(result.scores), len(result.scores)
    (['task', 'model', 'split', 'epsilon', 'accuracy'], 8)
    >>> list(result.curves), len(result.curves)
    (['task', 'model', 'split', 'epoch', 'train_accuracy', 'test_accuracy'], 40)
    """
    if estimators is None:
        estimators = {"STDP": STDPClassifier(), "BP": BPClassifier()}
    for model, estimator in estimators.items():
        if not isinstance(estimator, STDPClassifier | BPClassifier):
            raise TypeError(
                f"Got a {type(estimator).__name__} as the model {model!r}, but expected an "
                "STDPClassifier or a BPClassifier."
            )
        # It would stop at the epoch that is best on the test fold.
        if estimator.early_stopping:
            raise ValueError(
                f"Got early_stopping=True in the model {model!r}, but expected False: the data "
                "that is watched during training is the test fold."
            )
    scorers = [FGSMScorer(epsilon) for epsilon in sorted({0.0, *epsilons})]
    fits = _plan(list(tasks), estimators, n_splits, n_repeats, random_state)
    scores, curves = [], []
    for fit in fits if progress is None else progress(fits):
        accuracies, history = _train_and_attack(fit, estimators[fit.model], scorers)
        key = {"task": fit.task.name, "model": fit.model, "split": fit.split}
        scores += [
            key | {"epsilon": scorer.epsilon, "accuracy": accuracy}
            for scorer, accuracy in zip(scorers, accuracies, strict=True)
        ]
        curves.append(
            pd.DataFrame(
                key
                | {
                    "epoch": history.index,
                    "train_accuracy": history["accuracy"].to_numpy(),
                    "test_accuracy": history["validation_accuracy"].to_numpy(),
                }
            )
        )
    return Comparison(pd.DataFrame(scores), pd.concat(curves, ignore_index=True))


def check_class_sizes(task, n_splits):
    """Raise a ValueError if a class is too small for each test fold to have a sample of it.

    Parameters
    ----------
    task : Task
        Task to check.
    n_splits : int
        Number of folds.

    Raises
    ------
    ValueError
        If a class has fewer than `n_splits` samples.
    """
    label, size = min(Counter(task.y).items(), key=lambda item: item[1])
    if size < n_splits:
        raise ValueError(
            f"Got {size} sample(s) of the class {label!s} in the task {task.name!r}, but expected "
            f"at least one for each of the {n_splits} folds."
        )


def _plan(tasks, estimators, n_splits, n_repeats, random_state):
    """All fits, in the order in which to do them."""
    names = [task.name for task in tasks]
    if len(set(names)) < len(names):
        raise ValueError(f"Got tasks with the names {names}, but expected each name once.")
    folds = RepeatedStratifiedKFold(
        n_splits=n_splits, n_repeats=n_repeats, random_state=random_state
    )
    seeds = np.random.RandomState(random_state).randint(2**31 - 1, size=folds.get_n_splits())
    fits = []
    for task in tasks:
        check_class_sizes(task, n_splits)
        for split, (train, test) in enumerate(folds.split(task.X, task.y)):
            fits += [
                _Fit(task, model, split, train, test, int(seeds[split])) for model in estimators
            ]
    return fits


def _train_and_attack(fit, estimator, scorers):
    """Accuracies on the test fold, one a scorer, and the history of the training."""
    X, y = fit.task.X, fit.task.y
    scaler = MinMaxScaler(clip=True)
    X_train = scaler.fit_transform(_safe_indexing(X, fit.train))
    X_test = scaler.transform(_safe_indexing(X, fit.test))
    y_train, y_test = _safe_indexing(y, fit.train), _safe_indexing(y, fit.test)
    network = clone(estimator).set_params(random_state=fit.seed)
    network.fit(X_train, y_train, X_val=X_test, y_val=y_test)
    return [scorer(network, X_test, y_test) for scorer in scorers], network.history_


def summarise(scores):
    """Mean and spread of the accuracies over the splits.

    Parameters
    ----------
    scores : DataFrame
        The `scores` of `compare`, or rows of it.

    Returns
    -------
    summary : DataFrame
        One row for each task and model, in their order of appearance: columns task and model;
        clean_mean and clean_std; and for each attack, from weak to strong, a pair such as
        4/255_mean and 4/255_std. The spread is the standard deviation of a sample (n - 1).

    See Also
    --------
    compare : Measures the scores.

    Examples
    --------
    >>> import pandas as pd
    >>> from skstdp.benchmarks import summarise
    >>> scores = pd.DataFrame(
    ...     {
    ...         "task": "iris",
    ...         "model": "STDP",
    ...         "split": [0, 1, 0, 1],
    ...         "epsilon": [0, 0, 8 / 255, 8 / 255],
    ...         "accuracy": [1.0, 1.0, 0.5, 0.7],
    ...     }
    ... )
    >>> summarise(scores).round(3)
       task model  clean_mean  clean_std  8/255_mean  8/255_std
    0  iris  STDP         1.0        0.0         0.6      0.141
    """
    columns = {}
    for epsilon, rows in scores.groupby("epsilon"):
        attack = "clean" if epsilon == 0 else epsilon_label(epsilon)
        accuracy = rows.groupby(["task", "model"], sort=False)["accuracy"]
        columns[f"{attack}_mean"] = accuracy.mean()
        columns[f"{attack}_std"] = accuracy.std()
    return pd.DataFrame(columns).reset_index()
