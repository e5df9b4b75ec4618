import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.neural_network import MLPClassifier

from skstdp import BPClassifier, STDPClassifier
from skstdp.benchmarks import anatomy
from skstdp.benchmarks._anatomy import _effective_rank, _likeness
from skstdp.datasets import Task


@pytest.fixture(scope="module")
def task():
    X, y = np.random.default_rng(0).uniform(0.05, 0.95, (90, 4)), np.arange(90) % 2
    X[:, 0] = 0.3 + 0.4 * y + 0.1 * X[:, 1]
    return Task("line", X[:60], y[:60], X[60:], y[60:])


def test_a_linear_network_by_hand(task):
    """Without hidden layer the margin is linear: its slope is the sum of absolute weights."""
    model = BPClassifier((), receptive_fields=1, rate_encoding="none", max_iter=50)
    table = anatomy([task], {"linear": model}, n_seeds=1, random_state=3)
    seed = np.random.RandomState(3).randint(2**31 - 1, size=1)[0]
    model.set_params(random_state=int(seed)).fit(task.X, task.y)
    w, b = model.coefs_[0][:, 0], model.intercepts_[0][0]
    margins = (task.X_test @ w + b) * np.where(task.y_test == 1, 1, -1)
    right = margins > 0
    found = table.iloc[0]
    assert found["accuracy"] == right.mean()
    assert_allclose(found["margin"], np.median(margins[right]), rtol=1e-6)
    assert_allclose(found["slope"], np.abs(w).sum(), rtol=1e-6)
    assert_allclose(found["distance"], np.median(margins[right]) / np.abs(w).sum(), rtol=1e-6)
    # What a linear margin says at first order is exact, but for the box.
    reach = margins[right] / np.abs(w).sum()
    for epsilon in (0.02, 0.05, 0.1):
        attacked = anatomy([task], {"": model}, n_seeds=1, random_state=3, epsilon=epsilon)
        assert attacked["attacked"].item() >= np.mean(reach > epsilon) * right.mean() - 1e-9


def test_slopes_that_vanish(task):
    """A network that is saturated on every row: to first order nothing changes its decision."""
    model = BPClassifier((50,), max_iter=3, quiet_start=None, weight_init_scale=1e9)
    row = anatomy([task], {"flat": model}, n_seeds=1).iloc[0]
    assert row["accuracy"] > 0
    assert row["slope"] == 0
    assert row["distance"] == np.inf


def test_no_row_is_right(task):
    model = BPClassifier((2,), max_iter=1)
    X = np.vstack([task.X, task.X[:1]])
    wrong = Task("wrong", X, np.r_[np.zeros(60, int), 1], task.X_test, np.ones(30, int))
    row = anatomy([wrong], {"wrong": model}, n_seeds=1).iloc[0]
    assert row["accuracy"] == 0
    assert row[["margin", "slope", "distance"]].isna().all()


def test_one_row_per_network(task):
    table = anatomy([task], n_seeds=2, max_test=10)
    assert list(table["model"]) == ["STDP", "STDP, no competition", "BP"] * 2
    assert (table["attacked"] <= table["accuracy"]).all()
    assert (table["seed"] == [0, 0, 0, 1, 1, 1]).all()


def test_competition_keeps_units_apart(task):
    table = anatomy([task], n_seeds=3).groupby("model")[["likeness", "rank"]].mean()
    assert table["likeness"]["STDP"] < table["likeness"]["STDP, no competition"]


def test_likeness_and_rank_by_hand():
    """Three units over four inputs: two the same, the third without correlation to them."""
    column, other = np.array([1.0, -1, 1, -1]), np.array([1.0, 1, -1, -1])
    weights = np.column_stack([column, column, other])
    assert_allclose(_likeness(weights), 1 / 3)
    # Singular values 2 sqrt(2), 2 and 0.
    shares = np.array([np.sqrt(2), 1]) / (np.sqrt(2) + 1)
    assert_allclose(_effective_rank(weights), np.exp(-np.sum(shares * np.log(shares))), rtol=1e-6)
    assert_allclose(_effective_rank(np.eye(5)), 5)


def test_bad_input(task):
    with pytest.raises(TypeError, match=r"MLPClassifier as the model 'MLP', .*TargetPropagation"):
        anatomy([task], {"MLP": MLPClassifier()})
    with pytest.raises(ValueError, match=r"^Got the name .* several times among the tasks"):
        anatomy([task, task])
    with pytest.raises(ValueError, match=r"'folds'.*fixed test rows"):
        anatomy([Task("folds", task.X, task.y)], {"STDP": STDPClassifier()})
    with pytest.raises(ValueError, match="Got n_seeds=0"):
        anatomy([task], n_seeds=0)
