"""Colours and axes of all figures; matplotlib is imported late."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from typing import Any, Self

    from matplotlib.axes import Axes

# The colours of Okabe and Ito, which colour-blind readers can distinguish, dark ones first.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
MARKERS = "osD^vP*"
LINESTYLES = ("-", "--", ":", "-.")


def require_matplotlib():
    """Raise an ImportError that says how to install matplotlib if it is missing."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            'Figures need matplotlib. Install it with: pip install "skstdp[plot]"'
        ) from error


def check_table(display, name, columns):
    """Raise an error unless a display holds a data frame with rows and these columns."""
    table = getattr(display, name)
    expected = f"a data frame with rows and the columns {', '.join(columns)}"
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"Got {name} of type {type(table).__name__}, but expected {expected}.")
    missing = [column for column in columns if column not in table]
    if missing:
        lacks = f"without the columns {', '.join(map(repr, missing))}"
        raise ValueError(f"Got {name} {lacks}, but expected {expected}.")
    if table.empty:
        raise ValueError(f"Got {name} without rows, but expected {expected}.")


def set_axes(display, ax):
    """Set `ax_` and `figure_` of a display to the given axes, or to those of a new figure."""
    require_matplotlib()
    if ax is None:
        from matplotlib import pyplot

        _, ax = pyplot.subplots(layout="constrained")
    display.ax_, display.figure_ = ax, ax.figure


def set_grid(display, axes, shape, expected, **options):
    """Set `axes_` and `figure_` of a display to the given axes, or to those of a new figure.

    The shape is the number of axes in one column, or the numbers of rows and columns. A ValueError
    says what is `expected` if another number is given; `options` are those of `subplots`.
    """
    require_matplotlib()
    if axes is None:
        from matplotlib import pyplot

        _, axes = pyplot.subplots(*shape, squeeze=False, layout="constrained", **options)
    axes = np.ravel(axes)
    if len(axes) != prod(shape):
        raise ValueError(f"Got {len(axes)} axes, but expected {prod(shape)}, {expected}.")
    display.axes_, display.figure_ = axes.reshape(shape), axes[0].figure


class LinesDisplay:
    """Display of lines on one axes, which `_draw` makes after its checks."""

    def plot(self, ax: Axes | None = None, **kwargs: Any) -> Self:
        """Draw the lines.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        **kwargs : dict
            Passed to `matplotlib.axes.Axes.plot` for every line.

        Returns
        -------
        display : object
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If the table is not a data frame.
        ValueError
            If the table has no rows or lacks a column, holds several tasks, or does not fit a
            parameter of the display.
        """
        require_matplotlib()
        self._draw(ax, **kwargs)
        return self


def style_of(index):
    """Return colour and marker of a model by its number: the first 49 differ in one of them."""
    n_colors = len(COLORS)
    shift = index // n_colors
    return {"color": COLORS[index % n_colors], "marker": MARKERS[(index + shift) % len(MARKERS)]}


def names_of(column):
    """List the names in a column, in the order of its categories if it has any.

    Tables of one comparison have the models as categories, so that a model has the same number,
    and so the same colour, where others are not there.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return list(column.cat.categories)
    return list(column.unique())


def by_model(table):
    """Yield name, style and rows of each model that has rows."""
    for index, model in enumerate(names_of(table["model"])):
        rows = table[table["model"] == model]
        if len(rows):
            yield model, style_of(index), rows


def shortened(name, length=28):
    """Return a name, without its middle if it is too long for a label."""
    name = str(name)
    if len(name) <= length:
        return name
    end = length // 2 - 1
    return f"{name[: length - end - 1]}…{name[-end:]}"


def all_shortened(names, length=28):
    """Return names as short as this, or as it takes for different ones to differ."""
    names = [str(name) for name in names]
    short = [shortened(name, length) for name in names]
    if len({*short}) < len({*names}):
        return all_shortened(names, length + 8)
    return short


def by_name(models):
    """Return several models by name, or a single one without."""
    return models if isinstance(models, dict) else {"": models}


def versions(model):
    """Return the fits of one model to several splits, of which there may be one."""
    return model if isinstance(model, list | tuple) else [model]
