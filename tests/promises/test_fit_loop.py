"""The loop and the checks of `fit`, with a network that is not one of the package."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_softmax, softmax

from skstdp import EarlyStopping, FGSMScorer
from skstdp._networks._base import NetworkClassifier


class Gradient:
    """Batches of softmax regression by plain gradient steps."""

    def __init__(self, X, y, sample_weight, coef, intercept):
        self.X, self.y, self.sample_weight = X, y, sample_weight
        self.coef, self.intercept = coef, intercept
        self.total_weight = float(sample_weight.sum())

    def run(self, orders, step_sizes):
        with np.errstate(over="ignore", invalid="ignore"):
            epochs = zip(orders, step_sizes, strict=True)
            return np.array([self.run_epoch(*epoch) for epoch in epochs]).T

    def run_epoch(self, order, step_sizes):
        batches = np.array_split(order, len(step_sizes))
        steps = zip(batches, step_sizes, strict=True)
        return sum(self.step(self.X[rows], rows, size) for rows, size in steps)

    def run_on_rates(self, rates, rows, step_size):
        return self.step(rates, rows, step_size)[:, np.newaxis]

    def step(self, rates, rows, step_size):
        weight, y = self.sample_weight[rows], self.y[rows]
        scores = rates @ self.coef + self.intercept
        delta = (np.eye(len(self.intercept))[y] - softmax(scores, axis=1)) * weight[:, np.newaxis]
        self.coef += step_size * rates.T @ delta / weight.sum()
        self.intercept += step_size * delta.sum(axis=0) / weight.sum()
        loss = -weight @ log_softmax(scores, axis=1)[np.arange(len(y)), y]
        return np.array([loss, weight @ (scores.argmax(axis=1) == y)])

    def is_finite(self):
        return bool(np.isfinite(self.coef).all())


class SoftmaxRegression(NetworkClassifier):
    """A network without hidden layer, in NumPy."""

    def __init__(
        self,
        hidden_layer_sizes=(),
        rate_encoding="auto",
        learning_rate_init=1.0,
        learning_rate="constant",
        weight_decay=0.0,
        batch_size="auto",
        max_iter=30,
        shuffle=True,
        tol=None,
        n_iter_no_change=3,
        early_stopping=False,
        validation_fraction=0.1,
        warm_start=False,
        adversarial_epsilon=0.0,
        class_weight=None,
        random_state=None,
        verbose=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.rate_encoding = rate_encoding
        self.learning_rate_init = learning_rate_init
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.adversarial_epsilon = adversarial_epsilon
        self.class_weight = class_weight
        self.random_state = random_state
        self.verbose = verbose

    _encoding_attributes = ("classes_", "encoder_", "n_features_in_")

    _optimizers = ()

    _steps_depend_on = ("learning_rate_init",)

    def _reset_optimizer(self, path):
        """Plain steps keep nothing from one to the next."""

    _progress_name = "loss"

    def _draw_network(self, X, y, sample_weight):
        self.n_layers_ = 2
        self.coefs_ = [np.zeros((X.shape[1], len(self.classes_)), X.dtype)]
        self.intercepts_ = [np.zeros(len(self.classes_), X.dtype)]

    def _training(self, X, y, sample_weight):
        (coef,), (intercept,) = self.coefs_, self.intercepts_
        rates = self._by_sample(lambda network, rates: rates, X)
        return Gradient(rates, y, sample_weight, coef, intercept)

    def _progress(self):
        return -self.loss_curve_[-1]

    def _inputs(self, rates):
        return rates

    def _layer_rates(self, rates):
        return [softmax(self._scores_and_pullback(rates)[0], axis=1)]

    def _scores_and_pullback(self, rates, temperature=1):
        (coef,), (intercept,) = self.coefs_, self.intercepts_
        return rates @ coef + intercept, lambda delta: (delta @ coef.T, np.zeros(len(delta)))


def test_epochs_are_gradient_steps(named_iris):
    """Against two steps of one batch each, written out."""
    X, y = named_iris
    model = SoftmaxRegression(batch_size=len(y), max_iter=2, shuffle=False).fit(X, y)
    rates = (X - X.min(axis=0)) / (X.max(axis=0) - X.min(axis=0))
    targets = (y[:, np.newaxis] == np.unique(y)).astype(float)
    coef, intercept = np.zeros((4, targets.shape[1])), np.zeros(targets.shape[1])
    losses = []
    for _ in range(2):
        p = np.exp(rates @ coef + intercept)
        p /= p.sum(axis=1, keepdims=True)
        losses.append(-np.log((p * targets).sum(axis=1)).mean())
        coef, intercept = (
            coef + rates.T @ (targets - p) / len(y),
            intercept + (targets - p).mean(axis=0),
        )
    assert_allclose(model.coefs_[0], coef)
    assert_allclose(model.intercepts_[0], intercept)
    assert_allclose(model.loss_curve_, losses)


def test_predictions_are_those_of_the_scores(named_iris):
    X, y = named_iris
    model = SoftmaxRegression(random_state=0).fit(X, y)
    scores, _ = model._scores_and_pullback(model._rates(X))
    assert_allclose(model.predict_proba(X), softmax(scores, axis=1))
    assert_allclose(model.predict_log_proba(X), log_softmax(scores, axis=1), atol=1e-12)
    assert_array_equal(model.predict(X), model.classes_[scores.argmax(axis=1)])
    assert model.score(X, y) > 0.85
    assert_array_equal(model.transform(X), model._rates(X))


def test_history_and_validation_data(named_iris):
    X, y = named_iris
    model = SoftmaxRegression(max_iter=5, learning_rate_init=0.1).fit(X[::2], y[::2], None, X, y)
    assert model.n_iter_ == 5
    assert list(model.history_) == ["loss", "accuracy", "validation_loss", "validation_accuracy"]
    assert model.history_["validation_accuracy"].iloc[-1] == model.score(X, y)
    assert model.history_["loss"].is_monotonic_decreasing


def test_stops_when_the_loss_no_longer_falls(named_iris):
    """Each epoch improves by less than `tol`: the first one starts the count."""
    model = SoftmaxRegression(tol=10, n_iter_no_change=3, random_state=0).fit(*named_iris)
    assert model.n_iter_ == 1 + 3 + 1


def test_early_stopping_keeps_the_best_epoch(named_iris):
    X, y = named_iris
    model = SoftmaxRegression(early_stopping=True, max_iter=100, random_state=0)
    model.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    assert model.n_iter_ < 100
    assert model.score(X[1::2], y[1::2]) == max(model.validation_scores_)


def test_callbacks_see_each_epoch_and_stop_the_fit(named_iris):
    X, y = named_iris
    stopping = EarlyStopping(X_val=X, y_val=y, tol=1, n_iter_no_change=2)
    model = SoftmaxRegression(random_state=0).set_callbacks(stopping).fit(X, y)
    assert model.n_iter_ == 1 + 2 + 1


def test_an_error_leaves_the_network_as_it_was(named_iris):
    model = SoftmaxRegression(random_state=0).fit(*named_iris)
    before = dict(vars(model))
    model.set_params(learning_rate_init=1e308)
    with pytest.raises(ValueError, match=r"^Got learning_rate_init=1e\+308, but expected values"):
        model.fit(*named_iris)
    assert vars(model) == before | {"learning_rate_init": 1e308}


def test_trains_on_perturbed_samples(named_iris):
    X, y = named_iris
    plain = SoftmaxRegression(random_state=0).fit(X, y)
    trained = SoftmaxRegression(random_state=0, adversarial_epsilon=0.1).fit(X, y)
    attack = FGSMScorer(0.1)
    # The network of the package need not be registered: its scores have a pullback.
    assert attack(plain, X, y) < plain.score(X, y)
    assert attack(trained, X, y) >= attack(plain, X, y)
    assert trained.loss_ > plain.loss_
