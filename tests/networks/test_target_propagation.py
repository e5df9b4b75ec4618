"""Targets, inverses and updates of target propagation, against the naive twin."""

import naive_target_propagation as naive
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, logit

from skstdp import BPClassifier, TargetPropagationClassifier

SIZES = [(), (7,), (8, 6), (9, 7, 5)]


def drawn(sizes, n_classes, dtype=np.float64, **settings):
    """A classifier with random weights on random rates, of which half are zero."""
    rng = np.random.default_rng(1)
    X = (rng.random((13, 6)) * (rng.random((13, 6)) < 0.5)).astype(dtype)
    y, weight = np.arange(13) % n_classes, rng.integers(1, 5, 13).astype(float)
    settings = {"rate_encoding": "none", "receptive_fields": 1} | settings
    model = TargetPropagationClassifier(sizes, batch_size=13, random_state=0, **settings)
    return (
        model.partial_fit(X, y, sample_weight=weight, classes=np.arange(n_classes)),
        X,
        y,
        weight,
    )


def training_of(model, X, y, weight):
    """The loop over the batches, and its parameters as lists of views."""
    from skstdp._networks._rows import Rows

    return model._training(Rows(X), y, weight)


def unflatten(updates, model):
    """Updates as lists with the shapes of the four attributes."""
    coefs = model.coefs_ + model.inverse_coefs_
    parts, at = [], 0
    for coef in coefs:
        for shape in (coef.shape, coef.shape[1:]):
            parts.append(updates[at : at + np.prod(shape)].reshape(shape))
            at += np.prod(shape)
    assert at == updates.size
    n_layers = len(model.coefs_)
    weights, biases = parts[::2], parts[1::2]
    return weights[:n_layers], biases[:n_layers], weights[n_layers:], biases[n_layers:]


def naive_update(model, X, y, weight):
    """The update of the twin, with the noise that the next batch draws."""
    stream, first = map(int, model._noise)
    noise, after = naive.noises([*map(len, model.intercepts_[:-2])], stream, first)
    updates = naive.update(
        X,
        y,
        weight / weight.sum(),
        model.coefs_,
        model.intercepts_,
        model.inverse_coefs_,
        model.inverse_intercepts_,
        (model.target_step, model.inverse_noise),
        noise,
    )
    return updates, after


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("step", [0.2, 3.0])
def test_updates_equal_the_naive_ones(sizes, n_classes, step):
    model, X, y, weight = drawn(sizes, n_classes, target_step=step, inverse_noise=0.4)
    expected, drawn_after = naive_update(model, X, y, weight)
    training = training_of(model, X, y, weight)
    update, _ = training.update(np.arange(len(X)))
    for ours, theirs in zip(unflatten(update, model), expected, strict=True):
        for mine, other in zip(ours, theirs, strict=True):
            assert_allclose(mine, other, rtol=1e-12, atol=1e-15)
    assert model._noise[1] == drawn_after
    assert drawn_after == 2 * sum(sizes[:-1])


def test_updates_of_float32_are_those_of_float64():
    both = []
    for dtype in (np.float32, np.float64):
        model, X, y, weight = drawn((8, 6), 3, dtype)
        # The first step has rounded.
        model.coefs_ = [coef.round(3) for coef in model.coefs_]
        model.inverse_coefs_ = [coef.round(3) for coef in model.inverse_coefs_]
        model.intercepts_ = [intercept.round(3) for intercept in model.intercepts_]
        model.inverse_intercepts_ = [b.round(3) for b in model.inverse_intercepts_]
        update, _ = training_of(model, X, y, weight.astype(dtype)).update(np.arange(len(X)))
        assert update.dtype == dtype
        both.append(update)
    assert_allclose(*both, rtol=1e-4, atol=1e-6)


def test_noise_is_normal_and_never_drawn_twice():
    numbers = [naive.normal(12345, k) for k in range(20_000)]
    assert abs(np.mean(numbers)) < 0.03
    assert abs(np.std(numbers) - 1) < 0.02
    assert abs(np.mean(np.abs(numbers) < 1) - 0.6827) < 0.01
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.03
    assert len(set(numbers)) == len(numbers)


