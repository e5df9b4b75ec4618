"""Weights of the units of the first layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ._axes import require_matplotlib, set_axes
from ._network import own_classes, unwrap

if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator


# Of the weights shown, so that a few large ones do not leave the others pale.
_DARKEST = 0.995


class WeightMapDisplay:
    """First-layer weights, unit by unit: as images, or as a table of units and features.

    The units are in the order of the classes they stand for. Red drives a unit up where the
    feature is high, blue where it is low.

    Parameters
    ----------
    weights : DataFrame of shape (n_units, n_features)
        Growth of the drive of a unit with each feature.
    classes : sequence of shape (n_units,), default=None
        Class that each unit stands for. None where units stand for none, as in `BPClassifier`.
    image_shape : tuple (height, width), default=None
        Shape of the images that the features are pixels of, row by row. None draws a table.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the weights.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    image_ : matplotlib AxesImage
        The weights.

    See Also
    --------
    ActivityDisplay : Mean rates of the units of all layers, by class.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skstdp import STDPClassifier, WeightMapDisplay
    >>> X, y = load_digits(return_X_y=True)
    >>> network = STDPClassifier((20,), max_iter=5, random_state=0).fit(X, y)
    >>> display = WeightMapDisplay.from_estimator(network, image_shape=(8, 8))
    >>> [label.get_text() for label in display.ax_.get_yticklabels()]
    ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']
    """

    def __init__(
        self,
        weights: pd.DataFrame,
        *,
        classes: ArrayLike | None = None,
        image_shape: tuple[int, int] | None = None,
    ) -> None:
        self.weights = weights
        self.classes = classes
        self.image_shape = image_shape

    @classmethod
    def from_estimator(
        cls,
        estimator: BaseEstimator,
        *,
        image_shape: tuple[int, int] | None = None,
        part: int | None = None,
        max_units: int | None = 10,
        ax: Axes | None = None,
        plot_kwargs: dict | None = None,
    ) -> WeightMapDisplay:
        """Take the weights from a fitted network, and draw.

        With several receptive fields a feature has several weights. Shown is the growth of the
        drive while the feature goes from the bottom to the top of its range, or of one part of
        it: the weights of its steps less those of their complements. Where steps are taken of
        ranks, parts are of equal height in ranks.

        Parameters
        ----------
        estimator : classifier
            Fitted network of rates of this package, or a fitted pipeline or search that ends in
            one.
        image_shape : tuple (height, width), default=None
            Shape of the images that the features are pixels of. None draws a table.
        part : int, default=None
            Part of the range, from 0, where the network has several steps per feature. Features
            with fewer steps gain nothing over the other parts. None takes the whole range.
        max_units : int or None, default=10
            Largest number of units to draw for each class. None draws all.
        ax, plot_kwargs : matplotlib Axes and dict, default=None
            Axes to draw on, and keyword arguments of `plot`.

        Returns
        -------
        display : WeightMapDisplay
            Drawn.

        Raises
        ------
        TypeError
            If there is no such network in `estimator`.
        ValueError
            If the images do not have as many pixels as there are features, or the range of a
            feature has no such part.
        """
        network, _ = unwrap(estimator)
        by_step = _by_step(network)
        if part is None:
            by_step = by_step.sum(axis=0)
        elif 0 <= part < len(by_step):
            by_step = by_step[part]
        else:
            raise ValueError(
                f"Got part={part}, but expected one of the {len(by_step)} steps of each feature, "
                "counted from 0."
            )
        names = getattr(network, "feature_names_in_", np.arange(network.n_features_in_))
        own = own_classes(network, 0)
        classes = None if own is None else network.classes_[own]
        display = cls(
            pd.DataFrame(by_step.T, columns=names), classes=classes, image_shape=image_shape
        )
        return display.plot(ax, max_units=max_units, **(plot_kwargs or {}))

    def plot(
        self, ax: Axes | None = None, *, max_units: int | None = 10, **kwargs: Any
    ) -> WeightMapDisplay:
        """Draw the weights.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        max_units : int or None, default=10
            Largest number of units to draw for each class. None draws all.
        **kwargs : dict
            Passed to `matplotlib.axes.Axes.imshow`.

        Returns
        -------
        display : WeightMapDisplay
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If the images do not have as many pixels as there are features.
        """
        require_matplotlib()
        n_features = self.weights.shape[1]
        if self.image_shape is not None and np.prod(self.image_shape) != n_features:
            raise ValueError(
                f"Got image_shape={self.image_shape}, but expected {n_features} pixels, one per "
                "feature."
            )
        groups = self._groups(max_units)
        draw = self._table if self.image_shape is None else self._mosaic
        picture, middles = draw(groups)
        limit = np.nanquantile(np.abs(picture), _DARKEST) or 1.0
        style = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit, "interpolation": "nearest"}
        set_axes(self, ax)
        self.image_ = self.ax_.imshow(picture, **(style | kwargs))
        if self.image_shape is None:
            self.ax_.set_aspect("auto")
            self.ax_.set_xticks(
                range(n_features), map(str, self.weights.columns), rotation=45, ha="right"
            )
            self.ax_.set_xlabel("Feature")
        else:
            self.ax_.set_xticks([])
            self.ax_.spines[:].set_visible(False)
        if self.classes is None:
            self.ax_.set(yticks=[], ylabel="Units")
        else:
            self.ax_.set_yticks(middles, map(str, groups))
            self.ax_.set_ylabel("Class that the units stand for")
            self.ax_.tick_params(axis="y", length=0)
        bar = self.figure_.colorbar(self.image_, ax=self.ax_, fraction=0.03, pad=0.02)
        bar.set_label("Gain in drive from a low to a high value")
        return self

    def _groups(self, max_units):
        """Return the weights of the units to draw, by class."""
        weights = self.weights.to_numpy()
        if self.classes is None:
            # No class has a row of its own, so they fill as many rows.
            return {"": weights[: None if max_units is None else 10 * max_units]}
        classes = np.asarray(self.classes)
        return {label: weights[classes == label][:max_units] for label in np.unique(classes)}

    def _table(self, groups):
        """Lay out one row per unit, with a gap between classes, and the middle of each class."""
        gap = np.full((1, self.weights.shape[1]), np.nan)
        rows, middles = [], []
        for weights in groups.values():
            middles.append(len(rows) + (len(weights) - 1) / 2)
            rows += [*weights, *gap]
        return np.vstack(rows[:-1]), middles

    def _mosaic(self, groups):
        """Lay out one image per unit, ten in a row, and the middle of each class."""
        height, width = self.image_shape
        n_columns = min(10, max(map(len, groups.values())))
        rows, middles = [], []
        for weights in groups.values():
            n_rows = -(-len(weights) // n_columns)
            # Of at least a pixel to the left and on top.
            canvas = np.full((n_rows * (height + 1), n_columns * (width + 1)), np.nan)
            for k, unit in enumerate(weights):
                top, left = k // n_columns * (height + 1), k % n_columns * (width + 1)
                canvas[top : top + height, left : left + width] = unit.reshape(height, width)
            middles.append(sum(map(len, rows)) + (len(canvas) - 2) / 2)
            rows.append(canvas)
        return np.vstack(rows)[:-1, :-1], middles


def _by_step(network):
    """Return the gain in drive over each step, of shape (n_steps, n_features, n_units).

    Features with fewer steps than others gain nothing over the rest.
    """
    coef, (features, _, number) = network.coefs_[0], network._fields().steps
    if not len(features):
        return coef[np.newaxis]
    on, off = np.split(coef, 2)
    gain = np.zeros((number[-1] + 1, network.n_features_in_, coef.shape[1]), coef.dtype)
    gain[number, features] = on - off
    return gain
