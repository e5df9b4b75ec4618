"""Difference target propagation: targets by learnt inverses, and what each layer learns of them.

batch : Batch
network : Network
    In `params`, those of the inverses follow those of the layers. All layers between hidden ones
    have one, in this order: that of a layer with weights of shape (n_in, n_out) has weights of
    shape (n_out, n_in), then biases.
rule : TargetPropagation
scratch : TargetScratch
pre, post : ndarrays of shape (n_samples, n_in) and (n_samples, n_out)
    Rates of the inputs of a layer, and of the layer.
"""

import numpy as np

from .._utils._memory import aligned_empty
from ._arrays import TargetScratch
from ._compiler import kernel
from ._layers import gradient, intercept_of, multiply, output_error, project
from ._random import normal
from ._sigmoid import sigmoid
from ._views import flat, matrix


def target_scratch(n_samples, layer_sizes, dtype):
    """Arrays that the targets of a batch of at most so many samples need."""
    widest = max(layer_sizes[1:])
    return TargetScratch(
        aligned_empty(n_samples * sum(layer_sizes[1:]), dtype),
        np.ones(n_samples, dtype),
        *(aligned_empty(n_samples * widest, dtype) for _ in range(3)),
    )


@kernel
def _respond(pre, params, offset, post):
    """Rates of the layer, or of the inverse, whose parameters start at an offset."""
    n_in, n_out = pre.shape[1], post.shape[1]
    coef = matrix(params, offset, n_in, n_out)
    project(pre, coef, intercept_of(params, offset, n_in, n_out), post)
    sigmoid(flat(post))


@kernel
def _add_noise(pre, rule, noisy):
    """Rates with noise, which the samples share: a weight of k is then the same as k copies."""
    of = pre.dtype.type
    stream, first = rule.noise[0], rule.noise[1]
    for i in range(pre.shape[1]):
        drawn = of(rule.inverse_noise * normal(stream, first + np.uint64(i)))
        for s in range(pre.shape[0]):
            noisy[s, i] = pre[s, i] + drawn
    rule.noise[1] = first + np.uint64(pre.shape[1])


@kernel
def _times_slopes(rates, error):
    """Errors of drives from errors of rates, in place."""
    one = error.dtype.type(1)
    for s in range(error.shape[0]):
        for j in range(error.shape[1]):
            error[s, j] *= rates[s, j] * (one - rates[s, j])


@kernel
def _weigh(weight, error):
    for s in range(error.shape[0]):
        for j in range(error.shape[1]):
            error[s, j] *= weight[s]


@kernel
def _first_error(delta, coef, target_step, error):
    """What the last hidden layer lacks of its targets, from the error of the logits."""
    multiply(delta, coef.T, error)
    step = error.dtype.type(target_step)
    for s in range(error.shape[0]):
        for j in range(error.shape[1]):
            error[s, j] *= step


@kernel
def _lower_error(post, error, params, inverse, scratch, lower):
    """What the inputs of a layer lack of their targets: g(post + error) - g(post)."""
    n_samples, n_in = lower.shape
    target = matrix(scratch.target, 0, n_samples, post.shape[1])
    guess = matrix(scratch.guess, 0, n_samples, n_in)
    for s in range(n_samples):
        for j in range(post.shape[1]):
            target[s, j] = post[s, j] + error[s, j]
    _respond(target, params, inverse, lower)
    _respond(post, params, inverse, guess)
    for s in range(n_samples):
        for i in range(n_in):
            lower[s, i] -= guess[s, i]


@kernel
def _reconstruct(noisy, params, offset, inverse, code, guess):
    """What a layer makes of noisy inputs, and the errors of the drives of its inverse."""
    _respond(noisy, params, offset, code)
    _respond(code, params, inverse, guess)
    one = guess.dtype.type(1)
    for s in range(guess.shape[0]):
        for i in range(guess.shape[1]):
            rate = guess[s, i]
            guess[s, i] = (noisy[s, i] - rate) * (rate * (one - rate))


@kernel
def target_updates(batch, network, rule, scratch, updates):
    """Minus the gradients of local losses, each by the parameters of one layer or inverse.

    With targets t for rates h, a layer f and its inverse g, noise e, and the cross-entropy L:

        output              L
        last hidden layer   |t - h|^2 / 2,  t = h - target_step dL/dh
        inputs h of f       |t - h|^2 / 2,  t = h + g(target of f(h)) - g(f(h))
        inverse             |h + e - g(f(h + e))|^2 / 2
    """
    nonzeros, rates = batch.nonzeros, batch.rates
    y, weight = batch.labels
    layer_sizes, params = network
    n_samples, last = y.size, layer_sizes.size - 2
    offset = 0
    for layer in range(last + 1):
        offset += (layer_sizes[layer] + 1) * layer_sizes[layer + 1]
    inverse, first = params.size, rates.size
    for layer in range(last, -1, -1):
        n_in, n_out = layer_sizes[layer], layer_sizes[layer + 1]
        offset -= (n_in + 1) * n_out
        first -= n_samples * n_out
        post = matrix(rates, first, n_samples, n_out)
        error = matrix(scratch.errors, first, n_samples, n_out)
        pre = batch.inputs
        if layer == last:
            # Each sample has its own target, whatever its weight.
            output_error(batch.logits, y, scratch.ones[:n_samples], error)
        if layer > 0:
            below = first - n_samples * n_in
            pre = matrix(rates, below, n_samples, n_in)
            lower = matrix(scratch.errors, below, n_samples, n_in)
            if layer == last:
                coef = matrix(params, offset, n_in, n_out)
                _first_error(error, coef, rule.target_step, lower)
            else:
                inverse -= (n_out + 1) * n_in
                _lower_error(post, error, params, inverse, scratch, lower)
                noisy = matrix(scratch.noisy, 0, n_samples, n_in)
                code = matrix(scratch.target, 0, n_samples, n_out)
                guess = matrix(scratch.guess, 0, n_samples, n_in)
                _add_noise(pre, rule, noisy)
                _reconstruct(noisy, params, offset, inverse, code, guess)
                _weigh(weight, guess)
                gradient(
                    code,
                    False,
                    nonzeros,
                    guess,
                    matrix(updates, inverse, n_out, n_in),
                    intercept_of(updates, inverse, n_out, n_in),
                )
        if layer < last:
            _times_slopes(post, error)
        _weigh(weight, error)
        gradient(
            pre,
            nonzeros.skip and layer == 0,
            nonzeros,
            error,
            matrix(updates, offset, n_in, n_out),
            intercept_of(updates, offset, n_in, n_out),
        )
