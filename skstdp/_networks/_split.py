"""The part of the training data that early stopping sets aside."""

from hashlib import blake2b

import numpy as np
from scipy.sparse import issparse


def _rows(X):
    """Dense rows, one at a time."""
    return (row.toarray() for row in X) if issparse(X) else X


def row_digests(X):
    """One number per row of a C-contiguous array or CSR matrix, the same for equal rows."""
    return np.array(
        [int.from_bytes(blake2b(row, digest_size=8).digest()) for row in _rows(X)], dtype=np.uint64
    )


def hold_out(digests, y, fraction, random_state):
    """Mask of the samples to set aside, stratified by class.

    Within a class distinct rows are drawn, and all copies of a row go to the same side: a copy
    left in the training data would make the validation score too high. The choice depends on which
    rows there are, not on their order or number, so that a weight of k still equals k copies.
    Each class keeps at least one distinct row on either side if it has two.

    Parameters
    ----------
    digests : ndarray of shape (n_samples,)
        One number per sample, the same for equal ones.
    y : ndarray of shape (n_samples,), dtype intp
        Class index of each sample.
    fraction : float
        Share of the distinct rows of each class to set aside, in (0, 1).
    random_state : RandomState
        Draws the rows.

    Returns
    -------
    held : ndarray of shape (n_samples,), dtype bool
        True for the samples set aside.
    """
    held = np.zeros(len(y), dtype=bool)
    for k in np.unique(y):
        of_class = y == k
        rows = np.unique(digests[of_class])
        n_held = min(max(round(fraction * len(rows)), 1), len(rows) - 1)
        held |= of_class & np.isin(
            # Some versions of NumPy cannot look such large numbers up in a table.
            digests,
            random_state.permutation(rows)[:n_held],
            kind="sort",
        )
    if not held.any():
        raise ValueError(
            "Got early_stopping=True, but no class has two different samples to split into "
            "training and validation data. Give X_val and y_val, or set early_stopping=False."
        )
    return held
