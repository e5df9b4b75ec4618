import json
import re
import warnings
from itertools import product

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import (
    GridSearchCV,
    RepeatedStratifiedKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC

from skstdp import BPClassifier, FGSMScorer, STDPClassifier
from skstdp._cli._console import format_summary
from skstdp.benchmarks import compare, paper_classifiers, robustness_fronts, summarise
from skstdp.datasets import Task, load_tasks

SIZES = {"n_splits": 3, "n_repeats": 2, "random_state": 5}
EPSILONS = (0.2, 0.1)


@pytest.fixture(scope="module")
def tasks():
    return load_tasks("iris")[2:]


@pytest.fixture(scope="module")
def models():
    # A few epochs, after which no two networks are alike.
    return {
        "local": STDPClassifier(max_iter=60, hidden_layer_sizes=(8,)),
        "exact": BPClassifier(max_iter=40, hidden_layer_sizes=(8,)),
    }


@pytest.fixture(scope="module")
def result(tasks, models):
    return compare(tasks, estimators=models, epsilons=EPSILONS, **SIZES)


def _timeless(scores):
    return scores.drop(columns=["fit_time", "predict_time", "attack_time"])


def _splits(task):
    folds = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=5)
    return list(folds.split(task.X, task.y))


def test_tables_hold_each_combination_once(tasks, result):
    names, splits = [task.name for task in tasks], range(6)
    attacks = [("none", 0), ("FGSM", 0.1), ("FGSM", 0.2)]
    scores = result.scores
    measures = ["accuracy", "balanced_accuracy", "roc_auc", "log_loss", "brier"]
    assert list(scores) == [
        *["task", "model", "split", "attack", "epsilon", *measures, "calibration_error"],
        *["fit_time", "predict_time", "attack_time"],
        *["one_class", "majority", "n_train", "n_test"],
    ]
    columns = [scores.task, scores.split, scores.model, scores.attack, scores.epsilon]
    assert list(zip(*columns, strict=True)) == [
        (task, split, model, *attack)
        for task, split, model, attack in product(names, splits, ["local", "exact"], attacks)
    ]
    curves = result.curves
    assert list(curves) == ["task", "model", "split", "epoch", "train_accuracy", "test_accuracy"]
    assert not curves.duplicated(["task", "model", "split", "epoch"]).any()
    for (_, model), rows in curves.groupby(["task", "model"]):
        n_epochs = {"local": 60, "exact": 40}[model]
        assert list(rows.epoch) == list(range(1, n_epochs + 1)) * 6


@pytest.mark.parametrize("model", ["local", "exact"])
@pytest.mark.parametrize("task_index", [0, 1])
def test_scores_are_those_of_cross_validation_in_scikit_learn(
    tasks, models, result, task_index, model
):
    """The pipeline and the splits of a user who does it by hand give the same figures."""
    task = tasks[task_index]
    scores = result.scores.query("task == @task.name and model == @model")
    seeds = np.random.RandomState(5).randint(2**31 - 1, size=6)
    for split, (fold, seed) in enumerate(zip(_splits(task), seeds, strict=True)):
        network = clone(models[model]).set_params(random_state=int(seed))
        expected = cross_validate(
            make_pipeline(MinMaxScaler(clip=True), network),
            task.X,
            task.y,
            cv=[fold],
            scoring={"0": "accuracy", "0.1": FGSMScorer(0.1), "0.2": FGSMScorer(0.2)},
        )
        rows = scores[scores.split == split].set_index("epsilon")["accuracy"]
        for epsilon in (0, 0.1, 0.2):
            assert rows[epsilon] == expected[f"test_{epsilon}"][0]


def test_curves_end_at_the_clean_score_and_start_below_it(result):
    keys = ["task", "model", "split"]
    last = result.curves.groupby(keys)["test_accuracy"].last()
    clean = result.scores[result.scores.epsilon == 0].set_index(keys)["accuracy"]
    pd.testing.assert_series_equal(last, clean.sort_index(), check_names=False)
    first = result.curves.groupby(keys)["test_accuracy"].first()
    assert first.mean() < clean.mean() - 0.1


