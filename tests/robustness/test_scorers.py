import inspect
import pickle
import re
import warnings
from functools import partial

import numpy as np
import oracle
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    RidgeClassifier,
    RidgeClassifierCV,
)
from sklearn.metrics import (
    balanced_accuracy_score,
    check_scoring,
    f1_score,
    fbeta_score,
    make_scorer,
    matthews_corrcoef,
    zero_one_loss,
)
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    TunedThresholdClassifierCV,
    cross_val_score,
    cross_validate,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler, minmax_scale
from sklearn.svm import SVC

from skstdp import (
    BPClassifier,
    ConstantPredictionWarning,
    FGSMScorer,
    GradientMaskingWarning,
    PGDScorer,
    STDPClassifier,
    attack_scorers,
    fgsm,
    pgd,
)
from skstdp._input_gradients._svm import SupportVectors

CLASSIFIERS = [STDPClassifier, BPClassifier]


@pytest.fixture(scope="module", params=CLASSIFIERS, ids=lambda c: c.__name__)
def fitted(request, named_iris):
    return request.param(random_state=0).fit(*named_iris)


@pytest.fixture(scope="module", params=CLASSIFIERS, ids=lambda c: c.__name__)
def paired(request, named_iris):
    """On and off units alone: finite differences go astray where one step meets the next."""
    return request.param(receptive_fields=2, random_state=0).fit(*named_iris)


def test_without_perturbation_it_is_accuracy(fitted, named_iris):
    assert FGSMScorer(epsilon=0)(fitted, *named_iris) == fitted.score(*named_iris)


@pytest.mark.parametrize("epsilon", [4 / 255, 0.1])
def test_equals_an_attack_written_out_with_finite_differences(paired, named_iris, epsilon):
    X, y = (array[::3] for array in named_iris)
    right = []
    network = paired.coefs_, paired.intercepts_

    def outputs(rates):
        return oracle.logits(np.append(rates, 1 - rates), *network)

    for rates, label in zip(paired.encoder_.transform(X), y, strict=True):
        index = list(paired.classes_).index(label)
        gradient = oracle.numerical_gradient(
            lambda rates=rates, index=index: oracle.margin(outputs(rates), index), rates
        )
        attacked = np.clip(rates - epsilon * np.sign(gradient), 0, 1)
        logits = outputs(attacked)
        predicted = int(logits[0] > 0) if len(logits) == 1 else int(np.argmax(logits))
        right.append(predicted == index)
    assert FGSMScorer(epsilon)(paired, X, y) == np.mean(right)


def test_attack_costs_accuracy_and_more_costs_more(fitted, named_iris):
    scores = [FGSMScorer(epsilon)(fitted, *named_iris) for epsilon in (0, 0.05, 0.1, 0.2)]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < scores[0] - 0.3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda c: c.__name__)
def test_scale_of_the_logits_does_not_matter(classifier, dtype):
    """Output units that saturate have gradients of zero; the score must not rise for that."""
    X, y = load_breast_cancer(return_X_y=True)
    X = X.astype(dtype)
    model = classifier(random_state=0, max_iter=50).fit(X, y)
    scorer = FGSMScorer(0.05)
    score = scorer(model, X, y)
    assert score < model.score(X, y)
    for scale in (1e-3, 50, 1e3):
        model.coefs_[-1] *= dtype(scale)
        model.intercepts_[-1] *= dtype(scale)
        assert scorer(model, X, y) == score
        model.coefs_[-1] /= dtype(scale)
        model.intercepts_[-1] /= dtype(scale)


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda c: c.__name__)
def test_pipeline_is_attacked_at_the_input_of_its_last_step(classifier, named_iris):
    X, y = named_iris
    pipeline = make_pipeline(MinMaxScaler(), classifier(random_state=0)).fit(X, y)
    scaled = pipeline[0].transform(X)
    scorer = FGSMScorer(0.1)
    assert scorer(pipeline, X, y) == scorer(pipeline[-1], scaled, y)


