"""Fill a batch: from rows of the data to inputs of the first layer, one batch at a time."""

import numpy as np

from .._utils._memory import LINE
from ._compiler import kernel, uncontracted
from ._vectors import WIDTH, fetch, places_of_nonzeros
from ._views import flat

# Above this share of rates that are not zero, skipping the others saves nothing.
_DENSE = 0.5

# Rows between the one that is asked for and the one that is read.
_AHEAD = 2


@uncontracted
def _rate_of(x, scale, offset, zero, one):
    return min(max(x * scale + offset, zero), one)


@kernel
def _scale_and_clip(x, scale, offset, rates):
    zero, one = scale.dtype.type(0), scale.dtype.type(1)
    for i in range(rates.size):
        rates[i] = _rate_of(x[i], scale[i], offset[i], zero, one)


@uncontracted
def _encode_fields(fields, inputs):
    """From rates, which lie first in `inputs`, to the steps of each feature and their complements.

    The rates lie where the first step of each feature will: the last steps come first.
    """
    features, n_steps, number = fields
    of = inputs.dtype.type
    zero, one = of(0), of(1)
    half = features.size
    for i in range(half - 1, -1, -1):
        x = min(max(inputs[features[i]] * of(n_steps[i]) - of(number[i]), zero), one)
        inputs[i] = x
        inputs[half + i] = one - x


@kernel
def _encode(samples, row, inputs):
    """Rates of a row, and from them the inputs by which the first layer sees each feature."""
    rates = inputs[: samples.scale.size]
    if samples.indptr.size > 0:
        rates[:] = 0
        for k in range(samples.indptr[row], samples.indptr[row + 1]):
            rates[samples.indices[k]] += samples.data[k]
        zero, one = rates.dtype.type(0), rates.dtype.type(1)
        for i in range(rates.size):
            rates[i] = _rate_of(rates[i], samples.scale[i], samples.offset[i], zero, one)
    else:
        _scale_and_clip(samples.X[row], samples.scale, samples.offset, rates)
    _encode_fields(samples.fields, inputs)


@kernel
def append_nonzeros(row, columns, n):
    """Append the columns of a row that are not zero to the first n; the number of all of them."""
    whole = row.size // WIDTH * WIDTH
    for i in range(0, whole, WIDTH):
        n = places_of_nonzeros(row, i, columns, n)
    for i in range(whole, row.size):
        columns[n] = i
        n += row[i] != 0
    return n


@kernel
def _fetch_row(X, row):
    numbers, first = flat(X), row * X.shape[1]
    for place in range(first, first + X.shape[1], LINE // X.itemsize):
        fetch(numbers, place)


@kernel
def fill(samples, rows, inputs, starts, columns):
    """Fill a batch with some rows; True if its first layer should skip rates of zero."""
    n_inputs = inputs.shape[1]
    # Not a literal, of which another version would be compiled.
    n, sparse = np.intp(0), True
    for s in range(rows.size):
        # The processor cannot guess which row comes next.
        if samples.indptr.size == 0 and s + _AHEAD < rows.size:
            _fetch_row(samples.X, rows[s + _AHEAD])
        _encode(samples, rows[s], inputs[s])
        if sparse:
            n = append_nonzeros(inputs[s], columns, n)
            starts[s + 1] = n
            sparse = n <= _DENSE * (s + 1) * n_inputs + n_inputs
    return sparse and n <= _DENSE * rows.size * n_inputs
