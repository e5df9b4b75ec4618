import copy
import pickle
from functools import partial

import numpy as np
import oracle
import pandas as pd
import pytest
from classifiers import CLASSIFIERS, MULTILAYER_PERCEPTRONS
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skstdp import (
    BPClassifier,
    FGSMScorer,
    STDPClassifier,
    TargetPropagationClassifier,
    attack_table,
    fgsm,
    robustness_report,
)
from skstdp._networks._training import Training

every = pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda c: c.__name__)
sigmoid = pytest.mark.parametrize("classifier", MULTILAYER_PERCEPTRONS, ids=lambda c: c.__name__)


def iris(*classes):
    X, y = load_iris(return_X_y=True)
    chosen = np.isin(y, classes or (0, 1, 2))
    return X[chosen], y[chosen]


def same_weights(a, b):
    return all(
        np.array_equal(mine, other)
        for mine, other in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True)
    )


class TestLearning:
    """Accuracies of the default parameters on raw IRIS, five folds four times."""

    folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=4, random_state=0)

    @pytest.mark.parametrize(
        ("classes", "least"), [((0, 1), 0.99), ((0, 2), 0.99), ((1, 2), 0.94), ((0, 1, 2), 0.93)]
    )
    def test_stdp(self, classes, least):
        scores = cross_val_score(STDPClassifier(random_state=0), *iris(*classes), cv=self.folds)
        assert scores.mean() >= least

    @pytest.mark.process
    @pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
    @pytest.mark.parametrize("classes", [(0, 1), (0, 2), (1, 2), (0, 1, 2)])
    def test_bp_is_at_least_as_good_as_scikit_learn(self, classes):
        X, y = iris(*classes)
        # Of rates, as the other has them, not of ranks.
        network = BPClassifier(receptive_fields=2, random_state=0)
        ours = cross_val_score(network, X, y, cv=self.folds)
        # Its default step, 1e-3, leaves it far behind in as many epochs.
        settings = {"learning_rate_init": 0.02, "max_iter": 400, "random_state": 0}
        mlp = MLPClassifier((32, 16), activation="logistic", **settings)
        mlp = make_pipeline(MinMaxScaler(), mlp)
        theirs = cross_val_score(mlp, X, y, cv=self.folds)
        # Rounding differs between machines, and may move one of the rows of four repeats.
        assert ours.mean() > theirs.mean() - 1.5 / (4 * len(y))

    @every
    def test_ten_classes(self, classifier, digits):
        X, y = digits
        model = classifier((60, 30), max_iter=100, random_state=0).fit(X[:1000], y[:1000])
        assert model.score(X[1000:], y[1000:]) > 0.8


@pytest.mark.parametrize("classes", [(1, 2), (0, 1, 2)])
def test_bp_takes_the_step_of_scikit_learn(classes):
    X, y = iris(*classes)
    X = MinMaxScaler().fit_transform(X)
    settings = {"learning_rate_init": 0.01, "batch_size": len(y), "random_state": 0}
    ours = BPClassifier(
        (32, 16),
        learning_rate="constant",
        receptive_fields=1,
        fan_in_scaling=False,
        weight_decay=0,
        **settings,
    )
    theirs = MLPClassifier((32, 16), activation="logistic", alpha=0, **settings)
    ours.partial_fit(X, y, classes=np.unique(y))
    theirs.partial_fit(X, y, classes=np.unique(y))
    # Start both from the weights of one, with fresh optimisers, and take one step.
    for model in (ours, theirs):
        del model._optimizer
    ours.coefs_, ours.intercepts_ = copy.deepcopy((theirs.coefs_, theirs.intercepts_))
    ours._reset_optimizer(None)
    ours.partial_fit(X, y)
    theirs.partial_fit(X, y)
    for mine, other in zip(
        ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True
    ):
        assert_allclose(mine, other, rtol=1e-9, atol=1e-12)
    assert_allclose(ours.loss_, theirs.loss_, rtol=1e-9)


def test_the_classifiers_differ_in_the_rule_alone():
    """Same network, same options: only what belongs to the local rule is not shared."""
    stdp, bp = STDPClassifier().get_params(), BPClassifier().get_params()
    assert stdp.keys() - bp.keys() == {
        "stdp_epsilon",
        "positive_winners",
        "negative_winners",
        "winner_handicap",
        "winner_margin",
        "probability_matching",
    }
    assert bp.keys() - stdp.keys() == {"feedback"}
    shared = bp.keys() & stdp.keys()
    assert {name for name in shared if bp[name] != stdp[name]} == {"quiet_start"}


@pytest.mark.parametrize("n_classes", [2, 3, 10])
def test_automatic_margin_is_narrower_with_more_than_two_classes(n_classes):
    X, y = load_digits(n_class=n_classes, return_X_y=True)
    X, y = X[:300], y[:300]
    expected = 0.85 if n_classes == 2 else 0.4

    def fit(margin):
        return STDPClassifier((20,), winner_margin=margin, max_iter=40, random_state=0).fit(X, y)

    auto = fit("auto")
    assert same_weights(auto, fit(expected))
    assert not any(same_weights(auto, fit(other)) for other in (0.9 * expected, 0.95, None))


