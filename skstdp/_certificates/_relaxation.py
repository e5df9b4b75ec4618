"""Lower bounds of what a network computes anywhere in a ball: linear relaxation, CROWN [1]_.

A linear function of the outputs of a layer is bounded from below, backwards: each activation is
replaced by the line below it where its factor is positive, and by the line above it where that is
negative. What remains is a linear function of the first drives, whose least value in the ball is
known. The intervals of the drives, in which lines are valid, are such bounds themselves, layer by
layer, and are cut with those of interval arithmetic.

Which tangents are best depends on where the least value is. Each round moves them towards those
that are best for the drives there, as the algorithm of Frank and Wolfe does: with one hidden layer
the bounds converge to the least value of the convex envelopes of the activations. Every round
gives a valid bound, and the highest counts.

References
----------
.. [1] H. Zhang, T.-W. Weng, P.-Y. Chen, C.-J. Hsieh, L. Daniel, "Efficient Neural Network
       Robustness Certification with General Activation Functions", arXiv:1811.00866, 2018.
"""

from copy import copy
from typing import NamedTuple

import numpy as np

from ._layers import PiecewiseLinear, first_of, map_of, segments_of, through
from ._lines import CodeLines, Lines
from ._reach import Linear, Tables

# Bounds that multipliers aim at: a little above zero, which proves.
_TARGET = 0.05
# Largest multiplier.
_STEEPEST = 1e6
# Share of the step of a multiplier that would be right if the bound were linear and could be zero.
_STEP = 0.15
# Bounds are computed in double precision, and that is far above its rounding errors.
_OWN_ROUNDING = 1e-9


class Network:
    """A sequence of layers, in the form in which it is bounded.

    It is divided into segments: what makes the first drives of the input, and then from the drives
    of one layer to those of the next. The last drives are the outputs.

    Parameters
    ----------
    layers : list
        Of `_layers`, the last one affine.

    Attributes
    ----------
    segments : list of lists
        The layers of each segment, as they are given.
    activations : list
        The first layer of each segment but the first.
    maps : list of Affine
        The others of these segments, as one.
    n_outputs : int
        Number of outputs.
    n_numbers : int
        Most numbers that bounds hold at a time for each row.
    """

    def __init__(self, layers):
        self.segments = segments_of(layers)
        self._code, self._first = first_of(self.segments[0])
        widths = [len(self._first.offset)]
        self.activations, self.maps = [], []
        for segment in self.segments[1:]:
            self.activations.append(segment[0])
            self.maps.append(map_of(segment, widths[-1]))
            widths.append(len(self.maps[-1].offset))
        self.n_outputs = widths[-1]
        n_numbers = len(self._first.matrix)
        if self._code is not None:
            n_numbers = self._code.nodes.size + 2 * self._code.nodes.shape[1]
            self._tables = Tables.of(self._code, self._first.matrix.T[np.newaxis]).tables[0]
        self.starts_with_code = self._code is not None
        self.n_numbers = 2 * max(widths) * n_numbers

    def first_minimum(self, reach, factors):
        """Least values of linear functions of the first drives, and the drives there.

        Parameters
        ----------
        reach : Reach
        factors : ndarray of shape (n_rows or 1, n_terms, n_units)

        Returns
        -------
        least : ndarray of shape (n_rows, n_terms)
        drives : ndarray of shape (n_rows, n_terms, n_units)
        """
        if self._code is None:
            # As one product of matrices, which is faster than one per row.
            weights = factors.reshape(-1, factors.shape[2]) @ self._first.matrix.T
            least, x = reach.minimum(Linear(weights.reshape(*factors.shape[:2], -1)))
        else:
            tables = Tables(self._code, np.tensordot(factors, self._tables, 1))
            least, x = reach.minimum(tables)
            x = self._code(x)
        drives = self._first(x.reshape(-1, x.shape[2]))
        return least + factors @ self._first.offset, drives.reshape(*x.shape[:2], -1)


def signs_of_ends(width):
    """Factors whose least values are the lower ends of intervals, and minus the upper ones."""
    return np.concatenate([np.eye(width), -np.eye(width)])


