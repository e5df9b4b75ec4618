import inspect

import numba
import numpy as np
import oracle
import pytest
from compiled import EVERYBODY, by_the_rule
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit

from skstdp import BPClassifier, STDPClassifier, stdp_curve, stdp_update
from skstdp._kernels._arrays import Backpropagation, Labels, Nonzeros, RuleScratch, STDPRule
from skstdp._kernels._stdp import stdp_updates
from skstdp._networks._associations import output_associations


def random_layer(seed=0, n_samples=1, n_pre=40, n_post=30, dtype=np.float64):
    rng = np.random.default_rng(seed)
    pre = rng.random((n_samples, n_pre)).astype(dtype)
    post = rng.random((n_samples, n_post)).astype(dtype)
    association = rng.choice([-1.0, 1.0], (n_samples, n_post)).astype(dtype)
    return pre, post, association


@pytest.mark.parametrize("stdp_epsilon", [1e-9, 1e-3, 0.1])
def test_each_synapse_equals_the_formula_as_printed(stdp_epsilon):
    pre, post, association = random_layer()
    coef_update, intercept_update = stdp_update(pre, post, association, stdp_epsilon=stdp_epsilon)
    expected = oracle.stdp_update(pre, post, association, stdp_epsilon)
    assert_allclose(coef_update, expected[0], rtol=1e-12)
    assert_allclose(intercept_update, expected[1], rtol=1e-12)


@pytest.mark.parametrize("rate", [1e-300, 1e-12, 1e-4, 0.5, 1 - 1e-12, 1.0])
def test_silent_and_saturated_units_keep_all_digits(rate):
    pre, post, association = random_layer(n_post=1)
    post[:] = rate
    for association[:] in (1, -1):
        coef_update, _ = stdp_update(pre, post, association, stdp_epsilon=1e-3)
        expected, _ = oracle.stdp_update(pre, post, association, 1e-3)
        assert_allclose(coef_update, expected, rtol=1e-12)


def test_sum_over_samples():
    pre, post, association = random_layer(n_samples=50, n_pre=7, n_post=5)
    coef_update, intercept_update = stdp_update(pre, post, association, stdp_epsilon=1e-2)
    expected = oracle.stdp_update(pre, post, association, 1e-2)
    assert_allclose(coef_update, expected[0], rtol=1e-12, atol=1e-13)
    assert_allclose(intercept_update, expected[1], rtol=1e-12, atol=1e-13)


def test_at_the_pole_only_epsilon_is_left_in_the_denominator():
    coef_update, _ = stdp_update([[0.5]], [[0.25]], [[1.0]], stdp_epsilon=1e-9)
    assert_allclose(coef_update, [[0.5**3 * 0.25 * 0.25 / 1e-9]], rtol=1e-12)


def test_zero_pre_synaptic_rate_contributes_exactly_nothing():
    pre, post, association = random_layer(n_samples=20)
    pre[:, ::2] = 0
    coef_update, _ = stdp_update(pre, post, association, stdp_epsilon=1e-9)
    assert_array_equal(coef_update[::2], 0)
    assert (coef_update[1::2] != 0).all()


@pytest.mark.parametrize("n_pre", [7, 40, 150])
@pytest.mark.parametrize("n_learners", [0, 1, 3, 10, 99])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_units_that_do_not_learn_change_nothing_for_those_that_do(n_learners, n_pre, dtype):
    """Few learners are visited one by one and many in whole rows, with the same result."""
    pre, post, association = random_layer(n_samples=20, n_pre=n_pre, n_post=100, dtype=dtype)
    rng = np.random.default_rng(1)
    for row in association:
        row[rng.permutation(100)[n_learners:]] = 0
    updates = stdp_update(pre, post, association, stdp_epsilon=1e-2)
    expected = oracle.stdp_update(*(a.astype(float) for a in (pre, post, association)), 1e-2)
    for update, exact in zip(updates, expected, strict=True):
        scale = np.abs(exact).max()
        assert_allclose(
            update, exact, rtol=0, atol=scale * (1e-5 if dtype == np.float32 else 1e-13)
        )
        assert_array_equal(update[..., ~association.any(axis=0)], 0)


