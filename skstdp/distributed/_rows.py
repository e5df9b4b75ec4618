"""Rows of a table that lie on the workers of a cluster, block by block."""

from functools import partial
from itertools import pairwise

import numpy as np
from scipy.sparse import csr_matrix, issparse
from sklearn.utils import check_array
from sklearn.utils.sparsefuncs import min_max_axis
from sklearn.utils.validation import _check_y, validate_data

from .._networks._encoding import as_dtype
from .._networks._rows import OnCluster
from .._networks._split import row_digests
from .._utils._validation import naming_columns, refuse_equal_names
from ._cluster import new_key
from ._training import TrainingOnCluster

_FLOATS = [np.float64, np.float32]


class UncheckedRows(OnCluster):
    """X as it was given.

    Parameters
    ----------
    X : array-like, sparse matrix, dask array or dask data frame
        The rows.
    cluster : Cluster
        Where they are to lie.
    n_blocks : int
        Number of blocks of rows that an X of this process is cut into, if it has as many rows.
    """

    def __init__(self, X, cluster, n_blocks):
        self._X = X
        self._cluster = cluster
        self._n_blocks = n_blocks

    def validated(self, estimator, *y, reset):
        """Checked rows, and checked labels if any."""
        # As Dask itself does, by the protocol that all of its collections follow.
        if not hasattr(self._X, "__dask_graph__"):
            X, *y = _listed(estimator._validate_data(self._X, *y, reset=reset))
            return _as_given(self._of_this_process(X), *y)
        if getattr(self._X, "ndim", None) != 2:
            raise ValueError(
                f"Got X as a dask {type(self._X).__name__} of {getattr(self._X, 'ndim', 'no')} "
                "dimensions, but expected an array or a data frame of two."
            )
        refuse_equal_names(self._X)
        named = self._X._meta if hasattr(self._X, "columns") else self._X
        validate_data(estimator, named, reset=reset, skip_check_array=True)
        y = [_check_y(labels, estimator=estimator) for labels in y]
        X = self._of_the_workers()
        if len(X) == 0:
            raise ValueError("Got X without rows, but expected at least 1.")
        for labels in y:
            if len(labels) != len(X):
                raise ValueError(
                    f"Got X of {len(X)} rows and {len(labels)} labels, but expected one a row."
                )
        return _as_given(X, *y)

    def _of_this_process(self, X):
        ends = np.linspace(0, X.shape[0], min(self._n_blocks, X.shape[0]) + 1).astype(int)
        blocks = [self._cluster.submit(_itself, X[low:high]) for low, high in pairwise(ends)]
        return RowsOnCluster(
            self._cluster, blocks, ends, X.shape[1], X.dtype, issparse(X), np.arange(ends[-1])
        )

    def _of_the_workers(self):
        import dask

        X, dtype = self._X, _dtype(self._X)
        if hasattr(X, "rechunk"):
            X = X.rechunk({1: -1})
        parts = X.to_delayed().ravel() if hasattr(X, "rechunk") else X.to_delayed()
        check = dask.delayed(partial(_checked, dtype), pure=True)
        blocks = self._cluster.collect([check(part) for part in parts])
        sizes = self._cluster.results([self._cluster.submit(_size, block) for block in blocks])
        lengths, sparse = zip(*sizes, strict=True)
        ends = np.cumsum([0, *lengths])
        return RowsOnCluster(
            self._cluster, blocks, ends, X.shape[1], dtype, any(sparse), np.arange(ends[-1])
        )


