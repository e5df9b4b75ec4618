import decimal
from functools import partial

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import softmax
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA, FactorAnalysis, FastICA, IncrementalPCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    RandomTreesEmbedding,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import RFE, SelectFromModel, SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Perceptron, RidgeClassifier, SGDClassifier
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    TunedThresholdClassifierCV,
    cross_val_score,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, _ConstantPredictor
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection
from sklearn.svm import SVC, LinearSVC, NuSVC
from sklearn.tree import DecisionTreeClassifier

from skstdp import BPClassifier, FGSMScorer, PGDScorer, STDPClassifier, fgsm
from skstdp._input_gradients import ScaledRows, adapter_of, attackable
from skstdp._input_gradients._transformers import _DERIVATIVES

# Few steps of training are enough here.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

NETWORK = {"max_iter": 3, "random_state": 0}


def mlp(activation="relu", **options):
    # The solver ends in few steps, and its scores are far from saturation.
    return MLPClassifier(
        (7, 5), activation=activation, solver="lbfgs", max_iter=25, random_state=0, **options
    )


def calibrated(estimator, method="sigmoid", **options):
    return CalibratedClassifierCV(estimator, method=method, cv=2, **options)


def members(*estimators):
    return [(f"m{k}", estimator) for k, estimator in enumerate(estimators)]


# Class scores that are functions of X with a gradient.
SMOOTH = {
    "STDP": STDPClassifier(**NETWORK),
    "STDP of steps": STDPClassifier(receptive_fields=6, **NETWORK),
    "BP": BPClassifier(receptive_fields=1, **NETWORK),
    "MLP identity": mlp("identity"),
    "MLP logistic": mlp("logistic"),
    "MLP relu": mlp("relu"),
    "MLP tanh": mlp("tanh"),
    "logistic regression": LogisticRegression(),
    "linear SVM": LinearSVC(),
    "SGD": SGDClassifier(random_state=0),
    "SGD log loss": SGDClassifier("log_loss", alpha=0.1, random_state=0),
    "perceptron": Perceptron(),
    "ridge": RidgeClassifier(),
    "linear discriminant": LinearDiscriminantAnalysis(),
    "shrunken discriminant": LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
    "SVC": SVC(),
    "narrow SVC": SVC(C=100, gamma=5.0),
    "SVC that breaks ties": SVC(break_ties=True),
    "SVC of pairs": SVC(decision_function_shape="ovo"),
    "linear SVC": SVC(kernel="linear"),
    "cubic SVC": SVC(kernel="poly", coef0=0.5),
    "sigmoid SVC": SVC(kernel="sigmoid", gamma=0.05),
    "nu SVC": NuSVC(nu=0.3),
    "centroids": NearestCentroid(),
    "soft voting": VotingClassifier(
        members(LogisticRegression(), mlp("tanh"), BPClassifier(**NETWORK)), voting="soft"
    ),
    "weighted voting": VotingClassifier(
        members(LogisticRegression(), LinearDiscriminantAnalysis(), mlp()),
        voting="soft",
        weights=[2, 0, 1],
    ),
    "hard voting": VotingClassifier(
        members(LinearSVC(), LogisticRegression(), RidgeClassifier()), weights=[1, 1.5, 1]
    ),
    "bagging": BaggingClassifier(LogisticRegression(), 4, max_features=0.5, random_state=0),
    "bagging with repeated features": BaggingClassifier(
        mlp(), 3, bootstrap_features=True, random_state=1
    ),
    "bagging that votes": BaggingClassifier(LinearSVC(), 3, random_state=0),
    "bagging of few samples": BaggingClassifier(
        LogisticRegression(), 5, max_samples=4, random_state=3
    ),
    "one against the rest": OneVsRestClassifier(LinearSVC()),
    "one network against the rest": OneVsRestClassifier(mlp("logistic")),
    "one against the rest by SGD": OneVsRestClassifier(SGDClassifier("log_loss", random_state=0)),
    "pairs": OneVsOneClassifier(LinearSVC()),
    "pairs of networks": OneVsOneClassifier(mlp("tanh")),
    "calibrated": calibrated(LinearSVC()),
    "calibrated network": calibrated(mlp("tanh")),
    "calibrated SVC": calibrated(SVC()),
    "calibrated discriminant once": calibrated(LinearDiscriminantAnalysis(), ensemble=False),
    "temperature": calibrated(LogisticRegression(), "temperature"),
    "temperature of a network": calibrated(mlp(alpha=10), "temperature"),
    "voting over calibrated": VotingClassifier(
        members(calibrated(LinearSVC()), OneVsRestClassifier(LogisticRegression())),
        voting="soft",
    ),
    "pipeline": make_pipeline(StandardScaler(), mlp("tanh")),
    "pipeline of rates": make_pipeline(StandardScaler(), STDPClassifier(**NETWORK)),
    "pipeline in bagging": BaggingClassifier(
        make_pipeline(PCA(2), LogisticRegression()), 3, random_state=0
    ),
}
# Their class scores only go the same way as the decision.
ROUGH = {
    "one neighbour": KNeighborsClassifier(1),
    "five neighbours": KNeighborsClassifier(5),
    "four neighbours by distance": KNeighborsClassifier(4, weights="distance"),
}


def data(n_classes):
    X, y = load_iris(return_X_y=True)
    chosen = y >= 3 - n_classes
    names = np.array(["setosa", "versicolor", "virginica"])
    return X[chosen], names[y[chosen]]


@pytest.fixture(params=[2, 3], ids=["two classes", "three classes"], scope="module")
def iris(request):
    return data(request.param)


@pytest.fixture(params=SMOOTH, scope="module")
def smooth(request, iris):
    return SMOOTH[request.param].fit(*iris)


def points_inside(X):
    """Points within the data, but at none of the places where a score has a kink."""
    rng = np.random.default_rng(0)
    points = X[rng.choice(len(X), 12)] + rng.uniform(-0.05, 0.05, size=(12, X.shape[1]))
    return np.clip(points, X.min(axis=0) + 1e-3, X.max(axis=0) - 1e-3)


def assert_pull_is_that_of_finite_differences(function, X, rtol=2e-5):
    """The way back, from every combination of outputs, against central differences."""
    value, pull = function(X)
    value = np.asarray(value)
    cotangent = np.random.default_rng(1).normal(size=value.shape)
    ours = pull(ScaledRows.of(cotangent)).dense()
    assert ours.shape == X.shape
    expected = np.zeros_like(X)
    for feature in range(X.shape[1]):
        step = np.zeros(X.shape[1])
        step[feature] = 1e-6 * max(1, np.abs(X[:, feature]).max())
        change = np.asarray(function(X + step)[0]) - np.asarray(function(X - step)[0])
        expected[:, feature] = (change * cotangent).sum(axis=1) / (2 * step[feature])
    assert_allclose(ours, expected, rtol=rtol, atol=rtol * np.abs(expected).max() + 1e-9)


def test_scores_and_their_gradient(smooth, iris):
    X = points_inside(iris[0])
    adapter = adapter_of(smooth)
    assert_pull_is_that_of_finite_differences(adapter.vjp, X)
    scores, _ = adapter.vjp(iris[0])
    assert scores.shape == (len(iris[0]), len(smooth.classes_))
    assert_array_equal(smooth.classes_[scores.argmax(axis=1)], smooth.predict(iris[0]))


