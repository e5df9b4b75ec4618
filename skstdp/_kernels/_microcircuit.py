"""One time step of the dendritic microcircuit, and what its synapses learn in it.

Layers are counted without the inputs, so `units[layer]` is the number of inputs of a layer and
`units[layer + 1]` that of its cells; the last layer is the output. In one step

1. spikes go up: drive, potentials and currents of the pyramidal cells, from below;
2. interneurons answer: those of a hidden layer predict the layer above from the same spikes;
3. errors go down: what the layer above does and its prediction did not is left in the apical
   compartments, which reach the somata in the next step;
4. synapses learn from the mismatch in their own compartment.

units : ndarray of shape (n_layers + 1,)
    Number of cells of each layer, inputs first.
params : ndarray of shape (n_params,)
    Forward synapses: weights (n_in, n_out), then biases, layer after layer.
mirror : ndarray
    Lateral synapses onto the interneurons, laid out like `params` without its first layer.
feedback : ndarray
    Synapses onto the apical compartments of each hidden layer, (n_above, n_cells), layer after
    layer. Those of the interneurons onto the same compartments are their negatives.
state : ndarray of shape (8, n_samples * number of cells)
    A row a quantity, named below; in it each layer has shape (n_samples, n_cells). The
    interneurons that predict a layer have the places of that layer.
drive, error : ndarrays of shape (n_samples * number of cells,)
    Current into the pyramidal cells, and mismatches of their basal synapses.
"""

import numpy as np

from ._cells import emit, gate, integrate, integrate_with_apical, low_pass
from ._compiler import inlined, managed
from ._layers import coef_of, intercept_of, project

(
    BASAL,  # potential that the forward synapses alone would make
    SOMA,  # potential with what comes from the apical compartment, or from the teacher
    PSC,  # current of the somatic spikes, the only ones that leave the cell
    PREDICTED,  # current that the spikes of the basal compartment would make
    TRACE,  # the somatic current after another membrane, what plasticity sees of it
    APICAL,  # feedback that the interneurons did not explain away
    INTERNEURON,  # potential of the interneurons
    INTERNEURON_PSC,  # current of their spikes
) = range(8)
N_QUANTITIES = 8

# Where a layer reads its error: in its apical potentials, in its currents, in its spikes.
POTENTIALS, CURRENTS, SPIKES = range(3)


@inlined
def part(state, quantity, first, last):
    """A quantity for the cells of one layer."""
    return state[quantity][first:last]


@managed
def _teach(soma, y, desired, threshold):
    """The teacher fires the cell of the class, when it is to fire, and silences the others."""
    soma[:] = 0
    for s in range(soma.shape[0]):
        soma[s, y[s]] = desired * threshold


@managed
def ascend(
    n, units, cells, conductances, params, input_psc, held, y, desired, state, drive, taught
):
    """Spikes up through the layers. With `held`, the drive of the first layer stands already."""
    of = params.dtype.type
    keep_v, keep_i, threshold, _ = cells
    keep, leak, gain, theta = of(keep_v), of(keep_i), of(1 - keep_i), of(threshold)
    pre = input_psc
    at = first = 0
    for layer in range(units.size - 1):
        n_in, n_out = units[layer], units[layer + 1]
        last = first + n * n_out
        current = drive[first:last]
        if layer > 0 or not held:
            coef = coef_of(params, at, n_in, n_out)
            intercept = intercept_of(params, at, n_in, n_out)
            project(pre, coef, intercept, current.reshape(n, n_out))
        basal, soma = part(state, BASAL, first, last), part(state, SOMA, first, last)
        integrate(basal, current, keep, theta)
        if layer < units.size - 2:
            apical = part(state, APICAL, first, last)
            integrate_with_apical(soma, current, apical, of(conductances[layer]), keep, theta)
        elif taught:
            _teach(soma.reshape(n, n_out), y, of(desired), theta)
        else:
            integrate(soma, current, keep, theta)
        psc = part(state, PSC, first, last)
        emit(soma, psc, leak, gain, theta)
        emit(basal, part(state, PREDICTED, first, last), leak, gain, theta)
        low_pass(psc, part(state, TRACE, first, last), keep)
        pre = psc.reshape(n, n_out)
        at += (n_in + 1) * n_out
        first = last


@managed
def _rows_with_error(error):
    """Numbers of the samples that any cell of a layer has an error for."""
    rows = np.empty(error.shape[0], np.intp)
    n = 0
    for s in range(error.shape[0]):
        rows[n] = s
        for j in range(error.shape[1]):
            if error[s, j] != 0:
                n += 1
                break
    return rows[:n]


@managed
def _feed_back(surplus, synapses, apical):
    """Apical potentials, zero for samples of which nothing is left to explain."""
    rows = _rows_with_error(surplus)
    if rows.size == surplus.shape[0]:
        np.dot(surplus, synapses, apical)
        return
    apical[:] = 0
    if rows.size > 0:
        some = np.dot(surplus[rows], synapses)
        for k in range(rows.size):
            apical[rows[k]] = some[k]


