"""The tables of a comparison as files that other programs read."""

import json

from .._utils._optional import required
from .._utils._validation import check_option
from ._results import writable_folder

TABLES = ("scores", "curves", "settings", "calibration", "missing", "tasks")
FORMATS = {
    "csv": lambda table, path: table.to_csv(path, index=False),
    "json": lambda table, path: table.to_json(
        path, orient="records", indent=1, double_precision=15
    ),
    "parquet": lambda table, path: table.to_parquet(path, index=False),
}


def save_tables(comparison, folder, formats):
    """Write the tables, and the environment as `environment.json`; return the paths.

    A table without rows is written, too, so that a script may rely on its file. Parameters, which
    differ from model to model, are text of JSON.
    """
    formats = [formats] if isinstance(formats, str) else list(formats)
    for name in formats:
        check_option(name, "formats", FORMATS)
    if "parquet" in formats:
        with required("Parquet files need pyarrow", "parquet"):
            import pyarrow  # noqa: F401
    folder, paths = writable_folder(folder), []
    for name in TABLES:
        table = getattr(comparison, name)
        if name == "settings":
            table = table.assign(parameters=[_as_json(dict(p)) for p in table["parameters"]])
        for suffix in formats:
            paths.append(folder / f"{name}.{suffix}")
            FORMATS[suffix](table, paths[-1])
    paths.append(folder / "environment.json")
    paths[-1].write_text(_as_json(comparison.environment, indent=1), encoding="utf-8")
    return paths


def _as_json(values, indent=None):
    """Return values as JSON: numbers of numpy as numbers, other objects as their text."""

    def plain(value):
        return value.item() if hasattr(value, "item") else repr(value)

    return json.dumps(values, indent=indent, default=plain, ensure_ascii=False)
