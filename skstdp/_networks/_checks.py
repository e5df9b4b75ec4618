"""Checks of X, y, weights and classes, before any work, in words that name the argument."""

from numbers import Integral

import numpy as np
from sklearn.utils import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, validate_data

from .._utils._validation import (
    class_indices,
    naming,
    naming_columns,
    plain_labels,
    refuse_equal_names,
    refuse_lazy,
)

LABELS = "class labels, all whole numbers or all text"


def both_or_neither(X_val, y_val):
    """Pair of validation data and their labels, or None if there are none."""
    if (X_val is None) != (y_val is None):
        raise ValueError("Got only one of X_val and y_val, but expected both or neither.")
    return None if X_val is None else (X_val, y_val)


def hidden_layer_sizes(network):
    """The parameter as a list of positive integers."""
    given = network.hidden_layer_sizes
    sizes = [given] if isinstance(given, Integral) else list(given)
    if any(isinstance(n, bool) or not isinstance(n, Integral) or n < 1 for n in sizes):
        raise ValueError(
            f"Got hidden_layer_sizes={given!r}, but expected positive integers, one per hidden "
            "layer."
        )
    return sizes


def validated_array(estimator, X, *y, reset, accept_sparse="csr"):
    """List of X as a C-contiguous array or a CSR matrix of floats, and of labels if any."""
    refuse_lazy(X)
    refuse_equal_names(X)
    # Sums of huge values, by which scikit-learn looks for NaN, overflow.
    with naming_columns(X), np.errstate(over="ignore", invalid="ignore"):
        checked = validate_data(
            estimator,
            X,
            *map(plain_labels, y),
            accept_sparse=accept_sparse,
            dtype=[np.float64, np.float32],
            order="C",
            reset=reset,
        )
    return list(checked) if y else [checked]


def validated_training_data(network, rows, y, sample_weight, reset):
    """Checked rows, labels and weights, without samples of weight zero.

    Such a sample must be the same as no sample, for the encoder too. `reset` is false for a
    network that is trained further.
    """
    sizes = hidden_layer_sizes(network)
    if not reset and sizes != [len(intercept) for intercept in network.intercepts_[:-1]]:
        raise ValueError(
            f"Got hidden_layer_sizes={network.hidden_layer_sizes!r}, but expected those of the "
            "network that is trained further."
        )
    X, y = rows.validated(network, y, reset=reset)
    with naming("y", LABELS):
        check_classification_targets(y)
        np.unique(y)
    if sample_weight is None:
        return X, y, np.ones(len(X))
    with naming("sample_weight", "finite numbers >= 0, one per sample"):
        sample_weight = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True
        )
    counts = sample_weight > 0
    if counts.all():
        return X, y, sample_weight
    return X[counts], y[counts], sample_weight[counts]


def check_two_classes(classes):
    """Raise where there is one class alone."""
    if len(classes) < 2:
        raise ValueError(
            f"Got samples of {len(classes)} class, {classes}, but expected at least 2 classes."
        )


def indices_and_weights(network, y, sample_weight):
    """Class index of each sample, and weights that include those of the classes.

    The largest weight is 1: only ratios count, and sums of huge or tiny weights would leave the
    range of the dtype.
    """
    indices = class_indices(y, network.classes_)
    sample_weight = sample_weight / sample_weight.max()
    if network.class_weight is None:
        return indices, sample_weight
    with naming("class_weight", "finite numbers >= 0 by label"):
        class_weight = compute_class_weight(
            network.class_weight, classes=network.classes_, y=y, sample_weight=sample_weight
        )
    if not (np.isfinite(class_weight).all() and (class_weight >= 0).all()):
        raise ValueError(
            f"Got class_weight={network.class_weight!r}, but expected finite weights >= 0."
        )
    of_sample = class_weight[indices]
    sample_weight *= of_sample / max(of_sample.max(), np.finfo(float).tiny)
    if not sample_weight.any():
        raise ValueError(
            f"Got class_weight={network.class_weight!r}, but expected a positive weight for "
            "one of the classes in y."
        )
    return indices, sample_weight / sample_weight.max()
