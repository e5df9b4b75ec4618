"""Attacks on classifiers made of trees, and certificates for them."""

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


def certified_trees(problem, n_splits=50):
    """Rows that no attack can fool, shape (n_samples,), dtype bool; None if it is not of trees.

    For a single tree these are all such rows. For several they are those for which that is proven
    with at most `n_splits` splits of the ball.
    """
    trees = _trees(problem)
    if trees is None:
        return None
    samples = problem.points, _classes(problem), problem.ball
    if len(trees.first) == 1:
        _, reached = _tree_attacks.nearest_wrong(trees, *samples)
        return ~reached
    return _tree_splits.proven(trees, *samples, n_splits)


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


def _classes(problem):
    """True classes of the samples that are attacked, which may be some of all."""
    return problem.y[problem._rows]


def _trees(problem):
    return trees_of(problem.target.estimator, problem.points.dtype)
