"""Attacks on trees and certificates for them, against exhaustive search."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from tree_oracle import fooled, inside, wrong_or_tied

from skstdp._attacks._norm_balls import Ball
from skstdp._certificates._trees import tree_bounds
from skstdp._input_gradients import attackable
from skstdp._robustness._certified import CertifiedScorer, certified
from skstdp._robustness._problem import AttackProblem
from skstdp._robustness._threat_model import ThreatModel
from skstdp._robustness._tree_attack import exact_points, leaf_search

NORMS = ("linf", "l2", "l1")


def table(kind, seed, n_samples=80):
    """Features, of which with groups the last three are one-hot, and three classes."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(size=(n_samples, 2 if kind == "groups" else 3))
    if kind == "groups":
        category = rng.integers(3, size=n_samples)
        X = np.column_stack([X, np.eye(3)[category]])
        total = X[:, 0] + 0.4 * category + X[:, 1] * (category == 1)
    elif kind == "whole":
        X[:, 2] = rng.integers(6, size=n_samples)
        total = X[:, 0] + 0.2 * X[:, 2] + X[:, 1] * (X[:, 2] > 2)
    else:
        total = X[:, 0] + X[:, 1] * X[:, 2]
    return X, np.searchsorted(np.quantile(total, [0.4, 0.7]), total)


def random_ball(kind, norm, X, rng):
    epsilon = rng.choice([0.05, 0.1, 0.3]) * rng.uniform(0.5, 1.5, X.shape[1])
    if rng.random() < 0.3:
        epsilon[0] = 0
    low, high = X.min(axis=0), X.max(axis=0)
    if rng.random() < 0.5:
        low, high = np.full_like(low, -np.inf), np.full_like(high, np.inf)
    groups, whole = (), None
    if kind == "groups":
        groups = [[2, 3, 4]]
        epsilon[2:] = rng.choice([0.5, 1.0, 1.5, 3.0], 3)
        low[2:], high[2:] = 0, 1
        if rng.random() < 0.3:
            high[3] = 0 if (X[:, 3] == 0).all() else 1
    if kind == "whole":
        whole = np.array([False, False, True])
        epsilon[2] = rng.choice([0.5, 1.0, 2.5])
    low, high = low.astype(X.dtype), high.astype(X.dtype)
    low[epsilon == 0], high[epsilon == 0] = -np.inf, np.inf
    return Ball(epsilon, norm, low, high, groups, whole)


def problem_of(model, X, y, ball):
    target, points = attackable(model, X, gradient=None)
    return AttackProblem(target, points, target.class_indices(y), ball)


def thresholds_of(model, n_features):
    members = np.ravel(getattr(model, "estimators_", [model]))
    return [
        np.unique(np.concatenate([m.tree_.threshold[m.tree_.feature == feature] for m in members]))
        for feature in range(n_features)
    ]


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        ("plain", np.float64),
        ("plain", np.float32),
        ("groups", np.float32),
        ("whole", np.float64),
    ],
)
@pytest.mark.parametrize("norm", NORMS)
def test_a_single_tree_is_attacked_and_certified_exactly(norm, kind, dtype):
    rng = np.random.default_rng(0)
    n_fooled = n_safe = 0
    for seed in range(4):
        X, y = table(kind, seed)
        X = X.astype(dtype)
        model = DecisionTreeClassifier(max_leaf_nodes=9, random_state=seed).fit(X[:40], y[:40])
        ball = random_ball(kind, norm, X, rng)
        problem = problem_of(model, X[40:], y[40:], ball)
        expected = fooled(model, X[40:], y[40:], thresholds_of(model, X.shape[1]), ball)
        points = exact_points(problem)
        assert points.dtype == dtype
        assert_array_equal(problem.is_adversarial(points), expected)
        assert_array_equal(certified(problem), ~expected)
        for x, moved in zip(X[40:], points, strict=True):
            assert inside(ball, x, moved[np.newaxis]).all()
        right = model.predict(X[40:]) == y[40:]
        n_fooled += (expected & right).sum()
        n_safe += (~expected).sum()
    # The cases are of both kinds.
    assert n_fooled > 10
    assert n_safe > 10


