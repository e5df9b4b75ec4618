"""Forward and back through the layers.

units : ndarray of shape (n_layers,)
    Number of units of each layer, input and output included.
params : ndarray of shape (n_params,)
    Weights of shape (n_in, n_out), then biases, layer after layer.
batch : ndarray of shape (n_samples, n_inputs)
    Rates of the inputs.
starts, columns : ndarrays
    Where the rates of the inputs are not zero, row by row; not used unless `skip`.
rates : ndarray of shape (n_samples * number of units that are not inputs,)
    Rates of the other layers, one after the other, each of shape (n_samples, n_units).
"""

import numpy as np

from ._compiler import inlined, kernel, managed
from ._sigmoid import sigmoid
from ._vectors import WIDTH, load, splat, store
from ._views import flat, matrix


@inlined
def coef_of(params, at, n_in, n_out):
    """Weights of the layer whose parameters start at a place."""
    return matrix(params, at, n_in, n_out)


@inlined
def intercept_of(params, at, n_in, n_out):
    """Biases of the layer whose parameters start at a place."""
    return params[at + n_in * n_out : at + (n_in + 1) * n_out]


@inlined
def _add_scaled(x, row, total):
    n = total.size // WIDTH * WIDTH
    for j in range(0, n, WIDTH):
        store(load(total, j) + splat(x) * load(row, j), total, j)
    for j in range(n, total.size):
        total[j] += x * row[j]


@kernel
def _add_outer(x, columns, delta, update):
    """Add a row to those of the weights of some inputs, times their rates."""
    j = 0
    while j + 2 * WIDTH <= delta.size:
        delta_0, delta_1 = load(delta, j), load(delta, j + WIDTH)
        for column in columns:
            rate, row = splat(x[column]), update[column]
            store(load(row, j) + rate * delta_0, row, j)
            store(load(row, j + WIDTH) + rate * delta_1, row, j + WIDTH)
        j += 2 * WIDTH
    if j + WIDTH <= delta.size:
        delta_0 = load(delta, j)
        for column in columns:
            row = update[column]
            store(load(row, j) + splat(x[column]) * delta_0, row, j)
        j += WIDTH
    if j < delta.size:
        for column in columns:
            for i in range(j, delta.size):
                update[column, i] += x[column] * delta[i]


@kernel
def _weighted_sum(x, columns, coef, post):
    """Sum of the rows of the weights of some inputs, times their rates."""
    n_out = post.size
    end = columns.size // 2 * 2
    j = 0
    # Each sum is kept in two parts, because an addition waits for the one before.
    while j + 2 * WIDTH <= n_out:
        even_0 = even_1 = odd_0 = odd_1 = splat(x.dtype.type(0))
        for k in range(0, end, 2):
            rate, row = splat(x[columns[k]]), coef[columns[k]]
            even_0 = even_0 + rate * load(row, j)
            even_1 = even_1 + rate * load(row, j + WIDTH)
            rate, row = splat(x[columns[k + 1]]), coef[columns[k + 1]]
            odd_0 = odd_0 + rate * load(row, j)
            odd_1 = odd_1 + rate * load(row, j + WIDTH)
        store(even_0 + odd_0, post, j)
        store(even_1 + odd_1, post, j + WIDTH)
        j += 2 * WIDTH
    if j + WIDTH <= n_out:
        even = odd = splat(x.dtype.type(0))
        for k in range(0, end, 2):
            even = even + splat(x[columns[k]]) * load(coef[columns[k]], j)
            odd = odd + splat(x[columns[k + 1]]) * load(coef[columns[k + 1]], j)
        store(even + odd, post, j)
        j += WIDTH
    post[j:] = 0
    for k in range(end):
        for i in range(j, n_out):
            post[i] += x[columns[k]] * coef[columns[k], i]
    if end < columns.size:
        _add_scaled(x[columns[end]], coef[columns[end]], post)


@managed
def _multiply(a, b, product):
    # This function of NumPy returns an array.
    np.dot(a, b, product)


@kernel
def _add_to_rows(intercept, post):
    for s in range(post.shape[0]):
        for j in range(post.shape[1]):
            post[s, j] += intercept[j]


@kernel
def project(pre, coef, intercept, post):
    """Drive of a layer from what comes from the one before; a bias is an input of one."""
    _multiply(pre, coef, post)
    _add_to_rows(intercept, post)


@kernel
def _project_nonzero(pre, starts, columns, coef, intercept, post):
    """The same, from the rates that are not zero."""
    for s in range(post.shape[0]):
        _weighted_sum(pre[s], columns[starts[s] : starts[s + 1]], coef, post[s])
    _add_to_rows(intercept, post)


