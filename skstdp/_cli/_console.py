"""What commands say on the terminal, and the files they write."""

import sys
import tempfile
from functools import partial

FORMATS = {
    "csv": lambda table, path: table.to_csv(path, index=False),
    "json": lambda table, path: table.to_json(
        path, orient="records", indent=1, double_precision=15
    ),
}


def fail(message):
    """Tell an error in one line, and leave with status 2."""
    print(f"skstdp: error: {' '.join(str(message).split())}", file=sys.stderr)
    raise SystemExit(2)


def prepare_directory(directory):
    """Make the directory, and try to write to it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise OSError(f"Cannot write to --out {directory}: {error.strerror}.") from error


def progress_bar(description="Training", done="networks trained"):
    """A bar if rich is installed and a terminal shows it, else lines of text.

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
    """Yield the items, with a line after each tenth of them."""
    for count, item in enumerate(items, start=1):
        yield item
        if count * 10 // len(items) > (count - 1) * 10 // len(items):
            print(f"{count} of {len(items)} {done}", file=sys.stderr)


def write_tables(directory, tables, formats=("csv",)):
    """Write each table to files of its name, one a format, and return the paths."""
    paths = []
    for name, table in tables.items():
        for suffix in formats:
            paths.append(directory / f"{name}.{suffix}")
            FORMATS[suffix](table, paths[-1])
    return paths
