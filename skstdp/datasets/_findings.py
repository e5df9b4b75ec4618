"""What a user should know of the columns of a table before models learn from it."""

import numpy as np
import pandas as pd

from ._text_files import listed

# Of the classes, each with the same weight, that a column says alone.
_LEAK = 0.99
# Fewer rows of a class may well be said by a column by chance.
_MIN_ROWS = 5
# More values of text than this look like an id or like sentences.
_MANY = 0.5


def leaks(X, y):
    """Names of the columns that say the class alone, and for each the reason.

    A column repeats the target if each of its values stands for one class, and each class for one
    value. It determines the target if the class of a row follows from the other rows of its value,
    in nearly all rows of each class: a number that takes a new value in most rows does not.
    """
    codes, classes = pd.factorize(y)
    if np.bincount(codes).min() < _MIN_ROWS:
        return {}
    found = {}
    for name in X:
        values = pd.factorize(X[name], use_na_sentinel=False)[0]
        if values.max() + 1 > len(codes) / 2:
            continue
        counts = np.zeros((values.max() + 1, len(classes)), dtype=np.int64)
        np.add.at(counts, (values, codes), 1)
        present = counts > 0
        one_to_one = (present.sum(axis=0) == 1).all() and (present.sum(axis=1) == 1).all()
        if one_to_one:
            found[name] = "repeat the target"
        elif _share_said(counts) >= _LEAK:
            found[name] = "determine the target alone"
    return found


def _share_said(counts):
    """Mean over classes of the rows whose class most of the other rows of their value have."""
    others = np.sort(counts, axis=1)[:, -2:]
    largest, second = others[:, -1:], others[:, :1] if counts.shape[1] > 1 else 0
    # Without the row itself its class still leads; a row alone with its value says nothing.
    leads = (counts == largest) & (counts - 1 > np.where(counts == largest, second, largest))
    leads &= counts > 1
    return ((counts * leads).sum(axis=0) / counts.sum(axis=0)).mean()


def high_cardinality(X):
    """Notes on columns of text with so many values that they seem to be ids or sentences."""
    notes = []
    for name in X:
        if X[name].dtype != object:
            continue
        n_values, n_rows = X[name].nunique(), X[name].notna().sum()
        if n_values > 20 and n_values > _MANY * n_rows:
            notes.append(
                f"{name!r} has {n_values} values in {n_rows} rows, so it seems to be an id or "
                "free text: leave it out by drop or --drop, or give ids by id or --id"
            )
    return notes


def leak_note(found):
    """Sentence on columns that say the class alone, and what to do; None if there are none."""
    if not found:
        return None
    reasons = {}
    for name, reason in found.items():
        reasons.setdefault(reason, []).append(name)
    said = "; ".join(
        f"columns that {reason}: {listed(names)}" for reason, names in reasons.items()
    )
    return f"{said}; leave out, by drop or --drop, those that are not known before the class"
