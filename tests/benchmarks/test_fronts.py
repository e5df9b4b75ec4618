import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from skstdp import (
    BPClassifier,
    CertifiedScorer,
    CorruptionScorer,
    PGDScorer,
    STDPClassifier,
    WorstCaseScorer,
)
from skstdp.benchmarks import _fronts, front_families, robustness_fronts
from skstdp.benchmarks._fronts import _choose
from skstdp.datasets import Task

# Many attacks, most of which are slow on few rows.
pytestmark = pytest.mark.process

SMALL = {"hidden_layer_sizes": (4,), "receptive_fields": 2}


@pytest.fixture(scope="module")
def images():
    X, y = load_digits(n_class=2, return_X_y=True)
    X = (X / 16).astype(np.float32)
    fixed = X[:240], y[:240], X[240:], y[240:]
    return Task("digits 0v1", *fixed, image_shape=(8, 8))


@pytest.fixture(scope="module")
def table():
    X, y = load_iris(return_X_y=True, as_frame=True)
    return Task("iris 1v2", X[50:].reset_index(drop=True), y[50:].reset_index(drop=True))


@pytest.fixture(scope="module")
def families():
    return {
        "STDP": {
            "a": STDPClassifier(max_iter=20, **SMALL),
            "b": STDPClassifier(max_iter=1, **SMALL),
        },
        "logistic": {f"C {C:g}": LogisticRegression(C=C) for C in (1e-6, 1)},
        "kernel": {"C 1": SVC()},
        "tree": {
            f"depth {d}": DecisionTreeClassifier(max_depth=d, random_state=0) for d in (1, 3)
        },
    }


OPTIONS = {"epsilons": 0.05, "n_queries": 5, "max_test": 10, "n_seeds": 2, "n_splits": 2}


@pytest.fixture(scope="module")
def fronts(images, table, families, tmp_path_factory):
    path = tmp_path_factory.mktemp("fits")
    result = robustness_fronts([images, table], families=families, path=path, **OPTIONS)
    # Everything is there already.
    fits = []
    again = robustness_fronts(
        [images, table],
        families=families,
        path=path,
        progress=lambda some: fits.extend(some) or some,
        **OPTIONS,
    )
    assert fits == []
    for ours, other in zip(result, again, strict=True):
        pd.testing.assert_frame_equal(ours, other)
    return result


def test_every_setting_is_tried_on_each_split(fronts, families):
    n_settings = sum(map(len, families.values()))
    sizes = fronts.validation.groupby(["task", "split"]).size()
    assert sizes.to_dict() == {
        ("digits 0v1", 0): n_settings,
        ("iris 1v2", 0): n_settings,
        ("iris 1v2", 1): n_settings,
    }
    of_trees = fronts.validation["family"] == "tree"
    assert fronts.validation["attacked"].isna().equals(of_trees)


def test_one_setting_of_each_family_is_chosen(fronts, families):
    chosen = fronts.chosen.set_index(["task", "split", "family"])["setting"]
    assert len(chosen) == 3 * len(families)
    assert set(chosen.xs("STDP", level="family")) == {"a"}
    # The other one predicts one class.
    assert set(chosen.xs("logistic", level="family")) == {"C 1"}


def test_chosen_settings_are_measured(fronts, families):
    scores = fronts.scores
    n_fits = scores[scores["attack"] == "none"].groupby(["task", "family"]).size()
    assert n_fits["iris 1v2"].to_dict() == dict.fromkeys(families, 2)
    assert n_fits["digits 0v1"].to_dict() == {
        "STDP": 2,
        "logistic": 1,
        "kernel": 1,
        "tree": 1,
    }
    keys = ["task", "split", "family", "epsilon"]
    accuracy = scores.set_index([*keys, "attack"])["accuracy"].unstack("attack")
    clean = accuracy["none"].dropna().droplevel("epsilon")
    accuracy = accuracy.drop(index=0, level="epsilon")
    clean = accuracy.join(clean.rename("clean"), on=keys[:3])["clean"]
    assert (accuracy["worst case"] <= clean).all()
    with_gradient = accuracy.drop(index="tree", level="family")
    assert (with_gradient["worst case"] <= with_gradient["PGD"]).all()
    assert accuracy.xs("tree", level="family")["PGD"].isna().all()
    assert accuracy.xs("kernel", level="family")["certified"].isna().all()
    bounded = accuracy[accuracy["certified"].notna()]
    assert {"STDP", "logistic"} <= set(bounded.index.get_level_values("family"))
    assert (bounded["certified"] <= bounded["worst case"]).all()


def test_scores_are_those_of_the_scorers(images, families):
    """One setting by hand: all of the training data, and all test rows if they are few."""
    only = {"logistic": {"C 1": families["logistic"]["C 1"]}}
    options = OPTIONS | {"epsilons": 0.1, "max_test": 1000}
    fronts = robustness_fronts([images], families=only, **options)
    model = LogisticRegression(C=1).fit(images.X, images.y)
    test = images.X_test, images.y_test
    accuracy = fronts.scores.set_index("attack")["accuracy"]
    assert accuracy["none"] == model.score(*test)
    assert accuracy["PGD"] == PGDScorer(0.1, bounds=(0, 1))(model, *test)
    worst_case = WorstCaseScorer(0.1, n_queries=5, bounds=(0, 1))
    assert accuracy["worst case"] == worst_case(model, *test)
    assert accuracy["certified"] == CertifiedScorer(0.1, bounds=(0, 1))(model, *test)
    (blur,) = fronts.corruptions.query("corruption == 'blur'").tail(1).itertuples()
    scorer = CorruptionScorer("blur", blur.size, image_shape=(8, 8), bounds=(0, 1))
    assert blur.accuracy == scorer(model, *test)


