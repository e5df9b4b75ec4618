"""Measures of predictions, by name, and the bins of a calibration curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import brier_score_loss, log_loss

from .._utils._validation import nearest

if TYPE_CHECKING:
    from collections.abc import Callable

# Of a calibration curve and its error.
N_BINS = 10


class Measure(NamedTuple):
    """How well predictions agree with the labels.

    The function takes true labels, predicted labels, the outputs of the model, of shape
    (n_samples, n_classes), and its classes, in the order of the outputs.
    """

    label: str
    greater_is_better: bool
    # What it reads of a model: "labels", "scores" (probabilities or values of the decision
    # function) or "probabilities".
    needs: str
    function: Callable


# Small fits take milliseconds: what is a line here costs less than a call of scikit-learn.
def _accuracy(y_true, y_pred, outputs, classes):
    return np.mean(y_true == y_pred)


def _balanced_accuracy(y_true, y_pred, outputs, classes):
    """Mean recall of the classes that the rows hold."""
    right = y_true == y_pred
    return np.mean([right[y_true == label].mean() for label in set(y_true.tolist())])


def _roc_auc(y_true, y_pred, outputs, classes):
    """One class against the rest, averaged over the classes that the rows hold.

    The area is the share of pairs, one row of the class and one of the rest, in which the output
    of the former is higher. All classes are ranked at once, where `roc_auc_score` of each takes
    longer than a small fit, and refuses values of a decision function for several classes.
    """
    belongs = np.asarray(y_true)[:, np.newaxis] == np.asarray(classes)
    n_in = belongs.sum(axis=0)
    n_out = len(belongs) - n_in
    defined = (n_in > 0) & (n_out > 0)
    if len(classes) == 2:
        # One area: the other is the same but for rounding.
        defined[0] = False
    if not defined.any():
        raise ValueError("The test rows hold one class.")
    ranks = np.where(belongs, rankdata(outputs, axis=0), 0).sum(axis=0)
    n_higher = ranks - n_in * (n_in + 1) / 2
    return float(np.mean(n_higher[defined] / (n_in * n_out)[defined]))


def _log_loss(y_true, y_pred, outputs, classes):
    return log_loss(y_true, outputs, labels=classes)


def _brier(y_true, y_pred, outputs, classes):
    return brier_score_loss(y_true, outputs, labels=classes)


def _calibration_error(y_true, y_pred, outputs, classes):
    return calibration_error(calibration_bins(y_true, y_pred, outputs, classes))


#: By name, in the order of the columns of a comparison.
MEASURES = {
    "accuracy": Measure("Accuracy", True, "labels", _accuracy),
    "balanced_accuracy": Measure("Balanced accuracy", True, "labels", _balanced_accuracy),
    "roc_auc": Measure("Area under the ROC curve", True, "scores", _roc_auc),
    "log_loss": Measure("Log loss", False, "probabilities", _log_loss),
    "brier": Measure("Brier score", False, "probabilities", _brier),
    "calibration_error": Measure("Calibration error", False, "probabilities", _calibration_error),
}


def checked_measures(measures):
    """Return the names of measures, "accuracy" first; None stands for all."""
    names = MEASURES if measures is None else [measures] if isinstance(measures, str) else measures
    for name in names:
        if name not in MEASURES:
            raise ValueError(
                f"Got measures={name!r}, but expected names among {', '.join(MEASURES)}."
                f"{nearest(name, MEASURES)}"
            )
    return [name for name in MEASURES if name == "accuracy" or name in names]


def calibration_bins(y_true, y_pred, probabilities, classes):
    """Count rows, and average confidence and accuracy, by bins of the confidence.

    The confidence of a prediction is the probability of the predicted class. Bin b holds those in
    (b / 10, (b + 1) / 10]; the means of an empty bin are not numbers.

    Returns
    -------
    bins : list of (int, float, float)
        Number of rows, mean confidence and accuracy of each of the 10 bins.
    """
    column = {label: index for index, label in enumerate(classes)}
    columns = np.array([column[label] for label in y_pred], int)
    confidence = np.asarray(probabilities, float)[np.arange(len(columns)), columns]
    number = np.searchsorted(np.linspace(0, 1, N_BINS + 1)[1:-1], confidence)
    n_rows = np.bincount(number, minlength=N_BINS)
    with np.errstate(invalid="ignore"):
        means = [
            np.bincount(number, weights=values, minlength=N_BINS) / n_rows
            for values in (confidence, np.asarray(y_pred == y_true, float))
        ]
    return [
        (int(n), float(mean), float(right)) for n, mean, right in zip(n_rows, *means, strict=True)
    ]


def calibration_error(bins):
    """Expected calibration error: mean distance of confidence and accuracy, weighted by rows."""
    n_rows, confidence, accuracy = np.transpose([row for row in bins if row[0]])
    return float(np.abs(confidence - accuracy) @ n_rows / n_rows.sum())
