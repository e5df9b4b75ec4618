"""Classification tasks for the benchmarks: built-in collections, and CSV files."""

from ._csv import load_csv_task
from ._tasks import Task, load_tasks

__all__ = ["Task", "load_csv_task", "load_tasks"]

# The place that pickles name.
Task.__module__ = __name__
