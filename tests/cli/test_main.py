import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.datasets import load_digits, load_wine

pytest.importorskip("matplotlib")

from test_datasets import FILES as MNIST_FILES

from skstdp import BPClassifier, STDPClassifier, stdp_curve
from skstdp import _cli as command_line
from skstdp._cli import _commands, _console
from skstdp.benchmarks import (
    _selection,
    ablations,
    compare,
    front_families,
    paper_classifiers,
    robustness_fronts,
    select_settings,
    summarise,
)
from skstdp.datasets import Task, _mnist, load_csv_task, load_tasks

# To the last digit, which pandas before version 3 does when asked, and later ones without.
EXACT = {"float_precision": "round_trip"} if pd.__version__ < "3" else {}
read_csv = partial(pd.read_csv, **EXACT)

COMMANDS = ["benchmark", "figures", "select", "robustness", "attack", "info"]
QUICK = ["--splits", "2", "--repeats", "1"]
KINDS = ["accuracy_by_epoch.png", "accuracy_by_epsilon.png", "scores.csv", "summary.csv"]
FILES = sorted([*KINDS, "fits.jsonl"])


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    """A CSV file of 60 wines of three kinds."""
    table = load_wine(as_frame=True).frame.iloc[::3]
    kinds = np.array(["red", "white", "rosé"])[table["target"]]
    path = tmp_path_factory.mktemp("data") / "wine.csv"
    table.drop(columns="target").assign(kind=kinds).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def run(wine, tmp_path_factory):
    """The command as a user starts it, with the directory it is to make."""
    out = tmp_path_factory.mktemp("run") / "deep" / "results"
    arguments = ["benchmark", str(wine), "--target", "kind", "--out", str(out), "--seed", "3"]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "skstdp", *arguments, *QUICK],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )
    return done, out


@pytest.fixture
def no_training(monkeypatch):
    def train(*args, **kwargs):
        raise AssertionError("The check must come before the training.")

    for experiment in ("compare", "select_settings", "robustness_fronts"):
        monkeypatch.setattr(_commands, experiment, train)


def test_benchmark_writes_the_tables_of_the_library(run, wine):
    done, out = run
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == [f"wine_{kind}" for kind in FILES]
    expected = compare([load_csv_task(wine, "kind")], n_splits=2, n_repeats=1, random_state=3)
    scores = read_csv(out / "wine_scores.csv")
    pd.testing.assert_frame_equal(scores, expected.scores)
    summary = read_csv(out / "wine_summary.csv")
    pd.testing.assert_frame_equal(summary, summarise(expected.scores))


def test_benchmark_writes_figures_of_some_size(run):
    from matplotlib.image import imread

    _, out = run
    for kind in KINDS[:2]:
        pixels = imread(out / f"wine_{kind}")
        assert min(pixels.shape[:2]) > 400
        assert pixels.std() > 0.01


def test_benchmark_prints_one_table_and_where_the_files_are(run):
    done, out = run
    lines = done.stdout.splitlines()
    summary = read_csv(out / "wine_summary.csv").set_index("model")
    for model in ("STDP", "BP"):
        (line,) = [line for line in lines if model in line.split()]
        row = summary.loc[model]
        for attack in ("clean", "4/255", "8/255", "12/255"):
            assert f"{row[f'{attack}_mean']:.3f} ± {row[f'{attack}_std']:.3f}" in line
    (header,) = [line for line in lines if "clean" in line]
    assert header.split() == ["clean", "4/255", "8/255", "12/255"]
    table = lines[: lines.index("Written:")]
    assert max(map(len, table)) <= 100
    assert sorted(lines[lines.index("Written:") + 1 :]) == [
        f"  {out / f'wine_{kind}'}" for kind in KINDS
    ]


def test_progress_goes_to_stderr_as_lines_where_there_is_no_terminal(run):
    done, _ = run
    expected = [f"{count} of 4 networks trained" for count in (1, 2, 3, 4)]
    assert done.stderr.splitlines() == expected


