"""One thread: sums of several would depend on their number in the last bits.

A small network gains nothing from more, and a search over many has better use for the cores.
"""

from contextlib import contextmanager
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController


@cache
def _controller():
    # Looking for the libraries takes milliseconds, setting their threads a few microseconds.
    return ThreadpoolController()


class _Limit:
    """The number of threads is one of the process: who leaves last gives it back."""

    def __init__(self, user_api):
        self._user_api = user_api
        self._lock = Lock()
        self._n_users = 0

    def enter(self):
        with self._lock:
            if self._n_users == 0:
                self._limits = _controller().limit(limits=1, user_api=self._user_api)
            self._n_users += 1

    def leave(self):
        with self._lock:
            self._n_users -= 1
            if self._n_users == 0:
                self._limits.restore_original_limits()


_blas = _Limit("blas")
_all = _Limit(None)


@contextmanager
def _limited(limit):
    limit.enter()
    try:
        yield
    finally:
        limit.leave()


def one_blas_thread():
    """Context in which matrix products take one thread, also while others enter and leave it."""
    return _limited(_blas)


def one_thread():
    """Context in which loops of OpenMP take one thread as well.

    Contexts of one thread of BLAS must lie within this one or outside of it, not across its end.
    """
    return _limited(_all)
