"""The microcircuit before training, and as the kernels take it.

coefs, intercepts : lists of ndarrays of shape (n_in, n_out) and (n_out,)
    Forward synapses, one per layer.
interneuron_coefs, interneuron_intercepts : lists of ndarrays, in shapes like the above
    Lateral synapses onto the interneurons of each hidden layer, which mirror the layer above.
feedback_coefs : list of ndarrays of shape (n_above, n_cells)
    Synapses from the layer above onto the apical compartments of each hidden layer.
"""

from itertools import pairwise

import numpy as np

from .._initialization import check_scale

# In the order in which the kernels number them.
INPUT_CODES = ("current", "rate", "latency", "poisson")
_POTENTIALS, _CURRENTS, _SPIKES = range(3)

_THRESHOLD = 1.0


def random_synapses(layer_sizes, random_state, dtype, scale):
    """Forward and feedback synapses before training: independent normal weights, no biases.

    Their variances are 2 / n_in, times the square of `scale`, and 1 / n_above.
    """
    check_scale(scale, layer_sizes, dtype)
    coefs = [
        random_state.normal(0, scale * np.sqrt(2 / n_in), (n_in, n_out)).astype(dtype)
        for n_in, n_out in pairwise(layer_sizes)
    ]
    intercepts = [np.zeros(n_out, dtype) for n_out in layer_sizes[1:]]
    feedback_coefs = [
        random_state.normal(0, np.sqrt(1 / n_above), (n_above, n_cells)).astype(dtype)
        for n_cells, n_above in pairwise(layer_sizes[1:])
    ]
    return coefs, intercepts, feedback_coefs


def transposed(coefs):
    """Feedback synapses that are as strong as the forward synapses between the same cells."""
    return [np.ascontiguousarray(coef.T) for coef in coefs[1:]]


def where_errors_are_read(rule, n_layers):
    """Quantity that each layer above the inputs compares: potentials, currents or spikes.

    The first hidden layer is mirrored by nobody and may read its graded apical potential. One that
    interneurons have to copy must read what they can see of it.
    """
    if rule == "spike":
        return np.full(n_layers, _SPIKES)
    reads = np.full(n_layers, _CURRENTS)
    if n_layers > 1:
        reads[0] = _POTENTIALS
    return reads


def apical_conductances(conductance, rule, n_hidden_layers):
    """Conductance from the apical compartments of each hidden layer to its somata."""
    if conductance != "auto":
        return np.full(n_hidden_layers, float(conductance))
    if rule == "spike":
        return np.ones(n_hidden_layers)
    conductances = np.full(n_hidden_layers, 2.0)
    # Nobody reads the error of the first hidden layer from its spikes.
    conductances[:1] = 0
    return conductances


def cell_constants(tau_m, tau_s, gate_slope):
    """Share that a membrane and a current keep in a step, threshold, steepness of the gate."""
    return 1 - 1 / tau_m, 1 - 1 / tau_s, _THRESHOLD, float(gate_slope)
