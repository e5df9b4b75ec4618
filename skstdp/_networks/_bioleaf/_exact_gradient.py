"""Errors of backpropagation through time for each hidden cell, to compare its own with."""

import numpy as np


def backpropagated_errors(classifier, record):
    """Minus the derivative of the van Rossum error by a constant current into each hidden cell.

    As in the surrogate gradient of attacks, a spike counts as growing with the potential by the
    gate of plasticity, and what it resets is held constant.

    Parameters
    ----------
    classifier : BioLeaFClassifier
        Fitted.
    record : MicrocircuitRecord
        With a teacher.

    Returns
    -------
    errors : list of ndarrays of shape (n_samples, n_cells)
        One per hidden layer.
    """
    keep, leak, threshold, slope = classifier._cells()
    by_psc_outside = [record.predicted_psc[-1] - record.psc[-1]]
    errors = []
    for layer in range(len(record.basal) - 1, -1, -1):
        potentials = record.basal[layer]
        gate = 1 / (1 + slope * np.abs(potentials - threshold)) ** 2
        by_drive = np.empty_like(potentials)
        by_psc = later = np.zeros_like(potentials[0])
        for step in range(len(potentials) - 1, -1, -1):
            by_psc = leak * by_psc + by_psc_outside[-1][step]
            kept = keep * later * (potentials[step] < threshold)
            later = by_drive[step] = kept + gate[step] * (1 - leak) * by_psc
        errors.append(-by_drive.sum(axis=0))
        by_psc_outside.append(by_drive @ classifier.coefs_[layer].T)
    return errors[:0:-1]


def apical_errors(classifier, record):
    """Errors that synapses of hidden cells read of their apical potentials, over the steps."""
    keep, _, threshold, slope = classifier._cells()
    steps = np.arange(1, len(record.inputs) + 1)
    bias_trace = steps if keep == 1 else (1 - keep**steps) / (1 - keep)
    return [
        np.tensordot(bias_trace, apical / (1 + slope * np.abs(basal - threshold)) ** 2, axes=1)
        for apical, basal in zip(record.apical, record.basal, strict=False)
    ]
