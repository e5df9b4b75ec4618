from collections import UserDict
from functools import partial
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.ensemble import VotingClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.svm import SVC

from skstdp import (
    BPClassifier,
    FGSMScorer,
    PGDScorer,
    STDPClassifier,
    attack_table,
    fgsm,
    pgd,
    robustness_report,
)
from skstdp._utils._frames import Table

# Few steps of training are enough here.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

NORMS = ["linf", "l2", "l1"]
ORDER = {"linf": np.inf, "l2": 2, "l1": 1}
COLOURS = ["red", "green", "blue"]


def people(n=90):
    """A table with numbers, whole numbers, truth values and one-hot colours."""
    rng = np.random.default_rng(0)
    colour = rng.integers(3, size=n)
    X = pd.DataFrame(
        {
            "age": rng.integers(18, 80, size=n),
            "income": rng.normal(30, 8, size=n).round(2),
            "member": rng.random(n) > 0.5,
            "height": rng.normal(1.7, 0.1, size=n).astype(np.float32),
            **{name: (colour == k).astype(int) for k, name in enumerate(COLOURS)},
        },
        index=[f"person {k}" for k in range(n)],
    )
    risk = X["age"] / 20 - X["income"] / 10 + 2 * X["red"] - X["member"]
    y = np.select([risk > 1, risk > -0.5], ["high", "middle"], "low")
    return X, y


@pytest.fixture(scope="module")
def table():
    return people()


def classifiers():
    return {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression()),
        "network": make_pipeline(
            StandardScaler(), MLPClassifier((8,), "tanh", max_iter=500, random_state=0)
        ),
        "SVC": make_pipeline(StandardScaler(), SVC()),
        "STDP": STDPClassifier(random_state=0),
    }


MODELS = list(classifiers())


@pytest.fixture(scope="module")
def fitted(table):
    return {name: model.fit(*table) for name, model in classifiers().items()}


def attacks(**options):
    short = {"n_steps": 4, "n_restarts": 2}
    return {"fgsm": lambda *a: fgsm(*a, **options), "pgd": lambda *a: pgd(*a, **short, **options)}


epsilons = st.one_of(
    st.sampled_from([0.0, 0.05, 1.0, 5.0]),
    st.lists(st.sampled_from([0.0, 0.3, 1.0, 4.0]), min_size=7, max_size=7),
    st.dictionaries(
        st.sampled_from(["age", "income", "height", *COLOURS]), st.sampled_from([0.2, 1.0, 3.0])
    ),
)
some_bounds = st.sampled_from(
    [
        None,
        "data",
        {"age": (18, 90), "height": (1, 2)},
        (-10.0, [90, 90, 1, 3, 1, 1, 1]),
    ]
)


# Whole numbers that stay for a size below 1, heights that move by a metre, and sizes of immutable
# columns only, are warned of.
@pytest.mark.filterwarnings("ignore:Got ((an )?epsilon|immutable)")
@settings(deadline=None, max_examples=60)
@given(
    name=st.sampled_from(MODELS),
    attack=st.sampled_from(["fgsm", "pgd"]),
    norm=st.sampled_from(NORMS),
    epsilon=epsilons,
    bounds=some_bounds,
    immutable=st.sampled_from([[], ["age"], [1, "height"], ["member", "red"]]),
    one_hot=st.booleans(),
    targeted=st.booleans(),
)
def test_what_may_not_happen_does_not(
    table, fitted, name, attack, norm, epsilon, bounds, immutable, one_hot, targeted
):
    X, y = table
    kept = X.copy()
    groups = [COLOURS] if one_hot else []
    options = {"epsilon": epsilon, "norm": norm, "bounds": bounds, "immutable": immutable}
    options |= {"one_hot": groups, "space": "input", "targeted": targeted}
    new = attacks(**options)[attack](fitted[name], X, y)
    pd.testing.assert_frame_equal(X, kept)
    assert type(new) is pd.DataFrame
    assert new.index.equals(X.index)
    assert new.dtypes.equals(X.dtypes)
    pd.testing.assert_frame_equal(
        new.iloc[:, [list(X).index(c) if isinstance(c, str) else c for c in immutable]],
        X.iloc[:, [list(X).index(c) if isinstance(c, str) else c for c in immutable]],
    )
    if one_hot:
        assert new[COLOURS].isin([0, 1]).all(axis=None)
        assert (new[COLOURS].sum(axis=1) == 1).all()

    radius = (
        pd.Series(epsilon, dtype=float).reindex(X.columns).fillna(0).to_numpy()
        if isinstance(epsilon, dict)
        else np.broadcast_to(epsilon, X.shape[1])
    )
    moved = new.astype(float).to_numpy() - X.astype(float).to_numpy()
    assert_array_equal(moved[:, radius == 0], 0)
    units = moved / np.where(radius > 0, radius, 1)
    # Heights are float32.
    assert (np.linalg.norm(units, ord=ORDER[norm], axis=1) <= 1 + 3e-6).all()

    if bounds == "data":
        assert (new.max() <= X.max()).all()
        assert (new.min() >= X.min()).all()
    elif isinstance(bounds, dict):
        assert new["age"].between(18, 90).all()
        assert new["height"].between(1, 2).all()
    elif bounds is not None:
        assert (new >= bounds[0]).all(axis=None)
        assert (new <= bounds[1]).all(axis=None)
    if np.max(radius, initial=0) == 0:
        pd.testing.assert_frame_equal(new, X)


@pytest.mark.parametrize("space", ["model", "input"])
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", MODELS)
def test_zero_is_the_identity(table, fitted, name, norm, space):
    X, y = table
    for attack in attacks(epsilon=0.0, norm=norm, space=space).values():
        new = attack(fitted[name], X, y)
        if space == "input":
            pd.testing.assert_frame_equal(new, X)
        elif name == "STDP":
            assert_array_equal(new, X.to_numpy(float))
        else:
            assert_array_equal(new, fitted[name][:-1].transform(X))


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", MODELS)
def test_attacks_succeed_and_pgd_more_often(table, fitted, name, norm):
    X, y = table
    epsilon = {"age": 8.0, "income": 8.0, "height": 0.1}
    model = fitted[name]
    scores = [model.score(X, y)]
    for attack in attacks(epsilon=epsilon, norm=norm, space="input").values():
        scores.append(model.score(attack(model, X, y), y))
    assert scores[0] - 0.1 > scores[1] >= scores[2]


