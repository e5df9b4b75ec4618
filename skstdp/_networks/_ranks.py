"""From rates to ranks among the training rates, in [0, 1].

Values that are rare in the data lie close together as ranks, and outliers beside all others; where
many samples lie, ranks tell them apart. A map is piecewise linear and grows with the rate, so
attacks go through it.

rates : ndarray of shape (n_samples, n_features), in [0, 1].
knots : ndarray of shape (2, n_knots, n_features), float64. Rates and the ranks of these. Features
    with fewer knots repeat the last one. Without knots rates are their own ranks.
"""

import numpy as np

_MOST_KNOTS = 33


def no_knots(n_features):
    """Knots of features whose rates are their own ranks."""
    return np.empty((2, 0, n_features))


def fit_knots(rates, weight, n_steps):
    """Knots of each feature, and number of steps between its least and its greatest value.

    The rank of a value is the weight of the samples below it and half of that of those that have
    it, scaled to [0, 1]. A feature with few values has a step between each and the next one, of
    equal height. Where all features have some of 33 evenly spaced values each, such as the grey
    levels of an image, these stay evenly spaced.

    Parameters
    ----------
    rates : ndarray of shape (n_samples, n_features)
        Of training samples.
    weight : ndarray of shape (n_samples,)
        Weights of the samples.
    n_steps : int
        Largest number of steps per feature.

    Returns
    -------
    knots : ndarray of shape (2, n_knots, n_features)
        Where a rate is one of more than 33 different ones, the ranks of some are interpolated.
    steps : ndarray of shape (n_features,), dtype int
        From 1 to `n_steps`.
    """
    columns = [np.unique(column, return_inverse=True) for column in rates.T]
    levels = all(_are_levels(values) for values, _ in columns)
    of_features = [_feature_knots(*column, weight, n_steps, levels) for column in columns]
    steps = np.array([n for _, n in of_features])
    most = max(len(values) for (values, _), _ in of_features)
    knots = [np.pad(pair, ((0, 0), (0, most - pair.shape[1])), "edge") for pair, _ in of_features]
    return np.stack(knots, axis=2), steps


def _feature_knots(values, of_value, weight, n_steps, levels):
    if len(values) == 1:
        return np.array([[0.0, 1.0], [0.0, 1.0]]), 1
    if len(values) <= n_steps + 1:
        return np.stack([values, np.linspace(0, 1, len(values))]), len(values) - 1
    if levels:
        return np.stack([values[[0, -1]], [0.0, 1.0]]), n_steps
    weights = np.bincount(of_value, weight)
    ranks = np.cumsum(weights) - weights / 2
    ranks = (ranks - ranks[0]) / (ranks[-1] - ranks[0])
    if len(values) > _MOST_KNOTS:
        evenly = np.searchsorted(ranks, np.linspace(0, 1, _MOST_KNOTS))
        chosen = np.unique(evenly)
        values, ranks = values[chosen], ranks[chosen]
    return np.stack([values, ranks]), n_steps


def _are_levels(values):
    """True if values are some of a few evenly spaced ones."""
    if len(values) == 1:
        return True
    step, climbed = np.diff(values).min(), values - values[0]
    if climbed[-1] > (_MOST_KNOTS - 0.5) * step:
        return False
    return np.allclose(climbed / step, np.round(climbed / step), rtol=0, atol=1e-3)


def ranks(rates, knots):
    """Ranks of rates, of the dtype of these; at most those of the outermost knots."""
    if not knots.shape[1]:
        return rates
    ranked = np.empty_like(rates)
    for feature, (values, of_values) in enumerate(knots.transpose(2, 0, 1)):
        ranked[:, feature] = np.interp(rates[:, feature], values, of_values)
    return ranked


def slopes(rates, knots):
    """Slopes of ranks at rates; at a knot, that above it, and at the last one that below it.

    Outside the knots ranks do not change; the slopes are those of the nearest piece, so that an
    attack that starts there finds the way back.
    """
    slopes = np.ones_like(rates)
    if not knots.shape[1]:
        return slopes
    values, of_values = knots.transpose(0, 2, 1)
    widths = np.diff(values)
    last = np.count_nonzero(widths, axis=1) - 1
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        of_pieces = np.diff(of_values) / widths
    # Beside an outlier of the size of the largest number, products with steeper ones overflow.
    of_pieces = np.minimum(of_pieces, np.sqrt(np.finfo(rates.dtype).max))
    for feature, column in enumerate(rates.T):
        piece = np.searchsorted(values[feature], column, side="right") - 1
        slopes[:, feature] = of_pieces[feature, np.clip(piece, 0, last[feature])]
    return slopes
