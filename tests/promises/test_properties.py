"""Any table ends in a right answer, or in an error that names what was wrong and changes nothing.

`python -m pytest -m slow tests/promises/test_properties.py` tries many more tables.
"""

import pickle
import tempfile
import warnings
from fractions import Fraction

import numpy as np
import pandas as pd
import polars as pl
import pytest
from classifiers import CLASSIFIERS
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from skstdp import (
    FGSMScorer,
    GradientMaskingWarning,
    PGDScorer,
    STDPClassifier,
    fgsm,
    pgd,
    stdp_update,
)

quick = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
SLOW_EXAMPLES = 300

every_classifier = pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda c: c.__name__)


# What a table may hold ------------------------------------------------------------------------

FLOAT64 = [0.0, -0.0, 5e-324, 1e-310, 1e-300, 1e-15, 0.5, 1.0, 3.0, 1e15, 1e300, 1.79e308]
FLOAT32 = [0.0, 1e-45, 1e-39, 1e-30, 1e-7, 0.5, 1.0, 3.0, 1e6, 1e30, 3.4e38]


def numbers(dtype):
    magnitudes = st.sampled_from(FLOAT64 if dtype == np.float64 else FLOAT32)
    anything = st.floats(width=8 * dtype().itemsize, allow_nan=False, allow_infinity=False)
    return st.one_of(
        magnitudes, magnitudes.map(lambda x: -x), st.floats(0, 1, width=32), anything
    ).map(dtype)


@st.composite
def features(draw, dtype, n_samples):
    """One feature: of any values, constant, or of values that are close to each other."""
    kind = draw(st.sampled_from(["any", "constant", "small range", "unit"]))
    if kind == "constant":
        return np.full(n_samples, draw(numbers(dtype)))
    if kind == "any":
        return draw(arrays(dtype, n_samples, elements=numbers(dtype)))
    unit = draw(arrays(np.float32, n_samples, elements=st.floats(0, 1, width=32))).astype(dtype)
    if kind == "unit":
        return unit
    scale = dtype(draw(st.sampled_from([1e-30, 1e-12, 1e-6, 1e3, 1e25])))
    return unit * scale + dtype(draw(st.sampled_from([0, 1, -5]))) * scale


@st.composite
def tables(draw, dtypes=(np.float32, np.float64), least_samples=2):
    n_samples = draw(st.integers(least_samples, 10))
    dtype = draw(st.sampled_from(dtypes))
    columns = draw(st.lists(features(dtype, n_samples), min_size=1, max_size=4))
    if draw(st.booleans()):
        columns.append(columns[0])
    return np.column_stack(columns)


@st.composite
def labels(draw, n_samples):
    """Labels of at least two classes, of any type that scikit-learn takes."""
    n_classes = draw(st.integers(2, min(n_samples, 5)))
    y = np.array(
        draw(st.permutations(list(range(n_classes)) + [0] * (n_samples - n_classes))), np.intp
    )
    kinds = {
        "int": np.array([-3, 0, 7, 2**40, 2**62]),
        "uint8": np.arange(5, dtype=np.uint8),
        "float": np.array([-1.0, 0.0, 1.0, 2.0, 1e15]),
        "str": np.array(["", "a", "b", "été", "z" * 50]),
        "object": np.array(["a", "b", "c", "d", "e"], dtype=object),
        "bool": np.array([False, True]),
    }
    kind = draw(st.sampled_from(sorted(kinds)))
    assume(n_classes <= len(kinds[kind]))
    return kinds[kind][y]


WEIGHTS = st.sampled_from([0.0, 5e-324, 1e-300, 1e-45, 0.5, 1.0, 7.0, 1e38, 1e300, 1.7e308])


@st.composite
def weights(draw, n_samples):
    if draw(st.booleans()):
        return None
    weight = draw(arrays(np.float64, n_samples, elements=WEIGHTS))
    assume(weight.any())
    return weight


options = st.fixed_dictionaries(
    {},
    optional={
        "rate_encoding": st.sampled_from(["auto", "minmax"]),
        "receptive_fields": st.sampled_from([1, 2, 4]),
        "hidden_layer_sizes": st.sampled_from([(), 1, (4, 3)]),
        "batch_size": st.integers(1, 2**70),
        "learning_rate": st.sampled_from(["constant", "linear"]),
        "fan_in_scaling": st.booleans(),
        "quiet_start": st.sampled_from([None, 1e-300, 1.0]),
        "adversarial_epsilon": st.sampled_from([1e-300, 0.1, 1.0]),
        "shuffle": st.booleans(),
    },
)


