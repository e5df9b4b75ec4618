from functools import partial

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler
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
from skstdp._frames import Table

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
            assert_array_equal(new, fitted[name].encoder_.transform(X.to_numpy(float)))
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
        gentle = {"receptive_fields": 2, "winner_margin": 0.74, "output_margin": None}
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
        pieces = [attack(X.iloc[k : k + 7], y[k : k + 7]) for k in range(0, len(y), 7)]
        pd.testing.assert_frame_equal(pd.concat(pieces), whole)


@settings(deadline=None, max_examples=25)
@given(scale=st.floats(1e-3, 1e3), norm=st.sampled_from(NORMS), n_classes=st.sampled_from([2, 3]))
def test_scale_of_the_logits_does_not_matter(scale, norm, n_classes):
    X, y = load_iris(return_X_y=True)
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

    def test_float32_array(self):
        X, y = load_iris(return_X_y=True)
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

    def test_one_dimension(self):
        X, y = load_iris(return_X_y=True)
        with pytest.raises(ValueError, match=r"Got X of shape \(150,\), but expected a table"):
            fgsm(SVC().fit(X, y), X[:, 0], y, space="input")

    def test_table_without_columns_of_numbers(self):
        table = Table(pd.DataFrame({"t": ["a", "b"], "d": pd.to_datetime(["2020", "2021"])}))
        assert not table.numeric.any()
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

    def test_do_not_matter_in_model_space(self):
        X, y = self.frame()
        assert isinstance(fgsm(self.model(X, y), X, y), pd.DataFrame)


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

    def test_names_where_there_are_none(self):
        X, y = load_iris(return_X_y=True)
        model = SVC().fit(X, y)
        with pytest.raises(
            ValueError, match=r"Got the column 'petal' in immutable.*4 columns.*no nam"
        ):
            fgsm(model, X, y, immutable=["petal"])

    def test_bounds_beyond_what_the_model_knows_do_not_count(self):
        X, y = load_iris(return_X_y=True)
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
            ValueError, match=r"missing value in the column 'income' \(row 3\).*Fill"
        ):
            fgsm(model, X, y, space="input")

    def test_numbers_that_stand_for_categories(self):
        X, y = people()
        columns = ColumnTransformer([("c", OneHotEncoder(), ["age"])], remainder="passthrough")
        model = make_pipeline(columns, LogisticRegression()).fit(X, y)
        message = r"Got the column 'age' that is encoded as categories.*immutable=\['age'\]"
        with pytest.raises(ValueError, match=message):
            fgsm(model, X, y, space="input")
        new = fgsm(model, X, y, epsilon=2, immutable=["age"], space="input")
        assert model.score(new, y) < model.score(X, y)

    def test_rates_that_a_user_bounds_too_narrowly(self):
        X, y = load_iris(return_X_y=True)
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
    def test_two_columns_of_one_name(self, make, space):
        X, y = load_iris(return_X_y=True)
        model = make().fit(X, y)
        twice = pd.DataFrame(X, columns=["a", "b", "a", "c"])
        message = r"^Got the name 'a' several times among the columns of X"
        for attack in (fgsm, pgd, attack_table, robustness_report):
            with pytest.raises(ValueError, match=message):
                attack(model, twice, y, space=space)
        for scorer in (FGSMScorer(space=space), PGDScorer(space=space)):
            with pytest.raises(ValueError, match=message):
                scorer(model, twice, y)