@pytest.mark.parametrize("name", MODELS)
def test_targeted_attacks_reach_their_class(table, fitted, name):
    X, y = table
    model = fitted[name]
    if name == "STDP":
        # A unit of many steps sees a part of the range, and its gradient not beyond that. Of
        # outputs that compete in pairs the third hardly moves.
        gentle = {"receptive_fields": 2, "winner_margin": 0.74, "probability_matching": False}
        model = clone(model).set_params(**gentle).fit(X, y)
    wanted = np.full(len(y), "high")
    before = np.mean(model.predict(X) == wanted)
    options = {"epsilon": {"age": 20, "income": 20}, "space": "input", "targeted": True}
    reached = [
        np.mean(model.predict(attack(model, X, wanted)) == wanted)
        for attack in attacks(**options).values()
    ]
    assert before + 0.2 < reached[0] <= reached[1]


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", MODELS)
def test_order_and_number_of_the_rows_do_not_matter(table, fitted, name, norm):
    """Without random starts, which are drawn in the order of the rows."""
    X, y = table
    order = np.random.default_rng(0).permutation(len(y))
    options = {"epsilon": {"age": 5, "income": 3}, "norm": norm, "space": "input"}
    for attack in (
        lambda X, y: fgsm(fitted[name], X, y, **options),
        lambda X, y: pgd(fitted[name], X, y, n_steps=4, n_restarts=1, **options),
    ):
        whole = attack(X, y)
        pd.testing.assert_frame_equal(attack(X.iloc[order], y[order]), whole.iloc[order])
        pieces = [attack(X.iloc[k : k + 25], y[k : k + 25]) for k in range(0, len(y), 25)]
        pd.testing.assert_frame_equal(pd.concat(pieces), whole)


@settings(deadline=None, max_examples=25)
@given(scale=st.floats(1e-3, 1e3), norm=st.sampled_from(NORMS), n_classes=st.sampled_from([2, 3]))
def test_scale_of_the_logits_does_not_matter(scale, norm, n_classes, iris):
    X, y = iris
    X, y = X[y < n_classes], y[y < n_classes]
    models = (
        MLPClassifier((6,), "logistic", solver="lbfgs", max_iter=40, random_state=0).fit(X, y),
        BPClassifier(max_iter=3, random_state=0).fit(X, y),
    )
    for model in models:
        before = fgsm(model, X, y, epsilon=0.2, norm=norm)
        model.coefs_[-1] *= scale
        model.intercepts_[-1] *= scale
        assert_allclose(fgsm(model, X, y, epsilon=0.2, norm=norm), before, atol=1e-9)


def test_many_samples_are_attacked_like_few():
    """More rows than are taken at a time."""
    rng = np.random.default_rng(0)
    X = rng.random((1100, 3))
    y = (X.sum(axis=1) > 1.5).astype(int)
    model = MLPClassifier((5,), max_iter=50, random_state=0).fit(X, y)
    options = {"epsilon": 0.1, "n_steps": 3, "n_restarts": 1, "norm": "l2"}
    whole = pgd(model, X, y, **options)
    halves = [pgd(model, X[k : k + 550], y[k : k + 550], **options) for k in (0, 550)]
    assert_allclose(np.vstack(halves), whole)