@pytest.mark.parametrize("n_learners", [1, 2, 20])
@pytest.mark.parametrize("n_post", [16, 40, 65])
def test_skipping_rates_of_zero_changes_nothing(n_post, n_learners):
    """Units fill one vector of sixteen, or two or four and some are left over."""
    pre, post, _ = random_layer(n_samples=9, n_pre=25, n_post=n_post)
    rng = np.random.default_rng(1)
    pre[rng.random(pre.shape) < 0.7] = 0
    pre[4] = 0
    rates = [pre, post, rng.random((9, 2))]
    codes = [rng.choice([-1.0, 1.0], (2, n)) for n in (n_post, 2)]
    codes[0][:, rng.permutation(n_post)[n_learners:]] = 0
    y, weight = rng.integers(2, size=9), rng.random(9)
    for skip in (False, True):
        updates = by_the_rule(rates, y, weight, codes, stdp_epsilon=1e-2, skip=skip)
        for layer, (coef_update, intercept_update) in enumerate(updates):
            association = codes[layer][y] * weight[:, np.newaxis]
            expected = oracle.stdp_update(*rates[layer : layer + 2], association, 1e-2)
            assert_allclose(coef_update, expected[0], rtol=1e-12, atol=1e-14)
            assert_allclose(intercept_update, expected[1], rtol=1e-12, atol=1e-14)


def test_float32_stays_float32_and_close():
    arrays = random_layer(n_samples=30, dtype=np.float32)
    coef_update, intercept_update = stdp_update(*arrays, stdp_epsilon=1e-2)
    assert coef_update.dtype == intercept_update.dtype == np.float32
    expected = oracle.stdp_update(*(a.astype(float) for a in arrays), 1e-2)
    # Relative to the largest update: near the pole a rate's last digit already moves the result.
    assert_allclose(coef_update, expected[0], rtol=0, atol=1e-5 * np.abs(expected[0]).max())
    assert_allclose(intercept_update, expected[1], rtol=0, atol=1e-5 * np.abs(expected[1]).max())


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
def test_the_loop_compiles_once_a_dtype_whatever_it_is_given():
    from skstdp._kernels import UPDATES, one_stdp_layer

    rng = np.random.default_rng(0)
    for dtype in (np.float64, np.float32):
        X = rng.random((40, 3)).astype(dtype)
        X.flags.writeable = False
        for classifier in (STDPClassifier, BPClassifier):
            for settings in (
                {},
                {"adversarial_epsilon": 0.1 if classifier is BPClassifier else 0.0},
                {"receptive_fields": 4, "learning_rate": "constant", "shuffle": False},
                {"hidden_layer_sizes": ()},
            ):
                for n_classes in (2, 3):
                    model = classifier(max_iter=2, **settings).fit(X, np.arange(40) % n_classes)
                    model.partial_fit(X[::-1], np.arange(40) % n_classes)
        for feedback in ("random", "direct", "sign", "sign-random"):
            for hidden in ((), (3,), (4, 3)):
                BPClassifier(hidden, feedback=feedback, max_iter=2).fit(X, np.arange(40) % 2)
        STDPClassifier(max_iter=2, winner_handicap=0, winner_margin=1, positive_winners=3).fit(
            X, np.arange(40) % 2
        )
        stdp_update(X, X, X)
    for kind in (STDPRule, Backpropagation):
        assert len(UPDATES[kind].epochs.signatures) == 2
    assert len(one_stdp_layer.signatures) <= 2 + 2


