"""Fits in this process, in several, or on a cluster."""

from __future__ import annotations

import warnings
from contextlib import contextmanager

import joblib

from ..distributed._cluster import Cluster

# Seconds to wait for the first worker of a cluster.
_WORKER_TIMEOUT = 60

# Seconds to wait for the scheduler.
_CONNECTION_TIMEOUT = 10


class Arguments:
    """Iterator that keeps its error for later.

    It is asked from threads that would lose an error, and then wait for ever.
    """

    def __init__(self, iterator):
        self._iterator = iterator
        self.error = None

    def __iter__(self):
        try:
            yield from self._iterator
        except Exception as error:
            self.error = error


def results(function, arguments, *, n_jobs, client):
    """Yield the results of calls as soon as they are there, in any order.

    Parameters
    ----------
    function : callable
        To call, with the arguments that the iterator `arguments` yields.
    arguments : iterator of tuple
        Asked for a few more than there are processes, so that not all are in memory.
    n_jobs : int
        As joblib takes it.
    client : distributed.Client, str or None
        Cluster for the calls, or its address.
    """
    arguments = Arguments(arguments)
    if client is None:
        yield from _in_processes(function, arguments, n_jobs)
    else:
        with _connected(client) as client:
            yield from _on_cluster(function, arguments, client)
    if arguments.error is not None:
        raise arguments.error


def _in_processes(function, arguments, n_jobs):
    parallel = joblib.Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    done = parallel(joblib.delayed(function)(*some) for some in arguments)
    try:
        yield from done
    finally:
        # Ends the other processes after an interrupt, of which joblib would warn.
        with warnings.catch_warnings(action="ignore"):
            done.close()


@contextmanager
def _connected(client):
    from distributed import Client

    if isinstance(client, Client):
        yield client
        return
    try:
        connected = Client(client, set_as_default=False, timeout=_CONNECTION_TIMEOUT)
    except (OSError, ValueError) as error:
        raise OSError(
            f"Got client={client!r}, but expected a distributed.Client or the address of a "
            f"scheduler that can be reached, such as 'tcp://127.0.0.1:8786': {error}"
        ) from error
    with connected:
        yield connected


def _on_cluster(function, arguments, client):
    from distributed import as_completed

    n_ahead = 2 * Cluster(client, _WORKER_TIMEOUT).n_threads()
    arguments, sent = iter(arguments), {}
    running = as_completed(loop=client.loop)

    def submit():
        for first, *others in arguments:
            # Rows are the same for all models on a split: they travel once.
            if sent.get("rows") is not first:
                sent["rows"], sent["future"] = first, *client.scatter([first], hash=False)
            running.add(client.submit(function, sent["future"], *others, pure=False))
            return

    try:
        for _ in range(n_ahead):
            submit()
        for future in running:
            yield future.result()
            submit()
    finally:
        client.cancel(list(running.futures))
