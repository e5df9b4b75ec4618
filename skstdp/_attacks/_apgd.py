"""Auto-PGD: projected gradient descent that chooses the length of its steps.

Arguments and what is returned are as in `_gradient`. Lengths are in units of epsilon.
"""

from typing import NamedTuple

import numpy as np
from sklearn.utils import check_random_state, gen_batches

from ._gradient import BLOCK_SIZE
from ._norm_balls import as_ball


def apgd(points, y, objective, ball, n_steps, n_restarts, random_state):
    """Auto-PGD on a loss, from several starts.

    The first start is the sample itself, the others are drawn from the ball. In the maximum and
    the Euclidean norm a step is

        z = P(x_k - eta_k * steepest direction)
        x_(k+1) = P(x_k + 0.75 (z - x_k) + 0.25 (x_k - x_(k-1)))

    with the projection P on the ball within the bounds. The first is of length 1
    and goes all the way to z. The length eta begins at 2 and is halved
    at checkpoints that come closer and closer if, since the last one, fewer than 3/4 of the steps
    lowered the loss, or neither the length nor the lowest loss has changed; then the descent goes
    back to its best point. In the l1 norm these take turns with sparse steps, see `_SparseSteps`,
    that begin in balls of three and two times the radius.

    Parameters
    ----------
    objective : callable
        `objective(points, y)` returns the losses to be lowered, of shape (n_samples,), their
        gradient, and which points fool the classifier, bool of shape (n_samples,). A row that is
        fooled goes no further.
    n_steps, n_restarts : int
        Steps from each start and number of starts, >= 1.

    Returns
    -------
    perturbed : ndarray of shape (n_samples, n_features)
        Of each row the point that fools, or else the one of lowest loss that was found.

    References
    ----------
    .. [1] F. Croce, M. Hein, "Reliable Evaluation of Adversarial Robustness with an Ensemble of
           Diverse Parameter-free Attacks", arXiv:2003.01690, 2020.
    .. [2] F. Croce, M. Hein, "Mind the Box: l1-APGD for Sparse Adversarial Attacks on Image
           Classifiers", arXiv:2103.01208, 2021.
    """
    random_state = check_random_state(random_state)
    ball = as_ball(ball)
    perturbed = points.copy()
    if not len(points) or not ball.epsilon.any():
        return perturbed
    for block in gen_batches(len(points), BLOCK_SIZE):
        balls = ball.around(points[block], block)
        best, lowest = balls.centre.copy(), np.full(len(balls.centre), np.inf)
        rows = np.arange(len(best))
        for restart in range(n_restarts):
            if not len(rows):
                break
            around = balls.select(rows)
            start = around.centre
            phases = _phases(ball.norm, restart, n_steps)
            if restart:
                start = around.scaled(phases[0].radius).random_start(random_state)
            for phase in phases:
                start, losses, fooled = _descend(around, start, y[block][rows], objective, phase)
                if phase.radius > 1:
                    continue
                better = fooled | (losses < lowest[rows])
                best[rows[better]], lowest[rows[better]] = start[better], losses[better]
                rows, start, around = rows[~fooled], start[~fooled], around.select(~fooled)
        perturbed[block] = balls.round_integers(best)
    return perturbed


class _Phase(NamedTuple):
    """Some steps of one descent, in a ball of some radius."""

    radius: float
    n_steps: int
    rule: type


def _phases(norm, restart, n_steps):
    if norm != "l1" or restart % 2:
        return [_Phase(1, n_steps, _MomentumSteps)]
    # Where the loss is almost linear one steepest step is best; only a point of the ball itself
    # fools, so it comes first.
    first = [] if restart else [_Phase(1, 1, _MomentumSteps)]
    shares = ((3, 0.3), (2, 0.3), (1, 0.4))
    return first + [
        _Phase(radius, round(n_steps * share), _SparseSteps) for radius, share in shares
    ]