def test_two_two_one_network_by_hand():
    """One sample of class 1 through a 2-2-1 network, every number worked on paper.

    Rates (0.8, 0.5) -> hidden (0.5, 0.2) -> output 0.25, hidden associations (+1, -1) for class
    1, output +1, epsilon 0.01:

        w_11 = + 0.512 * 0.5 * 0.3  / (0.2^2 + 0.01)     = 0.0768    / 0.05   = 1.536
        w_12 = - 0.512 * 0.2 * 0.6  / (0.4^2 + 0.01)     = -0.06144  / 0.17   = -0.3614117647
        w_21 = + 0.125 * 0.5 * 0    / (0.5^2 + 0.01)     = 0
        w_22 = - 0.125 * 0.2 * 0.3  / (0.1^2 + 0.01)     = -0.0075   / 0.02   = -0.375
        b_1  = + 1 * 0.5 * 0.5      / (0^2 + 0.01)       = 0.25      / 0.01   = 25
        b_2  = - 1 * 0.2 * 0.8      / (0.6^2 + 0.01)     = -0.16     / 0.37   = -0.4324324324
        v_1  = + 0.125 * 0.25 * 0.25 / (0^2 + 0.01)      = 0.0078125 / 0.01   = 0.78125
        v_2  = + 0.008 * 0.25 * -0.05 / (0.3^2 + 0.01)   = -0.0001   / 0.1    = -0.001
        c    = + 1 * 0.25 * 0.75    / (0.5^2 + 0.01)     = 0.1875    / 0.26   = 0.7211538462
    """
    rates = [np.array([[0.8, 0.5]]), np.array([[0.5, 0.2]]), np.array([[0.25]])]
    associations = [np.array([[-1.0, 1.0], [1.0, -1.0]]), np.array([[-1.0], [1.0]])]
    updates = by_the_rule(rates, np.array([1]), np.array([1.0]), associations, stdp_epsilon=0.01)
    assert_allclose(updates[0][0], [[1.536, -0.36141176470588], [0, -0.375]], rtol=1e-12)
    assert_allclose(updates[0][1], [25, -0.43243243243243], rtol=1e-12)
    assert_allclose(updates[1][0], [[0.78125], [-0.001]], rtol=1e-12)
    assert_allclose(updates[1][1], [0.72115384615385], rtol=1e-12)


