"""Points that an attack may reach: a ball around each sample, within bounds, and steps in it.

The ball holds the points x' with

    || (x' - x) / epsilon ||  <=  1

in the norm, so that with one epsilon for all features it is that ball of radius epsilon, and a
feature of epsilon 0 never moves.

Groups of columns that are one-hot stay so: they move by a swap, of the column that is 1 for
another one, which has to fit in the ball like any other move. In the maximum norm it does if
epsilon is at least 1 in both columns. Swaps are chosen before other moves, which have what is
left.
"""

import numpy as np

from ._moves import farthest_l1, farthest_l2, shrunk_l1, shrunk_l2, shrunk_within_l1

NORMS = ("linf", "l2", "l1")

# Rounding must not keep a swap of exactly the size of the ball from being made.
_SLACK = 1e-9


class Ball:
    """Size and shape of the balls around all samples.

    Parameters
    ----------
    epsilon : float, or array that broadcasts to (n_samples, n_features)
        Radius in each feature, >= 0.
    norm : {"linf", "l2", "l1"}, default="linf"
        Norm in which it is a ball.
    low, high : float or ndarray of shape (n_features,), default=0 and 1
        Bounds, which hold all samples.
    groups : list of arrays of int, default=()
        Columns that are one-hot together.
    whole : ndarray of shape (n_features,), dtype bool, default=None
        Features that only move by whole numbers.
    """

    def __init__(self, epsilon, norm="linf", low=0.0, high=1.0, groups=(), whole=None):
        self.epsilon = np.atleast_2d(np.asarray(epsilon, dtype=np.float64))
        self.norm = norm
        self.low, self.high = np.asarray(low), np.asarray(high)
        self.groups = [np.asarray(group) for group in groups]
        self.whole = None if whole is None or not np.any(whole) else np.asarray(whole)

    def around(self, points, rows=slice(None)):
        """Balls around points of shape (n_rows, n_features), the samples of some rows."""
        epsilon = self.epsilon if len(self.epsilon) == 1 else self.epsilon[rows]
        return _NORM_BALLS[self.norm](self, points, epsilon.astype(points.dtype))


def as_ball(epsilon):
    """A ball as it is, and a number as the radius of one of the maximum norm within [0, 1]."""
    return epsilon if isinstance(epsilon, Ball) else Ball(epsilon)


