"""Cases in which a score under attack would mislead: the right answer, or a warning."""

import warnings
from copy import deepcopy
from functools import partial

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    StandardScaler,
)
from sklearn.svm import SVC

from skstdp import (
    BPClassifier,
    FGSMScorer,
    GradientMaskingWarning,
    PGDScorer,
    STDPClassifier,
    attack_scorers,
    attack_table,
    fgsm,
    pgd,
    robustness_report,
)
from skstdp._robustness._second_look import after_many_steps, after_one_step
from skstdp._robustness._threat_model import ThreatModel

NORMS = ["linf", "l2", "l1"]


@pytest.fixture(scope="module")
def cancer():
    """Training and test halves of the breast cancer table."""
    X, y = load_breast_cancer(return_X_y=True)
    return X[::2], y[::2], X[1::2], y[1::2]


def network(X, weights, threshold):
    """Our network without hidden layers that says 1 where weights @ rates > threshold."""
    model = BPClassifier((), receptive_fields=1, max_iter=1, random_state=0)
    model.fit(X, np.arange(len(X)) % 2)
    model.coefs_ = [np.array(weights, dtype=float)[:, np.newaxis]]
    model.intercepts_ = [np.array([-threshold], dtype=float)]
    return model


def pipeline(scaler, X, weights, threshold):
    """A linear classifier after a scaler."""
    model = make_pipeline(scaler, LogisticRegression()).fit(X, np.arange(len(X)) % 2)
    model[-1].coef_, model[-1].intercept_ = np.array([weights]), np.array([-threshold])
    return model


class TestOutsideTheRangeOfFit:
    """The first of two columns ranges over [0, 10] in fit and decides at 9.5."""

    X = np.array([[0.0, 0], [10, 10], [5, 5], [9, 1]])

    def models(self):
        decide = [6, 0.01], 5.7
        return [
            network(self.X, *decide),
            pipeline(MinMaxScaler(clip=True), self.X, *decide),
            pipeline(MaxAbsScaler(clip=True), self.X, *decide),
        ]

    @pytest.mark.parametrize("norm", NORMS)
    def test_a_move_back_into_it_is_found(self, norm):
        rows, y = np.array([[10.1, 5], [10.4, 2], [12, 8]]), [1, 1, 1]
        for model in self.models():
            assert model.score(rows, y) == 1
            # By hand: a move of 1 takes the first two to 9.1 and 9.4, and the third to 11.
            assert model.predict(rows - [1, 0]).tolist() == [0, 0, 1]
            options = {"epsilon": 1, "norm": norm, "space": "input"}
            for attack in (fgsm, partial(pgd, n_steps=20, n_restarts=1)):
                assert model.predict(attack(model, rows, y, **options)).tolist() == [0, 0, 1]
            for scorer in (FGSMScorer(**options), PGDScorer(n_steps=20, n_restarts=1, **options)):
                assert scorer(model, rows, y) == pytest.approx(1 / 3)

    @pytest.mark.parametrize("norm", ["l2", "l1"])
    def test_what_cannot_come_back_leaves_the_radius_to_others(self, norm):
        """The first column is steeper, but 5 above its range; the second decides."""
        rows = np.array([[15.0, 5.5]])
        for model in [
            network(self.X, [3, 1], 3.5),
            pipeline(MinMaxScaler(clip=True), self.X, [3, 1], 3.5),
        ]:
            assert model.predict(rows) == [1]
            new = fgsm(model, rows, [1], epsilon=0.6, norm=norm, space="input")
            assert_allclose(new, [[15, 4.9]])
            assert model.predict(new) == [0]

    @pytest.mark.parametrize("norm", NORMS)
    def test_what_leads_away_stays(self, norm):
        """Below the range, down is in vain; inside, the attack is the usual one."""
        model = network(self.X, [6, 6], 0.1)
        new = fgsm(model, [[-1.0, 5], [5, 5]], [1, 1], epsilon=0.5, norm=norm, space="input")
        assert new[0].tolist() == [-1, 4.5]
        step = {"linf": 0.5, "l2": 0.5 / np.sqrt(2), "l1": 0.25}[norm]
        if norm != "l1":
            assert_allclose(new[1], 5 - np.array([step, step]))
        assert np.abs(new[1] - 5).sum() > 0.49

    def test_inside_the_range_nothing_changes(self, cancer):
        """As for a scaler that does not clip, bit by bit, and values on the border with them."""
        X, y, _, _ = cancer
        clipping = make_pipeline(MinMaxScaler(clip=True), LogisticRegression()).fit(X, y)
        plain = deepcopy(clipping)
        plain[0].clip = False
        epsilon = 0.05 * X.std(axis=0)
        for norm in NORMS:
            options = {"epsilon": epsilon, "norm": norm, "space": "input"}
            assert_array_equal(fgsm(clipping, X, y, **options), fgsm(plain, X, y, **options))

    def test_ranks_outside_the_knots(self):
        rng = np.random.default_rng(0)
        X = np.exp(rng.normal(size=(300, 2)))
        y = (X[:, 0] > 1).astype(int)
        model = STDPClassifier(max_iter=100, random_state=0).fit(X, y)
        rows = np.column_stack([np.full(9, X[:, 0].max() + 0.05), np.linspace(0.5, 2, 9)])
        ones = np.ones(9, dtype=int)
        assert model.score(rows, ones) == 1
        assert model.score(rows - [20, 0], ones) == 0
        assert FGSMScorer(20.0, space="input")(model, rows, ones) == 0


