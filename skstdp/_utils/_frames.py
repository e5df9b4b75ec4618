"""Arrays and data frames as matrices of floats, and the way back to what they were."""

import sys

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.pipeline import Pipeline


def is_polars(X):
    """True if X is a polars data frame; does not import polars."""
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(X, polars.DataFrame)


def feature_names_in(estimator):
    """Names of the columns that an estimator was fitted on, or None."""
    estimator = getattr(estimator, "best_estimator_", estimator)
    if isinstance(estimator, Pipeline):
        # A step that passes columns on has no names, and then the pipeline has none.
        steps = [step for _, step in estimator.steps if step not in (None, "passthrough")]
        return feature_names_in(steps[0]) if steps else None
    return getattr(estimator, "feature_names_in_", None)


def with_feature_names(X, estimator):
    """An array with the names, if any, that an estimator expects in what it predicts."""
    names = feature_names_in(estimator)
    return pd.DataFrame(X, columns=names) if names is not None and isinstance(X, np.ndarray) else X


class Table:
    """X of any kind, as floats, and X anew with other values in some of its columns.

    Parameters
    ----------
    X : array-like, pandas or polars data frame of shape (n_samples, n_features)
    keep_missing : bool, default=False
        Whether missing values are NaN in `points` and stay missing, while the others in their
        column can be moved.

    Attributes
    ----------
    names : list of str, or None
        Names of the columns of a data frame.
    points : ndarray of shape (n_samples, n_features)
        The numbers in X, float32 if all columns are, else float64; 0 in columns of no numbers.
    fixed : dict of int to str
        Columns that cannot be moved, by position, each with the reason: they hold no numbers, or
        (without `keep_missing`) not in all rows.
    integer : ndarray of shape (n_features,), dtype bool
        Columns of whole numbers or truth values: by their dtype, or by their values where that is
        object.
    limits : tuple of two ndarrays of shape (n_features,)
        Smallest and largest value that each dtype holds; those of truth values are 0 and 1.
    """

    def __init__(self, X, *, keep_missing=False):
        if sparse.issparse(X):
            raise TypeError(
                f"Got a sparse X of type {type(X).__name__}, but expected a dense array or a data "
                "frame, since every value may change. Use X.toarray()."
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
        self._kinds = [_kind(column) for column in self._columns]
        self.integer = np.array([kind in ("i", "b") for kind in self._kinds], dtype=bool)
        ranges = map(_range, self._columns, self._kinds)
        self.limits = tuple(np.array(side, dtype=np.float64) for side in zip(*ranges, strict=True))
        single = all(
            str(getattr(column, "dtype", "")).lower() == "float32" for column in self._columns
        )
        self.points = np.zeros(X.shape, dtype=np.float32 if single else np.float64)
        self.fixed = {}
        for position, (column, kind) in enumerate(zip(self._columns, self._kinds, strict=True)):
            if kind == "":
                self.fixed[position] = "holds no numbers"
                continue
            values = _floats(column)
            missing = np.flatnonzero(np.isnan(values))
            if len(missing) and not keep_missing:
                self.fixed[position] = f"holds a missing value (row {missing[0]})"
            else:
                self.points[:, position] = values
        self._missing = np.isnan(self.points) if keep_missing else None

    def rebuild(self, points, rows=None):
        """X with the values of `points` where they differ from its own, in the columns' dtypes.

        Parameters
        ----------
        points : ndarray of shape (n_rows, n_features)
        rows : array of int, default=None
            Which rows of X the points are; None for all.
        """
        X, own = (self.X, self.points) if rows is None else (self._take(rows), self.points[rows])
        # The others may be more exact than the floats that stand for them.
        moved = points != own
        moved[:, list(self.fixed)] = False
        if self._missing is not None:
            missing = self._missing if rows is None else self._missing[rows]
            # Columns of whole numbers hold no NaN.
            moved, points = moved & ~missing, np.where(missing, 0, points)
        return self._replace(X, points, moved, self._kinds)


def _kind(column):
    """Of numbers: "f" for any, "i" for whole ones, "b" for truth values; else ""."""
    dtype = column.dtype
    if _holds_objects(dtype):
        return _kind_of_objects(column)
    if isinstance(column, np.ndarray):
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


def _holds_objects(dtype):
    return getattr(dtype, "kind", "") == "O" and isinstance(dtype, np.dtype)


def _kind_of_objects(column):
    """As `_kind`, by the values that are not missing; truth values beside numbers are neither."""
    types = {type(value) for value in column[~pd.isna(column)]}
    kinds = {
        next((kind for kind, bases in _KINDS.items() if issubclass(value, bases)), "")
        for value in types
    }
    if len(kinds) == 1:
        return kinds.pop()
    return "f" if kinds <= {"i", "f"} else ""


# In this order, since bool is an int.
_KINDS = {"b": (bool, np.bool_), "i": (int, np.integer), "f": (float, np.floating)}


def _range(column, kind):
    """Smallest and largest value of a column of whole numbers or truth values."""
    if kind == "b":
        return 0, 1
    try:
        info = np.iinfo(str(getattr(column.dtype, "numpy_dtype", column.dtype)).lower())
    except (TypeError, ValueError):
        return -np.inf, np.inf
    return info.min, info.max


def _floats(column):
    if not isinstance(column, np.ndarray | pd.Series):
        return column.cast(sys.modules["polars"].Float64).to_numpy()
    return pd.Series(column).to_numpy(dtype=np.float64, na_value=np.nan)


def _values(values, kind, dtype):
    """Numbers as a column holds them: whole where they have to be, and of Python as objects."""
    if kind == "f":
        return values
    values = np.rint(values)
    if not _holds_objects(dtype):
        return values
    return np.array([(bool if kind == "b" else int)(value) for value in values], dtype=object)


def _replace_array(X, points, moved, kinds):
    X = X.copy()
    if not _holds_objects(X.dtype):
        values = points if X.dtype.kind == "f" else np.rint(points)
        np.copyto(X, values, where=moved, casting="unsafe")
        return X
    for position in np.flatnonzero(moved.any(axis=0)):
        rows = moved[:, position]
        X[rows, position] = _values(points[rows, position], kinds[position], X.dtype)
    return X


def _replace_pandas(X, points, moved, kinds):
    if (X.dtypes == points.dtype).all():
        values = np.where(moved, points, X.to_numpy())
        return pd.DataFrame(values, columns=X.columns, index=X.index)
    X = X.copy()
    for position in np.flatnonzero(moved.any(axis=0)):
        old, dtype = X.iloc[:, position], X.dtypes.iloc[position]
        values = _values(points[:, position], kinds[position], dtype)
        new = pd.Series(values, index=X.index).astype(dtype)
        X.isetitem(position, new.where(moved[:, position], old))
    return X


def _replace_polars(X, points, moved, kinds):
    from polars import Series

    new = []
    for position in np.flatnonzero(moved.any(axis=0)):
        old = X.to_series(int(position))
        values = Series(old.name, _values(points[:, position], kinds[position], None))
        new.append(values.cast(old.dtype).zip_with(Series(moved[:, position]), old))
    return X.with_columns(new)


def frame_like(X, points, names, keep_dtypes):
    """A data frame of the library of X, or an array if X is one.

    Parameters
    ----------
    X : ndarray, pandas or polars data frame
    points : ndarray of shape (n_samples, n_columns)
    names : list of str
    keep_dtypes : bool
        True if the columns are those of X, so that those of floats keep their dtype.
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
