"""Adversarial perturbations. Knows arrays and functions of them, no network.

rates : ndarray of shape (n_samples, n_features), inputs in [0, 1].
y : ndarray of shape (n_samples,), true labels.
epsilon : float >= 0, how far each feature may move, in rate units.

Each attack returns, in the shape and dtype of `rates`, inputs in [0, 1] that are at most
`epsilon` away in each feature.
"""

import numpy as np
from sklearn.utils import check_random_state, gen_batches

# Rows that are attacked at a time: few enough that their points stay in the cache.
_BLOCK = 512


def fgsm(rates, y, margin_gradient, epsilon):
    """Fast gradient sign attack in the box [0, 1].

        x' = clip(x - epsilon * sign(gradient of the margin), 0, 1)

    Parameters
    ----------
    rates, y, epsilon
        As in the module.
    margin_gradient : callable
        `margin_gradient(rates, y)` returns, in the shape of `rates`, the gradient of the logit of
        the true class minus the largest other; its scale does not matter.

    Returns
    -------
    perturbed : ndarray of shape (n_samples, n_features)
    """
    step = rates.dtype.type(epsilon) * np.sign(margin_gradient(rates, y))
    return np.clip(rates - step, 0, 1)


def random_signs(rates, epsilon, random_state):
    """Each feature moved by `epsilon`, up or down at random: the control without gradient.

    Parameters
    ----------
    rates, epsilon
        As in the module.
    random_state : int, RandomState instance or None
        Draws the signs.

    Returns
    -------
    perturbed : ndarray of shape (n_samples, n_features)
    """
    signs = _draw_signs(check_random_state(random_state), rates.shape, rates.dtype)
    return np.clip(rates + rates.dtype.type(epsilon) * signs, 0, 1)


def _draw_signs(random_state, shape, dtype):
    return (2 * random_state.randint(2, size=shape) - 1).astype(dtype)


def pgd(
    rates,
    y,
    margin_and_gradient,
    epsilon,
    n_steps,
    n_restarts,
    step,
    random_state,
    *,
    until_fooled=True,
):
    """Projected gradient descent on the margin, from several starts.

        x' = clip(x' - step * sign(gradient of the margin), box of x), n_steps times

    The first start is the rate itself, the others are uniform in its box: what is within
    `epsilon` and within [0, 1]. Of all points on the way, and of the one that `fgsm` gives, the
    one of smallest margin is kept, so that the attack is never weaker than `fgsm`.

    Parameters
    ----------
    rates, y, epsilon
        As in the module.
    margin_and_gradient : callable
        `margin_and_gradient(rates, y)` returns the margins, of shape (n_samples,), negative only
        where the decision is wrong, and their gradient, whose scale does not matter.
    n_steps, n_restarts : int
        Steps from each start and number of starts, >= 1.
    step : float
        Length of a step in each feature, in rate units, > 0.
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
    perturbed = rates.copy()
    if epsilon == 0:
        return perturbed
    for block in gen_batches(len(rates), _BLOCK):
        perturbed[block] = _pgd_block(
            rates[block],
            y[block],
            margin_and_gradient,
            rates.dtype.type(epsilon),
            n_steps,
            n_restarts,
            rates.dtype.type(step),
            random_state,
            until_fooled,
        )
    return perturbed


def _pgd_block(
    rates, y, margin_and_gradient, epsilon, n_steps, n_restarts, step, random_state, until_fooled
):
    best, smallest = rates.copy(), np.full(len(rates), np.inf)

    def visit(rows, points):
        margins, gradient = margin_and_gradient(points, y[rows])
        smaller = margins < smallest[rows]
        best[rows[smaller]], smallest[rows[smaller]] = points[smaller], margins[smaller]
        return np.sign(gradient)

    rows = np.arange(len(rates))
    fgsm_point = [(1, epsilon, False)]
    descents = [(n_steps, step, restart > 0) for restart in range(n_restarts)]
    for n_moves, length, from_random in fgsm_point + descents:
        points = rates[rows]
        low, high = np.maximum(points - epsilon, 0), np.minimum(points + epsilon, 1)
        if from_random:
            points = low + (high - low) * random_state.uniform(size=low.shape).astype(low.dtype)
        for _ in range(n_moves + 1):
            uphill = visit(rows, points)
            if until_fooled:
                stands = smallest[rows] >= 0
                if not stands.any():
                    return best
                if not stands.all():
                    rows, points, uphill = rows[stands], points[stands], uphill[stands]
                    low, high = low[stands], high[stands]
            uphill *= length
            points = np.clip(points - uphill, low, high)
    return best


def hard_label(rates, y, predict, epsilon, n_queries, random_state):
    """Attack that sees predicted labels only: RayS, a search for the direction to go.

    For each row, a vector of signs says which corner of the box [0, 1] the ray from the row
    goes to, and its radius is how far one must go along it to change the decision. The signs of
    a block of features are flipped together and stay so if that shortens the radius; the blocks
    are all features, then halves, quarters, down to single ones. One query tells whether a flip
    can be of use, and only then a binary search finds the new radius. It needs no gradient, so
    a gradient that vanishes or misleads cannot hide a point from it.

    Unlike the paper's, the search ends as soon as the radius is within `epsilon`, and when all
    blocks were tried it starts anew from random signs.

    Parameters
    ----------
    rates, y, epsilon
        As in the module.
    predict : callable
        `predict(rates)` returns the labels, of shape (n_samples,).
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
    perturbed = rates.copy()
    if epsilon == 0:
        return perturbed
    for block in gen_batches(len(rates), _BLOCK):
        perturbed[block] = _hard_label_block(
            rates[block], y[block], predict, rates.dtype.type(epsilon), n_queries, random_state
        )
    return perturbed