@pytest.mark.parametrize("classes", [(1, 2), (0, 1, 2)])
def test_without_competition_and_margin_a_batch_takes_the_step_of_the_formula(classes):
    """The rule as in the paper for every unit: written out, from rates to the weights moved."""
    X, y = iris(*classes)
    X, y = X[::5], y[::5]
    # The first step of Adam along g is then 0.3 * g / (|g| + 1).
    settings = {
        "positive_winners": 1.0,
        "negative_winners": 1.0,
        "winner_margin": None,
        "probability_matching": False,
        "quiet_start": 0.3,
        "stdp_epsilon": 0.01,
        "receptive_fields": 2,
        "fan_in_scaling": False,
        "weight_decay": 0.0,
        "epsilon": 1.0,
        "beta_1": 0.0,
        "beta_2": 0.0,
        "batch_size": len(y),
        "random_state": 0,
    }
    start = STDPClassifier((4, 3), learning_rate_init=1e-300, **settings)
    start.partial_fit(X, y, classes)
    moved = STDPClassifier((4, 3), learning_rate_init=0.3, **settings)
    moved.partial_fit(X, y, classes)
    rates = [start.encoder_.transform(X)]
    rates[0] = np.hstack([rates[0], 1 - rates[0]])
    for coef, intercept in zip(start.coefs_, start.intercepts_, strict=True):
        drive = rates[-1] @ coef + intercept
        rates.append(np.vectorize(oracle.sigmoid)(drive))
    for layer, codes in enumerate(start.associations_):
        association = codes[np.searchsorted(classes, y)] / len(y)
        expected = oracle.stdp_update(rates[layer], rates[layer + 1], association, 0.01)
        for parameters, update in zip(("coefs_", "intercepts_"), expected, strict=True):
            step = getattr(moved, parameters)[layer] - getattr(start, parameters)[layer]
            assert_allclose(step, 0.3 * update / (np.abs(update) + 1), rtol=1e-9, atol=1e-13)
            assert (np.abs(step) > 1e-9).all()


