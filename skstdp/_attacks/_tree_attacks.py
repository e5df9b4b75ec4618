"""Attacks on trees, and what no attack can do: from the boxes of their leaves.

trees : Trees, of the dtype of the points.
points : ndarray of shape (n_samples, n_features), the samples.
y : ndarray of shape (n_samples,), dtype intp, their true classes.
ball : Ball, the points that may be reached.
"""

import numpy as np
from sklearn.utils import gen_batches

from ._tree_reach import Coordinates, Reach

# Numbers in an array of nodes and samples: few enough that some of them stay in the cache.
_BLOCK = 2**20


def blocks(trees, n_rows):
    """Slices of samples that are looked at together."""
    return gen_batches(n_rows, max(1, _BLOCK // len(trees.parent))) if n_rows else ()


def distance_bounds(trees, points, y, ball):
    """How far the nearest leaf of each class of a single tree is beyond the ball.

    Returns
    -------
    bounds : ndarray of shape (n_samples, n_classes)
        Positive exactly where no point of the ball is of a class, infinite for the true class.
    """
    n_classes, decides = trees.scores.shape[1], trees.scores.argmax(axis=1)
    bounds = np.full((len(points), n_classes), np.inf)
    coordinates = Coordinates(trees, ball, points.shape[1])
    for block in blocks(trees, len(points)):
        reach = Reach(coordinates, points[block], block)
        taken = reach.distances()[trees.leaves]
        for other in np.unique(decides):
            bounds[block, other] = taken[decides == other].min(axis=0) - reach.radius
    bounds[np.arange(len(y)), y] = np.inf
    return bounds


def nearest_wrong(trees, points, y, ball):
    """Exact attack on a single tree: the nearest point of another class that may be reached.

    Of each leaf of another class the nearest point in its box is known, since the coordinates
    move independently of each other; the attack takes the nearest leaf.

    Returns
    -------
    nearest : ndarray of shape (n_samples, n_features)
        The sample itself where no such point is in the ball, or its class is another one.
    reached : ndarray of shape (n_samples,), dtype bool
        Where one is. False is a proof that there is none.
    """
    decides = trees.scores.argmax(axis=1)
    nearest, reached = points.copy(), np.zeros(len(points), dtype=bool)
    coordinates = Coordinates(trees, ball, points.shape[1])
    for block in blocks(trees, len(points)):
        reach = Reach(coordinates, points[block], block)
        taken = reach.distances()[trees.leaves]
        taken[decides[:, np.newaxis] == y[block]] = np.inf
        leaf = taken.argmin(axis=0)
        reached[block] = taken[leaf, np.arange(len(leaf))] <= reach.radius
        here = reach.nearest_in(trees.leaves[leaf])
        nearest[block] = np.where(reached[block, np.newaxis], here, points[block])
    return nearest, reached


def margin_bounds(trees, points, y, ball):
    """Lower bounds of the margins in the balls: score of the true class minus that of each other.

    Each tree is taken at the leaf that is worst among those that the ball reaches. That is a
    bound, and for a single tree exact.

    Returns
    -------
    bounds : ndarray of shape (n_samples, n_classes)
        Infinite for the true class.
    """
    n_classes = trees.scores.shape[1]
    bounds = np.full((len(points), n_classes), np.inf)
    coordinates = Coordinates(trees, ball, points.shape[1])
    for block in blocks(trees, len(points)):
        reach = Reach(coordinates, points[block], block)
        within = reach.distances()[trees.leaves] <= reach.radius
        for true in np.unique(y[block]):
            here = np.flatnonzero(y[block] == true)
            there = within[:, here]
            for other in np.flatnonzero(np.arange(n_classes) != true):
                gains = trees.scores[:, [true]] - trees.scores[:, [other]]
                worst = np.minimum.reduceat(np.where(there, gains, np.inf), trees.first)
                bounds[block.start + here, other] = (
                    worst.sum(axis=0) + trees.offset[true] - trees.offset[other]
                )
    return bounds
