import numpy as np
import pandas as pd
import pytest

pytest.importorskip("matplotlib")

from skstdp import RobustnessIntervalDisplay
from skstdp._displays import plot_tasks


def interval_scores(task="mnist 4v9"):
    measures = [("none", 0.0), ("PGD", 0.1), ("worst case", 0.1), ("certified", 0.1)]
    rows = [
        (task, "BP", 0, attack, epsilon, accuracy)
        for (attack, epsilon), accuracy in zip(measures, (0.99, 0.5, 0.4, 0.1), strict=True)
    ]
    rows += [
        (task, "BP", 1, attack, epsilon, accuracy)
        for (attack, epsilon), accuracy in zip(measures, (0.97, 0.7, 0.6, 0.3), strict=True)
    ]
    rows += [
        (task, "neighbours", 0, attack, epsilon, accuracy)
        for (attack, epsilon), accuracy in zip(measures[:3], (0.9, 0.8, 0.7), strict=False)
    ]
    rows.append((task, "BP", 0, "worst case", 0.05, 0.9))
    columns = ["task", "family", "split", "attack", "epsilon", "accuracy"]
    return pd.DataFrame(rows, columns=columns)


def marks(display):
    return {line.get_label(): line.get_xdata() for line in display.lines_}


def test_marks_are_means_over_splits_at_the_largest_epsilon():
    display = RobustnessIntervalDisplay(interval_scores()).plot()
    expected = {
        "no attack": [0.98, 0.9],
        "PGD": [0.6, 0.8],
        "worst case": [0.5, 0.7],
        "certified": [0.2, np.nan],
    }
    for label, values in marks(display).items():
        np.testing.assert_allclose(values, expected.pop(label))
    assert not expected
    assert [text.get_text() for text in display.ax_.get_yticklabels()] == ["BP", "neighbours"]
    assert display.ax_.get_xlabel() == "Accuracy, attacks of 0.1"
    assert display.ax_.get_title() == "mnist 4v9"


def test_the_bar_goes_from_certificate_to_worst_case():
    display = RobustnessIntervalDisplay(interval_scores()).plot()
    (bar,) = display.bars_.get_segments()
    np.testing.assert_allclose(bar, [[0.2, 0], [0.5, 0]])


def test_another_size():
    display = RobustnessIntervalDisplay(interval_scores(), epsilon=0.05).plot()
    np.testing.assert_allclose(marks(display)["worst case"], [0.9, np.nan])
    np.testing.assert_allclose(marks(display)["no attack"], [0.98, 0.9])
    assert len(display.bars_.get_segments()) == 0


@pytest.mark.parametrize("epsilon", [0.2, 0])
def test_a_size_that_is_not_there(epsilon):
    with pytest.raises(ValueError, match=r"^Got epsilon=.*, but expected .* 0\.05, 0\.1\.$"):
        RobustnessIntervalDisplay(interval_scores(), epsilon=epsilon).plot()


def test_one_task_at_a_time_or_one_axes_each():
    two = pd.concat([interval_scores(), interval_scores("wine")])
    with pytest.raises(ValueError, match="Got the tasks"):
        RobustnessIntervalDisplay(two).plot()
    figure = plot_tasks(RobustnessIntervalDisplay, two)
    assert [ax.get_title() for ax in figure.axes] == ["mnist 4v9", "wine"]
    (legend,) = figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels == ["no attack", "PGD", "worst case", "certified"]


def test_tasks_share_their_rows_where_one_lacks_a_family():
    both = pd.concat([interval_scores(), interval_scores("mnist")], ignore_index=True)
    lacking = both[(both["task"] != "mnist") | (both["family"] != "BP")]
    families = pd.Categorical(lacking["family"], ["BP", "neighbours"])
    figure = plot_tasks(RobustnessIntervalDisplay, lacking.assign(family=families))
    for ax, is_lacking in zip(figure.axes, (False, True), strict=True):
        worst = next(line for line in ax.lines if line.get_label() == "worst case")
        np.testing.assert_array_equal(worst.get_ydata(), [0, 1])
        np.testing.assert_allclose(worst.get_xdata()[1], 0.7)
        assert np.isnan(worst.get_xdata()[0]) == is_lacking
