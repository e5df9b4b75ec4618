"""Which units of a layer learn from a sample.

association : ndarray of shape (n_samples, n_units)
    Association of each unit with the class of each sample, times the weight of that sample.
    Those of the units that do not learn are set to zero.
"""

import numpy as np

from ._compiler import kernel

# Share of a batch in the running win rate: it remembers about twenty batches.
_MEMORY = 0.05

# So many winners are kept in order; more are looked for by splitting the contestants.
_FEW = 16


@kernel
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
def _least_of_winners(values, n, n_winners):
    """The score that is just enough among the first n, which are reordered."""
    if n_winners >= n:
        return values.dtype.type(-np.inf)
    if n_winners > _FEW:
        return _largest(values, n, n_winners)
    for k in range(1, n):
        value = values[k]
        place = min(k, n_winners - 1)
        if k >= n_winners and value <= values[place]:
            continue
        while place > 0 and values[place - 1] < value:
            values[place] = values[place - 1]
            place -= 1
        values[place] = value
    return values[n_winners - 1]


@kernel
def _silence_losers(scores, association, n_right, n_wrong, right, wrong):
    """Silence the losers of one sample on both sides; the sum of what the winners have."""
    zero = scores.dtype.type(0)
    n = m = 0
    for j in range(scores.size):
        right[n] = scores[j]
        n += association[j] > 0
        wrong[m] = scores[j]
        m += association[j] < 0
    least_right = _least_of_winners(right, n, n_right)
    least_wrong = _least_of_winners(wrong, m, n_wrong)
    gain = loss = zero
    for j in range(scores.size):
        z = association[j]
        if scores[j] < (least_right if z > 0 else least_wrong):
            z = zero
        association[j] = z
        gain += max(z, zero)
        loss += min(z, zero)
    return gain, loss


@kernel
def _lead(rates, association):
    """Of the most active positively associated unit over the most active other one.

    Where no unit is on one side, it is as active as the other side is not.
    """
    right = wrong = -1.0
    for j in range(rates.shape[0]):
        if association[j] > 0:
            right = max(right, rates[j])
        elif association[j] < 0:
            wrong = max(wrong, rates[j])
    if right < 0:
        right = 1 - wrong
    elif wrong < 0:
        wrong = 1 - right
    return right - wrong


@kernel
def choose_learners(
    post, association, y, competes, n_winners, handicap, margin, win_rates, room
):
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
    room : ndarray of shape (4, n_units)
        Overwritten.
    """
    of = post.dtype.type
    n_units = post.shape[1]
    scores, right, wrong = room[0, :n_units], room[1, :n_units], room[2, :n_units]
    won = room[3, :n_units]
    won[:] = 0
    limit = of(margin)
    for s in range(post.shape[0]):
        rates, z = post[s], association[s]
        sure = limit < 2 and of(_lead(rates, z)) >= limit
        if competes:
            for j in range(n_units):
                scores[j] = rates[j] - of(handicap * win_rates[j])
            n_right, n_wrong = n_winners[0, y[s]], n_winners[1, y[s]]
            gain, loss = _silence_losers(scores, z, n_right, n_wrong, right, wrong)
            if gain > 0 and loss < 0:
                balance = -gain / loss
                for j in range(n_units):
                    if z[j] < 0:
                        z[j] *= balance
            for j in range(n_units):
                won[j] += max(z[j], of(0))
        if sure:
            z[:] = 0
    if competes and handicap > 0:
        for j in range(n_units):
            win_rates[j] += _MEMORY * (won[j] - win_rates[j])
