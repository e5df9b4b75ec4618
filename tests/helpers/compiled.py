"""The compiled kernels for a list of layers, as the tests write networks."""

import itertools

import numpy as np
from callable_kernels import from_python

from skstdp._kernels import Network, Nonzeros, STDPRule
from skstdp._kernels._arrays import Batch, Labels
from skstdp._kernels._competition import choose_learners, competition_scratch
from skstdp._kernels._layers import backprop_updates, cross_entropy, forward
from skstdp._kernels._stdp import stdp_scratch, stdp_updates
from skstdp._networks._competition import lets_all_learn, winner_table
from skstdp._networks._training import flatten

EVERYBODY = (1.0, 1.0)


def compressed(batch, skip):
    """Columns whose rates are not zero, row by row."""
    nonzero = batch != 0
    starts = np.concatenate([[0], nonzero.sum(axis=1).cumsum()])
    return Nonzeros(skip, starts, np.nonzero(nonzero)[1].astype(np.uint32))


def flat(layers):
    """Rates of several layers in one array."""
    return np.concatenate([rates.ravel() for rates in layers])


def unflatten(updates, units):
    """Updates of the weights and of the biases, one pair a layer."""
    shapes = list(itertools.pairwise(units))
    empty = [np.empty(shape) for shape in shapes], [np.empty(shape[1]) for shape in shapes]
    _, coefs, intercepts = flatten(*empty)
    ends = np.cumsum(
        [array.size for pair in zip(coefs, intercepts, strict=True) for array in pair]
    )
    parts = np.split(updates, ends[:-1])
    return [
        (coef.reshape(shape), intercept)
        for coef, intercept, shape in zip(parts[::2], parts[1::2], shapes, strict=True)
    ]


def by_the_rule(
    rates,
    y,
    sample_weight,
    associations,
    *,
    stdp_epsilon,
    winners=EVERYBODY,
    handicap=0.0,
    margin=None,
    outputs_match=False,
    skip=False,
):
    """Local updates, from the rates of the inputs and of all layers."""
    n_hidden = len(associations) - 1
    competes = [not all(map(lets_all_learn, winners))] * n_hidden + [False]
    units = np.array([layer.shape[1] for layer in rates])
    rule = STDPRule(
        np.hstack(associations),
        stdp_epsilon,
        np.array(competes),
        outputs_match,
        winner_table(*winners, associations[:-1]),
        handicap,
        np.full(n_hidden + 1, np.inf if margin is None else margin),
        np.zeros(units[1:].sum()),
    )
    inputs = rates[0]
    updates = np.empty(int((units[:-1] + 1) @ units[1:]), inputs.dtype)
    from_python(stdp_updates)(
        inputs,
        compressed(inputs, skip),
        Labels(y, sample_weight),
        units,
        flat(rates[1:]),
        rule,
        stdp_scratch(len(y), units.tolist(), inputs.dtype),
        updates,
    )
    return unflatten(updates, units)


def through_the_network(rates, coefs, intercepts, *, skip=False):
    """Rates of the inputs and of all layers, and the logits."""
    units = np.array([rates.shape[1], *map(len, intercepts)])
    n_samples, dtype = len(rates), rates.dtype
    batch = Batch(
        rates,
        compressed(rates, skip),
        Labels(np.empty(0, np.intp), np.empty(0, dtype)),
        np.empty(n_samples * units[1:].sum(), dtype),
        np.empty((n_samples, units[-1]), dtype),
    )
    from_python(forward)(batch, Network(units, flatten(coefs, intercepts)[0]))
    layers = np.split(batch.rates, n_samples * units[1:].cumsum()[:-1])
    return [rates, *(layer.reshape(n_samples, -1) for layer in layers)], batch.logits


def by_the_gradient(rates, y, sample_weight, coefs, intercepts, *, skip=False):
    """Minus the gradient of cross-entropy, and the sums that go with it."""
    layers, logits = through_the_network(rates, coefs, intercepts, skip=skip)
    units = np.array([layer.shape[1] for layer in layers])
    network, rest = Network(units, flatten(coefs, intercepts)[0]), flat(layers[1:])
    batch = Batch(rates, compressed(rates, skip), Labels(y, sample_weight), rest, logits)
    updates = np.empty_like(network.params)
    from_python(backprop_updates)(batch, network, np.empty_like(rest), updates)
    return unflatten(updates, units), from_python(cross_entropy)(logits, y, sample_weight)


def compete(
    post, association, codes, y, *, winners=EVERYBODY, handicap=0.0, margin=None, win_rates=None
):
    """Let the units of a layer compete, in place."""
    n_units = post.shape[1]
    rule = STDPRule(
        codes.astype(post.dtype),
        1.0,
        np.array([not all(map(lets_all_learn, winners))]),
        False,
        winner_table(*winners, [codes]),
        handicap,
        np.array([np.inf if margin is None else margin]),
        np.zeros(n_units) if win_rates is None else win_rates,
    )
    labels = Labels(y, np.abs(association).max(axis=1))
    scratch = competition_scratch(n_units, post.dtype)
    from_python(choose_learners)(0, 0, post, labels, rule, scratch, association)
