import json

import joblib
import numpy as np
import pandas as pd
import pytest
from cli_helpers import names_in, read_csv
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

pytest.importorskip("matplotlib")

from skstdp import corruption_report
from skstdp._cli import _corrupt, main

SIZES = {"contrast": [0.25, 0.75], "gaussian noise": None}


@pytest.fixture(scope="module")
def files(tmp_path_factory, iris_frame):
    """A model of a frame, one of an array, and rows that they were not trained on."""
    folder = tmp_path_factory.mktemp("files")
    X, y = iris_frame
    y = y.map(dict(enumerate(["setosa", "versicolor", "virginica"])))
    model = KNeighborsClassifier().fit(X[::2], y[::2])
    joblib.dump(model, folder / "model.joblib")
    joblib.dump(LogisticRegression().fit(X[::2].to_numpy(), y[::2]), folder / "array.joblib")
    X[1::2].assign(species=y[1::2]).to_csv(folder / "flowers.csv", index=False)
    X[::2].assign(species=y[::2]).to_csv(folder / "train.csv", index=False)
    X[::2].to_csv(folder / "unlabelled.csv", index=False)
    return folder, model, X[1::2], y[1::2], X[::2]


@pytest.fixture
def run(files, tmp_path, figures_are_empty_files):
    """The command, which returns what it wrote."""

    def corrupt(*options, model="model.joblib"):
        paths = [str(files[0] / model), str(files[0] / "flowers.csv")]
        out = ["--target", "species", "--trust-pickle", "--out", str(tmp_path)]
        assert main(["corrupt", *paths, *out, *options]) == 0
        name = f"flowers_{model.removesuffix('.joblib')}_corruptions.csv"
        return read_csv(tmp_path / name, keep_default_na=False)

    return corrupt


def test_accuracies_are_those_of_the_library(files, run, tmp_path, capsys):
    _, model, X, y, train = files
    options = ["--corruptions", "contrast=1/4,0.75", "gaussian-noise", "--severities", "2", "4"]
    options += ["--repeats", "2", "--seed", "3", "--reference", str(files[0] / "train.csv")]
    report = run(*options, "--format", "csv", "json")
    expected = corruption_report(
        model,
        X,
        y,
        corruptions=SIZES,
        severities=[2, 4],
        n_repeats=2,
        random_state=3,
        reference=train,
    )
    pd.testing.assert_frame_equal(report[list(expected)], expected)
    assert names_in(tmp_path) == [
        f"flowers_model_corruptions.{suffix}" for suffix in ("csv", "json", "png")
    ]
    records = json.loads((tmp_path / "flowers_model_corruptions.json").read_text())
    assert [record["accuracy"] for record in records] == pytest.approx(list(report["accuracy"]))
    shown = capsys.readouterr()
    assert shown.err == "1 of 2 corruptions done\n2 of 2 corruptions done\n"
    lines = shown.out.splitlines()
    assert lines[0] == f"Accuracy on 75 rows, without corruption {model.score(X, y):.3f}"
    assert lines[2].split() == ["severity", "1", "2", "4", "mean"]
    mean = expected.groupby(["corruption", "severity"])["accuracy"].mean()
    noise = mean["gaussian noise"]
    shown_noise = [f"{value:.3f}" for value in (noise[2], noise[4], noise.mean())]
    assert lines[4].split() == ["gaussian", "noise", *shown_noise]


@pytest.mark.parametrize("model", ["model.joblib", "array.joblib"])
@pytest.mark.parametrize("column", ["petal length (cm)", "2"])
def test_immutable_columns(column, model, files, run):
    folder, _, X, y, _ = files
    fitted = joblib.load(folder / model)
    X = X if hasattr(fitted, "feature_names_in_") else X.to_numpy()
    report = run("--immutable", column, "--corruptions", "offset", model=model)
    expected = corruption_report(fitted, X, y, corruptions="offset", immutable=[2])
    np.testing.assert_array_equal(report["accuracy"], expected["accuracy"])


def test_images(digits, tmp_path, figures_are_empty_files):
    X, y = digits
    model = KNeighborsClassifier().fit(X[:200], y[:200])
    joblib.dump(model, tmp_path / "net.pkl")
    pd.DataFrame(X[200:260]).assign(y=y[200:260]).to_csv(tmp_path / "digits.csv", index=False)
    files = [str(tmp_path / name) for name in ("net.pkl", "digits.csv")]
    options = ["--target", "y", "--trust-pickle", "--out", str(tmp_path / "out")]
    options += ["--image", "8", "8", "--severities", "2", "--repeats", "1"]
    assert main(["corrupt", *files, *options]) == 0
    report = read_csv(tmp_path / "out" / "digits_net_corruptions.csv")
    expected = corruption_report(
        model, X[200:260], y[200:260], image_shape=(8, 8), severities=2, n_repeats=1
    )
    assert list(report["corruption"]) == list(expected["corruption"])
    np.testing.assert_array_equal(report["accuracy"], expected["accuracy"])


def test_figure(files, tmp_path):
    options = ["--target", "species", "--trust-pickle", "--out", str(tmp_path)]
    options += ["--corruptions", "contrast", "gain", "--repeats", "1"]
    paths = [str(files[0] / "model.joblib"), str(files[0] / "flowers.csv")]
    assert main(["corrupt", *paths, *options]) == 0
    pyplot = pytest.importorskip("matplotlib.pyplot")
    image = pyplot.imread(tmp_path / "flowers_model_corruptions.png")
    # Two axes side by side, and lines in the first colour of the figures.
    assert image.shape[1] > 1.5 * image.shape[0]
    assert (np.abs(image[..., :3] - [0, 0x72 / 255, 0xB2 / 255]).max(axis=-1) < 0.02).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--corruptions", "blurr"], "Did you mean 'blur'?"),
        (["--corruptions", "blur"], "'blur' without image_shape"),
        (["--corruptions", "blur=x"], "Got 'blur=x', but expected numbers after the name"),
        (["--corruptions", "contrast=2"], "expected a share from 0 to 1"),
        (["--corruptions", "gain", "gain"], "Got the name 'gain' several times"),
        (["--severities", "6"], "expected different integers from 1 to 5"),
        (["--image", "2", "3"], "which has 6 values"),
        (["--immutable", "height"], "Got --immutable 'height', but expected columns"),
        (["--immutable", "0", "1", "2", "3"], "without a column that may change"),
        (["--reference", "none.csv"], "Cannot read none.csv: there is no such file"),
        (["--reference", "unlabelled.csv"], "unlabelled.csv"),
    ],
)
def test_errors_take_one_line(options, message, files, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(files[0])
    out = ["--target", "species", "--trust-pickle", "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit) as stop:
        main(["corrupt", "model.joblib", "flowers.csv", *out, *options])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("skstdp: error: ")
    assert message in error
    assert not list(tmp_path.glob("out/*"))


def test_interrupt_is_no_traceback(files, tmp_path, monkeypatch):
    calls = []

    def interrupt(*args, **kwargs):
        calls.append(kwargs)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return corruption_report(*args, **kwargs)

    monkeypatch.setattr(_corrupt, "corruption_report", interrupt)
    monkeypatch.chdir(files[0])
    options = ["--target", "species", "--trust-pickle", "--out", str(tmp_path)]
    assert main(["corrupt", "model.joblib", "flowers.csv", *options]) == 130
    assert not list(tmp_path.iterdir())
