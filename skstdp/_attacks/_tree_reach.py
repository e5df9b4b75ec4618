"""What the balls around samples reach of trees: distances, moves, and points in boxes.

Coordinates move independently of each other, so that distances and violations add up from the root
of a tree to its leaves, for all trees and samples at once. Arrays of nodes and samples have the
shape (n_nodes, n_rows).
"""

import numpy as np

from ._norm_balls import _SLACK


class Coordinates:
    """What the nodes of trees are cut in, and what moves independently of each other.

    Those up to `n_features` are features that move by themselves, each that follows is a one-hot
    group.

    Parameters
    ----------
    trees : Trees
        Of the dtype of the points.
    ball : Ball
    n_features : int

    Attributes
    ----------
    of_node : ndarray of shape (n_nodes,)
    above : ndarray of shape (n_nodes,)
        The next node towards the root that was cut in the same coordinate, or the root.
    allowed : list of ndarrays of shape (n_nodes, n_columns)
        Categories that come to each node, of each group.
    """

    def __init__(self, trees, ball, n_features):
        self.trees, self.ball, self.n_features = trees, ball, n_features
        self.of_node = trees.feature.copy()
        for k, group in enumerate(ball.groups):
            self.of_node[np.isin(trees.feature, group)] = n_features + k
        self.above = trees.above(self.of_node)
        self.allowed = [trees.allowed(group) for group in ball.groups]


