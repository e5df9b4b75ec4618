"""The experiments, as functions that return data frames."""

from ._compare import Comparison, compare, summarise

__all__ = ["Comparison", "compare", "summarise"]
