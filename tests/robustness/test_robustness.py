import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from skstdp import (
    BPClassifier,
    FGSMScorer,
    GradientMaskingWarning,
    PGDScorer,
    STDPClassifier,
    attack_table,
    robustness_report,
)
from skstdp._robustness._report import _beats

ATTACKS = ["none", "random signs", "FGSM", "PGD", "hard label", "worst case", "certified"]


def network(coefs, intercepts):
    """Sigmoid network with given weights, whose rates are its inputs."""
    hidden = [len(intercept) for intercept in intercepts[:-1]]
    model = BPClassifier(hidden, rate_encoding="none", receptive_fields=1, max_iter=1)
    model.fit(np.eye(2, len(coefs[0])), [0, 1])
    model.coefs_ = [np.array(coef, dtype=float) for coef in coefs]
    model.intercepts_ = [np.array(intercept, dtype=float) for intercept in intercepts]
    return model


def linear(weights, bias):
    return network([np.reshape(weights, (-1, 1))], [[bias]])


# The margin of class 1 is x_0 - x_1, so a row falls to whatever moves both by half its margin.
MARGINS = np.array([0.05, 0.15, 0.25, 0.35, -0.05])
X = 0.5 + MARGINS[:, np.newaxis] * [0.5, -0.5]
Y = np.ones(5, dtype=int)


@pytest.mark.parametrize("epsilon", [0.0, 0.05, 0.1, 0.2])
def test_accuracies_of_a_linear_margin_are_those_worked_by_hand(epsilon):
    model = linear([1, -1], 0)
    orthogonal = linear([1, 1], -1.0)
    # One that is wrong about every row can still tell where to go.
    wrong = linear([1, -1], -2)
    surrogates = [model, orthogonal, wrong]
    report = robustness_report(model, X, Y, epsilons=[epsilon], surrogates=surrogates)
    strongest = np.mean(MARGINS - 2 * epsilon > 0)
    clean = 0.8
    accuracy = report.set_index(["attack", report["surrogate"].fillna(-1)])["accuracy"]
    assert accuracy["none", -1] == clean
    for attack in ("FGSM", "PGD", "hard label", "worst case", "certified"):
        assert_allclose(accuracy[attack, -1], strongest)
    for attack in ("transfer FGSM", "transfer PGD"):
        assert_allclose(accuracy[attack, 0], strongest)
        assert_allclose(accuracy[attack, 2], strongest)
        # Both features go the same way, which does not change their difference.
        assert_allclose(accuracy[attack, 1], clean)
    assert strongest <= accuracy["random signs", -1] <= clean
    assert_array_equal(report["zero_gradient_share"], 0)


def test_layout():
    model = linear([1, -1], 0)
    report = robustness_report(model, X, Y, epsilons=(0.1, 0.2), surrogates=[model])
    attacks = [*ATTACKS[:4], "transfer FGSM", "transfer PGD", *ATTACKS[4:]]
    assert list(report["attack"]) == 2 * attacks
    assert list(report["epsilon"]) == 9 * [0.1] + 9 * [0.2]
    for _, rows in report.groupby("epsilon"):
        assert list(rows["attack"][rows["surrogate"].notna()]) == ["transfer FGSM", "transfer PGD"]
    assert report["surrogate"].dtype == pd.Int64Dtype()
    assert list(report.columns) == [
        "epsilon",
        "attack",
        "surrogate",
        "accuracy",
        "zero_gradient_share",
    ]
    assert len(robustness_report(model, X, Y)) == 21


def test_zero_gradients_give_a_warning_with_their_share():
    """Output weights of zero leave the decision to the bias."""
    dead = network([np.ones((2, 3)), np.zeros((3, 1))], [np.zeros(3), [1.0]])
    with pytest.warns(GradientMaskingWarning, match=r"gradient is zero at 100\.0% of the samples"):
        report = robustness_report(dead, X, Y, epsilons=[0.1])
    assert_array_equal(report["zero_gradient_share"], 1)
    assert_array_equal(report["accuracy"], 1)


