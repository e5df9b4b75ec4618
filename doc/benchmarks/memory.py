"""Memory that data larger than memory take: `python doc/benchmarks/memory.py --help`.

One process per file learns from it; files have several lengths. Linux reports the most memory
that the process holds: all of it where the file is read in pieces; where the file is mapped as a
whole, without the pages of the map, which the system takes back when it needs them.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import warnings
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.exceptions import ConvergenceWarning

import skstdp
from skstdp._networks._nothing_learnt import NOTHING_LEARNT

_MIB = 2**20


def pieces_of_a_table(n_rows, n_features, n_at_once):
    """Yield the rows of a table of two classes, float32, some at a time; the last is the label."""
    rng = np.random.default_rng(0)
    for first in range(0, n_rows, n_at_once):
        rows = rng.random((min(n_at_once, n_rows - first), n_features + 1), dtype=np.float32)
        rows[:, -1] = rows[:, 0] > rows[:, 1]
        yield rows


def _labels(path):
    return Path(path).with_name("labels.npy")


def _write_npy(path, pieces, n_rows, n_columns):
    features = np.lib.format.open_memmap(path, "w+", np.float32, (n_rows, n_columns - 1))
    labels, first = [], 0
    for rows in pieces:
        features[first : first + len(rows)] = rows[:, :-1]
        labels.append(rows[:, -1].astype(np.int8))
        first += len(rows)
    np.save(_labels(path), np.concatenate(labels))


def _write_parquet(path, pieces, n_rows, n_columns):
    import pyarrow as pa
    from pyarrow import parquet

    names = [f"x{k}" for k in range(n_columns - 1)] + ["label"]
    schema = pa.schema([(name, pa.float32()) for name in names])
    with parquet.ParquetWriter(path, schema) as writer:
        for rows in pieces:
            columns = [pa.array(column) for column in rows.T]
            writer.write_table(pa.table(columns, schema=schema))


def _write_csv(path, pieces, n_rows, n_columns):
    names = [f"x{k}" for k in range(n_columns - 1)] + ["label"]
    for number, rows in enumerate(pieces):
        frame = pd.DataFrame(rows, columns=names)
        frame.to_csv(path, mode="a", header=number == 0, index=False, float_format="%.4g")


def _read_npy(path, n_at_once):
    n_rows = len(np.load(path, mmap_mode="r"))
    for first in range(0, n_rows, n_at_once):
        # A map that is opened anew gives back the pages that the last one has read.
        X, y = np.load(path, mmap_mode="r"), np.load(_labels(path), mmap_mode="r")
        yield X[first : first + n_at_once], y[first : first + n_at_once]


def _read_parquet(path, n_at_once):
    from pyarrow.parquet import ParquetFile

    # What it buffers ahead it keeps until the whole file is read.
    for batch in ParquetFile(path, pre_buffer=False).iter_batches(n_at_once):
        frame = batch.to_pandas()
        yield frame.drop(columns="label"), frame["label"]


def _read_csv(path, n_at_once):
    for frame in pd.read_csv(path, chunksize=n_at_once, dtype=np.float32):
        yield frame.drop(columns="label"), frame["label"]


# How each kind of file is written, and read in pieces.
_FILES = {
    "npy": (_write_npy, _read_npy),
    "parquet": (_write_parquet, _read_parquet),
    "csv": (_write_csv, _read_csv),
}


def _memory(name):
    """A field of the status of this process in bytes, as Linux reports it."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)[1])


@contextmanager
def _most_held():
    """Sample every 2 ms how much this process holds besides maps of files."""
    most, done = [_memory("RssAnon")], threading.Event()

    def look():
        while not done.wait(0.002):
            most[0] = max(most[0], _memory("RssAnon"))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield most
    finally:
        done.set()
        watcher.join()


def _new_classifier(name):
    # Small, because the data and not the network are what may grow.
    return getattr(skstdp, name)((8,), receptive_fields=1, max_iter=1, tol=None, random_state=0)


def _learn_in_pieces(path, classifier, n_at_once):
    """Highest memory of a process that learns from a file in pieces, and accuracy on the last."""
    network = _new_classifier(classifier)
    for X, y in _FILES[Path(path).suffix[1:]][1](path, n_at_once):
        network.partial_fit(X, y, classes=[0, 1])
    return {"MiB": _memory("VmHWM") / _MIB, "accuracy": network.score(X, y)}