def test_sample_weight(fitted, named_iris):
    X, y = named_iris
    weight = np.random.default_rng(0).integers(0, 3, len(y))
    scorer = FGSMScorer(0.1)
    repeated = np.repeat(np.arange(len(y)), weight)
    assert_allclose(
        scorer(fitted, X, y, sample_weight=weight), scorer(fitted, X[repeated], y[repeated])
    )


class TestModelSelection:
    def test_cross_val_score(self, iris_frame):
        X, y = iris_frame
        model = STDPClassifier(random_state=0, max_iter=60)
        scores = cross_val_score(model, X, y, scoring=FGSMScorer(0.05), cv=5)
        folds = StratifiedKFold(5).split(X, y)
        expected = [
            FGSMScorer(0.05)(model.fit(X.iloc[train], y[train]), X.iloc[test], y[test])
            for train, test in folds
        ]
        assert_array_equal(scores, expected)

    def test_several_at_once(self, iris_frame):
        X, y = iris_frame
        scoring = {f"fgsm {k}/255": FGSMScorer(k / 255) for k in (0, 12, 60)}
        scores = cross_validate(
            BPClassifier(random_state=0), X, y, scoring={"clean": "accuracy", **scoring}
        )
        assert_array_equal(scores["test_clean"], scores["test_fgsm 0/255"])
        assert scores["test_fgsm 60/255"].mean() < scores["test_clean"].mean()

    @pytest.mark.process
    def test_grid_search_on_a_data_frame_in_two_processes(self, iris_frame):
        X, y = iris_frame
        search = GridSearchCV(
            make_pipeline(MinMaxScaler(), STDPClassifier(random_state=0, max_iter=60)),
            {"stdpclassifier__learning_rate_init": [1e-4, 0.2]},
            scoring={"accuracy": "accuracy", "fgsm": FGSMScorer(8 / 255)},
            refit="fgsm",
            n_jobs=2,
            cv=3,
        ).fit(X, y)
        results = pd.DataFrame(search.cv_results_)
        assert search.best_params_ == {"stdpclassifier__learning_rate_init": 0.2}
        assert search.best_score_ == results["mean_test_fgsm"].max()
        assert (results["mean_test_fgsm"] <= results["mean_test_accuracy"]).all()
        assert FGSMScorer(8 / 255)(search, X, y) == FGSMScorer(8 / 255)(
            search.best_estimator_, X, y
        )


def test_repr_and_pickle():
    scorer = pickle.loads(pickle.dumps(FGSMScorer(0.25)))
    assert repr(scorer) == "FGSMScorer(epsilon=0.25)"


def test_pipeline_of_one_step(named_iris):
    X, y = named_iris
    pipeline = make_pipeline(STDPClassifier(max_iter=60, random_state=0)).fit(X, y)
    assert FGSMScorer(0.1)(pipeline, X, y) == FGSMScorer(0.1)(pipeline[-1], X, y)


@pytest.mark.parametrize("epsilon", [-0.1, float("nan"), float("inf")])
def test_epsilon_must_be_a_finite_number_not_below_zero(epsilon):
    with pytest.raises(ValueError, match="epsilon"):
        FGSMScorer(epsilon)


def test_epsilon_must_be_a_number():
    with pytest.raises(TypeError, match="epsilon"):
        FGSMScorer("8/255")


@pytest.mark.parametrize(
    "make",
    [
        GaussianNB,
        lambda: make_pipeline(StandardScaler(), RandomForestClassifier()),
    ],
)
def test_other_estimators_are_refused_by_name(make, named_iris):
    with pytest.raises(TypeError, match=r"type (GaussianNB.*finite-diff|RandomForest.*trees)"):
        FGSMScorer()(make().fit(*named_iris), *named_iris)


def test_unfitted_estimators_are_refused(named_iris):
    for estimator in (STDPClassifier(), make_pipeline(MinMaxScaler(), STDPClassifier())):
        with pytest.raises(NotFittedError):
            FGSMScorer()(estimator, *named_iris)


def test_unknown_labels_are_refused(fitted, named_iris):
    X, y = named_iris
    y = y.copy()
    y[3] = "tulip"
    with pytest.raises(ValueError, match=r"Got the labels \['tulip'\] in y"):
        FGSMScorer()(fitted, X, y)


