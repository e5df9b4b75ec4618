"""Naive twin of difference target propagation: one sample and one layer at a time."""

import math

import numpy as np
from scipy.special import expit, softmax

_MASK = 2**64 - 1


def mixed(stream, number):
    """One step of splitmix64, in whole numbers of Python."""
    z = (stream + number + 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def normal(stream, number):
    """Number of a stream of normal ones, by the method of Box and Muller."""
    first, second = ((mixed(stream, 2 * number + k) >> 11) / 2**53 for k in (0, 1))
    return math.sqrt(-2 * math.log(1 - first)) * math.cos(2 * math.pi * second)


def noises(numbers_of_units, stream, first):
    """Noise of the inputs of the layers that have inverses, and the number of the next draw.

    Numbers are drawn from the last such layer down.
    """
    drawn = []
    for n_units in reversed(numbers_of_units):
        drawn.append(np.array([normal(stream, k) for k in range(first, first + n_units)]))
        first += n_units
    return drawn[::-1], first


def rates_of(inputs, coefs, intercepts):
    """Rates of a sample in the input layer and all others, and its logits."""
    rates = [inputs]
    for coef, intercept in zip(coefs, intercepts, strict=True):
        logits = rates[-1] @ coef + intercept
        rates.append(expit(logits))
    return rates, logits


def output_error(logits, label):
    """Minus the derivative of the cross-entropy of a sample by its logits."""
    if len(logits) == 1:
        return (label == 1) - expit(logits)
    return (np.arange(len(logits)) == label) - softmax(logits)


def targets_of(rates, logits, label, coefs, inverses, target_step):
    """Targets of the hidden layers; `inverses[k]` takes rates of layer k + 2 to those of k + 1."""
    n_hidden = len(coefs) - 1
    targets = [None] * (n_hidden + 1)
    if n_hidden:
        targets[n_hidden] = rates[n_hidden] + target_step * coefs[-1] @ output_error(logits, label)
    for layer in range(n_hidden - 1, 0, -1):
        g = inverses[layer - 1]
        targets[layer] = rates[layer] + g(targets[layer + 1]) - g(rates[layer + 1])
    return targets


def update(inputs, y, weight, coefs, intercepts, inverse_coefs, inverse_intercepts, rule, noise):
    """Uphill directions: weights and biases of each layer, then of each inverse, as lists.

    `rule` is the pair of target_step and inverse_noise, `noise[k]` the normal numbers for the
    units of layer k + 1, which all samples share.
    """
    target_step, inverse_noise = rule
    coef_updates = [np.zeros_like(coef) for coef in coefs]
    intercept_updates = [np.zeros_like(intercept) for intercept in intercepts]
    inverse_coef_updates = [np.zeros_like(coef) for coef in inverse_coefs]
    inverse_intercept_updates = [np.zeros_like(intercept) for intercept in inverse_intercepts]
    inverses = [
        lambda rates, V=V, c=c: expit(rates @ V + c)
        for V, c in zip(inverse_coefs, inverse_intercepts, strict=True)
    ]
    for s, (row, label) in enumerate(zip(inputs, y, strict=True)):
        rates, logits = rates_of(row, coefs, intercepts)
        targets = targets_of(rates, logits, label, coefs, inverses, target_step)
        for layer in range(len(coefs)):
            if layer == len(coefs) - 1:
                delta = output_error(logits, label)
            else:
                h = rates[layer + 1]
                delta = (targets[layer + 1] - h) * h * (1 - h)
            coef_updates[layer] += weight[s] * np.outer(rates[layer], delta)
            intercept_updates[layer] += weight[s] * delta
        for k, g in enumerate(inverses):
            noisy = rates[k + 1] + inverse_noise * noise[k]
            code = expit(noisy @ coefs[k + 1] + intercepts[k + 1])
            guess = g(code)
            delta = (noisy - guess) * guess * (1 - guess)
            inverse_coef_updates[k] += weight[s] * np.outer(code, delta)
            inverse_intercept_updates[k] += weight[s] * delta
    return (
        coef_updates,
        intercept_updates,
        inverse_coef_updates,
        inverse_intercept_updates,
    )
