"""Kernels that have no machine code of their own, made callable."""

from functools import cache

from numba import config, njit

from skstdp._kernels._cache import _SOURCES, _Cache


class _KeptByName(_Cache):
    """Numba cannot recognise a closure that another process compiled."""

    def _index_key(self, sig, codegen):
        return sig, codegen.magic_tuple(), self.name, _SOURCES


@cache
def from_python(kernel):
    """Compiled function that does nothing but call a kernel that others inline.

    It is kept on disk, so that only the first run of the tests compiles it.
    """
    called = njit(lambda *arguments: kernel(*arguments))
    if not config.DISABLE_JIT:
        called._cache = _KeptByName(called.py_func)
        called._cache.name = f"{kernel.py_func.__module__}.{kernel.py_func.__qualname__}"
    return called
