"""Competition: the units of a layer that learn from a sample.

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

from .._utils._memory import aligned_empty
from ._arrays import CompetitionScratch
from ._compiler import kernel
from ._vectors import SQUARE, turn
from ._views import matrix

# Share of a batch in the running win rate: it remembers about twenty batches.
_MEMORY = 0.05

# Up to so many winners, keeping the best in order is faster than splitting the contestants.
_FEW = 16

# Samples that are gone through together: what is decided about a sample takes the same steps for
# all of them, unit after unit. Shorter loops would be taken apart before they become vectors.
_LANES = 48


def competition_scratch(widest, dtype):
    """Arrays that the competition of layers of at most so many units overwrites."""
    rates, side = aligned_empty(widest * _LANES, dtype), aligned_empty(widest * _LANES, dtype)
    # Lanes without a sample are gone through, too.
    rates[:] = side[:] = 0
    return CompetitionScratch(
        rates,
        side,
        aligned_empty(_FEW * _LANES, dtype),
        aligned_empty(6 * _LANES, dtype).reshape(6, _LANES),
        np.empty((3, widest), dtype),
    )


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


@kernel
def _transpose(source, target):
    n_rows, n_columns = source.shape
    if min(n_rows, n_columns) >= SQUARE:
        for i in range(0, n_rows, SQUARE):
            for j in range(0, n_columns, SQUARE):
                # The last squares may overlap those before.
                turn(source, min(i, n_rows - SQUARE), min(j, n_columns - SQUARE), target)
    else:
        for i in range(n_rows):
            for j in range(n_columns):
                target[j, i] = source[i, j]


@kernel
def _scale(codes, weight, association):
    for j in range(association.size):
        association[j] = codes[j] * weight


@kernel
def _associate(offset, labels, rule, association):
    """Associations of a layer without competition."""
    y, weight = labels
    for s in range(association.shape[0]):
        _scale(rule.codes[y[s], offset:], weight[s], association[s])


@kernel
def _settle(association, learns, factor, won):
    """Count the wins of a sample, and scale its negative associations; zero if it teaches not."""
    zero = won.dtype.type(0)
    for j in range(won.size):
        z = association[j]
        won[j] += max(z, zero)
        association[j] = (z if z > zero else z * factor) * learns


@kernel
def _extend_lead(rates, side, right, wrong):
    """The larger rate of each side, so far and of one more unit."""
    zero, one = rates.dtype.type(0), rates.dtype.type(1)
    for s in range(_LANES):
        rate, z = rates[s], side[s]
        right[s] = max(right[s], rate if z > zero else -one)
        wrong[s] = max(wrong[s], rate if z < zero else -one)


@kernel
def _is_sure(rates, side, margin, right, wrong, sure):
    """True for the samples of which the layer is sure.

    There the most active positively associated unit leads by the margin over the most active
    other one. Where no unit is on one side, it is as active as the other side is not.
    """
    zero, one = rates.dtype.type(0), rates.dtype.type(1)
    right[:] = wrong[:] = -one
    for j in range(rates.shape[0]):
        _extend_lead(rates[j], side[j], right, wrong)
    for s in range(_LANES):
        of_right = right[s] if right[s] >= zero else one - wrong[s]
        of_wrong = wrong[s] if wrong[s] >= zero else one - right[s]
        sure[s] = one if of_right - of_wrong >= margin else zero


@kernel
def _insert_first(rates, side, sign, handicap, scores, best):
    """The scores of a unit: the larger of each pair is the best one; the smaller goes on."""
    zero, lowest = scores.dtype.type(0), scores.dtype.type(-np.inf)
    for s in range(_LANES):
        score = rates[s] - handicap
        score = score if side[s] * sign > zero else lowest
        scores[s] = min(best[s], score)
        best[s] = max(best[s], score)


@kernel
def _insert(scores, best):
    """The larger of each pair is the best one; the smaller goes on."""
    for s in range(_LANES):
        better = max(best[s], scores[s])
        scores[s] = min(best[s], scores[s])
        best[s] = better


@kernel
def _keep_best(rates, side, sign, handicaps, scores, best):
    """The best scores of one side, in order, of each sample."""
    best[:] = -np.inf
    of = rates.dtype.type
    for j in range(rates.shape[0]):
        _insert_first(rates[j], side[j], of(sign), handicaps[j], scores, best[0])
        for k in range(1, best.shape[0]):
            _insert(scores, best[k])


@kernel
def _scores_to_win(layer, labels, first, rates, side, rule, scratch, n):
    """Scores that are just enough for a unit of either side to win, of each sample."""
    y, _ = labels
    n_units = rates.shape[0]
    for k in range(2):
        sign, n_winners = 1 - 2 * k, rule.n_winners[k, layer]
        least = most = n_winners[0]
        for number in n_winners:
            least, most = min(least, number), max(most, number)
        n_best = max(1, most) if most <= _FEW else 1
        best, enough = matrix(scratch.best, 0, n_best, _LANES), scratch.lanes[k]
        handicaps, contestants = scratch.units[0], scratch.units[2]
        _keep_best(rates, side, sign, handicaps, scratch.lanes[2], best)
        if least == n_best:
            for s in range(_LANES):
                enough[s] = best[n_best - 1, s]
            continue
        for s in range(n):
            rank = n_winners[y[first + s]]
            if rank <= n_best:
                enough[s] = best[max(rank - 1, 0), s]
                continue
            n_contestants = 0
            for j in range(n_units):
                contestants[n_contestants] = rates[j, s] - handicaps[j]
                n_contestants += side[j, s] * sign > 0
            if n_contestants > 0:
                enough[s] = _by_splits(contestants[:n_contestants], min(rank, n_contestants))


@kernel
def _silence_losers(rates, side, handicap, least_right, least_wrong, gain, loss):
    """Silence a unit where it loses, and add up what the winners gain and lose."""
    zero = rates.dtype.type(0)
    for s in range(_LANES):
        z, score = side[s], rates[s] - handicap
        # Not a choice between two numbers in memory, for which the compiler would make a branch.
        wins = (z > zero) & (score >= least_right[s]) | (z < zero) & (score >= least_wrong[s])
        z = z if wins else zero
        side[s] = z
        gain[s] += max(z, zero)
        loss[s] += max(-z, zero)


@kernel
def _balance(gain, loss):
    """Factors on negative associations, in place of the gains."""
    zero, one = gain.dtype.type(0), gain.dtype.type(1)
    for s in range(_LANES):
        both = gain[s] > zero and loss[s] > zero
        gain[s] = gain[s] / loss[s] if both else one


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
def choose_learners(layer, offset, post, labels, rule, scratch, association):
    """Associations of the units that learn, determined by the rates of their own layer alone.

    Those of the winners are balanced: the negative associations of each sample are scaled to the
    sum of its positive ones, as all associations of a layer are without competition. In a layer
    that is sure about a sample units win without learning.

    Parameters
    ----------
    scratch : CompetitionScratch
        Overwritten.
    """
    of = post.dtype.type
    n_samples, n_units = post.shape
    competes, margin = rule.competes[layer], rule.margins[layer]
    _associate(offset, labels, rule, association)
    if not competes and margin >= 2:
        return
    handicaps, won = scratch.units[0, :n_units], scratch.units[1, :n_units]
    win_rates = rule.win_rates[offset : offset + n_units]
    for j in range(n_units):
        handicaps[j] = rule.handicap * win_rates[j]
        won[j] = 0
    rates = matrix(scratch.rates, 0, n_units, _LANES)
    side = matrix(scratch.side, 0, n_units, _LANES)
    lanes = scratch.lanes
    right, wrong, balance, loss, sure = lanes[0], lanes[1], lanes[3], lanes[4], lanes[5]
    for first in range(0, n_samples, _LANES):
        n = min(_LANES, n_samples - first)
        some = association[first : first + n]
        _transpose(post[first : first + n], rates)
        _transpose(some, side)
        sure[:] = 0
        balance[:] = 1
        if margin < 2:
            _is_sure(rates, side, of(margin), right, wrong, sure)
        if competes:
            _scores_to_win(layer, labels, first, rates, side, rule, scratch, n)
            balance[:] = loss[:] = 0
            for j in range(n_units):
                _silence_losers(rates[j], side[j], handicaps[j], right, wrong, balance, loss)
            _balance(balance, loss)
        _transpose(side[:, :n], some)
        for s in range(n):
            _settle(some[s], of(1) - sure[s], balance[s], won)
    if competes and rule.handicap > 0:
        for j in range(n_units):
            win_rates[j] += _MEMORY * (won[j] - win_rates[j])
