"""Accuracy under attack against accuracy without."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

from .._robustness._scorers import epsilon_label
from ._axes import COLORS, MARKERS
from ._bands import BandsDisplay

if TYPE_CHECKING:
    import pandas as pd


class RobustnessFrontDisplay(BandsDisplay):
    """Accuracy under attack against accuracy without, one line per family of models.

    Each point is a setting, at its means over seeds; bars are one standard deviation. A model
    is better the further up and to the right it is.

    Parameters
    ----------
    scores : DataFrame
        The `scores` of `skstdp.benchmarks.robustness_fronts` for one task: columns task,
        family, setting, seed, attack, epsilon and accuracy.
    attack : str, default="PGD"
        The attack of the ordinate, at its largest epsilon.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the fronts.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    lines_ : list of matplotlib Line2D
        One for each family, in their order of appearance.

    See Also
    --------
    RobustnessCurveDisplay : Accuracy against the size of the attack.

    Examples
    --------
    >>> import pandas as pd
    >>> from skstdp import RobustnessFrontDisplay
    >>> scores = pd.DataFrame(
    ...     {
    ...         "task": "mnist 4v9",
    ...         "family": "BP",
    ...         "setting": ["decay 0", "decay 0", "decay 1", "decay 1"],
    ...         "seed": 0,
    ...         "attack": ["none", "PGD", "none", "PGD"],
    ...         "epsilon": [0, 0.05, 0, 0.05],
    ...         "accuracy": [0.99, 0.4, 0.97, 0.7],
    ...     }
    ... )
    >>> display = RobustnessFrontDisplay(scores).plot()
    >>> display.lines_[0].get_xdata().tolist()
    [0.97, 0.99]
    """

    def __init__(self, scores: pd.DataFrame, attack: str = "PGD") -> None:
        self.scores = scores
        self.attack = attack

    def _draw(self, ax, **kwargs):
        self._start(self.scores, ax)
        attacked = self.scores[self.scores["attack"] == self.attack]
        if attacked.empty:
            raise ValueError(
                f"Got attack={self.attack!r}, but expected one of those in scores: "
                f"{sorted(set(self.scores['attack']) - {'none'})}."
            )
        epsilon = attacked["epsilon"].max()
        attacked = attacked[attacked["epsilon"] == epsilon]
        clean = self.scores[self.scores["attack"] == "none"]
        styles = zip(cycle(COLORS), cycle(MARKERS), strict=False)
        for (family, of_family), (color, marker) in zip(
            clean.groupby("family", sort=False), styles, strict=False
        ):
            x = of_family.groupby("setting", sort=False)["accuracy"].agg(["mean", "std"])
            under = attacked[attacked["family"] == family].groupby("setting")["accuracy"]
            y = under.agg(["mean", "std"]).reindex(x.index)
            order = x["mean"].argsort()
            x, y = x.iloc[order], y.iloc[order]
            style = {"color": color, "marker": marker, "markersize": 4, "label": family}
            self.lines_ += self.ax_.plot(x["mean"], y["mean"], **(style | kwargs))
            bars = {"xerr": x["std"], "yerr": y["std"], "ecolor": color, "alpha": 0.4}
            self.ax_.errorbar(x["mean"], y["mean"], fmt="none", **bars)
        self.ax_.set(
            xlabel="Accuracy without attack",
            ylabel=f"Accuracy under {self.attack}, {epsilon_label(epsilon)}",
        )
        self.ax_.legend()
