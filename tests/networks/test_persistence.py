import json
import pickle
import subprocess
import sys
import zipfile

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from classifiers import CLASSIFIERS
from scipy.stats import randint
from sklearn.calibration import CalibratedClassifierCV
from sklearn.callback import ScoringMonitor
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import (
    RFECV,
    SelectFromModel,
    SelectKBest,
    SequentialFeatureSelector,
    chi2,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    cohen_kappa_score,
    fbeta_score,
    get_scorer,
    get_scorer_names,
    make_scorer,
)
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    PredefinedSplit,
    RandomizedSearchCV,
    RepeatedKFold,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
    TunedThresholdClassifierCV,
)
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    StandardScaler,
)
from sklearn.semi_supervised import SelfTrainingClassifier

from skstdp import (
    BestUnderAttack,
    EarlyStopping,
    FGSMScorer,
    PGDScorer,
    STDPClassifier,
    attack_scorers,
    load_model,
    save_model,
    trusted_types,
)
from skstdp.datasets import load_tasks

skops_io = pytest.importorskip("skops.io", reason="reads and writes model files")

every = pytest.mark.parametrize(
    "classifier",
    CLASSIFIERS,
)


class Unknown(PCA):
    """A type that nobody has said to be harmless."""


def assert_same(loaded, model, X):
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


