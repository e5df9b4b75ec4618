"""The training data, the network and the optimiser, as the compiled loop takes them."""

import numpy as np
from scipy.sparse import issparse

from .._utils._memory import aligned_empty

# Of the types that the local rule has, for a network that does not learn by it.
_NO_RULE = {
    dtype: (
        np.empty((0, 0), dtype),
        1.0,
        np.empty(0, bool),
        np.empty((2, 0, 0), np.intp),
        0.0,
        np.empty(0),
        np.empty(0),
    )
    for dtype in (np.float32, np.float64)
}


def flatten(coefs, intercepts):
    """One new array of all parameters, weights and then biases layer after layer, and its parts.

    Returns
    -------
    params : ndarray of shape (n_params,)
    coefs, intercepts : lists of ndarrays
        Views of `params` with the shapes of the arguments.
    """
    layers = [array for layer in zip(coefs, intercepts, strict=True) for array in layer]
    params = aligned_empty(sum(array.size for array in layers), layers[0].dtype)
    np.concatenate([array.ravel() for array in layers], out=params)
    ends = np.cumsum([array.size for array in layers])
    parts = [
        part.reshape(array.shape)
        for part, array in zip(np.split(params, ends[:-1]), layers, strict=True)
    ]
    return params, parts[::2], parts[1::2]


def are_finite(arrays, optimizers):
    """Whether all parameters, and the updates that have moved them, are finite numbers."""
    # A second moment stays infinite, or no number, once an update was.
    arrays = (*arrays, *(optimizer.moments[1] for optimizer in optimizers))
    return all(np.isfinite(array).all() for array in arrays)


def _read_only(array):
    """A view of one layout and one kind, for which one compiled loop is enough."""
    view = np.require(array, requirements=["C", "ALIGNED"]).view()
    view.flags.writeable = False
    return view


class Training:
    """Epochs over some samples, which move the parameters of a network in place.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Training data.
    y : ndarray of shape (n_samples,), dtype intp
        Class index of each sample.
    sample_weight : ndarray of shape (n_samples,)
        Weights of the samples.
    scale, offset : ndarrays of shape (n_features,)
        What makes rates of the features.
    fields : ReceptiveFields
        What makes input units of the rates. Where these are ranked first, those of X are ranks.
    params : ndarray of shape (n_params,)
        Weights and biases, of the dtype of X.
    layer_units : list of int
        Number of units of each layer, input and output included.
    optimizer : Adam
        Its moments and its number of steps change.
    scales : list of float
        Factor on the step size, one a layer.
    rule : tuple or None
        What the local rule needs besides rates; None for backpropagation.
    """

    def __init__(
        self,
        X,
        y,
        sample_weight,
        scale,
        offset,
        fields,
        params,
        layer_units,
        optimizer,
        scales,
        rule,
    ):
        # Not earlier: the compiler takes longer to import than everything else.
        from .._kernels import epochs, workspace

        self._epochs, self._workspace = epochs, workspace
        self._room = None
        self._data = self._as_data(X, params.dtype)
        self._encoding = scale, offset, tuple(map(_read_only, fields.steps))
        self._ranks = fields.ranks
        self._y = y
        self._sample_weight = sample_weight
        self.total_weight = float(sample_weight.sum())
        self._network = np.array(layer_units, np.intp), params
        self._optimizer = optimizer
        self._scales = np.array(scales, np.float64)
        self._local = rule is not None
        self._rule = rule if self._local else _NO_RULE[params.dtype.type]

    @staticmethod
    def _as_data(X, dtype):
        if issparse(X):
            if X.nnz > np.iinfo(np.int32).max:
                raise ValueError(
                    f"Got a sparse X with {X.nnz} stored values, but expected at most "
                    f"{np.iinfo(np.int32).max}. Train on parts of it with partial_fit."
                )
            indices = (array.astype(np.int32, copy=False) for array in (X.indices, X.indptr))
            dense, sparse = np.empty((0, 0), dtype), (X.data, *indices)
        else:
            dense, sparse = X, (np.empty(0, dtype), np.empty(0, np.int32), np.empty(0, np.int32))
        return tuple(map(_read_only, (dense, *sparse)))

    def run(self, orders, step_sizes):
        """One pass over the rows in each of the given orders.

        Parameters
        ----------
        orders : ndarray of shape (n_epochs, n_samples), dtype intp
            Rows.
        step_sizes : ndarray of shape (n_epochs, n_batches)
            One a batch.

        Returns
        -------
        losses, n_right : ndarrays of shape (n_epochs,)
            Sums over the samples, by weight: cross-entropy, and how many are classified right.
        """
        samples = *self._data, *self._encoding, orders, self._y, self._sample_weight
        return self._run(samples, orders.shape[1], step_sizes)

    def run_on_rates(self, rates, rows, step_size):
        """One step on one batch, with other rates than those of its rows."""
        n_features = rates.shape[1]
        _, _, steps = self._encoding
        rates = self._ranks(rates)
        return self._run(
            (
                *self._as_data(rates, rates.dtype),
                np.ones(n_features, rates.dtype),
                np.zeros(n_features, rates.dtype),
                steps,
                np.arange(len(rows))[np.newaxis],
                self._y[rows],
                self._sample_weight[rows],
            ),
            len(rows),
            np.array([[step_size]]),
        )

    def is_finite(self):
        """Whether weights and moments still are numbers."""
        _, params = self._network
        return are_finite([params], [self._optimizer])

    def _run(self, samples, n_samples, step_sizes):
        adam = self._optimizer
        losses, n_right = np.zeros((2, len(step_sizes)))
        largest_batch = -(-n_samples // step_sizes.shape[1])
        if self._room is None or len(self._room[0]) < largest_batch:
            units, params = self._network
            self._room = self._workspace(largest_batch, units.tolist(), params.dtype)
        adam.n_steps = self._epochs(
            samples,
            self._network,
            adam.moments,
            (adam.settings, adam.n_steps, step_sizes, self._scales),
            self._local,
            self._rule,
            self._room,
            losses,
            n_right,
        )
        return losses, n_right
