"""The microcircuit one scalar at a time, as its equations are printed."""

import math

import numpy as np


def input_currents(code, rates, n_steps, tau_s):
    """Current of each input cell in each step, for one sample."""
    if code == "current":
        return [list(rates) for _ in range(n_steps)]
    currents, now = [], [0.0] * len(rates)
    for t in range(n_steps):
        for i, x in enumerate(rates):
            now[i] *= 1 - 1 / tau_s
            if code == "rate" and math.floor(x * (t + 1)) > math.floor(x * t):
                now[i] += 1 / tau_s
            if code == "latency" and x > 0 and math.floor((1 - x) * (n_steps - 1) + 0.5) == t:
                now[i] += 1
        currents.append(list(now))
    return currents


def gate(potential, slope):
    """How ready a compartment is to change."""
    return 1 / (1 + slope * abs(potential - 1)) ** 2


class Cells:
    """Membranes of one layer that reset after a spike, and the current of their spikes."""

    def __init__(self, n, tau_m, tau_s):
        self.n = n
        self.tau_m, self.tau_s = tau_m, tau_s
        self.potential, self.spikes, self.psc = [0.0] * n, [0] * n, [0.0] * n

    def step(self, drive):
        for k in range(self.n):
            kept = (1 - 1 / self.tau_m) * self.potential[k] * (1 - self.spikes[k])
            self.potential[k] = kept + drive[k]
        self.fire([int(v >= 1) for v in self.potential])

    def fire(self, spikes):
        self.spikes = spikes
        self.psc = [
            (1 - 1 / self.tau_s) * a + s / self.tau_s
            for a, s in zip(self.psc, spikes, strict=True)
        ]


def product(coef, intercept, pre):
    """Drive of a layer."""
    return [
        sum(pre[i] * coef[i, j] for i in range(len(pre))) + intercept[j]
        for j in range(len(intercept))
    ]


def present(
    rates,
    label,
    coefs,
    intercepts,
    interneuron_coefs,
    interneuron_intercepts,
    feedback_coefs,
    *,
    code,
    n_steps,
    tau_m,
    tau_s,
    slope,
    conductances,
    rule,
):
    """Spikes and updates that one sample makes; without a teacher if `label` is None.

    Returns
    -------
    spikes : list of steps of layers of lists
        Somatic spikes.
    apical : list of steps of hidden layers of lists
        Apical potentials.
    updates : two lists of (coef, intercept)
        Of the forward and of the interneurons' synapses, summed over the steps.
    """
    n_layers = len(coefs)
    basal = [Cells(len(b), tau_m, tau_s) for b in intercepts]
    soma = [Cells(len(b), tau_m, tau_s) for b in intercepts]
    inter = [Cells(len(c), tau_m, tau_s) for c in interneuron_intercepts]
    apical = [[0.0] * len(b) for b in intercepts[:-1]]
    traces = [[0.0] * len(coef) for coef in coefs]
    bias_trace = 0.0
    forward = [
        (np.zeros_like(w), np.zeros_like(b)) for w, b in zip(coefs, intercepts, strict=True)
    ]
    lateral = [
        (np.zeros_like(m), np.zeros_like(c))
        for m, c in zip(interneuron_coefs, interneuron_intercepts, strict=True)
    ]
    all_spikes, all_apical = [], []
    for t, currents in enumerate(input_currents(code, rates, n_steps, tau_s)):
        pre = currents
        bias_trace = (1 - 1 / tau_m) * bias_trace + 1
        for layer in range(n_layers):
            traces[layer] = [
                (1 - 1 / tau_m) * psi + a for psi, a in zip(traces[layer], pre, strict=True)
            ]
            drive = product(coefs[layer], intercepts[layer], pre)
            basal[layer].step(drive)
            if layer < n_layers - 1:
                g = conductances[layer]
                pushed = [i + g * v for i, v in zip(drive, apical[layer], strict=True)]
                soma[layer].step(pushed)
            elif label is None:
                soma[layer].step(drive)
            else:
                wanted = int(t > 0 or n_steps == 1)
                soma[layer].fire([wanted if k == label else 0 for k in range(len(drive))])
            pre = soma[layer].psc
        for layer in range(n_layers - 1):
            m, c = interneuron_coefs[layer], interneuron_intercepts[layer]
            inter[layer].step(product(m, c, soma[layer].psc))
            surplus = [a - b for a, b in zip(soma[layer + 1].psc, inter[layer].psc, strict=True)]
            apical[layer] = product(feedback_coefs[layer], [0.0] * len(apical[layer]), surplus)
        for layer in range(n_layers):
            errors = []
            for j in range(basal[layer].n):
                open_ = gate(basal[layer].potential[j], slope)
                if rule == "spike":
                    error = soma[layer].spikes[j] - basal[layer].spikes[j]
                elif layer == 0 and n_layers > 1:
                    error = apical[0][j] * open_
                else:
                    error = (soma[layer].psc[j] - basal[layer].psc[j]) * open_
                errors.append(error)
            add(forward[layer], traces[layer], bias_trace, errors)
            if layer == 0:
                continue
            errors = []
            for j in range(inter[layer - 1].n):
                cells = inter[layer - 1]
                if rule == "spike":
                    error = soma[layer].spikes[j] - cells.spikes[j]
                else:
                    error = (soma[layer].psc[j] - cells.psc[j]) * gate(cells.potential[j], slope)
                errors.append(error)
            add(lateral[layer - 1], traces[layer], bias_trace, errors)
        all_spikes.append([list(cells.spikes) for cells in soma])
        all_apical.append([list(v) for v in apical])
    return all_spikes, all_apical, (forward, lateral)


def add(update, trace, bias_trace, errors):
    """Pair traces with mismatches."""
    coef, intercept = update
    for j, error in enumerate(errors):
        for i, psi in enumerate(trace):
            coef[i, j] += psi * error
        intercept[j] += bias_trace * error
