import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skstdp import (
    BPClassifier,
    CertifiedScorer,
    FGSMScorer,
    PGDScorer,
    STDPClassifier,
    WorstCaseScorer,
)
from skstdp.benchmarks import _models
from skstdp.benchmarks._tuning import tuned


class Rigged(ClassifierMixin, BaseEstimator):
    """Classifier whose accuracy, confidence and failures are its parameters.

    It remembers the rows that all of its kind have seen.
    """

    seen = []

    def __init__(self, right=0.5, confidence=0.9, fails=False, number=0, random_state=None):
        self.right = right
        self.confidence = confidence
        self.fails = fails
        self.number = number
        self.random_state = random_state

    def fit(self, X, y):
        if self.fails:
            raise ValueError("no")
        self.classes_ = np.unique(y)
        self.seen.append((self.number, "fit", X[:, 1].tolist()))
        return self

    def predict(self, X):
        truth = X[:, 0].astype(int)
        return np.where(np.arange(len(X)) < round(self.right * len(X)), truth, 1 - truth)

    def predict_proba(self, X):
        predicted = self.predict(X)
        self.seen.append((self.number, "test", X[:, 1].tolist()))
        return np.where(predicted[:, None] == [0, 1], self.confidence, 1 - self.confidence)


N_ROWS = 60
# Class and number of each row.
ROWS = np.column_stack([np.arange(N_ROWS) % 2, np.arange(N_ROWS)]).astype(float)
LABELS = np.arange(N_ROWS) % 2


@pytest.fixture
def rigged(monkeypatch):
    """Function that sets the space of a rigged classifier."""
    monkeypatch.setattr(Rigged, "seen", [])
    return lambda **space: monkeypatch.setitem(_models._SPACES, Rigged, space)


def test_choice_is_that_of_a_loop_over_folds_and_settings():
    X, y = load_wine(return_X_y=True)
    X = MinMaxScaler().fit_transform(X)
    # With this seed the default is not the best.
    model = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=3))
    search = tuned(model, 8, n_inner=4, random_state=2).fit(X, y)
    settings = search.cv_results_["params"]
    assert len(settings) == 8
    default = DecisionTreeClassifier().get_params()
    assert settings[0] == {key: default[key.rpartition("__")[2]] for key in settings[0]}
    scores = []
    for setting in settings:
        of_folds = []
        for train, test in StratifiedKFold(4, shuffle=True, random_state=2).split(X, y):
            fitted = clone(model).set_params(**setting).fit(X[train], y[train])
            loss = log_loss(y[test], fitted.predict_proba(X[test]), labels=[0, 1, 2])
            of_folds.append((accuracy_score(y[test], fitted.predict(X[test])), -loss))
        scores.append(np.mean(of_folds, axis=0))
    accuracy, negative_loss = np.round(np.transpose(scores), 10)
    best = np.lexsort((-np.arange(8), negative_loss, accuracy))[-1]
    assert search.best_index_ == best
    assert search.best_params_ == settings[best]
    assert search.best_score_ == pytest.approx(scores[best][0])
    # Not the first one, or a search that never searches would pass.
    assert best > 0
    expected = clone(model).set_params(**settings[best]).fit(X, y)
    np.testing.assert_array_equal(search.predict_proba(X), expected.predict_proba(X))
    assert search.score(X, y) == expected.score(X, y)


@pytest.mark.parametrize(
    ("space", "expected"),
    [
        # The best accuracy, though another one is surer.
        ({"right": [0.9, 0.8], "confidence": [0.6]}, {"right": 0.9}),
        # Of equal accuracies the least loss: right on 90 %, one is best as sure as that.
        ({"right": [0.9], "confidence": [0.6, 0.89, 0.99]}, {"confidence": 0.89}),
        # Of equal ones the first, as it was given.
        ({"number": [1, 2, 3]}, {"number": 0}),
        ({"right": [0.1, 0.2]}, {"right": 0.5}),
        # What fails is no choice, even if nothing else is right on any row.
        ({"right": [0.0], "fails": [True, False]}, {"right": 0.5, "fails": False}),
    ],
)
def test_best_setting(rigged, space, expected):
    rigged(**space)
    search = tuned(Rigged(), 9, n_inner=2).fit(ROWS, LABELS)
    assert expected.items() <= search.best_params_.items()


def test_settings_that_fail_at_prediction_are_the_last_choice(iris):
    X, y = (part[::10] for part in iris)
    with warnings.catch_warnings(action="error"):
        search = tuned(KNeighborsClassifier(), 28).fit(X, y)
    failed = np.isnan(search.cv_results_["mean_test_accuracy"])
    settings = np.array([setting["n_neighbors"] for setting in search.cv_results_["params"]])
    # Folds have ten training rows.
    assert failed.any()
    assert settings[failed].min() > 10
    assert not failed[search.best_index_]


def test_settings_that_all_fail(rigged):
    rigged(number=[1, 2])
    with pytest.raises(ValueError, match=r"(?s)All the 6 fits failed.*no"):
        tuned(Rigged(fails=True), 5, n_inner=2).fit(ROWS, LABELS)


