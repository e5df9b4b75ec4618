"""Adam with decoupled weight decay: the only module that writes weights."""

import numpy as np

from ._jit import kernel


@kernel
def _adam_step(param, update, first, second, beta_1, gain_1, beta_2, gain_2, epsilon, step, keep):
    for k in range(param.size):
        first[k] = beta_1 * first[k] + gain_1 * update[k]
        second[k] = beta_2 * second[k] + gain_2 * (update[k] * update[k])
        param[k] = keep * param[k] + step * first[k] / (np.sqrt(second[k]) + epsilon)


class Adam:
    """Adam on updates that point uphill: parameters move along them, not against them.

    Parameters
    ----------
    layers : list of (coef, intercept)
        Parameters whose shapes and dtype the moments take.
    beta_1, beta_2 : float
        Decay of the first and of the second moment.
    epsilon : float
        Added to the root of the second moment.
    weight_decay : float
        Each step multiplies the weights, not the biases, by 1 - step size * weight_decay.
        Without the scale of the layer: it then bounds what all inputs of a unit together can
        drive it by, at 1 / weight_decay, in narrow and in wide layers.
    """

    def __init__(self, layers, *, beta_1, beta_2, epsilon, weight_decay):
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.weight_decay = weight_decay
        self.n_steps = 0
        self.moments = [
            [
                (np.zeros(param.size, param.dtype), np.zeros(param.size, param.dtype))
                for param in layer
            ]
            for layer in layers
        ]

    def step(self, layers, updates, step_size, scales):
        """Add one step to the parameters, in place.

        Parameters
        ----------
        layers, updates : lists of (coef, intercept)
            Parameters, C-contiguous, and what to move them along.
        step_size : float
            Step size before scaling.
        scales : list of float
            Factor on the step size, one a layer.
        """
        self.n_steps += 1
        correction = np.sqrt(1 - self.beta_2**self.n_steps) / (1 - self.beta_1**self.n_steps)
        for layer, update, moments, scale in zip(
            layers, updates, self.moments, scales, strict=True
        ):
            decays = (self.weight_decay, 0.0)
            for param, change, (first, second), decay in zip(
                layer, update, moments, decays, strict=True
            ):
                scalars = (
                    self.beta_1,
                    1 - self.beta_1,
                    self.beta_2,
                    1 - self.beta_2,
                    self.epsilon,
                    step_size * scale * correction,
                    1 - step_size * decay,
                )
                _adam_step(
                    param.reshape(-1),
                    change.reshape(-1),
                    first,
                    second,
                    *map(param.dtype.type, scalars),
                )


def constant(progress):
    """Factor of the step size that stays at one."""
    return 1.0


def linear(progress):
    """Factor of the step size that falls from one to zero over the epochs of `fit`."""
    return 1.0 - progress


SCHEDULES = {"constant": constant, "linear": linear}
