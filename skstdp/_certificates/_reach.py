"""The least value, in a ball, of a sum of functions of one feature each.

In the maximum norm features move by themselves, and the sum of the smallest values is exact. In
the other norms the ball around c holds the points x with

    sum_j |(x_j - c_j) / epsilon_j|^p  <=  1

and for any price lam >= 0 the least value of sum_j h_j(x_j) there is at least

    sum_j  min_x (h_j(x) + lam * |(x - c_j) / epsilon_j|^p)  -  lam

(weak duality). A bisection looks for the price of the highest such bound; linear functions need
none, since the steps of the ball find their least value. A group of one-hot columns is one feature
that has a few values, each at its own cost.

Functions are piecewise linear. There are n_terms sums per row, of n_features functions each.
"""

from copy import copy

import numpy as np

_POWERS = {"l2": 2, "l1": 1}
_N_BISECTIONS = 12


class Linear:
    """Functions weights * x; weights have the shape (n_rows or 1, n_terms, n_features)."""

    def __init__(self, weights):
        self.weights = weights

    def pieces(self, low, high):
        """Ends of the linear pieces in an interval, and the values there.

        Parameters
        ----------
        low, high : ndarray of shape (n_rows, n_features)

        Returns
        -------
        ends : ndarray of shape (n_rows, n_ends, n_features)
            Ascending.
        values : ndarray of shape (n_rows, n_terms, n_ends, n_features)
        """
        ends = np.stack([low, high], axis=1)
        return ends, self.weights[:, :, np.newaxis] * ends[:, np.newaxis]


class Tables:
    """Functions by their values at nodes, constant beyond the outer ones.

    Parameters
    ----------
    code : PiecewiseLinear
        Whose nodes these are.
    tables : ndarray of shape (n_rows or 1, n_terms, n_nodes, n_features)
    """

    def __init__(self, code, tables):
        self.code, self.tables = code, tables

    @classmethod
    def of(cls, code, factors):
        """Sums of outputs of a code times factors, (n_rows or 1, n_terms, n_outputs)."""
        to_inputs = np.eye(code.nodes.shape[1])[code.inputs]
        return cls(code, (code.values * factors[:, :, np.newaxis]) @ to_inputs)

    def at(self, x):
        """Values at x of shape (n_rows, n_features)."""
        below, share = (place[:, np.newaxis, np.newaxis] for place in self.code.places(x))
        first = np.take_along_axis(self.tables, below, axis=2)
        last = np.take_along_axis(self.tables, below + 1, axis=2)
        return first + share * (last - first)

    def pieces(self, low, high):
        """Pieces as those of `Linear`."""
        nodes = self.code.nodes
        first = (nodes < low[:, np.newaxis]).sum(axis=1)
        n_inside = (nodes <= high[:, np.newaxis]).sum(axis=1) - first
        # As many as the widest interval holds.
        number = first[:, np.newaxis] + np.arange(n_inside.max(initial=0))[:, np.newaxis]
        number = np.minimum(number, len(nodes) - 1)
        inside = nodes[number, np.arange(nodes.shape[1])]
        values = np.take_along_axis(self.tables, number[:, np.newaxis], axis=2)
        at_low, at_high = self.at(low), self.at(high)
        values = np.where((inside > high[:, np.newaxis])[:, np.newaxis], at_high, values)
        values = np.where((inside < low[:, np.newaxis])[:, np.newaxis], at_low, values)
        ends = np.clip(inside, low[:, np.newaxis], high[:, np.newaxis])
        ends = np.concatenate([low[:, np.newaxis], ends, high[:, np.newaxis]], axis=1)
        return ends, np.concatenate([at_low, values, at_high], axis=2)


