"""Attacks on classifiers made of trees, and certificates for them."""

from .._attacks import _tree_attacks, _tree_search
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


def certified_trees(problem):
    """Rows that no attack can fool, shape (n_samples,), dtype bool; None if it is not of trees.

    For a single tree these are all such rows. For several they are those for which the sum of the
    worst leaves within reach, over the trees, does not decide for another class.
    """
    trees = _trees(problem)
    if trees is None:
        return None
    if len(trees.first) == 1:
        _, reached = _tree_attacks.nearest_wrong(
            trees, problem.points, _classes(problem), problem.ball
        )
        return ~reached
    bounds = _tree_attacks.margin_bounds(trees, problem.points, _classes(problem), problem.ball)
    return (bounds > trees.rounding).all(axis=1)


def _classes(problem):
    """True classes of the samples that are attacked, which may be some of all."""
    return problem.y[problem._rows]


def _trees(problem):
    return trees_of(problem.target.estimator, problem.points.dtype)


def leaf_search(problem, random_state, n_restarts=10):
    """Points of a search on an ensemble of trees that knows their thresholds, or None.

    The sample itself stands where nothing was found.
    """
    trees = _trees(problem)
    if trees is None:
        return None
    return _tree_search.leaf_search(
        trees, problem.points, _classes(problem), problem.ball, n_restarts, random_state
    )
