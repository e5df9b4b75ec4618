"""Times of fits and predictions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._axes import by_model, check_table, names_of, require_matplotlib, set_grid
from ._rows import note_in_row, rows_of_models, tables_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from matplotlib.axes import Axes


class TimesDisplay:
    """Times of fits, and of predictions per row, on logarithmic axes with one row per model.

    A point is a task, the median over its splits. A stroke is at the geometric mean over the
    tasks, which is written on the right. A row says "n/a" if its model was not measured.

    Parameters
    ----------
    scores : DataFrame
        The `scores` of `skstdp.benchmarks.compare`: columns task, model, split, fit_time and
        predict_time (seconds) and n_test (number of rows of the prediction). If model is
        categorical, each category has a row, and the number of the category gives the colour.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        That of fits, and that of predictions.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    points_ : list of lists of matplotlib Line2D
        For fits and predictions, one per model: its tasks.

    See Also
    --------
    ScoreDistributionDisplay : Scores over splits.

    Examples
    --------
    >>> import pandas as pd
    >>> from skstdp import TimesDisplay
    >>> scores = pd.DataFrame(
    ...     {
    ...         "task": ["iris", "wine"],
    ...         "model": "STDP",
    ...         "split": 0,
    ...         "fit_time": [0.1, 0.4],
    ...         "predict_time": [0.001, 0.001],
    ...         "n_test": [50, 50],
    ...     }
    ... )
    >>> display = TimesDisplay(scores).plot()
    >>> [text.get_text() for ax in display.axes_ for text in ax.texts]
    ['200 ms', '20 µs']
    """

    def __init__(self, scores: pd.DataFrame) -> None:
        self.scores = scores

    def plot(self, axes: Axes | Sequence[Axes] | None = None) -> TimesDisplay:
        """Draw the times.

        Parameters
        ----------
        axes : matplotlib Axes or sequence of them, default=None
            Axes to draw on, one for fits, or two for fits and predictions. None makes a new
            figure with two.

        Returns
        -------
        display : TimesDisplay
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `scores` is not a data frame.
        ValueError
            If `scores` has no rows or lacks a column, or there are neither one nor two axes.
        """
        require_matplotlib()
        columns = ["task", "model", "split", "fit_time", "predict_time", "n_test"]
        check_table(self, "scores", columns)
        scores = self.scores
        if "attack" in scores:
            scores = scores[scores["attack"] == "none"]
        models = names_of(scores["model"])
        own_figure = axes is None
        size = {"figsize": (7.2, 1.3 + 0.26 * len(models)), "sharey": True}
        number = 1 if np.size(axes) == 1 and not own_figure else 2
        set_grid(self, axes, (1, number), "for fits and for predictions, or one for fits", **size)
        self.axes_ = self.axes_.ravel()
        kinds = {
            "Fit": scores["fit_time"],
            "Prediction per row": scores["predict_time"] / scores["n_test"],
        }
        self.points_ = [
            self._draw(ax, kind, scores.assign(seconds=seconds), models)
            for ax, (kind, seconds) in zip(self.axes_, kinds.items(), strict=False)
        ]
        if own_figure:
            self.figure_.suptitle(f"Times on {tables_text(scores)}", fontsize="medium")
        return self

    def _draw(self, ax, kind, scores, models):
        rows_of_models(ax, models)
        ax.set_xscale("log")
        ax.set_xlabel(kind)
        points, means = [], {}
        shortest, longest = np.inf, 0.0
        for model, style, rows in by_model(scores):
            tasks = rows.dropna(subset="seconds").groupby("task", observed=True)
            # A clock may not resolve a short prediction.
            seconds = tasks["seconds"].median().clip(lower=1e-9)
            if len(seconds):
                row = models.index(model)
                shortest, longest = min(shortest, seconds.min()), max(longest, seconds.max())
                means[row] = float(np.exp(np.log(seconds).mean()))
                point = {"linestyle": "none", "markersize": 4, "alpha": 0.7}
                points += ax.plot(seconds, np.full(len(seconds), row), **style, **point)
                ax.vlines(means[row], row - 0.3, row + 0.3, color=style["color"], linewidth=2)
        if means:
            # Whole powers of ten, and room for the numbers on the right.
            low, high = np.floor(np.log10(shortest)), np.ceil(np.log10(longest))
            high += low == high
            ax.set_xlim(10.0 ** (low - 0.1), 10.0 ** (high + 0.3 * (high - low)))
            ticks = 10.0 ** np.arange(low, high + 1, np.ceil((high - low) / 4))
            ax.set_xticks(ticks, map(time_label, ticks))
        ax.minorticks_off()
        for row in range(len(models)):
            if row in means:
                place = {"transform": ax.get_yaxis_transform(), "fontsize": "small"}
                align = {"horizontalalignment": "right", "verticalalignment": "center"}
                ax.text(0.99, row, time_label(means[row]), **place, **align)
            else:
                note_in_row(ax, row, "n/a")
        return points


def time_label(seconds):
    """Return a time as short text, in the unit that fits."""
    units = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}
    # A little less than a unit is rounded to one of it.
    unit = next((unit for unit, size in units.items() if seconds >= 0.9995 * size), "ns")
    number = seconds / units[unit]
    return f"{number:.0f} {unit}" if number >= 9.95 else f"{number:.2g} {unit}"
