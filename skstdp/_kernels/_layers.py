"""Forward and back through the layers.

batch : Batch
network : Network
"""

import numpy as np

from .._utils._memory import aligned_empty
from ._compiler import inlined, kernel, managed
from ._sigmoid import sigmoid
from ._views import flat, matrix

# Units of a small layer that are gone through together: the sums of a loop of known length stay
# in registers. Shorter loops would be taken apart before they become vectors, and for more units
# all inputs would be visited more than once.
_STRIP = 32


@inlined
def intercept_of(params, offset, n_in, n_out):
    """Biases of the layer whose parameters start at an offset."""
    return params[offset + n_in * n_out : offset + (n_in + 1) * n_out]


@kernel
def _add_scaled(n, x, row, total):
    for j in range(n):
        total[j] += x * row[j]


@kernel
def _add_four(n, x, rows, total):
    x_0, x_1, x_2, x_3 = x
    row_0, row_1, row_2, row_3 = rows
    for j in range(n):
        total[j] += (x_0 * row_0[j] + x_1 * row_1[j]) + (x_2 * row_2[j] + x_3 * row_3[j])


@kernel
def _add_to_four(n, x, delta, rows):
    x_0, x_1, x_2, x_3 = x
    row_0, row_1, row_2, row_3 = rows
    for j in range(n):
        row_0[j] += x_0 * delta[j]
        row_1[j] += x_1 * delta[j]
        row_2[j] += x_2 * delta[j]
        row_3[j] += x_3 * delta[j]


@kernel
def _outer_strip(n, first, x, columns, delta, update):
    """Add to n units, from the first one on."""
    whole = columns.size // 4 * 4
    delta = delta[first:]
    for k in range(0, whole, 4):
        four = columns[k : k + 4]
        a, b, c, d = four[0], four[1], four[2], four[3]
        rows = update[a, first:], update[b, first:], update[c, first:], update[d, first:]
        _add_to_four(n, (x[a], x[b], x[c], x[d]), delta, rows)
    for column in columns[whole:]:
        _add_scaled(n, x[column], delta, update[column, first:])


@kernel
def _sum_strip(n, first, x, columns, coef, total):
    """Sums of n units, from the first one on."""
    total = total[first:]
    for j in range(n):
        total[j] = 0
    whole = columns.size // 4 * 4
    # By fours, because each sum is loaded and stored again.
    for k in range(0, whole, 4):
        four = columns[k : k + 4]
        a, b, c, d = four[0], four[1], four[2], four[3]
        rows = coef[a, first:], coef[b, first:], coef[c, first:], coef[d, first:]
        _add_four(n, (x[a], x[b], x[c], x[d]), rows, total)
    for column in columns[whole:]:
        _add_scaled(n, x[column], coef[column, first:], total)


@kernel
def _strip_of(n_units):
    """Number of units of a layer that are gone through together, before the others."""
    return _STRIP if _STRIP <= n_units < 2 * _STRIP else 0


@kernel
def _add_outer(x, columns, delta, update):
    """Add a row to those of the weights of some inputs, times their rates."""
    strip = _strip_of(delta.size)
    if strip > 0:
        _outer_strip(_STRIP, 0, x, columns, delta, update)
    if strip < delta.size:
        _outer_strip(delta.size - strip, strip, x, columns, delta, update)


@kernel
def _weighted_sum(x, columns, coef, total):
    """Sum of the rows of the weights of some inputs, times their rates."""
    strip = _strip_of(total.size)
    if strip > 0:
        _sum_strip(_STRIP, 0, x, columns, coef, total)
    if strip < total.size:
        _sum_strip(total.size - strip, strip, x, columns, coef, total)


@managed
def multiply(a, b, product):
    """Matrix product."""
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
    multiply(pre, coef, post)
    _add_to_rows(intercept, post)


@kernel
def _project_nonzeros(pre, nonzeros, coef, intercept, post):
    """Drive of the first layer, from the rates that are not zero."""
    _, starts, columns = nonzeros
    for s in range(post.shape[0]):
        _weighted_sum(pre[s], columns[starts[s] : starts[s + 1]], coef, post[s])
    _add_to_rows(intercept, post)


