"""Votes, and their certainty: scores that several members of an estimator give together.

A member is a pair of class scores or log probabilities, of shape (n_samples, n_classes), and their
pullback to X.
"""

import numpy as np
from scipy.special import logsumexp

from ._scaled_rows import add_rows, chain, pull_by


def pair_signs(n_classes):
    """One row per pair of classes i < j, in scikit-learn's order: -1 for i and 1 for j."""
    first, second = np.triu_indices(n_classes, 1)
    return np.eye(n_classes)[second] - np.eye(n_classes)[first]


def scores_of_votes(votes, certainty):
    """Class scores: votes, and less than a third of a vote for their certainty.

        votes + certainty / (3 (|certainty| + 1))

    The votes are constant almost everywhere. The gradient is that of the other term.

    All are of shape (n_samples, n_classes). The pullback is to the certainty.
    """
    size = np.abs(certainty) + 1
    return votes + certainty / (3 * size), pull_by(lambda values: values / (3 * size**2))


def scores_of_pairs(second_wins, confidences):
    """Class scores of one decision per pair, as `decision_function_shape="ovr"` has them.

    Parameters
    ----------
    second_wins : ndarray of shape (n_samples, n_pairs), dtype bool
        Which class of each pair has its vote.
    confidences : ndarray of shape (n_samples, n_pairs)
        Confidence in the second class, negative for the first. The pullback is to these.
    """
    n_classes = (1 + round(np.sqrt(1 + 8 * confidences.shape[1]))) // 2
    signs = pair_signs(n_classes)
    votes = (second_wins - 0.5) @ signs + (n_classes - 1) / 2
    scores, through = scores_of_votes(votes, confidences @ signs)
    return scores, chain(pull_by(lambda values: values @ signs.T), through)


def mean_log_proba(members, weights):
    """Logarithm of the mean of the members' probabilities.

    It grows with the mean itself, and it does not round to one value where that is near 0.
    Each member has a weight >= 0, not all zero.
    """
    members, weights = zip(
        *[pair for pair in zip(members, weights, strict=True) if pair[1] > 0], strict=True
    )
    logs = np.array([log_proba for log_proba, _ in members])
    weighted = logs + np.log(weights)[:, np.newaxis, np.newaxis]
    total = logsumexp(weighted, axis=0)
    shares = np.exp(weighted - total)

    return total - np.log(np.sum(weights)), _weighted_sum(members, shares)


def _weighted_sum(members, weights):
    """Pullback that sums those of the members, each of a share of the cotangent."""
    return lambda cotangent: add_rows(
        [
            pull(cotangent.through(lambda values, weight=weight: values * weight))
            for weight, (_, pull) in zip(weights, members, strict=True)
        ]
    )


def hard_votes(members, weights):
    """Class scores of members that vote, by their weights, for the class of their own largest."""
    votes = sum(
        weight * (scores.argmax(axis=1)[:, np.newaxis] == np.arange(scores.shape[1]))
        for weight, (scores, _) in zip(weights, members, strict=True)
    )
    certainty = sum(
        weight * (scores - scores.mean(axis=1, keepdims=True))
        for weight, (scores, _) in zip(weights, members, strict=True)
    )
    total, through = scores_of_votes(votes, certainty)
    centred = pull_by(lambda values: values - values.mean(axis=1, keepdims=True))
    return total, chain(_weighted_sum(members, weights), centred, through)
