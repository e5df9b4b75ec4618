"""Leaves out examples that need what is not installed."""

from importlib.util import find_spec

collect_ignore = ["_art.py"] if find_spec("art") is None else []
