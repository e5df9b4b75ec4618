"""Compiled kernels on disk: filled by several processes at once, and damaged."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import config
from numpy.testing import assert_array_equal

import skstdp

pytestmark = pytest.mark.skipif(config.DISABLE_JIT, reason="nothing is compiled")

KERNELS = """
from skstdp._kernels._compiler import entry

@entry
def double(x, out):
    for k in range(x.size):
        out[k] = x[k] + x[k]
"""


@pytest.fixture
def source(tmp_path, monkeypatch):
    """A file with a kernel, and a place for its compiled forms."""
    monkeypatch.setattr(config, "CACHE_DIR", str(tmp_path / "cache"))
    path = tmp_path / "kernels.py"
    path.write_text(KERNELS)
    return path


def in_a_new_process(source, caplog):
    """Double some numbers as a new process would: what is known is what is on disk."""
    caplog.clear()
    double = runpy.run_path(str(source), run_name="kernels")["double"]
    for dtype in (np.float32, np.float64):
        x = np.arange(3, dtype=dtype)
        out = np.empty_like(x)
        double(x, out)
        assert_array_equal(out, 2 * x)
    return caplog.messages


def files(source, suffix):
    found = sorted(source.parent.rglob(f"*double*{suffix}"))
    assert found
    return found


def test_kernels_are_compiled_once(source, caplog):
    messages = in_a_new_process(source, caplog)
    assert len(messages) == 2
    assert all(message.startswith("Compiling") for message in messages)
    assert in_a_new_process(source, caplog) == []


def test_kernels_that_lie_under_the_name_of_others(source, caplog):
    """As after two processes chose one number for their files."""
    in_a_new_process(source, caplog)
    first, second = files(source, ".nbc")
    one, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(other)
    second.write_bytes(one)
    assert in_a_new_process(source, caplog)
    assert in_a_new_process(source, caplog) == []


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
@pytest.mark.parametrize("n_bytes", [0, 10, 100])
def test_files_that_were_cut_off_are_made_anew(source, suffix, n_bytes, caplog):
    in_a_new_process(source, caplog)
    for path in files(source, suffix):
        path.write_bytes(path.read_bytes()[:n_bytes])
    assert "cannot be read" in in_a_new_process(source, caplog)[0]
    assert in_a_new_process(source, caplog) == []


UPDATE = """
import sys
import numpy as np
from skstdp import stdp_update
for dtype in sys.argv[1:]:
    print(stdp_update(np.array([[0.8]], dtype), [[0.2]], [[1.0]])[0][0, 0].round(4))
"""


def start(cache, *dtypes):
    paths = {"PYTHONPATH": str(Path(skstdp.__file__).parents[1]), "NUMBA_CACHE_DIR": str(cache)}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", UPDATE, *dtypes],
        env=os.environ | paths,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(process):
    printed, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    return printed.split(), errors


@pytest.mark.slow
@pytest.mark.parametrize("number", range(20))
def test_two_processes_fill_one_cache(number, tmp_path):
    for process in [start(tmp_path, dtype) for dtype in ("f4", "f8")]:
        assert output(process)[0] == ["0.384"]
    # One may have overwritten what the other had just written; after that nothing is compiled.
    assert output(start(tmp_path, "f4", "f8"))[0] == ["0.384"] * 2
    assert output(start(tmp_path, "f4", "f8")) == (["0.384"] * 2, "")