def _descend(balls, points, y, objective, phase):
    """Points of lowest loss of one descent, their losses, and which of them fool.

    In a ball that is larger than the one of the attack none does.
    """
    n_steps, stop = phase.n_steps, phase.radius <= 1
    if not stop:
        balls = balls.scaled(phase.radius)
    points = balls.project(balls.with_fitting_groups(points))
    steps = phase.rule(points, n_steps)
    found, lowest_found = points.copy(), np.full(len(points), np.inf)
    has_fooled = np.zeros(len(points), dtype=bool)
    rows = np.arange(len(points))
    best, best_gradient, previous = points, np.zeros_like(points), points
    lowest = last = np.full(len(points), np.inf)
    for k in range(n_steps + 1):
        # Whole numbers: the loss counts where they are whole, the way goes on from between.
        losses, gradient, fooled = objective(balls.round_integers(points), y)
        lower = losses < lowest
        best = np.where(lower[:, np.newaxis], points, best)
        best_gradient = np.where(lower[:, np.newaxis], gradient, best_gradient)
        lowest = np.where(lower, losses, lowest)
        fooled = fooled & stop
        kept = lower | fooled
        found[rows[kept]], lowest_found[rows[kept]] = points[kept], losses[kept]
        has_fooled[rows] = fooled
        if k == n_steps or fooled.all():
            break
        steps.count(losses < last)
        if fooled.any():
            stands = ~fooled
            rows, y, balls = rows[stands], y[stands], balls.select(stands)
            points, previous, gradient = points[stands], previous[stands], gradient[stands]
            best, best_gradient = best[stands], best_gradient[stands]
            lowest, losses = lowest[stands], losses[stands]
            steps.select(stands)
        back = steps.adapt(k, balls, best, lowest)
        if back.any():
            points, previous = (
                np.where(back[:, np.newaxis], best, visited) for visited in (points, previous)
            )
            gradient = np.where(back[:, np.newaxis], best_gradient, gradient)
            losses = np.where(back, lowest, losses)
        last = losses
        points, previous = steps.move(balls, points, previous, gradient), points
    return found, lowest_found, has_fooled


class _MomentumSteps:
    """Steps with momentum, whose length is halved at checkpoints."""

    def __init__(self, points, n_steps):
        self._length = np.full((len(points), 1), 2, dtype=points.dtype)
        self._n_lowered = np.zeros(len(points), dtype=int)
        self._halved_last = np.ones(len(points), dtype=bool)
        self._lowest_last = np.full(len(points), np.inf)
        self._checkpoints = _checkpoints(n_steps)
        self._since = 0
        self._begun = False

    def count(self, lowered):
        """Take note of which rows the last step has lowered."""
        self._n_lowered += lowered

    def select(self, kept):
        """Go on with some of the rows."""
        for name in ("_length", "_n_lowered", "_halved_last", "_lowest_last"):
            setattr(self, name, getattr(self, name)[kept])

    def adapt(self, k, balls, best, lowest):
        """Set the lengths before step k, and determine which rows go back to their best point."""
        if k not in self._checkpoints:
            return np.zeros(len(best), dtype=bool)
        few = self._n_lowered < 0.75 * (k - self._since)
        halved = few | (~self._halved_last & (lowest >= self._lowest_last))
        self._length = np.where(halved[:, np.newaxis], self._length / 2, self._length)
        self._halved_last, self._lowest_last = halved, lowest
        self._n_lowered, self._since = np.zeros(len(best), dtype=int), k
        return halved

    def move(self, balls, points, previous, gradient):
        """Points after a step."""
        if not self._begun:
            # From the sample the best one if the loss is linear.
            self._begun = True
            return balls.steepest_step(points, gradient, 1)
        ahead = balls.steepest_step(points, gradient, self._length)
        mixed = points + 0.75 * (ahead - points) + 0.25 * (points - previous)
        # A mixture of two categories is none.
        return balls.project(balls.with_groups_of(ahead, mixed))


def _checkpoints(n_steps):
    """Steps at which lengths are looked at: at shares 0.22, 0.41, 0.57, ... of all."""
    checkpoints, percent, gap = set(), 0, 22
    while percent + gap <= 100:
        percent, gap = percent + gap, max(gap - 3, 6)
        checkpoints.add(int(np.ceil(percent * n_steps / 100)))
    return checkpoints


class _SparseSteps:
    """Steps of the l1 norm, of as many features as the best point so far tells.

    At regular checkpoints the number of features becomes 2/3 of those in which the best point
    differs from the sample. Once that hardly changes any more, the descent goes back to that
    point and steps get shorter by a factor of 2/3, down to 1/10, or else they are of length 1.
    """

    def __init__(self, points, n_steps):
        self._length = np.ones((len(points), 1), dtype=points.dtype)
        self._n_moved = np.full((len(points), 1), 0.2 * points.shape[1])
        self._gap = max(1, int(0.04 * n_steps))

    def count(self, lowered):
        """Take no note: nothing here depends on it."""

    def select(self, kept):
        """Go on with some of the rows."""
        self._length, self._n_moved = self._length[kept], self._n_moved[kept]

    def adapt(self, k, balls, best, lowest):
        """Set numbers and lengths before step k, and which rows go back to their best point."""
        if k == 0 or k % self._gap:
            return np.zeros(len(best), dtype=bool)
        n_moved = np.count_nonzero(best != balls.centre, axis=1)[:, np.newaxis] / 1.5
        n_moved = np.maximum(n_moved, 1)
        settled = n_moved >= 0.95 * self._n_moved
        self._length = np.where(settled, np.maximum(self._length / 1.5, 0.1), 1)
        self._length = self._length.astype(best.dtype, copy=False)
        self._n_moved = n_moved
        return settled[:, 0]

    def move(self, balls, points, previous, gradient):
        """Points after a step."""
        return balls.sparse_step(points, gradient, self._length, self._n_moved)