class TestTypes:
    def model(self, X, y):
        return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)

    def test_array_of_whole_numbers(self):
        X = np.array([[1, 5], [2, 3], [7, 1], [6, 2]])
        new = fgsm(self.model(X, [0, 0, 1, 1]), X, [0, 0, 1, 1], epsilon=1.7, space="input")
        assert new.dtype == X.dtype
        assert_array_equal(np.abs(new - X), 1)

    @pytest.mark.parametrize("library", ["array", "pandas", "nullable", "polars"])
    def test_whole_numbers_stay_within_their_dtype(self, library):
        X = np.array([[0, 250], [3, 255], [250, 4], [255, 0]], dtype=np.uint8)
        if library == "polars":
            X = pytest.importorskip("polars").DataFrame(X, schema=["a", "b"])
        elif library != "array":
            X = pd.DataFrame(X, columns=["a", "b"])
            X = X.astype("UInt8") if library == "nullable" else X
        model = self.model(X, [0, 0, 1, 1])
        # Away from the other class, where there is nothing.
        options = {"epsilon": 10, "space": "input", "targeted": True}
        new = fgsm(model, X, [0, 0, 1, 1], **options)
        assert_array_equal(new, [[0, 255], [0, 255], [255, 0], [255, 0]])

    def test_decimals(self):
        polars = pytest.importorskip("polars")
        X = polars.DataFrame({"price": [1.25, 2.5, 4.75, 6.25]}).cast(polars.Decimal(10, 2))
        new = fgsm(self.model(X, [0, 0, 1, 1]), X, [0, 0, 1, 1], epsilon=0.5, space="input")
        assert new.dtypes == X.dtypes
        assert_allclose(new.cast(polars.Float64), [[1.75], [3], [4.25], [5.75]])

    def test_list(self):
        X = [[1.0, 5.0], [2.0, 3.0], [7.0, 1.0]]
        new = fgsm(self.model(X, [0, 0, 1]), X, [0, 0, 1], epsilon=0.5, space="input")
        assert_allclose(np.abs(new - np.array(X)), 0.5)

    def test_float32_array(self, iris):
        X, y = iris
        X = X.astype(np.float32)
        for space in ("model", "input"):
            assert (
                fgsm(LogisticRegression(max_iter=1000).fit(X, y), X, y, space=space).dtype
                == np.float32
            )

    def test_array_of_objects(self):
        X = np.array([[1.0, "a"], [2.0, "b"], [3.0, "a"], [4.0, "b"]], dtype=object)
        encoder = ColumnTransformer([("n", "passthrough", [0]), ("c", OneHotEncoder(), [1])])
        model = make_pipeline(encoder, LogisticRegression()).fit(X, [0, 0, 1, 1])
        new = fgsm(model, X, [0, 0, 1, 1], epsilon=0.5, immutable=[1], space="input")
        assert new.dtype == object
        assert_array_equal(new[:, 1], X[:, 1])
        assert_allclose((new[:, 0] - X[:, 0]).astype(float), [0.5, 0.5, -0.5, -0.5])

    @pytest.mark.parametrize("as_array", [False, True], ids=["frame", "array"])
    def test_each_column_of_objects_keeps_its_kind(self, as_array):
        """By hand: the slopes are those of the coefficients, and all is within one epsilon."""
        X = pd.DataFrame(
            {"flag": [True, False, True], "n": [1, 2, 2**60 + 1], "x": [1, 2.5, 3]}, dtype=object
        )
        given = X.to_numpy() if as_array else X
        model = LogisticRegression().fit(given, [0, 1, 1])
        model.coef_, model.intercept_ = np.array([[1.0, 1, 1]]), np.array([0.0])
        options = {"epsilon": [1, 1.9, 0.5], "space": "input"}
        new = fgsm(model, given, [1, 1, 1], **options)
        rows = np.asarray(new).tolist()
        # Beyond 2 ** 53 floats are not exact, but a row below can be.
        assert rows[:2] == [[False, 0, 0.5], [False, 1, 2.0]]
        assert [type(value) for value in rows[2]] == [bool, int, float]
        still = fgsm(model, given, [1, 1, 1], immutable=["n"] if not as_array else [1], **options)
        assert np.asarray(still)[2, 1] == 2**60 + 1

    def test_frame_of_objects_is_attacked_like_its_array(self, iris_frame):
        X, y = iris_frame
        model = BPClassifier(max_iter=2, random_state=0).fit(X, y)
        new = fgsm(model, X.astype(object), y, epsilon=0.3, space="input")
        assert new.dtypes.eq(object).all()
        pd.testing.assert_frame_equal(
            new.astype(float), fgsm(model, X, y, epsilon=0.3, space="input")
        )

    def test_truth_values_beside_other_numbers_are_refused(self):
        X = np.array([[True, 1.0], [2.5, 2.0], [False, 3.0]], dtype=object)
        model = LogisticRegression().fit(X, [0, 0, 1])
        with pytest.raises(ValueError, match=r"Got the column 0 that holds no numbers"):
            fgsm(model, X, [0, 0, 1], space="input")
        new = fgsm(model, X, [0, 0, 1], immutable=[0], epsilon=0.5, space="input")
        assert new[:, 0].tolist() == [True, 2.5, False]

    @pytest.mark.parametrize("library", ["array", "pandas", "nullable", "polars"])
    def test_long_whole_numbers_that_stay_are_kept_to_the_last_digit(self, library):
        X = np.array([[2**60 + 1, 5], [2**60 + 3, 4], [2**60 + 5, 1]])
        if library == "polars":
            X = pytest.importorskip("polars").DataFrame(X, schema=["id", "n"])
        elif library != "array":
            X = pd.DataFrame(X, columns=["id", "n"])
            X = X.astype("Int64") if library == "nullable" else X
        model = self.model(X, [0, 0, 1])
        new = fgsm(model, X, [0, 0, 1], immutable=[0], epsilon=1, space="input")
        assert np.asarray(new)[:, 0].tolist() == [2**60 + 1, 2**60 + 3, 2**60 + 5]
        assert np.asarray(new)[:, 1].tolist() == [4, 3, 2]

    def test_nullable_columns(self):
        X = pd.DataFrame({"n": [1, 4, 6, 9], "x": [0.5, 0.25, 0.75, 1.0]})
        y = [0, 0, 1, 1]
        X = X.astype({"n": "Int64", "x": "Float32"})
        model = self.model(X, y)
        new = fgsm(model, X, y, epsilon={"n": 2, "x": 0.25}, space="input")
        assert new.dtypes.equals(X.dtypes)
        assert_array_equal((new["n"] - X["n"]).abs(), 2)

    @pytest.mark.parametrize("space", ["model", "input"])
    def test_polars(self, space):
        polars = pytest.importorskip("polars")
        X, y = people()
        model = make_pipeline(StandardScaler(), LogisticRegression())
        expected = fgsm(model.fit(X, y), X, y, epsilon=1.5, space=space)
        frame = polars.from_pandas(X)
        new = fgsm(model.fit(frame, y), frame, y, epsilon=1.5, space=space)
        assert isinstance(new, polars.DataFrame)
        assert new.columns == list(X.columns)
        if space == "input":
            assert new.dtypes == frame.dtypes
        assert_allclose(new.to_numpy().astype(float), expected.to_numpy().astype(float), rtol=1e-6)

    def test_model_space_of_a_pipeline_has_the_names_that_its_last_step_sees(self, table):
        X, y = table
        columns = ColumnTransformer(
            [("powers", PolynomialFeatures(2), ["age", "income"])], verbose_feature_names_out=False
        )
        model = make_pipeline(columns, StandardScaler(), LogisticRegression()).fit(X, y)
        new = fgsm(model, X, y, epsilon={"age^2": 0.5})
        assert list(new) == ["1", "age", "income", "age^2", "age income", "income^2"]
        assert new.index.equals(X.index)
        moved = np.abs(new - model[:-1].transform(X)).max()
        assert_allclose(moved, [0, 0, 0, 0.5, 0, 0], atol=1e-12)

    def test_model_space_of_a_classifier_alone_keeps_float_columns(self, table):
        X, y = table
        X = X.astype({"age": float})
        new = fgsm(SVC().fit(X, y), X, y, epsilon=0.5)
        assert new.dtypes["height"] == np.float32
        assert new.dtypes["age"] == np.float64

    def test_sparse(self, table):
        X, y = table
        matrix = OneHotEncoder().fit_transform(X[["age"]])
        model = LogisticRegression().fit(matrix, y)
        assert isinstance(fgsm(model, matrix, y), np.ndarray)
        with pytest.raises(TypeError, match=r"Got a sparse X.*expected a dense.*toarray"):
            fgsm(model, matrix, y, space="input")

    def test_polars_keeps_float_columns_of_a_classifier_alone(self):
        polars = pytest.importorskip("polars")
        X = polars.DataFrame(
            {"a": [0.5, 1.5, 2.5, 4.0], "b": [1.0, 2.0, 1.0, 2.0], "c": [1, 2, 3, 4]}
        )
        X = X.cast({"a": polars.Float32})
        new = fgsm(SVC().fit(X, [0, 0, 1, 1]), X, [0, 0, 1, 1], epsilon=0.25)
        assert new.dtypes == [polars.Float32, polars.Float64, polars.Float64]

    def test_whole_numbers_too_long_for_numpy(self):
        polars = pytest.importorskip("polars")
        table = Table(polars.DataFrame({"a": [1, 2]}).cast(polars.Int128))
        assert table.integer.all()
        assert_array_equal(table.limits, [[-np.inf], [np.inf]])

    def test_one_dimension(self, iris):
        X, y = iris
        with pytest.raises(ValueError, match=r"Got X of shape \(150,\), but expected a table"):
            fgsm(SVC().fit(X, y), X[:, 0], y, space="input")

    def test_table_without_columns_of_numbers(self):
        table = Table(pd.DataFrame({"t": ["a", "b"], "d": pd.to_datetime(["2020", "2021"])}))
        assert list(table.fixed) == [0, 1]
        assert_array_equal(table.points, 0)


