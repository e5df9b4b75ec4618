"""Training on a Dask cluster against one process: `python doc/benchmarks/scaling.py --help`.

Timed is the fastest of some epochs, by the clock, on images of MNIST; the workers are processes of
this machine with one thread each. A model of the cost, calibrated on nearly no rows, predicts::

    seconds of an epoch = rows * row / W + visits * (visit + P * carry)
                          + batches * (task_1 + (W - 1) * task_2 + P * (step + (W - 1) * move))

with W workers and P parameters. `row` is the time of one row in one process. A visit, after each
epoch and at most 32 batches, brings weights and moments to the process that calls, and back.
"""

import argparse
import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from speed import mnist

from skstdp import BPClassifier, STDPClassifier
from skstdp.distributed import fit

_NETWORKS = ((200, 100), (1000, 500))
_BATCHES = (1000, 6000)
_CLASSIFIERS = (STDPClassifier, BPClassifier)
_LARGE, _TINY = (1000, 500), (2,)
_BATCHES_A_VISIT = 32


class _Clock:
    """Callback that keeps the seconds of each epoch."""

    def __init__(self):
        self.seconds = []

    def setup(self, estimator, context):
        """Do nothing before a fit."""

    def on_fit_task_begin(self, estimator, context):
        """Start."""
        self._start = time.perf_counter()

    def on_fit_task_end(self, estimator, context):
        """Stop, at the end of an epoch."""
        if context.parent is not None:
            self.seconds.append(time.perf_counter() - self._start)

    def teardown(self, estimator, context):
        """Do nothing after a fit."""


def epoch_seconds(classifier, sizes, batch_size, X, y, n_epochs, client=None):
    """Seconds of the fastest epoch, and the number of parameters."""
    clock = _Clock()
    settings = {"batch_size": batch_size, "max_iter": n_epochs, "random_state": 0}
    model = classifier(sizes, receptive_fields=1, **settings).set_callbacks(clock)
    if client is None:
        model.fit(X, y)
    else:
        fit(model, X, y, client=client)
    return min(clock.seconds), sum(map(np.size, (*model.coefs_, *model.intercepts_)))


@contextmanager
def cluster_of(n_workers):
    """Client of worker processes with one thread each."""
    from distributed import Client, LocalCluster

    settings = {"threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        LocalCluster(n_workers=n_workers, silence_logs=logging.ERROR, **settings) as cluster,
        Client(cluster) as client,
    ):
        client.wait_for_workers(n_workers)
        yield client


def _bytes_received(dask_worker):
    return sum(record["total"] for record in dask_worker.transfer_incoming_log)


def bytes_between_workers(client):
    """Bytes that the workers of a cluster have received from each other so far."""
    return sum(client.run(_bytes_received).values())


