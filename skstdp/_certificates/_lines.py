"""Lines below and above the activation function of a unit, over the interval of its drive.

    slope * z + offset  <=  activation(z)        low <= z <= high

A line is a tangent at a point that can be chosen within a range, or else the chord between the
ends of the interval. For the logistic function, which is convex below zero and concave above, a
tangent at t < 0 is below all of it up to some point; where the interval ends beyond that for all
t, the chord is below. What is above it mirrors what is below: s(-z) = 1 - s(z). For the positive
part a "tangent" in the kink is any line through it of slope t from 0 to 1.

Arrays of lines below and above are stacked in this order: their shape is (2, n_rows, n_units).
"""

from copy import copy

import numpy as np
from scipy.special import expit

from ._layers import Logistic, Relu
from ._reach import Tables

_N_BISECTIONS = 24
# Of an interval, to see what a move of its ends is worth.
_SMALL_SHARE = 0.1


def _logistic_tangent(point):
    z = expit(point)
    slope = z * expit(-point)
    return slope, z - slope * point


def _logistic_ranges(low, high):
    below = low, np.minimum(high, _last_tangent(high))
    above = np.maximum(low, -_last_tangent(-low)), high
    return np.stack([below, above], axis=1)


def _last_tangent(high):
    """The last point below zero whose tangent is below the logistic function up to `high`.

    It is between -high and 0, and errors are to the safe side.
    """
    first, last, value = -np.maximum(high, 0), np.zeros_like(high), expit(high)
    for _ in range(_N_BISECTIONS):
        middle = (first + last) / 2
        slope, offset = _logistic_tangent(middle)
        safe = slope * high + offset <= value
        first, last = np.where(safe, middle, first), np.where(safe, last, middle)
    # Below zero the function is convex, and above all its tangents.
    return np.where(high > 0, first, high)


def _kink_tangent(slope):
    return slope, np.zeros_like(slope)


def _relu_ranges(low, high):
    first = np.where(low >= 0, 1.0, 0.0)
    last = np.where(high > 0, 1.0, 0.0)
    # Above a kink there is the chord alone.
    kinked = first < last
    return np.stack(
        [
            np.stack([first, np.where(kinked, 2.0, first)]),
            np.stack([last, np.where(kinked, 1.0, last)]),
        ]
    )


# Slope and offset of a tangent; the first and the last one, each of shape (2, n_rows, n_units), in
# the wrong order where there is none; the one to begin with; the one that is best for a drive.
_TANGENTS = {
    Logistic: (_logistic_tangent, _logistic_ranges, lambda low, high: (low + high) / 2, np.copy),
    Relu: (
        _kink_tangent,
        _relu_ranges,
        lambda low, high: (high > -low) * 1.0,
        lambda drives: (drives > 0) * 1.0,
    ),
}


class _Intervals:
    """The intervals of the drives of a layer, and what multipliers make of them."""

    def highest(self, multipliers):
        """Largest values of sums of drives times multipliers, of shape (n_rows, n_terms)."""
        low, high = self.low[:, np.newaxis], self.high[:, np.newaxis]
        return np.maximum(multipliers * low, multipliers * high).sum(axis=2)

    def outside(self, drives, multipliers):
        """Slopes of bounds by the multipliers: how far drives are beyond the ends of intervals."""
        low, high = self.low[:, np.newaxis], self.high[:, np.newaxis]
        end = np.where(multipliers > 0, high, np.where(multipliers < 0, low, drives))
        return drives - np.clip(end, low, high)


