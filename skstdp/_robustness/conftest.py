"""Leave out the examples that need ART where ART is not installed."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("art") else ["_art.py"]
