import sys

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

import skstdp._robustness._art
from skstdp import BPClassifier, FGSMScorer, STDPClassifier, art_classifier, fgsm
from skstdp._input_gradients import attackable


def test_without_art_the_error_says_how_to_install_it(monkeypatch):
    X, y = load_iris(return_X_y=True)
    monkeypatch.setitem(sys.modules, "art.config", None)
    skstdp._robustness._art._art_classifier_type.cache_clear()
    with pytest.raises(ImportError, match=r'pip install "skstdp\[art\]"'):
        art_classifier(SVC().fit(X, y), X)


@pytest.fixture
def evasion():
    return pytest.importorskip(
        "art.attacks.evasion", reason="ART is not installed: pip install skstdp[art]"
    )


@pytest.fixture(params=[2, 3], ids=["two classes", "three classes"])
def iris(request, iris_frame):
    X, y = iris_frame
    chosen = y >= 3 - request.param
    return X[chosen].astype(np.float32), np.array(["a", "b", "c"])[y[chosen]]


MODELS = {
    "STDP": lambda: STDPClassifier(random_state=0),
    "BP": lambda: BPClassifier(random_state=0),
    "pipeline": lambda: make_pipeline(StandardScaler(), SVC()),
}


@pytest.mark.parametrize("space", ["model", "input"])
@pytest.mark.parametrize("name", MODELS)
def test_fgsm_of_art_makes_the_same_samples_as_ours(name, space, iris, evasion):
    X, y = iris
    model = MODELS[name]().fit(X, y)
    classifier = art_classifier(model, X, space=space)
    start = classifier.points(X)
    index = np.searchsorted(model.classes_, y)
    theirs = evasion.FastGradientMethod(classifier, eps=0.1).generate(start, index)
    ours = fgsm(model, X, y, epsilon=0.1, space=space)
    if name != "pipeline":
        # Ours are values that the network takes, theirs are rates in model space.
        ours = classifier.points(ours)
    assert_allclose(theirs, ours, atol=1e-6)
    assert_array_equal(
        classifier.classes_[classifier.predict(start).argmax(axis=1)], model.predict(X)
    )
    decisions = classifier.classes_[classifier.predict(theirs).argmax(axis=1)]
    assert np.mean(decisions == y) == FGSMScorer(0.1, space=space)(model, X, y)


@pytest.mark.parametrize("name", MODELS)
def test_other_attacks_run_and_are_not_weaker(name, iris, evasion):
    X, y = iris
    X, y = X[::5], y[::5]
    model = MODELS[name]().fit(*iris)
    classifier = art_classifier(model, X)
    index = np.searchsorted(model.classes_, y)
    options = {"eps": 0.15, "eps_step": 0.02, "max_iter": 20, "verbose": False}
    attacks = [
        evasion.ProjectedGradientDescentNumpy(classifier, **options),
        evasion.DeepFool(classifier, verbose=False, nb_grads=len(model.classes_)),
        evasion.HopSkipJump(classifier, max_iter=3, max_eval=200, verbose=False),
    ]
    for attack in attacks:
        perturbed = attack.generate(classifier.points(X), index)
        after = np.mean(classifier.predict(perturbed).argmax(axis=1) == index)
        assert after <= FGSMScorer(0.15)(model, X, y)
        if classifier.clip_values is not None:
            assert perturbed.min() >= 0
            assert perturbed.max() <= 1


def test_class_gradients_are_those_of_finite_differences(iris, evasion):
    X, y = iris
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X.astype(float), y)
    classifier = art_classifier(model, X.astype(float), space="input")
    points = X.to_numpy(float)
    ours = classifier.class_gradient(points)
    for label in range(len(model.classes_)):
        for feature in range(4):
            step = np.eye(4)[feature] * 0.5
            change = classifier.predict(points + step) - classifier.predict(points - step)
            # The scores are linear, and single precision.
            assert_allclose(ours[:, label, feature], change[:, label], atol=1e-4)
    assert_array_equal(classifier.class_gradient(points, label=1), ours[:, 1:2])
    index = np.arange(len(X)) % len(model.classes_)
    expected = ours[np.arange(len(X)), index][:, np.newaxis]
    assert_array_equal(classifier.class_gradient(points, label=index), expected)


@pytest.mark.parametrize("name", MODELS)
def test_projected_gradients_that_choose_their_steps(name, iris, evasion):
    X, y = iris
    model = MODELS[name]().fit(X, y)
    classifier = art_classifier(model, X)
    index = np.searchsorted(model.classes_, y)
    options = {"eps": 0.15, "eps_step": 0.05, "max_iter": 40, "nb_random_init": 5}
    np.random.seed(0)
    attack = evasion.AutoProjectedGradientDescent(classifier, **options, verbose=False)
    start = classifier.points(X)
    perturbed = attack.generate(start, np.eye(len(model.classes_))[index])
    assert np.abs(perturbed - start).max() <= 0.15 + 1e-6
    after = np.mean(classifier.predict(perturbed).argmax(axis=1) == index)
    assert after <= FGSMScorer(0.15)(model, X, y)


