"""The training data, the network and the optimiser, as the compiled loop takes them."""

import numpy as np
from scipy.sparse import issparse

from .._utils._memory import aligned_empty


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
    """True if all parameters, and the updates that have moved them, are finite numbers."""
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
        Linear map from features to rates.
    fields : ReceptiveFields
        Map from rates to input units. Where these are ranked first, those of X are ranks.
    params : ndarray of shape (n_params,)
        Weights and biases, of the dtype of X.
    layer_sizes : list of int
        Number of units of each layer, input and output included.
    shapes : list of pairs of int
        Shapes of the weights, in the order of `params`: those of the layers come first.
    optimizer : Adam
        Its moments and its number of steps change.
    scales : list of float
        Factor on the step size, one per shape.
    rule : NamedTuple
        Values that the rule needs besides the samples and the network. Its type is a row of
        `_kernels.UPDATES`.
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
        layer_sizes,
        shapes,
        optimizer,
        scales,
        rule,
    ):
        # Not earlier: the compiler takes longer to import than everything else.
        from .. import _kernels

        self._kernels = _kernels
        self._update = _kernels.UPDATES[type(rule)]
        self._workspace = None
        self._ranks = fields.ranks
        self._samples = _kernels.Samples(
            *self._as_data(X, params.dtype),
            scale,
            offset,
            tuple(map(_read_only, fields.steps)),
            y,
            sample_weight,
        )
        self.total_weight = float(sample_weight.sum())
        self._network = _kernels.Network(np.array(layer_sizes, np.intp), params)
        self._optimizer = optimizer
        self._scales = np.array(scales, np.float64)
        self._shapes = np.array(shapes, np.intp)
        self._rule = rule

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
            One per batch.

        Returns
        -------
        sums : ndarray of shape (2, n_epochs)
            Sums over the samples, by weight: cross-entropy, and how many are classified right.
        """
        return self._run(self._samples, orders, step_sizes)

    def run_on_rates(self, rates, rows, step_size):
        """One step on one batch, with other rates than those of its rows."""
        samples, order = self._with_rates(rates, rows)
        return self._run(samples, order[np.newaxis], np.array([[step_size]]))

    def update(self, rows):
        """Update by some rows, and the sums of `run` for them: shapes (n_params,) and (2,)."""
        return self._learn(self._samples, rows)

    def update_on_rates(self, rates, rows):
        """Update by some rows, with other rates than theirs."""
        return self._learn(*self._with_rates(rates, rows))

    def is_finite(self):
        """True if weights and moments are finite numbers."""
        _, params = self._network
        return are_finite([params], [self._optimizer])

    def _with_rates(self, rates, rows):
        """Samples that have these rates, and their order."""
        rates = self._ranks(rates)
        X, data, indices, indptr = self._as_data(rates, rates.dtype)
        samples = self._samples._replace(
            X=X,
            data=data,
            indices=indices,
            indptr=indptr,
            scale=np.ones(rates.shape[1], rates.dtype),
            offset=np.zeros(rates.shape[1], rates.dtype),
            y=self._samples.y[rows],
            sample_weight=self._samples.sample_weight[rows],
        )
        return samples, np.arange(len(rows))

    def _reserve(self, n_samples):
        if self._workspace is None or len(self._workspace.y) < n_samples:
            layer_sizes, params = self._network
            self._workspace = self._kernels.workspace_of(
                self._update, n_samples, layer_sizes.tolist(), params
            )

    def _learn(self, samples, rows):
        self._reserve(len(rows))
        _, *sums = self._update.batch(samples, rows, self._network, self._rule, self._workspace)
        return self._workspace.updates, np.array(sums)

    def _run(self, samples, orders, step_sizes):
        adam = self._optimizer
        sums = np.zeros((2, len(step_sizes)))
        self._reserve(-(-orders.shape[1] // step_sizes.shape[1]))
        adam.n_steps = self._update.epochs(
            samples,
            orders,
            self._network,
            self._kernels.Schedule(
                *adam.moments,
                adam.settings,
                adam.n_steps,
                step_sizes,
                self._scales,
                self._shapes,
            ),
            self._rule,
            self._workspace,
            sums,
        )
        return sums
