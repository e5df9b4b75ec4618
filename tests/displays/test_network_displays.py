"""Displays of what is inside a fitted network."""

import sys

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skstdp import (
    ActivityDisplay,
    BPClassifier,
    LearningCurvesDisplay,
    STDPClassifier,
    WeightMapDisplay,
)

pyplot = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(scope="module")
def digits(digits):
    X, y = digits
    return X[:300], y[:300]


class TestWeightMap:
    def test_units_are_images_in_the_rows_of_their_classes(self, digits):
        X, y = digits
        network = STDPClassifier((25,), receptive_fields=1, max_iter=1, random_state=0).fit(X, y)
        display = WeightMapDisplay.from_estimator(network, image_shape=(8, 8), max_units=2)
        picture = display.image_.get_array().filled(np.nan)
        # Ten classes of two units, of 8 pixels with one between them.
        assert picture.shape == (10 * 9 - 1, 2 * 9 - 1)
        for row in range(10):
            for column in range(2):
                # Unit j stands for class j modulo 10.
                unit = network.coefs_[0][:, row + 10 * column].reshape(8, 8)
                top, left = 9 * row, 9 * column
                np.testing.assert_array_equal(picture[top : top + 8, left : left + 8], unit)
        assert np.isnan(picture[8]).all()
        assert np.isnan(picture[:, 8]).all()
        ticks = display.ax_.get_yticks()
        np.testing.assert_allclose(ticks, 9 * np.arange(10) + 3.5)
        assert [text.get_text() for text in display.ax_.get_yticklabels()] == list("0123456789")

    def test_more_than_ten_units_of_a_class_take_several_rows(self, digits):
        X, y = digits
        network = STDPClassifier((50,), receptive_fields=1, max_iter=1, random_state=0)
        network.fit(X, y == 3)
        display = WeightMapDisplay.from_estimator(network, image_shape=(8, 8), max_units=None)
        # Of each class 25 units, in three rows of ten.
        assert display.image_.get_array().shape == (6 * 9 - 1, 10 * 9 - 1)
        assert [text.get_text() for text in display.ax_.get_yticklabels()] == ["False", "True"]

    @pytest.mark.parametrize("part", [None, 0, 2])
    def test_gain_is_what_a_unit_gets_from_a_feature(self, part, iris_frame):
        """By its own drive: with a feature at the two ends of its range, or of a part of it."""
        X, y = iris_frame
        options = {"receptive_fields": 6, "rate_encoding": "none", "random_state": 0}
        network = STDPClassifier((6,), max_iter=2, **options).fit(X / 10, y)
        display = WeightMapDisplay.from_estimator(network, part=part)
        assert list(display.weights.columns) == list(X.columns)
        low, high = (0, 1) if part is None else (part / 3, (part + 1) / 3)
        for k in range(4):
            ends = np.full((2, 4), 0.5)
            ends[:, k] = low, high
            rates = network.transform(pd.DataFrame(ends, columns=X.columns))
            drive = np.log(rates / (1 - rates))
            np.testing.assert_allclose(display.weights.iloc[:, k], drive[1] - drive[0])

    @pytest.mark.parametrize("part", [None, 0, 1, 3])
    def test_features_with_fewer_steps_gain_nothing_over_the_rest(self, part):
        """With a feature at the ends of a part of its ranks; one of two values has one part."""
        rng = np.random.default_rng(0)
        X = np.column_stack([rng.random(400), rng.random(400) < 0.5, rng.choice([0, 0.1, 1], 400)])
        X[:2] = [[0], [1]]
        network = BPClassifier((6,), max_iter=2, random_state=0).fit(X, X[:, 0] > 0.5)
        assert network.receptive_fields_.tolist() == [8, 2, 4]
        gain = WeightMapDisplay.from_estimator(network, part=part).weights
        knots = network._rank_knots
        for feature, n_steps in enumerate([4, 1, 2]):
            low, high = (0, 1) if part is None else np.minimum([part, part + 1], n_steps) / n_steps
            ends = np.full((2, 3), 0.3)
            ends[:, feature] = np.interp([low, high], *knots[::-1, :, feature])
            rates = network.transform(ends)
            drive = np.log(rates / (1 - rates))
            np.testing.assert_allclose(gain[feature], drive[1] - drive[0], atol=1e-12)

    def test_table_of_a_network_without_associations(self, iris_frame):
        model = make_pipeline(StandardScaler(), BPClassifier((7,), max_iter=1, random_state=0))
        search = GridSearchCV(model, {}, cv=2).fit(*iris_frame)
        _, ax = pyplot.subplots()
        display = WeightMapDisplay.from_estimator(search, ax=ax, plot_kwargs={"cmap": "PiYG"})
        assert display.ax_ is ax
        assert display.classes is None
        assert display.image_.get_array().shape == (7, 4)
        assert display.image_.get_cmap().name == "PiYG"
        assert not ax.get_yticks().size

    def test_scale_is_the_same_on_both_sides(self, iris_frame):
        display = WeightMapDisplay.from_estimator(STDPClassifier(max_iter=2).fit(*iris_frame))
        low, high = display.image_.get_clim()
        assert low == -high < 0

    def test_bad_arguments(self, iris_frame):
        network = STDPClassifier(receptive_fields=4, max_iter=1).fit(*iris_frame)
        with pytest.raises(ValueError, match=r"Got image_shape=\(3, 3\), but expected 4 pixels"):
            WeightMapDisplay.from_estimator(network, image_shape=(3, 3))
        for part in (-1, 2):
            with pytest.raises(ValueError, match=rf"Got part={part}, but expected one of the 2"):
                WeightMapDisplay.from_estimator(network, part=part)
        with pytest.raises(TypeError, match="Got SVC, but expected a fitted STDPClassifier"):
            WeightMapDisplay.from_estimator(SVC())


