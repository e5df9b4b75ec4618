import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine

pytest.importorskip("matplotlib")

from skstdp import BPClassifier
from skstdp import __main__ as command_line
from skstdp.benchmarks import compare, summarise
from skstdp.datasets import load_csv_task, load_tasks

QUICK = ["--splits", "2", "--repeats", "1"]
KINDS = ["accuracy_by_epoch.png", "accuracy_by_epsilon.png", "scores.csv", "summary.csv"]


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
    def compare(*args, **kwargs):
        raise AssertionError("The check must come before the training.")

    monkeypatch.setattr(command_line, "compare", compare)


def test_benchmark_writes_the_tables_of_the_library(run, wine):
    done, out = run
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == [f"wine_{kind}" for kind in KINDS]
    expected = compare([load_csv_task(wine, "kind")], n_splits=2, n_repeats=1, random_state=3)
    scores = pd.read_csv(out / "wine_scores.csv")
    pd.testing.assert_frame_equal(scores, expected.scores)
    summary = pd.read_csv(out / "wine_summary.csv")
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
    summary = pd.read_csv(out / "wine_summary.csv").set_index("model")
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


def test_progress_tells_every_tenth(capsys):
    fits = list(range(25))
    assert list(command_line._count(fits)) == fits
    told = [int(line.split()[0]) for line in capsys.readouterr().err.splitlines()]
    assert told == [3, 5, 8, 10, 13, 15, 18, 20, 23, 25]


def test_progress_is_a_bar_of_rich_on_a_terminal(capsys, monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert list(command_line._progress()([7, 8, 9])) == [7, 8, 9]
    shown = capsys.readouterr()
    assert "Training" in shown.err
    assert shown.out == ""


def test_progress_does_without_rich(monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert command_line._progress() is command_line._count


def test_options_reach_the_benchmark(monkeypatch, tmp_path, capsys):
    given = {}

    def record(tasks, **options):
        given.update(options, tasks=[task.name for task in tasks])
        models = {"BP": BPClassifier(max_iter=2)}
        return compare(tasks[:1], estimators=models, epsilons=options["epsilons"])

    monkeypatch.setattr(command_line, "compare", record)
    out = ["--out", str(tmp_path)]
    options = ["--splits", "4", "--repeats", "3", "--seed", "7", "--epsilon", "2/255", "0.1", "0"]
    assert command_line.main(["benchmark", "iris", *out, *options]) == 0
    del given["progress"]
    assert given == {
        "tasks": [task.name for task in load_tasks("iris")],
        "epsilons": [2 / 255, 0.1, 0],
        "n_splits": 4,
        "n_repeats": 3,
        "random_state": 7,
    }
    assert "2/255" in capsys.readouterr().out
    command_line.main(["benchmark", "digits", *out])
    assert given["tasks"] == [task.name for task in load_tasks("digits")]
    assert given["epsilons"] == (4 / 255, 8 / 255, 12 / 255)
    assert (given["n_splits"], given["n_repeats"], given["random_state"]) == (5, 4, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"{name}_{kind}" for name in ("digits", "iris") for kind in KINDS
    ]


def test_table_of_many_attacks_is_broken_into_blocks():
    attacks = ["clean", *(f"{k}/255" for k in range(1, 20))]
    figures = {f"{attack}_{kind}": [0.5] for attack in attacks for kind in ("mean", "std")}
    summary = pd.DataFrame({"task": "a task of which the name is long", "model": "STDP"} | figures)
    lines = command_line._format(summary).splitlines()
    assert max(map(len, lines)) <= 100
    assert sum(line.count("0.500 ± 0.500") for line in lines) == 20


@pytest.mark.parametrize("arguments", [["--help"], ["benchmark", "--help"]])
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
        ("", "arguments are required: COMMAND"),
        ("train", "invalid choice: 'train'"),
        ("benchmark", "arguments are required: DATA"),
        ("benchmark irises", "Got irises, but expected iris, digits or the path of a CSV file."),
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


@pytest.mark.usefixtures("no_training")
def test_directory_that_takes_no_file(tmp_path, capsys, monkeypatch):
    def refuse(**kwargs):
        raise PermissionError(13, "Permission denied")

    # Not by its mode, which does not keep the superuser out.
    monkeypatch.setattr(command_line.tempfile, "TemporaryFile", refuse)
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
    assert done.stderr.startswith("skstdp: error: Got nowhere.csv, but expected iris, digits")
    assert len(done.stderr.splitlines()) == 1
    assert "Traceback" not in done.stderr
    assert not list(Path(tmp_path).iterdir())
