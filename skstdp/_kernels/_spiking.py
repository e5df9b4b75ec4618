"""The microcircuit through time: an epoch of learning, prediction, a record of every step.

rates : ndarray of shape (n_samples, n_inputs)
    What the first layer sees, in [0, 1].
cells : tuple of four floats
    What a membrane keeps in a step, what a current keeps, the threshold, and the steepness of
    the gate.
coding : code, n_steps, seed
    How rates become currents, the number of time steps, and the seed of random spikes.
network : Network
circuit : Circuit
"""

from itertools import pairwise

import numpy as np

from ._adam import adam_step
from ._arrays import Activity, CircuitWorkspace, Plasticity
from ._cells import emit, integrate, low_pass
from ._compiler import entry, kernel
from ._epochs import batch_bounds
from ._input_codes import CURRENT, encode_step
from ._layers import intercept_of, project
from ._microcircuit import (
    BASAL,
    N_QUANTITIES,
    PREDICTED,
    PSC,
    ascend,
    associate,
    descend,
    pair_held,
    part,
)
from ._views import flat, matrix

# Rows that run at the same time in prediction: few enough to stay in the processor's cache.
_BLOCK = 64


@kernel
def _desired_spike(step, n_steps):
    """True if the teacher fires the cell of the class: in each step but the first."""
    return 1.0 if step > 0 or n_steps == 1 else 0.0


@kernel
def _copy(source, target):
    for k in range(target.size):
        target[k] = source[k]


@kernel
def rest(rates, code, activity):
    """All cells at rest, before the first step."""
    activity.state[:] = 0
    activity.drive[:] = 0
    activity.input_psc[:] = 0
    activity.input_trace[:] = 0
    if code == CURRENT:
        _copy(flat(rates), flat(activity.input_psc))


@kernel
def present(step, rates, coding, cells, input_psc, input_trace):
    """Currents of the inputs in one step, and their traces."""
    of = rates.dtype.type
    if coding[0] != CURRENT:
        encode_step(coding, step, rates, of(cells[1]), input_psc)
        low_pass(flat(input_psc), flat(input_trace), of(cells[0]))


@kernel
def _tie(circuit):
    """Feedback weights as the transposed forward weights."""
    layer_sizes = circuit.layer_sizes
    back, offset = 0, (layer_sizes[0] + 1) * layer_sizes[1]
    for layer in range(1, layer_sizes.size - 1):
        n_in, n_out = layer_sizes[layer], layer_sizes[layer + 1]
        coef = matrix(circuit.params, offset, n_in, n_out)
        feedback = matrix(circuit.feedback, back, n_out, n_in)
        for i in range(n_in):
            for j in range(n_out):
                feedback[j, i] = coef[i, j]
        back += n_in * n_out
        offset += (n_in + 1) * n_out


@kernel
def _decode(count, potential, n_steps, y, weight):
    """Weighted sums over a batch: cross-entropy of the class scores, and how many are right.

    The score of a class is the number of spikes of its cell, and 0.5 tanh of its mean potential
    to break ties. `count` is overwritten by the scores.
    """
    loss = n_right = 0.0
    for s in range(y.size):
        top = 0
        for j in range(count.shape[1]):
            count[s, j] += 0.5 * np.tanh(potential[s, j] / n_steps)
            if count[s, j] > count[s, top]:
                top = j
        total = 0.0
        for j in range(count.shape[1]):
            total += np.exp(count[s, j] - count[s, top])
        if top == y[s]:
            n_right += weight[s]
        loss += weight[s] * (np.log(total) + count[s, top] - count[s, y[s]])
    return loss, n_right


@kernel
def _observe(activity, n_outputs, threshold, weight, count, potential):
    """Add up spikes and potentials of the outputs; how far their currents are from the desired."""
    n, n_all = weight.size, activity.drive.size
    first = n_all - n * n_outputs
    output = part(activity.state, BASAL, first, n_all)
    predicted = part(activity.state, PREDICTED, first, n_all)
    desired = part(activity.state, PSC, first, n_all)
    distance = 0.0
    for s in range(n):
        for j in range(n_outputs):
            k = s * n_outputs + j
            count[s, j] += output[k] >= threshold
            potential[s, j] += output[k]
            surprise = np.float64(desired[k] - predicted[k])
            distance += 0.5 * weight[s] * surprise * surprise
    return distance


