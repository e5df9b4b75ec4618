"""Properties of all attacks on arrays."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skstdp._attacks._gradient import fgsm, pgd
from skstdp._attacks._rays import hard_label, random_signs


def run(attack, model, rates, y, epsilon):
    return {
        "fgsm": lambda: fgsm(rates, y, model.margin_gradient, epsilon),
        "random signs": lambda: random_signs(rates, epsilon, 0),
        "pgd": lambda: pgd(rates, y, model.margin_and_gradient, epsilon, 20, 3, 1 / 4, 0),
        "hard label": lambda: hard_label(rates, y, model.is_adversarial, epsilon, 100, 0),
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
        "pgd": pgd(rates, y, model.margin_and_gradient, epsilon, 9, 2, 1 / 3, 0, early_stop=False),
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