def small(classifier, **parameters):
    settings = {"hidden_layer_sizes": (4,), "max_iter": 2, "random_state": 0} | parameters
    known = classifier().get_params()
    if classifier is STDPClassifier:
        # Refused but for zero.
        del known["adversarial_epsilon"]
    return classifier(**{name: settings[name] for name in settings if name in known})


def memory_mapped(X):
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, dtype=X.dtype, shape=X.shape)
    mapped[:] = X
    return mapped


def strided(X):
    return np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3]


def read_only(X):
    X = X.copy()
    X.flags.writeable = False
    return X


def names_of(X):
    return [f"x{k}" for k in range(X.shape[1])]


LAYOUTS = {
    "C": np.ascontiguousarray,
    "Fortran": np.asfortranarray,
    "reversed": lambda X: X[::-1].copy()[::-1],
    "strided": strided,
    "read-only": read_only,
    "memory-mapped": memory_mapped,
    "other byte order": lambda X: X.astype(X.dtype.newbyteorder()),
    "object": lambda X: X.astype(object),
    "list": lambda X: X.tolist(),
    "pandas": lambda X: pd.DataFrame(X, columns=names_of(X)),
    "polars": lambda X: pl.DataFrame(X, schema=names_of(X)),
}


# What holds for all of them -------------------------------------------------------------------


def check_fitted(model, X, y):
    classes = np.unique(y)
    assert_array_equal(model.classes_, classes)
    for array in model.coefs_ + model.intercepts_:
        assert np.isfinite(array).all()
    assert np.isfinite(model.loss_curve_).all()
    proba, log_proba = model.predict_proba(X), model.predict_log_proba(X)
    assert proba.shape == log_proba.shape == (len(X), len(classes))
    assert ((proba >= 0) & (proba <= 1)).all()
    assert_allclose(proba.sum(axis=1), 1, rtol=1e-5)
    assert (log_proba <= 0).all()
    assert np.isfinite(model.decision_function(X)).all()
    assert np.isin(model.predict(X), classes).all()


def check_rates(model, X):
    """Against the exact rate, to the precision that the numbers of the feature have."""
    rates = model._rates(X)
    limits = np.finfo(X.dtype)
    # A little above one is what rounding in a scaler makes of it.
    if model.rate_encoding == "auto" and X.min() >= 0 and X.max() <= 1 + 512 * limits.eps:
        assert_array_equal(rates, np.minimum(X, 1))
        return
    for column, rate in zip(X.T.astype(float), rates.T, strict=True):
        exact = [Fraction(x) for x in column]
        low, span = min(exact), max(exact) - min(exact)
        size = max(map(abs, exact))
        precision = float(limits.eps) * float(size / span) if span else np.inf
        if precision < 0.1 and span * Fraction(float(limits.max)) > 1:
            expected = [float((x - low) / span) for x in exact]
            assert_allclose(rate, expected, rtol=0, atol=4 * precision)
        else:
            # Constant, up to rounding.
            assert ((rate >= 0) & (rate <= 1)).all()


@every_classifier
@quick
@given(data=st.data())
def test_any_table_is_learnt_from(classifier, data):
    X = data.draw(tables())
    y = data.draw(labels(len(X)))
    weight = data.draw(weights(len(X)))
    if weight is not None:
        assume(len(np.unique(y[weight > 0])) > 1)
    model = small(classifier, **data.draw(options))
    model.fit(X, y, sample_weight=weight)
    counted = slice(None) if weight is None else weight > 0
    check_fitted(model, X, y[counted])
    check_rates(model, X[counted])
    model.partial_fit(X[:1], y[counted][:1])
    check_fitted(model, X, y[counted])


@every_classifier
@quick
@given(data=st.data())
@pytest.mark.filterwarnings("ignore::skstdp.ConstantPredictionWarning")
def test_layout_and_container_change_nothing(classifier, data):
    X = data.draw(tables([np.float64]))
    y = data.draw(labels(len(X)))
    layout = data.draw(st.sampled_from(sorted(LAYOUTS)))
    other = LAYOUTS[layout](X)
    model, twin = (small(classifier).fit(table, y) for table in (X, other))
    assert_same_network(model, twin)
    assert_array_equal(model.predict_proba(X), twin.predict_proba(other))
    score = FGSMScorer(0.1)
    assert score(model, X, y) == score(twin, other, y)


