"""Cost of training, beside other libraries: `python doc/benchmarks/speed.py --help`.

All numbers of one table come from one run on one thread. Each is the processor time of the
process, the least of some repeats that alternate between our networks and theirs, so that other
work of the machine counts little. Whole processes are timed by the clock.
"""

import argparse
import subprocess
import sys
import time
import warnings
from functools import partial
from importlib.util import find_spec
from itertools import pairwise

import numpy as np
import pandas as pd
from joblib import parallel_config
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import MinMaxScaler
from threadpoolctl import threadpool_limits

from skstdp import BPClassifier, STDPClassifier
from skstdp._kernels import Nonzeros, one_stdp_layer, stdp_scratch
from skstdp.datasets._mnist import load_mnist

_EVERYBODY = {"positive_winners": 1.0, "negative_winners": 1.0, "winner_margin": None}


def least_times(works, n_repeats):
    """Least processor time in seconds of each of some functions, which take turns."""
    times = dict.fromkeys(works, np.inf)
    for _ in range(n_repeats):
        for name, work in works.items():
            start = time.process_time()
            work()
            times[name] = min(times[name], time.process_time() - start)
    return times


def _repeat(n_calls, function, *arguments):
    for _ in range(n_calls):
        function(*arguments)


def iris_pair(dtype):
    """The rows of two classes that a fold trains on."""
    X, y = load_iris(return_X_y=True)
    rows = np.flatnonzero(y > 0)[np.arange(100) % 5 > 0]
    return MinMaxScaler().fit_transform(X[rows]).astype(dtype), y[rows]


def mnist(digits, dtype, data):
    """Training images of some digits, in [0, 1]."""
    images, labels, _, _ = load_mnist(data)
    rows = np.isin(labels, digits)
    return (images[rows] / 255).astype(dtype), labels[rows]


def networks(sizes, batch_size, n_epochs):
    """Unfitted classifiers of one architecture, ours and scikit-learn's."""
    ours = {"hidden_layer_sizes": sizes, "batch_size": batch_size, "max_iter": n_epochs}
    ours |= {"receptive_fields": 1, "random_state": 0}
    theirs = {"activation": "logistic", "tol": 0, "n_iter_no_change": n_epochs + 1}
    theirs |= {key: ours[key] for key in ("batch_size", "max_iter", "random_state")}
    return {
        "STDP": STDPClassifier(**ours),
        "STDP, no competition": STDPClassifier(**ours, **_EVERYBODY),
        "BP": BPClassifier(**ours),
        "MLPClassifier": MLPClassifier(sizes, **theirs),
    }


