"""Attacks that ask for decisions only and walk along the boundary between them.

Arguments and what is returned are as in `_gradient`. Distances are in units of epsilon.
"""

import numpy as np
from sklearn.utils import check_random_state, gen_batches

from ._gradient import BLOCK_SIZE
from ._norm_balls import as_ball

# Directions that are asked for at first to estimate the normal of the boundary.
_N_DIRECTIONS = 20
# A row starts anew after so many rounds that leave more than this share of its distance.
_N_IDLE, _STUCK = 3, 0.999


def boundary(points, y, is_adversarial, starts, ball, n_queries, random_state):
    """Attack from another class along the decision boundary towards the sample.

    Each row begins at the nearest of `starts` that is adversarial for it, or at a random point
    within the bounds. Rounds of three searches bring that point nearer, none of which ever takes
    it farther away:

    1. on the line to the sample, first at epsilon, then by halving;
    2. features, in random sets of ever fewer, go back to the sample, or a part of the way [2]_;
    3. decisions at random points around give the normal of the boundary; from a step along it, of
       a length that is halved until it is adversarial, search 1 is made again [1]_.

    A row is done as soon as its ball holds the point. It begins at the next start if a round has
    hardly brought it nearer. One-hot groups are those of the sample or of
    the start, if the swap fits; whole numbers are rounded towards the sample.

    Parameters
    ----------
    is_adversarial : callable
        `is_adversarial(points, y)` returns which decisions are wrong, of shape (n_samples,).
    starts : ndarray of shape (n_starts, n_features), or None
        Other samples. None, and rows that have tried all, start from random points within the
        bounds.
    n_queries : int
        Most predictions for each row, >= 1, the one at the row itself not counted.

    Returns
    -------
    perturbed : ndarray of shape (n_samples, n_features)
        Of each row the point that was found, or else the sample.

    References
    ----------
    .. [1] J. Chen, M. I. Jordan, M. J. Wainwright, "HopSkipJumpAttack: A Query-Efficient
           Decision-Based Attack", arXiv:1904.02144, 2019.
    .. [2] L. Schott, J. Rauber, M. Bethge, W. Brendel, "Towards the first adversarially robust
           neural network model on MNIST", arXiv:1805.09190, 2018.
    """
    random_state = check_random_state(random_state)
    ball = as_ball(ball)
    perturbed = points.copy()
    if not len(points) or not ball.epsilon.any():
        return perturbed
    # Random starts are within the bounds, or where there are none in a box that holds all samples.
    low, high = (np.broadcast_to(bound, points.shape[1:]) for bound in (ball.low, ball.high))
    box = (
        np.where(np.isinf(low), points.min(axis=0, initial=np.inf), low),
        np.where(np.isinf(high), points.max(axis=0, initial=-np.inf), high),
    )
    starts = points[:0] if starts is None else starts
    for block in gen_batches(len(points), BLOCK_SIZE):
        balls = ball.around(points[block], block)
        walk = _Walk(balls, y[block], is_adversarial, starts, box, n_queries, random_state)
        walk.go()
        perturbed[block] = walk.found
    return perturbed