class TestPGDScorer:
    def test_without_perturbation_it_is_accuracy(self, fitted, named_iris):
        assert PGDScorer(epsilon=0)(fitted, *named_iris) == fitted.score(*named_iris)

    @pytest.mark.parametrize("epsilon", [4 / 255, 0.05, 0.1])
    @pytest.mark.filterwarnings("ignore::skstdp.GradientMaskingWarning")  # one step is too few
    def test_is_never_above_fgsm(self, fitted, named_iris, epsilon):
        for options in ({}, {"n_steps": 1, "n_restarts": 1}, {"step": 1e-6}):
            score = PGDScorer(epsilon, **options)(fitted, *named_iris)
            assert score <= FGSMScorer(epsilon)(fitted, *named_iris)

    def test_finds_points_that_fgsm_misses(self):
        """Margins that curve: XOR, where the gradient at the row is not that nearby."""
        rng = np.random.default_rng(0)
        X = rng.random((300, 2))
        y = (X[:, 0] > 0.5) ^ (X[:, 1] > 0.5)
        model = BPClassifier(random_state=0, max_iter=200).fit(X, y)
        assert model.score(X, y) > 0.9
        assert PGDScorer(0.2)(model, X, y) < FGSMScorer(0.2)(model, X, y) - 0.01

    def test_no_point_of_a_fine_grid_is_stronger(self):
        rng = np.random.default_rng(0)
        X = rng.random((100, 2))
        y = (X[:, 0] > 0.5) ^ (X[:, 1] > 0.5)
        model = BPClassifier(random_state=0, max_iter=200, rate_encoding="none").fit(X, y)
        epsilon = 0.1
        offsets = np.linspace(-epsilon, epsilon, 41)
        grid = np.stack(np.meshgrid(offsets, offsets), axis=-1).reshape(-1, 2)
        stands = [
            np.all(model.predict(np.clip(row + grid, 0, 1)) == label)
            for row, label in zip(X, y, strict=True)
        ]
        assert 0.2 < np.mean(stands) < 0.8
        assert_allclose(PGDScorer(epsilon)(model, X, y), np.mean(stands), atol=0.011)

    @pytest.mark.parametrize(("step", "length"), [(None, 0.025), (0.01, 0.01)])
    def test_length_of_a_step(self, step, length, monkeypatch):
        model = BPClassifier(rate_encoding="none", receptive_fields=1, max_iter=1)
        model.fit([[0.0], [1.0]], [0, 1])
        model.coefs_ = [np.ones_like(coef) for coef in model.coefs_]
        model.intercepts_ = [intercept + 100 for intercept in model.intercepts_]
        visited = []

        def margins_and_gradient(target, points, *args):
            visited.append(points[0, 0])
            return np.ones(len(points)), np.ones_like(points)

        monkeypatch.setattr(
            "skstdp._input_gradients._target.Target.margins_and_gradient", margins_and_gradient
        )
        PGDScorer(0.1, n_steps=10, n_restarts=1, step=step)(model, [[0.5]], [1])
        # The second look at samples that stand comes after.
        fgsm, descent = visited[:2], visited[2:13]
        assert_allclose(fgsm, [0.5, 0.4])
        assert_allclose(descent, np.maximum(0.5 - length * np.arange(11), 0.4))

    def test_sample_weight(self, fitted, named_iris):
        X, y = named_iris
        weight = np.arange(len(y)) % 3
        scorer = PGDScorer(0.1, n_steps=5, n_restarts=1)
        repeated = np.repeat(np.arange(len(y)), weight)
        assert_allclose(
            scorer(fitted, X, y, sample_weight=weight), scorer(fitted, X[repeated], y[repeated])
        )

    @pytest.mark.process
    def test_grid_search_over_a_pipeline_in_two_processes(self, iris_frame):
        X, y = iris_frame
        pgd = PGDScorer(0.05, n_steps=5, n_restarts=2)
        search = GridSearchCV(
            make_pipeline(MinMaxScaler(), STDPClassifier(random_state=0, max_iter=60)),
            {"stdpclassifier__learning_rate_init": [1e-4, 0.05]},
            scoring={"accuracy": "accuracy", "fgsm": FGSMScorer(0.05), "pgd": pgd},
            refit="pgd",
            n_jobs=2,
            cv=3,
        ).fit(X, y)
        results = pd.DataFrame(search.cv_results_)
        assert search.best_params_ == {"stdpclassifier__learning_rate_init": 0.05}
        assert search.best_score_ == results["mean_test_pgd"].max()
        assert (results["mean_test_pgd"] <= results["mean_test_fgsm"]).all()
        assert pgd(search, X, y) == pgd(search.best_estimator_, X, y)

    def test_repr_and_pickle(self):
        scorer = pickle.loads(pickle.dumps(PGDScorer(0.25, 3, 2, 0.125, random_state=7)))
        expected = "PGDScorer(epsilon=0.25, n_steps=3, n_restarts=2, step=0.125, random_state=7)"
        assert repr(scorer) == expected
        assert repr(eval(expected)) == expected
        assert "step=None" in repr(PGDScorer())

    @pytest.mark.parametrize(
        ("parameters", "error"),
        [
            ({"epsilon": -0.1}, ValueError),
            ({"epsilon": "8/255"}, TypeError),
            ({"n_steps": 0}, ValueError),
            ({"n_steps": 2.0}, TypeError),
            ({"n_restarts": 0}, ValueError),
            ({"step": 0}, ValueError),
            ({"step": float("nan")}, ValueError),
            ({"random_state": "now"}, ValueError),
        ],
    )
    def test_parameters_are_checked(self, parameters, error):
        with pytest.raises(error, match=f"Got {next(iter(parameters))}="):
            PGDScorer(**parameters)