def microcircuit_workspace(n_samples, layer_sizes, dtype):
    """Workspace for batches of at most so many samples."""
    n_inputs, *cells = layer_sizes
    n_cells, widest, largest = sum(cells), max(cells), max(layer_sizes)
    n_coefs = [n_in * n_out for n_in, n_out in pairwise(layer_sizes)]
    n_params = sum(n_coefs) + n_cells
    n_first = n_coefs[0] + cells[0]
    return CircuitWorkspace(
        *np.empty((3, n_samples, n_inputs), dtype),
        np.empty(n_samples, np.intp),
        np.empty(n_samples),
        np.empty(n_samples * n_cells, dtype),
        np.empty(N_QUANTITIES * n_samples * n_cells, dtype),
        np.empty((n_samples, cells[-1])),
        np.empty((n_samples, cells[-1]), dtype),
        Plasticity(
            np.empty(n_samples, dtype),
            np.empty(n_params, dtype),
            np.empty(n_params - n_first, dtype),
            np.empty(n_samples * cells[0], dtype),
            np.empty(n_samples * widest, dtype),
            np.empty(2 * n_samples * widest, dtype),
            np.empty(n_samples * largest, dtype),
            np.empty(max(n_coefs), dtype),
        ),
    )


@entry
def microcircuit_epoch(samples, circuit, schedules, cells, coding, workspace):
    """Learn from each batch of one epoch.

    Parameters
    ----------
    samples : tuple of ndarrays
        Rates, order of the rows, class indices and weights.
    schedules : pair of Schedule
        Of the forward synapses, and of those onto interneurons, which differ in their moments.
    workspace : CircuitWorkspace
        Overwritten.

    Returns
    -------
    loss, n_right, distance : float
        Sums over the samples, by weight, of each batch before its own update: cross-entropy, how
        many are classified right, and the van Rossum distance of their output from the desired
        spikes.
    n_adam : int
        Number of steps of Adam so far. A batch of weight zero makes none.
    """
    rates, order, all_y, all_weight = samples
    schedule, mirror_schedule = schedules
    layer_sizes, params, mirror = circuit.layer_sizes, circuit.params, circuit.mirror
    code, n_steps, seed = coding
    n_adam = schedule.n_steps
    held = code == CURRENT
    of = params.dtype.type
    threshold = of(cells[2])
    n_batches, n_outputs = schedule.step_sizes.shape[1], workspace.scores.shape[1]
    n_cells = layer_sizes.sum() - layer_sizes[0]
    plasticity = workspace.plasticity
    loss = n_right = distance = 0.0
    for k in range(n_batches):
        low, high = batch_bounds(k, n_batches, order.size)
        n = high - low
        inputs, y, weight = workspace.inputs[:n], workspace.y[:n], workspace.sample_weight[:n]
        total = 0.0
        for s in range(n):
            row = order[low + s]
            _copy(rates[row], inputs[s])
            y[s] = all_y[row]
            weight[s] = all_weight[row]
            total += weight[s]
        if total == 0:
            continue
        for s in range(n):
            plasticity.weight[s] = weight[s] / (total * n_steps)
        activity = Activity(
            workspace.input_psc[:n],
            workspace.input_trace[:n],
            workspace.drive[: n * n_cells],
            matrix(workspace.state, 0, N_QUANTITIES, n * n_cells),
        )
        scores, potential = workspace.scores[:n], workspace.potential[:n]
        rest(inputs, code, activity)
        scores[:] = 0
        potential[:] = 0
        plasticity.held_error[:] = 0
        plasticity.updates[:] = 0
        plasticity.mirror_updates[:] = 0
        bias_trace = of(0)
        for step in range(n_steps):
            bias_trace = of(cells[0]) * bias_trace + of(1)
            drawn = code, n_steps, seed + np.uint64(n_adam + 1)
            present(step, inputs, drawn, cells, activity.input_psc, activity.input_trace)
            stands, desired = held and step > 0, _desired_spike(step, n_steps)
            ascend(circuit, cells, activity, stands, y, desired, True)
            descend(circuit, cells, activity, plasticity.error, plasticity.packed)
            associate(circuit, cells, activity, bias_trace, held, plasticity)
            distance += _observe(activity, n_outputs, threshold, weight, scores, potential)
        if held:
            pair_held(circuit, inputs, plasticity)
        batch_loss, batch_right = _decode(scores, potential, n_steps, y, weight)
        loss += batch_loss
        n_right += batch_right
        n_adam += 1
        step_size = schedule.step_sizes[0, k]
        adam_step(params, plasticity.updates, schedule, n_adam, step_size)
        adam_step(mirror, plasticity.mirror_updates, mirror_schedule, n_adam, step_size)
        if circuit.symmetric:
            _tie(circuit)
    return loss, n_right, distance, n_adam


@kernel
def run(network, cells, input_psc, held, potentials, psc, drive):
    """One step of the forward synapses alone: all there is without a teacher.

    With `held`, the drive of the first layer stands.
    """
    layer_sizes, params = network
    of = params.dtype.type
    keep_v, keep_i, threshold, _ = cells
    keep, leak, gain, theta = of(keep_v), of(keep_i), of(1 - keep_i), of(threshold)
    pre = input_psc
    n = pre.shape[0]
    offset = first = 0
    for layer in range(layer_sizes.size - 1):
        n_in, n_out = layer_sizes[layer], layer_sizes[layer + 1]
        last = first + n * n_out
        if layer > 0 or not held:
            coef = matrix(params, offset, n_in, n_out)
            intercept = intercept_of(params, offset, n_in, n_out)
            project(pre, coef, intercept, matrix(drive, first, n, n_out))
        integrate(potentials[first:last], drive[first:last], keep, theta)
        emit(potentials[first:last], psc[first:last], leak, gain, theta)
        pre = matrix(psc, first, n, n_out)
        offset += (n_in + 1) * n_out
        first = last


