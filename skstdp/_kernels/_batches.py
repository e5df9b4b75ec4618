"""From rows of the data to what the first layer sees of them, one batch at a time."""

from ._compiler import kernel, uncontracted
from ._vectors import WIDTH, places_of_nonzeros

# Above this share of rates that are not zero, skipping the others saves nothing.
_DENSE = 0.5


@uncontracted
def _clip_scaled(x, scale, offset, rates):
    zero, one = scale.dtype.type(0), scale.dtype.type(1)
    for i in range(rates.size):
        rates[i] = min(max(x[i] * scale[i] + offset[i], zero), one)


@uncontracted
def _encode(X, data, indices, indptr, scale, offset, n_steps, rows, batch):
    """Rates of the rows, and from them the units by which the first layer sees each feature."""
    n_features = scale.size
    of = scale.dtype.type
    zero, one = of(0), of(1)
    sparse = indptr.size > 0
    for s in range(rows.size):
        inputs, row = batch[s], rows[s]
        rates = inputs[:n_features]
        if sparse:
            rates[:] = zero
            for k in range(indptr[row], indptr[row + 1]):
                rates[indices[k]] += data[k]
            _clip_scaled(rates, scale, offset, rates)
        else:
            _clip_scaled(X[row], scale, offset, rates)
        if n_steps > 0:
            half = n_features * n_steps
            for step in range(n_steps - 1, -1, -1):
                on = inputs[step * n_features : (step + 1) * n_features]
                off = inputs[half + step * n_features : half + (step + 1) * n_features]
                for i in range(n_features):
                    x = min(max(rates[i] * of(n_steps) - of(step), zero), one)
                    on[i] = x
                    off[i] = one - x


@kernel
def _compress(batch, n_samples, starts, columns):
    """Column of every rate that is not zero, row by row; False if most are not."""
    n = 0
    for s in range(n_samples):
        row = batch[s]
        whole = row.size // WIDTH * WIDTH
        for i in range(0, whole, WIDTH):
            n = places_of_nonzeros(row, i, columns, n)
        for i in range(whole, row.size):
            columns[n] = i
            n += row[i] != 0
        starts[s + 1] = n
        if n > _DENSE * (s + 1) * row.size + row.size:
            return False
    return n <= _DENSE * n_samples * batch.shape[1]


@kernel
def fill(X, data, indices, indptr, scale, offset, n_steps, rows, batch, starts, columns):
    """Fill a batch; True if its first layer should skip rates of zero."""
    _encode(X, data, indices, indptr, scale, offset, n_steps, rows, batch)
    return _compress(batch, rows.size, starts, columns)
