import json
import pickle
from functools import partial

import joblib
import numpy as np
import pandas as pd
import pytest
from cli_helpers import read_csv
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier

pytest.importorskip("matplotlib")
pytest.importorskip("skops", reason="reads and writes model files")

from skstdp import (
    FGSMScorer,
    STDPClassifier,
    attack_table,
    load_model,
    robustness_report,
    save_model,
)
from skstdp._cli import _attack, main
from skstdp.datasets import load_table

TREE = "sklearn.tree._tree.Tree"
TABLES = ["flowers_model_attack", "flowers_model_attack_rows"]


class Malicious:
    """Tells when it is unpickled."""

    def __reduce__(self):
        return exec, ("raise SystemExit('code of the file was run')",)


class Unknown(StandardScaler):
    """A type that nobody has said to be harmless."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A model, one trained on an array, and rows that they were not trained on."""
    folder = tmp_path_factory.mktemp("files")
    frame = load_iris(as_frame=True).frame
    frame["species"] = np.array(["setosa", "versicolor", "virginica"])[frame.pop("target")]
    train, test = frame[::2], frame[1::2]
    X, y = train.drop(columns="species"), train["species"]
    network = STDPClassifier((20,), max_iter=40, random_state=0)
    model = make_pipeline(StandardScaler(), network).fit(X, y)
    save_model(model, folder / "model.skops")
    joblib.dump(model, folder / "model.joblib")
    save_model(STDPClassifier(max_iter=20).fit(X.to_numpy(), y), folder / "array.skops")
    save_model(DecisionTreeClassifier().fit(X, y), folder / "tree.skops", trusted=[TREE])
    unknown = f"{__name__}.Unknown"
    save_model(Unknown().fit(X), folder / "unknown.skops", trusted=[unknown])
    save_model(StandardScaler().fit(X), folder / "scaler.skops")
    for suffix in ("pkl", "joblib", "skops", "npy"):
        (folder / f"malicious.{suffix}").write_bytes(pickle.dumps(Malicious()))
    (folder / "broken.pkl").write_bytes(b"no pickle")
    (folder / "cut.pkl").write_bytes(pickle.dumps(model)[:-1])
    (folder / "cut.skops").write_bytes((folder / "model.skops").read_bytes()[:-1])
    (folder / "list.pkl").write_bytes(pickle.dumps([model]))
    (folder / "regressor.pkl").write_bytes(pickle.dumps(LinearRegression().fit(X, X)))
    older = STDPClassifier(max_iter=20).fit(X, y)
    del older.shuffle
    (folder / "older.pkl").write_bytes(pickle.dumps(older))
    test.to_csv(folder / "flowers.csv", index=False)
    test.rename(columns={"sepal length (cm)": "x"}).to_csv(folder / "renamed.csv", index=False)
    test.assign(species="rose").iloc[:3].to_csv(folder / "roses.csv", index=False)
    # Not among the first rows.
    test.assign(species=[*test["species"][:-1], "lily"]).to_csv(
        folder / "strangers.csv", index=False
    )
    test.assign(age=1).to_csv(folder / "wide.csv", index=False)
    test.to_csv(folder / "semicolons.csv", index=False, sep=";")
    numbers = test.assign(species=pd.factorize(test["species"])[0])
    numbers.to_csv(folder / "numbers.csv", index=False)
    pd.concat([test, test["species"]], axis=1).to_csv(folder / "twice.csv", index=False)
    return folder, model, test.drop(columns="species"), test["species"]


@pytest.fixture
def short_attacks(monkeypatch, figures_are_empty_files):
    """PGD of one step from one start, for tests that do not look at what it finds."""
    for name in ("attack_table", "robustness_report"):
        short = partial(getattr(_attack, name), n_steps=1, n_restarts=1)
        monkeypatch.setattr(_attack, name, short)


def arguments(folder, model="model.skops", data="flowers.csv", *options):
    return ["attack", str(folder / model), str(folder / data), "--target", "species", *options]


