"""From rates to what the first layer sees: several input units a feature.

The rule moves no weight where a rate is zero, and a sigmoid unit of few rates draws one straight
boundary. A feature can therefore be told by units that are active in different parts of its range:
the rate x itself, an off unit 1 - x, and triangular receptive fields between the quantiles of the
training data. All are piecewise linear, so attacks go through them.
"""

import numpy as np

# Below this mean rate silence is the background and says little, as in images of strokes.
_SPARSE = 0.2
# Triangles need samples inside each of them.
_MANY_SAMPLES, _MANY_SAMPLES_A_FEATURE = 500, 30
_N_TRIANGLES = 7


def n_receptive_fields(receptive_fields, rates, sample_weight):
    """Number of input units a feature that the option asks for, given the training data."""
    if receptive_fields != "auto":
        return int(receptive_fields)
    if np.average(rates.mean(axis=1), weights=sample_weight) < _SPARSE:
        return 1
    n_samples, n_features = rates.shape
    if n_samples < max(_MANY_SAMPLES, _MANY_SAMPLES_A_FEATURE * n_features):
        return 2
    return 2 + _N_TRIANGLES


class ReceptiveFields:
    """Input units of every feature, from a number of fields.

    1 gives the rates x; 2 gives x and 1 - x; more give these two and triangles: each is 1 at its
    own tip, 0 at the neighbouring ones and linear between, so those of a feature add up to 1.
    The tips are quantiles of the training data.

    Parameters
    ----------
    n_fields : int
        Number of input units a feature.
    rates : ndarray of shape (n_samples, n_features)
        Training data, in [0, 1].
    """

    def __init__(self, n_fields, rates):
        self.n_fields = n_fields
        if n_fields > 2:
            levels = np.linspace(0, 1, n_fields - 2)
            self.tips = np.quantile(rates, levels, axis=0).astype(rates.dtype)
            gaps = np.diff(self.tips, axis=0)
            # Between tips that coincide there is no sample.
            self.slopes = np.divide(1, gaps, out=np.zeros_like(gaps), where=gaps > 0)

    def respond(self, rates):
        """Rates of the input units, shape (n_samples, n_features * n_fields), field by field."""
        if self.n_fields == 1:
            return rates
        n_samples, n_features = rates.shape
        inputs = np.empty((n_samples, n_features * self.n_fields), dtype=rates.dtype)
        on, off, *triangles = np.split(inputs, self.n_fields, axis=1)
        on[:] = rates
        np.subtract(1, rates, out=off)
        if triangles:
            left, slope = self._gap(rates)
            share = np.clip((rates - np.take_along_axis(self.tips, left, axis=0)) * slope, 0, 1)
            for field, triangle in enumerate(triangles):
                triangle[:] = np.where(left == field, 1 - share, 0)
                triangle += np.where(left == field - 1, share, 0)
        return inputs

    def rates_gradient(self, rates, gradient):
        """Gradient with respect to the rates, from that with respect to the input units."""
        if self.n_fields == 1:
            return gradient
        on, off, *triangles = np.split(gradient, self.n_fields, axis=1)
        total = on - off
        if triangles:
            left, slope = self._gap(rates)
            inside = (rates >= self.tips[0]) & (rates <= self.tips[-1])
            for field in range(len(triangles) - 1):
                change = (triangles[field + 1] - triangles[field]) * slope
                total += np.where(inside & (left == field), change, 0)
        return total

    def _gap(self, rates):
        """Tip at the left of each rate, counted from 0, and the slope up to the next one."""
        left = np.zeros(rates.shape, dtype=np.intp)
        for tip in self.tips[1:-1]:
            left += rates >= tip
        return left, np.take_along_axis(self.slopes, left, axis=0)