def test_exact_inverses_carry_targets_down_as_worked_by_hand():
    """The inverse of a layer is exact at the rates and the targets of two samples.

    Seven units on each side, so that the layer can be inverted: the target of its inputs is
    f^-1(target of its outputs), and the first layer moves towards that.
    """
    model, *_ = drawn((7, 7), 3, target_step=0.002)
    X = np.random.default_rng(2).random((2, 6))
    y, weight = np.array([2, 0]), np.array([3.0, 1.0])
    W, b = model.coefs_[1], model.intercepts_[1]
    W[:] = 3 * np.eye(7) + 0.3 * W
    h1 = expit(X @ model.coefs_[0] + model.intercepts_[0])
    h2 = expit(h1 @ W + b)
    logits = h2 @ model.coefs_[2] + model.intercepts_[2]
    proba = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    target_2 = h2 + 0.002 * (np.eye(3)[y] - proba) @ model.coefs_[2].T
    target_1 = (logit(target_2) - b) @ np.linalg.inv(W)
    assert ((target_1 > 0) & (target_1 < 1)).all()
    # Weights and biases of g with g(h2) = h1 and g(target_2) = target_1.
    outputs = np.hstack([np.vstack([h2, target_2]), np.ones((4, 1))])
    solution = np.linalg.lstsq(outputs, logit(np.vstack([h1, target_1])))[0]
    model.inverse_coefs_[0][:], model.inverse_intercepts_[0][:] = solution[:-1], solution[-1]
    update, _ = training_of(model, X, y, weight).update(np.arange(2))
    coefs, intercepts, _, _ = unflatten(update, model)
    delta_2 = (target_2 - h2) * h2 * (1 - h2) * [[0.75], [0.25]]
    delta_1 = (target_1 - h1) * h1 * (1 - h1) * [[0.75], [0.25]]
    for delta, rates, coef, intercept in (
        (delta_2, h1, coefs[1], intercepts[1]),
        (delta_1, X, coefs[0], intercepts[0]),
    ):
        assert_allclose(coef, rates.T @ delta, rtol=1e-7, atol=1e-12)
        assert_allclose(intercept, delta.sum(axis=0), rtol=1e-7, atol=1e-12)


