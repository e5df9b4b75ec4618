"""Leaves out examples that need what is not installed."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("art") else ["skstdp/_art.py"]
