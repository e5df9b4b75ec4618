"""Comparisons of many tables: read when due, resumed, in processes and on a cluster."""

import pickle
import warnings
import weakref
from time import sleep

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import ColumnTransformer, make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, RepeatedStratifiedKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from skstdp import BPClassifier, CertifiedScorer, FGSMScorer, PGDScorer, WorstCaseScorer
from skstdp.benchmarks import Comparison, _fits, _workers, compare
from skstdp.datasets import Task, load_tasks

OPTIONS = {"scorers": (), "n_splits": 3, "n_repeats": 1, "random_state": 4}
TIMES = ["fit_time", "predict_time", "attack_time"]
TABLES = ("scores", "curves", "settings", "calibration", "missing", "tasks")


def assert_same(result, expected):
    for name in TABLES:
        ours, theirs = (
            getattr(of, name).drop(columns=TIMES, errors="ignore") for of in (result, expected)
        )
        pd.testing.assert_frame_equal(ours, theirs)


def table(number, n_rows=60):
    draw = np.random.RandomState(number)
    X = draw.rand(n_rows, 3)
    return Task(f"table {number}", X, (X[:, 0] + draw.normal(0, 0.3, n_rows) > 0.5).astype(int))


class Fails(ClassifierMixin, BaseEstimator):
    """Naive Bayes that cannot be fitted to one of the tables."""

    def __init__(self, on=0.0):
        self.on = on

    def fit(self, X, y):
        if len(X) == self.on:
            raise RuntimeError("no\nmemory")
        self.model_ = GaussianNB().fit(X, y)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(X)


def test_tables_are_read_when_due_and_dropped():
    """However many there are, one is in memory at a time, and the result is that of all."""
    alive, most, n_read = weakref.WeakSet(), 0, 0

    def load(number):
        nonlocal n_read
        n_read += 1
        task = table(number)
        alive.add(task)
        return task

    class Counts(GaussianNB):
        def fit(self, X, y):
            nonlocal most
            most = max(most, len(alive))
            return super().fit(X, y)

    models = {"Bayes": Counts()}
    result = compare([lambda k=k: load(k) for k in range(6)], estimators=models, **OPTIONS)
    assert most == 1
    assert n_read == 12
    assert len(alive) == 0
    assert_same(result, compare([table(k) for k in range(6)], estimators=models, **OPTIONS))


def test_tables_without_missing_fits_are_not_read_again(tmp_path):
    n_read = 0

    def load():
        nonlocal n_read
        n_read += 1
        return table(0)

    options = OPTIONS | {"estimators": {"Bayes": GaussianNB()}, "path": tmp_path}
    first = compare(load, **options)
    again = compare(load, **options)
    assert n_read == 3
    assert_same(again, first)
    # What was measured is kept, also times.
    pd.testing.assert_frame_equal(again.scores, first.scores)


def test_error_of_a_table_that_is_gone():
    answers = iter([table(0), OSError("gone")])

    def load():
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    with pytest.raises(OSError, match="gone"):
        compare(load, estimators={"Bayes": GaussianNB()}, **OPTIONS)


@pytest.mark.parametrize("given", ["wine", lambda: load_tasks("wine")[0], load_tasks("wine")])
def test_forms_of_tasks(given):
    models = {"Bayes": GaussianNB()}
    result = compare(given, estimators=models, **OPTIONS)
    assert_same(result, compare(load_tasks("wine")[0], estimators=models, **OPTIONS))
    assert result.tasks.iloc[0][:6].to_dict() == {
        "task": "wine",
        "n_samples": 178,
        "n_features": 13,
        "n_classes": 3,
        "majority": 71 / 178,
        "n_test": 59,
    }


def test_paths_with_a_target(tmp_path, iris_frame):
    X, y = iris_frame
    path = tmp_path / "flowers.csv"
    X.assign(kind=y).to_csv(path, index=False)
    models = {"Bayes": GaussianNB()}
    result = compare(f"{path}:kind", estimators=models, **OPTIONS)
    expected = compare(Task("flowers", X, y), estimators=models, **OPTIONS)
    pd.testing.assert_series_equal(result.scores["accuracy"], expected.scores["accuracy"])
    assert result.tasks["task"].tolist() == ["flowers"]


