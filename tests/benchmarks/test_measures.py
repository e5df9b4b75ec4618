"""Measures of a comparison against scikit-learn, called by hand on the same splits."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
)
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC

from skstdp.benchmarks import compare
from skstdp.benchmarks._measures import MEASURES, calibration_bins, calibration_error
from skstdp.datasets import Task

OPTIONS = {"scorers": (), "n_splits": 3, "n_repeats": 1, "random_state": 2}


def noisy_iris(iris, n_classes):
    X, y = iris
    rows = y >= 3 - n_classes
    return X[rows] + np.random.RandomState(0).normal(0, 0.8, X[rows].shape), y[rows]


@pytest.mark.parametrize("labels", [np.array([0, 1, 2]), np.array(["a", "b", "c"])])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_measures_are_those_of_scikit_learn(iris, n_classes, labels):
    X, y = noisy_iris(iris, n_classes)
    y = labels[y]
    result = compare(Task("noisy", X, y), estimators={"Bayes": GaussianNB()}, **OPTIONS)
    folds = RepeatedStratifiedKFold(n_splits=3, n_repeats=1, random_state=2).split(X, y)
    for (train, test), row in zip(folds, result.scores.itertuples(), strict=True):
        scaler = MinMaxScaler(clip=True).fit(X[train])
        model = GaussianNB().fit(scaler.transform(X[train]), y[train])
        predicted = model.predict(scaler.transform(X[test]))
        probabilities = model.predict_proba(scaler.transform(X[test]))
        of_auc = probabilities if n_classes == 3 else probabilities[:, 1]
        assert row.accuracy == accuracy_score(y[test], predicted)
        assert row.balanced_accuracy == balanced_accuracy_score(y[test], predicted)
        expected = roc_auc_score(y[test], of_auc, multi_class="ovr")
        assert row.roc_auc == pytest.approx(expected, abs=1e-12)
        assert 0.5 < row.roc_auc < 1
        assert row.log_loss == log_loss(y[test], probabilities)
        brier = brier_score_loss(y[test], probabilities, labels=model.classes_)
        assert row.brier == brier
        bins = result.calibration.query("split == @row.split")
        expected = naive_calibration(y[test], predicted, probabilities, model.classes_)
        assert row.calibration_error == pytest.approx(expected, abs=1e-12)
        assert bins["n"].sum() == len(test) == row.n_test
        assert row.n_train == len(train)
    assert len(result.missing) == 0


def naive_calibration(y, predicted, probabilities, classes):
    """Expected calibration error, one sample after the other."""
    bins = {}
    for true, label, row in zip(y, predicted, probabilities, strict=True):
        confidence = row[list(classes).index(label)]
        number = next(b for b in range(10) if confidence <= (b + 1) / 10 or b == 9)
        bins.setdefault(number, []).append((confidence, true == label))
    return sum(
        abs(sum(c for c, _ in found) / len(found) - sum(r for _, r in found) / len(found))
        * len(found)
        for found in bins.values()
    ) / len(y)


def test_calibration_worked_by_hand():
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.45, 0.55], [0.0, 1.0]])
    y, predicted = np.array(["a", "b", "b", "b"]), np.array(["a", "a", "b", "b"])
    bins = calibration_bins(y, predicted, probabilities, ["a", "b"])
    found = {number: row for number, row in enumerate(bins) if row[0]}
    # 0.8 is the upper end of its bin.
    assert found == {5: (1, 0.55, 1), 7: (1, 0.8, 0), 8: (1, 0.9, 1), 9: (1, 1, 1)}
    assert np.isnan([bins[0][1], bins[0][2]]).all()
    assert calibration_error(bins) == pytest.approx((0.45 + 0.8 + 0.1 + 0) / 4)


class LabelsOnly(ClassifierMixin, BaseEstimator):
    """Predicts the label of the first training row, and nothing else."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.label_ = y[0]
        return self

    def predict(self, X):
        return np.full(len(X), self.label_)


