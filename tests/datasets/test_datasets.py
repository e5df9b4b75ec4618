import gzip
import os
from concurrent.futures import ThreadPoolExecutor
from urllib.error import URLError

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from small_mnist import DIGITS, FILES, IMAGES, idx

from skstdp.datasets import Task, _mnist, load_csv_task, load_tasks

TABLE = "length,width,kind\n1.5,2,a\n2.5,3,b\n3.5,4,a\n"


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / "flowers.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def folder(tmp_path):
    """A small MNIST: 30 images to train on and 20 to test on, some files gzipped."""
    for name, content in FILES.items():
        if "labels" in name:
            (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (tmp_path / name).write_bytes(content)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "load", "pairs"),
    [
        ("wine", load_wine, []),
        ("breast_cancer", load_breast_cancer, []),
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
    with pytest.raises(ValueError, match=r"^Got the collection 'irises', .*Did you mean 'iris'"):
        load_tasks("irises")
    with pytest.raises(ValueError, match=r"^Got the collection \['iris'\], .*'iris', 'digits'"):
        load_tasks(["iris"])


@pytest.mark.parametrize("given", [str, lambda folder: folder])
def test_mnist_from_a_folder(folder, given):
    tasks = load_tasks("mnist", data=given(folder))
    pairs = [(0, digit) for digit in range(1, 6)]
    assert [task.name for task in tasks] == [f"mnist 0v{pair[1]}" for pair in pairs] + ["mnist"]
    for task, classes in zip(tasks, [*pairs, range(10)], strict=True):
        train, test = np.isin(DIGITS[:30], classes), np.isin(DIGITS[30:], classes)
        for X, y, rows, part in (
            (task.X, task.y, train, slice(30)),
            (task.X_test, task.y_test, test, slice(30, None)),
        ):
            assert X.dtype == np.float32
            assert y.dtype == np.int64
            np.testing.assert_array_equal(y, DIGITS[part][rows])
            # Whole grey levels come back, so no image is turned or mixed up.
            np.testing.assert_array_equal(np.rint(255 * X), IMAGES[part][rows].reshape(-1, 12))
            np.testing.assert_allclose(255 * X, np.rint(255 * X), rtol=1e-6)


def test_lookalikes_are_pairs_of_mnist(folder):
    names = [task.name for task in load_tasks("lookalikes", data=folder)]
    assert names == [f"mnist {pair}" for pair in ("4v9", "7v9", "3v5", "3v8", "5v8", "2v7")]


def test_chosen_pairs_take_the_place_of_those_of_the_collection(folder):
    (task,) = load_tasks("mnist", data=folder, pairs=[(9, 4)])
    assert task.name == "mnist 9v4"
    assert set(task.y) == set(task.y_test) == {4, 9}
    tasks = load_tasks("digits", pairs=[(3, 8), (1, 7)])
    assert [(task.name, set(task.y)) for task in tasks] == [
        ("digits 3v8", {3, 8}),
        ("digits 1v7", {1, 7}),
    ]


def test_all_classes_among_the_pairs(folder):
    tasks = load_tasks("mnist", data=folder, pairs=["all", (4, 9)])
    assert [task.name for task in tasks] == ["mnist", "mnist 4v9"]
    expected = load_tasks("mnist", data=folder)[-1]
    np.testing.assert_array_equal(tasks[0].X, expected.X)
    np.testing.assert_array_equal(tasks[0].y_test, expected.y_test)


@pytest.mark.parametrize("pair", [(0, 3), (1, 1), (0, 1, 2), 0, "any"])
def test_pairs_that_do_not_exist(pair):
    with pytest.raises(
        ValueError, match=r"among the pairs, .* two different classes of 0, 1, 2, such as"
    ):
        load_tasks("iris", pairs=[pair])


def test_folder_of_mnist_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match=r"^Got data=.*nowhere', but there is no such folder"):
        load_tasks("mnist", data=tmp_path / "nowhere")


def test_folder_is_for_mnist_only(folder):
    with pytest.raises(ValueError, match=r"^Got data=.* with the collection 'iris', .* mnist and"):
        load_tasks("iris", data=folder)