@pytest.mark.parametrize("kind", ["plain", "groups", "whole"])
@pytest.mark.parametrize("norm", NORMS)
def test_ensembles_lie_between_search_and_certificate(norm, kind):
    rng = np.random.default_rng(1)
    n_found = n_fooled = n_safe = n_certified = 0
    for seed in range(4):
        X, y = table(kind, seed)
        model = [
            RandomForestClassifier(3, max_leaf_nodes=4, random_state=seed),
            GradientBoostingClassifier(n_estimators=2, max_leaf_nodes=3, random_state=seed),
        ][seed % 2].fit(X[:40], y[:40])
        ball = random_ball(kind, norm, X, rng)
        problem = problem_of(model, X[40:], y[40:], ball)
        samples, thresholds = (model, X[40:], y[40:]), thresholds_of(model, X.shape[1])
        expected = fooled(*samples, thresholds, ball)
        assert exact_points(problem) is None
        points = leaf_search(problem, 0)
        for x, moved in zip(X[40:], points, strict=True):
            assert inside(ball, x, moved[np.newaxis]).all()
        found, safe = problem.is_adversarial(points), certified(problem)
        assert not (found & ~expected).any()
        assert not (safe & expected).any()
        at_first, thorough = (
            (tree_bounds(model, ball, X[40:], problem.y, n_splits) > 0).all(axis=1)
            for n_splits in (0, 300)
        )
        assert not (at_first & ~safe).any()
        assert not (thorough & expected).any()
        if kind != "groups":
            # Nothing is left open but ties.
            unsafe = fooled(*samples, thresholds, ball, wrong_or_tied)
            assert_array_equal(thorough, ~unsafe)
        right = model.predict(X[40:]) == y[40:]
        n_found, n_fooled = n_found + (found & right).sum(), n_fooled + (expected & right).sum()
        n_certified, n_safe = n_certified + safe.sum(), n_safe + (~expected).sum()
    assert n_fooled > 10
    assert n_safe > 10
    assert n_found == n_fooled
    assert n_certified >= 0.8 * n_safe


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(10, random_state=0),
        ExtraTreesClassifier(10, random_state=0),
        GradientBoostingClassifier(n_estimators=10, random_state=0),
    ],
    ids=lambda model: type(model).__name__,
)
def test_the_search_finds_more_than_labels_alone(model):
    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.min(axis=0)) / np.ptp(X, axis=0)
    model.fit(X[::2], y[::2])
    for epsilon in (0.05, 0.1):
        problem = problem_of(model, X[1::10], y[1::10], Ball(epsilon))
        found = problem.is_adversarial(leaf_search(problem, 0))
        by_labels = problem.is_adversarial(problem.hard_label(100, 0))
        assert not (found & certified(problem)).any()
        assert found.mean() >= by_labels.mean()


def test_the_search_takes_two_moves_where_one_does_not_do():
    # The mean of two stumps, which both have to change.
    X = np.array([[0.0, 0.0], [1.0, 1.0]])
    model = RandomForestClassifier(10, max_features=1, bootstrap=False, random_state=0)
    model.fit(X, [0, 1])
    assert {0, 1} == {tree.tree_.feature[0] for tree in model.estimators_}
    problem = problem_of(model, X, np.array([0, 1]), Ball(0.6))
    points = leaf_search(problem, 0)
    assert problem.is_adversarial(points).all()
    assert certified(problem_of(model, X, np.array([0, 1]), Ball(0.4))).all()


def test_the_search_is_the_same_for_a_seed_and_for_some_of_the_rows():
    X, y = table("plain", 0)
    model = RandomForestClassifier(10, random_state=0).fit(X[:40], y[:40])
    problem = problem_of(model, X[40:], y[40:], Ball(0.05))
    points = leaf_search(problem, 0)
    assert_array_equal(leaf_search(problem, 0), points)
    shares = np.ones(20)
    part = problem.shrunk(np.arange(40)[::2], shares)
    assert_array_equal(leaf_search(part, 0, 1), leaf_search(problem, 0, 1)[::2])
    assert_array_equal(certified(part), certified(problem)[::2])


def test_the_nearest_leaf_is_taken():
    # Thresholds on both sides of the samples, at .3 and .6, up to single precision.
    X = np.array([[0.0], [0.2], [0.4], [0.55], [0.65], [1.0]])
    model = DecisionTreeClassifier().fit(X, [1, 1, 0, 0, 1, 1])
    problem = problem_of(model, np.array([[0.5], [0.31]]), np.array([0, 0]), Ball(0.25))
    points = exact_points(problem)
    assert_allclose(points, [[0.6], [0.3]], atol=1e-7)
    assert model.predict(points).tolist() == [1, 1]
    assert model.predict(np.nextafter(points, [[0], [1]])).tolist() == [0, 0]


