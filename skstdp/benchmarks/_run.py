"""Fits of many tables: planned, resumed from a folder, run, and put into tables."""

from __future__ import annotations

import sys
import warnings
from contextlib import closing
from typing import NamedTuple

import pandas as pd

from .._robustness._scorers import epsilon_label
from .._utils._validation import check_different
from .._utils._version import __version__
from ._comparison import COLUMNS, scores_columns
from ._fits import is_failure, rates_and_labels, train_and_measure
from ._measures import MEASURES
from ._results import read_result, result_names, writable_folder, write_result
from ._workers import results


class FitName(NamedTuple):
    """Task, model and split of a fit, for those who follow the progress."""

    task: str
    model: str
    split: int


def run_fits(
    tables, *, curves, n_jobs, path=None, progress=None, verbose=False, fresh=False, client=None
):
    """Do the fits that are not in the folder at `path`, and return tables of all.

    Parameters
    ----------
    tables : list of callables
        Each returns the list of the fits of one table, in the order in which to do them. It is
        called at the beginning, to check and to name them, and again when they are due, so that
        few tables are in memory.
    curves, n_jobs, path, progress, verbose, fresh, client
        As in `compare`.

    Returns
    -------
    frames : dict of str to DataFrame
        scores, curves, settings, calibration and missing, as in `Comparison`.
    """
    folder = None if path is None else writable_folder(path)
    names, files, slices = [], [], []
    for table in tables:
        of_table, files_of_table = _names(table(), folder, curves)
        slices.append(slice(len(names), len(names) + len(of_table)))
        names += of_table
        files += files_of_table
    firsts = [names[part][0].task for part in slices if names[part]]
    check_different(firsts, "among the tasks", "Give each task once, and files different names")
    if fresh:
        for file in files:
            file.unlink(missing_ok=True)
    records = [read_result(file) for file in files] if files else [None] * len(names)
    missing = [index for index, record in enumerate(records) if record is None]
    if verbose and len(missing) < len(names):
        print(
            f"resumed: {len(names) - len(missing)} of {len(names)} fits were there",
            file=sys.stderr,
        )
    to_do = [names[index] for index in missing]
    due = _due(tables, slices, missing, curves)
    with closing(results(_numbered, due, n_jobs=n_jobs, client=client)) as done:
        shown = iter(to_do if progress is None else progress(to_do))
        for _, (index, record) in zip(shown, done, strict=False):
            records[index] = record
            # What failed is tried again: the reason may be mended.
            if files and not is_failure(record):
                write_result(files[index], record)
        # The iterator has an end of its own, without which joblib takes it for abandoned.
        next(done, None)
    _warn_of_missing(records)
    return _frames(records)


def _names(fits, folder, curves):
    names = [FitName(fit.task.name, fit.model, fit.split) for fit in fits]
    if folder is None:
        return names, []
    return names, [folder / name for name in result_names(fits, (__version__, curves))]


def _due(tables, slices, missing, curves):
    """Yield the arguments of the missing fits, of one table after the other."""
    missing = set(missing)
    for table, part in zip(tables, slices, strict=True):
        wanted = [index - part.start for index in range(part.start, part.stop) if index in missing]
        if wanted:
            # Nothing here keeps the table while the next one is read.
            yield from _due_of(table(), wanted, part.start, curves)


def _due_of(fits, wanted, start, curves):
    place = None
    for number in wanted:
        fit = fits[number]
        here = (fit.task, fit.train, fit.test)
        # All models on a split share its rates.
        if place is None or any(a is not b for a, b in zip(here, place, strict=True)):
            place, rows = here, _rows(*here)
        yield rows, start + number, fit._replace(task=fit.task.name, train=None, test=None), curves


def _rows(*place):
    try:
        return rates_and_labels(*place)
    except Exception as error:
        return f"The table could not be prepared: {error}"


def _numbered(rows, index, fit, curves):
    return index, train_and_measure(rows, fit, curves)