def test_folds_of_a_table_are_scaled_by_their_training_rows(table, families, monkeypatch):
    seen = []

    class Recorder(_fronts.WorstCaseScorer):
        def __call__(self, estimator, X, y):
            seen.append((X, y))
            return super().__call__(estimator, X, y)

    monkeypatch.setattr(_fronts, "WorstCaseScorer", Recorder)
    only = {"logistic": {"C 1": families["logistic"]["C 1"]}}
    robustness_fronts([table], families=only, **OPTIONS | {"epsilons": 0.1})
    for X, y in seen:
        assert len(X) == 10  # of 50
        assert X.min() >= 0
        assert X.max() <= 1
        assert set(y) == {1, 2}
    parts = _fronts._parts(table, 2, 0)
    tests = [set(part.task.X_test.index) for part in parts]
    assert not tests[0] & tests[1]
    scaler = MinMaxScaler(clip=True).fit(parts[0].task.X)
    rows = {tuple(row) for row in scaler.transform(parts[0].task.X_test)}
    assert {tuple(row) for row in np.asarray(seen[0][0])} <= rows


def test_corruptions_of_tables_and_of_images(fronts):
    names = fronts.corruptions.groupby("task")["corruption"].agg(set)
    assert {"blur", "shift"} <= names["digits 0v1"]
    assert {"offset", "permutation"} <= names["iris 1v2"]
    assert not {"blur", "shift"} & names["iris 1v2"]
    assert fronts.corruptions["accuracy"].between(0, 1).all()
    assert set(fronts.scores["attack"]) <= {"none", "PGD", "worst case", "certified"}


def test_choice_by_hand():
    """Within 0.01 of the cleanest of its family, the best under attack."""
    figures = {
        ("STDP", "robust"): (0.96, 0.9),
        ("STDP", "fair"): (0.975, 0.8),
        ("STDP", "clean"): (0.98, 0.7),
        ("weak", "robust"): (0.9, 0.9),
        ("weak", "cleanest"): (0.905, 0.1),
        ("forest", "first"): (0.99, np.nan),
        ("forest", "clean"): (0.995, np.nan),
    }
    validation = pd.DataFrame(
        [("t", 0, *names, *accuracies) for names, accuracies in figures.items()],
        columns=["task", "split", "family", "setting", "clean", "attacked"],
    )
    chosen = _choose(validation, 0.01)
    assert dict(zip(chosen["family"], chosen["setting"], strict=True)) == {
        "STDP": "fair",
        "weak": "robust",
        "forest": "clean",
    }
    wider = _choose(validation, 0.02)
    assert wider["setting"].iloc[0] == "robust"


def test_a_choice_sees_no_test_rows(images, table):
    for task in (images, table):
        for part in _fronts._parts(task, 2, 0):
            X_test = {tuple(row) for row in np.asarray(part.task.X_test)}
            inside = {tuple(row) for row in np.asarray(part.task.X)} & X_test
            for inner, *_ in _fronts._inner_splits(part, 2, 1000, 1000, 0):
                seen = [inner.X] if inner.X_test is None else [inner.X, inner.X_test]
                rows = {tuple(row) for X in seen for row in np.asarray(X)}
                # Equal rows apart, which some tables have.
                assert rows & X_test <= inside


def test_models_that_store_samples_get_fewer(images, monkeypatch):
    monkeypatch.setattr(_fronts, "_MAX_STORED", 50)
    seen = {}

    class Kernel(SVC):
        def fit(self, X, y):
            seen["kernel"] = len(X)
            return super().fit(X, y)

    class Logistic(LogisticRegression):
        def fit(self, X, y):
            seen["logistic"] = len(X)
            return super().fit(X, y)

    families = {"kernel": {"C 1": Kernel()}, "logistic": {"C 1": Logistic()}}
    robustness_fronts([images], families=families, **OPTIONS | {"max_test": 5})
    assert seen == {"kernel": 50, "logistic": 240}


def test_all_families_have_equally_many_settings():
    families = front_families((7,))
    assert {len(settings) for settings in families.values()} == {6}
    networks = [
        model
        for settings in families.values()
        for model in settings.values()
        if hasattr(model, "hidden_layer_sizes")
    ]
    assert {model.hidden_layer_sizes for model in networks} == {(7,)}
    assert len(networks) == 7 * 6


def test_each_task_once(images):
    with pytest.raises(ValueError, match=r"^Got the name .* several times among the tasks"):
        robustness_fronts([images, images])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epsilons": [0.0]}, "Got epsilons=0.0"),
        ({"n_seeds": 0}, "Got n_seeds=0, but expected an integer >= 1"),
        ({"n_splits": 1}, "Got n_splits=1, but expected an integer >= 2"),
        ({"n_splits": 30}, "Got 50 sample"),
        ({"tolerance": -0.1}, "tolerance"),
        ({"families": {}}, "Got no families"),
    ],
)
def test_bad_input_gets_an_error_before_any_work(table, options, message, monkeypatch):
    monkeypatch.setattr(BPClassifier, "fit", None)
    with pytest.raises(ValueError, match=message):
        robustness_fronts([table], **options)


def test_settings_are_classifiers(table):
    with pytest.raises(TypeError, match="'a', but expected a classifier"):
        robustness_fronts([table], families={"broken": {"a": 3}})