class TestTextColumns:
    def frame(self):
        X, y = people()
        return X.drop(columns=COLOURS).assign(town=np.resize(["Ulm", "Bonn"], len(X))), y

    def model(self, X, y):
        columns = ColumnTransformer(
            [("town", OneHotEncoder(), ["town"])], remainder=StandardScaler()
        )
        return make_pipeline(columns, LogisticRegression()).fit(X, y)

    @pytest.mark.parametrize("to_frame", [lambda X: X, "polars"], ids=["pandas", "polars"])
    def test_stay_when_they_are_immutable(self, to_frame):
        X, y = self.frame()
        if to_frame == "polars":
            polars = pytest.importorskip("polars")
            to_frame = lambda X: polars.DataFrame(X.to_dict("list"))  # noqa: E731
        X = to_frame(X)
        model = self.model(X, y)
        for attack in attacks(epsilon=3.0, immutable=["town"], space="input").values():
            new = attack(model, X, y)
            assert (new["town"] == X["town"]).all()
            assert model.score(new, y) < model.score(X, y) - 0.1

    def test_may_be_completed_before_they_are_encoded(self):
        """The slopes of the other columns are those of finite differences."""
        X, y = self.frame()
        X.loc[X.index[3], "town"] = None
        towns = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder())
        columns = ColumnTransformer([("t", towns, ["town"])], remainder=StandardScaler())
        model = make_pipeline(columns, LogisticRegression()).fit(X, y)
        options = {"epsilon": 3, "immutable": "town", "space": "input"}
        new = fgsm(model, X, y, **options)
        pd.testing.assert_frame_equal(
            new, fgsm(model, X, y, gradient="finite-differences", **options)
        )
        assert model.score(new, y) < model.score(X, y) - 0.1

    def test_do_not_matter_in_model_space(self):
        X, y = self.frame()
        assert isinstance(fgsm(self.model(X, y), X, y), pd.DataFrame)


@pytest.fixture(scope="module")
def model(iris_frame):
    """A linear model with the names a to d, and its samples."""
    X, y = iris_frame
    X = X.set_axis(list("abcd"), axis=1)
    return LogisticRegression(max_iter=1000).fit(X, y), X, y


class TestByColumn:
    """Sizes and bounds by column, whatever holds them."""

    def moved(self, model, **options):
        model, X, y = model
        return (fgsm(model, X, y, **options) - X).abs().max().round(6).tolist()

    @pytest.mark.parametrize("kind", [dict, pd.Series, MappingProxyType, UserDict])
    def test_labels_count_and_not_their_order(self, model, kind):
        assert self.moved(model, epsilon=kind({"d": 0.0, "c": 0.2, "a": 0.1})) == [0.1, 0, 0.2, 0]

    def test_series_without_labels_is_by_position(self, model):
        assert self.moved(model, epsilon=pd.Series([0.1, 0, 0.2, 0])) == [0.1, 0, 0.2, 0]
        model, X, y = model
        assert_allclose(
            np.abs(fgsm(model, X, y, epsilon=0.1 * X.std()) - X).max(), 0.1 * X.std(), rtol=1e-9
        )

    @pytest.mark.parametrize("kind", [dict, pd.Series, MappingProxyType, UserDict])
    def test_bounds(self, model, kind):
        _, X, _ = model
        low, high = X.min(), X.max()
        for bounds in (
            kind({name: (low[name], high[name]) for name in "dbca"}),
            (kind({name: low[name] for name in "dbca"}), kind(dict(high))),
        ):
            new = fgsm(*model, epsilon=10, bounds=bounds)
            assert ((new == low) | (new == high)).all(axis=None)
        # Others have none.
        for bounds in (kind({"d": (0, 3)}), (kind({"d": 0}), kind({"d": 3}))):
            assert self.moved(model, epsilon=0.5, bounds=bounds)[:3] == [0.5, 0.5, 0.5]
            assert fgsm(*model, epsilon=5, bounds=bounds, immutable=list("abc"))["d"].max() == 3

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"epsilon": pd.Series({"e": 1})}, r"unknown column 'e' in epsilon"),
            ({"epsilon": pd.Series({"a": -1})}, r"Got epsilon\['a'\]=-1"),
            ({"epsilon": pd.Series([1, 2], ["a", "a"])}, "Got a column twice in epsilon"),
            ({"epsilon": {"a": 1, 0: 2}}, "Got a column twice in epsilon"),
            ({"bounds": pd.Series({"a": 1, "b": 2})}, r"Got bounds\['a'\]=1.*a pair"),
            ({"bounds": pd.DataFrame({"a": [1, 2], "b": [1, 2]})}, "expected a pair"),
        ],
    )
    def test_mistakes(self, model, options, message):
        with pytest.raises(ValueError, match=message):
            fgsm(*model, **options)

    def test_frame_of_sizes(self, model):
        with pytest.raises(TypeError, match=r"Got epsilon as a DataFrame.*iloc\[0\]"):
            fgsm(*model, epsilon=pd.DataFrame({"a": [1.0]}))

    def test_labels_for_columns_without_names(self, model):
        model, X, y = model
        plain = LogisticRegression(max_iter=1000).fit(X.to_numpy(), y)
        with pytest.raises(ValueError, match=r"Got the column 'a' in epsilon, but expected posi"):
            fgsm(plain, X.to_numpy(), y, epsilon=0.1 * X.std())

    @pytest.mark.parametrize(
        ("single", "several"),
        [
            ({"immutable": 2}, {"immutable": [2]}),
            ({"immutable": "c"}, {"immutable": ["c"]}),
            ({"immutable": None}, {"immutable": []}),
            ({"one_hot": None}, {"one_hot": []}),
        ],
    )
    def test_one_in_the_place_of_a_list(self, model, single, several):
        assert self.moved(model, epsilon=0.1, **single) == self.moved(
            model, epsilon=0.1, **several
        )

    def test_one_group_in_the_place_of_several(self):
        X, y = people()
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
        options = {"epsilon": {"age": 5, **dict.fromkeys(COLOURS, 1)}, "space": "input"}
        pd.testing.assert_frame_equal(
            fgsm(model, X, y, one_hot=COLOURS, **options),
            fgsm(model, X, y, one_hot=[COLOURS], **options),
        )

    def test_one_column_is_no_group(self, model):
        with pytest.raises(ValueError, match=r"the columns \['a'\] of one_hot.*a single 1"):
            fgsm(*model, one_hot=0)


