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

import numpy as np

from ._layers import PiecewiseLinear, first_of, map_of, segments_of, through
from ._lines import CodeLines, Lines
from ._reach import Linear, Tables

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

    def outputs(self, drives):
        """What the network computes of first drives."""
        for activation, affine in zip(self.activations, self.maps, strict=True):
            drives = affine(activation(drives))
        return drives

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
            least, x = reach.minimum(Linear(factors @ self._first.matrix.T))
        else:
            tables = Tables(self._code, np.tensordot(factors, self._tables, 1))
            least, x = reach.minimum(tables)
            x = self._code(x)
        return least + factors @ self._first.offset, self._first(x)


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
    n_rounds : int, default=0
        Rounds in which intervals of drives are narrowed.
    """

    def __init__(self, network, reach, point_eps, eps, n_rounds=0):
        self._network, self._reach = network, reach
        self._lines, self._errors = [], []
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
                narrower = self._intervals(low.shape[1], n_rounds)
                low, high = np.maximum(low, narrower[0]), np.minimum(high, narrower[1])
            # Where both are one number, rounding must not put them in the wrong order.
            low, high = np.minimum(low, high), np.maximum(low, high)
            activation = network.activations[k]
            kind = CodeLines if isinstance(activation, PiecewiseLinear) else Lines
            self._lines.append(kind(activation, low, high))
            error = np.zeros_like(low)

    def _intervals(self, width, n_rounds):
        """Smallest and largest drives of the next layer, of shape (n_rows, width)."""
        signs = np.concatenate([np.eye(width), -np.eye(width)])[np.newaxis]
        least, drives = self.minimum(signs)
        tangents = self.first_tangents()
        for k in range(n_rounds if self._lines else 0):
            tangents = self.moved(tangents, drives, 2 / (k + 2))
            found, drives = self.minimum(signs, tangents)
            least = np.maximum(least, found)
        return least[:, :width], -least[:, width:]

    def select(self, kept):
        """The lines of some of the rows."""
        relaxation = object.__new__(Relaxation)
        relaxation._network, relaxation._reach = self._network, self._reach.select(kept)
        relaxation._lines = [lines.select(kept) for lines in self._lines]
        relaxation._errors = [error[kept] for error in self._errors]
        return relaxation

    def minimum(self, factors, tangents=None):
        """Lower bounds of linear functions of the outputs of the last layer that has lines.

        Parameters
        ----------
        factors : ndarray of shape (n_rows or 1, n_terms, n_units)
        tangents : list of ndarray of shape (n_rows, n_terms, n_units), default=None
            For each layer; None to begin with.

        Returns
        -------
        least : ndarray of shape (n_rows, n_terms)
        drives : list of ndarray of shape (n_rows, n_terms, n_units)
            Of each layer, where the bound is attained.
        """
        tangents = self.first_tangents() if tangents is None else tangents
        constant, forwards = -self._lost(factors, len(self._lines)), []
        for k in reversed(range(len(self._lines))):
            affine = self._network.maps[k]
            constant = constant + factors @ affine.offset
            factors, lost, forward = self._lines[k].back(factors @ affine.matrix.T, tangents[k])
            constant = constant + lost - self._lost(factors, k)
            forwards = [forward, *forwards]
        least, z = self._network.first_minimum(self._reach, factors)
        drives = [z]
        for forward, affine in zip(forwards[:-1], self._network.maps, strict=False):
            drives.append(affine(forward(drives[-1])))
        return least + constant, drives

    def _lost(self, factors, level):
        """Least change of linear functions of drives by rounding errors."""
        return (np.abs(factors) @ self._errors[level][:, :, np.newaxis])[:, :, 0]

    def first_tangents(self):
        """Tangents to begin with, of bounds with one term per row: a list, by layer."""
        return [lines.tangents[:, np.newaxis] for lines in self._lines]

    def moved(self, tangents, drives, share):
        """Tangents moved by a share of the way to those that are best for drives."""
        return [
            old + share * (lines.best_tangents(z) - old)
            for lines, old, z in zip(self._lines, tangents, drives, strict=True)
        ]
