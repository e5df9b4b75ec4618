"""Exhaustive search on small trees: all cells of the thresholds, by `predict` alone."""

from itertools import product

import numpy as np

ORDERS = {"linf": np.inf, "l2": 2, "l1": 1}


def wrong(model, points, label):
    """Determine which points are given another class."""
    return model.predict(points) != label


def wrong_or_tied(model, points, label):
    """Determine at which points the probability of another class is as large, up to rounding."""
    proba = model.predict_proba(points)
    others = proba[:, model.classes_ != label].max(axis=1)
    return proba[:, model.classes_ == label][:, 0] <= others + 1e-12


def fooled(model, points, y, thresholds, ball, fails=wrong):
    """True for each sample for which some point of its ball is given another class.

    Parameters
    ----------
    model : classifier
        Its `predict` compares each value, as float32, with thresholds.
    points : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,)
        Labels.
    thresholds : list of ndarrays, one per feature
        Of all trees of the model.
    ball : Ball
    fails : callable, default=wrong
        What is looked for, a function of the model, points and a label.
    """
    groups = [list(group) for group in ball.groups]
    alone = sorted(set(range(points.shape[1])).difference(*groups))
    whole = np.zeros(points.shape[1], bool) if ball.whole is None else ball.whole
    found = []
    for x, label in zip(points, y, strict=True):
        choices = []
        for j in alone:
            if whole[j]:
                choices.append(x[j] + np.arange(-5, 6))
            else:
                ends = [end for t in thresholds[j] for end in _sides(t, points.dtype)]
                choices.append([x[j], *ends])
        choices += [range(len(group)) for group in groups]
        candidates = np.array(list(product(*choices)), dtype=points.dtype)
        moved = np.empty((len(candidates), len(x)), dtype=points.dtype)
        moved[:, alone] = candidates[:, : len(alone)]
        for k, group in enumerate(groups):
            moved[:, group] = np.eye(len(group))[candidates[:, len(alone) + k].astype(int)]
        moved = moved[inside(ball, x, moved)]
        found.append(bool(len(moved)) and bool(fails(model, moved, label).any()))
    return np.array(found)


def inside(ball, x, moved, tolerance=1e-6):
    """Determine which points are in the ball around x and within the bounds."""
    epsilon = np.broadcast_to(ball.epsilon[0], x.shape)
    difference = moved - x
    stays = (difference[:, epsilon == 0] == 0).all(axis=1)
    units = difference[:, epsilon > 0] / epsilon[epsilon > 0]
    size = np.linalg.norm(units.astype(float), ORDERS[ball.norm], axis=1)
    bounded = ((moved >= ball.low) & (moved <= ball.high)).all(axis=1)
    one_hot = np.ones(len(moved), dtype=bool)
    for group in ball.groups:
        one_hot &= (np.sort(moved[:, group], axis=1) == np.eye(len(group))[-1]).all(axis=1)
    if ball.whole is not None:
        one_hot &= (difference[:, ball.whole] == np.rint(difference[:, ball.whole])).all(axis=1)
    return stays & bounded & one_hot & (size <= 1 + tolerance)


def _sides(threshold, dtype):
    """The largest value that goes to the left and the smallest that goes to the right."""
    low, high = dtype.type(threshold - 1), dtype.type(threshold + 1)
    while np.nextafter(low, high) < high:
        middle = low + (high - low) / 2
        if np.float32(middle) <= threshold:
            low = middle
        else:
            high = middle
    return low, high
