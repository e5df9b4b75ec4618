import html
import json
import os
import shlex
import subprocess
import sys

import pandas as pd
import pytest
from cli_helpers import NETWORKS, QUICK, names_in, read_csv

pytest.importorskip("matplotlib")

from skstdp import BPClassifier, STDPClassifier
from skstdp import _cli as command_line
from skstdp._cli import _benchmark, _console
from skstdp.benchmarks import (
    ablations,
    compare,
    paper_classifiers,
)
from skstdp.datasets import load_table, load_tasks

# Processes draw, and so do the tests of figures.
pytestmark = pytest.mark.usefixtures("figures_are_empty_files")

FIGURES = ["accuracy_by_epoch.png", "accuracy_by_epsilon.png"]
KINDS = [*FIGURES, "tables"]
TABLES = ["calibration", "curves", "missing", "scores", "settings", "summary", "tasks"]


@pytest.fixture(scope="module")
def run(wine, tmp_path_factory):
    """The command as a user starts it, with the directory it is to make."""
    out = tmp_path_factory.mktemp("run") / "deep" / "results"
    arguments = ["benchmark", f"{wine}:kind", "--out", str(out), "--seed", "3"]
    arguments += ["--splits", "2", "--repeats", "1"]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "skstdp", *arguments],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )
    return done, out, arguments


MODELS = ["STDP", "BP", "logistic regression", "MLP"]


@pytest.mark.process
def test_benchmark_writes_the_tables_of_the_library(run, wine):
    done, out, _ = run
    assert done.returncode == 0, done.stderr
    kinds = [*FIGURES, "report.html", "tables"]
    assert names_in(out) == ["fits", *(f"wine_{kind}" for kind in kinds)]
    files = [*(f"{name}.csv" for name in TABLES), "environment.json"]
    assert names_in(out / "wine_tables") == sorted(files)
    expected = compare(
        [load_table(wine, "kind")],
        estimators=["stdp", "bp", "logistic", "mlp"],
        n_splits=2,
        n_repeats=1,
        random_state=3,
    )
    assert list(expected.scores["model"].unique()) == MODELS
    times = ["fit_time", "predict_time", "attack_time"]
    scores = read_csv(out / "wine_tables" / "scores.csv")
    pd.testing.assert_frame_equal(
        scores.drop(columns=times), expected.scores.drop(columns=times), check_dtype=False
    )
    summary = read_csv(out / "wine_tables" / "summary.csv")
    pd.testing.assert_frame_equal(summary, expected.summary())


@pytest.mark.process
def test_benchmark_writes_figures_of_some_size(run):
    from matplotlib.image import imread

    _, out, _ = run
    for kind in FIGURES:
        pixels = imread(out / f"wine_{kind}")
        assert min(pixels.shape[:2]) > 400
        assert pixels.std() > 0.01


@pytest.mark.process
def test_benchmark_prints_tables_where_the_files_are_and_itself(run):
    done, out, arguments = run
    lines = done.stdout.splitlines()
    end = lines.index("Other measures, and seconds per fit and prediction, means over the splits")
    summary = read_csv(out / "wine_tables" / "summary.csv").set_index("model")
    scores = read_csv(out / "wine_tables" / "scores.csv")
    means = scores[scores["attack"] == "none"].groupby("model").mean(numeric_only=True)
    for model in MODELS:
        (line,) = [line for line in lines[:end] if f" {model} " in line]
        row = summary.loc[model]
        for attack in ("clean", "4/255", "8/255", "12/255"):
            assert f"{row[f'{attack}_mean']:.3f} ± {row[f'{attack}_std']:.3f}" in line
        (line,) = [line for line in lines[end:] if f" {model} " in line]
        row = means.loc[model]
        expected = ["balanced_accuracy", "roc_auc", "log_loss", "brier", "calibration_error"]
        *_, fit, predict = numbers = line.split()[-7:]
        assert numbers[:5] == [f"{row[name]:.3f}" for name in expected]
        assert float(fit) == pytest.approx(row["fit_time"], rel=0.06)
        assert float(predict) == pytest.approx(row["predict_time"], rel=0.06)
    (header,) = [line for line in lines if "clean" in line]
    assert header.split() == ["clean", "4/255", "8/255", "12/255"]
    (line,) = [line for line in lines[:end] if "(majority) " in line]
    assert line.split()[-1] == f"{scores['majority'].mean():.3f}"
    start = lines.index("Written:")
    assert max(map(len, lines[:start])) <= 100
    kinds = ["report.html", *FIGURES, "tables"]
    assert lines[start + 1 : start + 5] == [f"  {out / f'wine_{kind}'}" for kind in kinds]
    command = shlex.join(["skstdp", *arguments])
    assert lines[-2:] == ["To make it again:", f"  {command}"]
    environment = json.loads((out / "wine_tables" / "environment.json").read_text())
    assert environment["command"] == command
    report = (out / "wine_report.html").read_text(encoding="utf-8")
    assert html.escape(command) in report