class _NormBall:
    """Balls around some samples, one per row of `centre`.

    Subclasses of one norm each have `_swap_size` and `_left_after`, `_step`, `_project` and
    `_draw`, in units of epsilon, and `norm_of` for the norm of each row.
    """

    def __init__(self, ball, centre, epsilon):
        self.norm = ball.norm
        self.groups = ball.groups
        self.centre = centre
        self._ball = ball
        self._epsilon = epsilon
        self._low = ball.low.astype(centre.dtype, copy=False)
        self._high = ball.high.astype(centre.dtype, copy=False)
        # Of the features that move by themselves, one row or one row per sample.
        self.free_epsilon = np.broadcast_to(epsilon, (len(epsilon), centre.shape[1]))
        if ball.groups:
            self.free_epsilon = self.free_epsilon.copy()
            self.free_epsilon[:, np.concatenate(ball.groups)] = 0

    def select(self, kept):
        """The balls of some of the rows."""
        epsilon = self._epsilon if len(self._epsilon) == 1 else self._epsilon[kept]
        return type(self)(self._ball, self.centre[kept], epsilon)

    def scaled(self, share):
        """The balls of the same samples with a share of epsilon."""
        return type(self)(self._ball, self.centre, self._epsilon * self._epsilon.dtype.type(share))

    def sizes(self, points):
        """Norm of what each point moved by, in units of epsilon."""
        return self.norm_of(self._units(points - self.centre, self._epsilon))

    def steepest_step(self, points, gradient, length):
        """Points after a step that lowers a function with this gradient most, in the balls.

        The gradient has the shape of `points`, at any scale; `length` is in units of epsilon, one
        number or an array of shape (n_rows, 1).
        """
        points, left = self._swap(points, gradient)
        step = self._step(points, gradient, np.asarray(length, dtype=points.dtype))
        return self._project(points - step, left)

    def project(self, points):
        """Nearest points of the balls within the bounds. Groups have to be one-hot."""
        raise NotImplementedError

    def offsets(self, points):
        """Moves in units of epsilon of the features that move by themselves."""
        return self._units(points - self.centre, self.free_epsilon)

    def at(self, offsets, points):
        """Samples moved by offsets within the bounds, and other columns as in `points`."""
        epsilon = self.free_epsilon
        inside = self.within_bounds(self.centre + offsets * epsilon)
        return np.where(epsilon > 0, inside, points).astype(points.dtype, copy=False)

    def radius_beside(self, points, offsets):
        """Radius that is left by the swaps of groups in points and by some of the moves."""
        left = self._left_after(self.radius_left(points), self.norm_of(offsets))
        return np.maximum(left, 0)

    def with_fitting_groups(self, points):
        """Points with the categories of the samples where the swaps to theirs do not fit."""
        gradient = self.with_groups_of(-points, np.zeros_like(points))
        return self._swap(points, gradient)[0]

    def swap_at_random(self, points, random_state):
        """Points after a swap in one group of each, to a random category that fits."""
        gradient = self.with_groups_of(-points, np.zeros_like(points))
        group = self.groups[random_state.randint(len(self.groups))]
        gradient[:, group] = -random_state.uniform(size=(len(points), len(group)))
        return self._swap(points, gradient)[0]

    def radius_left(self, points):
        """Radius that the swaps of groups leave to other moves, of shape (n_rows,)."""
        left = np.ones(len(points))
        rows = np.arange(len(points))
        for group in self.groups:
            costs = self._swap_costs(group, self.centre[:, group].argmax(axis=1))
            cost = costs[rows, points[:, group].argmax(axis=1)]
            left = np.maximum(self._left_after(left, cost), 0)
        return left

    def slopes_and_reach(self, points, gradient):
        """Descent in units of epsilon: derivatives, room downhill, and the scale taken out.

        Returns
        -------
        slopes : ndarray of shape (n_rows, n_features)
            Derivatives by the features that move by themselves, over `scale`; others are 0.
        reach : ndarray of shape (n_rows, n_features)
            Moves against the slopes at which the bounds are met, >= 0; 0 where the slope is.
        scale : ndarray of shape (n_rows, 1)
            Largest derivative of each row by a feature in its own units, or 1.
        """
        epsilon = self.free_epsilon
        slopes = np.where(epsilon > 0, gradient, 0).astype(points.dtype)
        # Squares of tiny slopes would be zero.
        peak = np.abs(slopes).max(axis=1, keepdims=True, initial=0)
        scale = np.where(peak > 0, peak, 1)
        slopes = slopes / scale * epsilon
        safe = np.where(epsilon > 0, epsilon, 1)
        down = np.where(np.isinf(self._low), np.inf, (points - self._low) / safe)
        up = np.where(np.isinf(self._high), np.inf, (self._high - points) / safe)
        reach = np.where(slopes > 0, down, up)
        reach = np.where((slopes == 0) | (epsilon == 0), 0, np.maximum(reach, 0))
        return slopes, reach, scale

    @staticmethod
    def _units(moved, epsilon):
        return np.divide(moved, epsilon, out=np.zeros_like(moved), where=epsilon > 0)

    def random_start(self, random_state):
        """A random point of each ball."""
        normal = random_state.standard_normal if self.groups else np.zeros
        points, left = self._swap(self.centre, normal(self.centre.shape))
        return self._draw(points, left, random_state)

    def round_integers(self, points):
        """Points with features of whole numbers rounded towards the samples."""
        whole = self._ball.whole
        if whole is None:
            return points
        points = points.copy()
        moved = points[:, whole] - self.centre[:, whole]
        slack = max(_SLACK, 8 * np.finfo(points.dtype).eps)
        points[:, whole] = self.centre[:, whole] + np.trunc(moved * (1 + slack))
        return points

    def with_groups_of(self, points, others):
        """Other points with the one-hot columns of these."""
        if not self.groups:
            return others
        others = others.copy()
        for group in self.groups:
            others[:, group] = points[:, group]
        return others

    def clip(self, points):
        """Points moved within the bounds, and rounded where they have to be whole."""
        return self.round_integers(self.within_bounds(points))

    def within_bounds(self, points):
        """Points moved within the bounds."""
        return np.clip(points, self._low, self._high)

    def _swap(self, points, gradient):
        """Each group at the category of lowest gradient that fits, and the radius that is left.

        Where several groups compete for the radius, those that gain most come first.
        """
        left = np.ones(len(points))
        if not self.groups:
            return points, left
        points = points.copy()
        rows = np.arange(len(points))
        chosen, gains, costs = [], [], []
        for group in self.groups:
            origin = self.centre[:, group].argmax(axis=1)
            slopes = gradient[:, group].astype(np.float64)
            cost = self._swap_costs(group, origin)
            slopes[cost > 1 + _SLACK] = np.inf
            best = slopes.argmin(axis=1)
            # A flat slope is no reason to leave.
            best = np.where(slopes[rows, best] < slopes[rows, origin], best, origin)
            chosen.append(best)
            gains.append(slopes[rows, origin] - slopes[rows, best])
            costs.append(cost[rows, best])
            points[:, group] = self.centre[:, group]
        chosen, gains, costs = (np.column_stack(part) for part in (chosen, gains, costs))
        for number in np.argsort(-gains, axis=1, kind="stable").T:
            cost = costs[rows, number]
            rest = self._left_after(left, cost)
            fits = rest >= -_SLACK
            left = np.where(fits, np.maximum(rest, 0), left)
            for k, group in enumerate(self.groups):
                here = np.flatnonzero(fits & (number == k) & (cost > 0))
                points[np.ix_(here, group)] = np.eye(len(group))[chosen[here, k]]
        return points, left

    def _swap_costs(self, group, origin):
        """Sizes of the swaps from the column of a group that is 1 to each, 0 for itself."""
        rows = np.arange(len(origin))
        epsilon = np.broadcast_to(self._epsilon, self.centre.shape)[:, group].astype(np.float64)
        with np.errstate(divide="ignore"):
            price = 1 / epsilon
        low, high = (
            np.broadcast_to(b, self.centre.shape)[:, group] for b in (self._low, self._high)
        )
        price = np.where(high >= 1, price, np.inf)
        leave = np.where(low[rows, origin] <= 0, price[rows, origin], np.inf)
        cost = self._swap_size(leave[:, np.newaxis], price)
        cost[rows, origin] = 0
        return cost


