import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import linprog

from skstdp._attacks._norm_balls import NORMS, Ball

ORDER = {"linf": np.inf, "l2": 2, "l1": 1}
N_FEATURES = 4

numbers = st.floats(-1, 1, allow_subnormal=False)
rows = arrays(np.float64, (3, N_FEATURES), elements=st.floats(0, 1, allow_subnormal=False))
slopes = arrays(np.float64, (3, N_FEATURES), elements=numbers)
radii = st.one_of(
    st.floats(0, 2, allow_subnormal=False),
    arrays(np.float64, N_FEATURES, elements=st.sampled_from([0, 1e-3, 0.1, 0.5, 3])),
    arrays(np.float64, (3, 1), elements=st.sampled_from([0, 0.1, 0.5])),
)
bounds = st.sampled_from([(0, 1), (-np.inf, np.inf), (0, np.inf), (-0.5, [1, 2, 1.1, np.inf])])


def sizes(points, centre, epsilon, norm):
    """Norm of what each row moved by, in units of epsilon."""
    moved = points - centre
    epsilon = np.broadcast_to(epsilon, moved.shape)
    assert_array_equal(moved[epsilon == 0], 0)
    units = np.divide(moved, epsilon, out=np.zeros_like(moved), where=epsilon > 0)
    return np.linalg.norm(units, ord=ORDER[norm], axis=1)


@settings(deadline=None)
@given(
    st.sampled_from(NORMS), rows, slopes, slopes, radii, bounds, st.sampled_from([0.1, 0.5, 1, 2])
)
def test_steps_and_draws_stay_in_the_ball_and_the_bounds(
    norm, centre, first, second, epsilon, bounds, length
):
    low, high = bounds
    balls = Ball(epsilon, norm, low, high).around(centre)
    drawn = balls.random_start(np.random.RandomState(0))
    points = [drawn, balls.steepest_step(drawn, first, length)]
    points.append(balls.steepest_step(points[-1], second, length))
    points.append(balls.steepest_step(centre, second, length))
    for reached in points:
        # The samples themselves are known to 1e-16, of which some balls are few times the size.
        slack = 1e-9 + 1e-15 / np.min(epsilon, where=np.asarray(epsilon) > 0, initial=1)
        assert (sizes(reached, centre, epsilon, norm) <= 1 + slack).all()
        assert (reached >= low).all()
        assert (reached <= high).all()


def best_move(centre, gradient, epsilon, norm, low, high):
    """Where a linear function is smallest: by linear programming, or by bisection for l2."""
    lower, upper = np.maximum(low - centre, -1e3), np.minimum(high - centre, 1e3)
    if norm == "l2":
        h = gradient * epsilon
        room = np.where(h > 0, -lower, upper) / epsilon
        smallest, largest = 0.0, 1e9
        for _ in range(300):
            scale = (smallest + largest) / 2
            move = np.minimum(scale * np.abs(h), room)
            smallest, largest = (scale, largest) if np.sum(move**2) < 1 else (smallest, scale)
        return -np.sign(h) * move * epsilon
    if norm == "linf":
        return linprog(
            gradient,
            bounds=list(zip(np.maximum(lower, -epsilon), np.minimum(upper, epsilon), strict=True)),
        ).x
    n = len(centre)
    split = linprog(
        np.r_[gradient, -gradient],
        A_ub=[np.r_[1 / epsilon, 1 / epsilon]],
        b_ub=[1],
        bounds=[(0, u) for u in upper] + [(0, -b) for b in lower],
    ).x
    return split[:n] - split[n:]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("size", [0.05, 0.4, 2.0])
