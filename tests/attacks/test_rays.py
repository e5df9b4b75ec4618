import numpy as np
import pytest
from linear_margin import Linear
from numpy.testing import assert_allclose, assert_array_equal

from skstdp._attacks._norm_balls import Ball
from skstdp._attacks._rays import hard_label, random_signs


class TestHardLabel:
    def test_finds_a_point_at_epsilon_and_asks_no_further(self):
        """At the row, far along the first ray, and at epsilon, where that ray succeeds."""
        model = Linear([-1.0, -1.0], 1.5)
        rates, y = np.full((1, 2), 0.5), np.array([1])
        perturbed = hard_label(rates, y, model.is_adversarial, 0.375, 100, 0)
        assert_array_equal(perturbed, rates + 0.375)
        assert model.n_rows_asked == 3

    def test_flips_all_signs_together_first(self):
        """One query more, for the first ray, which goes the wrong way."""
        model = Linear([1.0, 1.0], -0.5)
        rates, y = np.full((1, 2), 0.5), np.array([1])
        perturbed = hard_label(rates, y, model.is_adversarial, 0.375, 100, 0)
        assert_array_equal(perturbed, rates - 0.375)
        assert model.n_rows_asked == 4

    @pytest.mark.parametrize("bounds", [(-2.0, 2.0), (6.0, 10.0)])
    def test_the_place_of_the_bounds_does_not_matter(self, bounds):
        rng = np.random.default_rng(0)
        weights = rng.integers(-4, 5, size=12)
        rates = rng.integers(64, size=(50, 12)) / 64
        model, low = Linear(weights, -weights.sum() / 2), bounds[0]
        y = model.predict(rates)

        def is_adversarial(points, y):
            return model.is_adversarial((points - low) / 4, y)

        perturbed = hard_label(rates, y, model.is_adversarial, 0.125, 60, 0)
        assert 0 < np.mean(model.is_adversarial(perturbed, y)) < 1
        ball = Ball(0.5, low=low, high=bounds[1])
        moved = hard_label(rates * 4 + low, y, is_adversarial, ball, 60, 0)
        assert_array_equal((moved - low) / 4, perturbed)

    def test_without_bounds_the_first_ray_passes_all_the_data(self):
        asked = []

        def is_adversarial(points, y):
            asked.append(points.copy())
            return np.zeros(len(points), bool)

        points, y = np.array([[0.0], [6.0]]), np.array([0, 1])
        hard_label(points, y, is_adversarial, Ball(2.0, low=-np.inf, high=np.inf), 1, 0)
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
        perturbed = hard_label(rates, y, model.is_adversarial, ball, 200, 0)
        assert_array_equal(perturbed[:, 2:], rates[:, 2:])
        reach = Linear(model.weights * [1, 1, 0, 0, 0], 0.0)
        margin = np.where(y == 1, 1, -1) * (rates @ model.weights - 5.5)
        rest = np.where(y == 1, 1, -1) * (rates @ reach.weights)
        can_be = margin - rest + reach.smallest_margin(rates, y, 0.3) < 0
        assert 0 < can_be.mean() < 1
        assert_array_equal(model.is_adversarial(perturbed, y), can_be)

    def test_number_of_queries_is_kept(self):
        rng = np.random.default_rng(0)
        model = Linear(rng.normal(size=30), 0.0)
        rates = rng.random((40, 30))
        y = model.predict(rates)
        for n_queries in (1, 7, 50):
            model.n_rows_asked = 0
            hard_label(rates, y, model.is_adversarial, 1e-4, n_queries, 0)
            assert model.n_rows_asked <= len(rates) * (1 + n_queries)
            assert model.n_rows_asked > len(rates) * (1 + n_queries) * 0.9

    def test_rows_that_are_not_fooled_or_wrong_already_are_untouched(self, linear):
        model, rates, y = linear
        perturbed = hard_label(rates, y, model.is_adversarial, 0.05, 60, 0)
        fooled = (model.predict(rates) == y) & (model.predict(perturbed) != y)
        assert 0 < fooled.sum() < len(y)
        assert_array_equal(perturbed[~fooled], rates[~fooled])

    def test_more_queries_find_more(self):
        rng = np.random.default_rng(1)
        model = Linear(rng.normal(size=64), 0.0)
        rates = rng.random((200, 64))
        y = model.predict(rates)
        fooled = [
            np.mean(model.predict(hard_label(rates, y, model.is_adversarial, 0.05, n, 0)) != y)
            for n in (2, 30, 3000)
        ]
        assert fooled == sorted(set(fooled))
        assert fooled[-1] == np.mean(model.smallest_margin(rates, y, 0.05) < 0)

    def test_starts_anew_when_all_blocks_were_tried(self):
        """Only one corner of sixteen succeeds, and no flip of one block of all ones gives it."""
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


def test_random_signs_give_length_that_a_bound_takes_to_others():
    rates = np.tile([5.0, 0.1], (40, 1))
    reached = random_signs(rates, Ball(1.0, "l2", high=10.0), 0)
    down = reached[:, 1] < 0.1
    assert 0 < down.sum() < 40
    moved = np.where(down[:, np.newaxis], [np.sqrt(0.99), 0.1], np.sqrt(0.5))
    assert_allclose(np.abs(reached - rates), moved)