@every_classifier
@quick
@given(data=st.data())
def test_whole_numbers_and_truth_values_are_the_floats_that_they_are(classifier, data):
    dtype = data.draw(st.sampled_from(["?", "i1", "u1", "i2", "u4", "i8", "u8", "f2"]))
    X = data.draw(arrays(dtype, st.tuples(st.integers(2, 8), st.integers(1, 3))))
    assume(np.isfinite(X).all())
    y = np.arange(len(X)) % 2
    model = small(classifier).fit(X, y)
    check_fitted(model, X, y)
    assert_same_network(model, small(classifier).fit(X.astype(np.float64), y))


@every_classifier
@quick
@given(data=st.data())
def test_sparse_tables_are_learnt_from_or_refused(classifier, data):
    X = np.abs(data.draw(tables()))
    X[0] = 0
    y = data.draw(labels(len(X)))
    model = small(classifier, receptive_fields=2).fit(csr_array(X), y)
    check_fitted(model, X, y)
    assert_array_equal(model.predict_proba(csr_array(X)), model.predict_proba(X))
    twin = small(classifier, receptive_fields=2).fit(X, y)
    assert_allclose(model.predict_proba(X), twin.predict_proba(X), rtol=1e-4, atol=1e-6)
    X[-1, 0] = -1
    with pytest.raises(ValueError, match=r"Got a sparse X with .* in feature 0"):
        small(classifier, rate_encoding="minmax").fit(csr_array(X), y)


@every_classifier
@quick
@given(data=st.data())
def test_columns_of_a_frame_are_those_of_fit(classifier, data):
    X = data.draw(tables([np.float64]).filter(lambda X: X.shape[1] > 1))
    y = data.draw(labels(len(X)))
    frame = pd.DataFrame(X, columns=names_of(X))
    model = small(classifier).fit(frame, y)
    names = data.draw(st.permutations(names_of(X)))[: data.draw(st.integers(1, X.shape[1]))]
    assume(names != names_of(X))
    for action in (model.predict, model.predict_proba, model.decision_function):
        with pytest.raises(ValueError, match=r"feature names should match"):
            action(frame[names])
    for attack in (FGSMScorer(0.1), PGDScorer(0.1, n_steps=1, n_restarts=1)):
        with pytest.raises(ValueError, match=r"feature names should match"):
            attack(model, frame[names], y)
    with pytest.raises(ValueError, match=r"feature names should match"):
        model.partial_fit(frame[names], y)


def assert_same_network(model, twin):
    for mine, other in zip(
        model.coefs_ + model.intercepts_, twin.coefs_ + twin.intercepts_, strict=True
    ):
        assert_array_equal(mine, other)


# What is refused ------------------------------------------------------------------------------

NO_NUMBERS = st.sampled_from(
    ["red", "", "1e5x", b"\xff", {}, (), pd.Timestamp(0), 1j, 10**400, object]
)
NO_LABEL = st.sampled_from([None, np.nan, {}, 0.5j])
NO_WEIGHT = st.sampled_from([-1.0, -5e-324, np.nan, np.inf, "heavy"])


def state(model):
    return {name: pickle.dumps(value) for name, value in vars(model).items()}


def refused(model, action, match):
    before = state(model)
    with pytest.raises((TypeError, ValueError), match=match) as error:
        action()
    assert state(model) == before, error.value


