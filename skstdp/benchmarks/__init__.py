"""The experiments, as functions that return data frames."""

from ._compare import Comparison, compare, summarise
from ._paper import paper_classifiers
from ._selection import Selection, select_settings

__all__ = [
    "Comparison",
    "Selection",
    "compare",
    "paper_classifiers",
    "select_settings",
    "summarise",
]