@every
def test_classifier(classifier, iris_frame, tmp_path):
    X, y = iris_frame
    model = classifier(max_iter=5, random_state=0, warm_start=True).fit(X, y, X_val=X, y_val=y)
    save_model(model, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    assert_same(loaded, model, X)
    assert loaded.history_.equals(model.history_)
    np.testing.assert_array_equal(loaded.receptive_fields_, model.receptive_fields_)
    # The optimiser and the random state come along: both train on alike.
    assert_same(loaded.partial_fit(X, y), model.partial_fit(X, y), X)


@every
@pytest.mark.parametrize("scorer", [FGSMScorer(0.1), PGDScorer(0.1, n_steps=2)], ids=str)
def test_search_over_a_pipeline(classifier, scorer, iris_frame, tmp_path):
    X, y = iris_frame
    grid = {f"{classifier.__name__.lower()}__weight_decay": [0, 0.1]}
    scoring = {"accuracy": "accuracy", "attacked": scorer}
    pipeline = make_pipeline(MinMaxScaler(), classifier(max_iter=60, random_state=0))
    search = GridSearchCV(pipeline, grid, scoring=scoring, refit="attacked", cv=2).fit(X, y)
    save_model(search, str(tmp_path / "search.skops"))
    loaded = load_model(str(tmp_path / "search.skops"))
    assert_same(loaded, search, X)
    assert loaded.score(X, y) == search.score(X, y)


@pytest.mark.process
def test_another_process_scores_what_this_one_saved(iris_frame, tmp_path):
    X, y = iris_frame
    model = make_pipeline(MinMaxScaler(), STDPClassifier(max_iter=60, random_state=0)).fit(X, y)
    save_model(model, tmp_path / "model.skops")
    joblib.dump(model, tmp_path / "model.joblib")
    code = """
import json, sys
import joblib
from sklearn.datasets import load_iris
from skstdp import FGSMScorer, load_model
X, y = load_iris(return_X_y=True, as_frame=True)
models = load_model(sys.argv[1]), joblib.load(sys.argv[2])
print(json.dumps([[m.predict_proba(X).tolist(), FGSMScorer(0.1)(m, X, y)] for m in models]))
"""
    paths = [str(tmp_path / name) for name in ("model.skops", "model.joblib")]
    command = [sys.executable, "-W", "error", "-c", code, *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    expected = [model.predict_proba(X).tolist(), FGSMScorer(0.1)(model, X, y)]
    assert json.loads(done.stdout) == [expected, expected]


def test_callbacks_are_left_out_and_stay_on_the_estimator(iris_frame, tmp_path):
    X, y = iris_frame
    monitor = ScoringMonitor(scoring="accuracy")
    network = STDPClassifier(max_iter=2, random_state=0).set_callbacks(monitor)
    search = GridSearchCV(make_pipeline(network), {}, cv=2).fit(X, y)
    save_model(search, tmp_path / "model.skops")
    assert search.best_estimator_[-1]._skl_callbacks == [monitor]
    loaded = load_model(tmp_path / "model.skops")
    assert not hasattr(loaded.best_estimator_[-1], "_skl_callbacks")
    assert not hasattr(loaded.estimator[-1], "_skl_callbacks")
    assert_same(loaded, search, X)


def test_types_that_are_not_trusted(iris_frame, tmp_path):
    X, y = iris_frame
    model = make_pipeline(Unknown(2), STDPClassifier(max_iter=2)).fit(X, y)
    path = tmp_path / "model.skops"
    name = f"{Unknown.__module__}.Unknown"
    how = rf"load_model\(path, trusted=\['{name}'\]\), or --trust {name} on the command line\."
    with pytest.warns(UserWarning, match=f"with {name}, but expected only types.*{how}"):
        save_model(model, path)
    with pytest.raises(ValueError, match=f"with {name}, but expected only types.*{how}"):
        load_model(path)
    assert_same(load_model(path, trusted=[name]), model, X)
    # Whoever knows is not told again.
    save_model(model, path, trusted=[name])


def net():
    return STDPClassifier((8,), max_iter=40, random_state=0)


def with_columns(*transformers, remainder="drop"):
    columns = [(str(k), *transformer) for k, transformer in enumerate(transformers)]
    return make_pipeline(ColumnTransformer(columns, remainder=remainder), net())


def search(estimator=None, **options):
    return GridSearchCV(estimator or net(), {}, cv=2).set_params(**options)


AROUND = {
    "calibrated, sigmoid": lambda: CalibratedClassifierCV(net(), cv=2),
    "calibrated, isotonic": lambda: CalibratedClassifierCV(net(), method="isotonic", cv=2),
    "calibrated, temperature": lambda: CalibratedClassifierCV(net(), method="temperature", cv=2),
    "calibrated, one": lambda: CalibratedClassifierCV(net(), cv=2, ensemble=False),
    "frozen": lambda: CalibratedClassifierCV(FrozenEstimator(net().fit(*load_two()))),
    "bagging": lambda: BaggingClassifier(net(), 2),
    "voting": lambda: VotingClassifier([("a", net()), ("b", MLPClassifier((3,), tol=9))]),
    "stacking": lambda: StackingClassifier([("a", net()), ("b", LogisticRegression())], cv=2),
    "boosting": lambda: AdaBoostClassifier(net(), n_estimators=2),
    "one against the rest": lambda: OneVsRestClassifier(net()),
    "one against one": lambda: OneVsOneClassifier(net()),
    "output codes": lambda: OutputCodeClassifier(net()),
    "self-training": lambda: SelfTrainingClassifier(net()),
    "fixed threshold": lambda: FixedThresholdClassifier(net(), threshold=0.4),
    "tuned threshold": lambda: TunedThresholdClassifierCV(net(), cv=2),
    "tuned for a metric": lambda: TunedThresholdClassifierCV(
        net(), cv=2, scoring=make_scorer(fbeta_score, beta=2)
    ),
    "sequential selection": lambda: make_pipeline(
        SequentialFeatureSelector(net(), n_features_to_select=1, cv=2), net()
    ),
    "recursive elimination": lambda: make_pipeline(
        RFECV(LogisticRegression(), cv=2, scoring="roc_auc"), net()
    ),
    "selection from a model": lambda: make_pipeline(
        SelectFromModel(
            LogisticRegression(l1_ratio=1, solver="liblinear", max_iter=1000, random_state=0)
        ),
        net(),
    ),
    "selection, default": lambda: make_pipeline(SelectKBest(k=2), net()),
    "selection by chi2": lambda: make_pipeline(SelectKBest(chi2, k=2), net()),
    "bins": lambda: make_pipeline(KBinsDiscretizer(2, encode="onehot-dense"), net()),
    "union": lambda: make_pipeline(FeatureUnion([("a", PCA(2)), ("b", MinMaxScaler())]), net()),
    "function": lambda: make_pipeline(FunctionTransformer(np.log1p, np.expm1), net()),
    "dtype of the encoder": lambda: with_columns(
        (OneHotEncoder(dtype=np.float32, handle_unknown="ignore"), [0])
    ),
    "columns by type": lambda: with_columns(
        (MinMaxScaler(), make_column_selector(dtype_include=np.number))
    ),
    "columns by types": lambda: with_columns(
        (MinMaxScaler(), make_column_selector("length", dtype_exclude=[object, "category"]))
    ),
    "columns as an Index": lambda: with_columns((MinMaxScaler(), load_two()[0].columns)),
    "columns as an Index, rest": lambda: with_columns(
        (MinMaxScaler(), load_two()[0].columns[:2]), remainder=StandardScaler()
    ),
    "columns as an array": lambda: with_columns(
        (MinMaxScaler(), load_two()[0].columns.to_numpy()[1:])
    ),
    "columns as a slice": lambda: with_columns((MinMaxScaler(), slice(0, 3))),
    "categories as an Index": lambda: with_columns(
        (OneHotEncoder(categories=[pd.Index([0.1, 0.2])], handle_unknown="ignore"), [3]),
        remainder="passthrough",
    ),
    "search at random": lambda: RandomizedSearchCV(
        net(), {"weight_decay": [0, 0.1]}, n_iter=1, cv=2, random_state=np.random.RandomState(0)
    ),
    "search for several": lambda: search(
        scoring={"a": "roc_auc", "b": FGSMScorer(0.1), "c": make_scorer(cohen_kappa_score)},
        refit="b",
    ),
    "search for attacks": lambda: search(scoring=PGDScorer(0.1, n_steps=1)),
    "search for the best under attack": lambda: search(
        scoring=attack_scorers(0.1, metric="balanced_accuracy"),
        refit=BestUnderAttack("FGSM 0.1", tolerance=0.1),
    ),
    "search within calibration": lambda: CalibratedClassifierCV(
        search(scoring="balanced_accuracy"), cv=2
    ),
    "splits by number": lambda: search(cv=RepeatedKFold(n_splits=2, n_repeats=1)),
    "splits by share": lambda: search(cv=StratifiedShuffleSplit(1)),
    "splits given": lambda: search(cv=PredefinedSplit(np.arange(100) % 2)),
    "splits in time": lambda: search(cv=TimeSeriesSplit(2)),
    "splits as a list": lambda: search(cv=[(np.arange(0, 100, 2), np.arange(1, 100, 2))]),
}


def load_two():
    X, y = load_iris(return_X_y=True, as_frame=True)
    rows = np.random.RandomState(0).permutation(100) + 50
    return X.iloc[rows], y.to_numpy()[rows] - 1


@pytest.mark.filterwarnings("ignore:y contains no unlabeled samples:UserWarning")
@pytest.mark.parametrize("name", AROUND)
def test_what_scikit_learn_puts_around_ours(name, tmp_path):
    X, y = load_two()
    model = AROUND[name]().fit(X, y)
    save_model(model, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    if hasattr(model, "predict_proba"):
        np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    # Both can be fitted once more.
    loaded.fit(X, y)


@pytest.mark.parametrize("around", [MultiOutputClassifier, ClassifierChain])
def test_several_outputs(around, tmp_path):
    X, y = load_two()
    targets = np.column_stack([y == 0, X["petal width (cm)"] > 1.5])
    model = around(net()).fit(X, targets)
    save_model(model, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


TREE = "sklearn.tree._tree.Tree"
FORESTS = {
    "alone": (lambda: RandomForestClassifier(2), TREE),
    "beside": (lambda: VotingClassifier([("a", net()), ("b", ExtraTreesClassifier(2))]), TREE),
    "before": (lambda: make_pipeline(SelectFromModel(ExtraTreesClassifier(2)), net()), TREE),
    "boosted": (
        lambda: HistGradientBoostingClassifier(max_iter=2),
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    ),
}


@pytest.mark.parametrize("name", FORESTS)
def test_trees_are_loaded_on_request(name, tmp_path):
    make, untrusted = FORESTS[name]
    X, y = load_two()
    model = make().fit(X, y)
    path = tmp_path / "model.skops"
    with pytest.warns(UserWarning, match=f"{untrusted}.*follows the indices of trees unchecked"):
        save_model(model, path)
    with pytest.raises(ValueError, match=rf"trusted=\['{untrusted}'\]\).*indices of trees"):
        load_model(path)
    loaded = load_model(path, trusted=[untrusted])
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))


@pytest.mark.parametrize("name", get_scorer_names())
def test_searches_with_each_scorer_of_scikit_learn(name, tmp_path):
    save_model(search(scoring=get_scorer(name)), tmp_path / "search.skops")
    loaded = load_model(tmp_path / "search.skops")
    assert repr(loaded.scoring) == repr(get_scorer(name))


def test_the_estimator_keeps_what_its_file_has_not(iris_frame, tmp_path):
    X, y = iris_frame
    model = with_columns((MinMaxScaler(), X.columns[:2]))
    stopping = EarlyStopping()
    model[-1].set_callbacks(stopping)
    calibrated = CalibratedClassifierCV(model, cv=2).fit(X, y)
    save_model(calibrated, tmp_path / "model.skops")
    assert calibrated.estimator[0].transformers[0][2] is model[0].transformers[0][2]
    assert model[0].transformers[0][2].equals(X.columns[:2])
    assert model[-1]._skl_callbacks == [stopping]
    loaded = load_model(tmp_path / "model.skops")
    assert loaded.estimator[0].transformers[0][2] == list(X.columns[:2])
    inside = loaded.calibrated_classifiers_[0].estimator
    assert not hasattr(inside[-1], "_skl_callbacks")


def test_what_is_shared_stays_shared(iris_frame, tmp_path):
    X, y = iris_frame
    shared = net().fit(X, y)
    model = VotingClassifier([("a", FrozenEstimator(shared)), ("b", FrozenEstimator(shared))])
    save_model(model.fit(X, y), tmp_path / "model.skops")
    (_, first), (_, second) = load_model(tmp_path / "model.skops").estimators
    assert first.estimator is second.estimator


@every
def test_metadata_requests_are_kept(classifier, iris_frame, tmp_path):
    X, y = iris_frame
    weight = np.linspace(0.5, 1, len(y))
    with sklearn.config_context(enable_metadata_routing=True):
        network = classifier((8,), max_iter=40, random_state=0)
        network.set_fit_request(sample_weight=True, X_val=False, y_val=None)
        network.set_score_request(sample_weight="test_weight")
        scorer = FGSMScorer(0.1).set_score_request(sample_weight=True)
        searched = search(make_pipeline(network), scoring=scorer)
        searched.fit(X, y, sample_weight=weight)
        save_model(searched, tmp_path / "model.skops")
        loaded = load_model(tmp_path / "model.skops")
        requests = [
            model.best_estimator_[-1].get_metadata_routing() for model in (loaded, searched)
        ]
        assert requests[0].fit.requests == requests[1].fit.requests
        assert requests[0].fit.requests["sample_weight"] is True
        assert requests[0].score.requests == {"sample_weight": "test_weight"}
        assert_same(loaded, searched, X)
        loaded.fit(X, y, sample_weight=weight)
        assert_same(loaded, searched, X)


WRONG_PARTS = {
    "lambda": (
        lambda: make_pipeline(FunctionTransformer(lambda X: X), net()),
        r"estimator\.steps\[0\]\[1\]\.func, of type function",
    ),
    "columns by a lambda": (
        lambda: with_columns((MinMaxScaler(), lambda X: [0, 1])),
        r"estimator\.steps\[0\]\[1\]\.transformers\[0\]\[2\], of type function",
    ),
    "distribution": (
        lambda: RandomizedSearchCV(net(), {"receptive_fields": randint(1, 3)}, cv=2, n_iter=1),
        r"estimator\.param_distributions\['receptive_fields'\], of type rv_discrete_frozen",
    ),
}


@pytest.mark.parametrize("name", WRONG_PARTS)
def test_parts_that_no_file_can_hold_are_named(name, tmp_path):
    make, where = WRONG_PARTS[name]
    path = tmp_path / "model.skops"
    with pytest.raises(TypeError, match=f"Got {where}, but expected parts that a file"):
        save_model(make().fit(*load_two()), path)
    assert not path.exists()


def test_what_holds_itself_is_named(iris_frame, tmp_path):
    network = net().fit(*iris_frame)
    network.round = [network]
    with pytest.raises(TypeError, match=r"Got estimator\.round.*but expected parts that a file"):
        save_model(network, tmp_path / "model.skops")


@pytest.mark.parametrize("function", [save_model, joblib.load, load_tasks, print])
def test_functions_are_not_trusted(function, tmp_path):
    """One of these, called on what the file also holds, would write or run code."""
    path = tmp_path / "model.skops"
    path.write_bytes(skops_io.dumps(FunctionTransformer(function)))
    with pytest.raises(ValueError, match=rf"{function.__name__}, but expected only types"):
        load_model(path)


@every
def test_other_libraries_load_by_skops(classifier, iris_frame, tmp_path):
    X, y = iris_frame
    model = search(classifier((8,), max_iter=40, random_state=0), scoring=FGSMScorer(0.1))
    content = skops_io.dumps(model.fit(X, y))
    names = skops_io.get_untrusted_types(data=content)
    assert f"skstdp.{classifier.__name__}" in names
    assert set(names) <= set(trusted_types())
    assert_same(skops_io.loads(content, trusted=trusted_types()), model, X)
    # Nothing in a classifier is of a type that only this package knows.
    own = skops_io.get_untrusted_types(data=skops_io.dumps(model.best_estimator_))
    assert own == [f"skstdp.{classifier.__name__}"]
    # Nor where its module is, which may move.
    assert b"skstdp._" not in pickle.dumps(model.best_estimator_)


def test_trusted_types_are_there():
    names = trusted_types()
    assert names == sorted(set(names))
    for name in names:
        module, _, value = name.rpartition(".")
        __import__(module)
        assert hasattr(sys.modules[module], value), name


@pytest.mark.parametrize("content", [b"", b"no archive", "empty archive"])
def test_files_of_another_kind(content, tmp_path):
    path = tmp_path / "model.skops"
    if content == "empty archive":
        zipfile.ZipFile(path, "w").close()
    else:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"expected a file that skops wrote"):
        load_model(path)


@pytest.fixture(scope="module")
def saved(iris_frame, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.skops"
    save_model(STDPClassifier((4,), max_iter=1).fit(*iris_frame), path)
    return path


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_off(share, saved, tmp_path):
    content = saved.read_bytes()
    path = tmp_path / "cut.skops"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"Got .*cut\.skops, but expected .* whole"):
        load_model(path)


def test_an_archive_that_lacks_any_one_of_its_parts(saved, tmp_path):
    path = tmp_path / "part.skops"
    with zipfile.ZipFile(saved) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert len(parts) > 5
    for missing in parts:
        with zipfile.ZipFile(path, "w") as archive:
            for name in parts.keys() - {missing}:
                archive.writestr(name, parts[name])
        with pytest.raises(ValueError, match=r"Got .*part\.skops, but expected"):
            load_model(path)


@pytest.mark.parametrize("schema", ["", "[]", "{}", "3", "null", '{"__loader__": "ObjectNode"}'])
def test_an_archive_of_something_else(schema, tmp_path):
    path = tmp_path / "other.skops"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("schema.json", schema)
    with pytest.raises(ValueError, match=r"Got .*other\.skops, but expected a file that skops"):
        load_model(path)


class Tells:
    """Tells when it is unpickled."""

    def __reduce__(self):
        return exec, ("raise SystemExit('code of the file was run')",)


def test_a_pickle_is_not_run(tmp_path):
    path = tmp_path / "pickle.skops"
    path.write_bytes(pickle.dumps(Tells()))
    with pytest.raises(ValueError, match=r"Got .*pickle\.skops, but expected a file that skops"):
        load_model(path)


@pytest.mark.parametrize("value", [{"a": 1}, np.ones(3), "model"], ids=lambda x: type(x).__name__)
def test_a_file_without_an_estimator(value, tmp_path):
    path = tmp_path / "value.skops"
    path.write_bytes(skops_io.dumps(value))
    name = type(value).__name__
    with pytest.raises(ValueError, match=rf"value\.skops with a {name}, but expected an estim"):
        load_model(path)


@every
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
def test_a_model_of_a_version_with_other_attributes(classifier, iris_frame, tmp_path):
    model = classifier((4,), max_iter=1).fit(*iris_frame)
    del model.encoder_, model.shuffle
    (tmp_path / "old.skops").write_bytes(skops_io.dumps(model))
    with pytest.raises(ValueError, match=r"old\.skops.*without encoder_, shuffle, but expected"):
        load_model(tmp_path / "old.skops")


def test_no_file_and_no_estimator(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "none.skops")
    with pytest.raises(TypeError, match="Got estimator=3, but expected an estimator"):
        save_model(3, tmp_path / "model.skops")
    assert not list(tmp_path.iterdir())


def test_missing_skops_is_told_with_the_way_to_install_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "skops", None)
    monkeypatch.setitem(sys.modules, "skops.io", None)
    with pytest.raises(ImportError, match=r'pip install "skstdp\[skops\]"'):
        save_model(STDPClassifier(), tmp_path / "model.skops")
