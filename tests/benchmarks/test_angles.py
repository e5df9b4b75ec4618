"""Angles between updates and the gradient."""

import numpy as np
import oracle
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skstdp import (
    BioLeaFClassifier,
    BPClassifier,
    EarlyStopping,
    STDPClassifier,
    TargetPropagationClassifier,
)
from skstdp.benchmarks import update_angles
from skstdp.benchmarks._angles import angle, angles_to_gradient


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ([1, 0], [5, 0], 0),
        ([1, 0], [0, 2], 90),
        ([1, 0], [-3, 0], 180),
        ([1, 1], [1, 0], 45),
        ([1, np.sqrt(3)], [1, 0], 60),
        ([1, 0, 0], [1, 1e-9, 0], np.degrees(1e-9)),
        ([-1, 1e-9], [1, 0], 180 - np.degrees(1e-9)),
    ],
)
def test_angles_worked_by_hand(first, second, expected):
    measured = angle(np.array(first, float), np.array(second, float))
    assert_allclose(measured, expected, rtol=1e-12)


def test_no_angle_to_nothing():
    assert np.isnan(angle(np.zeros(3), np.ones(3)))
    assert np.isnan(angle(np.ones(3), np.zeros(3)))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_backpropagation_goes_along_the_gradient(n_classes, dtype, iris):
    X, y = iris
    X, y = X[y < n_classes].astype(dtype), y[y < n_classes]
    angles = update_angles(BPClassifier((6, 4), max_iter=30, random_state=0), X, y, every=15)
    assert_array_equal(angles["epoch"], np.repeat([0, 15, 30], 3))
    assert_array_equal(angles["layer"], [0, 1, 2] * 3)
    assert angles["angle"].max() < (1e-10 if dtype == np.float64 else 1e-2)


def numerical_gradients(network, rates, y):
    coefs, intercepts = network.coefs_, network.intercepts_
    weight = np.ones(len(y))

    def loss():
        return oracle.cross_entropy(rates, y, weight, coefs, intercepts)

    return [
        np.append(oracle.numerical_gradient(loss, coef), oracle.numerical_gradient(loss, bias))
        for coef, bias in zip(coefs, intercepts, strict=True)
    ]


@pytest.mark.parametrize(
    "model",
    [
        STDPClassifier((4, 3), random_state=0),
        STDPClassifier((4, 3), probability_matching=False, random_state=0),
        TargetPropagationClassifier((4, 3), random_state=0),
    ],
    ids=["stdp", "stdp of the paper", "target propagation"],
)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_angles_are_those_to_the_numerical_gradient(model, n_classes):
    rng = np.random.default_rng(0)
    X, y = rng.random((12, 5)), np.arange(12) % n_classes
    model.set_params(rate_encoding="none", receptive_fields=1, batch_size=12, max_iter=1)
    network = model.fit(X, y)
    update = one_update(network, X, y)
    expected = []
    for gradient in numerical_gradients(network, X, y):
        own, update = update[: gradient.size], update[gradient.size :]
        cosine = -own @ gradient / np.linalg.norm(own) / np.linalg.norm(gradient)
        expected.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    before = network.predict_proba(X)
    assert_allclose(angles_to_gradient(network, X, y), expected, atol=1e-3)
    assert_array_equal(network.predict_proba(X), before)


def one_update(network, X, y):
    """The update of a rule whose state is then as it was before."""
    from copy import deepcopy

    from skstdp._networks._rows import Rows

    training = deepcopy(network)._training(Rows(X), y, np.ones(len(y)))
    return training.update(np.arange(len(y)))[0].copy()


@pytest.mark.parametrize("model", [STDPClassifier, TargetPropagationClassifier])
def test_to_measure_changes_nothing(model, iris):
    X, y = iris
    monitored = model((6, 4), max_iter=5, random_state=0)
    seen = []

    class Spy(EarlyStopping):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            seen.append(estimator.coefs_[0].copy())
            return False

    monitored.set_callbacks(Spy())
    monitored.fit(X, y)
    alone = [*seen]
    del seen[:]
    import skstdp.benchmarks._angles as angles

    class Both(angles._Recorder):
        def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
            super().on_fit_task_end(
                estimator, context, X=X, y=y, fitted_estimator=fitted_estimator
            )
            seen.append(estimator.coefs_[0].copy())
            return False

    monitored.set_callbacks(Both(100, 1)).fit(X, y)
    assert_array_equal(seen, alone)


def test_the_output_layer_of_target_propagation_follows_the_gradient(iris):
    X, y = iris
    model = TargetPropagationClassifier((7, 6, 5), max_iter=60, random_state=0)
    angles = update_angles(model, X, y, every=20).pivot(
        index="epoch", columns="layer", values="angle"
    )
    assert (angles[[2, 3]] < 1e-4).all(axis=None)
    # At random, 90 degrees give or take a few; the inverses have learnt.
    assert (angles.loc[20:, [0, 1]] < 80).all(axis=None)
    assert (angles.loc[20:, [0, 1]] > 1).all(axis=None)


def test_sparse_rows_and_a_part_of_many(iris, monkeypatch):
    X, y = iris
    model = BPClassifier((4,), max_iter=20, random_state=0)
    dense, sparse = (update_angles(model, rows, y, every=20) for rows in (X, csr_array(X)))
    pd.testing.assert_frame_equal(dense, sparse, atol=1e-6)
    model = STDPClassifier((6,), max_iter=20, random_state=0)
    few, all_rows = (update_angles(model, X, y, every=20, max_probe=n) for n in (3, 150))
    assert (few["angle"] != all_rows["angle"]).any()


def test_a_pipeline_is_its_network_on_transformed_rows(iris):
    X, y = iris
    network = TargetPropagationClassifier((7, 6, 5), max_iter=20, random_state=0)
    scaler, components = StandardScaler(), PCA(3)
    expected = update_angles(network, components.fit_transform(scaler.fit_transform(X)), y)
    pipeline = make_pipeline(StandardScaler(), make_pipeline(PCA(3), network))
    pd.testing.assert_frame_equal(update_angles(pipeline, X, y), expected)
    assert not hasattr(network, "coefs_")
    alone = update_angles(make_pipeline(network), X, y)
    pd.testing.assert_frame_equal(alone, update_angles(network, X, y))


@pytest.mark.parametrize("refused", [BioLeaFClassifier(), LogisticRegression()])
def test_other_classifiers_are_refused(refused, iris):
    with pytest.raises(TypeError, match=f"Got a {type(refused).__name__}, but expected"):
        update_angles(refused, *iris)
    with pytest.raises(TypeError, match=f"Got a {type(refused).__name__}, but expected"):
        update_angles(make_pipeline(StandardScaler(), refused), *iris)


@pytest.mark.parametrize("settings", [{"every": 0}, {"max_probe": 0}, {"every": 1.5}])
def test_numbers_out_of_range_are_named(settings, iris):
    ((name, value),) = settings.items()
    with pytest.raises(ValueError, match=f"Got {name}={value}, but expected an integer >= 1"):
        update_angles(BPClassifier(), *iris, **settings)


def test_frames_are_arrays(iris_frame):
    X, y = iris_frame
    model = BPClassifier((4,), feedback="direct", max_iter=2, random_state=0)
    frame, array = update_angles(model, X, y), update_angles(model, X.to_numpy(), y.to_numpy())
    assert frame.equals(array)
