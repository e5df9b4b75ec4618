"""Which units of a layer learn from a sample.

association : ndarray of shape (n_samples, n_units)
    Association of each unit with the class of each sample, times the weight of that sample.
    Those of the units that do not learn are zero.

Sixteen samples are gone through at a time, each in a lane of the vectors: what is decided about
a sample takes the same steps for all of them, unit after unit.
"""

import numpy as np

from ._compiler import inlined, kernel
from ._vectors import WIDTH, choose, gather, in_order, load, scatter, splat, store
from ._views import flat

# Share of a batch in the running win rate: it remembers about twenty batches.
_MEMORY = 0.05

# Up to so many winners, keeping the best in order is faster than splitting the contestants.
_FEW = 16


def room_for(n_units):
    """Number of elements that the competition of a layer of so many units overwrites."""
    return WIDTH * (3 * n_units + 2 * _FEW + 5) + 2 * n_units


@inlined
def _part(room, at, size):
    return room[at : at + size], at + size


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
def _least_by_splits(rates, code, sign, handicaps, rank, scores):
    """The score of a rank among the units whose association has a sign."""
    n = 0
    for j in range(rates.size):
        scores[n] = rates[j] - handicaps[j]
        n += code[j] * sign > 0
    return _by_splits(scores[:n], min(rank, n)) if n > 0 else scores[0]


@inlined
def _keep_in_order(score, best, n_best):
    """Insert a score a lane among the best so far."""
    for k in range(0, n_best * WIDTH, WIDTH):
        better, score = in_order(load(best, k), score)
        store(better, best, k)


@kernel
def _to_lanes(rows, starts, n_units, lanes):
    """A row a unit, a lane a sample."""
    numbers = flat(rows)
    if n_units >= WIDTH:
        for j in range(0, n_units, WIDTH):
            # The last square may overlap the one before.
            gather(numbers, starts, min(j, n_units - WIDTH), lanes, WIDTH)
    else:
        for lane in range(WIDTH):
            for j in range(n_units):
                lanes[j * WIDTH + lane] = numbers[starts[lane] + j]


@kernel
def _from_lanes(lanes, n_units, rows, starts):
    numbers = flat(rows)
    if n_units >= WIDTH:
        for j in range(0, n_units, WIDTH):
            scatter(lanes, WIDTH, numbers, starts, min(j, n_units - WIDTH))
    else:
        for lane in range(WIDTH):
            for j in range(n_units):
                numbers[starts[lane] + j] = lanes[j * WIDTH + lane]


@inlined
def _weigh(z, weights):
    for k in range(0, z.size, WIDTH):
        store(load(z, k) * load(weights, 0), z, k)


@inlined
def _teaches(rates, z, margin, teaches):
    """One for the samples that a layer is not sure about, zero for the others.

    It is sure where the most active positively associated unit leads by the margin over the most
    active other one. Where no unit is on one side, it is as active as the other side is not.
    """
    of = rates.dtype.type
    zero, one, none = splat(of(0)), splat(of(1)), splat(of(-1))
    right, wrong = none, none
    for k in range(0, rates.size, WIDTH):
        rate, side = load(rates, k), load(z, k)
        top = choose(side, zero, rate, none)
        right = choose(top, right, top, right)
        top = choose(zero, side, rate, none)
        wrong = choose(top, wrong, top, wrong)
    lead = choose(zero, right, one - wrong, right) - choose(zero, wrong, one - right, wrong)
    store(choose(splat(margin), lead, one, zero), teaches, 0)


@inlined
def _best_scores(rates, z, handicaps, n_right, n_wrong, right, wrong):
    """The best of each side, in order, lane by lane."""
    of = rates.dtype.type
    zero, lowest = splat(of(0)), splat(of(-np.inf))
    right[:] = wrong[:] = of(-np.inf)
    for j in range(handicaps.size):
        side = load(z, j * WIDTH)
        score = load(rates, j * WIDTH) - splat(handicaps[j])
        _keep_in_order(choose(side, zero, score, lowest), right, n_right)
        _keep_in_order(choose(zero, side, score, lowest), wrong, n_wrong)


@kernel
def _number_of_best(n_winners):
    """How many are kept in order: enough for every class, or none."""
    most = 0
    for n in n_winners:
        most = max(most, n)
    return most if most <= _FEW else 0


@kernel
def _all_are(numbers, number):
    n_others = 0
    for n in numbers:
        n_others += n != number
    return n_others == 0


@kernel
def _least_of_winners(
    first, post, codes, unit, y, handicaps, n_winners, sign, best, n_best, scores, least
):
    """Lane by lane, the score that is just enough for a unit of one side to win."""
    if n_best > 0 and _all_are(n_winners, n_best):
        store(load(best, (n_best - 1) * WIDTH), least, 0)
        return
    for s in range(first, min(first + WIDTH, post.shape[0])):
        rank, lane = n_winners[y[s]], s - first
        if rank <= n_best:
            least[lane] = best[max(rank - 1, 0) * WIDTH + lane]
        else:
            code = codes[y[s], unit : unit + post.shape[1]]
            least[lane] = _least_by_splits(post[s], code, sign, handicaps, rank, scores)


@inlined
def _silence_losers(rates, z, handicaps, least_right, least_wrong, balance):
    """Silence the losers; what balances the winners of both sides of each sample."""
    of = rates.dtype.type
    zero, one = splat(of(0)), splat(of(1))
    gain, loss = zero, zero
    enough_right, enough_wrong = load(least_right, 0), load(least_wrong, 0)
    for j in range(handicaps.size):
        side = load(z, j * WIDTH)
        score = load(rates, j * WIDTH) - splat(handicaps[j])
        enough = choose(side, zero, enough_right, enough_wrong)
        side = choose(enough, score, zero, side)
        store(side, z, j * WIDTH)
        gain = gain + choose(side, zero, side, zero)
        loss = loss + choose(zero, side, zero - side, zero)
    both = choose(gain, zero, choose(loss, zero, one, zero), zero)
    store(choose(both, zero, gain / choose(loss, zero, loss, one), one), balance, 0)


