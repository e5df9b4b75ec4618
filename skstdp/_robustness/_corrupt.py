"""Corrupted samples, of the kind of X."""

from __future__ import annotations

from math import prod
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import check_random_state

from .._utils._frames import Table
from .._utils._validation import (
    check_number,
    check_seed,
    nearest,
    refuse_equal_names,
    refuse_lazy,
)
from ._columns import Columns, listed
from ._corruptions import CORRUPTIONS, of_columns, of_images
from ._threat_model import ThreatModel

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.random import RandomState
    from numpy.typing import ArrayLike


__all__ = ["corrupt"]


def corrupt(
    X: ArrayLike,
    corruption: str,
    size: float,
    *,
    image_shape: Sequence[int] | None = None,
    reference: ArrayLike | None = None,
    bounds: object = None,
    immutable: str | int | Sequence[str | int] | None = (),
    random_state: int | RandomState | None = 0,
) -> Any:
    r"""Corrupt samples as sensors, transmission or data entry may do it.

    Nobody chooses a corruption to mislead a classifier, and no classifier is needed for it. The
    names, with x a value and s the `size`:

    ======================  ====================================================  =================
    corruption              new value                                             s at severity 1-5
    ======================  ====================================================  =================
    ``gaussian noise``      :math:`x + s \sigma z`, z standard normal             .1 .2 .4 .7 1
    ``missing as mean``     the mean, in a share s of the cells                   .1 .2 .4 .6 .8
    ``missing as minimum``  the smallest value, in a share s of the cells         .1 .2 .4 .6 .8
    ``missing as zero``     0, in a share s of the cells                          .1 .2 .4 .6 .8
    ``contrast``            :math:`x + s (m - x)`, m the mean                     .2 .4 .6 .8 .9
    ``gain``                :math:`x (1 + s z)`, one z per column                 .02 .05 .1 .2 .3
    ``offset``              :math:`x + s \sigma z`, one z per column              .1 .2 .4 .7 1
    ``permutation``         that of another row, in a share s of each column      .1 .2 .4 .6 .8
    ``brightness``          :math:`x + s \sigma`                                  .1 .2 .3 .4 .5
    ``dimming``             :math:`x + s (l - x)`, l the smallest value           .2 .4 .6 .8 .9
    ``blur``                Gaussian filter, standard deviation of s pixels       .5 1 1.5 2 3
    ``rotation``            image turned by s degrees, either way                 5 10 20 30 45
    ``shift``               image moved by s pixels in one of four directions     1 2 3 4 5
    ======================  ====================================================  =================

    In a table the mean, the smallest value and :math:`\sigma`, the standard deviation, are those
    of a column. In images the mean is that of the image (and channel), the smallest value and
    :math:`\sigma`, there the range, are those of all pixels; noise and offset then have .08 .12
    .18 .26 .38 at the severities 1 to 5, as in ImageNet-C [1]_, and a missing pixel loses all its
    channels. The last five corruptions are for images alone. Sizes of a severity in pixels are
    those above for a shorter side of 28 pixels, and in proportion to it; pixels from beyond the
    edge repeat those at the edge.

    Draws do not depend on the size: with one `random_state`, noise of size 0.2 is twice that of
    size 0.1, and what is missing at 0.1 is missing at 0.2.

    Parameters
    ----------
    X : array-like, pandas or polars data frame of shape (n_samples, n_features)
        Samples. In a table, text, categories, dates, truth values and missing values stay as they
        are. Whole numbers are rounded to whole numbers.
    corruption : str
        One of the names above.
    size : float
        Size of the corruption, >= 0, and at most 1 for the missing values, contrast,
        permutation and dimming. With 0 nothing changes.
    image_shape : tuple (height, width) or (height, width, n_channels), default=None
        Shape of the images that the rows of X hold, in C order. None for a table.
    reference : array-like or data frame of shape (n_reference_samples, n_features), default=None
        Samples with the columns of X from which the statistics are computed, such as the training
        data. None takes X.
    bounds : tuple (low, high), dict, Series, "data" or None, default=None
        Bounds of the new values: numbers, one per feature or by column, or pairs by column. "data"
        is the range in the reference. None is no bound for a table, and for images the range of
        all pixels in the reference. A value of X that is out of bounds may stay, and is not moved
        further out.
    immutable : str, int, sequence of these or None, default=()
        Columns that must not change, by name or position.
    random_state : int, RandomState instance or None, default=0
        Draws what is random.

    Returns
    -------
    X_new : ndarray or data frame of shape (n_samples, n_features)
        Corrupted samples, of the type of X, with the same columns and dtypes.

    Raises
    ------
    ValueError
        If there is no corruption of the name, or only for images; if a parameter is not in its
        range or names a column that there is not; if no column can change; if a value is infinite;
        or if images hold a value that is missing or no number.
    TypeError
        If X is sparse or not computed yet, or `size` is no real number.

    See Also
    --------
    corruption_report : Accuracy of a classifier under several corruptions.
    CorruptionScorer : Accuracy under one of them, as a scorer.
    pgd : Samples that an attacker changed.

    References
    ----------
    .. [1] D. Hendrycks, T. Dietterich, "Benchmarking Neural Network Robustness to Common
           Corruptions and Perturbations", arXiv:1903.12261, 2019.

    Examples
    --------
    >>> import pandas as pd
    >>> from skstdp import corrupt
    >>> X = pd.DataFrame({"age": [20, 30, 70], "city": ["Rome", "Oslo", "Rome"]})
    >>> corrupt(X, "contrast", 0.5)
       age  city
    0   30  Rome
    1   35  Oslo
    2   55  Rome
    >>> corrupt(X, "missing as minimum", 2 / 3)["age"].tolist()
    [20, 30, 20]
    """
    check_corruption(corruption, image_shape)
    check_corruption_size(size, corruption, "size")
    check_seed(random_state, "random_state")
    samples = Samples(X, image_shape, reference, bounds, immutable)
    return samples.corrupted(corruption, size, random_state)


