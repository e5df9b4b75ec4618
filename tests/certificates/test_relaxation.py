"""Lines, least values in balls, and bounds of networks, against loops and exhaustive search."""

from itertools import pairwise, product

import numpy as np
import pytest
from naive_relaxation import LINES, least_outputs
from numpy.testing import assert_allclose
from scipy.optimize import linprog

from skstdp._attacks._norm_balls import Ball
from skstdp._certificates._counterexamples import narrowed
from skstdp._certificates._layers import Affine, Logistic, PiecewiseLinear, Relu
from skstdp._certificates._lines import CodeLines, Lines
from skstdp._certificates._margin_bounds import margin_bounds
from skstdp._certificates._parts import Parts, bounds_by_parts, least_by_parts
from skstdp._certificates._reach import Linear, Reach, Tables
from skstdp._certificates._relaxation import Network, Relaxation

ACTIVATIONS = {"logistic": Logistic, "relu": Relu}


def random_layers(rng, sizes, activation, scale=1.0):
    coefs = [rng.normal(scale=scale, size=pair) for pair in pairwise(sizes)]
    intercepts = [rng.normal(scale=0.5, size=size) for size in sizes[1:]]
    layers = []
    for coef, intercept in zip(coefs, intercepts, strict=True):
        layers += [ACTIVATIONS[activation](), Affine(coef, intercept)]
    return coefs, intercepts, layers[1:]


def reach_of(points, epsilon, norm="linf", **options):
    options = {"low": -np.inf, "high": np.inf} | options
    return Reach(Ball(epsilon, norm, **options), points, slice(None))


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_lines_are_on_their_sides_whatever_tangent_is_chosen(activation):
    rng = np.random.default_rng(0)
    low = rng.normal(scale=6, size=(400, 1))
    high = low + rng.exponential(scale=4, size=low.shape)
    high[:20] = low[:20]
    lines = Lines(ACTIVATIONS[activation](), low, high)
    z = low + (high - low) * np.linspace(0, 1, 501)
    function = LINES[activation][0](z)
    for tangent in (
        *(low + (high - low) * share for share in (0, 0.2, 0.6, 1)),
        low - 50,
        low + 50,
    ):
        slope, constant, _ = lines.back(np.ones((400, 1, 1)), tangent[:, np.newaxis])
        below = slope[:, :, 0] * z + constant
        assert (below <= function + 1e-12).all()
        slope, constant, _ = lines.back(-np.ones((400, 1, 1)), tangent[:, np.newaxis])
        above = -(slope[:, :, 0] * z + constant)
        assert (above >= function - 1e-12).all()


def test_lines_below_codes():
    rng = np.random.default_rng(1)
    nodes = np.sort(rng.normal(size=(5, 3)), axis=0)
    code = PiecewiseLinear(nodes, rng.normal(size=(5, 7)), rng.integers(3, size=7))
    low = rng.normal(size=(50, 3))
    high = low + rng.exponential(size=low.shape)
    factors = rng.normal(size=(50, 2, 7))
    slope, constant, _ = CodeLines(code, low, high).back(factors, None)
    for share in rng.uniform(size=(200, 3)):
        z = low + share * (high - low)
        exact = np.array(
            [
                [
                    np.interp(z[r, i], nodes[:, i], code.values[:, k])
                    for k, i in enumerate(code.inputs)
                ]
                for r in range(50)
            ]
        )
        assert_allclose(code(z), exact, atol=1e-12)
        value = (factors * exact[:, np.newaxis]).sum(axis=2)
        assert ((slope * z[:, np.newaxis]).sum(axis=2) + constant <= value + 1e-9).all()


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", [(3, 5, 1), (4, 6, 5, 3)])
def test_bounds_are_those_of_loops_over_units(activation, sizes):
    rng = np.random.default_rng(2)
    coefs, intercepts, layers = random_layers(rng, sizes, activation, 1.5)
    points = rng.uniform(size=(12, sizes[0]))
    reach = reach_of(points, 0.3, low=0, high=1)
    relaxation = Relaxation(Network(layers), reach, 0, 0)
    found, *_ = relaxation.minimum(np.eye(sizes[-1])[np.newaxis])
    expected = [
        least_outputs(
            coefs, intercepts, activation, np.maximum(p - 0.3, 0), np.minimum(p + 0.3, 1)
        )
        for p in points
    ]
    assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_bounds_are_below_all_points_and_close_to_the_lowest(activation, norm):
    rng = np.random.default_rng(3)
    steps = np.array(list(product(np.linspace(-1, 1, 41), repeat=2)))
    order = {"linf": np.inf, "l2": 2, "l1": 1}[norm]
    steps = steps[np.linalg.norm(steps, order, axis=1) <= 1]
    proven = []
    for _ in range(10):
        _, _, layers = random_layers(rng, (2, 6, 4, 3), activation, 2)
        points, y = rng.normal(size=(5, 2)), rng.integers(3, size=5)
        bounds = margin_bounds(layers, Ball(0.3, norm, -np.inf, np.inf), points, y, 2e-16)
        outputs = points[:, np.newaxis] + 0.3 * steps
        for layer in layers:
            outputs = layer(outputs)
        margins = outputs[np.arange(5), :, y][..., np.newaxis] - outputs
        lowest = margins.min(axis=1)
        others = np.arange(3) != y[:, np.newaxis]
        assert (bounds[others] <= lowest[others]).all()
        # Where margins stay above zero, that is nearly always proven.
        proven += (bounds[others & (lowest > 0.5)] > 0).tolist()
        small = margin_bounds(layers, Ball(1e-4, norm, -np.inf, np.inf), points, y, 2e-16)
        here = points
        for layer in layers:
            here = layer(here)
        exact = here[np.arange(5), y][:, np.newaxis] - here
        assert_allclose(small[others], exact[others], atol=0.02)
    assert len(proven) > 10
    assert np.mean(proven) > 0.9


