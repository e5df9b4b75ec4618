"""Time that a comparison takes besides its fits: `python doc/benchmarks/overhead.py --help`.

Compares six models on three tables, under two attacks, in one process. The harness reads and
scales the tables, draws the folds, calls the measures, writes a file per fit and makes tables of
the results. Its share is that of the wall time which is in no column of times.
"""

import argparse
import tempfile
import warnings
from time import perf_counter

from skstdp import FGSMScorer, PGDScorer
from skstdp.benchmarks import compare
from skstdp.datasets import load_tasks

_TABLES = ("iris", "wine", "breast_cancer")
_MODELS = ("stdp", "bp", "logistic", "mlp", "svm", "forest")


def _tables():
    return [load_tasks(name, pairs=["all"])[0] for name in _TABLES]


def overhead(models, *, n_splits=10, n_repeats=1, kept=True, client=None, n_jobs=1):
    """Compare, and return the wall time, and the sum of times of fits, predictions and attacks."""
    options = {"epsilon": 8 / 255, "bounds": (0, 1), "space": "input"}
    scorers = [FGSMScorer(**options), PGDScorer(**options, n_steps=20, n_restarts=1)]
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # A forest has no gradient.
        warnings.filterwarnings("ignore", "Got the model .* cannot be attacked", UserWarning)
        start = perf_counter()
        result = compare(
            _tables(),
            estimators=list(models),
            scorers=scorers,
            n_splits=n_splits,
            n_repeats=n_repeats,
            curves=False,
            path=folder if kept else None,
            client=client,
            n_jobs=n_jobs,
        )
        seconds = perf_counter() - start
    return seconds, result.scores[["fit_time", "predict_time", "attack_time"]].sum()


def _main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=_MODELS)
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--not-kept", action="store_true", help="write no file per fit")
    parser.add_argument("--jobs", type=int, default=1, help="the share is then that per process")
    parser.add_argument("--dask", metavar="ADDRESS", help="cluster that does the fits")
    arguments = parser.parse_args()
    # What is imported and compiled late is no part of a comparison.
    overhead(arguments.models, n_splits=2)
    seconds, times = overhead(
        arguments.models,
        n_splits=arguments.splits,
        kept=not arguments.not_kept,
        client=arguments.dask,
        n_jobs=arguments.jobs,
    )
    print(times.round(2).to_string())
    print(f"wall time    {seconds:.2f} s")
    print(f"wall time / sum of the times: {arguments.jobs * seconds / times.sum():.3f}")


if __name__ == "__main__":
    _main()
