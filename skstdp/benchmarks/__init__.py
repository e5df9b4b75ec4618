"""The experiments, as functions that return data frames."""

from ._anatomy import anatomy
from ._angles import update_angles
from ._baselines import RegularisedMLPClassifier
from ._compare import compare
from ._comparison import Comparison
from ._configurations import ablations, front_families, paper_classifiers, spiking_classifiers
from ._fronts import Fronts, robustness_fronts
from ._summary import summarise
from ._test_results import RankTests, SignificanceTests

__all__ = [
    "Comparison",
    "Fronts",
    "RankTests",
    "RegularisedMLPClassifier",
    "SignificanceTests",
    "ablations",
    "anatomy",
    "compare",
    "front_families",
    "paper_classifiers",
    "robustness_fronts",
    "spiking_classifiers",
    "summarise",
    "update_angles",
]

# The place that pickles name.
for _class in (Comparison, Fronts, RankTests, RegularisedMLPClassifier, SignificanceTests):
    _class.__module__ = __name__
