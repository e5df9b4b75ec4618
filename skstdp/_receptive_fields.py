"""From rates to what the first layer sees: several input units a feature.

The rule moves no weight where a rate is zero and little where it is small, and a unit comes to
rest where it fires like its inputs. Both suit inputs that are either active or not. A feature is
therefore told by units that are active above, and others that are active below, some part of its
range, as in a thermometer. All are piecewise linear, so attacks go through them.

With n fields, 1 or an even number: 1 gives the rates x. 2 gives x and 1 - x. More give n / 2
steps clip(n / 2 * x - k, 0, 1), for k = 0, 1, ..., and the complements of these.

rates : ndarray of shape (n_samples, n_features), in [0, 1].
inputs : ndarray of shape (n_samples, n_features * n), in [0, 1], field by field.
"""

from functools import partial

import numpy as np

from ._split import row_digests

# Images of strokes: mostly silent, and strong where they are not. There silence says little, while
# in a skewed table, of many low rates, it is all that off units can tell.
_SPARSE, _STRONG = 0.2, 0.5
# Many features share the evidence and need fewer steps each; few rows cannot place many steps.
_MOST_STEPS, _STEPS_OF_ALL_FEATURES, _ROWS_A_STEP = 8, 128, 100


def n_receptive_fields(receptive_fields, over_rates):
    """Number of input units a feature that the option asks for, given the training data.

    Parameters
    ----------
    receptive_fields : int or "auto"
        The option.
    over_rates : callable
        `over_rates(function)` is a list of what a function makes of the data, one for each place
        where rows lie. The function takes an iterator over rates and weights of the samples, some
        at a time.
    """
    if receptive_fields != "auto":
        if receptive_fields > 1 and receptive_fields % 2:
            raise ValueError(
                f"Got receptive_fields={receptive_fields!r}, but expected 1 or an even number."
            )
        return int(receptive_fields)
    *totals, n_features = zip(*over_rates(_totals), strict=True)
    total, total_active, total_weight = map(sum, totals)
    if total < _SPARSE * total_weight and total >= _STRONG * total_active:
        return 1
    n_steps = min(_MOST_STEPS, _STEPS_OF_ALL_FEATURES // n_features[0])
    if n_steps > 1:
        enough = n_steps * _ROWS_A_STEP
        different = set().union(*over_rates(partial(_different, enough)))
        n_steps = min(n_steps, len(different) // _ROWS_A_STEP)
    return 2 * max(1, n_steps)


def _totals(rate_chunks):
    total = total_active = total_weight = 0.0
    for rates, weight in rate_chunks:
        n_features = rates.shape[1]
        total += float(weight @ rates.mean(axis=1))
        total_active += float(weight @ (rates > 0).mean(axis=1))
        total_weight += float(weight.sum())
    return total, total_active, total_weight, n_features


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


def respond(rates, n_fields):
    """Rates of the input units."""
    if n_fields == 1:
        return rates
    n_samples, n_features = rates.shape
    n_steps = n_fields // 2
    inputs = np.empty((n_samples, n_fields * n_features), dtype=rates.dtype)
    on, off = np.split(inputs, 2, axis=1)
    for k, step in enumerate(np.split(on, n_steps, axis=1)):
        np.multiply(rates, n_steps, out=step)
        step -= k
        np.clip(step, 0, 1, out=step)
    np.subtract(1, on, out=off)
    return inputs


def rates_gradient(rates, gradient, n_fields):
    """Gradient with respect to the rates, from that with respect to the input units."""
    if n_fields == 1:
        return gradient
    on, off = np.split(gradient, 2, axis=1)
    n_steps = n_fields // 2
    by_step = (on - off).reshape(len(rates), n_steps, -1)
    # Where one step ends and the next begins, the gradient is that of the latter.
    step = np.minimum(rates * n_steps, n_steps - 1).astype(np.intp)
    return n_steps * np.take_along_axis(by_step, step[:, np.newaxis], axis=1)[:, 0]