def test_decisions_are_those_of_scikit_learn(smooth, iris):
    adapter = adapter_of(smooth)
    X = points_inside(iris[0])
    if not (adapter.scores_are_decisions and hasattr(smooth, "decision_function")):
        with pytest.raises(TypeError, match="no gradient of a decision function"):
            adapter.decision(X)
        return
    decisions, _ = adapter.decision(X)
    assert_allclose(np.squeeze(decisions), smooth.decision_function(X), rtol=1e-6, atol=1e-8)
    assert_pull_is_that_of_finite_differences(adapter.decision, X)


def test_probabilities_are_those_of_scikit_learn(smooth, iris):
    adapter = adapter_of(smooth)
    X = points_inside(iris[0])
    votes = isinstance(smooth, BaggingClassifier) and isinstance(smooth.estimators_[0], LinearSVC)
    if isinstance(smooth, NearestCentroid) or votes or not hasattr(smooth, "predict_proba"):
        with pytest.raises(TypeError, match="no gradient of probabilities"):
            adapter.log_proba(X)
        return
    log_proba, _ = adapter.log_proba(X)
    assert_allclose(np.exp(log_proba), smooth.predict_proba(X), rtol=1e-6, atol=1e-9)
    seen = np.exp(log_proba).min(axis=0) > 0
    if not seen.all():
        # A class that no member has seen.
        return
    assert_pull_is_that_of_finite_differences(adapter.log_proba, X)


def elementwise(x):
    return np.log1p(x) + x**2


elementwise.derivative = lambda x: 1 / (1 + x) + 2 * x

TRANSFORMERS = {
    "standard": StandardScaler(),
    "standard without scale": StandardScaler(with_std=False),
    "minmax": MinMaxScaler(),
    "minmax to another range": MinMaxScaler((-1, 3), clip=True),
    "maxabs": MaxAbsScaler(clip=True),
    "robust": RobustScaler(),
    "robust without scale": RobustScaler(with_scaling=False),
    "PCA": PCA(3),
    "whitened PCA": PCA(2, whiten=True),
    "incremental PCA": IncrementalPCA(2, whiten=True),
    "SVD": TruncatedSVD(2),
    "ICA": FastICA(2, random_state=0, max_iter=500),
    "factor analysis": FactorAnalysis(2),
    "discriminants": LinearDiscriminantAnalysis(n_components=1),
    "discriminants by eigenvectors": LinearDiscriminantAnalysis(solver="eigen"),
    "Gaussian projection": GaussianRandomProjection(3, random_state=0),
    "sparse projection": SparseRandomProjection(3, random_state=0),
    "l1": Normalizer("l1"),
    "l2": Normalizer("l2"),
    "max": Normalizer("max"),
    "powers": PolynomialFeatures(3),
    "products": PolynomialFeatures(2, interaction_only=True, include_bias=False),
    "best two": SelectKBest(k=2),
    "selection by trees": SelectFromModel(RandomForestClassifier(5, random_state=0)),
    "imputer": SimpleImputer(),
    "identity": FunctionTransformer(),
    "sqrt": FunctionTransformer(np.sqrt),
    "log1p": FunctionTransformer(np.log1p, np.expm1),
    "own function": FunctionTransformer(elementwise),
    "union": FeatureUnion(
        [("pca", PCA(2)), ("same", "passthrough"), ("gone", "drop")],
        transformer_weights={"pca": 0.5},
    ),
    "columns": ColumnTransformer(
        [
            ("scaled", StandardScaler(), [2, 0]),
            ("same", "passthrough", [3]),
            ("squares", make_pipeline(MinMaxScaler(), PolynomialFeatures(2)), [0, 3]),
            ("gone", "drop", [1]),
        ],
        transformer_weights={"squares": 2.0},
    ),
    "columns and the rest": ColumnTransformer(
        [("l2", Normalizer(), [1, 2])], remainder="passthrough"
    ),
    "pipeline": make_pipeline("passthrough", StandardScaler(), None, PCA(2)),
    "pipeline that ends in nothing": make_pipeline(StandardScaler(), "passthrough"),
    "nothing": make_pipeline("passthrough"),
    "frozen": FrozenEstimator(StandardScaler().fit([[1.0, 2, 3, 4], [2, 3, 5, 7]])),
}


@pytest.mark.parametrize("name", TRANSFORMERS)
def test_transformers_and_their_gradient(name):
    X, y = data(3)
    transformer = TRANSFORMERS[name].fit(X, y)
    adapter = adapter_of(transformer, transform=True)
    inside = points_inside(X)
    output, _ = adapter.vjp(inside)
    assert_allclose(output, transformer.transform(inside))
    assert_pull_is_that_of_finite_differences(adapter.vjp, inside)


@pytest.mark.parametrize("function", [f for f in _DERIVATIVES if f is not None], ids=str)
def test_derivatives_of_functions(function):
    X = np.random.default_rng(0).uniform(0.1, 2, size=(9, 2))
    adapter = adapter_of(FunctionTransformer(function).fit(X), transform=True)
    assert_pull_is_that_of_finite_differences(adapter.vjp, X)


@pytest.mark.filterwarnings("ignore:Skipping features without any observed values")
def test_imputer_drops_empty_columns_and_what_was_missing_has_no_slope():
    X = np.array([[1.0, np.nan, 2.0], [3.0, np.nan, np.nan], [5.0, np.nan, 4.0]])
    for keep, expected in [(False, [[1, 0, 2], [1, 0, 0], [1, 0, 2]]), (True, [[1, 0, 3]] * 3)]:
        imputer = SimpleImputer(keep_empty_features=keep).fit(X)
        output, pull = adapter_of(imputer, transform=True).vjp(X)
        gradient = pull(
            ScaledRows.of(np.tile(np.arange(1.0, output.shape[1] + 1), (3, 1)))
        ).dense()
        assert_array_equal(gradient, np.where(np.isnan(X), 0, expected))


def test_searches():
    X, y = data(3)
    search = GridSearchCV(SVC(), {"C": [1, 2]}, cv=2).fit(X, y)
    expected = gradient_at(search.best_estimator_, X, y)
    assert_array_equal(gradient_at(search, X, y), expected)
    assert_array_equal(gradient_at(search, X, y, "model"), expected)

    class OtherSearch(BaseEstimator):
        best_estimator_ = search.best_estimator_

        classes_, predict, fit = search.classes_, search.predict, None

        def __sklearn_is_fitted__(self):
            return True

    assert_array_equal(gradient_at(OtherSearch(), X, y), expected)
    assert_array_equal(gradient_at(OtherSearch(), X, y, "model"), expected)
    unfit = GridSearchCV(SVC(), {"C": [1, 2]}, cv=2, refit=False).fit(X, y)
    for space in ("model", "input"):
        with pytest.raises(ValueError, match=r"Got refit=False in GridSearchCV.*expected True"):
            attackable(unfit, X, space=space)


def test_columns_in_another_order_and_more_of_them(iris_frame):
    X, y = iris_frame
    columns = list(X.columns)
    transformer = ColumnTransformer([("s", StandardScaler(), columns[1:3])])
    pipeline = make_pipeline(transformer, LogisticRegression()).fit(X, y)
    expected = gradient_at(pipeline, X, y)
    turned = gradient_at(pipeline, X[columns[::-1]].assign(more=1.0), y)
    assert_array_equal(turned[:, 4], 0)
    assert_allclose(turned[:, 3::-1], expected)


