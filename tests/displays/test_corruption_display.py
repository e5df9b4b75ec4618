import numpy as np
import pandas as pd
import pytest
from figure_helpers import edges_of_a_band
from sklearn.neighbors import KNeighborsClassifier

from skstdp import CorruptionDisplay, corruption_report

pyplot = pytest.importorskip("matplotlib.pyplot")


def scores():
    """Two models and two corruptions, one of them with repeats."""
    rows = [
        ("good", "none", 0, 0.0, "", 0.9),
        ("good", "contrast", 1, 0.2, "share of the contrast lost", 0.8),
        ("good", "contrast", 2, 0.7, "share of the contrast lost", 0.4),
        ("good", "offset", 1, 0.5, "standard deviations", 0.7),
        ("good", "offset", 1, 0.5, "standard deviations", 0.9),
        ("good", "offset", 2, 1.5, "standard deviations", 0.2),
        ("good", "offset", 2, 1.5, "standard deviations", 0.4),
    ]
    columns = ["model", "corruption", "severity", "size", "unit", "accuracy"]
    good = pd.DataFrame(rows, columns=columns)
    bad = good.assign(model="bad", accuracy=good["accuracy"] / 2)
    return pd.concat([good, bad], ignore_index=True)


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


def test_lines_are_means_at_evenly_spaced_sizes():
    display = CorruptionDisplay(scores().assign(majority=0.25)).plot(linewidth=3)
    assert [ax.get_title() for ax in display.axes_] == ["Contrast", "Offset"]
    assert [ax.get_xlabel() for ax in display.axes_] == [
        "Share of the contrast lost",
        "Standard deviations",
    ]
    # Beside another only the first has a label.
    assert [ax.get_ylabel() for ax in display.axes_] == ["Accuracy", ""]
    ticks = [text.get_text() for text in display.axes_[1].get_xticklabels()]
    assert ticks == ["0", "0.5", "1.5"]
    for lines, expected in zip(display.lines_, ([0.9, 0.8, 0.4], [0.9, 0.8, 0.3]), strict=True):
        np.testing.assert_allclose(lines[0].get_ydata(), expected)
        np.testing.assert_allclose(lines[1].get_ydata(), np.divide(expected, 2))
        assert lines[0].get_xdata().tolist() == [0, 1, 2]
        assert lines[0].get_linewidth() == 3
    low, high = edges_of_a_band(display.fill_between_[1][0])
    # The standard deviation of 0.7 and 0.9, and of 0.2 and 0.4, is the root of 0.02.
    np.testing.assert_allclose(low[-2:], [0.8 - 0.02**0.5, 0.3 - 0.02**0.5])
    np.testing.assert_allclose(high[-2:], [0.8 + 0.02**0.5, 0.3 + 0.02**0.5])
    (legend,) = display.figure_.legends
    assert [text.get_text() for text in legend.get_texts()] == ["good", "bad"]
    dotted = display.axes_[0].lines[-1]
    assert set(dotted.get_ydata()) == {0.25}


def test_summary_counts_each_size_once():
    summary = CorruptionDisplay(scores()).summary()
    assert list(summary) == ["none", "contrast", "offset", "mean"]
    np.testing.assert_allclose(summary.loc["good"], [0.9, 0.6, 0.55, 0.575])
    np.testing.assert_allclose(summary.loc["bad"], [0.45, 0.3, 0.275, 0.2875])
    # More draws of one size weigh no more.
    more = pd.concat([scores(), scores().iloc[[3, 4, 4, 3]]])
    np.testing.assert_allclose(CorruptionDisplay(more).summary(), summary)


def test_from_estimators(iris):
    X, y = iris
    fits = [KNeighborsClassifier(k).fit(X[::2], y[::2]) for k in (1, 9)]
    options = {"corruptions": {"gaussian noise": [0.3, 1.0]}, "n_repeats": 2}
    _, ax = pyplot.subplots()
    display = CorruptionDisplay.from_estimator(
        {"two fits": fits, "one": fits[0]}, X[1::2], y[1::2], axes=[ax], **options
    )
    assert display.axes_.tolist() == [ax]
    assert display.figure_.legends == []
    assert len(ax.get_legend().get_texts()) == 2
    reports = [corruption_report(fit, X[1::2], y[1::2], **options) for fit in fits]
    means = [report.groupby("severity")["accuracy"].mean() for report in reports]
    np.testing.assert_allclose(display.lines_[0][0].get_ydata(), np.mean(means, axis=0))
    np.testing.assert_allclose(display.lines_[0][1].get_ydata(), means[0])
    assert display.scores["majority"].unique() == pytest.approx(1 / 3)


def test_one_estimator_has_no_legend(iris):
    X, y = iris
    model = KNeighborsClassifier().fit(X, y)
    display = CorruptionDisplay.from_estimator(
        model, X, y, metric="balanced_accuracy", severities=3, n_repeats=1
    )
    assert len(display.axes_) == len(display.figure_.axes) == 7
    assert display.figure_.legends == []
    assert display.axes_[0].get_ylabel() == "Balanced accuracy"


def test_legend_fits_in_the_figure():
    names = {"good": "a network with a name of a line", "bad": "another with as long a name"}
    for table in (scores(), scores()[lambda table: table["corruption"] != "offset"]):
        figure = CorruptionDisplay(table.replace({"model": names})).plot().figure_
        figure.draw_without_rendering()
        (legend,) = figure.legends
        box = legend.get_window_extent()
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.width


def test_number_of_axes():
    _, axes = pyplot.subplots(1, 3)
    with pytest.raises(ValueError, match="Got 3 axes, but expected 2, one for each corruption"):
        CorruptionDisplay(scores()).plot(axes)