def test_curves_are_the_history_of_the_network(tasks, models, result):
    task = tasks[0]
    (train, test), seed = _splits(task)[0], np.random.RandomState(5).randint(2**31 - 1)
    scaler = MinMaxScaler(clip=True).fit(task.X.iloc[train])
    network = clone(models["local"]).set_params(random_state=int(seed))
    network.fit(scaler.transform(task.X.iloc[train]), task.y.iloc[train])
    curves = result.curves.query("task == @task.name and model == 'local' and split == 0")
    assert list(curves.train_accuracy) == network.accuracy_curve_
    X_test = scaler.transform(task.X.iloc[test])
    assert curves.test_accuracy.iloc[-1] == network.score(X_test, task.y.iloc[test])


def test_same_seed_same_tables_and_another_seed_others(tasks, models, result):
    options = SIZES | {"estimators": models, "epsilons": EPSILONS}
    again = compare(tasks[:1], **options)
    n_scores, n_curves = len(again.scores), len(again.curves)
    pd.testing.assert_frame_equal(_timeless(again.scores), _timeless(result.scores[:n_scores]))
    pd.testing.assert_frame_equal(again.curves, result.curves[:n_curves])
    other = compare(tasks[:1], **(options | {"random_state": 6}))
    assert not other.curves.equals(again.curves)


def test_scores_of_a_model_do_not_depend_on_what_else_is_compared(tasks, models, result):
    alone = compare(
        tasks[1:], estimators={"exact": models["exact"]}, epsilons=[0, 0.1], **SIZES
    ).scores
    expected = result.scores.query("task == 'iris' and model == 'exact' and epsilon < 0.2")
    pd.testing.assert_frame_equal(_timeless(alone), _timeless(expected.reset_index(drop=True)))


def test_models_given_are_left_alone(tasks, models):
    before = {name: repr(model.get_params()) for name, model in models.items()}
    compare(tasks[:1], estimators=models, n_splits=2, n_repeats=1)
    assert before == {name: repr(model.get_params()) for name, model in models.items()}
    assert not any(hasattr(model, "coefs_") for model in models.values())


def test_default_models_are_the_two_rules_with_their_defaults(tasks):
    task = tasks[0]
    scores = compare([task], n_splits=2, n_repeats=1, epsilons=()).scores
    accuracies = scores.set_index(["model", "split"])["accuracy"]
    folds = RepeatedStratifiedKFold(n_splits=2, n_repeats=1, random_state=0)
    fold = next(folds.split(task.X, task.y))
    seed = int(np.random.RandomState(0).randint(2**31 - 1))
    for model, network in {"STDP": STDPClassifier(), "BP": BPClassifier()}.items():
        pipeline = make_pipeline(MinMaxScaler(clip=True), network.set_params(random_state=seed))
        (expected,) = cross_val_score(pipeline, task.X, task.y, cv=[fold])
        assert accuracies[model, 0] == expected


def test_values_beyond_the_training_fold_are_clipped(tasks):
    """Without it a network that takes its input for rates raises an error."""
    models = {"rates": BPClassifier(rate_encoding="none", max_iter=1)}
    scores = compare(tasks[:1], estimators=models, n_splits=5, n_repeats=1).scores
    assert scores["split"].nunique() == 5


def test_arrays_and_text_labels(models, iris):
    X, y = iris
    names = np.array(["setosa", "versicolor", "virginica"])
    given = [
        Task("numbers", X, y),
        Task("text", X, names[y]),
        Task("frame", pd.DataFrame(X), pd.Series(names[y], index=np.arange(150)[::-1])),
    ]
    models = {"exact": models["exact"]}
    scores = compare(given, estimators=models, n_splits=2, n_repeats=1).scores
    numbers, text, frame = (scores[scores.task == task.name].accuracy for task in given)
    assert list(numbers) == list(text) == list(frame)


