import os

import pytest

# In the environment, so that it holds for the processes that tests start, too.
os.environ.setdefault("MPLBACKEND", "Agg")


def pytest_itemcollected(item):
    """Most networks of the tests are trained for a few epochs, and need not tell classes apart."""
    ignored = "ignore:The network does not tell classes:sklearn.exceptions.ConvergenceWarning"
    item.add_marker(pytest.mark.filterwarnings(ignored), append=False)