@pytest.mark.process
def test_progress_goes_to_stderr_as_lines_where_there_is_no_terminal(run):
    done, _, _ = run
    # Where it takes long, an estimate follows.
    assert [line.partition(",")[0] for line in done.stderr.splitlines() if " of 8 " in line] == [
        f"{count} of 8 fits done" for count in range(1, 9)
    ]


def test_options_reach_the_benchmark(monkeypatch, tmp_path, capsys):
    given = {}

    def record(tasks, **options):
        given.update(options, tasks=[task().name for task in tasks])
        models = {"BP": BPClassifier(max_iter=2)}
        scorers = [scorer for scorer in options["scorers"] if scorer.attack == "FGSM"]
        options = {"measures": options["measures"], "n_splits": 2, "n_repeats": 1}
        return compare(tasks[:1], estimators=models, scorers=scorers, **options)

    monkeypatch.setattr(_benchmark, "compare", record)
    out = ["--out", str(tmp_path), "--report", "none"]
    options = ["--splits", "4", "--repeats", "3", "--seed", "7", "--epsilon", "2/255", "0.1", "0"]
    options += ["--seeds", "6", "--jobs", "2", "--tune", "5", "--inner", "4", "--queries", "9"]
    options += ["--measures", "brier", "accuracy", "--attack", "worst", "certified", "fgsm", "pgd"]
    assert command_line.main(["benchmark", "iris", *out, *options]) == 0
    del given["progress"], given["estimators"]
    scorers = given.pop("scorers")
    assert [(scorer.attack, scorer.epsilon) for scorer in scorers] == [
        (attack, epsilon)
        for attack in ("worst case", "certified", "FGSM", "PGD")
        for epsilon in (0, 2 / 255, 0.1)
    ]
    # A pipeline may scale the rates, which the attack moves.
    assert {(scorer.space, scorer.bounds) for scorer in scorers} == {("input", (0, 1))}
    assert (scorers[0].n_queries, scorers[0].random_state) == (9, 7)
    assert given == {
        "tasks": [task.name for task in load_tasks("iris")],
        "measures": ["brier", "accuracy"],
        "tune": 5,
        "n_inner": 4,
        "n_splits": 4,
        "n_repeats": 3,
        "n_seeds": 6,
        "n_jobs": 2,
        "random_state": 7,
        "path": tmp_path / "fits",
        "fresh": False,
        "client": None,
        "verbose": True,
    }
    shown = capsys.readouterr().out
    assert "2/255" in shown
    assert "calibration" not in shown
    command_line.main(["benchmark", "digits", *out])
    assert given["tasks"] == [task.name for task in load_tasks("digits")]
    sizes = [(scorer.attack, scorer.epsilon) for scorer in given["scorers"]]
    assert sizes == [("FGSM", size) for size in (4 / 255, 8 / 255, 12 / 255)]
    assert (given["n_splits"], given["n_repeats"], given["n_seeds"]) == (5, 4, 5)
    assert (given["random_state"], given["n_jobs"], given["tune"]) == (0, 1, None)
    assert given["measures"] is None
    assert names_in(tmp_path) == [
        f"{name}_{kind}" for name in ("digits", "iris") for kind in KINDS
    ]