def test_options_reach_the_benchmark(monkeypatch, tmp_path, capsys):
    given = {}

    def record(tasks, **options):
        given.update(options, tasks=[task.name for task in tasks])
        models = {"BP": BPClassifier(max_iter=2)}
        return compare(tasks[:1], estimators=models, epsilons=options["epsilons"])

    monkeypatch.setattr(_commands, "compare", record)
    out = ["--out", str(tmp_path)]
    options = ["--splits", "4", "--repeats", "3", "--seed", "7", "--epsilon", "2/255", "0.1", "0"]
    options += ["--seeds", "6", "--jobs", "2"]
    assert command_line.main(["benchmark", "iris", *out, *options]) == 0
    del given["progress"], given["estimators"]
    assert given == {
        "tasks": [task.name for task in load_tasks("iris")],
        "epsilons": [2 / 255, 0.1, 0],
        "n_splits": 4,
        "n_repeats": 3,
        "n_seeds": 6,
        "n_jobs": 2,
        "random_state": 7,
        "path": tmp_path / "iris_fits.jsonl",
        "fresh": False,
        "curves": True,
        "verbose": True,
    }
    assert "2/255" in capsys.readouterr().out
    command_line.main(["benchmark", "digits", *out])
    assert given["tasks"] == [task.name for task in load_tasks("digits")]
    assert given["epsilons"] == (4 / 255, 8 / 255, 12 / 255)
    assert (given["n_splits"], given["n_repeats"], given["n_seeds"]) == (5, 4, 5)
    assert (given["random_state"], given["n_jobs"]) == (0, 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{name}_{kind}" for name in ("digits", "iris") for kind in KINDS
    ]


