import subprocess
import sys
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from figure_helpers import edges_of_a_band

pyplot = pytest.importorskip("matplotlib.pyplot")

from matplotlib.colors import to_hex  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from skstdp._displays import (  # noqa: E402
    LearningCurvesDisplay,
    RobustnessCurveDisplay,
    STDPCurveDisplay,
    plot_tasks,
)
from skstdp._robustness._scorers import epsilon_label  # noqa: E402

# Two splits, whose mean and standard deviation (n - 1) can be worked by hand.
TRAIN = {"STDP": [[0.1, 0.4, 0.9], [0.3, 0.4, 1.0]], "BP": [[0.5, 0.6, 0.7], [0.5, 0.8, 0.7]]}
TEST = {"STDP": [[0.2, 0.5, 0.6], [0.4, 0.5, 0.8]], "BP": [[0.4, 0.5, 0.6], [0.4, 0.5, 1.0]]}


def _curves(task="iris"):
    return pd.DataFrame(
        [
            (task, model, split, epoch + 1, TRAIN[model][split][epoch], TEST[model][split][epoch])
            for split in (0, 1)
            for model in ("STDP", "BP")
            for epoch in range(3)
        ],
        columns=["task", "model", "split", "epoch", "train_accuracy", "test_accuracy"],
    )


def _scores(task="iris", epsilons=(0, 4 / 255, 8 / 255), attack="FGSM"):
    return pd.DataFrame(
        [
            (
                task,
                model,
                split,
                attack if epsilon else "none",
                epsilon,
                TEST[model][split][-1 - k % 3],
            )
            for split in (0, 1)
            for model in ("STDP", "BP")
            for k, epsilon in enumerate(epsilons)
        ],
        columns=["task", "model", "split", "attack", "epsilon", "accuracy"],
    )


def test_learning_curves_are_means_with_bands_of_one_standard_deviation():
    display = LearningCurvesDisplay(_curves()).plot()
    half = 0.5**0.5
    expected = {
        "STDP, train": ([0.2, 0.4, 0.95], [0.2 * half, 0, 0.1 * half], "--"),
        "STDP, test": ([0.3, 0.5, 0.7], [0.2 * half, 0, 0.2 * half], "-"),
        "BP, train": ([0.5, 0.7, 0.7], [0, 0.2 * half, 0], "--"),
        "BP, test": ([0.4, 0.5, 0.8], [0, 0, 0.4 * half], "-"),
    }
    assert [line.get_label() for line in display.lines_] == list(expected)
    for line, band in zip(display.lines_, display.fill_between_, strict=True):
        mean, std, linestyle = expected[line.get_label()]
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3])
        np.testing.assert_allclose(line.get_ydata(), mean)
        assert line.get_linestyle() == linestyle
        low, high = np.subtract(mean, std), np.add(mean, std)
        np.testing.assert_allclose(edges_of_a_band(band), [low, np.minimum(high, 1)])
        assert to_hex(band.get_facecolor()[0]) == to_hex(line.get_color())
    colors = [to_hex(line.get_color()) for line in display.lines_]
    assert colors[0] == colors[1] != colors[2] == colors[3]
    assert all(tick == int(tick) for tick in display.ax_.get_xticks())


def test_robustness_curves_are_means_with_bands_of_one_standard_deviation():
    display = RobustnessCurveDisplay(_scores()).plot()
    half = 0.5**0.5
    expected = {
        "STDP": ([0.7, 0.5, 0.3], [0.2 * half, 0, 0.2 * half]),
        "BP": ([0.8, 0.5, 0.4], [0.4 * half, 0, 0]),
    }
    assert [line.get_label() for line in display.lines_] == list(expected)
    for line, band in zip(display.lines_, display.fill_between_, strict=True):
        mean, std = expected[line.get_label()]
        np.testing.assert_allclose(line.get_xdata(), [0, 4 / 255, 8 / 255])
        np.testing.assert_allclose(line.get_ydata(), mean)
        low, high = np.subtract(mean, std), np.add(mean, std)
        np.testing.assert_allclose(edges_of_a_band(band), [low, np.minimum(high, 1)])
    assert display.lines_[0].get_marker() != display.lines_[1].get_marker()
    assert [text.get_text() for text in display.ax_.get_xticklabels()] == ["0", "4/255", "8/255"]


@pytest.mark.parametrize(
    ("display", "n_lines"),
    [(LearningCurvesDisplay(_curves()), 4), (RobustnessCurveDisplay(_scores()), 2)],
)
def test_plot_on_new_and_on_given_axes(display, n_lines):
    assert display.plot() is display
    assert pyplot.fignum_exists(display.figure_.number)
    assert display.ax_ in display.figure_.axes

    _, (left, right) = pyplot.subplots(1, 2)
    display.plot(right, linewidth=3.5)
    assert display.ax_ is right
    assert display.figure_ is right.figure
    assert not left.lines
    assert list(right.lines) == display.lines_
    assert len(display.lines_) == len(display.fill_between_) == n_lines
    assert {line.get_linewidth() for line in display.lines_} == {3.5}
    assert right.get_title() == "iris"
    assert right.get_ylabel() == "Accuracy"
    assert right.get_xlabel() in ("Epoch", "FGSM perturbation of each rate")
    legend = [text.get_text() for text in right.get_legend().get_texts()]
    assert legend == [line.get_label() for line in display.lines_]