@every_classifier
@quick
@given(data=st.data())
def test_one_bad_value_is_named_and_changes_nothing(classifier, data):
    X = data.draw(tables([np.float64]))
    y = np.arange(len(X)) % 2
    model = small(classifier, warm_start=data.draw(st.booleans())).fit(X, y)
    row = data.draw(st.integers(0, len(X) - 1))
    column = data.draw(st.integers(0, X.shape[1] - 1))
    where = data.draw(st.sampled_from(["X", "frame", "missing", "y", "sample_weight"]))
    arguments = {"X": X, "y": y}
    if where == "y":
        arguments["y"] = y.astype(object)
        arguments["y"][row] = data.draw(NO_LABEL)
        match = r"\by\b"
    elif where == "sample_weight":
        value = data.draw(NO_WEIGHT)
        arguments["sample_weight"] = np.ones(
            len(X), dtype=type(value) if value != "heavy" else object
        )
        arguments["sample_weight"][row] = value
        match = "sample_weight"
    elif where == "missing":
        arguments["X"] = X.copy()
        arguments["X"][row, column] = data.draw(st.sampled_from([np.nan, np.inf, -np.inf]))
        match = r"Input X contains (NaN|infinity)"
    else:
        bad = X.astype(object)
        bad[row, column] = data.draw(NO_NUMBERS)
        match = rf"Got .* in column {column} of X"
        if where == "frame":
            bad = pd.DataFrame(bad, columns=names_of(X))
            model = small(classifier).fit(pd.DataFrame(X, columns=names_of(X)), y)
            match = rf"Got .* in column 'x{column}' of X"
        arguments["X"] = bad
    new = small(classifier)
    refused(new, lambda: new.fit(**arguments), match)
    refused(new, lambda: new.partial_fit(**arguments, classes=[0, 1]), match)
    refused(model, lambda: model.fit(**arguments), match)
    refused(model, lambda: model.partial_fit(**arguments), match)
    if where in ("X", "frame", "missing"):
        refused(model, lambda: model.predict_proba(arguments["X"]), match)
        refused(model, lambda: FGSMScorer(0.1)(model, arguments["X"], y), match)


PARAMETER = st.one_of(
    st.floats(),
    st.sampled_from([5e-324, 1e-300, 1e-46, 1e-20, 1e20, 1e39, 1e200, 1.7e308]),
    st.integers(-3, 8),
    st.booleans(),
    st.none(),
    st.sampled_from(["", "auto", "balanced", "minmax", "none", "linear", "sqrt"]),
    st.lists(st.integers(-1, 4), max_size=3),
    st.dictionaries(st.integers(0, 2), st.floats(), max_size=3),
)


@every_classifier
@quick
@given(data=st.data())
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_any_parameter_works_or_is_named(classifier, data):
    name = data.draw(st.sampled_from(sorted(set(classifier().get_params()) - {"verbose"})))
    value = data.draw(PARAMETER)
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    X = np.random.default_rng(0).random((12, 3)).astype(dtype)
    X[3, 0], X[5, 1], X[7] = 0, 1, 0.5
    y = np.arange(12) % data.draw(st.integers(2, 3))
    model = small(classifier, n_iter_no_change=1)
    model.set_params(**{name: value})
    problem = None
    try:
        model.fit(X, y)
    except (TypeError, ValueError) as error:
        problem = str(error)
    if problem is None:
        check_fitted(model, X, y)
    else:
        assert name in problem
        assert vars(model).keys() == classifier().get_params().keys()


# Attacks --------------------------------------------------------------------------------------

EPSILON = st.one_of(
    st.sampled_from([0.0, 5e-324, 1e-160, 1e-30, 1e-8, 0.1, 1.0, 7.0, 1e18, 1e160, 1.7e308]),
    st.floats(0, 2),
)


