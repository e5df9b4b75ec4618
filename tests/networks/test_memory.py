"""Data larger than memory: what is held does not grow with the file."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from classifiers import CLASSIFIERS

pytestmark = pytest.mark.process

# A script of the documentation, which is no part of the package.
_SCRIPT = Path(__file__).parents[2] / "doc" / "benchmarks" / "memory.py"
_spec = importlib.util.spec_from_file_location("memory", _SCRIPT)
memory = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(memory)

on_linux = pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="Linux reports what a process holds"
)
every_classifier = pytest.mark.parametrize(
    "classifier",
    CLASSIFIERS,
    ids=lambda c: c.__name__,
)


@on_linux
def test_a_file_four_times_as_long_takes_as_much_memory(tmp_path):
    options = {"n_features": 100, "n_at_once": 5000, "directory": tmp_path}
    in_pieces, as_a_whole = memory.memory_tables([50_000, 200_000], kinds=["npy"], **options)
    short, long = in_pieces["MiB"]
    assert in_pieces["file"].diff()[1] > 0.15 * short
    assert long < 1.05 * short
    assert (in_pieces["accuracy"] > 0.7).all()
    # Of a map as a whole nothing that is as wide as the table.
    assert (as_a_whole[["fit", "predict", "score"]].max(axis=1) < 0.2 * as_a_whole["array"]).all()
    assert not list(tmp_path.iterdir())


@on_linux
def test_parquet_in_pieces(tmp_path):
    pytest.importorskip("pyarrow")
    options = {"n_features": 100, "n_at_once": 5000, "directory": tmp_path}
    in_pieces, as_a_whole = memory.memory_tables([50_000, 200_000], kinds=["parquet"], **options)
    short, long = in_pieces["MiB"]
    # Of what it returns its allocator keeps some, up to a limit.
    assert in_pieces["file"].diff()[1] > 0.15 * short
    assert long < 1.05 * short
    assert as_a_whole.empty


@pytest.mark.parametrize("kind", ["npy", "parquet", "csv"])
def test_every_kind_of_file_holds_the_same_rows(kind, tmp_path):
    if kind == "parquet":
        pytest.importorskip("pyarrow")
    write, read = memory._FILES[kind]
    path = tmp_path / f"table.{kind}"
    expected = np.vstack(list(memory.pieces_of_a_table(250, 3, 100)))
    write(path, memory.pieces_of_a_table(250, 3, 100), *expected.shape)
    pieces = [(np.asarray(X), np.asarray(y)) for X, y in read(path, 100)]
    assert [len(y) for _, y in pieces] == [100, 100, 50]
    held = np.column_stack([np.concatenate(part) for part in zip(*pieces, strict=True)])
    np.testing.assert_allclose(held, expected, rtol=1e-3 if kind == "csv" else 0, atol=1e-30)


def test_command(tmp_path):
    command = [sys.executable, "-W", "error", memory.__file__]
    command += ["--rows", "2e3", "--piece", "1000", "--kinds", "csv", "--folder", str(tmp_path)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert printed.split()[:6] == ["kind", "rows", "file", "MiB", "accuracy", "csv"]


@every_classifier
def test_a_map_of_another_dtype_is_predicted_alike(classifier, tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    X, y = rng.random((300, 4)), np.arange(300) % 3
    model = classifier((5,), max_iter=2, random_state=0).fit(X, y)
    np.save(tmp_path / "X.npy", X.astype(np.float32))
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    expected = mapped.astype(np.float64)
    # So that there are several pieces, each converted for itself.
    monkeypatch.setattr("skstdp._networks._inference._CHUNK", 400)
    for method in ("predict", "predict_proba", "decision_function", "transform"):
        given, as_model = getattr(model, method)(mapped), getattr(model, method)(expected)
        assert given.dtype == as_model.dtype
        np.testing.assert_array_equal(given, as_model)


@every_classifier
def test_calls_cost_no_more_after_many_calls(classifier):
    """The history grows by one number a call; it is not gone through one by one."""
    X, y = np.random.default_rng(0).random((20, 3)), np.arange(20) % 2
    model = classifier((4,), random_state=0).partial_fit(X, y, classes=[0, 1])
    many = [0.5] * 1_000_000
    for name in ("loss_curve_", "accuracy_curve_"):
        setattr(model, name, many)
    memory_of_lists = {id(value) for value in many}
    model.partial_fit(X, y)
    assert len(model.loss_curve_) == len(model.accuracy_curve_) == len(many) + 1
    assert model.loss_curve_ is not many
    assert {id(value) for value in model.loss_curve_[:-1]} == memory_of_lists


@every_classifier
@pytest.mark.parametrize("kind", ["array", "frame"])
def test_pieces_and_whole_are_the_same_rows(classifier, kind, tmp_path):
    """One epoch over a piece of a map is one epoch over these rows in memory."""
    rng = np.random.default_rng(0)
    X, y = rng.random((60, 3)).astype(np.float32), np.arange(60) % 2
    np.save(tmp_path / "X.npy", X)
    mapped, inside = (classifier((4,), random_state=0) for _ in range(2))
    for first in range(0, 60, 20):
        rows = slice(first, first + 20)
        piece = np.load(tmp_path / "X.npy", mmap_mode="r")[rows]
        if kind == "frame":
            piece = pd.DataFrame(piece)
        mapped.partial_fit(piece, y[rows], classes=[0, 1])
        inside.partial_fit(X[rows], y[rows], classes=[0, 1])
    for one, other in zip(mapped.coefs_, inside.coefs_, strict=True):
        np.testing.assert_array_equal(one, other)
