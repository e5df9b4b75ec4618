import inspect
import itertools
import math
import pickle
import time

import numba
import numpy as np
import pandas as pd
import pytest
from callable_kernels import from_python
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix
from sklearn.base import clone

from skstdp import (
    BPClassifier,
    LocalRuleClassifier,
    STDPClassifier,
    load_model,
    save_model,
)
from skstdp._kernels import LEARN_BY_NAME
from skstdp._kernels._arrays import Labels, STDPRule
from skstdp._kernels._competition import competition_scratch
from skstdp._kernels._rules import associations, rule_scratch
from skstdp._networks._rules import RULES


def equation_3(pre, post, association):
    pole = (2 * post - pre) ** 2 + 0.1
    return association * pre**3 * post * (pre - post) / pole


def bcm(pre, post, association, mean_square):
    return association * pre * post * (post - mean_square)


# As the documentation prints them: of arrays, and of the numbers of one synapse.
FORMULAS = {
    "stdp": equation_3,
    "stdp-symmetric": lambda x, p, z: z * x * p * (x - p),
    "hebb": lambda x, p, z: z * x * p,
    "oja": lambda x, p, z: z * p * (x - p),
    "bcm": bcm,
    "contrastive": lambda x, p, z: abs(z) * x * ((z > 0) - p),
}

every_rule = pytest.mark.parametrize("rule", FORMULAS)


def number_of_arguments(formula):
    return len(inspect.signature(formula).parameters)


def naive_update(formula, pre, post, association, weight):
    """Weights and biases of one layer, one synapse and sample at a time."""
    n_samples, n_pre = pre.shape
    update = np.zeros((n_pre + 1, post.shape[1]))
    for j in range(post.shape[1]):
        mean_square = sum(weight[s] * post[s, j] ** 2 for s in range(n_samples))
        for s in range(n_samples):
            if association[s, j] == 0:
                continue
            for i in range(n_pre + 1):
                x = pre[s, i] if i < n_pre else 1.0
                numbers = [x, post[s, j], association[s, j], mean_square]
                change = formula(*numbers[: number_of_arguments(formula)])
                update[i, j] += weight[s] * change
    return update


def updates_of(rule, rates, layers_of_associations, weight):
    """Updates of each layer by a compiled rule: biases are the last row."""
    inputs, *layers = rates
    sizes = [layer.shape[1] for layer in rates]
    scratch = rule_scratch(len(inputs), sizes, inputs.dtype)
    scratch.association[:] = np.concatenate([z.ravel() for z in layers_of_associations])
    shapes = [(n + 1, m) for n, m in itertools.pairwise(sizes)]
    updates = np.empty(sum(n * m for n, m in shapes), inputs.dtype)
    LEARN_BY_NAME[rule](
        inputs,
        np.array(sizes),
        np.concatenate([layer.ravel() for layer in layers]),
        weight,
        scratch,
        updates,
    )
    ends = np.cumsum([n * m for n, m in shapes])[:-1]
    return [u.reshape(s) for u, s in zip(np.split(updates, ends), shapes, strict=True)]


def random_network(seed, sizes=(5, 40, 3), n_samples=7):
    """Rates, associations of which some are zero, and weights."""
    rng = np.random.default_rng(seed)
    rates = [rng.random((n_samples, n)) for n in sizes]
    given = [rng.choice([-1.5, -1, 0, 1, 0.3], (n_samples, n)) for n in sizes[1:]]
    weight = rng.random(n_samples)
    return rates, given, weight / weight.sum()