class _LinfBall(_NormBall):
    """Maximum norm."""

    def __init__(self, ball, centre, epsilon):
        super().__init__(ball, centre, epsilon)
        self._from = np.maximum(centre - self.free_epsilon, self._low)
        self._to = np.minimum(centre + self.free_epsilon, self._high)

    @staticmethod
    def norm_of(units):
        return np.abs(units).max(axis=1, initial=0)

    @staticmethod
    def _swap_size(leave, enter):
        return np.maximum(leave, enter)

    @staticmethod
    def _left_after(left, cost):
        return np.where(cost <= 1 + _SLACK, left, -np.inf)

    def _step(self, points, gradient, length):
        step = np.sign(gradient)
        step *= length * self.free_epsilon
        return step

    def project(self, points):
        return self._project(points, None)

    def _project(self, points, left):
        return self.with_groups_of(points, np.clip(points, self._from, self._to))

    def _draw(self, points, left, random_state):
        share = random_state.uniform(size=points.shape).astype(points.dtype)
        return self.with_groups_of(points, self._from + (self._to - self._from) * share)


class _SummedBall(_NormBall):
    """Norms that sum over features, so that moves compete for the radius.

    Subclasses have `_farthest`, `_shrunk` and `_shrunk_within` of `_moves`, and `_direction`.
    """

    def _step(self, points, gradient, length):
        slopes, reach, _ = self.slopes_and_reach(points, gradient)
        return np.sign(slopes) * self._farthest(np.abs(slopes), reach, length) * self.free_epsilon

    def _project(self, points, left):
        """Nearest points of the balls to some that are within the bounds."""
        offsets = self.offsets(points)
        offsets = self._shrunk(offsets, left[:, np.newaxis].astype(points.dtype))
        return self.at(offsets, points)

    def project(self, points):
        offsets = self.offsets(points)
        # Downhill is where the points have gone.
        _, reach, _ = self.slopes_and_reach(self.centre, -offsets)
        sizes = np.abs(offsets)
        left = self.radius_left(points)
        far = np.flatnonzero(self.norm_of(np.minimum(sizes, reach)) > left)
        # Others do not change by as much as rounding.
        nearest = np.where(self.free_epsilon > 0, self.within_bounds(points), points)
        if len(far):
            left = left[far, np.newaxis].astype(points.dtype)
            sizes = self._shrunk_within(sizes[far], reach[far], left)
            nearest[far] = self.select(far).at(np.sign(offsets[far]) * sizes, points[far])
        return nearest

    def _draw(self, points, left, random_state):
        moving = self.free_epsilon > 0
        direction = self._direction(moving, points.shape, random_state)
        n_free = np.maximum(moving.sum(axis=1), 1)
        radius = random_state.uniform(size=len(points)) ** (1 / n_free) * left
        moved = points + (radius[:, np.newaxis] * direction * self.free_epsilon).astype(
            points.dtype
        )
        return np.clip(moved, self._low, self._high)


