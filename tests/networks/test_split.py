import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skstdp._networks._split import hold_out, row_digests


def held(X, y, fraction=0.2, seed=0):
    return hold_out(row_digests(np.ascontiguousarray(X)), y, fraction, np.random.RandomState(seed))


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.random((100, 3)), np.repeat([0, 1, 2], [50, 30, 20])


def test_share_of_each_class(data):
    X, y = data
    assert np.bincount(y[held(X, y)]).tolist() == [10, 6, 4]


def test_seed_decides(data):
    assert_array_equal(held(*data), held(*data))
    assert (held(*data) != held(*data, seed=1)).any()


def test_order_and_copies_do_not_matter(data):
    X, y = data
    order = np.random.default_rng(1).permutation(100)
    assert_array_equal(held(X[order], y[order]), held(X, y)[order])
    copies = np.repeat(np.arange(100), np.random.default_rng(2).integers(1, 4, 100))
    assert_array_equal(held(X[copies], y[copies]), held(X, y)[copies])


def test_both_sides_see_each_class_that_has_two_rows():
    X, y = np.arange(5.0).reshape(-1, 1), np.array([0, 0, 1, 1, 2])
    for fraction in (0.01, 0.99):
        mask = held(X, y, fraction)
        assert sorted(y[mask]) == [0, 1]
        assert sorted(y[~mask]) == [0, 1, 2]


def test_nothing_to_split():
    with pytest.raises(ValueError, match="no class has two different samples"):
        held(np.array([[0.0], [0.0], [1.0]]), np.array([0, 0, 1]))
