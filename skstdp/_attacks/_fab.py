"""FAB: an attack that looks for the nearest point of another class.

Arguments and what is returned are as in `_gradient`. Distances are in units of epsilon.
"""

import numpy as np
from sklearn.utils import check_random_state, gen_batches

from ._gradient import BLOCK_SIZE
from ._moves import LEAST_MOVES
from ._norm_balls import as_ball

# Largest share of the way that is taken from the sample, of a step beyond the plane, and of the
# way back to the sample once a point fools.
_ALPHA_MAX, _OVERSHOOT, _BACK = 0.1, 1.05, 0.9
# Length of the last move from the sample, as a share of the way to the plane.
_NEXT_TO = 1.001
# Halvings of the way between the sample and the nearest point that fools.
_N_HALVINGS = 10
# Moves that are longer, in units of epsilon, are cut: features without bounds have no corner.
_FAR = 1e6


def fab(
    points,
    y,
    margin_and_gradient,
    ball,
    n_steps,
    n_restarts,
    random_state,
    *,
    early_stop=True,
):
    """Fast adaptive boundary attack towards one class: nearest points, and their distances.

    The margin m(x), score of the true class minus that of the other, is taken as linear at x_k.
    With the moves d_k and d_0 of least norm that bring x_k and the sample x to the plane where it
    is zero, within the bounds, the next point is

        x_(k+1) = (1 - alpha) (x_k + 1.05 d_k) + alpha (x + 1.05 d_0)
        alpha = min(|d_k| / (|d_k| + |d_0|), 0.1)

    cut to the bounds. From a point that fools, a tenth of the way back to the sample is taken. At
    the end the way between the sample and the nearest point found is halved several times, and a
    last plane there tells a shorter way if there is one. One-hot
    groups are held in each descent: at the sample's categories, or at those of a step that lowers
    the linear margin most. Whole numbers are rounded towards the sample wherever the margin is
    asked for.

    Parameters
    ----------
    margin_and_gradient : callable
        `margin_and_gradient(points, y)` returns the margins, of shape (n_samples,), their gradient
        at the same scale, and which points fool the classifier, bool of shape (n_samples,).
    n_steps, n_restarts : int
        Steps from each start and number of starts, >= 1: the sample, and points drawn near it.
        With one-hot groups there are twice as many, for both places to hold them at.
    early_stop : bool, default=True
        Whether a row is left alone as soon as a point of its ball fools. Its distance is then not
        the smallest.

    Returns
    -------
    perturbed : ndarray of shape (n_samples, n_features)
        Of each row the nearest point that fools if the ball holds it, or else the sample.
    distances : ndarray of shape (n_samples,)
        Norm of the move to the nearest point that fools, in units of epsilon: 0 where the sample
        does, infinite where none was found.

    References
    ----------
    .. [1] F. Croce, M. Hein, "Minimally distorted Adversarial Examples with a Fast Adaptive
           Boundary Attack", arXiv:1907.02044, 2019.
    """
    random_state = check_random_state(random_state)
    ball = as_ball(ball)
    perturbed, distances = points.copy(), np.empty(len(points))
    if not len(points):
        return perturbed, distances
    for block in gen_batches(len(points), BLOCK_SIZE):
        search = _Search(
            ball.around(points[block], block), y[block], margin_and_gradient, early_stop
        )
        for restart in range(n_restarts):
            for swapped in (False, True) if ball.groups else (False,):
                search.descend(n_steps, restart > 0, swapped, random_state)
        search.halve()
        perturbed[block] = search.points_in_ball()
        distances[block] = search.distances
    return perturbed, distances


