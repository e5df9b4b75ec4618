import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_iris

from skstdp.datasets import Task, load_csv_task, load_tasks

TABLE = "length,width,kind\n1.5,2,a\n2.5,3,b\n3.5,4,a\n"


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "flowers.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    ("name", "load", "pairs"),
    [
        ("iris", load_iris, ["0v1", "0v2", "1v2"]),
        ("digits", load_digits, ["0v1", "0v2", "0v3", "0v4", "0v5"]),
    ],
)
def test_collections_hold_the_samples_of_scikit_learn(name, load, pairs):
    X, y = load(return_X_y=True)
    tasks = load_tasks(name)
    assert [task.name for task in tasks] == [f"{name} {pair}" for pair in pairs] + [name]
    for pair, task in zip(pairs, tasks, strict=False):
        rows = np.isin(y, [int(digit) for digit in pair.split("v")])
        np.testing.assert_array_equal(task.X, X[rows])
        np.testing.assert_array_equal(task.y, y[rows])
        assert task.X.index.equals(task.y.index)
    np.testing.assert_array_equal(tasks[-1].X, X)
    np.testing.assert_array_equal(tasks[-1].y, y)


def test_unknown_collection():
    with pytest.raises(ValueError, match=r"^Got the collection 'irises', .*'iris', 'digits'"):
        load_tasks("irises")


def test_task_does_not_change():
    with pytest.raises(AttributeError, match="cannot assign"):
        load_tasks("iris")[0].name = "other"


def test_csv(write):
    path = write(TABLE)
    for given in (path, str(path)):
        task = load_csv_task(given, "kind")
        assert isinstance(task, Task)
        assert task.name == "flowers"
        expected = pd.DataFrame({"length": [1.5, 2.5, 3.5], "width": [2, 3, 4]})
        pd.testing.assert_frame_equal(task.X, expected)
        assert list(task.y) == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [("012", [0, 1, 2]), (["1.0", "2.0", "1.0"], [1, 2, 1]), (["no", "True", "1"], None)],
)
def test_csv_labels_of_any_type(write, labels, expected):
    rows = [f"{row},{label}" for row, label in enumerate(labels)]
    task = load_csv_task(write("\n".join(["kind,class", *rows])), "class")
    assert list(task.y) == (labels if expected is None else expected)
    assert list(task.X) == ["kind"]


def test_csv_with_a_comma_at_the_end_of_each_row(write):
    task = load_csv_task(write("length,kind\n2,a,\n4,b,\n"), "kind")
    assert list(task.X["length"]) == [2, 4]
    assert list(task.y) == ["a", "b"]


def test_csv_with_windows_line_ends_and_byte_order_mark(write):
    task = load_csv_task(write(b"\xef\xbb\xbf" + TABLE.replace("\n", "\r\n").encode()), "kind")
    assert list(task.X) == ["length", "width"]
    assert list(task.y) == ["a", "b", "a"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"^Cannot read .*flowers\.csv as comma-separated values: No columns"),
        (b"\x89PNG\r\n\x1a\n", r"^Cannot read .*flowers\.csv as .*: 'utf-8' codec"),
        ("a,kind\n1,x\n1,2,3\n", r"^Cannot read .*Expected 2 fields in line 3, saw 3"),
        ("length,kind\n", r"^Got no rows below the header of .*flowers\.csv"),
        ("length,kind\n0,2,a\n1,4,b\n", r"^Got rows in .*flowers\.csv longer than its header"),
        ("length,kind\n7,2,a\n9,4,b\n", r"^Got rows in .*flowers\.csv longer than its header"),
        (",length,kind\n0,2,a\n1,4,b\n", r"^Got no name for column 1 .* row numbers"),
        (
            "length,width,species\n1,2,a\n3,4,b\n",
            r"^Got target='kind', .*flowers\.csv: 'length', 'width', 'species'\.$",
        ),
        ("kind\na\nb\n", r"^Got no column besides 'kind'"),
        ("length,width,kind\n1,,a\n3,4,b\n", r"^Got missing values in .*, in 'width', but"),
        ("length,width,kind\n1,2,a\n3,4,\n", r"^Got missing values in .*, in 'kind', but"),
        ("length,soil,kind\n1,wet,a\n3,dry,b\n", r"^Got text in .*, in 'soil', but .*'kind'"),
        ("length,width,kind\n1,inf,a\n3,4,b\n", r"^Got infinite values in .*, in 'width', but"),
        ("length,kind\n1,a\n3,a\n", r"^Got 1 class in the target 'kind'"),
        ("length,kind\n1,0.5\n3,1\n", r"^Got fractions in the target 'kind'"),
    ],
)
def test_csv_errors_name_what_is_wrong_in_one_line(write, content, message):
    with pytest.raises(ValueError, match=message) as caught:
        load_csv_task(write(content), "kind")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "reason"), [("nowhere.csv", "No such file"), (".", "Is a directory")]
)
def test_csv_that_is_no_file(tmp_path, name, reason):
    with pytest.raises(ValueError, match=rf"^Cannot read .*: {reason}"):
        load_csv_task(tmp_path / name, "kind")