class TestOurNetworksInModelSpace:
    """They are attacked at their rates, and what comes back are values that they take."""

    @pytest.mark.parametrize("dtype", [np.float64, np.float32])
    @pytest.mark.parametrize("scaled", [False, True], ids=["alone", "pipeline"])
    @pytest.mark.parametrize("classifier", [STDPClassifier, BPClassifier])
    def test_predict_takes_what_comes_back(self, classifier, scaled, dtype, iris_frame):
        X, y = iris_frame
        X = X.astype(dtype)
        model = classifier(max_iter=30, random_state=0)
        model = (make_pipeline(StandardScaler(), model) if scaled else model).fit(X[::2], y[::2])
        last = model[-1] if scaled else model
        for attack, scorer in ((fgsm, FGSMScorer), (pgd, PGDScorer)):
            new = attack(model, X, y, epsilon=0.1)
            assert list(new) == list(X)
            assert last.score(new.to_numpy() if scaled else new, y) == scorer(0.1)(model, X, y)
        if not scaled:
            assert new.dtypes.eq(dtype).all()

    def test_moves_are_shares_of_the_range_in_fit(self):
        """Worked by hand, with values outside that range, which the encoder clips."""
        X = np.array([[0.0, 10, 7], [1, 20, 7], [4, 30, 7], [2, 50, 7]])
        model = BPClassifier((), receptive_fields=1, max_iter=1).fit(X, [0, 0, 1, 1])
        model.coefs_ = [np.array([[1.0], [-1], [0]])]
        model.intercepts_ = [np.zeros(1)]
        given = np.array([[2.0, 30, 7], [3.9, 12, 7], [-1, 60, 7], [9, 5, 7]])
        new = fgsm(model, given, [1, 1, 1, 1], epsilon=0.1)
        # By 0.1 * 4 down and 0.1 * 40 up, from the border where the value is beyond it.
        expected = [[1.6, 34, 7], [3.5, 16, 7], [-1, 60, 7], [3.6, 14, 7]]
        assert_allclose(new, expected, rtol=1e-12)

    def test_rates_as_they_are(self, iris):
        X, y = iris
        X = MinMaxScaler(clip=True).fit_transform(X)
        model = STDPClassifier(max_iter=60, rate_encoding="none", random_state=0).fit(X, y)
        new = fgsm(model, X, y, epsilon=0.1)
        assert np.abs(new - X).max() <= 0.1 + 1e-12
        assert model.score(new, y) == FGSMScorer(0.1)(model, X, y)


