import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import linprog, minimize

from skstdp._attacks import _moves


@pytest.fixture(scope="module")
def slopes_and_reach():
    rng = np.random.default_rng(0)
    slopes = rng.random((30, 5)) * rng.choice([0, 0.1, 1, 3], (30, 5))
    slopes[:, 0] += 0.1
    reach = np.where(slopes > 0, rng.choice([0, 0.2, 1, 50], (30, 5)), 0)
    return slopes, np.maximum(reach, np.where(slopes > 0, 1e-3, 0))


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_least_moves_are_the_shortest_of_their_effect(norm, slopes_and_reach):
    slopes, reach = slopes_and_reach
    rest = (slopes * reach).sum(axis=1, keepdims=True) * np.linspace(0.01, 0.99, 30)[:, np.newaxis]
    moves = _moves.LEAST_MOVES[norm](slopes, reach, rest)
    assert (moves >= 0).all()
    assert (moves <= reach).all()
    assert_allclose((slopes * moves).sum(axis=1), rest[:, 0], rtol=1e-12)
    for h, room, amount, move in zip(slopes, reach, rest[:, 0], moves, strict=True):
        if norm == "l2":
            # Optimal if all that are not at their end have moves in proportion to their slopes.
            free = (move < room) & (h > 0)
            if free.any():
                factor = (move[free] / h[free]).max()
                assert_allclose(move, np.minimum(factor * h, room), rtol=1e-9)
            continue
        bounds = list(zip(np.zeros(5), room, strict=True))
        if norm == "l1":
            best = linprog(np.ones(5), A_eq=[h], b_eq=[amount], bounds=bounds).fun
            assert_allclose(move.sum(), best, rtol=1e-7)
        else:
            best = linprog(
                np.eye(6)[-1],
                np.column_stack([np.eye(5), -np.ones(5)]),
                np.zeros(5),
                [np.append(h, 0)],
                [amount],
                [*bounds, (0, None)],
            ).fun
            assert_allclose(move.max(), best, rtol=1e-7)


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_least_moves_that_cannot_do_enough_go_to_the_corner(norm, slopes_and_reach):
    slopes, reach = slopes_and_reach
    moves = _moves.LEAST_MOVES[norm](slopes, reach, np.full((30, 1), 1e30))
    assert_allclose(moves, reach)


@pytest.mark.parametrize("norm", ["l2", "l1"])
@pytest.mark.parametrize("radius", [0.3, 1.0])
def test_nearest_point_of_ball_and_box(norm, radius):
    """Against a general minimiser of the squared distance."""
    rng = np.random.default_rng(1)
    sizes, reach = rng.exponential(size=(12, 4)), rng.choice([0.1, 0.4, 2.0], (12, 4))
    keep = {"l2": _moves.farthest_l2, "l1": _moves.shrunk_within_l1}[norm]
    order = {"l2": 2, "l1": 1}[norm]
    far = np.linalg.norm(np.minimum(sizes, reach), order, axis=1) > radius
    assert far.sum() > 6
    sizes, reach = sizes[far], reach[far]
    ours = keep(sizes, reach, np.full((len(sizes), 1), radius))
    power = {"l2": 2, "l1": 1}[norm]
    for size, room, near in zip(sizes, reach, ours, strict=True):
        found = minimize(
            lambda z, size=size: ((z - size) ** 2).sum(),
            np.zeros(4),
            bounds=list(zip(np.zeros(4), room, strict=True)),
            constraints={"type": "ineq", "fun": lambda z: radius**power - (z**power).sum()},
            options={"ftol": 1e-14},
        )
        assert_allclose(near, found.x, atol=2e-5)
        assert_allclose(np.linalg.norm(near, order), radius)


def test_l1_projection_keeps_at_the_bound_what_is_far_beyond():
    """By hand: 2 and 0.8 within 0.5 and 1, sum 1. Shrunk by 0.3: 0.5 stays, 0.8 becomes 0.5."""
    ours = _moves.shrunk_within_l1(np.array([[2.0, 0.8]]), np.array([[0.5, 1.0]]), np.ones((1, 1)))
    assert_allclose(ours, [[0.5, 0.5]])