class TestActivity:
    def test_rates_are_means_over_the_samples_of_a_class(self, iris_frame):
        X, y = iris_frame
        names = np.array(["setosa", "versicolor", "virginica"])[y]
        network = STDPClassifier((9, 6), max_iter=30, random_state=0).fit(X, names)
        display = ActivityDisplay.from_estimator(network, X, names)
        table = display.rates.set_index(["layer", "unit", "class"])["rate"]
        last = network.transform(X)
        output = expit(network.decision_function(X))
        for name in np.unique(names):
            for unit in range(6):
                assert table["Hidden layer 2", unit, name] == pytest.approx(
                    last[names == name, unit].mean()
                )
            for unit in range(3):
                assert table["Output", unit, name] == pytest.approx(
                    output[names == name, unit].mean()
                )
        assert [image.get_array().shape for image in display.images_] == [(3, 9), (3, 6), (3, 3)]
        own = display.rates.drop_duplicates(["layer", "unit"]).query("layer == 'Hidden layer 2'")
        assert own["stands_for"].tolist() == ["setosa", "versicolor", "virginica"] * 2
        # Drawn in the order of the classes.
        first = display.images_[1].get_array()[0]
        order = [0, 3, 1, 4, 2, 5]
        np.testing.assert_allclose(first, [table["Hidden layer 2", k, "setosa"] for k in order])
        strongest = last[names == "setosa"].mean(0), last[names == "versicolor"].mean(0)
        strongest = np.argmax([*strongest, last[names == "virginica"].mean(0)], axis=0)
        kept = np.mean(strongest == np.arange(6) % 3)
        assert display.kept_["Hidden layer 2"] == pytest.approx(kept)

    def test_one_output_unit_stands_for_the_second_class(self, iris_frame):
        X, y = iris_frame
        X, y = X[y < 2], y[y < 2]
        display = ActivityDisplay.from_estimator(
            STDPClassifier((8,), probability_matching=False, random_state=0).fit(X, y), X, y
        )
        output = display.rates[display.rates["layer"] == "Output"]
        assert output["stands_for"].tolist() == [1, 1]
        assert display.kept_["Output"] == 1

    def test_units_without_associations(self, iris_frame):
        X, y = iris_frame
        model = make_pipeline(StandardScaler(), BPClassifier((8,), max_iter=20, random_state=0))
        display = ActivityDisplay.from_estimator(model.fit(X, y), X, y)
        assert display.kept_.isna().all()
        assert display.axes_[-1].get_xlabel() == "Units, by the class they answer to most"
        strongest = display.images_[0].get_array().argmax(axis=0)
        assert (np.diff(strongest) >= 0).all()

    def test_on_given_axes(self, iris_frame):
        network = STDPClassifier((8,), max_iter=1).fit(*iris_frame)
        figure, axes = pyplot.subplots(1, 2)
        display = ActivityDisplay.from_estimator(network, *iris_frame, axes=axes)
        assert display.figure_ is figure
        assert list(display.axes_) == list(axes)
        with pytest.raises(ValueError, match="Got 1 axes, but expected 2, one per layer"):
            ActivityDisplay.from_estimator(network, *iris_frame, axes=axes[:1])

    def test_unknown_labels(self, iris_frame):
        X, y = iris_frame
        with pytest.raises(ValueError, match=r"Got the labels \[3\]"):
            ActivityDisplay.from_estimator(STDPClassifier(max_iter=1).fit(X, y), X, y + 1)


