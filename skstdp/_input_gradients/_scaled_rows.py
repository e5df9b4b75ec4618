"""Gradients whose rows may be of any size, however small.

A saturated unit has a slope of exp(-1000), which no float holds; whoever multiplies by it gets a
gradient of zero, and an attack that follows it reports a robustness that is not there. So each
row carries the logarithm of its scale, and sums over the members of an ensemble stay right.
"""

from typing import NamedTuple

import numpy as np


class ScaledRows(NamedTuple):
    """A matrix whose rows are those of `values`, each times `exp(log_scale)`.

    Attributes
    ----------
    values : ndarray of shape (n_samples, n_columns)
    log_scale : ndarray of shape (n_samples,)
    """

    values: np.ndarray
    log_scale: np.ndarray

    @classmethod
    def of(cls, values):
        """Rows as they are."""
        return cls(values, np.zeros(len(values)))

    def through(self, linear):
        """The rows after a linear map, a function of their values."""
        return ScaledRows(linear(self.values), self.log_scale)

    def normalised(self):
        """Equal rows whose values have a largest entry of one. Zero rows stay zero."""
        peak = np.abs(self.values).max(axis=1, initial=0)
        peak[peak == 0] = 1
        return ScaledRows(self.values / peak[:, np.newaxis], self.log_scale + np.log(peak))

    def times_exp(self, log_factor):
        """Each entry times the exponential of another, which need not be a float itself."""
        with np.errstate(divide="ignore"):
            magnitude = np.log(np.abs(self.values)) + log_factor
        largest = magnitude.max(axis=1, keepdims=True)
        largest[np.isneginf(largest)] = 0
        values = np.sign(self.values) * np.exp(magnitude - largest)
        return ScaledRows(values, self.log_scale + largest[:, 0])

    def dense(self):
        """The matrix itself, where entries may round to zero."""
        return self.values * np.exp(self.log_scale)[:, np.newaxis]


def pull_by(linear):
    """Pullback that takes the values of a cotangent through a linear map."""
    return lambda cotangent: cotangent.through(linear)


def chain(*pullbacks):
    """Pullback of functions that are applied in this order: theirs, the last one first."""

    def pull(cotangent):
        for pullback in reversed(pullbacks):
            cotangent = pullback(cotangent)
        return cotangent

    return pull


def add_rows(parts):
    """Sum of a list of ScaledRows of one shape."""
    parts = [part.normalised() for part in parts]
    scales = [np.where(part.values.any(axis=1), part.log_scale, -np.inf) for part in parts]
    largest = np.max(scales, axis=0)
    largest[np.isneginf(largest)] = 0
    total = sum(
        part.values * np.exp(scale - largest)[:, np.newaxis]
        for part, scale in zip(parts, scales, strict=True)
    )
    return ScaledRows(total, largest)
