"""The logistic function of a whole array, in a loop that the compiler turns into vectors.

With -d = k ln 2 + r and |r| <= ln 2 / 2, the Padé approximant exp(r) = N(r) / N(-r) of order six
is exact to 2e-19, and

    1 / (1 + exp(-d)) = N(-r) / (N(-r) + 2^k N(r))

costs one division. It is within two units of the last place of either dtype. Drives are clipped
where 2^k would leave the range of normal numbers.
"""

import numpy as np
from numba.extending import overload

from ._compiler import kernel

_LOG2_E = 1 / np.log(2)
# The logarithm of two in two parts, of which the first has few bits: its product with k is exact.
_LN_2_HIGH = np.floor(np.log(2) * 2**16) / 2**16
_LN_2_LOW = float(np.longdouble("0.693147180559945309417232121458") - np.longdouble(_LN_2_HIGH))


def _power_of_two(k):
    """2^k for an integer k held as a float, by writing the exponent."""
    return 2.0**k


@overload(_power_of_two, inline="always")
def _compiled_power_of_two(k):
    if k.bitwidth == 32:
        return lambda k: np.int32((np.int32(k) + 127) << 23).view(np.float32)
    return lambda k: np.int64((np.int64(k) + 1023) << 52).view(np.float64)


@kernel
def sigmoid(drives):
    """Turn drives, of shape (n,), into rates, in place."""
    of = drives.dtype.type
    limit = of(87) if drives.itemsize == 4 else of(708)
    for j in range(drives.size):
        drive = min(max(-drives[j], -limit), limit)
        k = np.floor(drive * of(_LOG2_E) + of(0.5))
        r = drive - k * of(_LN_2_HIGH) - k * of(_LN_2_LOW)
        s = r * r
        even = of(1) + s * (of(5 / 44) + s * (of(1 / 792) + s * of(1 / 665280)))
        odd = r * (of(1 / 2) + s * (of(1 / 66) + s * of(1 / 15840)))
        drives[j] = (even - odd) / (even - odd + _power_of_two(k) * (even + odd))
