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


def margins_against(scores, y, rivals):
    """Score of the true class minus that of one other per sample, and the derivative.

    `rivals`, of shape (n_samples,) and dtype intp, are class indices other than those in `y`.
    What is returned is as in `margins_and_cotangent`.
    """
    rows = np.arange(len(y))
    cotangent = np.zeros_like(scores)
    cotangent[rows, y] = 1
    cotangent[rows, rivals] = -1
    return scores[rows, y] - scores[rows, rivals], cotangent


def dlr_against(scores, y, rivals):
    """Targeted difference of logits ratio [1]_, and its derivative times its denominator.

    With z_1 >= z_2 >= ... the sorted scores, y the true class and t the rival,

        loss = (z_y - z_t) / (z_1 - (z_3 + z_4) / 2)

    which no positive factor and no constant in the scores changes. It is the negative of the
    paper's, to be lowered. Of three classes the denominator is z_1 - (z_2 + z_3) / 2: with z_1 -
    z_3 the loss would be a constant, 1, wherever the rival is the last. Two classes need
    `margins_against`.

    Parameters
    ----------
    scores : ndarray of shape (n_samples, n_classes)
        Of three classes or more.
    y, rivals : ndarrays of shape (n_samples,), dtype intp
        Class indices, different in each row.

    Returns
    -------
    losses : ndarray of shape (n_samples,)
        Negative where the rival has a larger score than the true class. 0 where all scores are
        equal.
    cotangent : ndarray of shape (n_samples, n_classes)
        A positive multiple of the derivative by the scores, row by row.

    References
    ----------
    .. [1] F. Croce, M. Hein, "Reliable evaluation of adversarial robustness with an ensemble of
           diverse parameter-free attacks", arXiv:2003.01690, 2020.
    """
    rows = np.arange(len(y))
    falling = np.argsort(-scores, axis=1)
    first = falling[:, 0]
    lower = falling[:, 2:4] if scores.shape[1] > 3 else falling[:, 1:3]
    spread = scores[rows, first] - (scores[rows, lower[:, 0]] + scores[rows, lower[:, 1]]) / 2
    margins, cotangent = margins_against(scores, y, rivals)
    losses = margins / np.where(spread > 0, spread, 1)
    cotangent[rows, first] -= losses
    for column in lower.T:
        cotangent[rows, column] += losses / 2
    return losses, cotangent


def zero_gradient_share(gradient):
    """Share of rows of a gradient that are zero in every feature, which no attack can follow."""
    return float(np.mean(~gradient.any(axis=1)))
