"""The microcircuit through time: an epoch of learning, prediction, a record of every step.

rates : ndarray of shape (n_samples, n_inputs)
    What the first layer sees, in [0, 1].
cells : tuple of four floats
    What a membrane keeps in a step, what a current keeps, the threshold, and the steepness of
    the gate.
coding : code, n_steps, seed
    How rates become currents, the number of time steps, and the seed of random spikes.
network : units, params
circuit : network and the rest of the microcircuit, mirror, feedback, conductances
"""

import numpy as np

from ._adam import adam_step
from ._cells import emit, integrate, low_pass
from ._compiler import entry, managed
from ._input_codes import CURRENT, encode_step
from ._layers import coef_of, intercept_of, project
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

# Rows that run at the same time in prediction: few enough to stay in the processor's cache.
_BLOCK = 64


@managed
def desired_spike(step, n_steps):
    """Whether the teacher fires the cell of the class: no spike in the first step, then each."""
    return 1.0 if step > 0 or n_steps == 1 else 0.0


@managed
def _reset(n, rates, code, state, drive, held_error, input_psc, input_trace):
    """All cells at rest, before the first step of a batch."""
    state[:] = 0
    drive[:] = 0
    held_error[:] = 0
    if code == CURRENT:
        input_psc[:n] = rates
    else:
        input_psc[:n] = 0
        input_trace[:n] = 0


@managed
def present(step, rates, coding, cells, input_psc, input_trace):
    """Currents of the inputs in one step, and their traces."""
    of = rates.dtype.type
    code, n_steps, seed = coding
    keep, leak, _, _ = cells
    if code != CURRENT:
        encode_step(code, step, n_steps, rates, seed, of(leak), of(1 - leak), input_psc)
        low_pass(input_psc.reshape(-1), input_trace.reshape(-1), of(keep))


@managed
def _tie(units, params, feedback):
    """Feedback weights as the transposed forward weights."""
    back, at = 0, (units[0] + 1) * units[1]
    for layer in range(1, units.size - 1):
        n_in, n_out = units[layer], units[layer + 1]
        feedback[back : back + n_in * n_out].reshape(n_out, n_in)[:] = coef_of(
            params, at, n_in, n_out
        ).T
        back += n_in * n_out
        at += (n_in + 1) * n_out


@managed
def _decode(count, potential, n_steps, y, weight):
    """Weighted sums over a batch: cross-entropy of the class scores, and how many are right.

    The score of a class is the number of spikes of its cell, and 0.5 tanh of its mean potential
    to break ties.
    """
    n_outputs = count.size // y.size
    scores = np.empty(n_outputs)
    loss = n_right = 0.0
    for s in range(y.size):
        for j in range(n_outputs):
            k = s * n_outputs + j
            scores[j] = count[k] + 0.5 * np.tanh(np.float64(potential[k]) / n_steps)
        top = scores.argmax()
        if top == y[s]:
            n_right += weight[s]
        loss += weight[s] * (
            np.log(np.exp(scores - scores[top]).sum()) + scores[top] - scores[y[s]]
        )
    return loss, n_right