def test_progress_gets_all_fits_and_decides_when_to_go_on(tasks, models):
    seen = []

    def progress(fits):
        seen.append(len(fits))
        for fit in fits:
            yield fit
            seen.append(tuple(fit))

    compare(tasks, estimators=models, n_splits=2, n_repeats=1, progress=progress)
    assert seen[0] == 8
    assert seen[1:] == [
        (task.name, model, split) for task in tasks for split in (0, 1) for model in models
    ]


def _no_fit(fits):
    raise AssertionError("The check must come before the first fit.")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"tasks": load_tasks("iris")[:1] * 2}, ValueError, "each name once"),
        ({"n_splits": 51}, ValueError, r"^Got 50 sample\(s\) of the class 1 in .*'iris 1v2'.* 51"),
        ({"n_splits": 1}, ValueError, "n_splits=.*expected an integer >= 2"),
        ({"n_splits": -3}, ValueError, "n_splits=.*expected an integer >= 2"),
        ({"n_repeats": 0}, ValueError, "^Got n_repeats=0, but expected an integer >= 1"),
        ({"epsilons": [-0.1]}, ValueError, "Got epsilons=-0.1, but expected"),
        ({"random_state": -1}, ValueError, "random_state=-1, but expected"),
        (
            {"estimators": {"early": BPClassifier(early_stopping=True)}},
            ValueError,
            "^Got early_stopping=True in the model 'early'",
        ),
        (
            {"estimators": {"other": LinearRegression()}},
            TypeError,
            "^Got a LinearRegression as the model 'other', but expected a classifier",
        ),
        ({"estimators": {"class": BPClassifier}}, TypeError, "^Got a .* as the model 'class'"),
        ({"estimators": lambda task: {task.name: 3}}, TypeError, "^Got a int as .* 'iris 1v2'"),
        ({"estimators": 3}, TypeError, "^Got estimators=3, .* a dict of classifiers"),
        ({"tasks": [load_iris(return_X_y=True)]}, TypeError, "^Got .* among the tasks, .* a Task"),
        ({"tasks": lambda: 3}, TypeError, "^Got 3 among the tasks, but expected a Task"),
        ({"tasks": []}, ValueError, "^Got no tasks, but expected at least one"),
        ({"n_seeds": 0}, ValueError, "^Got n_seeds=0, but expected an integer >= 1"),
        ({"scorers": ["accuracy"]}, TypeError, "^Got 'accuracy' among the scorers, .* name and"),
        (
            {"scorers": [FGSMScorer(0.1), FGSMScorer(0.1)]},
            ValueError,
            "^Got two scorers for FGSM at epsilon=0.1",
        ),
        (
            {"scorers": [FGSMScorer({0: 0.1})]},
            ValueError,
            "^Got FGSMScorer.* with a size for each column, but expected one number",
        ),
    ],
)
def test_errors_before_the_first_fit(tasks, changes, error, message):
    arguments = {"tasks": tasks, "progress": _no_fit} | changes
    with pytest.raises(error, match=message):
        compare(**arguments)


def test_class_of_as_many_samples_as_folds(iris):
    X, y = iris
    rows = np.r_[0:20, 50:53]
    models = {"exact": BPClassifier(max_iter=1)}
    task = Task("few", X[rows], y[rows])
    scores = compare([task], estimators=models, n_splits=3, n_repeats=1).scores
    assert scores["split"].nunique() == 3
    with pytest.raises(ValueError, match=r"^Got 3 sample\(s\) of the class 1 in the task 'few'"):
        compare([task], estimators=models, n_splits=4, n_repeats=1)


