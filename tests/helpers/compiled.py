"""The compiled kernels for a list of layers, as the tests write networks."""

import itertools

import numpy as np

from skstdp._kernels._competition import choose_learners, room_for
from skstdp._kernels._layers import backprop_updates, cross_entropy, forward
from skstdp._kernels._stdp import lanes_for, numbers_for, stdp_updates
from skstdp._kernels._vectors import WIDTH
from skstdp._networks._competition import lets_all_learn, winner_table
from skstdp._networks._training import flatten

EVERYBODY = (1.0, 1.0)


def compressed(batch):
    """Where the rates are not zero, row by row."""
    nonzero = batch != 0
    starts = np.concatenate([[0], nonzero.sum(axis=1).cumsum()])
    return starts, np.nonzero(nonzero)[1].astype(np.int32)


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
    competes = [not all(map(lets_all_learn, winners))] * n_hidden + [outputs_match]
    units = np.array([layer.shape[1] for layer in rates])
    batch, dtype, largest = rates[0], rates[0].dtype, units.max()
    updates = np.empty(int((units[:-1] + 1) @ units[1:]), dtype)
    rest = flat(rates[1:])
    stdp_updates(
        batch,
        skip,
        *compressed(batch),
        units,
        rest,
        y,
        sample_weight,
        np.hstack(associations),
        stdp_epsilon,
        np.array(competes),
        winner_table(*winners, associations),
        handicap,
        np.full(n_hidden + 1, np.inf if margin is None else margin),
        np.zeros(units[1:].sum()),
        np.empty((len(y) + 1) * largest, dtype),
        np.empty(room_for(largest), dtype),
        np.empty((3, WIDTH), np.intp),
        np.empty(numbers_for(len(y), largest), np.int32),
        np.empty(lanes_for(len(y)), dtype),
        np.empty((16, largest), dtype),
        updates,
    )
    return unflatten(updates, units)


def through_the_network(rates, coefs, intercepts, *, skip=False):
    """Rates of the inputs and of all layers, and the logits."""
    units = np.array([rates.shape[1], *map(len, intercepts)])
    n_samples, dtype = len(rates), rates.dtype
    rest, logits = (
        np.empty(n_samples * units[1:].sum(), dtype),
        np.empty(n_samples * units[-1], dtype),
    )
    params = flatten(coefs, intercepts)[0]
    forward(rates, skip, *compressed(rates), units, params, rest, logits)
    layers = np.split(rest, n_samples * units[1:].cumsum()[:-1])
    return [rates, *(layer.reshape(n_samples, -1) for layer in layers)], logits.reshape(
        n_samples, -1
    )


def by_the_gradient(rates, y, sample_weight, coefs, intercepts, *, skip=False):
    """Minus the gradient of cross-entropy, and the sums that go with it."""
    layers, logits = through_the_network(rates, coefs, intercepts, skip=skip)
    units = np.array([layer.shape[1] for layer in layers])
    params, rest = flatten(coefs, intercepts)[0], flat(layers[1:])
    updates = np.empty_like(params)
    backprop_updates(
        rates,
        skip,
        *compressed(rates),
        units,
        params,
        rest,
        logits,
        y,
        sample_weight,
        np.empty_like(rest),
        updates,
    )
    return unflatten(updates, units), cross_entropy(logits, y, sample_weight)


def compete(
    post, association, codes, y, *, winners=EVERYBODY, handicap=0.0, margin=None, win_rates=None
):
    """Let the units of a layer compete, in place."""
    n_units = post.shape[1]
    learning = np.empty((len(post) + 1, n_units), post.dtype)
    choose_learners(
        post,
        codes.astype(post.dtype),
        0,
        y,
        np.abs(association).max(axis=1),
        not all(map(lets_all_learn, winners)),
        winner_table(*winners, [codes, codes])[:, 0],
        handicap,
        np.inf if margin is None else margin,
        np.zeros(n_units) if win_rates is None else win_rates,
        np.empty(room_for(n_units), post.dtype),
        np.empty((3, WIDTH), np.intp),
        learning,
    )
    association[:] = learning[:-1]