@entry
@managed
def microcircuit_epoch(samples, circuit, moments, mirror_moments, cells, coding, schedule):
    """Learn from each batch.

    samples : rates, order, y, sample_weight
    circuit : units, params, mirror, feedback, symmetric, conductances, reads
    moments, mirror_moments : first, second
    schedule : settings, n_steps, step_sizes, scales, of Adam: as many batches as step sizes

    Returns
    -------
    loss, n_right, distance : float
        Sums over the samples, by weight, of each batch before its own update: cross-entropy, how
        many are classified right, and the van Rossum distance of their output from the desired
        spikes.
    n_adam : int
        Number of steps of Adam so far. A batch of weight zero makes none.
    """
    rates, order, y, sample_weight = samples
    units, params, mirror, feedback, symmetric, conductances, reads = circuit
    code, n_steps, seed = coding
    settings, n_adam, step_sizes, scales = schedule
    keep = cells[0]
    held = code == CURRENT
    of = params.dtype.type
    n_batches, n_inputs, n_outputs = step_sizes.size, units[0], units[-1]
    most = -(-order.size // n_batches)
    n_cells = units[1:].sum()
    room = np.empty(N_QUANTITIES * most * n_cells, params.dtype)
    all_drive = np.empty(most * n_cells, params.dtype)
    error = np.empty(most * units[1:].max(), params.dtype)
    all_held_error = np.empty(most * units[1], params.dtype)
    all_rates = np.empty((most, n_inputs), params.dtype)
    all_psc = np.empty((most, n_inputs), params.dtype)
    all_trace = np.empty((most, n_inputs), params.dtype)
    all_y = np.empty(most, np.intp)
    all_shares = np.empty(most)
    all_weight = np.empty(most, params.dtype)
    all_count = np.empty(most * n_outputs, params.dtype)
    all_potential = np.empty(most * n_outputs, params.dtype)
    scratch = np.empty((units[:-1] * units[1:]).max(), params.dtype)
    updates, mirror_updates = np.empty_like(params), np.empty_like(mirror)
    loss = n_right = distance = 0.0
    for k in range(n_batches):
        size, n_larger = divmod(order.size, n_batches)
        low = k * size + min(k, n_larger)
        n = size + (k < n_larger)
        batch, batch_y, weight = all_rates[:n], all_y[:n], all_weight[:n]
        total = 0.0
        for s in range(n):
            row = order[low + s]
            batch[s] = rates[row]
            batch_y[s] = y[row]
            all_shares[s] = sample_weight[row]
            total += all_shares[s]
        if total == 0:
            continue
        for s in range(n):
            weight[s] = all_shares[s] / (total * n_steps)
        state = room[: N_QUANTITIES * n * n_cells].reshape(N_QUANTITIES, n * n_cells)
        drive, held_error = all_drive[: n * n_cells], all_held_error[: n * units[1]]
        count, potential = all_count[: n * n_outputs], all_potential[: n * n_outputs]
        psc, trace = all_psc[:n], all_trace[:n]
        _reset(n, batch, code, state, drive, held_error, psc, trace)
        count[:] = 0
        potential[:] = 0
        updates[:] = 0
        mirror_updates[:] = 0
        bias_trace = of(0)
        first_output = n * (n_cells - n_outputs)
        output = part(state, BASAL, first_output, n * n_cells)
        said = part(state, PREDICTED, first_output, n * n_cells)
        wanted = part(state, PSC, first_output, n * n_cells)
        for step in range(n_steps):
            bias_trace = of(keep) * bias_trace + of(1)
            desired = desired_spike(step, n_steps)
            present(step, batch, (code, n_steps, seed + np.uint64(n_adam + 1)), cells, psc, trace)
            ascend(
                n,
                units,
                cells,
                conductances,
                params,
                psc,
                held and step > 0,
                batch_y,
                desired,
                state,
                drive,
                True,
            )
            descend(n, units, cells, mirror, feedback, state, error)
            associate(
                n,
                units,
                cells,
                reads,
                trace,
                bias_trace,
                held,
                weight,
                state,
                held_error,
                error,
                scratch,
                updates,
                mirror_updates,
            )
            for s in range(n):
                for j in range(s * n_outputs, (s + 1) * n_outputs):
                    count[j] += output[j] >= of(cells[2])
                    potential[j] += output[j]
                    surprise = np.float64(wanted[j] - said[j])
                    distance += 0.5 * all_shares[s] * surprise * surprise
        if held:
            n_first = (n_inputs + 1) * units[1]
            pair_held(batch, weight, held_error.reshape(n, units[1]), scratch, updates[:n_first])
        batch_loss, batch_right = _decode(count, potential, n_steps, batch_y, all_shares[:n])
        loss += batch_loss
        n_right += batch_right
        n_adam += 1
        first, second = moments
        adam_step(units, params, updates, first, second, settings, n_adam, step_sizes[k], scales)
        first, second = mirror_moments
        adam_step(
            units[1:],
            mirror,
            mirror_updates,
            first,
            second,
            settings,
            n_adam,
            step_sizes[k],
            scales[1:],
        )
        if symmetric:
            _tie(units, params, feedback)
    return loss, n_right, distance, n_adam


@managed
def run(step, n, units, params, input_psc, held, cells, potentials, psc, drive):
    """One step of the forward synapses alone: all there is without a teacher."""
    of = params.dtype.type
    keep_v, keep_i, threshold, _ = cells
    keep, leak, gain, theta = of(keep_v), of(keep_i), of(1 - keep_i), of(threshold)
    pre = input_psc
    at = first = 0
    for layer in range(units.size - 1):
        n_in, n_out = units[layer], units[layer + 1]
        last = first + n * n_out
        current = drive[first:last]
        if layer > 0 or not held or step == 0:
            coef = coef_of(params, at, n_in, n_out)
            intercept = intercept_of(params, at, n_in, n_out)
            project(pre, coef, intercept, current.reshape(n, n_out))
        integrate(potentials[first:last], current, keep, theta)
        emit(potentials[first:last], psc[first:last], leak, gain, theta)
        pre = psc[first:last].reshape(n, n_out)
        at += (n_in + 1) * n_out
        first = last


@entry
@managed
def microcircuit_response(rates, network, cells, coding):
    """What the cells do without a teacher.

    Returns
    -------
    n_spikes : ndarray of shape (n_samples, number of cells)
        Spikes of each cell, layer after layer.
    mean_potential : ndarray of shape (n_samples, n_outputs)
        Mean over the steps of the potential of each output cell.
    """
    units, params = network
    code, n_steps, _ = coding
    theta = params.dtype.type(cells[2])
    n_samples, n_inputs = rates.shape
    n_outputs, n_cells = units[-1], units[1:].sum()
    held = code == CURRENT
    n_spikes = np.empty((n_samples, n_cells), params.dtype)
    mean_potential = np.empty((n_samples, n_outputs), params.dtype)
    for low in range(0, n_samples, _BLOCK):
        n = min(_BLOCK, n_samples - low)
        block = rates[low : low + n]
        input_psc = block if held else np.zeros((n, n_inputs), params.dtype)
        trace = np.zeros((0 if held else n, n_inputs), params.dtype)
        potentials = np.zeros(n * n_cells, params.dtype)
        psc = np.zeros(n * n_cells, params.dtype)
        drive = np.empty(n * n_cells, params.dtype)
        count = np.zeros(n * n_cells, params.dtype)
        output = potentials[n * (n_cells - n_outputs) :]
        total = np.zeros(n * n_outputs, params.dtype)
        for step in range(n_steps):
            present(step, block, coding, cells, input_psc, trace)
            run(step, n, units, params, input_psc, held, cells, potentials, psc, drive)
            for k in range(count.size):
                count[k] += potentials[k] >= theta
            total += output
        column = 0
        for layer in range(1, units.size):
            of_layer = count[n * column : n * (column + units[layer])].reshape(n, units[layer])
            n_spikes[low : low + n, column : column + units[layer]] = of_layer
            column += units[layer]
        mean_potential[low : low + n] = (total / n_steps).reshape(n, n_outputs)
    return n_spikes, mean_potential


@entry
@managed
def microcircuit_record(rates, y, taught, circuit, cells, coding):
    """Every quantity of every cell in every step, for a few samples.

    Returns
    -------
    states : ndarray of shape (n_steps, 8, n_samples * number of cells)
        As `_microcircuit` has them.
    input_psc : ndarray of shape (n_steps, n_samples, n_inputs)
    """
    units, params, mirror, feedback, _, conductances, _ = circuit
    code, n_steps, _ = coding
    held = code == CURRENT
    n, n_cells = rates.shape[0], units[1:].sum()
    states = np.empty((n_steps, N_QUANTITIES, n * n_cells), params.dtype)
    input_psc = np.empty((n_steps, n, units[0]), params.dtype)
    state = np.zeros((N_QUANTITIES, n * n_cells), params.dtype)
    drive = np.zeros(n * n_cells, params.dtype)
    error = np.empty(n * units[1:].max(), params.dtype)
    psc = rates.copy() if held else np.zeros_like(rates)
    trace = np.zeros_like(rates)
    for step in range(n_steps):
        present(step, rates, coding, cells, psc, trace)
        desired = desired_spike(step, n_steps)
        again = held and step > 0
        ascend(n, units, cells, conductances, params, psc, again, y, desired, state, drive, taught)
        descend(n, units, cells, mirror, feedback, state, error)
        states[step] = state
        input_psc[step] = psc
    return states, input_psc
