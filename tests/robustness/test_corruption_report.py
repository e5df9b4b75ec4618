import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from skstdp import ConstantPredictionWarning, CorruptionScorer, corrupt, corruption_report


@pytest.fixture(scope="module")
def flowers(iris_frame):
    X, y = iris_frame
    return KNeighborsClassifier().fit(X[::2], y[::2]), X[1::2], y[1::2]


def test_accuracies_are_those_on_corrupted_samples(flowers):
    model, X, y = flowers
    sizes = {"contrast": [0.3, 0.6], "offset": 1.0}
    report = corruption_report(model, X, y, corruptions=sizes, n_repeats=2, random_state=5)
    assert list(report) == ["corruption", "severity", "size", "unit", "repeat", "accuracy"]
    keys = report[["corruption", "severity", "size", "repeat"]]
    assert list(keys.itertuples(index=False, name=None)) == [
        ("none", 0, 0.0, 0),
        ("contrast", 1, 0.3, 0),
        ("contrast", 2, 0.6, 0),
        ("offset", 1, 1.0, 0),
        ("offset", 1, 1.0, 1),
    ]
    seeds = np.random.RandomState(5).randint(2**31 - 1, size=2)
    expected = [model.score(X, y)]
    expected += [model.score(corrupt(X, "contrast", size), y) for size in (0.3, 0.6)]
    expected += [model.score(corrupt(X, "offset", 1.0, random_state=s), y) for s in seeds]
    assert report["accuracy"].tolist() == expected
    assert len(set(expected)) > 3
    assert set(report["unit"]) == {"", "share of the contrast lost", "standard deviations"}


def test_one_corruption_does_not_depend_on_the_others(flowers):
    model, X, y = flowers
    everything = corruption_report(model, X, y)
    assert len(everything["corruption"].unique()) == 8
    assert everything.groupby("corruption")["severity"].max().drop("none").eq(5).all()
    alone = corruption_report(model, X, y, corruptions="gain", severities=[4])
    same = everything[(everything["corruption"] == "gain") & (everything["severity"] == 4)]
    np.testing.assert_array_equal(alone["accuracy"][1:], same["accuracy"])
    assert alone["size"][1] == 0.2


def test_sizes_in_pixels_grow_with_the_image(digits):
    X, y = digits
    model = KNeighborsClassifier().fit(X[:300], y[:300])
    report = corruption_report(model, X[300:400], y[300:400], image_shape=(8, 8), severities=2)
    sizes = report.drop_duplicates("corruption").set_index("corruption")["size"]
    assert sizes["shift"] == pytest.approx(2 * 8 / 28)
    assert sizes["blur"] == pytest.approx(8 / 28)
    assert sizes["rotation"] == 10
    assert list(sizes.index[1:4]) == ["gaussian noise", "missing as minimum", "contrast"]


def test_any_classifier_of_columns_of_any_kind(iris_frame):
    X, y = iris_frame
    X = X.set_axis(list("abcd"), axis=1)
    X = X.assign(text=np.where(X["a"] > 5.8, "large", "small"), d=X["d"].where(X["d"] < 2))
    encoder = make_column_transformer((OneHotEncoder(), ["text"]), remainder="passthrough")
    for classifier in (
        HistGradientBoostingClassifier(max_iter=5),
        RandomForestClassifier(5, random_state=0),
    ):
        model = make_pipeline(encoder, classifier).fit(X[::2], y[::2])
        report = corruption_report(model, X[1::2], y[1::2], severities=5, n_repeats=1)
        assert len(report) == 8
        assert report["accuracy"].iloc[1:].min() < report["accuracy"][0] - 0.2
        kept = {"corruptions": "offset", "immutable": list("abcd")}
        with pytest.raises(ValueError, match="Got X without a column that may change"):
            corruption_report(model, X[1::2], y[1::2], **kept)


def test_metric_and_seed(flowers):
    model, X, y = flowers
    rows = np.r_[0:70]
    options = {"corruptions": {"gaussian noise": 1.0}, "n_repeats": 1}
    report = corruption_report(
        model, X.iloc[rows], y.iloc[rows], metric="balanced_accuracy", **options
    )
    seed = np.random.RandomState(0).randint(2**31 - 1, size=1)[0]
    predicted = model.predict(corrupt(X.iloc[rows], "gaussian noise", 1.0, random_state=seed))
    assert report["accuracy"][1] == balanced_accuracy_score(y.iloc[rows], predicted)
    other = corruption_report(model, X, y, random_state=1, **options)
    assert other["accuracy"][1] != corruption_report(model, X, y, **options)["accuracy"][1]
    state = np.random.RandomState(1)
    assert corruption_report(model, X, y, random_state=state, **options).equals(other)


