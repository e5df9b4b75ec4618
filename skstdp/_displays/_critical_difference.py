"""Mean ranks, and which models do not differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ._axes import all_shortened, require_matplotlib, set_axes, style_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class CriticalDifferenceDisplay:
    """Mean ranks of models over tasks; bars join models that do not differ significantly.

    The best model is on the left. Each bar has a dot at each model of a largest possible group in
    which no two differ; a model that it passes without a dot is not of the group.

    Parameters
    ----------
    ranks : Series of shape (n_models,)
        Mean rank by model, such as the `ranks` of `skstdp.benchmarks.RankTests`. Its order gives
        the colours; models with a rank of NaN are left out, but keep their number.
    p_values : DataFrame of shape (n_models, n_models)
        P-value of each pair, with the models as index and columns, as `RankTests.p_values` gives.
    alpha : float, default=0.05
        Models differ if their p-value is below this.
    critical_difference : float, default=None
        Drawn above the axis if given. It belongs to p-values of Nemenyi's test.
    title : str, default=None
        Title of the axes. None takes one that says how many models and which level.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the ranks.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    markers_ : list of matplotlib Line2D
        One per model, from the best to the worst.
    bars_ : list of matplotlib Line2D
        One per group of models that do not differ.

    See Also
    --------
    ScoreDistributionDisplay : The scores themselves.

    Notes
    -----
    Drawn by `scikit_posthocs.critical_difference_diagram`.

    References
    ----------
    .. [1] J. Demsar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 7,
           2006.

    Examples
    --------
    >>> import pandas as pd
    >>> from skstdp import CriticalDifferenceDisplay
    >>> models = ["STDP", "BP", "forest"]
    >>> ranks = pd.Series([2.7, 1.9, 1.4], index=models)
    >>> p_values = pd.DataFrame(
    ...     [[1, 0.01, 0.01], [0.01, 1, 0.3], [0.01, 0.3, 1]], index=models, columns=models
    ... )
    >>> display = CriticalDifferenceDisplay(ranks, p_values).plot()
    >>> [[float(end) for end in bar.get_xdata()] for bar in display.bars_]
    [[1.4, 1.9]]
    """

    def __init__(
        self,
        ranks: pd.Series,
        p_values: pd.DataFrame,
        *,
        alpha: float = 0.05,
        critical_difference: float | None = None,
        title: str | None = None,
    ) -> None:
        self.ranks = ranks
        self.p_values = p_values
        self.alpha = alpha
        self.critical_difference = critical_difference
        self.title = title

    def plot(self, ax: Axes | None = None) -> CriticalDifferenceDisplay:
        """Draw the diagram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        Returns
        -------
        display : CriticalDifferenceDisplay
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib or scikit-posthocs is not installed.
        ValueError
            If there are no p-values of all models that have a rank.
        """
        require_matplotlib()
        try:
            from scikit_posthocs import critical_difference_diagram
        except ImportError as error:
            raise ImportError(
                "Diagrams of critical differences need scikit-posthocs. Install it with: pip "
                'install "skstdp[report]"'
            ) from error
        ranks = self.ranks.dropna()
        p_values = self.p_values.reindex(index=ranks.index, columns=ranks.index)
        if len(ranks) < 2 or p_values.isna().any(axis=None):
            raise ValueError(
                f"Got ranks of {len(ranks)} model(s) and p_values of {len(self.p_values)}, but "
                "expected at least two models with a rank, and a p-value of each pair of them. "
                "Tests over tables need at least two tables."
            )
        styles = {model: style_of(index) for index, model in enumerate(self.ranks.index)}
        own_figure = ax is None
        set_axes(self, ax)
        self.ax_.set_xlim(0.8, len(ranks) + 0.2)
        drawn = critical_difference_diagram(
            ranks,
            p_values,
            alpha=self.alpha,
            ax=self.ax_,
            color_palette={model: style["color"] for model, style in styles.items()},
            marker_props={"s": 0},
            label_props={"fontsize": "small"},
            crossbar_props={"color": "0.2", "marker": "o", "markersize": 4, "linewidth": 2.5},
        )
        best_first = ranks.sort_values().index
        # In the order of the diagram: the better half from the best on, the others from the worst.
        half = (len(ranks) + 1) // 2
        in_order = [*best_first[:half], *best_first[half:][::-1]]
        names = all_shortened(in_order)
        for model, name, text in zip(in_order, names, drawn["labels"], strict=True):
            parts = [name, f"{ranks[model]:.2f}"]
            if text.get_horizontalalignment() == "left":
                parts.reverse()
            # Light colours do not make readable text. The spaces keep it off the line.
            text.set(color="black", text=f" {'  '.join(parts)} ")
        self.bars_ = [line for lines in drawn["crossbars"] for line in lines]
        for bar in self.bars_:
            bar.set_xdata(sorted(bar.get_xdata()))
        above = {"linestyle": "none", "zorder": 4, "clip_on": False}
        self.markers_ = [
            self.ax_.plot(ranks[model], 0, **above, **styles[model])[0] for model in best_first
        ]
        if self.critical_difference is not None:
            self._draw_critical_difference(self.critical_difference)
        self.ax_.set_xticks(np.arange(1, len(ranks) + 1))
        self.ax_.tick_params(labelsize="small")
        title = self.title or f"Mean ranks of {len(ranks)} models"
        note = f"Joined: no significant difference at {self.alpha:g}"
        self.ax_.set_title(f"{title}\n{note}", fontsize="medium", pad=14)
        if own_figure:
            low, high = self.ax_.get_ylim()
            self.figure_.set_size_inches(6.4, 1.2 + 0.24 * (high - low))
        return self

    def _draw_critical_difference(self, length):
        """Draw how far apart mean ranks must be, above the numbers of the axis."""
        y = 1.6
        bar = {"color": "0.2", "marker": "|", "linewidth": 1.5, "label": "_critical difference"}
        self.ax_.plot([1, 1 + length], [y, y], **bar)
        text = f"  critical difference {length:.2f}"
        self.ax_.text(1 + length, y, text, verticalalignment="center", fontsize="small")
