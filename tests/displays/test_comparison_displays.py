import re

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from skstdp import (
    CriticalDifferenceDisplay,
    LearningCurvesDisplay,
    PairwiseTestsDisplay,
    ReliabilityDisplay,
    RobustnessCurveDisplay,
    ScoreDistributionDisplay,
    TimesDisplay,
)
from skstdp._displays._axes import COLORS, shortened, style_of
from skstdp._displays._times import time_label
from skstdp.benchmarks import Comparison, compare
from skstdp.datasets import load_tasks

pyplot = pytest.importorskip("matplotlib.pyplot")
pytest.importorskip("scikit_posthocs")


def scores(tasks=("iris", "wine"), models=("a", "b", "c"), n_splits=5):
    """Each further model is 0.1 worse and ten times as slow; splits are 0.01 apart."""
    rows = [
        {
            "task": task,
            "model": model,
            "split": split,
            "attack": "none",
            "epsilon": 0.0,
            "accuracy": 0.9 - 0.1 * m + 0.01 * split,
            "fit_time": 10.0 ** (m - 2),
            "predict_time": 10.0 ** (m - 4),
            "one_class": False,
            "majority": 0.5,
            "n_train": 40,
            "n_test": 10,
        }
        for task in tasks
        for m, model in enumerate(models)
        for split in range(n_splits)
    ]
    return pd.DataFrame(rows)


def hexadecimal(box):
    return "#" + "".join(f"{round(255 * part):02x}" for part in box.get_facecolor()[:3])


def texts(ax):
    return [text.get_text() for text in ax.texts]


def row_names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def test_boxes_are_quartiles_and_crosses_constant_predictions():
    table = scores()
    constant = (table["model"] == "b") & (table["split"] == 3) & (table["task"] == "wine")
    table.loc[constant, ["accuracy", "one_class"]] = [0.5, True]
    # Rows under attack are not drawn.
    attacked = table.assign(attack="FGSM", epsilon=0.1, accuracy=0.0)
    display = ScoreDistributionDisplay(pd.concat([table, attacked])).plot()
    assert [ax.get_title() for ax in display.axes_] == ["iris", "wine"]
    assert display.figure_.get_suptitle() == "Accuracy on 2 tables, 5 splits each"
    assert row_names(display.axes_[0]) == ["a", "b", "c"]
    for index, box in enumerate(display.boxes_[0]):
        # Of 0, 0.01 ... 0.04 above the level of the model.
        low = 0.9 - 0.1 * index + 0.01
        np.testing.assert_allclose([box.get_x(), box.get_width()], [low, 0.02])
        assert hexadecimal(box) == COLORS[index].lower()
    by_label = [{line.get_label(): line for line in ax.lines} for ax in display.axes_]
    cross = "a split on which the model predicts one class"
    assert cross not in by_label[0]
    assert by_label[1][cross].get_xydata().tolist() == [[0.5, 1]]
    dotted = by_label[0]["predicting the largest class for all"]
    assert {*dotted.get_xdata()} == {0.5}
    (legend,) = display.figure_.legends
    labels = {text.get_text() for text in legend.get_texts()}
    assert labels == {cross, "predicting the largest class for all"}


def test_one_task_and_another_measure():
    table = scores(["iris"]).rename(columns={"accuracy": "log_loss"})
    _, ax = pyplot.subplots()
    display = ScoreDistributionDisplay(table, measure="log_loss", label="Log loss").plot(ax)
    assert display.axes_.tolist() == [ax]
    assert ax.get_title() == "iris: log loss on 5 splits"
    assert ax.get_xlabel() == "Log loss"
    # No score of the largest class is known.
    assert ax.get_legend() is None
    assert display.figure_.legends == []
    auc = table.rename(columns={"log_loss": "roc_auc"})
    display = ScoreDistributionDisplay(auc, measure="roc_auc").plot()
    assert {*display.axes_[0].lines[-1].get_xdata()} == {0.5}


