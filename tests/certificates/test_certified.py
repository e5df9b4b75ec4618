"""Certified accuracy against attacks, closed forms and exhaustive search, for all classifiers."""

import pickle
from itertools import product

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_wine
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import NearestCentroid
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from sklearn.svm import LinearSVC

from skstdp import (
    BestUnderAttack,
    BPClassifier,
    CertifiedScorer,
    ConstantPredictionWarning,
    PGDScorer,
    STDPClassifier,
    attack_scorers,
)
from skstdp._certificates import certifies, class_bounds
from skstdp._certificates._certificate import _CERTIFICATES
from skstdp._certificates._sequences import layers_of
from skstdp._robustness._certified import certified
from skstdp._robustness._threat_model import ThreatModel

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def mlp(activation, sizes=(6, 5)):
    return MLPClassifier(sizes, activation=activation, max_iter=60, random_state=0, solver="lbfgs")


def network(kind=STDPClassifier, sizes=(6,), **options):
    options = {"max_iter": 30, "random_state": 0} | options
    return kind(hidden_layer_sizes=sizes, **options)


CLASSIFIERS = {
    **{activation: mlp(activation) for activation in ("identity", "logistic", "tanh", "relu")},
    "STDP": network(),
    "STDP, deep": network(sizes=(6, 4)),
    "STDP, several steps": network(receptive_fields=6),
    "BP": network(BPClassifier, sizes=(5, 4)),
    "BP, one unit": network(BPClassifier, receptive_fields=1),
    "linear": LogisticRegression(C=100),
    "centroids": NearestCentroid(),
    "scaled": make_pipeline(StandardScaler(), network()),
    "clipped": make_pipeline(MinMaxScaler(clip=True), mlp("relu")),
    "rotated": make_pipeline(RobustScaler(), PCA(3, whiten=True), network()),
    "selected": make_pipeline(SimpleImputer(), SelectKBest(k=3), MaxAbsScaler(), mlp("tanh")),
    "as a step": make_pipeline(network(), LogisticRegression()),
    "twice": make_pipeline(network(sizes=(3,)), network(BPClassifier, sizes=(3,))),
}


@pytest.fixture(scope="module")
def table():
    """Wine: four columns in [0, 1], of three classes."""
    X, y = load_wine(return_X_y=True)
    return MinMaxScaler().fit_transform(X[:, [0, 6, 9, 12]]), y


class TestNoAttackBeatsACertificate:
    """Certificate <= attack <= clean, sample by sample; all cases together are over 10,000."""

    RESTRICTIONS = ({}, {"bounds": (0, 1), "immutable": [1]})

    @pytest.mark.process
    @pytest.mark.parametrize(
        ("name", "dtype"),
        [(name, np.float64) for name in CLASSIFIERS]
        + [(name, np.float32) for name in ("relu", "BP", "linear", "scaled")],
    )
    def test_on_wine(self, table, name, dtype):
        X, y = table
        X = X.astype(dtype)
        model = CLASSIFIERS[name].fit(X, y)
        # Beyond what was fitted, too, where encoders clip.
        some = X[::9] + dtype(0.02) * np.sign(X[::9] - dtype(0.5)) * (X[::9] > 0.9)
        rng = np.random.RandomState(0)
        n_cases = n_proven = 0
        sizes = {"linf": (0.02, 0.1), "l2": (0.05, 0.2), "l1": (0.05, 0.3)}
        for (norm, epsilons), space in product(sizes.items(), ("model", "input")):
            for epsilon, restriction in product(epsilons, self.RESTRICTIONS):
                inside = np.clip(some, 0, 1) if restriction or name.startswith("BP") else some
                if space == "model" and restriction:
                    restriction = {"immutable": [1]}
                threat = ThreatModel(epsilon, norm, space=space, **restriction)
                problem = threat.problem(model, inside, y[::9])
                proven = certified(problem)
                assert not problem.is_adversarial(problem.points)[proven].any()
                tried = [problem.pgd(4, 2, None, 0), problem.random_signs(0), problem.fgsm()]
                balls = problem.ball.around(problem.points)
                tried += [balls.round_integers(balls.random_start(rng)) for _ in range(2)]
                for points in tried:
                    assert not problem.is_adversarial(points)[proven].any()
                n_cases, n_proven = n_cases + len(proven), n_proven + proven.sum()
        assert n_cases == 24 * len(some)
        # Certificates are not empty.
        assert n_proven > 0.2 * n_cases