@pytest.mark.process
@pytest.mark.parametrize("name", ["STDP", "BP"])
def test_attacks_on_images(name, evasion):
    X, y = load_digits(n_class=2, return_X_y=True)
    X, y = X[:60], y[:60]
    model = MODELS[name]().fit(X, y)
    classifier = art_classifier(model, X, output="proba", input_shape=(1, 8, 8))
    start = classifier.points(X)
    assert start.shape == (60, 1, 8, 8)
    np.random.seed(0)
    square = evasion.SquareAttack(classifier, eps=0.4, max_iter=60, verbose=False)
    simba = evasion.SimBA(
        classifier, attack="px", epsilon=0.4, max_iter=200, freq_dim=8, verbose=False
    )
    for attack in (square, simba):
        perturbed = attack.generate(start, np.eye(2)[y])
        assert perturbed.shape == start.shape
        assert perturbed.min() >= 0
        assert perturbed.max() <= 1
        after = np.mean(classifier.predict(perturbed).argmax(axis=1) == y)
        assert after < model.score(X, y)


def test_simba_on_a_table(evasion):
    X, y = load_iris(return_X_y=True)
    model = STDPClassifier(random_state=0).fit(X, y)
    classifier = art_classifier(model, X, output="proba", input_shape=(4, 1, 1))
    np.random.seed(0)
    attack = evasion.SimBA(classifier, epsilon=0.1, max_iter=20, freq_dim=1, verbose=False)
    perturbed = attack.generate(classifier.points(X), np.eye(3)[y])
    assert np.mean(classifier.predict(perturbed).argmax(axis=1) == y) < model.score(X, y)


@pytest.mark.parametrize("name", ["STDP", "BP", "logistic regression"])
def test_probabilities_are_those_of_the_model(name, iris, evasion):
    X, y = iris
    make = MODELS.get(name, lambda: make_pipeline(StandardScaler(), LogisticRegression()))
    model = make().fit(X, y)
    classifier = art_classifier(model, X, output="proba")
    assert_allclose(classifier.predict(classifier.points(X)), model.predict_proba(X), atol=1e-5)


@pytest.mark.parametrize("shape", [(4,), (1, 2, 2)])
def test_gradients_of_probabilities_and_losses(shape, iris, evasion):
    X, y = iris
    X = X.astype(float)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    index = np.searchsorted(model.classes_, y)
    classifier = art_classifier(model, X, space="input", output="proba", input_shape=shape)
    assert classifier.input_shape == shape
    points = X.to_numpy().reshape(len(X), *shape)
    ours = classifier.class_gradient(points)
    assert ours.shape == (len(X), len(model.classes_), *shape)
    flat = ours.reshape(len(X), -1, 4)
    loss_flat = classifier.loss_gradient(points, index).reshape(len(X), 4)
    slopes = np.empty((len(X), 4))
    for feature in range(4):
        step = np.zeros(4)
        step[feature] = 1e-2
        step = step.reshape(shape)
        change = classifier.predict(points + step) - classifier.predict(points - step)
        assert_allclose(flat[:, :, feature], change / 2e-2, atol=2e-3)
        losses = [classifier.compute_loss(points + sign * step, index) for sign in (1, -1)]
        slopes[:, feature] = (losses[0] - losses[1]) / 2e-2
    # Of the loss only the direction is promised.
    norms = [np.linalg.norm(values, axis=1, keepdims=True) for values in (loss_flat, slopes)]
    assert_allclose(loss_flat / norms[0], slopes / norms[1], atol=2e-2)
    scores = art_classifier(model, X, space="input").predict(X.to_numpy())
    true = scores[np.arange(len(y)), index]
    scores[np.arange(len(y)), index] = -np.inf
    losses = classifier.compute_loss(points, index)
    assert_allclose(losses, scores.max(axis=1) - true, rtol=1e-5)
    one_hot = np.eye(len(model.classes_))[index]
    assert_array_equal(classifier.compute_loss(points, one_hot), losses)
    assert classifier.compute_loss(points, index, reduction="sum") == losses.sum()
    assert classifier.compute_loss(points, index, reduction="mean") == losses.mean()


def test_finite_differences(evasion):
    X, y = load_iris(return_X_y=True)
    model = GaussianNB().fit(X, y)
    classifier = art_classifier(model, X, gradient="finite-differences")
    perturbed = evasion.FastGradientMethod(classifier, eps=0.4).generate(classifier.points(X), y)
    assert np.mean(model.predict(perturbed) == y) < model.score(X, y) - 0.1


def test_text_is_refused_in_input_space(evasion, iris_frame):
    X, y = iris_frame
    X = X.assign(kind="a")
    columns = ColumnTransformer([("kind", OneHotEncoder(), ["kind"])], remainder="passthrough")
    model = make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(X, y)
    with pytest.raises(
        ValueError, match=r"Got the column 'kind' that holds no numbers.*space='model"
    ):
        art_classifier(model, X, space="input")
    assert art_classifier(model, X).input_shape == attackable(model, X)[1].shape[1:]


def test_is_no_way_to_fit_or_to_save(evasion):
    X, y = load_iris(return_X_y=True)
    classifier = art_classifier(SVC().fit(X, y), X)
    for method in (classifier.fit, classifier.save, classifier.get_activations):
        with pytest.raises(NotImplementedError, match="the estimator itself"):
            method(X, y)


def test_options():
    with pytest.raises(ValueError, match=r"Got space='rates'"):
        art_classifier(None, pd.DataFrame(), space="rates")
    with pytest.raises(ValueError, match=r"Got gradient=None"):
        art_classifier(None, pd.DataFrame(), gradient=None)
    with pytest.raises(ValueError, match=r"Got output='logits'"):
        art_classifier(None, pd.DataFrame(), output="logits")
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=r"Got input_shape=\(3, 2\), but expected .* 4 values"):
        art_classifier(SVC().fit(X, y), X, input_shape=(3, 2))