def test_what_was_not_measured_is_said():
    table = scores()
    table.loc[(table["task"] == "wine") & (table["model"] == "a"), "accuracy"] = np.nan
    table = table[(table["task"] == "iris") | (table["model"] != "b")]
    display = ScoreDistributionDisplay(table).plot()
    assert [texts(ax) for ax in display.axes_] == [[], ["n/a", "n/a"]]
    (box,) = display.boxes_[1]
    # The colour and the row are those of the third model.
    assert hexadecimal(box) == COLORS[2].lower()
    assert box.get_y() + box.get_height() / 2 == pytest.approx(2)


def test_mistakes_of_a_distribution():
    with pytest.raises(ValueError, match=r"^Got measure='auc', but expected .*accuracy"):
        ScoreDistributionDisplay(scores(), measure="auc").plot()
    with pytest.raises(ValueError, match=r"^Got 1 axes, but expected 2, one for each task\.$"):
        ScoreDistributionDisplay(scores()).plot(pyplot.subplots()[1])


def p_values(models, **pairs):
    matrix = pd.DataFrame(np.eye(len(models)), index=[*models], columns=[*models])
    for pair, value in pairs.items():
        matrix.loc[pair[0], pair[1]] = matrix.loc[pair[1], pair[0]] = value
    return matrix


def test_bars_join_the_largest_groups_that_do_not_differ():
    ranks = pd.Series({"d": 3.6, "a": 1.2, "b": 2.1, "c": 3.1})
    # a and b, b and c, c and d do not differ.
    values = p_values("dabc", ab=0.2, bc=0.05, cd=0.3, ac=0.049, ad=0.001, bd=0.01)
    display = CriticalDifferenceDisplay(ranks, values).plot()
    bars = sorted([*map(float, bar.get_xdata())] for bar in display.bars_)
    assert bars == [[1.2, 2.1], [2.1, 3.1], [3.1, 3.6]]
    # Colours by the order of the ranks given, places from the best to the worst.
    places = [float(marker.get_xdata()[0]) for marker in display.markers_]
    assert places == [1.2, 2.1, 3.1, 3.6]
    assert [marker.get_color() for marker in display.markers_] == [*COLORS[1:4], COLORS[0]]
    labels = [re.sub(" +", " ", text).strip() for text in texts(display.ax_)]
    assert labels == ["a 1.20", "b 2.10", "3.60 d", "3.10 c"]
    assert display.ax_.get_title().endswith("Joined: no significant difference at 0.05")


def test_a_bar_has_dots_at_its_group_alone():
    """a and c do not differ, though b between them differs from both."""
    values = p_values("abc", ac=0.5, ab=0.01, bc=0.01)
    display = CriticalDifferenceDisplay(pd.Series([1.5, 2.0, 2.5], [*"abc"]), values).plot()
    (bar,) = display.bars_
    assert [float(x) for x in bar.get_xdata()] == [1.5, 2.5]
    assert bar.get_marker() == "o"


def test_models_without_rank_keep_their_number():
    ranks = pd.Series({"a": np.nan, "b": 1.0, "c": 2.0})
    values = p_values("abc", bc=0.5)
    values.loc["a"] = values["a"] = np.nan
    _, ax = pyplot.subplots()
    display = CriticalDifferenceDisplay(ranks, values, critical_difference=0.7, title="T").plot(ax)
    assert display.ax_ is ax
    assert [marker.get_color() for marker in display.markers_] == [*COLORS[1:3]]
    (line,) = (line for line in ax.lines if line.get_label() == "_critical difference")
    assert [*line.get_xdata()] == [1, 1.7]
    assert texts(ax)[-1].strip() == "critical difference 0.70"
    assert ax.get_title().startswith("T\n")


def test_ranks_without_tests():
    with pytest.raises(ValueError, match=r"^Got ranks of 2 model\(s\).* at least two tables\.$"):
        CriticalDifferenceDisplay(pd.Series([1.0, 2.0], [*"ab"]), p_values("ab", ab=np.nan)).plot()
    with pytest.raises(ValueError, match=r"^Got ranks of 1 model\(s\)"):
        CriticalDifferenceDisplay(pd.Series([1.0], ["a"]), p_values("a")).plot()


