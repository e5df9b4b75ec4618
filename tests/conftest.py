import os

# In the environment, so that it holds for the processes that tests start, too, and before numpy
# is imported. Tables of tests are small: threads would wait for each other.
os.environ.setdefault("MPLBACKEND", "Agg")
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# ruff: noqa: E402
import sys
from multiprocessing.process import BaseProcess

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris


def pytest_itemcollected(item):
    """Most networks of the tests are trained for a few epochs, and need not tell classes apart."""
    ignored = "ignore:The network does not tell classes:sklearn.exceptions.ConvergenceWarning"
    item.add_marker(pytest.mark.filterwarnings(ignored), append=False)
    # A local run leaves both out with one expression.
    if item.get_closest_marker("slow"):
        item.add_marker(pytest.mark.process)


_started = []


def _record_interpreter(event, arguments):
    if event == "subprocess.Popen" and str(arguments[0]) == sys.executable:
        _started.append(arguments[1])


def _record_worker(process, start=BaseProcess.start):
    """Workers of multiprocessing, joblib and Dask, which no event reports."""
    _started.append(process)
    start(process)


sys.addaudithook(_record_interpreter)
BaseProcess.start = _record_worker


@pytest.fixture(autouse=True)
def _only_marked_tests_start_processes(request):
    yield
    started = [*_started]
    # Not before the test: what a fixture of its module started counts, too.
    _started.clear()
    if started and not request.node.get_closest_marker("process"):
        pytest.fail(f"Started {started[0]}, but expected the marker `process` on such a test.")


@pytest.fixture(scope="session")
def iris():
    """Arrays of IRIS."""
    return load_iris(return_X_y=True)


@pytest.fixture(scope="session")
def iris_frame():
    """Data frame and series of IRIS."""
    return load_iris(return_X_y=True, as_frame=True)


@pytest.fixture(scope="session", params=[2, 3], ids=["two classes", "three classes"])
def named_iris(request, iris):
    """Arrays of the last two or of all classes of IRIS, with their names as labels."""
    X, y = iris
    chosen = y >= 3 - request.param
    return X[chosen], np.array(["setosa", "versicolor", "virginica"])[y[chosen]]


@pytest.fixture(scope="session")
def digits():
    """Arrays of the images of digits."""
    return load_digits(return_X_y=True)
