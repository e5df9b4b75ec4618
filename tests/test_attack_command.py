import json
import pickle
import subprocess
import sys
from functools import partial

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

pytest.importorskip("matplotlib")
pytest.importorskip("skops", reason="reads and writes model files")

from skstdp import FGSMScorer, STDPClassifier, attack_table, robustness_report, save_model
from skstdp.__main__ import main

# To the last digit, which pandas before version 3 does when asked, and later ones without.
EXACT = {"float_precision": "round_trip"} if pd.__version__ < "3" else {}
read_csv = partial(pd.read_csv, **EXACT)

TREE = "sklearn.tree._tree.Tree"
TABLES = ["flowers_attack", "flowers_attack_rows"]


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
    test.assign(species=["rose"] + ["lily"] * (len(test) - 1)).to_csv(
        folder / "strangers.csv", index=False
    )
    return folder, model, test.drop(columns="species"), test["species"]


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
    assert written == sorted([*names, "flowers_attack.png"])

    report = read_csv(tmp_path / "out" / "flowers_attack.csv")
    accuracy = report.set_index(["attack", "epsilon"])["accuracy"]
    assert accuracy["none", 0.0] == model.score(X, y)
    for epsilon in (0.05, 0.2):
        assert accuracy["FGSM", epsilon] == FGSMScorer(epsilon)(model, X, y)
        expected = robustness_report(model, X, y, epsilons=[epsilon], n_queries=20)
        expected = expected.set_index("attack")["accuracy"]
        for attack in ("random signs", "FGSM", "PGD", "hard label"):
            assert accuracy[attack, epsilon] == expected[attack]
    records = json.loads((tmp_path / "out" / "flowers_attack.json").read_text())
    np.testing.assert_allclose(pd.DataFrame(records)["accuracy"], report["accuracy"], rtol=1e-14)
    rows = read_csv(tmp_path / "out" / "flowers_attack_rows.csv")
    expected = attack_table(model, X, y, epsilon=0.2)
    assert rows["flipped"].tolist() == expected["flipped"].tolist()
    table = shown.out.splitlines()
    assert table[0] == f"Accuracy on 75 rows, without attack {model.score(X, y):.3f}"
    assert table[2].split() == ["0.05", "0.2"]
    assert [line.split()[0] for line in table[3:7]] == ["random", "FGSM", "PGD", "hard"]


def test_in_the_units_of_the_file(files, tmp_path):
    folder, model, X, y = files
    options = ["--space", "input", "--epsilon", "0.5", "--norm", "l2", "--out", str(tmp_path)]
    immutable = ["--immutable", "petal length (cm)", "petal width (cm)"]
    assert main(arguments(folder, "model.skops", "flowers.csv", *options, *immutable)) == 0
    accuracy = read_csv(tmp_path / "flowers_attack.csv").set_index("attack")["accuracy"]
    scorer = FGSMScorer(0.5, norm="l2", space="input", immutable=immutable[1:])
    assert accuracy["FGSM"] == scorer(model, X, y)


@pytest.mark.parametrize(
    ("model", "options"), [("model.joblib", ["--trust-pickle"]), ("array.skops", [])]
)
def test_pickles_that_are_trusted_and_models_of_arrays(model, options, files, tmp_path):
    options = [*options, "--epsilon", "0.1", "--queries", "1", "--out", str(tmp_path)]
    assert main(arguments(files[0], model, "flowers.csv", *options)) == 0


@pytest.mark.parametrize(
    ("model", "data", "options", "message"),
    [
        ("none.skops", "flowers.csv", [], "No such file"),
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
        ("model.skops", "none.csv", [], "No such file"),
        ("model.skops", "renamed.csv", [], "feature names"),
        ("model.skops", "roses.csv", [], "expected at least 2"),
        ("model.skops", "strangers.csv", [], "lily"),
        ("model.skops", "flowers.csv", ["--epsilon", "0"], "expected a number > 0"),
        ("model.skops", "flowers.csv", ["--immutable", "height"], "height"),
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


@pytest.mark.parametrize("as_json", [False, True])
def test_info(as_json):
    command = [sys.executable, "-W", "error", "-m", "skstdp", "info", *["--json"] * as_json]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert not done.stderr
    if as_json:
        facts = json.loads(done.stdout)
        assert list(facts) == ["versions", "threads", "kernels"]
        assert facts["versions"]["numpy"] == np.__version__
        assert facts["threads"]["numba"] >= 1
    else:
        assert done.stdout.splitlines()[0] == "versions"
        assert f"  {'numpy':<14}{np.__version__}" in done.stdout.splitlines()
