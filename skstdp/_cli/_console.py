"""Console and files: errors, progress, tables and figures."""

import sys
import warnings
from contextlib import contextmanager, nullcontext
from functools import partial
from math import isnan
from time import monotonic

import pandas as pd

from .._displays import axes_for, plot_tasks
from .._utils._optional import required
from ..benchmarks._compare import NothingFittedError
from ..benchmarks._results import writable_folder
from ..benchmarks._saving import FORMATS


def fail(message):
    """Print an error in one line, and leave with status 2."""
    print(f"skstdp: error: {' '.join(str(message).split())}", file=sys.stderr)
    raise SystemExit(2)


@contextmanager
def errors_of_the_user(*more):
    """Turn errors that the user can mend, checked before the long work, into one line."""
    try:
        yield
    except (ImportError, OSError, TypeError, ValueError, *more) as error:
        fail(error)


def check_formats(formats):
    """Raise an ImportError where the package for a format is missing."""
    if "parquet" in formats:
        with required("Parquet files need pyarrow", "parquet"):
            import pyarrow  # noqa: F401


@contextmanager
def warnings_as_notes():
    """Print each warning of the package in one line."""
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = lambda message, *_, **__: print(
            f"note: {' '.join(str(message).split())}", file=sys.stderr
        )
        yield


def connected(address):
    """Context of a client of the Dask scheduler at an address; of None where there is none."""
    if address is None:
        return nullcontext()
    with required("Clusters need dask and distributed", "dask"):
        from distributed import Client
    try:
        return Client(address, set_as_default=False, timeout=10)
    except (OSError, ValueError) as error:
        raise ValueError(
            f"Got --dask {address}, but expected the address of a scheduler that can be reached, "
            "such as tcp://127.0.0.1:8786."
        ) from error


def prepare_directory(directory):
    """Make the directory, and try to write to it."""
    try:
        writable_folder(directory)
    except OSError as error:
        raise OSError(f"Cannot write to --out {directory}: {error.strerror}.") from error


def progress_bar(description="Training", done="fits done"):
    """Make a bar if rich is installed and a terminal shows it, else lines of text.

    Both go to stderr: stdout is for the result.
    """
    lines = partial(_lines, done=done)
    if not sys.stderr.isatty():
        return lines
    try:
        from rich.console import Console
        from rich.progress import track
    except ImportError:
        return lines
    return partial(track, description=description, console=Console(stderr=True), transient=True)


def _lines(items, done):
    """Yield the items, and print a line after each tenth of them, with the minutes left if any."""
    start = monotonic()
    for count, item in enumerate(items, start=1):
        yield item
        if count * 10 // len(items) > (count - 1) * 10 // len(items):
            minutes = round((monotonic() - start) / count * (len(items) - count) / 60)
            left = f", about {minutes} min left" if minutes else ""
            print(f"{count} of {len(items)} {done}{left}", file=sys.stderr)


def run_experiment(experiment, tasks, arguments, **options):
    """Run an experiment that keeps its finished fits in the directory of the output.

    An error before the first fit is printed; an interrupt is raised again after a message that
    says how to go on.
    """
    training = False

    def progress(fits):
        nonlocal training
        training = True
        return progress_bar()(fits)

    path = arguments.out / "fits"
    try:
        return experiment(
            tasks,
            random_state=arguments.seed,
            n_jobs=arguments.jobs,
            path=path,
            progress=progress,
            verbose=True,
            **options,
        )
    except (OSError, ValueError) as error:
        if training and not isinstance(error, NothingFittedError):
            raise
        fail(error)
    except KeyboardInterrupt:
        print(
            f"stopped: what is done is in {path}, and the same command goes on from there",
            file=sys.stderr,
        )
        raise


def write_tables(directory, tables, formats=("csv",)):
    """Write each table to files of its name, one per format, and return the paths."""
    paths = []
    for name, table in tables.items():
        for suffix in formats:
            paths.append(directory / f"{name}.{suffix}")
            FORMATS[suffix](table, paths[-1])
    return paths


def write_display(path, display, n_axes=None):
    """Draw a display in a figure of its own, write it, and return the path.

    `n_axes` is for a display that is drawn on several.
    """
    from matplotlib.figure import Figure

    if n_axes is None:
        display.plot(Figure(figsize=(6.4, 4.2), layout="constrained").subplots())
    else:
        display.plot(axes_for(n_axes, Figure))
    display.figure_.savefig(path, dpi=150)
    return path


def write_figure(path, display_class, table):
    """Draw all tasks of a table in one figure, write it, and return the path."""
    plot_tasks(display_class, table).savefig(path, dpi=150)
    return path


def print_written(paths):
    """Print where the files are."""
    print("\nWritten:", *paths, sep="\n  ")


def print_summary(summary, counts, paths):
    """Print mean and spread of the accuracies, and where the files are."""
    print(accuracies(summary, counts))
    print_written(paths)


def accuracies(summary, counts):
    """Return mean and spread of the accuracies as text."""
    text = f"Accuracy, mean ± standard deviation over {counts}\n\n{format_summary(summary)}"
    if summary.get("majority", pd.Series()).any():
        text += "\n\n(majority): accuracy of predicting the largest class for all test rows"
    if summary.get("one_class", pd.Series()).any():
        text += (
            "\n\none class: number of those in which a model predicts one class for all test "
            "rows, which\nno attack changes: its accuracy under attack is not robustness"
        )
    return text


def format_summary(summary):
    """Return the summary as text, in blocks of at most 100 columns."""
    table = summary[["task", "model"]].copy()
    for column in summary:
        if column.endswith("_mean"):
            attack = column.removesuffix("_mean")
            spread = summary[f"{attack}_std"]
            table[attack] = [
                _mean_and_spread(*pair) for pair in zip(summary[column], spread, strict=True)
            ]
    if summary.get("one_class", pd.Series()).any():
        table["one class"] = summary["one_class"]
    if "majority" in summary:
        table = _with_majority(table, summary["majority"])
    return table.set_index(["task", "model"]).to_string(line_width=100)


def _with_majority(table, shares):
    """Add a row below those of each task: a column would not fit beside several attacks."""
    parts = []
    for task, rows in table.groupby("task", sort=False):
        share = f"{shares[rows.index[0]]:.3f}"
        row = dict.fromkeys(table, "") | {"task": task, "model": "(majority)", "clean": share}
        parts += [rows.astype(object), pd.DataFrame([row])]
    return pd.concat(parts, ignore_index=True)


def _mean_and_spread(mean, std):
    if isnan(mean):
        # No attack of this kind was possible.
        return "n/a"
    # One fit has no spread.
    return f"{mean:.3f}" if isnan(std) else f"{mean:.3f} ± {std:.3f}"