def test_a_weight_of_k_is_as_good_as_k_copies():
    model, X, y, weight = drawn((8, 6), 3)
    weight = weight.astype(int)
    update, _ = training_of(model, X, y, weight.astype(float)).update(np.arange(13))
    X, y = np.repeat(X, weight, axis=0), np.repeat(y, weight)
    model._noise[1] -= 8
    copies, _ = training_of(model, X, y, np.ones(len(y))).update(np.arange(len(y)))
    assert_allclose(update, copies, rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("step", [1.0, 0.25])
def test_with_one_hidden_layer_it_takes_the_direction_of_backpropagation(n_classes, step):
    model, X, y, weight = drawn((7,), n_classes, target_step=step)
    other = BPClassifier((7,), rate_encoding="none", receptive_fields=1)
    other.partial_fit(X, y, classes=np.arange(n_classes))
    other.coefs_, other.intercepts_ = model.coefs_, model.intercepts_
    ours, theirs = (training_of(m, X, y, weight).update(np.arange(13))[0] for m in (model, other))
    n_first = model.coefs_[0].size + 7
    assert_allclose(ours[:n_first], step * theirs[:n_first], rtol=1e-11, atol=1e-15)
    assert_allclose(ours[n_first:], theirs[n_first:], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("sizes", "rtol"), [((), 0), ((7,), 1e-6)])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_networks_without_inverses_are_those_of_backpropagation(sizes, rtol, n_classes, iris):
    X, y = iris
    X, y = X[y < n_classes], y[y < n_classes]
    settings = {"hidden_layer_sizes": sizes, "max_iter": 20, "random_state": 0}
    model = TargetPropagationClassifier(target_step=1.0, **settings).fit(X, y)
    other = BPClassifier(**settings).fit(X, y)
    assert model.inverse_coefs_ == model.inverse_intercepts_ == []
    for mine, theirs in zip(model.coefs_, other.coefs_, strict=True):
        assert_allclose(mine, theirs, rtol=rtol, atol=rtol)


def reconstruction_error(model, X):
    """Mean squared error of the inverses, for noise that is not that of training."""
    rates, errors = X, []
    hidden = [
        rates := expit(rates @ coef + intercept)
        for coef, intercept in zip(model.coefs_[:-1], model.intercepts_[:-1], strict=True)
    ]
    rng = np.random.default_rng(0)
    for k, below in enumerate(hidden[:-1]):
        noisy = below + model.inverse_noise * rng.standard_normal(below.shape)
        code = expit(noisy @ model.coefs_[k + 1] + model.intercepts_[k + 1])
        guess = expit(code @ model.inverse_coefs_[k] + model.inverse_intercepts_[k])
        errors.append(np.mean((guess - noisy) ** 2))
    return errors


def test_inverses_learn_to_reconstruct(digits):
    X, y = digits
    X = X / 16
    # Layers that stand nearly still.
    settings = {"receptive_fields": 1, "inverse_noise": 0.05, "learning_rate_init": 1e-9}
    before, after = (
        TargetPropagationClassifier(
            (40, 30, 20), inverse_learning_rate_init=step, max_iter=15, random_state=0, **settings
        ).fit(X, y)
        for step in (1e-12, 0.3)
    )
    errors = [reconstruction_error(model, X) for model in (before, after)]
    assert (np.array(errors[1]) < 0.25 * np.array(errors[0])).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_learns_with_three_hidden_layers(dtype, digits):
    X, y = digits
    model = TargetPropagationClassifier((50, 40, 30), max_iter=60, random_state=0)
    model.fit(X[:1200].astype(dtype), y[:1200])
    assert {coef.dtype for coef in model.coefs_ + model.inverse_coefs_} == {np.dtype(dtype)}
    assert model.score(X[1200:], y[1200:]) > 0.87


def test_partial_fit_goes_on_where_fit_ended(iris):
    X, y = iris
    settings = {"learning_rate": "constant", "weight_decay": 0.001, "random_state": 0}
    whole = TargetPropagationClassifier((8, 6), max_iter=4, **settings).fit(X, y)
    parts = TargetPropagationClassifier((8, 6), max_iter=2, **settings).fit(X, y)
    parts.partial_fit(X, y).partial_fit(X, y)
    for name in model_arrays(whole):
        assert_array_equal(model_arrays(parts)[name], model_arrays(whole)[name])


def model_arrays(model):
    names = (*model._network_attributes, "_noise")
    return {
        name: np.concatenate([np.ravel(part) for part in getattr(model, name)]) for name in names
    }


def test_early_stopping_keeps_the_inverses_of_the_best_epoch(iris):
    X, y = iris
    settings = {"hidden_layer_sizes": (8, 6), "learning_rate": "constant", "random_state": 0}
    settings["weight_decay"] = 0.001
    stopped = TargetPropagationClassifier(max_iter=29, early_stopping=True, **settings)
    stopped.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    scores = np.array(stopped.validation_scores_)
    best = np.flatnonzero(scores == scores.max())[-1]
    assert best < len(scores) - 1
    other = TargetPropagationClassifier(max_iter=best + 1, **settings).fit(X[::2], y[::2])
    for mine, theirs in zip(stopped.inverse_coefs_, other.inverse_coefs_, strict=True):
        assert_array_equal(mine, theirs)


def test_inverses_have_their_own_step_size(iris):
    X, y = iris
    settings = {"hidden_layer_sizes": (8, 6), "max_iter": 1, "batch_size": 150, "epsilon": 1e-30}
    slow, fast = (
        TargetPropagationClassifier(
            inverse_learning_rate_init=step, random_state=0, weight_decay=0.0, **settings
        ).fit(X, y)
        for step in (1e-12, 0.3)
    )
    assert_array_equal(slow.coefs_[1], fast.coefs_[1])
    moved = fast.inverse_coefs_[0] - slow.inverse_coefs_[0]
    # The first step of Adam has its full size, over the three of six units that are expected to
    # be active.
    assert_allclose(np.abs(moved), 0.3 / 3, rtol=1e-9)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"target_step": 0}, "'target_step' parameter of TargetPropagationClassifier must be"),
        ({"inverse_noise": -1}, "'inverse_noise' parameter of TargetPropagationClassifier must"),
        ({"inverse_learning_rate_init": 0}, "'inverse_learning_rate_init' parameter of"),
        ({"target_step": "big"}, "'target_step' parameter of"),
    ],
)
def test_bad_parameters_are_named(settings, message, iris):
    with pytest.raises(ValueError, match=message):
        TargetPropagationClassifier(**settings).fit(*iris)


def test_steps_that_leave_the_finite_numbers_are_named(iris):
    model = TargetPropagationClassifier((8, 6), inverse_noise=1e300, random_state=0)
    with pytest.raises(ValueError, match=r"inverse_noise=1e\+300.*expected values with which"):
        model.fit(np.asarray(iris[0], np.float32), iris[1])
    assert not hasattr(model, "coefs_")
