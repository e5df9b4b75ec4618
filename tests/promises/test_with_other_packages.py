"""The examples of the page about other packages, those of each where it is installed."""

import re
from doctest import ELLIPSIS, NORMALIZE_WHITESPACE, DocTestParser, DocTestRunner
from pathlib import Path

import pytest

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