def test_gradient_that_leads_away_from_a_cliff_gives_a_warning():
    """A gentle slope towards small x_0, and at x_0 = 0.6 a cliff that is not felt before."""
    model = network([[[4.0, 2000.0], [0.0, 0.0]], [[1.0], [-8.0]]], [[-2.0, -1200.0], [1.0]])
    rates = np.tile([0.45, 0.5], (40, 1))
    labels = np.ones(40, int)
    surrogate = linear([-1, 0], 0.5)
    with pytest.warns(GradientMaskingWarning) as caught:
        report = robustness_report(
            model,
            rates,
            labels,
            epsilons=[0.2],
            surrogates=[surrogate],
            n_steps=5,
            n_restarts=1,
        )
    accuracy = dict(zip(report["attack"], report["accuracy"], strict=True))
    assert accuracy["PGD"] == accuracy["FGSM"] == accuracy["none"] == 1
    assert accuracy["transfer FGSM"] == accuracy["transfer PGD"] == accuracy["hard label"] == 0
    assert accuracy["worst case"] == 0
    assert 0.2 < accuracy["random signs"] < 0.8
    message = str(caught[0].message)
    assert len(caught) == 1
    for attack in ("transfer FGSM", "transfer PGD", "hard label"):
        assert f"{attack} at epsilon=0.2 fools 100.0% of the samples, PGD 0.0%" in message
    assert "random signs at epsilon=0.2" in message
    assert "zero" not in message


@pytest.mark.parametrize(
    ("only_this", "only_pgd", "beats"),
    [(4, 0, False), (5, 0, True), (14, 5, True), (13, 5, False), (0, 9, False), (0, 0, False)],
)
def test_two_standard_errors(only_this, only_pgd, beats):
    fooled = np.repeat([True, False, True, False], [only_this, only_pgd, 7, 3])
    by_pgd = np.repeat([False, True, True, False], [only_this, only_pgd, 7, 3])
    assert _beats(fooled, by_pgd) == beats


@pytest.fixture(scope="module")
def task():
    rng = np.random.default_rng(0)
    X = rng.random((120, 4))
    return X, np.where(X[:, 0] + X[:, 1] > 1, "big", "small")


def fit(model, task):
    X, y = task
    return model.set_params(rate_encoding="none", max_iter=40, random_state=0).fit(X, y)


def test_accuracies_are_those_of_the_scorers(task):
    stdp, bp = fit(STDPClassifier(), task), fit(BPClassifier(), task)
    report = robustness_report(stdp, *task, epsilons=[0.05], surrogates=[bp], n_steps=8)
    accuracy = dict(zip(report["attack"], report["accuracy"], strict=True))
    assert accuracy["none"] == stdp.score(*task)
    assert accuracy["FGSM"] == FGSMScorer(0.05)(stdp, *task)
    # The starts are drawn from a random state that other attacks draw from as well.
    assert_allclose(accuracy["PGD"], PGDScorer(0.05, n_steps=8)(stdp, *task), atol=0.02)
    assert accuracy["PGD"] < accuracy["none"]
    assert accuracy["hard label"] < accuracy["none"]


def test_pipeline_search_data_frame_and_neighbours(task):
    X, y = pd.DataFrame(task[0], columns=list("abcd")), task[1]
    bare = fit(STDPClassifier(), (X, y))
    pipeline = make_pipeline(FunctionTransformer(), fit(STDPClassifier(), (X, y))).fit(X, y)
    search = GridSearchCV(
        STDPClassifier(rate_encoding="none", max_iter=40, random_state=0), {"tol": [None]}, cv=2
    ).fit(X, y)
    neighbours = KNeighborsClassifier(3).fit(X, y)
    options = {"epsilons": [0.05], "n_steps": 5, "n_queries": 40, "surrogates": [neighbours]}
    expected = robustness_report(bare, X, y, **options)
    for model in (pipeline, search):
        pd.testing.assert_frame_equal(robustness_report(model, X, y, **options), expected)
    options["surrogates"] = [pipeline, search]
    report = robustness_report(neighbours, X, y, **options)
    accuracy = report["accuracy"].to_numpy()
    assert accuracy[0] == neighbours.score(X, y)
    assert_array_equal(accuracy[4:6], accuracy[6:8])


def test_surrogates_must_see_the_same_rates(task):
    X, y = task
    model = fit(STDPClassifier(), task)
    for other in (fit(BPClassifier(), (X[:, :3], y)), BPClassifier(max_iter=1).fit(2 * X, y)):
        seen = X[:, : other.n_features_in_]
        if seen.shape == X.shape:
            with pytest.raises(ValueError, match=r"Got surrogates\[1\]=BPClassifier.*same"):
                robustness_report(model, X, y, surrogates=[model, other])
        else:
            with pytest.raises(ValueError, match="4 features"):
                robustness_report(model, X, y, surrogates=[other])