class TestInterface:
    @every
    def test_fitted_attributes(self, classifier, iris_frame):
        X, y = iris_frame
        model = classifier((7, 5), max_iter=3, receptive_fields=2, random_state=0).fit(X, y)
        assert [coef.shape for coef in model.coefs_] == [(8, 7), (7, 5), (5, 3)]
        assert [intercept.shape for intercept in model.intercepts_] == [(7,), (5,), (3,)]
        assert_array_equal(model.classes_, [0, 1, 2])
        assert model.n_iter_ == len(model.loss_curve_) == len(model.accuracy_curve_) == 3
        assert model.loss_ == model.loss_curve_[-1]
        assert (model.n_layers_, model.n_outputs_, model.n_features_in_) == (4, 3, 4)
        assert_array_equal(model.feature_names_in_, X.columns)
        assert model.validation_scores_ is None
        n_outputs = 1 if classifier in (BPClassifier, TargetPropagationClassifier) else 2
        assert classifier(max_iter=1).fit(*iris(0, 1)).n_outputs_ == n_outputs

    @every
    @pytest.mark.parametrize("sizes", [5, (5,), [5], np.array([5]), ()])
    def test_layer_sizes_in_any_form(self, classifier, sizes):
        model = classifier(sizes, max_iter=1, receptive_fields=2).fit(*iris())
        expected = [(8, 3)] if np.size(sizes) == 0 else [(8, 5), (5, 3)]
        assert [coef.shape for coef in model.coefs_] == expected

    @every
    @pytest.mark.parametrize(
        "labels",
        [
            np.array(["a", "b", "c"]),
            np.array(["a", "b", "c"], dtype=object),
            np.array([-1, 7, 300]),
            np.array([0.0, 1.0, 2.0]),
        ],
        ids=["str", "object", "int", "float"],
    )
    def test_labels_of_any_type(self, classifier, labels):
        X, y = iris()
        reference = classifier(max_iter=5, random_state=0).fit(X, y)
        model = classifier(max_iter=5, random_state=0).fit(X, labels[y])
        assert_array_equal(model.predict(X), labels[reference.predict(X)])
        assert model.predict(X).dtype == labels.dtype

    @pytest.mark.parametrize(
        ("dtype", "plain"),
        [
            ("Int64", "int64"),
            ("UInt8", "uint8"),
            ("int32[pyarrow]", "int32"),
            ("boolean", "bool"),
            ("bool[pyarrow]", "bool"),
        ],
    )
    @pytest.mark.parametrize("container", [pd.Series, pd.Index, pd.array])
    def test_labels_in_a_dtype_of_pandas_that_has_missing_values(self, dtype, plain, container):
        if "pyarrow" in dtype:
            pytest.importorskip("pyarrow")
        X, y = iris(0, 1) if "bool" in dtype else iris()
        labels, y = container(y, dtype=dtype), y.astype(plain)
        settings = {"max_iter": 60, "random_state": 0}
        reference = STDPClassifier(**settings).fit(X, y, X_val=X, y_val=y)
        model = STDPClassifier(**settings).fit(X, labels, X_val=X, y_val=labels)
        assert same_weights(model, reference)
        assert model.classes_.dtype == plain
        assert_array_equal(model.classes_, np.unique(y))
        assert model.score(X, labels) == reference.score(X, y)
        for call in (fgsm, FGSMScorer(0.1), partial(attack_table, n_bisections=1, attack="FGSM")):
            assert_array_equal(call(model, X, labels), call(reference, X, y))
        part = STDPClassifier(random_state=0).partial_fit(X, labels, classes=labels)
        part.partial_fit(X, labels, classes=labels)
        assert part.classes_.dtype == plain

    def test_labels_that_floats_do_not_tell_apart(self):
        X, y = iris()
        labels = pd.Series(y + 2**53, dtype="Int64")
        model = STDPClassifier(max_iter=2).fit(X, labels)
        assert_array_equal(model.classes_, 2**53 + np.arange(3))

    @pytest.mark.parametrize("dtype", ["Int64", "boolean", "Float64", "string", "category"])
    def test_missing_labels_are_refused_by_row(self, dtype):
        X, y = iris(0, 1)
        labels = pd.Series(y.astype(str) if dtype == "string" else y).astype(dtype)
        labels[7] = None
        with pytest.raises(ValueError, match=r"Got no label in y \(row 7\)"):
            STDPClassifier().fit(X, labels)
        with pytest.raises(ValueError, match=r"Got no label in y \(row 7\)"):
            fgsm(STDPClassifier(max_iter=1).fit(X, y), X, labels)

    @every
    def test_boolean_labels_in_a_series(self, classifier):
        X, y = iris(0, 1)
        model = classifier(max_iter=5, random_state=0).fit(X, pd.Series(y == 1))
        assert_array_equal(model.classes_, [False, True])
        assert_array_equal(model.predict(X), model.decision_function(X) > 0)

    @every
    @pytest.mark.parametrize("classes", [(1, 2), (0, 1, 2)])
    def test_responses_agree(self, classifier, classes):
        X, y = iris(*classes)
        model = classifier(max_iter=20, random_state=0).fit(X, y)
        logits, proba = model.decision_function(X), model.predict_proba(X)
        assert proba.shape == (len(X), len(classes))
        assert_allclose(proba.sum(axis=1), 1)
        assert_allclose(model.predict_log_proba(X), np.log(proba), rtol=1e-9)
        assert_array_equal(model.classes_[proba.argmax(axis=1)], model.predict(X))
        if len(classes) == 2:
            assert_allclose(logits, np.log(proba[:, 1] / proba[:, 0]), rtol=1e-6)
            assert_array_equal(logits > 0, model.predict(X) == classes[1])
        else:
            assert_array_equal(model.classes_[logits.argmax(axis=1)], model.predict(X))

    @sigmoid
    @pytest.mark.parametrize("classes", [(1, 2), (0, 1, 2)])
    def test_saturated_outputs_still_tell_samples_apart(self, classifier, classes):
        X, y = iris(*classes)
        model = classifier(max_iter=20, random_state=0).fit(X, y)
        order = model.decision_function(X).argsort(axis=0)
        model.coefs_[-1] *= 1e5
        model.intercepts_[-1] *= 1e5
        logits = model.decision_function(X)
        assert_array_equal(logits.argsort(axis=0), order)
        assert np.isfinite(model.predict_log_proba(X)).all()
        assert np.isin(model.predict_proba(X), (0, 1)).mean() > 0.9

    @every
    def test_float32_from_end_to_end(self, classifier):
        X, y = iris()
        model = classifier(max_iter=20, random_state=0).fit(X.astype(np.float32), y)
        arrays = [
            *model.coefs_,
            *model.intercepts_,
            *getattr(model, "associations_", []),
            model.decision_function(X),
            model.predict_proba(X),
            model.predict_log_proba(X),
        ]
        assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
        reference = classifier(max_iter=20, random_state=0).fit(X, y)
        assert reference.coefs_[0].dtype == np.float64
        assert abs(model.score(X, y) - reference.score(X, y)) < 0.05

    @every
    def test_same_seed_same_weights(self, classifier):
        X, y = iris()
        fits = [classifier(max_iter=3, random_state=seed).fit(X, y) for seed in (0, 0, 1)]
        assert same_weights(fits[0], fits[1])
        assert not same_weights(fits[0], fits[2])

    @every
    def test_fit_does_not_change_its_input(self, classifier):
        X, y = iris()
        weight = np.ones(len(y))
        before = X.copy(), y.copy(), weight.copy()
        classifier(max_iter=2, class_weight="balanced").fit(X, y, sample_weight=weight)
        for array, kept in zip((X, y, weight), before, strict=True):
            assert_array_equal(array, kept)

    @every
    def test_clone_and_pickle(self, classifier):
        X, y = iris()
        model = classifier(max_iter=3, random_state=0).fit(X, y)
        assert_array_equal(
            pickle.loads(pickle.dumps(model)).predict_proba(X), model.predict_proba(X)
        )
        assert clone(model).get_params() == model.get_params()

    @every
    def test_shuffle_false_needs_no_luck(self, classifier):
        X, y = iris()
        rng = np.random.RandomState(0)
        model = classifier(max_iter=2, shuffle=False, random_state=rng, batch_size=30)
        state = model.fit(X, y)._random_state.get_state()[1]
        again = clone(model).set_params(max_iter=1, random_state=np.random.RandomState(0))
        assert_array_equal(again.fit(X, y)._random_state.get_state()[1], state)

    @every
    def test_verbose_prints_a_line_an_epoch(self, classifier, capsys):
        X, y = iris()
        classifier(max_iter=2, verbose=True).fit(X, y, X_val=X, y_val=y)
        lines = capsys.readouterr().out.splitlines()
        assert len(lines) == 2
        assert lines[1].startswith("Epoch 2/2: loss ")
        assert "validation accuracy" in lines[1]