def test_benchmark_counts_the_folds_of_one_class(wine, tmp_path, capsys):
    """Weights that decay as fast as they grow: flat figures under attack, which are no good."""
    options = ["--out", str(tmp_path), "--set", "weight_decay=3", "--set", "max_iter=40", *QUICK]
    assert command_line.main(["benchmark", str(wine), "--target", "kind", *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    (header,) = [line for line in lines if "clean" in line]
    assert header.endswith("one class")
    summary = read_csv(tmp_path / "wine_summary.csv")
    assert summary["one_class"].gt(0).any()
    for row in summary.itertuples():
        (line,) = [line for line in lines if row.model in line.split()]
        assert line.split()[-1] == str(row.one_class)
    assert any(line.startswith("one class: number of those in which") for line in lines)


def test_table_of_many_attacks_is_broken_into_blocks():
    attacks = ["clean", *(f"{k}/255" for k in range(1, 20))]
    figures = {f"{attack}_{kind}": [0.5] for attack in attacks for kind in ("mean", "std")}
    summary = pd.DataFrame({"task": "a task of which the name is long", "model": "STDP"} | figures)
    lines = _commands._format(summary).splitlines()
    assert max(map(len, lines)) <= 100
    assert sum(line.count("0.500 ± 0.500") for line in lines) == 20


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
            if len(args[1]) > 2:
                seen.append(clone(self))
            return original(self, *args, **kwargs)

        monkeypatch.setattr(classifier, "fit", fit)
    return seen


def test_several_collections_make_one_comparison(wine, mnist, tmp_path, fitted, capsys):
    out = tmp_path / "out"
    arguments = ["benchmark", "iris", str(wine), "lookalikes", "--target", "kind"]
    arguments += ["--data", str(mnist), "--seeds", "3", "--set", "max_iter=1", "--out", str(out)]
    assert command_line.main([*arguments, *QUICK]) == 0
    files = [f"iris_wine_lookalikes_{kind}" for kind in FILES]
    assert sorted(path.name for path in out.iterdir()) == files
    scores = read_csv(out / "iris_wine_lookalikes_scores.csv")
    iris, lookalikes = load_tasks("iris"), load_tasks("lookalikes", data=mnist)
    names = [*(task.name for task in iris), "wine", *(task.name for task in lookalikes)]
    assert list(scores["task"].unique()) == names
    n_splits = scores.groupby("task", sort=False)["split"].nunique()
    assert list(n_splits) == [2] * 5 + [3] * 6
    assert len(fitted) == 2 * (2 * 5 + 3 * 6)
    assert "over 2 test folds or 3 seeds" in capsys.readouterr().out


def test_settings_reach_the_networks_that_have_them(tmp_path, fitted):
    settings = ["max_iter=2", "hidden_layer_sizes=(3,)", "learning_rate=constant"]
    settings = [part for setting in [*settings, "stdp_epsilon=0.5"] for part in ("--set", setting)]
    command_line.main(["benchmark", "iris", "--out", str(tmp_path), *QUICK, *settings])
    common = {"max_iter": 2, "hidden_layer_sizes": (3,), "learning_rate": "constant"}
    expected = {STDPClassifier: common | {"stdp_epsilon": 0.5}, BPClassifier: common}
    assert len(fitted) == 16
    for network in fitted:
        parameters = network.set_params(random_state=None).get_params()
        assert parameters == type(network)(**expected[type(network)]).get_params()


@pytest.mark.parametrize("configuration", ["paper", "literal"])
def test_configuration_of_the_paper(tmp_path, fitted, configuration):
    command = ["benchmark", "iris", "--out", str(tmp_path), "--set", "max_iter=2"]
    command_line.main([*command, *QUICK, "--configuration", configuration])
    expected = paper_classifiers("iris", literal=configuration == "literal")
    for network, model in zip(fitted, ["STDP", "BP"] * 8, strict=True):
        network.set_params(random_state=None)
        assert network.get_params() == expected[model].set_params(max_iter=2).get_params()


def test_ablations_have_a_table_and_no_figure(tmp_path, fitted, capsys):
    command = ["benchmark", "iris", "--out", str(tmp_path), "--configuration", "ablation"]
    command_line.main([*command, *QUICK, "--set", "max_iter=1", "--epsilon", "0.1"])
    names = list(ablations())
    n_splits, n_tasks = 2, 4
    assert len(fitted) == n_tasks * n_splits * len(names)
    for network, model in zip(fitted, names * n_tasks * n_splits, strict=True):
        expected = ablations()[model].set_params(max_iter=1)
        assert network.set_params(random_state=None).get_params() == expected.get_params()
    files = [f"iris_{kind}" for kind in FILES if kind.endswith(("csv", "jsonl"))]
    assert sorted(path.name for path in tmp_path.iterdir()) == files
    summary = read_csv(tmp_path / "iris_summary.csv")
    assert list(summary["model"]) == names * n_tasks

    shown = capsys.readouterr()
    assert f"no figures: {len(names)} models" in shown.err
    lines = shown.out.splitlines()
    assert max(map(len, lines)) <= 100
    for name in names:
        assert len([line for line in lines if f" {name}  " in line]) == n_tasks
    assert not [line for line in lines if line.endswith("png")]


TINY_SPACES = {
    "STDP": (STDPClassifier(max_iter=3), {"hidden_layer_sizes": [(2,), (8, 4)]}),
    "BP": (
        BPClassifier(max_iter=3),
        {"learning_rate_init": [0.0123456, 1.0], "quiet_start": [None, 0.5]},
    ),
}
SELECT = ["select", "digits", "--settings", "2", "--outer", "2", "--pairs", "4v9", "1v0"]


@pytest.fixture
def tiny_spaces(monkeypatch):
    monkeypatch.setattr(_selection, "SPACES", TINY_SPACES)


@pytest.mark.usefixtures("tiny_spaces")
def test_select_writes_the_tables_of_the_library(tmp_path, capsys):
    out = tmp_path / "deep" / "out"
    assert command_line.main([*SELECT, "--seed", "3", "--out", str(out)]) == 0
    names = [f"selection_{name}.csv" for name in ("inner", "chosen", "outer")]
    fits = ["inner_fits.jsonl", "outer_fits.jsonl"]
    assert sorted(path.name for path in out.iterdir()) == sorted([*fits, *names])

    tasks = load_tasks("digits", pairs=[(4, 9), (1, 0)])
    expected = select_settings(tasks, n_settings=2, n_outer=2, random_state=3)
    inner, chosen, outer = (read_csv(out / name) for name in names)
    pd.testing.assert_frame_equal(inner, expected.inner)
    pd.testing.assert_frame_equal(outer, expected.outer)
    pd.testing.assert_frame_equal(
        chosen.drop(columns="parameters"), expected.chosen.drop(columns="parameters")
    )
    for text, parameters in zip(chosen["parameters"], expected.chosen["parameters"], strict=True):
        ours = {k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(text).items()}
        assert ours == parameters

    shown = capsys.readouterr().out
    lines = shown.splitlines()
    assert max(map(len, lines[: lines.index("Written:")])) <= 100
    assert lines[-3:] == [f"  {out / name}" for name in names]
    header, *rows = lines[lines.index("Chosen for BP, on each outer split and on all") + 2 :][:4]
    assert header.split() == ["split", "0", "split", "1", "all"]
    of_model = expected.chosen[expected.chosen["model"] == "BP"]
    assert rows[0].split() == ["inner", "accuracy", *(f"{a:.3f}" for a in of_model["accuracy"])]
    for row in rows[1:]:
        name, *values = row.split()
        assert values == [
            f"{p[name]:.4g}" if p[name] is not None else "None" for p in of_model["parameters"]
        ]
    assert "over 2 outer splits" in shown
    scores = outer.groupby(["task", "model"])["accuracy"].agg(["mean", "std"])
    for task in ("digits 4v9", "digits 1v0"):
        for model in ("STDP", "BP"):
            mean, std = scores.loc[(task, model)]
            assert any(
                model in line.split() and line.endswith(f"{mean:.3f} ± {std:.3f}")
                for line in lines
            )


@pytest.mark.usefixtures("tiny_spaces")
def test_interrupted_selection_goes_on_where_it_stopped(monkeypatch, tmp_path, fitted, capsys):
    command = [*SELECT, "--out", str(tmp_path)]

    def interrupt(fits):
        yield from fits[:5]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_commands, "progress_bar", lambda: interrupt)
        assert command_line.main(command) == 130
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert line.startswith(f"stopped: what is done is in {tmp_path}")
    n_inner, n_outer = 2 * 2 * 2 * 2 * 2, 2 * 2 * 2
    assert command_line.main(command) == 0
    first = capsys.readouterr()
    assert first.err.splitlines()[0] == f"resumed: 5 of {n_inner} fits were there"
    assert len(fitted) == n_inner + n_outer
    assert command_line.main(command) == 0
    assert capsys.readouterr().out == first.out
    assert len(fitted) == n_inner + n_outer


def test_options_reach_the_selection(monkeypatch, mnist, tmp_path):
    given = {}

    def record(tasks, **options):
        given.update(options, tasks=[task.name for task in tasks])
        raise KeyboardInterrupt

    monkeypatch.setattr(_commands, "select_settings", record)
    command = ["select", "iris", "mnist", "digits", "--data", str(mnist), "--out", str(tmp_path)]
    options = ["--settings", "7", "--outer", "4", "--inner", "3", "--jobs", "2", "--seed", "9"]
    options += ["--samples", "77"]
    assert command_line.main([*command, *options, "--pairs", "0v5", "all", "9v4"]) == 130
    iris = [task.name for task in load_tasks("iris")]
    pairs = [f"{name}{pair}" for name in ("mnist", "digits") for pair in (" 0v5", "", " 9v4")]
    del given["progress"]
    assert given == {
        "tasks": [*iris, *pairs],
        "n_settings": 7,
        "n_outer": 4,
        "n_inner": 3,
        "max_samples": 77,
        "n_jobs": 2,
        "random_state": 9,
        "path": tmp_path,
        "verbose": True,
    }
    command_line.main(["select", "digits", "--out", str(tmp_path)])
    assert given["tasks"] == [task.name for task in load_tasks("digits")]
    assert (given["n_settings"], given["n_outer"], given["n_inner"]) == (24, 3, 2)
    assert (given["n_jobs"], given["random_state"]) == (1, 0)


@pytest.fixture
def small_mnist(monkeypatch):
    """120 test images of zeros and ones in place of MNIST."""
    X, y = load_digits(n_class=2, return_X_y=True)
    X = (X / 16).astype(np.float32)
    tasks = [Task("mnist 0v1", X[:240], y[:240], X[240:], y[240:])]
    monkeypatch.setattr(_commands, "load_tasks", lambda *args, **options: tasks)
    return tasks


def test_robustness_writes_the_tables_of_the_library(monkeypatch, small_mnist, tmp_path, capsys):
    families = {"BP": {"decay 0": BPClassifier((2,), max_iter=1)}}
    layers = []
    monkeypatch.setattr(
        _commands, "front_families", lambda sizes: layers.append(sizes) or families
    )
    command = ["robustness", "mnist", "--pairs", "0v1", "--seeds", "2"]
    assert command_line.main([*command, "--layers", "5", "3", "--out", str(tmp_path)]) == 0
    assert layers == [(5, 3)]
    expected = robustness_fronts(small_mnist, families=families, n_seeds=2)
    for kind, table in expected._asdict().items():
        written = read_csv(tmp_path / f"mnist_fronts_{kind}.csv")
        pd.testing.assert_frame_equal(written, table.reset_index(drop=True), check_dtype=False)
    assert (tmp_path / "mnist_fronts.png").stat().st_size > 0
    out = capsys.readouterr().out
    assert "BP, decay 0" in out
    assert "PGD 12/255" in out


def test_robustness_of_the_chosen_settings_alone(monkeypatch, small_mnist, tmp_path, capsys):
    families = {
        "BP": {f"decay {decay}": BPClassifier((2,), max_iter=1 + decay) for decay in (0, 1)},
        "broken": {"none": None},
    }
    monkeypatch.setattr(_commands, "front_families", lambda sizes: families)
    command = ["robustness", "mnist", "--out", str(tmp_path), "--families", "BP", "--rows", "100"]
    command += ["--seeds", "2", "--front-seeds", "0", "--epsilon", "0.1", "2/255"]
    assert command_line.main(command) == 0
    expected = robustness_fronts(
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

    monkeypatch.setattr(_commands, "robustness_fronts", record)
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
        "path": tmp_path / "mnist_fronts",
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


def test_interrupted_command_goes_on_where_it_stopped(monkeypatch, tmp_path, fitted, capsys):
    command = ["benchmark", "iris", "--out", str(tmp_path), "--set", "max_iter=2", *QUICK]

    def interrupt(fits):
        yield from fits[:6]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_commands, "progress_bar", lambda: interrupt)
        assert command_line.main(command) == 130
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert line.startswith("stopped: ")
    assert str(tmp_path / "iris_fits.jsonl") in line
    assert len(fitted) == 6

    assert command_line.main(command) == 0
    resumed = capsys.readouterr()
    assert resumed.err.splitlines()[0] == "resumed: 6 of 16 fits were there"
    assert len(fitted) == 16
    scores = read_csv(tmp_path / "iris_scores.csv")

    assert command_line.main([*command, "--fresh"]) == 0
    fresh = capsys.readouterr()
    assert "resumed" not in fresh.err
    assert fresh.out == resumed.out
    assert len(fitted) == 32
    pd.testing.assert_frame_equal(read_csv(tmp_path / "iris_scores.csv"), scores)


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


def test_spread_of_one_fit_is_not_shown():
    summary = pd.DataFrame({"task": ["a"], "model": "BP", "clean_mean": 0.5, "clean_std": np.nan})
    assert _commands._format(summary).split()[-1] == "0.500"


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("benchmark iris iris", "Got the name 'iris 0v1', 'iris 0v2', 'iris 1v2', 'iris' several"),
        ("benchmark iris", "Got line 1 of {folder}/iris_fits.jsonl that is no result"),
        ("select iris iris", "Got the name 'iris 0v1', 'iris 0v2', 'iris 1v2', 'iris' several"),
        ("select iris", "Got line 1 of {folder}/inner_fits.jsonl that is no result"),
        ("select iris --outer 51", "Got 50 sample(s) of the class 0 in the task 'iris 0v1'"),
        ("select iris --inner 34", "Got 33 sample(s) of the class "),
    ],
)
def test_errors_that_the_comparison_finds(arguments, message, tmp_path, capsys):
    for name in ("iris", "inner"):
        (tmp_path / f"{name}_fits.jsonl").write_text("a note\n")
    with pytest.raises(SystemExit, match="2"):
        command_line.main([*arguments.split(), "--out", str(tmp_path)])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("skstdp: error: " + message.format(folder=tmp_path))


