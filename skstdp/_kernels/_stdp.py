"""The local rule. No function here is given a weight or an error.

pre : ndarray of shape (n_samples, n_pre)
    Rates of the pre-synaptic units; `x` in the paper.
post : ndarray of shape (n_samples, n_post)
    Rates of the post-synaptic units; `p` in the paper.
association : ndarray of shape (n_samples, n_post)
    Association of each post-synaptic unit with the class of each sample, times the weight of
    that sample; `Z_k` in the paper. Overwritten by its product with `post`, called `zp`.
nonzeros : Nonzeros
    Columns of `pre` that are not zero.
update : ndarray of shape (n_pre, n_post)
    Sum of equation 3 over the samples. Overwritten.

The division is what takes the time. So the loops below go where there is least to divide, and
make two quotients from one division.
"""

import numpy as np

from .._utils._memory import aligned_empty
from ._arrays import Nonzeros, RuleScratch
from ._batches import append_nonzeros
from ._competition import choose_learners, competition_scratch, match_probabilities
from ._compiler import entry, kernel
from ._layers import intercept_of
from ._vectors import WIDTH
from ._views import matrix

# Numbers of units that are gone through together: a loop of known length has no remainder, and
# shorter ones would be taken apart before they become vectors.
_STRIP = 32

# Columns of `update` that are collected as rows before they are turned.
TILE = 16

# What it costs besides the divisions, in divisions: to visit an input of a sample, a unit of a
# sample, and to turn a number of the columns into one of a row. The cubes of all inputs are
# computed anew for each unit of a sample, which makes each cost more.
_ROW, _COLUMN, _TURN, _CUBE = 8, 24, 2, 1.3


@kernel
def _top(x, p, zp):
    return x * x * x * (zp * (x - p))


@kernel
def _bottom(x, p, stdp_epsilon):
    # The formula as printed. The equal form (x^3 / 4) ((x^2 + eps) / (u^2 + eps) - 1) loses
    # its digits where p << x and saves nothing.
    u = p + p - x
    return u * u + stdp_epsilon


@kernel
def _change_of_two(x, p, zp, y, q, zq, stdp_epsilon):
    """Change of one synapse by two samples."""
    a, b = _bottom(x, p, stdp_epsilon), _bottom(y, q, stdp_epsilon)
    return (_top(x, p, zp) * b + _top(y, q, zq) * a) / (a * b)


@kernel
def _add_two_to_row(x, p, zp, y, q, zq, stdp_epsilon, row):
    for j in range(row.size):
        row[j] += _change_of_two(x, p[j], zp[j], y, q[j], zq[j], stdp_epsilon)


@kernel
def _add_to_two_rows(n, x, row_x, y, row_y, p, zp, stdp_epsilon):
    x_cubed, y_cubed = x * x * x, y * y * y
    for j in range(n):
        a, b = _bottom(x, p[j], stdp_epsilon), _bottom(y, p[j], stdp_epsilon)
        share = zp[j] / (a * b)
        row_x[j] += x_cubed * (x - p[j]) * b * share
        row_y[j] += y_cubed * (y - p[j]) * a * share


@kernel
def _add_to_row(n, x, p, zp, stdp_epsilon, row):
    for j in range(n):
        row[j] += _top(x, p[j], zp[j]) / _bottom(x, p[j], stdp_epsilon)


@kernel
def _add_two_to_column(x, p, zp, y, q, zq, stdp_epsilon, column):
    for i in range(column.size):
        column[i] += _change_of_two(x[i], p, zp, y[i], q, zq, stdp_epsilon)


@kernel
def _add_to_column(x, p, zp, stdp_epsilon, column):
    for i in range(column.size):
        column[i] += _top(x[i], p, zp) / _bottom(x[i], p, stdp_epsilon)