class TestLocality:
    """A synapse's update depends on its own two rates and its association, on nothing else."""

    def activities(self, rng):
        return [
            rng.random((6, 5)),
            rng.random((6, 4)),
            rng.random((6, 3)),
            expit(rng.normal(size=(6, 1))),
        ]

    y = np.array([0, 1, 0, 1, 1, 0])

    def codes(self, rng):
        return [rng.choice([-1.0, 1.0], (2, n)) for n in (4, 3, 1)]

    def other_neighbours(self, layer, i, j):
        """Two networks that have nothing in common but what synapse i, j of the layer sees."""
        rng = np.random.default_rng(layer)
        before, after = self.activities(rng), self.activities(rng)
        codes, other_codes = self.codes(rng), self.codes(rng)
        after[layer][:, i] = before[layer][:, i]
        after[layer + 1][:, j] = before[layer + 1][:, j]
        other_codes[layer][:, j] = codes[layer][:, j]
        return (before, codes), (after, other_codes)

    def updates(self, activities, associations, winners=EVERYBODY, margin=None, weight=None):
        weight = np.full(6, 1 / 6) if weight is None else weight
        settings = {"stdp_epsilon": 1e-3, "winners": winners, "margin": margin}
        return by_the_rule(activities, self.y, weight, associations, **settings)

    @pytest.mark.parametrize("layer", [0, 1, 2])
    def test_nothing_else_matters(self, layer):
        i, j = 1, 0
        network, other = self.other_neighbours(layer, i, j)
        coef, intercept = self.updates(*network)[layer]
        other_coef, other_intercept = self.updates(*other)[layer]
        assert coef[i, j] == other_coef[i, j]
        assert intercept[j] == other_intercept[j]
        neighbours = np.ones(coef.shape, dtype=bool)
        neighbours[i, j] = False
        assert (coef != other_coef)[neighbours].all()

    def test_outputs_that_match_probabilities_see_the_rates_of_their_own_layer(self):
        """And the rate of the synapse's input, and the class: two networks share nothing else."""
        rng = np.random.default_rng(0)
        first, second = ([rng.random((6, n)) for n in (5, 4, 3)] for _ in range(2))
        second[-1] = first[-1]
        second[-2][:, 1] = first[-2][:, 1]
        y, weight = np.array([0, 1, 2, 0, 1, 2]), np.full(6, 1 / 6)
        outputs = output_associations(3, 3, np.float64)
        updates = [
            by_the_rule(
                rates,
                y,
                weight,
                [rng.choice([-1.0, 1.0], (3, 4)), outputs],
                stdp_epsilon=1e-3,
                outputs_match=True,
            )[-1]
            for rates in (first, second)
        ]
        (coef, intercept), (other_coef, other_intercept) = updates
        assert_array_equal(coef[1], other_coef[1])
        assert_array_equal(intercept, other_intercept)
        assert (coef != other_coef)[[0, 2, 3]].all()

    def test_under_competition_a_winner_learns_by_its_own_rates(self):
        """What the neighbours do decides whether a unit learns, and not what it learns."""
        rng = np.random.default_rng(0)
        activities = self.activities(rng)
        codes = self.codes(rng)
        for layer in range(1, 3):
            activities[layer][:, 0] = 0.99
        free, _ = zip(*self.updates(activities, codes), strict=True)
        contested, _ = zip(*self.updates(activities, codes, (1, 1)), strict=True)
        for layer in range(2):
            # Samples are summed by twos, and which two depends on who else learns.
            assert_allclose(contested[layer][:, 0], free[layer][:, 0], rtol=1e-13)
            assert (contested[layer][:, 1:] != free[layer][:, 1:]).any()
        assert_array_equal(contested[2], free[2])

    @pytest.mark.parametrize("layer", [0, 1, 2])
    def test_under_a_margin_nothing_else_matters_to_a_unit_that_learns(self, layer):
        """Sample by sample: its neighbours decide whether it learns, and not what."""
        i, j = 1, 0
        network, other = self.other_neighbours(layer, i, j)
        learning = []
        for weight in np.eye(6):
            coef, intercept = self.updates(*network, weight=weight)[layer]
            assert coef[i, j] != 0
            for each in (network, other):
                taught, taught_bias = self.updates(*each, EVERYBODY, 0.05, weight)[layer]
                learning.append(taught[i, j] != 0)
                if learning[-1]:
                    assert taught[i, j] == coef[i, j]
                    assert taught_bias[j] == intercept[j]
                else:
                    assert not taught.any()
                    assert not taught_bias.any()
        # Of the same samples, one and the same unit may learn from one in one network alone.
        learning = np.reshape(learning, (6, 2))
        assert learning.any(axis=0).all()
        assert not learning.all()

    @pytest.mark.parametrize("winners", [EVERYBODY, (1, 1)])
    def test_under_a_margin_a_sample_teaches_as_without_it_or_not_at_all(self, winners):
        """Bit for bit. The lead of a layer decides for this layer alone."""
        rng = np.random.default_rng(0)
        activities, codes, margin = self.activities(rng), self.codes(rng), 0.2
        updates = self.updates(activities, codes, winners, margin)
        for layer, post in enumerate(activities[1:]):
            leads = [oracle.lead(*row) for row in zip(post, codes[layer][self.y], strict=True)]
            unsure = np.less(leads, margin)
            assert 0 < unsure.sum() < 6
            free = self.updates(activities, codes, winners, None, unsure / 6)[layer]
            for update, expected in zip(updates[layer], free, strict=True):
                assert_array_equal(update, expected)
                assert update.any()

    def test_the_rule_is_not_given_weights_or_errors(self):
        signature = inspect.signature(getattr(stdp_updates, "py_func", stdp_updates))
        assert list(signature.parameters) == [
            "inputs",
            "nonzeros",
            "labels",
            "layer_sizes",
            "rates",
            "rule",
            "scratch",
            "updates",
        ]
        assert Labels._fields == ("y", "weight")
        assert Nonzeros._fields == ("skip", "starts", "columns")
        fixed = ["codes", "stdp_epsilon", "competes", "matches_probabilities", "n_winners"]
        fixed += ["handicap", "margins"]
        assert list(STDPRule._fields) == [*fixed, "win_rates"]
        assert set(RuleScratch._fields) == {
            "association",
            "competition",
            "rows",
            "ends",
            "learners",
            "block",
        }


