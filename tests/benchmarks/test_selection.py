from collections import Counter

import numpy as np
import pandas as pd
import pytest
from scipy.stats import uniform
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, ParameterSampler, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.tree import DecisionTreeClassifier

from skstdp import BPClassifier
from skstdp.benchmarks import select_settings
from skstdp.datasets import Task, load_tasks

N_BITS = 7


def _task(name, n_rows=60, share=0.5, n_test=0, mark=0):
    """A task whose rows can be told after scaling: each holds its class and its number.

    The number is there as bits, of which each is 0 for one training row at least and 1 for
    another. `mark` more columns tell the task.
    """
    n_all = n_rows + n_test
    numbers = np.arange(n_all)
    y = (numbers % 10 < 10 * share).astype(int)
    bits = numbers[:, None] >> np.arange(N_BITS) & 1
    X = np.column_stack([y, bits, np.zeros((n_all, mark))]).astype(float)
    if not n_test:
        return Task(name, X, y)
    return Task(name, X[:n_rows], y[:n_rows], X[n_rows:], y[n_rows:])


def _numbers(X):
    return [int(number) for number in X[:, 1 : 1 + N_BITS] @ (1 << np.arange(N_BITS))]


class Rigged(ClassifierMixin, BaseEstimator):
    """Is right on a given share of the rows, for each mark of a task, and remembers its rows."""

    seen = []

    def __init__(self, name="rigged", right=(1.0,), number=0, random_state=None):
        self.name = name
        self.right = right
        self.number = number
        self.random_state = random_state

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.seen_ = {
            "name": self.name,
            "mark": X.shape[1] - 1 - N_BITS,
            "number": self.number,
            "seed": self.random_state,
            "train": _numbers(X),
            "y": list(y),
        }
        self.seen.append(self.seen_)
        return self

    def predict(self, X):
        self.seen_["test"] = _numbers(X)
        truth = X[:, 0].round().astype(int)
        n_right = round(self.right[self.seen_["mark"] % len(self.right)] * len(X))
        return np.where(np.arange(len(X)) < n_right, truth, 1 - truth)


@pytest.fixture
def seen(monkeypatch):
    """What each fit was given, in the order of the fits."""
    monkeypatch.setattr(Rigged, "seen", [])
    return Rigged.seen


def _two_models(n_settings=3):
    numbers = {"number": list(range(n_settings))}
    return {"a": (Rigged("a"), numbers), "b": (Rigged("b"), numbers)}


def _split(seen, n_inner_fits):
    inner, outer = seen[:n_inner_fits], seen[n_inner_fits:]
    assert len(outer) > 0
    return inner, outer


@pytest.mark.parametrize(
    ("shares", "best"),
    [
        # Not the best one on any task, but the best one on their mean.
        ([(1.0, 0.3), (0.7, 0.7), (0.3, 1.0)], (0.7, 0.7)),
        ([(0.5, 0.5), (0.6, 0.5), (0.5, 0.8)], (0.5, 0.8)),
        ([(0.9, 0.9), (0.2, 0.1), (0.6, 0.5)], (0.9, 0.9)),
    ],
)
def test_chosen_is_the_setting_with_the_best_mean_of_the_inner_scores(seen, shares, best):
    tasks = [_task("first"), _task("second", mark=1)]
    spaces = {
        "rigged": (Rigged(), {"right": shares}),
        "worse": (Rigged(), {"right": shares[::-1]}),
    }
    inner, chosen, outer = select_settings(tasks, spaces=spaces, n_settings=3)

    assert list(inner) == ["model", "outer", "setting", "task", "accuracy"]
    drawn = {
        model: [setting["right"] for setting in ParameterSampler(space, 3, random_state=0)]
        for model, (_, space) in spaces.items()
    }
    assert len(inner) == 2 * 3 * 3 * 2
    for row in inner.itertuples():
        # Inner test folds have 20 rows, of which the shares are whole numbers.
        expected = drawn[row.model][row.setting][["first", "second"].index(row.task)]
        assert row.accuracy == pytest.approx(expected)

    assert list(chosen["outer"]) == [0, 1, 2, -1] * 2
    assert list(chosen["model"]) == ["rigged"] * 4 + ["worse"] * 4
    for row in chosen.itertuples():
        assert row.parameters == {"right": best}
        assert drawn[row.model][row.setting] == best
        assert row.accuracy == pytest.approx(np.mean(best))
    assert not outer.duplicated(["model", "outer", "task"]).any()
    assert len(outer) == 2 * 3 * 2
    for row in outer.itertuples():
        assert row.accuracy == pytest.approx(best[row.task == "second"])


