"""The display of angles between updates and the gradient."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skstdp import UpdateAngleDisplay

pyplot = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture
def angles():
    """Two models of three layers, two seeds and four epochs; the angle says which is which."""
    rows = [
        {"model": model, "epoch": epoch, "layer": layer, "angle": 10 * k + epoch + layer + seed}
        for k, model in enumerate(["second", "first"])
        for seed in range(2)
        for epoch in range(4)
        for layer in range(3)
    ]
    return pd.DataFrame(rows)


def test_one_axes_per_layer_and_a_line_per_model(angles):
    display = UpdateAngleDisplay(angles).plot(lw=3)
    assert len(display.axes_) == 3
    titles = [ax.get_title() for ax in display.axes_]
    assert titles == ["Hidden layer 1", "Hidden layer 2", "Output"]
    assert [line.get_label() for line in display.lines_] == ["second", "first"] * 3
    for number, line in enumerate(display.lines_):
        layer, model = divmod(number, 2)
        assert_array_equal(line.get_xdata(), range(4))
        # The mean over the two seeds.
        assert_array_equal(line.get_ydata(), 10 * model + np.arange(4) + layer + 0.5)
        assert line.get_linewidth() == 3
    colors = [line.get_color() for line in display.lines_]
    assert colors[:2] * 3 == colors
    assert colors[0] != colors[1]
    pyplot.close(display.figure_)


def test_bands_reach_from_the_least_to_the_largest(angles):
    display = UpdateAngleDisplay(angles).plot()
    (band, _) = display.axes_[1].collections
    heights = band.get_paths()[0].vertices[:, 1]
    assert (heights.min(), heights.max()) == (1, 5)
    pyplot.close(display.figure_)


def test_a_layer_without_angle_leaves_a_gap(angles):
    angles.loc[(angles["layer"] == 0) & (angles["epoch"] == 1), "angle"] = np.nan
    display = UpdateAngleDisplay(angles[angles["model"] == "first"]).plot()
    assert_array_equal(np.isnan(display.lines_[0].get_ydata()), [False, True, False, False])
    pyplot.close(display.figure_)


def test_a_single_rule_needs_no_legend(angles):
    one = angles[angles["model"] == "first"].drop(columns="model")
    figure, axes = pyplot.subplots(1, 3)
    display = UpdateAngleDisplay(one).plot(axes)
    assert display.figure_ is figure
    assert all(ax.get_legend() is None for ax in axes)
    pyplot.close(figure)


def test_a_wrong_number_of_axes_is_named(angles):
    figure, axes = pyplot.subplots(1, 2)
    with pytest.raises(ValueError, match="Got 2 axes, but expected 3, one per layer"):
        UpdateAngleDisplay(angles).plot(axes)
    pyplot.close(figure)