def test_names_of_tables_that_are_read_later():
    with pytest.raises(ValueError, match=r"^Got the name 'table 1' several times among the tasks"):
        compare([lambda: table(1), lambda: table(1)], **OPTIONS)


def mixed_table():
    draw = np.random.RandomState(0)
    y = np.arange(90) % 2 == 1
    X = pd.DataFrame(
        {
            "size": np.where(draw.rand(90) < 0.2, np.nan, y + draw.normal(0, 1, 90)),
            "colour": np.where(draw.rand(90) < 0.3, "red", np.where(y, "blue", "green")),
        }
    )
    # In a single row, so that it is in the test rows alone once.
    X.loc[7, "colour"] = "pink"
    preparation = make_column_transformer(
        (SimpleImputer(), ["size"]), (OneHotEncoder(handle_unknown="ignore"), ["colour"])
    )
    return Task("mixed", X, y, preparation=preparation, notes=("a note", "another"))


def test_preparation_learns_from_training_rows_alone():
    task = mixed_table()
    models = {"logistic": LogisticRegression(), "BP": BPClassifier((4,), max_iter=5)}
    scorers = FGSMScorer(0.1, bounds=(0, 1))
    result = compare(task, estimators=models, **OPTIONS | {"scorers": scorers})
    folds = RepeatedStratifiedKFold(n_splits=3, n_repeats=1, random_state=4)
    seeds = np.random.RandomState(4).randint(2**31 - 1, size=5)
    scores = result.scores.set_index(["model", "split", "epsilon"])["accuracy"]
    for split, (train, test) in enumerate(folds.split(task.X, task.y)):
        steps = clone(task.preparation), MinMaxScaler(clip=True)
        pipeline = make_pipeline(*steps).fit(task.X.iloc[train])
        rates = pipeline.transform(task.X.iloc[test])
        # A number, three colours, and the one of row 7.
        assert rates.shape[1] == 4 + (7 in train)
        for name, model in models.items():
            model = clone(model)
            if name == "BP":
                model.set_params(random_state=int(seeds[split]))
            model.fit(pipeline.transform(task.X.iloc[train]), task.y[train])
            assert scores[name, split, 0] == accuracy_score(task.y[test], model.predict(rates))
            attack = FGSMScorer(0.1, bounds=(0, 1))
            assert scores[name, split, 0.1] == attack(model, rates, task.y[test])
    assert result.tasks["notes"].tolist() == ["a note\nanother"]
    assert "SimpleImputer" in result.tasks["preparation"][0]


def test_preparation_that_fails_is_recorded():
    task = mixed_table()
    strict = ColumnTransformer([("colour", OneHotEncoder(), ["colour"])])
    task = Task("strict", task.X, task.y, preparation=strict)
    models = {"Bayes": GaussianNB(), "neighbours": KNeighborsClassifier()}
    with pytest.warns(UserWarning, match="1 fit.s. failed"):
        result = compare(task, estimators=models, **OPTIONS)
    failed = result.scores[result.scores["accuracy"].isna()]
    assert failed["model"].tolist() == ["Bayes", "neighbours"]
    assert failed["split"].nunique() == 1
    assert len(result.scores) == 6
    assert result.missing["measure"].eq("fit").all()
    assert result.missing["reason"].str.contains("could not be prepared: .*pink").all()