class TestOptions:
    """The same options as fgsm and pgd have, which their tests cover."""

    OPTIONS = {
        "norm": "l2",
        "bounds": {"age": (0, 100)},
        "immutable": ("member",),
        "one_hot": [["red", "blue"]],
        "space": "input",
    }

    @pytest.fixture
    def case(self):
        rng = np.random.default_rng(0)
        red = rng.random(120) > 0.5
        X = pd.DataFrame(
            {
                "age": rng.integers(20, 60, 120),
                "member": rng.random(120) > 0.5,
                "red": red.astype(float),
                "blue": 1.0 - red,
            }
        )
        y = np.where(X["age"] / 20 + X["red"] + rng.normal(0, 0.2, 120) > 2.5, "yes", "no")
        return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y), X, y

    @pytest.mark.parametrize("epsilon", [6.0, {"age": 5, "red": 2, "blue": 2}])
    def test_score_is_that_of_the_perturbed_samples(self, case, epsilon):
        model, X, y = case
        attacked = fgsm(model, X, y, epsilon=epsilon, **self.OPTIONS)
        score = FGSMScorer(epsilon, **self.OPTIONS)(model, X, y)
        assert score == model.score(attacked, y) < model.score(X, y)
        attacked = pgd(model, X, y, epsilon=epsilon, n_steps=4, n_restarts=2, **self.OPTIONS)
        score = PGDScorer(epsilon, n_steps=4, n_restarts=2, **self.OPTIONS)(model, X, y)
        assert score == model.score(attacked, y)

    def test_repr_says_what_is_not_the_default(self):
        expected = (
            "FGSMScorer(epsilon={'age': 5}, norm='l2', bounds={'age': (0, 100)}, "
            "immutable=('member',), one_hot=[['red', 'blue']], space='input')"
        )
        assert repr(FGSMScorer({"age": 5}, **self.OPTIONS)) == expected
        assert repr(eval(expected)) == expected
        assert repr(PGDScorer(0.5, gradient="finite-differences")).endswith(
            "random_state=0, gradient='finite-differences')"
        )
        assert "epsilon=array([0.1, 0.2])" in repr(FGSMScorer(np.array([0.1, 0.2])))

    def test_pickle(self, case):
        scorer = PGDScorer({"age": 5}, 4, 2, **self.OPTIONS)
        pickled = pickle.dumps(scorer)
        assert pickle.loads(pickled)(*case) == scorer(*case)
        # No later move of a module breaks it.
        assert b"skstdp._" not in pickled
        assert set(vars(scorer)) == set(inspect.signature(PGDScorer).parameters)

    def test_parameters_that_are_set_later_count(self, case):
        model, X, y = case
        scorer = FGSMScorer({"age": 5}, space="input")
        assert scorer(*case) < model.score(X, y)
        scorer.epsilon = 0
        assert scorer(*case) == model.score(X, y)
        scorer.epsilon = -1
        with pytest.raises(ValueError, match="Got epsilon=-1"):
            scorer(*case)

    @pytest.mark.parametrize("scorer", [FGSMScorer, PGDScorer])
    def test_gradient_cannot_be_left_out(self, scorer):
        with pytest.raises(ValueError, match=r"Got gradient=None, but expected one of"):
            scorer(gradient=None)

    def test_metadata_routing(self, case):
        _, X, y = case
        weight = np.arange(len(y)) % 3.0
        with config_context(enable_metadata_routing=True):
            scorer = FGSMScorer(6.0, **self.OPTIONS).set_score_request(sample_weight=True)
            search = GridSearchCV(
                LogisticRegression().set_fit_request(sample_weight=False),
                {"C": [0.1, 1]},
                scoring=scorer,
                cv=2,
            ).fit(X, y, sample_weight=weight)
            direct = scorer(search, X, y, sample_weight=weight)
        assert direct == FGSMScorer(6.0, **self.OPTIONS)(search, X, y, sample_weight=weight)
        assert direct != FGSMScorer(6.0, **self.OPTIONS)(search, X, y)

    # At the start of the fit it does predict one.
    @pytest.mark.filterwarnings("ignore::skstdp.ConstantPredictionWarning")
    def test_scoring_monitor(self, named_iris):
        X, y = named_iris
        monitor = ScoringMonitor(scoring={"clean": "accuracy", "fgsm": FGSMScorer(0.3)})
        model = LogisticRegression(max_iter=500).set_callbacks(monitor).fit(X, y)
        logs = monitor.get_logs().data_as_pandas
        assert {"clean", "fgsm"} <= set(logs)
        assert (logs["fgsm"] <= logs["clean"]).all()
        assert FGSMScorer(0.3)(model, X, y) in set(logs["fgsm"])


