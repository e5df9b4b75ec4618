"""Random numbers by their place in a stream: they do not depend on what else is drawn, or where.

stream : uint64
number : int
    Place in the stream, >= 0.
"""

import numpy as np
from numba.extending import overload

from ._compiler import kernel


def _mix(stream, number):
    z = stream + np.uint64(number) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def mixed(stream, number):
    """Bits that look random, from a place in a stream: one step of splitmix64."""
    # Without compilation NumPy warns of what is lost above 64 bits.
    with np.errstate(over="ignore"):
        return _mix(stream, number)


@overload(mixed, inline="always")
def _compiled_mixed(stream, number):
    return _mix


@kernel
def uniform(stream, number):
    """Number in [0, 1)."""
    return np.float64(mixed(stream, number) >> np.uint64(11)) * 2.0**-53


@kernel
def normal(stream, number):
    """Number with mean 0 and variance 1, by the method of Box and Muller."""
    radius = np.sqrt(-2 * np.log(1 - uniform(stream, 2 * number)))
    return radius * np.cos(2 * np.pi * uniform(stream, 2 * number + 1))
