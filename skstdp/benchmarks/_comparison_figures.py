"""Figures of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from .._displays import (
    CriticalDifferenceDisplay,
    LearningCurvesDisplay,
    ReliabilityDisplay,
    RobustnessCurveDisplay,
    ScoreDistributionDisplay,
    TimesDisplay,
    in_sentence,
)
from .._utils._validation import check_option
from ._measures import MEASURES
from ._statistics import rank_tests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes


class ComparisonFigures:
    """Methods of a comparison that draw its tables; a model has one colour in all of them."""

    def plot_scores(
        self, measure: str = "accuracy", axes: Axes | Sequence[Axes] | None = None
    ) -> ScoreDistributionDisplay:
        """Draw the distribution of a measure over the splits, per task and model.

        Parameters
        ----------
        measure : str, default="accuracy"
            Column of `scores`.
        axes : matplotlib Axes or sequence of them, default=None
            Axes to draw on, one per task. None makes a new figure.

        Returns
        -------
        display : ScoreDistributionDisplay
            Drawn.
        """
        label = MEASURES[measure].label if measure in MEASURES else None
        scores = self._numbered(self.scores)
        return ScoreDistributionDisplay(scores, measure=measure, label=label).plot(axes)

    def plot_ranks(
        self, measure: str = "accuracy", ax: Axes | None = None
    ) -> CriticalDifferenceDisplay:
        """Draw the mean ranks of the models, and join those that do not differ significantly.

        Parameters
        ----------
        measure : str, default="accuracy"
            Column of `scores`.
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        Returns
        -------
        display : CriticalDifferenceDisplay
            Drawn. Its p-values are those of Wilcoxon's test, corrected by Holm.

        Raises
        ------
        ValueError
            If there are fewer than two tasks or two models to rank.
        ImportError
            If matplotlib or scikit-posthocs is not installed.
        """
        tests = rank_tests(self.scores, measure)
        label = MEASURES[measure].label if measure in MEASURES else measure.replace("_", " ")
        title = f"Mean ranks by {in_sentence(label)} on {tests.n_tasks} tables"
        return CriticalDifferenceDisplay(tests.ranks, tests.p_values(), title=title).plot(ax)

    def plot_robustness(
        self, task: str | None = None, ax: Axes | None = None
    ) -> RobustnessCurveDisplay:
        """Draw the accuracy against the size of the attacks.

        Parameters
        ----------
        task : str, default=None
            Name of a task. None takes all together.
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        Returns
        -------
        display : RobustnessCurveDisplay
            Drawn.

        Raises
        ------
        ValueError
            If nothing was attacked, or there is no such task.
        """
        if (self.scores["attack"] == "none").all():
            raise ValueError(
                "Got scores without attack alone, but expected some under attack. Give scorers or "
                "epsilons to compare."
            )
        return RobustnessCurveDisplay(self._rows(self.scores, task)).plot(ax)

    def plot_calibration(
        self, task: str | None = None, axes: Axes | Sequence[Axes] | None = None
    ) -> ReliabilityDisplay:
        """Draw the accuracy against the confidence.

        Parameters
        ----------
        task : str, default=None
            Name of a task. None takes all.
        axes : matplotlib Axes or sequence of them, default=None
            One for all models, or one per model with probabilities. None makes a new figure with
            one per model.

        Returns
        -------
        display : ReliabilityDisplay
            Drawn.

        Raises
        ------
        ValueError
            If no model has probabilities, or there is no such task.
        """
        if self.calibration.empty:
            raise ValueError(
                "Got no probabilities to calibrate, but expected some: no model has predict_proba."
            )
        table = self._numbered(self.calibration)
        return ReliabilityDisplay(table if task is None else self._rows(table, task)).plot(axes)

    def plot_times(self, axes: Axes | Sequence[Axes] | None = None) -> TimesDisplay:
        """Draw the times of fits and predictions.

        Parameters
        ----------
        axes : matplotlib Axes or sequence of them, default=None
            One axes for fits, or two for fits and predictions. None makes a new figure with two.

        Returns
        -------
        display : TimesDisplay
            Drawn.
        """
        return TimesDisplay(self._numbered(self.scores)).plot(axes)

    def plot_curves(
        self, task: str | None = None, ax: Axes | None = None
    ) -> LearningCurvesDisplay:
        """Draw the accuracy against the epoch, of networks of this package.

        Parameters
        ----------
        task : str, default=None
            Name of a task. None takes all together.
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        Returns
        -------
        display : LearningCurvesDisplay
            Drawn.

        Raises
        ------
        ValueError
            If there are no curves, or no such task.
        """
        if self.curves.empty:
            raise ValueError(
                "Got no learning curves, but expected some. Only networks of this package have "
                "them, if curves=True."
            )
        return LearningCurvesDisplay(self._rows(self.curves, task)).plot(ax)

    def _numbered(self, table):
        """Return a table whose models are categories, so that each keeps its colour."""
        models = self.scores["model"].unique()
        return table.assign(model=pd.Categorical(table["model"], models))

    def _rows(self, table, task):
        """Rows of a task, or of all with their number in the place of the name."""
        names, table = list(self.scores["task"].unique()), self._numbered(table)
        if task is not None:
            check_option(task, "task", names)
            return table[table["task"] == task]
        return table if len(names) == 1 else table.assign(task=f"{len(names)} tasks")
