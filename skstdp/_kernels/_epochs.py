"""Passes over the training data, batch by batch, with the update as a value.

An update is a kernel `update(batch, network, rule, scratch, updates)` that overwrites `updates`
with the uphill direction of each parameter. `UPDATES` has one row per type of rule: a named tuple
of what the kernel needs besides the batch and the network. If a rule has `win_rates`, its kernel
changes them in place.
"""

from typing import NamedTuple

import numpy as np

from .._utils._memory import aligned_empty
from ._adam import adam_step
from ._arrays import (
    Backpropagation,
    Batch,
    Feedback,
    Labels,
    Nonzeros,
    STDPRule,
    TargetPropagation,
    Workspace,
)
from ._batches import fill
from ._compiler import entry, inlined
from ._feedback import feedback_scratch, feedback_updates
from ._layers import backprop_scratch, backprop_updates, cross_entropy, forward
from ._stdp import stdp_scratch, stdp_updates
from ._target_propagation import target_scratch, target_updates
from ._vectors import WIDTH
from ._views import matrix


@inlined
def _by_the_rule(batch, network, rule, scratch, updates):
    """Of the network only the sizes of its layers go to the rule."""
    stdp_updates(
        batch.inputs,
        batch.nonzeros,
        batch.labels,
        network.layer_sizes,
        batch.rates,
        rule,
        scratch,
        updates,
    )


@inlined
def _by_the_gradient(batch, network, _, scratch, updates):
    backprop_updates(batch, network, scratch, updates)


@inlined
def batch_bounds(k, n_batches, n_samples):
    """First sample of a batch, and the first of the next one."""
    size, n_larger = n_samples // n_batches, n_samples % n_batches
    low = k * size + min(k, n_larger)
    return low, low + size + (k < n_larger)


@inlined
def respond(samples, rows, network, workspace):
    """Rates of all layers for some rows.

    Returns
    -------
    batch : Batch
        Its weights add up to one, if they are not all zero.
    total_weight, loss, n_right : float
        Sums over the rows, by weight: of the weights, of the cross-entropy, and of how many are
        classified right.
    """
    n = rows.size
    y, weight = workspace.y[:n], workspace.weight[:n]
    total = 0.0
    for s in range(n):
        y[s] = samples.y[rows[s]]
        weight[s] = samples.sample_weight[rows[s]]
        total += samples.sample_weight[rows[s]]
    inputs, starts, columns = workspace.inputs[:n], workspace.starts, workspace.columns
    layer_sizes = network.layer_sizes
    batch = Batch(
        inputs,
        Nonzeros(fill(samples, rows, inputs, starts, columns), starts, columns),
        Labels(y, weight),
        workspace.rates[: n * (layer_sizes.sum() - layer_sizes[0])],
        matrix(workspace.logits, 0, n, layer_sizes[layer_sizes.size - 1]),
    )
    forward(batch, network)
    loss, n_right = cross_entropy(batch.logits, y, weight)
    if total > 0:
        for s in range(n):
            weight[s] /= total
    return batch, total, loss, n_right


@inlined
def _learn(update, samples, rows, network, rule, workspace):
    """Overwrite `workspace.updates` with the update by some rows; sums as in `respond`."""
    batch, total, loss, n_right = respond(samples, rows, network, workspace)
    if total > 0:
        update(batch, network, rule, workspace.scratch, workspace.updates)
    return total, loss, n_right


@inlined
def _epochs(update, samples, orders, network, schedule, rule, workspace, sums):
    """Learn from each batch; the number of steps of Adam so far.

    Parameters
    ----------
    orders : ndarray of shape (n_epochs, n_samples), dtype intp
        Rows, in the order in which each epoch visits them.
    sums : ndarray of shape (2, n_epochs)
        To these are added sums over the samples, by weight: cross-entropy, and how many are
        classified right, of each batch before its own update. A batch of weight zero makes no
        step.
    """
    n_steps = schedule.n_steps
    n_epochs, n_batches = schedule.step_sizes.shape
    for epoch in range(n_epochs):
        for k in range(n_batches):
            low, high = batch_bounds(k, n_batches, orders.shape[1])
            rows = orders[epoch, low:high]
            total, loss, n_right = _learn(update, samples, rows, network, rule, workspace)
            if total == 0:
                continue
            sums[0, epoch] += loss
            sums[1, epoch] += n_right
            n_steps += 1
            step_size = schedule.step_sizes[epoch, k]
            adam_step(network.params, workspace.updates, schedule, n_steps, step_size)
    return n_steps


@entry
def _stdp_epochs(samples, orders, network, schedule, rule, workspace, sums):
    return _epochs(_by_the_rule, samples, orders, network, schedule, rule, workspace, sums)


@entry
def _backprop_epochs(samples, orders, network, schedule, rule, workspace, sums):
    return _epochs(_by_the_gradient, samples, orders, network, schedule, rule, workspace, sums)


@entry
def _feedback_epochs(samples, orders, network, schedule, rule, workspace, sums):
    return _epochs(feedback_updates, samples, orders, network, schedule, rule, workspace, sums)


@entry
def _target_epochs(samples, orders, network, schedule, rule, workspace, sums):
    return _epochs(target_updates, samples, orders, network, schedule, rule, workspace, sums)


@entry
def _stdp_batch(samples, rows, network, rule, workspace):
    return _learn(_by_the_rule, samples, rows, network, rule, workspace)


@entry
def _backprop_batch(samples, rows, network, rule, workspace):
    return _learn(_by_the_gradient, samples, rows, network, rule, workspace)


@entry
def _feedback_batch(samples, rows, network, rule, workspace):
    return _learn(feedback_updates, samples, rows, network, rule, workspace)


@entry
def _target_batch(samples, rows, network, rule, workspace):
    return _learn(target_updates, samples, rows, network, rule, workspace)


class Update(NamedTuple):
    """Functions for Python: epochs of learning, the update by one batch, scratch memory."""

    epochs: object
    batch: object
    scratch: object


UPDATES = {
    STDPRule: Update(_stdp_epochs, _stdp_batch, stdp_scratch),
    Backpropagation: Update(_backprop_epochs, _backprop_batch, backprop_scratch),
    Feedback: Update(_feedback_epochs, _feedback_batch, feedback_scratch),
    TargetPropagation: Update(_target_epochs, _target_batch, target_scratch),
}


def workspace_of(update, n_samples, layer_sizes, params):
    """Workspace for batches of at most so many samples."""
    dtype = params.dtype
    n_inputs, n_cells = layer_sizes[0], sum(layer_sizes[1:])
    return Workspace(
        aligned_empty(n_samples * n_inputs, dtype).reshape(n_samples, n_inputs),
        np.zeros(n_samples + 1, np.intp),
        np.empty(n_samples * n_inputs + WIDTH, np.uint32),
        np.empty(n_samples, np.intp),
        aligned_empty(n_samples, dtype),
        aligned_empty(n_samples * n_cells, dtype),
        aligned_empty(n_samples * layer_sizes[-1], dtype),
        update.scratch(n_samples, layer_sizes, dtype),
        aligned_empty(params.size, dtype),
    )
