import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from scipy.special import expit, softmax
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import LabelBinarizer, minmax_scale
from sklearn.utils.estimator_checks import parametrize_with_checks

from skstdp import FGSMScorer, PGDScorer
from skstdp.benchmarks import RegularisedMLPClassifier, _baselines

# Of fits that are short on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

ALL = {"input_noise": 0.1, "l1": 1e-3, "gradient_penalty": 0.01}


@pytest.fixture(params=[2, 3])
def iris(request):
    X, y = load_iris(return_X_y=True)
    rows = y >= 3 - request.param
    return minmax_scale(X[rows]), y[rows]


# As for the network of scikit-learn: batches are drawn by rows, not by weight.
BY_ROWS = {
    f"check_sample_weight_equivalence_on_{kind}_data": "batches are drawn by rows"
    for kind in ("dense", "sparse")
}


@parametrize_with_checks(
    [RegularisedMLPClassifier((20,), learning_rate_init=0.02, max_iter=40, **ALL)],
    expected_failed_checks=lambda _: BY_ROWS,
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def test_without_remedies_it_is_the_network_of_scikit_learn(iris):
    options = {"hidden_layer_sizes": (5,), "max_iter": 20, "random_state": 0, "tol": 0}
    ours = RegularisedMLPClassifier(**options).fit(*iris)
    expected = MLPClassifier(**options).fit(*iris)
    for coef, other in zip(ours.coefs_, expected.coefs_, strict=True):
        np.testing.assert_array_equal(coef, other)


def objective(network, X, y, weight, *, l1, gradient_penalty, step):
    """The loss of the docstring, sample by sample, with the slope along the given step."""
    codes = LabelBinarizer().fit_transform(y)

    def loss(x, code):
        h = x
        for coef, intercept in zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True):
            h = np.tanh(h @ coef + intercept)
        z = h @ network.coefs_[-1] + network.intercepts_[-1]
        if len(z) == 1:
            return -np.log(expit(z[0] if code[0] else -z[0]))
        return -np.log(softmax(z)[code.argmax()])

    total = 0.0
    for x, code, w in zip(X, codes, weight, strict=True):
        slope = np.array(
            [(loss(x + d, code) - loss(x - d, code)) / 2e-6 for d in 1e-6 * np.eye(len(x))]
        )
        growth = (loss(x + step * np.sign(slope), code) - loss(x, code)) / step
        total += w * (loss(x, code) + gradient_penalty / 2 * growth**2)
        # The step is short enough to measure the norm of the gradient by.
        assert growth == pytest.approx(np.abs(slope).sum(), rel=0.05, abs=1e-3)
    return total / weight.sum() + l1 * np.abs(network.coefs_[0]).sum()


@pytest.mark.parametrize("weighted", [False, True])
def test_the_update_is_the_gradient_of_the_objective(iris, weighted, monkeypatch):
    X, y = iris
    X, y = X[::9], y[::9]
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y)) if weighted else np.ones(len(y))
    penalties = {"l1": 0.03, "gradient_penalty": 0.5}
    network = RegularisedMLPClassifier((3,), activation="tanh", alpha=0, **penalties)
    network.set_params(max_iter=1, random_state=0)
    seen = []
    backprop = RegularisedMLPClassifier._backprop

    def record(self, *arguments):
        seen.append([coef.copy() for coef in (*self.coefs_, *self.intercepts_)])
        loss, coefs, intercepts = backprop(self, *arguments)
        seen.append((loss, [grad.copy() for grad in (*coefs, *intercepts)]))
        return loss, coefs, intercepts

    monkeypatch.setattr(RegularisedMLPClassifier, "_backprop", record)
    network.fit(X, y, sample_weight=weight if weighted else None)
    params, (loss, gradients) = seen
    network.coefs_, network.intercepts_ = params[:2], params[2:]
    options = penalties | {"step": _baselines._STEP}
    assert loss == pytest.approx(objective(network, X, y, weight, **options), rel=1e-6)
    for param, gradient in zip(params, gradients, strict=True):
        for k in np.ndindex(param.shape):
            value, around = param[k], []
            for delta in (1e-5, -1e-5):
                param[k] = value + delta
                around.append(objective(network, X, y, weight, **options))
            param[k] = value
            assert gradient[k] == pytest.approx((around[0] - around[1]) / 2e-5, rel=1e-3, abs=1e-4)


def test_noise_is_drawn_anew_for_each_batch(iris, monkeypatch):
    X, y = iris
    seen = []
    backprop = MLPClassifier._backprop

    def record(self, X, *arguments):
        seen.append(X.copy())
        return backprop(self, X, *arguments)

    monkeypatch.setattr(MLPClassifier, "_backprop", record)
    network = RegularisedMLPClassifier((3,), input_noise=0.3, max_iter=200, tol=0, random_state=0)
    network.fit(X.astype(np.float32), y)
    assert {batch.dtype for batch in seen} == {np.dtype(np.float32)}
    # One batch per epoch, its rows in another order: only means are the same.
    drawn = np.array([batch.mean() for batch in seen]) - X.mean()
    assert_allclose(drawn.std(), 0.3 / np.sqrt(X.size), rtol=0.2)
    assert_allclose(drawn.mean(), 0, atol=4 * 0.3 / np.sqrt(X.size * len(seen)))


@pytest.mark.parametrize("remedy", [{"input_noise": 0.3}, {"l1": 0.01}, {"gradient_penalty": 0.1}])
def test_each_remedy_makes_it_more_robust(remedy, iris):
    """And the package attacks it as it attacks the network of scikit-learn."""
    X, y = iris
    options = {"learning_rate_init": 0.03, "random_state": 0, "tol": 0, "max_iter": 60}
    attack = PGDScorer(0.15, n_steps=10, n_restarts=1)
    plain = attack(MLPClassifier(**options).fit(X, y), X, y)
    regularised = RegularisedMLPClassifier(**options, **remedy).fit(X, y)
    assert attack(regularised, X, y) > plain
    assert FGSMScorer(0)(regularised, X, y) == regularised.score(X, y)


def test_sparse_rows(iris):
    X, y = iris
    options = ALL | {"hidden_layer_sizes": (4,), "max_iter": 5, "random_state": 0}
    dense = RegularisedMLPClassifier(**options).fit(X, y)
    sparse = RegularisedMLPClassifier(**options).fit(csr_array(X), y)
    assert_allclose(sparse.coefs_[0], dense.coefs_[0])


@pytest.mark.parametrize("name", ALL)
def test_bad_strengths_are_refused(name, iris):
    with pytest.raises(ValueError, match=name):
        RegularisedMLPClassifier(**{name: -1}).fit(*iris)
