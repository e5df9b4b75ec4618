"""What a comparison has measured so far, on disk: JSON lines, one a finished fit."""

import json
import os
from pathlib import Path

# How each line starts, by which one that was cut off is told from another kind of file.
_START = b'{"task": '


def read_records(path):
    """Records of a file, which is made if it does not exist.

    A last line that was cut off, as when the machine stops, is removed from the file.

    Parameters
    ----------
    path : str or path-like
        File that `append_record` wrote.

    Returns
    -------
    records : dict of tuple to dict
        By task, model, split and digest; the later one counts.

    Raises
    ------
    ValueError
        If a line is no record.
    OSError
        If the file cannot be read or written.
    """
    path = Path(path)
    # Opened to append, so that a file that cannot be written is found out before the first fit.
    with path.open("a+b") as file:
        file.seek(0)
        lines = file.read().split(b"\n")
    rest = lines.pop()
    records = {}
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
            records[record_key(record)] = record
        except (ValueError, TypeError, KeyError) as error:
            raise _no_record(path, number) from error
    if rest:
        if rest[: len(_START)] != _START[: len(rest)]:
            raise _no_record(path, len(lines) + 1)
        os.truncate(path, path.stat().st_size - len(rest))
    return records


def append_record(path, record):
    """Write one record to the end of a file, at once."""
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def write_records(path, records):
    """Replace a file by one of these records, in one step."""
    path = Path(path)
    new = path.with_name(f"{path.name}.new")
    new.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    new.replace(path)


def record_key(record):
    """What distinguishes a record from all others."""
    return tuple(record[name] for name in ("task", "model", "split", "digest"))


def _no_record(path, number):
    return ValueError(
        f"Got line {number} of {path} that is no result, but expected a file that only compare "
        "writes to."
    )