class TestHistories:
    def test_of_one_fit_without_validation_data(self, iris_frame):
        network = STDPClassifier(max_iter=4, random_state=0).fit(*iris_frame)
        display = LearningCurvesDisplay.from_estimator(network)
        (line,) = display.lines_
        assert line.get_label() == "train"
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3, 4])
        np.testing.assert_array_equal(line.get_ydata(), network.accuracy_curve_)

    @pytest.mark.parametrize("curve", ["accuracy", "loss"])
    def test_of_several_fits_with_validation_data(self, curve, iris_frame):
        X, y = iris_frame
        data = {"X": X[::2], "y": y[::2], "X_val": X[1::2], "y_val": y[1::2]}
        fits = [BPClassifier(max_iter=3, random_state=seed).fit(**data) for seed in range(3)]
        other = make_pipeline(STDPClassifier(max_iter=5, random_state=0)).fit(X, y)
        _, ax = pyplot.subplots()
        display = LearningCurvesDisplay.from_estimator(
            {"BP": fits, "STDP": other}, curve=curve, ax=ax, plot_kwargs={"linewidth": 3}
        )
        labels = [line.get_label() for line in display.lines_]
        assert labels == ["BP, train", "BP, validation", "STDP, train"]
        for line, name in zip(display.lines_, (curve, f"validation_{curve}"), strict=False):
            values = np.array([fit.history_[name] for fit in fits])
            np.testing.assert_allclose(line.get_ydata(), values.mean(axis=0))
        band = display.fill_between_[0].get_paths()[0].vertices
        top = np.mean([f.history_[curve] for f in fits], 0) + np.std(
            [f.history_[curve] for f in fits], 0, ddof=1
        )
        expected = top.max() if curve == "loss" else min(top.max(), 1)
        assert band[:, 1].max() == pytest.approx(expected)
        assert ax.get_ylabel() == {"accuracy": "Accuracy", "loss": "Cross-entropy"}[curve]
        assert display.lines_[0].get_linewidth() == 3

    def test_curve_that_is_not_there(self, iris_frame):
        network = STDPClassifier(max_iter=1).fit(*iris_frame)
        with pytest.raises(ValueError, match="Got curve='auc', but expected one of 'accuracy'"):
            LearningCurvesDisplay.from_estimator(network, curve="auc")


def test_missing_matplotlib_is_told_with_the_way_to_install_it(monkeypatch, iris_frame):
    network = STDPClassifier(max_iter=1).fit(*iris_frame)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for draw in (
        lambda: WeightMapDisplay.from_estimator(network),
        lambda: ActivityDisplay.from_estimator(network, *iris_frame),
        lambda: LearningCurvesDisplay.from_estimator(network),
    ):
        with pytest.raises(ImportError, match=r'pip install "skstdp\[plot\]"'):
            draw()
