import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skstdp._attacks._gradient import fgsm, hard_label, pgd, random_signs, zero_gradient_share
from skstdp._attacks._norm_balls import Ball

DTYPES = [np.float32, np.float64]


class Linear:
    """Margin w @ x + b of class 1, and its negative of class 0; everything is known exactly."""

    def __init__(self, weights, bias):
        self.weights = np.asarray(weights, dtype=float)
        self.bias = bias
        self.n_rows_asked = 0

    def margin_and_gradient(self, rates, y):
        self.n_rows_asked += len(rates)
        sign = np.where(y == 1, 1, -1)
        gradient = (sign[:, np.newaxis] * self.weights).astype(rates.dtype)
        return sign * (rates @ self.weights + self.bias), gradient

    def margin_gradient(self, rates, y):
        return self.margin_and_gradient(rates, y)[1]

    def predict(self, rates):
        self.n_rows_asked += len(rates)
        return (rates @ self.weights + self.bias > 0).astype(int)

    def fools(self, rates, y):
        return self.predict(rates) != y

    def smallest_margin(self, rates, y, epsilon):
        """Each feature goes by itself to the end of its interval that lowers the margin."""
        margins = []
        for row, label in zip(rates, y, strict=True):
            sign = 1 if label == 1 else -1
            margin = sign * self.bias
            for x, w in zip(row, sign * self.weights, strict=True):
                margin += min(w * max(x - epsilon, 0), w * min(x + epsilon, 1))
            margins.append(margin)
        return np.array(margins)


@pytest.fixture(params=DTYPES, ids=lambda d: d.__name__)
def linear(request):
    rng = np.random.default_rng(0)
    model = Linear(rng.normal(size=6), -0.1)
    rates = rng.random((700, 6)).astype(request.param)
    y = (rates @ model.weights + model.bias + rng.normal(size=700) * 0.2 > 0).astype(int)
    return model, rates, y


def run(attack, model, rates, y, epsilon):
    return {
        "fgsm": lambda: fgsm(rates, y, model.margin_gradient, epsilon),
        "random signs": lambda: random_signs(rates, epsilon, 0),
        "pgd": lambda: pgd(rates, y, model.margin_and_gradient, epsilon, 20, 3, 1 / 4, 0),
        "hard label": lambda: hard_label(rates, y, model.fools, epsilon, 100, 0),
    }[attack]()


ATTACKS = ["fgsm", "random signs", "pgd", "hard label"]


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("epsilon", [0.03, 0.2, 2.0])
def test_points_stay_in_the_ball_the_box_and_the_dtype(attack, epsilon, linear):
    model, rates, y = linear
    kept = rates.copy()
    perturbed = run(attack, model, rates, y, epsilon)
    assert perturbed.dtype == rates.dtype
    assert perturbed.shape == rates.shape
    assert perturbed.min() >= 0
    assert perturbed.max() <= 1
    moved = np.abs(perturbed.astype(float) - rates.astype(float)).max()
    assert 0 < moved <= epsilon + 1e-7
    assert_array_equal(rates, kept)


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_moves_by_zero(attack, linear):
    assert_array_equal(run(attack, *linear, 0.0), linear[1])


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_same_seed_gives_the_same_points(attack, linear):
    assert_array_equal(run(attack, *linear, 0.1), run(attack, *linear, 0.1))


@pytest.mark.parametrize("epsilon", [0.03, 0.2])
def test_gradient_attacks_reach_the_smallest_margin_of_a_linear_one(epsilon, linear):
    model, rates, y = linear
    smallest = model.smallest_margin(rates, y, epsilon)
    points = {
        "fgsm": fgsm(rates, y, model.margin_gradient, epsilon),
        "pgd": pgd(
            rates, y, model.margin_and_gradient, epsilon, 9, 2, 1 / 3, 0, until_fooled=False
        ),
    }
    for perturbed in points.values():
        assert_allclose(model.margin_and_gradient(perturbed, y)[0], smallest, atol=1e-6)


