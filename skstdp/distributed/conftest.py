"""Leave out the examples that need Dask where Dask is not installed."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("distributed") else ["_fit.py"]
