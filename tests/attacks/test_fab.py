import numpy as np
import pytest
from attack_objectives import SmallNet
from linear_margin import Linear, linear_distance
from numpy.testing import assert_allclose, assert_array_equal

from skstdp._attacks._fab import fab
from skstdp._attacks._norm_balls import NORMS, Ball


def with_success(margins_and_gradient):
    def asked(points, y):
        margins, gradient = margins_and_gradient(points, y)
        return margins, gradient, margins < 0

    return asked


@pytest.mark.parametrize(("norm", "expected"), [("linf", 3 / 7), ("l2", 3 / 5), ("l1", 3 / 4)])
def test_distance_by_hand(norm, expected):
    """Margin 4 x + 3 y - 0.5 at (0.5, 0.5) with room on both sides: 3 over a norm of (4, 3)."""
    model = Linear([4.0, 3.0], -0.5)
    point, ball = np.full((1, 2), 0.5), Ball(1.0, norm, -9.0, 9.0)
    asked = with_success(model.margin_and_gradient)
    found, distance = fab(point, np.ones(1), asked, ball, 30, 1, 0, early_stop=False)
    assert_allclose(distance, expected, rtol=2e-3)
    assert distance[0] > expected
    assert_allclose(ball.around(point).sizes(found), distance)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
@pytest.mark.parametrize("norm", NORMS)
def test_distances_to_a_plane_in_bounds_with_a_size_of_each_feature(norm, scale):
    rng = np.random.default_rng(0)
    weights, rows = rng.normal(size=6), rng.uniform(0.2, 0.8, (60, 6))
    model = Linear(weights, 0.35 - weights.sum() / 2)
    y, low, high = model.predict(rows), 0.2, 0.8
    epsilon = {"linf": 0.2, "l2": 0.3, "l1": 0.6}[norm] * np.array([1, 2, 0, 0.5, 1, 3])
    margins, gradient = model.margin_and_gradient(rows, y)
    exact = np.array(
        [
            linear_distance(row, slopes, margin, epsilon, norm, low, high)
            for row, slopes, margin in zip(rows, gradient, margins, strict=True)
        ]
    )
    can_be = np.isfinite(exact)
    assert 0.5 < can_be.mean() < 1

    def asked(points, y):
        margins, gradient = model.margin_and_gradient(points, y)
        return margins * scale, gradient * scale, margins < 0

    ball = Ball(epsilon, norm, low, high)
    found, distances = fab(rows, y, asked, ball, 30, 1, 0, early_stop=False)
    assert_array_equal(np.isfinite(distances), can_be)
    assert_allclose(distances[can_be], exact[can_be], rtol=2e-3)
    assert (distances[can_be] > exact[can_be]).all()
    inside = distances <= 1
    assert 0.1 < inside.mean() < 0.9
    assert_array_equal(found[distances > 1.01], rows[distances > 1.01])
    assert (model.predict(found) != y)[inside].all()
    early, _ = fab(rows, y, asked, ball, 30, 1, 0)
    assert_array_equal(model.predict(early) != y, model.predict(found) != y)


@pytest.mark.parametrize("norm", NORMS)
def test_distances_do_not_depend_on_the_size_of_the_ball(norm):
    """They are in units of it."""
    rng = np.random.default_rng(0)
    net, rows = SmallNet(8), rng.random((50, 8))
    y = net.labels(rows)
    asked = with_success(net.margins_and_gradient)
    near, far = (
        fab(rows, y, asked, Ball(size, norm), 30, 1, 0, early_stop=False)[1] for size in (0.1, 0.4)
    )
    assert_allclose(near, far * 4, rtol=1e-9)


def test_distance_is_zero_where_the_sample_fools_and_infinite_where_nothing_does():
    points = np.array([[0.2], [0.8]])

    def asked(points, y):
        return np.array([-1.0, 1.0])[y], np.zeros_like(points), y == 0

    found, distances = fab(points, np.arange(2), asked, Ball(0.1), 5, 2, 0, early_stop=False)
    assert_array_equal(found, points)
    assert_array_equal(distances, [0, np.inf])


def test_random_starts_find_what_the_gradient_at_the_row_hides():
    def asked(points, y):
        x = points[:, 0]
        flat = np.abs(x - 0.5) < 0.05
        margins = np.where(flat, 1.0, 0.55 - np.abs(x - 0.5) * 3)
        slopes = np.where(flat, 0.0, -3 * np.sign(x - 0.5))
        return margins, slopes[:, np.newaxis], margins < 0

    rows, y = np.full((50, 1), 0.5), np.ones(50, int)
    for norm in NORMS:
        one = fab(rows, y, asked, Ball(0.2, norm), 10, 1, 0)[1]
        assert np.isinf(one).all()
        found, several = fab(rows, y, asked, Ball(0.2, norm), 10, 12, 0, early_stop=False)
        assert asked(found, y)[2].all()
        assert_allclose(several, 0.55 / 3 / 0.2, rtol=2e-3)


class TestGroups:
    def test_a_swap_alone_can_be_enough(self):
        """Margin 2 - 3 [second category]: the swap, in units of 2, has a size of 1/2."""
        model = Linear([0.0, 0.0, -3.0], 2.0)
        points = np.array([[0.5, 1.0, 0.0]])
        ball = Ball([0.1, 2, 2], groups=[[1, 2]])
        asked = with_success(model.margin_and_gradient)
        found, distance = fab(points, np.ones(1), asked, ball, 5, 1, 0)
        assert_array_equal(found, [[0.5, 0.0, 1.0]])
        assert_allclose(distance, 0.5)

    def test_the_nearer_of_a_swap_and_a_move(self):
        """A move of 0.2 of the number does as well as a swap; in l1 the swap costs 2."""
        model = Linear([-5.0, 0.0, -3.0], 3.5)
        points = np.array([[0.5, 1.0, 0.0]])
        ball = Ball(3.0, "l1", groups=[[1, 2]])
        asked = with_success(model.margin_and_gradient)
        found, distance = fab(points, np.ones(1), asked, ball, 30, 1, 0, early_stop=False)
        assert_allclose(distance, 0.2 / 3, rtol=2e-3)
        assert_array_equal(found[:, 1:], points[:, 1:])


def test_whole_numbers():
    """Margin 2.5 - x at 0: the first whole number beyond is 3."""
    model = Linear([-1.0], 2.5)
    ball = Ball(4.0, high=9, whole=[True])
    asked = with_success(model.margin_and_gradient)
    found, distance = fab(np.zeros((1, 1)), np.ones(1), asked, ball, 20, 1, 0, early_stop=False)
    assert_array_equal(found, [[3.0]])
    assert_allclose(distance, 0.75)