class TestUpdates:
    def test_every_name_is_documented_and_compiled(self):
        assert set(RULES) == set(LEARN_BY_NAME) == set(FORMULAS)
        for name in RULES:
            assert f'"{name}"    ' in inspect.getdoc(LocalRuleClassifier)

    @every_rule
    def test_naive_loop(self, rule):
        rates, given, weight = random_network(0)
        for layer, update in enumerate(updates_of(rule, rates, given, weight)):
            expected = naive_update(
                FORMULAS[rule], rates[layer], rates[layer + 1], given[layer], weight
            )
            assert_allclose(update, expected, rtol=1e-12, atol=1e-15)

    @pytest.mark.parametrize(
        ("rule", "change", "of_bias"),
        [
            # x = 0.8, p = 0.2, Z = -2 and a second sample of the unit with p = 0.6 but Z = 0,
            # both of weight 1/2.
            ("stdp", -(0.512 * 0.2 * 0.6) / (0.16 + 0.1), -(0.2 * 0.8) / (0.36 + 0.1)),
            ("stdp-symmetric", -0.8 * 0.2 * 0.6, -0.2 * 0.8),
            ("hebb", -0.8 * 0.2, -0.2),
            ("oja", -0.2 * 0.6, -0.2 * 0.8),
            ("bcm", -0.8 * 0.2 * (0.2 - 0.2), -0.2 * (0.2 - 0.2)),  # (0.04 + 0.36) / 2
            ("contrastive", 0.8 * (0 - 0.2), 0 - 0.2),
        ],
    )
    def test_by_hand(self, rule, change, of_bias):
        rates = [np.array([[0.8], [0.5]]), np.array([[0.2], [0.6]])]
        association, weight = [np.array([[-2.0], [0.0]])], np.array([0.5, 0.5])
        (update,) = updates_of(rule, rates, association, weight)
        assert_allclose(update, [[change], [of_bias]], rtol=1e-12, atol=1e-17)

    @every_rule
    def test_a_weight_of_three_is_three_copies(self, rule):
        rates, given, _ = random_network(1)
        copies = [0, 0, 0, 1, 2, 3, 4, 5, 6]
        once = updates_of(rule, rates, given, np.array([3, 1, 1, 1, 1, 1, 1]) / 9)
        thrice = updates_of(
            rule,
            [layer[copies] for layer in rates],
            [z[copies] for z in given],
            np.full(9, 1 / 9),
        )
        for one, other in zip(once, thrice, strict=True):
            assert_allclose(one, other, rtol=1e-12, atol=1e-15)

    @every_rule
    def test_by_name_and_of_arrays(self, rule, iris):
        self.check(rule, FORMULAS[rule], np.float64, iris)

    def test_in_float32(self, iris):
        self.check("bcm", FORMULAS["bcm"], np.float32, iris)

    @pytest.mark.process  # compiles
    @pytest.mark.parametrize(
        ("rule", "dtype"), [("bcm", np.float64), ("contrastive", np.float32)], ids=str
    )
    def test_by_name_and_compiled(self, rule, dtype, iris):
        self.check(rule, numba.njit(FORMULAS[rule]), dtype, iris)

    def test_by_name_and_as_universal_function(self, iris):
        self.check("oja", numba.vectorize(FORMULAS["oja"]), np.float64, iris)

    def check(self, name, function, dtype, iris):
        X, y = iris[0].astype(dtype), iris[1]
        model = LocalRuleClassifier((7, 6), rule=name, max_iter=5, batch_size=40, random_state=0)
        other = clone(model).set_params(rule=function).fit(X, y)
        assert {array.dtype for array in parameters(other)} == {np.dtype(dtype)}
        assert_same_network(other, model.fit(X, y), 1e-12 if dtype == np.float64 else 1e-4)


def parameters(model):
    return [*model.coefs_, *model.intercepts_]


def assert_same_network(model, other, tolerance=0.0):
    for mine, its in zip(parameters(model), parameters(other), strict=True):
        assert_allclose(mine, its, rtol=tolerance, atol=tolerance)


COMPETITIONS = [
    {},
    {"positive_winners": 1.0, "negative_winners": 1.0, "winner_margin": None},
    {"probability_matching": False, "hidden_layer_sizes": (20, 10)},
]


@pytest.mark.parametrize("settings", COMPETITIONS, ids=str)
@pytest.mark.parametrize("rule", ["stdp", equation_3], ids=["name", "arrays"])
def test_equation_3_reaches_the_weights_of_stdp(rule, settings, iris):
    X, y = iris
    weight = np.random.default_rng(0).random(len(y))
    model = LocalRuleClassifier(rule=rule, random_state=0, max_iter=40, **settings)
    twin = STDPClassifier(random_state=0, max_iter=40, **settings)
    assert_same_network(model.fit(X, y, weight), twin.fit(X, y, weight), 1e-12)
    assert_allclose(model.loss_curve_, twin.loss_curve_, rtol=1e-12)
    assert model.accuracy_curve_ == twin.accuracy_curve_


def test_equation_3_on_images(digits):
    X, y = digits
    model = LocalRuleClassifier(rule=equation_3, random_state=0, max_iter=3).fit(X, y)
    assert_same_network(model, STDPClassifier(random_state=0, max_iter=3).fit(X, y), 1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("compiled", "limit"), [(False, 10), (True, 3)])
def test_time(compiled, limit, digits):
    rule = numba.njit(equation_3) if compiled else equation_3
    models = [
        LocalRuleClassifier(rule=rule, random_state=0, max_iter=10),
        STDPClassifier(random_state=0, max_iter=10),
    ]
    seconds = []
    for model in models:
        model.fit(*digits)
        runs = []
        for _ in range(3):
            start = time.perf_counter()
            model.fit(*digits)
            runs.append(time.perf_counter() - start)
        seconds.append(min(runs))
    assert seconds[0] <= limit * seconds[1]