@inlined
def _count_wins_and_balance(z, balance, teaches, won):
    """Units of the samples that the layer is sure about win without learning."""
    zero = splat(z.dtype.type(0))
    share, learns = load(balance, 0), load(teaches, 0)
    for k in range(0, z.size, WIDTH):
        side = load(z, k)
        store(load(won, k) + choose(side, zero, side, zero), won, k)
        store(choose(zero, side, side * share, side) * learns, z, k)


@kernel
def match_probabilities(post, codes, unit, y, sample_weight, association):
    """Associations of the output layer, by which its rates come to match class probabilities.

    Of a sample of class y, with the sum a of the rates p of the layer, each wrong unit has
    Z_k = -1 / a and the right one Z_y = (1 - p_y / a) / p_y. So the associations of a sample,
    weighted by the activity, add up to zero, and the share p_k / a of a unit stays where it is if
    it is the probability of its class.

    Parameters
    ----------
    post : ndarray of shape (n_samples, n_classes)
        Rates of the units.
    codes, unit, y, sample_weight, association
        As in `choose_learners`.
    """
    of = post.dtype.type
    # A silent unit would have no finite association, and the rule does nothing for it.
    least = of(np.finfo(post.dtype).tiny)
    n_units = post.shape[1]
    for s in range(post.shape[0]):
        total = least
        for k in range(n_units):
            total += post[s, k]
        for k in range(n_units):
            z = of(-1) / total
            if codes[y[s], unit + k] > 0:
                z = (of(1) - post[s, k] / total) / max(post[s, k], least)
            association[s, k] = z * sample_weight[s]


@kernel
def choose_learners(
    post,
    codes,
    unit,
    y,
    sample_weight,
    competes,
    n_winners,
    handicap,
    margin,
    win_rates,
    room,
    starts,
    association,
):
    """Associations of a layer, of the units that learn; they are told by the rates of this layer.

    Those of the winners are balanced: the negative associations of each sample are scaled to the
    sum of its positive ones, as all associations of a layer are without competition.

    Parameters
    ----------
    post : ndarray of shape (n_samples, n_units)
        Rates of the units.
    codes : ndarray of shape (n_classes, number of units of all layers)
        Association of each unit with each class.
    unit : int
        Which is the first unit of this layer.
    y, sample_weight : ndarrays of shape (n_samples,)
        Class index and weight of each sample.
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
    room : ndarray of shape (room_for(n_units),)
        Overwritten.
    starts : ndarray of shape (3, 16), dtype intp
        Overwritten.
    association : ndarray of shape (n_samples + 1, n_units)
        Overwritten; the last row belongs to no sample.
    """
    of = post.dtype.type
    n_samples, n_units = post.shape
    limited = margin < 2
    if not (competes or limited):
        for s in range(n_samples):
            code = codes[y[s], unit : unit + n_units]
            for j in range(n_units):
                association[s, j] = code[j] * sample_weight[s]
        return
    rates, at = _part(room, 0, WIDTH * n_units)
    z, at = _part(room, at, WIDTH * n_units)
    won, at = _part(room, at, WIDTH * n_units)
    right, at = _part(room, at, WIDTH * _FEW)
    wrong, at = _part(room, at, WIDTH * _FEW)
    least_right, at = _part(room, at, WIDTH)
    least_wrong, at = _part(room, at, WIDTH)
    weights, at = _part(room, at, WIDTH)
    balance, at = _part(room, at, WIDTH)
    teaches, at = _part(room, at, WIDTH)
    handicaps, at = _part(room, at, n_units)
    scores, at = _part(room, at, n_units)
    won[:] = 0
    balance[:] = teaches[:] = 1
    for j in range(n_units):
        handicaps[j] = handicap * win_rates[j]
    n_right, n_wrong = _number_of_best(n_winners[0]), _number_of_best(n_winners[1])
    of_codes, of_post, of_association = starts
    for first in range(0, n_samples, WIDTH):
        for lane in range(WIDTH):
            # A lane without a sample repeats one, with no weight.
            s = min(first + lane, n_samples - 1)
            of_codes[lane] = y[s] * codes.shape[1] + unit
            of_post[lane] = s * n_units
            of_association[lane] = min(first + lane, n_samples) * n_units
            weights[lane] = sample_weight[s] if first + lane < n_samples else of(0)
        _to_lanes(codes, of_codes, n_units, z)
        _to_lanes(post, of_post, n_units, rates)
        _weigh(z, weights)
        if limited:
            _teaches(rates, z, of(margin), teaches)
        if competes:
            _best_scores(rates, z, handicaps, n_right, n_wrong, right, wrong)
            layer = first, post, codes, unit, y, handicaps
            _least_of_winners(*layer, n_winners[0], 1, right, n_right, scores, least_right)
            _least_of_winners(*layer, n_winners[1], -1, wrong, n_wrong, scores, least_wrong)
            _silence_losers(rates, z, handicaps, least_right, least_wrong, balance)
        _count_wins_and_balance(z, balance, teaches, won)
        _from_lanes(z, n_units, association, of_association)
    if competes and handicap > 0:
        for j in range(n_units):
            total = of(0)
            for lane in range(WIDTH):
                total += won[j * WIDTH + lane]
            win_rates[j] += _MEMORY * (total - win_rates[j])
