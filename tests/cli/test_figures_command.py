from urllib.error import URLError

import numpy as np
import pytest
from cli_helpers import read_csv

pytest.importorskip("matplotlib")

from skstdp import _cli as command_line
from skstdp import stdp_curve
from skstdp.datasets import _mnist


@pytest.mark.process
def test_figures_2_and_3_train_once(mnist, tmp_path, fitted, capsys):
    out = tmp_path / "figures"
    options = ["--data", str(mnist), "--out", str(out), "--set", "max_iter=2", "--seeds", "2"]
    assert command_line.main(["figures", "2", *options]) == 0
    n_fits = 2 * (3 * 5 * 2 + 5 * 2)
    assert len(fitted) == n_fits
    curves = read_csv(out / "figure_2_paper.csv")
    names = ["iris 0v1", "iris 0v2", "iris 1v2"] + [f"mnist 0v{digit}" for digit in range(1, 6)]
    assert list(curves["task"].unique()) == names
    assert curves.groupby(["task", "model", "split"]).ngroups == n_fits
    sizes = {network.batch_size for network in fitted}
    assert sizes == {40, 100}

    capsys.readouterr()
    assert command_line.main(["figures", "3", *options]) == 0
    assert f"resumed: {n_fits} of {n_fits} fits were there" in capsys.readouterr().err
    assert len(fitted) == n_fits
    scores = read_csv(out / "figure_3_paper.csv")
    assert list(scores["task"].unique()) == names
    np.testing.assert_allclose(scores["epsilon"].unique() * 255, range(0, 14, 2))
    assert all((out / f"figure_{number}_paper.png").stat().st_size > 10_000 for number in (2, 3))


def test_figure_of_iris_alone_needs_no_mnist(tmp_path, fitted):
    options = ["--pairs", "iris", "--out", str(tmp_path), "--set", "max_iter=1", "--seeds", "1"]
    assert command_line.main(["figures", "3", "--configuration", "default", *options]) == 0
    scores = read_csv(tmp_path / "figure_3_default.csv")
    assert list(scores["task"].unique()) == ["iris 0v1", "iris 0v2", "iris 1v2"]
    assert scores["split"].nunique() == 5
    assert {network.fan_in_scaling for network in fitted} == {True}


@pytest.mark.usefixtures("no_training")
def test_figure_4(tmp_path, capsys):
    assert command_line.main(["figures", "4", "--out", str(tmp_path)]) == 0
    files = ["figure_4.csv", "figure_4.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    curves = read_csv(tmp_path / "figure_4.csv")
    for equation, rows in curves.groupby("equation"):
        expected = stdp_curve(rows["delta_t"], corrected=equation == 6)
        np.testing.assert_allclose(rows["delta_w"], expected)
    assert capsys.readouterr().out.split() == ["Written:", *(str(tmp_path / f) for f in files)]


@pytest.mark.usefixtures("no_training")
def test_figures_without_mnist_and_network(tmp_path, capsys, monkeypatch):
    def fetch(*args, **kwargs):
        raise URLError("Name or service not known")

    monkeypatch.setattr(_mnist, "fetch_openml", fetch)
    out = tmp_path / "out"
    with pytest.raises(SystemExit, match="2"):
        command_line.main(["figures", "2", "--out", str(out)])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("skstdp: error: Cannot fetch MNIST")
    assert "--data" in line
    assert not out.exists()