class TestSizesThatMeanNothing:
    @pytest.mark.parametrize(
        ("norm", "largest"), [("linf", 1), ("l2", 2), ("l1", 4)], ids=["linf", "l2", "l1"]
    )
    def test_all_rates_within_reach(self, norm, largest, iris):
        """Four rates: the corner that is farthest is at 1, 2 or 4."""
        X, y = iris
        model = STDPClassifier(max_iter=1, random_state=0).fit(X, y)
        fgsm(model, X, y, epsilon=largest, norm=norm)
        with pytest.raises(ValueError, match=r"Got epsilon=8 for values in \[0, 1\].*8 / 255\.$"):
            fgsm(model, X, y, epsilon=8, norm=norm)
        linear = LogisticRegression().fit((X - 4) / 4, y)
        with pytest.raises(ValueError, match=r"Got epsilon=8 for values in \[0, 1\]"):
            fgsm(linear, np.clip(X / 8, 0, 1), y, epsilon=8, norm=norm, bounds=(0, 1))

    @pytest.mark.parametrize("kind", [int, "Int64"])
    def test_whole_numbers_and_less_than_one(self, kind):
        X, y = people()
        X = X.astype({"age": kind})
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
        message = "at most 0.9 for 'age', 'member', 'red', 'green', 'blue', which hold whole"
        with pytest.warns(UserWarning, match=message) as caught:
            new = fgsm(model, X, y, epsilon=0.9, space="input")
        assert "Nothing else" not in str(caught[0].message)
        stuck = ["age", "member", *COLOURS]
        pd.testing.assert_frame_equal(new[stuck], X[stuck])
        with pytest.warns(UserWarning, match="at most 0.9 for 'age'.*Nothing else can move"):
            fgsm(model, X, y, epsilon={"age": 0.9}, space="input")
        # Neither of these is taken for more than it is.
        fgsm(model, X, y, epsilon=0.9, immutable=stuck, space="input")
        fgsm(model, X, y, epsilon=1, space="input")

    @pytest.mark.parametrize(("norm", "least"), [("linf", 1), ("l2", 2**0.5), ("l1", 2)])
    def test_swap_of_categories(self, norm, least):
        X, y = people()
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
        options = {"one_hot": [COLOURS], "norm": norm, "space": "input"}
        fgsm(model, X, y, epsilon=dict.fromkeys(COLOURS, least), **options)
        with pytest.warns(UserWarning, match="'red', 'green', 'blue', which hold"):
            new = fgsm(model, X, y, epsilon=dict.fromkeys(COLOURS, 0.99 * least), **options)
        pd.testing.assert_frame_equal(new, X)

    @pytest.mark.parametrize("space", ["model", "input"])
    def test_units_of_the_columns(self, space):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(50, 2)) * [400, 9000]
        y = (X @ [9000, 400] > 0).astype(int)
        model = LogisticRegression().fit(X, y)
        options = {"space": space}
        for epsilon in ([0.3, 7], 8 / 255):
            with pytest.warns(UserWarning, match="less than a thousandth of the standard dev"):
                fgsm(model, X, y, epsilon=epsilon, **options)
        with pytest.warns(UserWarning, match="more than the whole range"):
            fgsm(model, X, y, epsilon=1e5, **options)
        # One of the two moves, the size is in their units, there are bounds, or too few rows.
        fgsm(model, X, y, epsilon=1, **options)
        fgsm(model, X, y, epsilon=0.1 * X.std(axis=0), **options)
        fgsm(model, X, y, epsilon=1e5, bounds="data", **options)
        fgsm(model, X[:5], y[:5], epsilon=1e5, **options)
        fgsm(model, X, y, epsilon=0, **options)

    @pytest.mark.parametrize("space", ["model", "input"])
    def test_one_size_for_columns_of_different_units(self, space):
        rng = np.random.default_rng(0)
        X = pd.DataFrame(rng.normal(size=(50, 3)) * [0.5, 9000, 2], columns=["m", "mm", "cm"])
        y = (X["mm"] > 0).astype(int)
        model = LogisticRegression().fit(X, y)
        message = "Got epsilon=0.1, 1.3e-05 standard deviations of 'mm', but 0.18 of 'm'. "
        with pytest.warns(UserWarning, match=message):
            fgsm(model, X, y, epsilon=0.1, space=space)
        # Sizes by column, one that is nothing for none, and columns that stay.
        fgsm(model, X, y, epsilon={"m": 0.1, "mm": 0.2, "cm": 0.1}, space=space)
        fgsm(model, X, y, epsilon=20, bounds="data", space=space)
        fgsm(model, X, y, epsilon=0.1, immutable=["mm"], space=space)

    @pytest.mark.parametrize("space", ["model", "input"])
    def test_no_column_may_change(self, space, iris):
        X, y = iris
        model = LogisticRegression(max_iter=1000).fit(X, y)
        with pytest.warns(UserWarning, match=r"Got immutable=\[0, 1, 2, 3\].*stay as they are"):
            new = fgsm(model, X, y, epsilon=0.1, immutable=[0, 1, 2, 3], space=space)
        assert_array_equal(new, X)
        with pytest.warns(UserWarning, match=r"Got immutable=2, .*every column"):
            fgsm(model, X, y, epsilon=[0, 0, 1, 0], immutable=2, space=space)
        # Nothing was to move.
        fgsm(model, X, y, epsilon=0, immutable=[0, 1, 2, 3], space=space)

    @pytest.mark.parametrize("norm", NORMS)
    def test_values_and_sizes_at_the_ends_of_the_floats(self, norm, iris):
        X, y = iris
        model = LogisticRegression(max_iter=1000).fit(X, y)
        with pytest.warns(UserWarning, match="less than a thousandth") as caught:
            fgsm(model, X, y, epsilon=2e-154, norm=norm)
        assert len(caught) == 1
        fgsm(model, X * 1e150, y, epsilon=1e150, norm=norm)

    @pytest.mark.parametrize("epsilon", [1 / 255, 4 / 255, 0.3, 1])
    def test_what_is_usual_is_not_warned_of(self, epsilon):
        X, y = load_breast_cancer(return_X_y=True)
        for scaler in (StandardScaler(), MinMaxScaler()):
            model = make_pipeline(scaler, LogisticRegression()).fit(X, y)
            Z = scaler.transform(X)
            for norm in NORMS:
                fgsm(model, X, y, epsilon=epsilon, norm=norm)
                fgsm(model[-1], Z, y, epsilon=epsilon, norm=norm, space="input")


