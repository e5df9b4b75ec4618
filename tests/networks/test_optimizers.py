import numpy as np
import pytest
from callable_kernels import from_python
from classifiers import CLASSIFIERS
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer

from skstdp import STDPClassifier
from skstdp._kernels import Schedule
from skstdp._kernels._adam import adam_step
from skstdp._networks._optimizers import SCHEDULES, Adam
from skstdp._networks._training import Training, flatten

SETTINGS = {"beta_1": 0.9, "beta_2": 0.99, "epsilon": 1e-8}


SHAPES = [(3, 2), (2, 1)]


def parameters(seed=0, dtype=np.float64):
    rng = np.random.default_rng(seed)
    shapes = [(3, 2), 2, (2, 1), 1]
    params = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    return flatten(params[::2], params[1::2])


def schedule(adam, scales, shapes):
    """The state of an optimiser, for a step by itself."""
    step_sizes = np.empty((0, 0))
    scales, shapes = np.array(scales, float), np.array(shapes, np.intp)
    return Schedule(*adam.moments, adam.settings, adam.n_steps, step_sizes, scales, shapes)


class Steps:
    """Adam on the parameters that it starts from."""

    def __init__(self, dtype=np.float64, weight_decay=0.0, **settings):
        self.params, self.coefs, self.intercepts = parameters(dtype=dtype)
        settings = SETTINGS | settings | {"weight_decay": weight_decay}
        self.adam = Adam(self.params.size, dtype, **settings)

    def step(self, updates, step_size, scales):
        self.adam.n_steps += 1
        from_python(adam_step)(
            self.params,
            updates,
            schedule(self.adam, scales, SHAPES),
            self.adam.n_steps,
            step_size,
        )


def test_same_steps_as_scikit_learn_against_the_gradient():
    ours = Steps()
    theirs = [parameters()[0]]
    reference = AdamOptimizer(theirs, learning_rate_init=0.1, **SETTINGS)
    for step in range(5):
        updates = parameters(seed=step + 1)[0]
        ours.step(updates, 0.1, [1.0, 1.0])
        reference.update_params(theirs, [-updates])
    assert_allclose(ours.params, theirs[0], rtol=1e-12)


LARGE_SHAPES = [(7, 37), (37, 1)]


def large(seed):
    """7 inputs, 37 units and an output: vectors and what fills none; some inputs never fire."""
    rng = np.random.default_rng(seed)
    shapes = [(7, 37), 37, (37, 1), 1]
    params = [rng.normal(size=shape) for shape in shapes]
    params[0][[1, 2, 5]] *= seed == 0
    return flatten(params[::2], params[1::2])[0]


def test_same_steps_as_scikit_learn_where_some_weights_are_at_rest():
    """After four steps one of their inputs fires: it is as if nothing had been left out."""
    ours, theirs = large(0), [large(0)]
    adam = Adam(ours.size, np.float64, **SETTINGS, weight_decay=0.0)
    reference = AdamOptimizer(theirs, learning_rate_init=0.1, **SETTINGS)
    steps = schedule(adam, [1, 1], LARGE_SHAPES)
    for step in range(1, 9):
        updates = large(step)
        if step > 4:
            updates[5 * 37 : 6 * 37] = 1 / step
        from_python(adam_step)(ours, updates, steps, step, 0.1)
        reference.update_params(theirs, [-updates])
        assert_allclose(ours, theirs[0], rtol=1e-12)
    assert_array_equal(ours[37 : 3 * 37], large(0)[37 : 3 * 37])


def test_weights_at_rest_decay_and_forget_the_second_moment():
    ours, adam = large(0), Adam(large(0).size, np.float64, **SETTINGS, weight_decay=0.5)
    adam.moments[1][:] = 1
    steps, nothing = schedule(adam, [1, 1], LARGE_SHAPES), np.zeros_like(ours)
    from_python(adam_step)(ours, nothing, steps, 1, 0.1)
    n_coefs = 7 * 37
    assert_allclose(ours[:n_coefs], large(0)[:n_coefs] * (1 - 0.1 * 0.5), rtol=1e-14)
    assert_array_equal(ours[n_coefs : n_coefs + 37], large(0)[n_coefs : n_coefs + 37])
    assert_allclose(adam.moments[1], SETTINGS["beta_2"], rtol=1e-14)