@pytest.mark.parametrize(
    ("norm", "expected"), [("linf", [0, 1.5]), ("l2", [0, 0.5 + np.sqrt(0.75)]), ("l1", [0, 1])]
)
def test_fgsm_goes_to_the_lowest_point_of_the_ball_within_the_bounds(norm, expected):
    """By hand: the first feature has room for 1/2, the second for what that leaves of 1."""
    rates, gradient = np.full((1, 2), 0.5), np.array([[4.0, -3.0]])
    ball = Ball(1.0, norm, high=2.0)
    assert_allclose(fgsm(rates, None, lambda *_: gradient, ball), [expected], atol=1e-15)
    model, y = Linear([4.0, -3.0], 9.0), np.array([1])
    one_step = pgd(rates, y, model.margin_and_gradient, ball, 1, 1, 1e-3, 0)
    assert_allclose(one_step, [expected], atol=1e-15)


@pytest.mark.parametrize("attack", ["pgd", "hard label"])
@pytest.mark.parametrize("epsilon", [0.01, 0.05, 0.2])
def test_exactly_the_rows_of_a_linear_margin_that_can_be_fooled_are(attack, epsilon, linear):
    """The search over signs finds the best corner, because each single flip towards it helps."""
    model, rates, y = linear
    smallest = model.smallest_margin(rates, y, epsilon)
    can_be = smallest < 0
    assert 0 < can_be.mean() < 1
    perturbed = run(attack, model, rates, y, epsilon)
    certain = np.abs(smallest) > 1e-5
    assert_array_equal((model.predict(perturbed) != y)[certain], can_be[certain])


class TestPGD:
    def test_rows_that_are_wrong_without_an_attack_stay(self, linear):
        model, rates, y = linear
        wrong = model.predict(rates) != y
        assert wrong.any()
        perturbed = run("pgd", model, rates, y, 0.1)
        assert_array_equal(perturbed[wrong], rates[wrong])

    def test_fooled_rows_are_dropped_from_further_work(self, linear):
        model, rates, y = linear
        right = np.sum(model.predict(rates) == y)
        stand = np.sum(model.smallest_margin(rates, y, 0.1) >= 0)
        assert 0 < stand < right < len(y)
        model.n_rows_asked = 0
        n_steps, n_restarts = 20, 3
        pgd(rates, y, model.margin_and_gradient, 0.1, n_steps, n_restarts, 0.2, 0)
        # All are seen once, those that are right at the FGSM point, and the rest of the work is
        # on those that stand even then.
        assert model.n_rows_asked == len(rates) + right + stand * n_restarts * (n_steps + 1)

    def test_keeps_the_strongest_point_on_the_way(self):
        """Steps that are too long jump back and forth over a narrow valley."""

        def margin_and_gradient(rates, y):
            x = rates[:, 0]
            return 1 + np.abs(x - 0.52), np.sign(x - 0.52)[:, np.newaxis]

        seen = []

        def recorded(rates, y):
            margins, gradient = margin_and_gradient(rates, y)
            seen.append((margins[0], rates[0, 0]))
            return margins, gradient

        rates = np.array([[0.45]])
        perturbed = pgd(rates, np.array([1]), recorded, 0.25, 5, 2, 0.4, 0)
        assert perturbed[0, 0] == min(seen)[1]
        assert len(seen) == 2 + 6 + 6

    def test_is_not_weaker_than_fgsm_where_small_steps_go_astray(self):
        """Downhill from the start is a dead end; the long jump of FGSM goes over the hill."""

        def margin_and_gradient(rates, y):
            x = rates[:, 0]
            margins = np.where(x < 0.6, np.abs(x - 0.55) + 0.1, 0.7 - x)
            return margins, np.where(x < 0.55, -1.0, 1.0)[:, np.newaxis]

        rates, y = np.array([[0.5]]), np.array([1])
        assert fgsm(rates, y, lambda *a: margin_and_gradient(*a)[1], 0.3)[0, 0] == 0.8
        perturbed = pgd(rates, y, margin_and_gradient, 0.3, 10, 1, 1 / 30, 0)
        assert_allclose(perturbed, [[0.8]])

    def test_random_starts_find_what_the_gradient_at_the_row_hides(self):
        """A margin that is flat around the row and falls away from it elsewhere in the ball."""

        def margin_and_gradient(rates, y):
            x = rates[:, 0]
            flat = np.abs(x - 0.5) < 0.05
            margins = np.where(flat, 1.0, 0.55 - np.abs(x - 0.5) * 3)
            return margins, np.where(flat, 0.0, -np.sign(x - 0.5))[:, np.newaxis]

        rates, y = np.full((50, 1), 0.5), np.ones(50, int)
        one = pgd(rates, y, margin_and_gradient, 0.2, 10, 1, 0.25, 0)
        assert_array_equal(one, rates)
        several = pgd(rates, y, margin_and_gradient, 0.2, 10, 12, 0.25, 0)
        assert (margin_and_gradient(several, y)[0] < 0).all()

    def test_starts_fill_the_ball_within_the_box(self):
        starts = []

        def margin_and_gradient(rates, y):
            starts.append(rates)
            return np.ones(len(rates)), np.zeros_like(rates)

        rates = np.tile([0.0, 0.5, 0.95], (400, 1))
        pgd(rates, np.ones(400, int), margin_and_gradient, 0.1, 1, 2, 1, 0)
        assert_array_equal(starts[0], rates)
        random = starts[-1]
        for column, (low, high) in enumerate([(0, 0.1), (0.4, 0.6), (0.85, 1)]):
            drawn = random[:, column]
            assert low <= drawn.min() < low + 0.05 * (high - low)
            assert high - 0.05 * (high - low) < drawn.max() <= high
            assert_allclose(drawn.mean(), (low + high) / 2, atol=0.1 * (high - low))

    def test_a_row_stays_where_no_point_is_better(self):
        rates, y = np.full((3, 2), 0.5), np.ones(3, int)
        perturbed = pgd(rates, y, lambda x, y: (np.ones(3), np.ones((3, 2))), 0.1, 4, 1, 0.5, 0)
        assert_array_equal(perturbed, rates)

    def test_a_margin_of_zero_is_not_yet_a_success(self):
        model, rates, y = Linear([2.0, 0.0], -1.0), np.full((1, 2), 0.5), np.array([1])
        assert model.margin_and_gradient(rates, y)[0] == 0
        perturbed = pgd(rates, y, model.margin_and_gradient, 0.25, 4, 1, 0.5, 0)
        assert_array_equal(perturbed, [[0.25, 0.5]])

    def test_points_of_whole_numbers_are_visited_on_a_way_between_them(self):
        """Steps of 0.75 from 0: at 1.5 and 2.25 the whole numbers 1 and 2 are tried."""
        tried = []

        def margin_and_gradient(points, y):
            tried.extend(points[:, 0])
            return np.ones(len(points)), -np.ones_like(points)

        ball = Ball(3.0, low=0, high=9, whole=[True])
        pgd(np.zeros((1, 1)), np.array([1]), margin_and_gradient, ball, 3, 1, 0.25, 0)
        assert tried == [0, 3, 0, 0, 1, 2]