@pytest.mark.parametrize("sizes", [(3, 8, 1), (3, 8, 6, 1)])
def test_rounds_and_parts_never_lower_a_bound_and_pay(sizes):
    rng = np.random.default_rng(4)
    _, _, layers = random_layers(rng, sizes, "logistic", 2.5)
    reach, factors = reach_of(rng.normal(size=(40, 3)), 0.4), np.ones((40, 1, 1))
    relaxation = Relaxation(Network(layers), reach, 0, 0)
    first = relaxation.minimum(factors)[0][:, 0]
    points = rng.uniform(reach.low, reach.high, size=(5000, 40, 3))
    for layer in layers:
        points = layer(points)
    attained = points[..., 0].min(axis=0)
    # What is to be above zero is just above what is attained, so that no row is refuted.
    aim, lowest = attained - 1e-3, np.full(40, np.inf)
    parts = Parts(relaxation, factors, -aim, np.arange(40)).improve(15, lowest)
    raised = lowest.copy()
    raised[parts.owners] = parts.bounds
    assert (raised + aim >= first - 1e-9).all()
    assert (raised + aim <= attained).all()
    assert (raised + aim - first).mean() > 0.02
    left, parts.owners = parts.owners, np.arange(len(parts))
    by_parts = bounds_by_parts(parts, 4, 5)
    assert (by_parts >= raised[left]).all()
    assert (by_parts + aim[left] <= attained[left]).all()
    gap = attained[left] - aim[left]
    assert (gap - by_parts).mean() < 0.8 * (gap - raised[left]).mean()


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_intervals_hold_at_counterexamples_and_are_narrowed(norm):
    rng = np.random.default_rng(8)
    _, _, layers = random_layers(rng, (3, 8, 6, 1), "logistic", 2.5)
    points = rng.normal(size=(20, 3))
    inside = rng.normal(size=(20000, 3))
    order = {"linf": np.inf, "l2": 2}[norm]
    inside *= rng.uniform(size=(20000, 1)) / np.linalg.norm(inside, order, axis=1, keepdims=True)
    first = layers[0](points + 0.4 * inside[:, np.newaxis])
    second = layers[2](layers[1](first))
    outputs = layers[4](layers[3](second))[..., 0]
    # One point of a thousand is a counterexample.
    constants = -np.quantile(outputs, 0.001, axis=0)
    relaxation = Relaxation(Network(layers), reach_of(points, 0.4, norm), 0, 0)
    parts = Parts(relaxation, np.ones((20, 1, 1)), constants, np.arange(20))
    for _ in range(3):
        parts._move(1)
    narrow = narrowed(narrowed(parts))
    assert (narrow.bounds <= 0).all()
    kept = outputs + constants <= 0
    excess = []
    for level, drives in enumerate([first, second]):
        drives = np.where(kept[..., np.newaxis], drives, np.nan)
        low, high = np.nanmin(drives, axis=0), np.nanmax(drives, axis=0)
        wide, lines = relaxation.lines[level], narrow.functions_below()[0].lines[level]
        assert (low >= lines.low).all()
        assert (high <= lines.high).all()
        excess.append([((x.high - x.low) - (high - low)).mean() for x in (wide, lines)])
    # Of the first drives, intervals in the whole ball are exact.
    assert excess[0][1] < 0.98 * excess[0][0]
    assert excess[1][1] < 0.8 * excess[1][0]