def test_rows_that_are_wrong_stay_as_they_are_and_are_not_certified():
    X, y = table("plain", 0)
    model = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X, y)
    wrong = model.predict(X) != y
    problem = problem_of(model, X, y, Ball(0.0))
    assert_array_equal(exact_points(problem), X)
    assert_array_equal(certified(problem), ~wrong)


def test_a_leaf_of_a_tie_has_the_class_of_predict():
    X, y = np.array([[0.0], [0.0], [1.0], [1.0]]), np.array([0, 1, 1, 1])
    model = DecisionTreeClassifier().fit(X, y)
    assert model.predict([[0.0]]) == 0
    problem = problem_of(model, X[2:], y[2:], Ball(0.6))
    assert_allclose(exact_points(problem), [[0.5], [0.5]], atol=1e-7)
    assert not certified(problem).any()


def test_other_estimators_have_none():
    X, y = table("plain", 0)
    forest = RandomForestClassifier(3, random_state=0).fit(X, y)
    assert exact_points(problem_of(forest, X, y, Ball(0.1))) is None
    linear = LogisticRegression().fit(X, y)
    assert exact_points(problem_of(linear, X, y, Ball(0.1))) is None
    assert leaf_search(problem_of(linear, X, y, Ball(0.1)), 0) is None


def test_frames_of_whole_numbers_truth_values_and_categories_in_input_space():
    rng = np.random.default_rng(0)
    colour = rng.integers(3, size=80)
    X = pd.DataFrame(
        {
            "age": rng.integers(20, 60, size=80),
            "income": rng.uniform(0, 10, size=80).astype(np.float32),
            "member": rng.random(80) < 0.5,
            **{f"colour_{k}": (colour == k).astype(int) for k in range(3)},
        }
    )
    y = np.where(X["age"] / 8 + X["income"] + 2 * (colour == 1) + X["member"] > 11, "yes", "no")
    threat = ThreatModel(
        {"age": 3, "income": 1.0, "member": 1.0} | {f"colour_{k}": 1.0 for k in range(3)},
        one_hot=[[f"colour_{k}" for k in range(3)]],
        immutable=["member"],
        space="input",
    )
    for model in (
        DecisionTreeClassifier(max_leaf_nodes=12, random_state=0),
        RandomForestClassifier(5, max_leaf_nodes=8, random_state=0),
    ):
        model.fit(X[:50], y[:50])
        problem = threat.problem(model, X[50:], y[50:], gradient=None)
        points = exact_points(problem)
        points = leaf_search(problem, 0) if points is None else points
        attacked = problem.target.returned(points)
        assert (attacked.dtypes == X.dtypes).all()
        assert (attacked["member"] == X["member"][50:]).all()
        assert (attacked.filter(like="colour").sum(axis=1) == 1).all()
        assert ((attacked["age"] - X["age"][50:]).abs() <= 3).all()
        wrong = model.predict(attacked) != y[50:]
        assert_array_equal(wrong, problem.is_adversarial(points))
        assert wrong.mean() > 0.3
        safe = certified(problem)
        assert not (safe & wrong).any()
        # Of several trees one-hot groups are not split.
        assert (safe | wrong).mean() >= (1 if exact_points(problem) is not None else 0.9)


def test_a_forest_of_leaves_alone_and_no_rows_left():
    X, y = table("plain", 0)
    model = RandomForestClassifier(3, min_samples_leaf=50, random_state=0).fit(X, y)
    problem = problem_of(model, X, y, Ball(0.5))
    right = model.predict(X) == y
    assert_array_equal(leaf_search(problem, 0), X)
    assert_array_equal(certified(problem), right)
    safe = problem_of(model, X[right], y[right], Ball(0.5))
    assert_array_equal(leaf_search(safe, 0), X[right])


def test_certified_accuracy_of_a_pipeline_and_of_what_has_none():
    X, y = table("plain", 0)
    model = make_pipeline(StandardScaler(), DecisionTreeClassifier(max_depth=4, random_state=0))
    model.fit(X[:40], y[:40])
    scaled = model[0].transform(X[40:])
    tree = model[-1]
    expected = fooled(tree, scaled, y[40:], thresholds_of(tree, 3), Ball(0.2, "linf", -9, 9))
    assert 0.1 < expected.mean() < 0.9
    assert CertifiedScorer(0.2)(model, X[40:], y[40:]) == 1 - expected.mean()
    boosting = GradientBoostingClassifier(n_estimators=2, init=LogisticRegression()).fit(X, y)
    with pytest.raises(TypeError, match="GradientBoostingClassifier, but a certificate"):
        CertifiedScorer(0.1)(boosting, X, y)
