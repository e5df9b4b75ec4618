"""Votes, and how sure they are: scores that several members of an estimator give together."""

import numpy as np
from scipy.special import logsumexp

from ._scaled_rows import add_rows


def pair_signs(n_classes):
    """One row a pair of classes i < j, in scikit-learn's order: -1 for i and 1 for j."""
    pairs = [(i, j) for i in range(n_classes) for j in range(i + 1, n_classes)]
    signs = np.zeros((len(pairs), n_classes))
    for row, (i, j) in enumerate(pairs):
        signs[row, i], signs[row, j] = -1, 1
    return signs


def scores_of_votes(votes, certainty):
    """Class scores: votes, and below a third of a vote how sure they are.

        votes + certainty / (3 (|certainty| + 1))

    The votes are constant almost everywhere. The gradient is that of the rest.

    Parameters
    ----------
    votes, certainty : ndarray of shape (n_samples, n_classes)

    Returns
    -------
    scores : ndarray of shape (n_samples, n_classes)
    through : callable
        From a cotangent of the scores to one of the certainty.
    """
    size = np.abs(certainty) + 1
    return votes + certainty / (3 * size), lambda cotangent: cotangent.through(
        lambda values: values / (3 * size**2)
    )


def scores_of_pairs(second_wins, confidences):
    """Class scores of one decision a pair of classes, as `decision_function_shape="ovr"` has it.

    Parameters
    ----------
    second_wins : ndarray of shape (n_samples, n_pairs), dtype bool
        Which class of each pair has its vote.
    confidences : ndarray of shape (n_samples, n_pairs)
        How much speaks for the second.

    Returns
    -------
    scores : ndarray of shape (n_samples, n_classes)
    through : callable
        From a cotangent of the scores to one of the confidences.
    """
    n_classes = (1 + round(np.sqrt(1 + 8 * confidences.shape[1]))) // 2
    signs = pair_signs(n_classes)
    votes = (second_wins - 0.5) @ signs + (n_classes - 1) / 2
    scores, through = scores_of_votes(votes, confidences @ signs)
    return scores, lambda cotangent: through(cotangent).through(lambda values: values @ signs.T)


def mean_log_proba(members, weights):
    """Logarithm of the mean of the members' probabilities.

    It grows with the mean itself, and it does not round to one value where that is near 0.

    Parameters
    ----------
    members : list of (log_proba, pull)
        Each of shape (n_samples, n_classes), with its way back to X.
    weights : list of float
        One a member, >= 0 and not all zero.

    Returns
    -------
    log_proba : ndarray of shape (n_samples, n_classes)
    pull : callable
        From a cotangent to the gradient with respect to X.
    """
    members, weights = zip(
        *[pair for pair in zip(members, weights, strict=True) if pair[1] > 0], strict=True
    )
    logs = np.array([log_proba for log_proba, _ in members])
    weighted = logs + np.log(weights)[:, np.newaxis, np.newaxis]
    total = logsumexp(weighted, axis=0)
    shares = np.exp(weighted - total)

    def pull(cotangent):
        return add_rows(
            [
                back(cotangent.through(lambda values, share=share: values * share))
                for share, (_, back) in zip(shares, members, strict=True)
            ]
        )

    return total - np.log(np.sum(weights)), pull


def hard_votes(members, weights):
    """Class scores of members that vote for the class of their own largest score.

    Parameters
    ----------
    members : list of (scores, pull)
        Class scores of shape (n_samples, n_classes), with their way back to X.
    weights : list of float
        Votes of each.

    Returns
    -------
    scores : ndarray of shape (n_samples, n_classes)
    pull : callable
        From a cotangent to the gradient with respect to X.
    """
    votes = sum(
        weight * (scores.argmax(axis=1)[:, np.newaxis] == np.arange(scores.shape[1]))
        for weight, (scores, _) in zip(weights, members, strict=True)
    )
    certainty = sum(
        weight * (scores - scores.mean(axis=1, keepdims=True))
        for weight, (scores, _) in zip(weights, members, strict=True)
    )
    total, through = scores_of_votes(votes, certainty)

    def pull(cotangent):
        inner = through(cotangent).through(
            lambda values: values - values.mean(axis=1, keepdims=True)
        )
        return add_rows(
            [
                back(inner.through(lambda values, weight=weight: weight * values))
                for weight, (_, back) in zip(weights, members, strict=True)
            ]
        )

    return total, pull
