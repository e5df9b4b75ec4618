import copy
import pickle

import numpy as np
import pytest
from classifiers import CLASSIFIERS
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skstdp import (
    ConstantPredictionWarning,
    EarlyStopping,
    FGSMScorer,
    PGDScorer,
    RobustnessMonitor,
    STDPClassifier,
)

every = pytest.mark.parametrize(
    "classifier",
    CLASSIFIERS,
)


class Recorder:
    """Copies what it is told."""

    def __init__(self, stop_after=None, fail_after=None):
        self.stop_after, self.fail_after = stop_after, fail_after
        self.begun, self.ended, self.calls = [], [], []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, fitted_estimator=None):
        self.begun.append((context.task_name, fitted_estimator))

    def on_fit_task_end(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        self.ended.append((context.task_name, fitted_estimator))
        self.seen = X, y, metadata
        if len(self.ended) == self.fail_after:
            raise RuntimeError("a callback failed")
        return len(self.ended) == self.stop_after


def copied(estimator):
    """A fitted copy as the oracle of one that callbacks saw: without them."""
    return clone(estimator).set_callbacks()


@every
class TestTasks:
    def test_epochs_are_tasks_below_the_fit(self, classifier, iris):
        recorder = Recorder()
        model = classifier(max_iter=3, random_state=0).set_callbacks(recorder).fit(*iris)
        assert [name for name, _ in recorder.begun] == ["fit", "epoch", "epoch", "epoch"]
        assert [name for name, _ in recorder.ended] == ["epoch", "epoch", "epoch", "fit"]
        assert recorder.calls == ["setup", "teardown"]
        # The network of each epoch is the one that a fit of so many epochs would leave.
        fixed = {"learning_rate": "constant", "weight_decay": 0.001, "random_state": 0}
        recorder = Recorder()
        classifier(max_iter=3, **fixed).set_callbacks(recorder).fit(*iris)
        for n_epochs, (_, seen) in enumerate(recorder.ended[:3], start=1):
            alone = classifier(max_iter=n_epochs, **fixed).fit(*iris)
            np.testing.assert_array_equal(
                seen.decision_function(iris[0]), alone.decision_function(iris[0])
            )
            assert len(seen.history_) == n_epochs
        assert model.n_iter_ == 3

    def test_callbacks_change_nothing(self, classifier, iris):
        plain = classifier(max_iter=3, random_state=0).fit(*iris)
        watched = copied(plain).set_callbacks(Recorder()).fit(*iris)
        for ours, theirs in zip(watched.coefs_, plain.coefs_, strict=True):
            np.testing.assert_array_equal(ours, theirs)

    def test_data_are_those_of_the_user(self, classifier, iris):
        X, y = iris
        names = np.array(["setosa", "versicolor", "virginica"])[y]
        weight = np.where(np.arange(150) % 2, 2.0, 0.0)
        recorder = Recorder()
        model = classifier(max_iter=1, class_weight="balanced").set_callbacks(recorder)
        model.fit(10 * X, names, weight)
        seen_X, seen_y, metadata = recorder.seen
        np.testing.assert_array_equal(seen_X, 10 * X[1::2])
        np.testing.assert_array_equal(seen_y, names[1::2])
        np.testing.assert_array_equal(metadata["sample_weight"], weight[1::2])
        model.fit(X, y)
        assert recorder.seen[2] is None

    def test_rows_set_aside_are_not_among_the_training_data(self, classifier, iris):
        recorder = Recorder()
        model = classifier(max_iter=1, early_stopping=True, random_state=0)
        model.set_callbacks(recorder).fit(*iris, np.ones(150))
        X, y, metadata = recorder.seen
        assert len(X) == len(y) == len(metadata["sample_weight"]) == 135

    def test_a_callback_may_stop_the_fit(self, classifier, iris):
        model = classifier(max_iter=30, random_state=0).set_callbacks(Recorder(stop_after=4))
        assert model.fit(*iris).n_iter_ == len(model.history_) == 4

    def test_the_best_network_is_kept_when_a_callback_stops(self, classifier, iris):
        X, y = iris
        model = classifier(max_iter=30, early_stopping=True, random_state=0)
        model.set_callbacks(Recorder(stop_after=6)).fit(X, y, X_val=X, y_val=y)
        assert model.n_iter_ == 6
        assert model.score(X, y) == max(model.validation_scores_)

    def test_an_error_of_a_callback_leaves_the_estimator_as_it_was(self, classifier, iris):
        model = classifier(max_iter=2, random_state=0).fit(*iris)
        recorder = Recorder(fail_after=2)
        model.set_callbacks(recorder)
        before = copy.copy(vars(model))
        weights = copy.deepcopy(model.coefs_)
        with pytest.raises(RuntimeError, match="a callback failed"):
            model.fit(iris[0][::-1], iris[1])
        assert vars(model) == before
        for now, then in zip(model.coefs_, weights, strict=True):
            np.testing.assert_array_equal(now, then)
        assert recorder.calls == ["setup", "teardown"]

    def test_an_error_before_training_ends_the_callbacks(self, classifier, iris):
        model = classifier(max_iter=0).set_callbacks(Recorder())
        with pytest.raises(ValueError, match="max_iter"):
            model.fit(*iris)
        assert not hasattr(model, "_callback_fit_ctx")

    def test_progress_bar(self, classifier, iris, capsys):
        pytest.importorskip("rich")
        classifier(max_iter=3).set_callbacks(ProgressBar()).fit(*iris)
        assert f"{classifier.__name__} - fit" in capsys.readouterr().out

    def test_monitors_of_named_features(self, classifier, iris_frame):
        X, y = iris_frame
        monitor = ScoringMonitor(scoring="accuracy")
        model = classifier(max_iter=3, random_state=0).set_callbacks(monitor).fit(X, y)
        log = monitor.get_logs().data_as_pandas.set_index("task_name")
        assert log.loc["epoch", "accuracy"].size == 3
        assert log.loc["fit", "accuracy"] == model.score(X, y)

    def test_monitors_of_sparse_samples(self, classifier, iris):
        X, y = iris
        X = X - X.min(axis=0)
        monitor = ScoringMonitor(scoring="accuracy")
        model = classifier(max_iter=2, random_state=0).set_callbacks(monitor).fit(csr_array(X), y)
        log = monitor.get_logs().data_as_pandas.set_index("task_name")
        assert log.loc["fit", "accuracy"] == model.score(X, y)

    @pytest.mark.process
    def test_in_a_pipeline_and_a_search_in_processes(self, classifier, iris_frame):
        pytest.importorskip("rich")
        X, y = iris_frame
        monitor = ScoringMonitor(scoring="accuracy")
        model = classifier(max_iter=2, random_state=0).set_callbacks(monitor)
        scaler = StandardScaler().set_output(transform="pandas")
        search = GridSearchCV(
            make_pipeline(scaler, model),
            {f"{classifier.__name__.lower()}__weight_decay": [0, 0.1]},
            cv=2,
            n_jobs=2,
        )
        search.set_callbacks(ProgressBar()).fit(X, y)
        epochs = monitor.get_logs().data_as_pandas.query("task_name == 'epoch'")
        # Two candidates on two folds, and the best on all data.
        assert len(epochs) == (2 * 2 + 1) * 2
        assert epochs["accuracy"].between(0, 1).all()


class TestEarlyStopping:
    @every
    def test_stops_when_the_score_no_longer_grows(self, classifier, iris):
        X, y = iris
        stopping = EarlyStopping(X_val=X[::2], y_val=y[::2], n_iter_no_change=3, tol=0.01)
        model = classifier(max_iter=200, random_state=0).set_callbacks(stopping)
        model.fit(X[1::2], y[1::2], X_val=X[::2], y_val=y[::2])
        scores = model.validation_scores_
        assert model.n_iter_ == len(scores) < 200
        best, stale, expected = -np.inf, 0, None
        for epoch, score in enumerate(scores, start=1):
            stale = 0 if score > best + 0.01 else stale + 1
            best = max(best, score)
            if stale > 3:
                expected = epoch
                break
        assert model.n_iter_ == expected

    @every
    @pytest.mark.parametrize("n_iter_no_change", [1, 4, np.inf])
    def test_means_the_same_as_the_parameter(self, classifier, n_iter_no_change, iris):
        X, y = iris
        settings = {"n_iter_no_change": n_iter_no_change, "tol": 0.02}
        network = classifier(max_iter=40, random_state=0)
        callback = EarlyStopping(X_val=X[::2], y_val=y[::2], **settings)
        watched = clone(network).set_callbacks(callback).fit(X[1::2], y[1::2])
        network.set_params(early_stopping=True, **settings)
        network.fit(X[1::2], y[1::2], X_val=X[::2], y_val=y[::2])
        assert watched.n_iter_ == network.n_iter_
        assert (network.n_iter_ == 40) == (n_iter_no_change == np.inf)

    def test_scores_the_training_data_if_there_are_no_others(self, iris_frame):
        monitor = ScoringMonitor(scoring="accuracy")
        model = STDPClassifier(random_state=0, max_iter=100)
        model.set_callbacks(EarlyStopping(tol=1, n_iter_no_change=2), monitor).fit(*iris_frame)
        assert model.n_iter_ == 4

    def test_by_a_scorer_and_for_each_fit_anew(self, iris):
        scorer = FGSMScorer(0.1)
        stopping = EarlyStopping(scoring=scorer, n_iter_no_change=2, tol=1)
        model = STDPClassifier(random_state=0, max_iter=20).set_callbacks(stopping)
        assert [model.fit(*iris).n_iter_ for _ in range(2)] == [4, 4]
        assert not stopping._patience

    @pytest.mark.process
    def test_in_a_search(self, iris):
        stopping = EarlyStopping(n_iter_no_change=1, tol=1)
        model = STDPClassifier(random_state=0, max_iter=20).set_callbacks(stopping)
        search = GridSearchCV(model, {"weight_decay": [0, 0.1]}, cv=2, n_jobs=2).fit(*iris)
        assert search.best_estimator_.n_iter_ == 3

    def test_pickles_with_the_estimator(self, iris):
        stopping = EarlyStopping(X_val=iris[0], y_val=iris[1], n_iter_no_change=1, tol=1)
        model = STDPClassifier(max_iter=9, random_state=0).set_callbacks(stopping)
        assert pickle.loads(pickle.dumps(model)).fit(*iris).n_iter_ == 3

    @pytest.mark.parametrize(
        ("bad", "message"),
        [
            ({"tol": -1}, "'tol' parameter of EarlyStopping"),
            ({"n_iter_no_change": 0}, "'n_iter_no_change' parameter"),
            ({"scoring": 3}, "'scoring' parameter"),
            ({"X_val": [[0.0]]}, "only one of X_val and y_val"),
        ],
    )
    def test_bad_parameters(self, bad, message):
        with pytest.raises(ValueError, match=message):
            EarlyStopping(**bad)


class TestRobustnessMonitor:
    def test_scores_are_those_of_the_scorers(self, iris):
        X, y = iris
        monitor = RobustnessMonitor(
            [0.05, 0.1], scorer=PGDScorer, X_val=X[::2], y_val=y[::2], n_steps=3, n_restarts=1
        )
        recorder = Recorder()
        start = STDPClassifier(max_iter=60, warm_start=True, random_state=0)
        model = start.fit(X[1::2], y[1::2]).set_params(max_iter=4)
        model.set_callbacks(monitor, recorder).fit(X[1::2], y[1::2])
        log = monitor.get_logs().data_as_pandas.query("task_name == 'epoch'")
        assert log["task_id"].tolist() == [0, 1, 2, 3]
        for (_, row), (_, seen) in zip(log.iterrows(), recorder.ended, strict=False):
            assert row["clean"] == seen.score(X[::2], y[::2])
            for epsilon in (0.05, 0.1):
                scorer = PGDScorer(epsilon, n_steps=3, n_restarts=1)
                assert row[f"PGD {epsilon:g}"] == scorer(seen, X[::2], y[::2])

    def test_one_class_is_told_at_the_end_alone(self, iris):
        """Networks may predict one class before they learn."""
        monitor = RobustnessMonitor([0.05])
        model = LogisticRegression(C=1e-9).set_callbacks(monitor)
        with pytest.warns(ConstantPredictionWarning) as caught:
            model.fit(*iris)
        assert len(monitor.get_logs().data_as_pandas) > 1
        assert len(caught) == 1

    def test_every_so_many_epochs_and_at_the_end(self, iris_frame):
        monitor = RobustnessMonitor(every=3)
        STDPClassifier(max_iter=7, random_state=0).set_callbacks(monitor).fit(*iris_frame)
        log = monitor.get_logs().data_as_pandas
        assert log.groupby("task_name")["task_id"].agg(list).to_dict() == {
            "epoch": [2, 5],
            "fit": [0],
        }

    def test_on_an_estimator_of_scikit_learn(self, iris_frame):
        X, y = iris_frame
        monitor = RobustnessMonitor(0.1)
        model = LogisticRegression(max_iter=300).set_callbacks(monitor).fit(X, y)
        log = monitor.get_logs().data_as_pandas.set_index("task_name")
        assert len(log.loc["lbfgs-iter"]) > 3
        assert log.loc["fit", "FGSM 0.1"] == FGSMScorer(0.1)(model, X, y)

    @pytest.mark.parametrize(
        ("bad", "message"),
        [
            ({"every": 0}, "'every' parameter of RobustnessMonitor"),
            ({"epsilons": []}, "expected at least one"),
            ({"y_val": [0]}, "only one of X_val and y_val"),
        ],
    )
    def test_bad_parameters(self, bad, message):
        with pytest.raises(ValueError, match=message):
            RobustnessMonitor(**bad)