def test_one_label_a_sample():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        robustness_report(linear([1, -1], 0), X, Y[:-1])


def test_gradient_that_loses_to_chance_is_called_fooled():
    """A slope the wrong way at the samples, and a cliff behind it that random signs fall off."""
    model = network([[[4.0, 2000.0], [0.0, 0.0]], [[1.0], [-8.0]]], [[-2.0, -1200.0], [1.0]])
    rates = np.tile([0.45, 0.5], (40, 1))
    with pytest.warns(GradientMaskingWarning) as caught:
        robustness_report(model, rates, np.ones(40, int), epsilons=[0.2], n_steps=5, n_restarts=1)
    message = str(caught[0].message)
    assert "Do not take the accuracy under FGSM for robustness: random signs at" in message
    assert message.count("hard label") == 1


class TestAnyEstimator:
    """Trees, that have no gradient, and models of scikit-learn in the space of the user."""

    def test_trees_are_attacked_without_a_gradient(self, iris_frame):
        X, y = iris_frame
        forest = RandomForestClassifier(20, random_state=0).fit(X[::2], y[::2])
        other = make_pipeline(StandardScaler(), LogisticRegression()).fit(X[::2], y[::2])
        with pytest.raises(TypeError, match=r"RandomForestClassifier.*trees.*robustness_report"):
            robustness_report(forest, X, y)
        report = robustness_report(
            forest,
            X[1::2],
            y[1::2],
            epsilons=[0.3],
            surrogates=[other],
            gradient=None,
            space="input",
            n_queries=60,
        )
        accuracy = dict(zip(report["attack"], report["accuracy"], strict=True))
        assert list(accuracy) == [
            "none",
            "random signs",
            "transfer FGSM",
            "transfer PGD",
            "hard label",
            "worst case",
            "certified",
        ]
        assert accuracy["none"] == forest.score(X[1::2], y[1::2])
        assert accuracy["transfer FGSM"] < accuracy["none"]
        assert accuracy["worst case"] <= accuracy["hard label"] < accuracy["transfer PGD"]
        assert report["zero_gradient_share"].isna().all()

    @pytest.mark.process
    @pytest.mark.parametrize("space", ["model", "input"])
    @pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
    def test_accuracies_are_those_of_the_scorers(self, space, norm, iris_frame):
        X, y = iris_frame
        model = make_pipeline(StandardScaler(), SVC()).fit(X, y)
        options = {"norm": norm, "space": space, "immutable": ["petal width (cm)"]}
        short = {"n_steps": 4, "n_queries": 20}
        epsilons = [0.6] if space == "input" else [0.3, 0.6]
        report = robustness_report(model, X, y, epsilons=epsilons, **short, **options)
        accuracy = report.set_index(["epsilon", "attack"])["accuracy"]
        for epsilon in epsilons:
            score = FGSMScorer(epsilon, **options)(model, X, y)
            assert accuracy[epsilon, "FGSM"] == score < accuracy[epsilon, "none"]
            assert accuracy[epsilon, "PGD"] <= score
            others = accuracy[epsilon].drop(["worst case", "certified"])
            assert accuracy[epsilon, "worst case"] <= others.min()
            assert others["hard label"] < others["none"]

    @pytest.mark.process
    def test_whole_numbers_and_text(self, iris_frame):
        X, y = iris_frame
        X = X.round().astype(int).assign(kind="a")
        columns = ColumnTransformer([("kind", OneHotEncoder(), ["kind"])], remainder="passthrough")
        model = make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(X, y)
        options = {"immutable": ["kind"], "space": "input", "n_steps": 3, "n_queries": 40}
        with pytest.warns(UserWarning, match="at most 0.9 for .*Nothing else can move"):
            report = robustness_report(model, X, y, epsilons=[0.9, 1.9], **options)
        accuracy = report.set_index(["epsilon", "attack"])["accuracy"]
        assert accuracy[0.9].nunique() == 1
        assert accuracy[1.9, "FGSM"] < accuracy[1.9, "none"]
        assert accuracy[1.9, "hard label"] < accuracy[1.9, "none"]

    def test_one_size_and_one_surrogate(self, iris_frame):
        X, y = iris_frame
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
        options = {"n_steps": 2, "n_restarts": 1, "n_queries": 5}
        pd.testing.assert_frame_equal(
            robustness_report(model, X, y, epsilons=0.3, surrogates=model, **options),
            robustness_report(model, X, y, epsilons=[0.3], surrogates=[model], **options),
        )

    @pytest.mark.process
    def test_finite_differences(self, iris_frame):
        X, y = iris_frame
        model = GaussianNB().fit(X, y)
        options = {"n_steps": 3, "n_restarts": 1, "n_queries": 20}
        report = robustness_report(
            model, X, y, epsilons=[0.3], gradient="finite-differences", **options
        )
        accuracy = dict(zip(report["attack"], report["accuracy"], strict=True))
        assert accuracy["worst case"] <= accuracy["PGD"] <= accuracy["FGSM"] < accuracy["none"]

    def test_surrogate_that_knows_other_classes(self, iris_frame):
        X, y = iris_frame
        two = SVC().fit(X[y > 0], y[y > 0])
        with pytest.raises(ValueError, match=r"Got the labels \[0\] in y"):
            robustness_report(SVC().fit(X, y), X, y, surrogates=[two])


