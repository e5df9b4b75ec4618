"""Local rules other than equation 3 as compiled in `_stdp`: formulas of one synapse.

x : float
    Rate of the pre-synaptic unit.
p : float
    Rate of the post-synaptic unit.
z : float
    Association of the post-synaptic unit with the class of the sample.
mean_square : float
    Mean of the squared rate of the post-synaptic unit over the samples of the batch, by weight.

A formula returns the change of the synapse by one sample. No argument is a weight or an error.
"""

from functools import lru_cache

import numpy as np

from ._arrays import LocalRuleScratch
from ._competition import choose_learners, match_probabilities
from ._compiler import entry, inlined, kernel, managed, unkept
from ._layers import intercept_of
from ._stdp import TILE, learners_by_unit, stdp_scratch
from ._views import matrix


@kernel
def _stdp(x, p, z, _):
    u = p + p - x
    return z * (x * x * x * (p * (x - p))) / (u * u + type(x)(0.1))


@kernel
def _stdp_symmetric(x, p, z, _):
    return z * (x * (p * (x - p)))


@kernel
def _hebb(x, p, z, _):
    return z * (x * p)


@kernel
def _oja(x, p, z, _):
    return z * (p * (x - p))


@kernel
def _bcm(x, p, z, mean_square):
    return z * (x * (p * (p - mean_square)))


@kernel
def _contrastive(x, p, z, _):
    target = type(p)(1) if z > 0 else type(p)(0)
    return abs(z) * (x * (target - p))


def rule_scratch(n_samples, layer_sizes, dtype):
    """Arrays that a rule overwrites for a batch of at most so many samples."""
    scratch = stdp_scratch(n_samples, layer_sizes, dtype)
    return LocalRuleScratch(
        np.empty(n_samples * sum(layer_sizes[1:]), dtype),
        np.empty(max(layer_sizes[1:]), dtype),
        scratch,
    )


@kernel
def associations(labels, layer_sizes, rates, rule, competition, association):
    """Overwrite the last array with the association of each unit with the class of each sample.

    Those of units that do not learn are zero. The weights of the samples are not in them.

    Parameters
    ----------
    labels : Labels
    layer_sizes : ndarray of shape (n_layers,)
    rates : ndarray of shape (n_samples * n_cells,)
        Rates of the layers above the inputs, one after the other.
    rule : STDPRule
    competition : CompetitionScratch
        Overwritten.
    association : ndarray of shape (n_samples * n_cells,)
        One layer after the other, each of shape (n_samples, n_units).
    """
    _, weight = labels
    n_samples = weight.size
    n_layers = layer_sizes.size - 1
    # Not a literal, of which another version would be compiled.
    offset = np.intp(0)
    for layer in range(n_layers):
        n_out = layer_sizes[layer + 1]
        post = matrix(rates, n_samples * offset, n_samples, n_out)
        of_layer = matrix(association, n_samples * offset, n_samples, n_out)
        if layer == n_layers - 1 and rule.matches_probabilities:
            match_probabilities(offset, post, labels, rule, of_layer)
        else:
            choose_learners(layer, offset, post, labels, rule, competition, of_layer)
        for s in range(n_samples):
            for j in range(n_out):
                of_layer[s, j] = of_layer[s, j] / weight[s] if weight[s] > 0 else weight[s]
        offset += n_out


@kernel
def mean_squares(post, weight, mean_square):
    """Overwrite the last array, of shape (n_post,), with the means of the squared rates."""
    mean_square[:] = 0
    for s in range(post.shape[0]):
        for j in range(post.shape[1]):
            mean_square[j] += weight[s] * (post[s, j] * post[s, j])


@kernel
def _add_to_column(formula, x, p, z, mean_square, weight, column):
    for i in range(column.size):
        column[i] += weight * formula(x[i], p, z, mean_square)


