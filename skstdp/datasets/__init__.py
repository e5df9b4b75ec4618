"""Classification tasks for the benchmarks: built-in collections, and tables as they come."""

from ._load_table import load_table
from ._tasks import Task, load_tasks

__all__ = ["Task", "load_table", "load_tasks"]

# The place that pickles name.
Task.__module__ = __name__
