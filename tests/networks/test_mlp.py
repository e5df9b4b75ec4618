import decimal
import itertools

import numpy as np
import oracle
import pytest
from compiled import by_the_gradient, through_the_network
from numpy.testing import assert_allclose, assert_array_equal

from skstdp._attacks._margins import margins_and_cotangent
from skstdp._networks._mlp import class_margins, forward, scores_and_pullback


def margin_and_input_gradient(rates, y, coefs, intercepts):
    scores, pullback = scores_and_pullback(rates, coefs, intercepts)
    margins, cotangent = margins_and_cotangent(scores, y)
    return margins, pullback(cotangent)[0]


def random_network(n_outputs, seed=0, dtype=np.float64, n_hidden=4):
    rng = np.random.default_rng(seed)
    sizes = [5, n_hidden, 3, n_outputs]
    coefs = [rng.normal(size=s).astype(dtype) for s in itertools.pairwise(sizes)]
    intercepts = [rng.normal(size=n).astype(dtype) for n in sizes[1:]]
    rates = rng.random((7, 5)).astype(dtype)
    y = rng.integers(max(n_outputs, 2), size=7)
    weight = rng.random(7).astype(dtype)
    return coefs, intercepts, rates, y, weight / weight.sum()


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("n_outputs", [1, 3])
@pytest.mark.parametrize("n_hidden", [70, 50, 32])
def test_forward_and_loss_equal_the_naive_ones(n_outputs, n_hidden, skip):
    """Layers of several vectors of sixteen, with one more, with some units left over."""
    coefs, intercepts, rates, y, weight = random_network(n_outputs, n_hidden=n_hidden)
    # Even and odd numbers of rates that are not zero.
    rates[:, ::2] = 0
    rates[::2, 0] = 0.5
    expected = [oracle.logits(row, coefs, intercepts) for row in rates]
    *_, logits = forward(rates, coefs, intercepts)
    assert_allclose(logits, expected)
    layers, logits = through_the_network(rates, coefs, intercepts, skip=skip)
    assert_allclose(logits, expected)
    assert_allclose(layers[-1], np.vectorize(oracle.sigmoid)(logits))
    _, (loss, n_right) = by_the_gradient(rates, y, weight, coefs, intercepts, skip=skip)
    assert_allclose(loss, oracle.cross_entropy(rates, y, weight, coefs, intercepts))
    right = [oracle.margin(row, label) > 0 for row, label in zip(expected, y, strict=True)]
    assert 0 < sum(right) < 7
    assert_allclose(n_right, weight[right].sum())


@pytest.mark.parametrize(
    ("n_outputs", "n_hidden", "skip"),
    [(1, 70, False), (3, 70, False), (1, 70, True), (3, 70, True), (3, 50, True), (3, 16, True)],
)
def test_updates_are_minus_the_numerical_gradient_of_every_weight(n_outputs, n_hidden, skip):
    # Zeros are skipped on the way into layers that are wide enough.
    coefs, intercepts, rates, y, weight = random_network(n_outputs, n_hidden=n_hidden)
    rates[:, ::2] = 0
    updates, _ = by_the_gradient(rates, y, weight, coefs, intercepts, skip=skip)

    def loss():
        return oracle.cross_entropy(rates, y, weight, coefs, intercepts)

    for coef, intercept, (coef_update, intercept_update) in zip(
        coefs, intercepts, updates, strict=True
    ):
        assert_allclose(coef_update, -oracle.numerical_gradient(loss, coef), rtol=1e-5, atol=1e-9)
        assert_allclose(
            intercept_update, -oracle.numerical_gradient(loss, intercept), rtol=1e-5, atol=1e-9
        )


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_margin_gradient_points_along_the_numerical_one(n_outputs):
    coefs, intercepts, rates, y, _ = random_network(n_outputs)
    _, direction = margin_and_input_gradient(rates, y, coefs, intercepts)
    for row, label, ours in zip(rates.copy(), y, direction, strict=True):
        numerical = oracle.numerical_gradient(
            lambda row=row, label=label: oracle.margin(
                oracle.logits(row, coefs, intercepts), label
            ),
            row,
        )
        cosine = ours @ numerical / np.linalg.norm(ours) / np.linalg.norm(numerical)
        assert_allclose(cosine, 1, rtol=1e-8)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_saturated_hidden_units_do_not_hide_the_gradient(n_outputs, dtype):
    """Drives of thousands: every sigmoid rounds to 0 or 1 and its slope to 0."""
    coefs, intercepts, rates, y, _ = random_network(n_outputs, dtype=dtype)
    coefs = [coefs[0] * dtype(1e4), *coefs[1:]]
    _, direction = margin_and_input_gradient(rates, y, coefs, intercepts)
    assert np.isfinite(direction).all()
    assert (np.abs(direction).max(axis=1) > 0).all()
    # The least saturated hidden unit decides. Its slope relative to the next is what is left.
    drive = rates @ coefs[0] + intercepts[0]
    least = np.abs(drive).argmin(axis=1)
    cosines = [
        abs(row @ coefs[0][:, unit]) / np.linalg.norm(row) / np.linalg.norm(coefs[0][:, unit])
        for row, unit in zip(direction, least, strict=True)
    ]
    assert_allclose(cosines, 1, rtol=1e-5)


