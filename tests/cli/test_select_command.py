import json

import pandas as pd
import pytest
from cli_helpers import names_in, read_csv

pytest.importorskip("matplotlib")

from skstdp import BPClassifier, STDPClassifier
from skstdp import _cli as command_line
from skstdp._cli import _console, _select
from skstdp.benchmarks import (
    _selection,
    select_settings,
)
from skstdp.datasets import load_tasks

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
    assert names_in(out) == sorted(["fits", *names])

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
        patch.setattr(_console, "progress_bar", lambda: interrupt)
        assert command_line.main(command) == 130
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert line.startswith(f"stopped: what is done is in {tmp_path / 'fits'}")
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

    monkeypatch.setattr(_select, "select_settings", record)
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
        "path": tmp_path / "fits",
        "verbose": True,
    }
    command_line.main(["select", "digits", "--out", str(tmp_path)])
    assert given["tasks"] == [task.name for task in load_tasks("digits")]
    assert (given["n_settings"], given["n_outer"], given["n_inner"]) == (24, 3, 2)
    assert (given["n_jobs"], given["random_state"]) == (1, 0)