@kernel
def forward(batch, network):
    """Rates of all layers; the logits of the output, too, because their sigmoid rounds."""
    nonzeros, rates, logits = batch.nonzeros, batch.rates, flat(batch.logits)
    layer_sizes, params = network
    n_samples = batch.inputs.shape[0]
    pre = batch.inputs
    offset = first = 0
    for layer in range(layer_sizes.size - 1):
        n_in, n_out = layer_sizes[layer], layer_sizes[layer + 1]
        coef = matrix(params, offset, n_in, n_out)
        intercept = intercept_of(params, offset, n_in, n_out)
        drive = matrix(rates, first, n_samples, n_out)
        if nonzeros.skip and layer == 0:
            _project_nonzeros(pre, nonzeros, coef, intercept, drive)
        else:
            project(pre, coef, intercept, drive)
        post = rates[first : first + n_samples * n_out]
        if layer == layer_sizes.size - 2:
            for k in range(post.size):
                logits[k] = post[k]
        sigmoid(post)
        pre = drive
        offset += (n_in + 1) * n_out
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
def output_error(logits, y, weight, delta):
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
def gradient(pre, skip, nonzeros, delta, coef_update, intercept_update):
    intercept_update[:] = 0
    for s in range(delta.shape[0]):
        _add_scaled(delta.shape[1], delta.dtype.type(1), delta[s], intercept_update)
    if skip:
        _, starts, columns = nonzeros
        coef_update[:] = 0
        for s in range(delta.shape[0]):
            _add_outer(pre[s], columns[starts[s] : starts[s + 1]], delta[s], coef_update)
    else:
        multiply(pre.T, delta, coef_update)


@kernel
def through(delta, coef, rate, below):
    """Error of a layer, from another error, the weights that it comes by, and its own rates."""
    one = delta.dtype.type(1)
    multiply(delta, coef.T, below)
    for s in range(delta.shape[0]):
        for i in range(coef.shape[0]):
            below[s, i] *= rate[s, i] * (one - rate[s, i])


def backprop_scratch(n_samples, layer_sizes, dtype):
    """Errors of all units, which a batch of at most so many samples overwrites."""
    return aligned_empty(n_samples * sum(layer_sizes[1:]), dtype)


@kernel
def updates_by_errors(send_down, batch, network, rule, deltas, scratch, updates):
    """Uphill direction of each parameter by the errors of the units that it drives.

    `send_down(layer, offset, delta, output, network, rule, scratch, rate, below)` overwrites
    `below`, the error of the units of a hidden layer, given its number, the place of the weights
    from it in the parameters, the errors of the layer above and of the output, and its rates.
    `deltas` and `updates` are overwritten.
    """
    nonzeros, rates = batch.nonzeros, batch.rates
    y, weight = batch.labels
    layer_sizes, params = network
    n_samples = y.size
    offset, first = params.size, rates.size
    n_outputs = layer_sizes[layer_sizes.size - 1]
    output = matrix(deltas, first - n_samples * n_outputs, n_samples, n_outputs)
    output_error(batch.logits, y, weight, output)
    for layer in range(layer_sizes.size - 2, -1, -1):
        n_in, n_out = layer_sizes[layer], layer_sizes[layer + 1]
        offset -= (n_in + 1) * n_out
        first -= n_samples * n_out
        delta = matrix(deltas, first, n_samples, n_out)
        pre = batch.inputs
        if layer > 0:
            below = first - n_samples * n_in
            pre = matrix(rates, below, n_samples, n_in)
            error = matrix(deltas, below, n_samples, n_in)
            send_down(layer, offset, delta, output, network, rule, scratch, pre, error)
        gradient(
            pre,
            nonzeros.skip and layer == 0,
            nonzeros,
            delta,
            matrix(updates, offset, n_in, n_out),
            intercept_of(updates, offset, n_in, n_out),
        )


@kernel
def _through_weights(layer, offset, delta, _output, network, _rule, _scratch, rate, below):
    layer_sizes, params = network
    coef = matrix(params, offset, layer_sizes[layer], layer_sizes[layer + 1])
    through(delta, coef, rate, below)


@kernel
def backprop_updates(batch, network, deltas, updates):
    """Minus the gradient of cross-entropy; `deltas` and `updates` are overwritten."""
    updates_by_errors(_through_weights, batch, network, 0, deltas, 0, updates)
