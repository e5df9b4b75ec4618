"""Trees as boxes: what the balls around samples reach of them, in arrays.

Each node of a tree stands for the box of the points that come to it. It is the box of its parent,
cut in one feature, so that of a node only the interval of this feature is kept, in its own box and
in that of its parent. Distances and violations add up from the root to the leaves, for all trees
and samples at once.

Arrays of nodes and samples have the shape (n_nodes, n_rows), nodes by depth.
"""

import numpy as np

from ._norm_balls import _SLACK


class Trees:
    """Trees whose scores add up.

    Parameters
    ----------
    members : list of tuples of ndarrays, one tuple per tree
        - left, right : of shape (n_nodes,), positions of the children; the root is at 0, and at a
          leaf `left` is -1;
        - feature : of shape (n_nodes,), the feature of the split;
        - threshold : of shape (n_nodes,), in the dtype of the points: a point goes to the left if
          its value is at most that;
        - scores : of shape (n_nodes, n_classes), those of leaves count.
    offset : ndarray of shape (n_classes,), default=0
        Scores without any tree.

    Attributes
    ----------
    levels : list of slices
        Nodes of one depth each, that of the roots first.
    parent, feature : ndarray of shape (n_nodes,)
        Feature that the box of the parent is cut in. A root is its own parent.
    low, high, low_before, high_before : ndarray of shape (n_nodes,)
        Interval of this feature in the box of the node and in that of its parent, with its ends.
    leaves : ndarray of shape (n_leaves,)
        Nodes that are leaves, tree by tree.
    first : ndarray of shape (n_trees,)
        Position in `leaves` of the first of each tree.
    scores : ndarray of shape (n_leaves, n_classes)
    """

    def __init__(self, members, offset=0.0):
        left, right, feature, threshold, scores = (
            np.concatenate(arrays) for arrays in zip(*members, strict=True)
        )
        starts = np.cumsum([0, *(len(member[0]) for member in members)])
        tree = np.repeat(np.arange(len(members)), np.diff(starts))
        # Of each node its number in the members, and of its parent the number here.
        given, parent = starts[:-1], np.arange(len(members))
        levels, nodes, parents, is_left = [slice(0, len(given))], [given], [parent], [parent < 0]
        while True:
            inner = np.flatnonzero(left[given] >= 0)
            if not len(inner):
                break
            split = given[inner]
            parent = levels[-1].start + np.concatenate([inner, inner])
            given = np.concatenate([left[split], right[split]]) + starts[np.tile(tree[split], 2)]
            levels.append(slice(levels[-1].stop, levels[-1].stop + len(given)))
            nodes.append(given)
            parents.append(parent)
            is_left.append(np.arange(len(given)) < len(inner))
        given, self.parent, is_left = map(np.concatenate, (nodes, parents, is_left))
        self.levels = levels
        self.feature = np.where(left[given] >= 0, feature[given], 0)[self.parent]
        cut = threshold[given[self.parent]]
        unbounded = cut.dtype.type(np.inf)
        with np.errstate(over="ignore"):
            low = np.where(is_left, -unbounded, np.nextafter(cut, unbounded))
        high = np.where(is_left, cut, unbounded)
        low[levels[0]], high[levels[0]] = -unbounded, unbounded
        self.low_before = np.full_like(low, -unbounded)
        self.high_before = np.full_like(high, unbounded)
        for ancestor in self._ancestors():
            of_equal = self.feature[ancestor] == self.feature
            above = ancestor[of_equal]
            self.low_before[of_equal] = np.maximum(self.low_before[of_equal], low[above])
            self.high_before[of_equal] = np.minimum(self.high_before[of_equal], high[above])
        self.low = np.maximum(low, self.low_before)
        self.high = np.minimum(high, self.high_before)
        leaves = np.flatnonzero(left[given] < 0)
        tree = tree[given[leaves]]
        order = np.argsort(tree, kind="stable")
        self.leaves, self.tree = leaves[order], tree[order]
        self.first = np.searchsorted(self.tree, np.arange(len(members)))
        self.scores = scores[given[self.leaves]]
        self.offset = np.broadcast_to(np.asarray(offset, dtype=float), self.scores.shape[1:])

    def _ancestors(self):
        """Arrays of the parents of all nodes, then of theirs, up to the roots."""
        nodes = self.parent
        for _ in self.levels[1:]:
            yield nodes
            nodes = self.parent[nodes]

    def allowed(self, group):
        """Categories of a one-hot group that come to each node, of shape (n_nodes, n_columns)."""
        # Of each node for a column of the group, whether it may be 0, and whether it may be 1.
        zero, one = ((self.low <= value) & (value <= self.high) for value in (0, 1))
        own = np.ones((len(self.parent), len(group)), dtype=bool)
        for column, feature in enumerate(group):
            here = self.feature == feature
            own[here] &= zero[here, np.newaxis]
            own[here, column] = one[here]
        for level in self.levels[1:]:
            own[level] &= own[self.parent[level]]
        return own

    def leaves_at(self, points):
        """Leaf that each point comes to in each tree, by position, of shape (n_trees, n_rows)."""
        comes = np.ones((len(self.parent), len(points)), dtype=bool)
        for level in self.levels[1:]:
            values = points.T[self.feature[level]]
            inside = (self.low[level, np.newaxis] <= values) & (
                values <= self.high[level, np.newaxis]
            )
            comes[level] = comes[self.parent[level]] & inside
        return self.first_true(comes[self.leaves])

    def first_true(self, of_leaves):
        """Position of the only leaf of each tree for which an array of truth values is true."""
        _, leaves = np.nonzero(of_leaves.T)
        return leaves.reshape(of_leaves.shape[1], len(self.first)).T

    def scores_at(self, points):
        """Scores of points, of shape (n_rows, n_classes)."""
        return self.offset + self.scores[self.leaves_at(points)].sum(axis=0)

    def rounding(self):
        """Largest error of a difference of two sums of scores, with room to spare."""
        largest = np.maximum.reduceat(np.abs(self.scores).max(axis=1), self.first).sum()
        return 4 * (len(self.first) + 4) * np.finfo(float).eps * (largest + np.ptp(self.offset))