class TestLocality:
    """A synapse's update depends on its own two rates and its association, on nothing else."""

    @every_rule
    @pytest.mark.parametrize("layer", [0, 1])
    def test_nothing_else_matters(self, rule, layer):
        i, j = 1, 2
        before, given, weight = random_network(layer)
        after, others, _ = random_network(layer + 10)
        after[layer][:, i] = before[layer][:, i]
        after[layer + 1][:, j] = before[layer + 1][:, j]
        others[layer][:, j] = given[layer][:, j]
        update = updates_of(rule, before, given, weight)[layer]
        other = updates_of(rule, after, others, weight)[layer]
        assert update[i, j] == other[i, j]
        assert update[-1, j] == other[-1, j]
        neighbours = np.ones(update.shape, dtype=bool)
        neighbours[[i, -1], j] = False
        assert (update != other)[neighbours].all()

    def test_associations_come_from_the_layer_and_the_class(self):
        """Which unit learns does not depend on the layers below and above."""
        rng = np.random.default_rng(0)
        sizes, y = np.array([4, 9, 8, 3]), np.array([0, 1, 2, 0, 1])
        labels, n = Labels(y, np.full(5, 0.2)), len(y)
        rule = STDPRule(
            rng.choice([-1.0, 1.0], (3, 20)),
            0.0,
            np.array([True, True, False]),
            True,
            np.full((2, 2, 3), 2),
            0.0,
            np.array([0.9, 0.9, np.inf]),
            np.zeros(20),
        )
        networks = [[rng.random((n, m)) for m in sizes[1:]] for _ in range(2)]
        networks[1][1] = networks[0][1]
        found = []
        for layers in networks:
            association = np.empty(n * 20)
            from_python(associations)(
                labels,
                sizes,
                np.concatenate([layer.ravel() for layer in layers]),
                rule,
                competition_scratch(9, np.float64),
                association,
            )
            found.append(np.split(association, [n * 9, n * 17]))
        assert_array_equal(found[0][1], found[1][1])
        assert (found[0][0] != found[1][0]).any()
        assert (found[0][2] != found[1][2]).any()

    @every_rule
    def test_weights_above_do_not_matter(self, rule, iris):
        model = LocalRuleClassifier((8,), rule=rule, random_state=0)
        self.check(model, iris, is_local=True)

    def test_to_backpropagation_they_do(self, iris):
        """The test above can fail."""
        self.check(BPClassifier((8,), random_state=0), iris, is_local=False)

    def check(self, model, iris, is_local):
        X, y = iris
        X, y = X[::3], y[::3]
        model.set_params(batch_size=50, shuffle=False, warm_start=True, max_iter=1)
        model.partial_fit(X, y, classes=[0, 1, 2])
        other = pickle.loads(pickle.dumps(model))
        other.coefs_[1] = -other.coefs_[1]
        kept = model.coefs_[1].copy()
        for each in (model, other):
            each.partial_fit(X, y)
        assert np.array_equal(model.coefs_[0], other.coefs_[0]) == is_local
        assert np.array_equal(model.intercepts_[0], other.intercepts_[0]) == is_local
        assert (model.coefs_[1] != kept).any()

    @every_rule
    def test_a_rule_is_not_given_weights_or_errors(self, rule):
        learn = LEARN_BY_NAME[rule]
        signature = inspect.signature(getattr(learn, "py_func", learn))
        given = ["inputs", "layer_sizes", "rates", "weight", "scratch", "updates"]
        assert list(signature.parameters) == given
        signature = inspect.signature(getattr(associations, "py_func", associations))
        given = ["labels", "layer_sizes", "rates", "rule", "competition", "association"]
        assert list(signature.parameters) == given
        assert Labels._fields == ("y", "weight")

    def test_a_function_is_given_rates_and_associations_of_the_pairs_that_learn(self, iris):
        seen = []

        def rule(pre, post, association, mean_square):
            seen.append((pre, post, association, mean_square))
            return association * pre * post

        model = LocalRuleClassifier((9,), rule=rule, random_state=0)
        model.partial_fit(*iris, classes=[0, 1, 2])
        for pre, post, association, mean_square in seen[13:]:
            assert len(pre) == len(post) == len(association) == len(mean_square)
            assert post.shape[1] == association.shape[1] == mean_square.shape[1] == 1
            assert pre.min() >= 0
            assert pre.max() == 1
            assert (pre[:, -1] == 1).all()
            assert (association != 0).all()
            assert ((post > 0) & (post < 1)).all()
            assert ((mean_square > 0) & (mean_square < 1)).all()
        widths = {pre.shape[1] for pre, *_ in seen[13:]}
        assert widths == {len(coef) + 1 for coef in model.coefs_}


