"""Trees as boxes, in arrays.

Each node of a tree stands for the box of the points that come to it. It is the box of its parent,
cut in one feature, so that of a node only the interval of this feature is kept.
"""

import numpy as np


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
    low, high : ndarray of shape (n_nodes,)
        Interval of this feature in the box of the node, with its ends.
    left, right : ndarray of shape (n_splits,)
        Pairs of nodes of one parent, in the order of the features.
    leaves : ndarray of shape (n_leaves,)
        Nodes that are leaves, tree by tree.
    first : ndarray of shape (n_trees,)
        Position in `leaves` of the first of each tree.
    scores : ndarray of shape (n_leaves, n_classes)
    rounding : float
        Larger than the error of a difference of two sums of scores.
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
        above = self.above(self.feature)
        for level in levels[2:]:
            low[level] = np.maximum(low[level], low[above[level]])
            high[level] = np.minimum(high[level], high[above[level]])
        self.low, self.high = low, high
        pairs = [np.arange(level.start, level.stop).reshape(2, -1) for level in levels[1:]]
        pairs = np.concatenate([np.empty((2, 0), dtype=int), *pairs], axis=1)
        self.left, self.right = pairs[:, np.argsort(self.feature[pairs[0]], kind="stable")]
        leaves = np.flatnonzero(left[given] < 0)
        tree = tree[given[leaves]]
        order = np.argsort(tree, kind="stable")
        self.leaves, self.tree = leaves[order], tree[order]
        self.first = np.searchsorted(self.tree, np.arange(len(members)))
        self.scores = scores[given[self.leaves]]
        self.offset = np.broadcast_to(np.asarray(offset, dtype=float), self.scores.shape[1:])
        largest = np.maximum.reduceat(np.abs(self.scores).max(axis=1), self.first).sum()
        n_terms = len(self.first) + 4
        self.rounding = 4 * n_terms * np.finfo(float).eps * (largest + np.ptp(self.offset))

    def above(self, cut):
        """The next node towards the root that was cut in an equal place, or the root."""
        nodes = self.parent
        for _ in self.levels[2:]:
            nodes = np.where(cut[nodes] == cut, nodes, self.parent[nodes])
        return nodes

    def allowed(self, group):
        """Categories of a one-hot group that come to each node, of shape (n_nodes, n_columns)."""
        allowed = np.ones((len(self.parent), len(group)), dtype=bool)
        for column, feature in enumerate(group):
            here = np.flatnonzero(self.feature == feature)
            # Other categories have a 0 in this column.
            for value in (0, 1):
                inside = (self.low[here] <= value) & (value <= self.high[here])
                columns = (np.arange(len(group)) == column) == value
                allowed[np.ix_(here, columns)] = inside[:, np.newaxis]
        for level in self.levels[1:]:
            allowed[level] &= allowed[self.parent[level]]
        return allowed

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
