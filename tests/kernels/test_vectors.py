"""What is written for vectors, compiled, against NumPy."""

import numpy as np
import pytest
from numba import config, njit
from numpy.testing import assert_array_equal

from skstdp._kernels import _vectors, _views
from skstdp._kernels._vectors import SQUARE, WIDTH, fetch, places_of_nonzeros, turn
from skstdp._kernels._views import flat, matrix
from skstdp._utils._memory import LINE, aligned_empty

pytestmark = pytest.mark.skipif(config.DISABLE_JIT, reason="nothing is compiled")

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def numbers(dtype, n=64):
    return np.random.default_rng(0).normal(size=n).astype(dtype)


@njit
def _turn(source, i, j, target):
    turn(source, i, j, target)


@DTYPES
def test_squares_are_transposed(dtype):
    source = numbers(dtype, 20 * 30).reshape(20, 30)
    expected = np.zeros((30, 40), dtype)
    expected[5 : 5 + SQUARE, 3 : 3 + SQUARE] = source[3 : 3 + SQUARE, 5 : 5 + SQUARE].T
    for function in (_turn, _turn.py_func):
        target = np.zeros((30, 40), dtype)
        function(source, 3, 5, target[:, :20])
        assert_array_equal(target, expected)


@njit
def _places(array, first, places, n):
    fetch(array, first)
    return places_of_nonzeros(array, first, places, n)


@DTYPES
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_places_of_numbers_that_are_not_zero(dtype, share):
    array = numbers(dtype) * (np.random.default_rng(1).random(64) < share)
    array[7] = -0.0
    for function in (_places, _places.py_func):
        places = np.full(40, -1, np.int32)
        n = function(array, 5, places, 2)
        expected = 5 + np.flatnonzero(array[5 : 5 + WIDTH])
        assert n == 2 + expected.size
        assert_array_equal(places[2:n], expected)
        assert (places[:2] == -1).all()


@njit
def _views_of(array, out):
    part = matrix(array, 5, 3, 4)
    for i in range(3):
        for k in range(4):
            out[i, k] = part[i, k]
    part[2, 1] = 7
    flat(out)[11] = flat(part)[10]


@DTYPES
def test_views_show_the_memory_of_the_array(dtype):
    for function in (_views_of, _views_of.py_func):
        array, out = numbers(dtype), np.empty((3, 4), dtype)
        kept = array.copy()
        function(array, out)
        expected = kept[5:17].reshape(3, 4).copy()
        assert array[5 + 9] == 7
        expected[2, 3] = kept[5 + 10]
        assert_array_equal(out, expected)


def test_every_primitive_is_tested_here():
    public = {
        name
        for module in (_vectors, _views)
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    }
    assert public <= set(globals())


@DTYPES
@pytest.mark.parametrize("size", [0, 1, 1000])
def test_aligned_arrays_start_a_line(dtype, size):
    for _ in range(5):
        array = aligned_empty(size, dtype)
        assert array.shape == (size,)
        assert array.dtype == dtype
        assert size == 0 or array.ctypes.data % LINE == 0
