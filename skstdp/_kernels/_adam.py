"""One step of Adam with decoupled weight decay: the only kernel that writes weights."""

import numpy as np

from ._compiler import kernel
from ._vectors import WIDTH, are_zero, load, roots, splat, store


@kernel
def _move(params, updates, first, second, beta_1, gain_1, beta_2, gain_2, epsilon, step, keep):
    of = params.dtype.type
    whole = params.size // WIDTH * WIDTH
    for k in range(0, whole, WIDTH):
        moment, params_16 = load(second, k), splat(of(keep)) * load(params, k)
        if are_zero(updates, k) and are_zero(first, k):
            # Such as weights of an input that never is active.
            store(splat(of(beta_2)) * moment, second, k)
            store(params_16, params, k)
            continue
        update = load(updates, k)
        direction = splat(of(beta_1)) * load(first, k) + splat(of(gain_1)) * update
        moment = splat(of(beta_2)) * moment + splat(of(gain_2)) * (update * update)
        store(direction, first, k)
        store(moment, second, k)
        change = splat(of(step)) * direction / (roots(moment) + splat(of(epsilon)))
        store(params_16 + change, params, k)
    for k in range(whole, params.size):
        first[k] = beta_1 * first[k] + gain_1 * updates[k]
        second[k] = beta_2 * second[k] + gain_2 * (updates[k] * updates[k])
        params[k] = keep * params[k] + step * first[k] / (np.sqrt(second[k]) + epsilon)


@kernel
def adam_step(units, params, updates, first, second, settings, n_steps, step_size, scales):
    """Move the parameters along updates that point uphill, in place.

    Parameters
    ----------
    units : ndarray of shape (n_layers,)
        Number of units of each layer, input and output included.
    params, updates, first, second : ndarrays of shape (n_params,)
        Weights, then biases, layer after layer; what to move them along; the two moments.
    settings : ndarray of shape (4,)
        `beta_1`, `beta_2`, `epsilon` and `weight_decay`.
    n_steps : int
        Number of steps, this one included.
    step_size : float
        Before scaling.
    scales : ndarray of shape (n_layers - 1,)
        Factor on the step size of each layer.
    """
    of = params.dtype.type
    beta_1, beta_2, epsilon, weight_decay = settings
    correction = np.sqrt(1 - beta_2**n_steps) / (1 - beta_1**n_steps)
    at = 0
    for layer in range(units.size - 1):
        n_coefs = units[layer] * units[layer + 1]
        step = of(step_size * scales[layer] * correction)
        for end, decay in ((at + n_coefs, weight_decay), (at + n_coefs + units[layer + 1], 0.0)):
            _move(
                params[at:end],
                updates[at:end],
                first[at:end],
                second[at:end],
                of(beta_1),
                of(1 - beta_1),
                of(beta_2),
                of(1 - beta_2),
                of(epsilon),
                step,
                of(1 - step_size * decay),
            )
            at = end
