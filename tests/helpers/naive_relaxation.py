"""Linear relaxation of one sample at a time, by explicit matrices, for logistic and relu nets.

Each activation is a pair of lines: slopes and offsets below and above. A bound of layer k is a row
vector that is multiplied by one matrix per layer, in loops over units.
"""

import numpy as np
from scipy.optimize import brentq


def logistic(z):
    return 1 / (1 + np.exp(-z))


def logistic_slope(z):
    return logistic(z) * (1 - logistic(z))


def _line_through(f, low, high):
    slope = (f(high) - f(low)) / (high - low)
    return slope, f(low) - slope * low


def _tangent(t):
    return logistic_slope(t), logistic(t) - logistic_slope(t) * t


def line_below_logistic(low, high):
    """Tangent in the middle, or as close to it as it is valid; else the chord."""
    middle = (low + high) / 2
    if high <= 0:
        return _tangent(middle)
    if low >= 0:
        return _line_through(logistic, low, high)

    def above_at_end(t):
        slope, offset = _tangent(t)
        return slope * high + offset - logistic(high)

    if above_at_end(low) > 0:
        return _line_through(logistic, low, high)
    last = brentq(above_at_end, low, 0, xtol=1e-14)
    return _tangent(min(middle, last))


def line_above_logistic(low, high):
    slope, offset = line_below_logistic(-high, -low)
    return slope, 1 - offset


def line_below_relu(low, high):
    if low >= 0:
        return 1.0, 0.0
    if high <= 0:
        return 0.0, 0.0
    return float(high > -low), 0.0


def line_above_relu(low, high):
    if low >= 0 or high <= 0:
        return line_below_relu(low, high)
    slope = high / (high - low)
    return slope, -slope * low


LINES = {
    "logistic": (logistic, line_below_logistic, line_above_logistic),
    "relu": (lambda z: np.maximum(z, 0), line_below_relu, line_above_relu),
}


def least_outputs(coefs, intercepts, activation, low, high):
    """Lower bounds of the outputs for inputs in a box, one sample.

    Intervals of drives are the narrower of those of interval arithmetic and of relaxation.
    """
    function, below, above = LINES[activation]
    pairs = []

    def bound(weights, constant, n_layers):
        for k in reversed(range(n_layers)):
            through = np.empty(len(weights))
            for unit, weight in enumerate(weights):
                slope, offset = pairs[k][unit][0 if weight > 0 else 1]
                through[unit] = weight * slope
                constant += weight * offset
            constant += through @ intercepts[k]
            weights = coefs[k] @ through
        return constant + sum(
            w * (a if w > 0 else b) for w, a, b in zip(weights, low, high, strict=True)
        )

    interval = low, high
    for k, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True)):
        if k == len(coefs) - 1:
            return np.array([bound(coef[:, j], intercept[j], k) for j in range(coef.shape[1])])
        lowest, highest = [], []
        for j in range(coef.shape[1]):
            column = coef[:, j]
            ends = np.minimum(column * interval[0], column * interval[1]).sum() + intercept[j]
            other = np.maximum(column * interval[0], column * interval[1]).sum() + intercept[j]
            lowest.append(max(ends, bound(column, intercept[j], k)))
            highest.append(min(other, -bound(-column, -intercept[j], k)))
        pairs.append([(below(a, b), above(a, b)) for a, b in zip(lowest, highest, strict=True)])
        interval = function(np.array(lowest)), function(np.array(highest))