def test_where_there_is_no_counterexample_narrow_intervals_prove_it():
    rng = np.random.default_rng(12)
    _, _, layers = random_layers(rng, (3, 8, 6, 1), "logistic", 2.5)
    points = rng.normal(size=(40, 3))
    drives = rng.uniform(points - 0.4, points + 0.4, size=(5000, 40, 3))
    for layer in layers:
        drives = layer(drives)
    constants = 0.3 - drives[..., 0].min(axis=0)
    relaxation = Relaxation(Network(layers), reach_of(points, 0.4), 0, 0)
    lowest = np.full(40, np.inf)
    parts = Parts(relaxation, np.ones((40, 1, 1)), constants, np.arange(40)).improve(15, lowest)
    n_open = len(parts)
    for _ in range(4):
        parts = narrowed(parts).improve(5, lowest)
    assert n_open > 10
    assert len(parts) < 0.6 * n_open


def test_least_values_by_parts_are_below_what_is_attained_and_come_close():
    rng = np.random.default_rng(13)
    _, _, layers = random_layers(rng, (3, 8, 1), "logistic", 2.5)
    points = rng.normal(size=(40, 3))
    drives = rng.uniform(points - 0.4, points + 0.4, size=(5000, 40, 3))
    for layer in layers:
        drives = layer(drives)
    attained = drives[..., 0].min(axis=0)
    relaxation = Relaxation(Network(layers), reach_of(points, 0.4), 0, 0)
    factors = np.ones((40, 1, 1))
    first = relaxation.minimum(factors)[0][:, 0]
    parts = Parts(relaxation, factors, np.zeros(40), np.arange(40))
    # Another value that is attained, far above the least.
    raised = least_by_parts(parts, first, drives[0, :, 0], 4, 4)
    assert (raised >= first).all()
    assert (raised <= attained).all()
    assert (attained - raised).mean() < 0.5 * (attained - first).mean()


def test_intervals_are_those_of_a_loop():
    rng = np.random.default_rng(5)
    affine = Affine(rng.normal(size=(4, 3)), rng.normal(size=3))
    low = rng.normal(size=(6, 4))
    high = low + rng.exponential(size=low.shape)
    corners = np.array(list(product([0, 1], repeat=4)))[:, np.newaxis]
    images = affine(np.where(corners, high, low))
    assert_allclose(affine.interval(low, high), [images.min(axis=0), images.max(axis=0)])