class RowsOnCluster(OnCluster):
    """Checked rows, or some of them.

    Parameters
    ----------
    cluster : Cluster
        Where they lie.
    blocks : list of futures
        Arrays or CSR matrices, block by block.
    ends : ndarray of shape (n_blocks + 1,)
        Number of the first row of each block, and that of all rows.
    n_features : int
        Number of columns.
    dtype : dtype
        float32 or float64.
    sparse : bool
        Whether a block may be a CSR matrix.
    rows : ndarray of shape (n_samples,), dtype intp
        Numbers of these rows.
    """

    def __init__(self, cluster, blocks, ends, n_features, dtype, sparse, rows):
        self.cluster = cluster
        self.blocks = blocks
        self.dtype = np.dtype(dtype)
        self.shape = len(rows), n_features
        self._ends = ends
        self._sparse = sparse
        self._rows = rows

    def __len__(self):
        return self.shape[0]

    def __array__(self, dtype=None, copy=None):
        raise TypeError(
            "Got rows that lie on the workers of a cluster, but expected an array. Give a "
            "callback that looks at samples its own ones, such as X_val."
        )

    def __getitem__(self, rows):
        return self._like(self.blocks, self.dtype, self._rows[rows])

    def _like(self, blocks, dtype, rows):
        _, n_features = self.shape
        return RowsOnCluster(
            self.cluster, blocks, self._ends, n_features, dtype, self._sparse, rows
        )

    def astype(self, dtype, copy=True):
        """The same rows of another dtype."""
        if self.dtype == dtype:
            return self
        blocks = [self.cluster.submit(as_dtype, block, dtype) for block in self.blocks]
        return self._like(blocks, dtype, self._rows)

    def validated(self, estimator, reset):
        """They are checked already."""
        return self

    def parts(self, samples=slice(None)):
        """Where some of the samples lie.

        Returns
        -------
        parts : list of (block, positions, rows)
            Number of a block, positions of samples among the given ones, and their rows in the
            block; blocks without samples are left out.
        """
        rows = self._rows[samples]
        block_of = np.searchsorted(self._ends, rows, side="right") - 1
        by_block = np.argsort(block_of, kind="stable")
        first = np.searchsorted(block_of[by_block], np.arange(len(self.blocks) + 1))
        return [
            (block, by_block[low:high], rows[by_block[low:high]] - self._ends[block])
            for block, (low, high) in enumerate(pairwise(first))
            if low < high
        ]

    def size_of(self, block):
        """Number of rows of a block."""
        return self._ends[block + 1] - self._ends[block]

    def over(self, function, sample_weight=None):
        """What a function makes of each block.

        Parameters
        ----------
        function : callable
            Takes an array, weights of its rows and the position of its first row, and is called
            by the workers.
        sample_weight : ndarray of shape (n_samples,) or None
            Weights of the samples.

        Returns
        -------
        results : list
            One for each block that has samples.
        """
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

    def trainer(self, *arguments, model):
        """The loop over batches whose rows lie on the workers."""
        return TrainingOnCluster(self, *arguments, model=model)

    def in_order(self, results):
        """One array of what `over` gave, if that has a row for each sample."""
        ordered = np.empty((len(self), *results[0].shape[1:]), results[0].dtype)
        for (_, positions, _), result in zip(self.parts(), results, strict=True):
            ordered[positions] = result
        return ordered

    def extremes(self):
        """Two rows with the least and the greatest value of each feature, sparse if X is."""
        least, greatest = zip(*self.over(_extremes), strict=True)
        rows = np.vstack([np.min(least, axis=0), np.max(greatest, axis=0)])
        return csr_matrix(rows) if self._sparse else rows

    def digests(self):
        """A number for each row, the same for equal rows."""
        return self.in_order(self.over(_digests))


def _dtype(X):
    """float32 if all columns are, else float64; that of scikit-learn for data frames."""
    dtypes = list(X.dtypes) if hasattr(X, "dtypes") else [X.dtype]
    try:
        common = np.result_type(*dtypes)
    except TypeError:
        return np.dtype(np.float64)
    return common if common in _FLOATS else np.dtype(np.float64)


def _listed(validated):
    return list(validated) if isinstance(validated, tuple) else [validated]


def _as_given(X, *y):
    return (X, *y) if y else X


# What follows is called by the workers.


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
