"""Corruptions: changes that no attacker chooses, on arrays.

Conventions
-----------
values : ndarray of shape (n_samples, n_features), or of shape (n_samples, height, width,
    n_channels) for images
size : float >= 0; with 0 the values stay as they are
statistics : Statistics, each of them broadcasts against the values
random_state : RandomState instance; how much is drawn does not depend on the size, so that one
    seed gives the same draws at each size

Each function returns new values, before they are rounded and clipped.
"""

import warnings
from collections.abc import Callable
from math import inf
from typing import NamedTuple

import numpy as np


class Statistics(NamedTuple):
    """Statistics of values: per column of a table; for images, of all pixels.

    The mean of images is that of each image and channel. The scale is the standard deviation of
    a column; for images it is their range.
    """

    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    scale: np.ndarray


def of_columns(points):
    """Statistics of the columns of a table, without what is missing."""
    with warnings.catch_warnings():
        # A column of missing values only has none.
        warnings.simplefilter("ignore", RuntimeWarning)
        functions = (np.nanmin, np.nanmax, np.nanmean, np.nanstd)
        return Statistics(*(function(points, axis=0) for function in functions))


def of_images(points, images):
    """Statistics of images: the range of `points`, and the mean of each of the `images`."""
    low, high = points.min(), points.max()
    return Statistics(low, high, images.mean(axis=(1, 2), keepdims=True), high - low)


def _gaussian_noise(values, size, statistics, random_state):
    return values + size * statistics.scale * random_state.standard_normal(values.shape)


def _missing(statistic):
    """Function that sets a share of all values, or of all pixels with their channels."""

    def missing(values, size, statistics, random_state):
        # Pixels lose all their channels.
        shape = values.shape if values.ndim == 2 else (*values.shape[:-1], 1)
        drawn = random_state.random_sample(shape)
        n_missing = round(size * drawn.size)
        chosen = np.zeros(drawn.size, dtype=bool)
        # The smallest ones, so that what is missing at one size is at all larger ones.
        chosen[np.argpartition(drawn, n_missing - 1, axis=None)[:n_missing]] = True
        return np.where(chosen.reshape(shape), statistic(statistics), values)

    return missing


def _contrast(values, size, statistics, random_state):
    return values + size * (statistics.mean - values)


def _gain(values, size, statistics, random_state):
    return values * (1 + size * random_state.standard_normal(values.shape[1:]))


def _offset(values, size, statistics, random_state):
    return values + size * statistics.scale * random_state.standard_normal(values.shape[1:])


def _permutation(values, size, statistics, random_state):
    """Move a share of the values of each column to other rows, in a cycle."""
    columns = values.reshape(len(values), -1)
    new, drawn = columns.copy(), random_state.random_sample(columns.shape)
    for position, column in enumerate(columns.T):
        # What is missing stays where it is.
        present = np.flatnonzero(~np.isnan(column))
        order = present[np.argsort(drawn[present, position])]
        rows = order[: round(size * len(order))]
        new[rows, position] = column[np.roll(rows, -1)]
    return new.reshape(values.shape)


def _brightness(values, size, statistics, random_state):
    return values + size * statistics.scale


def _dimming(values, size, statistics, random_state):
    return values + size * (statistics.low - values)


def _blur(values, size, statistics, random_state):
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(values, size, axes=(1, 2), mode="nearest")


def _rotation(values, size, statistics, random_state):
    """Rotate each image about its centre, one way or the other."""
    from scipy.ndimage import rotate

    new = np.empty_like(values)
    clockwise = random_state.randint(2, size=len(values)) == 1
    options = {"axes": (1, 2), "reshape": False, "order": 1, "mode": "nearest"}
    for angle, rows in ((size, ~clockwise), (-size, clockwise)):
        new[rows] = rotate(values[rows], angle, **options)
    return new