def test_summary_of_numbers_worked_by_hand():
    scores = pd.DataFrame(
        [
            ("z", "STDP", 0, "none", 0.0, 0.9),
            ("z", "STDP", 0, "FGSM", 8 / 255, 0.5),
            ("z", "BP", 0, "none", 0.0, 1.0),
            ("z", "BP", 0, "FGSM", 8 / 255, 0.2),
            ("z", "STDP", 1, "none", 0.0, 0.7),
            ("z", "STDP", 1, "FGSM", 8 / 255, 0.5),
            ("z", "BP", 1, "none", 0.0, 1.0),
            ("z", "BP", 1, "FGSM", 8 / 255, 0.4),
            ("a", "STDP", 0, "none", 0.0, 0.6),
            ("a", "STDP", 0, "FGSM", 8 / 255, 0.0),
            ("a", "STDP", 1, "none", 0.0, 0.6),
            ("a", "STDP", 1, "FGSM", 8 / 255, 0.3),
        ],
        columns=["task", "model", "split", "attack", "epsilon", "accuracy"],
    )
    half = 0.5**0.5
    expected = pd.DataFrame(
        {
            "task": ["z", "z", "a"],
            "model": ["STDP", "BP", "STDP"],
            "clean_mean": [0.8, 1.0, 0.6],
            "clean_std": [0.2 * half, 0.0, 0.0],
            "8/255_mean": [0.5, 0.3, 0.15],
            "8/255_std": [0.0, 0.2 * half, 0.3 * half],
        }
    )
    pd.testing.assert_frame_equal(summarise(scores), expected)


def test_summary_columns_go_from_weak_to_strong(result):
    attacks = [name.removesuffix("_mean") for name in summarise(result.scores) if "_mean" in name]
    assert attacks == ["clean", "0.1", "0.2"]


def test_summary_tells_kinds_of_attack_apart_and_keeps_models_without():
    rows = [
        ("z", "other", 0, "none", 0.0, 0.5),
        ("z", "BP", 0, "none", 0.0, 1.0),
        ("z", "BP", 0, "FGSM", 0.1, 0.6),
        ("z", "BP", 0, "PGD", 0.1, 0.4),
    ]
    columns = ["task", "model", "split", "attack", "epsilon", "accuracy"]
    summary = summarise(pd.DataFrame(rows, columns=columns))
    assert list(summary["model"]) == ["other", "BP"]
    means = summary.filter(like="_mean")
    assert list(means) == ["clean_mean", "FGSM 0.1_mean", "PGD 0.1_mean"]
    np.testing.assert_array_equal(means, [[0.5, np.nan, np.nan], [1, 0.6, 0.4]])


def test_fits_that_predict_one_class_are_marked(tasks):
    """Flat curves that are not robust, of our networks and of others."""
    rng = np.random.RandomState(0)
    noise = Task("noise", rng.rand(90, 3), np.where(np.arange(90) < 30, "rare", "usual"))
    models = {
        "nothing": STDPClassifier((5,), weight_decay=3, max_iter=40),
        "constant": LogisticRegression(C=1e-9),
        "something": LogisticRegression(class_weight="balanced"),
    }
    with warnings.catch_warnings():
        # The column says what they would.
        warnings.simplefilter("error")
        result = compare([noise], estimators=models, epsilons=[0.1], n_splits=3, n_repeats=1)
    scores = result.scores.set_index("model")
    assert scores.loc[["nothing", "constant"], "one_class"].all()
    assert not scores.loc["something", "one_class"].any()
    np.testing.assert_allclose(scores["majority"], 2 / 3)
    np.testing.assert_allclose(scores.loc[["nothing", "constant"], "accuracy"], 2 / 3)
    assert summarise(result.scores)["one_class"].tolist() == [3, 3, 0]
    assert "one_class" not in summarise(result.scores.drop(columns="one_class"))


def test_scores_are_accuracies(tasks, models):
    scorers = [FGSMScorer(0.1, metric="balanced_accuracy")]
    with pytest.raises(ValueError, match="Got a scorer with metric='balanced_accuracy', but exp"):
        compare(tasks, estimators=models, scorers=scorers, **SIZES)


class HalfScorer(FGSMScorer):
    """An attack of another name: FGSM of half the size."""

    attack = "Half"

    def _score(self, method_caller, estimator, X, y_true, **kwargs):
        return FGSMScorer(self.epsilon / 2)(estimator, X, y_true)


