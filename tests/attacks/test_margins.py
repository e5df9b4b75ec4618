import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skstdp._attacks._margins import (
    dlr_against,
    margins_against,
    margins_and_cotangent,
    zero_gradient_share,
)


def test_margins_are_differences_to_the_largest_other_score():
    scores = np.array([[3.0, 1.0, 2.0], [0.5, 2.0, -1.0]])
    margins, cotangent = margins_and_cotangent(scores, np.array([0, 2]))
    assert_array_equal(margins, [1, -3])
    assert_array_equal(cotangent, [[1, 0, -1], [0, -1, 1]])
    assert_array_equal(scores, [[3, 1, 2], [0.5, 2, -1]])


def test_margins_against_one_class():
    scores = np.array([[3.0, 1.0, 2.0], [0.5, 2.0, -1.0]])
    margins, cotangent = margins_against(scores, np.array([0, 2]), np.array([1, 0]))
    assert_array_equal(margins, [2, -1.5])
    assert_array_equal(cotangent, [[1, -1, 0], [-1, 0, 1]])


def test_ratios_worked_by_hand():
    # Sorted, 7 4 2 1 and -1: (z_y - z_t) / (7 - (2 + 1) / 2); of three classes - (z_2 + z_3) / 2.
    scores = np.array([[2.0, 7.0, -1.0, 4.0, 1.0]] * 2)
    losses, _ = dlr_against(scores, np.array([1, 4]), np.array([3, 0]))
    assert_allclose(losses, [3 / 5.5, -1 / 5.5])
    losses, _ = dlr_against(np.array([[0.5, 3.0, -1.0]]), np.array([1]), np.array([0]))
    assert_allclose(losses, 2.5 / 3.25)


@pytest.mark.parametrize("n_classes", [3, 4, 7])
def test_ratio_follows_its_derivative_and_has_no_scale(n_classes):
    random = np.random.RandomState(n_classes)
    scores = random.standard_normal((200, n_classes))
    y = random.randint(n_classes, size=200)
    rivals = (y + random.randint(1, n_classes, size=200)) % n_classes
    losses, cotangent = dlr_against(scores, y, rivals)
    slopes = np.empty_like(scores)
    for column in range(n_classes):
        step = 1e-6 * (np.arange(n_classes) == column)
        above, below = (dlr_against(scores + sign * step, y, rivals)[0] for sign in (1, -1))
        slopes[:, column] = (above - below) / 2e-6
    # A positive factor per row is free.
    size = np.abs(slopes).max(axis=1) / np.abs(cotangent).max(axis=1)
    assert_allclose(cotangent * size[:, np.newaxis], slopes, atol=1e-6)
    scaled, again = dlr_against(1e5 * scores + 3, y, rivals)
    assert_allclose(scaled, losses)
    assert_allclose(again, cotangent, atol=1e-9)
    assert_array_equal(losses < 0, scores[range(200), y] < scores[range(200), rivals])


def test_ratio_of_equal_scores_is_zero():
    losses, cotangent = dlr_against(np.zeros((1, 3)), np.array([0]), np.array([2]))
    assert_array_equal(losses, [0])
    assert_array_equal(cotangent, [[1, 0, -1]])


def test_zero_gradient_share():
    gradient = np.array([[0.0, 0.0], [0.0, 1e-40], [-1.0, 1.0], [-1.0, 0.0]])
    assert zero_gradient_share(gradient) == 0.25
