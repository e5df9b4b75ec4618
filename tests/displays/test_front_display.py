import numpy as np
import pandas as pd
import pytest

from skstdp import RobustnessFrontDisplay


def front_scores():
    rows = [
        ("BP", "decay 1", 0, 0.97, 0.7),
        ("BP", "decay 1", 1, 0.95, 0.6),
        ("BP", "decay 0", 0, 0.99, 0.4),
        ("BP", "decay 0", 1, 0.99, 0.2),
        ("STDP", "decay 0", 0, 0.98, 0.8),
    ]
    return pd.DataFrame(
        [
            ("mnist 4v9", family, setting, seed, attack, epsilon, accuracy)
            for family, setting, seed, *accuracies in rows
            for attack, epsilon, accuracy in zip(
                ("none", "PGD", "PGD"), (0.0, 0.1, 0.05), (*accuracies, 0.9), strict=True
            )
        ],
        columns=["task", "family", "setting", "seed", "attack", "epsilon", "accuracy"],
    )


def test_fronts_are_means_over_seeds_at_the_largest_epsilon():
    display = RobustnessFrontDisplay(front_scores()).plot()
    assert [line.get_label() for line in display.lines_] == ["BP", "STDP"]
    np.testing.assert_allclose(display.lines_[0].get_xdata(), [0.96, 0.99])
    np.testing.assert_allclose(display.lines_[0].get_ydata(), [0.65, 0.3])
    np.testing.assert_allclose(display.lines_[1].get_ydata(), [0.8])
    assert display.ax_.get_ylabel() == "Accuracy under PGD, 0.1"


def test_front_of_an_attack_that_is_not_there():
    with pytest.raises(ValueError, match=r"Got attack='FGSM', but expected .*\['PGD'\]"):
        RobustnessFrontDisplay(front_scores(), attack="FGSM").plot()