def not_finite_at_zero(pre, post, association):
    with np.errstate(all="ignore"):
        return association * post / pre


def writing(pre, post, association):
    pre *= post
    post[:] = 7
    association *= pre.mean()
    pre /= pre.mean()
    return pre


def in_place(pre, post, association):
    pre *= post
    post[:] = 7
    pre *= association
    association[:] = 0
    return pre


def test_a_rule_may_write_to_its_arguments(iris):
    """To those of others it cannot: not to those of the next fit, nor to the rates."""
    for _ in range(2):
        by_hebb, written = (
            LocalRuleClassifier((6, 4), rule=rule, max_iter=5, random_state=0).fit(*iris)
            for rule in (FORMULAS["hebb"], in_place)
        )
        for mine, other in zip(by_hebb.coefs_, written.coefs_, strict=True):
            assert_allclose(mine, other, rtol=1e-12, atol=1e-13)


def test_a_rule_that_writes_is_tried_on_what_it_is_said_to_be(iris):
    for _ in range(2):
        with pytest.raises(ValueError, match=r"for pre=0.13, post=0.07 and association=1.0, and"):
            LocalRuleClassifier(rule=writing).fit(*iris)


class OfWrongShapeLater:
    """Returns one row only, after some calls."""

    n_left = 20

    def __call__(self, pre, post, association):
        self.n_left -= 1
        return (association * pre * post)[: None if self.n_left > 0 else 1]


class TestBadRules:
    @pytest.mark.parametrize(
        ("rule", "message"),
        [
            ("heb", r"Got rule='heb', but expected one of 'bcm', .* Did you mean 'hebb'\?"),
            ("", r"Got rule='', but expected one of 'bcm', .*association\)\.$"),
            (
                lambda pre, post: pre * post,
                r"rule=<.*> with other arguments, but expec",
            ),
            (lambda a, b, c, d, e: a, "with other arguments, but expected a function rule"),
            (lambda *, pre, post, association: pre, "with other arguments"),
            (np.add, "with other arguments"),
            (numba.njit(lambda pre, post: pre * post), "with other arguments"),
            (lambda x, p, z: z * p, r"returned shape \(4, 1\) for pre of shape \(4, 3\) and post"),
            (lambda x, p, z: (z * p).T @ x, r"returned shape \(1, 3\) .* expected .* \(4, 3\)"),
            (lambda x, p, z: (x * p)[:, :, None], r"returned shape \(4, 3, 1\)"),
            (lambda x, p, z: None, "returned a NoneType .* expected an array of shape"),
            (lambda x, p, z: 0.5, "returned a float"),
            (lambda x, p, z: pd.DataFrame(z * x), "returned a DataFrame for pre"),
            (math.hypot, "with other arguments, but expected a function rule"),
            (lambda x, p, z: x * p * 1j, "numbers of type complex128, but expected real numbers"),
            (lambda x, p, z: x.astype(str), "numbers of type <U"),
            (lambda x, p, z: x * p / p.sum(), "for the same among other synapses, .* one synapse"),
            (lambda x, p, z: x - x.mean(axis=1, keepdims=True), "expected a rule of one synapse"),
            (lambda x, p, z: np.random.random_sample(x.shape), "nor on chance"),
            (lambda x, p, z: np.full_like(x, np.inf), "returned inf for pre=0.13, post=0.07 and"),
            (lambda x, p, z: x * np.nan, "returned nan for pre=0.13, .* expected finite numbers"),
            (lambda x, p, z: x + "1", "which raised .*Error: .* Expected a function rule"),
            (lambda x, p, z: x if p > 0.5 else z * x, r"which raised ValueError: .* numpy\.where"),
            (numba.njit(lambda x, p, z: (x, p)), "which raised .* of numbers, as it is compiled"),
            (numba.njit(lambda x, p, z: x * p + 1j), "which raised TypeError"),
        ],
    )
    @pytest.mark.parametrize("method", ["fit", "partial_fit"])
    def test_before_any_work(self, rule, message, method, iris):
        model = LocalRuleClassifier((4,), rule=rule)
        arguments = [[0, 1, 2]] if method == "partial_fit" else []
        with pytest.raises(ValueError, match=message):
            getattr(model, method)(*iris, *arguments)
        assert vars(model) == vars(LocalRuleClassifier((4,), rule=rule))

    def test_of_another_type(self, iris):
        message = "The 'rule' parameter of LocalRuleClassifier must be .* Got 3 instead"
        with pytest.raises(ValueError, match=message):
            LocalRuleClassifier(rule=3).fit(*iris)

    @pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=pytest.mark.process)])
    def test_not_finite_at_rates_of_the_data(self, compiled, iris):
        rule = not_finite_at_zero
        if compiled:
            rule = numba.njit(
                lambda pre, post, association: association * post / pre, error_model="numpy"
            )
        model = LocalRuleClassifier((4,), random_state=0, max_iter=3).fit(*iris)
        before = pickle.dumps(model.set_params(rule=rule).coefs_)
        message = "Got rule=.*, which returned numbers that are not finite"
        for method in (model.fit, model.partial_fit):
            with pytest.raises(ValueError, match=message):
                method(*iris)
            assert pickle.dumps(model.coefs_) == before
            assert model.n_iter_ == 3

    def test_of_wrong_shape_in_the_middle_of_a_fit(self, iris):
        model = LocalRuleClassifier((4,), random_state=0, max_iter=3).fit(*iris)
        before = {name: pickle.dumps(value) for name, value in vars(model).items()}
        rule = OfWrongShapeLater()
        for method in (model.fit, model.partial_fit):
            rule.n_left = 20
            with pytest.raises(ValueError, match=r"Got rule=<.*OfWrong.*returned shape \(1, "):
                method.__self__.set_params(rule=rule).__getattribute__(method.__name__)(*iris)
            after = {name: pickle.dumps(value) for name, value in vars(model).items()}
            assert after.keys() == before.keys()
            assert {name for name in after if after[name] != before[name]} == {"rule"}

    def test_weights_that_grow_without_end_name_the_rule(self, iris):
        model = LocalRuleClassifier((4,), rule="hebb", learning_rate_init=1e308, weight_decay=0)
        with pytest.raises(ValueError, match=r"Got rule='hebb', learning_rate_init=1e\+308"):
            model.fit(*iris)


