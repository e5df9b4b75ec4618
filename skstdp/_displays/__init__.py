"""Figures, one module each; matplotlib is imported when the first one is drawn."""

from ._activity import ActivityDisplay
from ._apical_error import ApicalErrorDisplay
from ._axes import require_matplotlib
from ._corruption import CorruptionDisplay
from ._learning_curves import LearningCurvesDisplay
from ._microcircuit import MicrocircuitDisplay
from ._robustness_curve import RobustnessCurveDisplay
from ._robustness_interval import RobustnessIntervalDisplay
from ._spike_raster import SpikeRasterDisplay
from ._stdp_curve import STDPCurveDisplay
from ._task_grid import axes_for, plot_tasks
from ._update_angle import UpdateAngleDisplay
from ._weight_map import WeightMapDisplay

__all__ = [
    "ActivityDisplay",
    "ApicalErrorDisplay",
    "CorruptionDisplay",
    "LearningCurvesDisplay",
    "MicrocircuitDisplay",
    "RobustnessCurveDisplay",
    "RobustnessIntervalDisplay",
    "STDPCurveDisplay",
    "SpikeRasterDisplay",
    "UpdateAngleDisplay",
    "WeightMapDisplay",
    "axes_for",
    "plot_tasks",
    "require_matplotlib",
]