def test_attacks_are_named_by_their_scorers(tasks, models, result):
    scorers = [HalfScorer(0.2), FGSMScorer(0.2), FGSMScorer(0)]
    scores = compare(tasks[:1], estimators=models, scorers=scorers, **SIZES).scores
    n_fits = 12
    assert list(scores.attack) == ["none", "Half", "FGSM"] * n_fits
    assert list(scores.epsilon) == [0, 0.2, 0.2] * n_fits
    expected = result.scores[: 3 * n_fits]
    half = scores.accuracy[scores.attack == "Half"]
    assert list(half) == list(expected.accuracy[expected.epsilon == 0.1])
    full = scores.accuracy[scores.attack == "FGSM"]
    assert list(full) == list(expected.accuracy[expected.epsilon == 0.2])
    assert list(half) != list(full)


def test_other_classifiers_have_their_score_and_no_curve(tasks, models):
    task = tasks[0]
    other = Pipeline(
        [("scale", StandardScaler()), ("classify", RandomForestClassifier(n_estimators=3))]
    )
    search = GridSearchCV(models["exact"], {"max_iter": [20]}, cv=2)
    given = {"other": other, "exact": models["exact"], "search": search}
    sizes = {"n_splits": 3, "n_repeats": 1, "random_state": 5}
    reason = "trees are piecewise"
    with pytest.warns(
        UserWarning, match=rf"'other', which.*by FGSM 0.1: .*3 values.*{reason}"
    ) as c:
        result = compare([task], estimators=given, epsilons=[0.1], **sizes)
    scores, curves = result.scores, result.curves
    assert len(c) == 1
    assert set(curves.model) == {"exact"}
    assert list(scores.model) == ["other", "exact", "exact", "search", "search"] * 3
    assert set(scores.attack[scores.model == "other"]) == {"none"}
    seeds = np.random.RandomState(5).randint(2**31 - 1, size=3)
    for (train, test), seed, accuracy in zip(
        _splits(task), seeds, scores.accuracy[scores.model == "other"], strict=False
    ):
        scaler = MinMaxScaler(clip=True).fit(task.X.iloc[train])
        by_hand = clone(other).set_params(classify__random_state=int(seed))
        by_hand.fit(scaler.transform(task.X.iloc[train]), task.y.iloc[train])
        predicted = by_hand.predict(scaler.transform(task.X.iloc[test]))
        assert accuracy == accuracy_score(task.y.iloc[test], predicted)


def test_pipelines_are_attacked_where_all_models_are(tasks):
    """On the rates, not on what a scaler within the pipeline makes of them."""
    task, model = tasks[0], make_pipeline(StandardScaler(), SVC(kernel="linear"))
    sizes = {"n_splits": 3, "n_repeats": 2, "random_state": 5}
    scores = compare(task, estimators={"SVC": model}, epsilons=0.1, **sizes).scores
    attacked = scores.loc[scores["epsilon"] > 0, "accuracy"]
    scorer = FGSMScorer(0.1, bounds=(0, 1), space="input")
    for (train, test), accuracy in zip(_splits(task), attacked, strict=True):
        scaler = MinMaxScaler(clip=True).fit(task.X.iloc[train])
        by_hand = clone(model).fit(scaler.transform(task.X.iloc[train]), task.y.iloc[train])
        assert accuracy == scorer(by_hand, scaler.transform(task.X.iloc[test]), task.y.iloc[test])


def test_no_curves_at_all(tasks):
    forest = {"forest": RandomForestClassifier(n_estimators=2)}
    with pytest.warns(UserWarning, match="'forest'.*by FGSM 4/255, FGSM 8/255, FGSM 12/255"):
        result = compare(tasks[:1], estimators=forest, n_splits=2, n_repeats=1)
    assert len(result.curves) == 0
    assert list(result.curves)[-2:] == ["train_accuracy", "test_accuracy"]


def test_refusals_are_reported_again_from_the_folder(tasks, models, tmp_path):
    given = {"forest": RandomForestClassifier(n_estimators=2), "exact": models["exact"]}
    options = {"estimators": given, "n_splits": 2, "n_repeats": 1, "path": tmp_path / "fits"}
    for _ in range(2):
        with pytest.warns(UserWarning, match=r"'forest', which cannot be attacked.*no gradient"):
            scores = compare(tasks[:1], epsilons=0.1, **options).scores
    assert "n/a" in format_summary(summarise(scores))
    assert "nan" not in format_summary(summarise(scores))


