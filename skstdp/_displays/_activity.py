"""Mean rates of the units of each layer, by class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ._axes import check_table, set_grid
from ._network import own_classes, unwrap

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator


class ActivityDisplay:
    """Mean rate of each unit on the samples of each class, layer by layer.

    The units are in the order of the classes they stand for. A network that does what its
    associations ask for shows a staircase: each group of units is brightest on its own class. The
    share of units for which this holds is above each layer.

    Parameters
    ----------
    rates : DataFrame
        Columns layer, unit, stands_for (the class the unit stands for, missing where units stand
        for none), class (of the samples) and rate (their mean), one row per unit and class.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One per layer.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    images_ : list of matplotlib AxesImage
        The rates of each layer.
    kept_ : Series
        By layer, the share of units that are most active for the class they stand for. Missing
        where units stand for none.

    See Also
    --------
    WeightMapDisplay : Weights of the units of the first layer.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import ActivityDisplay, STDPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> network = STDPClassifier((30, 15), random_state=0).fit(X, y)
    >>> display = ActivityDisplay.from_estimator(network, X, y)
    >>> display.kept_.round(1).to_dict()
    {'Hidden layer 1': 0.7, 'Hidden layer 2': 0.8, 'Output': 1.0}
    """

    def __init__(self, rates: pd.DataFrame) -> None:
        self.rates = rates

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        X: ArrayLike,
        y: ArrayLike,
        *,
        axes: Sequence[Axes] | None = None,
        plot_kwargs: dict | None = None,
    ) -> ActivityDisplay:
        """Run a fitted network on samples, and draw.

        Parameters
        ----------
        estimator : classifier
            Fitted network of rates of this package, or a fitted pipeline or search that ends in
            one.
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Their labels.
        axes, plot_kwargs : sequence of matplotlib Axes and dict, default=None
            Axes to draw on, one per layer, and keyword arguments of `plot`.

        Returns
        -------
        display : ActivityDisplay
            Drawn.

        Raises
        ------
        TypeError
            If there is no such network in `estimator`.
        ValueError
            If there are labels that the network does not know, or not one axes for each layer.
        """
        network, X = unwrap(estimator, X)
        labels = network.classes_[network._class_indices(y)]
        layers = network._layer_rates(network._rates(X))
        names = [f"Hidden layer {k}" for k in range(1, len(layers))] + ["Output"]
        tables = []
        for layer, (name, rates) in enumerate(zip(names, layers, strict=True)):
            own = own_classes(network, layer)
            table = pd.DataFrame(rates).groupby(labels).mean().rename_axis("class")
            table = table.reset_index().melt("class", var_name="unit", value_name="rate")
            table["layer"] = name
            units = table["unit"].to_numpy(dtype=int)
            table["stands_for"] = np.nan if own is None else network.classes_[own[units]]
            tables.append(table[["layer", "unit", "stands_for", "class", "rate"]])
        return cls(pd.concat(tables, ignore_index=True)).plot(axes, **(plot_kwargs or {}))

    def plot(self, axes: Sequence[Axes] | None = None, **kwargs: Any) -> ActivityDisplay:
        """Draw the rates.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, default=None
            Axes to draw on, one per layer. None makes a new figure.
        **kwargs : dict
            Passed to `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : ActivityDisplay
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `rates` is not a data frame.
        ValueError
            If `rates` has no rows or lacks a column, or there is not one axes for each layer.
        """
        check_table(self, "rates", ["layer", "unit", "stands_for", "class", "rate"])
        layers = dict(list(self.rates.groupby("layer", sort=False)))
        figsize = (6.4, 0.4 + 1.7 * len(layers))
        set_grid(self, axes, (len(layers),), "one per layer", figsize=figsize)
        self.images_ = []
        self.kept_ = pd.Series(
            {name: _share_kept(rates) for name, rates in layers.items()}, name="kept"
        )
        style = {"cmap": "cividis", "vmin": 0, "vmax": 1, "aspect": "auto"}
        style |= {"interpolation": "nearest"}
        for ax, (name, rates) in zip(self.axes_, layers.items(), strict=True):
            by_class = rates.pivot(index="class", columns="unit", values="rate")
            groups = rates.drop_duplicates("unit").set_index("unit")["stands_for"]
            if groups.isna().any():
                # Units that stand for none: by the class that they answer to most.
                groups = by_class.idxmax()
            groups = groups.sort_values(kind="stable")
            self.images_.append(ax.imshow(by_class[groups.index], **(style | kwargs)))
            for border in np.flatnonzero(groups.to_numpy()[1:] != groups.to_numpy()[:-1]):
                ax.axvline(border + 0.5, color="white", linewidth=1)
            ax.set_yticks(range(len(by_class)), map(str, by_class.index))
            middles = pd.Series(range(len(groups))).groupby(groups.to_numpy()).mean()
            ax.set_xticks(middles.to_numpy(), map(str, middles.index))
            kept = self.kept_[name]
            share = "" if np.isnan(kept) else f": {kept:.0%} of units most active for their class"
            ax.set_title(f"{name}{share}", fontsize="medium")
            ax.set_ylabel("Class of samples")
        answer = self.rates["stands_for"].isna().any()
        order = "answer to most" if answer else "stand for"
        self.axes_[-1].set_xlabel(f"Units, by the class they {order}")
        bar = self.figure_.colorbar(self.images_[0], ax=list(self.axes_), fraction=0.03, pad=0.02)
        bar.set_label("Mean rate")
        return self


def _share_kept(rates):
    """Return the share of units that are most active for the class they stand for."""
    if rates["stands_for"].isna().any():
        return np.nan
    strongest = rates.loc[rates.groupby("unit")["rate"].idxmax()]
    return float((strongest["class"] == strongest["stands_for"]).mean())
