"""What every way to learn has in common: narrow networks, odd tables, attacks and figures."""

import numpy as np
import pytest
from classifiers import KINDS, MULTILAYER_PERCEPTRONS, direct_feedback, own_rule, sign_symmetry
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from skstdp import (
    BPClassifier,
    CertifiedScorer,
    LocalRuleClassifier,
    PGDScorer,
    WorstCaseScorer,
    fgsm,
    pgd,
)

every = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
of_rates = pytest.mark.parametrize(
    "kind",
    [*MULTILAYER_PERCEPTRONS, direct_feedback, sign_symmetry, own_rule],
    ids=lambda kind: kind.__name__,
)
QUICK = {"max_iter": 3, "random_state": 0}


def table(n_features):
    """Two classes, of which the first column tells one from the other."""
    X = np.random.default_rng(0).random((40, n_features))
    y = np.arange(40) % 2
    X[:, 0] = 0.2 + 0.6 * y
    return X, y


def assert_probabilities(model, X):
    proba = model.predict_proba(X)
    assert proba.dtype == model.coefs_[0].dtype
    assert ((proba >= 0) & (proba <= 1)).all()
    assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)


@every
@pytest.mark.parametrize("n_features", [1, 200])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_feature_and_many(kind, n_features, dtype):
    X, y = table(n_features)
    assert_probabilities(kind((6, 4), **QUICK).fit(X.astype(dtype), y), X.astype(dtype))


@every
@pytest.mark.parametrize("sizes", [(), (1,), (1, 1, 1)], ids=str)
def test_narrow_and_no_hidden_layers(kind, sizes, iris):
    X, y = iris
    model = kind(sizes, **QUICK).fit(X, y)
    assert [coef.shape[1] for coef in model.coefs_] == [*sizes, 3]
    assert_probabilities(model, X)


@every
@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_extreme_values_beside_columns_that_are_constant(kind, scale):
    X, y = table(3)
    X = scale * np.column_stack([X, np.zeros(40), np.full(40, -1)])
    assert_probabilities(kind((6,), **QUICK).fit(X, y), X)


@of_rates
def test_samples_and_batches_of_weight_zero_teach_nothing(kind):
    """Such a batch makes no step."""
    X, y = table(3)
    weight = np.repeat([1.0, 0, 0, 2], 10)
    settings = QUICK | {"batch_size": 10, "shuffle": False}
    of_all = kind((6, 4), **settings).fit(X, y, sample_weight=weight)
    y = np.where(weight > 0, y, 1 - y)
    of_others = kind((6, 4), **settings).fit(X, y, sample_weight=weight)
    assert of_all._optimizer.n_steps == 2 * 3
    for mine, other in zip(of_all.coefs_, of_others.coefs_, strict=True):
        assert_array_equal(mine, other)


@pytest.mark.process
@of_rates
def test_attacks_and_bounds_are_in_order(kind, iris):
    X, y = (array[::25] for array in iris)
    model = kind((8, 5), max_iter=60, random_state=0).fit(*iris)
    lower = CertifiedScorer(0.05)(model, X, y)
    worst = WorstCaseScorer(0.05)(model, X, y)
    assert 0 <= lower <= worst <= PGDScorer(0.05)(model, X, y) <= model.score(X, y)
    width = np.ptp(iris[0], axis=0)
    for attack in (fgsm, pgd):
        moved = np.abs(attack(model, X, y, epsilon=0.05) - X) / width
        assert 0 < moved.max() <= 0.05 * (1 + 1e-9)


@of_rates
def test_figures(kind, iris):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    from skstdp import ActivityDisplay, LearningCurvesDisplay, WeightMapDisplay

    model = kind((6, 4), **QUICK).fit(*iris)
    assert len(LearningCurvesDisplay.from_estimator(model).lines_) == 1
    assert len(ActivityDisplay.from_estimator(model, *iris).axes_) == 3
    WeightMapDisplay.from_estimator(model)
    pyplot.close("all")


@pytest.mark.parametrize(
    ("model", "grid"),
    [
        (BPClassifier(), {"feedback": ["symmetric", "random", "direct", "sign", "sign-random"]}),
        (LocalRuleClassifier(), {"rule": ["bcm", "contrastive", own_rule().rule]}),
    ],
    ids=["feedback", "rule"],
)
def test_search(model, grid, iris):
    """The same as to fit each by itself."""
    model = clone(model).set_params(hidden_layer_sizes=(8,), max_iter=40, random_state=0)
    search = GridSearchCV(model, grid, cv=[(np.arange(0, 150, 2), np.arange(1, 150, 2))])
    search.fit(*iris)
    ((name, values),) = grid.items()
    X, y = iris
    for value, score in zip(values, search.cv_results_["mean_test_score"], strict=True):
        alone = clone(model).set_params(**{name: value}).fit(X[::2], y[::2])
        assert alone.score(X[1::2], y[1::2]) == score