@kernel
def _by_samples(pre, post, zp, rows, stdp_epsilon, update):
    """Go through all inputs and all units of some samples."""
    n_post = post.shape[1]
    update[:] = 0
    for k in range(1, rows.size, 2):
        s, t = rows[k - 1], rows[k]
        for i in range(update.shape[0]):
            x, y = pre[s, i], pre[t, i]
            _add_two_to_row(x, post[s], zp[s], y, post[t], zp[t], stdp_epsilon, update[i])
    if rows.size % 2:
        s = rows[rows.size - 1]
        for i in range(update.shape[0]):
            _add_to_row(n_post, pre[s, i], post[s], zp[s], stdp_epsilon, update[i])


@kernel
def _add_strip(n, x, columns, p, zp, stdp_epsilon, first, update):
    """Change by one sample, of n units and of the inputs that are not zero."""
    for k in range(1, columns.size, 2):
        i, j = columns[k - 1], columns[k]
        row_x, row_y = update[i, first:], update[j, first:]
        _add_to_two_rows(n, x[i], row_x, x[j], row_y, p, zp, stdp_epsilon)
    if columns.size % 2:
        i = columns[columns.size - 1]
        _add_to_row(n, x[i], p, zp, stdp_epsilon, update[i, first:])


@kernel
def _by_nonzeros(pre, nonzeros, post, zp, rows, stdp_epsilon, update):
    """Skip rates of zero."""
    _, starts, columns = nonzeros
    n_post = post.shape[1]
    whole = n_post // _STRIP * _STRIP
    update[:] = 0
    for s in rows:
        some = columns[starts[s] : starts[s + 1]]
        for j in range(0, whole, _STRIP):
            _add_strip(_STRIP, pre[s], some, post[s, j:], zp[s, j:], stdp_epsilon, j, update)
        if whole < n_post:
            n, p = n_post - whole, post[s, whole:]
            _add_strip(n, pre[s], some, p, zp[s, whole:], stdp_epsilon, whole, update)


@kernel
def learners_by_unit(zp, rows, units, samples, in_order, ends):
    """Samples that unit j learns from: `in_order[ends[j]:ends[j + 1]]`."""
    ends[:] = 0
    n = np.intp(0)
    for s in rows:
        first = n
        n = append_nonzeros(zp[s], units, n)
        for k in range(first, n):
            samples[k] = s
            ends[units[k]] += 1
    for j in range(1, ends.size):
        ends[j] += ends[j - 1]
    for k in range(n - 1, -1, -1):
        j = units[k]
        ends[j] -= 1
        in_order[ends[j]] = samples[k]


@kernel
def _by_units(pre, post, zp, rows, stdp_epsilon, scratch, update):
    """Skip units that do not learn; some units at a time, for the sake of the caches."""
    n_pre, n_post = update.shape
    ends, samples = scratch.ends[: n_post + 1], scratch.learners[2]
    learners_by_unit(zp, rows, scratch.learners[0], scratch.learners[1], samples, ends)
    for first in range(0, n_post, TILE):
        n = min(TILE, n_post - first)
        for c in range(n):
            j = first + c
            column = scratch.block[c, :n_pre]
            column[:] = 0
            some = samples[ends[j] : ends[j + 1]]
            for k in range(1, some.size, 2):
                s, t = some[k - 1], some[k]
                p, q, zq = post[s, j], post[t, j], zp[t, j]
                _add_two_to_column(pre[s], p, zp[s, j], pre[t], q, zq, stdp_epsilon, column)
            if some.size % 2:
                s = some[some.size - 1]
                _add_to_column(pre[s], post[s, j], zp[s, j], stdp_epsilon, column)
        for i in range(n_pre):
            for c in range(n):
                update[i, first + c] = scratch.block[c, i]