def _hard_label_block(rates, y, predict, epsilon, n_queries, random_state):
    n_rows, n_features = rates.shape
    queries = np.zeros(n_rows, dtype=int)

    def at(rows, signs, radius):
        return np.clip(rates[rows] + radius[:, np.newaxis] * signs, 0, 1)

    def fools(rows, signs, radius):
        queries[rows] += 1
        return predict(at(rows, signs, radius)) != y[rows]

    def shorten(rows, signs, radius):
        """Radius at which the rays still fool, in a binary search that first asks at epsilon."""
        low, high, middle = np.zeros_like(radius), radius.copy(), np.full_like(radius, epsilon)
        tolerance = epsilon / 100
        while True:
            unsure = (high > epsilon) & (high - low > tolerance)
            asked = np.flatnonzero(unsure & (queries[rows] < n_queries))
            if not len(asked):
                return high
            fooled = fools(rows[asked], signs[asked], middle[asked])
            high[asked[fooled]] = middle[asked[fooled]]
            low[asked[~fooled]] = middle[asked[~fooled]]
            middle = (low + high) / 2

    perturbed = rates.copy()
    # A ray of length 1 ends in its corner, wherever it starts.
    epsilon = min(epsilon, rates.dtype.type(1))
    unknown = rates.dtype.type(2)
    rows = np.flatnonzero(predict(rates) == y)
    signs = np.ones_like(rates)
    while True:
        radius = np.full(n_rows, unknown)
        for flipped in _blocks_to_flip(n_features):
            rows = rows[(radius[rows] > epsilon) & (queries[rows] < n_queries)]
            if not len(rows):
                return perturbed
            trial = signs[rows]
            trial[:, flipped] *= -1
            still = fools(rows, trial, radius[rows])
            chosen, trial = rows[still], trial[still]
            signs[chosen], radius[chosen] = trial, shorten(chosen, trial, radius[chosen])
            done = radius[chosen] <= epsilon
            perturbed[chosen[done]] = at(chosen[done], trial[done], radius[chosen[done]])
        signs = _draw_signs(random_state, rates.shape, rates.dtype)


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
