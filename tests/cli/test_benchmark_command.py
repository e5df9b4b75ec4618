import os
import subprocess
import sys

import pandas as pd
import pytest
from cli_helpers import QUICK, names_in, read_csv

pytest.importorskip("matplotlib")

from skstdp import BPClassifier, STDPClassifier
from skstdp import _cli as command_line
from skstdp._cli import _benchmark, _console
from skstdp.benchmarks import (
    ablations,
    compare,
    paper_classifiers,
    summarise,
)
from skstdp.datasets import load_table, load_tasks

# Processes draw, and so do the tests of figures.
pytestmark = pytest.mark.usefixtures("figures_are_empty_files")

KINDS = ["accuracy_by_epoch.png", "accuracy_by_epsilon.png", "scores.csv", "summary.csv"]


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


@pytest.mark.process
def test_benchmark_writes_the_tables_of_the_library(run, wine):
    done, out = run
    assert done.returncode == 0, done.stderr
    assert names_in(out) == ["fits", *(f"wine_{kind}" for kind in KINDS)]
    expected = compare([load_table(wine, "kind")], n_splits=2, n_repeats=1, random_state=3)
    scores = read_csv(out / "wine_scores.csv")
    pd.testing.assert_frame_equal(scores, expected.scores)
    summary = read_csv(out / "wine_summary.csv")
    pd.testing.assert_frame_equal(summary, summarise(expected.scores))


@pytest.mark.process
def test_benchmark_writes_figures_of_some_size(run):
    from matplotlib.image import imread

    _, out = run
    for kind in KINDS[:2]:
        pixels = imread(out / f"wine_{kind}")
        assert min(pixels.shape[:2]) > 400
        assert pixels.std() > 0.01


@pytest.mark.process
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


@pytest.mark.process
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

    monkeypatch.setattr(_benchmark, "compare", record)
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
        "path": tmp_path / "fits",
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


def test_several_collections_make_one_comparison(wine, mnist, tmp_path, fitted, capsys):
    out = tmp_path / "out"
    arguments = ["benchmark", "iris", str(wine), "lookalikes", "--target", "kind"]
    arguments += ["--data", str(mnist), "--seeds", "3", "--set", "max_iter=1", "--out", str(out)]
    assert command_line.main([*arguments, *QUICK]) == 0
    files = [f"iris_wine_lookalikes_{kind}" for kind in KINDS]
    assert names_in(out) == ["fits", *files]
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
    assert names_in(tmp_path) == ["fits", *(f"iris_{configuration}_{kind}" for kind in KINDS)]


def test_files_of_two_configurations_stand_side_by_side(tmp_path, fitted):
    command = ["benchmark", "iris", "--out", str(tmp_path), "--set", "max_iter=1", *QUICK]
    command_line.main(command)
    before = (tmp_path / "iris_scores.csv").read_text()
    command_line.main([*command, "--configuration", "literal"])
    assert (tmp_path / "iris_scores.csv").read_text() == before
    assert (tmp_path / "iris_literal_scores.csv").read_text() != before
    assert len(list((tmp_path / "fits").iterdir())) == len(fitted) == 32


def test_ablations_have_a_table_and_no_figure(tmp_path, fitted, capsys):
    command = ["benchmark", "iris", "--out", str(tmp_path), "--configuration", "ablation"]
    command_line.main([*command, *QUICK, "--set", "max_iter=1", "--epsilon", "0.1"])
    names = list(ablations())
    n_splits, n_tasks = 2, 4
    assert len(fitted) == n_tasks * n_splits * len(names)
    for network, model in zip(fitted, names * n_tasks * n_splits, strict=True):
        expected = ablations()[model].set_params(max_iter=1)
        assert network.set_params(random_state=None).get_params() == expected.get_params()
    files = [f"iris_ablation_{kind}.csv" for kind in ("scores", "summary")]
    assert names_in(tmp_path) == ["fits", *files]
    summary = read_csv(tmp_path / files[1])
    assert list(summary["model"]) == names * n_tasks

    shown = capsys.readouterr()
    assert f"no figures: {len(names)} models" in shown.err
    lines = shown.out.splitlines()
    assert max(map(len, lines)) <= 100
    for name in names:
        assert len([line for line in lines if f" {name}  " in line]) == n_tasks
    assert not [line for line in lines if line.endswith("png")]


def test_interrupted_command_goes_on_where_it_stopped(monkeypatch, tmp_path, fitted, capsys):
    command = ["benchmark", "iris", "--out", str(tmp_path), "--set", "max_iter=2", *QUICK]

    def interrupt(fits):
        yield from fits[:6]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_console, "progress_bar", lambda: interrupt)
        assert command_line.main(command) == 130
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert line.startswith("stopped: ")
    assert str(tmp_path / "fits") in line
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


@pytest.mark.parametrize(("sep", "given"), [(";", ";"), ("\t", r"\t")])
def test_benchmark_of_a_file_with_another_separator(sep, given, wine, tmp_path, monkeypatch):
    path = tmp_path / "other.csv"
    path.write_text(wine.read_text(encoding="utf-8").replace(",", sep), encoding="utf-8")
    loaded = []

    def compare(tasks, **options):
        loaded.extend(tasks)
        raise KeyboardInterrupt

    monkeypatch.setattr(_benchmark, "compare", compare)
    options = ["--target", "kind", "--sep", given, "--out", str(tmp_path)]
    assert command_line.main(["benchmark", str(path), *options]) == 130
    pd.testing.assert_frame_equal(loaded[0].X, load_table(wine, "kind").X)