@managed
def descend(n, units, cells, mirror, feedback, state, surplus):
    """Interneurons answer, and apical potentials are what they leave of the feedback."""
    of = mirror.dtype.type
    keep_v, keep_i, threshold, _ = cells
    keep, leak, gain, theta = of(keep_v), of(keep_i), of(1 - keep_i), of(threshold)
    at = back = first = 0
    for layer in range(units.size - 2):
        n_cells, n_above = units[layer + 1], units[layer + 2]
        last = first + n * n_cells
        end = last + n * n_above
        psc = part(state, PSC, first, last).reshape(n, n_cells)
        coef = coef_of(mirror, at, n_cells, n_above)
        intercept = intercept_of(mirror, at, n_cells, n_above)
        current = surplus[: n * n_above]
        project(psc, coef, intercept, current.reshape(n, n_above))
        potential = part(state, INTERNEURON, last, end)
        predicted = part(state, INTERNEURON_PSC, last, end)
        integrate(potential, current, keep, theta)
        emit(potential, predicted, leak, gain, theta)
        above = part(state, PSC, last, end)
        for k in range(current.size):
            current[k] = above[k] - predicted[k]
        synapses = feedback[back : back + n_above * n_cells].reshape(n_above, n_cells)
        apical = part(state, APICAL, first, last).reshape(n, n_cells)
        _feed_back(current.reshape(n, n_above), synapses, apical)
        at += (n_cells + 1) * n_above
        back += n_above * n_cells
        first = last


@managed
def _mismatch(reads, teacher, student, teacher_psc, student_psc, apical, theta, slope, error):
    """What a compartment does beyond its own prediction, times its gate.

    With SPIKES there is no gate: a spike of the teacher strengthens and one of the prediction
    weakens whatever was active before it.
    """
    one = error.dtype.type(1)
    if reads == POTENTIALS:
        for k in range(error.size):
            error[k] = apical[k] * gate(student[k], theta, slope, one)
    elif reads == CURRENTS:
        for k in range(error.size):
            error[k] = (teacher_psc[k] - student_psc[k]) * gate(student[k], theta, slope, one)
    else:
        for k in range(error.size):
            error[k] = one * (teacher[k] >= theta) - (student[k] >= theta)


@inlined
def _weigh(error, weight):
    for s in range(weight.size):
        for j in range(error.shape[1]):
            error[s, j] *= weight[s]


@managed
def _pair(trace, error, bias_trace, scratch, updates):
    """Add the pairings of pre-synaptic traces with mismatches to weights, then to biases.

    Samples without any mismatch, most of them late in training, are passed over.
    """
    n_in, n_out = trace.shape[1], error.shape[1]
    n_coefs = n_in * n_out
    rows = _rows_with_error(error)
    if rows.size == 0:
        return
    if rows.size < error.shape[0]:
        trace, error = trace[rows], error[rows]
    pairings = scratch[:n_coefs]
    np.dot(trace.T, error, pairings.reshape(n_in, n_out))
    for k in range(n_coefs):
        updates[k] += pairings[k]
    for s in range(error.shape[0]):
        for j in range(n_out):
            updates[n_coefs + j] += bias_trace * error[s, j]


@managed
def associate(
    n,
    units,
    cells,
    reads,
    input_trace,
    bias_trace,
    held,
    weight,
    state,
    held_error,
    error,
    scratch,
    updates,
    mirror_updates,
):
    """Add what the plastic synapses learn in this step.

    With `held`, the trace of an input is its rate times that of a bias, so mismatches of the
    first layer are added up over the steps, in `held_error`, to be paired at the end.
    """
    of = state.dtype.type
    _, _, threshold, gate_slope = cells
    theta, slope = of(threshold), of(gate_slope)
    pre = input_trace
    at = first = below = 0
    for layer in range(units.size - 1):
        n_in, n_out = units[layer], units[layer + 1]
        last = first + n * n_out
        end = at + (n_in + 1) * n_out
        mismatch = error[: n * n_out]
        soma, psc = part(state, SOMA, first, last), part(state, PSC, first, last)
        basal, predicted = part(state, BASAL, first, last), part(state, PREDICTED, first, last)
        apical = part(state, APICAL, first, last)
        _mismatch(reads[layer], soma, basal, psc, predicted, apical, theta, slope, mismatch)
        if held and layer == 0:
            for k in range(mismatch.size):
                held_error[k] += bias_trace * mismatch[k]
        else:
            by_sample = mismatch.reshape(n, n_out)
            _weigh(by_sample, weight)
            _pair(pre, by_sample, bias_trace, scratch, updates[at:end])
        if layer == 0:
            below = end
        else:
            other = part(state, INTERNEURON, first, last)
            predicted = part(state, INTERNEURON_PSC, first, last)
            _mismatch(reads[layer], soma, other, psc, predicted, apical, theta, slope, mismatch)
            by_sample = mismatch.reshape(n, n_out)
            _weigh(by_sample, weight)
            _pair(pre, by_sample, bias_trace, scratch, mirror_updates[at - below : end - below])
        pre = part(state, TRACE, first, last).reshape(n, n_out)
        at = end
        first = last


@managed
def pair_held(inputs, weight, held_error, scratch, updates):
    """Pair the rates of the inputs with the mismatches of a first layer whose drive was held."""
    _weigh(held_error, weight)
    _pair(inputs, held_error, held_error.dtype.type(1), scratch, updates)
