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


def result_files(path, fits, common):
    """Make a folder, and name a file in it for each fit.

    A name is a hash that changes with whatever determines the result: what is `common` to all
    fits; and of each the task, and all else that distinguishes it.
    """
    folder = writable_folder(path)
    common, data = joblib.hash(common), {}
    for task in {fit[0] for fit in fits}:
        arrays = (task.X, task.y, task.X_test, task.y_test)
        data[task] = joblib.hash([None if rows is None else np.asarray(rows) for rows in arrays])
    keys = [(common, task.name, data[task], *others) for task, *others in fits]
    return [folder / f"{joblib.hash(key)}.json" for key in keys]


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
