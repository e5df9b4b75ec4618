"""The command that tells what the package runs on."""

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


def info(arguments):
    """Tell versions, threads, and where compiled kernels are kept."""
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
        return 0
    for heading, entries in facts.items():
        print(heading)
        for name, value in entries.items():
            print(f"  {name:<14}{'not installed' if value is None else value}")
    return 0


def _version(package):
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _compiled(numba):
    """Where numba keeps what it has compiled of this package, and how much that is."""
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
