"""Errors that come down by fixed matrices, in the place of the transposed weights.

batch : Batch
network : Network
rule : Feedback
"""

from itertools import pairwise

import numpy as np

from .._utils._memory import aligned_empty
from ._arrays import FeedbackScratch
from ._compiler import kernel
from ._layers import backprop_scratch, through, updates_by_errors
from ._views import matrix


def feedback_scratch(n_samples, layer_sizes, dtype):
    """Arrays that a batch of at most so many samples overwrites."""
    largest = max((n * m for n, m in pairwise(layer_sizes[1:])), default=0)
    return FeedbackScratch(
        backprop_scratch(n_samples, layer_sizes, dtype), aligned_empty(largest, dtype)
    )


@kernel
def _with_signs(magnitudes, signs, product):
    """Magnitudes with the signs of other numbers; zero where these are zero."""
    for k in range(product.size):
        positive = np.float32(signs[k] > 0) - np.float32(signs[k] < 0)
        product[k] = magnitudes[k] * positive


@kernel
def _through_feedback(layer, offset, delta, output, network, rule, signed, rate, below):
    """Error of a hidden layer: `delta`, or the error of the output, through its own matrix."""
    layer_sizes, params = network
    source = output if rule.direct else delta
    n_units, n_above = layer_sizes[layer], source.shape[1]
    first = np.intp(0)
    for earlier in range(1, layer):
        first += layer_sizes[earlier] * (n_above if rule.direct else layer_sizes[earlier + 1])
    size = n_units * n_above
    coefs = rule.coefs[first : first + size]
    if rule.signed:
        _with_signs(coefs, params[offset : offset + size], signed[:size])
        coefs = signed[:size]
    through(source, matrix(coefs, 0, n_units, n_above), rate, below)


@kernel
def feedback_updates(batch, network, rule, scratch, updates):
    """Update by errors that fixed matrices send down; `scratch` and `updates` are overwritten."""
    updates_by_errors(
        _through_feedback, batch, network, rule, scratch.deltas, scratch.signed, updates
    )