def test_accuracies_are_those_of_the_library(files, tmp_path, capsys):
    folder, model, X, y = files
    options = ["--epsilon", "1/20", "0.2", "--queries", "20", "--out", str(tmp_path / "out")]
    formats = ["--format", "csv", "json"]
    assert main(arguments(folder, "model.skops", "flowers.csv", *options, *formats)) == 0
    shown = capsys.readouterr()
    assert shown.err == "1 of 2 sizes done\n2 of 2 sizes done\n"
    names = [f"{name}.{kind}" for name in TABLES for kind in ("csv", "json")]
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == sorted([*names, "flowers_model_attack.png"])

    report = read_csv(tmp_path / "out" / "flowers_model_attack.csv")
    accuracy = report.set_index(["attack", "epsilon"])["accuracy"]
    assert accuracy["none", 0.0] == model.score(X, y)
    for epsilon in (0.05, 0.2):
        assert accuracy["FGSM", epsilon] == FGSMScorer(epsilon)(model, X, y)
        expected = robustness_report(model, X, y, epsilons=[epsilon], n_queries=20)
        expected = expected.set_index("attack")["accuracy"]
        for attack in ("random signs", "FGSM", "PGD", "hard label", "worst case"):
            assert accuracy[attack, epsilon] == expected[attack]
    records = json.loads((tmp_path / "out" / "flowers_model_attack.json").read_text())
    np.testing.assert_allclose(
        pd.DataFrame(records)["accuracy"], report["accuracy"], rtol=0, atol=1e-15
    )
    rows = read_csv(tmp_path / "out" / "flowers_model_attack_rows.csv")
    expected = attack_table(model, X, y, epsilon=0.2)
    assert rows["flipped"].tolist() == expected["flipped"].tolist()
    table = shown.out.splitlines()
    assert table[0] == f"Accuracy on 75 rows, without attack {model.score(X, y):.3f}"
    assert table[2].split() == ["0.05", "0.2"]
    assert [line.split()[0] for line in table[3:7]] == ["random", "FGSM", "PGD", "hard"]


@pytest.mark.usefixtures("short_attacks")
@pytest.mark.parametrize("space", ["model", "input"])
def test_a_model_of_the_columns_that_load_table_makes(space, tmp_path):
    """The file has dates and the rows' numbers, and the model was trained on parts of dates."""
    rng = np.random.default_rng(0)
    dates = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 99, 80), unit="D")
    size = rng.normal(size=80)
    table = pd.DataFrame({"number": range(80), "day": dates.strftime("%d.%m.%Y"), "size": size})
    table = table.assign(species=np.where(size + dates.month > 2, "long", "short"))
    table.to_csv(tmp_path / "all.csv", index=False)
    table.iloc[5:25].to_csv(tmp_path / "some.csv", index=False)
    task = load_table(tmp_path / "all.csv", "species")
    # Of numbers alone: nothing is to be prepared.
    assert task.preparation is None
    model = make_pipeline(task.preparation, MinMaxScaler(), LogisticRegression())
    model = model.fit(task.X, task.y)
    save_model(model, tmp_path / "model.skops")
    options = ["--epsilon", "0.1", "--queries", "1", "--out", str(tmp_path), "--space", space]
    assert main(arguments(tmp_path, "model.skops", "some.csv", *options)) == 0
    accuracy = read_csv(tmp_path / "some_model_attack.csv").set_index("attack")["accuracy"]
    assert accuracy["none"] == model.score(task.X.iloc[5:25], task.y.iloc[5:25])


@pytest.mark.usefixtures("short_attacks")
def test_in_the_units_of_the_file(files, tmp_path):
    folder, model, X, y = files
    options = ["--space", "input", "--epsilon", "0.5", "--norm", "l2", "--queries", "1"]
    options += ["--out", str(tmp_path)]
    immutable = ["--immutable", "petal length (cm)", "petal width (cm)"]
    assert main(arguments(folder, "model.skops", "flowers.csv", *options, *immutable)) == 0
    accuracy = read_csv(tmp_path / "flowers_model_attack.csv").set_index("attack")["accuracy"]
    scorer = FGSMScorer(0.5, norm="l2", space="input", immutable=immutable[1:])
    assert accuracy["FGSM"] == scorer(model, X, y)


