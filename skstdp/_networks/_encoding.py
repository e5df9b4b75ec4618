"""From features to rates in [0, 1]."""

import numpy as np
from scipy.sparse import issparse
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.sparsefuncs import min_max_axis

from .._utils._validation import outside, told_apart

# So many values stay in the second cache.
_BLOCK = 2**16


def as_dtype(X, dtype):
    """The same numbers; what is too large for the dtype is infinite, and clipped as a rate."""
    with np.errstate(over="ignore"):
        return X.astype(dtype, copy=False)


def _are_rates(X):
    """True if all values are in [0, 1]; looks for both ends in what is in the cache."""
    if issparse(X):
        return X.min() >= 0 and X.max() <= 1
    size = max(1, _BLOCK // max(1, X.shape[1]))
    blocks = (X[low : low + size] for low in range(0, len(X), size))
    return all(block.min() >= 0 and block.max() <= 1 for block in blocks)


def fit_encoder(X, rate_encoding):
    """Fitted scaler that maps X to rates, or None where the values are the rates.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Training data.
    rate_encoding : {"auto", "minmax", "none"}
        "minmax" scales each feature's range to [0, 1]; "auto" does so unless all values are in
        [0, 1] already; "none" never does.

    Raises
    ------
    ValueError
        If X is sparse and its zeros would not be rates of zero.
    """
    if rate_encoding == "none":
        return None
    n_samples, n_features = X.shape
    auto = rate_encoding == "auto"
    rates = auto and _are_rates(X)
    if not rates:
        sparse = issparse(X)
        ends = _sparse_range(X, rate_encoding) if sparse else (X.min(axis=0), X.max(axis=0))
        # In a small unit, what is a little below zero may be all that there is in a feature.
        rates = auto and not ((ends[0] < 0) | outside(ends[1], 0, 1)).any()
    if rates:
        ends = np.zeros(n_features, X.dtype), np.ones(n_features, X.dtype)
    return _fitted_scaler(*ends, n_samples)


def _fitted_scaler(low, high, n_samples):
    """Scaler of `MinMaxScaler.fit`, but for ranges that that takes for constant or infinite.

    It takes ranges below ten times the precision for constant, whatever the values: in float32
    those of a wavelength in metres. Others are scaled as by it, bit by bit. X is not checked
    again, which would take longer than all else on a small table.
    """
    # The difference itself may be infinite.
    half = high / 2 - low / 2
    with np.errstate(divide="ignore", over="ignore"):
        scale = 0.5 / half
    size = np.minimum(1, np.maximum(np.abs(low), np.abs(high)))
    constant = (half < 5 * np.finfo(half.dtype).eps * size) | ~np.isfinite(scale)
    scale[constant] = 1
    encoder = MinMaxScaler(clip=True)
    encoder.n_features_in_, encoder.n_samples_seen_ = len(scale), n_samples
    with np.errstate(over="ignore"):
        encoder.data_range_ = high - low
    encoder.data_min_, encoder.data_max_ = low, high
    encoder.scale_, encoder.min_ = scale, 0 - low * scale
    return encoder


def _sparse_range(X, rate_encoding):
    """The least and the greatest value of each feature."""
    least, greatest = min_max_axis(X, axis=0)
    if (least < 0).any():
        column = int(np.flatnonzero(least < 0)[0])
        raise ValueError(
            f"Got a sparse X with {least[column]:.6g} in feature {column}, but "
            f"rate_encoding={rate_encoding!r} expected values >= 0, so that the zeros that are "
            "not stored stay rates of zero. Give the dense array, or make the values "
            "non-negative, which MaxAbsScaler alone does not."
        )
    return least, greatest


def encoding(encoder, n_features, dtype):
    """Scale and offset of each feature: the rate of x is clip(x * scale + offset, 0, 1)."""
    if encoder is None:
        return np.ones(n_features, dtype), np.zeros(n_features, dtype)
    return encoder.scale_.astype(dtype), encoder.min_.astype(dtype)


def _is_identity(encoder):
    return (encoder.scale_ == 1).all() and not encoder.min_.any()


def encode(X, encoder, feature_names, first_row=0):
    """Rates of X, clipped to [0, 1]; X itself where it needs no change.

    Without an encoder a value that is outside [0, 1] by more than rounding raises a ValueError
    that names its feature, and its row, the first of X being `first_row`.
    """
    if encoder is not None and not _is_identity(encoder):
        # What overflows is outside the range, and clipped.
        with np.errstate(over="ignore"):
            X = X * encoder.scale_
        X += encoder.min_
    if _are_rates(X):
        return X
    if encoder is None and (beyond := outside(X, 0, 1)).any():
        row, column = np.argwhere(beyond)[0]
        name = int(column) if feature_names is None else str(feature_names[column])
        raise ValueError(
            f"Got {told_apart(X[row, column], 0, 1)[0]} in feature {name!r} (row "
            f"{first_row + row}), but rate_encoding='none' expects rates in [0, 1]. Scale the "
            "data, or use rate_encoding='minmax'."
        )
    return np.clip(X, 0, 1)
