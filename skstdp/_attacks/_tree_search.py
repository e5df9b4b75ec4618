"""A search on ensembles of trees that knows their thresholds."""

import numpy as np
from sklearn.utils import check_random_state

from ._tree_attacks import blocks, margin_bounds
from ._tree_reach import Coordinates, Reach


def leaf_search(trees, points, y, ball, n_restarts, random_state):
    """Attack that moves one coordinate at a time to where the ensemble is worst for a class.

    All coordinates but one held, the margin is a step function of that one: each tree changes its
    leaf at the thresholds of the leaves whose boxes the point is outside of in this coordinate
    alone. Of all steps of all coordinates that are in the ball, the point takes the one of lowest
    margin, and in it the value nearest to the sample; and again, until no move lowers the margin.
    Further starts are drawn from the ball, and their moves are chosen with some noise. Classes
    that the bounds exclude are not tried. The idea of neighbours whose leaves differ is that of
    [1]_.

    Parameters
    ----------
    trees, points, y, ball
        As in `_tree_attacks`.
    n_restarts : int
        Starts, >= 1: the sample, once for each class that is tried, then random points.
    random_state : int, RandomState instance or None

    Returns
    -------
    perturbed : ndarray of shape (n_samples, n_features)
        Points of smallest margin that were found; the sample itself where nothing can be.

    References
    ----------
    .. [1] C. Zhang, H. Zhang, C.-J. Hsieh, "An Efficient Adversarial Attack for Tree Ensembles",
           NeurIPS, 2020.
    """
    random_state = check_random_state(random_state)
    bounds = margin_bounds(trees, points, y, ball)
    perturbed = points.copy()
    undecided = np.flatnonzero(bounds.min(axis=1) <= trees.rounding)
    coordinates = Coordinates(trees, ball, points.shape[1])
    for block in blocks(trees, len(undecided)):
        rows = undecided[block]
        perturbed[rows] = _search(
            coordinates, points[rows], y[rows], rows, bounds[rows], n_restarts, random_state
        )
    return perturbed


def _search(coordinates, points, y, rows, bounds, n_restarts, random_state):
    trees = coordinates.trees
    rounding = trees.rounding
    # Classes in the order of their bounds.
    order = np.argsort(bounds, axis=1, kind="stable")
    n_possible = (bounds <= rounding).sum(axis=1)
    best = points.copy()
    smallest = margins(trees.scores_at(points), y)
    for attempt in range(n_restarts):
        left = np.flatnonzero(smallest >= -rounding)
        if not len(left):
            break
        reach = Reach(coordinates, points[left], rows[left])
        target = order[left, attempt % n_possible[left]]
        start, noise = points[left].copy(), 0.0
        again = attempt >= n_possible[left]
        if again.any():
            drawn = reach.balls.round_integers(reach.balls.random_start(random_state))
            start[again], noise = drawn[again], 0.5
        found, margin = _descend(reach, start, y[left], target, noise, random_state)
        smaller = margin < smallest[left]
        best[left[smaller]], smallest[left[smaller]] = found[smaller], margin[smaller]
    return best


def margins(scores, y):
    """Score of the true class minus the largest of the others."""
    everyone = np.arange(len(y))
    others = scores.copy()
    others[everyone, y] = -np.inf
    return scores[everyone, y] - others.max(axis=1)


def _descend(reach, points, y, target, noise, random_state):
    """Points to which no single move is better, and their margins."""
    trees = reach.trees
    rounding = trees.rounding
    while True:
        count, last = reach.outside(points)
        count, last = count[trees.leaves], last[trees.leaves]
        current = trees.first_true(count == 0)
        margin = margins(trees.offset + trees.scores[current].sum(axis=0), y)
        lasting = margin >= -rounding
        count[:, ~lasting] = 0
        leaf, row = np.nonzero(count == 1)
        gains = trees.scores[leaf, y[row]] - trees.scores[leaf, target[row]]
        now = current[trees.tree[leaf], row]
        gains -= trees.scores[now, y[row]] - trees.scores[now, target[row]]
        steps = _best_steps(reach, points, row, last[leaf, row], gains, noise, random_state)
        if not len(steps[0]):
            return points, margin
        reach.put(points, *steps)


def _best_steps(reach, points, row, node, gain, noise, random_state):
    """One move per row that lowers the margin most: rows, coordinates and values."""
    taken = reach.taken(points)
    total = taken.sum(axis=1)

    def fits(row, coordinate, value_taken):
        if reach.norm == "linf":
            return value_taken <= reach.radius
        return total[row] - taken[row, coordinate] + value_taken <= reach.radius

    number, coordinate, low, high = reach.moves(points, row, node)
    row, gain = row[number], gain[number]
    _, cost = reach.nearest(row, coordinate, low, high)
    kept = fits(row, coordinate, cost)
    row, coordinate, low, high, gain = (
        values[kept] for values in (row, coordinate, low, high, gain)
    )
    # The margin changes where an interval begins, and back behind its end.
    row, coordinate = np.tile(row, 2), np.tile(coordinate, 2)
    place = np.concatenate([low, np.nextafter(high, high.dtype.type(np.inf))])
    # In whole numbers sums do not depend on the other rows, and equal ones are equal.
    gain = np.rint(gain / reach.trees.rounding).astype(np.int64)
    gain = np.concatenate([gain, -gain])
    order = np.lexsort((place, coordinate, row))
    row, coordinate, place, gain = (values[order] for values in (row, coordinate, place, gain))
    total_gain = np.cumsum(gain)
    another = (np.diff(row) != 0) | (np.diff(coordinate) != 0)
    ends = np.flatnonzero((place[1:] != place[:-1]) & ~another)
    # After the last change of a coordinate nothing has changed.
    group = np.append(0, np.cumsum(another))
    before = np.append(0, total_gain[np.flatnonzero(another)])
    change = total_gain[ends] - before[group[ends]]
    lower = change < -len(reach.trees.first)
    ends, change = ends[lower], change[lower]
    row, coordinate = row[ends], coordinate[ends]
    value, cost = reach.nearest(
        row,
        coordinate,
        place[ends],
        np.nextafter(place[ends + 1], place.dtype.type(-np.inf)),
    )
    kept = np.flatnonzero(fits(row, coordinate, cost))
    row, coordinate, value, change, cost = (
        values[kept] for values in (row, coordinate, value, change, cost)
    )
    if noise:
        change = change * random_state.uniform(1 - noise, 1, size=len(change))
    order = np.lexsort((cost, change, row))
    _, first = np.unique(row[order], return_index=True)
    chosen = order[first]
    return row[chosen], coordinate[chosen], value[chosen]
