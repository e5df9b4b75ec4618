"""Arrays and data frames as matrices of floats, and the way back to what they were."""

import sys

import numpy as np
import pandas as pd
from scipy import sparse


def is_polars(X):
    """Whether X is a polars data frame, without importing polars."""
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(X, polars.DataFrame)


def with_feature_names(X, estimator):
    """An array with the names, if any, that an estimator expects in what it predicts."""
    names = getattr(estimator, "feature_names_in_", None)
    return pd.DataFrame(X, columns=names) if names is not None and isinstance(X, np.ndarray) else X


class Table:
    """X of any kind, as floats, and X anew with other values in some of its columns.

    Parameters
    ----------
    X : array-like, pandas or polars data frame of shape (n_samples, n_features)

    Attributes
    ----------
    names : list of str, or None
        Names of the columns of a data frame.
    points : ndarray of shape (n_samples, n_features)
        The numbers in X, float32 if all columns are, else float64; 0 in columns of no numbers.
    numeric : ndarray of shape (n_features,), dtype bool
        Columns of numbers.
    integer : ndarray of shape (n_features,), dtype bool
        Columns that hold whole numbers, by their dtype.
    limits : tuple of two ndarrays of shape (n_features,)
        Smallest and largest value that each dtype holds; truth values count as whole numbers, too.
    """

    def __init__(self, X):
        if sparse.issparse(X):
            raise TypeError(
                f"Got a sparse X of type {type(X).__name__}, but an attack moves every value and "
                "expected a dense array or a data frame. Use X.toarray()."
            )
        self.X = X
        if isinstance(X, pd.DataFrame):
            self._columns = [X.iloc[:, position] for position in range(X.shape[1])]
            self.names = list(X.columns)
            self._replace, self._take = _replace_pandas, lambda rows: X.iloc[rows]
        elif is_polars(X):
            self._columns = X.get_columns()
            self.names = list(X.columns)
            self._replace, self._take = _replace_polars, lambda rows: X[rows]
        else:
            self.X = X = np.asarray(X)
            if X.ndim != 2:
                raise ValueError(
                    f"Got X of shape {X.shape}, but expected a table of two dimensions."
                )
            self._columns = list(X.T)
            self.names = None
            self._replace, self._take = _replace_array, lambda rows: X[rows]
        kinds = [_kind(column) for column in self._columns]
        self.numeric = np.array([kind != "" for kind in kinds], dtype=bool)
        self.integer = np.array([kind in ("i", "b") for kind in kinds], dtype=bool)
        ranges = [
            _range(column.dtype) if kind in ("i", "b") else (-np.inf, np.inf)
            for column, kind in zip(self._columns, kinds, strict=True)
        ]
        self.limits = tuple(np.array(side, dtype=np.float64) for side in zip(*ranges, strict=True))
        single = all(
            str(getattr(column, "dtype", "")).lower() == "float32" for column in self._columns
        )
        self.points = np.zeros(X.shape, dtype=np.float32 if single else np.float64)
        for position in np.flatnonzero(self.numeric):
            self.points[:, position] = _floats(self._columns[position])

    def rebuild(self, points, columns, rows=None):
        """X with the values of `points` in some columns, of their own dtype.

        Parameters
        ----------
        points : ndarray of shape (n_rows, n_features)
        columns : array of int
            Positions of the columns to replace.
        rows : array of int, default=None
            Which rows of X the points are; None for all.
        """
        X = self.X if rows is None else self._take(rows)
        return self._replace(X, points, columns, self.integer)


def _kind(column):
    """Of numbers: "f" for any, "i" for whole ones, "b" for truth values; else ""."""
    dtype = column.dtype
    if isinstance(column, np.ndarray):
        if dtype.kind == "O":
            return (
                "f" if all(isinstance(value, (int, float, np.number)) for value in column) else ""
            )
        return {"f": "f", "i": "i", "u": "i", "b": "b"}.get(dtype.kind, "")
    if isinstance(column, pd.Series):
        if not pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_complex_dtype(dtype):
            return ""
        if pd.api.types.is_bool_dtype(dtype):
            return "b"
        return "i" if pd.api.types.is_integer_dtype(dtype) else "f"
    if str(dtype) == "Boolean":
        return "b"
    if not dtype.is_numeric():
        return ""
    return "i" if dtype.is_integer() else "f"


def _range(dtype):
    """Smallest and largest value of a dtype of whole numbers or truth values."""
    name = str(getattr(dtype, "numpy_dtype", dtype)).lower()
    if name.startswith("bool"):
        return 0, 1
    try:
        info = np.iinfo(name)
    except (TypeError, ValueError):
        return -np.inf, np.inf
    return info.min, info.max


def _floats(column):
    if isinstance(column, pd.Series):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    if isinstance(column, np.ndarray):
        return column.astype(np.float64)
    return column.cast(_polars_float()).to_numpy()


def _polars_float():
    return sys.modules["polars"].Float64


def _replace_array(X, points, columns, whole):
    if len(columns) == X.shape[1] and X.dtype.kind == "f":
        return points.astype(X.dtype, copy=False)
    X = X.copy()
    X[:, columns] = np.where(whole[columns], np.rint(points[:, columns]), points[:, columns])
    return X


def _replace_pandas(X, points, columns, whole):
    if len(columns) == X.shape[1] and (X.dtypes == points.dtype).all():
        return pd.DataFrame(points, columns=X.columns, index=X.index)
    X = X.copy()
    for position in columns:
        dtype = X.dtypes.iloc[position]
        values = pd.Series(points[:, position], index=X.index)
        if whole[position]:
            values = values.round()
        X.isetitem(position, values.astype(dtype))
    return X


def _replace_polars(X, points, columns, whole):
    from polars import Series

    new = []
    for position in columns:
        name, dtype = X.columns[position], X.dtypes[position]
        values = Series(name, points[:, position], nan_to_null=X[name].null_count() > 0)
        if whole[position]:
            values = values.round()
        new.append(values.cast(dtype))
    return X.with_columns(new)


def frame_like(X, points, names, keep_dtypes):
    """A data frame of the library of X, or an array if X is one.

    Parameters
    ----------
    X : ndarray, pandas or polars data frame
    points : ndarray of shape (n_samples, n_columns)
    names : list of str
    keep_dtypes : bool
        Whether the columns are those of X, so that those of floats keep their dtype.
    """
    if isinstance(X, pd.DataFrame):
        frame = pd.DataFrame(points, columns=names, index=X.index)
        if not keep_dtypes:
            return frame
        dtypes = X.dtypes[names]
        return frame.astype(dtypes[[pd.api.types.is_float_dtype(dtype) for dtype in dtypes]])
    if is_polars(X):
        from polars import DataFrame

        frame = DataFrame(points, schema=[str(name) for name in names])
        if not keep_dtypes:
            return frame
        return frame.cast({name: X[name].dtype for name in names if X[name].dtype.is_float()})
    return points
