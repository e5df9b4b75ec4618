"""Saved models: the same after loading, and from another version with a warning."""

import copy
import io
import pickle
import warnings

import joblib
import numpy as np
import pytest
from classifiers import CLASSIFIERS
from numpy.testing import assert_allclose, assert_array_equal
from save_models import FOLDER, iris
from sklearn.base import clone
from sklearn.exceptions import InconsistentVersionWarning

from skstdp import BPClassifier, STDPClassifier
from skstdp._utils import _version

every_classifier = pytest.mark.parametrize(
    "classifier",
    CLASSIFIERS,
    ids=lambda c: c.__name__,
)


def by_joblib(model):
    file = io.BytesIO()
    joblib.dump(model, file)
    file.seek(0)
    return joblib.load(file)


COPIES = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "pickle, oldest protocol": lambda model: pickle.loads(pickle.dumps(model, protocol=2)),
    "joblib": by_joblib,
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}


@every_classifier
@pytest.mark.parametrize("way", COPIES)
def test_a_copy_is_the_same_and_learns_on_alike(classifier, way):
    X, y = iris()
    model = classifier((6,), max_iter=3, random_state=0).fit(X, y)
    proba = model.predict_proba(X)
    twin = COPIES[way](model)
    assert vars(twin).keys() == vars(model).keys()
    assert_array_equal(twin.predict_proba(X), proba)
    twin.partial_fit(X, y)
    # What the copy learns is its own.
    assert_array_equal(model.predict_proba(X), proba)
    model.partial_fit(X, y)
    assert_array_equal(twin.predict_proba(X), model.predict_proba(X))


@every_classifier
@pytest.mark.parametrize("fitted", [False, True])
def test_another_version_warns(classifier, fitted, monkeypatch):
    model = classifier((6,), max_iter=1)
    if fitted:
        model.fit(*iris())
    monkeypatch.setattr(_version, "__version__", "0.0.1")
    saved = pickle.dumps(model)
    assert pickle.loads(saved).get_params() == model.get_params()
    monkeypatch.undo()
    name = classifier.__name__
    message = (
        rf"Got a {name} that version 0.0.1 of skstdp saved, but expected one of version "
        rf"{_version.__version__}"
    )
    with pytest.warns(InconsistentVersionWarning, match=message):
        loaded = pickle.loads(saved)
    assert loaded.get_params() == model.get_params()
    assert not hasattr(loaded, "_skstdp_version")


def test_no_version_warns():
    model = STDPClassifier()
    state = model.__getstate__()
    del state["_skstdp_version"]
    with pytest.warns(InconsistentVersionWarning, match="that version unknown of skstdp saved"):
        STDPClassifier.__new__(STDPClassifier).__setstate__(state)


@every_classifier
def test_what_a_saved_model_must_have_is_all_that_it_has(classifier):
    model = classifier((6,), max_iter=1).fit(*iris())
    # Without the last a notebook shows a line less.
    assert model._needed(vars(model)) == vars(model).keys() - {"loss_", "_nothing_learnt"}


@every_classifier
@pytest.mark.parametrize("missing", [["beta_1"], ["_random_state", "encoder_"]], ids=str)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.InconsistentVersionWarning")
def test_a_version_with_other_attributes(classifier, missing, monkeypatch):
    model = classifier((6,), max_iter=1).fit(*iris())
    monkeypatch.setattr(_version, "__version__", "0.0.1")
    for name in missing:
        delattr(model, name)
    saved = pickle.dumps(model)
    monkeypatch.undo()
    message = (
        rf"Got a {classifier.__name__} that version 0\.0\.1 of skstdp saved without "
        rf"{', '.join(missing)}, but expected .* version {_version.__version__}"
    )
    with pytest.raises(ValueError, match=message):
        pickle.loads(saved)


def test_a_model_from_before_there_was_other_feedback():
    X, y = iris()
    model = BPClassifier((6,), max_iter=2, random_state=0).fit(X, y)
    older = copy.copy(model)
    for name in ("feedback", "feedback_coefs_", "_started_with"):
        del vars(older)[name]
    loaded = pickle.loads(pickle.dumps(older))
    assert (loaded.feedback, loaded.feedback_coefs_) == ("symmetric", None)
    assert loaded.get_params() == clone(loaded).get_params() == model.get_params()
    loaded.partial_fit(X, y), model.partial_fit(X, y)
    assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    with pytest.raises(ValueError, match=r"Got feedback='sign', but expected 'symmetric'"):
        loaded.set_params(feedback="sign").partial_fit(X, y)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_no_model(share):
    saved = pickle.dumps(STDPClassifier((6,), max_iter=1).fit(*iris()))
    with pytest.raises((EOFError, pickle.UnpicklingError)):
        pickle.loads(saved[: int(share * len(saved))])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.pickle")), ids=lambda path: path.stem)
def test_models_of_released_versions_load(path):
    X, y = iris()
    with warnings.catch_warnings():
        # Of scikit-learn, whose scaler is inside, or of ours.
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        saved = pickle.loads(path.read_bytes())
    model, proba = saved["model"], saved["proba"]
    assert_allclose(model.predict_proba(X), proba, rtol=1e-6)
    before = model.n_iter_
    model.partial_fit(X, y)
    assert model.n_iter_ == before + 1
    assert np.isfinite(model.predict_proba(X)).all()
