"""Passes over the training data.

Arrays and their shapes are those of the other modules. What belongs together comes as a tuple:

samples : X, data, indices, indptr, scale, offset, steps, orders, y, sample_weight
    The data, dense or in compressed sparse rows, the other being empty; what makes rates of
    features, and steps and their complements of these, or themselves without steps; the rows in
    the order of each epoch; their classes and weights.
steps : features, n_steps, number
    Of each step its feature, the number of steps of that feature, and its number among them.
network : units, params
moments : first, second
schedule : settings, n_steps, step_sizes, scales
    Of Adam. An epoch has as many batches, of nearly equal size, as step sizes.
rule : codes, stdp_epsilon, competes, n_winners, handicap, margins, win_rates
    What the local rule needs besides rates.
"""

from itertools import pairwise

import numpy as np

from .._utils._memory import aligned_empty
from ._adam import adam_step
from ._batches import fill, is_identity
from ._competition import room_for
from ._compiler import entry, kernel
from ._layers import backprop_updates, cross_entropy, forward
from ._stdp import lanes_for, numbers_for, stdp_updates
from ._vectors import WIDTH
from ._views import flat


@kernel
def _batch_bounds(k, n_batches, n_samples):
    """First sample of a batch, and the first of the next one."""
    size, n_larger = n_samples // n_batches, n_samples % n_batches
    low = k * size + min(k, n_larger)
    return low, low + size + (k < n_larger)


def workspace(n_samples, units, dtype):
    """Arrays that batches of up to so many samples overwrite."""
    n_inputs, n_outputs = units[0], units[-1]
    n_units, widest, largest = sum(units[1:]), max(units[1:]), max(units)
    return (
        aligned_empty(n_samples * n_inputs, dtype).reshape(n_samples, n_inputs),
        aligned_empty(n_samples * n_units, dtype).reshape(n_samples, n_units),
        aligned_empty(n_samples * n_outputs, dtype).reshape(n_samples, n_outputs),
        np.empty(n_samples, np.intp),
        aligned_empty(n_samples, dtype),
        aligned_empty(max(n_samples * n_units, (n_samples + 1) * widest), dtype),
        np.zeros(n_samples + 1, np.intp),
        aligned_empty(n_samples * n_inputs + WIDTH, np.int32),
        aligned_empty(room_for(widest), dtype),
        np.empty((3, WIDTH), np.intp),
        np.empty(numbers_for(n_samples, largest), np.int32),
        aligned_empty(lanes_for(n_samples), dtype),
        aligned_empty(WIDTH * largest, dtype).reshape(WIDTH, largest),
        aligned_empty(sum((n + 1) * m for n, m in pairwise(units)), dtype),
    )


@kernel
def _labels(order, low, high, y, sample_weight, batch_y, batch_weight):
    """Classes and weights of a batch; the sum of these."""
    total = 0.0
    for s in range(high - low):
        row = order[low + s]
        batch_y[s] = y[row]
        batch_weight[s] = sample_weight[row]
        total += sample_weight[row]
    return total


@entry
@kernel
def epochs(samples, network, moments, schedule, local, rule, room, losses, n_right):
    """Learn from each batch by the local rule, or else by the exact gradient.

    Parameters
    ----------
    room : tuple of ndarrays
        `workspace` for the largest batch.
    losses, n_right : ndarrays of shape (n_epochs,)
        To these are added sums over the samples, by weight: cross-entropy, and how many are
        classified right, of each batch before its own update.

    Returns
    -------
    n_steps : int
        Number of steps of Adam so far. A batch of weight zero makes none.
    """
    X, data, indices, indptr, scale, offset, steps, orders, y, sample_weight = samples
    units, params = network
    first, second = moments
    settings, n_steps, step_sizes, scales = schedule
    codes, stdp_epsilon, competes, n_winners, handicap, margins, win_rates = rule
    n_epochs, n_batches = step_sizes.shape
    n_samples = orders.shape[1]
    (
        all_inputs,
        all_rates,
        all_logits,
        all_y,
        all_weight,
        scratch,
        starts,
        columns,
        competition,
        lane_starts,
        numbers,
        lanes,
        block,
        updates,
    ) = room
    identity = is_identity(scale, offset)
    for step in range(n_epochs * n_batches):
        epoch, k = divmod(step, n_batches)
        order = orders[epoch]
        low, high = _batch_bounds(k, n_batches, n_samples)
        n = high - low
        batch_y, weight = all_y[:n], all_weight[:n]
        total = _labels(order, low, high, y, sample_weight, batch_y, weight)
        if total == 0:
            continue
        batch, logits = all_inputs[:n], all_logits[:n]
        rates = flat(all_rates[:n])
        rows = order[low:high]
        encoding = scale, offset, identity, steps
        skip = fill(X, data, indices, indptr, *encoding, rows, batch, starts, columns)
        forward(batch, skip, starts, columns, units, params, rates, flat(logits))
        batch_loss, batch_right = cross_entropy(logits, batch_y, weight)
        losses[epoch] += batch_loss
        n_right[epoch] += batch_right
        for s in range(n):
            weight[s] /= total
        if local:
            stdp_updates(
                batch,
                skip,
                starts,
                columns,
                units,
                rates,
                batch_y,
                weight,
                codes,
                stdp_epsilon,
                competes,
                n_winners,
                handicap,
                margins,
                win_rates,
                scratch,
                competition,
                lane_starts,
                numbers,
                lanes,
                block,
                updates,
            )
        else:
            backprop_updates(
                batch,
                skip,
                starts,
                columns,
                units,
                params,
                rates,
                logits,
                batch_y,
                weight,
                scratch[: rates.size],
                updates,
            )
        n_steps += 1
        adam_step(
            units, params, updates, first, second, settings, n_steps, step_sizes[epoch, k], scales
        )
    return n_steps