@pytest.mark.parametrize(
    ("model", "options"), [("model.joblib", ["--trust-pickle"]), ("array.skops", [])]
)
@pytest.mark.usefixtures("short_attacks")
def test_pickles_that_are_trusted_and_models_of_arrays(model, options, files, tmp_path):
    options = [*options, "--epsilon", "0.1", "--queries", "1", "--out", str(tmp_path)]
    assert main(arguments(files[0], model, "flowers.csv", *options)) == 0


@pytest.mark.parametrize(
    ("model", "data", "options", "message"),
    [
        ("none.skops", "flowers.csv", [], "there is no such file. Check the path."),
        ("malicious.pkl", "flowers.csv", [], "expected --trust-pickle"),
        ("broken.pkl", "flowers.csv", ["--trust-pickle"], "expected a pickle"),
        ("flowers.csv", "flowers.csv", [], "expected a file that skops wrote"),
        ("cut.pkl", "flowers.csv", ["--trust-pickle"], "whole"),
        ("cut.skops", "flowers.csv", [], "whole"),
        ("older.pkl", "flowers.csv", ["--trust-pickle"], "without shuffle, but expected"),
        ("list.pkl", "flowers.csv", ["--trust-pickle"], "with a list, but expected"),
        ("regressor.pkl", "flowers.csv", ["--trust-pickle"], "with a LinearRegression, but"),
        ("malicious.skops", "flowers.csv", [], "expected a file that skops wrote"),
        ("malicious.npy", "flowers.csv", [], "expected a file that skops wrote"),
        ("malicious.joblib", "flowers.csv", [], "expected --trust-pickle"),
        ("scaler.skops", "flowers.csv", [], "with a StandardScaler, but expected a fitted"),
        ("unknown.skops", "flowers.csv", [], f"with {__name__}.Unknown, but expected"),
        ("tree.skops", "flowers.csv", ["--trust", TREE], "DecisionTreeClassifier"),
        ("model.skops", "none.csv", [], "there is no such file"),
        (
            "model.skops",
            "renamed.csv",
            [],
            "without the columns 'sepal length (cm)' and with the columns 'x', but expected",
        ),
        ("model.skops", "wide.csv", [], "with the columns 'age', but expected the columns"),
        ("model.skops", "wide.csv", [], "Leave others out by --drop."),
        ("array.skops", "wide.csv", [], "Got 5 columns besides the target in"),
        ("model.skops", "twice.csv", [], "Got the name 'species' several times in"),
        ("model.skops", "semicolons.csv", ["--sep", ","], "on the command line --sep ';'"),
        ("model.skops", "flowers.csv", ["--sep", "::"], "--sep: Got '::', but expected one"),
        ("model.skops", "numbers.csv", [], "labels '0', '1', '2' in the target 'species'"),
        ("model.skops", "roses.csv", [], "Got the labels 'rose' in the target"),
        ("model.skops", "strangers.csv", [], "lily"),
        ("model.skops", "flowers.csv", ["--epsilon", "0"], "expected a number > 0"),
        ("model.skops", "flowers.csv", ["--immutable", "height"], "or positions from 0 to 3."),
        ("model.skops", "flowers.csv", ["--immutable", "4"], "Got --immutable '4', but"),
        (
            "array.skops",
            "flowers.csv",
            ["--immutable", "Petal width"],
            "Did you mean 'petal width (cm)'?",
        ),
        ("model.skops", "flowers.csv", ["--one-hot", "0", "age"], "Got --one-hot 'age', but"),
        ("model.skops", "flowers.csv", ["--one-hot", "0", "1"], "expected a single 1 and zeros"),
        ("model.skops", "flowers.csv", ["--norm", "l7"], "invalid choice"),
    ],
)
def test_errors_take_one_line(model, data, options, message, files, tmp_path, capsys):
    out = ["--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as stop:
        main(arguments(files[0], model, data, *options, *out))
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("skstdp: error: ")
    assert message in error
    assert not list(tmp_path.glob("out/*"))


@pytest.fixture
def attacked(tmp_path, short_attacks):
    """The command, which returns the accuracies that it writes, by the name of the attack."""

    def attack(model, data, *options):
        joblib.dump(model, tmp_path / "net.joblib")
        data.to_csv(tmp_path / "table.csv", index=False)
        options = ["--target", "y", "--queries", "1", "--epsilon", "0.6", *options]
        out = ["--trust-pickle", "--out", str(tmp_path)]
        files = [str(tmp_path / "net.joblib"), str(tmp_path / "table.csv")]
        assert main(["attack", *files, *options, *out]) == 0
        return read_csv(tmp_path / "table_net_attack.csv").set_index("attack")["accuracy"]

    return attack


@pytest.fixture(scope="module")
def flowers(iris):
    """Two columns of numbers, one of text that says something of the class, and the class."""
    X, y = iris
    size = np.where(X[:, 0] > 5.8, "large", "small")
    return pd.DataFrame({"width": X[:, 3], "size": size, "length": X[:, 2], "y": y})


@pytest.mark.parametrize("as_array", [False, True])
@pytest.mark.parametrize("space", ["model", "input"])
def test_text_that_the_model_encodes(space, as_array, flowers, attacked):
    X, y = flowers.drop(columns="y"), flowers["y"]
    X = X.to_numpy() if as_array else X
    text, numbers = ([1], [0, 2]) if as_array else (["size"], ["width", "length"])
    encoder = make_column_transformer((OneHotEncoder(), text), (MinMaxScaler(), numbers))
    model = make_pipeline(encoder, LogisticRegression()).fit(X, y)
    options = ["--space", "input", "--immutable", "size"] if space == "input" else []
    accuracy = attacked(model, flowers, *options)
    scorer = FGSMScorer(0.6, space=space, immutable=text if space == "input" else ())
    assert accuracy["FGSM"] == scorer(model, X, y) < accuracy["none"]


def test_text_that_would_move_is_named_with_the_option(flowers, attacked, capsys):
    encoder = make_column_transformer((OneHotEncoder(), ["size"]), remainder="passthrough")
    model = make_pipeline(encoder, LogisticRegression(max_iter=500))
    model.fit(flowers[["width", "size", "length"]], flowers["y"])
    with pytest.raises(SystemExit):
        attacked(model, flowers, "--space", "input")
    error = capsys.readouterr().err
    assert "'size' holds no numbers. Add --immutable size, or leave out --space." in error


@pytest.mark.parametrize("as_array", [False, True])
def test_codes_that_would_move_are_named_with_the_option(as_array, flowers, attacked, capsys):
    data = flowers.assign(size=(flowers["size"] == "large") + 1)
    X, column = data[["width", "size", "length"]], "size"
    if as_array:
        X, column = X.to_numpy(), 1
    encoder = make_column_transformer((OneHotEncoder(), [column]), remainder="passthrough")
    model = make_pipeline(encoder, LogisticRegression(max_iter=500)).fit(X, data["y"])
    with pytest.raises(SystemExit):
        attacked(model, data, "--space", "input")
    message = "'size' is encoded as categories. Add --immutable size, or leave out --space."
    assert message in capsys.readouterr().err


def test_columns_of_the_file_in_any_order(flowers, attacked):
    X, y = flowers[["width", "length"]], flowers["y"]
    model = LogisticRegression().fit(X, y)
    accuracy = attacked(model, flowers[["y", "length", "width"]], "--immutable", "width")
    assert accuracy["FGSM"] == FGSMScorer(0.6, immutable=["width"])(model, X, y)
    assert accuracy["FGSM"] != FGSMScorer(0.6, immutable=["length"])(model, X, y)


@pytest.mark.parametrize("space", ["model", "input"])
@pytest.mark.parametrize("column", ["length", "1"])
@pytest.mark.parametrize("steps", [[], [StandardScaler()], [FunctionTransformer()]])
def test_immutable_columns_of_a_model_of_arrays(space, column, steps, flowers, attacked):
    X, y = flowers[["width", "length"]].to_numpy(), flowers["y"]
    model = make_pipeline(*steps, LogisticRegression()).fit(X, y)
    table = flowers.drop(columns="size")
    accuracy = attacked(model, table, "--immutable", column, "--space", space)
    assert accuracy["FGSM"] == FGSMScorer(0.6, space=space, immutable=[1])(model, X, y)
    assert accuracy["FGSM"] != FGSMScorer(0.6, space=space, immutable=[0])(model, X, y)


@pytest.mark.filterwarnings("always:Got immutable")
def test_immutable_columns_that_a_step_selects(flowers, attacked, capsys):
    X, y = flowers[["width", "length"]].to_numpy(), flowers["y"]
    model = make_pipeline(SelectKBest(k=1), LogisticRegression()).fit(X, y)
    kept, left_out = np.array(["width", "length"])[np.argsort(~model[0].get_support())]
    accuracy = attacked(model, flowers.drop(columns="size"), "--immutable", kept)
    assert accuracy["PGD"] == accuracy["none"] == model.score(X, y)
    assert "note: Got immutable=[0], which holds every column" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        attacked(model, flowers.drop(columns="size"), "--immutable", left_out)
    assert f"Got --immutable {left_out!r}, but expected columns" in capsys.readouterr().err


def test_groups_of_one_hot_columns(flowers, attacked):
    groups = [["large", "small"], ["wide", "narrow"]]
    X = flowers[["length"]].assign(large=flowers["size"] == "large", wide=flowers["width"] > 1)
    X = X.assign(small=~X["large"], narrow=~X["wide"]).astype(float)
    model = LogisticRegression().fit(X, flowers["y"])
    options = ["--one-hot", *groups[0], "--one-hot", "2", "4", "--epsilon", "1"]
    accuracy = attacked(model, X.assign(y=flowers["y"]), *options)
    assert accuracy["FGSM"] == FGSMScorer(1.0, one_hot=groups)(model, X, flowers["y"])
    assert accuracy["FGSM"] != FGSMScorer(1.0)(model, X, flowers["y"])


@pytest.mark.usefixtures("short_attacks")
def test_two_models_on_one_file_write_files_of_their_own(files, tmp_path):
    for model in ("model", "array"):
        options = ["--epsilon", "0.1", "--queries", "1", "--out", str(tmp_path)]
        assert main(arguments(files[0], f"{model}.skops", "flowers.csv", *options)) == 0
        written = read_csv(tmp_path / f"flowers_{model}_attack.csv")
        expected = load_model(files[0] / f"{model}.skops").score(*numbers_of(files, model))
        assert written["accuracy"][0] == expected
    assert len(list(tmp_path.iterdir())) == 6


def test_interrupt_is_no_traceback(files, tmp_path, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(_attack, "attack_table", interrupt)
    options = ["--epsilon", "0.1", "--queries", "1", "--out", str(tmp_path)]
    assert main(arguments(files[0], "array.skops", "flowers.csv", *options)) == 130
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("formats", ["csv", "json"])
@pytest.mark.usefixtures("short_attacks")
def test_files_of_another_model_of_the_same_name_are_left_alone(formats, files, tmp_path, capsys):
    folder, *_ = files
    (tmp_path / "other").mkdir()
    save_model(load_model(folder / "array.skops"), tmp_path / "other" / "model.skops")
    out = tmp_path / "out"
    options = ["--epsilon", "0.1", "--queries", "1", "--out", str(out), "--format", formats]
    # Once more is no other model.
    for _ in range(2):
        assert main(arguments(folder, "model.skops", "flowers.csv", *options)) == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    capsys.readouterr()
    other = ["attack", str(tmp_path / "other" / "model.skops"), str(folder / "flowers.csv")]
    with pytest.raises(SystemExit, match="2"):
        main([*other, "--target", "species", *options])
    (line,) = capsys.readouterr().err.splitlines()
    assert f"other/model.skops, but {out}/flowers_model_attack.{formats} is of {folder}" in line
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def numbers_of(files, model):
    _, _, X, y = files
    return (X.to_numpy() if model == "array" else X), y


@pytest.mark.parametrize(
    ("classes", "written"),
    [
        ([0, 1, 2], ["0", "1", "2"]),
        ([0.0, 1.0, 2.0], ["0", "1", "2"]),
        ([0, 1, 2], ["0.0", "1.0", "2.0"]),
        (["0", "1", "2"], ["0", "1", "2"]),
        (["01", "1", "2"], ["01", "1", "2"]),
        (["None", "NA", "nan"], ["None", "NA", "nan"]),
        ([False, True, True], ["FALSE", "TRUE", "True"]),
    ],
)
def test_labels_of_the_file_are_those_of_the_model(classes, written, flowers, attacked):
    X, kind = flowers[["width", "length"]], flowers["y"].to_numpy()
    model = LogisticRegression().fit(X, np.array(classes)[kind])
    accuracy = attacked(model, X.assign(y=np.array(written)[kind]))
    assert accuracy["none"] == model.score(X, np.array(classes)[kind]) > 0.9


@pytest.mark.usefixtures("short_attacks")
@pytest.mark.parametrize("kind", ["semicolons", "cp1252", "parquet"])
def test_files_of_other_kinds(kind, files, tmp_path):
    """The target after the path; separator, decimal sign and encoding as they are found."""
    folder, model, X, y = files
    table = X.assign(species=y.to_numpy(), größe="klein")
    if kind == "parquet":
        pytest.importorskip("pyarrow")
        table.to_parquet(tmp_path / "table")
    else:
        encoding = "utf-8" if kind == "semicolons" else kind
        table.to_csv(tmp_path / "table", index=False, sep=";", encoding=encoding)
    options = ["--drop", "größe", "--epsilon", "0.2", "--queries", "1", "--out", str(tmp_path)]
    data = f"{tmp_path / 'table'}:species"
    assert main(["attack", str(folder / "model.skops"), data, *options]) == 0
    accuracy = read_csv(tmp_path / "table_model_attack.csv").set_index("attack")["accuracy"]
    assert accuracy["none"] == model.score(X, y)
    assert accuracy["FGSM"] == FGSMScorer(0.2)(model, X, y)


def test_target_that_is_not_given(files, capsys):
    folder = files[0]
    with pytest.raises(SystemExit):
        main(["attack", str(folder / "model.skops"), str(folder / "flowers.csv")])
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "Got no target for" in error
    assert "Did you mean 'species'?" in error


@pytest.mark.usefixtures("short_attacks")
def test_gaps_that_the_model_fills_in(iris_frame, tmp_path):
    X, y = iris_frame
    model = make_pipeline(SimpleImputer(), LogisticRegression(max_iter=500))
    joblib.dump(model.fit(X, y), tmp_path / "net.joblib")
    X = X.astype(object)
    X.iloc[3, 0] = "?"
    written = X.astype(str).replace(r"\.", ",", regex=True)
    written.assign(y=y).to_csv(tmp_path / "gaps.csv", index=False, sep=";")
    options = ["--na", "?", "--epsilon", "0.2", "--queries", "1"]
    paths = [str(tmp_path / "net.joblib"), f"{tmp_path / 'gaps.csv'}:y"]
    assert main(["attack", *paths, *options, "--trust-pickle", "--out", str(tmp_path)]) == 0
    accuracy = read_csv(tmp_path / "gaps_net_attack.csv").set_index("attack")["accuracy"]
    X.iloc[3, 0] = np.nan
    assert accuracy["none"] == model.score(X.astype(float), y)
