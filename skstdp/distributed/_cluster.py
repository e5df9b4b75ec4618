"""Tasks on a Dask cluster. Dask itself computes anew what was lost with a worker."""

import time
from contextlib import suppress
from uuid import uuid4
from weakref import WeakSet

# Dask gives up on a task on which a few workers died. It may not be the one that killed them, so
# it is tried again, as often as this.
_ATTEMPTS = 10

# Seconds between two looks at whether there are workers.
_LOOK = 1.0


class Cluster:
    """The workers that a client reaches.

    Parameters
    ----------
    client : distributed.Client
        The client.
    worker_timeout : float
        Seconds to wait for a worker while there is none.
    """

    def __init__(self, client, worker_timeout):
        self._client = client
        self._worker_timeout = worker_timeout
        self._submitted = WeakSet()

    def n_threads(self):
        """Number of threads of all workers; waits for the first worker."""
        deadline = self._deadline()
        while not (threads := self._client.nthreads()):
            self._refuse_to_wait_after(deadline)
            time.sleep(0.05)
        return sum(threads.values())

    def submit(self, function, *arguments):
        """Future of a call with a result of its own."""
        with self._of_any_size():
            return self._remembered(self._client.submit(function, *arguments, pure=False))

    def collect(self, collections):
        """Futures of Dask collections."""
        return [self._remembered(future) for future in self._client.compute(collections)]

    def results(self, futures):
        """Results of futures, also if workers die meanwhile.

        Raises
        ------
        RuntimeError
            If there is no worker for too long, if too many died, or if something was lost that
            Dask cannot compute anew.
        """
        return self._attempt(lambda: futures)

    def run(self, make_graph):
        """As `results`, of tasks of a graph.

        `make_graph()` returns a graph in which all keys are new, and the keys of the results.
        """

        def submit():
            with self._of_any_size():
                return self._client.get(*make_graph(), sync=False)

        return self._attempt(submit)

    def _remembered(self, future):
        self._submitted.add(future)
        return future

    def _attempt(self, submit):
        from distributed import CancelledError, KilledWorker

        try:
            for _ in range(_ATTEMPTS):
                futures = submit()
                try:
                    self._wait(futures)
                    return [self._result(future) for future in futures]
                except KilledWorker as error:
                    killed = error
                    # Only these: in a graph where many paths lead from one task to another Dask
                    # goes along each of them when it retries.
                    failed = [future for future in self._submitted if future.status == "error"]
                    # It retries what they depend on, too, and then misses futures of that.
                    with suppress(KeyError):
                        self._client.retry(failed)
                    time.sleep(_LOOK)
        except CancelledError as error:
            raise RuntimeError(
                "Rows or weights were lost with a worker and cannot be had again: Dask knows no "
                "way to compute them, as for what was scattered, or the scheduler is gone. Give X "
                "as a collection that Dask can load again, or as an array of this process."
            ) from error
        raise RuntimeError(
            f"Gave up after {_ATTEMPTS} attempts at tasks on which workers died. Do they have "
            "enough memory for a block of rows and for the network?"
        ) from killed

    def _wait(self, futures):
        from distributed import wait

        deadline = self._deadline()
        while True:
            try:
                wait(futures, timeout=_LOOK)
            except TimeoutError:
                deadline = self._check_workers(deadline)
            else:
                return

    def _result(self, future):
        deadline, timeout = self._deadline(), self._worker_timeout
        while True:
            try:
                return future.result(timeout=timeout)
            except TimeoutError:
                # A result may just take long to travel.
                deadline, timeout = self._check_workers(deadline), 2 * timeout

    def _deadline(self):
        return time.monotonic() + self._worker_timeout

    def _check_workers(self, deadline):
        if self._client.nthreads():
            return self._deadline()
        self._refuse_to_wait_after(deadline)
        return deadline

    def _refuse_to_wait_after(self, deadline):
        if time.monotonic() > deadline:
            raise RuntimeError(
                f"Got a cluster without worker for worker_timeout={self._worker_timeout} seconds, "
                "but expected at least one."
            )

    @staticmethod
    def _of_any_size():
        """Context without the advice to scatter: what is scattered is lost with its worker."""
        import dask

        return dask.config.set({"distributed.admin.large-graph-warning-threshold": 2**60})


def new_key(name):
    """Name of a task that no other has."""
    return f"{name}-{uuid4().hex}"
