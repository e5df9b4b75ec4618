import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skstdp._attacks import fgsm, hard_label, pgd, random_signs, zero_gradient_share

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


class TestHardLabel:
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


def test_zero_gradient_share():
    gradient = np.array([[0.0, 0.0], [0.0, 1e-40], [-1.0, 1.0], [-0.0, 0.0]])
    assert zero_gradient_share(gradient) == 0.5
