import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.preprocessing import MinMaxScaler

from skstdp._encoding import fit_encoder


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("container", [np.asarray, csr_matrix])
def test_the_encoder_is_the_scaler_that_fit_would_make(dtype, container):
    X = 100 * np.random.default_rng(0).random((30, 4)).astype(dtype)
    X[:, 1] = 7
    X[::2, 2] = 0
    encoder, scaler = fit_encoder(container(X), "minmax"), MinMaxScaler(clip=True).fit(X)
    assert vars(encoder).keys() == vars(scaler).keys()
    for name, expected in vars(scaler).items():
        assert_array_equal(getattr(encoder, name), expected)
    assert encoder.scale_.dtype == dtype
    assert_array_equal(encoder.transform(X * 2), scaler.transform(X * 2))


def test_values_in_the_unit_interval_are_rates():
    X = np.array([[0.25, 0.5], [0.75, 0.5]])
    assert_array_equal(fit_encoder(X, "auto").transform(X), X)
    assert_array_equal(fit_encoder(X, "minmax").transform(X), [[0, 0], [1, 0]])
    assert fit_encoder(X, "none") is None
