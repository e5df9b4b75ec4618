"""One step of Adam with decoupled weight decay: the only kernel that writes weights."""

import numpy as np

from ._compiler import entry, kernel

# Parameters that are looked at together: of a whole block at rest nothing is computed.
_BLOCK = 64


@kernel
def _move(params, updates, first, second, constants):
    beta_1, gain_1, beta_2, gain_2, epsilon, step, keep = constants
    n_moving = 0
    for k in range(params.size):
        n_moving += (updates[k] != 0) | (first[k] != 0)
    if n_moving == 0:
        # Such as weights of an input that never is active.
        for k in range(params.size):
            second[k] *= beta_2
            params[k] *= keep
        return
    for k in range(params.size):
        first[k] = beta_1 * first[k] + gain_1 * updates[k]
        second[k] = beta_2 * second[k] + gain_2 * (updates[k] * updates[k])
        params[k] = keep * params[k] + step * first[k] / (np.sqrt(second[k]) + epsilon)


@kernel
def adam_step(params, updates, schedule, n_steps, step_size):
    """Move the parameters along updates that point uphill, in place.

    Parameters
    ----------
    params, updates : ndarrays of shape (n_params,)
        Weights, then biases, layer after layer, and the direction in which to move them.
    schedule : Schedule
        The moments change in place; `shapes` says which parameters are weights.
    n_steps : int
        Number of steps, this one included.
    step_size : float
        Step size before scaling.
    """
    of = params.dtype.type
    beta_1, beta_2, epsilon, weight_decay = schedule.settings
    correction = np.sqrt(1 - beta_2**n_steps) / (1 - beta_1**n_steps)
    low = 0
    for part in range(2 * len(schedule.shapes)):
        # Weights of a layer, then its biases, which do not decay.
        layer, is_bias = part // 2, part % 2
        n_in, n_out = schedule.shapes[layer]
        high = low + (1 if is_bias else n_in) * n_out
        step = step_size * schedule.scales[layer] * correction
        keep = 1.0 if is_bias else 1 - step_size * weight_decay
        constants = (
            of(beta_1),
            of(1 - beta_1),
            of(beta_2),
            of(1 - beta_2),
            of(epsilon),
            of(step),
            of(keep),
        )
        for k in range(low, high, _BLOCK):
            end = min(k + _BLOCK, high)
            _move(
                params[k:end],
                updates[k:end],
                schedule.first[k:end],
                schedule.second[k:end],
                constants,
            )
        low = high


@entry
def step(params, updates, schedule, n_steps, step_size):
    """Take one step of Adam along updates that were made elsewhere."""
    adam_step(params, updates, schedule, n_steps, step_size)
