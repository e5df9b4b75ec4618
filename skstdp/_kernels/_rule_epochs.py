"""Passes over the training data by a rule of one synapse, which may be a function of Python.

The loop over the batches is one of Python, around three compiled functions: rates and
associations, the rule, and the step. A rule that is not compiled takes the place of the second.
"""

from itertools import pairwise

import numpy as np

from ._adam import step
from ._arrays import LocalRule, STDPRule
from ._compiler import entry
from ._epochs import UPDATES, Update, respond
from ._rules import LEARN_BY_NAME, associations, learn_by_function, mean_squares, rule_scratch

# Numbers in an array that a rule of NumPy is given: some such arrays fit into a cache.
_NUMBERS_AT_ONCE = 2**14


@entry
def _respond_and_associate(samples, rows, network, rule, workspace):
    """Rates and associations of some rows, and the sums of `respond`."""
    batch, total, loss, n_right = respond(samples, rows, network, workspace)
    if total > 0:
        scratch = workspace.scratch
        associations(
            batch.labels,
            network.layer_sizes,
            batch.rates,
            rule,
            scratch.layer.competition,
            scratch.association[: batch.rates.size],
        )
    return total, loss, n_right


@entry
def _mean_squares(post, weight, mean_square):
    mean_squares(post, weight, mean_square)


@entry
def _add_changes(changes, weight, units, by_unit):
    """Add the changes by each pair of a sample and a unit, times weights, to the rows of units."""
    for k in range(units.size):
        for i in range(changes.shape[1]):
            by_unit[units[k], i] += weight[k] * changes[k, i]


def _by_arrays(function, sees_mean_square):
    """As the functions in `LEARN_BY_NAME`, for a formula in terms of arrays."""

    def learn(inputs, layer_sizes, rates, weight, scratch, updates):
        n_samples, pre, start, offset = len(inputs), inputs, 0, 0
        for n_in, n_out in pairwise(layer_sizes.tolist()):
            cells = slice(n_samples * offset, n_samples * (offset + n_out))
            post = rates[cells].reshape(n_samples, n_out)
            association = scratch.association[cells].reshape(n_samples, n_out)
            mean_square = scratch.mean_square[:n_out]
            if sees_mean_square:
                _mean_squares(post, weight, mean_square)
            # A bias is a weight from a unit whose rate is 1.
            pre_and_one = np.column_stack([pre, np.ones(n_samples, pre.dtype)])
            by_unit = np.zeros((n_out, n_in + 1), updates.dtype)
            units, samples = association.T.nonzero()
            n_at_once = max(1, _NUMBERS_AT_ONCE // (n_in + 1))
            for first in range(0, len(units), n_at_once):
                s, j = samples[first : first + n_at_once], units[first : first + n_at_once]
                arguments = [pre_and_one[s], post[s, j][:, None], association[s, j][:, None]]
                if sees_mean_square:
                    arguments.append(mean_square[j][:, None])
                changes = checked_changes(function, function(*arguments), arguments)
                _add_changes(np.ascontiguousarray(changes, updates.dtype), weight[s], j, by_unit)
            layer = updates[start : start + (n_in + 1) * n_out].reshape(n_in + 1, n_out)
            layer[:] = by_unit.T
            pre = post
            start += (n_in + 1) * n_out
            offset += n_out

    return learn


def checked_changes(rule, changes, arguments):
    """What a rule returned for some arrays, if that is one real number per synapse."""
    expected = arguments[0].shape
    is_array = isinstance(changes, np.ndarray)
    if not is_array or changes.shape != expected:
        returned = f"shape {changes.shape}" if is_array else f"a {type(changes).__name__}"
        raise ValueError(
            f"Got rule={rule!r}, which returned {returned} for pre of shape {expected} and post "
            f"of shape {arguments[1].shape}, but expected an array of shape {expected}."
        )
    if not np.can_cast(changes.dtype, np.float64, "same_kind"):
        raise ValueError(
            f"Got rule={rule!r}, which returned numbers of type {changes.dtype}, but expected "
            "real numbers."
        )
    return changes


def _learn_by(rule):
    if isinstance(rule.rule, str):
        return LEARN_BY_NAME[rule.rule]
    if hasattr(rule.rule, "py_func"):
        return learn_by_function(rule.rule.py_func, rule.sees_mean_square)
    return _by_arrays(rule.rule, rule.sees_mean_square)


def _batch(samples, rows, network, rule, workspace):
    """Overwrite `workspace.updates` with the update by some rows; sums as in `respond`."""
    _, _, *fields = rule
    competition = STDPRule(fields[0], 0.0, *fields[1:])
    n, scratch = len(rows), workspace.scratch
    sums = _respond_and_associate(samples, rows, network, competition, workspace)
    if sums[0] > 0:
        learn, updates = _learn_by(rule), workspace.updates
        learn(
            workspace.inputs[:n],
            network.layer_sizes,
            workspace.rates,
            workspace.weight[:n],
            scratch,
            updates,
        )
        # Where weights have grown without end it is not the rule, and the caller says so.
        if not np.isfinite(updates).all() and np.isfinite(network.params).all():
            raise ValueError(
                f"Got rule={rule.rule!r}, which returned numbers that are not finite, or whose "
                f"mean over a batch is not in {updates.dtype}, but expected finite numbers for "
                "all rates in [0, 1] and all associations."
            )
    return sums


def _epochs(samples, orders, network, schedule, rule, workspace, sums):
    """Learn from each batch; the number of steps of Adam so far."""
    params = network.params
    n_steps = schedule.n_steps
    for epoch, (order, step_sizes) in enumerate(zip(orders, schedule.step_sizes, strict=True)):
        batches = np.array_split(order, len(step_sizes))
        for rows, step_size in zip(batches, step_sizes.tolist(), strict=True):
            total, loss, n_right = _batch(samples, rows, network, rule, workspace)
            if total == 0:
                continue
            sums[:, epoch] += loss, n_right
            n_steps += 1
            step(params, workspace.updates, schedule, n_steps, step_size)
    return n_steps


UPDATES[LocalRule] = Update(_epochs, _batch, rule_scratch)