def _whole_map(path, classifier, n_at_once):
    """Most memory that each method adds to what was held, for a map of all rows."""
    X, y = np.load(path, mmap_mode="r"), np.load(_labels(path))
    network = _new_classifier(classifier).partial_fit(X[:1000], y[:1000], classes=[0, 1])
    # After one epoch the network may still predict one class.
    warnings.filterwarnings("ignore", NOTHING_LEARNT, ConvergenceWarning)
    figures = {}
    for method, arguments in {"fit": (X, y), "predict": (X,), "score": (X, y)}.items():
        before = _memory("RssAnon")
        with _most_held() as most:
            getattr(network, method)(*arguments)
        figures[method] = (most[0] - before) / _MIB
    return figures


_MEASURES = {"learn in pieces": _learn_in_pieces, "whole map": _whole_map}


def _measure(measure, path, classifier, n_at_once):
    """Measure in a new process."""
    command = [sys.executable, __file__, "--measure", measure, str(path), classifier]
    command.append(str(n_at_once))
    paths = {"PYTHONPATH": str(Path(skstdp.__file__).parents[1])}
    done = subprocess.run(
        command, env=os.environ | paths, check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout)


def memory_tables(
    n_rows=(1_000_000, 3_000_000, 10_000_000),
    *,
    n_features=10,
    n_at_once=50_000,
    kinds=("npy", "parquet"),
    classifier="STDPClassifier",
    directory=None,
):
    """Measure the memory that files of several lengths take.

    Returns two tables, in MiB. `in_pieces`, one row per kind and length: size of the file, the
    most that a process holds which learns from it by `partial_fit` in pieces of `n_at_once` rows,
    and its accuracy on the last piece. `as_a_whole`, one row per length: size of the array, and
    the most that `fit`, `predict` and `score` hold besides it when it is a memory map. The files
    lie in `directory`, by default that of temporary files, for as long as the measurement.
    """
    # Compiles ahead of the processes that are measured: compiling takes more memory than all else.
    (table,) = pieces_of_a_table(1000, n_features, 1000)
    X, y = table[:, :-1], table[:, -1]
    _new_classifier(classifier).partial_fit(X, y, classes=[0, 1]).score(X, y)
    in_pieces, as_a_whole = [], []
    for kind in kinds:
        for length in n_rows:
            with tempfile.TemporaryDirectory(dir=directory) as folder:
                path = Path(folder, f"table.{kind}")
                pieces = pieces_of_a_table(length, n_features, n_at_once)
                _FILES[kind][0](path, pieces, length, n_features + 1)
                size = {"kind": kind, "rows": length, "file": path.stat().st_size / _MIB}
                figures = _measure("learn in pieces", path, classifier, n_at_once)
                in_pieces.append(size | figures)
                if kind == "npy":
                    figures = _measure("whole map", path, classifier, n_at_once)
                    as_a_whole.append({"rows": length, "array": size["file"]} | figures)
    return pd.DataFrame(in_pieces), pd.DataFrame(as_a_whole)


def main(arguments=None):
    """Print both tables."""
    parser = argparse.ArgumentParser(prog="python doc/benchmarks/memory.py")
    parser.add_argument(
        "--rows", type=float, nargs="+", default=[1e6, 3e6, 1e7], help="lengths of the files"
    )
    parser.add_argument("--features", type=int, default=10)
    parser.add_argument("--piece", type=int, default=50_000, help="rows that are read at a time")
    parser.add_argument("--kinds", nargs="+", choices=_FILES, default=["npy", "parquet"])
    parser.add_argument("--classifier", default="STDPClassifier")
    parser.add_argument("--folder", help="where the files are written; they are removed again")
    parser.add_argument("--measure", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.measure:
        measure, path, classifier, n_at_once = options.measure
        print(json.dumps(_MEASURES[measure](path, classifier, int(n_at_once))))
        return
    tables = memory_tables(
        [int(length) for length in options.rows],
        n_features=options.features,
        n_at_once=options.piece,
        kinds=options.kinds,
        classifier=options.classifier,
        directory=options.folder,
    )
    for table in tables:
        print(table.round(3).to_string(index=False), end="\n\n")


if __name__ == "__main__":
    main()
