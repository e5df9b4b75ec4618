"""Ranks among the training rates: against numbers by hand, SciPy and scikit-learn."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracle import numerical_gradient
from scipy.stats import rankdata
from sklearn.preprocessing import QuantileTransformer, minmax_scale

from skstdp._networks._ranks import fit_knots, no_knots, ranks, slopes


def fit(rates, weight=None, n_steps=1):
    """Knots of one or more columns, each sample of weight 1 unless said otherwise."""
    rates = np.asarray(rates, float)
    rates = rates[:, np.newaxis] if rates.ndim == 1 else rates
    weight = np.ones(len(rates)) if weight is None else np.asarray(weight, float)
    return fit_knots(rates, weight, n_steps)


def table(n_rows=500, n_values=20, n_features=3):
    """Columns of a few skewed values, most of which many rows share."""
    rng = np.random.default_rng(0)
    values = np.sort(rng.exponential(size=(n_values, n_features)), axis=0)
    return minmax_scale(np.take_along_axis(values, rng.poisson(3, (n_rows, n_features)), axis=0))


def test_mid_ranks_by_hand():
    """Below 0.2 lie two samples and half of its own one: 2.5. Likewise 1, 4 and 5.5."""
    knots, steps = fit([0, 1.0, 0.5, 0, 0.2, 0.5])
    assert_allclose(knots[:, :, 0], [[0, 0.2, 0.5, 1], [0, 1.5 / 4.5, 3 / 4.5, 1]])
    assert steps.tolist() == [1]
    given = np.array([[0.0], [0.1], [0.2], [0.35], [0.5], [0.75], [1.0]])
    expected = [0, 1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6, 1]
    assert_allclose(ranks(given, knots)[:, 0], expected)


def test_weighted_ranks_by_hand():
    """Weights 3, 1 and 4: half of 3; 3 and half of 1; 4 and half of 4. From 1.5 to 6."""
    knots, _ = fit([0, 0.4, 1], [3, 1, 4])
    assert_allclose(knots[:, :, 0], [[0, 0.4, 1], [0, 2 / 4.5, 1]])


def test_a_weight_is_as_many_rows():
    rates, copies = table(), np.random.default_rng(1).integers(1, 5, 500)
    knots, steps = fit(rates, copies, 4)
    of_copies, steps_of_copies = fit(np.repeat(rates, copies, axis=0), None, 4)
    assert_array_equal(knots, of_copies)
    assert_array_equal(steps, steps_of_copies)


@pytest.mark.parametrize("n_values", [10, 33])
def test_ranks_of_training_rates_are_those_of_scipy(n_values):
    rates = minmax_scale(np.random.default_rng(2).integers(0, n_values, (300, 3)) ** 2.0)
    assert len(np.unique(rates)) == n_values
    knots, steps = fit(rates, n_steps=8)
    assert_allclose(ranks(rates, knots), minmax_scale(rankdata(rates, axis=0)), atol=1e-14)
    assert steps.tolist() == [8, 8, 8]


def test_many_values_are_ranked_as_by_a_quantile_transformer():
    """Its quantiles are ours where they fall on samples, and so is what lies between them."""
    rates = minmax_scale(np.random.default_rng(3).exponential(size=(32 * 20 + 1, 3)))
    knots, _ = fit(rates)
    assert knots.shape == (2, 33, 3)
    others = np.random.default_rng(4).random((200, 3))
    transformer = QuantileTransformer(n_quantiles=33, subsample=None).fit(rates)
    assert_allclose(ranks(rates, knots), transformer.transform(rates), atol=1e-12)
    assert_allclose(ranks(others, knots), transformer.transform(others), atol=1e-12)
    # Between neighbouring knots, a share of 1/32 apart, both ranks grow.
    exact = minmax_scale(rankdata(rates, axis=0))
    assert np.abs(ranks(rates, knots) - exact).max() < 1 / 32


def test_many_values_with_ties_keep_the_ranks_of_the_knots():
    """Half of the rows are zero, as in a skewed column."""
    rng = np.random.default_rng(5)
    rates = minmax_scale(np.where(rng.random(1000) < 0.5, 0, rng.random(1000)))[:, np.newaxis]
    knots, _ = fit(rates)
    (values,), (of_values,) = knots.transpose(0, 2, 1)
    assert 10 < len(values) <= 33
    exact = dict(zip(rates[:, 0], minmax_scale(rankdata(rates)), strict=True))
    assert_allclose(of_values, [exact[value] for value in values], atol=1e-14)


@pytest.mark.parametrize("n_steps", [1, 2, 4, 8])
def test_few_values_have_a_step_between_each_and_the_next(n_steps):
    """Whatever their distances and however often they occur."""
    columns = {
        2: [0.1, 0.9],
        3: [0, 0.01, 1],
        5: [0, 0.3, 0.31, 0.9, 1],
        9: np.arange(9) ** 2 / 64,
    }
    rates = np.column_stack([np.resize(np.repeat(of, 2), 60) for of in columns.values()])
    knots, steps = fit(rates, np.random.default_rng(6).random(60), n_steps)
    assert steps.tolist() == [min(n_steps, n - 1) for n in columns]
    for feature, (n_values, values) in enumerate(columns.items()):
        if n_values <= n_steps + 1:
            even = ranks(np.tile(np.asarray(values, float)[:, np.newaxis], 4), knots)[:, feature]
            assert_allclose(even, np.arange(n_values) / (n_values - 1))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_levels_of_a_scale_stay_evenly_spaced(dtype):
    """However often they occur, and though some are missing; a scale has at most 33."""
    few, most, more = [0, 3, 4, 5, 16], [0, 1, 32], [0, 1, 33]
    columns = [[of[0]] * 80 + [*of[1:]] * 2 for of in (few, most, more)]
    rates = minmax_scale(np.column_stack([np.resize(column, 88) for column in columns])).astype(
        dtype
    )
    image = rates[:, :2]
    assert_allclose(ranks(image, fit(image, n_steps=1)[0]), image, atol=1e-6)
    # With a column of more levels the table is none of a scale. Few of the 88 rows lie between
    # the least value of a column and the next one.
    ranked = ranks(rates, fit(rates, n_steps=1)[0])
    assert (rates[80] < [0.2, 0.04, 0.04]).all()
    assert (ranked[80] > 0.3).all()


def test_a_constant_column_keeps_its_rates():
    knots, steps = fit(np.column_stack([np.full(50, 0.3), np.linspace(0, 1, 50)]), n_steps=8)
    assert steps.tolist() == [1, 8]
    rates = np.random.default_rng(7).random((20, 2))
    assert_allclose(ranks(rates, knots)[:, 0], rates[:, 0])
    assert_allclose(slopes(rates, knots)[:, 0], 1)


def test_without_knots_rates_are_their_ranks():
    rates = table()
    assert ranks(rates, no_knots(3)) is rates
    assert_array_equal(slopes(rates, no_knots(3)), np.ones_like(rates))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ranks_have_the_dtype_and_the_bounds_of_rates(dtype):
    knots, _ = fit(0.2 + 0.6 * table(n_values=200))
    # Later data may lie outside the rates of the training data.
    rates = np.linspace(0, 1, 301, dtype=dtype)[:, np.newaxis].repeat(3, axis=1)
    ranked = ranks(rates, knots)
    assert ranked.dtype == slopes(rates, knots).dtype == dtype
    assert (np.diff(ranked, axis=0) >= 0).all()
    assert (ranked[:60] == 0).all()
    assert (ranked[-60:] == 1).all()
    assert_allclose(ranked, ranks(rates.astype(np.float64), knots), atol=1e-6)


def test_slopes_are_finite_differences():
    """Of columns with different numbers of knots, of which the last ones are repeated."""
    rates = np.column_stack([table()[:, 0], np.resize([0, 0.4, 1], 500), np.full(500, 0.5)])
    knots, _ = fit(rates, n_steps=4)
    points = np.random.default_rng(8).uniform(0.001, 0.999, (100, 3))
    expected = numerical_gradient(lambda: ranks(points, knots).sum(), points)
    assert_allclose(slopes(points, knots), expected, atol=1e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_slopes_beside_the_largest_outliers_leave_room_for_products(dtype):
    """Which are taken with weights and numbers of steps."""
    tiny = np.finfo(dtype).tiny
    knots, _ = fit([0, tiny, 1], n_steps=2)
    steep, flat = slopes(np.array([[0], [0.5]], dtype), knots)[:, 0]
    assert 1e18 < steep < np.finfo(dtype).max / 1e18
    assert flat == 0.5


def test_slopes_at_knots_and_outside():
    """Pieces from 0.2 to 0.4 and to 0.8 rise by a half; outside, attacks find the way back."""
    knots, _ = fit([0.2, 0.4, 0.8], n_steps=2)
    rates = np.array([[0.0], [0.2], [0.3], [0.4], [0.8], [1.0]])
    assert_allclose(slopes(rates, knots)[:, 0], [2.5, 2.5, 2.5, 1.25, 1.25, 1.25])
