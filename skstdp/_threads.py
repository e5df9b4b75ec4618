"""One thread of BLAS: sums of several would depend on their number in the last bits.

A small network gains nothing from more, and a search over many has better use for the cores.
"""

from functools import cache

from threadpoolctl import ThreadpoolController


@cache
def _controller():
    # Looking for the libraries takes milliseconds, setting their threads a few microseconds.
    return ThreadpoolController()


def one_blas_thread():
    """Context in which matrix products take one thread."""
    return _controller().limit(limits=1, user_api="blas")
