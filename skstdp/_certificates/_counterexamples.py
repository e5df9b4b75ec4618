"""Intervals of the drives at counterexamples, the points where a function is not positive.

To prove that there are none, intervals need only hold at them. With a linear function l of the
drives of some layer that is below the function f, a counterexample x has l(x) <= f(x) <= 0, and so
the drive z of a unit, for each price gamma >= 0, is

    z(x)  >=  z(x) + gamma * l(x)  >=  least value in the ball of  z + gamma * l

(Lagrange, as for outputs in INVPROP [1]_). Close to a proof there are few points where f could be
negative, and intervals shrink. If one is empty, or the bound of f over these intervals is
positive, there is no counterexample. Intervals that the bound of f depends on most are narrowed
further, by parts of the ball.

References
----------
.. [1] S. Kotha, C. Brix, J. Z. Kolter, K. Dvijotham, H. Zhang, "Provably Bounding Neural Network
       Preimages", arXiv:2302.01404, 2023.
"""

from typing import NamedTuple

import numpy as np

from ._lines import Lines
from ._parts import Parts, least_by_parts
from ._relaxation import signs_of_ends

# Rounds for the ends of intervals, ends of each layer that are narrowed by parts, and how often
# these are divided.
_N_ROUNDS, _N_ENDS, _N_DIVISIONS = 3, 4, 4
# Prices are tried first at this share of the largest one that can pay.
_FIRST_SHARE = 1 / 6
# Bounds are taken to be below zero by as much at least, to limit prices.
_LEAST_MISSING = 1e-3


class _Ends(NamedTuple):
    """Bounds of ends of intervals, (n_rows, n_ends) each, the upper ones with a minus."""

    bounds: np.ndarray
    prices: np.ndarray
    attained: np.ndarray


def narrowed(parts):
    """Parts with the intervals of their drives at counterexamples.

    Bounds of parts are then bounds at counterexamples only: they prove that there are none, or
    else are not positive and so hold everywhere.

    Parameters
    ----------
    parts : Parts

    Returns
    -------
    parts : Parts
        Those with an empty interval have a positive bound.
    """
    relaxation, below, gains = parts.functions_below()
    empty = np.zeros(len(parts), dtype=bool)
    for level, lines in enumerate(relaxation.lines):
        before = relaxation.before(level)
        ends = _narrow_all(before, lines, below[level], parts.bounds)
        bounds = ends.bounds.copy()
        if level > 0 and isinstance(lines, Lines):
            worth = gains[level] * (ends.attained - ends.bounds)
            _narrow_some(before, ends, below[level], worth, bounds)
        width = lines.low.shape[1]
        low, high = bounds[:, :width], -bounds[:, width:]
        empty |= (low > high).any(axis=1)
        relaxation = relaxation.narrowed(level, np.minimum(low, high), np.maximum(low, high))
    return parts.with_intervals(relaxation, empty)


def _narrow_all(before, lines, below, bounds_of_function):
    """Ends of all intervals of a layer, by a bisection for the price of each."""
    slopes, constant = below
    signs = signs_of_ends(lines.low.shape[1])[np.newaxis]
    best = np.concatenate([lines.low, -lines.high], axis=1)
    # At a higher price, what the ball loses is more than the whole interval.
    most = np.tile(lines.high - lines.low, 2)
    most = most / np.maximum(-bounds_of_function, _LEAST_MISSING)[:, np.newaxis]
    least, price = np.zeros_like(most), np.zeros_like(most)
    best_price, attained = price, best
    choices = before.first_choices()
    # First drives are exact sums, of which only prices are to be found.
    for k in range(_N_ROUNDS if before.lines else _N_ROUNDS - 1):
        factors = signs + price[..., np.newaxis] * slopes
        bound, drives, _ = before.minimum(factors, choices)
        choices = before.better_choices(choices, drives, 2 / (k + 2))
        bound = bound + price * constant
        better = (bound > best) | (k == 0)
        value = (before.outputs(drives[0]) * factors).sum(axis=2) + price * constant
        attained = np.where(better, value, attained)
        best_price, best = np.where(better, price, best_price), np.maximum(best, bound)
        pays = (drives[-1] * slopes).sum(axis=2) + constant > 0
        least, most = np.where(pays, price, least), np.where(pays, most, price)
        price = np.where(least > 0, np.sqrt(least * most), _FIRST_SHARE * most)
    return _Ends(best, best_price, attained)


def _narrow_some(before, ends, below, worth, bounds):
    """Raise the bounds of the ends that are worth most, by parts, in place."""
    slopes, constant = below
    n_rows, n_ends = len(worth), min(_N_ENDS, worth.shape[1])
    chosen = np.argsort(-worth, axis=1, kind="stable")[:, :n_ends]
    bounds_of_chosen, price, attained = (np.take_along_axis(array, chosen, 1) for array in ends)
    factors = signs_of_ends(slopes.shape[2])[chosen] + price[..., np.newaxis] * slopes
    rows = np.repeat(np.arange(n_rows), n_ends)
    parts = Parts(
        before.select(rows),
        factors.reshape(len(rows), 1, -1),
        (price * constant).ravel(),
        np.arange(len(rows)),
    )
    raised = least_by_parts(
        parts, bounds_of_chosen.ravel(), attained.ravel(), _N_DIVISIONS, _N_ROUNDS
    )
    np.put_along_axis(bounds, chosen, raised.reshape(n_rows, n_ends), axis=1)