@dataclass
class CostModel:
    """The six times of the model in the docstring of this module, in seconds."""

    visit: float
    carry: float
    task_1: float
    task_2: float
    step: float
    move: float

    @classmethod
    def calibrated(cls, seconds):
        """Fit the model to seconds of epochs, by number of workers, parameters and batches."""
        (tiny, large) = sorted({n_params for _, n_params, _ in seconds})
        batch, visit = {}, {}
        for n_workers, n_params in product((1, 2), (tiny, large)):
            one, many = (seconds[n_workers, n_params, n] for n in (1, _BATCHES_A_VISIT))
            batch[n_workers, n_params] = (many - one) / (_BATCHES_A_VISIT - 1)
            visit[n_workers, n_params] = one - batch[n_workers, n_params]
        lines = [
            np.polyfit([tiny, large], [costs[n_workers, n] for n in (tiny, large)], 1)
            for costs, n_workers in ((visit, 2), (batch, 1), (batch, 2))
        ]
        (carry, visit), (step, task), (step_of_two, task_of_two) = lines
        return cls(visit, carry, task, task_of_two - task, step, step_of_two - step)

    def batch(self, n_workers, n_params):
        """Seconds of a batch, without those of its rows."""
        return (
            self.task_1
            + (n_workers - 1) * self.task_2
            + n_params * (self.step + (n_workers - 1) * self.move)
        )

    def epoch(self, row, n_rows, n_batches, n_workers, n_params):
        """Seconds of an epoch."""
        n_visits = -(-n_batches // _BATCHES_A_VISIT)
        return (
            n_rows * row / n_workers
            + n_visits * (self.visit + n_params * self.carry)
            + n_batches * self.batch(n_workers, n_params)
        )

    def pays_from(self, row, n_workers, n_params):
        """Rows of a batch from which on the workers are faster, in epochs of many batches."""
        return self.batch(n_workers, n_params) / (row * (1 - 1 / n_workers))


def calibrate(clients, n_epochs):
    """Calibrate the model of the cost on 64 rows, in many batches and in one."""
    rng = np.random.default_rng(0)
    seconds = {}
    for (n_workers, client), (sizes, n_features), n_batches in product(
        clients.items(), ((_TINY, 2), (_LARGE, 784)), (1, _BATCHES_A_VISIT)
    ):
        X, y = rng.random((64, n_features), np.float32), np.arange(64) % 10
        batch_size = 64 // n_batches
        epoch, n_params = epoch_seconds(STDPClassifier, sizes, batch_size, X, y, n_epochs, client)
        seconds[n_workers, n_params, n_batches] = epoch
    return CostModel.calibrated(seconds)


def scaling_table(X, y, clients, model, n_epochs):
    """Seconds of an epoch in one process and on workers, as measured and as expected.

    One row per network, size of batches and number of workers. `clients` are clusters by number of
    workers; of the epochs, the fastest counts.
    """
    records = []
    for classifier, sizes, batch_size in product(_CLASSIFIERS, _NETWORKS, _BATCHES):
        alone, n_params = epoch_seconds(classifier, sizes, batch_size, X, y, n_epochs)
        row, n_batches = alone / len(y), -(-len(y) // batch_size)
        for n_workers, client in clients.items():
            before = bytes_between_workers(client)
            seconds, _ = epoch_seconds(classifier, sizes, batch_size, X, y, n_epochs, client)
            moved = bytes_between_workers(client) - before
            records.append(
                {
                    "network": classifier.__name__.removesuffix("Classifier"),
                    "units": sizes,
                    "batch": batch_size,
                    "workers": n_workers,
                    "one process, s": alone,
                    "workers, s": seconds,
                    "expected, s": model.epoch(row, len(y), n_batches, n_workers, n_params),
                    "faster by": alone / seconds,
                    "MB per epoch": moved / n_epochs / 1e6,
                    "expected MB": 2 * (n_workers - 1) * n_batches * n_params * 4 / 1e6,
                    "pays from": np.inf
                    if n_workers == 1
                    else model.pays_from(row, n_workers, n_params),
                }
            )
    return pd.DataFrame(records)


def scaling_figure(table, model):
    """Speed relative to one process, and measured against expected seconds."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    faster, expected = figure.subplots(1, 2)
    two = table[table["workers"] == 2]
    for (network, units), rows in two.groupby(["network", "units"]):
        (points,) = faster.semilogx(
            rows["batch"], rows["faster by"], "o", label=f"{network} {units}"
        )
        faster.semilogx(
            rows["batch"], rows["one process, s"] / rows["expected, s"], color=points.get_color()
        )
        expected.loglog(rows["expected, s"], rows["workers, s"], "o")
    faster.axhline(1, color="grey", linewidth=0.8)
    faster.set(xlabel="rows in a batch", ylabel="one process / two workers")
    faster.set_xticks(sorted(set(two["batch"])))
    faster.xaxis.set_major_formatter("{x:g}")
    faster.xaxis.set_minor_formatter("")
    faster.legend(fontsize="small")
    ends = two[["expected, s", "workers, s"]].to_numpy()
    ends = [ends.min(), ends.max()]
    expected.loglog(ends, ends, color="grey", linewidth=0.8)
    expected.set(xlabel="expected seconds per epoch", ylabel="measured, two workers")
    for axis in (expected.xaxis, expected.yaxis):
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    return figure


def main(arguments=None):
    """Print the table, and draw the figure if a path is given."""
    parser = argparse.ArgumentParser(prog="python doc/benchmarks/scaling.py")
    parser.add_argument("--data", help="folder with the four files of MNIST; fetched without")
    parser.add_argument("--plot", help="path of the figure")
    parser.add_argument("--rows", type=int, default=12_000, help="images to train on")
    parser.add_argument("--epochs", type=int, default=3, help="of which the fastest counts")
    options = parser.parse_args(arguments)
    with cluster_of(1) as one, cluster_of(2) as two:
        clients = {1: one, 2: two}
        model = calibrate(clients, 5 * options.epochs)
        print(
            f"Milliseconds: a visit {1e3 * model.visit:.1f}, a batch {1e3 * model.task_1:.1f} and "
            f"for each other worker {1e3 * model.task_2:.1f};\na million parameters "
            f"{1e9 * model.carry:.1f} a visit, {1e9 * model.step:.1f} a batch and "
            f"{1e9 * model.move:.1f} for each other worker.\n",
            flush=True,
        )
        X, y = mnist(range(10), np.float32, options.data)
        X, y = X[: options.rows], y[: options.rows]
        table = scaling_table(X, y, clients, model, options.epochs)
    print(table.round(2).to_string(index=False))
    if options.plot:
        scaling_figure(table, model).savefig(options.plot, dpi=120)


if __name__ == "__main__":
    main()
