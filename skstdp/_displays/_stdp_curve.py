"""Weight change against the spike-time difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .._networks._stdp import stdp_curve
from ._axes import COLORS, LinesDisplay, check_table, set_axes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class STDPCurveDisplay(LinesDisplay):
    """Weight change against the spike-time difference: Figure 4 of the paper.

    Equation 6, on which the rule is based, is solid; equation 5, whose higher peak is on the
    other side than in biological neurons, is dotted.

    Parameters
    ----------
    curves : DataFrame
        Columns equation (5 or 6), delta_t and delta_w, as `from_rule` makes it.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    lines_ : list of matplotlib Line2D
        One curve per equation, in the order of `curves`.

    See Also
    --------
    stdp_curve : The values.

    References
    ----------
    .. [1] S. K. Gupta, "A More Biologically Plausible Local Learning Rule for ANNs",
           arXiv:2011.12012, 2020, Appendix A.

    Examples
    --------
    >>> from skstdp import STDPCurveDisplay
    >>> display = STDPCurveDisplay.from_rule().plot()
    >>> [line.get_label() for line in display.lines_]
    ['Equation 5', 'Equation 6']
    """

    def __init__(self, curves: pd.DataFrame) -> None:
        self.curves = curves

    @classmethod
    def from_rule(
        cls, t_pre: float = 1.0, *, delta_t: ArrayLike | None = None
    ) -> STDPCurveDisplay:
        """Compute both curves.

        Parameters
        ----------
        t_pre : float, default=1.0
            Pre-synaptic spike time, positive, in units of the inverse of a rate.
        delta_t : array-like of shape (n_points,), default=None
            Spike-time differences, in the same units. None takes 1001 from -4 to 4 times
            `t_pre`.

        Returns
        -------
        display : STDPCurveDisplay
            Display of the curves, not drawn yet.

        Raises
        ------
        ValueError
            If `t_pre` is not a finite number > 0.
        TypeError
            If `t_pre` is not a number.
        """
        if delta_t is None:
            delta_t = np.linspace(-4, 4, 1001) * t_pre
        curves = [
            pd.DataFrame(
                {
                    "equation": equation,
                    "delta_t": delta_t,
                    "delta_w": stdp_curve(delta_t, t_pre, corrected=corrected),
                }
            )
            for equation, corrected in ((5, False), (6, True))
        ]
        return cls(pd.concat(curves, ignore_index=True))

    def _draw(self, ax, **kwargs):
        check_table(self, "curves", ["equation", "delta_t", "delta_w"])
        set_axes(self, ax)
        self.lines_ = []
        for equation, curve in self.curves.groupby("equation", sort=False):
            color, linestyle = {5: (COLORS[1], ":"), 6: (COLORS[0], "-")}[equation]
            style = {"color": color, "linestyle": linestyle, "label": f"Equation {equation}"}
            self.lines_ += self.ax_.plot(curve["delta_t"], curve["delta_w"], **(style | kwargs))
        # Each curve has a pole, and so no largest value; most values are far below it.
        height = 2 * self.curves["delta_w"].abs().quantile(0.75)
        self.ax_.set(
            ylim=(-height, height),
            xlabel=r"Spike-time difference $\Delta T = T_{post} - T_{pre}$",
            ylabel=r"Weight change $\Delta W$",
        )
        self.ax_.grid(alpha=0.3)
        self.ax_.legend()
