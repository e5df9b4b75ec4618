"""Attacks that follow a gradient. They know arrays and functions of them, no estimator.

points : ndarray of shape (n_samples, n_features), the samples.
y : ndarray of shape (n_samples,), handed on to the functions as it is, row by row.
ball : Ball, the points that may be reached. A float stands for the ball of the maximum norm of
    that radius within [0, 1].
random_state : int, RandomState instance or None.

Each attack returns, in the shape and dtype of `points`, points of the ball around each. Gradients
have the shape of `points`, and their scale does not matter.
"""

import numpy as np
from sklearn.utils import check_random_state, gen_batches

from ._norm_balls import as_ball

# Rows that are attacked at a time: few enough that their points stay in the cache.
BLOCK_SIZE = 512


def fgsm(points, y, margin_gradient, ball):
    """Fast gradient sign attack: the point of the ball where the linearised margin is smallest.

    In the maximum norm that is

        x' = clip(x - epsilon * sign(gradient of the margin), bounds)

    `margin_gradient(points, y)` returns the gradient of the margin that the attack lowers.
    """
    ball = as_ball(ball)
    if not ball.epsilon.any():
        return points.copy()
    balls = ball.around(points)
    return balls.round_integers(balls.steepest_step(points, margin_gradient(points, y), 1))


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
    early_stop=True,
):
    """Projected gradient descent on the margin, from several starts.

    The first start is the sample itself, the others are drawn from the ball. Of all points on the
    way, and of the one that `fgsm` gives, the one of smallest margin is kept, so that the attack
    is never weaker than `fgsm`.

    Parameters
    ----------
    margins_and_gradient : callable
        `margins_and_gradient(points, y)` returns the margins, of shape (n_samples,), negative
        only where the attack has succeeded, and their gradient.
    n_steps, n_restarts : int
        Steps from each start and number of starts, >= 1.
    step : float
        Length of a step as a share of epsilon, > 0.
    early_stop : bool, default=True
        Whether a row is left alone as soon as its margin is negative. Points that are to succeed
        against another network too have to go on.
    """
    random_state = check_random_state(random_state)
    ball = as_ball(ball)
    perturbed = points.copy()
    if not ball.epsilon.any():
        return perturbed
    # Of each descent the number of steps, their length, and whether it starts at random; the
    # first is that of `fgsm`.
    descents = [(1, 1, False)] + [(n_steps, step, k > 0) for k in range(n_restarts)]
    for block in gen_batches(len(points), BLOCK_SIZE):
        balls = ball.around(points[block], block)
        perturbed[block] = _descend(
            balls, y[block], margins_and_gradient, descents, random_state, early_stop
        )
    return perturbed


def _descend(balls, y, margins_and_gradient, descents, random_state, early_stop):
    """Points of smallest margin that some rows come to."""
    best, smallest = balls.centre.copy(), np.full(len(balls.centre), np.inf)

    def visit(rows, points):
        margins, gradient = margins_and_gradient(points, y[rows])
        smaller = margins < smallest[rows]
        best[rows[smaller]], smallest[rows[smaller]] = points[smaller], margins[smaller]
        return gradient

    rows = np.arange(len(best))
    for n_steps, step, from_random in descents:
        points = balls.random_start(random_state) if from_random else balls.centre
        for _ in range(n_steps + 1):
            # Whole numbers: the margin counts where they are whole, the way goes on from between.
            gradient = visit(rows, balls.round_integers(points))
            if early_stop:
                stands = smallest[rows] >= 0
                if not stands.any():
                    return best
                if not stands.all():
                    rows, points, gradient = rows[stands], points[stands], gradient[stands]
                    balls = balls.select(stands)
            points = balls.steepest_step(points, gradient, step)
    return best
