import subprocess
import sys
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

pyplot = pytest.importorskip("matplotlib.pyplot")

from matplotlib.colors import to_hex  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from sklearn.datasets import load_iris  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.model_selection import cross_validate  # noqa: E402
from sklearn.svm import SVC  # noqa: E402

from skstdp import FGSMScorer, PGDScorer, attack_scorers  # noqa: E402
from skstdp._displays import (  # noqa: E402
    LearningCurvesDisplay,
    RobustnessCurveDisplay,
    RobustnessFrontDisplay,
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


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    pyplot.close("all")


def _band(collection):
    """Lower and upper edge of a band at each abscissa."""
    vertices = pd.DataFrame(collection.get_paths()[0].vertices, columns=["x", "y"])
    edges = vertices.groupby("x")["y"].agg(["min", "max"])
    return edges.to_numpy().T


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
        np.testing.assert_allclose(_band(band), [low, np.minimum(high, 1)])
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
        np.testing.assert_allclose(_band(band), [low, np.minimum(high, 1)])
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


def test_label_tells_the_one_kind_of_attack():
    display = RobustnessCurveDisplay(_scores(attack="PGD")).plot()
    assert display.ax_.get_xlabel() == "PGD perturbation of each rate"
    assert [line.get_label() for line in display.lines_] == ["STDP", "BP"]


def test_keywords_win_over_the_style():
    display = RobustnessCurveDisplay(_scores()).plot(color="k", marker="x")
    assert {to_hex(line.get_color()) for line in display.lines_} == {"#000000"}
    assert {line.get_marker() for line in display.lines_} == {"x"}


def test_one_split_has_a_line_and_no_band():
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


def test_stdp_curves_are_those_of_the_two_equations():
    display = STDPCurveDisplay.from_rule(2.0, delta_t=[-6, -1, 0, 3])
    assert list(display.curves) == ["equation", "delta_t", "delta_w"]
    assert display.plot() is display
    # Worked by hand: delta_t / (4 (2 + delta_t)^2), then delta_t / (4 (2 - delta_t)^2).
    expected = {
        "Equation 5": ([-6 / 64, -1 / 4, 0, 3 / 100], ":"),
        "Equation 6": ([-6 / 256, -1 / 36, 0, 3 / 4], "-"),
    }
    assert [line.get_label() for line in display.lines_] == list(expected)
    for line, (delta_w, linestyle) in zip(display.lines_, expected.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [-6, -1, 0, 3])
        np.testing.assert_allclose(line.get_ydata(), delta_w)
        assert line.get_linestyle() == linestyle
    assert display.lines_[0].get_color() != display.lines_[1].get_color()


@pytest.mark.parametrize("t_pre", [0.5, 1.0, 3.0])
def test_stdp_curve_looks_the_same_in_every_unit_of_time(t_pre):
    """Time in other units changes the scales of the figure, and nothing else."""
    display, unit = (STDPCurveDisplay.from_rule(t).plot() for t in (t_pre, 1.0))
    np.testing.assert_allclose(display.ax_.get_xlim(), np.multiply(unit.ax_.get_xlim(), t_pre))
    np.testing.assert_allclose(display.ax_.get_ylim(), np.divide(unit.ax_.get_ylim(), t_pre**3))
    # The low peak of equation 6, -1/4, can be seen, and the pole does not flatten it.
    assert 0.05 < 0.25 / unit.ax_.get_ylim()[1] < 0.5


def test_stdp_curve_on_given_axes():
    _, (left, right) = pyplot.subplots(1, 2)
    display = STDPCurveDisplay.from_rule().plot(right, linewidth=3.5)
    assert display.ax_ is right
    assert display.figure_ is right.figure
    assert not left.lines
    assert {line.get_linewidth() for line in display.lines_} == {3.5}
    assert right.get_legend() is not None


@pytest.mark.parametrize("t_pre", [0, -1])
def test_stdp_curve_of_no_time(t_pre):
    with pytest.raises(ValueError, match=rf"^Got t_pre={t_pre}, but expected"):
        STDPCurveDisplay.from_rule(t_pre)


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


class TestRobustnessCurvesOfAnyEstimator:
    """From estimators, from predictions and from what cross-validation found."""

    EPSILONS = [0.1, 0.2, 0.4]

    def task(self):
        return load_iris(return_X_y=True, as_frame=True)

    def test_from_one_estimator(self):
        X, y = self.task()
        model = SVC().fit(X, y)
        display = RobustnessCurveDisplay.from_estimator(model, X, y, epsilons=self.EPSILONS)
        (line,) = display.lines_
        np.testing.assert_array_equal(line.get_xdata(), [0, *self.EPSILONS])
        expected = [FGSMScorer(epsilon)(model, X, y) for epsilon in (0, *self.EPSILONS)]
        np.testing.assert_array_equal(line.get_ydata(), expected)
        assert display.ax_.get_xlabel() == "FGSM perturbation of each feature"
        assert display.ax_.get_legend() is None

    def test_from_several_estimators_with_spread(self):
        X, y = self.task()
        folds = [SVC(gamma=gamma).fit(X, y) for gamma in (0.1, 5)]
        models = {"two folds": folds, "linear": SVC(kernel="linear").fit(X, y)}
        _, ax = pyplot.subplots()
        options = {"scorer": PGDScorer, "n_steps": 3, "n_restarts": 1, "norm": "l2"}
        display = RobustnessCurveDisplay.from_estimator(
            models, X, y, epsilons=[0.4], ax=ax, plot_kwargs={"linewidth": 3}, **options
        )
        assert display.ax_ is ax
        assert [line.get_label() for line in display.lines_] == list(models)
        attack = PGDScorer(0.4, 3, 1, norm="l2")
        scores = np.array([[model.score(X, y), attack(model, X, y)] for model in folds])
        np.testing.assert_allclose(display.lines_[0].get_ydata(), scores.mean(axis=0))
        assert display.lines_[0].get_linewidth() == 3
        low, high = _band(display.fill_between_[0])
        std = scores.std(axis=0, ddof=1)
        np.testing.assert_allclose(low, scores.mean(axis=0) - std)
        np.testing.assert_allclose(high, np.minimum(scores.mean(axis=0) + std, 1))

    def test_from_predictions(self):
        y = np.array([0, 1, 1, 0])
        predictions = {"good": [y, y, [1, 1, 1, 0]], "bad": [y, [1, 1, 1, 1], 1 - y]}
        display = RobustnessCurveDisplay.from_predictions(
            y, predictions, epsilons=[0, 0.1, 0.2], attack="mine"
        )
        np.testing.assert_array_equal(display.lines_[0].get_ydata(), [1, 1, 0.75])
        np.testing.assert_array_equal(display.lines_[1].get_ydata(), [1, 0.5, 0])
        assert display.ax_.get_xlabel() == "mine perturbation of each feature"
        one = RobustnessCurveDisplay.from_predictions(y, [1 - y], epsilons=0.1)
        assert one.lines_[0].get_xdata().tolist() == [0.1]
        with pytest.raises(ValueError, match=r"Got 2 arrays of predictions for 3 epsilons"):
            RobustnessCurveDisplay.from_predictions(y, [y, y], epsilons=[0, 0.1, 0.2])

    def test_from_cv_results(self):
        X, y = self.task()
        scoring = {"f1": "f1_macro", **attack_scorers(self.EPSILONS)}
        results = {
            name: cross_validate(SVC(kernel=name), X, y, scoring=scoring, cv=3)
            for name in ("linear", "rbf")
        }
        display = RobustnessCurveDisplay.from_cv_results(results, scoring)
        assert [line.get_label() for line in display.lines_] == ["linear", "rbf"]
        names = ["test_clean", *(f"test_FGSM {epsilon}" for epsilon in self.EPSILONS)]
        for line, band, found in zip(
            display.lines_, display.fill_between_, results.values(), strict=True
        ):
            scores = np.array([found[name] for name in names])
            np.testing.assert_allclose(line.get_ydata(), scores.mean(axis=1))
            np.testing.assert_allclose(
                _band(band)[0], scores.mean(axis=1) - scores.std(axis=1, ddof=1)
            )
        single = RobustnessCurveDisplay.from_cv_results(results["rbf"], scoring)
        np.testing.assert_array_equal(single.lines_[0].get_ydata(), display.lines_[1].get_ydata())

    def test_sizes_by_column_have_no_place_on_the_axis(self):
        scoring = {"moved": FGSMScorer({"a": 0.1})}
        with pytest.raises(ValueError, match=r"Got FGSMScorer.*size for each column, but exp"):
            RobustnessCurveDisplay.from_cv_results({"fit_time": [1], "test_moved": [1]}, scoring)

    def test_one_size(self):
        X, y = self.task()
        model = SVC().fit(X, y)
        display = RobustnessCurveDisplay.from_estimator(model, X, y, epsilons=0.1)
        assert display.lines_[0].get_xdata().tolist() == [0, 0.1]

    def noisy(self):
        rng = np.random.RandomState(0)
        return rng.rand(100, 2), np.arange(100) % 5 == 0

    def test_fits_that_predict_one_class_are_noted(self):
        X, y = self.noisy()
        constant = [LogisticRegression(C=1e-9).fit(X, y) for _ in range(2)]
        fitted = SVC(gamma=100).fit(X, y)
        models = {"linear": [*constant, fitted], "other": fitted}
        display = RobustnessCurveDisplay.from_estimator(models, X, y, epsilons=[0.01])
        (note,) = display.ax_.texts
        assert note.get_text() == (
            "linear: one class predicted in 2 of 3 fits\ndotted: the largest class for all, 0.800"
        )
        dotted = display.ax_.lines[-1]
        assert (dotted.get_linestyle(), set(dotted.get_ydata())) == (":", {0.8})
        assert dotted not in display.lines_
        single = RobustnessCurveDisplay.from_estimator(constant[0], X, y, epsilons=[0.01])
        assert single.ax_.texts[0].get_text().startswith("One class predicted in 1 of 1 fits\n")
        other = RobustnessCurveDisplay.from_estimator(fitted, X, y, epsilons=[0.01])
        assert not other.ax_.texts

    def test_predictions_of_one_class_are_noted(self):
        _, y = self.noisy()
        constant = np.zeros(100, bool)
        epsilons = [0, 0.1]
        for predictions, n_notes in (([constant] * 2, 1), ([y, constant], 0)):
            display = RobustnessCurveDisplay.from_predictions(y, predictions, epsilons=epsilons)
            assert len(display.ax_.texts) == n_notes

    def test_the_metric_names_the_ordinate(self):
        X, y = self.noisy()
        model = LogisticRegression(C=1e-9).fit(X, y)
        options = {"epsilons": [0.01], "metric": "balanced_accuracy"}
        display = RobustnessCurveDisplay.from_estimator(model, X, y, **options)
        assert display.ax_.get_ylabel() == "Balanced accuracy"
        assert set(display.ax_.lines[-1].get_ydata()) == {0.5}
        scoring = attack_scorers([0.01], metric="matthews_corrcoef")
        model = SVC(gamma=100, class_weight="balanced")
        results = cross_validate(model, X, y, scoring=scoring, cv=3)
        display = RobustnessCurveDisplay.from_cv_results(results, scoring)
        assert display.ax_.get_ylabel() == "Matthews corrcoef"
        # It may be below zero.
        clean = results["test_clean"]
        low, _ = _band(display.fill_between_[0])
        np.testing.assert_allclose(low[0], clean.mean() - clean.std(ddof=1))
        scoring["other"] = FGSMScorer(0.02)
        with pytest.raises(ValueError, match=r"Got attacks with the metrics \['matthews_corrco"):
            RobustnessCurveDisplay.from_cv_results(results, scoring)

    def test_results_without_an_attack(self):
        with pytest.raises(ValueError, match=r"Got scoring=.* without an attack"):
            RobustnessCurveDisplay.from_cv_results({"fit_time": [1]}, {"a": "accuracy"})
        with pytest.raises(ValueError, match=r"expected 'test_clean' among them"):
            RobustnessCurveDisplay.from_cv_results({"fit_time": [1]}, attack_scorers([0.1]))
