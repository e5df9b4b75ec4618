"""Lateral competition: of the units of a hidden layer, only the winners of a sample learn.

Under the rule alone all units of one association become copies of each other. Inhibition
between the units of a layer makes them differ, and nothing comes from above: a unit's score is
its own rate, less a handicap for winning often. A layer whose units agree clearly enough on a
sample does not learn from it at all.

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
def _silence_side(scores, association, sign, winners, contestants):
    """Silence the losers of one sample on one side; the sum of what the winners have."""
    count, share, root = winners
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
        n_winners = int(np.ceil(root * np.sqrt(n)))
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
def _compete(scores, association, positive, negative):
    contestants = np.zeros(scores.shape[1], scores.dtype)
    for s in range(scores.shape[0]):
        gain = _silence_side(scores[s], association[s], 1, positive, contestants)
        loss = _silence_side(scores[s], association[s], -1, negative, contestants)
        if gain > 0 and loss < 0:
            for j in range(scores.shape[1]):
                if association[s, j] < 0:
                    association[s, j] *= -gain / loss


@kernel
def _leads(post, association, leads):
    for s in range(post.shape[0]):
        right = wrong = -1.0
        for j in range(post.shape[1]):
            if association[s, j] > 0:
                right = max(right, post[s, j])
            elif association[s, j] < 0:
                wrong = max(wrong, post[s, j])
        if right < 0:
            right = 1 - wrong
        elif wrong < 0:
            wrong = 1 - right
        leads[s] = right - wrong


_ROOTS = {"sqrt": 1.0, "half-sqrt": 0.5}


def _count_share_root(winners):
    if winners in _ROOTS:
        return 0, 0.0, _ROOTS[winners]
    return (int(winners), 1.0, 0.0) if isinstance(winners, Integral) else (0, float(winners), 0.0)


_EVERYBODY = _count_share_root(1.0)


class Competition:
    """Choice of the units that learn, with a memory of who won.

    Parameters
    ----------
    positive_winners, negative_winners : int, float, "sqrt" or "half-sqrt"
        Number, or share, of the winners among the units that are associated positively and
        negatively with the class of a sample, or the root of the number of these units, or half
        of that. 1.0 for both lets all units learn.
    handicap : float
        What a unit that always wins loses of its score, in rate units.
    margin : float or None
        Lead, in rate units, of the most active positively associated unit over the most active
        negatively associated one from which on a layer does not learn from a sample. None lets it
        learn from all.
    win_rates : list of ndarrays of shape (n_post,)
        Running share of the samples that each unit of each hidden layer won among the
        positively associated; updated in place.
    """

    def __init__(self, positive_winners, negative_winners, handicap, margin, win_rates):
        self.winners = _count_share_root(positive_winners), _count_share_root(negative_winners)
        self.handicap = handicap
        self.margin = margin
        self.win_rates = win_rates

    def choose_learners(self, layer, post, association):
        """Set the association of the units that do not learn to zero, in place.

        Those of the winners are balanced: the negative ones of each sample are scaled to the
        sum of its positive ones, as all associations of a layer are without competition.
        The output layer, which comes after those that have win rates, has no winners: each of
        its units is needed.

        Parameters
        ----------
        layer : int
            Index of the layer, 0 for the first hidden one.
        post : ndarray of shape (n_samples, n_post)
            Rates of its units.
        association : ndarray of shape (n_samples, n_post)
            Their associations times the weights of the samples, which sum to one.
        """
        if self.margin is not None:
            leads = np.empty(len(post), post.dtype)
            _leads(post, association, leads)
        if layer < len(self.win_rates) and self.winners != (_EVERYBODY, _EVERYBODY):
            self._silence_losers(layer, post, association)
        if self.margin is not None:
            association[leads >= self.margin] = 0

    def _silence_losers(self, layer, post, association):
        scores = post
        if self.handicap:
            scores = post - (self.handicap * self.win_rates[layer]).astype(post.dtype)
        _compete(scores, association, *self.winners)
        if self.handicap:
            won = association.clip(min=0).sum(axis=0)
            self.win_rates[layer] += _MEMORY * (won - self.win_rates[layer])
