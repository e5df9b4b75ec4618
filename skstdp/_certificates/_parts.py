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

import numpy as np

# Share of an interval that each part has at least.
_LEAST_SHARE = 0.2


class Parts:
    """Parts of balls, and of each a linear function of the outputs that is to be above zero.

    Parameters
    ----------
    relaxation : Relaxation
        One row per part.
    factors : ndarray of shape (n_parts, 1, n_outputs)
    owners : ndarray of shape (n_parts,), dtype int
        Number of the function and the ball that each is a part of.
    choices : list of Choice, default=None
        Where the search for good bounds begins.
    """

    def __init__(self, relaxation, factors, owners, choices=None):
        self._relaxation = relaxation
        self._factors = factors
        self.owners = owners
        self._choices = relaxation.first_choices() if choices is None else choices

    def __len__(self):
        return len(self.owners)

    def select(self, kept):
        """Some of the parts."""
        return Parts(
            self._relaxation.select(kept),
            self._factors[kept],
            self.owners[kept],
            [choice.select(kept) for choice in self._choices],
        )

    def improve(self, n_rounds):
        """Bounds of rounds with better and better choices, until all parts are decided.

        Returns
        -------
        bounds : ndarray of shape (n_parts,)
            The highest.
        refuted : ndarray of shape (n_parts,), dtype bool
            Whether the function is negative at some point of the ball.
        open : Parts
            Those that are neither proven nor refuted, nor of an owner that is.
        """
        bounds, refuted = np.full(len(self), -np.inf), np.zeros(len(self), dtype=bool)
        left, place = self, np.arange(len(self))
        for k in range(n_rounds):
            if not len(left):
                break
            least, below = left._move(2 / (k + 2))
            bounds[place] = np.maximum(bounds[place], least)
            refuted[place] = below
            kept = (bounds[place] <= 0) & ~np.isin(left.owners, left.owners[below])
            left, place = left.select(kept), place[kept]
        return bounds, refuted, left

    def _move(self, share):
        """Bounds of the present choices, whether they are refuted, and better choices."""
        least, drives, _ = self._relaxation.minimum(self._factors, self._choices)
        outputs = self._relaxation.network.outputs(drives[0])
        self._choices = self._relaxation.better_choices(self._choices, drives, share, least)
        return least[:, 0], (outputs * self._factors).sum(axis=(1, 2)) < 0

    def halves(self):
        """Twice as many parts, with one drive in the lower and in the upper part of its interval.

        It is the drive of that unit whose line costs most, and it is divided where the bound has
        its minimum: both lines touch the activation there.
        """
        _, drives, gaps = self._relaxation.minimum(self._factors, self._choices)
        gaps, drives = (np.concatenate(arrays, axis=2)[:, 0] for arrays in (gaps, drives))
        unit = gaps.argmax(axis=1)
        at_minimum = drives[np.arange(len(self)), unit]
        both = np.tile(np.arange(len(self)), 2)
        halves = self.select(both)
        halves._relaxation.divide(unit[both], at_minimum[both], _LEAST_SHARE)
        return halves