class TestMistakes:
    """Each answer names the column or the parameter, and says what to do."""

    def attack(self, **options):
        X, y = people()
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
        return fgsm(model, X, y, **{"space": "input", **options})

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (
                {"epsilon": {"agee": 1}},
                r"Got the unknown column 'agee' in epsilon, but expected some of 'age', 'income'",
            ),
            (
                {"epsilon": {"age": -1}},
                r"Got epsilon\['age'\]=-1, but expected a finite number >= 0",
            ),
            ({"epsilon": [0.1, 0.2]}, r"Got epsilon of shape \(2,\).*each of the 7 columns"),
            ({"epsilon": [0.1, np.nan]}, r"Got epsilon\[1\]=nan"),
            ({"epsilon": -1}, r"Got epsilon=-1, but expected a finite number >= 0"),
            ({"norm": "l3"}, r"Got norm='l3', but expected one of 'linf', 'l2', 'l1'"),
            ({"space": "features"}, r"Got space='features', but expected one of 'model', 'input'"),
            ({"gradient": None}, r"Got gradient=None, but expected one of 'analytic', 'finite"),
            ({"immutable": ["agee"]}, r"unknown column 'agee' in immutable"),
            ({"immutable": [7]}, r"Got the column 7 in immutable.*one of the 7 columns"),
            ({"one_hot": [["red", "pink"]]}, r"unknown column 'pink' in one_hot"),
            (
                {"one_hot": [["red", "green"]]},
                r"Got \[0.0, 0.0\] in the columns \['red', 'green'\]",
            ),
            ({"one_hot": [COLOURS, ["red"]]}, r"Got a column twice in one_hot"),
            (
                {"bounds": (0, 50)},
                r"in the column 'age' \(row \d+\), but expected values within the bounds from 0",
            ),
            ({"bounds": {"height": (0, 1)}}, r"in the column 'height' .*from 0 to 1"),
            ({"bounds": {"hight": (0, 3)}}, r"unknown column 'hight' in bounds"),
            ({"bounds": {"height": 3}}, r"Got bounds\['height'\]=3, but expected a pair"),
            ({"bounds": "range"}, r"Got bounds='range', but expected a pair .*'data' or None"),
            ({"bounds": (90, 0)}, r"Got bounds from 90 to 0 for the column 'age'"),
            ({"bounds": ([0, 1], 9)}, r"Got bounds\[0\] of shape \(2,\)"),
        ],
    )
    def test_options(self, options, message):
        with pytest.raises(ValueError, match=message):
            self.attack(**options)

    def test_options_of_the_wrong_type(self):
        with pytest.raises(TypeError, match=r"Got epsilon='8/255' of type str"):
            self.attack(epsilon="8/255")
        with pytest.raises(TypeError, match=r"Got epsilon\['age'\]='1' of type str"):
            self.attack(epsilon={"age": "1"})

    def test_names_where_there_are_none(self, iris):
        X, y = iris
        model = SVC().fit(X, y)
        with pytest.raises(
            ValueError, match=r"Got the column 'petal' in immutable.*4 columns.*no nam"
        ):
            fgsm(model, X, y, immutable=["petal"])

    def test_bounds_beyond_what_the_model_knows_do_not_count(self, iris):
        X, y = iris
        model = STDPClassifier(max_iter=1).fit(X, y)
        wide = fgsm(model, X, y, epsilon=0.5, bounds=(-1, 2))
        assert_array_equal(wide, fgsm(model, X, y, epsilon=0.5))

    def test_bounds_are_compared_in_the_dtype_of_the_data(self):
        X = np.array([[0.1], [0.7]], dtype=np.float32)
        model = SVC().fit(X, [0, 1])
        assert (fgsm(model, X, [0, 1], epsilon=1, bounds=(0.1, 0.7)) == X[::-1]).all()

    def test_unknown_labels(self):
        X, y = people()
        model = LogisticRegression(max_iter=1000).fit(X, y)
        with pytest.raises(
            ValueError, match=r"Got the labels \['huge'\] in y.*'high' 'low' 'middle'"
        ):
            fgsm(model, X, np.where(y == "low", "huge", y))

    def test_text_column(self):
        X, y = TestTextColumns().frame()
        model = TestTextColumns().model(X, y)
        message = r"Got the column 'town' that holds no numbers.*immutable=\['town'\]"
        with pytest.raises(ValueError, match=message):
            fgsm(model, X, y, space="input")

    def test_missing_value(self):
        X, y = people()
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
        X.iloc[3, 1] = np.nan
        with pytest.raises(
            ValueError, match=r"'income' that holds a missing value \(row 3\).*Fill it in"
        ):
            fgsm(model, X, y, space="input")

    def test_missing_value_in_a_column_that_stays(self):
        X, y = people()
        model = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()).fit(X, y)
        X.iloc[3, 1] = np.nan
        new = fgsm(model, X, y, epsilon=2, immutable=["income", *COLOURS], space="input")
        pd.testing.assert_series_equal(new["income"], X["income"])
        assert_array_equal((new["age"] - X["age"]).abs(), 2)

    def test_numbers_that_stand_for_categories(self):
        X, y = people()
        columns = ColumnTransformer([("c", OneHotEncoder(), ["age"])], remainder="passthrough")
        model = make_pipeline(columns, LogisticRegression()).fit(X, y)
        message = r"Got the column 'age' that is encoded as categories.*immutable=\['age'\]"
        with pytest.raises(ValueError, match=message):
            fgsm(model, X, y, space="input")
        new = fgsm(model, X, y, epsilon=2, immutable=["age"], space="input")
        assert model.score(new, y) < model.score(X, y)

    def test_categories_in_another_order_of_columns(self):
        """A ColumnTransformer by name finds its columns in any order, and so does the attack."""
        X, y = people()
        columns = ColumnTransformer(
            [("n", StandardScaler(), ["income"]), ("c", OneHotEncoder(), ["age"])]
        )
        model = make_pipeline(columns, LogisticRegression()).fit(X, y)
        other = X[X.columns[::-1]]
        assert_array_equal(model.predict(other), model.predict(X))
        for gradient in ("analytic", "finite-differences"):
            options = {"epsilon": {"income": 2.0}, "space": "input", "gradient": gradient}
            new = fgsm(model, other, y, **options)
            pd.testing.assert_frame_equal(new[X.columns], fgsm(model, X, y, **options))
            options["epsilon"] = {"income": 2, "age": 2}
            with pytest.raises(ValueError, match=r"the column 'age' that is encoded as categ"):
                pgd(model, other, y, **options)
            with pytest.raises(ValueError, match=r"without 'age', but exp|missing: {'age'}"):
                fgsm(model, other.drop(columns="age"), y, **(options | {"epsilon": 1}))

    @pytest.mark.parametrize("gradient", ["analytic", "finite-differences"])
    @pytest.mark.parametrize(
        "wrap",
        [
            lambda codes: make_pipeline(codes, LogisticRegression()),
            lambda codes: make_pipeline(StandardScaler(), codes, LogisticRegression()),
            lambda codes: make_pipeline(SimpleImputer(), codes, LogisticRegression()),
            lambda codes: make_pipeline(
                make_union(codes, PCA(1)), SelectKBest(k=2), LogisticRegression()
            ),
            lambda codes: CalibratedClassifierCV(make_pipeline(codes, LogisticRegression()), cv=2),
            lambda codes: VotingClassifier(
                [("a", make_pipeline(codes, LogisticRegression()))], voting="soft"
            ),
            lambda codes: OneVsRestClassifier(make_pipeline(codes, LogisticRegression())),
            lambda codes: GridSearchCV(make_pipeline(codes, LogisticRegression()), {}, cv=2),
        ],
        ids=["alone", "scaler", "imputer", "union", "calibrated", "voting", "one-vs-rest", "grid"],
    )
    def test_encoder_behind_other_steps(self, wrap, gradient):
        """What moves is never the code, wherever in the estimator it is encoded."""
        rng = np.random.default_rng(0)
        X = np.column_stack([rng.random(60), rng.integers(3, size=60)])
        y = (X[:, 0] + (X[:, 1] == 1) > 0.8).astype(int)
        encoder = make_pipeline(SimpleImputer(), OneHotEncoder(sparse_output=False))
        codes = ColumnTransformer([("c", encoder, [1])], remainder="passthrough")
        model = wrap(codes).fit(X, y)
        options = {"epsilon": 0.2, "space": "input", "gradient": gradient}
        with pytest.raises(ValueError, match=r"Got the column 1 that is encoded.*immutable=\[1\]"):
            fgsm(model, X, y, **options)
        new = fgsm(model, X, y, immutable=1, **options)
        assert_array_equal(new[:, 1], X[:, 1])
        assert model.score(new, y) < model.score(X, y)

    def test_encoder_in_the_last_step(self):
        """In model space, too, where that step is an ensemble around it."""
        X = np.column_stack([np.linspace(0, 1, 40), np.resize([0.0, 1, 2], 40)])
        y = (X[:, 0] > 0.5).astype(int)
        codes = ColumnTransformer([("c", OneHotEncoder(), [1])], remainder="passthrough")
        model = VotingClassifier([("a", make_pipeline(codes, LogisticRegression()))]).fit(X, y)
        with pytest.raises(ValueError, match=r"encoded as cat.*Put it in immutable=\[1\]\.$"):
            fgsm(model, X, y)

    def test_rates_that_a_user_bounds_too_narrowly(self, iris):
        X, y = iris
        model = STDPClassifier(max_iter=1).fit(X, y)
        with pytest.raises(ValueError, match=r"in the column 2 \(row 0\).*bounds from 0.2 to 0.8"):
            fgsm(model, X, y, bounds=(0.2, 0.8))

    @pytest.mark.parametrize(
        ("options", "error"),
        [
            ({"n_steps": 0}, ValueError),
            ({"n_restarts": 1.5}, TypeError),
            ({"step": 0}, ValueError),
            ({"random_state": "now"}, ValueError),
        ],
    )
    def test_steps(self, options, error):
        with pytest.raises(error, match=f"Got {next(iter(options))}="):
            pgd(None, None, None, **options)

    def test_one_label_a_sample(self):
        X, y = people()
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            fgsm(SVC().fit(X, y), X, y[:-1])

    @pytest.mark.parametrize("space", ["model", "input"])
    @pytest.mark.parametrize("make", [LogisticRegression, partial(STDPClassifier, max_iter=1)])
    def test_two_columns_of_one_name(self, make, space, iris):
        X, y = iris
        model = make().fit(X, y)
        twice = pd.DataFrame(X, columns=["a", "b", "a", "c"])
        message = r"^Got the name 'a' several times among the columns of X"
        for attack in (fgsm, pgd, attack_table, robustness_report):
            with pytest.raises(ValueError, match=message):
                attack(model, twice, y, space=space)
        for scorer in (FGSMScorer(space=space), PGDScorer(space=space)):
            with pytest.raises(ValueError, match=message):
                scorer(model, twice, y)


