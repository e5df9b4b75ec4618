"""A cheap second attack on a few of the samples that withstood the first one."""

import numpy as np

# Rows that are looked at, and other samples that they are moved to.
_N_ROWS, _N_OTHERS = 32, 100
# Steps of PGD after one step, and after many along slopes of these temperatures.
_FEW_STEPS, _STEPS, _TEMPERATURES = 3, 10, (4, 16)
# Where less of a step still leads down at its end, one step may have gone past what it sought.
_STRAIGHT = 0.8


def after_one_step(problem, attacked, stands):
    """Look at samples that `fgsm` leaves standing.

    A sample of another class in the ball of one is an adversarial example if `predict` agrees.
    PGD takes a few steps where the gradient at the end of the step is another one.

    Parameters
    ----------
    problem : AttackProblem
    attacked : ndarray of shape (n_samples, n_features)
        Points of the first attack.
    stands : ndarray of shape (n_samples,), dtype bool
        Whether `predict` gives the true class there.

    Returns
    -------
    fooled : ndarray of shape (n_rows,), dtype bool
        Of evenly chosen rows that stand, those that are fooled in their balls after all.
    """
    rows, others = _some(np.flatnonzero(stands)), _some(np.arange(len(stands)), _N_OTHERS)
    part = problem.select(rows)
    nearest, inside = _nearest(
        part, problem.points[others], problem.y[rows, np.newaxis] != problem.y[others]
    )
    fooled = np.zeros(len(rows), dtype=bool)
    if inside.any():
        fooled = inside & part.is_adversarial(nearest)
    if not fooled.all() and _is_bent(part, attacked[rows]):
        fooled |= part.is_adversarial(part.pgd(_FEW_STEPS, 1, None, 0))
    return fooled


def after_many_steps(problem, stands):
    """Look at samples that PGD leaves standing, as in `after_one_step`.

    Each goes to the nearest sample that is predicted otherwise, as near as its ball allows, and
    then along softened slopes, which see through saturated units.
    """
    rows = _some(np.flatnonzero(stands))
    part = problem.select(rows)
    others = problem.select(_some(np.arange(len(stands)), _N_OTHERS))
    labels = problem.target.estimator.classes_
    otherwise = labels[problem.y[rows], np.newaxis] != others.predict(others.points)
    nearest, inside = _nearest(part, others.points, otherwise)
    balls = part.ball.around(part.points)
    # Categories stay as they are.
    towards = balls.round_integers(balls.project(balls.with_groups_of(part.points, nearest)))
    fooled = part.is_adversarial(np.where(inside[:, np.newaxis], nearest, towards))
    for temperature in _TEMPERATURES if problem.target.softens() else ():
        if not fooled.all():
            soft = part.softened(temperature).pgd(_STEPS, 1, None, 0)
            fooled |= part.is_adversarial(soft)
    return fooled


def _is_bent(part, attacked):
    """Determine whether a step would not have gone on as it did, by the gradient at its end."""
    moved = attacked - part.points
    terms = moved * part.gradient(attacked, part._rows)
    total = np.abs(terms).sum(axis=1)
    downhill = np.divide(-terms.sum(axis=1), total, out=np.zeros_like(total), where=total > 0)
    return downhill.mean() < _STRAIGHT


def _nearest(part, others, allowed):
    """Nearest allowed one of other samples to each, and whether it lies in the ball.

    Nearest is by Euclidean distance in units of epsilon, in the columns that may move.

    Parameters
    ----------
    part : AttackProblem
    others : ndarray of shape (n_others, n_features)
    allowed : ndarray of shape (n_rows, n_others), dtype bool

    Returns
    -------
    nearest : ndarray of shape (n_rows, n_features)
        With what cannot move as it is in the rows.
    inside : ndarray of shape (n_rows,), dtype bool
    """
    moves = part.ball.epsilon[0] > 0
    units = part.ball.epsilon[0, moves]
    ours, theirs = part.points[:, moves] / units, others[:, moves] / units
    # Of the size of one: squares of the largest numbers are infinite.
    largest = max(np.abs(ours).max(), np.abs(theirs).max(), np.finfo(units.dtype).tiny)
    ours, theirs = ours / largest, theirs / largest
    distances = (theirs**2).sum(axis=1) - 2 * ours @ theirs.T
    distances[~allowed] = np.inf
    nearest = np.where(moves, others[distances.argmin(axis=1)], part.points)
    return nearest, part.ball.around(part.points).sizes(nearest) <= 1


def _some(rows, n=_N_ROWS):
    """At most n of the rows, evenly spaced."""
    return rows if len(rows) <= n else rows[np.linspace(0, len(rows) - 1, n).astype(int)]
