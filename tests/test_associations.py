import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skstdp import STDPClassifier
from skstdp._associations import hidden_associations, output_associations


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
