"""Gradients at softer slopes than those of the model, and margins in the scale of a gradient."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from test_input_gradients import NETWORK, SMOOTH

from skstdp import BioLeaFClassifier, BPClassifier, STDPClassifier
from skstdp._attacks._margins import margins_against
from skstdp._input_gradients import attackable

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SLOPES = {
    "logistic": lambda z: expit(z) * (1 - expit(z)),
    "tanh": lambda z: 1 - np.tanh(z) ** 2,
    "relu": expit,
    "identity": np.ones_like,
}
RATES = {
    "logistic": expit,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "identity": lambda z: z,
}


def naive_gradient(row, coefs, intercepts, activation, temperature):
    """Gradient of each output of a network, with the slopes of drives divided by a temperature."""
    jacobian, rates = np.eye(len(row)), row
    for coef, intercept in zip(coefs[:-1], intercepts[:-1], strict=True):
        drives = np.array([sum(rates * column) for column in coef.T]) + intercept
        rates = RATES[activation](drives)
        jacobian = (jacobian @ coef) * SLOPES[activation](drives / temperature)
    return (jacobian @ coefs[-1]).T


def unit(gradient):
    return gradient / np.abs(gradient).max(axis=-1, keepdims=True)


@pytest.mark.parametrize("temperature", [2, 7.5])
@pytest.mark.parametrize("activation", SLOPES)
def test_softened_gradient_of_a_perceptron_is_the_naive_one(activation, temperature, iris):
    X, y = iris
    model = MLPClassifier((7, 5), activation, max_iter=200, random_state=0).fit(X, y)
    target, points = attackable(model, X[::10])
    index, rivals = np.zeros(15, dtype=int), np.tile([1, 2, 1], 5)
    _, gradient, _ = target.softened(temperature).margins_against(points, index, rivals)
    for row, rival, ours in zip(points, rivals, gradient, strict=True):
        of_class = naive_gradient(row, model.coefs_, model.intercepts_, activation, temperature)
        assert_allclose(ours, unit(of_class[0] - of_class[rival]), rtol=1e-9, atol=1e-12)


def test_softened_gradient_of_our_networks_is_the_naive_one(iris):
    X, y = iris
    for kind in (STDPClassifier, BPClassifier):
        model = kind((7, 5), receptive_fields=1, **NETWORK).fit(X, y)
        target, rates = attackable(model, X[::10])
        softened = target.softened(4)
        index, rivals = np.zeros(15, dtype=int), np.full(15, 2)
        _, gradient, _ = softened.margins_against(rates, index, rivals)
        for row, ours in zip(rates, gradient, strict=True):
            of_class = naive_gradient(row, model.coefs_, model.intercepts_, "logistic", 4)
            assert_allclose(ours, unit(of_class[0] - of_class[2]), rtol=1e-9, atol=1e-12)


def test_softened_kernel_is_that_of_a_smaller_exponent(iris):
    X, y = iris
    X, y = X[50:], y[50:]
    model = SVC(gamma=2.0).fit(X, y)
    target, points = attackable(model, X[::10])
    gradient = target.softened(5).gradient(points, np.ones(10, dtype=int))
    for row, ours in zip(points, gradient, strict=True):
        naive = np.zeros(4)
        for vector, weight in zip(model.support_vectors_, model.dual_coef_[0], strict=True):
            kernel = np.exp(-2.0 * ((row - vector) ** 2).sum() / 5)
            naive += weight * kernel * 2 * 2.0 * (vector - row)
        assert_allclose(unit(ours), unit(naive), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", SMOOTH)
def test_only_gradients_soften(name, iris):
    X, y = iris
    target, points = attackable(clone(SMOOTH[name]).fit(X, y), X[::3], space="input")
    index = target.class_indices(y[::3])
    margins, gradient = target.margins_and_gradient(points, index, np.arange(50))
    softened = target.softened(4)
    same_margins, other_gradient = softened.margins_and_gradient(points, index, np.arange(50))
    assert_array_equal(same_margins, margins)
    assert target.softens() == (not np.array_equal(other_gradient, gradient))
    # The target itself is left as it was.
    assert_array_equal(target.gradient(points, index, np.arange(50)), gradient)


def test_spikes_soften(iris):
    X, y = iris
    model = BioLeaFClassifier((8,), max_iter=2, random_state=0).fit(X, y)
    target, rates = attackable(model, X)
    index = target.class_indices(y)
    margins, gradient = target.margins_and_gradient(rates, index)
    same_margins, softened = target.softened(8).margins_and_gradient(rates, index)
    assert_array_equal(same_margins, margins)
    assert np.abs(unit(softened) - unit(gradient)).max() > 0.01


@pytest.mark.parametrize("gradient", ["finite-differences", None])
def test_differences_do_not_soften(gradient, iris):
    model = STDPClassifier(**NETWORK).fit(*iris)
    target, _ = attackable(model, iris[0], gradient=gradient)
    assert target.softened(2) is target


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e6])
def test_margin_and_gradient_have_one_scale(scale, iris):
    """The margin of a linear model is zero where the two say so, whatever its scale."""
    X, y = iris
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    last = model[-1]
    last.coef_, last.intercept_ = scale * last.coef_, scale * last.intercept_
    target, points = attackable(model, X, space="input")
    index, rivals = target.class_indices(y), (target.class_indices(y) + 1) % 3
    margins, gradient, fooled = target.margins_against(points, index, rivals, np.arange(150))
    assert_array_equal(fooled, model.predict(X) != y)
    steps = -(margins / (gradient**2).sum(axis=1))[:, np.newaxis] * gradient
    moved = target.scores(points + steps, np.arange(150)) / scale
    assert_allclose(margins_against(moved, index, rivals)[0], 0, atol=1e-9)


def test_margin_in_units_of_a_gradient_that_no_float_holds(iris):
    """A unit saturated so far that its slope is exp(-4000): no step gets anywhere."""
    X, y = iris[0][50:], iris[1][50:]
    model = MLPClassifier((1,), "logistic", max_iter=1, random_state=0).fit(X, y)
    model.coefs_ = [np.full((4, 1), 1.0), np.full((1, 1), 1.0)]
    model.intercepts_ = [np.array([4000.0]), np.array([-0.5])]
    target, points = attackable(model, X)
    margins, gradient, _ = target.margins_against(
        points, np.ones(100, dtype=int), np.zeros(100, dtype=int)
    )
    assert_allclose(margins, 1e12)
    assert_allclose(gradient, 1)
