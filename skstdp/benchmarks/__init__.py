"""The experiments, as functions that return data frames."""

from ._ablation import ablations
from ._anatomy import anatomy
from ._compare import Comparison, compare, summarise
from ._fronts import Fronts, front_families, robustness_fronts
from ._paper import paper_classifiers
from ._selection import Selection, select_settings
from ._spiking import spiking_classifiers

__all__ = [
    "Comparison",
    "Fronts",
    "Selection",
    "ablations",
    "anatomy",
    "compare",
    "front_families",
    "paper_classifiers",
    "robustness_fronts",
    "select_settings",
    "spiking_classifiers",
    "summarise",
]