@pytest.mark.parametrize("name", list(FILES))
def test_missing_file_of_mnist(folder, name):
    for path in folder.glob(f"{name}*"):
        path.unlink()
    with pytest.raises(ValueError, match=rf"^Got data=.*the file {name} or {name}\.gz\.$"):
        load_tasks("mnist", data=folder)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "t10k-images-idx3-ubyte",
            FILES["t10k-images-idx3-ubyte"][:-1],
            "255 bytes in .* 256 for",
        ),
        ("t10k-images-idx3-ubyte", FILES["t10k-labels-idx1-ubyte"], "'00000801' as .*'00000803'"),
        ("t10k-images-idx3-ubyte", b"", "a file that starts with '' as"),
        ("t10k-images-idx3-ubyte", idx(IMAGES[30:])[:9], "9 bytes in"),
        (
            "t10k-labels-idx1-ubyte.gz",
            gzip.compress(idx(DIGITS), mtime=0)[:-9],
            "the file .* cut off",
        ),
        ("t10k-labels-idx1-ubyte.gz", b"no archive", "Cannot read .*: Not a gzipped file"),
        (
            "t10k-labels-idx1-ubyte.gz",
            gzip.compress(idx(DIGITS), mtime=0),
            "20 images and 50 labels",
        ),
    ],
)
def test_damaged_file_of_mnist(folder, name, content, message):
    (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load_tasks("mnist", data=folder)
    assert str(folder / name) in str(caught.value) or "labels in data=" in str(caught.value)


def test_download_of_mnist(monkeypatch):
    def fetch(name, **options):
        assert name == "mnist_784"
        # Where the training images end, the digits change from 1 to 2.
        labels = np.repeat(["1", "2"], [60_000, 10_000])
        return np.full((70_000, 2), 51), labels

    monkeypatch.setattr(_mnist, "fetch_openml", fetch)
    images, labels, test_images, test_labels = _mnist.load_mnist(None)
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
    assert images.shape == (60_000, 2)
    assert (images == 51).all()
    assert set(labels) == {1}
    assert test_images.shape == (10_000, 2)
    assert set(test_labels) == {2}


def test_download_without_network_tells_of_the_other_way(monkeypatch):
    def fetch(name, **options):
        raise URLError("Name or service not known")

    monkeypatch.setattr(_mnist, "fetch_openml", fetch)
    with pytest.raises(OSError, match=r"Name or service not known.* as data, .* as --data\.$"):
        load_tasks("mnist")


def test_real_mnist():
    if "SKSTDP_MNIST" not in os.environ:
        pytest.skip("needs MNIST: set SKSTDP_MNIST to the folder of its four files")
    (task,) = load_tasks("mnist", data=os.environ["SKSTDP_MNIST"], pairs=[(0, 1)])
    # The counts of zeros and ones that are known of it.
    assert list(np.bincount(task.y)) == [5923, 6742]
    assert list(np.bincount(task.y_test)) == [980, 1135]
    assert (task.X.min(), task.X.max(), task.X.shape[1]) == (0, 1, 784)


def test_fixed_test_rows_need_samples_and_labels():
    X, y = load_iris(return_X_y=True)
    for only in ({"X_test": X}, {"y_test": y}):
        with pytest.raises(ValueError, match=r"^Got only one of X_test and y_test"):
            Task("iris", X, y, **only)


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


def test_task_of_unequal_lengths():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        Task("iris", X, y[1:])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        Task("iris", X, y, X_test=X, y_test=y[1:])


def test_csv_is_a_path():
    with pytest.raises(TypeError, match=r"^Got path of type DataFrame, .*Task\(name, X, y\)"):
        load_csv_task(pd.DataFrame({"a": [1]}), "a")


def test_task_with_two_columns_of_one_name():
    X = pd.DataFrame(np.eye(3), columns=["a", "b", "a"])
    for tables in ({"X": X}, {"X": X.iloc[:, :2], "X_test": X, "y_test": [0, 1, 0]}):
        with pytest.raises(
            ValueError, match=r"^Got the name 'a' several times among the columns of X"
        ):
            Task("twice", **{"y": [0, 1, 0]} | tables)


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