class Reach:
    """What may be reached from some points.

    Parameters
    ----------
    ball : Ball
    points : ndarray of shape (n_rows, n_features)
    rows : ndarray of shape (n_rows,), dtype int
        Numbers of the points among those that the ball was made for.

    Attributes
    ----------
    low, high : ndarray of shape (n_rows, n_features)
        Ends of the interval in which each feature moves, by itself.
    """

    def __init__(self, ball, points, rows):
        # Attacks have rounding errors of the dtype of the points in the length of a move.
        self._length = 1 + 1e-9 + (points.shape[1] + 8) * float(np.finfo(points.dtype).eps)
        self._centre = centre = points.astype(np.float64)
        self._balls = balls = ball.around(centre, rows)
        self._power = _POWERS.get(ball.norm)
        self._epsilon = np.broadcast_to(balls.free_epsilon, centre.shape)
        # Columns of groups stay here, and move by swaps.
        down = np.maximum(centre - self._epsilon, np.minimum(ball.low, centre))
        up = np.minimum(centre + self._epsilon, np.maximum(ball.high, centre))
        if ball.whole is not None:
            down, up = balls.round_integers(down), balls.round_integers(up)
        self._down, self._up = down, up
        self._swaps = [self._swap(group) for group in ball.groups]
        self.low, self.high = (down.copy(), up.copy()) if self._swaps else (down, up)
        for columns, origin, costs in self._swaps:
            reached = np.isfinite(costs)
            leaves = reached.sum(axis=1) > 1
            is_origin = np.arange(len(columns)) == origin[:, np.newaxis]
            self.low[:, columns] = np.where(leaves[:, np.newaxis] & is_origin, 0, down[:, columns])
            self.high[:, columns] = np.where(reached, 1, up[:, columns])

    def _swap(self, group):
        """Columns of a group, which of them is 1, and the cost of a swap to each."""
        origin = self._centre[:, group].argmax(axis=1)
        costs = self._balls._swap_costs(group, origin)
        costs = np.where(costs <= self._length, costs ** (self._power or 1), np.inf)
        return group, origin, costs

    def select(self, kept):
        """What may be reached from some of the points."""
        reach = copy(self)
        reach._down, reach._up = reach.low, reach.high = self._down[kept], self._up[kept]
        if self.is_box:
            # Nothing else matters there, and copies take time.
            return reach
        for name in ("_centre", "low", "high", "_epsilon"):
            setattr(reach, name, getattr(self, name)[kept])
        reach._balls = self._balls.select(kept)
        reach._swaps = [(group, origin[kept], costs[kept]) for group, origin, costs in self._swaps]
        return reach

    @property
    def is_box(self):
        """Determine whether features move by themselves."""
        return self._power is None and not self._swaps

    def minimum(self, functions):
        """Lower bounds of the least values of sums of functions, and where they are.

        Parameters
        ----------
        functions : Linear or Tables

        Returns
        -------
        least : ndarray of shape (n_rows, n_terms)
            Exact in the maximum norm, and for `Linear` without groups.
        x : ndarray of shape (n_rows, n_terms, n_features)
            Points of about these values.
        """
        if isinstance(functions, Linear) and not self._swaps:
            return (self._of_linear if self._power else self._in_box)(functions.weights)
        ends, values = functions.pieces(self._down, self._up)
        ends = ends[:, np.newaxis]
        gains = [self._gains(functions, columns, origin) for columns, origin, _ in self._swaps]
        if not self._power:
            return self._at_price(np.zeros((1, 1)), self._ends(ends, values), gains)[:2]
        return self._dual(functions, self._pieces(ends, values), gains)

    def _in_box(self, weights):
        x = np.where(weights > 0, self._down[:, np.newaxis], self._up[:, np.newaxis])
        return np.einsum("rtf,rtf->rt", np.broadcast_to(weights, x.shape), x), x

    def _of_linear(self, weights):
        shape = (len(self._centre), *weights.shape[1:])
        epsilon, centre = self._epsilon[:, np.newaxis], self._centre[:, np.newaxis]
        safe = np.where(epsilon > 0, epsilon, 1)
        down = (centre - self._down[:, np.newaxis]) / safe
        up = (self._up[:, np.newaxis] - centre) / safe
        reach = np.where(weights > 0, down, up) * (weights != 0)
        slopes = np.broadcast_to(np.abs(weights) * epsilon, shape)
        flat = (-1, shape[-1])
        moves = self._balls._farthest(slopes.reshape(flat), reach.reshape(flat), self._length)
        x = centre - np.sign(weights) * moves.reshape(shape) * epsilon
        return (weights * x).sum(axis=2), x

    def _gains(self, functions, columns, origin):
        """Changes by a swap to each column of a group, (n_rows, n_terms, n_columns)."""
        zeros = np.zeros_like(self._centre)
        _, values = functions.pieces(zeros, zeros + 1)
        climbs = (values[:, :, -1] - values[:, :, 0])[..., columns]
        leave = np.take_along_axis(climbs, origin[:, np.newaxis, np.newaxis], axis=2)
        return climbs - leave

    def _dual(self, functions, pieces, gains):
        budget = self._length**self._power
        _, stay = functions.pieces(self._centre, self._centre)
        least, x, _ = self._at_price(np.zeros((1, 1)), pieces, gains)
        # At this price nothing pays that costs more than the ball allows.
        high = np.maximum(stay[:, :, 0].sum(axis=2) - least, 0)
        low = np.zeros_like(high)
        for _ in range(_N_BISECTIONS):
            price = (low + high) / 2
            total, there, spent = self._at_price(price, pieces, gains)
            least = np.maximum(least, total - price * budget)
            fits = spent <= budget
            x = np.where(fits[..., np.newaxis], there, x)
            low, high = np.where(fits, low, price), np.where(fits, price, high)
        return least, x

    def _at_price(self, price, pieces, gains):
        """Least values of sums and costs, where they are, and the costs there.

        `price` has a shape that broadcasts to (n_rows, n_terms).
        """
        x, cost, values = pieces(price[..., np.newaxis, np.newaxis])
        best = values.argmin(axis=2, keepdims=True)
        total, x, spent = (
            np.take_along_axis(np.broadcast_to(array, values.shape), best, axis=2)[:, :, 0]
            for array in (values, x, cost)
        )
        total, spent = total.sum(axis=2), spent.sum(axis=2)
        for (columns, _, costs), gain in zip(self._swaps, gains, strict=True):
            costs = np.broadcast_to(costs[:, np.newaxis], gain.shape)
            reached = np.isfinite(costs)
            costs = np.where(reached, costs, 0)
            priced = np.where(reached, gain + price[..., np.newaxis] * costs, np.inf)
            chosen = priced.argmin(axis=2, keepdims=True)
            total = total + np.take_along_axis(priced, chosen, axis=2)[..., 0]
            spent = spent + np.take_along_axis(costs, chosen, axis=2)[..., 0]
            x[..., columns] = np.arange(len(columns)) == chosen
        return total, x, spent

    def _ends(self, ends, values):
        """Function of the price: ends of the pieces, no costs, and the values there."""
        return lambda price: (ends, np.zeros((1, 1, 1, 1)), values)

    def _pieces(self, ends, values):
        """Function of the price: the best point of each piece, its cost, and the sum of both."""
        start, end, values_at_start = ends[:, :, :-1], ends[:, :, 1:], values[:, :, :-1]
        width, climb = end - start, np.diff(values, axis=2)
        slope = np.divide(climb, width, out=np.zeros_like(climb), where=width > 0)
        centre, epsilon = (
            array[:, np.newaxis, np.newaxis] for array in (self._centre, self._epsilon)
        )
        safe = np.where(epsilon > 0, epsilon, 1)
        steep = slope * epsilon
        # Of the slope alone, as far as the price is one; of the sign where it is below the slope.
        direction = -steep * epsilon / 2 if self._power == 2 else -np.sign(steep)
        size = np.abs(steep)

        def best(price):
            with np.errstate(divide="ignore", invalid="ignore"):
                if self._power == 2:
                    move = np.where(size > 0, direction / price, 0)
                else:
                    move = np.where(size > price, direction * np.inf, 0)
            x = np.clip(centre + move, start, end)
            cost = np.abs((x - centre) / safe) ** self._power
            return x, cost, values_at_start + slope * (x - start) + price * cost

        return best