def test_a_default_of_the_function_is_no_argument(iris):
    def rule(pre, post, association, strength=2.0):
        return strength * association * pre * post

    LocalRuleClassifier((4,), rule=rule, max_iter=1).fit(*iris)


def test_sparse_is_the_same(digits):
    X, y = digits[0][:200], digits[1][:200]
    for rule in ("oja", FORMULAS["oja"]):
        model = LocalRuleClassifier((20,), rule=rule, max_iter=3, random_state=0)
        assert_same_network(clone(model).fit(csr_matrix(X), y), model.fit(X, y))


class TestPersistence:
    @every_rule
    def test_files_of_named_rules(self, rule, iris, tmp_path):
        model = LocalRuleClassifier((4,), rule=rule, max_iter=2, random_state=0).fit(*iris)
        save_model(model, tmp_path / "model.skops")
        loaded = load_model(tmp_path / "model.skops")
        assert loaded.rule == rule
        assert_array_equal(loaded.predict_proba(iris[0]), model.predict_proba(iris[0]))

    def test_pickles_hold_functions_by_reference(self, iris):
        model = LocalRuleClassifier((4,), rule=equation_3, max_iter=2, random_state=0).fit(*iris)
        loaded = pickle.loads(pickle.dumps(model))
        assert loaded.rule is equation_3
        assert_same_network(loaded.partial_fit(*iris), model.partial_fit(*iris))

    def test_files_hold_the_name_of_a_function(self, iris, tmp_path):
        path, name = tmp_path / "model.skops", f"{__name__}.equation_3"
        model = LocalRuleClassifier((4,), rule=equation_3, max_iter=2, random_state=0).fit(*iris)
        with pytest.warns(UserWarning, match=f"Got an estimator with {name}, but expected"):
            save_model(model, path)
        with pytest.raises(ValueError, match=f"with {name}, but expected only types"):
            load_model(path)
        assert load_model(path, trusted=[name]).rule is equation_3

    @pytest.mark.parametrize(
        "rule", [FORMULAS["oja"], numba.njit(equation_3)], ids=["lambda", "numba"]
    )
    def test_files_cannot_hold_other_functions(self, rule, tmp_path):
        message = r"Got estimator\.rule, of type .* a lambda or a compiled function by a plain"
        with pytest.raises(TypeError, match=message):
            save_model(LocalRuleClassifier(rule=rule), tmp_path / "model.skops")
        assert not any(tmp_path.iterdir())
