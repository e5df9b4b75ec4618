"""Training and measuring models: fits on one split each, resumed from a folder."""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from contextlib import closing
from typing import NamedTuple

import joblib
import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils import _safe_indexing

from .._networks._base import NetworkClassifier
from .._robustness._scorers import ConstantPredictionWarning, epsilon_label, is_constant
from .._utils._version import __version__
from ..datasets._tasks import Task
from ._results import read_result, result_files, write_result

# Measured once per fit, in columns of these names.
_OF_A_FIT = ("one_class", "majority")


class Fit(NamedTuple):
    """One model to train, on one split of one task."""

    task: Task
    model: str
    split: int
    estimator: BaseEstimator
    # Rows of the task, or None where the test rows are fixed.
    train: np.ndarray | None
    test: np.ndarray | None
    # Scorers by name and size of the attack.
    attacks: dict


def seeded(estimator, seed):
    """Clone a model, and seed it and the steps within it."""
    names = [name for name in estimator.get_params() if name.split("__")[-1] == "random_state"]
    return clone(estimator).set_params(**dict.fromkeys(names, seed))


def run_fits(fits, *, curves, n_jobs, path, progress, verbose, fresh=False):
    """Do the fits that are not in the folder at `path`, and return tables of all.

    Parameters
    ----------
    fits : list of Fit
        In the order in which to do them.
    curves, n_jobs, path, progress, verbose, fresh
        As in `compare`.

    Returns
    -------
    scores, curves : DataFrames
        As in `Comparison`.
    """
    records, files = [None] * len(fits), []
    if path is not None:
        files = result_files(path, fits, (__version__, curves, _OF_A_FIT))
        if fresh:
            for file in files:
                file.unlink(missing_ok=True)
        records = [read_result(file) for file in files]
    missing = [index for index, record in enumerate(records) if record is None]
    if verbose and len(missing) < len(fits):
        print(
            f"resumed: {len(fits) - len(missing)} of {len(fits)} fits were there", file=sys.stderr
        )
    with closing(_run(fits, missing, curves, n_jobs, progress)) as done:
        for index, record in done:
            records[index] = record
            if files:
                write_result(files[index], record)
    return _tables(records)


def _run(fits, missing, curves, n_jobs, progress):
    """Yield the number and the record of each missing fit as soon as it is done."""
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    train = joblib.delayed(_train_and_attack)
    done = parallel(train(index, fits[index], curves) for index in missing)
    try:
        to_do = [fits[index] for index in missing]
        shown = iter(to_do if progress is None else progress(to_do))
        for _, finished in zip(shown, done, strict=False):
            yield finished
        # The generator has an end of its own, without which joblib takes it for abandoned.
        next(done, None)
    finally:
        # Ends the other processes after an interrupt, of which joblib would warn.
        with warnings.catch_warnings(action="ignore"):
            done.close()


def _train_and_attack(index, fit, with_curves):
    """Train one model; return its number among the fits, and the record of its measurements."""
    X_train, y_train, X_test, y_test = _rates_and_labels(fit)
    # The plan keeps its models untrained: a fitted one for each fit would fill the memory.
    model = clone(fit.estimator)
    curves = None
    with warnings.catch_warnings():
        # The column one_class says what is constant, and the number of epochs is of a setting.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", ConstantPredictionWarning)
        if with_curves and isinstance(model, NetworkClassifier):
            model.fit(X_train, y_train, X_val=X_test, y_val=y_test)
            curves = {
                "train_accuracy": [float(accuracy) for accuracy in model.accuracy_curve_],
                "test_accuracy": [float(accuracy) for accuracy in model.validation_scores_],
            }
        else:
            model.fit(X_train, y_train)
        predicted = model.predict(X_test)
        scores, refusals = [("none", 0.0, float(accuracy_score(y_test, predicted)))], []
        for (attack, epsilon), scorer in fit.attacks.items():
            try:
                scores.append((attack, epsilon, float(scorer(model, X_test, y_test))))
            except (TypeError, ValueError) as error:
                if isinstance(model, NetworkClassifier):
                    raise
                refusals.append((attack, epsilon, str(error)))
    class_sizes = list(Counter(y_test).values())
    record = {
        "task": fit.task.name,
        "model": fit.model,
        "split": fit.split,
        "scores": scores,
        "curves": curves,
        "refusals": refusals,
        "one_class": len(class_sizes) > 1 and is_constant(predicted),
        "majority": max(class_sizes) / sum(class_sizes),
    }
    return index, record


def _warn_of_refusals(records):
    """Warn once per model that has no accuracy under some attacks, with the reason."""
    for model in dict.fromkeys(record["model"] for record in records if record["refusals"]):
        of_model = (record["refusals"] for record in records if record["model"] == model)
        refusals = [refusal for of_fit in of_model for refusal in of_fit]
        attacks = dict.fromkeys(f"{attack} {epsilon_label(size)}" for attack, size, _ in refusals)
        warnings.warn(
            f"Got the model {model!r}, which cannot be attacked by {', '.join(attacks)}: it has "
            f"no accuracy under attack in {len(refusals)} places. {refusals[0][2]}",
            UserWarning,
            stacklevel=5,
        )


def rows_of(X, y, rows):
    """Return some rows of arrays or data frames."""
    return _safe_indexing(X, rows), _safe_indexing(y, rows)


def _rates_and_labels(fit):
    """Return rows to train and to test on, scaled to [0, 1]."""
    task = fit.task
    if task.X_test is None:
        X_train, y_train = rows_of(task.X, task.y, fit.train)
        X_test, y_test = rows_of(task.X, task.y, fit.test)
    else:
        X_train, y_train, X_test, y_test = task.X, task.y, task.X_test, task.y_test
        # Images need no copy.
        if all(np.min(X) >= 0 and np.max(X) <= 1 for X in (X_train, X_test)):
            return X_train, y_train, X_test, y_test
    scaler = MinMaxScaler(clip=True)
    return scaler.fit_transform(X_train), y_train, scaler.transform(X_test), y_test


def _tables(records):
    _warn_of_refusals(records)
    scores, curves = [], []
    for record in records:
        labels = {name: record[name] for name in ("task", "model", "split")}
        scores += [
            labels
            | {"attack": attack, "epsilon": epsilon, "accuracy": accuracy}
            | {name: record[name] for name in _OF_A_FIT}
            for attack, epsilon, accuracy in record["scores"]
        ]
        if record["curves"] is not None:
            epochs = range(1, 1 + len(record["curves"]["train_accuracy"]))
            curves.append(pd.DataFrame(labels | {"epoch": epochs} | record["curves"]))
    if not curves:
        columns = ["task", "model", "split", "epoch", "train_accuracy", "test_accuracy"]
        curves = [pd.DataFrame(columns=columns)]
    return pd.DataFrame(scores), pd.concat(curves, ignore_index=True)
