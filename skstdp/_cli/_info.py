"""Command `info`: print versions, threads and where compiled kernels are kept."""

import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from threadpoolctl import threadpool_info

_PACKAGES = (
    "skstdp",
    "scikit-learn",
    "numpy",
    "scipy",
    "pandas",
    "numba",
    "matplotlib",
    "rich",
    "skops",
    "onnx",
    "polars",
)

# Shown in the help, below the name of the program.
EXAMPLES = (
    "info",
    "info --json",
)


def add_to(add_parser):
    """Add the command to those of the command line."""
    description = "print versions, threads and where compiled kernels are kept"
    parser = add_parser("info", help=description, description=f"{description.capitalize()}.")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.set_defaults(run=_run)


def _run(arguments):
    # The other commands start without it.
    import numba

    facts = {
        "versions": {"python": platform.python_version()} | {p: _version(p) for p in _PACKAGES},
        "threads": {"numba": numba.config.NUMBA_NUM_THREADS}
        | {pool["internal_api"]: pool["num_threads"] for pool in threadpool_info()},
        "kernels": _compiled(numba),
    }
    if arguments.json:
        print(json.dumps(facts, indent=1))
        return
    for heading, entries in facts.items():
        print(heading)
        for name, value in entries.items():
            print(f"  {name:<14}{'not installed' if value is None else value}")


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _compiled(numba):
    """Folder and size of the compiled kernels of this package that numba keeps."""
    from .. import _kernels  # noqa: F401

    if numba.config.DISABLE_JIT:
        return {"compiled": "no: NUMBA_DISABLE_JIT is set"}
    directories = {
        Path(value.stats.cache_path)
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] == "skstdp"
        for value in vars(module).values()
        if hasattr(value, "py_func") and value.stats.cache_path
    }
    files = [path for directory in directories for path in directory.glob("_*.nb[ci]")]
    return {
        "cache": ", ".join(sorted(map(str, directories))) or "none",
        "files": len(files),
        "size": f"{sum(path.stat().st_size for path in files) / 2**20:.1f} MiB",
    }
