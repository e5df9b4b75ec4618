"""Training and measuring one model on one split."""

from __future__ import annotations

import warnings
from collections import Counter
from contextlib import contextmanager
from functools import cache
from time import perf_counter
from typing import NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning, DataConversionWarning
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils import _safe_indexing

from .._networks._base import NetworkClassifier
from .._robustness._scorers import ConstantPredictionWarning, is_constant
from .._utils._threads import one_thread
from .._utils._validation import plain_labels
from ..datasets._tasks import Task
from ._measures import MEASURES, calibration_bins

# Why a measure is missing, by what it needs.
_LACKS = {
    "probabilities": "The model has no predict_proba.",
    "scores": "The model has no output for each class: no predict_proba or decision_function.",
}

# Parameters with a loop of their own for each value.
_LOOPS = ("feedback", "rule")

# The columns say it, and the number of epochs is one of the settings that are compared.
_SILENT = (ConvergenceWarning, ConstantPredictionWarning, DataConversionWarning)


class Fit(NamedTuple):
    """One model to train, on one split of one task."""

    task: Task
    model: str
    split: int
    # Not fitted; shared by the fits that differ in the seed alone.
    estimator: BaseEstimator
    seed: int
    # Rows of the task, or None where the test rows are fixed.
    train: np.ndarray | None
    test: np.ndarray | None
    # Scorers by name and size of the attack.
    attacks: dict


class Rows(NamedTuple):
    """Rates and labels to train and to test on."""

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def seeded(estimator, seed):
    """Clone a model, and seed it and the steps within it."""
    names = [name for name in estimator.get_params() if name.split("__")[-1] == "random_state"]
    return clone(estimator).set_params(**dict.fromkeys(names, seed))


def rows_of(X, y, rows):
    """Return some rows of arrays or data frames."""
    return _safe_indexing(X, rows), _safe_indexing(y, rows)


def rates_and_labels(task, train, test):
    """Return the Rows of a split, scaled to [0, 1] by what the training rows hold."""
    if task.X_test is None:
        X_train, y_train = rows_of(task.X, task.y, train)
        X_test, y_test = rows_of(task.X, task.y, test)
    else:
        X_train, y_train, X_test, y_test = task.X, task.y, task.X_test, task.y_test
    labels = [np.asarray(plain_labels(y)) for y in (y_train, y_test)]
    if task.preparation is not None:
        preparation = clone(task.preparation)
        X_train = _dense(preparation.fit_transform(X_train, labels[0]))
        X_test = _dense(preparation.transform(X_test))
    # Images need no copy.
    is_fixed = task.X_test is not None and task.preparation is None
    if not is_fixed or any(np.min(X) < 0 or np.max(X) > 1 for X in (X_train, X_test)):
        scaler = MinMaxScaler(clip=True)
        X_train, X_test = scaler.fit_transform(X_train), scaler.transform(X_test)
    return Rows(X_train, labels[0], X_test, labels[1])


def _dense(X):
    return X.toarray() if issparse(X) else X


def train_and_measure(rows, fit, with_curves):
    """Train a model, and return the record of its measurements, which JSON can hold.

    Parameters
    ----------
    rows : Rows or str
        The split; or the reason for which there are no rates.
    fit : Fit
        With the name of the task in its place.
    with_curves : bool
        Measure the accuracy on the test rows after each epoch.
    """
    record = {
        "task": fit.task,
        "model": fit.model,
        "split": fit.split,
        "measures": {},
        "attacks": [],
        "missing": [],
        "warnings": [],
        "curves": None,
        "settings": None,
        "calibration": [],
        "one_class": False,
    }
    if isinstance(rows, str):
        return _failed(record, rows)
    class_sizes = Counter(rows.y_test.tolist())
    record["majority"] = max(class_sizes.values()) / len(rows.y_test)
    record["n_train"], record["n_test"] = len(rows.y_train), len(rows.y_test)
    # The plan keeps its models untrained: a fitted one for each fit would fill the memory.
    model = seeded(fit.estimator, fit.seed)
    # The result must not depend on the number of processes, which share the cores.
    with one_thread():
        try:
            with _warnings_kept(record, "none", 0.0):
                _warm_up(model, rows.X_train)
                predicted = _train(model, rows, record, with_curves)
        except Exception as error:
            return _failed(record, _reason(error))
        record["one_class"] = len(class_sizes) > 1 and is_constant(predicted)
        with _warnings_kept(record, "none", 0.0):
            _measure(model, rows, predicted, record)
        for (attack, epsilon), scorer in fit.attacks.items():
            start = perf_counter()
            try:
                with _warnings_kept(record, attack, epsilon):
                    score = float(scorer(model, rows.X_test, rows.y_test))
            except Exception as error:
                record["missing"].append((attack, epsilon, "accuracy", _reason(error)))
            else:
                record["attacks"].append((attack, epsilon, score, perf_counter() - start))
    return record


