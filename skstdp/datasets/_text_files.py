"""Files of separated values: encoding, separator and header, and their values as text."""

from __future__ import annotations

import codecs
import csv
import gzip
import re
import warnings
import zlib
from io import StringIO
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from .._utils._validation import check_different, nearest

# As Python writes them: as a shell writes them.
_SEPARATORS = {",": "','", ";": "';'", "\t": "'\\t'", "|": "'|'"}
# The first that fits: the mark of UTF-32 begins with that of UTF-16.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# What no text holds: control characters that are neither white space nor line ends.
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_ARCHIVES = {b"PK": "an archive or a workbook of Excel", b"\x89HDF": "HDF5"}
# Names of columns that mostly hold the classes, the most certain one first.
_LIKELY = ("class", "target", "label", "species", "diagnosis", "outcome", "y")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d*)?")
# Lines that show which character separates the columns.
_N_LINES = 200


class TextFile(NamedTuple):
    """The text of a file, and the characters that separate its columns."""

    path: str | Path
    text: str
    sep: str
    # What was found out, for people.
    notes: tuple = ()

    def header(self):
        """Names of the columns as they are written."""
        # As text: pandas gives the second of two equal names another one.
        return self._read(header=None, nrows=1, dtype=str, keep_default_na=False).iloc[0].tolist()

    def values(self, **options):
        """Data frame of all columns: as text, with NaN for empty cells, unless options differ."""
        as_text = {"dtype": str, "keep_default_na": False, "na_values": [""]}
        frame = self._read(**as_text | options)
        if frame.empty:
            raise ValueError(f"Got no rows below the header of {self.path}, but expected samples.")
        return frame

    def _read(self, **options):
        try:
            # Else pandas takes values beyond the header for row labels, and shifts the columns.
            with warnings.catch_warnings():
                warnings.simplefilter("error", pd.errors.ParserWarning)
                return pd.read_csv(StringIO(self.text), sep=self.sep, index_col=False, **options)
        except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
            reason = " ".join(str(error).split()).rpartition("C error: ")[-1].rstrip(".")
            raise ValueError(
                f"Cannot read {self.path} as values separated by {self.sep!r}: {reason}. Expected "
                "a header line, then as many values in each row, and every quote closed."
            ) from error
        except pd.errors.ParserWarning as error:
            raise ValueError(
                f"Got rows in {self.path} longer than its header, but expected equal lengths. "
                "Name every column in the header, and put values that hold the separator in "
                "quotes."
            ) from error


def read_text_file(path, content, *, sep=None, encoding=None):
    """Make text of the bytes of a file, and find out what separates its columns.

    Parameters
    ----------
    path : str or path-like
        Named in messages.
    content : bytes
        All of the file, gzipped or not.
    sep : str of length 1, default=None
        Character between the columns; None chooses the one that divides the lines alike.
    encoding : str, default=None
        Name of an encoding; None takes that of the mark at the start of the file, else UTF-8 if
        the bytes are valid in it, else Windows-1252.

    Returns
    -------
    file : TextFile

    Errors are those of `load_table`.
    """
    if sep is not None and (not isinstance(sep, str) or len(sep) != 1):
        raise ValueError(f"Got sep={sep!r}, but expected one character, such as ';' or a tab.")
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(
                f"Cannot read {path}: its gzip archive is damaged: {error}."
            ) from error
    notes = []
    text, found = _decoded(content, path, encoding)
    if encoding is None and not found.startswith("utf-8"):
        notes.append(f"read as {found}")
    if sep is None:
        sep = _separator(text)
        if sep != ",":
            notes.append(f"columns separated by {sep!r}")
    return TextFile(path, text, sep, tuple(notes))


