"""The local rule. No function here is given a weight or an error.

pre : ndarray of shape (n_samples, n_pre)
    Rates of the pre-synaptic units; `x` in the paper.
post : ndarray of shape (n_samples, n_post)
    Rates of the post-synaptic units; `p` in the paper.
association : ndarray of shape (n_samples, n_post)
    Association of each post-synaptic unit with the class of each sample, times the weight of
    that sample; `Z_k` in the paper. Overwritten.
starts, columns : ndarrays
    Where the rates of the inputs are not zero, row by row; not used unless `skip`.

The division is what takes the time, so the loops below go where there is least to divide.
"""

import numpy as np

from ._competition import choose_learners
from ._compiler import entry, inlined, kernel
from ._layers import coef_of, intercept_of
from ._vectors import WIDTH, load, splat, store

# What a visit of a row, and of a column, costs besides its divisions, in divisions; and what it
# costs to turn a number of the columns into one of a row.
_ROW, _COLUMN, _TURN = 2, 32, 6
_BLOCK = 16


@inlined
def _change(x, x_cubed, p, zp, stdp_epsilon):
    # The formula as printed. The equal form (x^3 / 4) ((x^2 + eps) / (u^2 + eps) - 1) loses
    # its digits where p << x and saves nothing.
    u = p + p - x
    return x_cubed * (zp * (x - p)) / (u * u + stdp_epsilon)


@inlined
def _add_to_column(x, p, zp, stdp_epsilon, update):
    """All inputs, one unit."""
    n = update.size // WIDTH * WIDTH
    for i in range(0, n, WIDTH):
        y = load(x, i)
        change = _change(y, y * y * y, splat(p), splat(zp), splat(stdp_epsilon))
        store(load(update, i) + change, update, i)
    for i in range(n, update.size):
        update[i] += _change(x[i], x[i] * x[i] * x[i], p, zp, stdp_epsilon)


@inlined
def _add_to_rows(x, columns, p, zp, stdp_epsilon, update):
    """Some inputs, all units; two vectors of units at a time stay in registers."""
    n_post = p.size
    epsilon = splat(stdp_epsilon)
    j = 0
    while j + 2 * WIDTH <= n_post:
        p_0, p_1 = load(p, j), load(p, j + WIDTH)
        zp_0, zp_1 = load(zp, j), load(zp, j + WIDTH)
        for column in columns:
            rate, row = x[column], update[column]
            y, y_cubed = splat(rate), splat(rate * rate * rate)
            store(load(row, j) + _change(y, y_cubed, p_0, zp_0, epsilon), row, j)
            change = _change(y, y_cubed, p_1, zp_1, epsilon)
            store(load(row, j + WIDTH) + change, row, j + WIDTH)
        j += 2 * WIDTH
    if j + WIDTH <= n_post:
        p_0, zp_0 = load(p, j), load(zp, j)
        for column in columns:
            rate, row = x[column], update[column]
            change = _change(splat(rate), splat(rate * rate * rate), p_0, zp_0, epsilon)
            store(load(row, j) + change, row, j)
        j += WIDTH
    if j < n_post:
        for column in columns:
            rate = x[column]
            for i in range(j, n_post):
                update[column, i] += _change(rate, rate * rate * rate, p[i], zp[i], stdp_epsilon)


@kernel
def _by_inputs(pre, skip, starts, columns, post, scaled, learns, stdp_epsilon, update):
    """Skips rates of zero, and samples that no unit learns from."""
    every = np.arange(0 if skip else pre.shape[1]).astype(np.int32)
    for s in range(post.shape[0]):
        if learns[s]:
            some = columns[starts[s] : starts[s + 1]] if skip else every
            _add_to_rows(pre[s], some, post[s], scaled[s], stdp_epsilon, update)


