"""Which units of a layer learn from a sample.

layer : int
    Number of the layer, of those above the inputs.
offset : int
    Number of its first unit, of those that are not inputs.
post : ndarray of shape (n_samples, n_units)
    Rates of the units.
labels : Labels
    Class index and weight of each sample.
rule : STDPRule
association : ndarray of shape (n_samples, n_units)
    Association of each unit with the class of each sample, times the weight of that sample.
    Overwritten; those of the units that do not learn become zero.
"""

import numpy as np

from ._compiler import kernel, reordered

# Share of a batch in the running win rate: it remembers about twenty batches.
_MEMORY = 0.05

# Up to so many winners, finding them one by one is faster than splitting the contestants.
_FEW = 16


@kernel
def _by_splits(values, rank):
    """The value of a rank, 1 for the largest; splits the values into larger and smaller ones."""
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


@reordered
def _largest_below(values, limit):
    """The largest value below a limit, or the lowest number."""
    lowest = values.dtype.type(-np.finfo(values.dtype).max)
    largest = lowest
    for k in range(values.size):
        largest = max(largest, values[k] if values[k] < limit else lowest)
    return largest


@kernel
def _one_by_one(values, rank):
    """The value of a rank, 1 for the largest."""
    value = values.dtype.type(np.inf)
    n_found = 0
    # Not as long as too few are found: of a NaN there is none.
    for _ in range(rank):
        if n_found < rank:
            value = _largest_below(values, value)
            for k in range(values.size):
                n_found += values[k] == value
    return value


@kernel
def _score_of_rank(rates, side, sign, handicaps, rank, scores):
    """The score that is just enough for a unit of one side to win."""
    n = 0
    for j in range(rates.size):
        scores[n] = rates[j] - handicaps[j]
        n += side[j] * sign > 0
    rank = min(rank, n)
    if rank > _FEW:
        return _by_splits(scores[:n], rank)
    return _one_by_one(scores[:n], rank)


@reordered
def _lead(rates, side):
    """Lead of the most active positively associated unit over the most active other one.

    Where no unit is on one side, it is as active as the other side is not.
    """
    zero, one = rates.dtype.type(0), rates.dtype.type(1)
    right = wrong = -one
    for j in range(rates.size):
        right = max(right, rates[j] if side[j] > zero else -one)
        wrong = max(wrong, rates[j] if side[j] < zero else -one)
    return (right if right >= zero else one - wrong) - (wrong if wrong >= zero else one - right)


@kernel
def _silence_losers(rates, side, handicaps, least_right, least_wrong):
    """Silence the losers; the factor that balances the winners of both sides."""
    zero, one = rates.dtype.type(0), rates.dtype.type(1)
    gain = loss = zero
    for j in range(rates.size):
        if rates[j] - handicaps[j] < (least_right if side[j] > zero else least_wrong):
            side[j] = zero
        gain += max(side[j], zero)
        loss += max(-side[j], zero)
    return gain / loss if gain > zero and loss > zero else one


@kernel
def match_probabilities(offset, post, labels, rule, association):
    """Associations of the output layer, by which its rates come to match class probabilities.

    Of a sample of class y, with the sum a of the rates p of the layer, each wrong unit has
    Z_k = -1 / a and the right one Z_y = (1 - p_y / a) / p_y. So the associations of a sample,
    weighted by the activity, add up to zero, and the share p_k / a of a unit stays where it is if
    it is the probability of its class.
    """
    of = post.dtype.type
    y, weight = labels
    # A silent unit would have no finite association, and the rule does nothing for it.
    least = of(np.finfo(post.dtype).tiny)
    n_units = post.shape[1]
    for s in range(post.shape[0]):
        total = least
        for k in range(n_units):
            total += post[s, k]
        for k in range(n_units):
            z = of(-1) / total
            if rule.codes[y[s], offset + k] > 0:
                z = (of(1) - post[s, k] / total) / max(post[s, k], least)
            association[s, k] = z * weight[s]


@kernel
def choose_learners(layer, offset, post, labels, rule, scores, association):
    """Associations of the units that learn, determined by the rates of their own layer alone.

    Those of the winners are balanced: the negative associations of each sample are scaled to the
    sum of its positive ones, as all associations of a layer are without competition. In a layer
    that is sure about a sample units win without learning.

    Parameters
    ----------
    scores : ndarray of shape (3, n_units)
        Overwritten.
    """
    of = post.dtype.type
    y, weight = labels
    n_samples, n_units = post.shape
    competes, margin = rule.competes[layer], rule.margins[layer]
    keeps_rates = competes and rule.handicap > 0
    handicaps, won, contestants = scores[0, :n_units], scores[1, :n_units], scores[2, :n_units]
    win_rates = rule.win_rates[offset : offset + n_units]
    for j in range(n_units):
        handicaps[j] = rule.handicap * win_rates[j]
        won[j] = 0
    for s in range(n_samples):
        rates, z = post[s], association[s]
        for j in range(n_units):
            z[j] = rule.codes[y[s], offset + j] * weight[s]
        is_sure = margin < 2 and _lead(rates, z) >= of(margin)
        balance = of(1)
        if competes and (keeps_rates or not is_sure):
            n_right = rule.n_winners[0, layer, y[s]]
            n_wrong = rule.n_winners[1, layer, y[s]]
            right = _score_of_rank(rates, z, 1, handicaps, n_right, contestants)
            wrong = _score_of_rank(rates, z, -1, handicaps, n_wrong, contestants)
            balance = _silence_losers(rates, z, handicaps, right, wrong)
            for j in range(n_units):
                won[j] += max(z[j], of(0))
        for j in range(n_units):
            z[j] = of(0) if is_sure else (z[j] * balance if z[j] < 0 else z[j])
    if keeps_rates:
        for j in range(n_units):
            win_rates[j] += _MEMORY * (won[j] - win_rates[j])
