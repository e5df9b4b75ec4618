import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skstdp import BPClassifier, STDPClassifier, to_onnx

onnx = pytest.importorskip("onnx", reason="exports with onnx")
runtime = pytest.importorskip("onnxruntime", reason="runs exported models")


def run(model, X):
    onnx.checker.check_model(model, full_check=True)
    return runtime.InferenceSession(model.SerializeToString()).run(None, {"X": X})


@pytest.mark.parametrize("classifier", [STDPClassifier, BPClassifier])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"receptive_fields": 1},
        {"receptive_fields": 2, "hidden_layer_sizes": ()},
        {"receptive_fields": 6, "hidden_layer_sizes": (9, 8, 7)},
        {"rate_encoding": "none", "receptive_fields": 4},
    ],
    ids=str,
)
def test_predictions_are_those_of_the_classifier(classifier, n_classes, options):
    X, y = load_iris(return_X_y=True)
    X, y = X[y < n_classes], y[y < n_classes]
    # Also outside the range of the training data, where rates are clipped.
    X_test = np.vstack([X, 2 * X - 3, np.zeros((1, 4))])
    if options.get("rate_encoding") == "none":
        X, X_test = X / 10, np.clip(X_test / 10, 0, 1)
    model = classifier(max_iter=20, random_state=0, **options).fit(X, y)
    label, probabilities = run(to_onnx(model), X_test)
    np.testing.assert_array_equal(label, model.predict(X_test))
    np.testing.assert_allclose(probabilities, model.predict_proba(X_test), rtol=1e-9, atol=1e-15)


def test_float32_stays_float32():
    X, y = load_digits(return_X_y=True)
    X = X.astype(np.float32)
    model = STDPClassifier(max_iter=3, random_state=0).fit(X, y)
    label, probabilities = run(to_onnx(model), X)
    assert probabilities.dtype == np.float32
    np.testing.assert_array_equal(label, model.predict(X))
    np.testing.assert_allclose(probabilities, model.predict_proba(X), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "classes",
    [["setosa", "other", "virginica"], np.array(["a", "b", "c"], object), [-7, 0, 2**40]],
    ids=str,
)
def test_labels_of_any_type(classes):
    X, y = load_iris(return_X_y=True)
    model = STDPClassifier(max_iter=2, random_state=0).fit(X, np.asarray(classes)[y])
    label, _ = run(to_onnx(model), X)
    assert list(label) == list(model.predict(X))


def test_boolean_labels():
    X, y = load_iris(return_X_y=True)
    model = STDPClassifier(max_iter=2, random_state=0).fit(X, y == 1)
    label, _ = run(to_onnx(model), X)
    assert label.dtype == bool
    np.testing.assert_array_equal(label, model.predict(X))


def test_what_cannot_be_exported():
    with pytest.raises(TypeError, match="type Pipeline, but expected STDPClassifier"):
        to_onnx(make_pipeline(STDPClassifier()))
    with pytest.raises(NotFittedError):
        to_onnx(STDPClassifier())
    X, y = load_iris(return_X_y=True)
    model = STDPClassifier(max_iter=1).fit(X, y.astype(float))
    with pytest.raises(TypeError, match="labels of dtype float64"):
        to_onnx(model)
