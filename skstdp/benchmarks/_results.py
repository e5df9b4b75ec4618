"""Results of finished fits in a folder, from which an interrupted experiment goes on.

One file of JSON per fit, named by a hash of all that determines it. They are no pickles, so that a
folder of somebody else is safe to go on from.
"""

import json
import os
import tempfile
from pathlib import Path

import joblib
import numpy as np


def writable_folder(path):
    """Make a folder and write to it, so that an error comes before any work."""
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        return folder


def result_names(fits, common):
    """Name the files of the fits of one table.

    A name is a hash that changes with whatever determines the result: what is `common` to all
    fits; and of each the task, and all else that distinguishes it.
    """
    known = {}

    def digest(value, make=lambda value: value):
        # Tables, rows and attacks are shared by many fits.
        if id(value) not in known:
            known[id(value)] = joblib.hash(make(value))
        return known[id(value)]

    names = []
    for task, model, split, estimator, seed, train, test, attacks in fits:
        shared = [digest(value) for value in (estimator, train, test, attacks)]
        key = (common, task.name, digest(task, _contents), *shared, model, split, seed)
        names.append(f"{joblib.hash(key)}.json")
    return names


def _contents(task):
    tables = (task.X, task.y, task.X_test, task.y_test)
    arrays = [None if rows is None else np.asarray(rows) for rows in tables]
    # Columns are found by their names.
    names = None if task.preparation is None else [*map(str, task.X.columns)]
    return arrays, names, task.preparation


def read_result(path):
    """Return the result in a file, or None if there is none, or only a part of one."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None


def write_result(path, result):
    """Write a result in one step, also where two processes write the same one."""
    new = path.with_suffix(f".{os.getpid()}")
    new.write_text(json.dumps(result), encoding="utf-8")
    new.replace(path)