def gradient_at(estimator, X, y, space="input", **options):
    target, points = attackable(estimator, X, space=space, **options)
    return target.gradient(points, target.class_indices(y))


@pytest.mark.parametrize("scaler", [MinMaxScaler(clip=True), MaxAbsScaler(clip=True)])
def test_a_clipped_value_has_the_slope_of_the_border(scaler):
    X = np.array([[0.0, -3.0], [1.0, 3.0]])
    adapter = adapter_of(scaler.fit(X), transform=True)
    output, pull = adapter.vjp(np.array([[1.0, 3.0], [1.5, 0.0], [0.5, -4.0]]))
    assert_array_equal(output[1, 0], output[0, 0])
    gradient = pull(ScaledRows.of(np.ones((3, 2)))).dense()
    assert_array_equal(gradient, gradient[[0, 0, 0]])
    assert (gradient > 0).all()


def unclipped(estimator, X):
    target, _ = attackable(estimator, X, space="input")
    return np.broadcast_arrays(*target.unclipped, X[0])[:2]


class TestUnclipped:
    """Ranges of X outside of which nothing changes, against what the estimators compute."""

    X = np.array([[-2.0, 10], [6, 30], [0, 25], [2, 15]])
    y = np.array([0, 1, 0, 1])

    @pytest.mark.parametrize(
        ("steps", "expected"),
        [
            ((MinMaxScaler(clip=True),), [[-2, 10], [6, 30]]),
            ((MinMaxScaler((-1, 3), clip=True),), [[-2, 10], [6, 30]]),
            ((MinMaxScaler(),), [[-np.inf] * 2, [np.inf] * 2]),
            ((MaxAbsScaler(clip=True),), [[-6, -30], [6, 30]]),
            ((StandardScaler(), "passthrough", MinMaxScaler(clip=True)), [[-2, 10], [6, 30]]),
            (
                (MaxAbsScaler(clip=True), RobustScaler(), MinMaxScaler(clip=True)),
                [[-2, 10], [6, 30]],
            ),
            ((MinMaxScaler(clip=True), PCA()), [[-2, 10], [6, 30]]),
            ((PCA(), MinMaxScaler(clip=True)), [[-np.inf] * 2, [np.inf] * 2]),
        ],
    )
    def test_steps(self, steps, expected):
        model = make_pipeline(*steps, LogisticRegression()).fit(self.X, self.y)
        low, high = unclipped(model, self.X)
        assert_allclose([low, high], expected, atol=1e-12)
        if np.isfinite(expected).all():
            far = np.array([low - 5, high + 7])
            assert_allclose(
                model.decision_function(far), model.decision_function([low, high]), atol=1e-12
            )

    def test_our_networks_alone_and_in_ensembles(self):
        network = STDPClassifier((4,), max_iter=1, random_state=0)
        expected = self.X.min(axis=0), self.X.max(axis=0)
        model = network.fit(self.X, self.y)
        assert_allclose(unclipped(model, self.X), expected)
        voting = VotingClassifier([("a", network)], voting="soft").fit(self.X, self.y)
        assert_allclose(unclipped(voting, self.X), expected)
        # Of what one member clips, another may not.
        voting = VotingClassifier([("a", network), ("b", LogisticRegression())], voting="soft")
        assert_array_equal(
            unclipped(voting.fit(self.X, self.y), self.X), [[-np.inf] * 2, [np.inf] * 2]
        )
        bagging = BaggingClassifier(network, 3, bootstrap=False, random_state=0)
        assert_allclose(unclipped(bagging.fit(self.X, self.y), self.X), expected)
        bagging.set_params(max_features=1, n_estimators=1).fit(self.X, self.y)
        (seen,) = bagging.estimators_features_[0]
        low, high = unclipped(bagging, self.X)
        assert (low[seen], high[seen]) == pytest.approx((expected[0][seen], expected[1][seen]))
        assert low[1 - seen] > high[1 - seen]


class TestSaturation:
    """Slopes that round to zero, where an attack must still know the way."""

    @pytest.mark.parametrize("activation", ["tanh", "logistic"])
    def test_hidden_units_of_an_mlp(self, activation):
        X, y = data(3)
        model = mlp(activation).fit(X, y)
        expected = np.sign(gradient_at(model, X, y))
        model.coefs_[0] *= 3000
        model.intercepts_[0] *= 3000
        gradient = gradient_at(model, X, y)
        assert gradient.any(axis=1).all()
        assert np.isfinite(gradient).all()
        assert (expected != 0).all()

    # Rows at which all rectified units are silent, and a network of them that predicts one class.
    @pytest.mark.filterwarnings("ignore::skstdp.GradientMaskingWarning")
    @pytest.mark.filterwarnings("ignore::skstdp.ConstantPredictionWarning")
    @pytest.mark.parametrize("activation", ["identity", "logistic", "relu", "tanh"])
    @pytest.mark.parametrize("n_classes", [2, 3])
    @pytest.mark.parametrize("scale", [1e-3, 50.0, 1e3])
    def test_scale_of_the_logits_of_an_mlp(self, activation, n_classes, scale):
        X, y = data(n_classes)
        model = mlp(activation).fit(X, y)
        expected = np.sign(gradient_at(model, X, y))
        scores = [FGSMScorer(e)(model, X, y) for e in (0.1, 0.3, 0.6)]
        model.coefs_[-1] *= scale
        model.intercepts_[-1] *= scale
        assert_array_equal(np.sign(gradient_at(model, X, y)), expected)
        assert [FGSMScorer(e)(model, X, y) for e in (0.1, 0.3, 0.6)] == scores

    def test_probabilities_of_a_saturated_member(self):
        """In a vote of one the direction is that of its own logits, whatever their scale."""
        X, y = data(3)
        network = LogisticRegression(C=1e6, max_iter=10000).fit(X, y)
        network.coef_ *= 1e3
        network.intercept_ *= 1e3
        voting = VotingClassifier([("one", FrozenEstimator(network))], voting="soft").fit(X, y)
        assert (voting.predict_proba(X).max(axis=1) == 1).mean() > 0.9
        ours = gradient_at(voting, X, y)
        expected = gradient_at(network, X, y)
        ours, expected = (g / np.linalg.norm(g, axis=1, keepdims=True) for g in (ours, expected))
        assert_allclose(ours, expected, atol=1e-9)

    def test_tie_of_saturated_members_is_broken_as_predict_does(self):
        X = np.array([[0.25], [0.75]])
        up, down = (LogisticRegression().fit(X, [0, 1]) for _ in range(2))
        for model, slope in ((up, 1e5), (down, -2e5)):
            model.coef_[:], model.intercept_[:] = slope, -slope / 2
        members = [("up", FrozenEstimator(up)), ("down", FrozenEstimator(down))]
        voting = VotingClassifier(members, voting="soft").fit(X, [0, 1])
        assert_array_equal(voting.predict_proba(X), 0.5)
        target, points = attackable(voting, X)
        for index in (0, 1):
            margins, _ = target.margins_and_gradient(points, np.full(2, index))
            assert_array_equal(margins < 0, voting.predict(X) != index)

    def test_sums_over_members_of_different_saturation(self):
        """Each member's share of the sum, in decimals of 60 digits."""
        X = np.array([[0.3, 0.9]])
        steep, flat = (
            MLPClassifier((1,), "logistic", solver="lbfgs", max_iter=1) for _ in range(2)
        )
        weights = {"steep": (900.0, -700.0), "flat": (2.0, 1.0)}
        for model, (w, v) in zip((steep, flat), weights.values(), strict=True):
            model.fit([[0.0, 0.0], [1.0, 1.0]], [0, 1])
            model.coefs_ = [np.array([[w], [v]]), np.array([[1.0]])]
            model.intercepts_ = [np.zeros(1), np.zeros(1)]
        for number in (1.0, 1e-180):
            flat.coefs_[1] = np.array([[number]])
            voting = VotingClassifier(
                [("a", FrozenEstimator(steep)), ("b", FrozenEstimator(flat))], voting="soft"
            ).fit(X.repeat(2, axis=0), [0, 1])
            ours = adapter_of(voting)
            _, pull = ours.vjp(X)
            gradient = pull(ScaledRows.of(np.array([[-1.0, 1.0]]))).normalised().values[0]
            expected = exact_vote_gradient(X[0], [steep, flat])
            assert_allclose(gradient / np.abs(gradient).max(), expected, rtol=1e-9)


