"""Attacks without a gradient: at random, and by a search along rays that asks for decisions only.

Arguments and what is returned are as in `_gradient`.
"""

import numpy as np
from sklearn.utils import check_random_state, gen_batches

from ._gradient import BLOCK_SIZE
from ._norm_balls import as_ball


def random_signs(points, ball, random_state):
    """A step of full length in a random direction: the control without gradient.

    In the maximum norm each feature moves by epsilon, up or down.
    """
    balls = as_ball(ball).around(points)
    signs = _draw_signs(check_random_state(random_state), points.shape, points.dtype)
    return balls.round_integers(balls.steepest_step(points, -signs, 1))


def hard_label(points, y, is_adversarial, ball, n_queries, random_state):
    """Attack that sees success or failure only: RayS, a search for the direction to go.

    For each row, a vector of signs says which corner of the bounds the ray from the row goes to,
    and its radius is the distance along it at which the decision changes. The signs of a block of
    features are flipped together and stay so if that shortens the radius; the blocks are all
    features, then halves, quarters, down to single ones. One query determines whether a flip can
    be of use, and only then a binary search finds the new radius. The search needs no gradient, so
    a gradient that vanishes or misleads cannot hide a point from it.

    Unlike the paper's, the search ends as soon as the radius is within `epsilon`, and when all
    blocks were tried it starts anew from random signs. Rows that it does not change, or that are
    wrong without an attack, are returned as they were.

    Parameters
    ----------
    ball : Ball or float
        Of the maximum norm; one-hot groups stay as they are.
    is_adversarial : callable
        `is_adversarial(points, y)` returns which decisions are wrong, of shape (n_samples,).
    n_queries : int
        Most predictions for each row, >= 1, the one at the row itself not counted.

    References
    ----------
    .. [1] J. Chen, Q. Gu, "RayS: A Ray Searching Method for Hard-label Adversarial Attack",
           arXiv:2006.12792, 2020.
    """
    random_state = check_random_state(random_state)
    ball = as_ball(ball)
    perturbed = points.copy()
    if not ball.epsilon.any():
        return perturbed
    epsilon = np.broadcast_to(ball.epsilon.min(axis=0), points.shape[1:]).copy()
    for group in ball.groups:
        epsilon[group] = 0
    # Far enough to come to the bounds from anywhere, or through all the data if there are none.
    span = np.minimum(ball.high - ball.low, np.ptp(points, axis=0) + 2 * epsilon)
    moving = epsilon > 0
    reach = np.max(np.broadcast_to(span, epsilon.shape)[moving] / epsilon[moving], initial=1)
    for block in gen_batches(len(points), BLOCK_SIZE):
        balls = ball.around(points[block], block)
        perturbed[block] = _search_rays(
            balls, y[block], is_adversarial, 2 * reach, n_queries, random_state
        )
    return perturbed


def _search_rays(balls, y, is_adversarial, unknown, n_queries, random_state):
    """Radii are in units of epsilon; `unknown` is one beyond the bounds."""
    points = balls.centre
    n_rows, n_features = points.shape
    queries = np.zeros(n_rows, dtype=int)

    def at(rows, signs, radius):
        around = balls.select(rows)
        return around.clip(around.centre + radius[:, np.newaxis] * around.free_epsilon * signs)

    def ask(rows, signs, radius):
        queries[rows] += 1
        return is_adversarial(at(rows, signs, radius), y[rows])

    def shorten(rows, signs, radius):
        """Radius at which rays still succeed, in a binary search that first asks at epsilon."""
        low, high, middle = np.zeros_like(radius), radius.copy(), np.ones_like(radius)
        tolerance = 0.01
        while True:
            unsure = (high > 1) & (high - low > tolerance)
            asked = np.flatnonzero(unsure & (queries[rows] < n_queries))
            if not len(asked):
                return high
            succeeds = ask(rows[asked], signs[asked], middle[asked])
            high[asked[succeeds]] = middle[asked[succeeds]]
            low[asked[~succeeds]] = middle[asked[~succeeds]]
            middle = (low + high) / 2

    perturbed = points.copy()
    rows = np.flatnonzero(~is_adversarial(points, y))
    signs = np.ones_like(points)
    while True:
        radius = np.full(n_rows, unknown, dtype=points.dtype)
        for flipped in _blocks_to_flip(n_features):
            rows = rows[(radius[rows] > 1) & (queries[rows] < n_queries)]
            if not len(rows):
                return perturbed
            trial = signs[rows]
            trial[:, flipped] *= -1
            still = ask(rows, trial, radius[rows])
            chosen, trial = rows[still], trial[still]
            signs[chosen], radius[chosen] = trial, shorten(chosen, trial, radius[chosen])
            done = radius[chosen] <= 1
            perturbed[chosen[done]] = at(chosen[done], trial[done], radius[chosen[done]])
        signs = _draw_signs(random_state, points.shape, points.dtype)


def _draw_signs(random_state, shape, dtype):
    return (2 * random_state.randint(2, size=shape) - 1).astype(dtype)


def _blocks_to_flip(n_features):
    """Slices of features: none, all, halves, quarters, down to single ones."""
    yield slice(0)
    n_blocks = 1
    while True:
        bounds = np.linspace(0, n_features, n_blocks + 1).astype(int)
        yield from map(slice, bounds[:-1], bounds[1:])
        if n_blocks == n_features:
            return
        n_blocks = min(2 * n_blocks, n_features)