def test_result_is_that_of_nested_cross_validation_in_scikit_learn():
    """Choice and scores of one task as a user gets them by hand, with another choice each time."""
    (task,) = load_tasks("breast_cancer")
    grid = {"max_depth": [1, 2, 4], "max_features": [0.1, 1.0]}
    spaces = {"tree": (DecisionTreeClassifier(), grid)}
    options = {"n_settings": 6, "n_outer": 4, "n_inner": 3, "random_state": 2}
    inner, chosen, outer = select_settings([task], spaces=spaces, **options)
    seeds = [int(seed) for seed in np.random.RandomState(2).randint(2**31 - 1, size=5)]
    settings = list(ParameterSampler(grid, 6, random_state=2))

    folds = StratifiedKFold(4, shuffle=True, random_state=2)
    total = np.zeros(6)
    for number, (train, test) in enumerate(folds.split(task.X, task.y)):
        X, y = task.X.iloc[train], task.y.iloc[train]
        # Folds as those of a first repeat of RepeatedStratifiedKFold.
        inner_seed = np.random.RandomState(2)
        inner_folds = StratifiedKFold(3, shuffle=True, random_state=inner_seed).split(X, y)
        scores = np.zeros(6)
        for fold, fold_seed in zip(inner_folds, seeds, strict=False):
            tree = DecisionTreeClassifier(random_state=fold_seed)
            pipeline = Pipeline([("scale", MinMaxScaler(clip=True)), ("tree", tree)])
            search = GridSearchCV(
                pipeline,
                [{f"tree__{k}": [v] for k, v in setting.items()} for setting in settings],
                cv=[fold],
                refit=False,
            )
            scores += search.fit(X, y).cv_results_["mean_test_score"] / 3
        total += scores / 4
        rows = inner[inner["outer"] == number]
        np.testing.assert_allclose(rows.sort_values("setting")["accuracy"], scores)
        choice = chosen[chosen["outer"] == number].iloc[0]
        assert choice["setting"] == np.argmax(scores)
        assert choice["parameters"] == settings[np.argmax(scores)]

        pipeline.set_params(
            tree=DecisionTreeClassifier(**choice["parameters"], random_state=seeds[0])
        )
        expected = pipeline.fit(X, y).score(task.X.iloc[test], task.y.iloc[test])
        assert list(outer.loc[outer["outer"] == number, "accuracy"]) == [expected]
    last = chosen.iloc[-1]
    assert (last["outer"], last["setting"]) == (-1, np.argmax(total))
    # Else the outer splits would not be told apart.
    assert chosen["setting"].nunique() > 1


def test_no_outer_test_row_is_seen_before_the_last_look(seen):
    select_settings([_task("one")], spaces=_two_models(), n_settings=3, n_outer=3, n_inner=2)
    inner, outer = _split(seen, 3 * 2 * 2 * 3)
    assert len(outer) == 2 * 3
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    task = _task("one")
    for number, (train, test) in enumerate(folds.split(task.X, task.y)):
        of_split = inner[number * 12 : (number + 1) * 12]
        for fit in of_split:
            assert not {*fit["train"], *fit["test"]} & set(test)
            assert {*fit["train"], *fit["test"]} == set(train)
            assert not set(fit["train"]) & set(fit["test"])
        for fit in outer[2 * number : 2 * number + 2]:
            assert fit["train"] == list(train)
            assert fit["test"] == list(test)


