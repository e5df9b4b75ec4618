import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neural_network import MLPClassifier

from skstdp import STDPClassifier
from skstdp._networks._initialization import (
    calibrate_biases,
    expected_total_inputs,
    mean_inputs,
    random_parameters,
)
from skstdp._networks._mlp import forward

LAYERS = [6, 20, 10, 1]


def draw(scale=1.0, dtype=np.float64):
    return random_parameters(LAYERS, np.random.RandomState(0), dtype, scale)


def in_chunks(rates, weight):
    parts = np.array_split(rates, 3), np.array_split(weight, 3)
    chunks = list(zip(*(filter(len, part) for part in parts), strict=True))
    return lambda function: [function(iter(chunks))]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_same_numbers_as_scikit_learn(dtype):
    mlp = MLPClassifier(activation="logistic")
    mlp._random_state = np.random.RandomState(0)
    coefs, intercepts = draw(dtype=dtype)
    for n_in, n_out, coef, intercept in zip(LAYERS, LAYERS[1:], coefs, intercepts, strict=False):
        expected = mlp._init_coef(n_in, n_out, dtype)
        assert coef.dtype == intercept.dtype == dtype
        assert_array_equal(coef, expected[0])
        assert_array_equal(intercept, expected[1])


def test_scale_multiplies_weights_and_biases():
    for plain, scaled in zip(draw(), draw(3.0), strict=True):
        for one_layer, scaled_layer in zip(plain, scaled, strict=True):
            assert_allclose(scaled_layer, 3 * one_layer)


@pytest.mark.parametrize("quiet_start", [0.1, 0.5, 1.0])
def test_units_start_at_the_fraction_of_their_inputs(quiet_start):
    """The mean drive of each unit is the logit of the target, on weighted data."""
    rng = np.random.default_rng(0)
    rates, weight = rng.random((200, 6)), rng.random(200)
    coefs, intercepts = draw()
    chunks = in_chunks(rates, weight)
    calibrate_biases(coefs, intercepts, mean_inputs(chunks), chunks, quiet_start)
    activities = forward(rates, coefs, intercepts)
    for layer, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True)):
        mean_input = np.average(activities[layer], axis=0, weights=weight).mean()
        target = min(quiet_start * mean_input, 0.5)
        drive = np.average(activities[layer] @ coef + intercept, axis=0, weights=weight)
        assert_allclose(1 / (1 + np.exp(-drive)), target, rtol=1e-10)


def test_every_unit_starts_below_its_inputs():
    X = np.random.default_rng(0).random((100, 4))
    model = STDPClassifier(
        learning_rate_init=1e-300, max_iter=1, receptive_fields=1, random_state=0
    )
    model.fit(X, np.arange(100) % 2)
    *rates, logits = forward(X, model.coefs_, model.intercepts_)
    means = [rate.mean(axis=0) for rate in rates] + [(1 / (1 + np.exp(-logits))).mean(axis=0)]
    for inputs, units in itertools.pairwise(means):
        assert (units < inputs.mean()).all()


def test_silent_inputs_do_not_silence_the_units():
    coefs, intercepts = draw()
    chunks = in_chunks(np.zeros((5, 6)), np.ones(5))
    calibrate_biases(coefs, intercepts, mean_inputs(chunks), chunks, 0.5)
    assert_allclose(intercepts[0], np.log(1e-4 / (1 - 1e-4)))


def test_expected_total_inputs_by_hand():
    """Rates add up to 3 and 1; the second sample weighs three times as much: 1.5."""
    rates = np.array([[1.0, 1, 1, 0], [0, 0, 0.5, 0.5]])
    chunks = in_chunks(rates, np.array([1, 3]))
    means = mean_inputs(chunks)
    assert expected_total_inputs(means, [4, 10, 6, 1], None) == [1.5, 5, 3]
    assert expected_total_inputs(np.zeros(4), [4, 1, 1], None) == [1, 1]
    # Hidden units start at 0.2 of the mean rate of 1.5 / 4; six soon are active, or else half.
    quiet = expected_total_inputs(means, [4, 100, 60, 8, 1], 0.2)
    assert_allclose(quiet, [1.5, 100 * 0.075, 6, 4])
    assert expected_total_inputs(np.ones(4), [4, 100, 1], 1.0) == [4, 50]


def test_of_many_samples_some_tell_where_hidden_units_start():
    """Drawn by seed and by weight; the first layer takes all samples, and the others come near."""
    rng = np.random.default_rng(0)
    X, y, weight = rng.random((10_001, 4)), np.arange(10_001) % 2, rng.exponential(size=10_001)
    X[::2] **= 2
    weight[::2] *= 5
    model, same = (
        STDPClassifier(
            (20, 10), max_iter=1, learning_rate_init=1e-300, weight_decay=0, random_state=0
        ).fit(X, y, weight)
        for _ in range(2)
    )
    chunks = in_chunks(model._inputs(model._rates(X)), weight)
    exact = [np.empty_like(intercept) for intercept in model.intercepts_]
    calibrate_biases(model.coefs_, exact, mean_inputs(chunks), chunks, model.quiet_start)
    assert_allclose(model.intercepts_[0], exact[0], rtol=1e-6)
    for some, every, again in zip(model.intercepts_, exact, same.intercepts_, strict=True):
        assert_allclose(some, every, atol=0.1)
        assert_array_equal(some, again)
