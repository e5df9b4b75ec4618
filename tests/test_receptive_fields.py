import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracle import numerical_gradient
from sklearn.preprocessing import SplineTransformer

from skstdp import BPClassifier, STDPClassifier
from skstdp._receptive_fields import ReceptiveFields

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
    assert [coef.shape for coef in paired.coefs_] == [(6, 32), (32, 16), (16, 1)]
    for ours, expected in zip(paired.coefs_, by_hand.coefs_, strict=True):
        assert_array_equal(ours, expected)
    assert_array_equal(
        paired.decision_function(X), by_hand.decision_function(np.hstack([X, 1 - X]))
    )


def test_auto_looks_at_the_mean_rate_and_the_number_of_samples():
    many = np.random.default_rng(1).random((500, 3))
    assert fit(X).receptive_fields_ == 2
    assert fit(many).receptive_fields_ == 9
    assert fit(many[:499]).receptive_fields_ == 2
    assert fit(np.tile(many, 6)[:, :17]).receptive_fields_ == 2
    assert fit(np.tile(many, 6)[:, :16]).receptive_fields_ == 9
    assert fit(many * 0.3).receptive_fields_ == 1
    assert fit(many * 0.3, rate_encoding="minmax").receptive_fields_ == 9
    assert fit(X, receptive_fields=6).coefs_[0].shape == (18, 100)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_triangles", [2, 3, 7])
def test_triangles_are_linear_splines_at_the_quantiles(n_triangles, dtype):
    """scikit-learn's basis of degree 1 with the same knots."""
    rates = X.astype(dtype)
    inputs = ReceptiveFields(2 + n_triangles, rates).respond(rates)
    assert inputs.dtype == dtype
    splines = SplineTransformer(n_knots=n_triangles, degree=1, knots="quantile").fit(rates)
    expected = splines.transform(rates).reshape(20, 3, n_triangles)
    ours = inputs.reshape(20, 2 + n_triangles, 3)
    assert_allclose(ours[:, 2:].transpose(0, 2, 1), expected, atol=1e-6)
    assert_array_equal(ours[:, 0], rates)
    assert_array_equal(ours[:, 1], 1 - rates)


def test_by_hand_where_tips_coincide():
    """Tips 0, 0, 0.5, 1: a rate of 0 belongs to the second of the two at 0."""
    rates = np.array([[0.0], [0.0], [0.0], [0.0], [0.5], [1.0], [1.0]])
    fields = ReceptiveFields(6, rates)
    assert_array_equal(fields.tips[:, 0], [0, 0, 0.5, 1])
    inputs = fields.respond(np.array([[0.0], [0.125], [0.5], [1.0]]))
    assert_allclose(inputs[:, 2:], [[0, 1, 0, 0], [0, 0.75, 0.25, 0], [0, 0, 1, 0], [0, 0, 0, 1]])


def test_a_constant_feature_stays_constant():
    fields = ReceptiveFields(9, np.full((5, 1), 0.25))
    assert_array_equal(fields.respond(np.full((2, 1), 0.25))[0, 2:].sum(), 1)
    assert np.isfinite(fields.respond(np.array([[0.0], [1.0]]))).all()


@pytest.mark.parametrize("n_fields", [1, 2, 4, 9])
def test_gradient_goes_through(n_fields):
    rates = np.random.default_rng(2).uniform(0.01, 0.99, (6, 3))
    fields = ReceptiveFields(n_fields, X)
    weights = np.random.default_rng(3).normal(size=(6, 3 * n_fields))
    expected = numerical_gradient(lambda: (weights * fields.respond(rates)).sum(), rates)
    assert_allclose(fields.rates_gradient(rates, weights), expected, atol=1e-7)


def test_a_feature_that_is_zero_in_a_class_still_teaches():
    """Without off units, class 0 of this table has no active input."""
    table, y = np.repeat([[0.0], [1.0]], 20, axis=0), np.repeat([0, 1], 20)
    model = STDPClassifier((8,), receptive_fields=2, random_state=0).fit(table, y)
    assert model.score(table, y) == 1


@pytest.mark.parametrize("value", [0, 3, -1, 2.0, "many"])
def test_bad_input(value):
    with pytest.raises(ValueError, match="receptive_fields"):
        STDPClassifier(receptive_fields=value).fit(X, Y)