def test_error_during_training_is_no_error_of_the_user(tmp_path, monkeypatch):
    def fit(self, *args, **kwargs):
        raise ValueError("broken")

    monkeypatch.setattr(BPClassifier, "fit", fit)
    command = ["benchmark", "iris", "--out", str(tmp_path), *QUICK]
    with pytest.raises(ValueError, match="broken"):
        command_line.main(command)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        *(
            [name, "--help"]
            for name in ("benchmark", "figures", "select", "robustness", "attack", "info")
        ),
    ],
)
def test_help_has_examples(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        command_line.main(arguments)
    assert stopped.value.code == 0
    shown = capsys.readouterr().out
    assert "python -m skstdp benchmark penguins.csv --target species" in shown


@pytest.mark.usefixtures("no_training")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("train", "invalid choice: 'train'"),
        ("atack", "Did you mean 'attack'? See --help."),
        ("benchmark iris --configuration papr", "Did you mean 'paper'? See --help."),
        ("benchmark", "arguments are required: DATA"),
        (
            "benchmark irises",
            "no such file, and no collection of that name: expected iris, digits, wine, ",
        ),
        ("benchmark irises", "or the path of a CSV file. Did you mean 'iris'?"),
        ("benchmark iris --target kind", "Got --target kind with iris"),
        ("benchmark {wine}", "Got no --target, but expected a column of {wine}"),
        ("benchmark {wine} --target nose", "Got target='nose', but expected one of the columns"),
        ("benchmark {folder} --target kind", "Cannot read {folder}: Is a directory."),
        ("benchmark {empty} --target kind", "No columns to parse"),
        ("benchmark {wine} --target kind --splits 17", "Got 16 sample(s) of the class rosé"),
        ("benchmark iris --splits 1", "--splits: Got '1', but expected an integer >= 2."),
        ("benchmark iris --splits 2.5", "--splits: Got '2.5', but expected an integer >= 2."),
        ("benchmark iris --repeats 0", "--repeats: Got '0', but expected an integer >= 1."),
        ("benchmark iris --seed -1", "--seed: Got '-1', but expected an integer >= 0."),
        ("benchmark iris --seed 4294967296", "--seed: Got '4294967296'"),
        ("benchmark iris --epsilon -0.1", "--epsilon: Got '-0.1', but expected a number in"),
        ("benchmark iris --epsilon=-4/255", "--epsilon: Got '-4/255', but expected a number in"),
        ("benchmark iris --epsilon 0.1 8", "--epsilon: Got '8', but expected a number in [0, 1]"),
        ("benchmark iris --epsilon much", "--epsilon: Got 'much', but expected a number in"),
        ("benchmark iris --epsilon 1/0", "--epsilon: Got '1/0', but expected a number in"),
        ("benchmark iris --epsilon nan", "--epsilon: Got 'nan', but expected a number in"),
        ("benchmark iris --epsilon", "--epsilon: expected at least one argument"),
        ("benchmark iris --folds 3", "unrecognized arguments: --folds 3"),
        (
            "benchmark iris --data {folder}",
            "Got --data {folder} with iris, but expected it with mnist",
        ),
        ("benchmark mnist --data {folder}", "Got data='{folder}', but expected a folder with the"),
        ("benchmark iris --jobs 0", "--jobs: Got '0', but expected an integer >= 1."),
        ("benchmark iris --seeds 0", "--seeds: Got '0', but expected an integer >= 1."),
        ("benchmark iris --configuration theirs", "--configuration: invalid choice: 'theirs'"),
        ("benchmark iris --set max_iter", "--set: Got 'max_iter', but expected NAME=VALUE"),
        ("benchmark iris --set =3", "--set: Got '=3', but expected NAME=VALUE"),
        ("benchmark iris --set epochs=3", "Got --set epochs, but expected a parameter of STDP"),
        (
            "benchmark iris --set epochs=3",
            "BPClassifier. They are adversarial_epsilon, batch_size",
        ),
        ("benchmark iris --set max_itr=3", "BPClassifier. Did you mean 'max_iter'?"),
        ("benchmark {wine} --target Kind", "Did you mean 'kind'?"),
        ("benchmark {wine} --target kind --sep ;;", "--sep: Got ';;', but expected one character"),
        ("benchmark {wine} --target kind --sep ;", "on the command line --sep ','."),
        ("benchmark iris --set max_iter=0", "The 'max_iter' parameter of STDPClassifier must be"),
        ("benchmark iris --set max_iter=many", "'max_iter' parameter of STDPClassifier must be"),
        ("benchmark iris --set hidden_layer_sizes=(0,)", "Got hidden_layer_sizes=(0,), but"),
        ("benchmark iris --set early_stopping=True", "Got early_stopping=True in the model"),
        ("benchmark iris --set random_state=3", "Got --set random_state, but expected --seed."),
        (
            "benchmark iris --configuration ablation --set quiet_start=0.5",
            "Got --set quiet_start with --configuration ablation, but expected a parameter in",
        ),
        ("figures", "arguments are required: 2|3|4"),
        ("figures 2 --configuration ablation", "--configuration: invalid choice: 'ablation'"),
        ("figures 1", "invalid choice: 1"),
        ("figures 2 --pairs digits", "--pairs: invalid choice: 'digits'"),
        ("figures 3 --data {folder}", "Got data='{folder}', but expected a folder with the file"),
        ("select", "arguments are required: DATA"),
        ("select {wine}", "invalid choice: '{wine}'"),
        ("select iris --settings 0", "--settings: Got '0', but expected an integer >= 1."),
        ("select iris --outer 1", "--outer: Got '1', but expected an integer >= 2."),
        ("select iris --inner 1", "--inner: Got '1', but expected an integer >= 2."),
        ("select iris --data {folder}", "Got --data {folder} with iris, but expected it with"),
        ("select iris --pairs 0v1", "Got --pairs with iris, but expected it with digits or mnist"),
        ("select digits --pairs 0-1", "--pairs: Got '0-1', but expected two classes, such as 4v9"),
        ("select digits --pairs 1v2v3", "--pairs: Got '1v2v3', but expected two classes"),
        ("select digits --pairs 1v1", "Got (1, 1) among the pairs, but expected two different"),
        ("robustness", "arguments are required: DATA"),
        ("robustness iris", "invalid choice: 'iris'"),
        (
            "robustness mnist --families STDP neighbours",
            "Got --families 'neighbours', but expected some of 'STDP', 'STDP, no competition', ",
        ),
        ("robustness mnist --families", "--families: expected at least one argument"),
        ("robustness mnist --front-seeds -1", "--front-seeds: Got '-1', but expected an integer"),
        ("robustness mnist --front-seeds few", "--front-seeds: Got 'few', but expected an inte"),
        ("robustness mnist --seeds 0", "--seeds: Got '0', but expected an integer >= 1."),
        ("robustness mnist --rows 99", "--rows: Got '99', but expected an integer >= 100."),
        ("robustness mnist --epsilon 8", "--epsilon: Got '8', but expected a number in [0, 1]"),
        ("robustness mnist --epsilon", "--epsilon: expected at least one argument"),
        ("robustness mnist --layers 0", "--layers: Got '0', but expected an integer >= 1."),
        ("robustness mnist --data {folder}", "Got data='{folder}', but expected a folder with"),
        ("select digits --out {wine}", "Cannot write to --out {wine}: File exists."),
        ("figures 4 --out {wine}", "Cannot write to --out {wine}: File exists."),
        ("benchmark iris --out {wine}", "Cannot write to --out {wine}: File exists."),
        ("benchmark iris --out {wine}/sub", "Cannot write to --out {wine}/sub: Not a directory."),
    ],
)
def test_errors_of_the_user_take_one_line(arguments, message, wine, tmp_path, capsys):
    empty = tmp_path / "empty.csv"
    empty.touch()
    names = {"wine": wine, "folder": wine.parent, "empty": empty}
    with pytest.raises(SystemExit) as stopped:
        command_line.main([part.format(**names) for part in arguments.split()])
    assert stopped.value.code == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert line.startswith("skstdp: error: ")
    assert message.format(**names) in line


