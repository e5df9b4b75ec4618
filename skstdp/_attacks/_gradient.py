"""Adversarial perturbations. Knows arrays and functions of them, no network.

points : ndarray of shape (n_samples, n_features), the samples.
y : ndarray of shape (n_samples,), handed on to the functions as it is, row by row.
ball : Ball, what may be reached. A float stands for the cube of that half-width within [0, 1].

Each attack returns, in the shape and dtype of `points`, points of the ball around each.
"""

import numpy as np
from sklearn.utils import check_random_state, gen_batches

from ._norm_balls import as_ball

# Rows that are attacked at a time: few enough that their points stay in the cache.
_BLOCK = 512


def fgsm(points, y, margin_gradient, ball):
    """Fast gradient sign attack: the point of the ball where the linearised margin is smallest.

    In the maximum norm that is

        x' = clip(x - epsilon * sign(gradient of the margin), bounds)

    Parameters
    ----------
    points, y, ball
        As in the module.
    margin_gradient : callable
        `margin_gradient(points, y)` returns, in the shape of `points`, the gradient of the margin
        that is to fall; its scale does not matter.

    Returns
    -------
    perturbed : ndarray of shape (n_samples, n_features)
    """
    ball = as_ball(ball)
    if not ball.epsilon.any():
        return points.copy()
    region = ball.around(points)
    return region.snap(region.descend(points, margin_gradient(points, y), 1))


def random_signs(points, ball, random_state):
    """A step of full length in a random direction: the control without gradient.

    In the maximum norm each feature moves by epsilon, up or down.

    Parameters
    ----------
    points, ball
        As in the module.
    random_state : int, RandomState instance or None
        Draws the directions.

    Returns
    -------
    perturbed : ndarray of shape (n_samples, n_features)
    """
    region = as_ball(ball).around(points)
    signs = _draw_signs(check_random_state(random_state), points.shape, points.dtype)
    return region.snap(region.descend(points, -signs, 1))


def pgd(
    points,
    y,
    margins_and_gradient,
    ball,
    n_steps,
    n_restarts,
    step,
    random_state,
    *,
    until_fooled=True,
):
    """Projected gradient descent on the margin, from several starts.

    The first start is the sample itself, the others are drawn from the ball. Of all points on the
    way, and of the one that `fgsm` gives, the one of smallest margin is kept, so that the attack
    is never weaker than `fgsm`.

    Parameters
    ----------
    points, y, ball
        As in the module.
    margins_and_gradient : callable
        `margins_and_gradient(points, y)` returns the margins, of shape (n_samples,), negative
        only where the attack has succeeded, and their gradient, whose scale does not matter.
    n_steps, n_restarts : int
        Steps from each start and number of starts, >= 1.
    step : float
        Length of a step as a share of epsilon, > 0.
    random_state : int, RandomState instance or None
        Draws the starts.
    until_fooled : bool, default=True
        Whether a row is left alone as soon as its margin is negative. Points that should fool
        another network too have to go on.

    Returns
    -------
    perturbed : ndarray of shape (n_samples, n_features)

    References
    ----------
    .. [1] A. Madry, A. Makelov, L. Schmidt, D. Tsipras, A. Vladu, "Towards Deep Learning Models
           Resistant to Adversarial Attacks", arXiv:1706.06083, 2017.
    """
    random_state = check_random_state(random_state)
    ball = as_ball(ball)
    perturbed = points.copy()
    if not ball.epsilon.any():
        return perturbed
    for block in gen_batches(len(points), _BLOCK):
        perturbed[block] = _pgd_block(
            ball.around(points[block], block),
            y[block],
            margins_and_gradient,
            n_steps,
            n_restarts,
            step,
            random_state,
            until_fooled,
        )
    return perturbed


