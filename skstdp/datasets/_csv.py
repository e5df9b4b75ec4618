"""Tasks from files of separated values."""

from __future__ import annotations

import re
import warnings
from functools import partial
from io import BytesIO
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from .._utils._validation import check_different, nearest, unreadable
from ._tasks import Task

# As Python writes them: as a shell writes them.
_SEPARATORS = {";": "';'", "\t": "'\\t'", "|": "'|'", ",": "','"}

# Numbers as Python writes them: with a leading zero, text is a code.
_INTEGER = re.compile("-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(rf"{_INTEGER.pattern}(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def load_csv_task(path: str | Path, target: str, *, sep: str = ",") -> Task:
    r"""Load a task from a file of separated values with a header line.

    Parameters
    ----------
    path : str or path-like
        File to read. Its name without the suffix becomes the name of the task.
    target : str
        Column that holds the class labels. All other columns are features and must be numeric.
    sep : str of length 1, default=","
        Character between the columns.

    Returns
    -------
    task : Task
        Features in the units and order of the file. Labels are integers, or decimal numbers, if
        all are written as such, without leading zeros, and no two of them are one number;
        otherwise they are the text of the file: "01", "1" and "02" are three classes, and "None"
        and "NA" are labels like others. Only an empty cell is a missing label.

    Raises
    ------
    TypeError
        If `path` is no path.
    ValueError
        If the file cannot be read as such a table, has no column `target` or no other, or if a
        column has no name or that of another, a value is missing, a feature is not a finite
        number, a class label is a fraction or there are fewer than two classes.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skstdp.datasets import load_csv_task
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "flowers.csv")
    ...     rows = ["length,width,species", "1.4,0.2,setosa", "4.7,1.4,versicolor"]
    ...     _ = path.write_text("\n".join(rows))
    ...     task = load_csv_task(path, target="species")
    >>> task.name, list(task.X), list(task.y)
    ('flowers', ['length', 'width'], ['setosa', 'versicolor'])
    """
    X, y = read_table(path, target, sep)
    missing = X.columns[X.isna().any()]
    if len(missing):
        row = X[missing[0]].isna().to_numpy().argmax() + 1
        raise ValueError(
            f"Got missing values in {path}, in {_listed(missing)}, but expected none (the first "
            f"in row {row} below the header). Fill them in, or leave out the rows or columns."
        )
    text = [column for column in X if not is_numeric_dtype(X[column])]
    if text:
        values = X[text[0]]
        value = values[pd.to_numeric(values, errors="coerce").isna()].iloc[0]
        raise ValueError(
            f"Got text in {path}, in {_listed(text)}, but expected numbers in every column "
            f"besides the target {target!r}. The first is {value!r} in {text[0]!r}. Correct it, "
            "leave the column out, or encode it first, for instance by pandas.get_dummies."
        )
    infinite = X.columns[np.isinf(X.astype(float)).any()]
    if len(infinite):
        raise ValueError(
            f"Got infinite values in {path}, in {_listed(infinite)}, but expected finite numbers. "
            "Replace them, or leave out the rows or columns."
        )
    if y.nunique() < 2:
        raise ValueError(
            f"Got {y.nunique()} class in the target {target!r} of {path}, {y.iloc[0]!r} in all "
            "rows, but expected at least 2 classes. Choose another column as the target."
        )
    return Task(Path(path).stem, X, y)


def read_table(path, target, sep=","):
    """Read a frame of features of any kind and a series of class labels from a file.

    Parameters and errors are those of `load_csv_task`; messages have one line.
    """
    if not isinstance(path, str | PathLike):
        raise TypeError(
            f"Got path of type {type(path).__name__}, but expected the path of a file. A table in "
            "memory is Task(name, X, y)."
        )
    if not isinstance(sep, str) or len(sep) != 1:
        raise ValueError(f"Got sep={sep!r}, but expected one character, such as ';' or a tab.")
    # A pipe can be read only once.
    content = Path(path).read_bytes() if Path(path).is_fifo() else None
    try:
        # Else pandas takes values beyond the header for row labels, and shifts the columns.
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            read = partial(_read, path, content, sep=sep, index_col=False)
            # As text: pandas gives the second of two equal names another one.
            header = read(header=None, nrows=1, dtype=str, keep_default_na=False).iloc[0].tolist()
            _check_header(header, path, target, sep)
            table = read()
            # Also names of missing values are labels.
            labels = read(usecols=[target], dtype=str, keep_default_na=False, na_values=[""])
    except OSError as error:
        raise unreadable(path, error) from error
    except UnicodeError as error:
        raise ValueError(f"Cannot read {path} as UTF-8: {error}. Save it in UTF-8.") from error
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        reason = " ".join(str(error).split()).rpartition("C error: ")[-1].rstrip(".")
        raise ValueError(
            f"Cannot read {path} as values separated by {sep!r}: {reason}. Expected a header "
            "line, then as many values in each row, and every quote closed."
        ) from error
    except pd.errors.ParserWarning as error:
        raise ValueError(
            f"Got rows in {path} longer than its header, but expected equal lengths. Name every "
            "column in the header, and put values that hold the separator in quotes."
        ) from error
    if table.empty:
        raise ValueError(f"Got no rows below the header of {path}, but expected samples.")
    return table.drop(columns=target), _labels(labels[target], path, target)


def _read(path, content, **options):
    return pd.read_csv(path if content is None else BytesIO(content), **options)


def _check_header(header, path, target, sep):
    """Raise unless the names of columns differ, and one is the target."""
    if len(header) == 1:
        # A space may well be part of a name.
        parted = " " if target in header[0].split(" ")[1:] else None
        other = next((o for o in _SEPARATORS if o != sep and o in header[0]), parted)
        if other is not None and other != sep:
            raise ValueError(
                f"Got a single column, {header[0]!r}, in {path}, but expected columns separated "
                f"by {sep!r}. If {other!r} separates them, give sep={other!r}, on the command "
                f"line --sep {_SEPARATORS.get(other, repr(other))}."
            )
    # Row numbers that were saved along are mostly such a column, and would give the class away.
    for position, column in enumerate(header, start=1):
        if not column or column.startswith("Unnamed: "):
            raise ValueError(
                f"Got no name for column {position} of {path}, but expected one. If it holds row "
                "numbers, remove it."
            )
    check_different([name.strip() for name in header], f"in the header of {path}")
    if target not in header:
        raise ValueError(
            f"Got target={target!r}, but expected one of the columns of {path}: "
            f"{_listed(header)}."
            f"{nearest(target, header) or ' The first line must hold the names of the columns.'}"
        )
    if len(header) == 1:
        raise ValueError(f"Got no column besides {target!r} in {path}, but expected features.")


def _labels(texts, path, target):
    """Return class labels: numbers where that loses nothing of the text, else the text."""
    if texts.isna().any():
        row = texts.isna().to_numpy().argmax() + 1
        raise ValueError(
            f"Got missing values in {path}, in {target!r}, but expected a class label in every "
            f"row (the first is missing in row {row} below the header). Leave out such rows."
        )
    codes, different = pd.factorize(texts)
    numbers = _numbers([text.strip() for text in different])
    if numbers is None:
        return texts
    if numbers.dtype.kind == "f" and (numbers % 1 != 0).any():
        fraction = different[(numbers % 1 != 0).argmax()]
        raise ValueError(
            f"Got fractions in the target {target!r} of {path}, such as {fraction}, but expected "
            "class labels. Cut the numbers into classes, for instance by pandas.cut."
        )
    return pd.Series(numbers[codes], index=texts.index, name=texts.name)


def _numbers(texts):
    """Return the numbers that texts stand for, or None if there are others, such as codes."""
    if all(map(_INTEGER.fullmatch, texts)):
        numbers = [int(text) for text in texts]
        dtype = np.int64 if max(numbers) < 2**63 else np.uint64
    elif all(map(_DECIMAL.fullmatch, texts)):
        numbers, dtype = [float(text) for text in texts], np.float64
    else:
        return None
    if len(set(numbers)) < len(set(texts)):
        return None
    try:
        return np.array(numbers, dtype=dtype)
    except OverflowError:
        return None


def _listed(names):
    return ", ".join(repr(str(name)) for name in names)
