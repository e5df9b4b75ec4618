"""One time step of the dendritic microcircuit, and what its synapses learn in it.

Layers are counted without the inputs, so `units[layer]` is the number of inputs of a layer and
`units[layer + 1]` that of its cells; the last layer is the output. In one step

1. spikes go up: drive, potentials and currents of the pyramidal cells, from below;
2. interneurons answer: those of a hidden layer predict the layer above from the same spikes;
3. errors go down: what the layer above does and its prediction did not is left in the apical
   compartments, which reach the somata in the next step;
4. synapses learn from the mismatch in their own compartment.

circuit : Circuit
    Its layer sizes begin with the inputs. Its arrays are

    params : ndarray of shape (n_params,)
        Forward synapses: weights (n_in, n_out), then biases, layer after layer.
    mirror : ndarray
        Lateral synapses onto the interneurons, laid out like `params` without its first layer.
    feedback : ndarray
        Synapses onto the apical compartments of each hidden layer, (n_above, n_cells), layer
        after layer. Those of the interneurons onto the same compartments are their negatives.
activity : Activity
    The rows of its state are the quantities named below. The interneurons that predict a layer
    have the places of that layer.
cells : tuple of four floats
    Shares that a membrane and a current keep in a step, the threshold, and the steepness of the
    gate.
"""

from ._cells import emit, gate, integrate, integrate_with_apical, low_pass
from ._compiler import inlined, kernel
from ._layers import intercept_of, multiply, project
from ._views import matrix

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


@kernel
def _teach(soma, y, height):
    """The teacher fires the cell of the class, when it is to fire, and silences the others."""
    soma[:] = 0
    for s in range(y.size):
        soma[s, y[s]] = height


@kernel
def ascend(circuit, cells, activity, held, y, desired, taught):
    """Send spikes up through the layers. With `held`, the drive of the first layer stands."""
    layer_sizes, params = circuit.layer_sizes, circuit.params
    state = activity.state
    of = params.dtype.type
    keep_v, keep_i, threshold, _ = cells
    keep, leak, gain, theta = of(keep_v), of(keep_i), of(1 - keep_i), of(threshold)
    pre = activity.input_psc
    n = pre.shape[0]
    offset = first = 0
    for layer in range(layer_sizes.size - 1):
        n_in, n_out = layer_sizes[layer], layer_sizes[layer + 1]
        last = first + n * n_out
        current = activity.drive[first:last]
        if layer > 0 or not held:
            coef = matrix(params, offset, n_in, n_out)
            intercept = intercept_of(params, offset, n_in, n_out)
            project(pre, coef, intercept, matrix(activity.drive, first, n, n_out))
        basal, soma = part(state, BASAL, first, last), part(state, SOMA, first, last)
        integrate(basal, current, keep, theta)
        if layer < layer_sizes.size - 2:
            apical, conductance = part(state, APICAL, first, last), circuit.conductances[layer]
            integrate_with_apical(soma, current, apical, of(conductance), keep, theta)
        elif taught:
            _teach(matrix(soma, 0, n, n_out), y, of(desired) * theta)
        else:
            integrate(soma, current, keep, theta)
        psc = part(state, PSC, first, last)
        emit(soma, psc, leak, gain, theta)
        emit(basal, part(state, PREDICTED, first, last), leak, gain, theta)
        low_pass(psc, part(state, TRACE, first, last), keep)
        pre = matrix(psc, 0, n, n_out)
        offset += (n_in + 1) * n_out
        first = last


@kernel
def _pack(rows, error, packed):
    """Copy those rows of which any error is not zero; the number of such rows."""
    n = 0
    for s in range(error.shape[0]):
        n_errors = 0
        for j in range(error.shape[1]):
            n_errors += error[s, j] != 0
        if n_errors > 0:
            for j in range(rows.shape[1]):
                packed[n, j] = rows[s, j]
            n += 1
    return n


@kernel
def _feed_back(surplus, synapses, apical, packed):
    """Apical potentials, zero for samples of which nothing is left to explain."""
    n, n_above = surplus.shape
    n_some = _pack(surplus, surplus, matrix(packed, 0, n, n_above))
    product = matrix(packed, n * n_above, n, apical.shape[1])
    if n_some > 0:
        multiply(matrix(packed, 0, n_some, n_above), synapses, product[:n_some])
    k = 0
    for s in range(n):
        n_errors = 0
        for j in range(n_above):
            n_errors += surplus[s, j] != 0
        for i in range(apical.shape[1]):
            apical[s, i] = product[k, i] if n_errors > 0 else 0
        k += n_errors > 0