class Reach:
    """What the balls around some samples reach of trees.

    Coordinates move independently of each other: those up to n_features are features that move by
    themselves, and each that follows is a one-hot group.

    Parameters
    ----------
    trees : Trees
        Of the dtype of the points.
    ball : Ball
    points : ndarray of shape (n_rows, n_features)
    rows : array of int, default=slice(None)
        Which samples of the ball they are.
    """

    def __init__(self, trees, ball, points, rows=slice(None)):
        self.trees, self.norm = trees, ball.norm
        self.balls = ball.around(points, rows)
        self.centre = points
        shape = points.shape
        self._epsilon = np.broadcast_to(self.balls.free_epsilon, shape)
        self._bounds = [
            np.broadcast_to(side.astype(points.dtype), shape[1:]) for side in (ball.low, ball.high)
        ]
        self._whole = np.zeros(shape[1], bool) if ball.whole is None else ball.whole
        self.groups = ball.groups
        # Sums of rounded numbers may come to a little more than the radius.
        slack = 0 if self.norm == "linf" else max(_SLACK, 8 * np.finfo(points.dtype).eps)
        self.radius = self._spent(1 + slack)
        self.coordinate = trees.feature.copy()
        self._swaps, self._allowed = [], []
        for k, group in enumerate(self.groups):
            self.coordinate[np.isin(trees.feature, group)] = shape[1] + k
            cost = self.balls._swap_costs(group, points[:, group].argmax(axis=1))
            self._swaps.append(self._spent(self._snapped(cost, cost <= 1 + _SLACK)))
            self._allowed.append(trees.allowed(group))

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
        least, most = (side[features] for side in self._bounds)
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
        there = (low <= value) & (value <= high) & (least <= value) & (value <= most)
        return value, self._spent(np.where(there & ~np.isnan(size), size, np.inf))

    def _together(self, parent, before, after):
        """What is taken in total when that of one coordinate grows."""
        if self.norm == "linf":
            return np.maximum(parent, after)
        with np.errstate(invalid="ignore"):
            return np.where(np.isinf(after), np.inf, parent + np.maximum(after - before, 0))

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
        trees, n_features = self.trees, self.centre.shape[1]
        everyone = np.arange(len(self.centre))
        taken = np.zeros((len(trees.parent), len(everyone)))
        for level in trees.levels[1:]:
            features = trees.feature[level, np.newaxis]
            before = after = np.zeros(1)
            _, after = self._nearest(
                everyone, features, trees.low[level, np.newaxis], trees.high[level, np.newaxis]
            )
            if self.norm != "linf":
                _, before = self._nearest(
                    everyone,
                    features,
                    trees.low_before[level, np.newaxis],
                    trees.high_before[level, np.newaxis],
                )
                before = before.copy()
            for k, allowed in enumerate(self._allowed):
                here = self.coordinate[level] == n_features + k
                nodes = np.arange(level.start, level.stop)[here]
                after[here] = self._swapped(k, allowed[nodes])
                if self.norm != "linf":
                    before[here] = self._swapped(k, allowed[trees.parent[nodes]])
            taken[level] = self._together(taken[trees.parent[level]], before, after)
        return taken

    def nearest_in(self, nodes):
        """Nearest points of the boxes of nodes, one per sample."""
        points, trees = self.centre.copy(), self.trees
        everyone = np.arange(len(points))
        n_features = points.shape[1]
        for _ in trees.levels[1:]:
            coordinates = self.coordinate[nodes]
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
                allowed = self._allowed[k][nodes[rows]]
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
        trees, n_features = self.trees, points.shape[1]
        count = np.zeros((len(trees.parent), len(points)), dtype=np.int16)
        last = np.zeros_like(count, dtype=np.int32)
        for level in trees.levels[1:]:
            values = points.T[trees.feature[level]]
            now, before = (
                (values < low[level, np.newaxis]) | (values > high[level, np.newaxis])
                for low, high in (
                    (trees.low, trees.high),
                    (trees.low_before, trees.high_before),
                )
            )
            parent = trees.parent[level]
            for k, (group, allowed) in enumerate(zip(self.groups, self._allowed, strict=True)):
                here = np.flatnonzero(self.coordinate[level] == n_features + k)
                category = points[:, group].argmax(axis=1)
                now[here] = ~allowed[level.start + here][:, category]
                before[here] = ~allowed[parent[here]][:, category]
            count[level] = count[parent] + (now & ~before)
            nodes = np.arange(level.start, level.stop, dtype=np.int32)[:, np.newaxis]
            last[level] = np.where(now, nodes, last[parent])
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
        coordinate = self.coordinate[nodes]
        number = np.flatnonzero(coordinate < n_features)
        inner = nodes[number]
        parts = [(number, coordinate[number], self.trees.low[inner], self.trees.high[inner])]
        for k, allowed in enumerate(self._allowed):
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