def test_size_that_was_not_divided_by_255(tasks):
    seen = Stop()
    with pytest.raises(ValueError, match=r"Got epsilon=8 for values in \[0, 1\].*8 / 255"):
        compare(tasks, epsilons=[4, 8], progress=seen)
    with pytest.raises(ValueError, match=r"Got epsilon=8 for values in \[0, 1\].*8 / 255"):
        robustness_fronts([], epsilons=8)
    assert not seen.done


def test_error_of_a_scorer_leaves_the_rest(tasks, models):
    class BrokenScorer(FGSMScorer):
        def _score(self, method_caller, estimator, X, y_true, **kwargs):
            raise ZeroDivisionError("broken")

    options = {"estimators": models, "n_splits": 2, "n_repeats": 1}
    with pytest.warns(UserWarning, match="ZeroDivisionError: broken"):
        result = compare(tasks[:1], scorers=[BrokenScorer(0.1), FGSMScorer(0.2)], **options)
    assert set(result.missing["reason"]) == {"ZeroDivisionError: broken"}
    expected = compare(tasks[:1], scorers=[FGSMScorer(0.2)], **options)
    pd.testing.assert_frame_equal(_timeless(result.scores), _timeless(expected.scores))


def test_models_may_depend_on_the_task(tasks):
    def models(task):
        return {"exact": BPClassifier(max_iter=1 + (task.name == "iris"))}

    curves = compare(tasks, estimators=models, n_splits=2, n_repeats=1).curves
    assert list(curves.groupby("task", sort=False)["epoch"].max()) == [1, 2]


@pytest.fixture(scope="module")
def fixed(iris):
    """A task with fixed test rows, some of which are beyond the range of the others."""
    X, y = iris
    rows = np.random.RandomState(0).permutation(150)
    train, test = rows[:60], rows[60:]
    assert (X[test].max(axis=0) > X[train].max(axis=0)).any()
    return Task("fixed", X[train], y[train], X[test], y[test])


def test_fixed_test_rows_are_kept_and_only_the_seed_differs(fixed, models):
    result = compare([fixed], estimators=models, epsilons=[0.1], n_seeds=3)
    scores, curves = result.scores, result.curves
    assert set(scores.split) == {0, 1, 2}
    assert curves.groupby("model")["split"].nunique().eq(3).all()
    seeds = np.random.RandomState(0).randint(2**31 - 1, size=3)
    scaler = MinMaxScaler(clip=True).fit(fixed.X)
    X_test = scaler.transform(fixed.X_test)
    for (name, model), (split, seed) in product(models.items(), enumerate(seeds)):
        network = clone(model).set_params(random_state=int(seed))
        network.fit(scaler.transform(fixed.X), fixed.y)
        expected = [scorer(network, X_test, fixed.y_test) for scorer in map(FGSMScorer, (0, 0.1))]
        ours = [
            table[(table.model == name) & (table.split == split)] for table in (scores, curves)
        ]
        assert list(ours[0].accuracy) == expected
        assert list(ours[1].train_accuracy) == network.accuracy_curve_


class Witness(BPClassifier):
    """Remembers what it was trained on, across clones."""

    seen = []

    def fit(self, X, y, **kwargs):
        self.seen.append(X)
        return super().fit(X, y, **kwargs)


def test_fixed_rates_are_neither_copied_nor_converted(fixed):
    X, X_test = (np.clip(rows / 8, 0, 1).astype(np.float32) for rows in (fixed.X, fixed.X_test))
    task = Task("rates", X, fixed.y, X_test, fixed.y_test)
    compare([task], estimators={"witness": Witness(max_iter=1)}, n_seeds=2)
    assert len(Witness.seen) == 2
    assert all(seen is X for seen in Witness.seen)


@pytest.mark.process
def test_result_does_not_depend_on_the_number_of_jobs(tasks, fixed, models, tmp_path):
    options = {"estimators": models, "n_splits": 2, "n_repeats": 1, "n_seeds": 2}
    one = compare([*tasks, fixed], **options)
    two = compare([*tasks, fixed], n_jobs=2, path=tmp_path / "fits", **options)
    _assert_same(one, two)