class Lines(_Intervals):
    """Lines below and above all units of a layer.

    Parameters
    ----------
    activation : Logistic or Relu
    low, high : ndarray of shape (n_rows, n_units)
        Ends of the interval of each drive.

    Attributes
    ----------
    tangents : ndarray of shape (n_rows, n_units)
        Tangents to begin with.
    best_tangents : callable
        The tangents that are closest to the function at given drives.
    """

    def __init__(self, activation, low, high):
        self._activation, self.low, self.high = activation, low, high
        self._tangent, ranges, first_choice, self.best_tangents = _TANGENTS[type(activation)]
        self._first, self._last = ranges(low, high)
        self._touches = self._first <= self._last
        start, end = activation.interval(low, high)
        width = high - low
        slope = np.divide(end - start, width, out=np.zeros_like(width), where=width > 0)
        self._chord_slope = slope
        # Rounding may make a difference between the two ends.
        at_ends = np.stack([start - slope * low, end - slope * high])
        self._chord_offset = np.stack([at_ends.min(axis=0), at_ends.max(axis=0)])
        self.tangents = first_choice(low, high)

    def select(self, kept):
        """The lines of some of the rows."""
        lines = copy(self)
        for name in ("low", "high", "tangents", "_chord_slope"):
            setattr(lines, name, getattr(self, name)[kept])
        for name in ("_first", "_last", "_touches", "_chord_offset"):
            setattr(lines, name, getattr(self, name)[:, kept])
        return lines

    def narrowed(self, low, high):
        """Lines of other intervals."""
        return Lines(self._activation, low, high)

    def replaced(self, rows, units, low, high):
        """Lines of which some are of other intervals, one per row and unit that are named."""
        changed, lines = self.narrowed(low, high), copy(self)
        for name in ("low", "high", "tangents", "_chord_slope"):
            array = getattr(self, name).copy()
            array[rows, units] = getattr(changed, name)
            setattr(lines, name, array)
        for name in ("_first", "_last", "_touches", "_chord_offset"):
            array = getattr(self, name).copy()
            array[:, rows, units] = getattr(changed, name)
            setattr(lines, name, array)
        return lines

    def gains(self, cotangent, tangents, drives):
        """By how much a bound rises with each end of an interval that moves inwards.

        Parameters
        ----------
        cotangent, tangents, drives : ndarray of shape (n_rows, 1, n_units)
            As in `back`, and where the bound is attained.

        Returns
        -------
        gains : ndarray of shape (n_rows, 2 * n_units)
            Of the lower ends, then of the upper ones, per unit of the drive.
        """
        step = _SMALL_SHARE * (self.high - self.low)
        # Not beyond the drive itself.
        low = np.clip(drives[:, 0], self.low, self.low + step)
        high = np.clip(drives[:, 0], self.high - step, self.high)
        taken, _ = self.back(cotangent, tangents)[2](drives)
        gains = []
        for lines in (self.narrowed(low, self.high), self.narrowed(self.low, high)):
            moved, _ = lines.back(cotangent, tangents)[2](drives)
            rise = (cotangent * (moved - taken))[:, 0]
            gains.append(np.divide(rise, step, out=np.zeros_like(step), where=step > 0))
        return np.maximum(np.concatenate(gains, axis=1), 0)

    def back(self, cotangent, tangents):
        """Linear function of the drives that is below one of the activations.

        Parameters
        ----------
        cotangent, tangents : ndarray of shape (n_rows, n_terms, n_units)
            Factors of the activations, and the choice of the tangents, which need not be in their
            range.

        Returns
        -------
        factors : ndarray of shape (n_rows, n_terms, n_units)
        constant : ndarray of shape (n_rows, n_terms)
        forward : callable
            From drives to the activations that this bound takes for them, and to the amount by
            which it is lower than with the true ones, by unit.
        """
        above = cotangent < 0

        def of_side(both):
            below_above = both[:, :, np.newaxis]
            return np.where(above, below_above[1], below_above[0])

        first, last = of_side(self._first), of_side(self._last)
        slope, offset = self._tangent(np.clip(tangents, first, np.maximum(first, last)))
        touches = of_side(self._touches)
        slope = np.where(touches, slope, self._chord_slope[:, np.newaxis])
        offset = np.where(touches, offset, of_side(self._chord_offset))
        constant = (cotangent * offset).sum(axis=2)

        def forward(drives):
            line = slope * drives + offset
            return line, cotangent * (self._activation(drives) - line)

        return cotangent * slope, constant, forward


class CodeLines(_Intervals):
    """Lines below sums of piecewise linear functions, of units that a code encodes.

    All functions of one unit are added up before the line is drawn, which has the slope of the
    chord: steps of a code that go up and down together are bounded together.

    Parameters, attributes and methods are those of `Lines`, but for `gains`.
    """

    def __init__(self, code, low, high):
        self._code, self.low, self.high = code, low, high
        self.tangents = (low + high) / 2
        self.best_tangents = np.copy

    def select(self, kept):
        """The lines of some of the rows."""
        return CodeLines(self._code, self.low[kept], self.high[kept])

    def narrowed(self, low, high):
        """Lines of other intervals."""
        return CodeLines(self._code, low, high)

    def replaced(self, rows, units, low, high):
        """Lines of which some are of other intervals."""
        ends = self.low.copy(), self.high.copy()
        ends[0][rows, units], ends[1][rows, units] = low, high
        return self.narrowed(*ends)

    def back(self, cotangent, tangents):
        """Linear function below, as that of `Lines`."""
        ends, values = Tables.of(self._code, cotangent).pieces(self.low, self.high)
        width = (self.high - self.low)[:, np.newaxis]
        climb = values[:, :, -1] - values[:, :, 0]
        slope = np.divide(climb, width, out=np.zeros_like(climb), where=width > 0)
        offset = (values - slope[:, :, np.newaxis] * ends[:, np.newaxis]).min(axis=2)

        def forward(drives):
            outputs = self._code(drives)
            by_unit = (cotangent * outputs) @ np.eye(drives.shape[2])[self._code.inputs]
            return outputs, by_unit - slope * drives - offset

        return slope, offset.sum(axis=2), forward
