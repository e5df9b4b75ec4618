"""Square: an attack that sees scores only, by random changes of ever fewer features.

Arguments and what is returned are as in `_gradient`. Moves are in units of epsilon.
"""

import numpy as np
from sklearn.utils import check_random_state, gen_batches

from ._norm_balls import as_ball

# Rows that are attacked at a time: a query has a cost of its own, so all rows share it.
_BLOCK_SIZE = 8192
# Features from which on neighbours are taken to belong together.
_MANY_FEATURES = 100
# Share of the features that is changed at first, and shares of the queries at which it is halved.
_FIRST_SHARE = 0.8
_HALVED_AT = np.array([0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8])


def square(points, y, margins, ball, n_queries, random_state, *, image_shape=None):
    """Square attack: random search on a score.

    A random start of full size is changed in a random window of features at a time, and the change
    stays if the margin is not larger. A tie stays, too: scores of trees are constant between
    their thresholds, and only a point that wanders about there meets another cell. The window
    holds 0.8 of the features at first, and half as many from 0.1, 0.5, 2, 5, 10, 20, 40, 60, 80 %
    of the queries on.

    In the maximum norm features of the window move by epsilon, up or down. In the others the
    window takes over the moves of a second one, which goes back to the sample, and what is left
    of the radius: the new moves are in the direction of the old ones plus a random pattern of
    equal size.

    A window is a square of an image, a run of neighbours where there are 100 features or more, and
    else a random set, of a random number of features. Those of a set have signs of their own, and
    in half of the queries sizes too, since the margin of a tree need not be lowest at the end of
    an interval; every tenth query is a point drawn from the ball. One-hot groups take part by
    random swaps that fit. Whole numbers are rounded towards the sample.

    Parameters
    ----------
    margins : callable
        `margins(points, y)` returns the margins, of shape (n_samples,), and which points fool the
        classifier, bool of shape (n_samples,). A row that is fooled goes no further.
    n_queries : int
        Most predictions for each row, >= 1, the one at the row itself not counted.
    image_shape : tuple (height, width), default=None
        Shape of the image of which a row has the pixels, row by row.

    Returns
    -------
    perturbed : ndarray of shape (n_samples, n_features)
        Of each row the point that fools, or else the one of lowest margin that was found.

    References
    ----------
    .. [1] M. Andriushchenko, F. Croce, N. Flammarion, M. Hein, "Square Attack: a query-efficient
           black-box adversarial attack via random search", arXiv:1912.00049, 2020.
    """
    random_state = check_random_state(random_state)
    ball = as_ball(ball)
    perturbed = points.copy()
    if not len(points) or not ball.epsilon.any():
        return perturbed
    for block in gen_batches(len(points), _BLOCK_SIZE):
        balls = ball.around(points[block], block)
        windows = _Windows(balls, image_shape, random_state)
        perturbed[block] = _search(balls, y[block], margins, windows, n_queries, random_state)
    return perturbed


def _search(balls, y, margins, windows, n_queries, random_state):
    """Points of lowest margin that a random search finds."""
    move = _moved_signs if balls.norm == "linf" else _moved_mass
    swap_share = windows.swap_share(len(balls.groups))
    lowest, fooled = margins(balls.centre, y)
    best = balls.centre.copy()
    rows = np.flatnonzero(~fooled)
    at_sample, lowest = lowest[rows], np.full(len(rows), np.inf)
    balls, y = balls.select(rows), y[rows]
    points = balls.centre
    for k in range(n_queries):
        if not len(rows):
            return best
        share = _FIRST_SHARE / 2 ** (k > _HALVED_AT * n_queries).sum()
        if k == 0:
            trial = windows.start(balls)
        elif swap_share and random_state.uniform() < swap_share:
            trial = balls.project(balls.swap_at_random(points, random_state))
        elif windows.of_sets and k % 10 == 0:
            trial = balls.random_start(random_state)
        else:
            trial = move(balls, points, windows, share)
        trial = balls.round_integers(trial)
        values, fooled = margins(trial, y)
        kept = fooled | (values <= lowest)
        points = np.where(kept[:, np.newaxis], trial, points)
        lowest = np.where(kept, values, lowest)
        if fooled.any():
            best[rows[fooled]] = points[fooled]
            stands = ~fooled
            rows, y, balls, points = rows[stands], y[stands], balls.select(stands), points[stands]
            lowest, at_sample = lowest[stands], at_sample[stands]
    lower = lowest < at_sample
    best[rows[lower]] = points[lower]
    return best


