"""Backpropagation with other feedback than the transposed weights."""

import pickle

import numpy as np
import oracle
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.model_selection import train_test_split

from skstdp import BPClassifier, fgsm
from skstdp._networks._rows import as_rows

FIXED = ["random", "direct", "sign", "sign-random"]
fixed = pytest.mark.parametrize("feedback", FIXED)


def update_of(model, X, y, sample_weight=None):
    """What the compiled loop adds to weights and biases, one pair per layer."""
    weight = np.ones(len(y)) if sample_weight is None else sample_weight
    training = model._training(as_rows(X), y, weight.astype(X.dtype))
    updates, _ = training.update(np.arange(len(y)))
    pairs, offset = [], 0
    for coef in model.coefs_:
        n_in, n_out = coef.shape
        end = offset + n_in * n_out
        pairs.append((updates[offset:end].reshape(n_in, n_out).copy(), updates[end : end + n_out]))
        offset = end + n_out
    return pairs


def problem(n_classes, dtype=np.float64, n_samples=40):
    rng = np.random.default_rng(n_classes)
    X = rng.random((n_samples, 6)).astype(dtype)
    # Some zeros, some weights of zero.
    X[X < 0.3] = 0
    return X, np.arange(n_samples) % n_classes, rng.integers(4, size=n_samples) / 2


def same(model, other, **tolerance):
    for mine, theirs in zip(
        model.coefs_ + model.intercepts_, other.coefs_ + other.intercepts_, strict=True
    ):
        assert_allclose(mine, theirs, **tolerance)


@fixed
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("hidden", [(), (5,), (8, 7, 5)], ids=str)
@pytest.mark.parametrize("settings", [{"receptive_fields": 1}, {"receptive_fields": 4}, {}])
def test_updates_equal_the_naive_ones(feedback, n_classes, hidden, settings):
    X, y, weight = problem(n_classes)
    model = BPClassifier(hidden, feedback=feedback, max_iter=2, random_state=0, **settings)
    model.fit(X, y, weight)
    rates = model._inputs(model._encode(X))
    expected = oracle.updates_by_feedback(
        rates, y, weight, model.coefs_, model.intercepts_, model.feedback_coefs_, feedback
    )
    for mine, theirs in zip(update_of(model, X, y, weight), expected, strict=True):
        for ours, naive in zip(mine, theirs, strict=True):
            assert_allclose(ours, naive, rtol=1e-12, atol=1e-15)


@fixed
def test_updates_of_sparse_data_are_those_of_dense(feedback):
    X, y, _ = problem(3)
    model = BPClassifier((8, 7), feedback=feedback, max_iter=2, random_state=0).fit(X, y)
    for dense, sparse in zip(
        update_of(model, X, y), update_of(model, csr_array(X), y), strict=True
    ):
        for mine, theirs in zip(dense, sparse, strict=True):
            assert_allclose(mine, theirs, rtol=1e-12, atol=1e-15)


