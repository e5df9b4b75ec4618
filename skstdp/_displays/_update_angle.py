"""Angles between the updates of rules and the gradient, against epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._axes import COLORS, check_table, set_grid

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    import pandas as pd
    from matplotlib.axes import Axes


class UpdateAngleDisplay:
    """Angle between the updates of rules and the gradient: one axes per layer, a line per model.

    Lines are means over splits or seeds, with bands from the least to the largest. A thin line
    marks 90 degrees, below which a small step along the update lowers the cross-entropy.

    Parameters
    ----------
    angles : DataFrame
        Columns epoch, layer and angle in degrees, as `skstdp.benchmarks.update_angles` returns
        them. A column model distinguishes several rules; rows with the same model, layer and
        epoch are of several splits or seeds.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_layers,)
        Axes of the layers.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    lines_ : list of matplotlib Line2D
        For each layer one line per model.

    See Also
    --------
    LearningCurvesDisplay : Accuracy and loss against epoch.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import BPClassifier, TargetPropagationClassifier, UpdateAngleDisplay
    >>> from skstdp.benchmarks import update_angles
    >>> X, y = load_iris(return_X_y=True)
    >>> angles = pd.concat(
    ...     update_angles(model((8, 5), max_iter=30, random_state=seed), X, y).assign(model=name)
    ...     for name, model in [("BP", BPClassifier), ("DTP", TargetPropagationClassifier)]
    ...     for seed in range(2)
    ... )
    >>> display = UpdateAngleDisplay(angles).plot()
    >>> [line.get_label() for line in display.lines_[:2]]
    ['BP', 'DTP']
    >>> len(display.axes_)
    3
    """

    def __init__(self, angles: pd.DataFrame) -> None:
        self.angles = angles

    def plot(self, axes: Sequence[Axes] | None = None, **kwargs: Any) -> UpdateAngleDisplay:
        """Draw the angles.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, default=None
            Axes to draw on, one per layer. None makes a new figure.
        **kwargs : dict
            Passed to `matplotlib.axes.Axes.plot` for every line.

        Returns
        -------
        display : UpdateAngleDisplay
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `angles` is not a data frame.
        ValueError
            If `angles` has no rows or lacks a column, or there is not one axes for each layer.
        """
        check_table(self, "angles", ["epoch", "layer", "angle"])
        table = self.angles if "model" in self.angles else self.angles.assign(model="")
        colors = dict(zip(table["model"].unique(), COLORS * len(table), strict=False))
        layers = dict(list(table.groupby("layer")))
        shape = len(layers)
        options = {"figsize": (1 + 2.8 * shape, 3.2), "sharey": True}
        set_grid(self, axes, (1, shape), "one per layer", **options)
        self.axes_ = self.axes_.ravel()
        self.lines_ = []
        for ax, (layer, of_layer) in zip(self.axes_, layers.items(), strict=True):
            ax.axhline(90, color="0.6", linewidth=1)
            for model, rows in of_layer.groupby("model", sort=False):
                angles = rows.groupby("epoch")["angle"]
                mean = angles.mean()
                style = {"color": colors[model], "label": model} | kwargs
                (line,) = ax.plot(mean.index, mean, **style)
                ax.fill_between(
                    mean.index,
                    angles.min(),
                    angles.max(),
                    color=line.get_color(),
                    alpha=0.15,
                    linewidth=0,
                )
                self.lines_.append(line)
            name = "Output" if layer == max(layers) else f"Hidden layer {layer + 1}"
            ax.set_title(name, fontsize="medium")
            ax.set_xlabel("Epoch")
            ax.locator_params(axis="x", integer=True)
            ax.grid(alpha=0.3)
        self.axes_[0].set_ylabel("Angle to the gradient in degrees")
        self.axes_[0].set_ylim(bottom=0)
        if "model" in self.angles:
            self.axes_[-1].legend()
        return self
