"""Proofs by parts: where a bound does not decide, the ball is divided, and each part bounded.

A part holds the points of a ball at which the drives of some units are in narrower intervals. Its
lines are closer to the activations. That a point of the ball may be outside of the part has to be
paid for: with a multiplier mu of each unit, of any sign, and its drive z between low and high,

    f(x)  >=  f(x) + mu * z  -  max(mu * low, mu * high)      for x in the part

so that the least value of the right side in the whole ball is a bound for the part (Lagrange;
beta-CROWN [1]_). Multipliers take steps of the length that would make the bound zero if it were
linear in them (Polyak).

References
----------
.. [1] S. Wang, H. Zhang, K. Xu, X. Lin, S. Jana, C.-J. Hsieh, J. Z. Kolter, "Beta-CROWN: Efficient
       Bound Propagation with Per-neuron Split Constraints for Neural Network Robustness
       Verification", arXiv:2103.06624, 2021.
"""

from copy import copy

import numpy as np

# Share of an interval that each part has at least.
_LEAST_SHARE = 0.2
# So many parts are divided at a time, and functions that take more parts are given up.
_N_AT_A_TIME, _MOST_PARTS, _MOST_PARTS_OF_ENDS = 512, 32, 16
# Of the way to the lowest value that is attained, the share that bounds are to come.
_SHARE = 0.8
# Rounds that the choices of a part count for, which it has from the whole.
_N_ROUNDS_BEFORE = 5
# A bound where nothing but its sign is known.
JUST_POSITIVE = float(np.finfo(np.float64).tiny)


class Parts:
    """Parts of balls, and of each a function that is to be proven to be above zero.

    Parameters
    ----------
    relaxation : Relaxation
        One row per part.
    factors : ndarray of shape (n_parts, 1, n_outputs)
        The functions: sums of these times the last outputs that the relaxation bounds,
    constants : ndarray of shape (n_parts,)
        and a constant.
    owners : ndarray of shape (n_parts,), dtype int
        Number of the function and the ball that each is a part of.

    Attributes
    ----------
    bounds : ndarray of shape (n_parts,)
        The highest bounds so far.
    """

    def __init__(self, relaxation, factors, constants, owners):
        self._relaxation = relaxation
        self._factors = factors
        self._constants = constants
        self.owners = owners
        self._choices = self._best = relaxation.first_choices()
        self.bounds = np.full(len(owners), -np.inf)

    def __len__(self):
        return len(self.owners)

    def select(self, kept):
        """Some of the parts."""
        parts = copy(self)
        parts._relaxation = self._relaxation.select(kept)
        for name in ("_factors", "_constants", "owners", "bounds"):
            setattr(parts, name, getattr(self, name)[kept])
        parts._choices = [choice.select(kept) for choice in self._choices]
        parts._best = [choice.select(kept) for choice in self._best]
        return parts

    def improve(self, n_rounds, lowest, n_before=0):
        """Raise the bounds in rounds of better and better choices.

        Parts are left out as soon as they are proven, or their function is negative somewhere in
        the ball.

        Parameters
        ----------
        n_rounds : int
        lowest : ndarray of shape (n_owners,)
            Bounds of parts that are left out lower these, in place.
        n_before : int, default=0
            Number of rounds before these: the more, the less choices change.

        Returns
        -------
        left : Parts
            The others.
        """
        parts = self
        for k in range(n_rounds):
            if not len(parts):
                break
            attained = parts._move(2 / (n_before + k + 2))
            refuted = np.isin(parts.owners, parts.owners[attained < 0])
            parts = parts.without((parts.bounds > 0) | refuted, lowest)
        return parts

    def without(self, decided, lowest, aims=None):
        """The parts but for some, whose bounds, plus aims, lower those of owners in place."""
        owners, bounds = self.owners[decided], self.bounds[decided]
        np.minimum.at(lowest, owners, bounds if aims is None else bounds + aims[owners])
        return self.select(~decided) if decided.any() else self

    def _move(self, share):
        """Take the bounds of the present choices, and make better ones; values attained."""
        least, drives, _ = self._relaxation.minimum(self._factors, self._choices)
        least = least + self._constants[:, np.newaxis]
        better = least[:, 0] > self.bounds
        self.bounds = np.where(better, least[:, 0], self.bounds)
        self._best = [
            new.where(better, old) for new, old in zip(self._choices, self._best, strict=True)
        ]
        self._choices = self._relaxation.better_choices(self._choices, drives, share, least)
        outputs = self._relaxation.outputs(drives[0])
        return (outputs * self._factors).sum(axis=(1, 2)) + self._constants

    def functions_below(self):
        """What the bounds depend on: the relaxation, linear functions, and gains by intervals.

        Returns
        -------
        relaxation : Relaxation
        below : list of (factors, constant)
            As `Relaxation.below` returns them, for the functions.
        gains : list of ndarray of shape (n_parts, 2 * n_units) or None
            As `Relaxation.gains` returns them.
        """
        relaxation, constants = self._relaxation, self._constants[:, np.newaxis]
        below = relaxation.below(self._factors, self._best)
        below = [(factors, constant + constants) for factors, constant in below]
        return relaxation, below, relaxation.gains(self._factors, self._best)

    def with_intervals(self, relaxation, empty):
        """The parts with other intervals of drives, of which some are empty, which proves."""
        parts = copy(self)
        parts._relaxation = relaxation
        parts._choices = self._best
        parts.bounds = np.where(empty, JUST_POSITIVE, self.bounds)
        return parts

    def aim_at(self, aims, new_aims):
        """Move zero of the functions from some value to another, (n_owners,) both."""
        change = (aims - new_aims)[self.owners]
        self._constants, self.bounds = self._constants + change, self.bounds + change

    def halves(self):
        """Twice as many parts, with one drive in the lower and in the upper part of its interval.

        It is the drive of that unit whose line costs most, and it is divided where the bound has
        its minimum: both lines touch the activation there.
        """
        _, drives, gaps = self._relaxation.minimum(self._factors, self._best)
        gaps, drives = (np.concatenate(arrays, axis=2)[:, 0] for arrays in (gaps, drives[:-1]))
        unit = gaps.argmax(axis=1)
        at_minimum = drives[np.arange(len(self)), unit]
        both = np.tile(np.arange(len(self)), 2)
        halves = self.select(both)
        halves._choices = halves._best
        halves._relaxation.divide(unit[both], at_minimum[both], _LEAST_SHARE)
        return halves


