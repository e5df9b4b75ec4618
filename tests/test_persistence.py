import json
import pickle
import subprocess
import sys
import zipfile

import joblib
import numpy as np
import pytest
from sklearn.callback import ScoringMonitor
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skstdp import (
    BioLeaFClassifier,
    BPClassifier,
    FGSMScorer,
    PGDScorer,
    STDPClassifier,
    load_model,
    save_model,
)

skops_io = pytest.importorskip("skops.io", reason="reads and writes model files")

every = pytest.mark.parametrize("classifier", [STDPClassifier, BPClassifier, BioLeaFClassifier])


class Unknown(PCA):
    """A type that nobody has said to be harmless."""


@pytest.fixture(scope="module")
def task():
    return load_iris(return_X_y=True, as_frame=True)


def assert_same(loaded, model, X):
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


@every
def test_classifier(classifier, task, tmp_path):
    X, y = task
    model = classifier(max_iter=5, random_state=0, warm_start=True).fit(X, y, X_val=X, y_val=y)
    save_model(model, tmp_path / "model.skops")
    loaded = load_model(tmp_path / "model.skops")
    assert_same(loaded, model, X)
    assert loaded.history_.equals(model.history_)
    # The optimiser and the random state come along: both train on alike.
    assert_same(loaded.partial_fit(X, y), model.partial_fit(X, y), X)


@every
@pytest.mark.parametrize("scorer", [FGSMScorer(0.1), PGDScorer(0.1, n_steps=2)], ids=str)
def test_search_over_a_pipeline(classifier, scorer, task, tmp_path):
    X, y = task
    grid = {f"{classifier.__name__.lower()}__weight_decay": [0, 0.1]}
    scoring = {"accuracy": "accuracy", "attacked": scorer}
    pipeline = make_pipeline(MinMaxScaler(), classifier(max_iter=3, random_state=0))
    search = GridSearchCV(pipeline, grid, scoring=scoring, refit="attacked", cv=2).fit(X, y)
    save_model(search, str(tmp_path / "search.skops"))
    loaded = load_model(str(tmp_path / "search.skops"))
    assert_same(loaded, search, X)
    assert loaded.score(X, y) == search.score(X, y)


def test_another_process_scores_what_this_one_saved(task, tmp_path):
    X, y = task
    model = make_pipeline(MinMaxScaler(), STDPClassifier(max_iter=5, random_state=0)).fit(X, y)
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


def test_callbacks_are_left_out_and_stay_on_the_estimator(task, tmp_path):
    X, y = task
    monitor = ScoringMonitor(scoring="accuracy")
    network = STDPClassifier(max_iter=2, random_state=0).set_callbacks(monitor)
    search = GridSearchCV(make_pipeline(network), {}, cv=2).fit(X, y)
    save_model(search, tmp_path / "model.skops")
    assert search.best_estimator_[-1]._skl_callbacks == [monitor]
    loaded = load_model(tmp_path / "model.skops")
    assert not hasattr(loaded.best_estimator_[-1], "_skl_callbacks")
    assert not hasattr(loaded.estimator[-1], "_skl_callbacks")
    assert_same(loaded, search, X)


def test_types_that_are_not_trusted(task, tmp_path):
    X, y = task
    model = make_pipeline(Unknown(2), STDPClassifier(max_iter=2)).fit(X, y)
    path = tmp_path / "model.skops"
    save_model(model, path)
    name = f"{Unknown.__module__}.Unknown"
    with pytest.raises(ValueError, match=f"with {name}, but expected only types"):
        load_model(path)
    assert_same(load_model(path, trusted=[name]), model, X)


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
def saved(task, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.skops"
    save_model(STDPClassifier((4,), max_iter=1).fit(*task), path)
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
def test_a_model_of_a_version_with_other_attributes(classifier, task, tmp_path):
    model = classifier((4,), max_iter=1).fit(*task)
    del model.encoder_, model.shuffle
    save_model(model, tmp_path / "old.skops")
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
