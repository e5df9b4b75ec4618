"""The way of a newcomer, from a table to a figure, with warnings as errors."""

import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skstdp import FGSMScorer, RobustnessCurveDisplay, STDPClassifier
from skstdp._cli import main

pyplot = pytest.importorskip("matplotlib.pyplot")
pl = pytest.importorskip("polars")

README = Path(__file__).parents[2] / "README.md"


@pytest.mark.parametrize("output", ["default", "pandas", "polars"])
def test_polars_frame_through_pipeline_search_scorer_and_figure(output):
    frame = pl.from_pandas(load_iris(as_frame=True).frame)
    X, y = frame.drop("target"), frame["target"]
    network = STDPClassifier((20,), max_iter=30, random_state=0)
    pipeline = make_pipeline(MinMaxScaler().set_output(transform=output), network)
    grid = {"stdpclassifier__weight_decay": [0.0, 0.01]}
    scoring = {"accuracy": "accuracy", "fgsm": FGSMScorer(epsilon=8 / 255)}
    search = GridSearchCV(pipeline, grid, scoring=scoring, refit="fgsm", cv=3).fit(X, y)
    display = RobustnessCurveDisplay.from_estimator(search, X, y)
    (line,) = display.lines_
    expected = [FGSMScorer(k / 255)(search, X, y) for k in (0, 4, 8, 12)]
    np.testing.assert_array_equal(line.get_ydata(), expected)
    assert line.get_ydata()[0] == search.best_estimator_.score(X, y)
    pyplot.close("all")


def blocks(name):
    """Lines of the code below the comment of this name in the README."""
    text = README.read_text(encoding="utf-8").partition(f"<!-- {name} -->\n```")[2]
    return text.partition("\n")[2].partition("\n```")[0]


@pytest.mark.process
@pytest.mark.skipif(not README.exists(), reason="needs the checkout")
def test_chain_of_the_readme(tmp_path, monkeypatch, capsys):
    """Each block takes what the ones before it left: variables, a model and a table."""
    pytest.importorskip("skops")
    monkeypatch.chdir(tmp_path)
    exec(blocks("use") + "\n" + blocks("keep"), {})
    chosen, score = capsys.readouterr().out.splitlines()
    assert chosen.startswith("{'stdpclassifier__weight_decay': ")
    assert float(score) > 0.9
    assert {path.name for path in tmp_path.iterdir()} == {
        "flowers.csv",
        "model.skops",
        "robustness.png",
    }
    attack, corrupt = blocks("attack").splitlines()
    for command in (attack, corrupt):
        program, *arguments = shlex.split(command)
        assert program == ".venv/bin/skstdp"
        quick = (
            ["--queries", "20", "--epsilon", "0.03"] if command == attack else ["--repeats", "1"]
        )
        assert main([*arguments, *quick]) == 0
        assert f"Accuracy on 50 rows, without {arguments[0]}" in capsys.readouterr().out
    pyplot.close("all")


@pytest.mark.process
def test_modules_of_the_package_by_name():
    code = """
import sys
import skstdp
assert "skstdp.benchmarks" in {f"skstdp.{name}" for name in dir(skstdp)} - sys.modules.keys()
for name in ("benchmarks", "datasets", "distributed"):
    assert getattr(skstdp, name) is sys.modules[f"skstdp.{name}"]
print(*{"numba", "matplotlib", "dask", "distributed"} & sys.modules.keys())
skstdp.benchmark
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (1, "\n")
    message = "module 'skstdp' has no attribute 'benchmark'. Did you mean: 'benchmarks'?"
    assert message in done.stderr


@pytest.mark.process
def test_warnings_of_a_first_import():
    command = [sys.executable, "-W", "error", "-c", "import skstdp, skstdp.benchmarks"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
