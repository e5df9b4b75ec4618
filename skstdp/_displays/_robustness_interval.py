"""Accuracy without attack, and the interval that holds the accuracy under an ideal attack."""

from __future__ import annotations

import pandas as pd

from .._robustness._scorers import epsilon_label
from .._utils._validation import check_number
from ._axes import COLORS, check_table
from ._bands import BandsDisplay

_COLOR, _WEAK, _STRONG = COLORS[0], COLORS[5], COLORS[1]
# Of each measure, by its name in the table: its name in the legend, and how it is drawn.
_MARKS = {
    "none": ("no attack", {"marker": "o", "markerfacecolor": "white", "color": "black"}),
    "PGD": ("PGD", {"marker": "|", "color": _WEAK, "markersize": 9, "markeredgewidth": 2}),
    "worst case": ("worst case", {"marker": "D", "color": _STRONG}),
    "certified": ("certified", {"marker": "s", "color": _COLOR}),
}


class RobustnessIntervalDisplay(BandsDisplay):
    """Accuracies of several families of models: without attack, under attack, and certified.

    One row per family. A bar goes from the certified accuracy, a lower bound, to that in the worst
    case of many attacks, an upper bound: the accuracy under an ideal attack lies on it. Where
    there is no certificate there is no bar. All are means over splits.

    Parameters
    ----------
    scores : DataFrame
        The `scores` of `skstdp.benchmarks.robustness_fronts` for one task: columns task, family,
        attack, epsilon and accuracy. If family is categorical, each category has a row, so that
        axes of several tasks can share their rows.
    epsilon : float, default=None
        Size of the attacks, one of those in `scores`. None takes the largest.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the accuracies.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    lines_ : list of matplotlib Line2D
        The marks of each measure, in the order no attack, PGD, worst case and certified.
    bars_ : matplotlib LineCollection
        The bars, one for each family with a certificate.

    See Also
    --------
    RobustnessCurveDisplay : Accuracy against the size of the attack.

    Examples
    --------
    >>> import pandas as pd
    >>> from skstdp import RobustnessIntervalDisplay
    >>> scores = pd.DataFrame(
    ...     {
    ...         "task": "mnist 4v9",
    ...         "family": "BP",
    ...         "attack": ["none", "PGD", "worst case", "certified"],
    ...         "epsilon": [0, 0.05, 0.05, 0.05],
    ...         "accuracy": [0.99, 0.4, 0.38, 0.3],
    ...     }
    ... )
    >>> display = RobustnessIntervalDisplay(scores).plot()
    >>> [float(line.get_xdata()[0]) for line in display.lines_]
    [0.99, 0.4, 0.38, 0.3]
    """

    def __init__(self, scores: pd.DataFrame, epsilon: float | None = None) -> None:
        self.scores = scores
        self.epsilon = epsilon

    def _draw(self, ax, **kwargs):
        check_table(self, "scores", ["task", "family", "attack", "epsilon", "accuracy"])
        epsilon = self.scores["epsilon"].max() if self.epsilon is None else self.epsilon
        check_number(epsilon, "epsilon", zero=True)
        of_size = self.scores["epsilon"] == epsilon
        if epsilon == 0 or not of_size.any():
            sizes = sorted({*self.scores["epsilon"]} - {0})
            raise ValueError(
                f"Got epsilon={self.epsilon!r}, but expected a size of the attacks in scores: "
                f"{', '.join(map(epsilon_label, sizes))}."
            )
        self._start(self.scores, ax)
        shown = self.scores[of_size | (self.scores["attack"] == "none")]
        means = shown.groupby(["family", "attack"], sort=False, observed=True)["accuracy"].mean()
        means = means.unstack().reindex(columns=list(_MARKS))
        if isinstance(self.scores["family"].dtype, pd.CategoricalDtype):
            means = means.reindex(self.scores["family"].cat.categories)
        rows = range(len(means))
        bounded = means["certified"].notna() & means["worst case"].notna()
        self.bars_ = self.ax_.hlines(
            [row for row, has_bar in zip(rows, bounded, strict=True) if has_bar],
            *means.loc[bounded, ["certified", "worst case"]].to_numpy().T,
            color=_COLOR,
            alpha=0.35,
            linewidth=5,
        )
        for attack, (label, style) in _MARKS.items():
            style = {"linestyle": "none", "markersize": 5, "label": label} | style | kwargs
            self.lines_ += self.ax_.plot(means[attack], rows, **style)
        self.ax_.set_yticks(rows, means.index, fontsize="small")
        self.ax_.set(xlim=(-0.02, 1.02), xlabel=f"Accuracy, attacks of {epsilon_label(epsilon)}")
        self.ax_.set(ylabel="", ylim=(len(means) - 0.5, -0.5))
        self.ax_.legend(fontsize="small")