@fixed
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_float32_is_close_to_float64(feedback, dtype):
    X, y, weight = problem(3, dtype)
    model = BPClassifier((8, 7), feedback=feedback, max_iter=2, random_state=0).fit(X, y)
    assert all(matrix.dtype == dtype for matrix in model.feedback_coefs_)
    expected = oracle.updates_by_feedback(
        model._inputs(model._encode(X)),
        y,
        weight,
        model.coefs_,
        model.intercepts_,
        model.feedback_coefs_,
        feedback,
    )
    for (mine, _), (theirs, _) in zip(update_of(model, X, y, weight), expected, strict=True):
        assert mine.dtype == dtype
        assert_allclose(mine, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("feedback", ["random", "sign", "sign-random"])
def test_transposed_weights_as_feedback_are_backpropagation(feedback, n_classes):
    X, y, weight = problem(n_classes)
    settings = {"hidden_layer_sizes": (8, 7, 5), "random_state": 0, "learning_rate_init": 0.1}
    backprop = BPClassifier(**settings)
    model = BPClassifier(feedback=feedback, **settings)
    for network in (backprop, model):
        network.partial_fit(X, y, classes=np.arange(n_classes))
    # From then on from the same weights, with the same moments.
    for name in ("coefs_", "intercepts_", "_optimizer"):
        setattr(model, name, pickle.loads(pickle.dumps(getattr(backprop, name))))
    for _ in range(3):
        transposed = [coef.T.copy() for coef in model.coefs_[1:]]
        model.feedback_coefs_ = (
            transposed if feedback == "random" else [np.abs(matrix) for matrix in transposed]
        )
        # One batch, during which the weights do not move.
        for network in (backprop, model):
            network.set_params(batch_size=len(y)).partial_fit(X, y, sample_weight=weight)
        same(model, backprop, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_direct_is_random_with_one_hidden_layer(n_classes):
    X, y, _ = problem(n_classes)
    direct, random = (
        BPClassifier((9,), feedback=feedback, max_iter=5, random_state=0).fit(X, y)
        for feedback in ("direct", "random")
    )
    assert_array_equal(direct.feedback_coefs_[0], random.feedback_coefs_[0])
    same(direct, random, rtol=0)
    assert direct.loss_curve_ == random.loss_curve_


@fixed
def test_without_hidden_layer_there_is_no_feedback(feedback):
    X, y, _ = problem(3)
    model = BPClassifier((), feedback=feedback, max_iter=3, random_state=0).fit(X, y)
    assert model.feedback_coefs_ == []
    same(model, BPClassifier((), max_iter=3, random_state=0).fit(X, y), rtol=0)


class TestMatrices:
    @pytest.mark.parametrize(
        ("feedback", "shapes"),
        [
            ("random", [(7, 80), (5, 7), (3, 5)]),
            ("direct", [(3, 80), (3, 7), (3, 5)]),
            ("sign", [(7, 80), (5, 7), (3, 5)]),
            ("sign-random", [(7, 80), (5, 7), (3, 5)]),
        ],
    )
    def test_shapes_and_ranges(self, feedback, shapes):
        X, y, _ = problem(3)
        model = BPClassifier((80, 7, 5), feedback=feedback, max_iter=1, random_state=0).fit(X, y)
        assert [matrix.shape for matrix in model.feedback_coefs_] == shapes
        for matrix, shape in zip(model.feedback_coefs_, shapes, strict=True):
            bound = np.sqrt(2 / sum(shape))
            if feedback == "sign":
                assert_allclose(matrix, bound / np.sqrt(3))
            else:
                assert (np.abs(matrix) <= bound).all()
                assert len(np.unique(matrix)) == matrix.size
            assert (matrix.min() < 0) == (feedback in ("random", "direct"))
        if feedback != "sign":
            first = model.feedback_coefs_[0]
            # The standard error of the mean square of so many is about a thirtieth of it.
            assert_allclose((first**2).mean(), 2 / sum(first.shape) / 3, rtol=0.25)

    def test_none_for_backpropagation(self):
        X, y, _ = problem(3)
        assert BPClassifier((4,), max_iter=1).fit(X, y).feedback_coefs_ is None

    @fixed
    @pytest.mark.parametrize("quiet_start", [None, 0.2])
    def test_weights_and_batches_are_those_of_backpropagation(self, feedback, quiet_start):
        X, y, _ = problem(3)
        settings = {"quiet_start": quiet_start, "random_state": 0, "learning_rate_init": 1e-300}
        backprop, model = (
            BPClassifier((8, 7), feedback=kind, **settings).partial_fit(X, y, classes=[0, 1, 2])
            for kind in ("symmetric", feedback)
        )
        same(model, backprop, rtol=0)
        assert_array_equal(
            model._random_state.get_state()[1], backprop._random_state.get_state()[1]
        )

    @fixed
    def test_stay_the_same_while_training(self, feedback):
        X, y, _ = problem(3)
        model = BPClassifier((8, 7), feedback=feedback, warm_start=True, random_state=0)
        model.partial_fit(X, y, classes=[0, 1, 2])
        first = [matrix.copy() for matrix in model.feedback_coefs_]
        model.partial_fit(X, y).set_params(max_iter=3).fit(X, y)
        for matrix, before in zip(model.feedback_coefs_, first, strict=True):
            assert_array_equal(matrix, before)

    def test_another_seed_draws_others(self):
        X, y, _ = problem(3)
        one, other = (
            BPClassifier((8,), feedback="random", max_iter=1, random_state=seed).fit(X, y)
            for seed in (0, 1)
        )
        assert not np.isin(one.feedback_coefs_[0], other.feedback_coefs_[0]).any()

    @pytest.mark.parametrize("feedback", ["random", "direct", "sign-random"])
    def test_their_scale_does_not_matter(self, feedback):
        X, y, _ = problem(3, n_samples=100)
        # Adam divides by the root mean square of the updates, and this.
        model = BPClassifier((8, 7), feedback=feedback, epsilon=1e-30, random_state=0)
        model.partial_fit(X, y, classes=[0, 1, 2])
        model._reset_optimizer(None)
        scaled = pickle.loads(pickle.dumps(model))
        scaled.feedback_coefs_ = [16 * matrix for matrix in scaled.feedback_coefs_]
        for network in (model, scaled):
            for _ in range(10):
                network.partial_fit(X, y)
        same(model, scaled, rtol=1e-9)


@fixed
def test_weights_of_zero_send_no_errors_by_their_signs(feedback):
    X, y, _ = problem(3)
    model = BPClassifier((8,), feedback=feedback, weight_init_scale=0, random_state=0)
    model.partial_fit(X, y, classes=[0, 1, 2])
    model.coefs_[1][:] = 0
    (hidden, _), _ = update_of(model, X, y)
    assert hidden.any() == (not feedback.startswith("sign"))


@pytest.mark.parametrize(("feedback", "other"), [("random", "direct"), ("symmetric", "sign")])
@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_feedback_cannot_change_in_training(feedback, other, method):
    X, y, _ = problem(3)
    model = BPClassifier((8,), feedback=feedback, warm_start=True, max_iter=2, random_state=0)
    model.fit(X, y).set_params(feedback=other)
    before = [coef.copy() for coef in model.coefs_]
    message = (
        rf"^Got feedback='{other}', but expected '{feedback}', .* call fit with warm_start=False"
    )
    with pytest.raises(ValueError, match=message):
        getattr(model, method)(X, y)
    for mine, theirs in zip(model.coefs_, before, strict=True):
        assert_array_equal(mine, theirs)
    model.set_params(warm_start=False).fit(X, y)
    expected = BPClassifier((8,), feedback=other, max_iter=2, random_state=0).fit(X, y)
    same(model, expected, rtol=0)


def test_unknown_feedback_is_named():
    with pytest.raises(ValueError, match="'feedback' parameter of BPClassifier must be a str"):
        BPClassifier(feedback="aligned").fit(*problem(2)[:2])


@fixed
def test_attacks_follow_the_gradient_of_the_network(feedback):
    X, y, _ = problem(3)
    model = BPClassifier((8, 7), feedback=feedback, max_iter=60, random_state=0).fit(X, y)
    twin = BPClassifier((8, 7), max_iter=60, random_state=0).fit(X, y)
    twin.coefs_, twin.intercepts_ = model.coefs_, model.intercepts_
    assert_array_equal(fgsm(model, X, y, epsilon=0.1), fgsm(twin, X, y, epsilon=0.1))


@fixed
def test_adversarial_training_is_training_on_attacked_batches(feedback):
    X, y, _ = problem(3)
    # The attacked samples are to be encoded as the others.
    settings = {"rate_encoding": "none", "receptive_fields": 1, "fan_in_scaling": False}
    settings |= {"batch_size": len(y), "random_state": 0}
    model = BPClassifier((8, 7), feedback=feedback, adversarial_epsilon=0.1, **settings)
    model.partial_fit(X, y, classes=[0, 1, 2])
    by_hand = clone(model).set_params(adversarial_epsilon=0.0)
    start = clone(by_hand).set_params(learning_rate_init=1e-300)
    start.partial_fit(X, y, classes=[0, 1, 2])
    by_hand.partial_fit(fgsm(start, X, y, epsilon=0.1), y, classes=[0, 1, 2])
    same(model, by_hand, rtol=1e-12, atol=1e-15)


def angles(model, X, y):
    """Between the update of each hidden layer and minus the gradient, in degrees."""
    twin = clone(model).set_params(feedback="symmetric", warm_start=False)
    twin.partial_fit(X, y, classes=np.unique(y))
    twin.coefs_, twin.intercepts_ = model.coefs_, model.intercepts_
    pairs = zip(update_of(model, X, y)[:-1], update_of(twin, X, y)[:-1], strict=True)
    cosines = [
        (mine * theirs).sum() / np.linalg.norm(mine) / np.linalg.norm(theirs)
        for (mine, _), (theirs, _) in pairs
    ]
    return np.degrees(np.arccos(cosines))


@pytest.mark.parametrize("feedback", ["random", "direct"])
def test_the_network_aligns_its_weights_with_the_feedback(feedback, digits):
    """The claim of feedback alignment: the update comes to point along minus the gradient."""
    X, y = digits
    model = BPClassifier((40, 30), feedback=feedback, learning_rate_init=0.1, random_state=0)
    model.partial_fit(X, y, classes=np.arange(10))
    model.coefs_, model.intercepts_ = pickle.loads(pickle.dumps((model.coefs_, model.intercepts_)))
    first = angles(model, X, y)
    for _ in range(40):
        model.partial_fit(X, y)
    last = angles(model, X, y)
    assert (last < first - 10).all()
    assert (last < 75).all()


@fixed
def test_learns_digits(feedback, digits):
    X, X_test, y, y_test = train_test_split(*digits, test_size=1 / 3, random_state=0)
    model = BPClassifier((100, 50), feedback=feedback, random_state=0).fit(X, y)
    assert model.score(X_test, y_test) > 0.95
