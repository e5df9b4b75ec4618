"""What data the commands take, and under which names."""

import gc
import weakref
from argparse import ArgumentParser

import pandas as pd
import pytest

from skstdp._cli import _data_arguments
from skstdp._cli._data_arguments import load_data
from skstdp.datasets import Task, load_table, load_tasks

TABLE = pd.DataFrame({"x": [1, 4, 9] * 8, "y": [2, 1, 2, 2, 1, 1] * 4, "kind": ["a", "b"] * 12})


def parsed(*texts):
    parser = ArgumentParser()
    _data_arguments.add_collections(parser)
    _data_arguments.add_pairs(parser)
    _data_arguments.add_tables(parser)
    return parser.parse_args(list(map(str, texts)))


@pytest.fixture
def files(tmp_path):
    """Tables of one name in two folders, and one with semicolons, gaps and another target."""
    for folder in ("north", "south"):
        (tmp_path / folder).mkdir()
        TABLE.to_csv(tmp_path / folder / "shops.csv", index=False)
    gaps = TABLE.rename(columns={"kind": "class"}).astype({"x": object})
    gaps.loc[3, "x"] = "?"
    gaps.to_csv(tmp_path / "gaps.csv", index=False, sep=";")
    return tmp_path


def test_each_table_has_its_target(files, capsys):
    north, gaps = files / "north" / "shops.csv", files / "gaps.csv"
    arguments = parsed("iris", north, f"{gaps}:class", "--target", "kind", "--na", "?")
    name, tasks = load_data(arguments)
    assert name == "iris_shops_gaps"
    expected = [*load_tasks("iris"), load_table(north, "kind"), load_table(gaps, "class", na="?")]
    assert [task.name for task in tasks] == [task.name for task in expected]
    for task, other in zip(tasks, expected, strict=True):
        pd.testing.assert_frame_equal(task.X, other.X)
        assert task.y.tolist() == other.y.tolist()
    # Only of the table of which there is something to say.
    assert capsys.readouterr().err == tasks[-1].describe() + "\n"


def test_tables_that_are_read_when_they_are_due(files, monkeypatch):
    """None is kept: memory does not grow with their number."""
    alive = []

    def load(*args, original=_data_arguments.load_table, **options):
        task = original(*args, **options)
        alive.append(weakref.ref(task))
        return task

    monkeypatch.setattr(_data_arguments, "load_table", load)
    paths = [files / "north" / "shops.csv", files / "south" / "shops.csv", "iris"]
    name, readers = load_data(parsed(*paths, "--target", "kind"), lazy=True)
    gc.collect()
    assert [task() for task in alive] == [None, None]
    names = [reader().name for reader in readers]
    assert names == ["north_shops", "south_shops", *(task.name for task in load_tasks("iris"))]
    assert name == "north_shops_south_shops_iris"
    assert all(isinstance(reader(), Task) for reader in readers)


def test_one_file_with_two_targets(files):
    path = files / "north" / "shops.csv"
    _, tasks = load_data(parsed(f"{path}:kind", f"{path}:y"))
    assert [task.name for task in tasks] == ["shops_kind", "shops_y"]
    with pytest.raises(ValueError, match=r"^Got .*shops\.csv several times, or files in folders"):
        load_data(parsed(f"{path}:kind", f"{path}:kind"))


def test_columns_left_out_of_the_tables_that_have_them(files):
    gaps = files / "gaps.csv"
    (files / "north" / "wide.csv").write_text(TABLE.assign(z=TABLE["x"] % 5).to_csv(index=False))
    texts = [f"{files / 'north' / 'wide.csv'}:kind", f"{gaps}:class", "--drop", "z"]
    _, tasks = load_data(parsed(*texts, "--na", "?"))
    assert [list(task.X) for task in tasks] == [["x", "y"], ["x", "y"]]
    with pytest.raises(ValueError, match=r"^Got --drop zz, but expected a column of one of the"):
        load_data(parsed(*texts, "zz"))


def test_many_tables_have_a_short_name(files):
    paths = []
    for k in range(9):
        paths.append(files / f"table_with_a_name_{k}.csv")
        TABLE.to_csv(paths[-1], index=False)
    name, _ = load_data(parsed(*paths, "--target", "kind"))
    assert name == "table_with_a_name_0_and_8_more"


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["iris", "--na", "?"], r"^Got --na \? with iris, but expected it with a file or a"),
        (["iris", "--sep", ";"], r"^Got --sep ; with iris, but expected it with a file or a"),
        (["wine:class", "--target", "x"], r"^Got --target x with wine:class, .* without :COLUMN"),
        (["{folder}/gaps.cvs"], r"Did you mean '.*/gaps\.csv'\?$"),
        (["nowhere.csv:kind"], r"^Got nowhere\.csv, but there is no such file"),
        (["C:\\data\\nowhere.csv"], r"^Got C:.*nowhere\.csv, but there is no such file"),
        (["{folder}/gaps.csv"], r"^Got no target for .*gaps\.csv, .*mean 'class'\? .*:class"),
        (["{folder}/gaps.csv:kind"], r"^Got target='kind', but expected one of the columns of"),
    ],
)  # fmt: skip
def test_errors(files, texts, message):
    with pytest.raises(ValueError, match=message):
        load_data(parsed(*(text.format(folder=files) for text in texts)))