class _L2Ball(_SummedBall):
    """Euclidean norm."""

    _farthest = staticmethod(farthest_l2)
    _shrunk = staticmethod(shrunk_l2)
    # Nearest is one factor for all, and those that it leaves beyond a bound only come to it.
    _shrunk_within = staticmethod(farthest_l2)

    @staticmethod
    def norm_of(units):
        return np.sqrt((units**2).sum(axis=1))

    @staticmethod
    def _swap_size(leave, enter):
        return np.hypot(leave, enter)

    @staticmethod
    def _left_after(left, cost):
        rest = left**2 - cost**2
        return np.where(rest >= -_SLACK, np.sqrt(np.maximum(rest, 0)), -np.inf)

    @staticmethod
    def _direction(moving, shape, random_state):
        normal = random_state.standard_normal(shape) * moving
        size = np.sqrt((normal**2).sum(axis=1, keepdims=True))
        return normal / np.where(size > 0, size, 1)


class _L1Ball(_SummedBall):
    """Sum of the absolute values."""

    _farthest = staticmethod(farthest_l1)
    _shrunk = staticmethod(shrunk_l1)
    _shrunk_within = staticmethod(shrunk_within_l1)

    @staticmethod
    def norm_of(units):
        return np.abs(units).sum(axis=1)

    @staticmethod
    def _swap_size(leave, enter):
        return leave + enter

    def sparse_step(self, points, gradient, length, n_moved):
        """Points after an equal move of the steepest features, in the balls.

        `length` and `n_moved` have the shape (n_rows, 1). Features at a bound do not count among
        the `n_moved`, but those as steep push against it, so that the projection leaves them.
        """
        points, _ = self._swap(points, gradient)
        slopes, reach, _ = self.slopes_and_reach(points, gradient)
        steepness = np.abs(slopes)
        falling = -np.sort(-np.where(reach > 0, steepness, 0), axis=1)
        n_moved = np.clip(n_moved, 1, falling.shape[1]).astype(np.intp)
        least = np.take_along_axis(falling, n_moved - 1, axis=1)
        moves = np.where((steepness >= least) & (steepness > 0), length / n_moved, 0)
        moves = (np.sign(slopes) * moves * self.free_epsilon).astype(points.dtype, copy=False)
        return self.project(points - moves)

    @staticmethod
    def _left_after(left, cost):
        return left - cost

    @staticmethod
    def _direction(moving, shape, random_state):
        signs = 2 * random_state.randint(2, size=shape) - 1
        steps = random_state.exponential(size=shape) * signs * moving
        size = np.abs(steps).sum(axis=1, keepdims=True)
        return steps / np.where(size > 0, size, 1)


_NORM_BALLS = {"linf": _LinfBall, "l2": _L2Ball, "l1": _L1Ball}
