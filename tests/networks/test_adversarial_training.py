import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_breast_cancer

from skstdp import BPClassifier, PGDScorer, STDPClassifier
from skstdp._attacks._gradient import fgsm


def test_each_batch_is_what_the_attack_makes_of_it_for_the_network_before_it(named_iris):
    """One batch an epoch, so that each step can be taken by training on given samples."""
    X, y = named_iris
    options = {"random_state": 0, "batch_size": len(y), "shuffle": False, "receptive_fields": 2}
    epsilon = 0.1
    trained = BPClassifier(max_iter=4, adversarial_epsilon=epsilon, **options)
    stepwise = BPClassifier(**options)
    rates = trained.partial_fit(X, y, np.unique(y)).encoder_.transform(X)
    stepwise.partial_fit(X, y, np.unique(y))
    # Both start from one network, which the first call has drawn; its step differs already.
    for name in ("coefs_", "intercepts_", "_optimizer"):
        setattr(stepwise, name, getattr(trained, name))
    for _ in range(3):
        perturbed = fgsm(rates, y, stepwise._margin_gradient, epsilon)
        assert np.abs(perturbed - rates).max() > 0.09
        stepwise.partial_fit(stepwise.encoder_.inverse_transform(perturbed), y)
        trained.partial_fit(X, y)
        for ours, expected in zip(trained.coefs_, stepwise.coefs_, strict=True):
            assert_allclose(ours, expected, rtol=1e-6, atol=1e-9)
        assert trained.loss_ == pytest.approx(stepwise.loss_)
        assert trained.accuracy_curve_[-1] == stepwise.accuracy_curve_[-1]


def test_zero_asks_for_no_gradient(named_iris, monkeypatch):
    def refuse(*args):
        raise RuntimeError("gradient")

    monkeypatch.setattr(BPClassifier, "_margin_gradient", refuse, raising=False)
    model = BPClassifier(random_state=0, max_iter=2).fit(*named_iris)
    with pytest.raises(RuntimeError, match="gradient"):
        model.set_params(adversarial_epsilon=1e-9).fit(*named_iris)


def test_is_more_robust_on_samples_it_has_not_seen():
    X, y = load_breast_cancer(return_X_y=True)
    options = {"random_state": 0, "max_iter": 60}
    plain = BPClassifier(**options).fit(X[::2], y[::2])
    trained = BPClassifier(adversarial_epsilon=0.1, **options).fit(X[::2], y[::2])
    scorer = PGDScorer(0.1, n_steps=10, n_restarts=2)
    assert scorer(trained, X[1::2], y[1::2]) > scorer(plain, X[1::2], y[1::2]) + 0.1


def test_float32_stays(named_iris):
    X, y = named_iris
    model = BPClassifier(max_iter=3, adversarial_epsilon=0.1).fit(X.astype(np.float32), y)
    assert {coef.dtype for coef in model.coefs_} == {np.dtype(np.float32)}


@pytest.mark.parametrize("epsilon", [-0.1, 1.1, "0.1"])
def test_range(epsilon, named_iris):
    with pytest.raises(ValueError, match="adversarial_epsilon"):
        BPClassifier(adversarial_epsilon=epsilon).fit(*named_iris)


def test_the_local_rule_refuses_it_before_any_work(named_iris):
    model = STDPClassifier(max_iter=2).fit(*named_iris)
    before = model.coefs_
    message = (
        r"^Got adversarial_epsilon=0\.1, but STDPClassifier expected 0: .* BPClassifier gains"
    )
    with pytest.raises(ValueError, match=message):
        model.set_params(adversarial_epsilon=0.1).fit(*named_iris)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(*named_iris)
    assert model.coefs_ is before