def check_corruption(name, image_shape):
    """Raise unless there is a corruption of the name for a table or for images."""
    if not isinstance(name, str) or name not in CORRUPTIONS:
        raise ValueError(
            f"Got the corruption {name!r}, but expected one of "
            f"{', '.join(map(repr, CORRUPTIONS))}.{nearest(name, CORRUPTIONS)}"
        )
    if image_shape is None and CORRUPTIONS[name].sizes is None:
        raise ValueError(
            f"Got the corruption {name!r} without image_shape, but expected the shape of the "
            "images, such as (28, 28): it is not for tables."
        )


def check_corruption_size(size, name, parameter):
    """Raise unless a size is a finite number >= 0, of shares <= 1."""
    check_number(size, parameter, zero=True)
    if size > CORRUPTIONS[name].largest:
        raise ValueError(
            f"Got {parameter}={size!r} for the corruption {name!r}, but expected a share from 0 "
            "to 1."
        )


def check_image_shape(image_shape, n_features=None):
    """Raise unless a shape is two or three integers >= 1, whose product is that of features."""
    if image_shape is None:
        return
    expected = "a pair (height, width), or (height, width, n_channels), of integers >= 1"
    sides = [image_shape] if np.ndim(image_shape) == 0 else list(image_shape)
    if len(sides) not in (2, 3) or not all(isinstance(n, Integral) and n >= 1 for n in sides):
        raise ValueError(f"Got image_shape={image_shape!r}, but expected {expected}.")
    if n_features is not None and prod(sides) != n_features:
        raise ValueError(
            f"Got image_shape={image_shape!r}, which has {prod(sides)} values, but expected the "
            f"shape of images of {n_features}, the number of columns of X."
        )


