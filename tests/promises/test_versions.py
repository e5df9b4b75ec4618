"""The versions that are said to work are those of the suite: see the page on contributing."""

import re
from configparser import ConfigParser
from pathlib import Path

import numba
import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[2]
# Of these the tests are not run with the oldest version.
NOT_OF_THE_SUITE = {"doc", "dev", "others"}
# What the others need, at versions that are as old as they are.
INDIRECT = {"pyparsing"}


def requirements():
    """Bound by package, of the package and of what its tests use."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = dict(setup["options.extras_require"])
    wanted = [setup["options"]["install_requires"]]
    wanted += [lines for name, lines in extras.items() if name not in NOT_OF_THE_SUITE]
    lines = [line for lines in wanted for line in lines.splitlines() if line]
    return [line for line in lines if not line.startswith("skstdp[")]


@pytest.mark.skipif(not (ROOT / "setup.cfg").exists(), reason="needs the checkout")
def test_bounds_are_the_versions_that_the_suite_is_run_with():
    bounds = {}
    for line in requirements():
        name, bound = re.fullmatch(r"([\w-]+(?:\[\w+\])?)>=([\d.]+)(?:,<[\d.]+)?", line).groups()
        assert bounds.setdefault(name, bound) == bound
    pins = {}
    for line in (ROOT / "tests" / "oldest.txt").read_text().splitlines():
        if not line.startswith("#"):
            name, pin = re.fullmatch(r"([\w-]+)==([\d.]+)", line).groups()
            assert name not in pins
            pins[name] = pin
    for name in INDIRECT:
        del pins[name]
    assert set(pins) == {name.partition("[")[0] for name in bounds}
    for name, bound in bounds.items():
        pin = pins[name.partition("[")[0]]
        assert Version(pin) == Version(bound), name


@pytest.mark.skipif(not (ROOT / "setup.cfg").exists(), reason="needs the checkout")
def test_oldest_python_is_the_one_that_is_asked_for():
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    listed = re.findall(r"Python :: (3\.\d+)", setup["metadata"]["classifiers"])
    assert setup["options"]["python_requires"] == f">={listed[0]}"
    assert listed == sorted(listed, key=lambda version: int(version[2:]))
    assert f'"py{listed[0].replace(".", "")}"' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.skipif(not (ROOT / "setup.cfg").exists(), reason="needs the checkout")
def test_the_next_minor_release_of_numba_is_looked_at_before_it_is_allowed():
    (line,) = (line for line in requirements() if line.startswith("numba"))
    bound = Version(line.split("<")[1])
    assert Version(numba.__version__) < bound, (
        f"Got numba {numba.__version__}, but expected one below {bound}. Kernels use its "
        "internals: check `FunctionCache`, `IndexDataCacheFile` and `_CacheLocator` in _cache.py, "
        "`flags.noalias` of a pipeline class and whether loops still become vectors (run "
        "benchmarks/speed.py before and after), the builders in _vectors.py, and `populate_array` "
        "in _views.py; then raise the bound in setup.cfg."
    )