def exact_vote_gradient(row, networks):
    """Gradient of log(mean p_1) - log(mean p_0) by the chain rule, over its largest entry."""
    decimal.getcontext().prec = 60
    exact = decimal.Decimal
    ones, slopes = [], []
    for network in networks:
        w = [exact(float(value)) for value in network.coefs_[0][:, 0]]
        v = exact(float(network.coefs_[1][0, 0]))
        hidden = 1 / (1 + (-sum(wi * exact(float(x)) for wi, x in zip(w, row, strict=True))).exp())
        p = 1 / (1 + (-v * hidden).exp())
        ones.append(p)
        slopes.append([p * (1 - p) * v * hidden * (1 - hidden) * wi for wi in w])
    mean = sum(ones)
    factor = 1 / mean + 1 / (len(ones) - mean)
    total = [factor * sum(column) for column in zip(*slopes, strict=True)]
    largest = max(map(abs, total))
    return [float(value / largest) for value in total]


@pytest.mark.parametrize("name", ROUGH)
def test_stand_in_for_the_gradient_of_neighbours(name, iris):
    X, y = iris
    estimator = ROUGH[name].fit(X, y)
    majority = {1: 1, 4: 3, 5: 3}[estimator.n_neighbors]
    inside = points_inside(X)
    adapter = adapter_of(estimator)
    scores, _ = adapter.vjp(inside)
    for row, ours in zip(inside, scores, strict=True):
        for c, score in zip(estimator.classes_, ours, strict=True):
            squares = sorted(np.sum((X[y == c] - row) ** 2, axis=1))[:majority]
            assert_allclose(score, -np.mean(squares))
    assert_pull_is_that_of_finite_differences(adapter.vjp, inside)


@pytest.mark.parametrize("name", [*SMOOTH, *ROUGH])
def test_margins_are_negative_exactly_where_the_decision_is_wrong(name):
    X, y = data(3)
    estimator = (SMOOTH | ROUGH)[name].fit(X[::2], y[::2])
    labels = np.roll(y, 13)
    target, points = attackable(estimator, X, space="input")
    margins, _ = target.margins_and_gradient(points, target.class_indices(labels))
    assert_array_equal(margins < 0, estimator.predict(X) != labels)


def test_decisions_of_pairs_are_those_of_scikit_learn():
    X, y = data(3)
    svc = SVC(decision_function_shape="ovo").fit(X, y)
    decisions, _ = adapter_of(svc).pair_decisions(X)
    assert_allclose(decisions, svc.decision_function(X), rtol=1e-9)


def test_far_support_vectors_do_not_hide_the_gradient():
    """Kernels of exp(-5000) are zero, yet the nearest vector says where to go."""
    svc = SVC(gamma=1e4, C=10).fit([[0.0, 0.0], [1.0, 1.0]], [0, 1])
    gradient = gradient_at(svc, np.array([[0.1, 0.5], [0.9, 0.5]]), np.array([1, 1]))
    # From the first row the vector of class 0 is nearer: away from it.
    assert_array_equal(np.sign(gradient), [[1, 1], [1, 1]])


def test_neighbours_are_left_for_the_nearest_sample_of_another_class():
    X = np.array([[0.2, 0.5], [0.8, 0.5], [0.2, 0.9]])
    target, points = attackable(KNeighborsClassifier(1).fit(X, [0, 1, 2]), [[0.3, 0.55]])
    margins, gradient = target.margins_and_gradient(points, np.array([0]))
    assert_allclose(margins, (0.1**2 + 0.35**2) - (0.1**2 + 0.05**2))
    assert_allclose(gradient, [[0.0, -0.8]], atol=1e-12)