class Stop:
    """Progress that interrupts, as Ctrl-C does, after some of the fits."""

    def __init__(self, after=None):
        self.after = after
        self.done = []

    def __call__(self, fits):
        for number, fit in enumerate(fits):
            if number == self.after:
                raise KeyboardInterrupt
            yield fit
            self.done.append(tuple(fit))


def _assert_same(result, expected):
    pd.testing.assert_frame_equal(_timeless(result.scores), _timeless(expected.scores))
    for name in ("curves", "calibration", "missing", "settings", "tasks"):
        pd.testing.assert_frame_equal(getattr(result, name), getattr(expected, name))


@pytest.mark.parametrize("cut", [0, 1, 40, 1000])
def test_interrupted_comparison_goes_on_where_it_stopped(tasks, models, tmp_path, capsys, cut):
    path = tmp_path / "deep" / "fits"
    options = {"estimators": models, "n_splits": 2, "n_repeats": 1, "verbose": True}
    with pytest.raises(KeyboardInterrupt):
        compare(tasks, path=path, progress=Stop(after=3), **options)
    assert len(list(path.iterdir())) == 3
    assert capsys.readouterr().err == ""

    # As a machine leaves a file that stops while the file is written.
    file = next(path.iterdir())
    content = file.read_bytes()
    file.write_bytes(content[: max(0, len(content) - cut)])
    n_left = 3 - (cut > 0)
    seen = Stop()
    result = compare(tasks, path=path, progress=seen, **options)
    assert len(seen.done) == 8 - n_left
    assert capsys.readouterr().err == f"resumed: {n_left} of 8 fits were there\n"
    _assert_same(result, compare(tasks, **options))

    seen = Stop()
    _assert_same(compare(tasks, path=path, progress=seen, **options), result)
    assert seen.done == []
    assert len(list(path.iterdir())) == 8
    for file in path.iterdir():
        assert file.suffix == ".json"
        assert json.loads(file.read_text())["measures"]


@pytest.mark.parametrize(
    ("changes", "n_new"),
    [
        ({}, 0),
        pytest.param({"n_jobs": 2}, 0, marks=pytest.mark.process),
        ({"n_repeats": 2}, 4),
        (
            {
                "estimators": {
                    "exact": BPClassifier(max_iter=3),
                    "local": STDPClassifier(max_iter=2),
                }
            },
            2,
        ),
        ({"estimators": {"exact": BPClassifier(max_iter=2)}}, 0),
        ({"epsilons": [0.1]}, 4),
        ({"scorers": [HalfScorer(8 / 255)]}, 4),
        ({"random_state": 1}, 4),
        ({"tasks": load_tasks("iris", pairs=[(0, 1)])}, 4),
        ({"tasks": [Task("iris 1v2", *load_iris(return_X_y=True))]}, 4),
    ],
)
def test_only_fits_that_are_the_same_are_taken_from_the_folder(tasks, tmp_path, changes, n_new):
    models = {"exact": BPClassifier(max_iter=2), "local": STDPClassifier(max_iter=2)}
    options = {"tasks": tasks[:1], "estimators": models, "epsilons": [8 / 255]}
    options |= {"n_splits": 2, "n_repeats": 1, "path": tmp_path / "fits"}
    compare(**options)
    seen = Stop()
    options |= changes
    result = compare(**options | {"progress": seen})
    assert len(seen.done) == n_new
    _assert_same(result, compare(**options | {"path": None}))


