"""Distribution of a measure over splits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ._axes import by_model, check_table, names_of, require_matplotlib, set_grid, shortened
from ._rows import in_sentence, note_in_row, rows_of_models, splits_text, tables_text
from ._task_grid import axes_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes


class ScoreDistributionDisplay:
    """Box plots of a measure over the splits, one axes per task and one row per model.

    A box goes from the first to the third quartile, with a line at the median; whiskers reach the
    lowest and the highest value, and points are the splits. A dotted line is at the accuracy of
    predicting the largest class for all, or at 0.5 for the area under the ROC curve. Crosses are
    splits on which a model predicts one class for all rows. A row says "n/a" if its model could
    not be measured.

    Parameters
    ----------
    scores : DataFrame
        The `scores` of `skstdp.benchmarks.compare`: columns task, model, split and the measure;
        attack, one_class and majority may be left out. Only rows without attack are drawn. If
        model is categorical, each category has a row, and the number of the category gives the
        colour.
    measure : str, default="accuracy"
        Column of `scores`.
    label : str, default=None
        Name of the measure in the figure. None takes that of the column.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One per task, in their order of appearance.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    boxes_ : list of lists of matplotlib Rectangle
        For each task, the boxes of the models that were measured.

    See Also
    --------
    CriticalDifferenceDisplay : Ranks over several tasks.

    Examples
    --------
    >>> import pandas as pd
    >>> from skstdp import ScoreDistributionDisplay
    >>> scores = pd.DataFrame(
    ...     {
    ...         "task": "iris",
    ...         "model": ["STDP"] * 5 + ["BP"] * 5,
    ...         "split": [0, 1, 2, 3, 4] * 2,
    ...         "accuracy": [0.97, 0.93, 1.00, 0.93, 0.97, 0.90, 0.93, 0.97, 0.83, 0.93],
    ...     }
    ... )
    >>> display = ScoreDistributionDisplay(scores).plot()
    >>> display.axes_[0].get_title()
    'iris: accuracy on 5 splits'
    >>> [(float(box.get_x()), round(float(box.get_width()), 2)) for box in display.boxes_[0]]
    [(0.93, 0.04), (0.9, 0.03)]
    """

    def __init__(
        self, scores: pd.DataFrame, *, measure: str = "accuracy", label: str | None = None
    ) -> None:
        self.scores = scores
        self.measure = measure
        self.label = label

    def plot(self, axes: Axes | Sequence[Axes] | None = None) -> ScoreDistributionDisplay:
        """Draw the boxes.

        Parameters
        ----------
        axes : matplotlib Axes or sequence of them, default=None
            Axes to draw on, one per task. None makes a new figure.

        Returns
        -------
        display : ScoreDistributionDisplay
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `scores` is not a data frame.
        ValueError
            If `scores` has no rows or lacks a column, or there are not as many axes as tasks.
        """
        require_matplotlib()
        check_table(self, "scores", ["task", "model", "split"])
        if self.measure not in self.scores:
            raise ValueError(
                f"Got measure={self.measure!r}, but expected a column of scores: "
                f"{', '.join(self.scores.select_dtypes('number'))}."
            )
        scores = self.scores
        if "attack" in scores:
            scores = scores[scores["attack"] == "none"]
        tasks, models = names_of(scores["task"]), names_of(scores["model"])
        # A model has its number where a task lacks the models before it, too.
        scores = scores.assign(model=pd.Categorical(scores["model"], models))
        if own_figure := axes is None:
            from matplotlib import pyplot

            size = (4.2 if len(tasks) == 1 else 2.9, max(1.2, 0.5 + 0.24 * len(models)))
            axes = axes_for(len(tasks), pyplot.figure, size)
        set_grid(self, axes, (len(tasks),), "one for each task")
        name = self.label or self.measure.replace("_", " ").capitalize()
        self.boxes_ = []
        for task, ax in zip(tasks, self.axes_, strict=True):
            self.boxes_.append(self._draw(ax, scores[scores["task"] == task], models))
            if len(tasks) == 1:
                title = f"{shortened(task)}: {in_sentence(name)} on {splits_text(scores)}"
                ax.set_title(title, fontsize="medium")
                ax.set_xlabel(name)
            else:
                ax.set_title(shortened(task), fontsize="medium")
        if own_figure and len(tasks) > 1:
            self.figure_.suptitle(f"{name} on {tables_text(scores)}")
        handles = {line.get_label(): line for ax in self.axes_ for line in ax.lines}
        handles = [line for label, line in handles.items() if not label.startswith("_")]
        if handles and own_figure:
            self.figure_.legend(handles=handles, loc="outside lower center", fontsize="small")
        elif handles:
            self.axes_[0].legend(handles=handles, fontsize="small")
        return self

    def _draw(self, ax, scores, models):
        rows_of_models(ax, models)
        boxes = []
        for model, style, rows in by_model(scores):
            row, values = models.index(model), rows[self.measure].dropna().to_numpy()
            if not len(values):
                continue
            color = style["color"]
            low, q1, median, q3, high = np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
            ax.hlines(row, low, high, color=color, linewidth=1)
            boxes += ax.barh(row, q3 - q1, 0.6, q1, color=color, alpha=0.35, linewidth=0)
            ax.vlines(median, row - 0.3, row + 0.3, color=color, linewidth=2)
            point = {"marker": style["marker"], "markersize": 2.5, "linestyle": "none"}
            ax.plot(values, np.full(len(values), row), color=color, label="_splits", **point)
            if "one_class" in rows:
                constant = rows.loc[rows["one_class"].astype(bool), self.measure].dropna()
                cross = {"marker": "x", "color": "black", "linestyle": "none", "zorder": 3}
                label = "a split on which the model predicts one class"
                if len(constant):
                    ax.plot(constant, np.full(len(constant), row), label=label, **cross)
        reference = self._reference(scores)
        if np.isfinite(reference):
            label = "predicting the largest class for all"
            ax.axvline(reference, color="0.3", linestyle=":", linewidth=1.2, label=label)
        measured = scores.loc[scores[self.measure].notna(), "model"].unique()
        for row, model in enumerate(models):
            if model not in measured:
                note_in_row(ax, row, "n/a")
        return boxes

    def _reference(self, scores):
        """Score of predicting the largest class for all, NaN if it is unknown."""
        if self.measure == "roc_auc":
            return 0.5
        if self.measure == "accuracy" and "majority" in scores:
            return scores["majority"].mean()
        return np.nan
