"""Ensembles of trees, decided by splits of the ball: a point that is wrong, or a certificate."""

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
    nearest : ndarray of shape (n_parts, n_features)
        The point that is nearest to the sample.
    found : ndarray of shape (n_parts,), dtype bool
        Whether that point is wrong for sure.
    """

    row: np.ndarray
    other: np.ndarray
    low: np.ndarray
    high: np.ndarray
    bound: np.ndarray
    feature: np.ndarray
    cut: np.ndarray
    nearest: np.ndarray
    found: np.ndarray

    def select(self, kept):
        return _Parts(*(values[kept] for values in self))

    @staticmethod
    def joined(*parts):
        return _Parts(*map(np.concatenate, zip(*parts, strict=True)))


def decide(trees, points, y, ball, n_splits, skipped=None):
    """For each sample a point of its ball that is wrong, or a proof that there is none.

    The worst leaves of different trees may have no point in common, and then the sum over trees
    is too pessimistic. Of each ball the part of lowest bound is cut in two at a threshold, again
    and again, until no part is left in which the margin may be negative. One-hot groups are not
    split. With enough splits and without groups one of the two is found for each row, ties apart.

    Parameters
    ----------
    n_splits : int
        Most splits for each row, >= 0.
    skipped : ndarray of shape (n_samples,), dtype bool, default=None
        Rows for which neither is looked for.

    Returns
    -------
    perturbed : ndarray of shape (n_samples, n_features)
        The sample itself where no point was found. Where the scores tie there, it may be right.
    bounds : ndarray of shape (n_samples, n_classes)
        Lower bounds of the margins: where one is positive, no point of the ball is of that class.
        Infinite for the true class.
    """
    perturbed, bounds = points.copy(), margin_bounds(trees, points, y, ball) - trees.rounding
    undecided = bounds <= 0
    if skipped is not None:
        undecided[skipped] = False
    row, other = np.nonzero(undecided)
    if n_splits and len(trees.left):
        coordinates = Coordinates(trees, ball, points.shape[1])
        undecided = np.unique(row)
        for block in blocks(trees, len(undecided)):
            rows = undecided[block]
            here = np.isin(row, rows)
            ended, left = _split(coordinates, points, y, row[here], other[here], n_splits)
            perturbed[ended.row] = ended.nearest
            excluded = bounds[rows] <= 0
            excluded[np.searchsorted(rows, left.row), left.other] = False
            excluded[np.searchsorted(rows, ended.row)] = False
            bounds[rows] = np.where(excluded, trees.rounding, bounds[rows])
    return perturbed, bounds


def _split(coordinates, points, y, row, other, n_splits):
    """Parts that end the search of a row, and those of other rows that are left undecided."""
    ball, rounding = coordinates.ball, coordinates.trees.rounding
    shape = len(row), points.shape[1]
    sides = (np.broadcast_to(side.astype(points.dtype), shape) for side in (ball.low, ball.high))
    parts = _bounded(coordinates, points, y, row, other, *sides)
    ended = parts.select(slice(0))
    for n_done in range(n_splits + 1):
        # In a part that cannot be split the scores tie, unless it has a group or is wrong.
        parts = parts.select(parts.bound <= rounding)
        ends = parts.found | (parts.feature < 0)
        ended = _Parts.joined(ended, parts.select(ends))
        parts = parts.select(~np.isin(parts.row, ended.row))
        if n_done == n_splits or not len(parts.row):
            return ended, parts
        order = np.lexsort((parts.bound, parts.row))
        _, first = np.unique(parts.row[order], return_index=True)
        chosen = order[first]
        worst = parts.select(chosen)
        everyone = np.arange(len(chosen))
        high, low = worst.high.copy(), worst.low.copy()
        high[everyone, worst.feature] = worst.cut
        low[everyone, worst.feature] = np.nextafter(worst.cut, worst.cut.dtype.type(np.inf))
        halves = _bounded(
            coordinates,
            points,
            y,
            np.tile(worst.row, 2),
            np.tile(worst.other, 2),
            np.concatenate([worst.low, low]),
            np.concatenate([high, worst.high]),
        )
        parts = _Parts.joined(parts.select(np.delete(np.arange(len(parts.row)), chosen)), halves)


def _bounded(coordinates, points, y, row, other, low, high):
    """Parts of balls between two corners, with what is known of them."""
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
    nearest, moved = Reach(coordinates, points[row], row, (low, high)).nearest_inside()
    within = reach.sum_of(moved) <= reach.radius
    bound[~within] = np.inf
    scores = trees.scores_at(np.where(within[:, np.newaxis], nearest, points[row]))
    found = within & (scores[everyone, y[row]] - scores[everyone, other] < -trees.rounding)
    return _Parts(row, other, low, high, bound, feature, cut, nearest, found)


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
