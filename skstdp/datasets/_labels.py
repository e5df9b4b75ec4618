"""Class labels: numbers where that loses nothing of what a file says, else its text."""

import re

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_float_dtype, is_numeric_dtype

from .._utils._validation import plain_labels
from ._text_files import listed

# Numbers as Python writes them: with a leading zero, text is a code.
_INTEGER = re.compile("-?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(rf"{_INTEGER.pattern}(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def labels_of_text(texts, place):
    """Labels that a file holds, none of them missing, as numbers or as its text."""
    codes, different = pd.factorize(texts)
    different = [text.strip() for text in different]
    numbers = _numbers(different)
    if numbers is None:
        return pd.Series(np.array(different, dtype=object)[codes], texts.index, name=texts.name)
    _refuse_fractions(pd.Series(numbers, name=texts.name), different, place)
    return pd.Series(numbers[codes], index=texts.index, name=texts.name)


def labels_of_values(values, place):
    """Labels of a data frame, none of them missing, of their own type."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        values = values.astype(values.cat.categories.dtype)
    if values.dtype.kind in "mM":
        raise ValueError(
            f"Got dates in the target {values.name!r} of {place}, but expected class labels."
        )
    values = plain_labels(values)
    if is_float_dtype(values.dtype):
        _refuse_fractions(values, values.tolist(), place)
    elif not is_numeric_dtype(values.dtype) and not is_bool_dtype(values.dtype):
        values = values.astype(object)
    return values


def _refuse_fractions(numbers, written, place):
    if numbers.dtype.kind == "f" and (numbers % 1 != 0).any():
        fraction = written[int((numbers % 1 != 0).to_numpy().argmax())]
        raise ValueError(
            f"Got fractions in the target {numbers.name!r} of {place}, such as {fraction}, but "
            "expected class labels. Cut the numbers into classes, for instance by pandas.cut."
        )


def check_classes(y, place):
    """Raise for a single class; return notes on classes that are too small, or too many."""
    sizes = y.value_counts()
    if len(sizes) < 2:
        raise ValueError(
            f"Got {len(sizes)} class in the target {y.name!r} of {place}, {y.iloc[0]!r} in all "
            "rows, but expected at least 2 classes. Choose another column as the target."
        )
    notes = []
    if len(sizes) > 50 and len(sizes) > len(y) / 10:
        notes.append(
            f"the target {y.name!r} has {len(sizes)} values in {len(y)} rows: it seems to be a "
            "number or an id, and no class"
        )
    elif (sizes == 1).any():
        alone = [label for label, size in sizes.items() if size == 1]
        notes.append(
            f"a single row in {'the class' if len(alone) == 1 else 'each of the classes'} "
            f"{listed(alone, 5)}: too few for folds, so leave them out or join classes"
        )
    if len(y) < 20:
        notes.append(f"only {len(y)} rows: a comparison of models on them says little")
    return notes


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
