"""From rows of the data to what the first layer sees of them, one batch at a time."""

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
def _clip_scaled(x, scale, offset, rates):
    zero, one = scale.dtype.type(0), scale.dtype.type(1)
    for i in range(rates.size):
        rates[i] = min(max(x[i] * scale[i] + offset[i], zero), one)


@kernel
def is_identity(scale, offset):
    """Whether features are rates already."""
    n_others = 0
    for i in range(scale.size):
        n_others += scale[i] != 1 or offset[i] != 0
    return n_others == 0


@kernel
def _clip(x, rates):
    zero, one = rates.dtype.type(0), rates.dtype.type(1)
    for i in range(rates.size):
        rates[i] = min(max(x[i], zero), one)


@uncontracted
def _encode(X, data, indices, indptr, scale, offset, identity, steps, row, inputs):
    """Rates of a row, and from them the units by which the first layer sees each feature."""
    n_features = scale.size
    of = scale.dtype.type
    zero, one = of(0), of(1)
    rates = inputs[:n_features]
    if indptr.size > 0:
        rates[:] = zero
        for k in range(indptr[row], indptr[row + 1]):
            rates[indices[k]] += data[k]
        _clip_scaled(rates, scale, offset, rates)
    elif identity:
        _clip(X[row], rates)
    else:
        _clip_scaled(X[row], scale, offset, rates)
    features, n_steps, number = steps
    half = features.size
    # The rates lie where the first step of each feature will: the last ones come first.
    for i in range(half - 1, -1, -1):
        x = min(max(rates[features[i]] * of(n_steps[i]) - of(number[i]), zero), one)
        inputs[i] = x
        inputs[half + i] = one - x


@kernel
def _append_nonzeros(row, columns, n):
    whole = row.size // WIDTH * WIDTH
    for i in range(0, whole, WIDTH):
        n = places_of_nonzeros(row, i, i, columns, n)
    for i in range(whole, row.size):
        columns[n] = i
        n += row[i] != 0
    return n


@kernel
def _fetch_row(X, row):
    numbers, start = flat(X), row * X.shape[1]
    for at in range(start, start + X.shape[1], LINE // X.itemsize):
        fetch(numbers, at)


@kernel
def fill(X, data, indices, indptr, scale, offset, identity, steps, rows, batch, starts, columns):
    """Fill a batch; True if its first layer should skip rates of zero."""
    n_inputs = batch.shape[1]
    # Not a literal, of which another version would be compiled.
    n, sparse = np.intp(0), True
    dense = indptr.size == 0
    for s in range(rows.size):
        # The processor cannot guess which row comes next.
        if dense and s + _AHEAD < rows.size:
            _fetch_row(X, rows[s + _AHEAD])
        encoding = scale, offset, identity, steps
        _encode(X, data, indices, indptr, *encoding, rows[s], batch[s])
        if sparse:
            n = _append_nonzeros(batch[s], columns, n)
            starts[s + 1] = n
            sparse = n <= _DENSE * (s + 1) * n_inputs + n_inputs
    return sparse and n <= _DENSE * rows.size * n_inputs