def test_models_have_equally_many_settings_and_the_same_folds_and_seeds(seen):
    tasks = [_task("one"), _task("two", 40, mark=1)]
    inner, _, outer = select_settings(tasks, spaces=_two_models(5), n_settings=4)
    assert inner.groupby("model")["setting"].nunique().to_dict() == {"a": 4, "b": 4}
    assert len(outer) == 2 * 3 * 2

    fits = {name: [fit for fit in seen if fit["name"] == name] for name in ("a", "b")}
    assert len(fits["a"]) == 2 * 3 * (2 * 4 + 1)
    keys = ("mark", "number", "seed", "train", "test")
    a, b = ([[fit[key] for key in keys] for fit in fits[name]] for name in ("a", "b"))
    assert a == b
    # Within a model, each setting sees what the others do.
    n_inner_fits = 2 * 3 * 2 * 4
    folds = Counter(str([fit[0], *fit[2:]]) for fit in a[:n_inner_fits])
    assert set(folds.values()) == {4}


def test_fixed_test_rows_are_those_of_the_last_look(seen):
    task = _task("fixed", 60, n_test=20)
    _, _, scores = select_settings([task], spaces=_two_models(), n_settings=3)
    inner, outer = _split(seen, 3 * 2 * 2 * 3)
    for fit in inner:
        assert max(fit["train"] + fit["test"]) < 60
    parts = []
    for fit in outer:
        assert fit["test"] == list(range(60, 80))
        assert len(fit["train"]) == 40
        parts.append(tuple(fit["train"]))
    # Both models on each of three parts.
    assert list(Counter(parts).values()) == [2, 2, 2]
    assert set(scores["accuracy"]) == {1}


@pytest.mark.parametrize(("n_test", "random_state"), [(0, 0), (27, 1), (0, 2), (0, 3)])
def test_sample_of_many_rows_is_stratified(seen, n_test, random_state):
    task = _task("many", 100, share=0.2, n_test=n_test)
    options = {"n_settings": 3, "n_outer": 2, "max_samples": 30, "random_state": random_state}
    select_settings([task], spaces=_two_models(), **options)
    inner, outer = _split(seen, 2 * 2 * 2 * 3)
    assert [Counter(fit["y"]) for fit in outer] == [{0: 24, 1: 6}] * 4
    assert [Counter(fit["y"]) for fit in inner] == [{0: 12, 1: 3}] * 24
    for number in (0, 1):
        fits = inner[number * 12 : (number + 1) * 12]
        rows = {row for fit in fits for row in fit["train"] + fit["test"]}
        assert rows == set(outer[2 * number]["train"])
    # What is left out is not tested on, either.
    assert all(len(fit["test"]) == (n_test or 50) for fit in outer)


@pytest.mark.parametrize(("max_samples", "expected"), [(40, 40), (39, 38), (38, 38)])
def test_sample_of_nearly_all_rows(seen, max_samples, expected):
    """One row cannot be left out of each class; of less rows than classes none is."""
    select_settings(
        [_task("one")], spaces={"a": (Rigged(), {})}, n_settings=1, max_samples=max_samples
    )
    assert {len(fit["y"]) for fit in seen[-3:]} == {expected}


def _keep_two(fits):
    yield from fits[:2]
    raise KeyboardInterrupt