def test_network_without_hidden_layer_is_linear():
    coef = np.array([[1.0], [-2.0]])
    _, direction = margin_and_input_gradient(
        np.full((2, 2), 0.5), np.array([1, 0]), [coef], [np.zeros(1)]
    )
    assert_array_equal(np.sign(direction), [[1, -1], [-1, 1]])


def test_class_margins_of_one_output_are_those_of_its_two_classes():
    assert_array_equal(class_margins(np.array([[2.0], [-1.0]])), [[-2, 2], [1, -1]])


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_margins_are_those_of_the_naive_logits(n_outputs):
    coefs, intercepts, rates, y, _ = random_network(n_outputs)
    margins, _ = margin_and_input_gradient(rates, y, coefs, intercepts)
    expected = [
        oracle.margin(oracle.logits(row, coefs, intercepts), label)
        for row, label in zip(rates, y, strict=True)
    ]
    assert_allclose(margins, expected)


@pytest.mark.parametrize("n_outputs", [1, 3])
def test_margin_and_gradient_stay_in_float32(n_outputs):
    coefs, intercepts, rates, y, _ = random_network(n_outputs, dtype=np.float32)
    margins, direction = margin_and_input_gradient(rates, y, coefs, intercepts)
    assert margins.dtype == direction.dtype == np.float32


@pytest.mark.parametrize("scale", [1, 10, 100, 1e3, 1e4])
@pytest.mark.parametrize("n_outputs", [1, 3])
def test_gradient_is_exact_at_every_degree_of_saturation(n_outputs, scale):
    """Slopes are used as they are or as logarithms; each row is checked in exact arithmetic."""
    coefs, intercepts, rates, y, _ = random_network(n_outputs)
    coefs = [coefs[0] * scale, coefs[1] * min(scale, 10), coefs[2]]
    _, direction = margin_and_input_gradient(rates, y, coefs, intercepts)
    for row, label, ours in zip(rates, y, direction, strict=True):
        exact = exact_margin_gradient(row, label, coefs, intercepts)
        largest = max(map(abs, exact))
        assert_allclose(
            ours / np.abs(ours).max(), [float(entry / largest) for entry in exact], atol=1e-6
        )


def exact_margin_gradient(row, label, coefs, intercepts):
    """The chain rule in decimals of 60 digits with exponents of any size."""
    decimal.getcontext().prec = 60
    exact = np.vectorize(lambda value: decimal.Decimal(float(value)), otypes=[object])
    rates, slopes = exact(row), []
    for coef, intercept in zip(coefs[:-1], intercepts[:-1], strict=True):
        drive = rates @ exact(coef) + exact(intercept)
        rates = np.array([1 / (1 + (-d).exp()) for d in drive])
        slopes.append(np.array([1 / (1 + (-d).exp()) / (1 + d.exp()) for d in drive]))
    logits = rates @ exact(coefs[-1]) + exact(intercepts[-1])
    delta = [decimal.Decimal(0)] * len(logits)
    if len(logits) == 1:
        delta[0] += 1 if label == 1 else -1
    else:
        rival = max((k for k in range(len(logits)) if k != label), key=lambda k: logits[k])
        delta[label] += 1
        delta[rival] -= 1
    for coef, slope in zip(coefs[:0:-1], slopes[::-1], strict=True):
        delta = exact(coef) @ delta * slope
    return exact(coefs[0]) @ delta
