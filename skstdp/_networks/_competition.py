"""Number of units of a layer that win a sample."""

from math import ceil, sqrt
from numbers import Integral

import numpy as np

_ROOTS = {"sqrt": 1.0, "half-sqrt": 0.5}


def number_of_winners(winners, n_contestants):
    """Number of winners, at most all contestants.

    Parameters
    ----------
    winners : int, float, "sqrt" or "half-sqrt"
        Number, or share, of the contestants, or the root of their number, or half of that.
    n_contestants : int
    """
    if winners in _ROOTS:
        return ceil(_ROOTS[winners] * sqrt(n_contestants))
    if isinstance(winners, Integral):
        return min(int(winners), n_contestants)
    return ceil(winners * n_contestants)


def winner_table(positive_winners, negative_winners, associations):
    """Number of winners of each side, hidden layer and class.

    Parameters
    ----------
    positive_winners, negative_winners : int, float, "sqrt" or "half-sqrt"
        Of the units that are associated positively, and negatively, with a class.
    associations : list of ndarrays of shape (n_classes, n_units)
        The fixed codes, one per hidden layer.

    Returns
    -------
    n_winners : ndarray of shape (2, n_layers, n_classes), dtype intp
    """
    sides = ((positive_winners, 1), (negative_winners, -1))
    n_winners = [
        [
            [number_of_winners(winners, n) for n in (codes * sign > 0).sum(axis=1).tolist()]
            for codes in associations
        ]
        for winners, sign in sides
    ]
    # Of no layers, too, an array of three dimensions.
    return np.array(n_winners, np.intp, ndmin=3)


def lets_all_learn(winners):
    """True if every contestant wins, however many there are."""
    return not isinstance(winners, str | Integral) and winners == 1
