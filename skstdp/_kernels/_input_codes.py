"""From rates in [0, 1] to the currents of the input cells, step by step.

rates : ndarray of shape (n_samples, n_inputs)
    What the first layer sees, in [0, 1].
psc : ndarray of shape (n_samples, n_inputs)
    Current of each input in this step, updated in place.
"""

import numpy as np

from ._compiler import kernel
from ._random import mixed, uniform

# As `INPUT_CODES` of the classifier counts them.
CURRENT, RATE, LATENCY, POISSON = range(4)


@kernel
def encode_step(coding, step, rates, keep, psc):
    """Spikes of the input cells in one step, counted from 0, added to their current.

    rate
        A spike whenever the rate, added up over the steps, passes a whole number.
    latency
        One spike, in step round((1 - x) (n_steps - 1)), of unit height; none for x = 0.
    poisson
        A spike with probability x. All samples share what is drawn for a seed, so that a
        weight of k is the same as k copies.
    """
    code, n_steps, seed = coding
    one = psc.dtype.type(1)
    gain = one - keep
    n_inputs = rates.shape[1]
    for i in range(n_inputs):
        drawn = 0.0
        if code == POISSON:
            drawn = uniform(mixed(seed, 0), step * n_inputs + i)
        for s in range(rates.shape[0]):
            x = rates[s, i]
            current = keep * psc[s, i]
            if code == RATE:
                if np.floor(x * (step + 1)) > np.floor(x * step):
                    current += gain
            elif code == LATENCY:
                if x > 0 and np.floor((1 - x) * (n_steps - 1) + 0.5) == step:
                    current += one
            elif drawn < x:
                current += gain
            psc[s, i] = current