class TestWeights:
    @every
    def test_weight_equals_copies(self, classifier):
        X, y = iris(1, 2)
        weight = np.random.default_rng(0).integers(0, 3, len(y))
        copies = np.repeat(np.arange(len(y)), weight)
        settings = {"batch_size": 1000, "max_iter": 10, "random_state": 0}
        weighted = classifier(**settings).fit(X, y, sample_weight=weight)
        repeated = classifier(**settings).fit(X[copies], y[copies])
        assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-7)

    @every
    def test_class_weight_multiplies_sample_weight(self, classifier):
        X, y = iris(1, 2)
        weight = np.random.default_rng(0).random(len(y))
        settings = {"max_iter": 5, "random_state": 0}
        by_class = classifier(class_weight={1: 2.0, 2: 0.5}, **settings)
        by_class.fit(X, y, sample_weight=weight)
        by_sample = classifier(**settings)
        by_sample.fit(X, y, sample_weight=weight * np.where(y == 1, 2.0, 0.5))
        assert_allclose(by_class.predict_proba(X), by_sample.predict_proba(X), rtol=1e-9)

    @every
    @pytest.mark.parametrize("scale", [1e-300, 1e300])
    def test_only_ratios_of_weights_count(self, classifier, scale):
        X, y = iris()
        weight = np.random.default_rng(0).random(len(y))
        settings = {"max_iter": 3, "random_state": 0}
        plain = classifier(**settings).fit(X, y, sample_weight=weight)
        scaled = classifier(**settings).fit(X, y, sample_weight=weight * scale)
        assert_allclose(scaled.predict_proba(X), plain.predict_proba(X), rtol=1e-9)
        assert_allclose(scaled.loss_curve_, plain.loss_curve_, rtol=1e-9)

    @every
    def test_a_class_of_weight_zero_teaches_nothing(self, classifier):
        X, y = iris()
        settings = {"max_iter": 3, "random_state": 0, "shuffle": False, "batch_size": 50}
        model = classifier(class_weight={1: 0.0}, **settings).fit(X, y)
        assert np.isfinite(model.predict_proba(X)).all()
        X[70:80] = X[50]
        again = classifier(class_weight={1: 0.0}, **settings).fit(X, y)
        assert same_weights(model, again)

    @every
    @pytest.mark.parametrize("weight", [-1.0, np.nan, 0.0])
    def test_class_weights_out_of_range(self, classifier, weight):
        model = classifier(class_weight={0: weight, 1: weight, 2: weight})
        with pytest.raises(ValueError, match=r"Got class_weight=.*but expected"):
            model.fit(*iris())

    @every
    def test_balanced_helps_the_rare_class(self, classifier):
        X, y = iris(1, 2)
        X, y = X[:58], y[:58]
        settings = {"max_iter": 100, "random_state": 0}
        plain = classifier(**settings).fit(X, y).predict_proba(X)[:, 1].mean()
        balanced = classifier(class_weight="balanced", **settings).fit(X, y)
        assert balanced.predict_proba(X)[:, 1].mean() > plain

    @every
    def test_score_takes_weights(self, classifier):
        X, y = iris()
        model = classifier(max_iter=5, random_state=0).fit(X, y)
        weight = np.random.default_rng(0).random(len(y))
        right = model.predict(X) == y
        assert_allclose(model.score(X, y, sample_weight=weight), np.average(right, weights=weight))