def test_learning_rules_by_name(wine, tmp_path, capsys):
    rules = ["stdp", "bp", "feedback-random", "target(hidden_layer_sizes=(9, 7))", "hebb"]
    names = ["STDP", "BP", "feedback alignment", "target propagation (hidden_layer_sizes=(9, 7))"]
    out = tmp_path / "out"
    command = ["benchmark", f"{wine}:kind", "--models", *rules, "--out", str(out), *QUICK]
    assert command_line.main(command) == 0
    scores = read_csv(out / "wine_tables" / "scores.csv")
    assert list(scores["model"].unique()) == [*names, "Hebb"]
    accuracy = scores[scores["attack"] == "none"].groupby("model")["accuracy"].mean()
    assert accuracy.loc[["BP", "STDP"]].min() > 0.8
    with pytest.raises(SystemExit):
        command_line.main(["benchmark", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "feedback-random, feedback-direct, sign, sign-random, target, hebb" in shown


def test_models_of_any_kind_tuned_and_attacked(wine, tmp_path, capsys):
    """What cannot be attacked says why, and all are in the tables."""
    other = tmp_path / "other.csv"
    read_csv(wine).iloc[:, 5:].to_csv(other, index=False)
    models = ["knn", "sklearn.svm.LinearSVC(C=0.1)", "forest(n_estimators=3)", "dummy"]
    out = tmp_path / "out"
    command = ["benchmark", f"{wine}:kind", f"{other}:kind", "--models", *models, "--tune", "3"]
    command += ["--attack", "fgsm", "certified", "--epsilon", "0.1", "--out", str(out)]
    command += ["--format", "csv", "json", "parquet", *QUICK]
    assert command_line.main(command) == 0
    shown = capsys.readouterr()
    names = [
        "nearest neighbours",
        "LinearSVC(C=0.1)",
        "random forest (n_estimators=3)",
        "majority class",
    ]
    tables = out / "wine_other_tables"
    files = [f"{name}.{kind}" for name in TABLES for kind in ("csv", "json", "parquet")]
    assert names_in(tables) == sorted([*files, "environment.json"])
    scores = read_csv(tables / "scores.csv")
    pd.testing.assert_frame_equal(pd.read_parquet(tables / "scores.parquet"), scores)
    assert list(scores["model"].unique()) == names
    settings = read_csv(tables / "settings.csv")
    assert set(settings["model"]) == {names[0], names[2]}
    assert set(json.loads(settings["parameters"][0])) == {"n_neighbors", "p", "weights"}
    for name in (names[2], names[3]):
        (note,) = [line for line in shown.err.splitlines() if repr(name) in line]
        assert note.startswith("note: Got the model ")
        assert "cannot be attacked by FGSM 0.1" in note
        rows = [line for line in shown.out.splitlines() if f" {name} " in line and "±" in line]
        assert len(rows) == 2
        assert all("n/a" in row for row in rows)
    lines = shown.out.splitlines()
    start = lines.index("Mean rank of the accuracy over 2 tasks, 1 is the best")
    ranks = [float(line.split()[-1]) for line in lines[start + 3 : start + 7]]
    assert ranks == sorted(ranks)
    assert sum(ranks) == pytest.approx(10, abs=0.02)
    assert lines[start + 6].startswith("majority class")
    assert ranks[3] == 4


@pytest.mark.parametrize("attack", [["none"], ["certified"]])
def test_figures_of_what_there_is(attack, wine, tmp_path, capsys):
    command = ["benchmark", f"{wine}:kind", "--models", "tree", "--attack", *attack, *QUICK]
    assert command_line.main([*command, "--out", str(tmp_path)]) == 0
    figures = [] if attack == ["none"] else ["wine_accuracy_by_epsilon.png"]
    assert names_in(tmp_path) == ["fits", *figures, "wine_tables"]
    assert ("4/255" in capsys.readouterr().out) == bool(figures)


def test_all_fits_that_fail_take_one_line(wine, tmp_path, capsys):
    command = ["benchmark", f"{wine}:kind", "--out", str(tmp_path), *QUICK]
    command += ["--models", "sklearn.neighbors.RadiusNeighborsClassifier(radius=1e-9)"]
    with pytest.raises(SystemExit, match="2"):
        command_line.main(command)
    lines = capsys.readouterr().err.splitlines()
    (line,) = [line for line in lines if "RadiusNeighborsClassifier" in line]
    assert line.startswith("skstdp: error: All 2 fits failed. The first one was of the model ")


@pytest.mark.process
def test_cluster_does_the_fits(wine, tmp_path):
    distributed = pytest.importorskip("distributed")
    command = ["benchmark", f"{wine}:kind", "--models", "tree", "knn", *QUICK]
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster:
        address = ["--dask", cluster.scheduler_address]
        assert command_line.main([*command, "--out", str(tmp_path / "a"), *address]) == 0
    assert command_line.main([*command, "--out", str(tmp_path / "b")]) == 0
    a, b = (read_csv(tmp_path / name / "wine_tables" / "summary.csv") for name in ("a", "b"))
    pd.testing.assert_frame_equal(a, b)


def test_benchmark_counts_the_folds_of_one_class(wine, tmp_path, capsys):
    """Weights that decay as fast as they grow: flat figures under attack, which are no good."""
    options = ["--out", str(tmp_path), "--set", "weight_decay=3", "--set", "max_iter=40", *QUICK]
    options += NETWORKS
    assert command_line.main(["benchmark", str(wine), "--target", "kind", *options]) == 0
    lines = capsys.readouterr().out.splitlines()
    (header,) = [line for line in lines if "clean" in line]
    assert header.endswith("one class")
    summary = read_csv(tmp_path / "wine_tables" / "summary.csv")
    assert summary["one_class"].gt(0).any()
    for row in summary.itertuples():
        (line,) = [line for line in lines if row.model in line.split() and "±" in line]
        assert line.split()[-1] == str(row.one_class)
    assert any(line.startswith("one class: number of those in which") for line in lines)


def test_several_collections_make_one_comparison(wine, mnist, tmp_path, fitted, capsys):
    out = tmp_path / "out"
    arguments = ["benchmark", "iris", str(wine), "lookalikes", "--target", "kind"]
    arguments += ["--data", str(mnist), "--seeds", "3", "--set", "max_iter=1", "--out", str(out)]
    assert command_line.main([*arguments, *QUICK, *NETWORKS]) == 0
    files = [f"iris_wine_lookalikes_{kind}" for kind in KINDS]
    assert names_in(out) == ["fits", *files]
    scores = read_csv(out / "iris_wine_lookalikes_tables" / "scores.csv")
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
    command_line.main(["benchmark", "iris", "--out", str(tmp_path), *QUICK, *NETWORKS, *settings])
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
    command_line.main([*command, *NETWORKS])
    before = (tmp_path / "iris_tables" / "scores.csv").read_text()
    command_line.main([*command, "--configuration", "literal"])
    assert (tmp_path / "iris_tables" / "scores.csv").read_text() == before
    assert (tmp_path / "iris_literal_tables" / "scores.csv").read_text() != before
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
    assert names_in(tmp_path) == ["fits", "iris_ablation_tables"]
    summary = read_csv(tmp_path / "iris_ablation_tables" / "summary.csv")
    assert list(summary["model"]) == names * n_tasks

    shown = capsys.readouterr()
    assert f"no figures in PNG: {len(names)} models" in shown.err
    lines = shown.out.splitlines()
    assert max(map(len, lines[: lines.index("Written:")])) <= 100
    for name in names:
        assert len([line for line in lines if f" {name} " in line and "±" in line]) == n_tasks
    assert not [line for line in lines if line.endswith("png")]


def test_interrupted_command_goes_on_where_it_stopped(monkeypatch, tmp_path, fitted, capsys):
    command = ["benchmark", "iris", "--out", str(tmp_path), "--set", "max_iter=2", *QUICK]
    command += NETWORKS

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
    summary = read_csv(tmp_path / "iris_tables" / "summary.csv")

    assert command_line.main([*command, "--fresh"]) == 0
    fresh = capsys.readouterr()
    assert "resumed" not in fresh.err
    # Without the times.
    assert fresh.out.partition("Other")[0] == resumed.out.partition("Other")[0]
    assert len(fitted) == 32
    pd.testing.assert_frame_equal(read_csv(tmp_path / "iris_tables" / "summary.csv"), summary)


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
    pd.testing.assert_frame_equal(loaded[0]().X, load_table(wine, "kind").X)
