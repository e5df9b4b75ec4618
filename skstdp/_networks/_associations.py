"""The fixed association of every unit with every class."""

import numpy as np

_LARGEST_FACTOR = 1e6


def n_output_units(n_classes, one_per_class):
    """Number of output units: one per class, or a single one that tells two classes apart."""
    return n_classes if one_per_class or n_classes > 2 else 1


def output_associations(n_classes, n_units, dtype):
    """Codes of the output layer: one unit for two classes, or one unit per class.

    Unit k has +1 for its own class and -1 / (n_classes - 1) for each other, so that its code
    sums to zero: with equal classes an output that is wrong on all of them gains nothing.
    """
    if n_units == 1:
        return np.array([[-1], [1]], dtype=dtype)
    return _code_of_positives(np.eye(n_classes, dtype=bool), dtype)


def hidden_associations(n_classes, n_units, dtype):
    """Codes of a hidden layer: unit j stands for class j modulo n_classes.

    With two classes half of the units have +1 and half -1 for the first class, and the
    opposite for the second, as in the paper.
    """
    return _code_of_positives(
        np.arange(n_units) % n_classes == np.arange(n_classes)[:, np.newaxis], dtype
    )


def equalising_factors(class_weights, dtype):
    """Factors on the associations with each class by which all classes weigh alike.

    The associations of a unit then add up to zero over the training samples, as its code does over
    the classes, and a rare class is not drowned by what the others tell its units.

    Parameters
    ----------
    class_weights : ndarray of shape (n_classes,)
        Sums of the weights of the samples of each class. A class without samples has the factor
        1, one of hardly any weight at most a million.
    dtype : dtype

    Returns
    -------
    factors : ndarray of shape (n_classes,)
    """
    equal = class_weights.sum() / len(class_weights)
    factors = np.ones_like(class_weights)
    seen = class_weights > 0
    factors[seen] = equal / np.maximum(class_weights[seen], equal / _LARGEST_FACTOR)
    return factors.astype(dtype)


def _code_of_positives(positive, dtype):
    n_positive = positive.sum(axis=0)
    return np.where(positive, 1, -n_positive / (len(positive) - n_positive)).astype(dtype)
