"""From features to rates in [0, 1], and from rates to what the first layer sees."""

import numpy as np
from sklearn.preprocessing import MinMaxScaler

# Below this mean rate silence is the background and says little, as in images of strokes.
_SPARSE = 0.2


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
        unit_box = np.array([[0], [1]], dtype=X.dtype)
        return encoder.fit(np.broadcast_to(unit_box, (2, X.shape[1])))
    return encoder.fit(X)


def encode(X, encoder, feature_names):
    """Rates of X, clipped to [0, 1] by the encoder.

    Without an encoder a value outside [0, 1] raises a ValueError that names its feature.
    """
    if encoder is not None:
        return encoder.transform(X)
    outside = (X < 0) | (X > 1)
    if outside.any():
        row, column = np.argwhere(outside)[0]
        name = int(column) if feature_names is None else str(feature_names[column])
        raise ValueError(
            f"Got {X[row, column]:.6g} in feature {name!r} (row {row}), but rate_encoding='none' "
            "expects rates in [0, 1]. Scale the data, or use rate_encoding='minmax'."
        )
    return X


def uses_complement(complement, rates, sample_weight):
    """Whether each feature gets an off unit besides its on unit."""
    if complement == "auto":
        return bool(np.average(rates.mean(axis=1), weights=sample_weight) >= _SPARSE)
    return bool(complement)


def on_off_pairs(rates):
    """Rates of the on units, x, followed by those of the off units, 1 - x."""
    n_features = rates.shape[1]
    pairs = np.empty((len(rates), 2 * n_features), dtype=rates.dtype)
    pairs[:, :n_features] = rates
    np.subtract(1, rates, out=pairs[:, n_features:])
    return pairs


def on_off_gradient(gradient):
    """Gradient with respect to x, from that with respect to x and 1 - x."""
    on, off = np.hsplit(gradient, 2)
    return on - off