def test_a_fit_that_fails_leaves_the_rest(tmp_path):
    tasks = [table(0), table(1, n_rows=90)]
    models = {"Bayes": GaussianNB(), "fails": Fails(on=40)}
    options = OPTIONS | {"estimators": models, "path": tmp_path}
    reason = "RuntimeError: no memory"
    with pytest.warns(UserWarning, match=f"'fails', of which 3 fit.s. failed.*{reason}") as caught:
        result = compare(tasks, **options)
    assert len(caught) == 1
    scores = result.scores.set_index(["task", "model"])
    failed = scores.loc[("table 0", "fails")]
    assert failed[["accuracy", "log_loss", "fit_time", "predict_time"]].isna().all(axis=None)
    assert not failed["one_class"].any()
    assert scores.drop(("table 0", "fails"))["accuracy"].notna().all()
    missing = result.missing.query("measure == 'fit'")
    assert missing["reason"].tolist() == [reason] * 3
    assert missing["attack"].eq("none").all()
    summary = result.summary().set_index(["task", "model"])
    assert np.isnan(summary.loc[("table 0", "fails"), "clean_mean"])

    to_do = []

    def progress(fits):
        to_do.extend(fits)
        return fits

    # The reason may be mended, so that failed fits are tried again, and no others.
    with pytest.warns(UserWarning, match="failed"):
        compare(tasks, progress=progress, **options)
    assert [tuple(fit) for fit in to_do] == [("table 0", "fails", split) for split in range(3)]


def test_all_fits_fail():
    message = r"^All 3 fits failed\. The first one was .* 'fails' .* 'table 0': RuntimeError: no m"
    with pytest.raises(ValueError, match=message):
        compare(table(0), estimators={"fails": Fails(on=40)}, **OPTIONS)


class Slow(GaussianNB):
    def fit(self, X, y):
        sleep(0.03)
        return super().fit(X, y)

    def predict(self, X):
        sleep(0.02)
        return super().predict(X)


def test_times(tmp_path):
    class SlowAttack(FGSMScorer):
        def __call__(self, estimator, X, y):
            sleep(0.01)
            return 0.5

    options = OPTIONS | {"scorers": [SlowAttack(0.1)]}
    scores = compare(table(0), estimators={"slow": Slow()}, **options).scores
    clean = scores[scores["attack"] == "none"]
    attacked = scores[scores["attack"] != "none"]
    assert clean["fit_time"].between(0.03, 0.2).all()
    assert clean["predict_time"].between(0.02, 0.2).all()
    assert attacked["attack_time"].between(0.01, 0.2).all()
    assert clean["attack_time"].isna().all()
    assert attacked[["fit_time", "predict_time", "log_loss"]].isna().all(axis=None)


def test_watching_the_test_rows_is_no_part_of_a_fit(monkeypatch):
    from skstdp._networks import _fit_loop

    validate = _fit_loop._validate

    def slow(*arguments):
        sleep(0.05)
        return validate(*arguments)

    monkeypatch.setattr(_fit_loop, "_validate", slow)
    models = {"BP": BPClassifier((3,), max_iter=10)}
    scores = compare(table(0), estimators=models, **OPTIONS).scores
    assert (scores["fit_time"] < 0.4).all()


def test_attacks_and_certificate_where_a_model_allows_them():
    scorers = [
        FGSMScorer(0.1, bounds=(0, 1)),
        PGDScorer(0.1, n_steps=3, n_restarts=1, bounds=(0, 1)),
        WorstCaseScorer(0.1, n_queries=20, gradient=None, bounds=(0, 1)),
        CertifiedScorer(0.1, bounds=(0, 1)),
    ]
    models = {"logistic": LogisticRegression(), "boosting": HistGradientBoostingClassifier()}
    options = OPTIONS | {"scorers": scorers}
    with pytest.warns(UserWarning, match="'boosting'.* by FGSM 0.1, PGD 0.1: it") as c:
        result = compare(table(0), estimators=models, **options)
    assert len(c) == 1
    attacks = result.scores.groupby("model", sort=False)["attack"].unique()
    assert list(attacks["logistic"]) == ["none", "FGSM", "PGD", "worst case", "certified"]
    assert list(attacks["boosting"]) == ["none", "worst case", "certified"]
    missing = result.missing.groupby("attack", sort=False)
    assert missing.size().to_dict() == {"FGSM": 3, "PGD": 3}
    assert set(result.missing["measure"]) == {"accuracy"}
    assert result.missing["reason"].str.len().min() > 20


