"""Kernels that have no machine code of their own, made callable."""

from functools import cache

from numba import njit


@cache
def from_python(kernel):
    """Compiled function that does nothing but call a kernel that others inline."""
    return njit(lambda *arguments: kernel(*arguments))
