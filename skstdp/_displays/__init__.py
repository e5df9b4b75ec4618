"""Figures, one module each; matplotlib is imported when the first one is drawn."""

from ._activity import ActivityDisplay
from ._apical_error import ApicalErrorDisplay
from ._axes import require_matplotlib
from ._corruption import CorruptionDisplay
from ._critical_difference import CriticalDifferenceDisplay
from ._learning_curves import LearningCurvesDisplay
from ._microcircuit import MicrocircuitDisplay
from ._pairwise_tests import PairwiseTestsDisplay
from ._reliability import ReliabilityDisplay
from ._robustness_curve import RobustnessCurveDisplay
from ._robustness_interval import RobustnessIntervalDisplay
from ._rows import in_sentence
from ._score_distribution import ScoreDistributionDisplay
from ._spike_raster import SpikeRasterDisplay
from ._stdp_curve import STDPCurveDisplay
from ._task_grid import axes_for, plot_tasks
from ._times import TimesDisplay
from ._update_angle import UpdateAngleDisplay
from ._weight_map import WeightMapDisplay

__all__ = [
    "ActivityDisplay",
    "ApicalErrorDisplay",
    "CorruptionDisplay",
    "CriticalDifferenceDisplay",
    "LearningCurvesDisplay",
    "MicrocircuitDisplay",
    "PairwiseTestsDisplay",
    "ReliabilityDisplay",
    "RobustnessCurveDisplay",
    "RobustnessIntervalDisplay",
    "STDPCurveDisplay",
    "ScoreDistributionDisplay",
    "SpikeRasterDisplay",
    "TimesDisplay",
    "UpdateAngleDisplay",
    "WeightMapDisplay",
    "axes_for",
    "in_sentence",
    "plot_tasks",
    "require_matplotlib",
]