class TestCost:
    def test_fgsm_is_one_pass_each_way_one_prediction_and_a_look_at_few_samples(
        self, named_iris, monkeypatch
    ):
        X, y = named_iris
        model = make_pipeline(StandardScaler(), SVC()).fit(X, y)
        calls = []

        def counted(function, name):
            def count(*args, **kwargs):
                calls.append(name)
                return function(*args, **kwargs)

            return count

        adapter = SupportVectors
        forward = counted(adapter.vjp, "forward")

        def forward_and_back(self, X):
            scores, pull = forward(self, X)
            return scores, counted(pull, "back")

        monkeypatch.setattr(adapter, "vjp", forward_and_back)
        monkeypatch.setattr(SVC, "predict", counted(SVC.predict, "predict"))
        FGSMScorer(0.3)(model, X, y)
        assert calls == ["forward", "back", "predict", "forward", "back"]

    def test_without_size_there_is_no_gradient(self, named_iris, monkeypatch):
        X, y = named_iris
        model = SVC().fit(X, y)
        monkeypatch.delattr(SupportVectors, "vjp")
        assert FGSMScorer(0)(model, X, y) == PGDScorer(0)(model, X, y) == model.score(X, y)


class TestMasking:
    def saturated(self, X, y, share):
        """A row of rectified units that are silent at some of the samples."""
        network = MLPClassifier((3,), max_iter=1, random_state=0)
        with pytest.warns(ConvergenceWarning):
            network.fit(X, y)
        network.coefs_[0][:] = [[1.0] * 3, *[[0.0] * 3] * (X.shape[1] - 1)]
        network.intercepts_[0][:] = -np.quantile(X[:, 0], share, method="inverted_cdf")
        return network

    @pytest.mark.parametrize("scorer", [FGSMScorer(0.1), PGDScorer(0.1, 3, 1)])
    def test_warning_with_the_share_of_samples(self, named_iris, scorer):
        X, y = named_iris
        network = self.saturated(X, y, 0.3)
        share = np.mean(network.coefs_[0][0, 0] * X[:, 0] + network.intercepts_[0][0] <= 0)
        assert 0.2 < share < 0.5
        message = (
            rf"zero at {share:.1%} of the samples, which {type(scorer).__name__}\(epsilon=0.1"
        )
        with pytest.warns(GradientMaskingWarning, match=message):
            scorer(network, X, y)

    def test_few_samples_give_none(self, named_iris):
        X, y = named_iris
        X = np.vstack([X] * 2)
        X[0, 0] = 0
        network = self.saturated(X, np.tile(y, 2), 1 / len(X))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            FGSMScorer(0.1)(network, X, np.tile(y, 2))