def test_estimators_of_all_kinds_and_labels_of_all_types():
    X = np.random.RandomState(0).rand(60, 3)
    right = X[:, 0] > 0.5
    models = {
        "pipeline": make_pipeline(StandardScaler(), KNeighborsClassifier()),
        "search": GridSearchCV(BPClassifier((3,), max_iter=2), {"max_iter": (2, 4)}, cv=2),
        "vote": VotingClassifier(
            [("Bayes", GaussianNB()), ("BP", BPClassifier((3,), max_iter=2))], voting="soft"
        ),
        "own": Fails(),
    }
    results = {}
    for name, y in {
        "numbers": right.astype(int),
        "truth": right,
        "text": np.where(right, "yes", "no"),
        "series": pd.Series(np.where(right, "yes", "no"), dtype="string"),
        "category": pd.Series(pd.Categorical(np.where(right, "yes", "no"))),
        "nullable": pd.Series(right.astype(int), dtype="Int64"),
    }.items():
        results[name] = compare(Task("table", X, y), estimators=models, **OPTIONS)
        for frame in ("scores", "settings", "missing", "tasks"):
            ours, theirs = (
                getattr(results[of], frame).drop(columns=TIMES, errors="ignore")
                for of in (name, "numbers")
            )
            pd.testing.assert_frame_equal(ours, theirs)
    settings = results["text"].settings
    assert settings["model"].tolist() == ["search"] * 3
    assert all(chosen["max_iter"] in (2, 4) for chosen in settings["parameters"])
    assert settings["inner_score"].between(0, 1).all()


def test_a_comparison_pickles_and_names_its_size():
    result = compare(table(0), estimators={"Bayes": GaussianNB()}, **OPTIONS)
    again = pickle.loads(pickle.dumps(result))
    assert isinstance(again, Comparison)
    assert_same(again, result)
    assert repr(again) == "<Comparison of 1 model(s) on 1 task(s): 3 fits>"
    environment = result.environment
    assert {"skstdp", "Python", "numpy", "sklearn"} <= environment["versions"].keys()
    assert environment["duration"] > 0
    assert environment["date"].startswith("20")
    assert len(Comparison(scores=result.scores).calibration) == 0


def test_other_random_states():
    models = {"Bayes": GaussianNB()}
    state = np.random.RandomState(3)
    first = compare(lambda: table(0), estimators=models, **OPTIONS | {"random_state": state})
    again = compare(
        lambda: table(0), estimators=models, **OPTIONS | {"random_state": np.random.RandomState(3)}
    )
    assert_same(first, again)


@pytest.mark.process
def test_processes_read_and_measure_the_same():
    tasks = [lambda k=k: table(k) for k in range(5)] + [mixed_table]
    models = {"logistic": LogisticRegression(), "fails": Fails(on=60)}
    options = OPTIONS | {"estimators": models}
    with pytest.warns(UserWarning, match="'fails'"):
        one = compare(tasks, **options)
    with pytest.warns(UserWarning, match="'fails'"):
        two = compare(tasks, n_jobs=2, **options)
    assert_same(two, one)


@pytest.mark.process
def test_error_of_a_table_that_is_read_by_another_thread():
    """Nobody waits for it for ever."""
    n_read = 0

    def load(number):
        nonlocal n_read
        n_read += 1
        if n_read > 14:
            raise OSError("gone")
        return table(number)

    with pytest.raises(OSError, match="gone"):
        compare(
            [lambda k=k: load(k) for k in range(10)],
            estimators={"slow": Slow()},
            n_jobs=2,
            **OPTIONS,
        )


@pytest.mark.process
def test_a_cluster_does_the_same_fits(tmp_path):
    distributed = pytest.importorskip("distributed")
    tasks = [lambda k=k: table(k) for k in range(4)]
    models = {"logistic": LogisticRegression(), "Bayes": GaussianNB()}
    options = OPTIONS | {"estimators": models}
    expected = compare(tasks, **options)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit=None
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        assert_same(compare(tasks, client=client, path=tmp_path, **options), expected)
        by_address = compare(tasks, client=cluster.scheduler_address, **options)
        assert_same(by_address, expected)
    # All is there, and nobody asks the cluster that has gone.
    assert_same(compare(tasks, path=tmp_path, **options), expected)