@kernel
def forward(batch, skip, starts, columns, units, params, rates, logits):
    """Rates of all layers; the logits of the output, too, because their sigmoid rounds."""
    n_samples = batch.shape[0]
    pre = batch
    at = first = 0
    for layer in range(units.size - 1):
        n_in, n_out = units[layer], units[layer + 1]
        post = rates[first : first + n_samples * n_out]
        coef, intercept = coef_of(params, at, n_in, n_out), intercept_of(params, at, n_in, n_out)
        drive = matrix(rates, first, n_samples, n_out)
        if skip and layer == 0:
            _project_nonzero(pre, starts, columns, coef, intercept, drive)
        else:
            project(pre, coef, intercept, drive)
        if layer == units.size - 2:
            for k in range(post.size):
                logits[k] = post[k]
        sigmoid(post)
        pre = drive
        at += (n_in + 1) * n_out
        first += n_samples * n_out


@kernel
def cross_entropy(logits, y, weight):
    """Sums over the samples, by weight: cross-entropy, and how many are classified right."""
    loss = n_right = 0.0
    for s in range(y.size):
        if logits.shape[1] == 1:
            logit = np.float64(logits[s, 0])
            right = (logit > 0) == (y[s] == 1)
            against = -logit if y[s] == 1 else logit
            loss += weight[s] * (max(against, 0.0) + np.log1p(np.exp(-abs(logit))))
        else:
            top = 0
            for k in range(1, logits.shape[1]):
                if logits[s, k] > logits[s, top]:
                    top = k
            right = top == y[s]
            total = 0.0
            for k in range(logits.shape[1]):
                total += np.exp(np.float64(logits[s, k] - logits[s, top]))
            loss += weight[s] * (np.log(total) - (logits[s, y[s]] - logits[s, top]))
        if right:
            n_right += weight[s]
    return loss, n_right


@kernel
def _output_error(logits, y, weight, delta):
    """Derivative of minus the weighted cross-entropy by the logits."""
    n_samples, n_outputs = logits.shape
    if n_outputs == 1:
        for s in range(n_samples):
            delta[s, 0] = logits[s, 0]
        sigmoid(flat(delta))
        for s in range(n_samples):
            delta[s, 0] = weight[s] * ((y[s] == 1) - delta[s, 0])
        return
    for s in range(n_samples):
        top = logits[s, 0]
        for k in range(1, n_outputs):
            top = max(top, logits[s, k])
        total = top * 0
        for k in range(n_outputs):
            delta[s, k] = np.exp(logits[s, k] - top)
            total += delta[s, k]
        for k in range(n_outputs):
            delta[s, k] = weight[s] * ((y[s] == k) - delta[s, k] / total)


@kernel
def _gradient(pre, skip, starts, columns, delta, coef_update, intercept_update):
    intercept_update[:] = 0
    for s in range(delta.shape[0]):
        _add_scaled(delta.dtype.type(1), delta[s], intercept_update)
    if skip:
        coef_update[:] = 0
        for s in range(delta.shape[0]):
            _add_outer(pre[s], columns[starts[s] : starts[s + 1]], delta[s], coef_update)
    else:
        _multiply(pre.T, delta, coef_update)


@kernel
def _through(delta, coef, rate, below):
    """Error of a layer, from that of the one above and from its own rates."""
    one = delta.dtype.type(1)
    _multiply(delta, coef.T, below)
    for s in range(delta.shape[0]):
        for i in range(coef.shape[0]):
            below[s, i] *= rate[s, i] * (one - rate[s, i])


@kernel
def backprop_updates(
    batch, skip, starts, columns, units, params, rates, logits, y, weight, deltas, updates
):
    """Minus the gradient of cross-entropy, for weights of the samples that sum to one.

    `deltas` has the shape of `rates`; it and `updates`, of that of `params`, are overwritten.
    """
    n_samples = batch.shape[0]
    at, first = params.size, rates.size
    for layer in range(units.size - 2, -1, -1):
        n_in, n_out = units[layer], units[layer + 1]
        at -= (n_in + 1) * n_out
        first -= n_samples * n_out
        delta = matrix(deltas, first, n_samples, n_out)
        if layer == units.size - 2:
            _output_error(logits, y, weight, delta)
        pre = batch
        if layer > 0:
            below = first - n_samples * n_in
            pre = matrix(rates, below, n_samples, n_in)
            _through(
                delta,
                coef_of(params, at, n_in, n_out),
                pre,
                matrix(deltas, below, n_samples, n_in),
            )
        _gradient(
            pre,
            skip and layer == 0,
            starts,
            columns,
            delta,
            coef_of(updates, at, n_in, n_out),
            intercept_of(updates, at, n_in, n_out),
        )
