"""Attacks on classifiers made of trees."""

import numpy as np

from .._attacks import _tree_attacks, _tree_search, _tree_splits
from .._input_gradients._fitted_trees import trees_of


def exact_points(problem):
    """Points of the exact attack on a single tree, or None for any other estimator.

    A point is the nearest one of another class that may be reached, and the sample itself where
    there is none.
    """
    trees = _trees(problem)
    if trees is None or len(trees.first) > 1:
        return None
    points, _ = _tree_attacks.nearest_wrong(trees, problem.points, _classes(problem), problem.ball)
    return points


def leaf_search(problem, random_state, n_restarts=10, n_splits=50):
    """Points of a search on trees that knows their thresholds, or None for any other estimator.

    Moves of single coordinates come first, from `n_restarts` starts, then at most `n_splits`
    splits of the balls that are left. The sample itself stands where nothing was found.
    """
    trees = _trees(problem)
    if trees is None:
        return None
    samples = problem.points, _classes(problem), problem.ball
    points = _tree_search.leaf_search(trees, *samples, n_restarts, random_state)
    fooled = problem.is_adversarial(points)
    by_splits, _ = _tree_splits.decide(trees, *samples, n_splits, skipped=fooled)
    points = np.where(fooled[:, np.newaxis], points, by_splits)
    fooled = problem.is_adversarial(points)
    return np.where(fooled[:, np.newaxis], points, problem.points)


def _classes(problem):
    """True classes of the samples that are attacked, which may be some of all."""
    return problem.y[problem._rows]


def _trees(problem):
    return trees_of(problem.target.estimator, problem.points.dtype)