@kernel
def descend(circuit, cells, activity, surplus, packed):
    """Interneurons answer, and apical potentials are what they leave of the feedback."""
    layer_sizes, mirror, state = circuit.layer_sizes, circuit.mirror, activity.state
    of = mirror.dtype.type
    keep_v, keep_i, threshold, _ = cells
    keep, leak, gain, theta = of(keep_v), of(keep_i), of(1 - keep_i), of(threshold)
    n = activity.input_psc.shape[0]
    offset = back = first = 0
    for layer in range(layer_sizes.size - 2):
        n_cells, n_above = layer_sizes[layer + 1], layer_sizes[layer + 2]
        last = first + n * n_cells
        end = last + n * n_above
        coef = matrix(mirror, offset, n_cells, n_above)
        intercept = intercept_of(mirror, offset, n_cells, n_above)
        current = surplus[: n * n_above]
        by_sample = matrix(surplus, 0, n, n_above)
        psc = matrix(part(state, PSC, first, last), 0, n, n_cells)
        project(psc, coef, intercept, by_sample)
        predicted = part(state, INTERNEURON_PSC, last, end)
        integrate(part(state, INTERNEURON, last, end), current, keep, theta)
        emit(part(state, INTERNEURON, last, end), predicted, leak, gain, theta)
        above = part(state, PSC, last, end)
        for k in range(current.size):
            current[k] = above[k] - predicted[k]
        synapses = matrix(circuit.feedback, back, n_above, n_cells)
        apical = matrix(part(state, APICAL, first, last), 0, n, n_cells)
        _feed_back(by_sample, synapses, apical, packed)
        offset += (n_cells + 1) * n_above
        back += n_above * n_cells
        first = last


@kernel
def _mismatch(reads, gate_of, teacher, student, apical, error):
    """Activity of a compartment beyond its own prediction, times its gate.

    `teacher` and `student` are potentials and currents. With SPIKES there is no gate: a spike of
    the teacher strengthens and one of the prediction weakens whatever was active before it.
    """
    one = error.dtype.type(1)
    theta, slope = gate_of
    (v, psc), (u, predicted) = teacher, student
    if reads == POTENTIALS:
        for k in range(error.size):
            error[k] = apical[k] * gate(u[k], theta, slope, one)
    elif reads == CURRENTS:
        for k in range(error.size):
            error[k] = (psc[k] - predicted[k]) * gate(u[k], theta, slope, one)
    else:
        for k in range(error.size):
            error[k] = one * (v[k] >= theta) - (u[k] >= theta)


@kernel
def _pair(pre, error, bias_trace, plasticity, updates):
    """Add the pairings of pre-synaptic traces with mismatches to weights, then to biases.

    Mismatches are first multiplied by the weights of the samples. Samples without any, most of
    them late in training, are passed over.
    """
    n, n_in, n_out = error.shape[0], pre.shape[1], error.shape[1]
    for s in range(n):
        for j in range(n_out):
            error[s, j] *= plasticity.weight[s]
            updates[n_in * n_out + j] += bias_trace * error[s, j]
    some = matrix(plasticity.packed, 0, n, n_out)
    some_pre = matrix(plasticity.packed_pre, 0, n, n_in)
    n_some = _pack(pre, error, some_pre)
    _pack(error, error, some)
    if n_some == 0:
        return
    pairings = matrix(plasticity.pairings, 0, n_in, n_out)
    multiply(some_pre[:n_some].T, some[:n_some], pairings)
    for i in range(n_in):
        for j in range(n_out):
            updates[i * n_out + j] += pairings[i, j]


@kernel
def associate(circuit, cells, activity, bias_trace, held, plasticity):
    """Add what the plastic synapses learn in this step.

    With `held`, the trace of an input is its rate times that of a bias, so mismatches of the
    first layer are added up over the steps, in `held_error`, to be paired at the end.
    """
    layer_sizes, state = circuit.layer_sizes, activity.state
    of = state.dtype.type
    gate_of = of(cells[2]), of(cells[3])
    pre = activity.input_trace
    n = pre.shape[0]
    offset = first = below = 0
    for layer in range(layer_sizes.size - 1):
        n_in, n_out = layer_sizes[layer], layer_sizes[layer + 1]
        last = first + n * n_out
        end = offset + (n_in + 1) * n_out
        mismatch, by_sample = plasticity.error[: n * n_out], matrix(plasticity.error, 0, n, n_out)
        soma = part(state, SOMA, first, last), part(state, PSC, first, last)
        apical, reads = part(state, APICAL, first, last), circuit.reads[layer]
        basal = part(state, BASAL, first, last), part(state, PREDICTED, first, last)
        _mismatch(reads, gate_of, soma, basal, apical, mismatch)
        if held and layer == 0:
            for k in range(mismatch.size):
                plasticity.held_error[k] += bias_trace * mismatch[k]
        else:
            _pair(pre, by_sample, bias_trace, plasticity, plasticity.updates[offset:end])
        if layer == 0:
            below = end
        else:
            other = (
                part(state, INTERNEURON, first, last),
                part(state, INTERNEURON_PSC, first, last),
            )
            _mismatch(reads, gate_of, soma, other, apical, mismatch)
            updates = plasticity.mirror_updates[offset - below : end - below]
            _pair(pre, by_sample, bias_trace, plasticity, updates)
        pre = matrix(part(state, TRACE, first, last), 0, n, n_out)
        offset = end
        first = last


@kernel
def pair_held(circuit, inputs, plasticity):
    """Pair the rates of the inputs with the mismatches of a first layer whose drive was held."""
    n_first = circuit.layer_sizes[1]
    error = matrix(plasticity.held_error, 0, inputs.shape[0], n_first)
    updates = plasticity.updates[: (inputs.shape[1] + 1) * n_first]
    _pair(inputs, error, plasticity.held_error.dtype.type(1), plasticity, updates)
