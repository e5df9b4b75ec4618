"""Weights and biases before training."""

from functools import partial
from itertools import pairwise

import numpy as np
from scipy.special import logit

from ._mlp import hidden_rates

# A unit that starts at rate 0.5 sits where the rule's sign turns for a fully active input; one
# that never fires never learns, because the update is proportional to its rate.
_LOWEST_RATE, _HIGHEST_RATE = 1e-4, 0.5

# However quiet a hidden layer starts, as many of its units soon are active, or else half of them.
_FEWEST_ACTIVE = 6


def check_scale(scale, layer_sizes, dtype):
    """Raise where weights of this scale could add up to more than the dtype holds."""
    if scale > float(np.finfo(dtype).max) / (64 * max(layer_sizes, default=1)):
        raise ValueError(
            f"Got weight_init_scale={scale!r}, but expected a number with which the sum of the "
            f"inputs of a unit is finite in {np.dtype(dtype)}."
        )


def random_parameters(layer_sizes, random_state, dtype, scale):
    """Weights and biases as scikit-learn's `MLPClassifier` draws them, times `scale`."""
    check_scale(scale, layer_sizes, dtype)
    coefs, intercepts = [], []
    for n_in, n_out in pairwise(layer_sizes):
        bound = scale * np.sqrt(2 / (n_in + n_out))
        coefs.append(random_state.uniform(-bound, bound, (n_in, n_out)).astype(dtype))
        intercepts.append(random_state.uniform(-bound, bound, n_out).astype(dtype))
    return coefs, intercepts


def mean_inputs(over_inputs):
    """Mean rate of each input unit over the samples.

    `over_inputs(function)` is a list of the results of a function of the data, one for each place
    where rows lie. The function takes an iterator over pairs of rates of the input units and
    weights of some samples at a time, so that they need not be kept.
    """
    return _mean_rates(over_inputs, [], [])


def _mean_rates(over_inputs, coefs, intercepts):
    totals = over_inputs(partial(_total_rates, coefs, intercepts))
    total, total_weight = map(sum, zip(*totals, strict=True))
    return total / total_weight


def _total_rates(coefs, intercepts, input_chunks):
    total = total_weight = 0.0
    for inputs, weight in input_chunks:
        total = total + weight @ hidden_rates(inputs, coefs, intercepts)[-1]
        total_weight += float(weight.sum())
    return total, total_weight


def calibrate_biases(coefs, intercepts, mean_rates, over_inputs, quiet_start):
    """Set each bias so that its unit starts at a given fraction of the mean rate of its inputs.

    The rule raises the weights of an associated unit only while the unit fires less than its
    inputs (p < x); a unit that starts above them learns the opposite class. So, layer by layer,
    with r the mean rate of a layer's inputs over the samples and the inputs,

        b_j = logit(clip(quiet_start * r, 1e-4, 0.5)) - mean over the samples of (x W)_j

    Parameters
    ----------
    coefs, intercepts : lists of ndarrays
        One per layer; `intercepts` is overwritten.
    mean_rates : ndarray of shape (n_inputs,)
        Mean rates of the input units.
    over_inputs : callable
        As in `mean_inputs`; called once per hidden layer.
    quiet_start : float
        Fraction, in (0, 1].
    """
    for layer, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True)):
        if layer > 0:
            mean_rates = _mean_rates(over_inputs, coefs[:layer], intercepts[:layer])
        target = _quiet_rate(mean_rates, quiet_start)
        intercept[:] = logit(target) - mean_rates @ coef


def _quiet_rate(mean_rates, quiet_start):
    return np.clip(quiet_start * mean_rates.mean(), _LOWEST_RATE, _HIGHEST_RATE)


def expected_total_inputs(mean_rates, layer_sizes, quiet_start):
    """Expected sum of the rates of each layer's inputs, at least 1, one number per layer.

    For the first layer the mean over the samples. Hidden units, which compete, stay about as
    active in the mean as those of the first hidden layer start, but some become active in the
    narrowest layer; without a quiet start they count as half active.

    Parameters
    ----------
    mean_rates : ndarray of shape (n_inputs,)
        Mean rates of the input units.
    layer_sizes : list of int
        Number of units of each layer, input and output included.
    quiet_start : float or None
        As in `calibrate_biases`.
    """
    hidden_rate = 0.5 if quiet_start is None else float(_quiet_rate(mean_rates, quiet_start))
    hidden = [min(n / 2, max(_FEWEST_ACTIVE, n * hidden_rate)) for n in layer_sizes[1:-1]]
    return [max(1.0, total) for total in (float(mean_rates.sum()), *hidden)]
