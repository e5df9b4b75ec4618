import numpy as np
import pytest
from attack_objectives import SmallNet, run
from linear_margin import Linear, linear_distance
from numpy.testing import assert_array_equal

from skstdp._attacks._decision_boundary import boundary
from skstdp._attacks._norm_balls import NORMS, Ball


@pytest.mark.parametrize("norm", NORMS)
def test_finds_the_rows_of_a_linear_margin_that_can_be_fooled(norm):
    """All but those whose ball the plane only grazes."""
    rng = np.random.default_rng(0)
    model, rows = Linear(rng.normal(size=6), -0.1), rng.random((120, 6))
    y = model.predict(rows)
    epsilon = {"linf": 0.05, "l2": 0.1, "l1": 0.2}[norm] * np.array([1, 2, 0, 0.5, 1, 3])
    margins, gradient = model.margin_and_gradient(rows, y)
    distances = np.array(
        [
            linear_distance(row, slopes, margin, epsilon, norm)
            for row, slopes, margin in zip(rows, gradient, margins, strict=True)
        ]
    )
    assert 0.1 < (distances < 0.9).mean() < 0.9
    found = boundary(rows, y, model.is_adversarial, rows, Ball(epsilon, norm), 1500, 0)
    fooled = model.predict(found) != y
    assert not fooled[distances > 1.001].any()
    assert fooled[distances < 0.9].mean() > 0.95


@pytest.mark.parametrize(("norm", "size"), [("l2", 0.15), ("l1", 0.4)])
def test_comes_close_to_what_gradients_find(norm, size):
    rng = np.random.default_rng(0)
    net, rows, ball = SmallNet(12), rng.random((150, 12)), Ball(size, norm)
    y = net.labels(rows)
    fooled = []
    for attack, budget in (("boundary", 1), ("boundary", 20), ("apgd", 2)):
        found = run(
            attack, rows, y, net.margins_and_gradient, ball, budget=budget, starts=rows[:60]
        )
        fooled.append((net.margins_and_gradient(found, y)[0] < 0).mean())
    assert 0.1 < fooled[0] <= fooled[1] <= fooled[2]
    assert fooled[1] > fooled[2] - 0.05


def test_begins_with_the_nearest_start_that_is_adversarial():
    """At the row, at 0.6 of the right class, at 0.7, and at epsilon on the line to it."""
    asked = []

    def is_adversarial(points, y):
        asked.extend(points[:, 0])
        return points[:, 0] > 0.62

    starts = np.array([[0.9], [0.6], [0.1], [0.7]])
    found = boundary(np.array([[0.5]]), np.ones(1), is_adversarial, starts, Ball(0.125), 50, 0)
    assert asked == [0.5, 0.6, 0.7, 0.625]
    assert_array_equal(found, [[0.625]])


def test_a_start_in_the_ball_is_taken_as_it_is():
    found = boundary(
        np.array([[0.5, 0.5]]), np.ones(1), lambda x, y: x[:, 0] > 0.52,
        np.array([[0.55, 0.45]]), Ball(0.1), 50, 0,
    )  # fmt: skip
    assert_array_equal(found, [[0.55, 0.45]])


@pytest.mark.parametrize("norm", NORMS)
def test_number_of_queries_is_kept(norm):
    rng = np.random.default_rng(0)
    model, rows = Linear(rng.normal(size=10), 0.0), rng.random((40, 10))
    y = model.predict(rows)
    for n_queries in (1, 7, 100):
        model.n_rows_asked = 0
        boundary(rows, y, model.is_adversarial, rows, Ball(1e-4, norm), n_queries, 0)
        assert 0.9 * len(rows) * (1 + n_queries) < model.n_rows_asked
        assert model.n_rows_asked <= len(rows) * (1 + n_queries)


def test_nothing_is_found_where_every_decision_is_right():
    asked = []

    def is_adversarial(points, y):
        asked.append(len(points))
        return np.zeros(len(points), bool)

    rows = np.random.default_rng(0).random((5, 3))
    assert_array_equal(boundary(rows, np.ones(5), is_adversarial, None, Ball(0.3), 30, 0), rows)
    assert sum(asked) == 5 * 31


def test_features_that_do_not_matter_go_back_to_the_sample():
    """Only one of eight decides, and in the l1 norm all others have to be as in the sample."""

    def is_adversarial(points, y):
        return points[:, 2] > 0.6

    rows, starts = np.full((3, 8), 0.5), np.full((1, 8), 0.9)
    found = boundary(rows, np.ones(3), is_adversarial, starts, Ball(0.12, "l1"), 200, 0)
    assert (found[:, 2] > 0.6).all()
    assert (np.abs(found - rows).sum(axis=1) <= 0.12 + 1e-9).all()
