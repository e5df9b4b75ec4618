"""Certificates for ensembles of trees that are tightened by splits of the ball."""

from typing import NamedTuple

import numpy as np

from ._tree_attacks import blocks, margin_bounds
from ._tree_reach import Coordinates, Reach


class _Parts(NamedTuple):
    """Parts of balls, each the points between two corners.

    Attributes
    ----------
    row, other : ndarray of shape (n_parts,)
        Sample, and the class to be excluded.
    low, high : ndarray of shape (n_parts, n_features)
    bound : ndarray of shape (n_parts,)
        Lower bound of the margin against `other`.
    feature, cut : ndarray of shape (n_parts,)
        Where to split: values of the first half are at most `cut`. The feature is -1 where that
        is not possible.
    """

    row: np.ndarray
    other: np.ndarray
    low: np.ndarray
    high: np.ndarray
    bound: np.ndarray
    feature: np.ndarray
    cut: np.ndarray

    def select(self, kept):
        return _Parts(*(values[kept] for values in self))

    @staticmethod
    def joined(*parts):
        return _Parts(*map(np.concatenate, zip(*parts, strict=True)))


def proven(trees, points, y, ball, n_splits):
    """Rows that no point of the ball makes wrong, as far as it is proven.

    The worst leaves of different trees may have no point in common, and then the sum over trees
    is too pessimistic. Of each ball the part of lowest bound is cut in two at a threshold, again
    and again, until no part is left in which the margin may be negative. One-hot groups are not
    split. With enough splits and without groups all rows are proven that can be, ties apart.

    Parameters
    ----------
    n_splits : int
        Most splits for each row, >= 0.

    Returns
    -------
    proven : ndarray of shape (n_samples,), dtype bool
    """
    bounds = margin_bounds(trees, points, y, ball)
    row, other = np.nonzero(bounds <= trees.rounding)
    done = np.ones(len(points), dtype=bool)
    done[row] = False
    if n_splits and len(trees.left):
        coordinates = Coordinates(trees, ball, points.shape[1])
        undecided = np.flatnonzero(~done)
        for block in blocks(trees, len(undecided)):
            rows = undecided[block]
            here = np.isin(row, rows)
            done[rows] = _split(coordinates, points, y, rows, row[here], other[here], n_splits)
    return done


def _split(coordinates, points, y, rows, row, other, n_splits):
    ball, rounding = coordinates.ball, coordinates.trees.rounding
    shape = len(row), points.shape[1]
    sides = (np.broadcast_to(side.astype(points.dtype), shape) for side in (ball.low, ball.high))
    parts, lost = _bounded(coordinates, points, y, row, other, *sides)
    lost = np.unique(row[lost])
    for _ in range(n_splits):
        # A part that cannot be split may hold a point that is wrong.
        lost = np.union1d(lost, parts.row[parts.feature < 0])
        parts = parts.select(~np.isin(parts.row, lost))
        if not len(parts.row):
            break
        order = np.lexsort((parts.bound, parts.row))
        _, first = np.unique(parts.row[order], return_index=True)
        chosen = order[first]
        worst = parts.select(chosen)
        everyone = np.arange(len(chosen))
        high, low = worst.high.copy(), worst.low.copy()
        high[everyone, worst.feature] = worst.cut
        low[everyone, worst.feature] = np.nextafter(worst.cut, worst.cut.dtype.type(np.inf))
        halves, fails = _bounded(
            coordinates,
            points,
            y,
            np.tile(worst.row, 2),
            np.tile(worst.other, 2),
            np.concatenate([worst.low, low]),
            np.concatenate([high, worst.high]),
        )
        lost = np.union1d(lost, halves.row[fails])
        parts = _Parts.joined(
            parts.select(np.delete(np.arange(len(parts.row)), chosen)),
            halves.select(halves.bound <= rounding),
        )
    return ~np.isin(rows, np.union1d(lost, parts.row))


def _bounded(coordinates, points, y, row, other, low, high):
    """Parts with their bounds, and which of them hold a point that is wrong for sure."""
    trees = coordinates.trees
    reach = Reach(coordinates, points[row], row, (low, high))
    everyone = np.arange(len(row))
    taken = reach.distances()[trees.leaves]
    gains = trees.scores[:, y[row]] - trees.scores[:, other]
    worst = np.full((len(trees.parent), len(row)), np.inf)
    worst[trees.leaves] = np.where(taken <= reach.radius, gains, np.inf)
    for level in reversed(trees.levels[1:]):
        left, right = np.split(worst[level], 2)
        inner = trees.parent[level][: len(left)]
        worst[inner] = np.minimum(left, right)
    bound = worst[trees.levels[0]].sum(axis=0) + trees.offset[y[row]] - trees.offset[other]
    feature, cut = _where_to_split(coordinates, worst)
    low, high = _shrunk(coordinates, np.isfinite(worst), low, high)
    # The point of the part that is nearest to the sample may be wrong, or out of the ball.
    inside, moved = Reach(coordinates, points[row], row, (low, high)).nearest_inside()
    within = reach.sum_of(moved) <= reach.radius
    bound[~within] = np.inf
    scores = trees.scores_at(inside)
    fails = within & (scores[everyone, y[row]] - scores[everyone, other] < -trees.rounding)
    return _Parts(row, other, low, high, bound, feature, cut), fails


def _where_to_split(coordinates, worst):
    """A feature, -1 if there is none, and a threshold, from the lowest margin below each node.

    Of all splits of trees of which both sides are reached, the feature is the one for which the
    differences of the sides sum to most, and the threshold is that of the largest difference.
    """
    trees = coordinates.trees
    features = trees.feature[trees.left]
    with np.errstate(invalid="ignore"):
        differs = np.abs(worst[trees.left] - worst[trees.right])
    differs[~np.isfinite(differs)] = -1
    differs[coordinates.of_node[trees.left] >= coordinates.n_features] = -1
    starts = np.flatnonzero(np.diff(features, prepend=-1))
    total = np.add.reduceat(np.maximum(differs, 0), starts, axis=0)
    feature = features[starts][total.argmax(axis=0)]
    differs[features[:, np.newaxis] != feature] = -1
    best = differs.argmax(axis=0)
    found = differs[best, np.arange(len(best))] >= 0
    return np.where(found, feature, -1), trees.high[trees.left[best]]


def _shrunk(coordinates, reached, low, high):
    """Corners of parts without what lies beyond nodes that all of their points come to."""
    trees = coordinates.trees
    holds_all = reached.copy()
    for level in trees.levels[1:]:
        left, right = np.split(reached[level], 2)
        alone = np.concatenate([left > right, right > left])
        holds_all[level] = holds_all[trees.parent[level]] & alone
    holds_all[coordinates.of_node >= low.shape[1]] = False
    nodes, parts = np.nonzero(holds_all)
    low, high = low.copy(), high.copy()
    np.maximum.at(low, (parts, trees.feature[nodes]), trees.low[nodes])
    np.minimum.at(high, (parts, trees.feature[nodes]), trees.high[nodes])
    return low, high