def test_study_goes_on_where_it_stopped(seen, tmp_path, capsys):
    path = tmp_path / "deep" / "study"
    options = {"spaces": _two_models(), "n_settings": 3, "path": path}
    with pytest.raises(KeyboardInterrupt):
        select_settings([_task("one")], progress=_keep_two, **options)
    assert len(seen) == 2
    first = select_settings([_task("one")], verbose=True, **options)
    assert len(seen) == 3 * 2 * 2 * 3 + 3 * 2
    assert capsys.readouterr().err == "resumed: 2 of 36 fits were there\n"
    assert len(list(path.iterdir())) == len(seen)

    del seen[:]
    again = select_settings([_task("one")], **options)
    assert seen == []
    without = select_settings([_task("one")], **options | {"path": None})
    for ours, second, third in zip(first, again, without, strict=True):
        pd.testing.assert_frame_equal(ours, second)
        pd.testing.assert_frame_equal(ours, third)


def test_models_given_are_left_alone():
    given = Rigged(right=(0.5,))
    select_settings([_task("one")], spaces={"a": (given, {"right": [(1.0,)]})}, n_settings=1)
    assert given.right == (0.5,)
    assert not hasattr(given, "classes_")


def _no_fit(fits):
    raise AssertionError("The check must come before the first fit.")


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"n_settings": 0}, ValueError, "^Got n_settings=0, but expected an integer >= 1"),
        ({"n_settings": 2.0}, ValueError, "^Got n_settings=2.0, but expected an integer >= 1"),
        ({"n_settings": 4}, ValueError, "^Got n_settings=4, but expected at most 3, .* 'a' has"),
        ({"n_outer": 1}, ValueError, "^Got n_outer=1, but expected an integer >= 2"),
        ({"n_inner": 1}, ValueError, "^Got n_inner=1, but expected an integer >= 2"),
        ({"max_samples": 0}, ValueError, "^Got max_samples=0, but expected an integer >= 1"),
        ({"max_samples": 1}, ValueError, "^Got max_samples=1, .* each of the 2 classes .*'one'"),
        ({"random_state": -1}, ValueError, "^Got random_state=-1, but expected an integer >= 0"),
        ({"random_state": None}, ValueError, "^Got random_state=None, but expected an integer"),
        ({"n_outer": 31}, ValueError, r"^Got 30 sample\(s\) of the class . in the task 'one'"),
        ({"n_inner": 21}, ValueError, r"^Got 20 sample\(s\) of the class . in the task 'one \[0"),
        ({"tasks": []}, ValueError, "^Got no tasks, but expected at least one"),
        (
            {"tasks": [_task("one")] * 2},
            ValueError,
            "^Got the name 'one' several times among the tasks",
        ),
        ({"spaces": {}}, ValueError, "^Got spaces={}, but expected at least one"),
        ({"spaces": {"a": Rigged()}}, TypeError, "^Got Rigged.* as the space of the model 'a'"),
        ({"spaces": {"a": (Rigged, {})}}, TypeError, "^Got a type as the model 'a'"),
        ({"spaces": {"a": (LinearRegression(), {})}}, TypeError, "^Got a LinearRegression as"),
        (
            {"spaces": {"a": (Rigged(), {"left": uniform()})}},
            ValueError,
            "Invalid parameter 'left'",
        ),
        ({"spaces": {"a": (Rigged(), ["number"])}}, TypeError, "not a dict"),
        (
            {"spaces": {"a": (BPClassifier(), {"early_stopping": [True, False]})}},
            ValueError,
            "^Got early_stopping=True in the model 'a",
        ),
    ],
)
def test_errors_before_the_first_fit(changes, error, message):
    arguments = {"tasks": [_task("one")], "spaces": _two_models(), "n_settings": 2}
    with pytest.raises(error, match=message):
        select_settings(**arguments | {"progress": _no_fit} | changes)


def test_fixed_test_rows_do_not_make_up_for_a_small_class():
    task = _task("fixed", 20, share=0.1, n_test=20)
    with pytest.raises(ValueError, match=r"^Got 2 sample\(s\) of the class 1 in the task 'fixed'"):
        select_settings([task], spaces=_two_models(), n_settings=1, n_outer=3, progress=_no_fit)
