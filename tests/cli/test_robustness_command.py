from functools import partial

import numpy as np
import pandas as pd
import pytest
from cli_helpers import read_csv
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits

pytest.importorskip("matplotlib")

from skstdp import BPClassifier
from skstdp import _cli as command_line
from skstdp._cli import _arguments, _robustness
from skstdp.benchmarks import front_families, robustness_fronts
from skstdp.datasets import Task

# The attack by labels alone takes most of the time, and after it ranks of rates.
short_fronts = partial(robustness_fronts, n_queries=20)


@pytest.fixture
def small_mnist(monkeypatch):
    """120 test images of zeros and ones in place of MNIST."""
    X, y = load_digits(n_class=2, return_X_y=True)
    X = (X / 16).astype(np.float32)
    tasks = [Task("mnist 0v1", X[:240], y[:240], X[240:], y[240:])]
    monkeypatch.setattr(_arguments, "load_tasks", lambda *args, **options: tasks)
    monkeypatch.setattr(_robustness, "robustness_fronts", short_fronts)
    return tasks


def test_robustness_writes_the_tables_of_the_library(monkeypatch, small_mnist, tmp_path, capsys):
    families = {"BP": {"decay 0": BPClassifier((2,), max_iter=1, receptive_fields=2)}}
    layers = []
    monkeypatch.setattr(
        _robustness, "front_families", lambda sizes: layers.append(sizes) or families
    )
    command = ["robustness", "mnist", "--pairs", "0v1", "--seeds", "2"]
    assert command_line.main([*command, "--layers", "5", "3", "--out", str(tmp_path)]) == 0
    assert layers == [(5, 3)]
    expected = short_fronts(small_mnist, families=families, n_seeds=2)
    for kind, table in expected._asdict().items():
        written = read_csv(tmp_path / f"mnist_fronts_{kind}.csv")
        pd.testing.assert_frame_equal(written, table.reset_index(drop=True), check_dtype=False)
    assert (tmp_path / "mnist_fronts.png").stat().st_size > 0
    out = capsys.readouterr().out
    assert "BP, decay 0" in out
    assert "PGD 12/255" in out


def test_robustness_of_the_chosen_settings_alone(monkeypatch, small_mnist, tmp_path, capsys):
    families = {
        "BP": {
            f"decay {decay}": BPClassifier((2,), max_iter=1 + decay, receptive_fields=2)
            for decay in (0, 1)
        },
        "broken": {"none": None},
    }
    monkeypatch.setattr(_robustness, "front_families", lambda sizes: families)
    command = ["robustness", "mnist", "--out", str(tmp_path), "--families", "BP", "--rows", "100"]
    command += ["--seeds", "2", "--front-seeds", "0", "--epsilon", "0.1", "2/255"]
    assert command_line.main(command) == 0
    expected = short_fronts(
        small_mnist,
        families={"BP": families["BP"]},
        epsilons=[0.1, 2 / 255],
        max_test=100,
        n_seeds=2,
        n_front_seeds=0,
        n_validation_seeds=1,
    )
    scores = read_csv(tmp_path / "mnist_fronts_scores.csv")
    pd.testing.assert_frame_equal(scores, expected.scores.reset_index(drop=True))
    (setting,) = expected.chosen["setting"]
    assert set(scores["setting"]) == {setting}
    assert set(scores["seed"]) == {0, 1}
    # Whole hundredths: of 120 rows, 100 are attacked.
    assert_allclose(scores["accuracy"] * 100, (scores["accuracy"] * 100).round())
    assert set(scores["epsilon"]) == {0, 0.1, 2 / 255}
    out = capsys.readouterr().out
    assert f"BP, {setting}" in out
    # The largest size decides, wherever it stands.
    assert "PGD 0.1" in out
    assert "PGD 2/255" not in out


def test_options_reach_the_robustness(monkeypatch, mnist, tmp_path):
    given = {}

    def record(tasks, **options):
        given.update(options, tasks=[task.name for task in tasks])
        raise KeyboardInterrupt

    monkeypatch.setattr(_robustness, "robustness_fronts", record)
    command = ["robustness", "mnist", "--data", str(mnist), "--out", str(tmp_path)]
    options = ["--pairs", "4v9", "all", "--layers", "7", "--seeds", "4", "--front-seeds", "3"]
    options += ["--rows", "150", "--epsilon", "0.2", "1/255", "--seed", "9", "--jobs", "2"]
    names = ["RBF SVM", "STDP, no competition"]
    assert command_line.main([*command, *options, "--families", *names]) == 130
    families = given.pop("families")
    assert list(families) == names
    network = next(iter(families["STDP, no competition"].values()))
    assert network.hidden_layer_sizes == (7,)
    del given["progress"]
    assert given == {
        "tasks": ["mnist 4v9", "mnist"],
        "epsilons": [0.2, 1 / 255],
        "max_test": 150,
        "n_seeds": 4,
        "n_front_seeds": 3,
        "n_validation_seeds": 2,
        "n_jobs": 2,
        "random_state": 9,
        "path": tmp_path / "fits",
        "verbose": True,
    }
    for front_seeds, n_validation_seeds in ((0, 1), (1, 1), (2, 2)):
        command_line.main([*command, "--front-seeds", str(front_seeds)])
        assert given["n_front_seeds"] == front_seeds
        assert given["n_validation_seeds"] == n_validation_seeds
    command_line.main(command)
    assert list(given["families"]) == list(front_families())
    assert given["epsilons"] == (4 / 255, 8 / 255, 12 / 255)
    assert (given["max_test"], given["n_seeds"], given["n_front_seeds"]) == (2000, 5, 2)
    assert given["n_validation_seeds"] == 2
