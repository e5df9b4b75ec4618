"""What is written for vectors, compiled, against NumPy."""

import numpy as np
import pytest
from numba import config, njit
from numpy.testing import assert_array_equal

from skstdp._kernels import _vectors, _views
from skstdp._kernels._vectors import (
    WIDTH,
    are_zero,
    choose,
    fetch,
    gather,
    in_order,
    is_double,
    load,
    places_of_nonzeros,
    roots,
    scatter,
    splat,
    store,
)
from skstdp._kernels._views import flat, matrix
from skstdp._utils._memory import LINE, aligned_empty

pytestmark = pytest.mark.skipif(config.DISABLE_JIT, reason="nothing is compiled")

DTYPES = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def numbers(dtype, n=64):
    return np.random.default_rng(0).normal(size=n).astype(dtype)


@njit
def _of_two(a, b, out):
    x, y = load(a, 3), load(b, 5)
    large, small = in_order(x, y)
    store(large, out, 0)
    store(small, out, WIDTH)
    store(choose(x, y, x + y, x * y), out, 2 * WIDTH)
    store(roots(x * x) - splat(a[0]) / y, out, 3 * WIDTH)


@DTYPES
def test_vectors_of_two_arrays(dtype):
    a, b = numbers(dtype), numbers(dtype)[::-1].copy()
    out, expected = np.empty((2, 4 * WIDTH), dtype)
    _of_two(a, b, out)
    x, y = a[3 : 3 + WIDTH], b[5 : 5 + WIDTH]
    parts = np.maximum(x, y), np.minimum(x, y), np.where(x > y, x + y, x * y)
    expected[:] = np.concatenate([*parts, np.abs(x) - a[0] / y])
    np.testing.assert_allclose(out, expected, rtol=4 * np.finfo(dtype).eps, atol=1e-6)
    assert_array_equal(out[: 2 * WIDTH], expected[: 2 * WIDTH])
    twin = np.empty_like(out)
    _of_two.py_func(a, b, twin)
    np.testing.assert_allclose(out, twin, rtol=4 * np.finfo(dtype).eps, atol=1e-6)


@njit
def _there_and_back(rows, starts, j, lanes, stride, back):
    gather(rows, starts, j, lanes, stride)
    scatter(lanes, stride, back, starts, j)


@DTYPES
@pytest.mark.parametrize("stride", [16, 21])
@pytest.mark.parametrize("j", [0, 3])
@pytest.mark.parametrize("kind", [np.int32, np.intp])
def test_rows_become_lanes_and_lanes_rows(dtype, stride, j, kind):
    """Of rows in any order, 23 numbers long, a part."""
    table = numbers(dtype, 20 * 23).reshape(20, 23)
    order = np.random.default_rng(1).permutation(20)[:WIDTH]
    lanes, back = np.zeros((j + WIDTH) * stride, dtype), np.zeros_like(table)
    starts = (order * 23).astype(kind)
    _there_and_back(table.reshape(-1), starts, j, lanes, stride, back.reshape(-1))
    part = slice(j, j + WIDTH)
    assert_array_equal(lanes.reshape(-1, stride)[part, :WIDTH], table[order, part].T)
    assert not lanes.reshape(-1, stride)[:, WIDTH:].any()
    expected = np.zeros_like(table)
    expected[order, part] = table[order, part]
    assert_array_equal(back, expected)
    twin_lanes, twin = np.zeros_like(lanes), np.zeros_like(back)
    _there_and_back.py_func(table.reshape(-1), starts, j, twin_lanes, stride, twin.reshape(-1))
    assert_array_equal(twin_lanes, lanes)
    assert_array_equal(twin, back)


@njit
def _zeros_and_places(array, at, first, places, n):
    fetch(array, at)
    return are_zero(array, at), places_of_nonzeros(array, at, first, places, n)


@DTYPES
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_zeros_and_the_places_of_others(dtype, share):
    array = numbers(dtype) * (np.random.default_rng(1).random(64) < share)
    array[7] = -0.0
    for function in (_zeros_and_places, _zeros_and_places.py_func):
        places = np.full(40, -1, np.int32)
        none, n = function(array, 5, 1000, places, 2)
        expected = np.flatnonzero(array[5 : 5 + WIDTH])
        assert none == (expected.size == 0)
        assert n == 2 + expected.size
        assert_array_equal(places[2:n], 1000 + expected)
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


def test_the_dtype_is_known_when_code_is_compiled():
    @njit
    def double(array):
        return is_double(array)

    assert double(np.empty(1))
    assert is_double(np.empty(1))
    assert not double(np.empty(1, np.float32))
    assert not is_double(np.empty(1, np.float32))


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