class TestTraining:
    @every
    def test_validation_data_are_scored_after_each_epoch(self, classifier):
        X, y = iris()
        train, test = np.arange(0, 150, 2), np.arange(1, 150, 2)
        model = classifier(max_iter=6, random_state=0)
        model.fit(X[train], y[train], X_val=X[test], y_val=y[test])
        assert len(model.validation_scores_) == 6
        assert model.validation_scores_[-1] == model.score(X[test], y[test])
        without = clone(model).fit(X[train], y[train])
        assert same_weights(model, without)

    @every
    def test_history(self, classifier):
        X, y = iris()
        weight = np.arange(150.0)
        model = classifier(max_iter=4, random_state=0).fit(X, y, weight, X_val=X, y_val=y)
        history = model.history_
        columns = ["loss", "accuracy", "validation_loss", "validation_accuracy"]
        assert list(history.columns) == columns
        assert history["validation_accuracy"].iloc[-1] == model.score(X, y)
        expected = log_loss(y, model.predict_proba(X))
        assert history["validation_loss"].iloc[-1] == pytest.approx(expected, rel=1e-6)
        assert history.index.tolist() == [1, 2, 3, 4]
        assert history.index.name == "epoch"

    @every
    def test_curves_are_those_of_the_batches_before_their_update(self, classifier):
        X, y = iris()
        settings = {"random_state": 0, "batch_size": 150, "learning_rate": "constant"}
        settings["weight_decay"] = 0.001
        model = classifier(max_iter=1, **settings).fit(X, y)
        longer = classifier(max_iter=2, **settings).fit(X, y)
        assert longer.accuracy_curve_[1] == model.score(X, y)
        log_proba = model.predict_log_proba(X)[np.arange(150), y]
        assert_allclose(longer.loss_curve_[1], -log_proba.mean())

    @sigmoid
    @pytest.mark.parametrize(
        ("batch_size", "n_samples", "n_batches"),
        [
            ("auto", 2, 1),
            ("auto", 31, 1),
            ("auto", 32, 2),
            ("auto", 100, 5),
            ("auto", 1000, 5),
            ("auto", 1001, 6),
            (40, 100, 3),
            (100, 100, 1),
            (1000, 100, 1),
        ],
    )
    def test_batches_of_an_epoch(self, classifier, batch_size, n_samples, n_batches, monkeypatch):
        batches = []
        run = Training.run

        def spy(self, order, step_sizes):
            batches.append(step_sizes.shape)
            return run(self, order, step_sizes)

        monkeypatch.setattr(Training, "run", spy)
        X = np.random.default_rng(0).random((n_samples, 2))
        classifier(max_iter=1, batch_size=batch_size).fit(X, np.arange(n_samples) % 2)
        assert batches == [(1, n_batches)]

    @every
    def test_early_stopping_keeps_the_best_epoch(self, classifier):
        X, y = iris()
        model = classifier(early_stopping=True, validation_fraction=0.3, random_state=0)
        model.set_params(max_iter=400, n_iter_no_change=60).fit(X, y)
        assert model.n_iter_ == len(model.validation_scores_) < 400
        best = int(np.argmax(model.validation_scores_))
        assert model.n_iter_ - best - 1 >= 60
        given = clone(model).fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
        assert given.score(X[1::2], y[1::2]) == max(given.validation_scores_)

    @every
    def test_tol_stops_a_flat_loss(self, classifier):
        X, y = iris(0, 1)
        with np.errstate(all="raise"):
            model = classifier(tol=1e9, n_iter_no_change=5, random_state=0).fit(X, y)
        theirs = MLPClassifier((4,), solver="sgd", tol=1e9, n_iter_no_change=5).fit(X, y)
        assert model.n_iter_ == theirs.n_iter_ == 7

    @every
    def test_infinite_patience_runs_every_epoch_without_a_warning(self, classifier):
        model = classifier(tol=1e9, n_iter_no_change=np.inf, max_iter=9, random_state=0)
        assert model.fit(*iris(0, 1)).n_iter_ == 9

    @every
    def test_tol_warns_when_epochs_run_out(self, classifier):
        model = classifier(tol=0.0, n_iter_no_change=20, max_iter=10, random_state=0)
        with pytest.warns(ConvergenceWarning, match="Raise max_iter, or set tol=None"):
            model.fit(*iris(0, 1))
        assert model.n_iter_ == 10

    @every
    def test_warm_start_goes_on(self, classifier):
        X, y = iris()
        settings = {"max_iter": 5, "random_state": 0, "learning_rate": "constant"}
        once = classifier(**settings).fit(X, y)
        twice = classifier(warm_start=True, **settings).fit(X, y)
        assert same_weights(once, twice)
        encoder = twice.encoder_
        twice.fit(X, y)
        assert not same_weights(once, twice)
        assert twice.loss_curve_[0] < once.loss_curve_[0]
        assert twice.encoder_ is encoder

    @every
    def test_early_stopping_never_loses_what_a_warm_start_had(self, classifier):
        X, y = iris()
        model = classifier(early_stopping=True, warm_start=True, random_state=0)
        model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
        kept = copy.deepcopy(model)
        model.set_params(learning_rate_init=100.0, weight_decay=0.01, max_iter=3)
        model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
        assert max(model.validation_scores_) < kept.score(X[1::2], y[1::2])
        assert same_weights(model, kept)

    @every
    def test_equally_good_epochs(self, classifier):
        """A warm start keeps what it had; of its own epochs, a fit keeps the last."""
        X, y = iris()
        settings = {
            "learning_rate_init": 1e-6,
            "max_iter": 3,
            "random_state": 0,
            "weight_decay": 0,
        }
        model = classifier(early_stopping=True, warm_start=True, **settings)
        model.fit(X, y, X_val=X, y_val=y)
        kept = copy.deepcopy(model)
        plain = classifier(warm_start=True, **settings).fit(X, y)
        assert same_weights(model, plain)
        model.fit(X, y, X_val=X, y_val=y)
        assert model.validation_scores_ == kept.validation_scores_ == [kept.score(X, y)] * 3
        assert same_weights(model, kept)
        assert not same_weights(plain.fit(X, y), kept)

    @every
    def test_a_better_epoch_replaces_what_a_warm_start_had(self, classifier):
        X, y = iris()
        model = classifier(early_stopping=True, warm_start=True, max_iter=1, random_state=0)
        model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
        before = model.score(X[1::2], y[1::2])
        model.set_params(max_iter=100).fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
        assert before < max(model.validation_scores_) == model.score(X[1::2], y[1::2])

    @every
    def test_steps_that_would_flip_signs_are_refused(self, classifier):
        """A step multiplies weights by 1 - step size * decay: -1 for twice the largest decay."""
        X, y = iris()
        model = classifier((3,), max_iter=1, learning_rate_init=0.25, weight_decay=4.0)
        for method in (model.fit, model.partial_fit):
            method(X, y)
            model.set_params(weight_decay=4.01)
            with pytest.raises(
                ValueError, match=r"weight_decay=4\.01, but expected a product of at most 1"
            ):
                method(X, y)
            model.set_params(weight_decay=4.0)

    @sigmoid
    @pytest.mark.parametrize("step", [100.0, 1e4])
    def test_decay_without_end_flips_no_sign(self, classifier, step):
        X, y = iris()
        model = classifier((3,), learning_rate_init=step, random_state=0)
        model.partial_fit(X, y, classes=[0, 1, 2])
        assert model._optimizer.settings[3] * step == pytest.approx(min(1, 0.001 * step))

    @sigmoid
    def test_automatic_decay_goes_with_the_length_of_training(self, classifier):
        """130 epochs of 5 batches: half of the inverse of the sum of 650 step sizes."""
        X, y = iris()
        total = sum(0.3 * (1 - step / 650) for step in range(650))
        for settings, expected in (
            ({}, 0.5 / total),
            ({"learning_rate": "constant"}, 0.5 / (0.3 * 650)),
            ({"learning_rate_init": 0.1, "max_iter": 1, "batch_size": 75}, 0.5 / (0.1 + 0.05)),
            ({"weight_decay": 0.02, "max_iter": 1}, 0.02),
        ):
            model = classifier((3,), random_state=0, **settings).fit(X, y)
            assert model._optimizer.settings[3] == pytest.approx(expected)
        model = classifier((3,)).partial_fit(X, y, classes=[0, 1, 2])
        assert model._optimizer.settings[3] == 0.001
        with pytest.raises(ValueError, match="weight_decay"):
            classifier(weight_decay="none").fit(X, y)

    @sigmoid
    @pytest.mark.parametrize(
        ("n_samples", "n_epochs"),
        [(2, 650), (32, 325), (79, 163), (80, 130), (1001, 130), (6200, 129), (30_000, 30)],
    )
    def test_automatic_epochs_make_650_to_4000_steps(self, classifier, n_samples, n_epochs):
        """130 epochs where these do, and at least 30."""
        assert classifier()._n_epochs(n_samples) == n_epochs

    @every
    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    def test_the_dtype_of_the_first_data_stays(self, classifier, method):
        X, y = iris()
        model = classifier(warm_start=True, max_iter=2, random_state=0)
        model.fit(X.astype(np.float32), y)
        getattr(model, method)(X, y)
        assert {coef.dtype for coef in model.coefs_} == {np.dtype(np.float32)}
        assert model.predict_proba(X).dtype == np.float32

    @every
    def test_warm_start_refuses_other_classes(self, classifier):
        model = classifier(warm_start=True, max_iter=1).fit(*iris())
        with pytest.raises(ValueError, match="warm_start=True expected those of the previous"):
            model.fit(*iris(0, 1))

    @every
    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    def test_training_further_refuses_another_network(self, classifier, method):
        model = classifier(warm_start=True, max_iter=1).fit(*iris())
        model.set_params(hidden_layer_sizes=8)
        with pytest.raises(ValueError, match="hidden_layer_sizes=8, but expected those of the"):
            getattr(model, method)(*iris())

    @every
    def test_partial_fit_is_fit_one_epoch_at_a_time(self, classifier):
        X, y = iris()
        settings = {"random_state": 0, "learning_rate": "constant", "batch_size": 40}
        settings["weight_decay"] = 0.001
        whole = classifier(max_iter=3, **settings).fit(X, y)
        parts = classifier(**settings)
        for _ in range(3):
            parts.partial_fit(X, y, classes=[0, 1, 2])
        assert same_weights(whole, parts)
        assert parts.loss_curve_ == whole.loss_curve_
        assert parts.n_iter_ == 3

    @every
    def test_partial_fit_learns_from_a_stream(self, classifier):
        X, y = iris()
        model = classifier(learning_rate_init=0.1, random_state=0)
        rng = np.random.default_rng(0)
        model.partial_fit(X, y, classes=[0, 1, 2])
        for _ in range(300):
            rows = rng.permutation(len(y))[:40]
            model.partial_fit(X[rows], y[rows])
        assert model.score(X, y) > 0.85

    @every
    def test_partial_fit_takes_samples_of_one_class(self, classifier):
        X, y = iris()
        model = classifier(random_state=0).partial_fit(X[:5], y[:5], classes=[0, 1, 2])
        model.partial_fit(X[-1:], y[-1:])
        assert np.isfinite(model.predict_proba(X)).all()

    @every
    @pytest.mark.parametrize("settings", [{"early_stopping": True}, {"class_weight": "balanced"}])
    def test_no_partial_fit_where_it_makes_no_sense(self, classifier, settings):
        model = classifier(**settings)
        assert not hasattr(model, "partial_fit")
        with pytest.raises(AttributeError) as error:
            model.partial_fit(*iris(), classes=[0, 1, 2])
        assert "partial_fit expected" in str(error.value.__cause__ or error.value)


