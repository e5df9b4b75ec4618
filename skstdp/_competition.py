"""Lateral competition: of the units of a hidden layer, only the winners of a sample learn.

Under the rule alone all units of one association become copies of each other. Inhibition
between the units of a layer makes them differ, and nothing comes from above: a unit's score is
its own rate, less a handicap for winning often.

Shapes and dtypes are those of `_stdp`.
"""

from numbers import Integral

import numpy as np

from ._jit import inlined, kernel

# Share of a batch in the running win rate: it remembers about twenty batches.
_MEMORY = 0.05


@inlined
def _largest(values, n, rank):
    """The value of the given rank, 1 for the largest, among the first n; reorders them."""
    low, high, place = 0, n - 1, rank - 1
    while low < high:
        pivot = values[place]
        i, j = low, high
        while i <= j:
            while values[i] > pivot:
                i += 1
            while values[j] < pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if j < place:
            low = i
        if place < i:
            high = j
    return values[place]


@inlined
def _silence_side(scores, association, sign, count, share, contestants):
    """Silence the losers of one sample on one side; the sum of what the winners have."""
    n = 0
    total = contestants[0] * 0
    for j in range(scores.shape[0]):
        if association[j] * sign > 0:
            contestants[n] = scores[j]
            total += association[j]
            n += 1
    if count > 0:
        n_winners = count
    elif share > 0:
        n_winners = int(np.ceil(share * n))
    else:
        n_winners = int(np.ceil(np.sqrt(n)))
    if n_winners >= n:
        return total
    least = _largest(contestants, n, n_winners)
    total = contestants[0] * 0
    for j in range(scores.shape[0]):
        if association[j] * sign > 0:
            if scores[j] < least:
                association[j] = 0
            else:
                total += association[j]
    return total


@kernel
def _compete(scores, association, positive_count, positive_share, negative_count, negative_share):
    contestants = np.zeros(scores.shape[1], scores.dtype)
    for s in range(scores.shape[0]):
        positive = _silence_side(
            scores[s], association[s], 1, positive_count, positive_share, contestants
        )
        negative = _silence_side(
            scores[s], association[s], -1, negative_count, negative_share, contestants
        )
        if positive > 0 and negative < 0:
            for j in range(scores.shape[1]):
                if association[s, j] < 0:
                    association[s, j] *= -positive / negative


def _count_and_share(winners):
    if winners == "sqrt":
        return 0, 0.0
    return (int(winners), 1.0) if isinstance(winners, Integral) else (0, float(winners))


class Competition:
    """Choice of the units that learn, with a memory of who won.

    Parameters
    ----------
    positive_winners, negative_winners : int, float or "sqrt"
        Number, or share, of the winners among the units that are associated positively and
        negatively with the class of a sample, or "sqrt" for the root of the number of these
        units. 1.0 for both lets all units learn.
    handicap : float
        What a unit that always wins loses of its score, in rate units.
    win_rates : list of ndarrays of shape (n_post,)
        Running share of the samples that each unit of each hidden layer won among the
        positively associated; updated in place.
    """

    def __init__(self, positive_winners, negative_winners, handicap, win_rates):
        self.winners = (*_count_and_share(positive_winners), *_count_and_share(negative_winners))
        self.is_off = self.winners == (0, 1.0, 0, 1.0)
        self.handicap = handicap
        self.win_rates = win_rates

    def silence_losers(self, layer, post, association):
        """Set the association of the units that lose to zero, in place.

        Those of the winners are balanced: the negative ones of each sample are scaled to the
        sum of its positive ones, as all associations of a layer are without competition.

        Parameters
        ----------
        layer : int
            Index of the hidden layer.
        post : ndarray of shape (n_samples, n_post)
            Rates of its units.
        association : ndarray of shape (n_samples, n_post)
            Their associations times the weights of the samples, which sum to one.
        """
        if self.is_off:
            return
        scores = post
        if self.handicap:
            scores = post - (self.handicap * self.win_rates[layer]).astype(post.dtype)
        _compete(scores, association, *self.winners)
        if self.handicap:
            won = association.clip(min=0).sum(axis=0)
            self.win_rates[layer] += _MEMORY * (won - self.win_rates[layer])
