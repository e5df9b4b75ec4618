import numpy as np
import pytest
from figure_helpers import edges_of_a_band
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.svm import SVC

from skstdp import (
    CertifiedScorer,
    FGSMScorer,
    PGDScorer,
    RobustnessCurveDisplay,
    attack_scorers,
)

pyplot = pytest.importorskip("matplotlib.pyplot")


class TestRobustnessCurvesOfAnyEstimator:
    """From estimators, from predictions and from what cross-validation found."""

    EPSILONS = [0.1, 0.2, 0.4]

    def test_from_one_estimator(self, iris_frame):
        X, y = iris_frame
        model = SVC().fit(X, y)
        display = RobustnessCurveDisplay.from_estimator(model, X, y, epsilons=self.EPSILONS)
        (line,) = display.lines_
        np.testing.assert_array_equal(line.get_xdata(), [0, *self.EPSILONS])
        expected = [FGSMScorer(epsilon)(model, X, y) for epsilon in (0, *self.EPSILONS)]
        np.testing.assert_array_equal(line.get_ydata(), expected)
        assert display.ax_.get_xlabel() == "FGSM perturbation of each feature"
        assert display.ax_.get_legend() is None

    def test_from_several_estimators_with_spread(self, iris_frame):
        X, y = iris_frame
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
        low, high = edges_of_a_band(display.fill_between_[0])
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

    def test_from_cv_results(self, iris_frame):
        X, y = iris_frame
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
                edges_of_a_band(band)[0], scores.mean(axis=1) - scores.std(axis=1, ddof=1)
            )
        single = RobustnessCurveDisplay.from_cv_results(results["rbf"], scoring)
        np.testing.assert_array_equal(single.lines_[0].get_ydata(), display.lines_[1].get_ydata())

    def test_sizes_by_column_have_no_place_on_the_axis(self):
        scoring = {"moved": FGSMScorer({"a": 0.1})}
        with pytest.raises(ValueError, match=r"Got FGSMScorer.*size for each column, but exp"):
            RobustnessCurveDisplay.from_cv_results({"fit_time": [1], "test_moved": [1]}, scoring)

    def test_one_size(self, iris_frame):
        X, y = iris_frame
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
        low, _ = edges_of_a_band(display.fill_between_[0])
        np.testing.assert_allclose(low[0], clean.mean() - clean.std(ddof=1))
        scoring["other"] = FGSMScorer(0.02)
        with pytest.raises(ValueError, match=r"Got attacks with the metrics \['matthews_corrco"):
            RobustnessCurveDisplay.from_cv_results(results, scoring)

    def test_results_without_an_attack(self):
        with pytest.raises(ValueError, match=r"Got scoring=.* without an attack"):
            RobustnessCurveDisplay.from_cv_results({"fit_time": [1]}, {"a": "accuracy"})
        with pytest.raises(ValueError, match=r"expected 'test_clean' among them"):
            RobustnessCurveDisplay.from_cv_results({"fit_time": [1]}, attack_scorers([0.1]))


class TestBandOfCertificates:
    """Between what is proven and what an attack leaves, lies the truth."""

    def test_from_estimators_of_which_one_has_none(self, iris_frame):
        X, y = iris_frame
        model = LogisticRegression(max_iter=1000).fit(X, y)
        options = {"epsilons": [0.3, 0.6], "n_steps": 2, "norm": "l2"}
        display = RobustnessCurveDisplay.from_estimator(
            {"model": model}, X, y, scorer=[PGDScorer, FGSMScorer, CertifiedScorer], **options
        )
        labels = ["model, PGD", "model, FGSM", "model, certified"]
        assert [line.get_label() for line in display.lines_] == labels
        low, high = edges_of_a_band(display.between_[0])
        sizes = (0, 0.3, 0.6)
        proven = [CertifiedScorer(size, norm="l2")(model, X, y) for size in sizes]
        attacked = [
            min(
                PGDScorer(size, 2, norm="l2")(model, X, y),
                FGSMScorer(size, norm="l2")(model, X, y),
            )
            for size in sizes
        ]
        np.testing.assert_allclose(low, proven)
        np.testing.assert_allclose(high, attacked)
        texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
        assert texts == [*labels, "model, worst attack: in this band"]

    def test_from_cross_validation(self, iris_frame):
        X, y = iris_frame
        scoring = attack_scorers([0.3]) | attack_scorers([0.3], CertifiedScorer)
        results = cross_validate(LogisticRegression(max_iter=1000), X, y, scoring=scoring, cv=3)
        display = RobustnessCurveDisplay.from_cv_results(results, scoring)
        low, high = edges_of_a_band(display.between_[0])
        np.testing.assert_allclose(low[1], results["test_certified 0.3"].mean())
        np.testing.assert_allclose(high[1], results["test_FGSM 0.3"].mean())
        np.testing.assert_allclose(low[0], high[0])
        assert display.ax_.get_xlabel() == "FGSM perturbation of each feature"

    def test_there_is_none_without_an_attack(self, iris_frame):
        X, y = iris_frame
        model = LogisticRegression(max_iter=1000).fit(X, y)
        display = RobustnessCurveDisplay.from_estimator(
            model, X, y, epsilons=[0.3], scorer=CertifiedScorer
        )
        assert display.between_ == []
        assert display.ax_.get_xlabel() == "Perturbation of each feature"

    @pytest.mark.parametrize("scorer", [[PGDScorer, CertifiedScorer], []])
    def test_an_option_that_no_scorer_has(self, iris_frame, scorer):
        X, y = iris_frame
        model = LogisticRegression(max_iter=1000).fit(X, y)
        with pytest.raises(TypeError, match=r"none has \['n_step'\]"):
            RobustnessCurveDisplay.from_estimator(model, X, y, scorer=scorer, n_step=3)