def bounds_by_parts(parts, n_divisions, n_rounds):
    """Lower bounds of functions, each the lowest of the bounds of its parts.

    Parameters
    ----------
    parts : Parts
        One for each function, numbered in this order.
    n_divisions : int
        How often parts that are not proven are divided.
    n_rounds : int
        Rounds for each part.

    Returns
    -------
    bounds : ndarray of shape (n_parts,)
    """
    lowest = np.full(len(parts), np.inf)
    size = max(1, _N_AT_A_TIME // min(2**n_divisions, _MOST_PARTS))
    for start in range(0, len(parts), size):
        some = parts.select(slice(start, start + size))
        for _ in range(n_divisions):
            some = some.halves().improve(n_rounds, lowest, _N_ROUNDS_BEFORE)
            n_open = np.bincount(some.owners, minlength=len(lowest))
            some = some.without(n_open[some.owners] > _MOST_PARTS, lowest)
            if not len(some):
                break
        some.without(np.full(len(some), True), lowest)
    return lowest


def least_by_parts(parts, bounds, attained, n_divisions, n_rounds):
    """Lower bounds of the least values of functions, raised by parts.

    Parts are left out when their bound comes to a share of the way from the first bound to the
    lowest value that is attained.

    Parameters
    ----------
    parts : Parts
        One for each function, numbered in this order.
    bounds, attained : ndarray of shape (n_parts,)
        Bounds to begin with, and values that are attained.
    n_divisions, n_rounds : int
        As in `bounds_by_parts`.

    Returns
    -------
    bounds : ndarray of shape (n_parts,)
    """
    lowest, attained = bounds.copy(), np.maximum(attained, bounds)
    aims = bounds + _SHARE * (attained - bounds)
    parts.bounds = bounds
    parts.aim_at(np.zeros(len(parts)), aims)
    # Those that are at their least value already have nothing to gain.
    parts = parts.select(attained > bounds)
    lowest[parts.owners] = np.inf
    for start in range(0, len(parts), _N_AT_A_TIME // _MOST_PARTS_OF_ENDS):
        some = parts.select(slice(start, start + _N_AT_A_TIME // _MOST_PARTS_OF_ENDS))
        for _ in range(n_divisions):
            some = some.halves()
            for k in range(n_rounds):
                if not len(some):
                    break
                values = some._move(2 / (_N_ROUNDS_BEFORE + k + 2)) + aims[some.owners]
                np.minimum.at(attained, some.owners, values)
                new_aims = bounds + _SHARE * (np.maximum(attained, bounds) - bounds)
                some.aim_at(aims, new_aims)
                aims = new_aims
                some = some.without(some.bounds >= 0, lowest, aims)
            n_open = np.bincount(some.owners, minlength=len(lowest))
            some = some.without(n_open[some.owners] > _MOST_PARTS_OF_ENDS, lowest, aims)
            if not len(some):
                break
        some.without(np.full(len(some), True), lowest, aims)
    return np.maximum(bounds, lowest)