@kernel
def begin(rates, held, input_psc, input_trace, potentials, psc):
    """All cells at rest, before the first step of `run`."""
    input_psc[:] = 0
    input_trace[:] = 0
    potentials[:] = 0
    psc[:] = 0
    if held:
        _copy(flat(rates), flat(input_psc))


@entry
def microcircuit_response(rates, network, cells, coding):
    """Spikes and potentials of the cells without a teacher.

    Returns
    -------
    n_spikes : ndarray of shape (n_samples, n_cells)
        Spikes of each cell, layer after layer.
    mean_potential : ndarray of shape (n_samples, n_outputs)
        Mean over the steps of the potential of each output cell.
    """
    layer_sizes, params = network
    code, n_steps, _ = coding
    theta, dtype = params.dtype.type(cells[2]), params.dtype
    n_samples, n_inputs = rates.shape
    n_outputs, n_cells = layer_sizes[-1], layer_sizes.sum() - n_inputs
    held = code == CURRENT
    n_spikes = np.zeros((n_samples, n_cells), dtype)
    mean_potential = np.zeros((n_samples, n_outputs), dtype)
    most = min(_BLOCK, n_samples)
    all_psc, all_trace = np.empty((most, n_inputs), dtype), np.empty((most, n_inputs), dtype)
    all_potentials, all_drive = np.empty(most * n_cells, dtype), np.empty(most * n_cells, dtype)
    all_currents = np.empty(most * n_cells, dtype)
    for low in range(0, n_samples, _BLOCK):
        n = min(_BLOCK, n_samples - low)
        block, input_psc, trace = rates[low : low + n], all_psc[:n], all_trace[:n]
        potentials, psc = all_potentials[: n * n_cells], all_currents[: n * n_cells]
        drive = all_drive[: n * n_cells]
        begin(block, held, input_psc, trace, potentials, psc)
        spikes, mean = n_spikes[low : low + n], mean_potential[low : low + n]
        for step in range(n_steps):
            present(step, block, coding, cells, input_psc, trace)
            run(network, cells, input_psc, held and step > 0, potentials, psc, drive)
            first = column = 0
            for layer in range(1, layer_sizes.size):
                width = layer_sizes[layer]
                of_layer = matrix(potentials, first, n, width)
                for s in range(n):
                    for j in range(width):
                        spikes[s, column + j] += of_layer[s, j] >= theta
                first += n * width
                column += width
            output = matrix(potentials, first - n * n_outputs, n, n_outputs)
            for s in range(n):
                for j in range(n_outputs):
                    mean[s, j] += output[s, j]
    for s in range(n_samples):
        for j in range(n_outputs):
            mean_potential[s, j] /= n_steps
    return n_spikes, mean_potential


@entry
def microcircuit_record(rates, y, taught, circuit, cells, coding):
    """Every quantity of every cell in every step, for a few samples.

    Returns
    -------
    states : ndarray of shape (n_steps, 8, n_samples * n_cells)
        As `_microcircuit` has them.
    input_psc : ndarray of shape (n_steps, n_samples, n_inputs)
    """
    layer_sizes, params = circuit.layer_sizes, circuit.params
    code, n_steps, _ = coding
    held = code == CURRENT
    n, n_inputs = rates.shape
    n_cells = layer_sizes.sum() - n_inputs
    dtype = params.dtype
    states = np.empty((n_steps, N_QUANTITIES, n * n_cells), dtype)
    input_psc = np.empty((n_steps, n, n_inputs), dtype)
    activity = Activity(
        np.empty((n, n_inputs), dtype),
        np.empty((n, n_inputs), dtype),
        np.empty(n * n_cells, dtype),
        np.empty((N_QUANTITIES, n * n_cells), dtype),
    )
    surplus, packed = np.empty(n * n_cells, dtype), np.empty(2 * n * n_cells, dtype)
    rest(rates, code, activity)
    for step in range(n_steps):
        present(step, rates, coding, cells, activity.input_psc, activity.input_trace)
        stands, desired = held and step > 0, _desired_spike(step, n_steps)
        ascend(circuit, cells, activity, stands, y, desired, taught)
        descend(circuit, cells, activity, surplus, packed)
        _copy(flat(activity.state), flat(states[step]))
        _copy(flat(activity.input_psc), flat(input_psc[step]))
    return states, input_psc
