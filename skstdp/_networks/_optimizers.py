"""The state of Adam, and how its step size goes over the epochs."""

import numpy as np

from .._utils._memory import aligned_empty


class Adam:
    """Adam on updates that point uphill: parameters move along them, not against them.

    Parameters
    ----------
    n_params : int
        Number of parameters.
    dtype : dtype
        That of the parameters.
    beta_1, beta_2 : float
        Decay of the first and of the second moment.
    epsilon : float
        Added to the root of the second moment.
    weight_decay : float
        Each step multiplies the weights, not the biases, by 1 - step size * weight_decay.
        Without the scale of the layer: it then bounds what all inputs of a unit together can
        drive it by, at 1 / weight_decay, in narrow and in wide layers.

    Attributes
    ----------
    settings : ndarray of shape (4,)
        The four numbers.
    n_steps : int
        Number of steps so far.
    moments : pair of ndarrays of shape (n_params,)
        Running means of the updates and of their squares.
    """

    def __init__(self, n_params, dtype, *, beta_1, beta_2, epsilon, weight_decay):
        self.settings = np.array([beta_1, beta_2, epsilon, weight_decay], np.float64)
        self.n_steps = 0
        self.moments = aligned_empty(n_params, dtype), aligned_empty(n_params, dtype)
        for moment in self.moments:
            moment[:] = 0

    def to_plain(self):
        """Numbers and arrays alone, for files that know no types of this package."""
        return {"settings": self.settings, "n_steps": self.n_steps, "moments": self.moments}

    @classmethod
    def from_plain(cls, plain):
        """The optimiser that `to_plain` described, with arrays of its own."""
        beta_1, beta_2, epsilon, weight_decay = plain["settings"]
        moments = plain["moments"]
        adam = cls(
            len(moments[0]),
            moments[0].dtype,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            weight_decay=weight_decay,
        )
        adam.n_steps = int(plain["n_steps"])
        for moment, values in zip(adam.moments, moments, strict=True):
            moment[:] = values
        return adam


def constant(progress):
    """Factor of the step size that stays at one."""
    return np.ones_like(progress, dtype=float)


def linear(progress):
    """Factor of the step size that falls from one to zero over the epochs of `fit`."""
    return 1.0 - progress


SCHEDULES = {"constant": constant, "linear": linear}