def test_sign_turns_where_the_post_synaptic_unit_outpaces_the_pre_synaptic():
    below, _ = stdp_update([[0.5]], [[0.4]], [[1.0]])
    at, _ = stdp_update([[0.5]], [[0.5]], [[1.0]])
    above, _ = stdp_update([[0.5]], [[0.6]], [[1.0]])
    assert below > 0
    assert at == 0
    assert above < 0


def test_curve_is_the_rule_in_terms_of_spike_times():
    """Equation 6 at T_pre = 1/x, T_post = 1/p equals equation 7 at x and p."""
    rng = np.random.default_rng(0)
    x, p = rng.uniform(0.1, 1, (2, 50))
    for one_x, one_p in zip(x, p, strict=True):
        expected = oracle.stdp_synapse(one_x, one_p, 1, 0)
        assert_allclose(stdp_curve(1 / one_p - 1 / one_x, 1 / one_x), expected, rtol=1e-9)


def test_corrected_curve_has_the_higher_peak_after_the_spike():
    delta_t = np.linspace(-0.9, 0.9, 181)
    corrected = stdp_curve(delta_t)
    printed = stdp_curve(delta_t, corrected=False)
    assert corrected.max() > -corrected.min()
    assert printed.max() < -printed.min()
    assert np.isinf(stdp_curve(1.0))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pre": [[1.5]]}, r"Got pre=.*1\.5.* expected rates in \[0, 1\]"),
        ({"pre": [[0.5, -2.0, 1.5]]}, r"Got pre=.*-2\.0.* expected rates in \[0, 1\]"),
        ({"post": [[-0.1]]}, r"Got post=.*-0\.1.* expected rates in \[0, 1\]"),
        ({"pre": [[np.nan]]}, "contains NaN"),
        ({"association": [[1.0, 1.0]]}, r"association of shape \(1, 2\)"),
        ({"pre": [[0.5], [0.5]]}, "inconsistent numbers of samples"),
        ({"stdp_epsilon": 0.0}, "stdp_epsilon"),
        ({"stdp_epsilon": -1.0}, "Got stdp_epsilon=-1.0, but expected a finite number > 0"),
        ({"stdp_epsilon": np.nan}, "stdp_epsilon"),
        ({"stdp_epsilon": np.inf}, "stdp_epsilon"),
    ],
)
def test_bad_input(change, message):
    good = {"pre": [[0.5]], "post": [[0.5]], "association": [[1.0]], "stdp_epsilon": 1e-9}
    with pytest.raises(ValueError, match=message):
        stdp_update(**good | change)


@pytest.mark.parametrize(("x", "p"), [(0.5, 0.25), (0.75, 0.5)], ids=["weight", "bias"])
def test_an_update_that_is_not_finite_is_an_error(x, p):
    """At the pole of the one or of the other, each divides by stdp_epsilon."""
    message = r"Got stdp_epsilon=1e-320 and associations of up to 3, .* finite in float64"
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=message):
        stdp_update([[x]], [[p]], [[-3.0]], stdp_epsilon=1e-320)


def test_stdp_epsilon_is_that_of_the_paper_by_default():
    arrays = random_layer(n_pre=3, n_post=2)
    assert_array_equal(stdp_update(*arrays)[0], stdp_update(*arrays, stdp_epsilon=1e-9)[0])


def test_both_equations_of_the_curve_by_hand():
    """1 / (4 (2 - 1)^2) and 1 / (4 (2 + 1)^2)."""
    assert_allclose(stdp_curve([1.0], 2.0), [1 / 4])
    assert_allclose(stdp_curve([1.0], 2.0, corrected=False), [1 / 36])


def test_curve_needs_a_positive_spike_time():
    with pytest.raises(ValueError, match="t_pre"):
        stdp_curve([0.1], t_pre=0.0)
    with pytest.raises(TypeError, match="t_pre"):
        stdp_curve([0.1], t_pre="soon")