@every_classifier
@quick
@given(data=st.data())
@pytest.mark.filterwarnings("ignore::skstdp.ConstantPredictionWarning")
# Of sizes that mean nothing.
@pytest.mark.filterwarnings("ignore:Got epsilon=:UserWarning")
def test_attacks_stay_in_the_ball_or_are_refused(classifier, data):
    X = data.draw(tables())
    y = data.draw(labels(len(X)))
    scale = data.draw(st.sampled_from([0.0, 4.0, 1e6, 1e30]))
    model = small(classifier, weight_init_scale=scale, learning_rate_init=1e-3).fit(X, y)
    epsilon, norm = data.draw(EPSILON), data.draw(st.sampled_from(["linf", "l2", "l1"]))
    steps = {"n_steps": 2, "n_restarts": 2}
    scorers = FGSMScorer(epsilon, norm=norm), PGDScorer(epsilon, norm=norm, **steps)
    least, most = (
        np.sqrt(float(limit)) for limit in (np.finfo(X.dtype).tiny, np.finfo(X.dtype).max)
    )
    if epsilon and not least <= epsilon <= most:
        for scorer in scorers:
            with pytest.raises(ValueError, match=r"Got epsilon=.*but expected 0 or a number from"):
                scorer(model, X, y)
        return
    order = {"linf": np.inf, "l2": 2, "l1": 1}[norm]
    if np.linalg.norm(np.ones(X.shape[1]), order) < epsilon:
        for scorer in scorers:
            with pytest.raises(ValueError, match=r"Got epsilon=.* for values in \[0, 1\], all of"):
                scorer(model, X, y)
        return
    before = X.copy()
    rates = model._rates(X)
    # Rates are computed from values that are rounded themselves.
    scale = 1 if model.encoder_ is None else model.encoder_.scale_.astype(float)
    rounding = (4 * np.finfo(X.dtype).eps * (2 + np.abs(X).max(axis=0) * scale)).sum()
    for attack, options in ((fgsm, {}), (pgd, steps)):
        attacked = attack(model, X, y, epsilon=epsilon, norm=norm, **options)
        assert attacked.dtype == X.dtype
        assert np.isfinite(attacked).all()
        if epsilon == 0:
            assert_array_equal(attacked, X)
        moved = model._rates(attacked).astype(float)
        sizes = np.linalg.norm(moved - rates, ord=order, axis=1)
        assert (sizes <= epsilon * (1 + 1e-5) + rounding).all()
        again = attack(model, X, y, epsilon=epsilon, norm=norm, space="input", **options)
        assert np.isfinite(again).all()
    with warnings.catch_warnings():
        # Where weights are zero no input matters, and it says so.
        warnings.simplefilter("ignore", GradientMaskingWarning)
        one_step, many = (scorer(model, X, y) for scorer in scorers)
    assert 0 <= many <= one_step <= 1
    assert_array_equal(X, before)


# The rule -------------------------------------------------------------------------------------

RATE = st.sampled_from([0.0, 1e-300, 1e-45, 1e-20, 0.25, 0.5, 0.8, 1.0 - 2**-24, 1.0])


@quick
@given(data=st.data())
def test_the_rule_is_finite_at_its_pole_and_where_units_are_saturated(data):
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    shape = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 3))
    pre = data.draw(arrays(dtype, shape, elements=RATE.map(dtype)))
    at_the_pole = data.draw(st.booleans())
    post = pre / 2 if at_the_pole else data.draw(arrays(dtype, shape, elements=RATE.map(dtype)))
    association = data.draw(
        arrays(dtype, shape, elements=st.sampled_from([-1.0, 0.0, 1.0, 1e38]).map(dtype))
    )
    epsilon = data.draw(st.sampled_from([5e-324, 1e-300, 1e-45, 1e-9, 0.1, 1e300]))
    # Otherwise one number near the limits of the dtype is at fault.
    harmless = 1e-40 < epsilon < 1e38 and np.abs(association).max() <= 1
    problem = None
    try:
        updates = stdp_update(pre, post, association, stdp_epsilon=epsilon)
    except ValueError as error:
        problem = str(error)
    if problem is None:
        assert all(np.isfinite(update).all() for update in updates)
    else:
        assert "Got stdp_epsilon=" in problem
        assert not harmless


@every_classifier
@pytest.mark.parametrize("n_classes", [2, 30])
@pytest.mark.parametrize("n_units", [1, 5])
@pytest.mark.filterwarnings("ignore:The number of unique classes:UserWarning")
def test_one_sample_a_class_and_more_classes_than_units(classifier, n_classes, n_units):
    X = np.random.default_rng(0).random((n_classes, 3))
    y = np.array([f"class {k}" for k in range(n_classes)])
    check_fitted(small(classifier, hidden_layer_sizes=n_units).fit(X, y), X, y)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "test",
    [
        test_any_table_is_learnt_from,
        test_layout_and_container_change_nothing,
        test_whole_numbers_and_truth_values_are_the_floats_that_they_are,
        test_sparse_tables_are_learnt_from_or_refused,
        test_columns_of_a_frame_are_those_of_fit,
        test_one_bad_value_is_named_and_changes_nothing,
        test_any_parameter_works_or_is_named,
        test_attacks_stay_in_the_ball_or_are_refused,
    ],
    ids=lambda test: test.__name__,
)
@every_classifier
def test_many_more(classifier, test):
    longer = settings(quick, max_examples=SLOW_EXAMPLES, derandomize=False)
    longer(given(data=st.data())(test.hypothesis.inner_test))(classifier)
