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

The division is what takes the time, so the loops below go where there is least to divide. In
double precision two quotients come from one division, 1 / (b d) times d or b being 1 / b or 1 / d;
in single precision a division takes no longer than the products that would replace it.
"""

import numpy as np

from ._competition import choose_learners, match_probabilities
from ._compiler import entry, inlined, kernel
from ._layers import coef_of, intercept_of
from ._vectors import WIDTH, gather, is_double, load, places_of_nonzeros, splat, store
from ._views import flat, matrix

# What it costs besides the divisions, in divisions: to visit an input of a sample, a vector of
# units for one, a unit of a sample, and to turn a number of the columns into one of a row. The
# cubes of all inputs are computed anew for each unit of a sample, which makes each cost more.
_ROW, _VECTOR, _COLUMN, _TURN, _CUBE = 3, 2.4, 24, 2, 1.3

# Of so many inputs the first cache holds sixteen columns: units may come in any order.
_SHORT = 128


@inlined
def _bottom(x, p, stdp_epsilon):
    # The formula as printed. The equal form (x^3 / 4) ((x^2 + eps) / (u^2 + eps) - 1) loses
    # its digits where p << x and saves nothing.
    u = p + p - x
    return u * u + stdp_epsilon


@inlined
def _change(x, x_cubed, p, zp, stdp_epsilon):
    return x_cubed * (zp * (x - p)) / _bottom(x, p, stdp_epsilon)


@inlined
def _total(x, rows, stride, i, p, zp, stdp_epsilon):
    """Sum over the samples of some rows, for their i-th input and sixteen units."""
    of = x.dtype.type
    epsilon, one, total = splat(stdp_epsilon), splat(of(1)), splat(of(0))
    first = 0
    if is_double(x):
        for k in range(1, rows.size, 2):
            x_0, x_1 = x[rows[k - 1] * stride + i], x[rows[k] * stride + i]
            p_0, p_1 = load(p, (k - 1) * WIDTH), load(p, k * WIDTH)
            y_0, y_1 = splat(x_0), splat(x_1)
            top_0 = splat(x_0 * x_0 * x_0) * (load(zp, (k - 1) * WIDTH) * (y_0 - p_0))
            top_1 = splat(x_1 * x_1 * x_1) * (load(zp, k * WIDTH) * (y_1 - p_1))
            bottom_0, bottom_1 = _bottom(y_0, p_0, epsilon), _bottom(y_1, p_1, epsilon)
            share = one / (bottom_0 * bottom_1)
            total = total + (top_0 * bottom_1 + top_1 * bottom_0) * share
        first = rows.size // 2 * 2
    for k in range(first, rows.size):
        rate = x[rows[k] * stride + i]
        p_0, zp_0 = load(p, k * WIDTH), load(zp, k * WIDTH)
        total = total + _change(splat(rate), splat(rate * rate * rate), p_0, zp_0, epsilon)
    return total


@kernel
def _copy_columns(source, rows, j, n, target):
    """Sixteen columns of some rows, or n of them and zeros."""
    n_columns = source.shape[1]
    numbers = flat(source)
    for k in range(rows.size):
        at = rows[k] * n_columns + j
        if n == WIDTH:
            store(load(numbers, at), target, k * WIDTH)
        else:
            for c in range(WIDTH):
                target[k * WIDTH + c] = numbers[at + c] if c < n else source.dtype.type(0)


@inlined
def _store_some(vector, n, array, at, room):
    if n == WIDTH:
        store(vector, array, at)
    else:
        store(vector, room, 0)
        for c in range(n):
            array[at + c] = room[c]


@inlined
def _add_two(common, top_0, bottom_0, row_0, i, top_1, bottom_1, row_1, j):
    """Add two quotients whose numerators have a factor in common."""
    if is_double(row_0):
        share = common / (bottom_0 * bottom_1)
        store(load(row_0, i) + top_0 * bottom_1 * share, row_0, i)
        store(load(row_1, j) + top_1 * bottom_0 * share, row_1, j)
    else:
        store(load(row_0, i) + common * top_0 / bottom_0, row_0, i)
        store(load(row_1, j) + common * top_1 / bottom_1, row_1, j)


@inlined
def _add_to_rows(x, columns, p, zp, stdp_epsilon, update):
    """Some inputs, all units; two vectors of units at a time stay in registers."""
    n_post, n_columns = p.size, columns.size
    epsilon = splat(stdp_epsilon)
    j = 0
    while j + 2 * WIDTH <= n_post:
        p_0, p_1 = load(p, j), load(p, j + WIDTH)
        zp_0, zp_1 = load(zp, j), load(zp, j + WIDTH)
        for column in columns:
            rate, row = x[column], update[column]
            y, y_cubed = splat(rate), splat(rate * rate * rate)
            top_0, bottom_0 = zp_0 * (y - p_0), _bottom(y, p_0, epsilon)
            top_1, bottom_1 = zp_1 * (y - p_1), _bottom(y, p_1, epsilon)
            _add_two(y_cubed, top_0, bottom_0, row, j, top_1, bottom_1, row, j + WIDTH)
        j += 2 * WIDTH
    if j + WIDTH <= n_post:
        p_0, zp_0 = load(p, j), load(zp, j)
        for k in range(1, n_columns, 2):
            one, other = x[columns[k - 1]], x[columns[k]]
            y_0, y_1 = splat(one), splat(other)
            top_0 = splat(one * one * one) * (y_0 - p_0)
            top_1 = splat(other * other * other) * (y_1 - p_0)
            bottom_0, bottom_1 = _bottom(y_0, p_0, epsilon), _bottom(y_1, p_0, epsilon)
            row_0, row_1 = update[columns[k - 1]], update[columns[k]]
            _add_two(zp_0, top_0, bottom_0, row_0, j, top_1, bottom_1, row_1, j)
        if n_columns % 2:
            rate, row = x[columns[n_columns - 1]], update[columns[n_columns - 1]]
            change = _change(splat(rate), splat(rate * rate * rate), p_0, zp_0, epsilon)
            store(load(row, j) + change, row, j)
        j += WIDTH
    if j < n_post:
        for column in columns:
            rate = x[column]
            for i in range(j, n_post):
                update[column, i] += _change(rate, rate * rate * rate, p[i], zp[i], stdp_epsilon)


@kernel
def _by_samples(pre, skip, starts, columns, every, post, scaled, rows, stdp_epsilon, update):
    """Skips rates of zero."""
    for i in range(every.size):
        every[i] = i
    update[:] = 0
    for s in rows:
        some = columns[starts[s] : starts[s + 1]] if skip else every
        _add_to_rows(pre[s], some, post[s], scaled[s], stdp_epsilon, update)


@inlined
def _add_to_column(x, p, zp, stdp_epsilon, update):
    """All inputs, one unit."""
    p_16, zp_16, epsilon = splat(p), splat(zp), splat(stdp_epsilon)
    i = 0
    while i + 2 * WIDTH <= update.size:
        x_0, x_1 = load(x, i), load(x, i + WIDTH)
        top_0, bottom_0 = x_0 * x_0 * x_0 * (x_0 - p_16), _bottom(x_0, p_16, epsilon)
        top_1, bottom_1 = x_1 * x_1 * x_1 * (x_1 - p_16), _bottom(x_1, p_16, epsilon)
        _add_two(zp_16, top_0, bottom_0, update, i, top_1, bottom_1, update, i + WIDTH)
        i += 2 * WIDTH
    if i + WIDTH <= update.size:
        y = load(x, i)
        store(load(update, i) + _change(y, y * y * y, p_16, zp_16, epsilon), update, i)
        i += WIDTH
    for k in range(i, update.size):
        update[k] += _change(x[k], x[k] * x[k] * x[k], p, zp, stdp_epsilon)


@inlined
def _by_lane(places, n):
    """The first n places, those of one lane after those of another."""
    half = places.size // 2
    ends, in_order = places[half : half + WIDTH], places[half + WIDTH : half + WIDTH + n]
    ends[:] = 0
    for place in places[:n]:
        ends[place % WIDTH] += 1
    for c in range(1, WIDTH):
        ends[c] += ends[c - 1]
    for k in range(n - 1, -1, -1):
        c = places[k] % WIDTH
        ends[c] -= 1
        in_order[ends[c]] = places[k]
    return in_order


@kernel
def _by_units(pre, post, scaled, stdp_epsilon, places, block, update):
    """Skips units that do not learn; some units at a time, for the sake of the caches."""
    n_pre, n_post = update.shape
    zp = flat(scaled)
    for j in range(0, n_post, WIDTH):
        n = min(WIDTH, n_post - j)
        block[:n, :n_pre] = 0
        n_learners = 0
        for s in range(post.shape[0]):
            if n == WIDTH:
                first = s * WIDTH
                n_learners = places_of_nonzeros(zp, s * n_post + j, first, places, n_learners)
            else:
                for c in range(n):
                    places[n_learners] = s * WIDTH + c
                    n_learners += scaled[s, j + c] != 0
        learners = places[:n_learners]
        if n_pre > _SHORT:
            learners = _by_lane(places, n_learners)
        for place in learners:
            s, c = place // WIDTH, place % WIDTH
            rates, column = post[s, j + c], block[c, :n_pre]
            _add_to_column(pre[s], rates, scaled[s, j + c], stdp_epsilon, column)
        if n == WIDTH <= n_pre:
            starts = places[:WIDTH]
            for c in range(WIDTH):
                starts[c] = c * block.shape[1]
            for i in range(0, n_pre, WIDTH):
                gather(flat(block), starts, min(i, n_pre - WIDTH), flat(update)[j:], n_post)
        else:
            for i in range(n_pre):
                for c in range(n):
                    update[i, j + c] = block[c, i]


@kernel
def _cost(n):
    """Of n elements, those that fill no vector being computed one by one."""
    return n + 7 * (n % WIDTH)


def lanes_for(n_samples):
    """Number of elements that the rule overwrites."""
    return 2 * WIDTH * n_samples + WIDTH


def numbers_for(n_samples, largest):
    """Number of integers that it overwrites."""
    return max(n_samples + largest, 2 * WIDTH * (n_samples + 2))


@entry
@kernel
def stdp_layer(
    pre,
    skip,
    starts,
    columns,
    post,
    association,
    stdp_epsilon,
    numbers,
    lanes,
    block,
    coef_update,
    intercept_update,
):
    """Overwrite the last two arrays with the sum of equation 3 over the samples."""
    of = post.dtype.type
    epsilon = of(stdp_epsilon)
    n_samples = post.shape[0]
    n_pre, n_post = coef_update.shape
    rows = numbers[:n_samples]
    n_rows = n_rates = n_learners = 0
    for s in range(n_samples):
        n_before = n_learners
        for j in range(n_post):
            n_learners += association[s, j] != 0
            association[s, j] *= post[s, j]
        if n_learners > n_before:
            rows[n_rows] = s
            n_rows += 1
            n_rates += starts[s + 1] - starts[s] if skip else n_pre
    some, every, places = rows[:n_rows], numbers[n_samples : n_samples + n_pre], numbers
    n_vectors = (n_post + WIDTH - 1) // WIDTH
    by_samples = n_rates * (_ROW + _cost(n_post))
    by_inputs = n_rows * n_pre * n_vectors * (_VECTOR + WIDTH)
    by_units = n_learners * (_COLUMN + _CUBE * _cost(n_pre))
    by_units += n_post * (n_rows + _TURN * n_pre)
    p, zp, room = lanes[: n_rows * WIDTH], lanes[n_rows * WIDTH : -WIDTH], lanes[-WIDTH:]
    x, update = flat(pre), flat(coef_update)
    for j in range(0, n_post, WIDTH):
        n = min(WIDTH, n_post - j)
        _copy_columns(post, some, j, n, p)
        _copy_columns(association, some, j, n, zp)
        room[0] = 1
        total = _total(room, some, 0, 0, p, zp, epsilon)
        _store_some(total, n, intercept_update, j, room)
        if by_inputs <= min(by_samples, by_units):
            for i in range(n_pre):
                total = _total(x, some, n_pre, i, p, zp, epsilon)
                _store_some(total, n, update, i * n_post + j, room)
    if by_units < min(by_samples, by_inputs):
        _by_units(pre, post, association, epsilon, places, block, coef_update)
    elif by_samples < by_inputs:
        sparse = pre, skip, starts, columns, every
        _by_samples(*sparse, post, association, some, epsilon, coef_update)


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
    lane_starts,
    numbers,
    lanes,
    block,
    updates,
):
    """Local update of every layer.

    No argument carries a weight or an error: the rule cannot see either. `sample_weight` sums
    to one. `codes`, of shape (n_classes, number of units that are not inputs), holds the fixed
    associations. Of the last layer, `competes` says whether its outputs match probabilities.

    The last seven arrays are overwritten: `associations` of a size of at least n_samples + 1
    times the largest layer, `room` of shape (room_for(largest layer),), `lane_starts` of shape
    (3, 16), `numbers` of shape (numbers_for(n_samples, largest),), `lanes` of shape
    (lanes_for(n_samples),), `block` of shape (16, largest), and the `updates`; the largest
    layer may be that of the inputs.
    """
    n_samples = batch.shape[0]
    n_layers = units.size - 1
    pre = batch
    # Not a literal, of which another version would be compiled.
    at = unit = np.intp(0)
    for layer in range(n_layers):
        n_in, n_out = units[layer], units[layer + 1]
        post = matrix(rates, n_samples * unit, n_samples, n_out)
        association = matrix(associations, 0, n_samples + 1, n_out)
        if layer == n_layers - 1 and competes[layer]:
            match_probabilities(post, codes, unit, y, sample_weight, association)
        else:
            choose_learners(
                post,
                codes,
                unit,
                y,
                sample_weight,
                competes[layer],
                n_winners[:, layer],
                handicap if layer < n_layers - 1 else 0.0,
                margins[layer],
                win_rates[unit : unit + n_out],
                room,
                lane_starts,
                association,
            )
        stdp_layer(
            pre,
            skip and layer == 0,
            starts,
            columns,
            post,
            association[:n_samples],
            stdp_epsilon,
            numbers,
            lanes,
            block,
            coef_of(updates, at, n_in, n_out),
            intercept_of(updates, at, n_in, n_out),
        )
        pre = post
        at += (n_in + 1) * n_out
        unit += n_out