def test_epochs_on_an_axis_of_another_scale():
    _, ax = pyplot.subplots()
    ax.set_xscale("log")
    LearningCurvesDisplay(_curves()).plot(ax).figure_.draw_without_rendering()
    assert ax.get_xscale() == "log"


def test_kinds_of_attack_start_at_the_same_point_with_a_line_style_each():
    scores = pd.concat([_scores(), _scores(attack="PGD").query("epsilon > 0")])
    scores.loc[scores.attack == "PGD", "accuracy"] /= 2
    other = _scores().query("model == 'BP' and epsilon == 0").assign(model="other")
    display = RobustnessCurveDisplay(pd.concat([scores, other])).plot()
    expected = {
        "STDP, FGSM": [0.7, 0.5, 0.3],
        "STDP, PGD": [0.7, 0.25, 0.15],
        "BP, FGSM": [0.8, 0.5, 0.4],
        "BP, PGD": [0.8, 0.25, 0.2],
        "other": [0.8],
    }
    for line, (label, means) in zip(display.lines_, expected.items(), strict=True):
        assert line.get_label() == label
        np.testing.assert_allclose(line.get_ydata(), means)
        assert line.get_linestyle() == ("--" if "PGD" in label else "-")
    assert display.ax_.get_xlabel() == "Perturbation of each rate"


def test_a_line_under_others_is_wider_so_that_all_of_them_are_seen():
    attacked = {"FGSM": [0.7, 0.5], "PGD": [0.7, 0.5], "hard label": [0.7, 0.2]}
    scores = pd.DataFrame(
        [
            (name, 0, "any", 0.1 * (k + 1), y)
            for name in attacked
            for k, y in enumerate(attacked[name])
        ]
        + [(name, 0, "none", 0.0, 0.9) for name in attacked],
        columns=["model", "split", "attack", "epsilon", "accuracy"],
    )
    lines = dict(zip(attacked, RobustnessCurveDisplay(scores).plot().lines_, strict=True))
    widths = {name: line.get_linewidth() for name, line in lines.items()}
    # FGSM is under both others, PGD under the last one as far as 0.1, and nothing is over that.
    assert widths["FGSM"] > widths["PGD"] > widths["hard label"]
    assert lines["FGSM"].get_markersize() > lines["PGD"].get_markersize()
    assert lines["FGSM"].get_alpha() < 1
    assert lines["hard label"].get_alpha() is None
    apart = scores.query("model != 'PGD'").replace(0.7, 0.6)
    apart.loc[apart.model == "hard label", "accuracy"] -= 0.1
    first, second = RobustnessCurveDisplay(apart).plot().lines_
    assert first.get_linewidth() == second.get_linewidth()


def test_label_tells_the_one_kind_of_attack():
    display = RobustnessCurveDisplay(_scores(attack="PGD")).plot()
    assert display.ax_.get_xlabel() == "PGD perturbation of each rate"
    assert [line.get_label() for line in display.lines_] == ["STDP", "BP"]


def test_keywords_win_over_the_style():
    display = RobustnessCurveDisplay(_scores()).plot(color="k", marker="x")
    assert {to_hex(line.get_color()) for line in display.lines_} == {"#000000"}
    assert {line.get_marker() for line in display.lines_} == {"x"}


def test_one_split_has_a_line_and_noedges_of_a_band():
    curves = _curves().query("split == 0")
    display = LearningCurvesDisplay(curves).plot()
    np.testing.assert_allclose(display.lines_[0].get_ydata(), TRAIN["STDP"][0])
    display.figure_.canvas.draw()
    assert not any(band.get_paths() for band in display.fill_between_)


@pytest.mark.parametrize(
    ("display_class", "table"),
    [(LearningCurvesDisplay, _curves), (RobustnessCurveDisplay, _scores)],
)
def test_one_display_shows_one_task(display_class, table):
    both = pd.concat([table("a"), table("b")])
    with pytest.raises(ValueError, match=r"^Got the tasks \['a', 'b'\], but expected one"):
        display_class(both).plot()


