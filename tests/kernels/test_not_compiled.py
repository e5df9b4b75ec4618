"""The kernels as Python runs them, for a debugger: what is learned does not depend on it."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array

import skstdp

pytestmark = pytest.mark.process

# A few epochs of a network need not teach it to tell classes apart.
QUIET = "-W", "ignore:The network does not tell classes"

FITS = {
    "STDP": ("STDPClassifier", {}),
    "STDP of all units": ("STDPClassifier", {"positive_winners": 1.0, "negative_winners": 1.0}),
    "STDP without margins": ("STDPClassifier", {"winner_margin": None}),
    "BP": ("BPClassifier", {}),
    "direct feedback": ("BPClassifier", {"feedback": "direct"}),
    "sign symmetry": ("BPClassifier", {"feedback": "sign"}),
    "target propagation": ("TargetPropagationClassifier", {}),
    "local rule": ("LocalRuleClassifier", {"rule": "bcm"}),
    "spiking": ("BioLeaFClassifier", {}),
    "spiking at random": ("BioLeaFClassifier", {"input_code": "poisson"}),
    "spiking by spikes": ("BioLeaFClassifier", {"rule": "spike", "input_code": "latency"}),
}


def fitted(name, sparse, dtype):
    """Weights, biases and probabilities of three classes, from few rows of which half is zero."""
    rng = np.random.default_rng(0)
    X = (rng.random((25, 9)) * (rng.random((25, 9)) < 0.5)).astype(dtype)
    y = np.arange(25) % 3
    classifier, settings = FITS[name]
    # As many units as fill vectors of sixteen and leave some over.
    model = getattr(skstdp, classifier)((50, 18), max_iter=2, tol=None, random_state=0, **settings)
    model.fit(csr_array(X) if sparse else X, y)
    return [*model.coefs_, *model.intercepts_, model.predict_proba(X)]


CASES = [(n, s, d) for n in FITS for s in (False, True) for d in ("float32", "float64")]


def save_all(path):
    Path(path).write_bytes(pickle.dumps({case: fitted(*case) for case in CASES}))


@pytest.fixture(scope="module")
def otherwise(tmp_path_factory):
    """The fits of a process that compiles if this one does not, and the other way round."""
    path, compiles = tmp_path_factory.mktemp("fits") / "fits.pickle", numba.config.DISABLE_JIT
    code = (
        "import numba, test_not_compiled\n"
        f"assert numba.config.DISABLE_JIT == {not compiles}\n"
        f"test_not_compiled.save_all({str(path)!r})"
    )
    folders = [str(Path(skstdp.__file__).parent.parent), str(Path(__file__).parent), *sys.path]
    environment = {
        "NUMBA_DISABLE_JIT": str(int(not compiles)),
        "PYTHONPATH": os.pathsep.join(folders),
    }
    command = [sys.executable, "-W", "error", *QUIET, "-c", code]
    subprocess.run(command, env=os.environ | environment, check=True)
    return pickle.loads(path.read_bytes())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_same_numbers_compiled_or_not(case, otherwise):
    for ours, expected in zip(fitted(*case), otherwise[case], strict=True):
        assert ours.dtype == expected.dtype == case[-1]
        digits = 1e-4 if case[-1] == "float32" else 1e-11
        assert_allclose(ours, expected, rtol=digits, atol=digits)