def _moved_signs(balls, points, windows, share):
    """A window of features at an end of their intervals, or between."""
    window = windows.draw(len(points), share)
    moved = balls.centre + windows.pattern(window) * balls.free_epsilon
    return balls.project(np.where(window > 0, moved, points))


def _moved_mass(balls, points, windows, share):
    """A window of features that takes over what another and the radius have to give."""
    window, other = windows.draw(len(points), share), windows.draw_other(len(points), share)
    offsets = balls.offsets(points)
    taken = (window > 0) | (other > 0)
    mass = balls.radius_beside(points, np.where(taken, 0, offsets))
    old = np.where(window > 0, offsets, 0)
    direction = _of_size(balls, old, 1) + _of_size(balls, windows.pattern(window), 1)
    return balls.at(np.where(taken, _of_size(balls, direction, mass), offsets), points)


def _of_size(balls, moves, size):
    """Moves in the same directions, of some norm."""
    norm = balls.norm_of(moves)
    factor = size / np.where(norm > 0, norm, 1)
    return moves * factor.astype(moves.dtype)[:, np.newaxis]


class _Windows:
    """Random windows of features that move by themselves, and patterns of moves in them."""

    def __init__(self, balls, image_shape, random_state):
        self._random_state = random_state
        self._free = balls.free_epsilon.any(axis=0)
        self._n_features = len(self._free)
        self._dtype = balls.centre.dtype
        self._image_shape = image_shape
        self.of_sets = image_shape is None and self._n_features < _MANY_FEATURES
        if image_shape is None and not self.of_sets:
            # A run of neighbours is a window of an image of one row.
            self._image_shape = (1, self._n_features)

    def swap_share(self, n_groups):
        """Share of queries that swap a category of one-hot groups."""
        n_free = self._free.sum()
        return max(n_groups / (n_groups + n_free), 0.2) if n_groups else 0

    def start(self, balls):
        """Points of full size: stripes of an image, or each feature for itself."""
        shape = (len(balls.centre), self._n_features)
        if self.of_sets:
            signs = self._signs(shape)
        else:
            signs = self._signs((shape[0], 1, self._image_shape[1]))
            signs = np.broadcast_to(signs, (shape[0], *self._image_shape)).reshape(shape)
        points = balls.centre
        if balls.groups:
            points = balls.random_start(self._random_state)
        return balls.steepest_step(points, balls.with_groups_of(-points, -signs), 2)

    def draw(self, n_rows, share):
        """Windows as weights of the features, of shape (n_rows, n_features), 0 outside."""
        uniform, shape = self._random_state.uniform, (n_rows, self._n_features)
        if self.of_sets:
            window = (uniform(size=shape) < share) & self._free
            chosen = self._random_state.choice(np.flatnonzero(self._free), size=n_rows)
            window[np.arange(n_rows), chosen] = True
            return window.astype(self._dtype)
        sides = self._sides(share)
        weights = []
        for length, side in zip(self._image_shape, sides, strict=True):
            first = self._random_state.randint(length - side + 1, size=(n_rows, 1))
            place = np.arange(length) - first
            weights.append((place >= 0) & (place < side))
        window = weights[0][:, :, np.newaxis] & weights[1][:, np.newaxis]
        return window.reshape(shape).astype(self._dtype)

    def draw_other(self, n_rows, share):
        """Windows that give their moves away; of the sets a quarter hold all features.

        Then the radius goes to the first window alone, as the thresholds of a tree may need.
        """
        if self.of_sets:
            all_of_it = self._random_state.uniform(size=(n_rows, 1)) < 0.25
            share = np.where(all_of_it, 1, share)
        return self.draw(n_rows, share)

    def _sides(self, share):
        height, width = self._image_shape
        if height == 1:
            return 1, max(1, round(share * width))
        side = max(1, round(np.sqrt(share * height * width)))
        return min(side, height), min(side, width)

    def pattern(self, window):
        """Moves in a window, of at most 1: of one sign in an image, else each for itself."""
        if not self.of_sets:
            return window * self._signs((len(window), 1))
        moves = window * self._signs(window.shape)
        if self._random_state.uniform() < 0.5:
            moves *= self._random_state.uniform(size=window.shape).astype(self._dtype)
        return moves

    def _signs(self, shape):
        return (2 * self._random_state.randint(2, size=shape) - 1).astype(self._dtype)