@pytest.mark.parametrize("name", ["BP", "MLP tanh", "SVC", "centroids", "pipeline"])
def test_float32_stays(name):
    X, y = data(3)
    estimator = SMOOTH[name].fit(X.astype(np.float32), y)
    for space in ("model", "input"):
        target, points = attackable(estimator, X.astype(np.float32), space=space)
        gradient = target.gradient(points, target.class_indices(y))
        assert points.dtype == gradient.dtype == np.float32


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("ensemble", [True, False])
def test_isotonic_calibration(n_classes, ensemble):
    """At points of ramps that are wide enough for a difference to lie within one of them."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 2))
    y = np.digitize(X[:, 0] + rng.normal(0, 0.7, 300), [-0.5, 0.5][: n_classes - 1])
    model = calibrated(LinearDiscriminantAnalysis(), "isotonic", ensemble=ensemble).fit(X, y)
    adapter = adapter_of(model)
    # The samples themselves are at the ends of ramps.
    X = rng.normal(size=(800, 2))
    log_proba, pull = adapter.log_proba(X)
    assert_allclose(np.exp(log_proba), model.predict_proba(X), atol=1e-12)
    cotangent = rng.normal(size=log_proba.shape)
    ours = pull(ScaledRows.of(cotangent)).dense()

    def slopes(size):
        columns = []
        for step in np.eye(2) * size:
            change = adapter.log_proba(X + step)[0] - adapter.log_proba(X - step)[0]
            columns.append((change * cotangent).sum(axis=1) / (2 * size))
        return np.column_stack(columns)

    near, wide = slopes(1e-6), slopes(1e-4)
    ramps = np.isclose(near, wide, rtol=1e-3).all(axis=1) & (np.abs(near) > 1e-3).all(axis=1)
    ramps &= (log_proba > -20).all(axis=1)
    assert ramps.sum() > 20
    assert_allclose(ours[ramps], near[ramps], rtol=1e-4)


def test_flat_parts_of_isotonic_calibration_have_the_direction_of_the_decision():
    X, y = data(2)
    linear = LinearDiscriminantAnalysis().fit(X, y)
    steps = CalibratedClassifierCV(FrozenEstimator(linear), method="isotonic").fit(X, y)
    assert (np.isin(steps.predict_proba(X), [0, 1]).all(axis=1)).mean() > 0.5
    expected = np.sign(gradient_at(linear, X, y))
    assert_array_equal(np.sign(gradient_at(steps, X, y)), expected)
    assert FGSMScorer(1.0)(steps, X, y) < steps.score(X, y) - 0.5


class TestSpaces:
    def test_model_space_is_what_the_last_step_sees(self, iris_frame):
        X, y = iris_frame
        pipeline = make_pipeline(StandardScaler().set_output(transform="pandas"), SVC())
        search = GridSearchCV(pipeline, {"svc__C": [0.1, 10]}, cv=3).fit(X, y)
        target, points = attackable(search, X)
        assert target.estimator is search.best_estimator_[-1]
        assert target.names == list(X.columns)
        assert_array_equal(points, search.best_estimator_[0].transform(X))
        assert_array_equal(target.predict(points), search.predict(X))

    @pytest.mark.parametrize("space", ["model", "input"])
    def test_a_pipeline_of_nothing_before_the_last_step(self, space):
        X, y = load_iris(return_X_y=True)
        model = make_pipeline(make_pipeline("passthrough"), SVC()).fit(X, y)
        attacked = fgsm(model, X, y, epsilon=0.3, space=space)
        assert_array_equal(attacked, fgsm(model[-1], X, y, epsilon=0.3, space=space))

    def test_input_space_is_what_the_user_has(self, iris_frame):
        X, y = iris_frame
        pipeline = make_pipeline(StandardScaler(), SVC()).fit(X, y)
        target, points = attackable(pipeline, X, space="input")
        assert target.estimator is pipeline
        assert_array_equal(points, X)
        scale = pipeline[0].scale_
        assert_allclose(gradient_at(pipeline, X, y), gradient_at(pipeline, X, y, "model") / scale)

    def test_rates_of_our_networks(self):
        X, y = data(3)
        network = STDPClassifier(**NETWORK).fit(X, y)
        target, points = attackable(network, X)
        assert_array_equal(points, network.encoder_.transform(X))
        assert_array_equal(target.box, [[0.0] * 4, [1.0] * 4])
        # Into the input goes the same slope for a rate, times what the encoder makes of X; of the
        # rows the direction counts.
        rows = [gradient_at(network, X, y), gradient_at(network, X, y, "model")]
        rows[1] = rows[1] * network.encoder_.scale_
        into_x, by_hand = (g / np.abs(g).max(axis=1, keepdims=True) for g in rows)
        assert_allclose(into_x, by_hand)


# What is made of transformers, or of networks, which are some.
TRANSFORMING = {
    **{
        f"{name} before a network": make_pipeline(step, StandardScaler(), BPClassifier(**NETWORK))
        # Where it is to make frames, scikit-learn cannot fit these columns.
        for name, step in TRANSFORMERS.items()
        if name != "columns"
    },
    **{name: SMOOTH[name] for name in ("STDP", "soft voting", "pipeline of rates", "pipeline")},
    "bagged networks": BaggingClassifier(STDPClassifier(**NETWORK), 2, random_state=0),
    "calibrated network": calibrated(STDPClassifier(**NETWORK)),
    "network against the rest": OneVsRestClassifier(BPClassifier(**NETWORK)),
    "hidden rates": make_pipeline(STDPClassifier(**NETWORK), LogisticRegression()),
}


@pytest.mark.filterwarnings("ignore:When `set_output` is configured:UserWarning")
# Rates of hidden units differ little.
@pytest.mark.filterwarnings("ignore:Got epsilon=0.3, more than the whole range:UserWarning")
@pytest.mark.parametrize("output", ["pandas", "polars"])
@pytest.mark.parametrize("name", TRANSFORMING)
def test_output_of_transformers_in_frames_changes_nothing(name, output):
    pytest.importorskip(output)
    X, y = (part[::3] for part in data(3))
    model = TRANSFORMING[name]

    def attacked():
        fitted = clone(model).fit(X, y)
        return [fgsm(fitted, X, y, epsilon=0.3, space=space) for space in ("model", "input")]

    expected = attacked()
    with config_context(transform_output=output):
        for new, old in zip(attacked(), expected, strict=True):
            # In units of the columns, a value near zero is the difference of larger ones.
            assert_allclose(new, old, rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("output", ["pandas", "polars"])
def test_output_of_transformers_in_frames_leaves_searches_scores(output):
    pytest.importorskip(output)
    X, y = data(3)
    network = make_pipeline(STDPClassifier(max_iter=60, random_state=0))
    grid = {"stdpclassifier__weight_decay": [0, 0.1]}
    scoring = {space: FGSMScorer(0.1, space=space) for space in ("model", "input")}
    with config_context(transform_output=output):
        search = GridSearchCV(network, grid, cv=2, scoring=scoring, refit="input").fit(X, y)
    for space in scoring:
        assert np.isfinite(search.cv_results_[f"mean_test_{space}"]).all()


class TestThresholds:
    @pytest.mark.parametrize("positive", [None, "versicolor", "virginica"])
    @pytest.mark.parametrize("threshold", ["auto", 0.2, 0.9])
    @pytest.mark.parametrize("method", ["predict_proba", "decision_function"])
    @pytest.mark.parametrize(
        "inner",
        [LogisticRegression(), make_pipeline(StandardScaler(), BPClassifier(**NETWORK))],
        ids=["linear", "network"],
    )
    def test_shift_the_margin(self, inner, method, threshold, positive):
        X, y = data(2)
        model = FixedThresholdClassifier(
            inner, threshold=threshold, pos_label=positive, response_method=method
        ).fit(X, y)
        adapter = adapter_of(model)
        scores, _ = adapter.vjp(X)
        assert_array_equal(model.classes_[scores.argmax(axis=1)], model.predict(X))
        assert_pull_is_that_of_finite_differences(adapter.vjp, points_inside(X))
        # The probabilities and decisions are those without a threshold.
        assert_allclose(np.exp(adapter.log_proba(X)[0]), model.predict_proba(X), atol=1e-9)
        assert_allclose(adapter.decision(X)[0][:, 0], model.decision_function(X), rtol=1e-6)

    @pytest.mark.filterwarnings("ignore::skstdp.ConstantPredictionWarning")
    @pytest.mark.parametrize(("threshold", "label"), [(0, "virginica"), (1.5, "versicolor")])
    def test_that_nothing_or_everything_passes(self, threshold, label):
        X, y = data(2)
        model = FixedThresholdClassifier(LogisticRegression(), threshold=threshold).fit(X, y)
        assert (model.predict(X) == label).all()
        assert FGSMScorer(1.0)(model, X, y) == 0.5
        gradient = gradient_at(model, X, y)
        assert np.isfinite(gradient).all()
        assert gradient.any(axis=1).all()

    def test_that_was_tuned(self):
        X, y = data(2)
        model = TunedThresholdClassifierCV(
            LogisticRegression(), scoring=make_scorer(f1_score, pos_label="versicolor"), cv=3
        ).fit(X, y)
        scores, _ = adapter_of(model).vjp(X)
        assert_array_equal(model.classes_[scores.argmax(axis=1)], model.predict(X))
        for space in ("model", "input"):
            for scorer in (FGSMScorer, partial(PGDScorer, n_steps=3)):
                analytic, differences = (
                    scorer(0.3, space=space, gradient=gradient)(model, X, y)
                    for gradient in ("analytic", "finite-differences")
                )
                assert analytic == differences < model.score(X, y) - 0.1


class TestNetworksOfRatesInside:
    """Where a network is not defined, what is around it is not either."""

    @pytest.mark.parametrize("gradient", ["analytic", "finite-differences"])
    @pytest.mark.parametrize("space", ["model", "input"])
    @pytest.mark.parametrize(
        "wrap",
        [
            lambda network: network,
            lambda network: BaggingClassifier(network, 2, max_features=3, random_state=0),
            lambda network: VotingClassifier(members(network), voting="soft"),
            calibrated,
            OneVsRestClassifier,
            OneVsOneClassifier,
            lambda network: make_pipeline("passthrough", FixedThresholdClassifier(network)),
        ],
        ids=["alone", "bagging", "voting", "calibrated", "rest", "pairs", "threshold"],
    )
    def test_attacks_stay_within(self, wrap, space, gradient):
        X, y = data(2)
        X = MinMaxScaler(clip=True).fit_transform(X)
        model = wrap(STDPClassifier(rate_encoding="none", **NETWORK)).fit(X, y)
        new = fgsm(model, X, y, epsilon=0.6, space=space, gradient=gradient)
        assert new.min() == 0
        assert new.max() == 1

    @pytest.mark.parametrize("gradient", ["analytic", "finite-differences"])
    @pytest.mark.parametrize(
        "scalers",
        [
            [MinMaxScaler()],
            [StandardScaler(with_mean=False), RobustScaler(with_scaling=False), MinMaxScaler()],
            [make_pipeline(RobustScaler(), MaxAbsScaler()), MinMaxScaler((0.25, 0.75))],
        ],
        ids=["one", "several", "nested"],
    )
    def test_attacks_stay_within_behind_scalers(self, scalers, gradient):
        X, y = data(2)
        network = STDPClassifier(rate_encoding="none", **NETWORK)
        model = make_pipeline(*scalers, network).fit(X, y)
        new = fgsm(model, X, y, epsilon=2.0, space="input", gradient=gradient)
        rates = model[:-1].transform(new)
        assert_allclose([rates.min(), rates.max()], [0, 1], atol=1e-12)
        target, _ = attackable(
            make_pipeline(MinMaxScaler(clip=True), network).fit(X, y), X, space="input"
        )
        assert np.isinf(target.box).all()


class TestText:
    """Of columns that only the steps inside a classifier make numbers of."""

    @pytest.mark.parametrize("library", ["pandas", "polars", "array"])
    @pytest.mark.parametrize(
        "wrap",
        [calibrated, OneVsRestClassifier, lambda m: VotingClassifier(members(m), voting="soft")],
        ids=["calibrated", "rest", "voting"],
    )
    def test_is_for_the_input_space(self, wrap, library):
        X, y = data(2)
        X = pd.DataFrame({"size": np.where(X[:, 0] > 6, "big", "small"), "width": X[:, 3]})
        names = ["size", "width"]
        if library == "polars":
            X = pytest.importorskip("polars").from_pandas(X)
        elif library == "array":
            X, names = X.to_numpy(dtype=object), [0, 1]
        columns = ColumnTransformer(
            [("c", OneHotEncoder(), names[:1]), ("n", StandardScaler(), names[1:])]
        )
        model = wrap(make_pipeline(columns, LogisticRegression())).fit(X, y)
        with pytest.raises(
            ValueError,
            match=rf"Got '(big|small)' in the column {names[0]!r} of X, .* on "
            rf"{type(model).__name__} .*Attack in space='input', with immutable=\[{names[0]!r}\]",
        ):
            FGSMScorer(0.3)(model, X, y)
        scorer = FGSMScorer(0.5, space="input", immutable=names[:1])
        assert scorer(model, X, y) < model.score(X, y) - 0.1

    def test_that_the_classifier_does_not_take_either_is_scikit_learns_error(self):
        X, y = data(2)
        model = calibrated(LogisticRegression()).fit(X, y)
        with pytest.raises(ValueError, match="could not convert string to float: 'a'"):
            FGSMScorer()(model, np.full(X.shape, "a", dtype=object), y)

    @pytest.mark.parametrize(
        "model",
        [
            StackingClassifier([("a", LogisticRegression())]),
            AdaBoostClassifier(LogisticRegression()),
        ],
        ids=["stacking", "boosting"],
    )
    def test_other_ensembles_are_refused_by_name(self, model):
        X, y = data(2)
        message = rf"type {type(model).__name__}, .*no gradient is known.*'finite-differences'"
        with pytest.raises(TypeError, match=message):
            FGSMScorer()(model.fit(X, y), X, y)


class Sampler(BaseEstimator):
    """A step that changes the samples of `fit` alone, as those of imbalanced-learn."""

    def fit_resample(self, X, y):
        return np.repeat(X, 2, axis=0), np.repeat(y, 2)


class SamplingPipeline(Pipeline):
    def _validate_steps(self):
        pass

    def _iter(self, *args, **kwargs):
        for step in super()._iter(*args, **kwargs):
            if not hasattr(step[2], "fit_resample"):
                yield step


class TestSamplers:
    @pytest.mark.parametrize("space", ["model", "input"])
    @pytest.mark.parametrize("gradient", ["analytic", "finite-differences"])
    @pytest.mark.parametrize(
        "names", [["sampler", "scaler"], ["scaler", "sampler"], ["sampler"], ["scaler"]]
    )
    def test_are_passed_over(self, names, space, gradient):
        X, y = data(3)
        steps = {"sampler": Sampler(), "scaler": StandardScaler()}
        last = ("last", BPClassifier(**NETWORK))
        model = SamplingPipeline([*[(name, steps[name]) for name in names], last]).fit(X, y)
        options = {"epsilon": 0.1, "space": space, "gradient": gradient}
        for estimator in (model, GridSearchCV(model, {}, cv=2).fit(X, y)):
            fitted = getattr(estimator, "best_estimator_", estimator).steps
            plain = Pipeline([step for step in fitted if step[0] != "sampler"])
            assert_array_equal(fgsm(estimator, X, y, **options), fgsm(plain, X, y, **options))

    def test_of_imbalanced_learn(self):
        pipelines = pytest.importorskip("imblearn.pipeline")
        from imblearn.ensemble import BalancedBaggingClassifier
        from imblearn.over_sampling import SMOTE

        X, y = data(3)
        model = pipelines.make_pipeline(
            StandardScaler(), SMOTE(random_state=0), STDPClassifier(max_iter=60, random_state=0)
        )
        for space in ("model", "input"):
            scores = cross_val_score(model, X, y, cv=2, scoring=FGSMScorer(0.1, space=space))
            assert np.isfinite(scores).all()
            bag = BalancedBaggingClassifier(LogisticRegression(), 2, random_state=0).fit(X, y)
            assert FGSMScorer(0.5, space=space)(bag, X, y) < bag.score(X, y) - 0.1


class TestOwnGradient:
    """The public protocol, followed by estimators that nobody has heard of."""

    class Cubic(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            self.classes_ = np.unique(y)
            self.centres_ = np.array([X[y == c].mean(axis=0) for c in self.classes_])
            return self

        def decision_function(self, X):
            scores = -(np.abs(X[:, None] - self.centres_) ** 3).sum(axis=2)
            return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

        def predict(self, X):
            scores = self.decision_function(X)
            if len(self.classes_) == 2:
                return self.classes_[(scores > 0).astype(int)]
            return self.classes_[scores.argmax(axis=1)]

        def input_gradient(self, X, cotangent):
            if len(self.classes_) == 2:
                assert cotangent.shape == (len(X),)
                cotangent = cotangent[:, np.newaxis] * [-1, 1]
            offsets = X[:, None] - self.centres_
            return np.einsum("sc,scf->sf", cotangent, -3 * offsets * np.abs(offsets))

    class Turned(TransformerMixin, BaseEstimator):
        def fit(self, X, y=None):
            self.fitted_ = True
            return self

        def transform(self, X):
            return np.sin(X[:, ::-1])

        def input_gradient(self, X, cotangent):
            return (cotangent * np.cos(X[:, ::-1]))[:, ::-1]

    @pytest.mark.parametrize("n_classes", [2, 3])
    def test_alone_in_a_pipeline_and_in_an_ensemble(self, n_classes):
        X, y = data(n_classes)
        own = self.Cubic().fit(X, y)
        chain = make_pipeline(StandardScaler(), self.Turned(), self.Cubic()).fit(X, y)
        bag = BaggingClassifier(self.Cubic(), 3, random_state=0).fit(X, y)
        for estimator in (own, chain, bag):
            adapter = adapter_of(estimator)
            assert_pull_is_that_of_finite_differences(adapter.vjp, points_inside(X))
            assert FGSMScorer(0.5, space="input")(estimator, X, y) < estimator.score(X, y)

    def test_of_another_shape(self):
        X, y = data(3)

        class Wrong(self.Cubic):
            def input_gradient(self, X, cotangent):
                return cotangent

        with pytest.raises(
            ValueError, match=r"Got a gradient of shape \(150, 3\) from .* of Wrong"
        ):
            gradient_at(Wrong().fit(X, y), X, y)

    def test_probabilities_that_are_the_softmax(self):
        X, y = data(3)

        class Probable(self.Cubic):
            def predict_proba(self, X):
                return softmax(self.decision_function(X), axis=1)

        voting = VotingClassifier([("own", Probable())], voting="soft").fit(X, y)
        assert_pull_is_that_of_finite_differences(adapter_of(voting).vjp, points_inside(X))

    def test_without_decision_function(self):
        X, _ = data(2)
        turned = self.Turned().fit(X)
        with pytest.raises(TypeError, match=r"type Turned .* without decision_function"):
            adapter_of(turned)

    def test_probabilities_that_are_not_the_softmax(self):
        X, y = data(2)

        class Probable(self.Cubic):
            def predict_proba(self, X):
                p = 1 / (1 + np.exp(-2 * self.decision_function(X)))
                return np.column_stack([1 - p, p])

        voting = VotingClassifier([("own", Probable())], voting="soft").fit(X, y)
        with pytest.raises(TypeError, match=r"type Probable.*no gradient of probabilities"):
            gradient_at(voting, X, y)


class TestFiniteDifferences:
    @pytest.mark.parametrize("name", ["BP", "MLP tanh", "SVC", "pipeline", "soft voting"])
    def test_are_near_the_analytic_gradient(self, name):
        X, y = data(3)
        estimator = SMOOTH[name].fit(X, y)
        X = points_inside(X)
        y = np.resize(estimator.classes_, len(X))
        for space in ("model", "input"):
            analytic, differences = (
                gradient_at(estimator, X, y, space, gradient=kind)
                for kind in ("analytic", "finite-differences")
            )
            cosines = np.sum(analytic * differences, axis=1)
            cosines /= np.linalg.norm(analytic, axis=1) * np.linalg.norm(differences, axis=1)
            assert_allclose(cosines, 1, atol=1e-6)

    def test_do_for_what_has_no_adapter(self):
        X, y = data(3)
        model = GaussianNB().fit(X, y)
        clean = model.score(X, y)
        assert FGSMScorer(0.5, gradient="finite-differences")(model, X, y) < clean - 0.2

    def test_stay_within_the_rates(self):
        X = np.array([[0.0], [1.0]])
        network = BPClassifier(rate_encoding="none", max_iter=1).fit(X, [0, 1])
        differences = gradient_at(network, X, [0, 1], "model", gradient="finite-differences")
        _, pull = adapter_of(network).from_rates(X)
        expected = pull(ScaledRows.of(np.array([[1.0, -1.0], [-1.0, 1.0]]))).dense()
        assert_allclose(differences, expected, rtol=1e-4)

    def test_of_whole_numbers_are_over_whole_steps(self):
        X = pd.DataFrame({"n": [0, 1, 2, 3], "x": [0.1, 0.4, 0.2, 0.7]})
        model = LogisticRegression().fit(X, [0, 0, 1, 1])
        differences = gradient_at(model, X, [0, 0, 1, 1], gradient="finite-differences")
        assert_allclose(differences, gradient_at(model, X, [0, 0, 1, 1]), rtol=1e-6)

    @pytest.mark.parametrize("n_classes", [3, 4])
    @pytest.mark.parametrize(
        "wrap",
        [
            lambda svm: svm,
            lambda svm: make_pipeline("passthrough", svm),
            lambda svm: GridSearchCV(svm, {"shrinking": [True]}, cv=2),
            lambda svm: BaggingClassifier(svm, 1, bootstrap=False),
            lambda svm: RFE(svm, n_features_to_select=4),
            lambda svm: BaggingClassifier(
                GridSearchCV(make_pipeline(svm), {}, cv=2), 1, bootstrap=False
            ),
        ],
        ids=["alone", "pipeline", "search", "bagging", "elimination", "several"],
    )
    @pytest.mark.parametrize("svm", [SVC, NuSVC])
    def test_of_decisions_by_pairs(self, svm, wrap, n_classes):
        """Each of these is the same classifier, whatever its `decision_function` returns."""
        X, y = load_iris(return_X_y=True)
        y[:20] = 3 if n_classes == 4 else 0
        settings = {"kernel": "linear", "nu": 0.1} if svm is NuSVC else {"kernel": "linear"}
        alone = svm(**settings).fit(X, y)
        pairs = wrap(svm(decision_function_shape="ovo", **settings)).fit(X, y)
        assert_array_equal(pairs.predict(X), alone.predict(X))
        kind = {"space": "input", "gradient": "finite-differences"}
        assert_array_equal(
            gradient_at(pairs, X, alone.predict(X), **kind),
            gradient_at(alone, X, alone.predict(X), **kind),
        )
        for scorer in (FGSMScorer, partial(PGDScorer, n_steps=3, n_restarts=1)):
            score = scorer(0.6, gradient="finite-differences")(pairs, X[::5], y[::5])
            assert score == scorer(0.6)(alone, X[::5], y[::5]) < alone.score(X, y) - 0.2

    def test_of_decisions_that_are_not_of_classes(self):
        X, y = load_iris(return_X_y=True)
        y[:25] = 3

        class Wrapped(ClassifierMixin, BaseEstimator):
            def fit(self, X, y):
                self.within_ = SVC(decision_function_shape="ovo").fit(X, y)
                self.classes_ = self.within_.classes_
                return self

            def decision_function(self, X):
                return self.within_.decision_function(X)

        with pytest.raises(
            ValueError, match=r"Got 6 columns from decision_function of Wrapped.*the 4 classes"
        ):
            FGSMScorer(gradient="finite-differences")(Wrapped().fit(X, y), X, y)

    def test_need_scores(self):
        X, y = data(3)
        model = VotingClassifier(members(LogisticRegression())).fit(X, y)
        with pytest.raises(
            TypeError, match=r"type VotingClassifier.*decision_function or predict_p"
        ):
            gradient_at(model, X, y, gradient="finite-differences")


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (SVC(kernel=lambda a, b: a @ b.T), "Got kernel=.* in SVC.*expected 'linear' or .*'rbf'"),
        (NearestCentroid(metric="manhattan"), "Got metric='manhattan' in NearestCentroid"),
        (NearestCentroid(priors=[0.2, 0.3, 0.5]), "Got priors=.* in NearestCentroid"),
        (KNeighborsClassifier(p=1), "Got metric='manhattan' in KNeighborsClassifier"),
    ],
)
def test_what_has_no_gradient_here_is_refused(estimator, message):
    X, y = data(3)
    with pytest.raises(ValueError, match=message):
        attackable(estimator.fit(X, y), X)


def test_several_labels_a_sample_are_refused():
    X, y = data(3)
    Y = np.column_stack([y == "setosa", y == "virginica"])
    network = MLPClassifier((3,), max_iter=3).fit(X, Y)
    Y = Y.astype(int)
    others = [RidgeClassifier().fit(X, Y), OneVsRestClassifier(LinearSVC()).fit(X, Y)]
    for model in (network, *others):
        with pytest.raises(ValueError, match=rf"type {type(model).__name__} .*several labels"):
            adapter_of(model)


@pytest.mark.parametrize(
    "make",
    [
        RandomForestClassifier,
        DecisionTreeClassifier,
        HistGradientBoostingClassifier,
        lambda: BaggingClassifier(DecisionTreeClassifier()),
        lambda: make_pipeline(StandardScaler(), RandomForestClassifier()),
    ],
)
def test_trees_are_refused_with_the_remedy(make):
    X, y = data(2)
    message = (
        r"type \w*(Forest|Tree|Boosting)\w*.*trees are .*constant"
        ".*thresholds.*WorstCaseScorer.*robustness_report"
    )
    with pytest.raises(TypeError, match=message):
        FGSMScorer()(make().fit(X, y), X, y)


def test_step_without_gradient_is_named_in_input_space_and_does_not_matter_in_model_space():
    X, y = data(2)
    model = make_pipeline(RandomTreesEmbedding(3, random_state=0), LogisticRegression()).fit(X, y)
    with pytest.raises(TypeError, match="type RandomTreesEmbedding"):
        attackable(model, X, space="input")
    assert FGSMScorer(0.5)(model, X, y) < model.score(X, y)


def test_columns_that_one_of_several_transformers_takes_for_categories():
    X = pd.DataFrame({"a": [0, 1, 2, 1], "b": [0.5, 1.5, 0.25, 1.0], "c": [1, 1, 0, 0]})
    codes = FeatureUnion([("codes", OneHotEncoder()), ("same", "passthrough")])
    columns = ColumnTransformer([("u", codes, ["c", "a"])], remainder=StandardScaler())
    model = make_pipeline("passthrough", columns, "passthrough", LogisticRegression())
    target, _ = attackable(model.fit(X, [0, 0, 1, 1]), X, space="input")
    assert target.must_stay() == dict.fromkeys([0, 2], "is encoded as categories")


def test_columns_of_which_a_step_makes_what_another_encodes():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(40, 4)), columns=list("abcd"))
    y = (X["a"] > 0).astype(int)
    bins = KBinsDiscretizer(3, encode="ordinal", strategy="uniform")
    first = ColumnTransformer(
        [("pca", PCA(1), ["b", "d"]), ("same", StandardScaler(), ["a", "c"])]
    )
    for steps, expected in [
        ([PCA(2), bins], [0, 1, 2, 3]),
        ([first, ColumnTransformer([("bins", bins, [0])], remainder="passthrough")], [1, 3]),
        ([first, ColumnTransformer([("bins", bins, [2])], remainder="passthrough")], [2]),
        ([FeatureUnion([("s", StandardScaler()), ("p", PCA(1))]), bins], [0, 1, 2, 3]),
        ([bins, PCA(2)], [0, 1, 2, 3]),
        ([PCA(2)], []),
    ]:
        model = make_pipeline(*steps, LogisticRegression()).fit(X, y)
        target, _ = attackable(model, X, space="input")
        assert target.must_stay() == dict.fromkeys(expected, "is encoded as categories")


@pytest.mark.parametrize("classifier", [STDPClassifier, BPClassifier])
def test_networks_without_an_encoder_have_the_same_slopes_in_both_spaces(classifier):
    X, y = data(3)
    X = MinMaxScaler(clip=True).fit_transform(X)
    network = classifier(rate_encoding="none", **NETWORK).fit(X, y)
    assert_array_equal(gradient_at(network, X, y), gradient_at(network, X, y, "model"))
    target, _ = attackable(network, X, space="input")
    assert_array_equal(target.box, [[0.0] * 4, [1.0] * 4])


def test_function_without_derivative_is_named():
    X, y = data(2)
    model = make_pipeline(FunctionTransformer(np.cbrt), LogisticRegression()).fit(X, y)
    with pytest.raises(TypeError, match=r"FunctionTransformer.*'cbrt' .*attribute derivative"):
        attackable(model, X, space="input")


def test_derivative_of_another_shape():
    def total(X):
        return X.sum(axis=1, keepdims=True)

    total.derivative = np.sum
    X, y = data(2)
    model = make_pipeline(FunctionTransformer(total), LogisticRegression()).fit(X, y)
    with pytest.raises(
        ValueError, match=r"Got derivatives of shape \(\) of a FunctionTransformer"
    ):
        gradient_at(model, X, y)


def test_unknown_labels_and_unfitted_estimators_are_refused():
    X, y = data(3)
    for estimator in (SVC(), make_pipeline(StandardScaler(), SVC()), VotingClassifier([])):
        with pytest.raises(NotFittedError):
            attackable(estimator, X)
    with pytest.raises(ValueError, match=r"Got the labels \['tulip'\] in y"):
        FGSMScorer()(SVC().fit(X, y), X[:1], ["tulip"])


def test_class_that_no_sample_or_every_sample_is_of():
    """OneVsRestClassifier puts in a constant for it."""
    X, y = data(3)
    rest = OneVsRestClassifier(mlp("tanh")).fit(X, y)
    for always in (0, 1):
        constant = _ConstantPredictor().fit(X, np.array([always]))
        rest.estimators_[1] = constant
        scores, _ = adapter_of(rest).vjp(X)
        assert_array_equal(rest.classes_[scores.argmax(axis=1)], rest.predict(X))
        assert_pull_is_that_of_finite_differences(
            lambda X, rest=rest: without_constant(adapter_of(rest).vjp(X)), points_inside(X)
        )


def without_constant(value_and_pull):
    """The columns of the members that depend on X."""
    scores, pull = value_and_pull

    def pull_others(cotangent):
        values = np.insert(cotangent.values, 1, 0, axis=1)
        return pull(ScaledRows(values, cotangent.log_scale))

    return scores[:, [0, 2]], pull_others
