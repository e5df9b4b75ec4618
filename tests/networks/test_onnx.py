import sys

import numpy as np
import pandas as pd
import pytest
from classifiers import MULTILAYER_PERCEPTRONS
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, StandardScaler

from skstdp import (
    BioLeaFClassifier,
    BPClassifier,
    STDPClassifier,
    register_onnx_converters,
    to_onnx,
)

onnx = pytest.importorskip("onnx", reason="exports with onnx")
runtime = pytest.importorskip("onnxruntime", reason="runs exported models")


def run(model, X):
    onnx.checker.check_model(model, full_check=True)
    return runtime.InferenceSession(model.SerializeToString()).run(None, {"X": X})


@pytest.mark.parametrize("classifier", MULTILAYER_PERCEPTRONS)
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
def test_predictions_are_those_of_the_classifier(classifier, n_classes, options, iris):
    X, y = iris
    X, y = X[y < n_classes], y[y < n_classes]
    # Also outside the range of the training data, where rates are clipped.
    X_test = np.vstack([X, 2 * X - 3, np.zeros((1, 4))])
    if options.get("rate_encoding") == "none":
        X, X_test = X / 10, np.clip(X_test / 10, 0, 1)
    model = classifier(max_iter=20, random_state=0, **options).fit(X, y)
    label, probabilities = run(to_onnx(model), X_test)
    np.testing.assert_array_equal(label, model.predict(X_test))
    np.testing.assert_allclose(probabilities, model.predict_proba(X_test), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(
    ("dtype", "largest"),
    [(np.float32, 1e6), (np.float32, 1e38), (np.float64, 1e6), (np.float64, 1e300)],
)
def test_steps_of_ranks(dtype, largest):
    """Of skewed columns, with outliers, of one value, of two and of three, and on their values."""
    rng = np.random.default_rng(0)
    X = rng.gamma(4, size=(400, 6)).astype(dtype)
    X[:, 1], X[:, 2] = 7, X[:, 2] > 4
    X[:, 3] = rng.choice([0, 1, 10], 400)
    X[:3, 4] = largest
    y = X[:, 0] + X[:, 4] > 8
    model = BPClassifier((9,), max_iter=20, random_state=0).fit(X, y)
    assert model.receptive_fields_.tolist() == [8, 2, 2, 4, 8, 8]
    X_test = np.vstack([X, 3 * rng.gamma(4, size=(400, 6)) - 1, -X[:3]]).astype(dtype)
    label, probabilities = run(to_onnx(model), X_test)
    tolerance = 1e-9 if dtype == np.float64 else 1e-3
    assert probabilities.dtype == dtype
    np.testing.assert_allclose(probabilities, model.predict_proba(X_test), rtol=tolerance)
    sure = np.abs(probabilities[:, 0] - 0.5) > tolerance
    np.testing.assert_array_equal(label[sure], model.predict(X_test)[sure])


def test_float32_stays_float32(digits):
    X, y = digits
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
def test_labels_of_any_type(classes, iris):
    X, y = iris
    model = STDPClassifier(max_iter=2, random_state=0).fit(X, np.asarray(classes)[y])
    label, _ = run(to_onnx(model), X)
    assert list(label) == list(model.predict(X))


def test_boolean_labels(iris):
    X, y = iris
    model = STDPClassifier(max_iter=2, random_state=0).fit(X, y == 1)
    label, _ = run(to_onnx(model), X)
    assert label.dtype == bool
    np.testing.assert_array_equal(label, model.predict(X))


@pytest.mark.parametrize("first", [2**63, 2**63 - 2, 2**64 - 3, 2**62, 0])
def test_labels_beyond_the_signed_integers(first, iris):
    X, y = iris
    values = np.array([first + k for k in range(3)], np.uint64)
    model = STDPClassifier(max_iter=30, random_state=0).fit(X, values[y])
    label, _ = run(to_onnx(model), X)
    assert label.tolist() == model.predict(X).tolist()
    assert set(label.tolist()) == set(values.tolist())
    assert label.dtype == (np.int64 if first + 2 < 2**63 else np.uint64)


@pytest.mark.parametrize("dtype", ["Int64", "UInt8", "boolean", "string", "category"])
def test_labels_of_pandas(dtype, iris):
    X, y = iris
    y = pd.Series(y > 0 if dtype == "boolean" else y).astype(dtype)
    model = BPClassifier(max_iter=30, random_state=0).fit(X, y)
    label, _ = run(to_onnx(model), X)
    assert label.tolist() == model.predict(X).tolist()


def test_labels_that_are_no_whole_numbers(iris):
    X, y = iris
    model = STDPClassifier(max_iter=30, random_state=0).fit(X, np.array(["b", "a", "c"])[y])
    model.classes_ = np.array([0.1, 2.0, 1e300])
    label, _ = run(to_onnx(model), X)
    assert label.tolist() == model.predict(X).tolist()


def steps(name):
    return {
        "scaled": [StandardScaler()],
        "scaled and turned": [MinMaxScaler(), PCA(3)],
        "nothing before": [],
        "nested": [make_pipeline(StandardScaler(), PCA(2))],
    }[name]


@pytest.fixture
def skl2onnx():
    return pytest.importorskip("skl2onnx", reason="converts pipelines with skl2onnx")


@pytest.mark.parametrize("classifier", MULTILAYER_PERCEPTRONS)
@pytest.mark.parametrize("name", ["scaled", "scaled and turned", "nothing before", "nested"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_pipelines(classifier, name, n_classes, skl2onnx, iris):
    X, y = iris
    X, y = X[y < n_classes], np.array(["a", "b", "c"])[y[y < n_classes]]
    model = make_pipeline(*steps(name), classifier((8,), max_iter=20, random_state=0)).fit(X, y)
    label, probabilities = run(to_onnx(model), X)
    np.testing.assert_array_equal(label, model.predict(X))
    np.testing.assert_allclose(probabilities, model.predict_proba(X), rtol=1e-9, atol=1e-15)


def test_pipeline_of_single_precision(skl2onnx, digits):
    X, y = digits
    X = X.astype(np.float32)
    model = make_pipeline(StandardScaler(), STDPClassifier(max_iter=3, random_state=0)).fit(X, y)
    for exported in (to_onnx(model), to_onnx(model, X[:1])):
        label, probabilities = run(exported, X)
        assert probabilities.dtype == np.float32
        assert np.mean(label == model.predict(X)) > 0.999
        np.testing.assert_allclose(probabilities, model.predict_proba(X), atol=1e-4)


@pytest.mark.parametrize("labels", [[True, False], [2**63 + 5, 2**63 + 9], ["x", "y"], [-3, 4]])
def test_labels_of_pipelines(labels, skl2onnx, iris):
    X, y = iris
    model = make_pipeline(StandardScaler(), BPClassifier((4,), max_iter=30, random_state=0))
    model.fit(X, np.array(labels)[(y == 0).astype(int)])
    label, _ = run(to_onnx(model), X)
    assert label.tolist() == model.predict(X).tolist()
    assert set(label.tolist()) == set(labels)


def test_pipeline_with_columns_by_name(skl2onnx, iris_frame):
    X, y = iris_frame
    X = X.set_axis(list("abcd"), axis=1).assign(
        kind=np.where(X["sepal width (cm)"] > 3, "wide", "thin"), whole=np.arange(150) % 7
    )
    columns = ColumnTransformer(
        [
            ("kind", OneHotEncoder(sparse_output=False), ["kind"]),
            ("numbers", MinMaxScaler(), ["d", "whole", "a"]),
        ]
    )
    model = make_pipeline(columns, STDPClassifier((8,), max_iter=30, random_state=0)).fit(X, y)
    with pytest.raises(TypeError, match=r"give X, a data frame of some rows"):
        to_onnx(model)
    exported = to_onnx(model, X[:2])
    onnx.checker.check_model(exported, full_check=True)
    session = runtime.InferenceSession(exported.SerializeToString())
    rows = {item.name: X[[item.name]].to_numpy() for item in session.get_inputs()}
    label, probabilities = session.run(["label", "probabilities"], rows)
    np.testing.assert_array_equal(label, model.predict(X))
    np.testing.assert_allclose(probabilities, model.predict_proba(X), atol=1e-6)


AROUND = {
    "pipeline": lambda net: make_pipeline(StandardScaler(), net),
    "alone": lambda net: net,
    "voting": lambda net: VotingClassifier(
        [("a", net), ("b", BPClassifier((4,), max_iter=20))],
        voting="soft",
        flatten_transform=False,
    ),
    "bagging": lambda net: BaggingClassifier(net, 3, random_state=0),
    "one against the rest": OneVsRestClassifier,
    "calibrated": lambda net: CalibratedClassifierCV(net, cv=2),
    "search": lambda net: GridSearchCV(net, {}, cv=2),
}


@pytest.mark.parametrize("name", AROUND)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_converters_of_skl2onnx(name, n_classes, skl2onnx, iris):
    X, y = iris
    X, y = X[y > 2 - n_classes], y[y > 2 - n_classes]
    register_onnx_converters()
    register_onnx_converters()
    model = AROUND[name](STDPClassifier((8,), max_iter=30, random_state=0)).fit(X, y)
    options = {id(model): {"zipmap": False}}
    label, probabilities = run(skl2onnx.to_onnx(model, X[:1], options=options, target_opset=17), X)
    np.testing.assert_array_equal(label, model.predict(X))
    np.testing.assert_allclose(probabilities, model.predict_proba(X), atol=1e-5)


def test_scores_and_single_inputs_of_skl2onnx(skl2onnx, iris):
    X, y = iris
    register_onnx_converters()
    model = STDPClassifier((8,), max_iter=30, random_state=0).fit(X, y)
    options = {id(model): {"raw_scores": True, "zipmap": False}}
    _, scores = run(skl2onnx.to_onnx(model, X[:1], options=options, target_opset=17), X)
    np.testing.assert_allclose(scores, model.decision_function(X), rtol=1e-9)
    # The weights are of double precision, whatever the input.
    single = X.astype(np.float32)
    label, maps = run(skl2onnx.to_onnx(model, single[:1], target_opset=17), single)
    assert [max(row, key=row.get) for row in maps] == list(model.predict(X))
    assert list(label) == list(model.predict(X))


def test_pipelines_that_cannot_be_exported(skl2onnx, iris):
    X, y = iris
    net = STDPClassifier((4,), max_iter=1)
    with pytest.raises(NotFittedError):
        to_onnx(make_pipeline(StandardScaler(), net))
    with pytest.raises(TypeError, match="type Pipeline, but expected STDPClassifier, BPClass"):
        to_onnx(make_pipeline(StandardScaler(), BioLeaFClassifier((4,), max_iter=1)).fit(X, y))
    with pytest.raises(TypeError, match=r"type BaggingClassifier.*register_onnx_converters"):
        to_onnx(BaggingClassifier(net, 2).fit(X, y))
    with pytest.raises(TypeError, match=r"Pipeline that skl2onnx cannot convert.*FunctionTransf"):
        to_onnx(make_pipeline(FunctionTransformer(np.cbrt), net).fit(X, y))


def test_without_skl2onnx_the_error_says_how_to_install_it(monkeypatch, iris):
    X, y = iris
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    model = make_pipeline(StandardScaler(), STDPClassifier((4,), max_iter=1)).fit(X, y)
    with pytest.raises(ImportError, match=r'pip install "skstdp\[onnx\]"'):
        to_onnx(model)
    with pytest.raises(ImportError, match=r'pip install "skstdp\[onnx\]"'):
        register_onnx_converters()


def test_what_cannot_be_exported(iris):
    with pytest.raises(NotFittedError):
        to_onnx(STDPClassifier())
    X, y = iris
    model = STDPClassifier(max_iter=1).fit(X, y)
    model.classes_ = model.classes_.astype("datetime64[D]")
    with pytest.raises(
        TypeError, match=r"dtype datetime64\[D\], but expected strings, numbers or"
    ):
        to_onnx(model)