def stdp_scratch(n_samples, layer_sizes, dtype):
    """Arrays that the rule overwrites for a batch of at most so many samples."""
    widest, n_pre = max(layer_sizes[1:]), max(layer_sizes[:-1])
    return RuleScratch(
        aligned_empty(n_samples * widest, dtype),
        competition_scratch(widest, dtype),
        np.empty(n_samples, np.int32),
        np.empty(widest + 1, np.int32),
        np.empty((3, n_samples * widest + WIDTH), np.int32),
        aligned_empty(TILE * n_pre, dtype).reshape(TILE, n_pre),
    )


@kernel
def stdp_layer(pre, nonzeros, post, association, stdp_epsilon, scratch, coef_update, bias_update):
    """Overwrite the last two arrays with the sum of equation 3 over the samples."""
    of = post.dtype.type
    epsilon = of(stdp_epsilon)
    n_samples = post.shape[0]
    n_pre, n_post = coef_update.shape
    skip, starts, _ = nonzeros
    zp = association
    n_rows = n_rates = n_learners = 0
    for s in range(n_samples):
        n_before = n_learners
        for j in range(n_post):
            n_learners += association[s, j] != 0
            zp[s, j] *= post[s, j]
        if n_learners > n_before:
            scratch.rows[n_rows] = s
            n_rows += 1
            n_rates += starts[s + 1] - starts[s] if skip else n_pre
    rows = scratch.rows[:n_rows]
    bias_update[:] = 0
    for s in rows:
        _add_to_row(n_post, of(1), post[s], zp[s], epsilon, bias_update)
    by_units = n_learners * (_COLUMN + _CUBE * n_pre) + _TURN * n_pre * n_post
    if by_units < n_rates * (_ROW + n_post):
        _by_units(pre, post, zp, rows, epsilon, scratch, coef_update)
    elif skip:
        _by_nonzeros(pre, nonzeros, post, zp, rows, epsilon, coef_update)
    else:
        _by_samples(pre, post, zp, rows, epsilon, coef_update)


@entry
def one_stdp_layer(
    pre, nonzeros, post, association, stdp_epsilon, scratch, coef_update, bias_update
):
    """Update of a single layer, for Python."""
    stdp_layer(pre, nonzeros, post, association, stdp_epsilon, scratch, coef_update, bias_update)


@kernel
def stdp_updates(inputs, nonzeros, labels, layer_sizes, rates, rule, scratch, updates):
    """Local update of every layer.

    No argument carries a weight or an error: the rule cannot see either.

    Parameters
    ----------
    inputs : ndarray of shape (n_samples, n_inputs)
        Rates of the inputs.
    labels : Labels
        Class index and weight of each sample.
    layer_sizes : ndarray of shape (n_layers,)
    rates : ndarray of shape (n_samples * n_cells,)
        Rates of the other layers, one after the other.
    rule : STDPRule
    scratch : RuleScratch
        Overwritten.
    updates : ndarray of shape (n_params,)
        Weights, then biases, layer after layer. Overwritten.
    """
    n_samples = inputs.shape[0]
    n_layers = layer_sizes.size - 1
    pre = inputs
    # Not a literal, of which another version would be compiled.
    start = offset = np.intp(0)
    for layer in range(n_layers):
        n_in, n_out = layer_sizes[layer], layer_sizes[layer + 1]
        post = matrix(rates, n_samples * offset, n_samples, n_out)
        association = matrix(scratch.association, 0, n_samples, n_out)
        if layer == n_layers - 1 and rule.matches_probabilities:
            match_probabilities(offset, post, labels, rule, association)
        else:
            choose_learners(layer, offset, post, labels, rule, scratch.competition, association)
        stdp_layer(
            pre,
            Nonzeros(nonzeros.skip and layer == 0, nonzeros.starts, nonzeros.columns),
            post,
            association,
            rule.stdp_epsilon,
            scratch,
            matrix(updates, start, n_in, n_out),
            intercept_of(updates, start, n_in, n_out),
        )
        pre = post
        start += (n_in + 1) * n_out
        offset += n_out