def calibration():
    columns = ["task", "model", "split", "bin", "n", "confidence", "accuracy"]
    rows = [
        ("iris", "a", 0, 5, 10, 0.55, 0.5),
        ("iris", "a", 1, 5, 30, 0.59, 0.7),
        ("iris", "a", 0, 9, 40, 0.95, 0.9),
        ("iris", "a", 0, 7, 0, np.nan, np.nan),
        ("iris", "c", 0, 9, 50, 0.99, 0.99),
    ]
    return pd.DataFrame(rows, columns=columns)


def test_reliability_is_over_all_predictions():
    display = ReliabilityDisplay(calibration()).plot()
    assert len(display.axes_) == 2
    line = display.lines_[0]
    # Ten predictions at 0.55 and thirty at 0.59, of which 5 and 21 are right.
    np.testing.assert_allclose(line.get_xydata(), [[0.58, 26 / 40], [0.95, 0.9]])
    # Half of the predictions are 0.07 off, the others 0.05.
    titles = [ax.get_title() for ax in display.axes_]
    assert titles == ["a, error 0.060", "c, error 0.000"]
    assert display.figure_.get_suptitle() == "Calibration on iris, 2 splits"


def test_reliability_of_several_tasks_and_on_one_axes():
    both = pd.concat([calibration(), calibration().assign(task="wine", accuracy=0.2)])
    display = ReliabilityDisplay(both).plot()
    # Each task and the line over all; the diagonal is the last.
    assert len(display.axes_[0].lines) == 4
    np.testing.assert_allclose(display.lines_[1].get_xydata(), [[0.99, (0.99 + 0.2) / 2]])

    _, ax = pyplot.subplots()
    display = ReliabilityDisplay(calibration()).plot(ax)
    assert display.axes_.tolist() == [ax]
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["a, error 0.060", "c, error 0.000"]
    with pytest.raises(ValueError, match=r"^Got 3 axes, but expected 2, one for all models"):
        ReliabilityDisplay(calibration()).plot(pyplot.subplots(1, 3)[1])
    with pytest.raises(ValueError, match="without predictions"):
        ReliabilityDisplay(calibration().assign(n=0)).plot()


def test_times_are_medians_and_geometric_means():
    table = scores(models=["a", "b"])
    wine = table["task"] == "wine"
    table.loc[wine, "fit_time"] *= 100
    table.loc[wine & (table["split"] == 0), "fit_time"] = 1e6
    table.loc[table["model"] == "b", "predict_time"] = np.nan
    display = TimesDisplay(table).plot()
    fits, predictions = display.points_
    np.testing.assert_allclose(fits[0].get_xdata(), [0.01, 1])
    np.testing.assert_allclose(fits[1].get_xdata(), [0.1, 10])
    assert fits[0].get_ydata().tolist() == [0, 0]
    # Ten rows in 0.1 ms.
    np.testing.assert_allclose(predictions[0].get_xdata(), [1e-5, 1e-5])
    assert [texts(ax) for ax in display.axes_] == [["100 ms", "1 s"], ["10 µs", "n/a"]]
    assert [ax.get_xscale() for ax in display.axes_] == ["log", "log"]
    # All points are in sight, between labelled powers of ten.
    low, high = display.axes_[0].get_xlim()
    assert low < 0.01
    assert high > 10
    ticks = [label.get_text() for label in display.axes_[0].get_xticklabels()]
    assert ticks == ["10 ms", "100 ms", "1 s", "10 s"]


def test_times_on_one_axes_are_of_fits():
    _, ax = pyplot.subplots()
    display = TimesDisplay(scores(["iris"])).plot(ax)
    assert display.axes_.tolist() == [ax]
    assert len(display.points_) == 1
    assert ax.get_xlabel() == "Fit"
    with pytest.raises(ValueError, match="Got 3 axes"):
        TimesDisplay(scores()).plot(pyplot.subplots(1, 3)[1])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1234, "1234 s"),
        (1, "1 s"),
        (0.99999, "1 s"),
        (0.25, "250 ms"),
        (0.0012, "1.2 ms"),
        (9.96e-6, "10 µs"),
        (3e-9, "3 ns"),
        (5e-10, "0.5 ns"),
    ],
)
def test_times_as_text(seconds, text):
    assert time_label(seconds) == text


