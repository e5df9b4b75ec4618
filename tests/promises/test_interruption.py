"""Whatever stops training, wherever it does, leaves the estimator as it was before the call."""

import pickle

import numpy as np
import pytest
from classifiers import CLASSIFIERS, MULTILAYER_PERCEPTRONS
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris

from skstdp import (
    BioLeaFClassifier,
    BPClassifier,
    LocalRuleClassifier,
    STDPClassifier,
    TargetPropagationClassifier,
)
from skstdp._networks import _base, _fit_loop, _sigmoid
from skstdp._networks._bioleaf._training import MicrocircuitTraining
from skstdp._networks._training import Training

every_classifier = pytest.mark.parametrize(
    "classifier",
    CLASSIFIERS,
    ids=lambda c: c.__name__,
)
every_error = pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])

N_EPOCHS = 4

LOOPS = {
    STDPClassifier: Training,
    BPClassifier: Training,
    TargetPropagationClassifier: Training,
    LocalRuleClassifier: Training,
    BioLeaFClassifier: MicrocircuitTraining,
}


class Interruption:
    """Lets a function return some times, and then raises after it has done its work."""

    def __init__(self, function, error, n_calls):
        self.function, self.error, self.n_left = function, error, n_calls

    def __call__(self, *args, **kwargs):
        result = self.function(*args, **kwargs)
        self.n_left -= 1
        if self.n_left < 0:
            raise self.error
        return result

    def __get__(self, instance, owner):
        return lambda *args, **kwargs: self(instance, *args, **kwargs)


def everything(model):
    """All attributes, arrays and the states of random generators included, and their order."""
    return [(name, pickle.dumps(value)) for name, value in vars(model).items()]


def data():
    X, y = load_iris(return_X_y=True)
    return X[::3], y[::3]


def interrupted(model, method, monkeypatch, owner, name, error, n_calls):
    """Attributes after an interruption and before it."""
    before = everything(model)
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, Interruption(getattr(owner, name), error, n_calls))
        with pytest.raises(error):
            method(*data())
    return everything(model), before


STAGES = {
    "weights drawn": (_sigmoid, "random_parameters"),
    "encoder fitted": (_base, "fit_encoder"),
    "optimiser made": (_base, "Adam"),
    "network copied": (_sigmoid, "flatten"),
}


@every_classifier
@every_error
@pytest.mark.parametrize("n_calls", range(N_EPOCHS))
@pytest.mark.parametrize("state", ["new", "fitted", "fitted before", "streamed"])
def test_fit_at_any_epoch(classifier, error, n_calls, state, monkeypatch):
    # One epoch per call of the compiled loop.
    monkeypatch.setattr(_fit_loop, "_ROWS_AT_ONCE", 1)
    model = classifier((6, 4), max_iter=N_EPOCHS, random_state=3)
    if state == "fitted before":
        model.set_params(warm_start=True)
    if state != "new":
        model.fit(*data(), X_val=data()[0], y_val=data()[1])
    if state == "streamed":
        model.partial_fit(*data())
    after, before = interrupted(
        model, model.fit, monkeypatch, LOOPS[classifier], "run", error, n_calls
    )
    assert after == before


@pytest.mark.parametrize("classifier", MULTILAYER_PERCEPTRONS)
@pytest.mark.parametrize(
    ("stage", "warm_start"),
    [
        ("weights drawn", False),
        ("encoder fitted", False),
        ("optimiser made", False),
        ("optimiser made", True),
        ("network copied", False),
        ("network copied", True),
    ],
)
def test_fit_before_the_first_epoch(classifier, stage, warm_start, monkeypatch):
    model = classifier((6, 4), max_iter=2, random_state=3).fit(*data())
    model.set_params(warm_start=warm_start)
    after, before = interrupted(
        model, model.fit, monkeypatch, *STAGES[stage], KeyboardInterrupt, 0
    )
    assert after == before


@every_classifier
@every_error
@pytest.mark.parametrize("n_before", [0, 1, 3])
def test_partial_fit_is_atomic(classifier, error, n_before, monkeypatch):
    X, y = data()
    model = classifier((6, 4), random_state=3)
    for _ in range(n_before):
        model.partial_fit(X, y, classes=[0, 1, 2])

    def once(X, y):
        model.partial_fit(X, y, classes=[0, 1, 2])

    after, before = interrupted(model, once, monkeypatch, LOOPS[classifier], "run", error, 0)
    assert after == before


@every_classifier
def test_training_goes_on_as_if_it_had_not_been_interrupted(classifier, monkeypatch):
    """What is not an attribute of the estimator is not changed either."""
    X, y = data()
    model = classifier((6, 4), random_state=np.random.RandomState(7), warm_start=True)
    twin = clone(model)
    for estimator in (model, twin):
        estimator.partial_fit(X, y, classes=[0, 1, 2])
        if estimator is model:
            for method in (model.fit, model.partial_fit):
                interrupted(
                    model, method, monkeypatch, LOOPS[classifier], "run", KeyboardInterrupt, 0
                )
        estimator.partial_fit(X, y)
        estimator.set_params(warm_start=False, max_iter=2).fit(X, y)
    for mine, other in zip(model.coefs_, twin.coefs_, strict=True):
        assert_array_equal(mine, other)


@every_classifier
@pytest.mark.parametrize(
    ("settings", "step"),
    [
        ({"early_stopping": True}, "run"),
        ({"adversarial_epsilon": 0.1}, "run_on_rates"),
        ({"feedback": "random"}, "run"),
    ],
)
def test_other_ways_of_training(classifier, settings, step, monkeypatch):
    has_all = settings.keys() <= classifier().get_params().keys()
    if not has_all or (classifier is STDPClassifier and step == "run_on_rates"):
        pytest.skip("refused, or no such parameter")
    # One epoch per call of the compiled loop.
    monkeypatch.setattr(_fit_loop, "_ROWS_AT_ONCE", 1)
    model = classifier((6,), max_iter=3, random_state=0, **settings).fit(*data())
    after, before = interrupted(
        model, model.fit, monkeypatch, LOOPS[classifier], step, KeyboardInterrupt, 1
    )
    assert after == before