def test_constant_predictions_give_a_warning(flowers):
    _, X, _ = flowers
    model = LogisticRegression(C=1e-9).fit(X[-30:].assign(a=0), np.r_[np.zeros(29), 1])
    with pytest.warns(ConstantPredictionWarning, match=r"predicts one class, 0\.0, for all 75"):
        report = corruption_report(model, X.assign(a=0), np.r_[1, np.zeros(74)], severities=1)
    assert report["accuracy"].nunique() == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"corruptions": "noise"}, "Got the corruption 'noise', but expected one of"),
        ({"corruptions": []}, r"Got corruptions=\[\], but expected at least one"),
        ({"corruptions": ["gain", "gain"]}, "Got the name 'gain' several times in corruptions"),
        ({"corruptions": {"gain": []}}, r"Got corruptions\['gain'\]=\[\], but"),
        ({"corruptions": {"gain": -1}}, r"Got corruptions\['gain'\]=-1, but expected a finite"),
        ({"corruptions": {"contrast": 2}}, r"\['contrast'\]=2 for .* from 0 to 1"),
        ({"severities": [0]}, r"Got severities=\[0\], but expected different integers from 1"),
        ({"severities": [1, 1]}, r"Got severities=\[1, 1\], but"),
        ({"severities": ()}, r"Got severities=\(\), but"),
        ({"n_repeats": 0}, "Got n_repeats=0, but expected an integer >= 1"),
        ({"metric": "roc_auc"}, "Got metric='roc_auc' that needs more than labels"),
        ({"image_shape": (2, 3)}, "which has 6 values"),
    ],
)
def test_errors_come_before_the_first_prediction(options, message, flowers, monkeypatch):
    model, X, y = flowers

    def predict(*args):
        raise AssertionError("The check must come first.")

    monkeypatch.setattr(KNeighborsClassifier, "predict", predict)
    with pytest.raises(ValueError, match=message):
        corruption_report(model, X, y, **options)


def test_errors_of_labels(flowers):
    model, X, y = flowers
    with pytest.raises(ValueError, match=r"Got the labels \[9\] in y"):
        corruption_report(model, X, np.full(len(X), 9))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        corruption_report(model, X, y[:-1])
    with pytest.raises(ValueError, match="not fitted"):
        corruption_report(KNeighborsClassifier(), X, y)
    with pytest.raises(TypeError, match="Got a LinearRegression without classes, but expected"):
        corruption_report(LinearRegression().fit(X, y), X, y)


class TestScorer:
    """Accuracy under one corruption wherever scikit-learn takes a scorer."""

    def test_score(self, flowers):
        model, X, y = flowers
        scorer = CorruptionScorer("missing as mean", 0.5, immutable=[0], random_state=3)
        new = corrupt(X, "missing as mean", 0.5, immutable=[0], random_state=3)
        assert scorer(model, X, y) == model.score(new, y) < model.score(X, y)
        weight = np.r_[np.ones(30), np.zeros(45)]
        assert scorer(model, X, y, sample_weight=weight) == model.score(new, y, weight)
        assert pickle.loads(pickle.dumps(scorer))(model, X, y) == scorer(model, X, y)
        assert repr(scorer) == (
            "CorruptionScorer(corruption='missing as mean', size=0.5, immutable=[0], "
            "random_state=3)"
        )

    def test_in_a_search(self, iris):
        X, y = iris
        pipeline = make_pipeline(StandardScaler(), KNeighborsClassifier())
        scoring = {"clean": "accuracy", "noisy": CorruptionScorer("gaussian noise", 0.7)}
        grid = {"kneighborsclassifier__n_neighbors": [1, 25]}
        search = GridSearchCV(pipeline, grid, scoring=scoring, refit="noisy").fit(X, y)
        assert search.best_params_ == {"kneighborsclassifier__n_neighbors": 25}
        noisy = search.cv_results_["mean_test_noisy"]
        one = pipeline.set_params(**search.best_params_)
        assert noisy[1] == cross_val_score(one, X, y, scoring=scoring["noisy"]).mean()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("noise", 1), "Got the corruption 'noise'"),
            (("blur", 1), "without image_shape"),
            (("contrast", 1.1), "Got size=1.1"),
        ],
    )
    def test_errors(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            CorruptionScorer(*arguments)

    def test_only_the_metric_of_it_is_refused(self, iris):
        scorer = CorruptionScorer("gaussian noise", 1)
        with pytest.raises(TypeError, match="Got predictions that are made already"):
            scorer._score_func(iris[1], iris[1])


def test_reference(flowers):
    model, X, y = flowers
    reference = pd.DataFrame([[5.0, 3.5, 1.4, 0.2]] * 2, columns=X.columns)
    options = {"corruptions": {"missing as mean": 1.0}, "n_repeats": 1}
    report = corruption_report(model, X, y, reference=reference, **options)
    # All samples become the one setosa of the reference.
    assert report["accuracy"][1] == np.mean(y == 0)