def _decoded(content, path, encoding):
    """Text, and the name of the encoding that it was in."""
    if encoding is not None:
        try:
            return content.decode(encoding), encoding
        except LookupError:
            raise ValueError(
                f"Got encoding={encoding!r}, but expected one that Python knows, such as 'utf-8', "
                "'cp1252' or 'utf-16'."
            ) from None
        except UnicodeError as error:
            raise ValueError(
                f"Cannot read {path} as {encoding}: {error}. Give another encoding, or none."
            ) from error
    for mark, name in _MARKS.items():
        if content.startswith(mark):
            try:
                return content.decode(name), name
            except UnicodeError as error:
                raise ValueError(f"Cannot read {path} as {name}: {error}.") from error
    kind = next((k for mark, k in _ARCHIVES.items() if content.startswith(mark)), None)
    start = content[: 1000 if kind is None else 0]
    for name, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        # Each second byte of Latin text in UTF-16 is zero.
        if start and zeros.count(0) > 0.4 * len(start) / 2:
            return content.decode(name, errors="replace"), name
    if _BINARY.search(content):
        kind = kind or "no text"
        raise ValueError(
            f"Cannot read {path}: it holds {kind}, but expected a table as text or as Parquet. "
            "Save it as CSV."
        )
    for name in ("utf-8", "cp1252"):
        try:
            return content.decode(name), name
        except UnicodeError:
            continue
    return content.decode("latin-1"), "latin-1"


def _separator(text):
    """Character that divides the first lines into as many parts as the header."""
    head = "".join(islice(StringIO(text, newline=None), _N_LINES))
    best = ((0.0, 0), ",")
    for sep in (*_SEPARATORS, " "):
        try:
            lengths = [len(row) for row in csv.reader(StringIO(head), delimiter=sep) if row]
        except csv.Error:
            continue
        if not lengths or lengths[0] == 1:
            continue
        # A value at the end may be missing, or stand before a last separator.
        share = sum(abs(n - lengths[0]) <= 1 for n in lengths) / len(lengths)
        # A space may well be part of a name, or of a value.
        if sep == " " and (share < 1 or len(set(lengths)) > 1):
            continue
        best = max(best, ((share, lengths[0] if sep != " " else 0), sep), key=lambda b: b[0])
    return best[1]


def check_header(header, path, target, sep=None):
    """Raise unless the names of columns differ, and one of several is the target."""
    if len(header) == 1:
        # A space may well be part of a name.
        parted = " " if target in header[0].split(" ")[1:] else None
        other = next((o for o in _SEPARATORS if o != sep and o in header[0]), parted)
        if sep is not None and other is not None and other != sep:
            raise ValueError(
                f"Got a single column, {header[0]!r}, in {path}, but expected columns separated "
                f"by {sep!r}. If {other!r} separates them, give sep={other!r}, on the command "
                f"line --sep {_SEPARATORS.get(other, repr(other))}."
            )
    for position, column in enumerate(header, start=1):
        if not column or column.startswith("Unnamed: "):
            raise ValueError(
                f"Got no name for column {position} of {path}, but expected one. If it holds row "
                "numbers, remove it."
            )
    check_different([name.strip() for name in header], f"in the header of {path}")
    if target is None:
        raise ValueError(_without_target(header, path))
    if target not in header:
        raise ValueError(
            f"Got target={target!r}, but expected one of the columns of {path}: "
            f"{listed(header)}."
            f"{nearest(target, header) or ' The first line must hold the names of the columns.'}"
        )
    if len(header) == 1:
        raise ValueError(f"Got no column besides {target!r} in {path}, but expected features.")


def seems_no_header(header):
    """Note on a first line that seems to be a row of numbers, or None."""
    numbers = [float(name.replace(",", ".")) for name in header if _NUMBER.fullmatch(name.strip())]
    # Names that count the columns are names.
    counts = all(after - before == 1 for before, after in pairwise(numbers))
    if len(numbers) <= len(header) / 2 or counts:
        return None
    return (
        f"the names of columns are numbers, such as {header[0]!r}: if the first line is a row, "
        "put a line with names above it"
    )


def _without_target(header, path):
    likely = [name for word in _LIKELY for name in header if name.strip().lower() == word]
    meant = f" Did you mean {likely[0]!r}?" if likely else ""
    name = likely[0] if likely else "COLUMN"
    return (
        f"Got no target for {path}, but expected the column that holds the classes.{meant} Give "
        f"target={name!r}, on the command line --target {name} or {path}:{name}. The columns are "
        f"{listed(header)}.{_as_sentence(seems_no_header(header))}"
    )


def _as_sentence(note):
    return f" {note[0].upper()}{note[1:]}." if note else ""


def listed(names, most=20):
    """Names in quotes, and how many more there are."""
    names = [str(name) for name in names]
    shown = ", ".join(map(repr, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
