"""From rates to input cells that each prefer one value: Gaussian receptive fields.

With n cells a feature, n >= 3, cell k = 0 ... n - 1 prefers the rate (k - 1/2) / (n - 2) and
answers exp(-(x - c)^2 / (2 w^2)) with the width w = 1 / (1.5 (n - 2)) (S. M. Bohte, J. N. Kok and
H. La Poutré, "Error-backpropagation in temporally encoded networks of spiking neurons",
Neurocomputing 48, 2002).

rates : ndarray of shape (n_samples, n_features), in [0, 1].
inputs : ndarray of shape (n_samples, n_features * n), in (0, 1], cell by cell.
"""

import numpy as np

_OVERLAP = 1.5


def _distances(rates, n_cells):
    """Distance of each rate from what each cell prefers, in widths."""
    centres = (np.arange(n_cells) - 0.5) / (n_cells - 2)
    width = 1 / (_OVERLAP * (n_cells - 2))
    distances = (rates[:, np.newaxis] - centres[:, np.newaxis]) / width
    return distances.astype(rates.dtype, copy=False), width


def tuned_inputs(rates, n_cells):
    """Rates of the input cells."""
    distances, _ = _distances(rates, n_cells)
    return np.exp(-0.5 * distances**2).reshape(len(rates), -1)


def tuned_gradient(rates, gradient, n_cells):
    """Gradient with respect to the rates, from that with respect to the input cells."""
    distances, width = _distances(rates, n_cells)
    slopes = -distances * np.exp(-0.5 * distances**2) / width
    by_cell = gradient.reshape(distances.shape)
    return (slopes * by_cell).sum(axis=1).astype(rates.dtype, copy=False)
