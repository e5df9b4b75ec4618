"""Ratios of the time of fits between checkouts: python paired.py OLD NEW [--data MNIST].

A process per checkout fits the same networks in turn, so that both meet the same neighbours on the
machine. Each line has the ratio of the medians, new to old, of processor time on one thread.
"""

import argparse
import os
import statistics
import subprocess
import sys

WORKER = """
import logging, sys, time, warnings
import numpy as np
from sklearn.datasets import load_digits, load_iris
from sklearn.preprocessing import MinMaxScaler
from skstdp import BioLeaFClassifier, BPClassifier, STDPClassifier
from skstdp.datasets._mnist import load_mnist

warnings.simplefilter("ignore"), logging.disable(logging.CRITICAL)
classifiers = {"STDP": STDPClassifier, "BP": BPClassifier, "spikes": BioLeaFClassifier}
mnist = load_mnist(sys.argv[1])[:2] if len(sys.argv) > 1 else None

def table(name):
    if name == "iris":
        X, y = load_iris(return_X_y=True)
        rows = np.flatnonzero(y > 0)[np.arange(100) % 5 > 0]
        return MinMaxScaler().fit_transform(X[rows]), y[rows]
    if name == "digits":
        X, y = load_digits(return_X_y=True)
        return X / 16, y
    images, labels = mnist
    rows = np.flatnonzero(np.isin(labels, [0, 5])) if name == "mnist 0v5" else slice(12_000)
    return images[rows] / 255, labels[rows]

print("ready", flush=True)
for line in sys.stdin:
    name, kind, dtype, repeats, options = eval(line)
    X, y = table(name)
    X = X.astype(dtype)
    model = classifiers[kind](random_state=0, **options)
    model.set_params(max_iter=1).fit(X[:300], y[:300])
    model.set_params(max_iter=options["max_iter"])
    start = time.process_time()
    for _ in range(repeats):
        model.fit(X, y)
    print(time.process_time() - start, flush=True)
"""
RATES = {"receptive_fields": 1}
ALL_WIN = {"positive_winners": 1.0, "negative_winners": 1.0, "winner_margin": None}
# Table, classifier, fits, parameters.
FITS = {
    "IRIS pair, STDP": ("iris", "STDP", 3, RATES | {"max_iter": 200}),
    "IRIS pair, STDP, all win": ("iris", "STDP", 3, RATES | ALL_WIN | {"max_iter": 200}),
    "IRIS pair, BP": ("iris", "BP", 3, RATES | {"max_iter": 200}),
    "IRIS pair, spikes": ("iris", "spikes", 5, {"max_iter": 20}),
    "digits, STDP, defaults": ("digits", "STDP", 1, {"max_iter": 20}),
    "digits, spikes": ("digits", "spikes", 1, {"max_iter": 2}),
    "MNIST pair, STDP": ("mnist 0v5", "STDP", 1, RATES | {"max_iter": 2}),
    "MNIST pair, STDP, all win": ("mnist 0v5", "STDP", 1, RATES | ALL_WIN | {"max_iter": 2}),
    "MNIST pair, BP": ("mnist 0v5", "BP", 1, RATES | {"max_iter": 2}),
    "MNIST ten, STDP, defaults": ("mnist", "STDP", 1, {"max_iter": 1}),
    "MNIST ten, STDP": ("mnist", "STDP", 1, RATES | {"max_iter": 1}),
    "MNIST ten, STDP, all win": ("mnist", "STDP", 1, RATES | ALL_WIN | {"max_iter": 1}),
    "MNIST ten, BP": ("mnist", "BP", 1, RATES | {"max_iter": 1}),
}
LAYERS = {"iris": (32, 16), "mnist 0v5": (32, 16), "mnist": (200, 100)}


def started(checkout, data):
    """Process that fits networks of a checkout when it is asked to."""
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": checkout}
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, *([data] if data else [])],
        env=os.environ | threads,
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    process.stdout.readline()
    return process


def seconds(process, fit):
    """Processor time of some fits."""
    print(fit, file=process.stdin, flush=True)
    return float(process.stdout.readline())


def main():
    """Print a line per network and dtype."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=os.path.abspath)
    parser.add_argument("new", type=os.path.abspath)
    parser.add_argument("--data", type=os.path.abspath, help="folder of MNIST")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    old, new = (started(checkout, options.data) for checkout in (options.old, options.new))
    for name, (table, kind, repeats, parameters) in FITS.items():
        if table.startswith("mnist") and not options.data:
            continue
        if "defaults" not in name and kind != "spikes" and table in LAYERS:
            parameters = parameters | {"hidden_layer_sizes": LAYERS[table]}
        for dtype in ("float32", "float64"):
            fit = table, kind, dtype, repeats, parameters
            times = [(seconds(old, fit), seconds(new, fit)) for _ in range(options.rounds)]
            of_old, of_new = (statistics.median(column) for column in zip(*times, strict=True))
            print(f"{name:<28}{dtype:<9}{of_old:8.3f} s{of_new / of_old:8.2f}", flush=True)


if __name__ == "__main__":
    main()
