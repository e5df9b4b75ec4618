"""Lower bounds of the margins of a sequence of layers, which hold for every point of a ball."""

import numpy as np
from sklearn.utils import gen_batches

from ._counterexamples import narrowed
from ._parts import JUST_POSITIVE, Parts, bounds_by_parts
from ._reach import Reach
from ._relaxation import Network, Relaxation

# So many numbers are held at a time.
_BLOCK = 2**21
# Rounds that improve the choices of bounds, of balls and of their parts; how often intervals are
# narrowed, and parts divided.
_N_ROUNDS, _N_ROUNDS_OF_PARTS, _N_NARROWINGS, _N_DIVISIONS = 15, 5, 10, 6
# Share of what is missing that a narrowing has to gain.
_LEAST_GAIN = 0.03


def margin_bounds(layers, ball, points, y, eps):
    """Lower bounds of the score of the true class minus that of each other, for any point.

    Rounding errors of the classifier, for floating-point numbers of precision `eps`, and of the
    bounds are taken off.

    Parameters
    ----------
    layers : list
        From points to class scores.
    ball : Ball
    points : ndarray of shape (n_samples, n_features)
    y : ndarray of shape (n_samples,), dtype intp
        Class indices.
    eps : float

    Returns
    -------
    bounds : ndarray of shape (n_samples, n_classes)
        Infinite for the true class.
    """
    network = Network(layers)
    point_eps = float(np.finfo(points.dtype).eps)
    bounds = np.empty((len(points), network.n_outputs))
    for block in gen_batches(len(points), max(1, _BLOCK // network.n_numbers)):
        reach = Reach(ball, points[block], block)
        bounds[block] = _of_rows(network, reach, y[block], point_eps, eps)
    return bounds


def _of_rows(network, reach, y, point_eps, eps):
    rows, classes = np.arange(len(y)), np.eye(network.n_outputs)
    factors = classes[y][:, np.newaxis] - classes
    relaxation = Relaxation(network, reach, point_eps, eps)
    bounds = relaxation.minimum(factors)[0]
    bounds[rows, y] = np.inf
    if not network.activations:
        return bounds
    # Functions to be proven, each of a row and another class.
    rows, others = np.nonzero(bounds <= 0)
    factors = factors[rows, others][:, np.newaxis]
    lowest, nothing = np.full(len(rows), np.inf), np.zeros(len(rows))
    parts = Parts(relaxation.select(rows), factors, nothing, np.arange(len(rows)))
    parts = parts.improve(_N_ROUNDS, lowest)
    before = np.full(len(rows), -np.inf)
    for _ in range(_N_NARROWINGS):
        if not len(parts):
            break
        before[parts.owners] = parts.bounds
        parts = narrowed(parts).improve(_N_ROUNDS_OF_PARTS, lowest, _N_ROUNDS_OF_PARTS)
        # What is left of the way to zero; where it hardly shrinks, there is no hope.
        hopeless = parts.bounds < (1 - _LEAST_GAIN) * before[parts.owners]
        parts = parts.without(hopeless, lowest)
    left, parts.owners = parts.owners, np.arange(len(parts))
    lowest[left] = bounds_by_parts(parts, _N_DIVISIONS, _N_ROUNDS_OF_PARTS)
    # Proven where there are no counterexamples; how far above zero is not known.
    lowest = np.minimum(lowest, JUST_POSITIVE)
    bounds[rows, others] = np.maximum(bounds[rows, others], lowest)
    return bounds
