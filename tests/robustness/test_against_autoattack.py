"""The worst case against AutoAttack, on PyTorch copies of the networks."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

from skstdp import STDPClassifier, WorstCaseScorer

pytest.importorskip("torch", reason="PyTorch is not installed: pip install torch")
pytest.importorskip(
    "autoattack",
    reason="AutoAttack is not installed: pip install git+https://github.com/fra31/auto-attack",
)

pytestmark = [
    pytest.mark.process,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]


def script():
    path = Path(__file__).parents[2] / "doc" / "benchmarks" / "against_autoattack.py"
    spec = importlib.util.spec_from_file_location("against_autoattack", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize(
    ("network", "classes"),
    [
        (STDPClassifier((16, 8), receptive_fields=1, random_state=0), (4, 9)),
        (MLPClassifier((16, 8), max_iter=60, random_state=0), range(10)),
    ],
)
def test_no_more_samples_stand_than_under_autoattack(network, classes, norm):
    X, y = load_digits(return_X_y=True)
    chosen = np.isin(y, classes)
    X, y = X[chosen] / 16, y[chosen]
    network.fit(X[::2], y[::2])
    X, y = X[1:121:2], y[1:121:2]
    epsilon = {"linf": 0.1, "l2": 0.4}[norm]
    module = script()
    copy = module.torch_copy(network)
    rates = module.rates_of(network, X)
    same = copy(module.torch.tensor(rates)).argmax(dim=1).numpy()
    assert (network.classes_[same] == network.predict(X)).all()
    autoattack = module.autoattack_accuracy(network, rates, y, epsilon, norm, (1, 8, 8))
    score = WorstCaseScorer(epsilon, norm=norm, bounds=(0, 1), n_queries=500)(network, X, y)
    assert score <= autoattack + 1 / len(y)
    assert autoattack < network.score(X, y)
