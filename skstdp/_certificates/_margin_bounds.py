"""Lower bounds of the margins of a sequence of layers, which hold for every point of a ball."""

import numpy as np
from sklearn.utils import gen_batches

from ._reach import Reach
from ._relaxation import Network, Relaxation

# So many numbers are held at a time.
_BLOCK = 2**21
_N_ROUNDS = 30
# Bounds are computed in double precision, and that is far above its rounding errors.
_OWN_ROUNDING = 1e-9


def margin_bounds(layers, ball, points, y, eps, *, n_rounds=_N_ROUNDS):
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
    n_rounds : int, default=30
        Rounds in which the bounds are improved, while there are rows that are neither proven nor
        refuted.

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
        bounds[block] = _of_rows(network, reach, y[block], point_eps, eps, n_rounds)
    return bounds


def _of_rows(network, reach, y, point_eps, eps, n_rounds):
    rows, classes = np.arange(len(y)), np.eye(network.n_outputs)
    factors = classes[y][:, np.newaxis] - classes
    relaxation = Relaxation(network, reach, point_eps, eps)
    least = relaxation.minimum(factors)[0]
    least[rows, y] = np.inf
    if not network.activations:
        return least
    for narrow in (False, True) if len(network.activations) > 1 else (False,):
        if narrow:
            # Rows are those that are not decided
            kept = np.unique(rows)
            if not len(kept):
                break
            relaxation = Relaxation(network, reach.select(kept), point_eps, eps, NARROW)
            place = np.searchsorted(kept, rows)
            relaxation, factors = relaxation.select(place), factors
        else:
            rows, others = np.nonzero(least <= 0)
            relaxation, factors = relaxation.select(rows), factors[rows, others][:, np.newaxis]
        tangents = relaxation.first_tangents()
        for k in range(n_rounds):
            found, drives = relaxation.minimum(factors, tangents)
            found = found[:, 0]
            least[rows, others] = np.maximum(least[rows, others], found)
            margins = (network.outputs(drives[0]) * factors).sum(axis=(1, 2))
            pending = (found <= 0) & ~np.isin(rows, rows[margins < 0])
            tangents = relaxation.moved(tangents, drives, 2 / (k + 2))
            tangents = [of_layer[pending] for of_layer in tangents]
            rows, others, factors = rows[pending], others[pending], factors[pending]
            relaxation = relaxation.select(pending)
            if not pending.any():
                break
    return least


NARROW = 10