def test_settings_are_different_and_as_many_as_there_are(rigged):
    rigged(number=[0, 1, 2], right=[0.5, 1.0])
    for n_settings, expected in ((2, 2), (5, 5), (6, 6), (50, 6)):
        search = tuned(Rigged(), n_settings, n_inner=2).fit(ROWS, LABELS)
        settings = [tuple(setting.items()) for setting in search.cv_results_["params"]]
        assert len(settings) == len(set(settings)) == expected
        assert settings[0] == (("number", 0), ("right", 0.5))
    # The default is no part of this space: one more.
    rigged(number=[1, 2, 3])
    search = tuned(Rigged(), 50, n_inner=2).fit(ROWS, LABELS)
    assert search.cv_results_["params"][0] == {"number": 0}
    assert {setting["number"] for setting in search.cv_results_["params"]} == {0, 1, 2, 3}


def test_models_see_the_same_folds_and_no_other_rows(rigged):
    rigged(number=[1, 2, 3, 4])
    train = np.arange(0, N_ROWS, 3)
    tuned(Rigged(), 4, n_inner=2, random_state=1).fit(ROWS[train], LABELS[train])
    *inner, last = Rigged.seen
    by_setting = {}
    for number, what, rows in inner:
        assert set(rows) < set(train)
        by_setting.setdefault(number, []).append((what, rows))
    assert len(by_setting) == 4
    first, *others = by_setting.values()
    assert all(other == first for other in others)
    folds = [set(rows) for what, rows in first if what == "fit"]
    assert folds[0] | folds[1] == set(train)
    assert not folds[0] & folds[1]
    assert last == (0, "fit", list(train))
    # Another class of models has the same ones.
    search = tuned(KNeighborsClassifier(), 2, n_inner=2, random_state=1)
    _, y = ROWS[train], LABELS[train]
    found = [set(train[rows]) for rows, _ in search.cv.split(train[:, None], y)]
    assert found == folds


def test_class_of_one_row_makes_no_warning(rigged):
    """It is in no training part of one fold, where its probability is not known."""
    X, y = load_iris(return_X_y=True)
    rows = [*range(100), 120]
    with warnings.catch_warnings(action="error"):
        search = tuned(KNeighborsClassifier(), 3).fit(X[rows], y[rows])
    assert np.isfinite(search.cv_results_["mean_test_neg_log_loss"]).all()


def test_without_probabilities_the_first_of_equal_accuracies(iris):
    search = tuned(make_pipeline(StandardScaler(), SVC()), 6).fit(*iris)
    accuracy = search.cv_results_["mean_test_accuracy"].round(12)
    assert search.best_index_ == np.flatnonzero(accuracy == accuracy.max())[0]


@pytest.mark.parametrize("estimator", [LinearSVC(), LogisticRegression(C=2, class_weight={0: 1})])
def test_nothing_to_tune(estimator):
    assert tuned(estimator, 5) is estimator


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_settings": 1}, "^Got n_settings=1, but expected an integer >= 2"),
        ({"n_settings": 2.0}, "^Got n_settings=2.0, but expected an integer >= 2"),
        ({"n_inner": 1}, "^Got n_inner=1, but expected an integer >= 2"),
        ({"random_state": -1}, "^Got random_state=-1, but expected an integer >= 0"),
    ],
)
def test_numbers_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        tuned(KNeighborsClassifier(), **{"n_settings": 3} | options)


def test_settings_are_of_plain_numbers():
    """Results are kept as JSON."""
    search = tuned(LogisticRegression(), 5)
    values = [value for setting in search.param_grid for (value,) in setting.values()]
    assert {type(value) for value in values} <= {float, str, type(None)}


@pytest.fixture(scope="module")
def rates():
    X, y = load_wine(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, random_state=0, stratify=y)
    scaler = MinMaxScaler(clip=True).fit(X)
    return scaler.transform(X), y, scaler.transform(X_test)[:12], y_test[:12]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "model",
    [
        STDPClassifier((10,), max_iter=10),
        BPClassifier((10,), max_iter=10),
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
    ],
)
def test_attacks_see_the_chosen_model(model, dtype, rates):
    X, y, X_test, y_test = rates
    X, X_test = X.astype(dtype), X_test.astype(dtype)
    names = [name for name in model.get_params() if name.endswith("random_state")]
    model = clone(model).set_params(**dict.fromkeys(names, 0))
    search = tuned(model, 2, n_inner=2).fit(X, y)
    chosen = clone(model).set_params(**search.best_params_).fit(X, y)
    scores = []
    for scorer in (FGSMScorer, PGDScorer, CertifiedScorer, WorstCaseScorer):
        options = {"n_queries": 20} if scorer is WorstCaseScorer else {}
        attack = scorer(0.2, bounds=(0, 1), space="input", **options)
        scores.append(attack(search, X_test, y_test))
        assert scores[-1] == attack(chosen, X_test, y_test)
    assert min(scores) < search.score(X_test, y_test)


def test_search_is_cloned_and_pickled(iris):
    search = clone(tuned(KNeighborsClassifier(), 4)).fit(*iris)
    again = pickle.loads(pickle.dumps(search))
    assert again.best_params_ == search.best_params_
    np.testing.assert_array_equal(again.predict(iris[0]), search.predict(iris[0]))
