"""What the compiled loop promises besides the formulas: precision, and a cache that holds."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from callable_kernels import from_python
from numpy.testing import assert_array_equal

import skstdp
from skstdp._kernels import Samples
from skstdp._kernels._batches import fill
from skstdp._kernels._epochs import batch_bounds
from skstdp._kernels._sigmoid import sigmoid as _compiled_sigmoid
from skstdp._kernels._vectors import WIDTH
from skstdp._networks._mlp import sigmoid
from skstdp._networks._ranks import no_knots
from skstdp._networks._receptive_fields import ReceptiveFields

compiled_sigmoid = from_python(_compiled_sigmoid)
PACKAGE = Path(skstdp.__file__).parent


@pytest.mark.parametrize(("dtype", "limit"), [(np.float32, 87), (np.float64, 700)])
@pytest.mark.parametrize("function", [sigmoid, compiled_sigmoid])
def test_sigmoid_is_within_four_units_of_the_last_place(function, dtype, limit):
    rng = np.random.default_rng(0)
    spans = [1e-6, 1, 10, limit]
    drives = np.concatenate([rng.uniform(-span, span, 20_000) for span in spans]).astype(dtype)
    exact = 1 / (1 + np.exp(-drives.astype(np.longdouble)))
    rates = drives.copy()
    function(rates)
    assert rates.dtype == dtype
    assert (np.abs(rates - exact) <= 2 * np.finfo(dtype).eps * exact).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_of_any_drive_is_a_rate(dtype):
    drives = np.array([-np.inf, -1e30, -0.0, 0.0, 1e30, np.inf], dtype)
    for function in (sigmoid, compiled_sigmoid):
        rates = drives.copy()
        function(rates)
        assert_array_equal(rates[2:], [0.5, 0.5, 1, 1])
        assert (rates[:2] >= 0).all()
        assert (rates[:2] < 1e-37).all()


@pytest.mark.parametrize("n_samples", [1, 7, 100])
@pytest.mark.parametrize("n_batches", [1, 3, 7])
def test_batches_are_those_of_array_split(n_samples, n_batches):
    bounds = [batch_bounds(k, n_batches, n_samples) for k in range(n_batches)]
    parts = np.array_split(np.arange(n_samples), n_batches)
    assert [list(range(*bound)) for bound in bounds] == [part.tolist() for part in parts]


@pytest.mark.parametrize("density", [0.0, 0.1, 0.9, 1.0])
@pytest.mark.parametrize(
    "n_units", [[1] * 8, [2] * 8, [6] * 8, [2, 8, 4, 2, 2, 16, 2, 6]], ids=str
)
@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_batch_is_what_the_first_layer_sees(n_units, density, plain, dtype):
    rng = np.random.default_rng(0)
    X = (rng.normal(size=(30, 8)) * (rng.random((30, 8)) < density)).astype(dtype)
    scale, offset = rng.random(8).astype(dtype), rng.random(8).astype(dtype) * (density == 1)
    if plain:
        scale[:], offset[:] = 1, 0
    rows = rng.permutation(30)[:20]
    fields = ReceptiveFields(np.array(n_units), no_knots(8))
    batch = np.empty((20, fields.n_inputs), dtype)
    starts, columns = np.zeros(21, np.intp), np.empty(batch.size + WIDTH, np.uint32)
    nothing = np.empty(0, dtype), np.empty(0, np.int32), np.empty(0, np.int32)
    y, weight = np.zeros(30, np.intp), np.ones(30, dtype)
    samples = Samples(X, *nothing, scale, offset, fields.steps, y, weight)
    skip = from_python(fill)(samples, rows, batch, starts, columns)
    rates = np.clip(X[rows] * scale + offset, 0, 1)
    assert_array_equal(batch, fields.encode(rates))
    assert skip == ((batch != 0).mean() <= 0.5)
    if skip:
        assert_array_equal(columns[: starts[-1]], np.nonzero(batch)[1])
        assert_array_equal(np.diff(starts), (batch != 0).sum(axis=1))


FIT = """
import logging, sys
logging.basicConfig(stream=sys.stdout, format="%(message)s")
import numpy as np
from skstdp import stdp_update
print(stdp_update([[0.8]], [[0.2]], [[1.0]])[0])
"""


def run(code, root, **environment):
    # A few epochs of a network need not teach it to tell classes apart.
    warnings = "error,ignore:The network does not tell classes"
    environment = os.environ | {"PYTHONPATH": str(root), "PYTHONWARNINGS": warnings} | environment
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


@pytest.mark.process
def test_importing_the_package_imports_neither_compiler_nor_figures():
    code = "import skstdp, sys; print([m for m in ('numba', 'matplotlib') if m in sys.modules])"
    assert run(code, PACKAGE.parent) == "[]\n"


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the package without compiled kernels."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "cache"))
    shutil.copytree(
        PACKAGE, tmp_path / "skstdp", ignore=shutil.ignore_patterns("__pycache__", "*.nb*")
    )
    return tmp_path


@pytest.mark.process
def test_a_changed_callee_in_another_file_is_compiled_anew(copy):
    assert "[[0.384]]" in run(FIT, copy)
    assert run(FIT, copy) == "[[0.384]]\n", "not kept on disk"
    layers = copy / "skstdp/_kernels/_layers.py"
    source = layers.read_text()
    changed = source.replace(
        "    return params[offset + n_in * n_out :", "    return params[n_in * n_out + offset :"
    )
    assert changed != source
    layers.write_text(changed)
    assert "Compiling the kernel 'one_stdp_layer'" in run(FIT, copy)


@pytest.mark.process
def test_a_cache_that_cannot_be_written_changes_nothing(copy):
    blocked = copy / "blocked"
    blocked.write_text("a file where a folder should be")
    assert "[[0.384]]" in run(FIT, copy, NUMBA_CACHE_DIR=str(blocked / "cache"))


WARM = """
import logging, sys
logging.basicConfig(stream=sys.stdout, format="%(message)s")
import numpy as np, skstdp
skstdp.warm_up()
print("warm")
from sklearn.datasets import load_digits
X, y = load_digits(return_X_y=True)
for classifier in (skstdp.STDPClassifier, skstdp.BPClassifier):
    for dtype in (np.float32, np.float64):
        classifier(max_iter=1, receptive_fields=2).fit(X.astype(dtype), y)
