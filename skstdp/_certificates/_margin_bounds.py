"""Lower bounds of the margins of a sequence of layers, which hold for every point of a ball."""

import numpy as np
from sklearn.utils import gen_batches

from ._parts import Parts
from ._reach import Reach
from ._relaxation import Network, Relaxation

# So many numbers are held at a time.
_BLOCK = 2**21
# Rounds that improve the choices of bounds, of balls and of their parts, and that narrow the
# intervals of deeper layers.
_N_ROUNDS, _N_ROUNDS_OF_PARTS, _N_NARROWING = 15, 5, 4
# Functions that are proven by parts at a time, how often their parts are divided, and how many
# parts of one may be open.
_N_DIVIDED, _N_DIVISIONS, _MOST_PARTS = 32, 6, 32


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
    # Functions to be proven, each of a row and another class, have a number.
    rows, others = np.nonzero(bounds <= 0)
    factors = factors[rows, others][:, np.newaxis]
    pairs = Parts(relaxation.select(rows), factors, np.arange(len(rows)))
    found, _, pairs = pairs.improve(_N_ROUNDS)
    bounds[rows, others] = np.maximum(bounds[rows, others], found)
    if len(network.activations) > 1 and len(pairs):
        again, place = np.unique(rows[pairs.owners], return_inverse=True)
        relaxation = Relaxation(network, reach.select(again), point_eps, eps, _N_NARROWING)
        pairs = Parts(relaxation.select(place), factors[pairs.owners], pairs.owners)
        owners = pairs.owners
        found, _, pairs = pairs.improve(_N_ROUNDS)
        bounds[rows[owners], others[owners]] = np.maximum(
            bounds[rows[owners], others[owners]], found
        )
    for start in range(0, len(pairs), _N_DIVIDED):
        owners, found = _by_parts(pairs.select(slice(start, start + _N_DIVIDED)))
        bounds[rows[owners], others[owners]] = found
    return bounds


def _by_parts(parts):
    """Functions that are proven by parts: their numbers, and the lowest bounds of their parts."""
    owners = parts.owners
    floor = np.full(owners.max() + 1, np.inf)
    for _ in range(_N_DIVISIONS):
        parts = parts.halves()
        before = parts.owners
        found, refuted, parts = parts.improve(_N_ROUNDS_OF_PARTS)
        np.minimum.at(floor, before, np.where(found > 0, found, np.inf))
        np.minimum.at(floor, before, np.where(refuted, -np.inf, np.inf))
        n_open = np.bincount(parts.owners, minlength=len(floor))
        given_up = n_open > _MOST_PARTS
        floor[given_up] = -np.inf
        parts = parts.select(~given_up[parts.owners])
        if not len(parts):
            break
    floor[parts.owners] = -np.inf
    proven = owners[floor[owners] > 0]
    return proven, floor[proven]