class TestSeveralSizes:
    def test_names_and_scorers(self):
        scoring = attack_scorers([8 / 255, 0.3], space="input")
        assert list(scoring) == ["clean", "FGSM 8/255", "FGSM 0.3"]
        assert repr(scoring["FGSM 0.3"]) == "FGSMScorer(epsilon=0.3, space='input')"
        scoring = attack_scorers([0.1], PGDScorer, n_steps=3)
        assert list(scoring) == ["clean", "PGD 0.1"]
        assert scoring["PGD 0.1"].n_steps == 3

    def test_options_are_those_of_all(self, named_iris):
        """Without attack, too, no other gradient is asked for."""
        X, y = named_iris
        scoring = attack_scorers([0.3], gradient="finite-differences")
        model = GaussianNB().fit(X, y)
        scores = [scorer(model, X, y) for scorer in scoring.values()]
        assert scores[0] == model.score(X, y) > scores[1]

    @pytest.mark.parametrize(
        ("epsilons", "expected"),
        [([], "at least one"), (None, "at least one"), ([0.1, 0.1], "none of them twice")],
    )
    def test_none_and_twice(self, epsilons, expected):
        with pytest.raises(ValueError, match=rf"Got epsilons=.*, but expected {expected}"):
            attack_scorers(epsilons)

    @pytest.mark.parametrize("epsilons", [0.1, iter([0.1]), np.array([0.1])])
    def test_one_number_or_any_iterable(self, epsilons):
        assert list(attack_scorers(epsilons)) == ["clean", "FGSM 0.1"]

    @pytest.mark.parametrize("library", ["pandas", "polars"])
    @pytest.mark.process
    def test_search_over_a_pipeline_on_a_data_frame_in_two_processes(self, library, iris_frame):
        """With the names of the columns, and without a warning."""
        X, y = iris_frame
        if library == "polars":
            X = pytest.importorskip("polars").DataFrame(X.to_dict("list"))
        model = make_pipeline(
            StandardScaler(),
            MLPClassifier((8,), "tanh", solver="lbfgs", max_iter=1000, random_state=0),
        )
        for space in ("model", "input"):
            search = GridSearchCV(
                model,
                {"mlpclassifier__alpha": [1e-3, 10]},
                scoring=attack_scorers([0.05, 0.1, 0.2, 0.4], space=space),
                refit="FGSM 0.4",
                cv=3,
                n_jobs=2,
            )
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                search.fit(X, y)
            means = [search.cv_results_[f"mean_test_{name}"].max() for name in search.scoring]
            assert means == sorted(means, reverse=True)
            assert means[0] > 0.9 > means[-1]
            assert FGSMScorer(0.4, space=space)(search, X, y) == FGSMScorer(0.4, space=space)(
                search.best_estimator_, X, y
            )


@pytest.fixture(scope="module")
def scaled():
    X, y = load_breast_cancer(return_X_y=True)
    return minmax_scale(X)[:, :8], y


def plain(estimator, X, y):
    """The form for those who take functions."""
    return FGSMScorer(0.2)(estimator, X, y)