class TestRounding:
    """A value that is out of bounds by the last places is on the border."""

    @staticmethod
    def scaled(dtype):
        X, y = load_breast_cancer(return_X_y=True)
        X = X.astype(dtype)
        model = make_pipeline(MinMaxScaler(), LogisticRegression()).fit(X, y)
        scaled = model[0].transform(X)
        assert scaled.max() > 1
        return model, X, y, scaled

    @pytest.mark.parametrize("dtype", [np.float32, np.float64])
    @pytest.mark.parametrize("norm", NORMS)
    def test_of_a_scaler_before_the_attack(self, dtype, norm):
        model, X, y, scaled = self.scaled(dtype)
        kept = np.argwhere(scaled > 1)[:, 1]
        options = {"epsilon": 0.05, "norm": norm, "bounds": (0, 1), "immutable": kept[:1].tolist()}
        for attack in (fgsm, partial(pgd, n_steps=3, n_restarts=2)):
            new = attack(model, X, y, **options)
            assert_array_equal(new[:, kept[0]], scaled[:, kept[0]])
            others = np.delete(new, kept[0], axis=1)
            assert others.min() >= 0
            assert others.max() <= 1
        assert_array_equal(fgsm(model, X, y, **options | {"epsilon": 0}), scaled)
        score = FGSMScorer(**options)(model, X, y)
        assert score == FGSMScorer(**options)(model[-1], scaled.clip(0, 1), y)

    def test_of_a_scaler_before_a_report_and_a_table(self):
        model, X, y, scaled = self.scaled(np.float64)
        rows = np.argwhere(scaled > 1)[:, 0]
        options = {"bounds": (0, 1), "n_steps": 2, "n_restarts": 1}
        report = robustness_report(
            model, X[rows], y[rows], epsilons=[0.05], n_queries=5, **options
        )
        assert report["accuracy"][0] == model.score(X[rows], y[rows])
        table = attack_table(model, X[rows], y[rows], n_bisections=1, **options)
        assert_array_equal(table["predicted"], model.predict(X[rows]))

    @pytest.mark.parametrize(
        ("value", "bounds", "message"),
        [
            (1 + 1e-9, (0, 1), r"Got 1\.000000001 in the column 1 .* from 0 to 1:"),
            (0.3 - 1e-10, (0.3, 1), r"Got 0\.2999999999 in the column 1 .* from 0\.3 to 1:"),
            (-1e-12, (0, np.inf), r"Got -1e-12 in the column 1 .* from 0 to inf:"),
            (0.5, (0.5, 0.5 - 1e-9), r"Got bounds from 0\.5 to 0\.499999999 for the column 0"),
        ],
    )
    def test_what_is_more_is_refused_and_shown(self, value, bounds, message):
        X = np.full((4, 2), 0.5)
        X[:2] += 0.25
        model = LogisticRegression().fit(X, [0, 0, 1, 1])
        X[2, 1] = value
        with pytest.raises(ValueError, match=message):
            fgsm(model, X, [0, 0, 1, 1], bounds=bounds)
