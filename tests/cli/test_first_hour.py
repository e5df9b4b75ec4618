"""The way of a newcomer, from a table to a figure, with warnings as errors."""

import subprocess
import sys

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skstdp import FGSMScorer, RobustnessCurveDisplay, STDPClassifier

pyplot = pytest.importorskip("matplotlib.pyplot")
pl = pytest.importorskip("polars")


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
