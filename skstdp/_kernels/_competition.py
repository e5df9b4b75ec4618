"""Which units of a layer learn from a sample.

association : ndarray of shape (n_samples, n_units)
    Association of each unit with the class of each sample, times the weight of that sample.
    Those of the units that do not learn are set to zero.
"""

import numpy as np

from ._compiler import kernel, reordered

# Share of a batch in the running win rate: it remembers about twenty batches.
_MEMORY = 0.05

# Up to so many winners, keeping them in order is faster than splitting the contestants.
_FEW = 16


@kernel
def _in_order(values, rank):
    """The value of a rank, 1 for the largest; the values down to it are kept in order."""
    for k in range(1, values.size):
        value = values[k]
        place = min(k, rank - 1)
        if k >= rank and value <= values[place]:
            continue
        while place > 0 and values[place - 1] < value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value
    return values[rank - 1]


@kernel
def _by_splits(values, rank):
    """The same, of values that are split again and again into larger and smaller ones."""
    low, high, place = 0, values.size - 1, rank - 1
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
def _least_of_winners(values, n_winners):
    """The score that is just enough to win; the values are overwritten."""
    if n_winners >= values.size:
        return values.dtype.type(-np.inf)
    return _in_order(values, n_winners) if n_winners <= _FEW else _by_splits(values, n_winners)


@reordered
def _lead(rates, association):
    """Of the most active positively associated unit over the most active other one.

    Where no unit is on one side, it is as active as the other side is not.
    """
    of = rates.dtype.type
    right = wrong = of(-1)
    for j in range(rates.size):
        right = max(right, rates[j] if association[j] > 0 else of(-1))
        wrong = max(wrong, rates[j] if association[j] < 0 else of(-1))
    if right < 0:
        right = of(1) - wrong
    elif wrong < 0:
        wrong = of(1) - right
    return right - wrong


@reordered
def _keep_winners(scores, association, least_right, least_wrong):
    """Silence the losers of both sides; the sum of what the winners of each have."""
    zero = scores.dtype.type(0)
    gain = loss = zero
    for j in range(scores.size):
        z = association[j]
        right = z if z > 0 and scores[j] >= least_right else zero
        wrong = z if z < 0 and scores[j] >= least_wrong else zero
        association[j] = right + wrong
        gain += right
        loss += wrong
    return gain, loss


@kernel
def _silence_losers(scores, association, n_right, n_wrong, right, wrong):
    """Silence the losers of one sample, and balance what its winners have on both sides."""
    n = m = 0
    for j in range(scores.size):
        right[n] = wrong[m] = scores[j]
        n += association[j] > 0
        m += association[j] < 0
    least_right = _least_of_winners(right[:n], n_right)
    least_wrong = _least_of_winners(wrong[:m], n_wrong)
    gain, loss = _keep_winners(scores, association, least_right, least_wrong)
    if gain > 0 and loss < 0:
        balance = -gain / loss
        for j in range(scores.size):
            association[j] *= balance if association[j] < 0 else scores.dtype.type(1)


@kernel
def choose_learners(post, association, y, competes, n_winners, handicap, margin, win_rates, room):
    """Silence the units of a layer that do not learn, given the rates of this layer alone.

    Those of the winners are balanced: the negative associations of each sample are scaled to the
    sum of its positive ones, as all associations of a layer are without competition.

    Parameters
    ----------
    post : ndarray of shape (n_samples, n_units)
        Rates of the units.
    association : ndarray of shape (n_samples, n_units)
        Changed in place.
    y : ndarray of shape (n_samples,)
        Class index of each sample.
    competes : bool
        Whether there are winners in this layer.
    n_winners : ndarray of shape (2, n_classes)
        Number of winners among the units that are associated positively, and negatively, with
        each class.
    handicap : float
        What a unit that always wins loses of its score.
    margin : float
        Lead from which on a layer does not learn from a sample; infinite for no such limit.
    win_rates : ndarray of shape (n_units,)
        Running share of the samples that each unit wins; changed in place.
    room : ndarray of shape (5, n_units)
        Overwritten.
    """
    of = post.dtype.type
    n_units = post.shape[1]
    scores, right, wrong = room[0, :n_units], room[1, :n_units], room[2, :n_units]
    won, handicaps = room[3, :n_units], room[4, :n_units]
    for j in range(n_units):
        won[j] = 0
        handicaps[j] = handicap * win_rates[j]
    limit = of(margin)
    for s in range(post.shape[0]):
        rates, z = post[s], association[s]
        sure = limit < 2 and _lead(rates, z) >= limit
        if competes:
            for j in range(n_units):
                scores[j] = rates[j] - handicaps[j]
            n_right, n_wrong = n_winners[0, y[s]], n_winners[1, y[s]]
            _silence_losers(scores, z, n_right, n_wrong, right, wrong)
            for j in range(n_units):
                won[j] += max(z[j], of(0))
        if sure:
            z[:] = 0
    if competes and handicap > 0:
        for j in range(n_units):
            win_rates[j] += _MEMORY * (won[j] - win_rates[j])
