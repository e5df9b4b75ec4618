"""From rates to the rates of the input units: several per feature.

The rule moves no weight where a rate is zero and little where it is small, and a unit comes to
rest where it fires like its inputs. Both suit inputs that are either active or not. A feature is
therefore encoded by units that are active above, and others that are active below, some part of
its range: a thermometer code. All are piecewise linear, so attacks go through them.

A feature with one input unit gives its rate x. One with 2 m gives m steps clip(m * r - k, 0, 1),
for k = 0, 1, ..., of its rank r among the training rates (see `_ranks`) and their complements.

rates : ndarray of shape (n_samples, n_features), in [0, 1].
inputs : ndarray of shape (n_samples, n_inputs), in [0, 1]: the first step of each feature, the
    second one of each feature that has as many, ...; then the complements.
"""

from functools import partial

import numpy as np

from ._ranks import fit_knots, no_knots, ranks, slopes
from ._split import row_digests

# Images of strokes: mostly silent, and strong where they are not. There silence says little, while
# in a skewed table, of many low rates, it is all that off units encode. Each image has strokes;
# in a table with outliers only few rows have strong rates.
_SPARSE, _STRONG = 0.2, 0.5
# Where there are many features, each needs fewer steps; few rows cannot place many steps.
_MOST_STEPS, _STEPS_OF_ALL_FEATURES, _ROWS_PER_STEP = 8, 128, 100


def fit_receptive_fields(receptive_fields, n_features, over_rates, over_some_rates):
    """Number of input units of each feature that the option asks for, given the training data.

    Parameters
    ----------
    receptive_fields : int or "auto"
        The option.
    n_features : int
        Number of features.
    over_rates : callable
        `over_rates(function)` is a list of the results of a function of the data, one for each
        place where rows lie. The function takes an iterator over pairs of rates and weights of
        some samples at a time.
    over_some_rates : callable
        As `over_rates`, for so few samples that the rates of all can be kept.

    Returns
    -------
    n_units : ndarray of shape (n_features,), dtype int
        Number of input units.
    knots : ndarray of shape (2, n_knots, n_features)
        See `_ranks`.
    """
    if receptive_fields != "auto":
        return np.full(n_features, check_even(receptive_fields)), no_knots(n_features)
    if n_features > _STEPS_OF_ALL_FEATURES:
        total, total_weight, strength, active = map(sum, zip(*over_rates(_totals), strict=True))
        strokes = total < _SPARSE * total_weight and strength >= _STRONG * active
        return np.full(n_features, 1 if strokes else 2), no_knots(n_features)
    rates, weights = zip(*over_some_rates(_all), strict=True)
    rates = np.vstack(rates)
    n_steps = _number_of_steps(rates)
    if n_steps > 1:
        enough = n_steps * _ROWS_PER_STEP
        different = set().union(*over_rates(partial(_different, enough)))
        n_steps = max(1, min(n_steps, len(different) // _ROWS_PER_STEP))
    knots, steps = fit_knots(rates, np.concatenate(weights), n_steps)
    return 2 * steps, knots


def _number_of_steps(rates):
    """As many for each feature as all can have, where one with two values needs a single one."""
    several = sum(len(np.unique(column)) > 2 for column in rates.T)
    left = _STEPS_OF_ALL_FEATURES - (rates.shape[1] - several)
    return max(1, min(_MOST_STEPS, left // max(1, several)))


def check_even(receptive_fields):
    """Number of input units, if a feature can have so many."""
    if receptive_fields > 1 and receptive_fields % 2:
        raise ValueError(
            f"Got receptive_fields={receptive_fields!r}, but expected 1 or an even number."
        )
    return int(receptive_fields)


def _totals(rate_chunks):
    """Sums over samples of their mean rate and weight; of their strength and weight if active."""
    totals = np.zeros(4)
    for rates, weight in rate_chunks:
        mean = rates.mean(axis=1)
        active = mean > 0
        # The mean of rates where each counts by itself: weak ones, such as noise, say little.
        strength = (rates * rates).mean(axis=1)[active] / mean[active]
        of_active = weight[active]
        totals += weight @ mean, weight.sum(), of_active @ strength, of_active.sum()
    return totals.tolist()


def _different(enough, rate_chunks):
    """Digests of different rows, of as many as are enough."""
    # Copies of a row say no more than its weight.
    seen = set()
    for rates, _ in rate_chunks:
        # Zeros of both signs are equal, and become so in their bytes.
        seen.update(row_digests(np.unique(rates, axis=0)[:enough] + 0.0).tolist())
        if len(seen) >= enough:
            break
    return seen


def _all(rate_chunks):
    rates, weights = zip(*rate_chunks, strict=True)
    return np.vstack(rates), np.concatenate(weights)


class ReceptiveFields:
    """The input units of some features.

    Parameters
    ----------
    n_units : ndarray of shape (n_features,), dtype int
        Number of input units of each feature: 1 for all of them, or even numbers.
    knots : ndarray of shape (2, n_knots, n_features)
        See `_ranks`.

    Attributes
    ----------
    n_inputs : int
        Number of all input units.
    ranked : bool
        True if steps are of ranks that are not the rates.
    steps : tuple of three ndarrays of shape (n_inputs / 2,), dtype intp
        Of each step its feature, the number of steps of that feature, and its number among them.
        Empty where rates are the inputs.
    """

    def __init__(self, n_units, knots):
        self.knots = knots
        self.n_inputs = int(n_units.sum())
        self.ranked = knots.shape[1] > 0
        n_steps = n_units // 2
        self._by_step = [np.flatnonzero(n_steps > k) for k in range(n_steps.max())]
        features = np.concatenate([np.empty(0, np.intp), *self._by_step])
        number = np.repeat(np.arange(len(self._by_step)), [len(of) for of in self._by_step])
        self.steps = features, n_steps[features].astype(np.intp), number.astype(np.intp)

    def ranks(self, rates):
        """Ranks of the rates, which the steps encode."""
        return ranks(rates, self.knots)

    def encode(self, rates):
        """Rates of the input units."""
        features, n_steps, number = self.steps
        if not len(features):
            return rates
        inputs = np.empty((len(rates), self.n_inputs), rates.dtype)
        on, off = np.split(inputs, 2, axis=1)
        np.multiply(self.ranks(rates)[:, features], n_steps.astype(rates.dtype), out=on)
        on -= number.astype(rates.dtype)
        np.clip(on, 0, 1, out=on)
        np.subtract(1, on, out=off)
        return inputs

    def rates_gradient(self, rates, gradient):
        """Gradient by the rates, from that by the input units."""
        features, n_steps, number = self.steps
        if not len(features):
            return gradient
        on, off = np.split(gradient, 2, axis=1)
        # Where one step ends and the next begins, the gradient is that of the latter.
        now = np.minimum((self.ranks(rates)[:, features] * n_steps).astype(np.intp), n_steps - 1)
        moved = np.where(now == number, (on - off) * n_steps.astype(rates.dtype), 0)
        by_rank, first = np.zeros_like(rates), 0
        for of_step in self._by_step:
            by_rank[:, of_step] += moved[:, first : first + len(of_step)]
            first += len(of_step)
        # In single precision huge weights times steep slopes would be infinite.
        largest = np.finfo(rates.dtype).max
        by_rate = np.multiply(by_rank, slopes(rates, self.knots), dtype=np.float64)
        return np.clip(by_rate, -largest, largest).astype(rates.dtype)
