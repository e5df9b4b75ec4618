import pytest


@pytest.fixture(autouse=True)
def _close_figures():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    yield
    pyplot.close("all")