@pytest.mark.parametrize(
    ("display_class", "table"),
    [(LearningCurvesDisplay, _curves), (RobustnessCurveDisplay, _scores)],
)
@pytest.mark.parametrize(("n_tasks", "grid"), [(1, (1, 1)), (3, (1, 3)), (5, (2, 3))])
def test_grid_has_axes_for_each_task_and_one_legend(display_class, table, n_tasks, grid, tmp_path):
    names = [f"task {k}" for k in range(n_tasks)][::-1]
    rows = pd.concat([table(name) for name in names])
    # Without a common scale the first task would get another one than the rest.
    rows.loc[rows["task"] == names[0], rows.columns.str.endswith("accuracy")] /= 4
    figure = plot_tasks(display_class, rows)
    assert [ax.get_title() for ax in figure.axes] == names
    assert figure.axes[0].get_gridspec().get_geometry() == grid
    assert len({ax.get_ylim() for ax in figure.axes}) == 1
    assert not any(ax.get_legend() or ax.get_xlabel() or ax.get_ylabel() for ax in figure.axes)
    (legend,) = figure.legends
    alone = display_class(table()).plot()
    assert [text.get_text() for text in legend.get_texts()] == [
        line.get_label() for line in alone.lines_
    ]
    assert figure.get_supxlabel() == alone.ax_.get_xlabel()
    assert figure.get_supylabel() == "Accuracy"

    figure.savefig(tmp_path / "figure.png")
    boxes = [text.get_window_extent() for text in (figure._supxlabel, legend)]
    assert not boxes[0].overlaps(boxes[1])


def test_legend_of_a_grid_holds_the_models_of_all_tasks():
    parts = [_scores("a").query("model == 'BP'"), _scores("b")]
    figure = plot_tasks(RobustnessCurveDisplay, pd.concat(parts))
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["BP", "STDP"]


def test_notes_of_a_grid_are_those_of_each_task():
    parts = [_scores("a").assign(one_class=True, majority=0.6), _scores("b")]
    parts[1] = parts[1].assign(one_class=parts[1]["model"] == "BP", majority=0.7)
    figure = plot_tasks(RobustnessCurveDisplay, pd.concat(parts))
    notes = [ax.texts[0].get_text().split("\n") for ax in figure.axes]
    assert notes == [
        [
            "STDP: one class predicted in 2 of 2 fits",
            "BP: one class predicted in 2 of 2 fits",
            "dotted: the largest class for all, 0.600",
        ],
        [
            "BP: one class predicted in 2 of 2 fits",
            "dotted: the largest class for all, 0.700",
        ],
    ]


def test_grid_leaves_pyplot_alone():
    figure = plot_tasks(RobustnessCurveDisplay, _scores())
    assert isinstance(figure, Figure)
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize(
    ("epsilon", "label"),
    [
        (0, "0"),
        (4 / 255, "4/255"),
        (np.float64(12) / 255, "12/255"),
        (3 * (1 / 255), "3/255"),
        (0.1, "0.1"),
        (1 / 1000, "0.001"),
        (0.6 / 255, "0.00235294"),
        (1e-12, "1e-12"),
    ],
)
def test_epsilon_label(epsilon, label):
    assert epsilon_label(epsilon) == label


@pytest.mark.parametrize(
    "epsilons",
    [
        (0,),
        (0.1, 0.2),
        (0, 26 / 255, 52 / 255, 1),
        tuple(np.arange(6) * 20 / 255),
        tuple(np.arange(12) * 20 / 255),
        tuple(np.arange(30) / 255),
        (0, 0.001, 0.5, 1),
    ],
)
def test_tick_labels_do_not_run_into_each_other(epsilons):
    figure = plot_tasks(RobustnessCurveDisplay, _scores(epsilons=epsilons))
    figure.draw_without_rendering()
    ax = figure.axes[0]
    low, high = ax.get_xlim()
    ticks = zip(ax.get_xticks(), ax.get_xticklabels(), strict=True)
    labels = [label for tick, label in ticks if low <= tick <= high]
    assert labels
    for before, after in pairwise(labels):
        left, right = before.get_window_extent(), after.get_window_extent()
        angle = np.radians(before.get_rotation())
        # Slanted labels have boxes that overlap; what counts is how far apart their lines are.
        distance = (right.x1 - left.x1) * np.sin(angle) if angle else right.x0 - left.x1
        assert distance > (before.get_fontsize() * figure.dpi / 72 if angle else 0)


def test_missing_matplotlib_is_told_with_the_way_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    displays = [
        LearningCurvesDisplay(_curves()),
        RobustnessCurveDisplay(_scores()),
        STDPCurveDisplay.from_rule(),
    ]
    for plot in (*(display.plot for display in displays), lambda: plot_tasks(None, None)):
        with pytest.raises(ImportError, match=r'pip install "skstdp\[plot\]"'):
            plot()


@pytest.mark.process
def test_import_leaves_matplotlib_for_later():
    code = "import skstdp, skstdp._displays, skstdp.benchmarks, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = done.stdout.split()
    assert "skstdp._displays" in modules
    assert "matplotlib" not in modules
    assert "skstdp.__main__" not in modules
