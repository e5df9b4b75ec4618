import numpy as np
import pytest
from linear_margin import Linear
from numpy.testing import assert_allclose, assert_array_equal

from skstdp._attacks._gradient import fgsm, pgd
from skstdp._attacks._norm_balls import Ball


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


class TestPGD:
    def test_rows_that_are_wrong_without_an_attack_stay(self, linear):
        model, rates, y = linear
        wrong = model.predict(rates) != y
        assert wrong.any()
        perturbed = pgd(rates, y, model.margin_and_gradient, 0.1, 20, 3, 1 / 4, 0)
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
