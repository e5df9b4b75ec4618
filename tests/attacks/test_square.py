import numpy as np
import pytest
from attack_objectives import SmallNet, run
from linear_margin import Linear
from numpy.testing import assert_array_equal
from sklearn.tree import DecisionTreeClassifier

from skstdp._attacks._norm_balls import NORMS, Ball
from skstdp._attacks._square import square


@pytest.mark.parametrize("epsilon", [0.02, 0.1])
def test_fools_the_rows_of_a_linear_margin_that_can_be_fooled(epsilon):
    """In the maximum norm each feature by itself comes to the end that lowers the margin."""
    rng = np.random.default_rng(0)
    weights, rows = rng.normal(size=8), rng.random((200, 8))
    model = Linear(weights, -weights.sum() / 2)
    y = model.predict(rows)
    smallest = model.smallest_margin(rows, y, epsilon)
    assert 0.1 < (smallest < 0).mean() < 0.95
    found = run("square", rows, y, model.margin_and_gradient, Ball(epsilon), budget=4)
    assert_array_equal(model.predict(found) != y, smallest < 0)


@pytest.mark.parametrize(("norm", "size"), [("l2", 0.15), ("l1", 0.4)])
def test_comes_close_to_what_gradients_find(norm, size):
    rng = np.random.default_rng(0)
    net, rows, ball = SmallNet(12), rng.random((150, 12)), Ball(size, norm)
    y = net.labels(rows)
    fooled = []
    for attack, budget in (("square", 1), ("square", 20), ("apgd", 2)):
        found = run(attack, rows, y, net.margins_and_gradient, ball, budget=budget)
        fooled.append((net.margins_and_gradient(found, y)[0] < 0).mean())
    assert 0.1 < fooled[0] <= fooled[1] <= fooled[2]
    assert fooled[1] > fooled[2] - 0.03


def tree_distances(tree, rows, norm):
    """Exact distances to another leaf's class, box by box."""
    order = {"linf": np.inf, "l2": 2, "l1": 1}[norm]
    boxes = []

    def collect(node, low, high):
        if tree.children_left[node] < 0:
            boxes.append((low, high, tree.value[node, 0].argmax()))
            return
        feature, threshold = tree.feature[node], tree.threshold[node]
        left, right = high.copy(), low.copy()
        left[feature] = right[feature] = threshold
        collect(tree.children_left[node], low, left)
        collect(tree.children_right[node], right, high)

    n_features = rows.shape[1]
    collect(0, np.full(n_features, -np.inf), np.full(n_features, np.inf))
    away = [
        [np.linalg.norm(np.maximum(np.maximum(low - row, row - high), 0), order), label]
        for row in rows
        for low, high, label in boxes
    ]
    return np.array(away).reshape(len(rows), len(boxes), 2)


@pytest.mark.parametrize(("norm", "size"), [("linf", 0.05), ("l2", 0.06), ("l1", 0.07)])
def test_finds_most_of_what_can_be_reached_in_a_tree(norm, size):
    """Its scores are constant between thresholds, so that ties have to be accepted."""
    rng = np.random.default_rng(0)
    X = rng.random((400, 6))
    y = (np.sin(6 * X[:, 0]) + X[:, 1] * X[:, 2] * 2 + X[:, 3] > 1.4).astype(int)
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    rows = rng.random((150, 6))
    labels = tree.predict(rows)

    def margins(points, labels):
        probabilities = tree.predict_proba(points)
        values = probabilities[np.arange(len(points)), labels] - 0.5
        return values, values < 0

    distances, leaves = np.moveaxis(tree_distances(tree.tree_, rows, norm), -1, 0)
    others = leaves != labels[:, np.newaxis]
    can_be = np.min(distances, axis=1, where=others, initial=np.inf) < size
    assert 0.1 < can_be.mean() < 0.9
    found = square(rows, labels, margins, Ball(size, norm), 1000, 0)
    fooled = tree.predict(found) != labels
    assert not fooled[~can_be].any()
    assert fooled[can_be].mean() > 0.9


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(("n_features", "image_shape"), [(8, None), (144, None), (144, (12, 12))])
def test_number_of_queries_is_kept(norm, n_features, image_shape):
    asked = []

    def margins(points, y):
        asked.append(len(points))
        return np.ones(len(points)), np.zeros(len(points), bool)

    rows = np.full((3, n_features), 0.5)
    ball = Ball(0.1, norm)
    found = square(rows, np.ones(3), margins, ball, 50, 0, image_shape=image_shape)
    assert_array_equal(found, rows)
    assert asked == [3] * 51


@pytest.mark.parametrize("norm", NORMS)
def test_windows_of_images_are_squares_and_of_long_rows_runs(norm):
    """What a query changes in comparison with the one that was kept before."""
    seen = []

    def margins(points, y):
        seen.append(points[0].copy())
        return np.ones(1) * (1 if len(seen) < 3 else 2), np.zeros(1, bool)

    rows, ball = np.full((1, 144), 0.5), Ball(0.1, norm)
    square(rows, np.ones(1), margins, ball, 200, 0, image_shape=(12, 12))
    kept = seen[1].reshape(12, 12)
    if norm == "linf":
        # Stripes: all rows of the image are equal.
        assert (kept == kept[0]).all()
    sides = []
    for point in seen[2:]:
        changed = point.reshape(12, 12) != kept
        if norm == "linf" and changed.any():
            sides.append(np.ptp(np.argwhere(changed), axis=0).max() + 1)
    if norm == "linf":
        # 0.8 of the features at first, and single ones at the end.
        assert max(sides[:5]) > 6
        assert max(sides[-40:]) <= 1
    seen.clear()
    square(rows, np.ones(1), margins, ball, 200, 0)
    changed = np.flatnonzero(seen[60] != seen[1])
    assert len(changed) < 144
    if norm == "linf":
        assert np.ptp(changed) + 1 <= 0.8 / 2**5 * 144 + 1


def test_a_large_radius_is_used_to_the_full():
    """Of points that are not fooled those of lowest margin are returned."""
    model, rows = Linear(np.ones(6), 0.0), np.full((4, 6), 0.5)
    for norm, lowest in (("linf", 1.8), ("l2", 3 - 0.2 * np.sqrt(6)), ("l1", 2.8)):
        found = run(
            "square", rows, np.ones(4), model.margin_and_gradient, Ball(0.2, norm), budget=20
        )
        assert (found.sum(axis=1) < lowest + 0.05).all()
        assert (found.sum(axis=1) > lowest - 1e-9).all()