class TestBadInput:
    """Each case names what was wrong, before any work, and changes nothing."""

    DATA = (
        ("X", np.full((150, 4), np.nan), "contains NaN"),
        ("X", np.full((150, 4), np.inf), "contains infinity"),
        ("X", np.empty((0, 4)), "0 sample"),
        ("X", np.empty((150, 0)), "0 feature"),
        ("X", np.ones(150), "Expected 2D array, got 1D"),
        ("X", np.full((150, 4), "red"), "could not convert string to float: .*red"),
        ("X", np.ones((149, 4)), "inconsistent numbers of samples"),
        ("y", np.linspace(0, 1, 150), "Unknown label type: continuous"),
        ("y", np.zeros(150), "expected at least 2 classes"),
        ("y", None, "y"),
        ("sample_weight", -np.ones(150), "Negative values in data"),
        ("sample_weight", np.zeros(150), "at least one non-zero"),
        ("sample_weight", np.ones(7), "sample_weight.shape == .7,."),
        ("X_val", np.ones((5, 4)), "only one of X_val and y_val"),
        ("y_val", np.ones(5), "only one of X_val and y_val"),
    )

    PARAMETERS = (
        {"hidden_layer_sizes": (8, -1)},
        {"hidden_layer_sizes": (8, 0)},
        {"hidden_layer_sizes": (8, 2.5)},
        {"hidden_layer_sizes": 0},
        {"hidden_layer_sizes": "big"},
        {"rate_encoding": "gray"},
        {"weight_init_scale": -1.0},
        {"receptive_fields": "maybe"},
        {"learning_rate": "adaptive"},
        {"learning_rate_init": 0.0},
        {"learning_rate_init": "auto"},
        {"weight_decay": -1.0},
        {"beta_1": 1.0},
        {"beta_2": -0.1},
        {"epsilon": -1e-8},
        {"batch_size": 0},
        {"batch_size": "big"},
        {"max_iter": 0},
        {"tol": -1.0},
        {"n_iter_no_change": 0},
        {"validation_fraction": 1.0},
        {"class_weight": "fair"},
        {"random_state": "lucky"},
        {"shuffle": "yes"},
    )

    @staticmethod
    def refuses(model, message, data):
        before = copy.deepcopy(vars(model))
        with pytest.raises((ValueError, TypeError), match=message):
            model.fit(**data)
        assert vars(model).keys() == before.keys()
        for name, value in before.items():
            assert pickle.dumps(getattr(model, name)) == pickle.dumps(value), name

    @every
    @pytest.mark.parametrize("fitted", [False, True], ids=["new", "fitted"])
    @pytest.mark.parametrize(("name", "value", "message"), DATA, ids=lambda v: str(v)[:30])
    def test_data(self, classifier, fitted, name, value, message):
        X, y = iris()
        model = classifier(max_iter=2)
        if fitted:
            model.fit(X[:, :2], y > 0)
        self.refuses(model, message, {"X": X, "y": y, name: value})

    @every
    @pytest.mark.parametrize("parameters", PARAMETERS, ids=str)
    def test_parameters(self, classifier, parameters):
        (name,) = parameters
        X, y = iris()
        self.refuses(classifier(**parameters), name, {"X": X, "y": y})
        fitted = classifier(max_iter=1).fit(X, y).set_params(**parameters)
        self.refuses(fitted, name, {"X": X, "y": y})

    @sigmoid
    @pytest.mark.parametrize(
        "parameters",
        [{"quiet_start": 0.0}, {"quiet_start": 1.5}, {"fan_in_scaling": "no"}],
        ids=str,
    )
    def test_parameters_of_sigmoid_networks(self, classifier, parameters):
        X, y = iris()
        self.refuses(classifier(**parameters), *parameters, {"X": X, "y": y})

    @every
    @pytest.mark.parametrize("scale", [1e38, 3.5e38, 1e300])
    def test_initial_weights_that_single_precision_does_not_hold(self, classifier, scale):
        X, y = iris()
        data = {"X": X.astype(np.float32), "y": y}
        self.refuses(classifier(weight_init_scale=scale), "finite in float32", data)

    @pytest.mark.parametrize("stdp_epsilon", [0.0, -1e-3, "small"])
    def test_stdp_epsilon(self, stdp_epsilon):
        X, y = iris()
        self.refuses(STDPClassifier(stdp_epsilon=stdp_epsilon), "stdp_epsilon", {"X": X, "y": y})

    @every
    def test_text_column_of_a_frame_is_named_by_its_content(self, classifier):
        frame = pd.DataFrame({"length": [1.0, 2.0], "colour": ["red", "blue"]})
        message = r"'red' in column 'colour' .*could not convert string.*OneHotEncoder"
        with pytest.raises(ValueError, match=message):
            classifier().fit(frame, [0, 1])

    @every
    # As with every estimator of scikit-learn, which says the name of the type after that.
    @pytest.mark.filterwarnings("ignore:X does not have valid feature names:UserWarning")
    def test_single_row_or_column_of_a_frame(self, classifier, iris_frame):
        X, y = iris_frame
        model = classifier(max_iter=1).fit(X, y)
        message = r"Expected a 2-dimensional container but got <class 'pandas.*Series'>"
        names = ("predict", "predict_proba", "predict_log_proba", "decision_function", "transform")
        for series in (X.iloc[0], X.iloc[:, 0]):
            for name in names:
                with pytest.raises(ValueError, match=message):
                    getattr(model, name)(series)
        for fit in (model.fit, model.partial_fit):
            with pytest.raises(ValueError, match=message):
                fit(X.iloc[:, 0], y)

    def test_lazy_frames(self, iris_frame):
        polars = pytest.importorskip("polars")
        X, y = iris_frame
        X, y = polars.from_pandas(X), y.to_numpy()
        message = (
            r"Got X of type LazyFrame, .*expected an array or a data frame. Use X.collect\(\)"
        )
        model, other = STDPClassifier(max_iter=1).fit(X, y), LogisticRegression(max_iter=999)
        doors = [model.fit, model.partial_fit, model.score]
        doors += [
            lambda X, y, name=name: getattr(model, name)(X) for name in ("predict", "transform")
        ]
        doors += [lambda X, y: model.fit(X.collect(), y, X_val=X, y_val=y)]
        for estimator in (model, other.fit(X, y)):
            for attack in (fgsm, FGSMScorer(), robustness_report, attack_table):
                doors.append(partial(attack, estimator))
            doors.append(lambda X, y, estimator=estimator: fgsm(estimator, X, y, space="input"))
        for door in doors:
            with pytest.raises(TypeError, match=message):
                door(X.lazy(), y)

    @every
    @pytest.mark.parametrize("value", [np.nan, np.inf])
    @pytest.mark.parametrize(
        ("convert", "name"),
        [
            (np.asarray, "1"),
            (pd.DataFrame.to_numpy, "1"),
            (lambda X: X.astype("Float64"), "'width'"),
            (lambda X: X, "'width'"),
        ],
    )
    def test_place_of_a_number_that_is_not_finite(self, classifier, value, convert, name):
        X = pd.DataFrame(np.arange(12.0).reshape(4, 3), columns=["length", "width", "depth"])
        model = classifier(max_iter=1).fit(convert(X), [0, 1, 0, 1])
        X.iloc[2, 1] = X.iloc[3, 0] = value
        message = rf"^Input X contains (?s:.*)in column {name}, row 2\. Replace it"
        self.refuses(model, message, {"X": convert(X), "y": [0, 1, 0, 1]})
        with pytest.raises(ValueError, match=message):
            model.predict(convert(X))

    @every
    @pytest.mark.parametrize("X", ["iris.csv", {"length": [1.0, 2.0]}])
    def test_no_table(self, classifier, X):
        self.refuses(classifier(), f"Got X of type {type(X).__name__}", {"X": X, "y": [0, 1]})

    @every
    def test_two_columns_of_one_name(self, classifier):
        X, y = iris()
        for names in (["length", "kind", "width", "kind"], [0, 1, 0, 1]):
            twice = pd.DataFrame(X, columns=names)
            self.refuses(
                classifier(max_iter=1), "several times among the columns", {"X": twice, "y": y}
            )
            model = classifier(max_iter=1).fit(X, y)
            for method in (model.predict, model.transform, model.decision_function):
                with pytest.raises(ValueError, match=r"several times among the columns of X"):
                    method(twice)
        with pytest.raises(ValueError, match=r"several times among the columns of X"):
            model.fit(X, y, X_val=twice, y_val=y)

    @every
    def test_number_and_names_of_features(self, classifier, iris_frame):
        X, y = iris_frame
        model = classifier(max_iter=1).fit(X, y)
        with pytest.raises(ValueError, match="feature names should match"):
            model.predict(X.iloc[:, :3])
        with pytest.raises(ValueError, match="feature names should match"):
            model.predict(X.rename(columns={X.columns[0]: "other"}))
        with pytest.raises(ValueError, match="expecting 4 features"):
            classifier(max_iter=1).fit(X.to_numpy(), y).predict(np.ones((1, 3)))

    @every
    def test_not_fitted(self, classifier):
        for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
            with pytest.raises(NotFittedError):
                getattr(classifier(), method)(np.ones((1, 4)))
        assert not hasattr(classifier(), "history_")

    @every
    def test_partial_fit_needs_the_classes_first(self, classifier):
        X, y = iris()
        model = classifier()
        with pytest.raises(ValueError, match="classes must be passed on the first call"):
            model.partial_fit(X, y)
        assert not hasattr(model, "classes_")
        model.partial_fit(X, y, classes=[0, 1, 2])
        kept = copy.deepcopy(model)
        for bad, message in (
            ({"y": y + 1}, r"Got the labels \[3\] in y"),
            ({"X": X[:, :3]}, "3 features"),
            ({"X": np.where(X > 5, np.nan, X)}, "contains NaN"),
            ({"classes": [0, 1]}, "first call|classes"),
        ):
            with pytest.raises(ValueError, match=message):
                model.partial_fit(**({"X": X, "y": y} | bad))
        assert same_weights(model, kept)
        assert model.n_iter_ == kept.n_iter_

    @every
    def test_interruption_leaves_the_fitted_model(self, classifier, monkeypatch):
        X, y = iris()
        model = classifier(max_iter=2, random_state=0, warm_start=True).fit(X, y)
        kept = copy.deepcopy(model)
        record_epoch = classifier._record_epoch

        def interrupt(self, *args):
            record_epoch(self, *args)
            raise KeyboardInterrupt

        monkeypatch.setattr(classifier, "_record_epoch", interrupt)
        for method in (model.fit, model.partial_fit):
            with pytest.raises(KeyboardInterrupt):
                method(X, y)
            assert same_weights(model, kept)
            assert model.loss_curve_ == kept.loss_curve_