"""


@pytest.mark.process
def test_after_a_warm_up_nothing_is_compiled(copy):
    before, after = run(WARM, copy).split("warm\n")
    assert "Compiling the kernel '_stdp_epochs'" in before
    assert after == ""
    assert run(WARM, copy) == "warm\n"


@pytest.mark.parametrize("classifier", ["STDPClassifier", "BPClassifier"])
@pytest.mark.process
def test_the_model_does_not_depend_on_the_number_of_threads(classifier):
    code = f"""
import hashlib, numpy as np, skstdp
rng = np.random.default_rng(0)
X, y = rng.random((600, 700)), np.arange(600) % 3
model = skstdp.{classifier}((300, 50), batch_size=200, max_iter=3, random_state=0).fit(X, y)
print(hashlib.sha256(b"".join(coef.tobytes() for coef in model.coefs_)).hexdigest())
"""
    one, two = (run(code, PACKAGE.parent, OPENBLAS_NUM_THREADS=n) for n in ("1", "2"))
    assert one == two


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("classifier", ["STDPClassifier", "BPClassifier"])
@pytest.mark.process
def test_a_fit_needs_no_second_copy_of_its_data(classifier):
    """As images: 188 MB, and at most a tenth of that besides."""
    code = f"""
import numpy as np, skstdp
from pathlib import Path

def megabytes(name):
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024

rng = np.random.default_rng(0)
X = np.zeros((60_000, 784), np.float32)
X[:, ::5] = rng.random((60_000, 157), np.float32)
y = np.arange(60_000) % 10
make = skstdp.{classifier}
settings = dict(batch_size=100, max_iter=1, random_state=0)
make((8,), **settings).fit(X[:500], y[:500])
Path("/proc/self/clear_refs").write_text("5")
before = megabytes("VmRSS")
make((8,), **settings).fit(X, y)
print(megabytes("VmHWM") - before)
"""
    assert float(run(code, PACKAGE.parent)) < 19
