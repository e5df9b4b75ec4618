"""Memory for vectors: one that crosses a line of the cache takes twice as long to load."""

import numpy as np

LINE = 64


def aligned_empty(size, dtype):
    """A new array of one dimension that starts where a line of the cache does."""
    array = np.empty(size + LINE, dtype)
    first = -array.ctypes.data % LINE // array.itemsize
    return array[first : first + size]