def test_full_step_goes_where_a_linear_function_is_smallest(norm, size):
    rng = np.random.default_rng(0)
    for bounds in [(0, 1), (0, np.inf), (-np.inf, np.inf)]:
        centre, gradient = rng.random((20, 5)), rng.normal(size=(20, 5))
        epsilon = size * rng.uniform(0.5, 2, size=5)
        balls = Ball(epsilon, norm, *bounds).around(centre)
        ours = balls.steepest_step(centre, gradient, 1)
        for row, slope, reached in zip(centre, gradient, ours, strict=True):
            best = slope @ best_move(row, slope, epsilon, norm, *bounds)
            assert_allclose(slope @ (reached - row), best, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("norm", ["l2", "l1"])
def test_a_step_out_of_the_ball_comes_back_to_its_nearest_point(norm):
    """Nothing of the ball is in the direction from the nearest point to the one outside."""
    rng = np.random.default_rng(1)
    centre = rng.normal(size=(50, 4))
    epsilon = np.array([0.5, 1, 2, 1])
    ball = Ball(epsilon, norm, -np.inf, np.inf)
    balls = ball.around(centre)
    start = balls.random_start(np.random.RandomState(0))
    gradient = rng.normal(size=centre.shape)
    wide = Ball(epsilon * 100, norm, -np.inf, np.inf).around(centre)
    outside = wide.steepest_step(start, gradient, 0.015)
    inside = balls.steepest_step(start, gradient, 1.5)
    others = [balls.random_start(np.random.RandomState(seed)) for seed in range(1, 100)]
    was_out = sizes(outside, centre, epsilon, norm) > 1
    assert was_out.mean() > 0.5
    for other in others:
        angle = ((outside - inside) / epsilon * ((other - inside) / epsilon)).sum(axis=1)
        assert (angle[was_out] <= 1e-9).all()


@pytest.mark.parametrize("norm", NORMS)
def test_draws_fill_the_ball(norm):
    """The share in the ball of half the radius is 2 ** -n_features, in any norm."""
    centre = np.zeros((20000, 3))
    drawn = (
        Ball([1, 2, 0.5], norm, -np.inf, np.inf)
        .around(centre)
        .random_start(np.random.RandomState(0))
    )
    assert_allclose(np.mean(sizes(drawn, centre, [1, 2, 0.5], norm) < 0.5), 1 / 8, atol=0.01)
    assert_allclose(drawn.mean(axis=0), 0, atol=0.02)


@pytest.mark.parametrize("norm", NORMS)
def test_the_place_of_the_bounds_does_not_matter(norm):
    rng = np.random.default_rng(0)
    centre, gradient = rng.integers(64, size=(20, 4)) / 64, rng.normal(size=(20, 4))
    here, there = (Ball(0.75, norm, at, at + 1).around(centre + at) for at in (0, 8))
    moved = [balls.steepest_step(balls.centre, gradient, 1) for balls in (here, there)]
    assert_allclose(moved[1] - 8, moved[0], atol=1e-12)
    drawn = [balls.random_start(np.random.RandomState(0)) for balls in (here, there)]
    assert_allclose(drawn[1] - 8, drawn[0], atol=1e-12)


def test_l2_step_leaves_room_that_a_bound_takes_to_others():
    balls = Ball(1.0, "l2", 0, 10).around(np.array([[0.6, 5.0, 5.0]]))
    reached = balls.steepest_step(balls.centre, np.array([[3.0, 4.0, 0.0]]), 1)
    # 0.6 is all that the first can go, and 0.8 is what is left of a length of 1.
    assert_allclose(reached, [[0.0, 4.2, 5.0]])


def test_l1_step_goes_to_the_steepest_first():
    balls = Ball(1.0, "l1", 0, 10).around(np.array([[0.25, 5.0, 5.0]]))
    reached = balls.steepest_step(balls.centre, np.array([[3.0, -2.0, 1.0]]), 1)
    assert_allclose(reached, [[0.0, 5.75, 5.0]])


class TestGroups:
    # A number and two groups, of three and of two columns.
    centre = np.array([[0.5, 1, 0, 0, 0, 1], [0.5, 0, 0, 1, 1, 0]])
    groups = ([1, 2, 3], [4, 5])

    def ball(self, epsilon, norm="linf", **options):
        return Ball(epsilon, norm, groups=self.groups, **options).around(self.centre)

    def test_swap_to_the_lowest_gradient(self):
        gradient = np.array([[1.0, 0, -1, -2, 0, 1], [1, 3, 2, 1, 1, 1]])
        reached = self.ball([0.1, 1, 1, 1, 1, 1]).steepest_step(self.centre, gradient, 1)
        assert_allclose(reached, [[0.4, 0, 0, 1, 1, 0], [0.4, 0, 0, 1, 1, 0]])

    def test_stay_in_a_ball_that_is_too_small_for_a_swap(self):
        gradient = np.array([[1.0, 9, -9, -9, -9, 9]] * 2)
        reached = self.ball(0.99).steepest_step(self.centre, gradient, 1)
        assert_allclose(reached[:, 1:], self.centre[:, 1:])
        # Only into columns, and out of columns, that may move by 1.
        reached = self.ball([0, 1, 1, 0.5, 1, 0]).steepest_step(self.centre, gradient, 1)
        assert_allclose(reached, [[0.5, 0, 1, 0, 0, 1], [0.5, 0, 0, 1, 1, 0]])

    def test_bounds_forbid_a_category(self):
        gradient = np.array([[0.0, 9, -9, -8, 0, 0]] * 2)
        reached = self.ball(1, high=np.array([1, 1, 0, 1, 1, 1])).steepest_step(
            self.centre, gradient, 1
        )
        assert_allclose(reached[:, 1:4], [[0, 0, 1], [0, 0, 1]])

    @pytest.mark.parametrize(("norm", "price"), [("l2", np.sqrt(2)), ("l1", 2)])
    def test_swaps_share_the_ball_and_the_best_comes_first(self, norm, price):
        gradient = np.array([[1.0, 2, -1, 0, -5, 5], [1.0, 2, 0, 4, 1, 0]])
        # The second group of the first row gains 10, the first one 3; in the second row 4 and 1.
        one = self.ball(price, norm).steepest_step(self.centre, gradient, 1)
        assert_allclose(one, [[0.5, 1, 0, 0, 1, 0], [0.5, 0, 1, 0, 1, 0]])
        both = self.ball({"l2": 2, "l1": 4}[norm], norm).steepest_step(self.centre, gradient, 1)
        assert_allclose(both, [[0.5, 0, 1, 0, 1, 0], [0.5, 0, 1, 0, 0, 1]])
        more = self.ball(price + 0.1, norm).steepest_step(self.centre, gradient, 1)
        left = {"l2": np.sqrt((price + 0.1) ** 2 - 2), "l1": 0.1}[norm]
        assert_allclose(more[:, 0], 0.5 - min(left, 0.5), atol=1e-15)
        assert_array_equal(more[:, 1:], one[:, 1:])

    def test_a_swap_back_is_free(self):
        gradient = np.array([[0.0, -9, 0, 0, 0, 0]] * 2)
        moved = np.array([[0.5, 0, 1, 0, 0, 1], [0.5, 0, 0, 1, 1, 0]])
        reached = self.ball(1.5, "l2").steepest_step(moved, gradient, 0.1)
        assert_allclose(reached, [[0.5, 1, 0, 0, 0, 1], [0.5, 1, 0, 0, 1, 0]])

    @pytest.mark.parametrize("norm", NORMS)
    def test_draws_are_one_hot_and_reach_all_categories(self, norm):
        ball = Ball(3.0, norm, groups=self.groups)
        drawn = ball.around(np.repeat(self.centre, 100, axis=0)).random_start(
            np.random.RandomState(0)
        )
        for group in self.groups:
            assert set(map(tuple, drawn[:, group])) == set(map(tuple, np.eye(len(group))))


def test_whole_numbers_go_towards_the_sample():
    centre = np.array([[3.0, 0.25, -2.0]])
    balls = Ball(1.0, low=-9, high=9, whole=[True, False, True]).around(centre)
    assert_allclose(balls.round_integers(centre + np.array([1.9, 0.7, -0.9])), [[4, 0.95, -2]])
    # Rounding below a whole step does not lose it.
    assert_allclose(
        balls.round_integers(centre - [0.9999999999, 0, 1.0000000001]), [[2, 0.25, -3]]
    )


def test_dtype_stays():
    for norm in NORMS:
        balls = Ball(0.1, norm).around(np.full((2, 3), 0.5, dtype=np.float32))
        gradient = np.ones((2, 3), dtype=np.float32)
        assert balls.steepest_step(balls.centre, gradient, 1).dtype == np.float32
        assert balls.random_start(np.random.RandomState(0)).dtype == np.float32


@pytest.mark.parametrize("norm", NORMS)
def test_selected_rows_are_those_of_the_whole(norm):
    rng = np.random.default_rng(0)
    centre, gradient = rng.random((6, 3)), rng.normal(size=(6, 3))
    for epsilon in (0.3, rng.random((6, 1)), rng.random((6, 3)), rng.random(3)):
        balls = Ball(epsilon, norm).around(centre)
        kept = np.array([True, False, True, True, False, False])
        expected = balls.steepest_step(centre, gradient, 1)[kept]
        assert_allclose(
            balls.select(kept).steepest_step(centre[kept], gradient[kept], 1), expected
        )


def test_tiny_slopes_lead_as_far_as_others():
    """Their squares are zero."""
    balls = Ball(0.5, "l2", 0, 1).around(np.full((1, 2), 0.5))
    steps = [
        balls.steepest_step(balls.centre, np.array([[3.0, -4.0]]) * s, 1) for s in (1, 1e-200)
    ]
    assert_allclose(steps[0], [[0.2, 0.9]])
    assert_allclose(steps[1], steps[0])