def _warn_of_missing(records):
    """Warn once per model whose fits failed, or that some attacks refuse, with the reason."""
    if all(map(is_failure, records)):
        # An error says so.
        return
    failures, refusals = {}, {}
    for record in records:
        for attack, epsilon, measure, reason in record["missing"]:
            if measure == "fit":
                place = f"{record['task']!r}, split {record['split']}"
                failures.setdefault(record["model"], []).append((place, reason))
            elif attack != "none":
                label = f"{attack} {epsilon_label(epsilon)}"
                refusals.setdefault(record["model"], []).append((label, reason))
    _warn_of_warnings(records)
    for model, found in failures.items():
        warnings.warn(
            f"Got the model {model!r}, of which {len(found)} fit(s) failed: their scores are "
            f"missing. The first one was on {found[0][0]}: {found[0][1]}",
            UserWarning,
            stacklevel=4,
        )
    for model, found in refusals.items():
        attacks = ", ".join(dict.fromkeys(label for label, _ in found))
        warnings.warn(
            f"Got the model {model!r}, which cannot be attacked by {attacks}: it has "
            f"no accuracy under attack ({len(found)} values). {found[0][1]}",
            UserWarning,
            stacklevel=4,
        )


def _warn_of_warnings(records):
    """Warn once per model and kind of warning that was given during fits and attacks."""
    given = {}
    for record in records:
        # Results of an earlier version have none.
        for attack, epsilon, kind, text in record.get("warnings", ()):
            where = "in training" if attack == "none" else f"by {attack} {epsilon_label(epsilon)}"
            place = f"{where}, on {record['task']!r}, split {record['split']}"
            given.setdefault((record["model"], kind), []).append(f"{place}: {text}")
    for (model, _), found in given.items():
        warnings.warn(
            f"Got {len(found)} warning(s) about the model {model!r}, the first {found[0]}",
            UserWarning,
            stacklevel=5,
        )


def _frames(records):
    rows = {"scores": [], "settings": [], "calibration": [], "missing": []}
    curves = []
    for record in records:
        fit = {name: record[name] for name in FitName._fields}
        of_fit = {
            name: record.get(name) for name in ("one_class", "majority", "n_train", "n_test")
        }
        clean = {name: record["measures"].get(name) for name in MEASURES}
        times = {name: record.get(name) for name in ("fit_time", "predict_time")}
        rows["scores"].append(
            {**fit, "attack": "none", "epsilon": 0.0, **clean, **times, **of_fit}
        )
        for attack, epsilon, accuracy, seconds in record["attacks"]:
            under_attack = {"attack": attack, "epsilon": epsilon, "accuracy": accuracy}
            rows["scores"].append({**fit, **under_attack, "attack_time": seconds, **of_fit})
        if record["settings"] is not None:
            rows["settings"].append(fit | record["settings"])
        for number, (n_rows, confidence, accuracy) in enumerate(record["calibration"]):
            found = {"bin": number, "n": n_rows, "confidence": confidence, "accuracy": accuracy}
            rows["calibration"].append(fit | found)
        for attack, epsilon, measure, reason in record["missing"]:
            place = {"attack": attack, "epsilon": epsilon, "measure": measure, "reason": reason}
            rows["missing"].append(fit | place)
        if record["curves"] is not None:
            epochs = range(1, 1 + len(record["curves"]["train_accuracy"]))
            curves.append(pd.DataFrame(fit | {"epoch": epochs} | record["curves"]))
    frames = {
        name: pd.DataFrame(found, columns=COLUMNS.get(name, scores_columns(MEASURES)))
        for name, found in rows.items()
    }
    numbers = [*MEASURES, "fit_time", "predict_time", "attack_time", "majority"]
    frames["scores"][numbers] = frames["scores"][numbers].astype(float)
    empty = pd.DataFrame(columns=COLUMNS["curves"])
    frames["curves"] = pd.concat(curves, ignore_index=True) if curves else empty
    return frames
