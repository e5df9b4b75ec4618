import numpy as np
import pytest
from attack_objectives import SmallNet, run
from linear_margin import Linear, linear_distance
from numpy.testing import assert_allclose, assert_array_equal

from skstdp._attacks._apgd import _checkpoints, apgd
from skstdp._attacks._gradient import pgd
from skstdp._attacks._norm_balls import NORMS, Ball


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("size", [0.05, 0.4])
def test_exactly_the_rows_of_a_linear_margin_that_can_be_fooled_are(norm, size):
    rng = np.random.default_rng(0)
    model = Linear(rng.normal(size=6), -0.1)
    rows = rng.random((100, 6))
    y = model.predict(rows)
    epsilon = size * np.array([1, 2, 0, 0.5, 1, 3])
    margins, gradient = model.margin_and_gradient(rows, y)
    distances = np.array(
        [
            linear_distance(*row_and_rest, epsilon, norm)
            for row_and_rest in zip(rows, gradient, margins, strict=True)
        ]
    )
    assert 0.1 < (distances < 1).mean() < 0.95
    found = run("apgd", rows, y, model.margin_and_gradient, Ball(epsilon, norm))
    clear = np.abs(distances - 1) > 1e-3
    assert_array_equal((model.predict(found) != y)[clear], (distances < 1)[clear])


@pytest.mark.parametrize("steepness", [1.0, 4.0])
@pytest.mark.parametrize(("norm", "epsilon"), [("linf", 0.04), ("l2", 0.12), ("l1", 0.35)])
def test_fools_what_projected_descent_of_as_many_steps_fools(norm, epsilon, steepness):
    rng = np.random.default_rng(0)
    net, rows, ball = SmallNet(20, steepness), rng.random((300, 20)), Ball(epsilon, norm)
    y = net.labels(rows)
    found = pgd(rows, y, net.margins_and_gradient, ball, 40, 5, 2.5 / 40, 0)
    fooled = net.margins_and_gradient(found, y)[0] < 0
    assert 0.1 < fooled.mean() < 0.9
    found = run("apgd", rows, y, net.margins_and_gradient, ball, budget=4)
    ours = net.margins_and_gradient(found, y)[0] < 0
    # Steep nets have narrow valleys, of which random starts find these or those.
    assert (fooled & ~ours).sum() <= (0 if steepness == 1 and norm != "l1" else 3)
    assert ours.sum() >= fooled.sum() - (0 if norm != "l1" else 3)


def test_checkpoints_are_those_of_the_paper():
    """By hand: gaps of 0.22, 0.19, 0.16, 0.13, 0.10, 0.07, 0.06, 0.06 of 100 steps."""
    assert sorted(_checkpoints(100)) == [22, 41, 57, 70, 80, 87, 93, 99]


def recorded_descent(margins_and_slopes, start, epsilon, n_steps):
    """Places of one feature that a descent visits."""
    places = []

    def objective(points, y):
        places.append(points[0, 0])
        margin, slope = margins_and_slopes(points[0, 0])
        return np.array([margin]), np.array([[slope]]), np.zeros(1, bool)

    ball = Ball(epsilon, low=-np.inf, high=np.inf)
    found = apgd(np.array([[start]]), np.zeros(1), objective, ball, n_steps, 1, 0)
    return np.array(places), found[0, 0]


def test_first_steps_by_hand():
    """From 0 to the end at -1; the slope turns: to +1, of which 0.75 and momentum are made."""
    places, _ = recorded_descent(lambda x: (5.0, 1.0 if x > -0.5 else -1.0), 0.0, 1.0, 3)
    assert_allclose(places[:3], [0, -1, -1 + 0.75 * 2 + 0.25 * (-1 - 0)])


def test_halves_steps_that_jump_over_a_valley():
    """Steps of 2 epsilon cannot come near the lowest point of a bowl; halved ones do."""
    places, found = recorded_descent(lambda x: (1 + (x - 0.3) ** 2, 2 * (x - 0.3)), 0.0, 1.0, 100)
    early, late = np.abs(places[2:20] - 0.3), np.abs(places[-5:] - 0.3)
    assert early.min() > 5 * late.max()
    assert abs(found - 0.3) < 0.02


def test_a_fooling_point_counts_more_than_a_lower_loss():
    """The loss need not be the margin."""

    def objective(points, y):
        x = points[:, 0]
        return x, np.ones_like(points), np.abs(x - 0.4) < 0.05

    found = apgd(np.full((1, 1), 0.5), np.zeros(1), objective, Ball(0.4), 20, 1, 0)
    assert abs(found[0, 0] - 0.5) <= 0.4
    # Of rows that no point fools the lowest loss is kept.
    never = apgd(
        np.full((1, 1), 0.5), np.zeros(1), lambda *a: (*objective(*a)[:2], np.zeros(1, bool)),
        Ball(0.4), 20, 1, 0,
    )  # fmt: skip
    assert_allclose(never, 0.1)


def test_random_starts_find_what_the_gradient_at_the_row_hides():
    def objective(points, y):
        x = points[:, 0]
        flat = np.abs(x - 0.5) < 0.05
        margins = np.where(flat, 1.0, 0.55 - np.abs(x - 0.5) * 3)
        slopes = np.where(flat, 0.0, -np.sign(x - 0.5))
        return margins, slopes[:, np.newaxis], margins < 0

    rows, y = np.full((50, 1), 0.5), np.ones(50, int)
    for norm in NORMS:
        assert_array_equal(apgd(rows, y, objective, Ball(0.2, norm), 10, 1, 0), rows)
        several = apgd(rows, y, objective, Ball(0.2, norm), 10, 12, 0)
        assert objective(several, y)[2].all()


def test_sparse_step_by_hand():
    """Two features move; the steepest is at its bound, does not count, and stays there."""
    balls = Ball(1.0, "l1").around(np.array([[0.5, 0.5, 0.5, 0.0]]))
    gradient = np.array([[3.0, -2.0, 1.0, 4.0]])
    length, two = np.full((1, 1), 0.4), np.full((1, 1), 2)
    moved = balls.sparse_step(balls.centre, gradient, length, two)
    assert_allclose(moved, [[0.3, 0.7, 0.5, 0.0]], atol=1e-15)
    # 0.5 more of each, of which the bounds take 0.2, leaves 1 + 0.6 - 0.2 to be shrunk to 1.
    again = balls.sparse_step(moved, gradient, np.full((1, 1), 1.0), two)
    assert_allclose(again, [[0.0, 1.0, 0.5, 0.0]], atol=1e-15)
