import numpy as np
import pandas as pd
import pytest
from cli_helpers import read_csv
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression

pytest.importorskip("matplotlib")

from skstdp import BPClassifier
from skstdp import _cli as command_line
from skstdp._cli import _data_arguments, _robustness
from skstdp.benchmarks import front_families, robustness_fronts
from skstdp.datasets import Task


@pytest.fixture
def small_tasks(monkeypatch):
    """120 test images of zeros and ones in place of MNIST, and irises in place of a table."""
    X, y = load_digits(n_class=2, return_X_y=True)
    X = (X / 16).astype(np.float32)
    image = Task("mnist 0v1", X[:240], y[:240], X[240:], y[240:], image_shape=(8, 8))
    X, y = load_iris(return_X_y=True, as_frame=True)
    tasks = {"mnist": [image], "iris": [Task("iris", X, y)]}
    monkeypatch.setattr(_data_arguments, "load_tasks", lambda name, **options: tasks[name])
    monkeypatch.setattr(_data_arguments, "default_pairs", lambda name: ["all"])
    return [task for some in tasks.values() for task in some]


def test_robustness_writes_the_tables_of_the_library(monkeypatch, small_tasks, tmp_path, capsys):
    families = {
        "BP": {"decay 0": BPClassifier((2,), max_iter=20, receptive_fields=2)},
        "logistic": {f"C {C:g}": LogisticRegression(C=C) for C in (0.1, 10)},
        "broken": {"none": None},
    }
    layers = []
    monkeypatch.setattr(
        _robustness, "front_families", lambda sizes: layers.append(sizes) or families
    )
    command = ["robustness", "mnist", "iris", "--pairs", "0v1", "--seeds", "2", "--rows", "10"]
    command += ["--queries", "5", "--epsilon", "0.1", "2/255", "--layers", "5", "3"]
    command += ["--families", "BP", "logistic", "--out", str(tmp_path)]
    assert command_line.main(command) == 0
    assert layers == [(5, 3)]
    del families["broken"]
    expected = robustness_fronts(
        small_tasks,
        families=families,
        epsilons=[0.1, 2 / 255],
        n_seeds=2,
        max_test=10,
        n_queries=5,
        path=tmp_path / "fits",
    )
    for kind, table in expected._asdict().items():
        written = read_csv(tmp_path / f"mnist_iris_fronts_{kind}.csv")
        pd.testing.assert_frame_equal(written, table, check_dtype=False)
    assert (tmp_path / "mnist_iris_fronts.png").stat().st_size > 0
    out = capsys.readouterr().out
    # The largest size decides, wherever it stands.
    assert "worst case 0.1" in out
    assert "PGD 0.1" in out
    assert "2/255" not in out


def test_options_reach_the_robustness(monkeypatch, mnist, wine, tmp_path):
    given = {}

    def record(tasks, **options):
        given.update(options, tasks=[task.name for task in tasks])
        raise KeyboardInterrupt

    monkeypatch.setattr(_robustness, "robustness_fronts", record)
    files = [str(wine), "--data", str(mnist), "--target", "kind", "--out", str(tmp_path)]
    command = ["robustness", "mnist", *files]
    options = ["--pairs", "4v9", "all", "--layers", "7", "--seeds", "4", "--rows", "150"]
    options += ["--queries", "30", "--epsilon", "0.2", "1/255"]
    options += ["--seed", "9", "--jobs", "2"]
    names = ["RBF SVM", "MLP, L1"]
    assert command_line.main([*command, *options, "--families", *names]) == 130
    families = given.pop("families")
    assert list(families) == names
    network = next(iter(families["MLP, L1"].values()))
    assert network.hidden_layer_sizes == (7,)
    del given["progress"]
    assert given == {
        "tasks": ["mnist 4v9", "mnist", "wine"],
        "epsilons": [0.2, 1 / 255],
        "max_test": 150,
        "n_seeds": 4,
        "n_queries": 30,
        "n_jobs": 2,
        "random_state": 9,
        "path": tmp_path / "fits",
        "verbose": True,
    }
    command_line.main(command)
    assert list(given["families"]) == list(front_families())
    assert given["epsilons"] == (4 / 255, 8 / 255, 12 / 255)
    assert (given["max_test"], given["n_seeds"], given["n_queries"]) == (300, 3, 1000)
