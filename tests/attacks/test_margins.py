import numpy as np
from numpy.testing import assert_array_equal

from skstdp._attacks._margins import margins_and_cotangent, zero_gradient_share


def test_margins_are_differences_to_the_largest_other_score():
    scores = np.array([[3.0, 1.0, 2.0], [0.5, 2.0, -1.0]])
    margins, cotangent = margins_and_cotangent(scores, np.array([0, 2]))
    assert_array_equal(margins, [1, -3])
    assert_array_equal(cotangent, [[1, 0, -1], [0, -1, 1]])
    assert_array_equal(scores, [[3, 1, 2], [0.5, 2, -1]])


def test_zero_gradient_share():
    gradient = np.array([[0.0, 0.0], [0.0, 1e-40], [-1.0, 1.0], [-1.0, 0.0]])
    assert zero_gradient_share(gradient) == 0.25