class Choice(NamedTuple):
    """What can be chosen in the bounds of a layer.

    Attributes
    ----------
    tangents : ndarray of shape (n_rows, n_terms, n_units)
        Where lines touch the activations.
    multipliers : ndarray of shape (n_rows, n_terms, n_units)
        Of the intervals of the drives: positive for their upper ends, negative for the lower ones.
    """

    tangents: np.ndarray
    multipliers: np.ndarray

    def select(self, kept):
        """The choices for some of the rows."""
        return Choice(*(array[kept] for array in self))

    def where(self, rows, other):
        """These choices for the rows where a mask is true, and others elsewhere."""
        pairs = zip(self, other, strict=True)
        return Choice(*(np.where(rows[:, np.newaxis, np.newaxis], *pair) for pair in pairs))


class Relaxation:
    """The lines of a network for some balls.

    Bounds hold for what a classifier computes in floating-point numbers: its rounding errors are
    taken for changes of the drives, each by as much as it can be, and of the worst sign.

    Parameters
    ----------
    network : Network
    reach : Reach
    point_eps, eps : float
        Precision of the points of attacks, and of the classifier.

    Attributes
    ----------
    lines : list of Lines or CodeLines
        Of each layer.
    """

    def __init__(self, network, reach, point_eps, eps):
        self.network, self._reach = network, reach
        self.lines, self._errors = [], []
        low, high = reach.low, reach.high
        error = 2 * point_eps * np.maximum(np.abs(low), np.abs(high))
        for k, segment in enumerate(network.segments):
            low, high, error = through(segment, low, high, error, eps)
            error = error + _OWN_ROUNDING * np.maximum(np.abs(low), np.abs(high))
            self._errors.append(error)
            if k == len(network.activations):
                break
            low, high = low - error, high + error
            if k > 0 or network.starts_with_code or not reach.is_box:
                narrower = self._intervals(low.shape[1])
                low, high = np.maximum(low, narrower[0]), np.minimum(high, narrower[1])
            # Where both are one number, rounding must not put them in the wrong order.
            low, high = np.minimum(low, high), np.maximum(low, high)
            activation = network.activations[k]
            kind = CodeLines if isinstance(activation, PiecewiseLinear) else Lines
            self.lines.append(kind(activation, low, high))
            error = np.zeros_like(low)

    def _intervals(self, width):
        """Smallest and largest drives of the next layer, of shape (n_rows, width)."""
        least, *_ = self.minimum(signs_of_ends(width)[np.newaxis])
        return least[:, :width], -least[:, width:]

    def narrowed(self, level, low, high):
        """The relaxation with other intervals of the drives of one layer."""
        relaxation = copy(self)
        relaxation.lines = list(self.lines)
        relaxation.lines[level] = self.lines[level].narrowed(low, high)
        return relaxation

    def before(self, level):
        """The relaxation of the layers before the drives of one layer, which are its outputs."""
        relaxation = copy(self)
        relaxation.lines = self.lines[:level]
        return relaxation

    def outputs(self, drives):
        """What the layers that have lines compute of first drives, without rounding errors."""
        for k in range(len(self.lines)):
            drives = self.network.maps[k](self.network.activations[k](drives))
        return drives

    def select(self, kept):
        """The lines of some of the rows."""
        relaxation = copy(self)
        relaxation._reach = self._reach.select(kept)
        relaxation.lines = [lines.select(kept) for lines in self.lines]
        relaxation._errors = [error[kept] for error in self._errors]
        return relaxation

    def divide(self, units, drives, least_share):
        """Narrow the interval of one unit of each row: below a drive in the first half of them.

        Parameters
        ----------
        units : ndarray of shape (n_rows,), dtype int
            Numbers of the units, counted through all layers.
        drives : ndarray of shape (n_rows,)
            Moved so far that each side has a share of the interval of at least `least_share`.
        """
        n_rows, start = len(units), 0
        for k, lines in enumerate(self.lines):
            width = lines.low.shape[1]
            rows = np.flatnonzero((units >= start) & (units < start + width))
            at = rows, units[rows] - start
            low, high = lines.low[at], lines.high[at]
            margin = least_share * (high - low)
            middle = np.clip(drives[rows], low + margin, high - margin)
            is_lower = rows < n_rows / 2
            low, high = np.where(is_lower, low, middle), np.where(is_lower, middle, high)
            self.lines[k] = lines.replaced(*at, low, high)
            start += width

    def minimum(self, factors, choices=None):
        """Lower bounds of linear functions of the outputs of the last layer that has lines.

        Parameters
        ----------
        factors : ndarray of shape (n_rows or 1, n_terms, n_units)
        choices : list of Choice, default=None
            For each layer; None to begin with.

        Returns
        -------
        least : ndarray of shape (n_rows, n_terms)
        drives : list of ndarray of shape (n_rows, n_terms, n_units)
            Of each layer, where the bound is attained; the last are the outputs.
        gaps : list of ndarray of shape (n_rows, n_terms, n_units)
            By how much each unit's line is below its activation there, times its factor.
        """
        below, forwards = self._backwards(factors, choices)
        factors, constant = below[0]
        least, z = self.network.first_minimum(self._reach, factors)
        drives, gaps = [z], []
        for affine, forward in zip(self.network.maps, forwards, strict=False):
            taken, gap = forward(drives[-1])
            gaps.append(gap)
            drives.append(affine(taken))
        return least + constant - self._lost(factors, 0), drives, gaps

    def below(self, factors, choices):
        """Linear functions of the drives of each layer that are below one of the outputs.

        Parameters are those of `minimum`.

        Returns
        -------
        below : list of (factors, constant)
            Of each layer, and last of the outputs, of shapes (n_rows, n_terms, n_units) and
            (n_rows, n_terms).
        """
        return self._backwards(factors, choices)[0]

    def gains(self, factors, choices):
        """By how much bounds rise with the ends of intervals of each layer, as `Lines.gains`.

        Parameters are those of `minimum`, with one term per row. None for a code.
        """
        below, drives = self.below(factors, choices), self.minimum(factors, choices)[1]
        return [
            lines.gains(after[0] @ affine.matrix.T, choice.tangents, z)
            if isinstance(lines, Lines)
            else None
            for lines, after, affine, choice, z in zip(
                self.lines, below[1:], self.network.maps, choices, drives, strict=False
            )
        ]

    def _backwards(self, factors, choices):
        choices = self.first_choices() if choices is None else choices
        constant = np.zeros((1, factors.shape[1]))
        below, forwards = [(factors, constant)], []
        for k in reversed(range(len(self.lines))):
            lines, affine = self.lines[k], self.network.maps[k]
            constant = constant - self._lost(factors, k + 1) + factors @ affine.offset
            factors, least, forward = lines.back(factors @ affine.matrix.T, choices[k].tangents)
            factors = factors + choices[k].multipliers
            constant = constant + least - lines.highest(choices[k].multipliers)
            below.append((factors, constant))
            forwards.append(forward)
        return below[::-1], forwards[::-1]

    def _lost(self, factors, level):
        """Least change of linear functions of drives by rounding errors."""
        return (np.abs(factors) @ self._errors[level][:, :, np.newaxis])[:, :, 0]

    def first_choices(self):
        """Choices to begin with, of bounds with one term per row: a list, by layer."""
        return [
            Choice(lines.tangents[:, np.newaxis], np.zeros_like(lines.tangents)[:, np.newaxis])
            for lines in self.lines
        ]

    def better_choices(self, choices, drives, share, least=None):
        """Choices that are better for the drives at a minimum.

        Parameters
        ----------
        choices : list of Choice
        drives : list of ndarray
            As `minimum` returns them.
        share : float
            Share of the way that tangents take to those that are best for these drives.
        least : ndarray of shape (n_rows, n_terms), default=None
            The bounds, if multipliers are to raise them above zero.
        """
        better = [
            choice._replace(
                tangents=choice.tangents + share * (lines.best_tangents(z) - choice.tangents)
            )
            for lines, choice, z in zip(self.lines, choices, drives, strict=False)
        ]
        if least is None:
            return better
        slopes = [
            lines.outside(z, choice.multipliers)
            for lines, choice, z in zip(self.lines, choices, drives, strict=False)
        ]
        squares = sum((slope**2).sum(axis=2) for slope in slopes)
        missing = _STEP * np.maximum(_TARGET - least, 0)
        step = np.divide(missing, squares, out=np.zeros_like(squares), where=squares > 1e-18)
        for k, slope in enumerate(slopes):
            old = choices[k].multipliers
            # Where drives are beyond an interval by next to nothing, steps know no end.
            new = np.clip(old + step[:, :, np.newaxis] * slope, -_STEEPEST, _STEEPEST)
            # Not from one end of the interval to the other at once.
            better[k] = better[k]._replace(multipliers=np.where(new * old < 0, 0, new))
        return better