def test_each_layer_has_its_own_step_size():
    ours, before = Steps(), Steps()
    ours.step(parameters(1)[0], 0.1, [0.0, 1.0])
    assert_array_equal(ours.coefs[0], before.coefs[0])
    assert_array_equal(ours.intercepts[0], before.intercepts[0])
    assert (ours.coefs[1] != before.coefs[1]).all()
    assert (ours.intercepts[1] != before.intercepts[1]).all()


def test_decoupled_decay_shrinks_weights_and_not_biases():
    ours, before = Steps(weight_decay=0.5), Steps()
    ours.step(np.zeros_like(ours.params), 0.1, [0.5, 2.0])
    for layer in range(2):
        assert_allclose(ours.coefs[layer], before.coefs[layer] * (1 - 0.1 * 0.5), rtol=1e-14)
        assert_array_equal(ours.intercepts[layer], before.intercepts[layer])


def test_float32_stays_float32():
    ours = Steps(np.float32, weight_decay=0.1)
    ours.step(parameters(1, np.float32)[0], 0.1, [0.5, 1.0])
    assert {array.dtype for array in ours.adam.moments} == {np.dtype(np.float32)}


def test_schedules():
    assert [SCHEDULES["constant"](t) for t in (0, 0.5, 1)] == [1, 1, 1]
    assert [SCHEDULES["linear"](t) for t in (0, 0.25, 1)] == [1, 0.75, 0]


def steps_taken(monkeypatch, model, X):
    taken = []
    run = Training.run

    def spy(self, order, step_sizes):
        taken.extend(np.outer(step_sizes, self._scales))
        return run(self, order, step_sizes)

    monkeypatch.setattr(Training, "run", spy)
    model.fit(X, np.arange(len(X)) % 2)
    return np.array(taken)


@pytest.mark.parametrize(
    ("learning_rate", "expected"),
    [("constant", [0.1] * 4), ("linear", [0.1, 0.075, 0.05, 0.025])],
)
def test_fit_follows_the_schedule_step_by_step(learning_rate, expected, monkeypatch):
    X = np.random.default_rng(0).random((10, 2))
    settings = {"batch_size": 5, "learning_rate": learning_rate, "learning_rate_init": 0.1}
    model = STDPClassifier((4,), max_iter=2, fan_in_scaling=False, **settings)
    assert_allclose(steps_taken(monkeypatch, model, X), np.transpose([expected, expected]))


def test_fan_in_scaling_divides_by_the_total_input(monkeypatch):
    """9 rates and what they lack to 1 add up to 9; hidden units start at a fifth of their mean.

    That is 4 of 40, but six of them soon are active.
    """
    X = np.random.default_rng(0).random((10, 9))
    settings = {"learning_rate_init": 0.6, "receptive_fields": 2, "quiet_start": 0.2}
    model = STDPClassifier((40, 250), max_iter=1, **settings)
    (taken,) = steps_taken(monkeypatch, model, X)
    assert_allclose(taken, [0.6 / 9, 0.6 / 6, 0.6 / 25])


@pytest.mark.parametrize("classifier", CLASSIFIERS)
def test_a_batch_without_weight_makes_no_step(classifier):
    X, y = np.random.default_rng(0).random((12, 3)), np.repeat([0, 1, 2], 4)
    settings = {"shuffle": False, "max_iter": 2, "tol": None, "batch_size": 4}
    model = classifier((4,), class_weight={0: 1, 1: 1, 2: 0}, **settings).fit(X, y)
    assert model._optimizer.n_steps == 2 * 2
    assert all(np.isfinite(coef).all() for coef in model.coefs_)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_plain_form_makes_the_same_optimiser_with_arrays_of_its_own(dtype):
    adam = Adam(5, dtype, weight_decay=0.1, **SETTINGS)
    adam.n_steps = 3
    for number, moment in enumerate(adam.moments, start=1):
        moment[:] = number * np.arange(1, 6)
    twin = Adam.from_plain(adam.to_plain())
    adam.moments[0][:] = adam.moments[1][:] = 0
    assert_array_equal(twin.moments, [[1, 2, 3, 4, 5], [2, 4, 6, 8, 10]])
    assert [moment.dtype for moment in twin.moments] == [dtype, dtype]
    assert_array_equal(twin.settings, [0.9, 0.99, 1e-8, 0.1])
    assert twin.n_steps == 3
