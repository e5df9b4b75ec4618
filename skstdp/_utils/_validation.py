"""Checks that scikit-learn does not make, or not in our words."""

import re
from collections import Counter
from contextlib import contextmanager
from difflib import get_close_matches
from math import isfinite
from numbers import Integral, Real
from pathlib import Path
from reprlib import repr as shortened

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state, column_or_1d


@contextmanager
def naming(name, expected):
    """Name the parameter in errors of the block that do not."""
    try:
        yield
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        reason = str(error).rstrip(".")
        raise kind(f"Got {name} that cannot be used: {reason}. Expected {expected}.") from error


@contextmanager
def naming_columns(X):
    """Name the column in errors of the block about values that are no numbers, or not finite.

    Dates and durations are no numbers either: made one, a missing date would be a date.
    """
    if type(X) in (str, bytes, dict):
        raise TypeError(
            f"Got X of type {type(X).__name__}, but expected an array or a data frame of shape "
            "(n_samples, n_features). Load or convert it first, for instance by pandas."
        )
    try:
        _refuse_times(X)
        yield
    except (TypeError, ValueError, OverflowError) as error:
        if re.search("contains (NaN|infinity)", str(error)):
            place = _first_not_finite(X)
            if place is None:
                raise
            raise ValueError(
                f"{error}\nThe first such value is in column {place[1]!r}, row {place[0]}. "
                "Replace it, for instance by SimpleImputer in a pipeline, or leave out the row or "
                "the column."
            ) from error
        # Where there are other columns than expected, one of them may well hold text.
        column = None if "feature" in str(error) else first_without_numbers(X)
        if column is None:
            raise
        name, value = column
        kind = TypeError if isinstance(error, TypeError) else ValueError
        reason = str(error).partition("\n")[0].rstrip(".")
        remedy = (
            "Encode a column of text by OneHotEncoder or OrdinalEncoder in a pipeline, or correct "
            "the value"
            if isinstance(value, str)
            else "Convert it to numbers, dates for instance to days since one of them"
        )
        raise kind(
            f"Got {shortened(value)} in column {name!r} of X, but expected numbers: {reason}. "
            f"{remedy}, or leave the column out."
        ) from error


def _refuse_times(X):
    dtypes = X.dtypes if hasattr(X, "columns") else [getattr(X, "dtype", None)]
    if any(_is_time(dtype) for dtype in dtypes):
        raise TypeError("Dates and durations are no numbers.")


def _is_time(dtype):
    return getattr(dtype, "kind", "") in ("m", "M") or getattr(dtype, "is_temporal", bool)()


def first_without_numbers(X):
    """Name of a column and the first value in it that is no number."""
    if hasattr(X, "columns"):
        names = list(X.columns)
        columns = [X.iloc[:, k] if hasattr(X, "iloc") else X[name] for k, name in enumerate(names)]
    elif np.ndim(X) == 2 and not hasattr(X, "tocsr"):
        columns = list(np.asarray(X, dtype=None if hasattr(X, "dtype") else object).T)
        names = range(len(columns))
    else:
        return None
    for name, column in zip(names, columns, strict=True):
        if _is_time(column.dtype) or np.iscomplexobj(column):
            return name, next(iter(column))
        for value in column:
            try:
                float(np.nan if value is None else value)
            except (TypeError, ValueError, OverflowError):
                return name, value
    return None


def refuse_lazy(X, name="X"):
    """Raise for a table whose values are not computed yet, as a LazyFrame of polars."""
    if hasattr(X, "collect") and not hasattr(X, "shape"):
        raise TypeError(
            f"Got {name} of type {type(X).__name__}, whose values are not computed yet, but "
            f"expected an array or a data frame. Use {name}.collect()."
        )


def _first_not_finite(X):
    """Row and column, by its name if it has one, of the first missing or infinite number."""
    try:
        own = isinstance(X, pd.DataFrame) or not hasattr(X, "to_numpy")
        frame = pd.DataFrame(X if own else X.to_numpy())
        places = np.argwhere(~np.isfinite(frame.to_numpy(dtype=np.float64, na_value=np.nan)))
    except (TypeError, ValueError):
        return None
    if not len(places):
        return None
    row, column = places[0].tolist()
    return row, list(X.columns)[column] if hasattr(X, "columns") else column


def refuse_equal_names(X, name="X"):
    """Raise where two columns of a data frame have one name.

    By it none of them can be chosen, and one is often a copy of the target.
    """
    columns = getattr(X, "columns", None)
    if not getattr(columns, "is_unique", True):
        check_different(columns, f"among the columns of {name}")