def torch_fits(X, y, sizes, batch_size, n_epochs):
    """Networks written by hand in PyTorch: backpropagation, and the rule without competition."""
    import torch
    from torch.nn import functional

    torch.set_num_threads(1)
    X = torch.from_numpy(X)
    classes, y = np.unique(y, return_inverse=True)
    n_outputs = 1 if len(classes) == 2 else len(classes)
    y = torch.from_numpy(y)
    units = [X.shape[1], *sizes, n_outputs]

    def batches():
        for _ in range(n_epochs):
            yield from torch.randperm(len(X)).split(batch_size)

    def backprop():
        layers = [torch.nn.Linear(*shape, dtype=X.dtype) for shape in pairwise(units)]
        params = [param for layer in layers for param in layer.parameters()]
        optimizer = torch.optim.Adam(params, lr=1e-2)
        for rows in batches():
            drive = layers[0](X[rows])
            for layer in layers[1:]:
                drive = layer(torch.sigmoid(drive))
            if n_outputs == 1:
                target = y[rows].to(X.dtype)
                loss = functional.binary_cross_entropy_with_logits(drive[:, 0], target)
            else:
                loss = functional.cross_entropy(drive, y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    @torch.no_grad()
    def rule():
        coefs = [torch.rand(shape, dtype=X.dtype) - 0.5 for shape in pairwise(units)]
        intercepts = [torch.full((n,), -2.0, dtype=X.dtype) for n in units[1:]]
        codes = [torch.arange(n) % len(classes) for n in units[1:]]
        optimizer = torch.optim.Adam([*coefs, *intercepts], lr=1e-2)
        for rows in batches():
            rates = [X[rows]]
            for coef, intercept in zip(coefs, intercepts, strict=True):
                rates.append(torch.sigmoid(rates[-1] @ coef + intercept))
            for layer, code in enumerate(codes):
                z = torch.where(y[rows, None] == code, 1.0, -1.0).to(X.dtype) / len(rows)
                x, p = rates[layer][:, :, None], rates[layer + 1][:, None, :]
                change = x**3 * p * (x - p) / ((2 * p - x) ** 2 + 0.1)
                coefs[layer].grad = -(change * z[:, None, :]).sum(0)
                p = rates[layer + 1]
                intercepts[layer].grad = -(z * p * (1 - p) / ((2 * p - 1) ** 2 + 0.1)).sum(0)
            optimizer.step()

    return {"torch, backprop": backprop, "torch, the rule": rule}


def fit_table(data=None, n_repeats=5):
    """Milliseconds of a fit, and the times of the other libraries as multiples of it.

    One row per task, dtype and network of ours. Without `data`, the folder with the four files of
    MNIST, MNIST is left out. Of the repeats, the fastest counts.
    """
    tasks = {"IRIS pair, (32, 16), 200 epochs": (iris_pair, (32, 16), 40, 200)}
    if data is not None:
        pair = partial(mnist, [0, 5], data=data)
        tasks["MNIST 0v5, (32, 16), 5 epochs"] = (pair, (32, 16), 100, 5)
        every = partial(mnist, range(10), data=data)
        tasks["MNIST, (200, 100), 2 epochs"] = (every, (200, 100), 200, 2)
    records = []
    for task, (load, *settings) in tasks.items():
        for dtype in (np.float32, np.float64):
            X, y = load(dtype)
            works = {name: partial(model.fit, X, y) for name, model in networks(*settings).items()}
            if find_spec("torch") and "(200" not in task:
                works |= torch_fits(X, y, *settings)
            small = len(X) < 1000
            times = least_times(works, n_repeats if small else max(1, n_repeats // 3))
            for ours in ("STDP", "STDP, no competition", "BP"):
                record = {"task": task, "dtype": dtype.__name__, "network": ours}
                record["ms"] = 1e3 * times[ours]
                record["MLPClassifier"] = times["MLPClassifier"] / times[ours]
                torch = times.get("torch, backprop" if ours == "BP" else "torch, the rule")
                record["torch"] = np.nan if torch is None else torch / times[ours]
                records.append(record)
    return pd.DataFrame(records)


def predict_table(n_repeats=20):
    """Microseconds of `predict`, and the time of scikit-learn as a multiple of it."""
    X = np.random.default_rng(0).random((10_000, 20))
    y = np.arange(10_000) % 3
    models = {
        "STDP": STDPClassifier((100, 50), max_iter=1, receptive_fields=1).fit(X, y),
        "MLPClassifier": MLPClassifier((100, 50), max_iter=1, activation="logistic").fit(X, y),
    }
    records = []
    for n_rows in (1, 100, 10_000):
        calls = max(1, 200 // n_rows)
        works = {
            name: partial(_repeat, calls, model.predict, X[:n_rows])
            for name, model in models.items()
        }
        times = least_times(works, n_repeats)
        us = 1e6 * times["STDP"] / calls
        ratio = times["MLPClassifier"] / times["STDP"]
        records.append({"rows": n_rows, "us": us, "MLPClassifier": ratio})
    return pd.DataFrame(records)


def _update(pre, nonzeros, post, association):
    sizes = pre.shape[1], post.shape[1]
    scratch = stdp_scratch(len(pre), sizes, pre.dtype)
    updates = np.empty(sizes, pre.dtype), np.empty(sizes[1], pre.dtype)
    one_stdp_layer(pre, nonzeros, post, association.copy(), 0.1, scratch, *updates)


def kernel_table(data=None, n_repeats=50):
    """Update of a 784 x 32 layer from 100 samples, against as many vector divisions alone."""
    from numba import njit

    @njit(error_model="numpy")
    def divide(n, dividends, divisors, total):
        for _ in range(n):
            for j in range(total.size):
                total[j] += dividends[j] / divisors[j]

    rng = np.random.default_rng(0)
    batches = {"dense": rng.random((100, 784))}
    if data is not None:
        batches["MNIST"] = mnist([0, 5], np.float64, data)[0][:100]
    records = []
    for dtype in (np.float32, np.float64):
        for name, batch in batches.items():
            pre = batch.astype(dtype)
            post = rng.uniform(0.1, 0.6, (100, 32)).astype(dtype)
            z = rng.choice([-1, 1], (100, 32)).astype(dtype)
            nonzero = pre != 0
            starts = np.concatenate([[0], nonzero.sum(axis=1).cumsum()])
            columns = np.nonzero(nonzero)[1].astype(np.uint32)
            vectors = rng.uniform(1, 2, (3, 1024)).astype(dtype)
            works = {
                "rule": partial(_update, pre, Nonzeros(name == "MNIST", starts, columns), post, z),
                "divisions": partial(divide, starts[-1] * 32 // 1024, *vectors),
            }
            least_times(works, 1)
            times = least_times(works, n_repeats)
            record = {"batch": name, "dtype": dtype.__name__, "us": 1e6 * times["rule"]}
            records.append(record | {"divisions alone": times["divisions"] / times["rule"]})
    return pd.DataFrame(records)


def thread_table(n_repeats=2):
    """Seconds, by the clock, of 8 fits one after the other and in two threads."""
    X, y = load_digits(return_X_y=True)
    records = []
    for classifier in (STDPClassifier, BPClassifier):
        model = classifier((200, 100), max_iter=20, random_state=0).fit(X, y)
        times = dict.fromkeys((1, 2), np.inf)
        for _ in range(n_repeats):
            for n_jobs in times:
                start = time.perf_counter()
                with parallel_config("threading", n_jobs=n_jobs):
                    cross_val_score(model, X, y, cv=8)
                times[n_jobs] = min(times[n_jobs], time.perf_counter() - start)
        record = {"network": classifier.__name__, "s": times[1]}
        records.append(record | {"two threads are faster by": times[1] / times[2]})
    return pd.DataFrame(records)


def dtype_table(n_repeats=2):
    """Mean accuracy in float32 and in float64, on the same folds, and the error of their gap."""
    records = []
    folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=n_repeats, random_state=0)
    loaders = {"IRIS": load_iris, "wine": load_wine, "breast cancer": load_breast_cancer}
    for task, load in (loaders | {"digits": load_digits}).items():
        X, y = load(return_X_y=True)
        for classifier in (STDPClassifier, BPClassifier):
            model = classifier((32, 16), max_iter=30, random_state=0)
            scores = {
                dtype.__name__: cross_val_score(model, X.astype(dtype), y, cv=folds)
                for dtype in (np.float32, np.float64)
            }
            gap = scores["float32"] - scores["float64"]
            record = {"task": task, "network": classifier.__name__}
            record |= {name: accuracy.mean() for name, accuracy in scores.items()}
            records.append(record | {"standard error": gap.std(ddof=1) / np.sqrt(gap.size)})
    return pd.DataFrame(records)


_FIT = """
from sklearn.datasets import load_iris
{imports}
{model}.fit(*load_iris(return_X_y=True))
"""
_SEARCH = """
import warnings
warnings.simplefilter("ignore")
from joblib import parallel_config
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from threadpoolctl import threadpool_limits
{imports}
grid = {{"learning_rate_init": [0.001 * 1.2**k for k in range(30)], "beta_1": [0.9, 0.95]}}
with parallel_config("{backend}"), threadpool_limits(1):
    GridSearchCV({model}, grid, cv=5, n_jobs=2).fit(*load_iris(return_X_y=True))
"""
_MODELS = {
    "STDP": (
        "from skstdp import STDPClassifier",
        "STDPClassifier((32, 16), batch_size=40, max_iter=200)",
    ),
    "BP": (
        "from skstdp import BPClassifier",
        "BPClassifier((32, 16), batch_size=40, max_iter=200)",
    ),
    "MLPClassifier": (
        "from sklearn.neural_network import MLPClassifier",
        "MLPClassifier((32, 16), activation='logistic', batch_size=40, max_iter=200, tol=0, "
        "n_iter_no_change=300)",
    ),
}


def process_table(n_repeats=4):
    """Seconds, by the clock, of processes that fit once, or search 60 settings by 5 folds.

    A search takes two workers, processes or threads, and is repeated a quarter as often. Kernels
    compiled before are loaded from disk. The last columns are the times of `MLPClassifier` as
    multiples: in the same kind of process, and in the kind that is fastest for it.
    """
    records = []
    n_searches = max(1, n_repeats // 4)
    for works in (
        {"import and fit": (_FIT, "", n_repeats)},
        {
            "grid search, two processes": (_SEARCH, "loky", n_searches),
            "grid search, two threads": (_SEARCH, "threading", n_searches),
        },
    ):
        times = {name: dict.fromkeys(_MODELS, np.inf) for name in works}
        for name, (code, backend, n_times) in works.items():
            for _ in range(n_times):
                for model, (imports, make) in _MODELS.items():
                    program = code.format(imports=imports, model=make, backend=backend)
                    start = time.perf_counter()
                    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True)
                    times[name][model] = min(times[name][model], time.perf_counter() - start)
        least = min(of_models["MLPClassifier"] for of_models in times.values())
        for name, of_models in times.items():
            for model in ("STDP", "BP"):
                record = {"process": name, "network": model, "s": of_models[model]}
                record["MLPClassifier"] = of_models["MLPClassifier"] / of_models[model]
                records.append(record | {"at its best": least / of_models[model]})
    return pd.DataFrame(records)


def growth_figure(n_repeats=3):
    """Seconds of an epoch against the number of samples, of features and of units."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.2), layout="constrained")
    rng = np.random.default_rng(0)
    start = {"samples": 2000, "features": 50, "units": 50}
    for axes, varied in zip(figure.subplots(1, 3, sharey=True), start, strict=True):
        sizes = [start[varied] * 2**k // 4 for k in range(6)]
        curves = {}
        for size in sizes:
            n = start | {varied: size}
            X, y = rng.random((n["samples"], n["features"])), np.arange(n["samples"]) % 2
            works = {}
            for name, model in networks((n["units"], n["units"]), 100, 4).items():
                model.fit(X[:200], y[:200])
                works[name] = partial(model.fit, X, y)
            for name, seconds in least_times(works, n_repeats).items():
                curves.setdefault(name, []).append(seconds / 4)
        for name, seconds in curves.items():
            axes.loglog(sizes, seconds, marker="o", markersize=3, label=name)
        axes.set_xlabel(varied)
        axes.xaxis.set_minor_formatter("")
    figure.axes[0].set_ylabel("seconds per epoch")
    figure.axes[0].legend(fontsize="small")
    return figure


def main(arguments=None):
    """Print the tables, and draw the figure if a path is given."""
    parser = argparse.ArgumentParser(prog="python doc/benchmarks/speed.py")
    parser.add_argument("--data", help="folder with the four files of MNIST; left out without")
    parser.add_argument("--plot", help="path of the figure of growing cost")
    parser.add_argument(
        "--dtypes", action="store_true", help="only compare the accuracy in either dtype"
    )
    parser.add_argument("--repeats", type=int, default=6, help="repeats of a small fit")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore", ConvergenceWarning)
    if options.dtypes:
        print(dtype_table().round(4).to_string(index=False))
        return
    with threadpool_limits(1):
        for classifier in (STDPClassifier, BPClassifier):
            for dtype in (np.float32, np.float64):
                classifier(max_iter=1).fit(*iris_pair(dtype))
        for table in (
            kernel_table(options.data),
            fit_table(options.data, options.repeats),
            predict_table(),
        ):
            print(table.round(2).to_string(index=False), end="\n\n", flush=True)
        if options.plot:
            growth_figure().savefig(options.plot, dpi=120)
        print(thread_table().round(2).to_string(index=False), end="\n\n", flush=True)
    print(process_table().round(2).to_string(index=False))


if __name__ == "__main__":
    main()