class TestTakenApart:
    """scikit-learn and others read attributes of a scorer, and some never call it."""

    @pytest.mark.parametrize("scorer", [FGSMScorer(0.2), PGDScorer(0.2, 3, 1)])
    def test_a_tuned_threshold_is_refused(self, scorer, scaled):
        """It would give the best accuracy without attack as that under attack."""
        name = re.escape(repr(scorer))
        message = (
            rf"Got predictions that are made already, but {name} .*FixedThreshold.*GridSearch"
        )
        with pytest.raises(TypeError, match=message):
            TunedThresholdClassifierCV(LogisticRegression(), scoring=scorer).fit(*scaled)

    def test_the_metric_of_labels_is_refused(self, scaled):
        """As skore's `metrics.add` calls it."""
        _, y = scaled
        scorer = FGSMScorer(0.2)
        with pytest.raises(TypeError, match=r"skore .*def attacked\(estimator, X, y\)"):
            scorer._score_func(y, y, **scorer._kwargs)

    def test_predictions_in_place_of_a_model_are_refused(self, scaled):
        with pytest.raises(TypeError, match="RidgeClassifierCV, set cv"):
            RidgeClassifierCV(scoring=FGSMScorer(0.2)).fit(*scaled)
        ridge = RidgeClassifierCV(alphas=[1.0], scoring=FGSMScorer(0.2), cv=3).fit(*scaled)
        expected = cross_val_score(RidgeClassifier(), *scaled, scoring=FGSMScorer(0.2), cv=3)
        assert_allclose(ridge.best_score_, expected.mean())

    @pytest.mark.filterwarnings("ignore::skstdp.ConstantPredictionWarning")
    def test_by_itself_the_scorer_is_called(self, scaled):
        """By all others in scikit-learn that read `_score_func`, `_sign` or `_kwargs`."""
        X, y = scaled
        model = LogisticRegression(C=1.0).fit(X, y)
        scorer = FGSMScorer(0.05)
        expected = cross_val_score(model, X, y, scoring=scorer, cv=StratifiedKFold(2))
        search = LogisticRegressionCV(
            Cs=[1.0],
            cv=StratifiedKFold(2),
            scoring=scorer,
            l1_ratios=(0,),
            use_legacy_attributes=False,
        ).fit(X, y)
        assert_allclose(search.scores_.ravel(), expected)
        several = check_scoring(model, {"attacked": scorer, "f1": "f1", "accuracy": "accuracy"})
        scores = several(model, X, y)
        assert scores["attacked"] == scorer(model, X, y) < scores["accuracy"]
        assert scores["accuracy"] == model.score(X, y)
        monitor = ScoringMonitor(scoring=scorer)
        LogisticRegression().set_callbacks(monitor).fit(X, y)
        assert monitor.get_logs().data_as_pandas["score"].iloc[-1] == scores["attacked"]

    def test_the_plain_function(self, scaled):
        X, y = scaled
        model = LogisticRegression()
        assert_array_equal(
            cross_val_score(model, X, y, scoring=plain),
            cross_val_score(model, X, y, scoring=FGSMScorer(0.2)),
        )
        model.fit(X, y)
        options = {"n_repeats": 2, "random_state": 0}
        assert_array_equal(
            permutation_importance(model, X, y, scoring=plain, **options).importances,
            permutation_importance(model, X, y, scoring=FGSMScorer(0.2), **options).importances,
        )


def share_of_zeros_found(y_true, y_pred):
    return np.mean(np.asarray(y_pred)[y_true == 0] == 0)