class _Search:
    """Nearest points that fool, of some rows."""

    def __init__(self, balls, y, margin_and_gradient, early_stop):
        self._balls = balls
        self._y = y
        # A row whose nearest point is within this distance is left alone.
        self._near_enough = 1 if early_stop else 0
        self._margin_and_gradient = margin_and_gradient
        self._nearest = balls.centre.copy()
        self.distances = np.full(len(y), np.inf)
        _, gradient, _ = self._visit(np.arange(len(y)), balls.centre)
        stepped = balls.steepest_step(balls.centre, gradient, 1)
        self._swapped = balls.with_groups_of(stepped, balls.centre)

    def _visit(self, rows, points):
        """Margins, gradient and success at points, of which the nearest are kept."""
        balls = self._balls.select(rows)
        points = balls.round_integers(points)
        margins, gradient, fooled = self._margin_and_gradient(points, self._y[rows])
        distances = balls.sizes(points)
        nearer = fooled & (distances < self.distances[rows])
        self._nearest[rows[nearer]] = points[nearer]
        self.distances[rows[nearer]] = distances[nearer]
        return margins, gradient, fooled

    def descend(self, n_steps, from_random, swapped, random_state):
        """One descent."""
        rows = np.flatnonzero(self.distances > self._near_enough)
        balls = self._balls.select(rows)
        sample = (self._swapped if swapped else self._balls.centre)[rows]
        points = sample
        if from_random:
            drawn = balls.with_groups_of(sample, balls.random_start(random_state))
            share = np.minimum(self.distances[rows], 1)[:, np.newaxis] / 2
            points = sample + (drawn - sample) * share.astype(sample.dtype)
        for _ in range(n_steps):
            if not len(rows):
                return
            margins, gradient, fooled = self._visit(rows, points)
            stands = self.distances[rows] > self._near_enough
            if not stands.all():
                rows, balls, sample = rows[stands], balls.select(stands), sample[stands]
                points, margins = points[stands], margins[stands]
                gradient, fooled = gradient[stands], fooled[stands]
            points = _step(balls, sample, points, margins, gradient, fooled)
        if len(rows):
            self._visit(rows, points)

    def halve(self):
        """Search for nearer points on the way from the samples to the nearest ones."""
        far = (self.distances > self._near_enough) & np.isfinite(self.distances)
        rows = np.flatnonzero(far)
        if not len(rows):
            return
        fools = self._nearest[rows]
        sample = self._balls.with_groups_of(self._nearest, self._balls.centre)[rows]
        stands = sample
        for _ in range(_N_HALVINGS):
            middle = (fools + stands) / 2
            _, _, fooled = self._visit(rows, middle)
            fooled = fooled[:, np.newaxis]
            fools, stands = np.where(fooled, middle, fools), np.where(fooled, stands, middle)
        # The plane there says which way from the sample is shortest.
        balls, nearest = self._balls.select(rows), self._nearest[rows]
        margins, gradient, _ = self._visit(rows, nearest)
        margins = margins + (gradient * (sample - nearest)).sum(axis=1)
        move = _NEXT_TO * _to_plane(balls, sample, margins, gradient)
        self._visit(rows, balls.at(move, sample))

    def points_in_ball(self):
        """The nearest points where the balls hold them or one next to them that fools."""
        inside = self._balls.round_integers(self._balls.project(self._nearest))
        fools = np.isfinite(self.distances)
        rows = np.flatnonzero(fools & (inside != self._nearest).any(axis=1))
        if len(rows):
            fools[rows] = self._margin_and_gradient(inside[rows], self._y[rows])[2]
        return np.where(fools[:, np.newaxis], inside, self._balls.centre)


def _step(balls, sample, points, margins, gradient, fooled):
    """The next points of a descent."""

    def margins_at(others):
        return margins + (gradient * (others - points)).sum(axis=1)

    # From a point that fools, the way goes on from nearer to the sample, with the same plane.
    start = np.where(fooled[:, np.newaxis], sample + _BACK * (points - sample), points)
    epsilon = balls.free_epsilon
    moves = [_to_plane(balls, where, margins_at(where), gradient) for where in (start, sample)]
    here, there = (balls.norm_of(move)[:, np.newaxis] for move in moves)
    both = here + there
    alpha = np.minimum(here / np.where(both > 0, both, 1), _ALPHA_MAX)
    ends = (
        where + _OVERSHOOT * move * epsilon
        for where, move in zip((start, sample), moves, strict=True)
    )
    biased = sum(share * end for share, end in zip((1 - alpha, alpha), ends, strict=True))
    # What does not move is not even rounded.
    moved = np.where(epsilon > 0, balls.within_bounds(biased), sample)
    return moved.astype(points.dtype, copy=False)


def _to_plane(balls, points, margins, gradient):
    """Moves of least norm to where linear margins are zero, or to the corner if that is nearer."""
    beyond = (margins < 0)[:, np.newaxis]
    slopes, reach, scale = balls.slopes_and_reach(points, np.where(beyond, -gradient, gradient))
    steepness = np.abs(slopes)
    peak = steepness.max(axis=1, keepdims=True, initial=0)
    peak = np.where(peak > 0, peak, 1)
    with np.errstate(over="ignore"):
        rest = np.abs(margins)[:, np.newaxis] / scale / peak
        rest = np.minimum(rest, np.finfo(points.dtype).max / 4).astype(points.dtype)
        sizes = LEAST_MOVES[balls.norm](steepness / peak, np.minimum(reach, _FAR), rest)
    return -np.sign(slopes) * sizes
