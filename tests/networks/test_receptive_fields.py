"""What the first layer sees of the rates, and how many units see each feature."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from oracle import numerical_gradient
from scipy.sparse import csr_array
from sklearn.preprocessing import SplineTransformer

from skstdp import BPClassifier, STDPClassifier
from skstdp._networks._ranks import fit_knots, no_knots
from skstdp._networks._receptive_fields import ReceptiveFields

Y = np.arange(20) % 2
X = np.random.default_rng(0).random((20, 3))


both = pytest.mark.parametrize("classifier", [STDPClassifier, BPClassifier])
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def even(n_units, n_features):
    """As many units for each feature, and rates that are their own ranks."""
    return ReceptiveFields(np.full(n_features, n_units), no_knots(n_features))


def skewed(n_rows, n_features=4, seed=2):
    """Rates of which many are low, with a column of two values and one of three."""
    rng = np.random.default_rng(seed)
    rates = np.minimum(rng.exponential(0.2, (n_rows, n_features)), 1)
    rates[:, 1] = rng.random(n_rows) < 0.3
    rates[:, 2] = rng.choice([0, 0.9, 1], n_rows)
    return rates


def ranked(n_steps=4):
    """Units of features of 4, 1, 2 and 4 steps, of ranks."""
    rates = skewed(500)
    knots, steps = fit_knots(rates, np.ones(500), n_steps)
    return ReceptiveFields(2 * steps, knots)


def auto(rates, weight=None, dtype=np.float64):
    """Number of units of each feature, the features having the given rates."""
    rates = rates.astype(dtype)
    model = BPClassifier(2, max_iter=1, rate_encoding="none")
    model.fit(rates, np.arange(len(rates)) % 2, weight)
    n_units = model.receptive_fields_
    assert n_units.shape == (rates.shape[1],)
    assert n_units.dtype.kind == "i"
    assert model.coefs_[0].shape == (n_units.sum(), 2)
    return n_units.tolist()


@both
def test_off_units_are_more_features(classifier):
    """The same as a network without them that is given x and 1 - x."""
    settings = {"max_iter": 3, "random_state": 0, "rate_encoding": "none"}
    paired = classifier((32, 16), receptive_fields=2, **settings).fit(X, Y)
    by_hand = classifier((32, 16), receptive_fields=1, **settings)
    by_hand.fit(np.hstack([X, 1 - X]), Y)
    n_outputs = 2 if classifier is STDPClassifier else 1
    assert [coef.shape for coef in paired.coefs_] == [(6, 32), (32, 16), (16, n_outputs)]
    for ours, expected in zip(paired.coefs_, by_hand.coefs_, strict=True):
        assert_array_equal(ours, expected)
    assert_array_equal(
        paired.decision_function(X), by_hand.decision_function(np.hstack([X, 1 - X]))
    )


@both
@every_dtype
def test_ranked_steps_are_more_features(classifier, dtype):
    """The same as a network without them that is given what they make of the rates."""
    rates, settings = skewed(500).astype(dtype), {"max_iter": 3, "random_state": 0}
    y, weight = (rates[:, 0] > 0.1) ^ (rates[:, 1] > 0), np.resize([1, 2, 4], 500)
    model = classifier((9, 8), **settings).fit(rates, y, weight)
    assert model.receptive_fields_.tolist() == [10, 2, 4, 10]
    steps = ReceptiveFields(model.receptive_fields_, model._rank_knots).encode(rates)
    assert steps.dtype == dtype
    by_hand = classifier((9, 8), receptive_fields=1, rate_encoding="none", **settings)
    by_hand.fit(steps, y, weight)
    for ours, expected in zip(
        model.coefs_ + model.intercepts_, by_hand.coefs_ + by_hand.intercepts_, strict=True
    ):
        assert ours.dtype == dtype
        assert_array_equal(ours, expected)
    assert_array_equal(model.loss_curve_, by_hand.loss_curve_)
    assert_array_equal(model.predict_proba(rates), by_hand.predict_proba(steps))


def test_rates_given_batch_by_batch_are_ranked_once():
    """As in adversarial training, here by attacks too small to change anything."""
    rates = skewed(500)
    y, settings = rates[:, 0] > 0.1, {"max_iter": 3, "random_state": 0}
    plain = BPClassifier((9,), **settings).fit(rates, y)
    attacked = BPClassifier((9,), adversarial_epsilon=1e-100, **settings).fit(rates, y)
    for ours, expected in zip(attacked.coefs_, plain.coefs_, strict=True):
        assert_allclose(ours, expected, rtol=1e-10)


@both
def test_sparse_and_float32_data_have_the_same_units(classifier):
    X = 40 * skewed(500)
    y, settings = X[:, 0] > 4, {"max_iter": 3, "random_state": 0}
    dense = classifier((9,), **settings).fit(X, y)
    sparse = classifier((9,), **settings).fit(csr_array(X), y)
    single = classifier((9,), **settings).fit(X.astype(np.float32), y)
    assert_array_equal(sparse._rank_knots, dense._rank_knots)
    assert_array_equal(sparse.predict_proba(csr_array(X)), dense.predict_proba(X))
    assert_array_equal(single.receptive_fields_, dense.receptive_fields_)
    assert_allclose(single._inputs(single._rates(X)), dense._inputs(dense._rates(X)), atol=1e-4)


@both
@pytest.mark.parametrize("further", ["partial_fit", "warm start"])
def test_the_first_data_decide_on_the_ranks(classifier, further):
    X, later = skewed(500), skewed(500, seed=3) ** 2
    y = np.arange(500) % 2
    if further == "partial_fit":
        model = classifier((9,), random_state=0).partial_fit(X, y, classes=[0, 1])
        alone = classifier((9,), random_state=0, max_iter=1).fit(X, y)
        assert_array_equal(model._rank_knots, alone._rank_knots)
        knots, units = model._rank_knots.copy(), model.receptive_fields_.copy()
        model.partial_fit(later, y)
    else:
        model = classifier((9,), random_state=0, max_iter=1, warm_start=True).fit(X, y)
        knots, units = model._rank_knots.copy(), model.receptive_fields_.copy()
        model.fit(later, y)
    assert_array_equal(model._rank_knots, knots)
    assert_array_equal(model.receptive_fields_, units)


@both
def test_outliers_do_not_hide_the_other_rows(classifier, iris):
    """With one value of a million in each column, the rates of all others are nearly the same."""
    X, y = iris
    settings = {"hidden_layer_sizes": (30,), "random_state": 0}
    clean = classifier(**settings).fit(X, y).score(X, y)
    spoilt = X.copy()
    spoilt[[0, 50, 100, 140], [0, 1, 2, 3]] = 1e6
    assert clean > 0.94
    assert classifier(**settings).fit(spoilt, y).score(X, y) > clean - 0.01
    by_rates = classifier(receptive_fields=2, **settings).fit(spoilt, y)
    assert by_rates.score(X, y) < 0.8


@both
@pytest.mark.parametrize(("dtype", "largest"), [(np.float32, 1e38), (np.float64, 1e300)])
def test_gradients_beside_the_largest_outliers_are_finite(classifier, dtype, largest):
    X = np.random.default_rng(0).random((400, 4))
    X[0, 2:] = largest
    model = classifier(5, max_iter=3, random_state=0).fit(X.astype(dtype), X[:, 2] > 0.5)
    rates = model._rates(X.astype(dtype))
    _, gradient = model._margin_and_gradient(rates, X[:, 2] > 0.5)
    assert np.isfinite(gradient).all()
    assert (gradient != 0).any(axis=0).all()


def test_auto_looks_at_the_number_of_features_and_rows():
    dense = np.random.default_rng(1).uniform(0.3, 0.7, (800, 129))
    features = {1: 16, 16: 16, 17: 14, 64: 4, 65: 2, 128: 2, 129: 2}
    assert {n: auto(dense[:, :n]) for n in features} == {n: [k] * n for n, k in features.items()}
    rows = {20: 2, 199: 2, 200: 4, 799: 14, 800: 16}
    assert {n: auto(dense[:n, :3]) for n in rows} == {n: [k] * 3 for n, k in rows.items()}


@every_dtype
def test_auto_gives_a_feature_no_more_steps_than_lie_between_its_values(dtype):
    rng = np.random.default_rng(1)
    columns = [rng.permutation(np.resize(np.linspace(0, 1, n), 800)) for n in (2, 3, 5, 9, 10)]
    table = np.column_stack([np.full(800, 0.4), *columns, rng.random(800)])
    assert auto(table, dtype=dtype) == [2, 2, 4, 8, 16, 16, 16]
    # Of so few rows no feature has more than two steps.
    assert auto(table[:299], dtype=dtype) == [2, 2, 4, 4, 4, 4, 4]


def test_only_auto_with_few_features_takes_ranks():
    rates = skewed(300, 129)
    y = np.arange(300) % 2
    few = BPClassifier(2, max_iter=1).fit(rates[:, :128], y)
    assert few._rank_knots.shape == (2, 33, 128)
    for model, X in [
        (BPClassifier(2, max_iter=1), rates),
        (BPClassifier(2, max_iter=1, receptive_fields=2), rates[:, :128]),
    ]:
        model.fit(X, y)
        assert model._rank_knots.shape == (2, 0, X.shape[1])
        assert_array_equal(model._inputs(X), np.hstack([X, 1 - X]))


def test_auto_tells_strokes_from_low_rates():
    """Mostly silent, and strong where they are not; noise around them does not count."""
    rng = np.random.default_rng(1)
    uniform = rng.random((300, 160))
    strokes = np.where(uniform > 0.88, 0.9, 0)
    noise = rng.normal(size=strokes.shape)
    for level in (0, 0.1, 0.2):
        assert auto(np.clip(strokes + level * noise, 0, 1)) == [1] * 160
    # As seldom, but weak; as weak, but in every sample; more of them; the other way round.
    assert auto(strokes / 2) == [2] * 160
    assert auto(0.3 * uniform) == [2] * 160
    assert auto(np.where(uniform > 0.75, 0.9, 0)) == [2] * 160
    assert auto(1 - strokes) == [2] * 160
    # So few features may as well be one-hot columns.
    assert auto(strokes[:, :128]) == [2] * 128
    assert auto(strokes[:, :129]) == [1] * 129


def test_columns_of_two_values_leave_steps_to_the_others():
    """Of 128 steps for all: 60 columns of two values and 4 others, each with 8 steps."""
    rng = np.random.default_rng(1)
    one_hot = np.tile(np.eye(12)[rng.integers(0, 12, 900)], 5)
    numbers = rng.random((900, 4))
    assert auto(np.hstack([numbers, one_hot])) == [16] * 4 + [2] * 60
    # And 20 each with (128 - 60) // 20.
    numbers = rng.random((900, 20))
    assert auto(np.hstack([numbers, one_hot])) == [6] * 20 + [2] * 60


def test_strokes_by_hand():
    """The mean over all rates, and that of rates by themselves over the samples with any."""
    for n_active, high, n_units in [(44, 0.9, 1), (45, 0.9, 2), (40, 0.5, 1), (40, 0.49, 2)]:
        table = np.zeros((100, 130))
        table[:n_active, ::2] = high
        assert auto(table) == [n_units] * 130
    # Each of these samples has (0.8 * 0.8 + 0.2 * 0.2) / (0.8 + 0.2) = 0.68.
    table = np.zeros((100, 130))
    table[:30, ::2], table[:30, 1::2] = 0.8, 0.2
    assert auto(table) == [1] * 130
    # With as many of 0.2 alone the mean is 0.44.
    table[30:60, ::2] = 0.2
    assert auto(table) == [2] * 130


def test_outliers_are_no_strokes():
    """Though most rates are low, and those that are not are strong: few rows have any."""
    rates = 1e-6 * np.random.default_rng(1).random((400, 130))
    assert auto(rates) == [2] * 130
    rates[np.arange(130), np.arange(130)] = 1
    assert auto(rates) == [2] * 130


def test_auto_takes_a_weight_for_as_many_copies():
    """Whether for strokes, for the number of rows or for the ranks."""
    table = np.repeat([[0.0], [0.9]], 130, axis=1)
    assert auto(table, [9, 1]) == [1] * 130
    assert auto(table) == [2] * 130
    table = np.random.default_rng(1).random((150, 2))
    assert auto(np.tile(table, (6, 1))) == auto(table) == [2, 2]
    rates, copies = skewed(400), np.random.default_rng(3).choice([1, 2, 4], 400)
    y = np.arange(400) % 2
    weighted = BPClassifier(2, max_iter=1).fit(rates, y, copies)
    copied = BPClassifier(2, max_iter=1).fit(np.repeat(rates, copies, 0), np.repeat(y, copies))
    assert_array_equal(weighted.receptive_fields_, copied.receptive_fields_)
    assert_array_equal(weighted._rank_knots, copied._rank_knots)


def test_of_many_rows_those_with_weight_decide_on_the_ranks():
    """Of 20,001 rows a class of weight zero has all but the last ones."""
    rates = np.random.default_rng(4).random((20_001, 2))
    y = np.repeat([0, 1], [20_000, 1])
    y[-50:] = 1
    model = BPClassifier(2, max_iter=1, class_weight={0: 0, 1: 1}).fit(rates, y)
    expected, _ = fit_knots(rates[-50:], np.ones(50), 8)
    assert_array_equal(model._rank_knots, expected)


def test_ranks_of_many_rows_are_those_of_some():
    """Of a sorted table, too."""
    X = np.sort(np.random.default_rng(5).exponential(size=(25_000, 2)), axis=0)
    model = BPClassifier(2, max_iter=1).fit(X, np.arange(25_000) >= 12_500)
    rates = model._rates(X)
    exact = np.arange(25_000) / 24_999
    for column in model._fields().ranks(rates).T:
        assert np.abs(column - exact).max() < 1 / 32


def test_order_of_the_units_by_hand():
    """Two steps, one and three: the first of all, the second of those that have it, the third."""
    fields = ReceptiveFields(np.array([4, 2, 6]), no_knots(3))
    assert fields.n_inputs == 12
    features, n_steps, number = fields.steps
    assert features.tolist() == [0, 1, 2, 0, 2, 2]
    assert n_steps.tolist() == [2, 1, 3, 2, 3, 3]
    assert number.tolist() == [0, 0, 0, 1, 1, 2]
    inputs = fields.encode(np.array([[0.75, 0.25, 0.5]]))
    on = [1, 0.25, 1, 0.5, 0.5, 0]
    assert_array_equal(inputs, [on + [1 - x for x in on]])


def test_steps_by_hand():
    """Three steps of a third each: at 0.5 the first is over and the second half-way."""
    inputs = even(6, 1).encode(np.array([[0.0], [0.5], [0.75], [1.0]]))
    on = [[0, 0, 0], [1, 0.5, 0], [1, 1, 0.25], [1, 1, 1]]
    assert_array_equal(inputs, np.hstack([on, 1 - np.array(on)]))


@every_dtype
@pytest.mark.parametrize("n_steps", [2, 3, 8])
def test_steps_are_running_sums_of_linear_splines(n_steps, dtype):
    """scikit-learn's basis of degree 1 with equidistant knots on [0, 1]."""
    rates = X.astype(dtype)
    inputs = even(2 * n_steps, 3).encode(rates)
    assert inputs.dtype == dtype
    knots = np.repeat(np.linspace(0, 1, n_steps + 1)[:, np.newaxis], 3, axis=1)
    splines = SplineTransformer(n_knots=n_steps + 1, degree=1, knots=knots).fit(rates)
    hats = splines.transform(rates).reshape(20, 3, n_steps + 1)
    expected = hats[:, :, ::-1].cumsum(axis=2)[:, :, -2::-1]
    on, off = np.split(inputs.reshape(20, 2 * n_steps, 3), 2, axis=1)
    assert_allclose(on.transpose(0, 2, 1), expected, atol=1e-6)
    assert_array_equal(off, 1 - on)