@pytest.mark.parametrize("norm", ["linf", "l2", "l1"])
def test_linear_classifiers_are_exact(norm, table):
    """Lowering a margin of slope w by epsilon times the dual norm of w is possible, not more."""
    X, y = table
    dual = {"linf": 1, "l2": 2, "l1": np.inf}[norm]
    for kind in (
        LogisticRegression(C=10),
        LinearSVC(),
        RidgeClassifier(),
        NearestCentroid(),
        LinearDiscriminantAnalysis(),
    ):
        model = kind.fit(X, y)
        problem = ThreatModel(0.1, norm).problem(model, X, y)
        scores, _ = problem.target.vjp(problem.points, None)
        coef = 2 * model.centroids_ if hasattr(model, "centroids_") else model.coef_
        slopes = coef[problem.y][:, np.newaxis] - coef
        margins = scores[np.arange(len(y)), problem.y][:, np.newaxis] - scores
        expected = margins - 0.1 * np.linalg.norm(slopes, dual, axis=2)
        expected[np.arange(len(y)), problem.y] = np.inf
        assert_allclose(class_bounds(problem), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.filterwarnings("ignore:Got epsilon=1e-07")
def test_rounding_errors_of_single_precision_are_taken_off():
    """What float32 rounds to the other side is not certified: margins of next to nothing."""
    rng = np.random.default_rng(0)
    X = rng.uniform(size=(200, 300)).astype(np.float32)
    model = MLPClassifier((30,), "logistic", max_iter=5, random_state=0).fit(X, np.arange(200) % 2)
    # The threshold is at one of the samples, in exact numbers.
    exact = layers_of(model)
    drives = X.astype(np.float64)
    for layer in exact:
        drives = layer(drives)
    margin = drives[:, 1] - drives[:, 0]
    y = model.predict(X)
    for row in range(0, 200, 10):
        shifted = pickle.loads(pickle.dumps(model))
        shifted.intercepts_[-1] = shifted.intercepts_[-1] - np.float32(margin[row])
        problem = ThreatModel(1e-7).problem(shifted, X, y)
        assert not certified(problem)[row]


@pytest.mark.process
@pytest.mark.filterwarnings("ignore:Got an epsilon of at most 1")
def test_exhaustive_search_with_groups_and_whole_numbers():
    rng = np.random.default_rng(0)
    X = np.column_stack(
        [
            rng.integers(0, 5, size=40),
            rng.integers(0, 3, size=40),
            np.eye(3, dtype=int)[rng.integers(3, size=40)],
        ]
    )
    y = (X[:, 0] + 2 * X[:, 3] + rng.integers(2, size=40) > 3).astype(int)
    everything = np.array(
        [
            (a, b, *category)
            for a in range(-3, 9)
            for b in range(-3, 7)
            for category in np.eye(3, dtype=int)
        ]
    )
    n_proven = n_safe = 0
    for model in (mlp("relu"), mlp("tanh"), LogisticRegression(), network()):
        model.fit(X, y)
        predicted = model.predict(everything)
        for norm, order in (("linf", np.inf), ("l2", 2), ("l1", 1)):
            for epsilon in (1.0, 1.5, 2.0):
                threat = ThreatModel(
                    epsilon, norm, one_hot=[2, 3, 4], space="input", bounds=(-3, 9)
                )
                proven = certified(threat.problem(model, X, y))
                near = (
                    np.linalg.norm(everything - X[:, np.newaxis], order, axis=2) <= epsilon + 1e-9
                )
                safe = np.array([(predicted[near[row]] == y[row]).all() for row in range(40)])
                assert not (proven & ~safe).any()
                n_proven, n_safe = n_proven + proven.sum(), n_safe + safe.sum()
    assert n_proven > 0.6 * n_safe


class TestScorer:
    def test_it_is_below_an_attack_and_falls_with_the_size(self, table):
        X, y = table
        model = network().fit(X, y)
        scores = [CertifiedScorer(epsilon)(model, X, y) for epsilon in (0, 0.01, 0.05, 0.2)]
        assert scores[0] == model.score(X, y)
        assert scores == sorted(scores, reverse=True)
        assert scores[2] <= PGDScorer(0.05)(model, X, y)

    def test_names_repr_and_pickle(self):
        scoring = attack_scorers([0.1, 8 / 255], CertifiedScorer, norm="l2")
        assert list(scoring) == ["clean", "certified 0.1", "certified 8/255"]
        assert repr(scoring["certified 0.1"]) == "CertifiedScorer(epsilon=0.1, norm='l2')"
        assert (
            repr(pickle.loads(pickle.dumps(CertifiedScorer(0.2))))
            == "CertifiedScorer(epsilon=0.2)"
        )

    def test_in_searches(self, table):
        X, y = table
        scoring = attack_scorers([0.05], CertifiedScorer, metric="balanced_accuracy")
        search = GridSearchCV(
            LogisticRegression(),
            {"C": [0.1, 1, 100]},
            scoring=scoring,
            refit=BestUnderAttack("certified 0.05"),
        ).fit(X, y)
        assert (
            search.cv_results_["mean_test_certified 0.05"] <= search.cv_results_["mean_test_clean"]
        ).all()
        assert CertifiedScorer(0.05)(search, X, y) == CertifiedScorer(0.05)(
            search.best_estimator_, X, y
        )
        frozen = FrozenEstimator(search.best_estimator_)
        assert CertifiedScorer(0.05)(frozen, X, y) == CertifiedScorer(0.05)(search, X, y)
        scores = cross_validate(network(), X, y, scoring=scoring, cv=2)
        assert (scores["test_certified 0.05"] <= scores["test_clean"]).all()

    def test_what_is_not_proven_counts_as_the_class_that_is_least_excluded(self):
        """Three classes on a line: from the middle of the first, the second one is nearest."""
        X = np.repeat([[0.0], [1.0], [2.0]], 4, axis=0) + np.tile([[-0.1], [0.1]], (6, 1))
        y = np.repeat([0, 1, 2], 4)
        model = NearestCentroid().fit(X, y)

        def labels(y_true, y_pred):
            seen.append(y_pred.tolist())
            return 0.0

        seen = []
        CertifiedScorer(0.6, metric=labels)(model, np.array([[0.0], [2.0]]), np.array([0, 2]))
        CertifiedScorer(0.4, metric=labels)(model, np.array([[0.0], [1.8]]), np.array([0, 1]))
        # Proven; and wrong without attack.
        assert seen == [[1, 1], [0, 2]]

    def test_one_class_for_all_is_proven_and_warned_of(self, table):
        X, y = table
        model = LogisticRegression(C=1e-9).fit(X, y)
        with pytest.warns(ConstantPredictionWarning):
            assert CertifiedScorer(0.01)(model, X, y) == model.score(X, y)

    @pytest.mark.parametrize("model", [GaussianNB(), RandomForestClassifier(2)])
    def test_without_certificate(self, table, model):
        X, y = table
        if type(model) in _CERTIFICATES:
            pytest.skip("It has one.")
        name = type(model).__name__
        expected = rf"type {name}, but a certificate expected STDPClassifier"
        with pytest.raises(TypeError, match=expected):
            CertifiedScorer(0.1)(model.fit(X, y), X, y)

    def test_predictions_are_refused(self, table):
        with pytest.raises(TypeError, match="predictions that are made already"):
            CertifiedScorer(0.1)._score_func([0], [0])


def test_a_certificate_can_be_added(table):
    """By type, for estimators that are no sequence of layers."""

    class Threshold(GaussianNB):
        pass

    X, y = table

    @certifies(Threshold)
    def bounds(estimator, ball, points, y):
        found = np.full((len(points), 3), 0.5)
        found[::2, 2] = -1
        found[np.arange(len(y)), y] = np.inf
        return found

    try:
        model = Threshold().fit(X, y)
        problem = ThreatModel(0.1).problem(model, X, y, gradient=None)
        right = model.predict(X) == y
        even = np.arange(len(y)) % 2 == 0
        assert_array_equal(certified(problem), right & ~(even & (y != 2)))
    finally:
        del _CERTIFICATES[Threshold]
