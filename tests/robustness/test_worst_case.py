"""The worst of several attacks: never above any of them, in the ball, and with its warnings."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skstdp import (
    BPClassifier,
    FGSMScorer,
    GradientMaskingWarning,
    PGDScorer,
    RobustnessMonitor,
    STDPClassifier,
    WorstCaseScorer,
    attack_scorers,
    attack_table,
    pgd,
    robustness_report,
    worst_case,
)
from skstdp._robustness._threat_model import ThreatModel
from skstdp._robustness._worst_case import find_worst_case

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

QUICK = {"n_queries": 20}

MODELS = {
    "STDP": STDPClassifier((8,), max_iter=20, random_state=0),
    "BP": BPClassifier((8,), max_iter=20, random_state=0),
    "tanh": MLPClassifier((7, 5), "tanh", solver="lbfgs", max_iter=50, random_state=0),
    "relu": make_pipeline(
        StandardScaler(), MLPClassifier((7,), solver="lbfgs", max_iter=50, random_state=0)
    ),
    "SVC": SVC(gamma=3.0),
    "linear": LogisticRegression(),
}


@pytest.fixture(scope="module")
def table(iris):
    X, y = iris
    return X[::5], y[::5]


@pytest.fixture(scope="module")
def fitted(table):
    with warnings.catch_warnings(action="ignore"):
        return {name: clone(model).fit(*table) for name, model in MODELS.items()}


def is_right(model, X, y):
    return model.predict(X) == y


@pytest.mark.parametrize(
    ("name", "norm"),
    [*[(name, "linf") for name in MODELS], ("STDP", "l2"), ("tanh", "l2"), ("relu", "l1")],
)
@pytest.mark.filterwarnings("ignore::skstdp.GradientMaskingWarning")
def test_no_row_stands_that_falls_to_pgd_or_is_wrong(name, norm, fitted, table):
    model, (X, y) = fitted[name], table
    epsilon = 0.3
    options = {"epsilon": epsilon, "norm": norm, "space": "input"}
    by_pgd = is_right(model, pgd(model, X, y, **options), y)
    X_new = worst_case(model, X, y, **options, **QUICK)
    stands = is_right(model, X_new, y)
    assert not (stands & ~by_pgd).any()
    assert not (stands & ~is_right(model, X, y)).any()
    score = WorstCaseScorer(**options, **QUICK)(model, X, y)
    assert score == stands.mean()
    assert score <= PGDScorer(**options)(model, X, y) <= FGSMScorer(**options)(model, X, y)


def test_linear_worst_case_is_the_exact_one(table):
    """The score of a class is linear, so rows fall as far as their distance, in closed form."""
    X, y = table[0][10:], table[1][10:]
    model = LogisticRegression().fit(X, y)
    w, b = model.coef_[0], model.intercept_[0]
    margin = np.where(y == model.classes_[1], 1, -1) * (X @ w + b)
    sizes = {"linf": np.abs(w).sum(), "l2": np.linalg.norm(w), "l1": np.abs(w).max()}
    for norm, size in sizes.items():
        # Between the distances of two rows, so that rounding decides nothing.
        falling = np.sort(margin / size)
        epsilon = falling[10:12].mean()
        expected = np.mean(margin > epsilon * size)
        assert WorstCaseScorer(epsilon, norm=norm, **QUICK)(model, X, y) == expected


@pytest.mark.parametrize("scale", [1, 10, 1000])
def test_scale_of_the_last_layer_changes_nothing(scale, table):
    X, y = table
    model = STDPClassifier((8, 6), max_iter=20, random_state=0).fit(X, y)
    expected = worst_case(model, X, y, epsilon=0.1, **QUICK)
    model.coefs_[-1] = model.coefs_[-1] * scale
    model.intercepts_[-1] = model.intercepts_[-1] * scale
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scaled = worst_case(model, X, y, epsilon=0.1, **QUICK)
    assert_array_equal(is_right(model, scaled, y), is_right(model, expected, y))


def network(coefs, intercepts):
    """Sigmoid network with given weights, whose rates are its inputs."""
    hidden = [len(intercept) for intercept in intercepts[:-1]]
    model = BPClassifier(hidden, rate_encoding="none", receptive_fields=1, max_iter=1)
    model.fit(np.eye(2, len(coefs[0])), [0, 1])
    model.coefs_ = [np.array(coef, dtype=float) for coef in coefs]
    model.intercepts_ = [np.array(intercept, dtype=float) for intercept in intercepts]
    return model


def masked_network(n_features):
    """Class 1 unless a unit that is far from its threshold at the samples is off.

    Hidden unit 0 falls only where the mean of all features does by 0.08, and its slope at the
    samples is e^-64 of that of unit 1, which leads the other way.
    """
    n = n_features
    coef = np.zeros((n, 2))
    coef[:, 0], coef[:, 1] = 800 / n, -1 / n
    return network([coef, [[10.0], [0.1]]], [[-336.0, 0.0], [-5.0]])


def test_softened_slopes_see_what_saturated_units_hide():
    model = masked_network(6)
    X, y = np.full((30, 6), 0.5), np.ones(30, dtype=int)
    X += np.random.RandomState(0).uniform(-0.01, 0.01, X.shape)
    assert model.score(X, y) == 1
    with pytest.warns(GradientMaskingWarning, match="second look"):
        assert PGDScorer(0.1)(model, X, y) > 0.9
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert WorstCaseScorer(0.1, n_queries=1)(model, X, y) == 0
    problem = ThreatModel(0.1).problem(model, X, y)
    found = find_worst_case(problem, 1, 0)
    assert np.mean(found.attacks == "softened slopes") > 0.8
    with pytest.warns(GradientMaskingWarning, match=r"worst case at epsilon=0\.1 fools 100\.0%"):
        robustness_report(model, X, y, epsilons=[0.1], n_queries=1)


def stairs(values):
    return np.round(values * 4) / 4


stairs.derivative = np.zeros_like


def test_stairs_fall_to_attacks_without_gradient_and_a_flag_says_so():
    X = np.random.RandomState(0).uniform(size=(80, 12))
    y = (X.mean(axis=1) > 0.5).astype(int)
    model = make_pipeline(FunctionTransformer(stairs), LogisticRegression()).fit(X, y)
    options = {"epsilon": 0.1, "space": "input"}
    with pytest.warns(GradientMaskingWarning, match="zero"):
        assert FGSMScorer(**options)(model, X, y) == model.score(X, y)
    with pytest.warns(GradientMaskingWarning) as caught:
        score = WorstCaseScorer(**options, n_queries=200)(model, X, y)
    assert score < model.score(X, y) - 0.3
    messages = [str(warning.message) for warning in caught]
    assert "The gradient of the margin is zero at 100.0% of the samples" in messages[0]
    assert "Attacks without gradient fool" in messages[1]


class Coin(ClassifierMixin, BaseEstimator):
    """Decide at random where the first feature is near a half."""

    def fit(self, X, y):
        self.classes_, self.n_features_in_ = np.unique(y), X.shape[1]
        self.random_state_ = np.random.RandomState(0)
        return self

    def predict(self, X):
        p = np.clip((np.asarray(X)[:, 0] - 0.5) * 4 + 0.5, 0, 1)
        return self.classes_[(self.random_state_.uniform(size=len(X)) < p).astype(int)]


class Labels(ClassifierMixin, BaseEstimator):
    """A threshold on the third feature, and nothing but labels."""

    def fit(self, X, y):
        self.classes_, self.n_features_in_ = np.unique(y), X.shape[1]
        return self

    def predict(self, X):
        return self.classes_[(np.asarray(X)[:, 2] > 2.5).astype(int)]


def test_random_predictions_are_flagged():
    X = np.linspace(0, 1, 40)[:, np.newaxis]
    y = (X[:, 0] > 0.5).astype(int)
    scorer = WorstCaseScorer(0.05, gradient=None, **QUICK)
    with pytest.warns(UserWarning, match=r"Two predictions of the same samples differ at \d"):
        scorer(Coin().fit(X, y), X, y)


class TestWithoutGradient:
    def test_the_warning_names_what_is_done(self, table):
        X, y = table
        forest = RandomForestClassifier(5, random_state=0).fit(X, y)
        with pytest.warns(UserWarning, match="RandomForestClassifier .*thresholds of its trees"):
            score = WorstCaseScorer(0.3, **QUICK)(forest, X, y)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert WorstCaseScorer(0.3, gradient=None, **QUICK)(forest, X, y) == score
        assert score < forest.score(X, y)

    def test_labels_alone(self, table):
        X, y = table
        with pytest.warns(UserWarning, match="Labels .*by its labels, which") as caught:
            score = WorstCaseScorer(0.3, **QUICK)(Labels().fit(X, y), X, y)
        assert len(caught) == 1
        # The rows that are right and not within reach of the threshold.
        assert score == np.mean((y == 0) & (X[:, 2] <= 2.2)) + np.mean((y == 1) & (X[:, 2] > 2.8))

    def test_single_trees_are_attacked_exactly(self, table):
        X, y = table
        tree = DecisionTreeClassifier(max_leaf_nodes=4, random_state=0).fit(X, y)
        grid = np.array(np.meshgrid(*[[-0.2, 0, 0.2]] * 4)).reshape(4, -1).T
        stands = np.all([is_right(tree, X + offset, y) for offset in grid], axis=0)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert WorstCaseScorer(0.2)(tree, X, y) <= stands.mean()

    def test_bad_data_are_named_and_not_called_a_missing_gradient(self, table, fitted):
        X, y = table
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(ValueError, match=r"Got the labels \[8\] in y"):
                WorstCaseScorer(0.1, **QUICK)(fitted["STDP"], X, y + 7 * (y == 1))

    def test_finite_differences(self, table):
        X, y = table
        model = GaussianNB().fit(X, y)
        score = WorstCaseScorer(0.3, gradient="finite-differences", n_queries=5)
        assert score(model, X, y) <= PGDScorer(0.3, gradient="finite-differences")(model, X, y)


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
@pytest.mark.parametrize("tree", [False, True])
def test_points_are_within_the_ball_and_tables_stay_tables(norm, tree):
    random = np.random.RandomState(0)
    colour = random.randint(3, size=60)
    X = pd.DataFrame(
        {
            "size": random.uniform(size=60),
            "red": (colour == 0).astype(int),
            "green": (colour == 1).astype(int),
            "blue": (colour == 2).astype(int),
            "count": random.randint(9, size=60),
            "age": random.uniform(size=60),
        }
    )
    y = (X["size"] + 0.3 * X["red"] + 0.1 * X["count"] + X["age"] > 1.4).to_numpy().astype(int)
    last = RandomForestClassifier(5, random_state=0) if tree else LogisticRegression()
    model = make_pipeline(StandardScaler(), last).fit(X, y)
    epsilon = {"size": 0.2, "red": 2, "green": 2, "blue": 2, "count": 2.5, "age": 0.2}
    X_new = worst_case(
        model,
        X,
        y,
        epsilon=epsilon,
        norm=norm,
        space="input",
        immutable="age",
        one_hot=["red", "green", "blue"],
        bounds={"count": (0, 8)},
        gradient=None if tree else "analytic",
        **QUICK,
    )
    assert list(X_new.columns) == list(X.columns)
    assert_array_equal(X_new.dtypes, X.dtypes)
    assert_array_equal(X_new["age"], X["age"])
    assert_array_equal(np.sort(X_new[["red", "green", "blue"]], axis=1), [[0, 0, 1]] * 60)
    assert X_new["count"].between(0, 8).all()
    moved = np.abs(((X_new - X) / pd.Series(epsilon)).to_numpy(dtype=float))
    order = {"linf": np.inf, "l2": 2, "l1": 1}[norm]
    assert np.linalg.norm(moved, order, axis=1).max() <= 1 + 1e-6
    assert is_right(model, X_new, y).mean() < model.score(X, y)


@pytest.mark.parametrize("space", ["model", "input"])
def test_both_spaces(space, fitted, table):
    X, y = table
    model = fitted["relu"]
    X_new = worst_case(model, X, y, epsilon=0.2, space=space, **QUICK)
    seen = model[:-1].transform(X) if space == "model" else X
    assert np.abs(X_new - seen).max() <= 0.2 + 1e-9
    wrong = (model[-1] if space == "model" else model).predict(X_new) != y
    assert wrong.mean() > 0.1


def test_nothing_moves_without_size(fitted, table):
    X, y = table
    assert WorstCaseScorer(0)(fitted["STDP"], X, y) == fitted["STDP"].score(X, y)


def test_the_scorer_is_one_of_scikit_learn(table):
    X, y = table
    scorer = WorstCaseScorer(0.1, n_queries=3)
    assert repr(scorer) == "WorstCaseScorer(epsilon=0.1, n_queries=3)"
    assert repr(pickle.loads(pickle.dumps(scorer))) == repr(scorer)
    model = LogisticRegression()
    scoring = attack_scorers([0.1, 0.2], WorstCaseScorer, n_queries=3)
    assert list(scoring) == ["clean", "worst case 0.1", "worst case 0.2"]
    scores = cross_validate(model, X, y, scoring=scoring, cv=2)
    assert (scores["test_worst case 0.2"] <= scores["test_worst case 0.1"]).all()
    assert (scores["test_worst case 0.1"] <= scores["test_clean"]).all()
    search = GridSearchCV(model, {"C": [0.01, 1.0]}, scoring=scorer, cv=2).fit(X, y)
    assert search.best_score_ <= search.best_estimator_.score(X, y)
    with pytest.raises(TypeError, match="expected a fitted classifier"):
        scorer._score_func(y, y)


def test_the_monitor_takes_it(table):
    X, y = table
    monitor = RobustnessMonitor([0.05], scorer=WorstCaseScorer, every=5, n_queries=2)
    STDPClassifier((6,), max_iter=5, random_state=0).set_callbacks(monitor).fit(X, y)
    log = monitor.get_logs().data_as_pandas
    assert (log["worst case 0.05"] <= log["clean"]).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_queries": 0}, "Got n_queries=0"),
        ({"random_state": "a"}, "random_state"),
        ({"gradient": "none"}, "Got gradient='none', but expected .*None"),
    ],
)
def test_errors_name_the_parameter(options, message, fitted, table):
    with pytest.raises((ValueError, TypeError), match=message):
        WorstCaseScorer(0.1, **options)
    with pytest.raises((ValueError, TypeError), match=message):
        worst_case(fitted["STDP"], *table, **options)


class TestAttackTable:
    def test_distances_are_never_above_those_of_pgd(self, fitted, table):
        X, y = table
        model, options = fitted["tanh"], {"epsilon": 0.5, "n_bisections": 4}
        worst = attack_table(model, X, y, attack="worst case", n_queries=5, **options)
        by_pgd = attack_table(model, X, y, attack="PGD", n_steps=50, n_restarts=5, **options)
        assert np.isfinite(worst["distance"]).sum() > 10
        assert (worst["distance"] <= by_pgd["distance"] + 0.5 / 2**4).all()

    def test_trees(self, table):
        """A stump changes its mind at its threshold."""
        X, y = table[0][10:, 2:3], table[1][10:]
        stump = DecisionTreeClassifier(max_depth=1).fit(X, y)
        distances = np.abs(X[:, 0] - stump.tree_.threshold[0])
        right = is_right(stump, X, y)
        worst = attack_table(
            stump, X, y, epsilon=2.5, attack="worst case", gradient=None, n_bisections=12
        )
        assert np.abs(worst["distance"] - np.where(right, distances, 0)).max() < 2.5 / 2**11

    def test_only_the_worst_case_goes_without_a_gradient(self, fitted, table):
        with pytest.raises(ValueError, match="Got gradient=None"):
            attack_table(fitted["STDP"], *table, gradient=None)