def test_fresh_does_all_fits_and_leaves_others_in_the_folder(tasks, tmp_path):
    path = tmp_path / "fits"
    models = {"exact": BPClassifier(max_iter=2)}
    options = {"estimators": models, "n_splits": 2, "n_repeats": 1, "path": path}
    expected = compare(tasks, **options)
    before = {file.name: file.read_text() for file in path.iterdir()}
    # Accuracies that no fit has, by which those from the folder can be distinguished.
    for file in path.iterdir():
        content = re.sub(r'"accuracy": [^,]*', '"accuracy": 9', file.read_text())
        file.write_text(content)
    assert set(compare(tasks, **options).scores.query("attack == 'none'").accuracy) == {9}

    with pytest.raises(KeyboardInterrupt):
        compare(tasks[1:], fresh=True, progress=Stop(after=1), **options)
    seen = Stop()
    result = compare(tasks[1:], progress=seen, **options)
    assert seen.done == [("iris", "exact", 1)]
    rows = expected.scores[expected.scores.task == "iris"]
    pd.testing.assert_frame_equal(_timeless(result.scores), _timeless(rows.reset_index(drop=True)))

    after = {file.name: file.read_text() for file in path.iterdir()}
    assert after.keys() == before.keys()
    others = [content for content in after.values() if '"accuracy": 9' in content]
    assert [json.loads(content)["task"] for content in others] == ["iris 1v2"] * 2


def test_experiments_share_a_folder(tasks, models, tmp_path):
    options = {"n_splits": 2, "n_repeats": 1, "path": tmp_path}
    for task in tasks:
        compare([task], estimators=models, **options)
    seen = Stop()
    compare(tasks, estimators=models, progress=seen, **options)
    assert not seen.done


def test_path_that_is_a_file(tasks, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("task,model\n")
    with pytest.raises(OSError, match=r"File exists.*table\.csv"):
        compare(tasks, path=path, progress=_no_fit)
    assert path.read_text() == "task,model\n"


def test_folder_that_cannot_be_written(tasks, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="Not a directory"):
        compare(tasks, path=tmp_path / "file" / "fits", progress=_no_fit)


@pytest.mark.parametrize(("name", "batch_size"), [("iris 0v1", 40), ("wine", 40), ("mnist", 100)])
@pytest.mark.parametrize("literal", [False, True])
def test_networks_of_the_paper(name, batch_size, literal):
    """What Section 3 of the paper says, which our own choices must leave alone."""
    models = paper_classifiers(name, literal=literal)
    assert {label: type(model) for label, model in models.items()} == {
        "STDP": STDPClassifier,
        "BP": BPClassifier,
    }
    for model in models.values():
        assert model.hidden_layer_sizes == (32, 16)
        assert model.learning_rate_init == 1e-3
        assert model.learning_rate == "constant"
        assert not model.fan_in_scaling
        assert model.weight_decay == 0
        assert model.batch_size == batch_size
        assert (model.beta_1, model.beta_2, model.epsilon) == (0.9, 0.999, 1e-8)
        assert not model.early_stopping
        assert model.tol is None
        if literal:
            assert model.receptive_fields == 1
            assert model.quiet_start is None
    rule = models["STDP"]
    assert rule.stdp_epsilon == 1e-9
    # As shares, not as numbers of units.
    for winners in (rule.positive_winners, rule.negative_winners):
        assert isinstance(winners, float)
        assert winners == 1
    assert rule.winner_margin is None


def test_networks_of_the_paper_start_alike_and_are_new_each_time(tasks):
    first, second = paper_classifiers(tasks[0]), paper_classifiers(tasks[0].name)
    common = first["BP"].get_params()
    # The local rule sets the initial biases, backpropagation draws them, and has feedback.
    del common["quiet_start"], common["feedback"]
    assert common.items() <= first["STDP"].get_params().items()
    assert first["BP"] is not second["BP"]
    assert first["STDP"].get_params() == second["STDP"].get_params()


def test_summary_of_another_table():
    with pytest.raises(ValueError, match=r"^Got scores without the columns 'model', 'accuracy', "):
        summarise(pd.DataFrame({"task": [], "attack": [], "epsilon": []}))


def test_one_scorer_is_a_list_of_one(tasks):
    options = {"estimators": {"BP": BPClassifier(max_iter=1)}, "n_splits": 2, "n_repeats": 1}
    scorer = FGSMScorer(0.1, bounds=(0, 1))
    one = compare(tasks, scorers=scorer, random_state=0, **options).scores
    several = compare(tasks, scorers=[scorer], random_state=0, **options).scores
    pd.testing.assert_frame_equal(_timeless(one), _timeless(several))
