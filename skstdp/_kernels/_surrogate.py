"""Gradient of the class scores with respect to the inputs, by a surrogate.

A spike does not change when its potential does, except where it appears: the true gradient is
zero almost everywhere. In its place stands a gate like that of plasticity, as if a spike grew
with the potential; what a spike resets is held constant. Input spikes count as their rates.
"""

import numpy as np

from ._cells import gate
from ._compiler import entry, managed
from ._input_codes import CURRENT
from ._layers import coef_of
from ._spiking import present, run

# Rows that are gone through at the same time: all steps of them are kept.
_BLOCK = 64


@managed
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


@entry
@managed
def surrogate_pullback(rates, cotangent, network, cells, coding):
    """Gradient of the sum of `cotangent * scores` by the rates.

    scores : spikes of each output cell, and 0.5 tanh of its mean potential
    """
    units, params = network
    code, n_steps, _ = coding
    of = params.dtype.type
    held = code == CURRENT
    leak = of(cells[1])
    n_samples, n_inputs = rates.shape
    n_cells = units[1:].sum()
    gradient = np.empty((n_samples, n_inputs), params.dtype)
    for low in range(0, n_samples, _BLOCK):
        n = min(_BLOCK, n_samples - low)
        block = rates[low : low + n]
        input_psc = block if held else np.zeros((n, n_inputs), params.dtype)
        trace = np.zeros((0 if held else n, n_inputs), params.dtype)
        now = np.zeros(n * n_cells, params.dtype)
        psc = np.zeros(n * n_cells, params.dtype)
        drive = np.empty(n * n_cells, params.dtype)
        potentials = np.empty((n_steps, n * n_cells), params.dtype)
        for step in range(n_steps):
            present(step, block, coding, cells, input_psc, trace)
            run(step, n, units, params, input_psc, held, cells, now, psc, drive)
            potentials[step] = now
        at, last = params.size, n * n_cells
        for layer in range(units.size - 2, -1, -1):
            n_in, n_out = units[layer], units[layer + 1]
            first = last - n * n_out
            later = np.zeros(n * n_out, params.dtype)
            by_spike, by_potential = np.zeros_like(later), np.zeros_like(later)
            if layer == units.size - 2:
                by_spike[:] = cotangent[low : low + n].reshape(-1)
                mean = potentials[:, first:last].sum(axis=0) / of(n_steps)
                by_potential[:] = by_spike * of(0.5 / n_steps) / np.cosh(mean) ** 2
            else:
                n_above = units[layer + 2]
                end = last + n * n_above
                coef = coef_of(params, at, n_out, n_above)
                by_psc = np.zeros(n * n_out, params.dtype)
            for step in range(n_steps - 1, -1, -1):
                if layer < units.size - 2:
                    above = potentials[step][last:end].reshape(n, n_above)
                    back = np.dot(above, coef.T).reshape(-1)
                    for k in range(by_psc.size):
                        by_psc[k] = leak * by_psc[k] + back[k]
                        by_spike[k] = (1 - leak) * by_psc[k]
                potential = potentials[step][first:last]
                _pull_step(potential, later, by_spike, by_potential, cells)
                later = potential
            at -= (n_in + 1) * n_out
            last = first
        total = np.zeros(n * units[1], params.dtype)
        for step in range(n_steps):
            # What an input adds to its current in this step and in all before it.
            share = of(1) if held else of(1 - cells[1] ** (step + 1))
            total += share * potentials[step][: n * units[1]]
        coef = coef_of(params, 0, n_inputs, units[1])
        gradient[low : low + n] = np.dot(total.reshape(n, units[1]), coef.T)
    return gradient
