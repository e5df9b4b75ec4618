"""Sizes of moves against slopes, in units of epsilon.

slopes : ndarray of shape (n_rows, n_features), >= 0, of a function that moves are to lower.
reach : ndarray of shape (n_rows, n_features), >= 0, where moves meet the bounds.
length, radius, rest : ndarray of shape (n_rows, 1), or a number: how long moves are to be in the
    norm, may be, or how much they are to lower the function.

`farthest` moves are those of some length that lower the function most, `least` moves the shortest
that lower it by some amount, and both stay within reach. `shrunk` moves are the nearest that are
not longer than a radius.
"""

import numpy as np


def farthest_l2(slopes, reach, length):
    """Moves along the slopes, of which those that come to a bound leave length to others."""
    moves = np.zeros_like(slopes)
    free = reach > 0
    rest = np.full((len(slopes), 1), length**2, dtype=slopes.dtype)
    while True:
        # Relative to the steepest: squares of tiny slopes would vanish.
        relative = np.where(free, slopes, 0)
        steepest = relative.max(axis=1, keepdims=True)
        relative = relative / np.where(steepest > 0, steepest, 1)
        squares = (relative**2).sum(axis=1, keepdims=True)
        scale = np.sqrt(rest / np.where(squares > 0, squares, 1))
        moves = np.where(free, scale * relative, moves)
        stopped = free & (moves > reach)
        if not stopped.any():
            return moves
        moves = np.where(stopped, reach, moves)
        rest = np.maximum(rest - (np.where(stopped, reach, 0) ** 2).sum(axis=1, keepdims=True), 0)
        free &= ~stopped


def shrunk_l2(offsets, radius):
    size = np.sqrt((offsets**2).sum(axis=1, keepdims=True))
    return offsets * np.where(size > radius, radius / np.where(size > 0, size, 1), 1)


def farthest_l1(slopes, reach, length):
    """Moves in the order of the slopes, each to its bound, until the length is spent."""
    order = np.argsort(-slopes, axis=1, kind="stable")
    sorted_reach = np.take_along_axis(np.minimum(reach, length), order, axis=1)
    before = np.cumsum(sorted_reach, axis=1) - sorted_reach
    moves = np.empty_like(slopes)
    np.put_along_axis(moves, order, np.clip(length - before, 0, sorted_reach), axis=1)
    return moves


def shrunk_l1(offsets, radius):
    """Nearest point of the ball: all entries shrink by the same, and none beyond zero."""
    sizes = np.abs(offsets)
    falling = -np.sort(-sizes, axis=1)
    surplus = (np.cumsum(falling, axis=1) - radius) / np.arange(1, sizes.shape[1] + 1)
    last = (falling > surplus).sum(axis=1, keepdims=True) - 1
    threshold = np.take_along_axis(surplus, np.maximum(last, 0), axis=1)
    shrunk = np.sign(offsets) * np.maximum(sizes - np.maximum(threshold, 0), 0)
    outside = sizes.sum(axis=1, keepdims=True) > radius
    return np.where(outside, shrunk, offsets)


def shrunk_within_l1(sizes, reach, radius):
    """All shrink by the same, none beyond zero, and those beyond a bound only to it.

    Of the amount, the sum is linear between those at which an entry leaves its bound or comes
    to zero.
    """
    leaves = np.maximum(sizes - reach, 0)
    amounts = np.concatenate([leaves, sizes], axis=1)
    order = np.argsort(amounts, axis=1, kind="stable")
    amounts = np.take_along_axis(amounts, order, axis=1)
    n_shrinking = np.cumsum(np.where(order < sizes.shape[1], 1, -1), axis=1)
    lost = np.zeros_like(amounts)
    np.cumsum(n_shrinking[:, :-1] * np.diff(amounts, axis=1), axis=1, out=lost[:, 1:])
    surplus = np.minimum(sizes, reach).sum(axis=1, keepdims=True) - radius
    at = np.maximum((lost < surplus).sum(axis=1, keepdims=True) - 1, 0)
    left, slope = (
        np.take_along_axis(values, at, axis=1) for values in (surplus - lost, n_shrinking)
    )
    amount = np.take_along_axis(amounts, at, axis=1) + left / np.maximum(slope, 1)
    return np.minimum(np.maximum(sizes - amount, 0), reach)


def least_linf(slopes, reach, rest):
    return _least_in_proportion(slopes, np.ones_like(slopes), reach, rest)


def least_l2(slopes, reach, rest):
    return _least_in_proportion(slopes, slopes, reach, rest)


def least_l1(slopes, reach, rest):
    """Moves of the steepest first, each to its bound, until the margin is spent."""
    order = np.argsort(-slopes, axis=1, kind="stable")
    slopes, reach = (np.take_along_axis(values, order, axis=1) for values in (slopes, reach))
    spent = np.cumsum(slopes * reach, axis=1) - slopes * reach
    moves = np.empty_like(slopes)
    sizes = np.clip((rest - spent) / np.where(slopes > 0, slopes, 1), 0, reach)
    np.put_along_axis(moves, order, sizes, axis=1)
    return moves


def _least_in_proportion(slopes, weights, reach, rest):
    """Moves in proportion to weights, of which those that come to a bound leave rest to others."""
    moves = np.zeros_like(slopes)
    free = reach > 0
    while True:
        rate = np.where(free, slopes * weights, 0).sum(axis=1, keepdims=True)
        moves = np.where(free, rest / np.where(rate > 0, rate, 1) * weights, moves)
        stopped = free & (moves > reach)
        if not stopped.any():
            return moves
        moves = np.where(stopped, reach, moves)
        spent = np.where(stopped, slopes * reach, 0).sum(axis=1, keepdims=True)
        rest = np.maximum(rest - spent, 0)
        free &= ~stopped


LEAST_MOVES = {"linf": least_linf, "l2": least_l2, "l1": least_l1}
