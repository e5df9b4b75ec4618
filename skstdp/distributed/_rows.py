"""Rows of a table that lie on the workers of a cluster, block by block."""

from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, issparse
from sklearn.utils import check_array
from sklearn.utils.sparsefuncs import min_max_axis
from sklearn.utils.validation import _check_y, validate_data

from .._networks._checks import validated_array
from .._networks._encoding import as_dtype
from .._networks._split import row_digests
from .._utils._validation import naming_columns, plain_labels, refuse_equal_names
from ._cluster import Cluster, new_key
from ._training import TrainingOnCluster

_FLOATS = [np.float64, np.float32]


@dataclass(frozen=True, eq=False)
class UncheckedRows:
    """X as it was given to `fit`, to be cut into `n_blocks` blocks if it is of this process."""

    X: Any
    cluster: Cluster
    n_blocks: int

    def validated(self, estimator, *y, reset):
        """List of the checked rows, and of checked labels if any."""
        # As Dask itself does, by the protocol that all of its collections follow.
        if not hasattr(self.X, "__dask_graph__"):
            X, *y = validated_array(estimator, self.X, *y, reset=reset)
            return [self._of_this_process(X), *y]
        if getattr(self.X, "ndim", None) != 2:
            raise ValueError(
                f"Got X as a dask {type(self.X).__name__} of {getattr(self.X, 'ndim', 'no')} "
                "dimensions, but expected an array or a data frame of two."
            )
        refuse_equal_names(self.X)
        named = self.X._meta if hasattr(self.X, "columns") else self.X
        validate_data(estimator, named, reset=reset, skip_check_array=True)
        y = [_check_y(plain_labels(labels), estimator=estimator) for labels in y]
        X = self._of_the_workers()
        if len(X) == 0:
            raise ValueError("Got X without rows, but expected at least 1.")
        for labels in y:
            if len(labels) != len(X):
                raise ValueError(
                    f"Got X of {len(X)} rows and {len(labels)} labels, but expected one per row."
                )
        return [X, *y]

    def _of_this_process(self, X):
        ends = np.linspace(0, X.shape[0], min(self.n_blocks, X.shape[0]) + 1).astype(int)
        blocks = [self.cluster.submit(_itself, X[low:high]) for low, high in pairwise(ends)]
        return RowsOnCluster(
            self.cluster, blocks, ends, X.shape[1], X.dtype, issparse(X), np.arange(ends[-1])
        )

    def _of_the_workers(self):
        import dask

        X, dtype = self.X, _dtype(self.X)
        if hasattr(X, "rechunk"):
            X = X.rechunk({1: -1})
        parts = X.to_delayed().ravel() if hasattr(X, "rechunk") else X.to_delayed()
        check = dask.delayed(partial(_checked, dtype), pure=True)
        blocks = self.cluster.collect([check(part) for part in parts])
        sizes = self.cluster.results([self.cluster.submit(_size, block) for block in blocks])
        lengths, sparse = zip(*sizes, strict=True)
        ends = np.cumsum([0, *lengths])
        return RowsOnCluster(
            self.cluster, blocks, ends, X.shape[1], dtype, any(sparse), np.arange(ends[-1])
        )


