"""Potentials and spikes of every cell of a fitted microcircuit in every step."""

from dataclasses import dataclass

import numpy as np
from sklearn.utils.validation import check_is_fitted


@dataclass
class MicrocircuitRecord:
    """Arrays of shape (n_steps, n_samples, n_cells), in lists with one entry per layer.

    Attributes
    ----------
    inputs : ndarray of shape (n_steps, n_samples, n_inputs)
        Currents of the input cells.
    basal, soma : lists of ndarrays
        Potentials before the reset, of hidden layers and of the output.
    spikes, predicted_spikes : lists of ndarrays of bool
        Of the somata, the only ones that leave a cell, and of the basal compartments.
    psc, predicted_psc : lists of ndarrays
        Currents that these make.
    apical : list of ndarrays
        Apical potentials of the hidden layers.
    interneuron, interneuron_psc : lists of ndarrays of shape (n_steps, n_samples, n_above)
        Potentials and currents of the interneurons of each hidden layer.
    """

    inputs: np.ndarray
    basal: list
    soma: list
    spikes: list
    predicted_spikes: list
    psc: list
    predicted_psc: list
    apical: list
    interneuron: list
    interneuron_psc: list


def record(classifier, X, y=None):
    """Run a fitted classifier and keep everything.

    Parameters
    ----------
    classifier : BioLeaFClassifier
        Fitted.
    X : array-like of shape (n_samples, n_features)
        Samples.
    y : array-like of shape (n_samples,), default=None
        Labels for the teacher; None for no teacher.

    Returns
    -------
    record : MicrocircuitRecord
    """
    from ..._kernels import Circuit, microcircuit_record
    from ..._kernels import _microcircuit as quantity

    check_is_fitted(classifier)
    inputs = np.require(classifier._inputs(classifier._rates(X)), requirements=["C", "A", "W"])
    taught = y is not None
    indices = classifier._class_indices(y) if taught else np.zeros(len(inputs), np.intp)
    synapses, _ = classifier._flat_circuit()
    units = classifier._layer_sizes()
    cells = classifier._cells()
    states, currents = microcircuit_record(
        inputs, indices, taught, Circuit(units, *synapses), cells, classifier._coding()
    )
    ends = np.cumsum(units[1:]) * len(inputs)

    def by_layer(kind, layers=slice(None)):
        parts = np.split(states[:, kind], ends[:-1], axis=1)
        shape = (len(states), len(inputs), -1)
        return [np.ascontiguousarray(part).reshape(shape) for part in parts][layers]

    basal, soma = by_layer(quantity.BASAL), by_layer(quantity.SOMA)
    threshold = cells[2]
    return MicrocircuitRecord(
        inputs=currents,
        basal=basal,
        soma=soma,
        spikes=[potential >= threshold for potential in soma],
        predicted_spikes=[potential >= threshold for potential in basal],
        psc=by_layer(quantity.PSC),
        predicted_psc=by_layer(quantity.PREDICTED),
        apical=by_layer(quantity.APICAL, slice(-1)),
        interneuron=by_layer(quantity.INTERNEURON, slice(1, None)),
        interneuron_psc=by_layer(quantity.INTERNEURON_PSC, slice(1, None)),
    )
