"""Properties of the attacks of the worst case, in balls with all restrictions."""

import numpy as np
import pytest
from attack_objectives import ATTACKS, SmallNet, run
from naive_ball import in_ball
from numpy.testing import assert_array_equal

from skstdp._attacks._norm_balls import NORMS, Ball

# Two numbers, one that stays, a count, and two one-hot groups.
GROUPS, WHOLE = ([4, 5, 6], [7, 8]), (3,)
LOW, HIGH = np.array([0, -1, 0, 0, 0, 0, 0, 0, 0.0]), np.array([1, 2, 1, 9, 1, 1, 1, 1, 1.0])
SIZES = {
    "linf": [0.2, 0.4, 0, 2.5, 1, 1, 1, 1, 0.5],
    "l2": [0.3, 0.5, 0, 2, 1.6, 1.6, 3, 1.2, 1.2],
    "l1": [0.5, 0.9, 0, 3, 3, 2, 2, 1, 1],
}


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    n = 120
    rows = np.column_stack(
        [rng.random(n), rng.uniform(-1, 2, n), rng.random(n), rng.integers(10, size=n)]
        + [np.eye(len(group))[rng.integers(len(group), size=n)] for group in GROUPS]
    )
    net = SmallNet(9, 0.7, seed=3)
    net.bias = -rows.mean(axis=0) @ net.weights
    y = net.labels(rows)
    # Some rows are wrong without an attack.
    y[::7] *= -1
    return rows, y, net


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=lambda d: d.__name__)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_points_are_of_the_ball_and_not_worse_than_the_samples(attack, norm, dtype, table):
    rows, y, net = table
    rows = rows.astype(dtype)
    ball = Ball(SIZES[norm], norm, LOW, HIGH, GROUPS, np.arange(9) == 3)
    kept = rows.copy()
    margins = net.margins_and_gradient(rows, y)[0]
    found = run(attack, rows, y, net.margins_and_gradient, ball, starts=rows[::2])
    reached = net.margins_and_gradient(found, y)[0]
    assert found.dtype == dtype
    assert_array_equal(rows, kept)
    inside = [
        in_ball(point, sample, SIZES[norm], norm, LOW, HIGH, GROUPS, WHOLE)
        for point, sample in zip(found, rows, strict=True)
    ]
    assert all(inside)
    assert (reached <= margins).all()
    assert_array_equal(found[margins < 0], rows[margins < 0])
    fooled = (margins >= 0) & (reached < 0)
    assert 0.1 < fooled.mean() < 0.9
    if norm != "l1":
        # Every kind of column takes part.
        changed = (found != rows)[fooled].any(axis=0)
        assert changed[[0, 1, 3]].all()
        assert changed[4:7].any()


@pytest.mark.parametrize("attack", ATTACKS)
def test_sizes_of_each_row(attack, table):
    rows, y, net = table
    shares = np.tile([0.0, 0.8, 1.0], 40)
    epsilon = np.array(SIZES["l2"]) * shares[:, np.newaxis]
    ball = Ball(epsilon, "l2", LOW, HIGH, GROUPS, np.arange(9) == 3)
    found = run(attack, rows, y, net.margins_and_gradient, ball, starts=rows)
    assert_array_equal(found[::3], rows[::3])
    assert all(
        in_ball(point, sample, size, "l2", LOW, HIGH, GROUPS, WHOLE)
        for point, sample, size in zip(found, rows, epsilon, strict=True)
    )
    assert (found[1::3] != rows[1::3]).any()


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_moves_by_zero_and_no_rows_are_no_error(attack, norm, table):
    rows, y, net = table
    found = run(attack, rows, y, net.margins_and_gradient, Ball(0.0, norm, LOW, HIGH))
    assert_array_equal(found, rows)
    none = run(attack, rows[:0], y[:0], net.margins_and_gradient, Ball(0.1, norm))
    assert none.shape == (0, 9)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_the_same_seed_gives_the_same_points(attack, norm, table):
    rows, y, net = table
    ball = Ball(SIZES[norm], norm, LOW, HIGH, GROUPS)
    once, again = (run(attack, rows, y, net.margins_and_gradient, ball) for _ in range(2))
    assert_array_equal(once, again)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_without_bounds(attack, norm):
    rng = np.random.default_rng(0)
    rows, net = rng.normal(size=(80, 4)), SmallNet(4, seed=1)
    y = net.labels(rows)
    ball = Ball(0.5, norm, -np.inf, np.inf)
    found = run(attack, rows, y, net.margins_and_gradient, ball)
    bounds = np.full(4, np.inf)
    assert all(
        in_ball(point, sample, np.full(4, 0.5), norm, -bounds, bounds)
        for point, sample in zip(found, rows, strict=True)
    )
    assert (net.margins_and_gradient(found, y)[0] < 0).mean() > 0.1


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_rows_that_are_fooled_are_asked_for_no_more(attack, norm):
    rng = np.random.default_rng(0)
    rows, asked = rng.random((50, 4)), []

    def recorded(points, rows_of):
        asked.append(rows_of)
        return np.where(rows_of < 25, -1.0, 1.0), np.ones_like(points)

    run(attack, rows, np.arange(50), recorded, Ball(0.1, norm))
    assert len(asked) > 10
    assert_array_equal(asked[0], np.arange(50))
    assert min(np.concatenate(asked[1:])) == 25


def grid_minimum(margins_and_gradient, sample, label, epsilon, norm):
    """Smallest margin among the points of a grid in the ball within [0, 1]."""
    axis = np.linspace(-1, 1, 161)
    units = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    order = {"linf": np.inf, "l2": 2, "l1": 1}[norm]
    points = sample + units[np.linalg.norm(units, order, axis=1) <= 1] * epsilon
    points = points[((points >= 0) & (points <= 1)).all(axis=1)]
    return margins_and_gradient(points, np.full(len(points), label))[0].min()


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("attack", ATTACKS)
def test_finds_what_exhaustive_search_finds_in_a_rugged_plane(attack, norm):
    """Waves in two features, of which a ball holds several hills and valleys."""
    rng = np.random.default_rng(0)
    epsilon = np.array([0.25, 0.35])
    rows, y = rng.random((40, 2)), np.ones(40)

    def margins_and_gradient(points, y):
        a, b = points.T * [[14.0], [9.0]]
        margins = np.sin(a) * np.cos(b) + 0.3 * np.cos(2 * a + b) + 0.6 + points[:, 0]
        slopes = np.column_stack(
            [
                14 * (np.cos(a) * np.cos(b) - 0.6 * np.sin(2 * a + b)) + 1,
                9 * (-np.sin(a) * np.sin(b) - 0.3 * np.sin(2 * a + b)),
            ]
        )
        return margins, slopes

    smallest = np.array(
        [grid_minimum(margins_and_gradient, row, 1, epsilon, norm) for row in rows]
    )
    clear = np.abs(smallest) > 0.03
    assert 0.2 < (smallest[clear] < 0).mean() < 0.8
    budget = {"apgd": 8, "fab": 8, "square": 15, "boundary": 40}[attack]
    ball = Ball(epsilon, norm)
    found = run(attack, rows, y, margins_and_gradient, ball, budget=budget, starts=rows)
    fooled = margins_and_gradient(found, y)[0] < 0
    assert not fooled[(smallest > 0) & clear].any()
    # A narrow valley may be missed.
    assert fooled[(smallest < 0) & clear].mean() >= 0.9
