"""Trees as they are read, against `apply`, `predict_proba` and `decision_function`."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, ExtraTreeClassifier

from skstdp._input_gradients._fitted_trees import last_to_the_left, trees_of

N_SAMPLES, N_FEATURES = 150, 4


def table(n_classes, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.uniform(size=(N_SAMPLES, N_FEATURES))
    y = np.floor(n_classes * (X[:, 0] + X[:, 1] * X[:, 2] + 0.3 * rng.uniform(size=len(X))) / 2.3)
    return X, y.astype(int)


def at_thresholds(trees, dtype, seed=0):
    """Points all of whose values are ends of boxes or floats next to them."""
    rng = np.random.default_rng(seed)
    points = rng.uniform(size=(300, N_FEATURES)).astype(dtype)
    for feature in range(N_FEATURES):
        here = trees.feature == feature
        ends = np.concatenate([trees.low[here], trees.high[here]])
        ends = ends[np.isfinite(ends)]
        if len(ends):
            values = rng.choice(ends, 300)
            beyond = np.nextafter(values, dtype(rng.choice([-np.inf, np.inf])))
            points[:, feature] = np.where(rng.random(300) < 0.5, values, beyond)
    return points


MODELS = [
    DecisionTreeClassifier(random_state=0),
    ExtraTreeClassifier(max_depth=4, random_state=0),
    RandomForestClassifier(7, random_state=0),
    ExtraTreesClassifier(7, max_depth=5, random_state=0),
    GradientBoostingClassifier(n_estimators=5, random_state=0),
    GradientBoostingClassifier(n_estimators=5, init="zero", random_state=0),
    HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=5),
    BaggingClassifier(n_estimators=5, max_features=0.5, max_samples=0.2, random_state=0),
    BaggingClassifier(RandomForestClassifier(3, random_state=0), n_estimators=3, random_state=0),
    AdaBoostClassifier(DecisionTreeClassifier(max_depth=2), n_estimators=5, random_state=0),
]


def pairwise(scores):
    """Differences of the scores of classes, of which a decision is made."""
    return scores - scores[:, :1]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_scores_are_those_of_the_estimator(model, n_classes, dtype):
    X, y = table(n_classes)
    model.fit(X, y)
    trees = trees_of(model, dtype)
    for points in (X.astype(dtype), at_thresholds(trees, dtype)):
        scores = pairwise(trees.scores_at(points))
        if hasattr(model, "decision_function"):
            expected = model.decision_function(points)
            if n_classes == 2:
                expected = np.column_stack([np.zeros_like(expected), expected])
            if isinstance(model, AdaBoostClassifier):
                # Votes for a class count as votes against the others, too.
                weight = model.estimator_weights_.sum() * (n_classes - 1) / n_classes
                expected = expected * weight
        else:
            expected = model.predict_proba(points)
        assert_allclose(scores, pairwise(expected), atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_leaves_are_those_of_apply(dtype):
    X, y = table(3)
    model = RandomForestClassifier(10, random_state=1).fit(X, y)
    trees = trees_of(model, dtype)
    points = np.concatenate([X.astype(dtype), at_thresholds(trees, dtype)])
    applied = model.apply(points).T
    for leaves, expected in zip(trees.leaves_at(points), applied, strict=True):
        # One number of the one for each number of the other.
        pairs = set(zip(leaves.tolist(), expected.tolist(), strict=True))
        assert len(pairs) == len(set(leaves.tolist())) == len(set(expected.tolist()))


def test_boxes_of_the_leaves_of_a_tree_are_disjoint_and_hold_everything():
    X, y = table(2)
    trees = trees_of(RandomForestClassifier(5, random_state=0).fit(X, y), np.float64)
    for points in (X, at_thresholds(trees, np.float64)):
        assert trees.leaves_at(points).shape == (5, len(points))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("seen", [np.float64, np.float32])
def test_last_value_to_the_left(dtype, seen):
    rng = np.random.default_rng(0)
    threshold = np.concatenate(
        [
            rng.standard_normal(200),
            rng.standard_normal(200).astype(np.float32),
            # In the middle between two numbers of single precision.
            rng.standard_normal(200).astype(np.float32) + 2.0**-30,
            [0, -0.0, 0.5, 1e-46, -1e-46],
        ]
    )
    last = last_to_the_left(threshold, dtype, seen)
    assert last.dtype == dtype
    assert (last.astype(seen) <= threshold).all()
    assert (np.nextafter(last, dtype(np.inf)).astype(seen) > threshold).all()


def test_infinite_thresholds_of_missing_values():
    X, y = table(2)
    X[::3, 0] = np.nan
    X[::5, 3] = np.where(y[::5] == 1, np.nan, X[::5, 3])
    points = np.random.default_rng(0).uniform(size=(100, N_FEATURES))
    for model in (
        DecisionTreeClassifier(random_state=0),
        HistGradientBoostingClassifier(max_iter=5, min_samples_leaf=5),
    ):
        model.fit(X, y)
        decisions = trees_of(model, np.float64).scores_at(points).argmax(axis=1)
        assert_array_equal(decisions, model.predict(points))


def test_searches_and_frozen_estimators_are_looked_into():
    X, y = table(2)
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    inner = GridSearchCV(tree, {"max_depth": [2, 3]}, cv=2).fit(X, y)
    for model in (inner, FrozenEstimator(inner), make_pipeline("passthrough", tree).fit(X, y)):
        decisions = trees_of(model, np.float64).scores_at(X).argmax(axis=1)
        assert_array_equal(decisions, model.predict(X))


def test_what_is_not_read_is_none():
    X, y = table(2)
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    categorical = np.column_stack([X, np.arange(len(X)) % 3])
    for model, table_of in [
        (LogisticRegression(), X),
        (make_pipeline(StandardScaler(), tree), X),
        (CalibratedClassifierCV(tree, cv=2), X),
        (BaggingClassifier(LogisticRegression(), n_estimators=2), X),
        (AdaBoostClassifier(LogisticRegression(), n_estimators=2), X),
        (GradientBoostingClassifier(init=LogisticRegression(), n_estimators=2), X),
        (HistGradientBoostingClassifier(max_iter=2, categorical_features=[4]), categorical),
    ]:
        assert trees_of(model.fit(table_of, y), np.float64) is None
    several = DecisionTreeClassifier().fit(X, np.column_stack([y, y]))
    assert trees_of(several, np.float64) is None
