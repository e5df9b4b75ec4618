"""Accuracy against confidence."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from ._axes import all_shortened, by_model, check_table, require_matplotlib, set_grid
from ._rows import tables_text
from ._task_grid import axes_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes


class ReliabilityDisplay:
    """Accuracy against confidence, one axes per model or one for all: calibration curves.

    The confidence is the predicted probability of the predicted class. A point is a bin of
    predictions of similar confidence; its area grows with their number. Points of a model whose
    probabilities are right lie on the dotted diagonal, below it the model is too sure. Beside the
    name of a model is the calibration error over the bins that are drawn, the mean distance from
    the diagonal weighted by the number of predictions.

    With several tasks the line is over all predictions, and each task has a thin grey line where
    a model has axes of its own.

    Parameters
    ----------
    calibration : DataFrame
        The `calibration` of a `skstdp.benchmarks.Comparison`: columns task, model, split, bin, n
        (number of predictions), confidence and accuracy (their means, NaN if n is 0).

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One per model that has rows, or the one for all.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    lines_ : list of matplotlib Line2D
        One curve per model.

    See Also
    --------
    ScoreDistributionDisplay : Log loss, Brier score and calibration error over splits.

    Examples
    --------
    >>> import pandas as pd
    >>> from skstdp import ReliabilityDisplay
    >>> calibration = pd.DataFrame(
    ...     {
    ...         "task": "iris",
    ...         "model": "STDP",
    ...         "split": 0,
    ...         "bin": [5, 9],
    ...         "n": [10, 40],
    ...         "confidence": [0.55, 0.95],
    ...         "accuracy": [0.60, 1.00],
    ...     }
    ... )
    >>> display = ReliabilityDisplay(calibration).plot()
    >>> display.axes_[0].get_title()
    'STDP, error 0.050'
    """

    def __init__(self, calibration: pd.DataFrame) -> None:
        self.calibration = calibration

    def plot(self, axes: Axes | Sequence[Axes] | None = None) -> ReliabilityDisplay:
        """Draw the curves.

        Parameters
        ----------
        axes : matplotlib Axes or sequence of them, default=None
            Axes to draw on, one for all models, or one per model. None makes a new figure with
            one per model.

        Returns
        -------
        display : ReliabilityDisplay
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `calibration` is not a data frame.
        ValueError
            If `calibration` has no rows, no predictions or lacks a column, or there are several
            axes, but not as many as models.
        """
        require_matplotlib()
        columns = ["task", "model", "split", "bin", "n", "confidence", "accuracy"]
        check_table(self, "calibration", columns)
        table = self.calibration[self.calibration["n"] > 0]
        if not len(table):
            raise ValueError(
                "Got a calibration without predictions, but expected those of at least one model "
                "that has predict_proba."
            )
        models = list(by_model(table))
        names = all_shortened([model for model, _, _ in models], 22)
        if own_figure := axes is None:
            from matplotlib import pyplot

            axes = axes_for(len(models), pyplot.figure, (2.3, 2.4))
        shared = not own_figure and np.size(axes) == 1
        number = 1 if shared else len(models)
        set_grid(self, axes, (number,), "one for all models, or one for each with probabilities")
        places = cycle(self.axes_) if shared else self.axes_
        self.lines_ = [
            self._draw(ax, name, style, rows, alone=not shared)
            for ax, name, (_, style, rows) in zip(places, names, models, strict=False)
        ]
        lowest = min(0.5, table["confidence"].min())
        for ax in self.axes_:
            ax.axline((0, 0), slope=1, color="0.3", linestyle=":", linewidth=1)
            ax.set(xlim=(lowest - 0.03, 1.03), ylim=(-0.03, 1.03))
            ax.tick_params(labelsize="small")
            ax.grid(alpha=0.3)
        title = f"Calibration on {tables_text(table)}"
        if shared:
            ax = self.axes_[0]
            ax.set(title=title, xlabel="Confidence", ylabel="Accuracy")
            ax.legend(fontsize="small")
        elif own_figure:
            self.figure_.suptitle(title, fontsize="medium")
            self.figure_.supxlabel("Confidence", fontsize="medium")
            self.figure_.supylabel("Accuracy", fontsize="medium")
        return self

    def _draw(self, ax, name, style, table, alone):
        tasks = table.groupby("task", sort=False, observed=True)
        if alone and len(tasks) > 1:
            for _, of_task in tasks:
                bins = _over_splits(of_task)
                ax.plot(bins["confidence"], bins["accuracy"], color="0.75", linewidth=0.7)
        bins = _over_splits(table)
        share = bins["n"] / bins["n"].sum()
        error = float(np.abs(bins["confidence"] - bins["accuracy"]) @ share)
        label = f"{name}, error {error:.3f}"
        place = bins["confidence"], bins["accuracy"]
        (line,) = ax.plot(*place, color=style["color"], label=label)
        ax.scatter(*place, s=6 + 150 * share, **style)
        if alone:
            ax.set_title(label, fontsize="small")
        return line


def _over_splits(table):
    """Mean confidence and accuracy of the predictions in each bin."""
    sums = table[["confidence", "accuracy"]].mul(table["n"], axis=0).assign(n=table["n"])
    sums = sums.groupby(table["bin"]).sum()
    return sums.assign(**{name: sums[name] / sums["n"] for name in ("confidence", "accuracy")})
