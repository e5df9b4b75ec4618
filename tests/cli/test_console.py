import sys

import numpy as np
import pandas as pd
import pytest

from skstdp._cli import _console
from skstdp._cli._console import format_summary, progress_bar, write_tables


def test_progress_tells_every_tenth(capsys):
    fits = list(range(25))
    assert list(progress_bar()(fits)) == fits
    told = [int(line.split()[0]) for line in capsys.readouterr().err.splitlines()]
    assert told == [3, 5, 8, 10, 13, 15, 18, 20, 23, 25]


def test_progress_says_how_long_it_takes(capsys, monkeypatch):
    """Each item takes two minutes."""
    seconds = iter(range(0, 600, 120))
    monkeypatch.setattr(_console, "monotonic", lambda: next(seconds))
    assert list(progress_bar("Attacking", "done")(["a", "b", "c"])) == ["a", "b", "c"]
    assert capsys.readouterr().err.splitlines() == [
        "1 of 3 done, about 4 min left",
        "2 of 3 done, about 2 min left",
        "3 of 3 done",
    ]


def test_progress_is_a_bar_of_rich_on_a_terminal(capsys, monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    assert list(progress_bar()([7, 8, 9])) == [7, 8, 9]
    shown = capsys.readouterr()
    assert "Training" in shown.err
    assert shown.out == ""


def test_progress_does_without_rich(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert list(progress_bar("Attacking", "sizes done")([7, 8])) == [7, 8]
    assert capsys.readouterr().err == "1 of 2 sizes done\n2 of 2 sizes done\n"


def test_tables_in_each_format_read_back_the_same(tmp_path):
    tables = {
        "a": pd.DataFrame({"model": ["x", "y"], "accuracy": [0.1 + 0.2, None]}),
        "b": pd.DataFrame({"n": [1]}),
    }
    paths = write_tables(tmp_path, tables, ("csv", "json"))
    assert [path.name for path in paths] == ["a.csv", "a.json", "b.csv", "b.json"]
    for path in paths:
        read = pd.read_csv if path.suffix == ".csv" else pd.read_json
        options = {} if path.suffix == ".csv" else {"precise_float": True}
        pd.testing.assert_frame_equal(read(path, **options), tables[path.stem])


def test_table_of_many_attacks_is_broken_into_blocks():
    attacks = ["clean", *(f"{k}/255" for k in range(1, 20))]
    figures = {f"{attack}_{kind}": [0.5] for attack in attacks for kind in ("mean", "std")}
    summary = pd.DataFrame({"task": "a task of which the name is long", "model": "STDP"} | figures)
    lines = format_summary(summary).splitlines()
    assert max(map(len, lines)) <= 100
    assert sum(line.count("0.500 ± 0.500") for line in lines) == 20


def test_spread_of_one_fit_is_not_shown():
    summary = pd.DataFrame({"task": ["a"], "model": "BP", "clean_mean": 0.5, "clean_std": np.nan})
    assert format_summary(summary).split()[-1] == "0.500"