@dataclass(frozen=True, eq=False)
class RowsOnCluster:
    """Checked rows, or some of them, with the methods of `Rows`.

    Attributes
    ----------
    cluster : Cluster
        Workers that hold them.
    blocks : list of futures
        Arrays or CSR matrices, block by block.
    ends : ndarray of shape (n_blocks + 1,)
        Number of the first row of each block, and that of all rows.
    n_features : int
        Number of columns.
    dtype : dtype
        float32 or float64.
    sparse : bool
        True if a block may be a CSR matrix.
    rows : ndarray of shape (n_samples,), dtype intp
        Numbers of these rows.
    """

    cluster: Cluster
    blocks: list
    ends: np.ndarray
    n_features: int
    dtype: np.dtype
    sparse: bool
    rows: np.ndarray

    @property
    def shape(self):
        """Number of samples and of features."""
        return len(self.rows), self.n_features

    def __len__(self):
        return len(self.rows)

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            "Got rows that lie on the workers of a cluster, but expected an array. Give a "
            "callback that looks at samples its own ones, such as X_val."
        )

    def __getitem__(self, samples):
        return replace(self, rows=self.rows[samples])

    def astype(self, dtype):
        """The same rows of another dtype."""
        if self.dtype == dtype:
            return self
        blocks = [self.cluster.submit(as_dtype, block, dtype) for block in self.blocks]
        return replace(self, blocks=blocks, dtype=np.dtype(dtype))

    def validated(self, estimator, reset):
        """List of these rows, which are checked already."""
        return [self]

    def for_callbacks(self):
        """These rows, which no callback can read."""
        return self

    def parts(self, samples=slice(None)):
        """Places of some of the samples.

        Returns
        -------
        parts : list of (block, positions, rows)
            Number of a block, positions of samples among the given ones, and their rows in the
            block; blocks without samples are left out.
        """
        rows = self.rows[samples]
        block_of = np.searchsorted(self.ends, rows, side="right") - 1
        by_block = np.argsort(block_of, kind="stable")
        first = np.searchsorted(block_of[by_block], np.arange(len(self.blocks) + 1))
        return [
            (block, by_block[low:high], rows[by_block[low:high]] - self.ends[block])
            for block, (low, high) in enumerate(pairwise(first))
            if low < high
        ]

    def size_of(self, block):
        """Number of rows of a block."""
        return self.ends[block + 1] - self.ends[block]

    def map(self, function, network, sample_weight=None):
        """Results of a function, one for each block that has samples: see `Rows.map`."""
        return self._over(partial(function, network._inference_copy()), sample_weight)

    def _over(self, function, sample_weight=None):
        parts = self.parts()

        def make_graph():
            graph = {}
            for block, positions, rows in parts:
                every = len(rows) == self.size_of(block) and (np.diff(rows) == 1).all()
                weight = None if sample_weight is None else sample_weight[positions]
                graph[new_key("over")] = (
                    _apply,
                    function,
                    self.blocks[block],
                    None if every else rows,
                    weight,
                    int(positions[0]),
                )
            return graph, list(graph)

        return self.cluster.run(make_graph)

    def trainer(self, network, *arguments):
        """Loop over batches whose rows lie on the workers."""
        return TrainingOnCluster(self, *arguments, model=network._inference_copy())

    def run(self, training, network, y, orders, step_sizes, attack_sizes):
        """Run epochs; the workers perturb their rows, with `adversarial_epsilon`."""
        return training.run(orders, step_sizes, attack_sizes)

    def in_order(self, results):
        """One array of the results of `map`, if these have a row per sample."""
        ordered = np.empty((len(self), *results[0].shape[1:]), results[0].dtype)
        for (_, positions, _), result in zip(self.parts(), results, strict=True):
            ordered[positions] = result
        return ordered

    def extremes(self):
        """Two rows with the least and the greatest value of each feature, sparse if X is."""
        least, greatest = zip(*self._over(_extremes), strict=True)
        rows = np.vstack([np.min(least, axis=0), np.max(greatest, axis=0)])
        return csr_matrix(rows) if self.sparse else rows

    def digests(self):
        """One number per row, the same for equal rows."""
        return self.in_order(self._over(_digests))


def _dtype(X):
    """float32 if all columns are, else float64; that of scikit-learn for data frames."""
    dtypes = list(X.dtypes) if hasattr(X, "dtypes") else [X.dtype]
    try:
        common = np.result_type(*dtypes)
    except TypeError:
        return np.dtype(np.float64)
    return common if common in _FLOATS else np.dtype(np.float64)


# Functions that the workers call.


def _itself(X):
    return X


def _checked(dtype, X):
    with naming_columns(X), np.errstate(over="ignore", invalid="ignore"):
        X = check_array(
            X,
            accept_sparse="csr",
            dtype=dtype,
            order="C",
            ensure_min_samples=0,
            input_name="X",
        )
    return X


def _size(X):
    return X.shape[0], issparse(X)


def _apply(function, X, rows, sample_weight, first_row):
    return function(X if rows is None else X[rows], sample_weight, first_row)


def _extremes(X, sample_weight, first_row):
    return min_max_axis(X, axis=0) if issparse(X) else (X.min(axis=0), X.max(axis=0))


def _digests(X, sample_weight, first_row):
    return row_digests(X)
