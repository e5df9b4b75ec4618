"""Columns of a table as numbers or categories, with gaps as NaN; what was found in them, as notes.

All of this looks at one row at a time, or at what kind of values a column holds. What is learnt
from rows, such as medians and categories, is left to the preparation, which is fitted in folds.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype, is_bool_dtype, is_complex_dtype, is_numeric_dtype

from ._text_files import listed

# Missing values of features as pandas reads them, and as the tables of KEEL have them.
_GAPS = (
    *("", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN"),
    *("<NA>", "N/A", "NA", "NULL", "NaN", "None", "n/a", "nan", "null", "<null>"),
)
# What people write for a missing value, besides.
_MARKERS = ("?", "-", "--", "*", ".", "..", "unknown", "missing", "none", "na", "n.a.", "k.a.")
# Numbers with a comma as the decimal sign, with points between thousands if any; the same with
# these signs exchanged, in which there is a comma only between thousands.
_COMMA = r"[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d*)?([eE][+-]?\d+)?|[+-]?,\d+"
_POINT = r"[+-]?(\d+\.\d*|\.\d+)([eE][+-]?\d+)?"
_THOUSANDS = r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?"
_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}")
_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d.%m.%y")
_TIMES = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S.%f")
_AMBIGUOUS = {"%d/%m/%Y": "%m/%d/%Y"}
_EPOCH = pd.Timestamp("1970-01-01")


def decimal_sign(frame, sep):
    """Sign before the decimals: a comma if most values of a column of text have one, else a point.

    `sep` separates the columns.
    """
    for name in frame:
        if is_numeric_dtype(frame[name]):
            continue
        texts = frame[name].dropna().astype(str).str.strip().unique()[:1000]
        if not len(texts):
            continue
        texts = pd.Series(texts, dtype=object)
        comma = texts.str.fullmatch(_COMMA) & texts.str.contains(",", regex=False)
        thousands = texts[comma].str.fullmatch(_THOUSANDS)
        others = texts.str.fullmatch(_POINT) & ~texts.str.fullmatch(_COMMA)
        # In a file of commas, a number with one in it is in quotes, mostly of thousands.
        if comma.mean() > 0.5 and not others.any() and not (sep == "," and thousands.all()):
            return ","
    return "."


def typed_columns(frame, *, na, decimal, names=None):
    """Columns as numbers, or as text where that is what they hold.

    Parameters
    ----------
    frame : DataFrame
        Features of any kind.
    na : collection of str
        Markers of missing values, besides those of pandas.
    decimal : {".", ","}
        Sign before the decimals.
    names : collection of str, default=None
        Columns that X is to have, of those that can be made, whatever these rows hold in them.
        None takes all that vary.

    Returns
    -------
    X : DataFrame
        Float, integer or object columns; the last hold text, and NaN for gaps.
    notes : list of str
    """
    columns, notes, left_out = {}, [], {}
    for name in frame:
        values, reason = _typed(frame[name], name, na, decimal, notes)
        if names is None:
            reason = reason or _useless(values, name)
        if reason:
            left_out.setdefault(reason, []).append(name)
        elif values.dtype.kind == "M":
            columns |= _parts_of_dates(values, name, frame, names)
        else:
            columns[name] = values
    notes += [f"{listed(names)} {reason}: left out" for reason, names in left_out.items()]
    if names is not None:
        columns = {name: values for name, values in columns.items() if name in names}
    return pd.DataFrame(columns, index=frame.index), notes


def _useless(values, name):
    """Reason to leave a column out, or None."""
    gaps = values.isna()
    if not gaps.any() and values.nunique() == 1:
        return "without variation"
    if values.dtype.kind in "iuf" and len(values) >= 10 and counts_rows(values):
        return "with the numbers of the rows"
    return None


def _typed(column, name, na, decimal, notes):
    """Values of a column as numbers, dates or text, and the reason to leave it out, or None."""
    if column.dtype == object:
        column = _converted(column)
    dtype = column.dtype
    if is_bool_dtype(dtype):
        return column.astype("float64" if column.isna().any() else "int64"), None
    if is_complex_dtype(dtype):
        raise ValueError(f"Got complex numbers in {name!r}, but expected real ones.")
    if is_numeric_dtype(dtype) and not isinstance(dtype, pd.CategoricalDtype):
        markers = [float(marker) for marker in na if _is_number(marker)]
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        _refuse_infinite(numbers, name)
        gaps = np.isnan(numbers) | np.isin(numbers, markers)
        if gaps.all():
            return column, "with gaps alone"
        if gaps.any():
            return pd.Series(np.where(gaps, np.nan, numbers), column.index), None
        return pd.Series(column.to_numpy(getattr(dtype, "numpy_dtype", dtype)), column.index), None
    if dtype.kind == "m":
        return column.dt.total_seconds() / 86400, None
    if dtype.kind == "M":
        return _without_zone(column), None
    return _from_text(column, name, na, decimal, notes)


def _converted(column):
    """Column of objects with the dtype of what it holds besides gaps, if that is one."""
    kind = infer_dtype(column, skipna=True)
    if kind == "boolean":
        return column.astype("boolean")
    if kind in ("integer", "floating", "mixed-integer-float", "decimal"):
        whole = kind == "integer" and column.notna().all()
        return column.astype("int64" if whole else "float64")
    if kind in ("date", "datetime", "datetime64"):
        return pd.to_datetime(column)
    return column


def _is_number(text):
    try:
        float(text)
    except (TypeError, ValueError):
        return False
    return True


def _from_text(column, name, na, decimal, notes):
    """Numbers, dates or text, as `_typed`; each different text is looked at once."""
    declared = isinstance(column.dtype, pd.CategoricalDtype)
    if decimal == "." and not na and not declared:
        numbers = _plain_numbers(column)
        if numbers is not None:
            _refuse_infinite(numbers, name)
            return numbers, None
    values = column.astype(object)
    _refuse_several_values(values, name)
    codes, different = pd.factorize(values)
    texts = pd.Series([str(value).strip() for value in different], dtype=object)
    texts = texts.where(~texts.isin({*_GAPS, *na}), np.nan)

    def in_rows(values, gap):
        values = np.append(np.asarray(values), gap)[codes]
        return pd.Series(values, column.index, dtype=values.dtype)

    found = texts.drop_duplicates().dropna().reset_index(drop=True)
    if found.empty:
        return column, "with gaps alone"
    as_text = in_rows(texts.to_numpy(), np.nan)
    # Categories that were declared may be called by numbers.
    if declared:
        return as_text, None
    numbers = _numbers(found, decimal)
    stray = found[numbers.isna()]
    if not len(stray) and _are_codes(found):
        notes.append(f"{name!r} holds codes such as {found[0]!r}: categories, not numbers")
        return as_text, None
    if _are_gaps(stray, numbers):
        if len(stray):
            shown = ", ".join(f"{text!r} ({(as_text == text).sum()} rows)" for text in stray)
            notes.append(
                f"{name!r} holds numbers but for {shown}: taken as gaps; say so by na or --na, or "
                "correct the values"
            )
        numbers_in_rows = in_rows(texts.map(dict(zip(found, numbers, strict=True))), np.nan)
        numbers_in_rows = numbers_in_rows.astype("float64")
        _refuse_infinite(numbers_in_rows, name)
        written = found[numbers.notna()]
        whole = not (numbers % 1).any() and written.str.fullmatch(r"[+-]?[\d,.]{1,15}").all()
        if whole and not numbers_in_rows.isna().any():
            return numbers_in_rows.astype("int64"), None
        return numbers_in_rows, None
    dates = _dates(found, name, notes)
    if dates is not None:
        of_texts = texts.map(dict(zip(found, dates, strict=True))).astype("datetime64[ns]")
        return in_rows(of_texts, np.datetime64("NaT")), None
    marker = next((text for text in found if text in _MARKERS[:6]), None)
    if marker:
        notes.append(
            f"{name!r} holds {marker!r} ({(as_text == marker).sum()} rows), maybe a gap: a "
            "category like others"
        )
    return as_text, None


def _plain_numbers(column):
    """Numbers of a column without markers and codes, at once, or None; most are such columns."""
    try:
        numbers = pd.to_numeric(column)
    except (TypeError, ValueError):
        return None
    if numbers.dtype.kind not in "if" or numbers.isna().all():
        return None
    return None if column.dropna().astype(str).str.match(r"0\d").any() else numbers


def _refuse_several_values(values, name):
    """Raise for lists, bytes and the like, which are no single value."""
    if infer_dtype(values, skipna=True) not in ("bytes", "mixed"):
        return
    several = (v for v in values if not isinstance(v, str) and hasattr(v, "__len__"))
    strange = next(several, None)
    if strange is not None:
        raise ValueError(
            f"Got {type(strange).__name__} in {name!r}, but expected numbers, text or dates. "
            "Leave the column out, by drop, on the command line --drop."
        )


def _refuse_infinite(numbers, name):
    infinite = np.isinf(numbers)
    if np.any(infinite):
        raise ValueError(
            f"Got infinite values in {name!r} (row {int(np.argmax(infinite)) + 1}), but expected "
            "finite numbers. Replace them, or leave out the rows or columns."
        )


def _numbers(texts, decimal):
    """Numbers that texts stand for, NaN for others."""
    numbers = pd.to_numeric(texts, errors="coerce").astype("float64")
    # A point may stand between thousands where a comma is the decimal sign.
    others = texts if decimal == "," else texts[numbers.isna()]
    comma = others.str.fullmatch(_COMMA if decimal == "," else _THOUSANDS).astype(bool)
    points = decimal == "," and (others.str.fullmatch(_POINT) & ~comma).any()
    if not points:
        signs = str.maketrans({".": None, ",": "."} if decimal == "," else {",": None})
        plain = [text.translate(signs) for text in others[comma]]
        numbers[comma.index[comma]] = pd.to_numeric(pd.Series(plain, dtype=object)).to_numpy()
    return numbers


def _are_codes(texts):
    """True for whole numbers of one length of which some begin with zero, such as postal codes."""
    length = len(texts[0])
    if length < 2 or not texts.str.startswith("0").any():
        return False
    of_one_length = texts.str.fullmatch(rf"\d{{{length}}}").all()
    return bool(of_one_length)


def _are_gaps(stray, numbers):
    """True if a column holds numbers, and no more than a few markers of gaps besides."""
    n_numbers = int(numbers.notna().sum())
    if not len(stray):
        return True
    if all(text.lower() in _MARKERS for text in stray):
        return n_numbers > 2
    if len(stray) > 2:
        return False
    return n_numbers >= (5 if not stray.str.contains(r"\d").any() else 20)


def _dates(texts, name, notes):
    """Dates that all texts stand for, in one form, or None."""
    if not _DATE.match(texts[0]):
        return None
    forms = [day + time for time in _TIMES for day in _DAYS]
    # A zone, written as Z or +02:00, is taken off after it was added.
    for form in [*forms, *(f"{form}%z" for form in forms if "T" in form or "%H" in form)]:
        try:
            dates = pd.to_datetime(texts, format=form, utc=True)
        except ValueError:
            continue
        other = _AMBIGUOUS.get(form.partition("%H")[0].rstrip(" T"))
        also = ""
        if other is not None:
            try:
                pd.to_datetime(texts, format=form.replace("%d/%m/%Y", other))
                also = ", though month/day/year fits as well"
            except ValueError:
                pass
        notes.append(f"{name!r} holds dates such as {texts[0]!r}, read as {form}{also}")
        return _without_zone(dates)
    return None


def _without_zone(dates):
    return dates.dt.tz_convert("UTC").dt.tz_localize(None) if dates.dt.tz is not None else dates


def _parts_of_dates(dates, name, frame, names):
    """Numbers that say when: days since 1970, and month, weekday and hour where they vary or may.

    Each is of its own row alone: nothing is learnt from other rows.
    """
    parts = {
        "days": (dates - _EPOCH) / pd.Timedelta(days=1),
        "month": dates.dt.month,
        "weekday": dates.dt.day_of_week,
        "hour": dates.dt.hour,
    }
    return {
        _free(f"{name} ({part})", frame): values.astype("float64")
        for part, values in parts.items()
        if part == "days" or names is not None or values.nunique() > 1
    }


def _free(name, frame):
    while name in frame:
        name += "_"
    return name


def counts_rows(numbers):
    """True if a column of numbers is 0, 1, 2 or 1, 2, 3 and so on."""
    values = np.asarray(numbers, dtype=np.float64)
    return bool(len(values) and values[0] in (0, 1) and (np.diff(values) == 1).all())