@kernel
def _learn_layer(formula, pre, post, association, weight, scratch, coef_update, bias_update):
    n_samples = post.shape[0]
    n_pre, n_post = coef_update.shape
    one = pre.dtype.type(1)
    mean_square, layer = scratch.mean_square[:n_post], scratch.layer
    mean_squares(post, weight, mean_square)
    for s in range(n_samples):
        layer.rows[s] = s
    ends, samples = layer.ends[: n_post + 1], layer.learners[2]
    learners_by_unit(
        association,
        layer.rows[:n_samples],
        layer.learners[0],
        layer.learners[1],
        samples,
        ends,
    )
    for first in range(0, n_post, TILE):
        n = min(TILE, n_post - first)
        for c in range(n):
            j = first + c
            column = layer.block[c, :n_pre]
            column[:] = 0
            bias_update[j] = 0
            for s in samples[ends[j] : ends[j + 1]]:
                p, z, w = post[s, j], association[s, j], weight[s]
                _add_to_column(formula, pre[s], p, z, mean_square[j], w, column)
                bias_update[j] += w * formula(one, p, z, mean_square[j])
        for i in range(n_pre):
            for c in range(n):
                coef_update[i, first + c] = layer.block[c, i]


@inlined
def _learn(formula, inputs, layer_sizes, rates, weight, scratch, updates):
    """Overwrite the last array with the mean of a formula over the samples, for every layer.

    Parameters
    ----------
    formula : kernel
        Change of one synapse by one sample.
    inputs : ndarray of shape (n_samples, n_inputs)
        Rates of the inputs.
    layer_sizes : ndarray of shape (n_layers,)
    rates : ndarray of shape (n_samples * n_cells,)
        Rates of the other layers, one after the other.
    weight : ndarray of shape (n_samples,)
        Weights of the samples, which add up to one.
    scratch : LocalRuleScratch
        With the associations; the rest is overwritten.
    updates : ndarray of shape (n_params,)
        Weights, then biases, layer after layer.
    """
    n_samples = inputs.shape[0]
    pre = inputs
    # Not literals, of which another version would be compiled.
    start = offset = np.intp(0)
    for layer in range(layer_sizes.size - 1):
        n_in, n_out = layer_sizes[layer], layer_sizes[layer + 1]
        post = matrix(rates, n_samples * offset, n_samples, n_out)
        _learn_layer(
            formula,
            pre,
            post,
            matrix(scratch.association, n_samples * offset, n_samples, n_out),
            weight,
            scratch,
            matrix(updates, start, n_in, n_out),
            intercept_of(updates, start, n_in, n_out),
        )
        pre = post
        start += (n_in + 1) * n_out
        offset += n_out


@entry
def _learn_stdp(inputs, layer_sizes, rates, weight, scratch, updates):
    _learn(_stdp, inputs, layer_sizes, rates, weight, scratch, updates)


@entry
def _learn_stdp_symmetric(inputs, layer_sizes, rates, weight, scratch, updates):
    _learn(_stdp_symmetric, inputs, layer_sizes, rates, weight, scratch, updates)


@entry
def _learn_hebb(inputs, layer_sizes, rates, weight, scratch, updates):
    _learn(_hebb, inputs, layer_sizes, rates, weight, scratch, updates)


@entry
def _learn_oja(inputs, layer_sizes, rates, weight, scratch, updates):
    _learn(_oja, inputs, layer_sizes, rates, weight, scratch, updates)


@entry
def _learn_bcm(inputs, layer_sizes, rates, weight, scratch, updates):
    _learn(_bcm, inputs, layer_sizes, rates, weight, scratch, updates)


@entry
def _learn_contrastive(inputs, layer_sizes, rates, weight, scratch, updates):
    _learn(_contrastive, inputs, layer_sizes, rates, weight, scratch, updates)


# By name: what a user reads as `rule`.
LEARN_BY_NAME = {
    "stdp": _learn_stdp,
    "stdp-symmetric": _learn_stdp_symmetric,
    "hebb": _learn_hebb,
    "oja": _learn_oja,
    "bcm": _learn_bcm,
    "contrastive": _learn_contrastive,
}


@lru_cache(maxsize=32)
def learn_by_function(function, sees_mean_square):
    """As the functions in `LEARN_BY_NAME`, for a formula of a user, compiled by this process."""
    # Anew, as a part of the loop: a call per synapse would take longer than most formulas.
    part = managed(function)
    if sees_mean_square:
        formula = part
    else:

        @managed
        def formula(x, p, z, _):
            return part(x, p, z)

    @unkept
    def learn(inputs, layer_sizes, rates, weight, scratch, updates):
        _learn(formula, inputs, layer_sizes, rates, weight, scratch, updates)

    return learn
