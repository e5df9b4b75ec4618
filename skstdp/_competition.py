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


@kernel
def _silence_losers(scores, association, sign, count, share, contestants):
    for s in range(scores.shape[0]):
        n = 0
        for j in range(scores.shape[1]):
            if association[s, j] * sign > 0:
                contestants[n] = scores[s, j]
                n += 1
        n_winners = count if count > 0 else max(1, int(np.ceil(share * n)))
        if n_winners >= n:
            continue
        least = _largest(contestants, n, n_winners)
        for j in range(scores.shape[1]):
            if association[s, j] * sign > 0 and scores[s, j] < least:
                association[s, j] = 0


class Competition:
    """Choice of the units that learn, with a memory of who won.

    Parameters
    ----------
    positive_winners, negative_winners : int or float
        Number, or share, of the winners among the units that are associated positively and
        negatively with the class of a sample. 1.0 lets all of them learn.
    handicap : float
        What a unit that always wins loses of its score, in rate units.
    win_rates : list of ndarrays of shape (n_post,)
        Running share of the samples that each unit of each hidden layer won among the
        positively associated; updated in place.
    """

    def __init__(self, positive_winners, negative_winners, handicap, win_rates):
        self.contests = [
            (sign, winners)
            for sign, winners in ((1, positive_winners), (-1, negative_winners))
            if isinstance(winners, Integral) or winners < 1
        ]
        self.handicap = handicap
        self.win_rates = win_rates

    def silence_losers(self, layer, post, association):
        """Set the association of the units that lose to zero, in place.

        Parameters
        ----------
        layer : int
            Index of the hidden layer.
        post : ndarray of shape (n_samples, n_post)
            Rates of its units.
        association : ndarray of shape (n_samples, n_post)
            Their associations times the weights of the samples, which sum to one.
        """
        if not self.contests:
            return
        scores = post
        if self.handicap:
            scores = post - (self.handicap * self.win_rates[layer]).astype(post.dtype)
        contestants = np.empty(post.shape[1], post.dtype)
        for sign, winners in self.contests:
            count, share = (int(winners), 1.0) if isinstance(winners, Integral) else (0, winners)
            _silence_losers(scores, association, sign, count, share, contestants)
        if self.handicap:
            won = association.clip(min=0).sum(axis=0)
            self.win_rates[layer] += _MEMORY * (won - self.win_rates[layer])