@pytest.fixture(scope="module")
def counts():
    """A classifier, and a table of whole numbers."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.integers(0, 90, 60), "b": rng.integers(0, 90, 60)})
    y = (X["a"] > 45).astype(int)
    return LogisticRegression().fit(X, y), X, y


class TestNothingCanMove:
    @pytest.mark.parametrize("norm", NORMS)
    @pytest.mark.parametrize(
        "door",
        [
            lambda *data, **options: FGSMScorer(0.3, **options)(*data),
            lambda *data, **options: PGDScorer(0.3, 2, 1, **options)(*data),
            lambda *data, **options: fgsm(*data, epsilon=0.3, **options),
            lambda *data, **options: pgd(*data, epsilon=0.3, n_steps=2, **options),
            lambda *data, **options: attack_table(*data, epsilon=0.3, **options),
            lambda *data, **options: robustness_report(
                *data, epsilons=[0.3], n_queries=2, n_steps=2, n_restarts=1, **options
            ),
        ],
        ids=["FGSMScorer", "PGDScorer", "fgsm", "pgd", "attack_table", "robustness_report"],
    )
    def test_whole_numbers(self, counts, door, norm):
        message = r"at most 0.3 for 'a', 'b', which hold whole numbers.*Nothing else can move"
        with pytest.warns(UserWarning, match=message):
            door(*counts, norm=norm, space="input")

    def test_some_of_the_columns(self, counts):
        _, X, y = counts
        X = X.assign(c=np.linspace(0, 1, len(X)))
        model = LogisticRegression().fit(X, y)
        with pytest.warns(UserWarning, match=r"for 'a', 'b', which hold.*stay as they are\. Give"):
            FGSMScorer(0.3, space="input")(model, X, y)


class TestSecondLook:
    def test_a_steep_first_layer(self, cancer):
        """Steps go past what they are after; without attack the network is as good as before."""
        X, y, X_test, y_test = cancer
        model = BPClassifier((32, 16), random_state=0).fit(X, y)
        model.coefs_[0] *= 100
        model.intercepts_[0] *= 100
        assert model.score(X_test, y_test) > 0.9
        scorer = FGSMScorer(0.1)
        with pytest.warns(GradientMaskingWarning, match=r"fools \d+.*Use PGDScorer or WorstCase"):
            score = scorer(model, X_test, y_test)
        many = pgd(model, X_test, y_test, epsilon=0.1, n_steps=10, n_restarts=1)
        assert model.score(many, y_test) < score - 0.2
        # The score itself is that of the samples that the attack made.
        new = fgsm(model, X_test, y_test, epsilon=0.1)
        assert score == model.score(new, y_test)

    @pytest.mark.parametrize("norm", NORMS)
    @pytest.mark.parametrize("make", [FGSMScorer, partial(PGDScorer, n_steps=5, n_restarts=1)])
    def test_a_sample_of_another_class_in_the_ball(self, make, norm):
        """A derivative of the wrong sign: no attack along it finds what lies beside."""

        def shift(X):
            return X + 0.0

        shift.derivative = lambda X: -np.ones_like(X)
        X = np.column_stack([np.linspace(-1, 1, 80), np.zeros(80)])
        y = (X[:, 0] > 0).astype(int)
        model = make_pipeline(FunctionTransformer(shift), LogisticRegression()).fit(X, y)
        options = {"epsilon": 1.5, "norm": norm, "space": "input"}
        with pytest.warns(GradientMaskingWarning, match=r"leaves 100.0% .* at 32 of these fools"):
            assert make(**options)(model, X, y) == 1
        # A column of the proof cannot move, or not so far.
        for other in ({"immutable": 0}, {"bounds": ([-2, -1], [2, 1]), "epsilon": [0.001, 1.5]}):
            with warnings.catch_warnings():
                warnings.simplefilter("error", GradientMaskingWarning)
                make(**options | other)(model, X, y)

    @pytest.mark.parametrize("norm", NORMS)
    @pytest.mark.parametrize("look", ["one", "many"])
    def test_only_points_of_the_ball_prove_anything(self, norm, look, monkeypatch):
        """With whole numbers, groups and columns that stay, against a checker of its own."""
        rng = np.random.default_rng(0)
        n = 60
        X = pd.DataFrame(rng.normal(size=(n, 2)), columns=["a", "b"])
        X["count"] = rng.integers(0, 5, n)
        X[["red", "blue"]] = np.eye(2, dtype=int)[rng.integers(0, 2, n)]
        y = (X["a"] + X["count"] / 3 + X["red"] > 1).astype(int)
        model = make_pipeline(StandardScaler(), SVC()).fit(X, y)
        epsilon = np.array([0.5, 0, 1.2, 1, 1]) * (1 if norm == "linf" else 2)
        threat = ThreatModel(epsilon, norm, one_hot=["red", "blue"], space="input")
        problem = threat.problem(model, X, y)
        stands = ~problem.is_adversarial(problem.points)
        asked = []
        is_adversarial = type(problem).is_adversarial

        def record(part, points, rows=None):
            asked.append((part.points, points))
            return is_adversarial(part, points, rows)

        monkeypatch.setattr(type(problem), "is_adversarial", record)
        if look == "one":
            fooled = after_one_step(problem, problem.fgsm(), stands)
        else:
            fooled = after_many_steps(problem, stands)
        assert fooled.any()
        assert asked
        order = {"linf": np.inf, "l2": 2, "l1": 1}[norm]
        for points, moved in asked:
            change = moved - points
            assert not change[:, 1].any()
            assert_array_equal(change[:, 2], np.round(change[:, 2]))
            assert_array_equal(np.sort(moved[:, 3:], axis=1), [[0, 1]] * len(moved))
            units = np.delete(change, 1, axis=1) / np.delete(epsilon, 1)
            if look == "one":
                # Others than the nearest inside do not count.
                units = units[np.linalg.norm(units, order, axis=1) <= 1]
            assert (np.linalg.norm(units, order, axis=1) <= 1 + 1e-6).all()

    def test_it_is_small(self, cancer, monkeypatch):
        X, y, _, _ = cancer
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
        sizes = []
        gradient = type(ThreatModel(0.1).problem(model, X, y)).gradient

        def count(problem, points, rows):
            sizes.append(len(points))
            return gradient(problem, points, rows)

        monkeypatch.setattr(type(ThreatModel(0.1).problem(model, X, y)), "gradient", count)
        FGSMScorer(0.1)(model, X, y)
        assert sizes == [len(X), 32]

    def test_saturated_units_under_many_steps(self, digits):
        """PGD is stuck where sigmoids are flat, and softened slopes are not."""
        X, y = digits
        pair = np.isin(y, [4, 9])
        X, y = X[pair] / 16, y[pair]
        model = STDPClassifier((32, 16), random_state=0).fit(X[::2], y[::2])
        for layer in (0, 1):
            model.coefs_[layer] *= 30
            model.intercepts_[layer] *= 30
        with pytest.warns(GradientMaskingWarning, match="The gradient does not lead.*WorstCase"):
            PGDScorer(0.2, 10, 1)(model, X[1::2], y[1::2])


class TestOutliers:
    def test_of_the_range_of_a_network(self, cancer):
        X, y, X_test, y_test = cancer
        X = X.copy()
        X[0] = X.min(axis=0) + 30 * np.ptp(X, axis=0)
        model = BPClassifier((8,), max_iter=20, random_state=0).fit(X, y)
        message = r"epsilon of 0.0470588 for 0, 1, .*98 % of the values lie within 0.0\d+ of the"
        for size in (4 / 255, 12 / 255):
            with pytest.warns(UserWarning, match=message.replace("0.0470588", f"{size:.6g}")):
                FGSMScorer(size)(model, X_test, y_test)

    def test_of_one_column_in_the_samples_themselves(self, cancer):
        X, y, _, _ = cancer
        X = pd.DataFrame(X).rename(columns=str)
        X.loc[3, "7"] = 30 * X["7"].max()
        model = make_pipeline(MinMaxScaler(), LogisticRegression()).fit(X, y)
        with pytest.warns(UserWarning, match=r"for '7', of which 98 %.*range from 0 to 1"):
            FGSMScorer(8 / 255)(model, X, y)


@pytest.fixture(scope="module")
def standardised(cancer):
    """A linear classifier of standardised columns, and samples that it was not fitted to."""
    X, y, X_test, y_test = cancer
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y), X_test, y_test


class TestSizes:
    @pytest.mark.parametrize(
        ("size", "options", "message"),
        [
            (8, {}, "more than 6 standard deviations of each column"),
            (255, {}, "more than the whole range of each column"),
            (80, {"norm": "l2"}, "more than the whole range|more than 6 standard"),
            (1e-5, {}, "less than a thousandth of the standard deviation of each column"),
            # Areas of a thousand and fractions of a hundredth.
            (0.001, {"space": "input"}, r"standard deviations of 23, but 0.4\d of 19"),
            (10, {"space": "input"}, "standard deviations of 23, but 4.4e.03 of 19"),
        ],
    )
    def test_too_large_too_small_or_both(self, standardised, size, options, message):
        with pytest.warns(UserWarning, match=message):
            FGSMScorer(size, **options)(*standardised)

    @pytest.mark.parametrize(("norm", "size"), [("linf", 8), ("l2", 5.5), ("l1", 31)])
    def test_all_of_the_rates(self, cancer, norm, size):
        X, y, X_test, y_test = cancer
        model = BPClassifier((), max_iter=1, random_state=0).fit(X, y)
        with pytest.raises(
            ValueError, match=rf"Got epsilon={size} for values in \[0, 1\], all of"
        ):
            FGSMScorer(size, norm=norm)(model, X_test, y_test)


def people():
    """Numbers and a category that decide together."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"age": rng.normal(40, 10, 300), "wage": rng.normal(3000, 500, 300)})
    X["town"] = rng.choice(["Rome", "Oslo"], 300)
    X["same"] = 1.0
    y = ((X["age"] - 40) / 10 + (X["town"] == "Rome") > 0.5).astype(int)
    columns = ColumnTransformer(
        [("n", StandardScaler(), ["age", "wage", "same"]), ("c", OneHotEncoder(), ["town"])]
    )
    return make_pipeline(columns, LogisticRegression()).fit(X, y), X, y


