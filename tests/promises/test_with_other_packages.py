"""The examples of the page about other packages, those of each where it is installed."""

import re
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, DocTestParser, DocTestRunner
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skstdp import FGSMScorer, PGDScorer, WorstCaseScorer

PAGE = Path(__file__).parents[2] / "doc" / "user_guide" / "with_other_packages.rst"
IMPORTED_AS = {"imbalanced-learn": "imblearn", "ART": "art", "dask": "distributed"}


def sections():
    """Text by title; the first is what the others share."""
    parts = re.split(r"^(.+)\n[=-]+\n", PAGE.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


PACKAGES = [
    "imbalanced-learn",
    "optuna",
    "skore",
    "mlflow",
    "skops",
    "skl2onnx",
    "shap",
    "mapie",
    "cleanlab",
    "skrub",
    "ART",
    "dask",
]


def test_every_package_has_its_section():
    _, *packages = sections()
    assert packages == PACKAGES


# What other packages warn of is theirs.
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("package", PACKAGES)
def test_examples(package, tmp_path, monkeypatch):
    name = IMPORTED_AS.get(package, package)
    pytest.importorskip(name, reason=f"{package} is not installed", exc_type=ImportError)
    # Some keep records where they are run.
    monkeypatch.chdir(tmp_path)
    shared, *_ = sections().values()
    text = shared + sections()[package]
    example = DocTestParser().get_doctest(text, {}, package, str(PAGE), 0)
    assert len(example.examples) > len(DocTestParser().get_examples(shared))
    said = []
    results = DocTestRunner(optionflags=ELLIPSIS | NORMALIZE_WHITESPACE).run(
        example, out=said.append
    )
    assert results.failed == 0, "".join(said)


@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(
    "scorer",
    [FGSMScorer(0.2), PGDScorer(0.2, 3, 1), WorstCaseScorer(0.2, n_queries=5)],
    ids=lambda scorer: scorer.attack,
)
@pytest.mark.parametrize("kind", ["estimator", "cross-validation", "comparison"])
def test_reports_of_skore_never_show_clean_accuracy_as_that_under_attack(
    kind, scorer, iris, tmp_path, monkeypatch
):
    skore = pytest.importorskip("skore", reason="skore is not installed")
    monkeypatch.chdir(tmp_path)
    X, y = iris
    model = make_pipeline(MinMaxScaler(), LogisticRegression()).fit(X[::2], y[::2])
    test = {"X_test": X[1::2], "y_test": y[1::2]}

    def report():
        if kind == "estimator":
            return skore.EstimatorReport(model, **test)
        if kind == "cross-validation":
            return skore.CrossValidationReport(clone(model), X, y, splitter=3)
        return skore.ComparisonReport(
            {
                "first": skore.EstimatorReport(model, **test),
                "second": skore.EstimatorReport(model, **test),
            }
        )

    def attacked(estimator, X, y):
        return scorer(estimator, X, y)

    def shown(report, name):
        frame = report.metrics.summarize(metric=[name, "accuracy"]).frame()
        row = np.asarray(frame.loc[name] if name in frame.index else np.nan, dtype=float)
        return np.atleast_1d(row)[0], np.asarray(frame.loc["accuracy"], dtype=float).flat[0]

    with_scorer = report()
    with_scorer.metrics.add(scorer, name="taken apart")
    assert np.isnan(shown(with_scorer, "taken apart")[0])
    with_function = report()
    with_function.metrics.add(attacked)
    under_attack, clean = shown(with_function, "attacked")
    if kind == "cross-validation":
        assert under_attack < clean
    else:
        assert under_attack == scorer(model, X[1::2], y[1::2]) < clean
