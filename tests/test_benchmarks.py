import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    RepeatedStratifiedKFold,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skstdp import BPClassifier, FGSMScorer, STDPClassifier
from skstdp.benchmarks import compare, summarise
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


def _splits(task):
    folds = RepeatedStratifiedKFold(n_splits=3, n_repeats=2, random_state=5)
    return list(folds.split(task.X, task.y))


def test_tables_hold_each_combination_once(tasks, result):
    names, splits = [task.name for task in tasks], range(6)
    keys = pd.MultiIndex.from_product([names, splits, ["local", "exact"], [0, 0.1, 0.2]])
    scores = result.scores
    assert list(scores) == ["task", "model", "split", "epsilon", "accuracy"]
    assert list(zip(scores.task, scores.split, scores.model, scores.epsilon, strict=True)) == (
        list(keys)
    )
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
    pd.testing.assert_frame_equal(again.scores, result.scores[:n_scores])
    pd.testing.assert_frame_equal(again.curves, result.curves[:n_curves])
    other = compare(tasks[:1], **(options | {"random_state": 6}))
    assert not other.curves.equals(again.curves)


def test_scores_of_a_model_do_not_depend_on_what_else_is_compared(tasks, models, result):
    alone = compare(
        tasks[1:], estimators={"exact": models["exact"]}, epsilons=[0, 0.1], **SIZES
    ).scores
    expected = result.scores.query("task == 'iris' and model == 'exact' and epsilon < 0.2")
    pd.testing.assert_frame_equal(alone, expected.reset_index(drop=True))


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


def test_arrays_and_text_labels(models):
    X, y = load_iris(return_X_y=True)
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
            seen.append((fit.task.name, fit.model, fit.split))

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
        ({"n_splits": 1}, ValueError, "n_splits=2 or more"),
        ({"n_splits": -3}, ValueError, "n_splits=2 or more"),
        ({"n_repeats": 0}, ValueError, "repetitions"),
        ({"epsilons": [-0.1]}, ValueError, "Got epsilon=-0.1, but expected"),
        ({"random_state": -1}, ValueError, "[Ss]eed must be between"),
        (
            {"estimators": {"early": BPClassifier(early_stopping=True)}},
            ValueError,
            "^Got early_stopping=True in the model 'early'",
        ),
        (
            {"estimators": {"other": LogisticRegression()}},
            TypeError,
            "^Got a LogisticRegression as the model 'other'",
        ),
        (
            {"estimators": {"search": GridSearchCV(BPClassifier(), {})}},
            TypeError,
            "^Got a GridSearchCV as the model 'search'",
        ),
    ],
)
def test_errors_before_the_first_fit(tasks, changes, error, message):
    arguments = {"tasks": tasks, "progress": _no_fit} | changes
    with pytest.raises(error, match=message):
        compare(**arguments)


def test_class_of_as_many_samples_as_folds():
    X, y = load_iris(return_X_y=True)
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
            ("z", "STDP", 0, 0.0, 0.9),
            ("z", "STDP", 0, 8 / 255, 0.5),
            ("z", "BP", 0, 0.0, 1.0),
            ("z", "BP", 0, 8 / 255, 0.2),
            ("z", "STDP", 1, 0.0, 0.7),
            ("z", "STDP", 1, 8 / 255, 0.5),
            ("z", "BP", 1, 0.0, 1.0),
            ("z", "BP", 1, 8 / 255, 0.4),
            ("a", "STDP", 0, 0.0, 0.6),
            ("a", "STDP", 0, 8 / 255, 0.0),
            ("a", "STDP", 1, 0.0, 0.6),
            ("a", "STDP", 1, 8 / 255, 0.3),
        ],
        columns=["task", "model", "split", "epsilon", "accuracy"],
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
    assert attacks == ["clean", "0.1", "51/255"]