FIELDS = {str(n_units): lambda n_units=n_units: even(n_units, 4) for n_units in (1, 2, 4, 16)}


@pytest.mark.parametrize("make", (FIELDS | {"ranked": ranked}).values(), ids=[*FIELDS, "ranked"])
def test_gradient_goes_through(make):
    fields = make()
    rates = np.random.default_rng(2).uniform(0.01, 0.99, (6, 4))
    weights = np.random.default_rng(3).normal(size=(6, fields.n_inputs))
    expected = numerical_gradient(lambda: (weights * fields.encode(rates)).sum(), rates)
    assert np.abs(expected).max(axis=0).all()
    assert_allclose(fields.rates_gradient(rates, weights), expected, atol=1e-7)


@both
@pytest.mark.parametrize("n_classes", [2, 3])
def test_gradient_of_the_margin_goes_through_ranks(classifier, n_classes, iris):
    X, y = iris
    X, y = X[y < n_classes], y[y < n_classes]
    model = classifier((9,), max_iter=20, random_state=0).fit(X, y)
    assert model._fields().ranked
    rates = np.random.default_rng(4).uniform(0.01, 0.99, (20, 4))
    classes = np.random.default_rng(5).integers(0, n_classes, 20)
    expected = numerical_gradient(
        lambda: model._margin_and_gradient(rates, classes)[0].sum(), rates
    )
    # Only the direction is promised.
    _, gradient = model._margin_and_gradient(rates, classes)
    norms = np.linalg.norm(expected, axis=1, keepdims=True)
    gradient = gradient / np.linalg.norm(gradient, axis=1, keepdims=True)
    assert_allclose(gradient, expected / norms, atol=1e-5)


