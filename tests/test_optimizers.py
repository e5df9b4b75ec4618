import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer

from skstdp import STDPClassifier
from skstdp._optimizers import SCHEDULES, Adam

SETTINGS = {"beta_1": 0.9, "beta_2": 0.99, "epsilon": 1e-8}


def parameters(seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    return [
        (rng.normal(size=(3, 2)).astype(dtype), rng.normal(size=2).astype(dtype)),
        (rng.normal(size=(2, 1)).astype(dtype), rng.normal(size=1).astype(dtype)),
    ]


def test_same_steps_as_scikit_learn_against_the_gradient():
    ours, theirs = parameters(), parameters()
    flat = [param for layer in theirs for param in layer]
    adam = Adam(ours, **SETTINGS, weight_decay=0.0)
    reference = AdamOptimizer(flat, learning_rate_init=0.1, **SETTINGS)
    for step in range(5):
        updates = parameters(seed=step + 1)
        adam.step(ours, updates, 0.1, [1.0, 1.0])
        reference.update_params(flat, [-update for layer in updates for update in layer])
    for mine, other in zip([param for layer in ours for param in layer], flat, strict=True):
        assert_allclose(mine, other, rtol=1e-12)


def test_each_layer_has_its_own_step_size():
    layers, before = parameters(), parameters()
    Adam(layers, **SETTINGS, weight_decay=0.0).step(layers, parameters(1), 0.1, [0.0, 1.0])
    assert_array_equal(layers[0][0], before[0][0])
    assert (layers[1][0] != before[1][0]).all()


def test_decoupled_decay_shrinks_weights_and_not_biases():
    layers, before = parameters(), parameters()
    nothing = [(np.zeros_like(coef), np.zeros_like(intercept)) for coef, intercept in layers]
    adam = Adam(layers, **SETTINGS, weight_decay=0.5)
    adam.step(layers, nothing, 0.1, [0.5, 2.0])
    for (coef, intercept), (old_coef, old_intercept) in zip(layers, before, strict=True):
        assert_allclose(coef, old_coef * (1 - 0.1 * 0.5), rtol=1e-14)
        assert_array_equal(intercept, old_intercept)


def test_float32_stays_float32():
    layers = parameters(dtype=np.float32)
    adam = Adam(layers, **SETTINGS, weight_decay=0.1)
    adam.step(layers, parameters(1, np.float32), 0.1, [0.5, 1.0])
    arrays = [array for layer in adam.moments for pair in layer for array in pair]
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_schedules():
    assert [SCHEDULES["constant"](t) for t in (0, 0.5, 1)] == [1, 1, 1]
    assert [SCHEDULES["linear"](t) for t in (0, 0.25, 1)] == [1, 0.75, 0]


@pytest.mark.parametrize(
    ("learning_rate", "expected"),
    [("constant", [0.1] * 4), ("linear", [0.1, 0.075, 0.05, 0.025])],
)
def test_fit_follows_the_schedule_step_by_step(learning_rate, expected, monkeypatch):
    taken = []
    step = Adam.step

    def spy(self, layers, updates, step_size, scales):
        taken.append([step_size * scale for scale in scales])
        step(self, layers, updates, step_size, scales)

    monkeypatch.setattr(Adam, "step", spy)
    X = np.random.default_rng(0).random((10, 2))
    settings = {"batch_size": 5, "learning_rate": learning_rate, "learning_rate_init": 0.1}
    y = np.arange(10) % 2
    STDPClassifier((4,), max_iter=2, fan_in_scaling=False, **settings).fit(X, y)
    assert_allclose(taken, np.transpose([expected, expected]))


def test_fan_in_scaling_divides_by_the_total_input(monkeypatch):
    """9 rates and what they lack to 1 add up to 9; hidden units count half."""
    taken = []
    monkeypatch.setattr(Adam, "step", lambda *args: taken.append(args[-2:]))
    X = np.random.default_rng(0).random((10, 9))
    model = STDPClassifier((4, 25), max_iter=1, learning_rate_init=0.6, receptive_fields=2)
    model.fit(X, np.arange(10) % 2)
    assert_allclose(taken[0][0], 0.6)
    assert_allclose(taken[0][1], [1 / 9, 1 / 2, 1 / 12.5])
