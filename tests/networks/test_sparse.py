"""Sparse input: the same model as from the same numbers in a dense array."""

import numpy as np
import pytest
from classifiers import CLASSIFIERS
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csc_array, csr_array, csr_matrix

from skstdp import (
    BPClassifier,
    STDPClassifier,
    fgsm,
)

every = pytest.mark.parametrize(
    "classifier",
    CLASSIFIERS,
    ids=lambda c: c.__name__,
)


def words(n_samples=120, n_features=30, seed=0):
    """Counts of words, most of them zero, in which two classes differ."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_samples) % 2
    often = np.where(y[:, np.newaxis] == np.arange(n_features) % 2, 0.6, 0.1)
    return rng.poisson(often).astype(float), y


@every
@pytest.mark.parametrize("form", [csr_array, csr_matrix, csc_array])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"rate_encoding": "minmax"},
        {"receptive_fields": 1},
        {"receptive_fields": 4},
        {"adversarial_epsilon": 0.1},
        {"early_stopping": True},
    ],
    ids=str,
)
def test_same_model_as_from_dense(classifier, form, dtype, settings):
    if classifier is STDPClassifier and "adversarial_epsilon" in settings:
        pytest.skip("refused")
    X, y = words()
    X = X.astype(dtype)
    models = [
        classifier((8,), max_iter=5, random_state=0, **settings).fit(data, y)
        for data in (X, form(X))
    ]
    dense, sparse = models
    for ours, expected in zip(sparse.coefs_, dense.coefs_, strict=True):
        assert ours.dtype == dtype
        assert_allclose(ours, expected, rtol=1e-4 if dtype == np.float32 else 1e-10, atol=1e-6)
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        expected = getattr(sparse, method)(X)
        assert_array_equal(getattr(sparse, method)(form(X)), expected)
    assert sparse.score(form(X), y) == sparse.score(X, y)


@every
def test_partial_fit_and_validation_data(classifier):
    X, y = words()
    model = classifier((8,), random_state=0).partial_fit(csr_array(X), y, classes=[0, 1])
    twin = classifier((8,), random_state=0).partial_fit(X, y, classes=[0, 1])
    model.partial_fit(csr_array(X), y, sample_weight=y + 1.0)
    twin.partial_fit(X, y, sample_weight=y + 1.0)
    assert_allclose(model.coefs_[0], twin.coefs_[0], rtol=1e-9)
    scores = [
        classifier((8,), max_iter=3, random_state=0).fit(X, y, X_val=data, y_val=y)
        for data in (X, csr_array(X))
    ]
    assert scores[0].validation_scores_ == scores[1].validation_scores_


@every
@pytest.mark.parametrize("rate_encoding", ["auto", "minmax"])
def test_zeros_must_be_rates_of_zero(classifier, rate_encoding):
    X, y = words()
    X[:, 3] = np.where(X[:, 3] > 0, 1, -0.5)
    model = classifier((8,), rate_encoding=rate_encoding, max_iter=1, random_state=0)
    message = rf"Got a sparse X with -0.5 in feature 3, but rate_encoding='{rate_encoding}'"
    with pytest.raises(ValueError, match=message):
        model.fit(csr_array(X), y)
    model.fit(X, y).predict(csr_array(X))
    # A feature without zeros loses none.
    X[:, 3] += 1
    expected = model.fit(X, y).predict_proba(X)
    assert_array_equal(model.fit(csr_array(X), y).predict_proba(X), expected)


@every
def test_values_that_are_no_rates(classifier):
    X, y = words()
    with pytest.raises(ValueError, match=r"Got \d in feature \d.*rate_encoding='none'"):
        classifier((8,), rate_encoding="none").fit(csr_array(X), y)


def test_attacks_take_dense_data():
    X, y = words()
    model = STDPClassifier((8,), max_iter=1).fit(csr_array(X), y)
    with pytest.raises(TypeError, match=r"[Ss]parse|dense"):
        fgsm(model, csr_array(X), y, epsilon=0.1)


def test_wide_data_are_never_dense_as_a_whole():
    """The dense array would take 40 GB."""
    rng = np.random.default_rng(0)
    n_samples, n_features = 50_000, 100_000
    columns = rng.integers(n_features, size=2 * n_samples)
    X = csr_array(
        (np.ones(2 * n_samples), columns, 2 * np.arange(n_samples + 1)),
        shape=(n_samples, n_features),
    )
    X.data[:] = 1
    X.sum_duplicates()
    X.data[:] = 1
    model = BPClassifier((2,), batch_size=100, rate_encoding="none", receptive_fields=1)
    model.partial_fit(X[:200], np.arange(200) % 2, classes=[0, 1])
    assert model.predict(X[:300]).shape == (300,)