@kernel
def _by_units(pre, post, scaled, stdp_epsilon, block, update):
    """Skips units that do not learn; some units at a time, for the sake of the caches."""
    n_pre, n_post = update.shape
    for j in range(0, n_post, _BLOCK):
        n = min(_BLOCK, n_post - j)
        for c in range(n):
            column = block[c, :n_pre]
            column[:] = 0
            for s in range(post.shape[0]):
                if scaled[s, j + c] != 0:
                    _add_to_column(pre[s], post[s, j + c], scaled[s, j + c], stdp_epsilon, column)
        for i in range(n_pre):
            for c in range(n):
                update[i, j + c] = block[c, i]


@kernel
def _cost(n):
    """Of n elements, those that fill no vector being computed one by one."""
    return n + 7 * (n % WIDTH)


@entry
def stdp_layer(
    pre,
    skip,
    starts,
    columns,
    post,
    association,
    stdp_epsilon,
    learns,
    block,
    coef_update,
    intercept_update,
):
    """Overwrite the last two arrays with the sum of equation 3 over the samples."""
    of = post.dtype.type
    epsilon = of(stdp_epsilon)
    n_pre, n_post = coef_update.shape
    by_inputs, by_units = 0, _TURN * n_pre * n_post
    one, bias = np.ones(1, post.dtype), np.zeros(1, np.int32)
    intercept_update[:] = 0
    for s in range(post.shape[0]):
        n_learners = 0
        for j in range(n_post):
            n_learners += association[s, j] != 0
            association[s, j] *= post[s, j]
        learns[s] = n_learners > 0
        if n_learners == 0:
            continue
        _add_to_rows(one, bias, post[s], association[s], epsilon, intercept_update.reshape(1, -1))
        by_inputs += (starts[s + 1] - starts[s] if skip else n_pre) * (_ROW + _cost(n_post))
        by_units += 4 * n_post + n_learners * (_COLUMN + _cost(n_pre))
    if by_inputs <= by_units:
        coef_update[:] = 0
        _by_inputs(pre, skip, starts, columns, post, association, learns, epsilon, coef_update)
    else:
        _by_units(pre, post, association, epsilon, block, coef_update)


@kernel
def stdp_updates(
    batch,
    skip,
    starts,
    columns,
    units,
    rates,
    y,
    sample_weight,
    codes,
    stdp_epsilon,
    competes,
    n_winners,
    handicap,
    margins,
    win_rates,
    associations,
    room,
    learns,
    block,
    updates,
):
    """Local update of every layer.

    No argument carries a weight or an error: the rule cannot see either. `sample_weight` sums
    to one. `codes`, of shape (n_classes, number of units that are not inputs), holds the fixed
    associations. The last five arrays are overwritten: `associations` of the shape of `rates`,
    `room` of five rows for the largest layer, `learns` of shape (n_samples,), `block` of shape
    (16, largest number of units), and the `updates`.
    """
    n_samples = batch.shape[0]
    n_layers = units.size - 1
    pre = batch
    at = unit = 0
    for layer in range(n_layers):
        n_in, n_out = units[layer], units[layer + 1]
        first, end = n_samples * unit, n_samples * (unit + n_out)
        post = rates[first:end].reshape(n_samples, n_out)
        association = associations[first:end].reshape(n_samples, n_out)
        for s in range(n_samples):
            code = codes[y[s], unit : unit + n_out]
            for j in range(n_out):
                association[s, j] = code[j] * sample_weight[s]
        choose_learners(
            post,
            association,
            y,
            competes[layer],
            n_winners[:, layer],
            handicap if layer < n_layers - 1 else 0.0,
            margins[layer],
            win_rates[unit : unit + n_out],
            room,
        )
        stdp_layer(
            pre,
            skip and layer == 0,
            starts,
            columns,
            post,
            association,
            stdp_epsilon,
            learns,
            block,
            coef_of(updates, at, n_in, n_out),
            intercept_of(updates, at, n_in, n_out),
        )
        pre = post
        at += (n_in + 1) * n_out
        unit += n_out
