import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import balanced_accuracy_score

from skstdp import STDPClassifier
from skstdp._networks._associations import (
    equalising_factors,
    hidden_associations,
    output_associations,
)


def test_two_classes_are_the_scheme_of_the_paper():
    codes = hidden_associations(2, 16, np.float64)
    assert set(codes.ravel()) == {-1, 1}
    assert_array_equal(codes[0], -codes[1])
    assert (codes == 1).sum(axis=1).tolist() == [8, 8]
    assert_array_equal(output_associations(2, 1, np.float64), [[-1], [1]])


@pytest.mark.parametrize("n_classes", [2, 3, 10])
@pytest.mark.parametrize("n_units", [1, 7, 60])
def test_codes_are_balanced(n_classes, n_units):
    codes = hidden_associations(n_classes, n_units, np.float64)
    assert codes.shape == (n_classes, n_units)
    assert_allclose(codes.sum(axis=0), 0, atol=1e-12)
    units_of_class = (codes == 1).sum(axis=1)
    assert units_of_class.max() - units_of_class.min() <= 1


def test_units_stand_for_the_classes_in_turn():
    codes = hidden_associations(3, 5, np.float64)
    assert_array_equal(
        codes, [[1, -0.5, -0.5, 1, -0.5], [-0.5, 1, -0.5, -0.5, 1], [-0.5, -0.5, 1, -0.5, -0.5]]
    )
    assert_array_equal(hidden_associations(2, 3, np.float64), [[1, -1, 1], [-1, 1, -1]])


def test_output_of_one_unit_per_class():
    assert_array_equal(output_associations(2, 2, np.float64), [[1, -1], [-1, 1]])
    assert_allclose(
        output_associations(3, 3, np.float64), [[1, -0.5, -0.5], [-0.5, 1, -0.5], [-0.5, -0.5, 1]]
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fitted_attribute(dtype):
    X = np.random.default_rng(0).random((30, 4)).astype(dtype)
    model = STDPClassifier((6, 5), max_iter=1).fit(X, np.arange(30) % 3)
    assert [codes.shape for codes in model.associations_] == [(3, 6), (3, 5), (3, 3)]
    assert {codes.dtype for codes in model.associations_} == {np.dtype(dtype)}


def test_factors_by_which_classes_weigh_alike():
    """Of 8 samples 6, 1 and 1; a class that was not seen yet; one of hardly any weight."""
    assert_array_equal(equalising_factors(np.array([6.0, 1, 1]), float), [8 / 18, 8 / 3, 8 / 3])
    assert_array_equal(equalising_factors(np.array([3.0, 1, 0]), float), [4 / 9, 4 / 3, 1])
    factors = equalising_factors(np.array([1.0, 1e-300]), np.float32)
    assert factors.dtype == np.float32
    assert_array_equal(factors, [0.5, 1e6])


def test_associations_add_up_to_zero_over_the_samples_where_units_compete():
    X, y = np.random.default_rng(0).random((100, 3)), np.repeat([0, 1, 2], [80, 15, 5])
    weight = np.random.default_rng(1).uniform(0.5, 1, 100)
    model = STDPClassifier((9,), max_iter=1).fit(X, y, weight)
    learnt_by = model._rule()[0][:, :9]
    totals = np.bincount(y, weight) @ learnt_by
    assert_allclose(totals, 0, atol=1e-12 * np.abs(learnt_by).max() * weight.sum())
    everybody = {"positive_winners": 1.0, "negative_winners": 1.0}
    model.set_params(**everybody).fit(X, y, weight)
    assert_array_equal(model._rule()[0][:, :9], model.associations_[0])


def test_a_rare_class_is_learnt():
    """One of fifty rows, told apart by the sum of two features."""
    rng = np.random.default_rng(0)
    X = rng.random((2000, 4))
    rare = X[:, 0] + X[:, 1] > 1.8
    assert 0.01 < rare.mean() < 0.03
    model = STDPClassifier(random_state=0).fit(X[:1500], rare[:1500])
    assert balanced_accuracy_score(rare[1500:], model.predict(X[1500:])) > 0.8
