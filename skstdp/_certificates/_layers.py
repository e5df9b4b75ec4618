"""Functions that a classifier is a sequence of, from points to one score per class.

Each is called with an array of shape (n_rows, n_inputs), all in float64, and has

- `interval(low, high)`: smallest and largest value of each output if each input is in an interval
  of its own;
- `rounding(size, error, eps)`: a bound of the rounding error of each output, as a floating-point
  network of precision `eps` computes it, if inputs of at most `size` have the error `error`. All
  have the shape (n_rows, n_units).

Hyperbolic tangents are logistic functions between other affine maps: tanh(z) = 2 s(2 z) - 1.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import expit


def _sum_error(n_terms, eps):
    """Relative error of a sum of so many products, in any order (Higham, 2002, section 3.1)."""
    n_eps = (n_terms + 2) * eps / 2
    return n_eps / (1 - n_eps) if n_eps < 0.5 else np.inf


class Affine(NamedTuple):
    """The map x @ matrix + offset.

    Attributes
    ----------
    matrix : ndarray of shape (n_inputs, n_outputs)
    offset : ndarray of shape (n_outputs,)
    eps : float, default=2.2e-16
        Precision of the numbers of the classifier that these are.
    """

    matrix: np.ndarray
    offset: np.ndarray
    eps: float = float(np.finfo(np.float64).eps)

    @classmethod
    def of(cls, matrix, offset):
        """The map, in double precision, of arrays of any."""
        matrix, offset = np.asarray(matrix), np.asarray(offset)
        eps = np.finfo(np.result_type(matrix, np.float16)).eps
        return cls(matrix.astype(np.float64), offset.astype(np.float64), float(eps))

    def __call__(self, x):
        return x @ self.matrix + self.offset

    def after(self, other):
        """The map that first applies another affine one."""
        return Affine(other.matrix @ self.matrix, self(other.offset))

    def interval(self, low, high):
        middle, half = self((low + high) / 2), (high - low) / 2 @ np.abs(self.matrix)
        return middle - half, middle + half

    def rounding(self, size, error, eps):
        sizes = np.abs(self.matrix)
        lost = _sum_error(len(sizes), eps)
        return error @ sizes + lost * ((size + error) @ sizes + np.abs(self.offset))


class SquaredDistances(Affine):
    """Minus squared distances to centroids, of which the square of the row is left out.

    As an affine map that is x -> 2 x c - c c; squares of rows round as well.
    """

    def rounding(self, size, error, eps):
        lost = _sum_error(4 * size.shape[1], eps)
        squares = ((size + error) ** 2).sum(axis=1, keepdims=True)
        return super().rounding(size, error, eps) + lost * (squares + np.abs(self.offset))


class PiecewiseLinear(NamedTuple):
    """Continuous, piecewise linear functions of one input each, constant beyond the outer nodes.

    Attributes
    ----------
    nodes : ndarray of shape (n_nodes, n_inputs)
        Where slopes change, ascending; repeated where an input has fewer.
    values : ndarray of shape (n_nodes, n_outputs)
        Outputs where their input is at each node.
    inputs : ndarray of shape (n_outputs,), dtype int
        Input of each output.
    """

    nodes: np.ndarray
    values: np.ndarray
    inputs: np.ndarray

    def places(self, x):
        """Number of the node below each value, at most the last but one, and share beyond it.

        Both have the shape of x, (..., n_inputs).
        """
        n_nodes = len(self.nodes)
        below = np.zeros(x.shape, dtype=np.intp)
        for k in range(1, n_nodes - 1):
            below += x >= self.nodes[k]
        column = np.arange(x.shape[-1])
        first, last = (
            self.nodes[below, column],
            self.nodes[np.minimum(below + 1, n_nodes - 1), column],
        )
        width = last - first
        share = np.divide(x - first, width, out=(x > first).astype(np.float64), where=width > 0)
        return below, np.clip(share, 0, 1)

    def __call__(self, x):
        below, share = (place[..., self.inputs] for place in self.places(x))
        output = np.arange(len(self.inputs))
        first, last = self.values[below, output], self.values[below + 1, output]
        return first + share * (last - first)

    def after(self, affine):
        """The functions of what an affine map makes of x, or None if it mixes inputs."""
        sources = _sources(affine.matrix)
        if sources is None:
            return None
        used = np.arange(affine.matrix.shape[1])
        nodes = np.zeros((len(self.nodes), len(affine.matrix)))
        nodes[:, sources] = (self.nodes - affine.offset) / affine.matrix[sources, used]
        return PiecewiseLinear(nodes, self.values, sources[self.inputs])

    def interval(self, low, high):
        ends = np.minimum(self(low), self(high)), np.maximum(self(low), self(high))
        low, high = low[:, self.inputs], high[:, self.inputs]
        for nodes, values in zip(self.nodes[:, self.inputs], self.values, strict=True):
            inside = (nodes > low) & (nodes < high)
            ends = (
                np.where(inside, np.minimum(ends[0], values), ends[0]),
                np.where(inside, np.maximum(ends[1], values), ends[1]),
            )
        return ends

    def rounding(self, size, error, eps):
        # The range of an input is subtracted from it, and what is left is divided by it.
        error = error + 8 * eps * (size + np.abs(self.nodes).max(axis=0))
        widths = np.diff(self.nodes, axis=0)[:, self.inputs]
        climbs = np.abs(np.diff(self.values, axis=0))
        steepest = np.divide(climbs, widths, out=np.zeros_like(climbs), where=widths > 0)
        moved = error[:, self.inputs] * steepest.max(axis=0, initial=0)
        codes = np.bincount(self.inputs)[self.inputs]
        return np.minimum(moved, np.ptp(self.values, axis=0)) + 8 * eps * (1 + codes) * (
            1 + np.abs(self.values).max(axis=0)
        )


def _sources(matrix):
    """The one input of each output of a matrix, all different, if factors are positive."""
    sources = np.abs(matrix).argmax(axis=0)
    factors = matrix[sources, np.arange(matrix.shape[1])]
    one_each = (np.count_nonzero(matrix, axis=0) == 1).all() and (factors > 0).all()
    return sources if one_each and len(set(sources.tolist())) == len(sources) else None


class Logistic:
    """The logistic function of each input."""

    def __call__(self, z):
        return expit(z)

    def interval(self, low, high):
        return expit(low), expit(high)

    def rounding(self, size, error, eps):
        return np.minimum(error / 4, 1) + 8 * eps


class Relu:
    """The positive part of each input."""

    def __call__(self, z):
        return np.maximum(z, 0)

    def interval(self, low, high):
        return np.maximum(low, 0), np.maximum(high, 0)

    def rounding(self, size, error, eps):
        return error


def precision_of(layers):
    """Precision of the coarsest of the numbers in some layers."""
    return max(layer.eps for layer in layers if isinstance(layer, Affine))


def segments_of(layers):
    """Layers in groups, of which all but the first begin with one that is not affine."""
    segments = [[]]
    for layer in layers:
        if isinstance(layer, Affine) or (len(segments) == 1 and _folded([*segments[0], layer])):
            segments[-1].append(layer)
        else:
            segments.append([layer])
    return segments


def first_of(segment):
    """The code of a first segment, a PiecewiseLinear or None, and the affine map after it."""
    code, affine = _folded(segment)
    return code, _identity(len(code.inputs)) if affine is None else affine


def map_of(segment, n_drives):
    """Affine layers of a later segment as one, given the number of drives that it acts on."""
    activation, *maps = segment
    code = isinstance(activation, PiecewiseLinear)
    affine = _identity(len(activation.inputs) if code else n_drives)
    for layer in maps:
        affine = layer.after(affine)
    return affine


def _folded(layers):
    """Layers as a code and an affine map, either may be None; None if they are no such pair."""
    code = affine = None
    for layer in layers:
        if isinstance(layer, Affine):
            affine = layer if affine is None else layer.after(affine)
        elif isinstance(layer, PiecewiseLinear) and code is None:
            code = layer if affine is None else layer.after(affine)
            affine = None
            if code is None:
                return None
        else:
            return None
    return code, affine


def _identity(width):
    return Affine(np.eye(width), np.zeros(width))


def through(segment, low, high, error, eps):
    """Intervals of what a segment computes of inputs in intervals, and its rounding error.

    Parameters
    ----------
    segment : list of layers
    low, high, error : ndarray of shape (n_rows, n_inputs)
        Ends of the intervals, and the rounding error of the inputs themselves.
    eps : float
        Precision of the floating-point numbers.

    Returns
    -------
    low, high, error : ndarray of shape (n_rows, n_outputs)
        The intervals are those without rounding.
    """
    for layer in segment:
        error = layer.rounding(np.maximum(np.abs(low), np.abs(high)), error, eps)
        low, high = layer.interval(low, high)
    return low, high, error
