import os
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest

from skstdp.datasets import Task, load_csv_task

TABLE = "length,width,kind\n1.5,2,a\n2.5,3,b\n3.5,4,a\n"


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "flowers.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


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


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["01", "1", "02"], ["01", "1", "02"]),
        (["01", "02", "03"], ["01", "02", "03"]),
        (["0", "1", "-2"], [0, 1, -2]),
        ([" 1", "1", " 2"], [1, 1, 2]),
        (["0", "1", "1.0"], ["0", "1", "1.0"]),
        (["1.1", "1.10", "1.2"], ["1.1", "1.10", "1.2"]),
        (["1e3", "1", "2"], [1000.0, 1.0, 2.0]),
        (["+1", "1", "2"], ["+1", "1", "2"]),
        (["1_000", "1", "2"], ["1_000", "1", "2"]),
        (["-0", "0", "1"], ["-0", "0", "1"]),
        (["None", "mild", "None"], ["None", "mild", "None"]),
        (["NA", "DE", "nan"], ["NA", "DE", "nan"]),
        (["inf", "null", "-"], ["inf", "null", "-"]),
        (["1", "NA", "2"], ["1", "NA", "2"]),
        (["True", "true", "False"], ["True", "true", "False"]),
        (["9223372036854775808", "1", "0"], [2**63, 1, 0]),
        (["9007199254740993", "9007199254740992", "1"], [2**53 + 1, 2**53, 1]),
        (["9223372036854775808", "-1", "0"], ["9223372036854775808", "-1", "0"]),
        (["99999999999999999999", "1", "2"], ["99999999999999999999", "1", "2"]),
        (["2020-01-01", "1", "2"], ["2020-01-01", "1", "2"]),
    ],
)
def test_csv_labels_are_numbers_only_where_nothing_is_lost(write, written, expected):
    rows = [f"{row},{label}" for row, label in enumerate(written)]
    y = load_csv_task(write("\n".join(["length,kind", *rows])), "kind").y
    assert y.tolist() == expected
    assert list(map(type, y.tolist())) == list(map(type, expected))


def test_csv_with_other_separators(write):
    expected = load_csv_task(write(TABLE), "kind")
    for sep in (";", "\t", "|"):
        task = load_csv_task(write(TABLE.replace(",", sep)), "kind", sep=sep)
        pd.testing.assert_frame_equal(task.X, expected.X)
        pd.testing.assert_series_equal(task.y, expected.y)


@pytest.mark.parametrize("sep", [";;", "", None, r"\s+"])
def test_csv_separator_is_one_character(write, sep):
    with pytest.raises(ValueError, match=r"^Got sep=.*, but expected one character"):
        load_csv_task(write(TABLE), "kind", sep=sep)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_csv_from_a_pipe(tmp_path):
    path = tmp_path / "flowers.csv"
    os.mkfifo(path)
    with ThreadPoolExecutor() as threads:
        threads.submit(path.write_text, TABLE)
        assert load_csv_task(path, "kind").X.shape == (3, 2)


@pytest.mark.parametrize("header", ["a,kind,kind", "kind,a,kind", "a,a,kind", "a, kind,kind"])
def test_csv_with_two_columns_of_one_name(write, header):
    """The second would be learnt from under another name, often as a copy of the target."""
    path = write(f"{header}\n1,0,0\n2,1,1\n")
    with pytest.raises(ValueError, match=r"^Got the name '(kind|a)' several times in the he"):
        load_csv_task(path, "kind")


def test_csv_whose_names_only_look_like_those_of_pandas(write):
    task = load_csv_task(write("kind.1,a,a.1,kind\n1,2,3,x\n4,5,6,z\n"), "kind")
    assert list(task.X) == ["kind.1", "a", "a.1"]


def test_csv_is_a_path():
    with pytest.raises(TypeError, match=r"^Got path of type DataFrame, .*Task\(name, X, y\)"):
        load_csv_task(pd.DataFrame({"a": [1]}), "a")


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
        ("a b kind\n1 2 x\n", r"^Got a single column, 'a b kind', .*--sep ' '\.$"),
        ("# measured\na,kind\n1,x\n", r"'# measured'\. The first line must hold the names"),
        ('a,kind\n1,"x\n2,y\n', r"^Cannot read .*EOF inside string.*every quote closed\.$"),
        ("a,kind\n1,é\n".encode("latin-1"), r"^Cannot read .* as UTF-8: .*Save it in UTF-8\.$"),
        ("", r"^Cannot read .*flowers\.csv as values separated by ',': No columns"),
        (b"\x89PNG\r\n\x1a\n", r"^Cannot read .*flowers\.csv as UTF-8: 'utf-8' codec"),
        ("a,kind\n1,x\n1,2,3\n", r"^Cannot read .*Expected 2 fields in line 3, saw 3"),
        ("length,kind\n", r"^Got no rows below the header of .*flowers\.csv"),
        ("length,kind\n0,2,a\n1,4,b\n", r"^Got rows in .*flowers\.csv longer than its header"),
        ("length,kind\n7,2,a\n9,4,b\n", r"^Got rows in .*flowers\.csv longer than its header"),
        (",length,kind\n0,2,a\n1,4,b\n", r"^Got no name for column 1 .* row numbers"),
        (
            "length,width,species\n1,2,a\n3,4,b\n",
            r"^Got target='kind', .*flowers\.csv: 'length', 'width', 'species'\. The first",
        ),
        ("kind\na\nb\n", r"^Got no column besides 'kind'"),
        (
            "length,width,Kind\n1,2,a\n3,4,b\n",
            r"^Got target='kind', .*'Kind'\. Did you mean 'Kind'\?$",
        ),
        (
            "length;width;kind\n1,5;2;a\n3,5;4;b\n",
            r"^Got a single column, 'length;width;kind', .*give sep=';', .* --sep ';'\.$",
        ),
        ("length\twidth\tkind\n1\t2\ta\n", r"give sep='\\t', on the command line --sep '\\t'\.$"),
        ("length,width,kind\n1,,a\n3,4,b\n", r"^Got missing values in .*, in 'width', but"),
        ("length,width,kind\n1,NA,a\n3,4,b\n", r"in 'width', but .* row 1 below the header"),
        ("length,width,kind\n1,2,a\n3,4,\n", r"^Got missing values in .*, in 'kind', but .*row 2"),
        ("length,width,kind\n1,2,a\n3,4\n", r"^Got missing values in .*, in 'kind', but .*row 2"),
        ("length,soil,kind\n1,wet,a\n3,dry,b\n", r"^Got text in .*, in 'soil', but .*'kind'"),
        ("length,width,kind\n1,2,a\n3,?,b\n", r"The first is '\?' in 'width'\. Correct it"),
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
    ("name", "reason"), [("nowhere.csv", "there is no such file"), (".", "Is a directory")]
)
def test_csv_that_is_no_file(tmp_path, name, reason):
    with pytest.raises(ValueError, match=rf"^Cannot read .*: {reason}"):
        load_csv_task(tmp_path / name, "kind")