class Samples:
    """Samples of any kind, and how they may change.

    Parameters
    ----------
    X, image_shape, reference, bounds, immutable
        As in `corrupt`.
    """

    def __init__(self, X, image_shape=None, reference=None, bounds=None, immutable=()):
        check_image_shape(image_shape)
        self._table = _table(X, "X")
        points = self._table.points
        check_image_shape(image_shape, points.shape[1])
        columns = Columns(self._table.names, points.shape[1])
        if image_shape is not None:
            self._check_images(columns)
        self._free = self._free_columns(columns, immutable)
        measured = points if reference is None else self._points_of(reference)
        if image_shape is None:
            self._values = points[:, self._free]
            of_free = self._statistics = of_columns(measured[:, self._free])
            _check_known(of_free.mean, self._values, np.flatnonzero(self._free), columns)
            default, data = None, of_columns(measured)[:2]
        else:
            if np.isnan(measured).any():
                raise ValueError(
                    "Got a missing value in the reference, but expected a number for each pixel."
                )
            height, width, *n_channels = image_shape
            self._values = points.reshape(-1, height, width, *(n_channels or [1]))
            self._statistics = of_images(measured, self._values)
            default = self._statistics[:2]
            data = measured.min(axis=0), measured.max(axis=0)
        self._low, self._high = self._bounds(bounds, default, data, columns)

    def corrupted(self, name, size, random_state):
        """X under a corruption of a size."""
        points = self._table.points
        draws = check_random_state(random_state)
        # What overflows is infinite and then clipped, or else refused.
        with np.errstate(over="ignore"):
            values = CORRUPTIONS[name].apply(self._values, size, self._statistics, draws)
        new = points.astype(np.float64)
        if values.ndim == 2:
            new[:, self._free] = values
        else:
            new[:, self._free] = values.reshape(points.shape)[:, self._free]
        low, high = np.minimum(self._low, points), np.maximum(self._high, points)
        return self._table.rebuild(np.clip(new, low, high).astype(points.dtype))

    def _free_columns(self, columns, immutable):
        table = self._table
        least, most = table.limits
        # Of whole numbers only truth values have so short a range.
        free = ~(table.integer & (least == 0) & (most == 1))
        free[list(table.fixed)] = False
        free[columns.positions(listed(immutable), "immutable")] = False
        if not free.any():
            raise ValueError(
                "Got X without a column that may change, but expected one of numbers that are not "
                "truth values, and that is not in immutable."
            )
        return free

    def _points_of(self, reference):
        other = _table(reference, "reference")
        shapes = self._table.points.shape[1], other.points.shape[1]
        if shapes[0] != shapes[1] or self._table.names != other.names:
            raise ValueError(
                f"Got a reference of {shapes[1]} columns, but expected the {shapes[0]} columns of "
                "X, with the same names in the same order."
            )
        wrong = np.flatnonzero(self._free & np.isin(np.arange(shapes[0]), list(other.fixed)))
        if len(wrong):
            name = Columns(other.names, shapes[1]).name(wrong[0])
            raise ValueError(
                f"Got a reference whose column {name!r} {other.fixed[wrong[0]]}, but expected "
                "numbers, as in X."
            )
        return other.points

    def _check_images(self, columns):
        for position, reason in self._table.fixed.items():
            raise ValueError(
                f"Got the column {columns.name(position)!r} that {reason}, but expected images "
                "of numbers."
            )
        missing = np.argwhere(np.isnan(self._table.points))
        if len(missing):
            row, column = missing[0]
            raise ValueError(
                f"Got a missing value in the column {columns.name(column)!r} (row {row}), but "
                "expected a number for each pixel."
            )

    def _bounds(self, bounds, default, data, columns):
        bounds = default if bounds is None else bounds
        if isinstance(bounds, str) and bounds == "data":
            # Columns of which nothing is known do not change.
            bounds = np.nan_to_num(data[0], nan=-np.inf), np.nan_to_num(data[1], nan=np.inf)
        return ThreatModel(0, bounds=bounds).bounds_of(
            columns, self._table.points, self._table.limits
        )


def _table(X, name):
    refuse_lazy(X, name)
    refuse_equal_names(X, name)
    table = Table(X, keep_missing=True)
    if not len(table.points):
        raise ValueError(f"Got {name} without rows, but expected one at least.")
    infinite = np.argwhere(np.isinf(table.points))
    if len(infinite):
        row, column = infinite[0]
        label = Columns(table.names, table.points.shape[1]).name(column)
        raise ValueError(
            f"Got an infinite value in the column {label!r} of {name} (row {row}), but expected "
            "finite numbers."
        )
    return table


def _check_known(mean, values, positions, columns):
    """Raise where the reference holds no value of a column that X has values of."""
    unknown = np.flatnonzero(np.isnan(mean) & ~np.isnan(values).all(axis=0))
    if len(unknown):
        name = columns.name(positions[unknown[0]])
        raise ValueError(
            f"Got a reference without a value in the column {name!r}, but expected one at least."
        )
