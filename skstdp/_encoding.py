"""From features to rates in [0, 1]."""

import numpy as np
from sklearn import config_context
from sklearn.preprocessing import MinMaxScaler


def fit_encoder(X, rate_encoding):
    """Fitted scaler that maps X to rates, or None where the values are the rates.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Training data.
    rate_encoding : {"auto", "minmax", "none"}
        "minmax" scales each feature's range to [0, 1]; "auto" does so unless all values are in
        [0, 1] already; "none" never does.
    """
    if rate_encoding == "none":
        return None
    encoder = MinMaxScaler(clip=True)
    if rate_encoding == "auto" and X.min() >= 0 and X.max() <= 1:
        X = np.broadcast_to(np.array([[0], [1]], dtype=X.dtype), (2, X.shape[1]))
    # X is checked already, and that would take longer than the rest on a small table.
    with config_context(assume_finite=True, skip_parameter_validation=True):
        return encoder.fit(X)


def encoding(encoder, n_features, dtype):
    """Scale and offset of each feature, of which an encoder makes rates.

    Returns
    -------
    scale, offset : ndarrays of shape (n_features,)
        The rate of x is clip(x * scale + offset, 0, 1).
    """
    if encoder is None:
        return np.ones(n_features, dtype), np.zeros(n_features, dtype)
    return encoder.scale_.astype(dtype), encoder.min_.astype(dtype)


def encode(X, encoder, feature_names, first_row=0):
    """Rates of X, clipped to [0, 1] by the encoder; X itself where it needs none.

    Without an encoder a value outside [0, 1] raises a ValueError that names its feature, and its
    row, the first of X being `first_row`.
    """
    if encoder is not None:
        rates = X * encoder.scale_
        rates += encoder.min_
        return np.clip(rates, 0, 1, out=rates)
    outside = (X < 0) | (X > 1)
    if outside.any():
        row, column = np.argwhere(outside)[0]
        name = int(column) if feature_names is None else str(feature_names[column])
        raise ValueError(
            f"Got {X[row, column]:.6g} in feature {name!r} (row {first_row + row}), but "
            "rate_encoding='none' expects rates in [0, 1]. Scale the data, or use "
            "rate_encoding='minmax'."
        )
    return X