def test_what_a_model_has_not_is_missing_with_the_reason(iris):
    X, y = noisy_iris(iris, 3)
    models = {
        "ridge": RidgeClassifier(),
        "labels": LabelsOnly(),
        "pairs": SVC(kernel="linear", decision_function_shape="ovo"),
    }
    result = compare(Task("noisy", X, y), estimators=models, **OPTIONS)
    scores = result.scores.set_index("model")
    of_probabilities = ["log_loss", "brier", "calibration_error"]
    assert scores[of_probabilities].isna().all(axis=None)
    assert scores.loc["ridge", "roc_auc"].between(0.5, 1).all()
    # Three columns for three pairs look like one per class.
    assert scores.loc[["labels", "pairs"], "roc_auc"].isna().all()
    assert scores[["accuracy", "balanced_accuracy"]].notna().all(axis=None)
    missing = result.missing.groupby(["model", "measure"], sort=False)["reason"]
    assert missing.size().eq(3).all()
    reasons = missing.first()
    assert reasons["ridge"].eq("The model has no predict_proba.").all()
    assert list(reasons["ridge"].index) == of_probabilities
    assert "no predict_proba or decision_function" in reasons["labels", "roc_auc"]
    assert len(result.calibration) == 0


def test_roc_auc_of_a_decision_function(iris):
    X, y = noisy_iris(iris, 3)
    result = compare(Task("noisy", X, y), estimators={"ridge": RidgeClassifier()}, **OPTIONS)
    folds = RepeatedStratifiedKFold(n_splits=3, n_repeats=1, random_state=2).split(X, y)
    train, test = next(folds)
    scaler = MinMaxScaler(clip=True).fit(X[train])
    model = RidgeClassifier().fit(scaler.transform(X[train]), y[train])
    values = model.decision_function(scaler.transform(X[test]))
    expected = [roc_auc_score(y[test] == k, values[:, k]) for k in range(3)]
    assert result.scores["roc_auc"][0] == pytest.approx(np.mean(expected), abs=1e-12)


def test_test_rows_that_lack_a_class_or_have_a_new_one(iris):
    X, y = noisy_iris(iris, 3)
    names = np.array(["a", "b", "c", "d"])
    lacking, new = y < 2, np.where(np.arange(len(y)) % 30 == 0, 3, y)
    tasks = [
        Task("lacking", X, names[y], X[lacking], names[y[lacking]]),
        Task("new", X, names[y], X, names[new]),
        Task("one", X, names[y], X[y == 1], names[y[y == 1]]),
    ]
    models = {"LDA": LinearDiscriminantAnalysis()}
    result = compare(tasks, estimators=models, scorers=(), n_seeds=1)
    scores = result.scores.set_index("task")
    scaler = MinMaxScaler(clip=True).fit(X)
    model = LinearDiscriminantAnalysis().fit(scaler.transform(X), y)
    probabilities = model.predict_proba(scaler.transform(X[lacking]))
    expected = np.mean([roc_auc_score(y[lacking] == k, probabilities[:, k]) for k in (0, 1)])
    assert scores.loc["lacking", "roc_auc"] == pytest.approx(expected, abs=1e-12)
    recalls = [np.mean(model.predict(scaler.transform(X[y == k])) == k) for k in (0, 1)]
    assert scores.loc["lacking", "balanced_accuracy"] == pytest.approx(np.mean(recalls))
    missing = result.missing.set_index(["task", "measure"])["reason"]
    assert set(missing["new"].index) == {"log_loss", "brier"}
    assert missing["one"].to_dict() == {"roc_auc": "The test rows hold one class."}
    assert scores.loc["one", "log_loss"] > 0


def test_measures_that_are_asked_for(iris):
    X, y = noisy_iris(iris, 2)
    task, models = Task("noisy", X, y), {"ridge": RidgeClassifier()}
    result = compare(task, estimators=models, measures="roc_auc", **OPTIONS)
    assert [name for name in result.scores if name in MEASURES] == ["accuracy", "roc_auc"]
    assert len(result.missing) == 0
    with pytest.raises(ValueError, match=r"^Got measures='logloss', but .* 'log_loss'"):
        compare(task, measures=["logloss"])


def test_majority_has_no_skill(iris):
    X, y = noisy_iris(iris, 3)
    models = {"majority": DummyClassifier()}
    scores = compare(Task("noisy", X, y), estimators=models, **OPTIONS).scores
    assert scores["one_class"].all()
    np.testing.assert_allclose(scores["balanced_accuracy"], 1 / 3)
    np.testing.assert_allclose(scores["roc_auc"], 0.5)
    np.testing.assert_allclose(scores["log_loss"], np.log(3), rtol=0.01)
