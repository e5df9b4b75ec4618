"""Gradient of the class scores with respect to the inputs, by a surrogate.

A spike does not change when its potential does, except where it appears: the true gradient is
zero almost everywhere. In its place stands a gate like that of plasticity, as if a spike grew
with the potential; what a spike resets is held constant. Input spikes count as their rates.
"""

import numpy as np

from ._cells import gate
from ._compiler import entry, kernel
from ._input_codes import CURRENT
from ._layers import multiply
from ._spiking import begin, present, run
from ._views import flat, matrix

# Rows that are gone through at the same time: all steps of them are kept.
_BLOCK = 64


@kernel
def _pull_step(potential, later, by_spike, by_potential, cells):
    """Gradient by the drive of a layer in one step, in place of its potentials.

    later : that of the next step, or zeros
    by_spike, by_potential : what comes from outside the cell, through its spikes or not
    """
    of = potential.dtype.type
    keep_v, _, threshold, gate_slope = cells
    keep, theta, slope = of(keep_v), of(threshold), of(gate_slope)
    for k in range(potential.size):
        v = potential[k]
        kept = keep * later[k] if v < theta else of(0)
        potential[k] = kept + gate(v, theta, slope, of(1)) * by_spike[k] + by_potential[k]
        later[k] = potential[k]


@kernel
def _pull_output(potentials, first, cotangent, cells, later, by_spike, by_potential):
    """Go back through the steps of the output layer, whose first place is given."""
    of = potentials.dtype.type
    n_steps = potentials.shape[0]
    for k in range(cotangent.size):
        mean = of(0)
        for step in range(n_steps):
            mean += potentials[step, first + k]
        by_spike[k] = cotangent[k]
        by_potential[k] = cotangent[k] * of(0.5 / n_steps) / np.cosh(mean / of(n_steps)) ** 2
        later[k] = 0
    for step in range(n_steps - 1, -1, -1):
        potential = potentials[step, first : first + cotangent.size]
        _pull_step(potential, later, by_spike, by_potential, cells)


@kernel
def _pull_hidden(potentials, first, shape, coef, cells, later, by_spike):
    """Go back through the steps of a hidden layer, from the gradients of the layer above.

    In `by_spike` are three arrays: the gradient by the spikes, that by the currents, and what
    comes back in a step.
    """
    of = potentials.dtype.type
    leak = of(cells[1])
    n, n_out, n_above = shape
    size = n * n_out
    nothing, by_psc, back = by_spike[3, :size], by_spike[1, :size], by_spike[2, :size]
    by_psc[:] = 0
    nothing[:] = 0
    later[:] = 0
    for step in range(potentials.shape[0] - 1, -1, -1):
        above = matrix(potentials[step], first + size, n, n_above)
        multiply(above, coef.T, matrix(back, 0, n, n_out))
        for k in range(size):
            by_psc[k] = leak * by_psc[k] + back[k]
            by_spike[0, k] = (of(1) - leak) * by_psc[k]
        potential = potentials[step, first : first + size]
        _pull_step(potential, later, by_spike[0], nothing, cells)


@entry
def surrogate_pullback(rates, cotangent, network, cells, coding):
    """Gradient of the sum of `cotangent * scores` by the rates.

    scores : spikes of each output cell, and 0.5 tanh of its mean potential
    """
    layer_sizes, params = network
    code, n_steps, _ = coding
    of, dtype = params.dtype.type, params.dtype
    held = code == CURRENT
    n_samples, n_inputs = rates.shape
    n_cells, n_first = layer_sizes.sum() - n_inputs, layer_sizes[1]
    gradient = np.empty((n_samples, n_inputs), dtype)
    for low in range(0, n_samples, _BLOCK):
        n = min(_BLOCK, n_samples - low)
        block = rates[low : low + n]
        input_psc, trace = np.empty((n, n_inputs), dtype), np.empty((n, n_inputs), dtype)
        now, psc = np.empty(n * n_cells, dtype), np.empty(n * n_cells, dtype)
        drive = np.empty(n * n_cells, dtype)
        potentials = np.empty((n_steps, n * n_cells), dtype)
        begin(block, held, input_psc, trace, now, psc)
        for step in range(n_steps):
            present(step, block, coding, cells, input_psc, trace)
            run(network, cells, input_psc, held and step > 0, now, psc, drive)
            potentials[step, :] = now
        # Arrays that the pullback through each layer overwrites.
        later, outside = np.empty(n * n_cells, dtype), np.empty((4, n * n_cells), dtype)
        offset, first = params.size, n * n_cells
        for layer in range(layer_sizes.size - 2, -1, -1):
            n_in, n_out = layer_sizes[layer], layer_sizes[layer + 1]
            size = n * n_out
            first -= size
            if layer == layer_sizes.size - 2:
                by_scores = flat(cotangent[low : low + n])
                _pull_output(
                    potentials, first, by_scores, cells, later[:size], outside[0], outside[1]
                )
            else:
                n_above = layer_sizes[layer + 2]
                coef = matrix(params, offset, n_out, n_above)
                shape = n, n_out, n_above
                _pull_hidden(potentials, first, shape, coef, cells, later[:size], outside)
            offset -= (n_in + 1) * n_out
        total = later[: n * n_first]
        total[:] = 0
        for step in range(n_steps):
            # What an input adds to its current in this step and in all before it.
            share = of(1) if held else of(1 - cells[1] ** (step + 1))
            for k in range(total.size):
                total[k] += share * potentials[step, k]
        coef = matrix(params, 0, n_inputs, n_first)
        multiply(matrix(later, 0, n, n_first), coef.T, gradient[low : low + n])
    return gradient
