"""Which units of a layer learn from a sample.

association : ndarray of shape (n_samples, n_units)
    Association of each unit with the class of each sample, times the weight of that sample.
    Those of the units that do not learn are set to zero.

Sixteen samples are gone through at a time, each in a lane of the vectors: what is decided about
a sample takes the same steps for all of them, unit after unit.
"""

import numpy as np

from ._compiler import inlined, kernel
from ._vectors import WIDTH, choose, load, splat, store, transpose

# Share of a batch in the running win rate: it remembers about twenty batches.
_MEMORY = 0.05

# Up to so many winners, keeping the best in order is faster than splitting the contestants.
_FEW = 16


@kernel
def room_for(n_units):
    """Number of elements that the competition of a layer of so many units overwrites."""
    return WIDTH * (3 * n_units + 2 * _FEW + 3) + 2 * n_units


@kernel
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
def _least_by_splits(rates, association, sign, handicaps, rank, scores):
    """The score of a rank among the units whose association has a sign."""
    n = 0
    for j in range(rates.size):
        scores[n] = rates[j] - handicaps[j]
        n += association[j] * sign > 0
    return _by_splits(scores[:n], min(rank, n)) if n > 0 else scores[0]


@inlined
def _keep_in_order(score, best, n_best):
    """Insert a score a lane among the best so far."""
    for k in range(0, n_best * WIDTH, WIDTH):
        held = load(best, k)
        store(choose(score, held, score, held), best, k)
        score = choose(score, held, held, score)


@kernel
def _to_lanes(rows, first, lanes):
    """A row a unit, a lane a sample; zero in lanes without a sample."""
    n_units = rows.shape[1]
    n = min(WIDTH, rows.shape[0] - first)
    flat, at = rows.reshape(-1), first * n_units
    whole = n_units // WIDTH * WIDTH if n == WIDTH else 0
    for j in range(0, whole, WIDTH):
        transpose(flat, at + j, n_units, lanes, j * WIDTH, WIDTH)
    if n < WIDTH:
        lanes[:] = 0
    for lane in range(n):
        for j in range(whole, n_units):
            lanes[j * WIDTH + lane] = rows[first + lane, j]


@kernel
def _from_lanes(lanes, first, rows):
    n_units = rows.shape[1]
    n = min(WIDTH, rows.shape[0] - first)
    flat, at = rows.reshape(-1), first * n_units
    whole = n_units // WIDTH * WIDTH if n == WIDTH else 0
    for j in range(0, whole, WIDTH):
        transpose(lanes, j * WIDTH, WIDTH, flat, at + j, n_units)
    for lane in range(n):
        for j in range(whole, n_units):
            rows[first + lane, j] = lanes[j * WIDTH + lane]


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
    most = n_winners.max()
    return most if most <= _FEW else 0


@kernel
def _least_of_winners(
    first, post, association, y, handicaps, n_winners, sign, best, n_best, scores, least
):
    """Lane by lane, the score that is just enough for a unit of one side to win."""
    for s in range(first, min(first + WIDTH, post.shape[0])):
        rank, lane = n_winners[y[s]], s - first
        if rank <= n_best:
            least[lane] = best[max(rank - 1, 0) * WIDTH + lane]
        else:
            least[lane] = _least_by_splits(post[s], association[s], sign, handicaps, rank, scores)


@inlined
def _silence_losers(rates, z, handicaps, least_right, least_wrong):
    """Silence the losers, and balance what the winners of each sample have on both sides."""
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
    balance = choose(both, zero, gain / choose(loss, zero, loss, one), one)
    for k in range(0, z.size, WIDTH):
        side = load(z, k)
        store(choose(zero, side, side * balance, side), z, k)


@inlined
def _count_wins(z, won):
    zero = splat(z.dtype.type(0))
    for k in range(0, z.size, WIDTH):
        side = load(z, k)
        store(load(won, k) + choose(side, zero, side, zero), won, k)


@inlined
def _silence(z, teaches):
    """Silence all units for some samples."""
    for k in range(0, z.size, WIDTH):
        store(load(z, k) * load(teaches, 0), z, k)


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
    room : ndarray of shape (room_for(n_units),)
        Overwritten.
    """
    of = post.dtype.type
    n_samples, n_units = post.shape
    limited = margin < 2
    if not (competes or limited):
        return
    rates, at = _part(room, 0, WIDTH * n_units)
    z, at = _part(room, at, WIDTH * n_units)
    won, at = _part(room, at, WIDTH * n_units)
    right, at = _part(room, at, WIDTH * _FEW)
    wrong, at = _part(room, at, WIDTH * _FEW)
    least_right, at = _part(room, at, WIDTH)
    least_wrong, at = _part(room, at, WIDTH)
    teaches, at = _part(room, at, WIDTH)
    handicaps, at = _part(room, at, n_units)
    scores, at = _part(room, at, n_units)
    won[:] = 0
    for j in range(n_units):
        handicaps[j] = handicap * win_rates[j]
    n_right, n_wrong = _number_of_best(n_winners[0]), _number_of_best(n_winners[1])
    for first in range(0, n_samples, WIDTH):
        _to_lanes(post, first, rates)
        _to_lanes(association, first, z)
        if limited:
            _teaches(rates, z, of(margin), teaches)
        if competes:
            _best_scores(rates, z, handicaps, n_right, n_wrong, right, wrong)
            sample = first, post, association, y, handicaps
            _least_of_winners(*sample, n_winners[0], 1, right, n_right, scores, least_right)
            _least_of_winners(*sample, n_winners[1], -1, wrong, n_wrong, scores, least_wrong)
            _silence_losers(rates, z, handicaps, least_right, least_wrong)
            _count_wins(z, won)
        if limited:
            _silence(z, teaches)
        _from_lanes(z, first, association)
    if competes and handicap > 0:
        for j in range(n_units):
            total = of(0)
            for lane in range(WIDTH):
                total += won[j * WIDTH + lane]
            win_rates[j] += _MEMORY * (total - win_rates[j])