def fitted(model, load, **options):
    X, y = load(return_X_y=True, **options)
    return model.fit(X[::2], y[::2]), X[1::2], y[1::2]


ORDINARY = {
    "iris, standardised": lambda: (
        *fitted(make_pipeline(StandardScaler(), LogisticRegression()), load_iris),
        {"epsilon": 0.3},
    ),
    "rates of breast cancer": lambda: (
        *fitted(STDPClassifier(random_state=0), load_breast_cancer),
        {"epsilon": 12 / 255},
    ),
    "digits": lambda: (
        *fitted(BPClassifier((16,), max_iter=60, random_state=0), load_digits),
        {"epsilon": 8 / 255},
    ),
    "wine as it is, a size for each column": lambda: (
        *fitted(make_pipeline(StandardScaler(), SVC()), load_wine),
        {"epsilon": 0.1 * load_wine().data.std(axis=0), "space": "input"},
    ),
    "categories that stay": lambda: (
        *people(),
        {"epsilon": {"age": 2, "wage": 50}, "immutable": ["town", "same"], "space": "input"},
    ),
    "MLPClassifier": lambda: (
        *fitted(
            make_pipeline(StandardScaler(), MLPClassifier((16,), max_iter=900, random_state=0)),
            load_breast_cancer,
        ),
        {"epsilon": 0.1},
    ),
    "nearest neighbours": lambda: (
        *fitted(make_pipeline(MinMaxScaler(), KNeighborsClassifier()), load_wine),
        {"epsilon": 12 / 255},
    ),
    "SVC, l2": lambda: (
        *fitted(make_pipeline(MinMaxScaler(), SVC()), load_breast_cancer),
        {"epsilon": 0.2, "norm": "l2"},
    ),
    "networks, l1": lambda: (
        *fitted(BPClassifier((16,), max_iter=60, random_state=0), load_wine),
        {"epsilon": 0.2, "norm": "l1"},
    ),
    "columns that hardly vary": lambda: (
        *fitted(make_pipeline(MinMaxScaler(), LogisticRegression()), load_digits),
        {"epsilon": 0.1},
    ),
}


class TestOrdinaryUses:
    """Of which nothing is to be said."""

    @pytest.mark.parametrize("name", ORDINARY)
    def test_in_silence(self, name):
        *data, options = ORDINARY[name]()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            attacked = FGSMScorer(**options)(*data)
            assert PGDScorer(n_steps=10, n_restarts=2, **options)(*data) <= attacked
        assert 0 < attacked <= data[0].score(*data[1:])

    def test_a_search_with_small_folds(self):
        X, y = load_iris(return_X_y=True)
        model = make_pipeline(StandardScaler(), LogisticRegression())
        scoring = attack_scorers([4 / 255, 0.1])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            grid = {"logisticregression__C": [0.1, 1]}
            GridSearchCV(model, grid, scoring=scoring, refit="FGSM 0.1", cv=10).fit(X, y)
            cross_validate(model, X, y, scoring=PGDScorer(0.1, 5, 1), cv=10)