def test_at_the_ends_the_gradient_points_inside():
    weights, fields = np.array([[1.0, 2.0, 4.0, 8.0]]), even(4, 1)
    assert_array_equal(fields.rates_gradient(np.array([[0.0]]), weights), [[2 * (1 - 4)]])
    assert_array_equal(fields.rates_gradient(np.array([[0.5]]), weights), [[2 * (2 - 8)]])
    assert_array_equal(fields.rates_gradient(np.array([[1.0]]), weights), [[2 * (2 - 8)]])
    # The steps of a feature of three values, which are ranked 0, 1/2 and 1.
    knots, steps = fit_knots(np.array([[0.0], [0.2], [1.0]]), np.ones(3), 8)
    fields = ReceptiveFields(2 * steps, knots)
    gradients = [fields.rates_gradient(np.array([[x]]), weights).item() for x in (0.0, 0.2, 1.0)]
    assert_allclose(gradients, [(1 - 4) / 0.2, (2 - 8) / 0.8, (2 - 8) / 0.8])


def test_gradients_of_huge_weights_beside_outliers_are_finite():
    knots, steps = fit_knots(np.float32([[0.0], [1e-45], [1.0]]), np.ones(3), 1)
    gradient = ReceptiveFields(2 * steps, knots).rates_gradient(
        np.zeros((1, 1), np.float32), np.float32([[1e30, 0]])
    )
    assert gradient.dtype == np.float32
    assert 1e38 < gradient[0, 0] < np.inf


def test_a_feature_that_is_zero_in_a_class_still_teaches():
    """Without off units, class 0 of this table has no active input."""
    table, y = np.repeat([[0.0], [1.0]], 20, axis=0), np.repeat([0, 1], 20)
    model = STDPClassifier((8,), receptive_fields=2, random_state=0).fit(table, y)
    assert model.score(table, y) == 1


@pytest.mark.parametrize("value", [0, 3, 5, -1, 2.0, "many"])
def test_bad_input(value):
    with pytest.raises(ValueError, match="receptive_fields"):
        STDPClassifier(receptive_fields=value).fit(X, Y)
