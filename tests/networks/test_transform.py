import numpy as np
import pandas as pd
import pytest
from classifiers import CLASSIFIERS, MULTILAYER_PERCEPTRONS
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skstdp import (
    STDPClassifier,
    fgsm,
)

pl = pytest.importorskip("polars")

every = pytest.mark.parametrize(
    "classifier",
    CLASSIFIERS,
)


@pytest.mark.parametrize("classifier", MULTILAYER_PERCEPTRONS)
@pytest.mark.parametrize("hidden_layer_sizes", [(), (7,), (7, 5)])
def test_rates_are_what_the_output_sees(classifier, hidden_layer_sizes, iris_frame):
    X, y = iris_frame
    model = classifier(hidden_layer_sizes, receptive_fields=4, max_iter=3, random_state=0)
    rates = model.fit_transform(X, y)
    np.testing.assert_allclose(
        rates @ model.coefs_[-1] + model.intercepts_[-1], model.decision_function(X)
    )
    assert rates.shape == (150, hidden_layer_sizes[-1] if hidden_layer_sizes else 16)
    assert ((rates >= 0) & (rates <= 1)).all()
    assert len(model.get_feature_names_out()) == rates.shape[1]


def test_one_hidden_layer_by_hand():
    X = np.array([[0.0], [0.5], [1.0]])
    model = STDPClassifier(3, receptive_fields=2, max_iter=1, random_state=0)
    rates = model.fit(X, [0, 1, 1]).transform(X)
    inputs = np.hstack([X, 1 - X])
    np.testing.assert_allclose(rates, expit(inputs @ model.coefs_[0] + model.intercepts_[0]))


@every
def test_frames_with_names(classifier, iris_frame):
    X, y = iris_frame
    model = classifier((6, 4), max_iter=2, random_state=0).fit(X, y)
    names = [f"{classifier.__name__.lower()}{k}" for k in range(4)]
    assert list(model.get_feature_names_out()) == names
    expected = model.transform(X)
    frame = model.set_output(transform="pandas").transform(X)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == names
    np.testing.assert_array_equal(frame, expected)
    polars = model.set_output(transform="polars").transform(pl.from_pandas(X))
    assert isinstance(polars, pl.DataFrame)
    assert polars.columns == names
    # Labels stay arrays.
    assert isinstance(model.predict(X), np.ndarray)


def test_features_for_another_classifier(iris_frame):
    X, y = iris_frame
    network = STDPClassifier((20,), max_iter=30, random_state=0)
    pipeline = make_pipeline(network, LogisticRegression()).set_output(transform="pandas")
    search = GridSearchCV(pipeline, {"stdpclassifier__weight_decay": [0, 0.01]}, cv=3).fit(X, y)
    assert search.best_score_ > 0.9
    assert pipeline.fit(X, y)[-1].feature_names_in_[0] == "stdpclassifier0"


def test_sparse_samples(iris_frame):
    X, y = iris_frame
    model = STDPClassifier(5, max_iter=2, random_state=0).fit(X.to_numpy(), y)
    np.testing.assert_array_equal(model.transform(csr_array(X)), model.transform(X.to_numpy()))


@every
def test_not_fitted(classifier):
    with pytest.raises(NotFittedError):
        classifier().transform([[0.0]])
    with pytest.raises(NotFittedError):
        classifier().get_feature_names_out()


@pytest.mark.parametrize("hidden_layer_sizes", [(), (9,), (9, 6)])
@pytest.mark.parametrize("output", ["default", "pandas"])
def test_attacks_go_back_through_the_hidden_rates(hidden_layer_sizes, output, iris_frame):
    X, y = iris_frame
    options = {"receptive_fields": 4, "max_iter": 30, "random_state": 0}
    network = STDPClassifier(hidden_layer_sizes, **options)
    pipeline = make_pipeline(network, LogisticRegression(max_iter=1000))
    pipeline.set_output(transform=output).fit(X, y)
    # Off the corners of the receptive fields, where slopes differ on both sides.
    X = X + 0.012
    settings = {"epsilon": 0.05, "space": "input"}
    attacked = fgsm(pipeline, X, y, **settings)
    expected = fgsm(pipeline, X, y, gradient="finite-differences", **settings)
    agree = np.isclose(attacked, expected).mean()
    assert agree > 0.98
    assert pipeline.score(attacked, y) < pipeline.score(X, y)
