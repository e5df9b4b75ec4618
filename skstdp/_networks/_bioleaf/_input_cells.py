"""From rates to input cells: steps as in `_receptive_fields`, or Gaussian tuning curves."""

import numpy as np

from .._ranks import no_knots
from .._receptive_fields import ReceptiveFields, check_even

# Few features need off cells to tell low values; many make up for them, and cost more.
_FEW_FEATURES = 50
_TUNED_CELLS = 8
_OVERLAP = 1.5


def n_input_cells(receptive_fields, field_shape, n_features):
    """Number of input cells per feature that the parameters ask for."""
    auto = receptive_fields == "auto"
    if field_shape == "step":
        if auto:
            return 2 if n_features < _FEW_FEATURES else 1
        return check_even(receptive_fields)
    if auto:
        return _TUNED_CELLS
    if receptive_fields < 3:
        raise ValueError(
            f"Got receptive_fields={receptive_fields!r}, but field_shape='gaussian' expected at "
            "least 3."
        )
    return int(receptive_fields)


def input_cells(field_shape, n_cells, n_features):
    """The input cells, which `encode` rates and give a `rates_gradient`."""
    if field_shape == "step":
        return ReceptiveFields(np.full(n_features, n_cells), no_knots(n_features))
    return TuningCurves(n_cells)


class TuningCurves:
    """Cells that each prefer one value.

    With n cells per feature, n >= 3, cell k = 0 ... n - 1 prefers the rate (k - 1/2) / (n - 2) and
    answers exp(-(x - c)^2 / (2 w^2)) with the width w = 1 / (1.5 (n - 2)) (S. M. Bohte, J. N. Kok
    and H. La Poutré, "Error-backpropagation in temporally encoded networks of spiking neurons",
    Neurocomputing 48, 2002).

    rates : ndarray of shape (n_samples, n_features), in [0, 1].
    inputs : ndarray of shape (n_samples, n_features * n), in (0, 1], cell by cell.
    """

    def __init__(self, n_cells):
        self._centres = (np.arange(n_cells) - 0.5)[:, np.newaxis] / (n_cells - 2)
        self._width = 1 / (_OVERLAP * (n_cells - 2))

    def _distances(self, rates):
        """Distance of each rate from what each cell prefers, in widths."""
        distances = (rates[:, np.newaxis] - self._centres) / self._width
        return distances.astype(rates.dtype, copy=False)

    def encode(self, rates):
        """Rates of the input cells."""
        return np.exp(-0.5 * self._distances(rates) ** 2).reshape(len(rates), -1)

    def rates_gradient(self, rates, gradient):
        """Gradient by the rates, from that by the input cells."""
        distances = self._distances(rates)
        slopes = -distances * np.exp(-0.5 * distances**2) / self._width
        by_cell = gradient.reshape(distances.shape)
        return (slopes * by_cell).sum(axis=1).astype(rates.dtype, copy=False)