class TestAttackTable:
    def test_distances_of_a_linear_margin_are_those_worked_by_hand(self):
        """A row falls to whatever moves both features by half its margin."""
        model = linear([1, -1], 0)
        X_frame = pd.DataFrame(X, index=list("abcde"))
        for attack in ("FGSM", "PGD"):
            table = attack_table(model, X_frame, Y, epsilon=0.15, attack=attack, n_bisections=12)
            assert list(table.index) == list("abcde")
            assert list(table["true"]) == [1] * 5
            assert list(table["predicted"]) == [1, 1, 1, 1, 0]
            assert list(table["attacked"]) == [0, 0, 0, 1, 0]
            assert list(table["flipped"]) == [True, True, True, False, False]
            expected = [0.025, 0.075, 0.125, np.inf, 0]
            assert_allclose(table["distance"], expected, atol=0.15 / 2**12)
            # From above: an attack of the distance succeeds.
            assert (table["distance"][:3] >= expected[:3]).all()

    @pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
    def test_shares_below_a_distance_are_those_of_the_attack(self, norm, iris_frame):
        X, y = iris_frame
        model = make_pipeline(StandardScaler(), SVC(kernel="linear")).fit(X, y)
        options = {"norm": norm, "space": "input", "immutable": [0]}
        table = attack_table(model, X, y, epsilon=1.0, attack="FGSM", **options)
        for epsilon in (0.25, 0.5):
            accuracy = FGSMScorer(epsilon, **options)(model, X, y)
            assert_allclose((table["distance"] > epsilon).mean(), accuracy, atol=0.01)
        assert_array_equal(table["predicted"], model.predict(X))
        assert_array_equal(
            table["flipped"], (table["distance"] > 0) & (table["distance"] < np.inf)
        )

    def test_one_epsilon_a_feature_is_scaled_as_a_whole(self):
        model = linear([1, -1], 0)
        table = attack_table(model, X, Y, epsilon=[0.4, 0.0], n_bisections=12)
        # Only the first feature moves, and has to go all the way.
        assert_allclose(table["distance"][:4], MARGINS[:4], atol=1e-4)

    def test_nothing_moves(self):
        table = attack_table(linear([1, -1], 0), X, Y, epsilon=0)
        assert not table["flipped"].any()
        assert list(table["distance"]) == [np.inf] * 4 + [0]

    @pytest.mark.parametrize(
        ("options", "error"),
        [
            ({"attack": "CW"}, ValueError),
            ({"gradient": None}, ValueError),
            ({"n_bisections": 0}, ValueError),
            ({"n_steps": 1.5}, TypeError),
            ({"epsilon": -1}, ValueError),
        ],
    )
    def test_options_are_checked_before_any_work(self, options, error):
        with pytest.raises(error, match=f"Got {next(iter(options))}="):
            attack_table(None, None, None, **options)


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"norm": "l3"}, ValueError),
        ({"gradient": "none"}, ValueError),
        ({"epsilons": []}, ValueError),
        ({"epsilons": [0.1, -0.1]}, ValueError),
        ({"epsilons": ["0.1"]}, TypeError),
        ({"n_steps": 0}, ValueError),
        ({"n_restarts": 1.5}, TypeError),
        ({"n_queries": 0}, ValueError),
        ({"random_state": "now"}, ValueError),
    ],
)
def test_parameters_are_checked_before_any_work(parameters, error):
    with pytest.raises(error, match=f"Got {next(iter(parameters))}="):
        robustness_report(None, None, None, **parameters)
