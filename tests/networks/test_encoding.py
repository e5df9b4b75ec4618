import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skstdp import STDPClassifier
from skstdp._networks._encoding import fit_encoder

Y = np.arange(20) % 2


def fit(X, rate_encoding, **settings):
    return STDPClassifier(rate_encoding=rate_encoding, max_iter=1, **settings).fit(X, Y)


@pytest.fixture
def wide():
    return np.random.default_rng(0).normal(size=(20, 3)) * [1, 10, 100]


@pytest.mark.parametrize("rate_encoding", ["auto", "minmax"])
def test_ranges_of_the_training_data_become_zero_to_one(wide, rate_encoding):
    model = fit(wide, rate_encoding)
    expected = (wide - wide.min(axis=0)) / np.ptp(wide, axis=0)
    assert_allclose(model.encoder_.transform(wide), expected)
    far = np.array([wide.max(axis=0) + 1, wide.min(axis=0) - 1])
    assert_array_equal(model.encoder_.transform(far), [[1, 1, 1], [0, 0, 0]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_auto_takes_rates_as_they_are(dtype):
    X = np.random.default_rng(0).uniform(0.2, 0.8, (20, 3)).astype(dtype)
    model = fit(X, "auto")
    assert_array_equal(model.encoder_.transform(X), X)
    assert model.encoder_.transform(X).dtype == dtype
    outside = np.array([[-0.5, 0.5, 1.5]], dtype=dtype)
    assert_array_equal(model.encoder_.transform(outside), [[0, 0.5, 1]])


def test_minmax_scales_rates_too():
    X = np.random.default_rng(0).uniform(0.2, 0.8, (20, 3))
    assert fit(X, "minmax").encoder_.transform(X).max() == 1


def test_none_takes_the_data_and_refuses_what_is_not_a_rate():
    X = np.random.default_rng(0).random((20, 3))
    model = fit(X, "none")
    assert model.encoder_ is None
    X[4, 1] = 1.25
    for method in (model.predict, lambda X: model.fit(X, Y)):
        with pytest.raises(
            ValueError, match=r"Got 1\.25 in feature 1 \(row 4\).*rates in \[0, 1\]"
        ):
            method(X)


def test_none_names_the_column():
    frame = pd.DataFrame(np.random.default_rng(0).random((20, 2)), columns=["petal", "sepal"])
    model = fit(frame, "none")
    frame.loc[3, "sepal"] = -7.0
    with pytest.raises(ValueError, match="Got -7 in feature 'sepal'"):
        model.predict(frame)
    with pytest.raises(ValueError, match="Got -7 in feature 'sepal'"):
        STDPClassifier(rate_encoding="none").fit(frame, Y)


def test_constant_feature_carries_nothing(wide):
    wide[:, 1] = 7
    assert_array_equal(fit(wide, "auto").encoder_.transform(wide)[:, 1], 0)


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


class TestRounding:
    """A scaler to [0, 1] may miss the border by the last places."""

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    def test_of_a_scaler_before_the_network(self, dtype):
        X, y = load_breast_cancer(return_X_y=True)
        X = X.astype(dtype)
        scaled = MinMaxScaler().fit_transform(X)
        assert scaled.max() > 1
        network = STDPClassifier(4, rate_encoding="none", max_iter=1, random_state=0)
        model = make_pipeline(MinMaxScaler(), network).fit(X, y)
        clipped = clone(network).fit(np.clip(scaled, 0, 1), y)
        assert_array_equal(model[-1].coefs_[0], clipped.coefs_[0])
        assert_array_equal(
            model.decision_function(X), clipped.decision_function(scaled.clip(0, 1))
        )

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("rate_encoding", ["none", "auto"])
    def test_counts_as_the_border(self, dtype, rate_encoding):
        few = 5 * np.finfo(dtype).eps
        X = np.random.default_rng(0).random((20, 3)).astype(dtype)
        X[3], X[5] = 0, 1
        near = X.copy()
        # Below zero it may be all that there is in a feature, so that "auto" has to scale it.
        near[3], near[5] = 0 if rate_encoding == "auto" else -few, 1 + few
        model, other = (
            fit(X, rate_encoding, random_state=0),
            fit(near, rate_encoding, random_state=0),
        )
        assert_array_equal(model.coefs_[0], other.coefs_[0])
        assert_array_equal(model.decision_function(near), other.decision_function(X))
        if rate_encoding == "auto":
            assert_array_equal(other.encoder_.scale_, 1)

    def test_is_less_than_a_feature_itself(self):
        """Values of both signs in so small a unit carry something."""
        X = np.random.default_rng(0).random((20, 2))
        X[:, 1] = 1e-15 * (X[:, 1] - 0.5)
        assert_array_equal(fit(X, "auto").encoder_.data_min_, X.min(axis=0))

    @pytest.mark.parametrize(("value", "text"), [(1 + 1e-9, r"1\.000000001"), (-1e-9, "-1e-09")])
    def test_what_is_more_is_refused_and_shown(self, value, text):
        X = np.random.default_rng(0).random((20, 3))
        X[4, 1] = value
        with pytest.raises(ValueError, match=rf"Got {text} in feature 1 \(row 4\)"):
            fit(X, "none")
        assert fit(X, "auto").encoder_.data_min_[0] == X[:, 0].min()