def test_no_command_prints_the_help(capsys):
    assert command_line.main([]) == 0
    shown = capsys.readouterr().out
    with pytest.raises(SystemExit):
        command_line.main(["--help"])
    assert shown == capsys.readouterr().out


@pytest.mark.parametrize(("sep", "given"), [(";", ";"), ("\t", r"\t")])
def test_benchmark_of_a_file_with_another_separator(sep, given, wine, tmp_path, monkeypatch):
    path = tmp_path / "other.csv"
    path.write_text(wine.read_text(encoding="utf-8").replace(",", sep), encoding="utf-8")
    loaded = []

    def compare(tasks, **options):
        loaded.extend(tasks)
        raise KeyboardInterrupt

    monkeypatch.setattr(_commands, "compare", compare)
    options = ["--target", "kind", "--sep", given, "--out", str(tmp_path)]
    assert command_line.main(["benchmark", str(path), *options]) == 130
    pd.testing.assert_frame_equal(loaded[0].X, load_csv_task(wine, "kind").X)


@pytest.mark.usefixtures("no_training")
def test_directory_that_takes_no_file(tmp_path, capsys, monkeypatch):
    def refuse(**kwargs):
        raise PermissionError(13, "Permission denied")

    # Not by its mode, which does not keep the superuser out.
    monkeypatch.setattr(_console.tempfile, "TemporaryFile", refuse)
    with pytest.raises(SystemExit, match="2"):
        command_line.main(["benchmark", "iris", "--out", str(tmp_path)])
    expected = f"skstdp: error: Cannot write to --out {tmp_path}: Permission denied.\n"
    assert capsys.readouterr().err == expected


@pytest.mark.usefixtures("no_training")
def test_missing_matplotlib_is_told_first(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    out = tmp_path / "results"
    with pytest.raises(SystemExit, match="2"):
        command_line.main(["benchmark", "iris", "--out", str(out)])
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("skstdp: error: ")
    assert 'pip install "skstdp[plot]"' in line
    assert not out.exists()


def test_error_of_a_process(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "skstdp", "benchmark", "nowhere.csv", "--target", "kind"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("skstdp: error: Got nowhere.csv, but there is no such file")
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert not list(Path(tmp_path).iterdir())
