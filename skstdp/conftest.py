"""Leaves out examples that need what is not installed."""

from importlib.util import find_spec

_NEEDS = {"_art.py": "art", "distributed.py": "distributed"}

collect_ignore = [path for path, package in _NEEDS.items() if find_spec(package) is None]