class TestMetric:
    @pytest.fixture
    def case(self, scaled):
        X, y = scaled
        return LogisticRegression().fit(X, y), X, y

    @pytest.mark.parametrize(
        ("metric", "function"),
        [
            ("balanced_accuracy", balanced_accuracy_score),
            ("f1_macro", partial(f1_score, average="macro")),
            ("matthews_corrcoef", matthews_corrcoef),
            (make_scorer(fbeta_score, beta=2), partial(fbeta_score, beta=2)),
            (make_scorer(zero_one_loss, greater_is_better=False), lambda *a: -zero_one_loss(*a)),
            (balanced_accuracy_score, balanced_accuracy_score),
            (share_of_zeros_found, share_of_zeros_found),
        ],
    )
    def test_is_made_of_true_labels_and_those_under_attack(self, metric, function, case):
        model, X, y = case
        for scorer, attack in ((FGSMScorer, fgsm), (partial(PGDScorer, n_steps=3), pgd)):
            options = {"n_steps": 3} if attack is pgd else {}
            attacked = attack(model, X, y, epsilon=0.05, **options)
            score = scorer(0.05, metric=metric)(model, X, y)
            assert_allclose(score, function(y, model.predict(attacked)))
            assert score != scorer(0.05)(model, X, y)

    def test_sample_weight_goes_to_the_metric(self, case):
        model, X, y = case
        weight = np.arange(len(y)) % 3
        repeated = np.repeat(np.arange(len(y)), weight)
        scorer = FGSMScorer(0.05, metric="balanced_accuracy")
        assert_allclose(
            scorer(model, X, y, sample_weight=weight), scorer(model, X[repeated], y[repeated])
        )

    def test_of_a_metric_without_weights_beside_one_with(self, case):
        model, X, y = case
        weight = np.arange(len(y)) % 3
        scorers = {"a": FGSMScorer(0.05, metric=share_of_zeros_found), "b": FGSMScorer(0.05)}
        scores = check_scoring(model, scorers)(model, X, y, sample_weight=weight)
        assert scores["a"] == scorers["a"](model, X, y)
        assert scores["b"] == scorers["b"](model, X, y, sample_weight=weight)

    def test_of_scorers_for_one_evaluation(self, case):
        scoring = attack_scorers([0.05], metric="balanced_accuracy")
        model, X, y = case
        assert scoring["clean"](model, X, y) == balanced_accuracy_score(y, model.predict(X))
        assert repr(scoring["FGSM 0.05"]) == (
            "FGSMScorer(epsilon=0.05, metric='balanced_accuracy')"
        )
        copied = pickle.loads(pickle.dumps(clone(scoring["FGSM 0.05"], safe=False)))
        assert copied(model, X, y) == scoring["FGSM 0.05"](model, X, y)

    @pytest.mark.parametrize("scorer", [FGSMScorer, PGDScorer])
    @pytest.mark.parametrize(
        ("metric", "error", "message"),
        [
            ("balanced_acuracy", ValueError, "Got metric='balanced_acuracy', but expected the na"),
            ("roc_auc", ValueError, "Got metric='roc_auc' that needs more than labels"),
            ("neg_log_loss", ValueError, "that needs more than labels"),
            (FGSMScorer(), ValueError, r"Got metric=FGSMScorer\(.* that needs more than labels"),
            (None, TypeError, "Got metric=None of type NoneType, but expected the name"),
        ],
    )
    def test_others_are_refused(self, scorer, metric, error, message):
        with pytest.raises(error, match=message):
            scorer(metric=metric)


class TestOneClass:
    @pytest.fixture
    def constant(self, scaled):
        X, y = scaled
        y = np.array(["malignant", "benign"])[y]
        return LogisticRegression(C=1e-9).fit(X, y), X, y

    @pytest.mark.parametrize("scorer", [FGSMScorer(0.2), PGDScorer(0.2, 3, 1)])
    def test_a_model_that_predicts_one_class_is_named(self, scorer, constant):
        model, X, y = constant
        message = "attacks a classifier that predicts one class, benign, for all 569 samples"
        with pytest.warns(ConstantPredictionWarning, match=message):
            score = scorer(model, X, y)
        assert score == np.mean(y == "benign")

    def test_not_where_it_is_not_attacked_or_the_samples_hold_one(self, constant):
        model, X, y = constant
        chosen = y == "benign"
        assert FGSMScorer(0)(model, X, y) == np.mean(chosen)
        assert FGSMScorer(0.1)(model, X[chosen], y[chosen]) == 1

    def test_not_where_the_attack_makes_one_class_of_several(self):
        """Of two classes, the one that is further from the border withstands the attack."""
        X = np.array([[0.45], [0.48], [0.9], [1.0]])
        y = np.array([0, 0, 1, 1])
        model = LogisticRegression(C=1e3).fit(X, y)
        model.intercept_[:] = -0.5 * model.coef_[0]
        assert_array_equal(model.predict(X), y)
        assert FGSMScorer(0.1)(model, X, y) == 0.5


def test_names_for_tables():
    assert (FGSMScorer().attack, PGDScorer().attack) == ("FGSM", "PGD")
    assert FGSMScorer(0.5).epsilon == PGDScorer(0.5).epsilon == 0.5
