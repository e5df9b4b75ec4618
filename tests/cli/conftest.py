from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_wine
from small_mnist import FILES as MNIST_FILES

from skstdp import BPClassifier, STDPClassifier
from skstdp._cli import _benchmark, _figures, _robustness


@pytest.fixture(scope="session")
def wine(tmp_path_factory):
    """A CSV file of 60 wines of three kinds."""
    table = load_wine(as_frame=True).frame.iloc[::3]
    kinds = np.array(["red", "white", "rosé"])[table["target"]]
    path = tmp_path_factory.mktemp("data") / "wine.csv"
    table.drop(columns="target").assign(kind=kinds).to_csv(path, index=False)
    return path


@pytest.fixture
def no_training(monkeypatch):
    def train(*args, **kwargs):
        raise AssertionError("The check must come before the training.")

    for command, experiment in (
        (_benchmark, "compare"),
        (_figures, "compare"),
        (_robustness, "robustness_fronts"),
    ):
        monkeypatch.setattr(command, experiment, train)


@pytest.fixture
def mnist(tmp_path):
    """A folder with 30 and 20 tiny images in place of MNIST."""
    folder = tmp_path / "mnist"
    folder.mkdir()
    for name, content in MNIST_FILES.items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def fitted(monkeypatch):
    """The classifiers in the order in which they are trained, each seen before its training."""
    seen = []
    for classifier in (STDPClassifier, BPClassifier):

        def fit(self, *args, original=classifier.fit, **kwargs):
            # Not the few rows on which values of parameters are tried.
            if len(args[1]) > 4:
                seen.append(clone(self))
            return original(self, *args, **kwargs)

        monkeypatch.setattr(classifier, "fit", fit)
    return seen


@pytest.fixture
def figures_are_empty_files(monkeypatch):
    """For tests of what else a command does: drawing takes most of their time."""
    figure = pytest.importorskip("matplotlib.figure").Figure
    monkeypatch.setattr(figure, "savefig", lambda self, path, **options: Path(path).touch())