class _Walk:
    """Adversarial points of some rows, on their way to the samples."""

    def __init__(self, balls, y, is_adversarial, starts, box, n_queries, random_state):
        self.found = balls.centre.copy()
        self._is_adversarial = is_adversarial
        self._n_queries = n_queries
        self._random_state = random_state
        self._rows = np.arange(len(y))
        self._balls, self._y = balls, y
        self._asked = np.zeros(len(y), dtype=int)
        self._points = balls.centre
        self._sizes = np.full(len(y), np.inf)
        # For each row the starts in the order of their distance, and the next one to be tried.
        self._starts, self._box = starts.astype(balls.centre.dtype, copy=False), box
        distances = [balls.sizes(self._merged(start)) for start in self._starts]
        distances = np.reshape(distances, (len(starts), len(y))).T
        self._order = np.argsort(distances, axis=1, kind="stable")
        self._next = np.zeros(len(y), dtype=int)
        # Rounds since the start, and the last of them that were in vain.
        self._age, self._idle = np.zeros(len(y), dtype=int), np.zeros(len(y), dtype=int)
        self._select(~is_adversarial(balls.centre, y))
        # What goes back to the sample together.
        free = balls.free_epsilon.any(axis=0)
        self._items = [*np.flatnonzero(free)[:, np.newaxis], *balls.groups]

    def _select(self, kept):
        self._balls = self._balls.select(kept)
        for name in (
            "_rows",
            "_y",
            "_asked",
            "_points",
            "_sizes",
            "_order",
            "_next",
            "_age",
            "_idle",
        ):
            setattr(self, name, getattr(self, name)[kept])

    def _ask(self, trial, rows):
        """Decide at trial points of some rows, those with queries left, and return successes."""
        adversarial = np.zeros(len(self._rows), dtype=bool)
        rows = np.flatnonzero(rows & (self._asked < self._n_queries) & (self._sizes > 1))
        if len(rows):
            self._asked[rows] += 1
            adversarial[rows] = self._is_adversarial(trial[rows], self._y[rows])
        return adversarial

    def _try(self, trial, rows):
        """Take trial points of some rows where they are nearer and adversarial."""
        trial = self._balls.clip(trial)
        sizes = self._balls.sizes(trial)
        taken = self._ask(trial, rows & (sizes < self._sizes))
        self._points = np.where(taken[:, np.newaxis], trial, self._points)
        self._sizes = np.where(taken, sizes, self._sizes)
        return taken

    def start(self, rows):
        """Go to the next starts that are adversarial, of rows that find one."""
        self._sizes = np.where(rows, np.inf, self._sizes)
        self._age, self._idle = np.where(rows, 0, self._age), np.where(rows, 0, self._idle)
        while (looking := np.isinf(self._sizes) & (self._asked < self._n_queries)).any():
            others = self._random_points()
            if self._order.shape[1]:
                chosen = np.minimum(self._next, self._order.shape[1] - 1)
                given = self._starts[self._order[np.arange(len(chosen)), chosen]]
                left = (self._next < self._order.shape[1])[:, np.newaxis]
                others = np.where(left, given, others)
            self._next = self._next + looking
            self._try(self._merged(others), looking)

    def _random_points(self):
        low, high = self._box
        share = self._random_state.uniform(size=self._balls.centre.shape)
        return (low + (high - low) * share).astype(self._balls.centre.dtype)

    def _merged(self, others):
        """Other points with what must not move as in the samples."""
        balls = self._balls
        others = np.broadcast_to(others, balls.centre.shape)
        moved = np.where(balls.free_epsilon > 0, others, balls.centre)
        return balls.clip(balls.with_fitting_groups(balls.with_groups_of(others, moved)))

    def go(self):
        """Bring points nearer until all are in their balls or the queries are spent."""
        self.start(np.ones(len(self._rows), dtype=bool))
        n_sets = 4
        while True:
            done = self._sizes <= 1
            self.found[self._rows[done]] = self._points[done]
            self._select(~done & np.isfinite(self._sizes) & (self._asked < self._n_queries))
            if not len(self._rows):
                return
            before = self._sizes
            self._halve(self._points, np.ones(len(self._rows), dtype=bool))
            # Whole ways back, or a part of them.
            self._reset(n_sets, self._random_state.choice([0, self._random_state.uniform()]))
            self._hop()
            n_sets = min(2 * n_sets, len(self._items))
            self._age = self._age + 1
            self._idle = np.where(self._sizes > _STUCK * before, self._idle + 1, 0)
            self.start(self._idle >= _N_IDLE)

    def _halve(self, ends, rows):
        """Search on the lines from the samples to adversarial ends."""
        balls = self._balls
        base = balls.with_groups_of(ends, balls.centre)
        lengths = balls.norm_of(balls.offsets(ends))
        left = balls.radius_left(ends)
        low = np.zeros(len(ends), dtype=ends.dtype)
        high = np.ones_like(low)
        # At the size of the ball first: farther ends are of use only if that fails.
        middle = np.minimum(left / np.where(lengths > 0, lengths, 1), 1).astype(ends.dtype)
        for _ in range(int(np.log2(ends.shape[1])) + 6):
            trial = balls.clip(base + middle[:, np.newaxis] * (ends - base))
            adversarial = self._ask(trial, rows)
            nearer = adversarial & (balls.sizes(trial) < self._sizes)
            self._points = np.where(nearer[:, np.newaxis], trial, self._points)
            self._sizes = np.where(nearer, balls.sizes(trial), self._sizes)
            high, low = np.where(adversarial, middle, high), np.where(adversarial, low, middle)
            middle = (low + high) / 2

    def _reset(self, n_sets, share):
        """Try to move features back so that a share of their moves is left."""
        order = self._random_state.permutation(len(self._items))
        for chosen in np.array_split(order, min(n_sets, len(order))):
            columns = np.concatenate([self._items[k] for k in chosen])
            centre, trial = self._balls.centre, self._points.copy()
            moved = trial[:, columns] - centre[:, columns]
            trial[:, columns] = centre[:, columns] + (share * moved).astype(trial.dtype)
            trial = self._balls.with_groups_of(self._points if share else trial, trial)
            self._try(trial, np.ones(len(trial), dtype=bool))

    def _hop(self):
        """Step along the estimated normals of the boundary, and back to it towards the samples."""
        balls, points = self._balls, self._points
        normals = self._normals(round(_N_DIRECTIONS * np.sqrt(self._age.min() + 1)))
        directions = _STEEPEST[balls.norm](normals)
        length = self._sizes / np.sqrt(self._age + 1)
        ends, waiting = points, directions.any(axis=1)
        for _ in range(6):
            moves = (length[:, np.newaxis] * directions).astype(points.dtype)
            trial = balls.clip(balls.at(balls.offsets(points) + moves, points))
            adversarial = self._ask(trial, waiting)
            ends = np.where(adversarial[:, np.newaxis], trial, ends)
            waiting &= ~adversarial
            length = length / 2
        self._halve(ends, (ends != points).any(axis=1))

    def _normals(self, n_directions):
        """Estimates of the directions into the adversarial side, from decisions around."""
        balls, points = self._balls, self._points
        offsets = balls.offsets(points)
        radius = self._sizes / points.shape[1]
        total, mean, decided = np.zeros_like(points), np.zeros_like(points), 0
        for _ in range(n_directions):
            moves = self._random_state.standard_normal(points.shape) * (balls.free_epsilon > 0)
            size = balls.norm_of(moves)
            moves *= (radius / np.where(size > 0, size, 1))[:, np.newaxis]
            trial = balls.clip(balls.at(offsets + moves.astype(points.dtype), points))
            # What the bounds leave of the move.
            moves = balls.offsets(trial) - offsets
            signs = np.where(self._ask(trial, np.ones(len(points), dtype=bool)), 1, -1)
            total += signs[:, np.newaxis] * moves
            mean += moves
            decided = decided + signs
        # Where all decisions are equal their mean tells nothing.
        share = decided / n_directions
        share = np.where(np.abs(share) == 1, 0, share)
        return total - share[:, np.newaxis] * mean


def _steepest_l1(normals):
    """The steepest feature alone."""
    steepest = np.abs(normals).argmax(axis=1)
    only = np.arange(normals.shape[1]) == steepest[:, np.newaxis]
    return np.where(only, np.sign(normals), 0)


def _steepest_l2(normals):
    size = np.sqrt((normals**2).sum(axis=1, keepdims=True))
    return normals / np.where(size > 0, size, 1)


_STEEPEST = {"linf": np.sign, "l2": _steepest_l2, "l1": _steepest_l1}
