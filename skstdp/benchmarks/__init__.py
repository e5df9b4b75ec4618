"""The experiments, as functions that return data frames."""

from ._compare import Comparison, compare, summarise
from ._paper import paper_classifiers

__all__ = ["Comparison", "compare", "paper_classifiers", "summarise"]