class TestLeastValues:
    """Of sums of functions in a ball."""

    @pytest.mark.parametrize("norm", ["linf", "l1"])
    def test_linear_ones_are_those_of_linear_programming(self, norm):
        rng = np.random.default_rng(6)
        points, weights = rng.uniform(size=(8, 5)), rng.normal(size=(8, 2, 5))
        epsilon = np.array([0.1, 0.5, 0.3, 0, 0.7])
        reach = reach_of(points, epsilon, norm, low=np.zeros(5), high=np.ones(5))
        least, x = reach.minimum(Linear(weights))
        assert_allclose((weights * x).sum(axis=2), least)
        for r, t in product(range(8), range(2)):
            # Moves up and down, each with a cost.
            move = epsilon * weights[r, t]
            share = np.where(epsilon > 0, epsilon, 1)
            limits = np.concatenate([(1 - points[r]) / share, points[r] / share])
            ends = np.minimum(limits, 1) * np.tile(epsilon > 0, 2)
            budget = {"A_ub": np.ones((1, 10)), "b_ub": [1]} if norm == "l1" else {}
            program = linprog(
                np.concatenate([move, -move]), bounds=[(0, e) for e in ends], **budget
            )
            assert_allclose(least[r, t], weights[r, t] @ points[r] + program.fun, atol=1e-6)

    def test_of_the_euclidean_norm_by_hand(self):
        least, _ = reach_of(np.zeros((1, 2)), 1.0, "l2").minimum(Linear(np.array([[[3.0, 4.0]]])))
        assert_allclose(least, -5, atol=1e-6)
        # One feature stops at its bound of -0.6, and the other goes on to -0.8.
        reach = reach_of(np.zeros((1, 2)), 1.0, "l2", low=np.array([-0.6, -9]))
        least, _ = reach.minimum(Linear(np.array([[[30.0, 4.0]]])))
        assert_allclose(least, -18 - 3.2, atol=1e-6)

    @pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
    def test_of_tables_and_groups_they_are_below_all_points(self, norm):
        rng = np.random.default_rng(7)
        power = {"linf": np.inf, "l2": 2, "l1": 1}[norm]
        gaps = []
        for _ in range(30):
            code = PiecewiseLinear(np.sort(rng.uniform(size=(4, 4)), 0), np.zeros((4, 1)), [0])
            tables = rng.normal(size=(1, 3, 4, 4))
            points = np.hstack([rng.uniform(size=(1, 2)), np.eye(2)[rng.integers(2, size=1)]])
            epsilon = rng.choice([0.3, 1.0, 2.0], size=4)
            reach = reach_of(points, epsilon, norm, low=0, high=1, groups=[np.array([2, 3])])
            least, _ = reach.minimum(Tables(code, tables))
            grid = np.linspace(0, 1, 61)
            grid = np.array([(a, b, c, 1 - c) for a in grid for b in grid for c in (0, 1)])
            lengths = np.linalg.norm((grid - points) / epsilon, power, axis=1)
            grid = grid[lengths <= 1 + 1e-9]
            values = np.array(
                [
                    sum(
                        np.interp(grid[:, j], code.nodes[:, j], tables[0, t, :, j])
                        for j in range(4)
                    )
                    for t in range(3)
                ]
            )
            assert (least[0] <= values.min(axis=1) + 1e-9).all()
            gaps.append(values.min(axis=1) - least[0])
        assert np.median(gaps) < (0.05 if norm == "linf" else 0.1)

    def test_whole_numbers_stop_at_the_last_one(self):
        reach = reach_of(np.array([[3.0, 3.0]]), 1.7, whole=np.array([True, False]))
        least, _ = reach.minimum(Linear(np.ones((1, 1, 2))))
        assert_allclose(least, 2 + 1.3)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("scales", [(30, 0.1), (0.01, 100)])
def test_rounding_errors_of_single_precision_are_below_their_bounds(activation, scales):
    """At the points alone, where nothing else makes a bound lower than the exact margin."""
    rng = np.random.default_rng(9)
    coefs = [
        rng.normal(scale=scale, size=size).astype(np.float32)
        for scale, size in zip(scales, [(40, 30), (30, 2)], strict=True)
    ]
    # All large terms cancel.
    coefs[0][1::2] = -coefs[0][::2]
    coefs[1][1::2] = -coefs[1][::2]
    points = np.repeat(rng.uniform(size=(400, 20)), 2, axis=1).astype(np.float32)
    points[:, ::2] *= 1 + 1e-3
    zeros = [np.zeros(30), np.zeros(2)]
    layers = [Affine(coefs[0].astype(float), zeros[0]), ACTIVATIONS[activation]()]
    layers.append(Affine(coefs[1].astype(float), zeros[1]))
    y = np.zeros(400, dtype=int)
    eps = float(np.finfo(np.float32).eps)
    bounds = margin_bounds(layers, Ball(0.0, low=-np.inf, high=np.inf), points, y, eps)[:, 1]
    hidden = LINES[activation][0](points @ coefs[0])
    outputs = hidden @ coefs[1]
    exact = layers[2](layers[1](layers[0](points.astype(float))))
    assert outputs.dtype == np.float32
    margins, exact = outputs[:, 0] - outputs[:, 1], exact[:, 0] - exact[:, 1]
    # Without any allowance, half of the rows would be wrong.
    assert (margins < exact).mean() > 0.2
    assert (bounds <= margins).all()


def test_rounding_errors_of_the_outputs_alone():
    """All hidden units are at 1/2, which is exact, and 60 scores are sums of 400 of them."""
    coef = np.random.default_rng(10).normal(scale=100, size=(400, 60)).astype(np.float32)
    hidden = Affine(np.zeros((1, 400)), np.zeros(400))
    layers = [hidden, Logistic(), Affine(coef.astype(float), np.zeros(60))]
    points, eps = np.zeros((1, 1), np.float32), float(np.finfo(np.float32).eps)
    bounds = margin_bounds(layers, Ball(0.0, low=0, high=0), points, np.array([0]), eps)[0, 1:]
    outputs = (np.full((1, 400), 0.5, np.float32) @ coef)[0]
    exact = layers[2](np.full((1, 400), 0.5))[0]
    margins = outputs[0].astype(float) - outputs[1:]
    assert (margins < exact[0] - exact[1:]).any()
    assert (bounds <= margins).all()
