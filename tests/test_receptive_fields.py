import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracle import numerical_gradient
from sklearn.preprocessing import SplineTransformer

from skstdp import BPClassifier, STDPClassifier
from skstdp._receptive_fields import rates_gradient, respond

Y = np.arange(20) % 2
X = np.random.default_rng(0).random((20, 3))


def fit(X, **settings):
    return STDPClassifier(max_iter=1, **settings).fit(X, np.arange(len(X)) % 2)


@pytest.mark.parametrize("classifier", [STDPClassifier, BPClassifier])
def test_off_units_are_more_features(classifier):
    """The same as a network without them that is given x and 1 - x."""
    settings = {"max_iter": 3, "random_state": 0, "rate_encoding": "none"}
    paired = classifier((32, 16), receptive_fields=2, **settings).fit(X, Y)
    by_hand = classifier((32, 16), receptive_fields=1, **settings)
    by_hand.fit(np.hstack([X, 1 - X]), Y)
    n_outputs = 2 if classifier is STDPClassifier else 1
    assert [coef.shape for coef in paired.coefs_] == [(6, 32), (32, 16), (16, n_outputs)]
    for ours, expected in zip(paired.coefs_, by_hand.coefs_, strict=True):
        assert_array_equal(ours, expected)
    assert_array_equal(
        paired.decision_function(X), by_hand.decision_function(np.hstack([X, 1 - X]))
    )


def auto(rates, **settings):
    model = fit(rates, **settings)
    assert model.coefs_[0].shape == (rates.shape[1] * model.receptive_fields_, 100)
    return model.receptive_fields_


def test_auto_looks_at_the_mean_rate_and_the_shape():
    dense = np.random.default_rng(1).uniform(0.3, 0.7, (800, 65))
    features = {1: 16, 16: 16, 17: 14, 64: 4, 65: 2}
    assert {n: auto(dense[:, :n]) for n in features} == features
    rows = {20: 2, 199: 2, 200: 4, 799: 14, 800: 16}
    assert {n: auto(dense[:n, :3]) for n in rows} == rows
    weak = dense[:, :3] * 0.3
    assert auto(weak) == 16
    strokes = np.where(weak > 0.19, 0.9, 0)
    assert 0.1 < strokes.mean() < 0.2
    assert auto(strokes) == 1
    faint = np.where(weak > 0.19, 2 * weak, 0)
    assert auto(faint) == 2 * (len(np.unique(faint, axis=0)) // 100) > 2
    assert auto(1 - strokes) == 2


def test_auto_takes_a_weight_for_as_many_copies():
    """Whether for the mean rate or for the number of rows."""
    table, y = np.array([[0.0, 0.0], [0.9, 0.9]]), np.array([0, 1])
    model = STDPClassifier(max_iter=1)
    assert model.fit(table, y, sample_weight=[9, 1]).receptive_fields_ == 1
    assert model.fit(table, y).receptive_fields_ == 2
    table = np.random.default_rng(1).random((150, 2))
    assert auto(np.tile(table, (6, 1))) == auto(table) == 2


def test_steps_by_hand():
    """Three steps of a third each: at 0.5 the first is over and the second half-way."""
    inputs = respond(np.array([[0.0], [0.5], [0.75], [1.0]]), 6)
    on = [[0, 0, 0], [1, 0.5, 0], [1, 1, 0.25], [1, 1, 1]]
    assert_array_equal(inputs, np.hstack([on, 1 - np.array(on)]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_steps", [2, 3, 8])
def test_steps_are_running_sums_of_linear_splines(n_steps, dtype):
    """scikit-learn's basis of degree 1 with equidistant knots on [0, 1]."""
    rates = X.astype(dtype)
    inputs = respond(rates, 2 * n_steps)
    assert inputs.dtype == dtype
    knots = np.repeat(np.linspace(0, 1, n_steps + 1)[:, np.newaxis], 3, axis=1)
    splines = SplineTransformer(n_knots=n_steps + 1, degree=1, knots=knots).fit(rates)
    hats = splines.transform(rates).reshape(20, 3, n_steps + 1)
    expected = hats[:, :, ::-1].cumsum(axis=2)[:, :, -2::-1]
    on, off = np.split(inputs.reshape(20, 2 * n_steps, 3), 2, axis=1)
    assert_allclose(on.transpose(0, 2, 1), expected, atol=1e-6)
    assert_array_equal(off, 1 - on)


@pytest.mark.parametrize("n_fields", [1, 2, 4, 16])
def test_gradient_goes_through(n_fields):
    rates = np.random.default_rng(2).uniform(0.01, 0.99, (6, 3))
    weights = np.random.default_rng(3).normal(size=(6, 3 * n_fields))
    expected = numerical_gradient(lambda: (weights * respond(rates, n_fields)).sum(), rates)
    assert_allclose(rates_gradient(rates, weights, n_fields), expected, atol=1e-7)


def test_at_the_ends_the_gradient_points_inside():
    weights = np.array([[1.0, 2.0, 4.0, 8.0]])
    assert_array_equal(rates_gradient(np.array([[0.0]]), weights, 4), [[2 * (1 - 4)]])
    assert_array_equal(rates_gradient(np.array([[0.5]]), weights, 4), [[2 * (2 - 8)]])
    assert_array_equal(rates_gradient(np.array([[1.0]]), weights, 4), [[2 * (2 - 8)]])


def test_a_feature_that_is_zero_in_a_class_still_teaches():
    """Without off units, class 0 of this table has no active input."""
    table, y = np.repeat([[0.0], [1.0]], 20, axis=0), np.repeat([0, 1], 20)
    model = STDPClassifier((8,), receptive_fields=2, random_state=0).fit(table, y)
    assert model.score(table, y) == 1


@pytest.mark.parametrize("value", [0, 3, 5, -1, 2.0, "many"])
def test_bad_input(value):
    with pytest.raises(ValueError, match="receptive_fields"):
        STDPClassifier(receptive_fields=value).fit(X, Y)