def test_a_cluster_that_is_not_there(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(_workers, "_CONNECTION_TIMEOUT", 0.3)
    with pytest.raises(OSError, match=r"^Got client='tcp://127\.0\.0\.1:9', but expected"):
        compare(table(0), estimators={"Bayes": GaussianNB()}, client="tcp://127.0.0.1:9")


class _Warns(Fails):
    """Naive Bayes that warns."""

    def fit(self, X, y):
        warnings.warn(f"odd {len(X)}\nrows", UserWarning, stacklevel=1)
        return super().fit(X, y)


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.process)])
def test_warnings_of_fits_are_given_once_per_model(n_jobs, tmp_path):
    """Those of other processes too, and again with results from a folder."""
    options = OPTIONS | {"n_jobs": n_jobs, "path": tmp_path}
    for _ in range(2):
        with pytest.warns(UserWarning, match="warning") as caught:
            compare(table(0), estimators={"odd": _Warns(), "even": GaussianNB()}, **options)
        (warning,) = caught
        assert warning.filename == __file__
        assert str(warning.message) == (
            "Got 3 warning(s) about the model 'odd', the first in training, on 'table 0', split "
            "0: odd 40 rows"
        )


def test_figures_of_nothing():
    result = compare(table(0), estimators={"svc": LinearSVC()}, **OPTIONS)
    for draw, message in (
        (result.plot_curves, "Got no learning curves, .* curves=True"),
        (result.plot_calibration, "no model has predict_proba"),
        (result.plot_robustness, "Got scores without attack alone"),
    ):
        with pytest.raises(ValueError, match=message):
            draw()


def test_a_class_of_one_row_is_not_mended_by_fewer_folds():
    y = [0] * 9 + [1] * 9 + [2]
    task = Task("lone", np.random.RandomState(0).rand(19, 2), y)
    with pytest.raises(
        ValueError, match=r"^Got 1 sample.* of the class 2 .*folds\. Leave its row"
    ):
        compare(task, estimators={"Bayes": GaussianNB()}, **OPTIONS)


def test_summary_of_a_measure_that_is_not_there():
    result = compare(table(0), estimators={"Bayes": GaussianNB()}, **OPTIONS)
    with pytest.raises(ValueError, match=r"columns 'brierr', .* Did you mean 'brier'\?$"):
        result.summary("brierr")
    with pytest.raises(ValueError, match=r"columns 'f1', .* Its numbers are .*balanced_accuracy"):
        result.ranks("f1")


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"tasks": pd.DataFrame({"iris": [1]})}, TypeError, "^Got a data frame among the tasks"),
        ({"tasks": [pd.DataFrame({"iris": [1]})]}, TypeError, "^Got a data frame among the tasks"),
        ({"tasks": 5}, TypeError, "^Got 5 among the tasks, but expected a Task"),
        ({"estimators": {}}, ValueError, "^Got no estimators, but expected at least one"),
        ({"n_splits": 1}, ValueError, "^Got n_splits=1, but expected an integer >= 2"),
        ({"random_state": -1}, ValueError, "^Got random_state=-1, but expected an integer >= 0"),
        ({"scorers": "fgsm"}, TypeError, "^Got 'fgsm' among the scorers"),
    ],
)  # fmt: skip
def test_mistakes_name_the_parameter(given, error, message):
    given = {"tasks": table(0), "estimators": {"Bayes": GaussianNB()}} | OPTIONS | given
    with pytest.raises(error, match=message):
        compare(**given)


@pytest.mark.parametrize("feedback", ["symmetric", "sign"])
def test_no_fit_is_timed_with_the_compilation_of_its_loop(feedback):
    """Each kind of feedback has a loop of its own, which is called before the fit."""
    called = []

    class Recording(BPClassifier):
        def partial_fit(self, *args, **kwargs):
            called.append(self.feedback)
            return super().partial_fit(*args, **kwargs)

    for model in (Recording(feedback=feedback), make_pipeline(Recording(feedback=feedback))):
        _fits._warm_up(model, np.eye(3))
    # Once for a class, its kind of feedback and a dtype.
    assert called == [feedback]
