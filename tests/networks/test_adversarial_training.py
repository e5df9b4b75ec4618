import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import ConvergenceWarning

from skstdp import BioLeaFClassifier, BPClassifier, PGDScorer, STDPClassifier
from skstdp._attacks._gradient import fgsm
from skstdp._networks import _fit_loop, _rows


@pytest.fixture
def attack_sizes(monkeypatch):
    """Sizes of the attacks that are made, in their order."""
    sizes = []

    def record(rates, y, margin_gradient, size):
        sizes.append(size)
        return fgsm(rates, y, margin_gradient, size)

    monkeypatch.setattr(_rows, "fgsm", record)
    return sizes


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


@pytest.mark.parametrize("classifier", [BPClassifier, BioLeaFClassifier])
def test_the_attack_grows_in_the_first_half_of_the_epochs(classifier, named_iris, attack_sizes):
    X, y = named_iris
    model = classifier((4,), max_iter=5, adversarial_epsilon=0.5, batch_size=len(y) // 2)
    with warnings.catch_warnings(action="ignore"):  # of so few epochs
        model.fit(X, y)
    assert_allclose(attack_sizes, [0.1, 0.2, 0.3, 0.4] + [0.5] * 6)
    for restart in (model.set_params(max_iter=1).fit, model.partial_fit):
        attack_sizes.clear()
        with warnings.catch_warnings(action="ignore"):
            restart(X, y)
        assert attack_sizes == [0.5, 0.5]


def test_epochs_are_compared_once_the_attack_has_its_size(named_iris):
    """No epoch improves by so much: the first one that counts is the sixth."""
    model = BPClassifier((4,), adversarial_epsilon=0.3, max_iter=10, tol=10, n_iter_no_change=2)
    assert model.fit(*named_iris).n_iter_ == 5 + 1 + 2 + 1
    assert model.set_params(adversarial_epsilon=0).fit(*named_iris).n_iter_ == 1 + 2 + 1


def test_early_stopping_keeps_an_epoch_under_the_whole_attack(named_iris):
    X, y = named_iris
    options = {"max_iter": 20, "early_stopping": True, "n_iter_no_change": 4, "random_state": 0}
    model = BPClassifier((4,), adversarial_epsilon=0.5, **options)
    model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    scores = model.validation_scores_
    # Under the small attacks of the first epochs it has been better.
    assert max(scores[:10]) > max(scores[10:])
    assert model.score(X[1::2], y[1::2]) == max(scores[10:])


def test_large_attacks_do_not_end_in_a_constant(monkeypatch):
    X, y = load_digits(return_X_y=True)
    rows = np.isin(y, [4, 9])
    X, y = X[rows] / 16, y[rows]
    model = BPClassifier((32, 16), adversarial_epsilon=0.35, max_iter=40, random_state=1)
    assert model.fit(X, y).score(X, y) > 0.95
    # This is what the small attacks of the first epochs are for.
    monkeypatch.setattr(_fit_loop, "_n_ramp_epochs", lambda n_epochs: 0)
    with pytest.warns(ConvergenceWarning, match="predicts one class"):
        model.fit(X, y)


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