class TestHardLabel:
    def test_finds_a_point_at_epsilon_and_asks_no_further(self):
        """At the row, far along the first ray, and at epsilon, where that ray fools."""
        model = Linear([-1.0, -1.0], 1.5)
        rates, y = np.full((1, 2), 0.5), np.array([1])
        perturbed = hard_label(rates, y, model.fools, 0.375, 100, 0)
        assert_array_equal(perturbed, rates + 0.375)
        assert model.n_rows_asked == 3

    def test_flips_all_signs_together_first(self):
        """One query more, for the first ray, which goes the wrong way."""
        model = Linear([1.0, 1.0], -0.5)
        rates, y = np.full((1, 2), 0.5), np.array([1])
        perturbed = hard_label(rates, y, model.fools, 0.375, 100, 0)
        assert_array_equal(perturbed, rates - 0.375)
        assert model.n_rows_asked == 4

    @pytest.mark.parametrize("bounds", [(-2.0, 2.0), (6.0, 10.0)])
    def test_the_place_of_the_bounds_does_not_matter(self, bounds):
        rng = np.random.default_rng(0)
        weights = rng.integers(-4, 5, size=12)
        rates = rng.integers(64, size=(50, 12)) / 64
        model, low = Linear(weights, -weights.sum() / 2), bounds[0]
        y = model.predict(rates)

        def fools(points, y):
            return model.fools((points - low) / 4, y)

        perturbed = hard_label(rates, y, model.fools, 0.125, 60, 0)
        assert 0 < np.mean(model.fools(perturbed, y)) < 1
        ball = Ball(0.5, low=low, high=bounds[1])
        moved = hard_label(rates * 4 + low, y, fools, ball, 60, 0)
        assert_array_equal((moved - low) / 4, perturbed)

    def test_without_bounds_the_first_ray_passes_all_the_data(self):
        asked = []

        def fools(points, y):
            asked.append(points.copy())
            return np.zeros(len(points), bool)

        points, y = np.array([[0.0], [6.0]]), np.array([0, 1])
        hard_label(points, y, fools, Ball(2.0, low=-np.inf, high=np.inf), 1, 0)
        assert (np.abs(asked[1] - points) >= 6 + 2).all()

    def test_features_that_must_not_move_are_left_out(self):
        """Among them those of one-hot groups; the others go as far as without these."""
        rng = np.random.default_rng(0)
        model = Linear([3.0, -2.0, 5.0, 5.0, 1.0], -5.5)
        free = rng.random((60, 3))
        fixed = np.eye(2)[rng.integers(2, size=60)]
        rates = np.column_stack([free[:, :2], fixed, free[:, 2]])
        y = model.predict(rates)
        ball = Ball([0.3, 0.3, 1, 1, 0], groups=[[2, 3]])
        perturbed = hard_label(rates, y, model.fools, ball, 200, 0)
        assert_array_equal(perturbed[:, 2:], rates[:, 2:])
        reach = Linear(model.weights * [1, 1, 0, 0, 0], 0.0)
        margin = np.where(y == 1, 1, -1) * (rates @ model.weights - 5.5)
        rest = np.where(y == 1, 1, -1) * (rates @ reach.weights)
        can_be = margin - rest + reach.smallest_margin(rates, y, 0.3) < 0
        assert 0 < can_be.mean() < 1
        assert_array_equal(model.fools(perturbed, y), can_be)

    def test_number_of_queries_is_kept(self):
        rng = np.random.default_rng(0)
        model = Linear(rng.normal(size=30), 0.0)
        rates = rng.random((40, 30))
        y = model.predict(rates)
        for n_queries in (1, 7, 50):
            model.n_rows_asked = 0
            hard_label(rates, y, model.fools, 1e-4, n_queries, 0)
            assert model.n_rows_asked <= len(rates) * (1 + n_queries)
            assert model.n_rows_asked > len(rates) * (1 + n_queries) * 0.9

    def test_rows_that_are_not_fooled_or_wrong_already_are_untouched(self, linear):
        model, rates, y = linear
        perturbed = hard_label(rates, y, model.fools, 0.05, 60, 0)
        fooled = (model.predict(rates) == y) & (model.predict(perturbed) != y)
        assert 0 < fooled.sum() < len(y)
        assert_array_equal(perturbed[~fooled], rates[~fooled])

    def test_more_queries_find_more(self):
        rng = np.random.default_rng(1)
        model = Linear(rng.normal(size=64), 0.0)
        rates = rng.random((200, 64))
        y = model.predict(rates)
        fooled = [
            np.mean(model.predict(hard_label(rates, y, model.fools, 0.05, n, 0)) != y)
            for n in (2, 30, 3000)
        ]
        assert fooled == sorted(set(fooled))
        assert fooled[-1] == np.mean(model.smallest_margin(rates, y, 0.05) < 0)

    def test_starts_anew_when_all_blocks_were_tried(self):
        """Only one corner of sixteen fools, and no flip of one block of all ones gives it."""
        corner = np.array([-1, 1, -1, 1])

        def predict(rates):
            return ((rates - 0.5) * corner > 0.05).all(axis=1).astype(int)

        rates, y = np.full((30, 4), 0.5), np.zeros(30, int)
        perturbed = hard_label(rates, y, lambda rates, y: predict(rates) != y, 0.1, 200, 0)
        assert (predict(perturbed) == 1).all()


def test_random_signs_are_fair_and_of_full_length():
    rates = np.full((200, 50), 0.5)
    moved = random_signs(rates, 0.25, 0) - rates
    assert_array_equal(np.abs(moved), 0.25)
    assert abs(np.sign(moved).mean()) < 0.05


def test_random_signs_leave_room_that_a_bound_takes_to_others():
    rates = np.tile([5.0, 0.1], (40, 1))
    reached = random_signs(rates, Ball(1.0, "l2", high=10.0), 0)
    down = reached[:, 1] < 0.1
    assert 0 < down.sum() < 40
    moved = np.where(down[:, np.newaxis], [np.sqrt(0.99), 0.1], np.sqrt(0.5))
    assert_allclose(np.abs(reached - rates), moved)


def test_zero_gradient_share():
    gradient = np.array([[0.0, 0.0], [0.0, 1e-40], [-1.0, 1.0], [-1.0, 0.0]])
    assert zero_gradient_share(gradient) == 0.25
