"""Margins of class scores, which attacks lower, and whether their gradient can be followed."""

import numpy as np


def margins_and_cotangent(scores, y):
    """Score of the true class minus the largest other, and the derivative by the scores.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
    y : ndarray of shape (n_samples,), dtype intp
        Class index of each sample.

    Returns
    -------
    margins : ndarray of shape (n_samples,)
        Negative where another class has the largest score.
    cotangent : ndarray of shape (n_samples, n_classes)
        1 for the true class, -1 for the largest other.
    """
    rows = np.arange(len(y))
    others = scores.copy()
    others[rows, y] = -np.inf
    rival = others.argmax(axis=1)
    cotangent = np.zeros_like(scores)
    cotangent[rows, y] = 1
    cotangent[rows, rival] = -1
    return scores[rows, y] - scores[rows, rival], cotangent


def zero_gradient_share(gradient):
    """Share of rows of a gradient that are zero in every feature, which no attack can follow."""
    return float(np.mean(~gradient.any(axis=1)))