def _shift(values, size, statistics, random_state):
    """Shift each image up, down, left or right; pixels at the edge are repeated."""
    from scipy.ndimage import shift

    new = np.empty_like(values)
    direction = random_state.randint(4, size=len(values))
    for index, (down, right) in enumerate(((-size, 0), (size, 0), (0, -size), (0, size))):
        rows = direction == index
        new[rows] = shift(values[rows], (0, down, right, 0), order=1, mode="nearest")
    return new


class Corruption(NamedTuple):
    """A corruption, and its sizes at the severities 1 to 5.

    Parameters
    ----------
    apply : callable
        Function of values, size, statistics and random state.
    is_random : bool
        Whether it draws anything.
    sizes, image_sizes : tuple of float, or None
        For tables and for images. Those in pixels are for images of 28 pixels, and grow with the
        shorter side. Without sizes for tables it is for images alone.
    unit, image_unit : str
        Unit of the sizes.
    largest : float
        Largest size.
    """

    apply: Callable
    is_random: bool
    sizes: tuple | None
    image_sizes: tuple
    unit: str
    image_unit: str
    largest: float = inf


_SHARES = (0.1, 0.2, 0.4, 0.6, 0.8)
_CONTRASTS = (0.2, 0.4, 0.6, 0.8, 0.9)
# Of the range, those of ImageNet-C.
_NOISE, _BRIGHTNESS = (0.08, 0.12, 0.18, 0.26, 0.38), (0.1, 0.2, 0.3, 0.4, 0.5)
_SPREADS = (0.1, 0.2, 0.4, 0.7, 1.0)
_GAINS = (0.02, 0.05, 0.1, 0.2, 0.3)
_DEVIATIONS, _RANGE = "standard deviations", "share of the range"


def _holes(statistic):
    units = ("share of the values", "share of the pixels")
    return Corruption(_missing(statistic), True, _SHARES, _SHARES, *units, largest=1)


CORRUPTIONS = {
    "gaussian noise": Corruption(_gaussian_noise, True, _SPREADS, _NOISE, _DEVIATIONS, _RANGE),
    "missing as mean": _holes(lambda statistics: statistics.mean),
    "missing as minimum": _holes(lambda statistics: statistics.low),
    "missing as zero": _holes(lambda statistics: 0),
    "contrast": Corruption(
        _contrast, False, _CONTRASTS, _CONTRASTS, *2 * ["share of the contrast lost"], largest=1
    ),
    "gain": Corruption(_gain, True, _GAINS, _GAINS, *2 * ["share of the value"]),
    "offset": Corruption(_offset, True, _SPREADS, _NOISE, _DEVIATIONS, _RANGE),
    "permutation": Corruption(
        _permutation, True, _SHARES, _SHARES, *2 * ["share of the rows"], largest=1
    ),
    "brightness": Corruption(_brightness, False, None, _BRIGHTNESS, "", _RANGE),
    "dimming": Corruption(_dimming, False, None, _CONTRASTS, "", "share of the light lost", 1),
    "blur": Corruption(_blur, False, None, (0.5, 1, 1.5, 2, 3), "", "pixels"),
    "rotation": Corruption(_rotation, True, None, (5, 10, 20, 30, 45), "", "degrees"),
    "shift": Corruption(_shift, True, None, (1, 2, 3, 4, 5), "", "pixels"),
}
# Those that a report makes by default.
OF_TABLES = (
    "gaussian noise",
    "missing as mean",
    "missing as minimum",
    "contrast",
    "gain",
    "offset",
    "permutation",
)
OF_IMAGES = (
    "gaussian noise",
    "missing as minimum",
    "contrast",
    "brightness",
    "dimming",
    "blur",
    "rotation",
    "shift",
)


def sizes_of(name, image_shape):
    """Sizes of a corruption at the severities 1 to 5."""
    corruption = CORRUPTIONS[name]
    if image_shape is None:
        return corruption.sizes
    factor = min(image_shape[:2]) / 28 if corruption.image_unit == "pixels" else 1
    return tuple(size * factor for size in corruption.image_sizes)