@contextmanager
def _warnings_kept(record, attack, epsilon):
    """Keep warnings for those who see all fits: other processes would print each of them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        for category in _SILENT:
            warnings.simplefilter("ignore", category)
        yield
    for warning in caught:
        text = " ".join(str(warning.message).split())
        record["warnings"].append((attack, epsilon, warning.category.__name__, text))


def is_failure(record):
    """Determine whether the fit of a record failed."""
    return any(measure == "fit" for *_, measure, _ in record["missing"])


def _failed(record, reason):
    record["missing"] = [("none", 0.0, "fit", reason)]
    return record


def _reason(error):
    """What an error says, on one line; its type where it does not speak of the model or data."""
    text = " ".join(str(error).split())
    return text if isinstance(error, TypeError | ValueError) else f"{type(error).__name__}: {text}"


def _train(model, rows, record, with_curves):
    """Fit a model, record times, curves and settings, and return its predictions."""
    curves = with_curves and isinstance(model, NetworkClassifier)
    watched = {"X_val": rows.X_test, "y_val": rows.y_test} if curves else {}
    start = perf_counter()
    model.fit(rows.X_train, rows.y_train, **watched)
    fitted = perf_counter()
    predicted = np.asarray(model.predict(rows.X_test))
    record["predict_time"] = perf_counter() - fitted
    record["fit_time"] = fitted - start
    if curves:
        # What is watched here is no part of the training.
        record["fit_time"] -= model._validation_time
        record["curves"] = {
            "train_accuracy": [float(accuracy) for accuracy in model.accuracy_curve_],
            "test_accuracy": [float(accuracy) for accuracy in model.validation_scores_],
        }
    if hasattr(model, "best_params_"):
        parameters = {name: _plain(value) for name, value in model.best_params_.items()}
        inner = float(getattr(model, "best_score_", np.nan))
        record["settings"] = {"parameters": parameters, "inner_score": inner}
    return predicted


def _measure(model, rows, predicted, record):
    """Record all measures without attack, or why there are none."""
    classes = np.asarray(getattr(model, "classes_", np.unique(rows.y_train)))
    try:
        outputs = _outputs(model, rows.X_test, len(classes))
    except Exception as error:
        outputs, lacks = {}, dict.fromkeys(_LACKS, _reason(error))
    else:
        lacks = _LACKS
    for name, measure in MEASURES.items():
        value, reason = None, lacks.get(measure.needs)
        if measure.needs == "labels" or measure.needs in outputs:
            output = outputs.get(measure.needs)
            try:
                value = float(measure.function(rows.y_test, predicted, output, classes))
            except (TypeError, ValueError) as error:
                reason = _reason(error)
        record["measures"][name] = value
        if value is None:
            record["missing"].append(("none", 0.0, name, reason))
    if record["measures"]["calibration_error"] is not None:
        probabilities = outputs["probabilities"]
        record["calibration"] = calibration_bins(rows.y_test, predicted, probabilities, classes)


def _outputs(model, X, n_classes):
    """Outputs of a model, one column per class, by what they are."""
    if hasattr(model, "predict_proba"):
        outputs = np.asarray(model.predict_proba(X))
        if not np.isfinite(outputs).all():
            raise ValueError("The model predicts probabilities that are not finite.")
        return {"probabilities": outputs, "scores": outputs}
    if not hasattr(model, "decision_function"):
        return {}
    outputs = np.asarray(model.decision_function(X))
    if outputs.ndim == 1:
        outputs = np.column_stack([-outputs, outputs])
    # Of three classes there are as many pairs.
    of_pairs = any(
        name.split("__")[-1] == "decision_function_shape" and value == "ovo"
        for name, value in model.get_params().items()
    )
    return {} if of_pairs or outputs.shape[1] != n_classes else {"scores": outputs}


def _plain(value):
    """A parameter as JSON can hold it."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | None) else repr(value)


def _warm_up(model, X):
    """Compile or load the loops of the networks within a model, so that no fit is timed with it.

    Before anything is drawn: the result is the same.
    """
    for part in (model, *model.get_params().values()):
        if isinstance(part, NetworkClassifier):
            params = part.get_params()
            _compile(type(part), X.dtype, *((key, params[key]) for key in _LOOPS if key in params))


@cache
def _compile(network_class, dtype, *chosen):
    X = np.eye(2, dtype=dtype)
    # One step, of which `fit` would say that nothing is learnt by it.
    network = network_class(2, **dict(chosen)).partial_fit(X, [0, 1], classes=[0, 1])
    network._margin_and_gradient(X, np.array([0, 1]))