def _pgd_block(
    ball, y, margins_and_gradient, n_steps, n_restarts, step, random_state, until_fooled
):
    best, smallest = ball.centre.copy(), np.full(len(ball.centre), np.inf)

    def visit(rows, points):
        margins, gradient = margins_and_gradient(points, y[rows])
        smaller = margins < smallest[rows]
        best[rows[smaller]], smallest[rows[smaller]] = points[smaller], margins[smaller]
        return gradient

    rows, region = np.arange(len(ball.centre)), ball
    fgsm_point = [(1, 1, False)]
    descents = [(n_steps, step, restart > 0) for restart in range(n_restarts)]
    for n_moves, length, from_random in fgsm_point + descents:
        points = region.draw(random_state) if from_random else region.centre
        for _ in range(n_moves + 1):
            # Whole numbers: the margin counts where they are whole, the way goes on from between.
            gradient = visit(rows, region.snap(points))
            if until_fooled:
                stands = smallest[rows] >= 0
                if not stands.any():
                    return best
                if not stands.all():
                    rows, points, gradient = rows[stands], points[stands], gradient[stands]
                    region = region.select(stands)
            points = region.descend(points, gradient, length)
    return best


def hard_label(points, y, fools, ball, n_queries, random_state):
    """Attack that sees success or failure only: RayS, a search for the direction to go.

    For each row, a vector of signs says which corner of the bounds the ray from the row
    goes to, and its radius is how far one must go along it to change the decision. The signs of
    a block of features are flipped together and stay so if that shortens the radius; the blocks
    are all features, then halves, quarters, down to single ones. One query tells whether a flip
    can be of use, and only then a binary search finds the new radius. It needs no gradient, so
    a gradient that vanishes or misleads cannot hide a point from it.

    Unlike the paper's, the search ends as soon as the radius is within `epsilon`, and when all
    blocks were tried it starts anew from random signs.

    Parameters
    ----------
    points, y, ball
        As in the module; the norm is the maximum, and one-hot groups stay as they are.
    fools : callable
        `fools(points, y)` returns which decisions are wrong, of shape (n_samples,).
    n_queries : int
        Most predictions for each row, >= 1, the one at the row itself not counted.
    random_state : int, RandomState instance or None
        Draws the signs after the first time.

    Returns
    -------
    perturbed : ndarray of shape (n_samples, n_features)
        Rows that could not be fooled, or are wrong without an attack, are as they were.

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
    epsilon = np.broadcast_to(ball.epsilon[0], points.shape[1:]).copy()
    for group in ball.groups:
        epsilon[group] = 0
    # Far enough to come to the bounds from anywhere, or through all the data if there are none.
    span = np.minimum(ball.high - ball.low, np.ptp(points, axis=0) + 2 * epsilon)
    moving = epsilon > 0
    reach = np.max(np.broadcast_to(span, epsilon.shape)[moving] / epsilon[moving], initial=1)
    for block in gen_batches(len(points), _BLOCK):
        perturbed[block] = _hard_label_block(
            ball.around(points[block], block),
            epsilon.astype(points.dtype),
            y[block],
            fools,
            points.dtype.type(2 * reach),
            n_queries,
            random_state,
        )
    return perturbed


def _hard_label_block(region, epsilon, y, fools, unknown, n_queries, random_state):
    """Radii are in units of epsilon; `unknown` is one beyond the bounds."""
    points = region.centre
    n_rows, n_features = points.shape
    queries = np.zeros(n_rows, dtype=int)

    def at(rows, signs, radius):
        ends = points[rows] + radius[:, np.newaxis] * epsilon * signs
        return region.select(rows).bounded(ends)

    def ask(rows, signs, radius):
        queries[rows] += 1
        return fools(at(rows, signs, radius), y[rows])

    def shorten(rows, signs, radius):
        """Radius at which the rays still fool, in a binary search that first asks at epsilon."""
        low, high, middle = np.zeros_like(radius), radius.copy(), np.ones_like(radius)
        tolerance = 0.01
        while True:
            unsure = (high > 1) & (high - low > tolerance)
            asked = np.flatnonzero(unsure & (queries[rows] < n_queries))
            if not len(asked):
                return high
            fooled = ask(rows[asked], signs[asked], middle[asked])
            high[asked[fooled]] = middle[asked[fooled]]
            low[asked[~fooled]] = middle[asked[~fooled]]
            middle = (low + high) / 2

    perturbed = points.copy()
    rows = np.flatnonzero(~fools(points, y))
    signs = np.ones_like(points)
    while True:
        radius = np.full(n_rows, unknown)
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


def zero_gradient_share(gradient):
    """Share of the rows of a gradient that are zero in every feature: no attack can follow them.

    Parameters
    ----------
    gradient : ndarray of shape (n_samples, n_features)

    Returns
    -------
    share : float
        In [0, 1].
    """
    return float(np.mean(~gradient.any(axis=1)))
