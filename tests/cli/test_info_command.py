import json
import subprocess
import sys

import numpy as np
import pytest

pytestmark = pytest.mark.process


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