class Reach:
    """What the balls around some samples reach of trees.

    Parameters
    ----------
    coordinates : Coordinates
    points : ndarray of shape (n_rows, n_features)
        Samples.
    rows : array of int, default=slice(None)
        Which samples of the ball they are.
    within : tuple of two ndarrays of shape (n_rows, n_features), default=None
        Lowest and highest values of the features around each sample, instead of the bounds of the
        ball. The sample may be outside.
    """

    def __init__(self, coordinates, points, rows=slice(None), within=None):
        ball = coordinates.ball
        self._coordinates = coordinates
        self.trees, self.norm, self.groups = coordinates.trees, ball.norm, ball.groups
        self.balls = ball.around(points, rows)
        self.centre = points
        shape = points.shape
        self._epsilon = np.broadcast_to(self.balls.free_epsilon, shape)
        self._within = within
        self._bounds = [
            np.broadcast_to(side.astype(points.dtype, copy=False), shape)
            for side in within or (ball.low, ball.high)
        ]
        self._whole = np.zeros(shape[1], bool) if ball.whole is None else ball.whole
        # Sums of rounded numbers may come to a little more than the radius.
        slack = 0 if self.norm == "linf" else max(_SLACK, 8 * np.finfo(points.dtype).eps)
        self.radius = self._spent(1 + slack)
        self._swaps = []
        for group in self.groups:
            cost = self.balls._swap_costs(group, points[:, group].argmax(axis=1))
            self._swaps.append(self._spent(self._snapped(cost, cost <= 1 + _SLACK)))

    def _spent(self, size):
        """What a move of a size takes of the radius, so that moves add up."""
        return size**2 if self.norm == "l2" else size

    def _snapped(self, size, fits):
        """Sizes in the maximum norm, at most 1 exactly where the move fits."""
        if self.norm != "linf":
            return size
        return np.where(fits, np.minimum(size, 1), np.maximum(size, np.nextafter(1, 2)))

    def _nearest(self, rows, features, low, high):
        """Nearest values that features may move to in intervals, and what they take.

        Arguments broadcast against each other. What cannot be is infinite.
        """
        x, epsilon = self.centre[rows, features], self._epsilon[rows, features]
        least, most = (side[rows, features] for side in self._bounds)
        low, high = np.maximum(low, least), np.minimum(high, most)
        value = np.minimum(np.maximum(x, low), high)
        moved = value - x
        whole = self._whole[features]
        if whole.any():
            moved = np.where(whole, np.copysign(np.ceil(np.abs(moved)), moved), moved)
            value = np.where(whole, x + moved, value)
        size = np.abs(moved).astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            fits = np.where(
                whole,
                size <= epsilon * (1 + _SLACK),
                (x - epsilon <= value) & (value <= x + epsilon),
            )
            size = np.where(size > 0, self._snapped(size / epsilon, fits), 0)
        there = (low <= value) & (value <= high)
        return value, self._spent(np.where(there & ~np.isnan(size), size, np.inf))

    def _swapped(self, k, allowed):
        """What the cheapest swap of a group takes, to categories that are allowed."""
        taken = np.full((len(allowed), len(self.centre)), np.inf)
        for column, swap in enumerate(self._swaps[k].T):
            np.minimum(taken, swap, out=taken, where=allowed[:, [column]])
        return taken

    def distances(self):
        """Smallest moves from the samples to the boxes of the nodes, as they take of the radius.

        Returns
        -------
        taken : ndarray of shape (n_nodes, n_rows)
        """
        trees, above = self.trees, self._coordinates.above
        of_node = self._coordinates.of_node
        everyone = np.arange(len(self.centre))
        # Of the coordinate of each node alone, and of all.
        alone = np.zeros((len(trees.parent), len(everyone)))
        taken = np.zeros_like(alone)
        _, inside = self.nearest_inside()
        taken[trees.levels[0]] = self.sum_of(inside)
        for level in trees.levels[1:]:
            _, alone[level] = self._nearest(
                everyone,
                trees.feature[level, np.newaxis],
                trees.low[level, np.newaxis],
                trees.high[level, np.newaxis],
            )
            for k, here in self._cut_in_groups(level):
                alone[here] = self._swapped(k, self._coordinates.allowed[k][here])
            before = taken[trees.parent[level]]
            if self.norm == "linf":
                taken[level] = np.maximum(before, alone[level])
                continue
            first = above[level] < trees.levels[0].stop
            earlier = np.where(first[:, np.newaxis], inside.T[of_node[level]], alone[above[level]])
            with np.errstate(invalid="ignore"):
                more = before + np.maximum(alone[level] - earlier, 0)
            taken[level] = np.where(np.isinf(alone[level]), np.inf, more)
        return taken

    def nearest_inside(self):
        """Nearest points within the bounds, and what each of their coordinates takes."""
        everyone, features = np.arange(len(self.centre)), np.arange(self.centre.shape[1])
        inside = np.zeros((len(everyone), len(features) + len(self.groups)))
        if self._within is None:
            return self.centre, inside
        nowhere = self.centre.dtype.type(-np.inf), self.centre.dtype.type(np.inf)
        points, taken = self._nearest(everyone[:, np.newaxis], features, *nowhere)
        inside[:, features] = taken
        return points, inside

    def sum_of(self, taken):
        """What moves of coordinates take of the radius together, of shape (n_rows,)."""
        return taken.max(axis=1, initial=0) if self.norm == "linf" else taken.sum(axis=1)

    def _cut_in_groups(self, level):
        """Groups by number, each with the nodes of a level that are cut in it."""
        for k in range(len(self.groups)):
            here = self._coordinates.of_node[level] == self._coordinates.n_features + k
            yield k, level.start + np.flatnonzero(here)

    def nearest_in(self, nodes):
        """Nearest points of the boxes of nodes, one per sample."""
        points, trees = self.centre.copy(), self.trees
        everyone = np.arange(len(points))
        n_features = points.shape[1]
        for _ in trees.levels[1:]:
            coordinates = self._coordinates.of_node[nodes]
            alone = coordinates < n_features
            rows, inner = everyone[alone], nodes[alone]
            features = trees.feature[inner]
            # Further down the interval was narrower: what was moved there is inside.
            now = points[rows, features]
            stays = (trees.low[inner] <= now) & (now <= trees.high[inner])
            value, _ = self._nearest(rows, features, trees.low[inner], trees.high[inner])
            points[rows, features] = np.where(stays, now, value)
            for k, group in enumerate(self.groups):
                rows = everyone[coordinates == n_features + k]
                allowed = self._coordinates.allowed[k][nodes[rows]]
                now = points[np.ix_(rows, group)].argmax(axis=1)
                cheapest = np.where(allowed, self._swaps[k][rows], np.inf).argmin(axis=1)
                stays = allowed[np.arange(len(rows)), now]
                points[np.ix_(rows, group)] = np.eye(len(group))[np.where(stays, now, cheapest)]
            nodes = trees.parent[nodes]
        return points

    def taken(self, points):
        """What each coordinate takes of the radius, of shape (n_rows, n_coordinates)."""
        everyone, features = np.arange(len(points))[:, np.newaxis], np.arange(points.shape[1])
        _, taken = self._nearest(everyone, features, points, points)
        for group in self.groups:
            taken[:, group] = 0
        swaps = [
            swap[everyone[:, 0], points[:, group].argmax(axis=1)]
            for group, swap in zip(self.groups, self._swaps, strict=True)
        ]
        return np.column_stack([taken, *swaps])

    def outside(self, points):
        """Coordinates in which points are outside of the boxes of the nodes.

        Returns
        -------
        count : ndarray of shape (n_nodes, n_rows), dtype int16
            Number of these coordinates.
        last : ndarray of shape (n_nodes, n_rows), dtype int32
            The last node on the way from the root that was cut in one of them. So where there is
            one, its interval is that of this node.
        """
        trees, above = self.trees, self._coordinates.above
        alone = np.zeros((len(trees.parent), len(points)), dtype=bool)
        count, last = np.zeros(alone.shape, dtype=np.int16), np.zeros(alone.shape, dtype=np.int32)
        for level in trees.levels[1:]:
            values = points.T[trees.feature[level]]
            alone[level] = values < trees.low[level, np.newaxis]
            alone[level] |= values > trees.high[level, np.newaxis]
            for k, here in self._cut_in_groups(level):
                category = points[:, self.groups[k]].argmax(axis=1)
                alone[here] = ~self._coordinates.allowed[k][here][:, category]
            parent = trees.parent[level]
            # Once outside of an interval, a point is outside of those within it.
            count[level] = count[parent] + (alone[level] > alone[above[level]])
            nodes = np.arange(level.start, level.stop, dtype=np.int32)[:, np.newaxis]
            last[level] = np.where(alone[level], nodes, last[parent])
        return count, last

    def moves(self, points, rows, nodes):
        """Moves of one coordinate of points into the boxes of nodes.

        Returns
        -------
        number : ndarray of int
            Position in `rows` and `nodes`: a swap may go to several categories.
        coordinate : ndarray of int
        low, high : ndarray
            Values or categories that are in the box.
        """
        n_features = points.shape[1]
        coordinate = self._coordinates.of_node[nodes]
        number = np.flatnonzero(coordinate < n_features)
        inner = nodes[number]
        parts = [(number, coordinate[number], self.trees.low[inner], self.trees.high[inner])]
        for k, allowed in enumerate(self._coordinates.allowed):
            here = np.flatnonzero(coordinate == n_features + k)
            which, category = np.nonzero(allowed[nodes[here]])
            place = category.astype(points.dtype)
            parts.append((here[which], coordinate[here[which]], place, place))
        return tuple(map(np.concatenate, zip(*parts, strict=True)))

    def nearest(self, rows, coordinates, low, high):
        """Nearest values of coordinates in intervals, and what they take; as in `_nearest`."""
        n_features = self.centre.shape[1]
        alone = coordinates < n_features
        value, taken = self._nearest(rows, np.where(alone, coordinates, 0), low, high)
        for k, swaps in enumerate(self._swaps):
            here = np.flatnonzero(coordinates == n_features + k)
            value[here] = low[here]
            taken[here] = swaps[rows[here], low[here].astype(int)]
        return value, taken

    def put(self, points, rows, coordinates, values):
        """Write values of coordinates, or categories, into points."""
        n_features = points.shape[1]
        alone = coordinates < n_features
        points[rows[alone], coordinates[alone]] = values[alone]
        for k, group in enumerate(self.groups):
            here = coordinates == n_features + k
            points[np.ix_(rows[here], group)] = np.eye(len(group))[values[here].astype(int)]
