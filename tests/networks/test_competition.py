import math

import numpy as np
import oracle
import pytest
from callable_kernels import from_python
from compiled import by_the_rule, compete
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, softmax
from sklearn.datasets import load_iris

from skstdp import STDPClassifier
from skstdp._kernels import STDPRule
from skstdp._kernels._arrays import Labels
from skstdp._kernels._competition import _by_splits, match_probabilities
from skstdp._networks._associations import hidden_associations, output_associations


def layer(seed=0, n_samples=12, n_units=20, n_classes=3, dtype=np.float64):
    """Rates, associations of the samples, codes and classes."""
    rng = np.random.default_rng(seed)
    post = rng.random((n_samples, n_units)).astype(dtype)
    y = rng.integers(n_classes, size=n_samples)
    codes = hidden_associations(n_classes, n_units, dtype)
    return post, codes[y] * dtype(1 / n_samples), codes, y


def number_of_winners(winners, n_contestants):
    if winners in ("sqrt", "half-sqrt"):
        return math.ceil(math.sqrt(n_contestants) / (1 if winners == "sqrt" else 2))
    return winners if isinstance(winners, int) else math.ceil(winners * n_contestants)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 101])
def test_value_of_a_rank(n):
    rng = np.random.default_rng(n)
    for values in (rng.random(n), rng.integers(3, size=n).astype(float), np.zeros(n)):
        for rank in range(1, n + 1):
            assert (
                from_python(_by_splits)(values.copy(), rank)
                == sorted(values, reverse=True)[rank - 1]
            )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("positive", "negative"),
    [(2, 3), (0.25, 0.5), (1, 1.0), (1.0, 4), (100, 0.01), ("sqrt", "half-sqrt")],
)
def test_only_the_most_active_keep_their_association(positive, negative, dtype):
    post, association, codes, y = layer(dtype=dtype)
    before = association.copy()
    compete(post, association, codes, y, winners=(positive, negative))
    for rates, old, new in zip(post, before, association, strict=True):
        numbers = [
            number_of_winners(winners, (old * sign > 0).sum())
            for sign, winners in ((1, positive), (-1, negative))
        ]
        expected = oracle.compete(rates, old, *numbers)
        assert_array_equal(new != 0, np.array(expected) != 0)
        assert_allclose(new, expected, rtol=1e-6 if dtype == np.float32 else 1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("winners", [(2, 3), (20, 25), (3, 40), (40, 3)], ids=str)
@pytest.mark.parametrize("margin", [None, 0.02])
def test_many_units_many_samples_with_handicaps(margin, winners, dtype):
    """More of all three than lanes, and some left over; who wins is decided by the scores."""
    post, association, codes, y = layer(n_samples=37, n_units=117, dtype=dtype)
    association[5] = 0  # no weight
    before, win_rates = association.copy(), np.random.default_rng(1).random(117)
    kept, handicap = win_rates.copy(), 0.3
    settings = {"winners": winners, "handicap": handicap, "win_rates": win_rates}
    compete(post, association, codes, y, margin=margin, **settings)
    expected = np.array(
        [
            oracle.compete(r - handicap * kept, z, *winners)
            for r, z in zip(post, before, strict=True)
        ]
    )
    close = 1e-5 if dtype == np.float32 else 1e-13
    assert_allclose(win_rates, kept + 0.05 * (np.maximum(expected, 0).sum(axis=0) - kept), close)
    if margin is not None:
        sure = [oracle.lead(*pair) >= margin for pair in zip(post, codes[y], strict=True)]
        assert 0 < sum(sure) < 37
        expected[sure] = 0
    assert_allclose(association, expected, rtol=close)


def test_both_sides_of_a_sample_weigh_the_same():
    """3 classes and 6 units: of 2 and 4, 1 and 3 win; -1/2 each becomes -1/3."""
    codes = hidden_associations(3, 6, np.float64)
    association = codes[[0]]
    post = np.array([[0.9, 0.8, 0.7, 0.6, 0.5, 0.4]])
    compete(post, association, codes, np.array([0]), winners=(1, 3))
    assert_allclose(association, [[1, -1 / 3, -1 / 3, 0, -1 / 3, 0]], rtol=1e-15)


def test_at_one_everybody_wins_bit_for_bit():
    post, association, codes, y = layer()
    before = association.copy()
    compete(post, association, codes, y, handicap=0.5)
    assert_array_equal(association, before)


def test_frequent_winners_are_handicapped():
    """Unit 0 is a little more active than unit 1 and wins until its handicap exceeds that."""
    codes = np.ones((1, 2))
    settings = {"winners": (1, 1.0), "handicap": 0.1, "win_rates": np.zeros(2)}
    post = np.array([[0.52, 0.50]])
    winners = []
    for _ in range(40):
        association = codes.copy()
        compete(post, association, codes, np.array([0]), **settings)
        winners.append(int(association.argmax()))
    # The win rate of unit 0 after n wins in a row is 1 - 0.95^n; it passes 0.2 at n = 5.
    assert winners[:6] == [0, 0, 0, 0, 0, 1]
    assert 0 < np.mean(winners) < 1


def test_win_rates_are_running_means_by_sample_weight():
    win_rates, codes = np.zeros(2), np.ones((1, 2))
    association = np.array([[0.75, 0.75], [0.25, 0.25]])
    post = np.array([[0.9, 0.1], [0.1, 0.9]])
    settings = {"winners": (1, 1.0), "handicap": 1e-9, "win_rates": win_rates}
    compete(post, association, codes, np.array([0, 0]), **settings)
    assert_allclose(win_rates, [0.05 * 0.75, 0.05 * 0.25])


def test_the_strongest_wrong_unit_learns_but_does_not_win():
    codes, win_rates = np.array([[1.0, 1.0, -1.0, -1.0]]), np.full(4, 0.5)
    settings = {"winners": (1, 1), "handicap": 1e-9, "win_rates": win_rates}
    association = codes / 2
    compete(np.array([[0.9, 0.1, 0.1, 0.9]]), association, codes, np.array([0]), **settings)
    assert_array_equal(association, [[0.5, 0, 0, -0.5]])
    assert_allclose(win_rates, [0.5, 0.475, 0.475, 0.475])


def test_a_margin_of_one_is_a_lead_that_rounds_to_one():
    codes = np.array([[1.0, -1.0]])
    association = codes[[0, 0]]
    post = np.array([[1.0, 1e-20], [1.0, 1e-3]])
    compete(post, association, codes, np.array([0, 0]), margin=1.0)
    assert_array_equal(association, [[0, 0], [1, -1]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("margin", [0.1, 0.3, 1.0])
def test_a_layer_that_is_sure_does_not_learn(margin, dtype):
    post, association, codes, y = layer(n_samples=200, n_units=6, dtype=dtype)
    sure = [
        oracle.lead(rates, row) >= margin for rates, row in zip(post, association, strict=True)
    ]
    assert any(sure) == (margin < 1)
    expected = association.copy()
    expected[sure] = 0
    compete(post, association, codes, y, margin=margin)
    assert_array_equal(association, expected)


def test_the_lead_is_that_of_the_rates_not_of_the_scores():
    """A handicap of 0.2 makes unit 1 win, but unit 0 leads by 0.5."""
    association = np.array([[0.5, 0.5, -0.5, -0.5]])
    post = np.array([[0.9, 0.8, 0.4, 0.1]])
    settings = {"winners": (1, 1), "handicap": 0.2}
    win_rates = np.array([1.0, 0.0, 0.0, 0.0])
    arguments = np.sign(association), np.array([0])
    kept = association.copy()
    compete(post, kept, *arguments, margin=0.51, win_rates=win_rates.copy(), **settings)
    assert_array_equal(kept, [[0, 0.5, -0.5, 0]])
    compete(post, association, *arguments, margin=0.5, win_rates=win_rates, **settings)
    assert_array_equal(association, np.zeros((1, 4)))


def test_a_single_output_competes_with_its_silence():
    """At rate 0.8 it leads by 0.6 if its class is there, and trails by 0.6 if not."""
    codes, y = np.array([[-1.0], [1.0]]), np.array([1, 0, 1, 0, 0])
    association = np.array([[0.25], [-0.25], [0.25], [-0.25], [-0.25]])
    post = np.array([[0.8], [0.8], [0.7], [0.2], [0.4]])
    compete(post, association, codes, y, winners=(1, 1), handicap=0.05, margin=0.5)
    assert_array_equal(association, [[0], [-0.25], [0.25], [0], [-0.25]])


def of_outputs(post, y, dtype=np.float64):
    """Associations of outputs that match probabilities."""
    n_samples, n_classes = post.shape
    association = np.empty((n_samples, n_classes), dtype)
    codes = output_associations(n_classes, n_classes, dtype)
    no_layers = np.empty(0, bool), True, np.empty((2, 0, 0), np.intp)
    rule = STDPRule(codes, 1.0, *no_layers, 0.0, np.empty(0), np.empty(0))
    from_python(match_probabilities)(
        0, post, Labels(y, np.ones(n_samples, dtype)), rule, association
    )
    return association


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_associations_of_the_outputs_by_hand(dtype):
    """Sums 1 and 0.5; (1 - 0.2) / 0.2 = 4, and (0.5 - 0.25) / 0.25 = 1, divided by 0.5."""
    post = np.array([[0.2, 0.3, 0.5], [0.125, 0.25, 0.125]], dtype)
    association = of_outputs(post, np.array([0, 1]), dtype)
    assert_allclose(association, [[4, -1, -1], [-2, 2, -2]], rtol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [1, 1e-30])
def test_associations_of_the_outputs_add_up_to_zero_by_activity(scale, dtype):
    post = (np.random.default_rng(0).random((50, 4)) * scale).astype(dtype)
    association = of_outputs(post, np.arange(50) % 4, dtype)
    assert ((association > 0).argmax(axis=1) == np.arange(50) % 4).all()
    assert_allclose((association * post).sum(axis=1), 0, atol=1e-6)
    assert_allclose(np.abs(association * post).sum(axis=1).max(), 2, rtol=0.1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_silent_outputs_stay_finite(dtype):
    post = np.zeros((2, 30), dtype)
    post[1, 1:] = 1
    association = of_outputs(post, np.array([0, 0]), dtype)
    assert np.isfinite(association).all()
    assert_allclose(association[1, 1:], -1 / 29, rtol=1e-6)


def test_a_network_of_one_output_cannot_go_on_with_several():
    X, y = load_iris(return_X_y=True)
    X, y = X[y < 2], y[y < 2]
    model = STDPClassifier(probability_matching=False, warm_start=True, random_state=0).fit(X, y)
    before = model.decision_function(X)
    with pytest.raises(ValueError, match="probability_matching=True, but expected False"):
        model.set_params(probability_matching=True).fit(X, y)
    assert_array_equal(model.decision_function(X), before)


def outputs_learn(pre, post, y, weight, stdp_epsilon):
    codes = [output_associations(post.shape[1], post.shape[1], np.float64)]
    settings = {"stdp_epsilon": stdp_epsilon, "outputs_match": True}
    return by_the_rule([pre, post], y, weight, codes, **settings)[0]


def test_outputs_learn_by_the_rule_with_these_associations():
    rng = np.random.default_rng(0)
    pre, post, y, weight = rng.random((9, 5)), rng.random((9, 3)), np.arange(9) % 3, rng.random(9)
    coef, intercept = outputs_learn(pre, post, y, weight, 0.01)
    association = oracle.match_probabilities(post, y) * weight[:, np.newaxis]
    expected = oracle.stdp_update(pre, post, association, 0.01)
    assert_allclose(coef, expected[0])
    assert_allclose(intercept, expected[1])


@pytest.mark.parametrize("activity", [0.01, 0.9])
def test_outputs_rest_where_their_shares_are_the_odds(activity):
    """Eight equal samples, of which 4, 3 and 1 belong to each class."""
    pre, y, weight = np.full((8, 2), 0.7), np.repeat([0, 1, 2], [4, 3, 1]), np.full(8, 1 / 8)
    odds = np.array([4, 3, 1]) / 8
    at_rest = outputs_learn(pre, np.tile(odds * activity, (8, 1)), y, weight, 0.1)
    for update in at_rest:
        assert_allclose(update, 0, atol=1e-15)
    shares = np.array([0.4, 0.3, 0.3])
    _, intercept = outputs_learn(pre, np.tile(shares * activity, (8, 1)), y, weight, 0.1)
    assert_array_equal(np.sign(intercept), np.sign(odds - shares))


def test_quiet_outputs_follow_the_gradient_of_cross_entropy_in_the_squares_of_their_inputs():
    """Equation 3 is x^2 p where p is far below x, and eps below both."""
    rng = np.random.default_rng(0)
    pre, y, weight = rng.uniform(0.2, 1, (20, 4)), np.arange(20) % 3, np.full(20, 1 / 20)
    drives = rng.normal(-18, 1, (20, 3))
    coef, _ = outputs_learn(pre, expit(drives), y, weight, 1e-12)
    error = np.eye(3)[y] - softmax(drives, axis=1)
    assert_allclose(coef, (pre**2).T @ error / 20, rtol=1e-4, atol=1e-8)


def test_competition_of_hidden_layers_leaves_the_outputs_alone():
    rng = np.random.default_rng(0)
    rates = [rng.random((5, n)) for n in (4, 6, 3)]
    codes = [hidden_associations(3, 6, np.float64), output_associations(3, 3, np.float64)]
    y, weight = np.array([0, 1, 2, 0, 1]), np.full(5, 0.2)
    settings = {"stdp_epsilon": 0.01}
    free = by_the_rule(rates, y, weight, codes, **settings)
    contested = by_the_rule(rates, y, weight, codes, winners=(1, 1), **settings)
    assert (contested[0][0] != free[0][0]).any()
    for update, expected in zip(contested[1], free[1], strict=True):
        assert_array_equal(update, expected)


@pytest.mark.parametrize(
    ("settings", "classes", "n_outputs", "margin"),
    [
        ({}, 3, 3, np.inf),
        ({}, 2, 2, np.inf),
        ({"probability_matching": False}, 3, 3, np.inf),
        ({"probability_matching": False}, 2, 1, 0.85),
        ({"probability_matching": False, "winner_margin": 0.3}, 2, 1, 0.3),
        ({"probability_matching": False, "winner_margin": None}, 2, 1, np.inf),
    ],
)
def test_units_and_margin_of_the_output(settings, classes, n_outputs, margin):
    X, y = load_iris(return_X_y=True)
    model = STDPClassifier((4, 2), max_iter=1, random_state=0, **settings)
    model.fit(X[y < classes], y[y < classes])
    _, _, competes, matches, n_winners, _, margins, _ = model._rule()
    assert model.n_outputs_ == n_outputs
    assert_allclose(margins[-1], margin)
    assert matches == settings.get("probability_matching", True)
    assert_array_equal(competes, [True, True, False])
    assert n_winners.shape == (2, 2, classes)


def test_probabilities_match_the_odds_of_noisy_classes():
    """A truth value that is right about the class in four of five samples."""
    x = np.repeat([0.0, 1.0], 500)
    y = np.concatenate([np.repeat([0, 1], [400, 100]), np.repeat([0, 1], [100, 400])])
    model = STDPClassifier(random_state=0).fit(x[:, np.newaxis], y)
    assert_allclose(model.predict_proba([[0], [1]]), [[0.8, 0.2], [0.2, 0.8]], atol=0.04)


@pytest.mark.parametrize("winners", [(2, 0.5), (1, 1)])
def test_competition_changes_the_units_but_not_the_prediction_path(winners):
    X, y = load_iris(return_X_y=True)
    settings = {"positive_winners": winners[0], "negative_winners": winners[1]}
    model = STDPClassifier(
        max_iter=1, random_state=0, receptive_fields=1, winner_handicap=0.05, **settings
    ).fit(X[::10], y[::10])
    rates = model.encoder_.transform(X[:5])
    expected = [oracle.logits(row, model.coefs_, model.intercepts_) for row in rates]
    assert_allclose(model.decision_function(X[:5]), expected)


@pytest.mark.parametrize("name", ["positive_winners", "negative_winners"])
@pytest.mark.parametrize("value", [0, -1, 0.0, 1.5, "all"])
def test_bad_input(name, value):
    with pytest.raises((ValueError, TypeError), match=name):
        STDPClassifier(**{name: value}).fit([[0.0], [1.0]], [0, 1])


def test_a_handicap_is_not_negative():
    with pytest.raises(ValueError, match="winner_handicap"):
        STDPClassifier(winner_handicap=-0.1).fit([[0.0], [1.0]], [0, 1])


@pytest.mark.parametrize("value", [-0.1, 1.1, "wide"])
def test_bad_margin(value):
    with pytest.raises(ValueError, match="winner_margin"):
        STDPClassifier(winner_margin=value).fit([[0.0], [1.0]], [0, 1])


def test_a_warm_start_takes_new_parameters_and_keeps_the_win_rates():
    X, y = (array[::10] for array in load_iris(return_X_y=True))
    model = STDPClassifier(max_iter=1, warm_start=True, random_state=0).fit(X, y)
    rates = model._win_rates.copy()
    assert rates[:100].any()
    model.set_params(positive_winners=1.0, negative_winners=1.0).fit(X, y)
    assert_array_equal(model._win_rates, rates)