def check_different(names, where, remedy="Rename columns, or leave out those that are copies"):
    """Raise unless each name is there only once."""
    equal = [name for name, count in Counter(names).items() if count > 1]
    if equal:
        raise ValueError(
            f"Got the name {', '.join(map(repr, equal))} several times {where}, but expected each "
            f"name once. {remedy}."
        )


def unreadable(path, error):
    """A ValueError for an OSError of a file that cannot be read."""
    if not Path(path).exists():
        return ValueError(f"Cannot read {path}: there is no such file. Check the path.")
    reason = error.strerror or error
    return ValueError(f"Cannot read {path}: {reason}. Expected the path of a file to read.")


def nearest(name, names):
    """A question for the most similar of some names, to end a message; none if all differ."""
    known = {str(known).lower(): known for known in names}
    found = get_close_matches(str(name).lower(), known, n=1, cutoff=0.7)
    return f" Did you mean {known[found[0]]!r}?" if found else ""


def plain_labels(y):
    """Labels, of which whole numbers and truth values have a dtype of NumPy.

    Where their dtype is one of pandas that has missing values, scikit-learn makes floats of them.

    Raises
    ------
    ValueError
        If an object is no label, of which scikit-learn does not say that it is in y.
    """
    column = isinstance(y, pd.DataFrame) and y.shape[1] == 1
    dtype = y.dtypes.iloc[0] if column else getattr(y, "dtype", None)
    plain = getattr(dtype, "numpy_dtype", None)
    missing = pd.isna(y) if plain is not None or getattr(dtype, "kind", "") == "O" else False
    if np.any(missing):
        row = int(np.flatnonzero(missing)[0])
        raise ValueError(f"Got no label in y (row {row}), but expected one for each sample.")
    return y.astype(plain) if plain is not None and plain.kind in "biu" else y


def class_indices(y, classes):
    """Position of each label among the classes.

    Raises
    ------
    ValueError
        If a label is not among them, or y is not one-dimensional.
    """
    if not isinstance(y, np.ndarray) or y.ndim != 1:
        y = column_or_1d(plain_labels(y))
    with naming("y", f"the classes {classes}"):
        indices = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
        unknown = classes[indices] != y
    if np.any(unknown):
        raise ValueError(
            f"Got the labels {np.unique(y[unknown])} in y, but expected only the classes "
            f"{classes}."
        )
    return indices


# In units of the last place: scaled to a range, values that are k times as large as their range
# come out of it by up to about k of them.
_ROUNDING = 512


def outside(values, low, high):
    """Mask of float values out of bounds by more than the rounding of a scaler.

    The bounds `low` and `high` may be infinite.
    """
    sizes = [np.where(np.isfinite(bound), np.abs(bound), 0) for bound in (low, high)]
    slack = _ROUNDING * np.finfo(values.dtype).eps * np.maximum(*sizes)
    with np.errstate(over="ignore"):
        return (values < low - slack) | (values > high + slack)


def told_apart(value, *others):
    """A number and others as text, with so many digits that it differs from each of them."""
    for digits in range(6, 18):
        text, *texts = (f"{number:.{digits}g}" for number in (value, *others))
        if text not in texts:
            break
    return text, *texts


def check_number(value, name, *, zero):
    """Raise unless a number is finite and positive, or with `zero` 0.

    The error, a TypeError for what is no real number, has the name of the parameter.
    """
    expected = f"expected a finite number {'>= 0' if zero else '> 0'}"
    if not isinstance(value, Real):
        raise TypeError(f"Got {name}={value!r} of type {type(value).__name__}, but {expected}.")
    if not isfinite(value) or value < 0 or (value == 0 and not zero):
        raise ValueError(f"Got {name}={value!r}, but {expected}.")


def check_count(value, name):
    """Raise unless a number is an integer >= 1."""
    if not isinstance(value, Integral):
        raise TypeError(
            f"Got {name}={value!r} of type {type(value).__name__}, but expected an integer >= 1."
        )
    if value < 1:
        raise ValueError(f"Got {name}={value!r}, but expected an integer >= 1.")


def check_seed(value, name):
    """Raise unless a value is an int, a RandomState instance or None."""
    try:
        check_random_state(value)
    except ValueError:
        raise ValueError(
            f"Got {name}={value!r}, but expected an int, a RandomState instance or None."
        ) from None


def check_option(value, name, options):
    """Raise unless a value is one of a few."""
    if value not in options:
        raise ValueError(
            f"Got {name}={value!r}, but expected one of {', '.join(map(repr, options))}."
        )