def test_matrix_of_pairs():
    columns = ["task", "model_a", "model_b", "a_better", "b_better"]
    rows = [
        ("iris", "a", "b", 0.96, 0.01),
        ("iris", "a", "c", np.nan, np.nan),
        ("iris", "b", "c", 0.2, 0.3),
    ]
    tests = pd.DataFrame(rows, columns=columns)
    display = PairwiseTestsDisplay(tests).plot()
    expected = [[np.nan, 96, np.nan], [1, np.nan, 20], [np.nan, 30, np.nan]]
    shown = np.ma.filled(display.image_.get_array(), np.nan)
    np.testing.assert_allclose(shown, expected)
    cells = {text.get_position(): text for text in display.ax_.texts}
    assert {place: text.get_text() for place, text in cells.items()} == {
        (1, 0): "96",
        (2, 0): "n/a",
        (0, 1): "1",
        (2, 1): "20",
        (0, 2): "n/a",
        (1, 2): "30",
    }
    assert [place for place, text in cells.items() if text.get_weight() == "bold"] == [(1, 0)]
    with pytest.raises(ValueError, match=r"^Got tests of the tasks \['iris', 'wine'\]"):
        PairwiseTestsDisplay(pd.concat([tests, tests.assign(task="wine")])).plot()


def test_colours_and_markers_of_49_models_differ():
    styles = [(style["color"], style["marker"]) for style in map(style_of, range(49))]
    assert len({*styles}) == 49


def test_long_names_keep_both_ends():
    name = "ExtraTreesClassifier(n_estimators=300, max_depth=None)"
    short = shortened(name)
    assert len(short) == 28
    start, end = short.split("…")
    assert name.startswith(start)
    assert name.endswith(end)
    assert shortened("x" * 28) == "x" * 28


def test_many_models_with_long_names_on_one_table():
    models = [f"model number {k} with a name of many more letters than fit" for k in range(12)]
    table = scores(["a table with a name that is just as long as that"], models)
    for display in (ScoreDistributionDisplay(table), TimesDisplay(table)):
        display.plot()
        # Warnings are errors: the layout has a place for everything.
        display.figure_.canvas.draw()
        assert len({*row_names(display.axes_[0])}) == 12


@pytest.fixture(scope="module")
def comparison():
    models = {"knn": KNeighborsClassifier(), "logistic": LogisticRegression()}
    tasks = [*load_tasks("iris"), *load_tasks("wine")]
    return compare(tasks, estimators=models, epsilons=[0.05], n_splits=3, n_repeats=1)


def test_figures_of_a_comparison(comparison):
    assert isinstance(comparison, Comparison)
    display = comparison.plot_scores("log_loss")
    assert isinstance(display, ScoreDistributionDisplay)
    assert display.figure_.get_suptitle().startswith("Log loss on ")
    n_tasks = comparison.scores["task"].nunique()
    display = comparison.plot_ranks("log_loss")
    assert display.ax_.get_title().startswith(f"Mean ranks by log loss on {n_tasks} tables")
    assert isinstance(comparison.plot_calibration(), ReliabilityDisplay)
    (ax,) = comparison.plot_calibration("wine", pyplot.subplots()[1]).axes_
    assert ax.get_title() == "Calibration on wine, 3 splits"
    assert isinstance(comparison.plot_times(), TimesDisplay)
    with pytest.raises(ValueError, match="task='wines'"):
        comparison.plot_calibration("wines")


def test_a_model_keeps_its_colour_where_others_are_missing(comparison):
    # No attack applies to neighbours, which come first.
    display = comparison.plot_robustness("wine")
    assert isinstance(display, RobustnessCurveDisplay)
    by_model = {line.get_label(): line.get_color() for line in display.lines_}
    assert by_model["logistic"] == COLORS[1]
    curves = pd.DataFrame(
        {
            "task": "iris",
            "model": pd.Categorical(["b", "b"], ["a", "b"]),
            "split": 0,
            "epoch": [1, 2],
            "train_accuracy": [0.5, 0.6],
            "test_accuracy": [0.4, 0.7],
        }
    )
    display = LearningCurvesDisplay(curves).plot()
    assert [line.get_color() for line in display.lines_] == [COLORS[1]] * 2
