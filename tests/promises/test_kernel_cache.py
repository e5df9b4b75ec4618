"""Compiled kernels on disk: filled by several processes at once, and damaged."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import config
from numba.core import caching
from numpy.testing import assert_array_equal

import skstdp
from skstdp._kernels import _cache
from skstdp._kernels._cache import _tell_that_nothing_is_kept, digest_of_sources
from skstdp._utils import _memory

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(config.DISABLE_JIT, reason="nothing is compiled"),
]

# A few epochs of a network need not teach it to tell classes apart.
QUIET = "-W", "ignore:The network does not tell classes"

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
    # What earlier runs of this test compiled would be found in the cache of the user.
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "user"))
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


def all_are_compiled(messages):
    return [message.partition("'")[0] for message in messages] == ["Compiling the kernel "] * 2


def test_no_place_for_a_cache(source, caplog, monkeypatch):
    """Compiled anew by each process, which says so once, whatever the number of kernels."""
    file = source.parent / "__pycache__"
    file.write_text("")
    monkeypatch.setattr(config, "CACHE_DIR", str(file / "cache"))
    for name in ("HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(file / name))
    source.write_text(KERNELS + KERNELS.replace("double", "twice"))
    message = f"compiled by each process, because neither the user's cache nor {file} can be"
    for _ in range(2):
        _tell_that_nothing_is_kept.cache_clear()
        (told,) = in_a_new_process(source, caplog)
        assert message in told
        assert "Set NUMBA_CACHE_DIR" in told
    assert sorted(source.parent.iterdir()) == [file, source]


def test_a_kernel_that_no_file_holds_is_compiled_by_each_process(source, caplog):
    """As in a notebook, whose next kernel at the same place may be another one."""
    lines = compile(KERNELS, "<input>", "exec")
    for _ in range(2):
        names = {"__name__": "__main__"}
        exec(lines, names)
        x = np.arange(3.0)
        out = np.empty_like(x)
        names["double"](x, out)
        assert_array_equal(out, 2 * x)
    assert caplog.messages == []
    assert not list(source.parent.rglob("*double*"))


def test_another_place_where_the_given_one_cannot_be_written(source, caplog, monkeypatch):
    monkeypatch.setattr(config, "CACHE_DIR", str(source / "cache"))
    assert all_are_compiled(in_a_new_process(source, caplog))
    assert in_a_new_process(source, caplog) == []


@pytest.fixture
def cache_of_the_user(source, monkeypatch):
    """An empty one, and no variable that names another folder."""
    monkeypatch.setattr(config, "CACHE_DIR", "")
    return source.parent / "user"


@pytest.mark.usefixtures("cache_of_the_user")
def test_copies_of_one_version_share_what_one_of_them_compiled(source, caplog):
    """As a checkout does and an installation from it, of another time and place."""
    assert all_are_compiled(in_a_new_process(source, caplog))
    copy = source.parent / "site-packages" / source.name
    copy.parent.mkdir()
    copy.write_text(KERNELS)
    os.utime(copy, (1, 1))
    assert in_a_new_process(copy, caplog) == []
    # Another version, in a file of this name, takes nothing from them and leaves them theirs.
    copy.write_text(KERNELS.replace("+", "- -"))
    assert all_are_compiled(in_a_new_process(copy, caplog))
    assert in_a_new_process(copy, caplog) == []
    assert in_a_new_process(source, caplog) == []


def test_order_of_the_folders(source, caplog, cache_of_the_user, monkeypatch):
    def made():
        in_a_new_process(source, caplog)
        return {path.parents[1] for path in source.parent.rglob("*.nbc")}

    root = source.parent
    in_the_tree, chosen = root / "__pycache__", root / "chosen"
    assert made() == {*cache_of_the_user.rglob("skstdp")}
    # An empty variable would name a folder of the working directory.
    monkeypatch.chdir(root)
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", "")
    expected = {*cache_of_the_user.rglob("skstdp"), in_the_tree}
    assert made() == expected
    monkeypatch.setattr(config, "CACHE_DIR", str(chosen))
    assert made() == expected | {chosen / "skstdp"}


def test_a_folder_that_somebody_else_filled_can_only_be_read(source, caplog, monkeypatch):
    in_a_new_process(source, caplog)

    def refuse(**kwargs):
        raise PermissionError(13, "Permission denied")

    # Not by its mode, which does not keep the superuser out.
    monkeypatch.setattr(caching.tempfile, "TemporaryFile", refuse)
    assert in_a_new_process(source, caplog) == []


def test_kernels_of_versions_that_were_not_used_for_long_are_deleted(
    source, caplog, monkeypatch, tmp_path
):
    monkeypatch.setattr(_cache, "_N_VERSIONS", 3)
    root = tmp_path / "cache" / "skstdp"
    in_a_new_process(source, caplog)
    (first,) = root.iterdir()
    others = [f"kernels-{k}" for k in range(_cache._N_VERSIONS)]
    for k, name in enumerate(others):
        monkeypatch.setattr(_cache, "_name_of_folder", lambda name=name: name)
        in_a_new_process(source, caplog)
        os.utime(root / name, (k, k))
        if k < 2:
            # Used again.
            monkeypatch.setattr(_cache, "_name_of_folder", lambda: first.name)
            assert in_a_new_process(source, caplog) == []
    assert sorted(path.name for path in root.iterdir()) == sorted([first.name, *others[1:]])


def test_a_new_version_of_the_compiler_has_a_folder_of_its_own(monkeypatch):
    before = _cache._name_of_folder()
    monkeypatch.setattr(_cache.llvmlite, "__version__", "1000")
    assert _cache._name_of_folder() != before


def test_message_in_a_notebook_is_no_error(source, caplog, monkeypatch, capsys):
    """Jupyter shows what goes to stderr in red, which is where unhandled messages go."""
    monkeypatch.setitem(sys.modules, "ipykernel", None)
    assert all_are_compiled(in_a_new_process(source, caplog))
    monkeypatch.setattr(_cache._logger, "hasHandlers", lambda: False)
    source.write_text(KERNELS + "# changed")
    assert in_a_new_process(source, caplog) == []
    shown = capsys.readouterr()
    assert all_are_compiled(shown.out.splitlines())
    assert shown.err == ""


def test_a_disk_that_is_full(source, caplog):
    """As much as fits into a file is written of it."""
    resource = pytest.importorskip("resource", reason="limits what a process may write")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for n_bytes in (0, 200):
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, before[1]))
        try:
            full = in_a_new_process(source, caplog)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert all_are_compiled(full)
    assert all_are_compiled(in_a_new_process(source, caplog))
    assert in_a_new_process(source, caplog) == []


def test_all_that_kernels_import_is_part_of_the_key(tmp_path):
    """Also what a file outside of their folder imports in turn, by whichever kind of import."""
    package = tmp_path / "package"
    sources = {
        "kernels/__init__.py": "from .one import f",
        "kernels/one.py": "from .two import g\nfrom .._near import A",
        "kernels/two.py": "def h():\n    from .. import (\n        _far,\n    )",
        "kernels/three.py": "from ..tools.inner import C",
        "__init__.py": "",
        "_near.py": "from ._next import B",
        "_next.py": "B = 1",
        "_far.py": "",
        "tools/__init__.py": "",
        "tools/inner.py": "from .deep import C",
        "tools/deep/__init__.py": "C = 1",
    }
    others = ["_other.py", "tools/other.py"]
    for name in [*sources, *others]:
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sources.get(name, "X = 1"))
    digests = [digest_of_sources(package / "kernels")]
    for name in others:
        (package / name).write_text("X = 2")
        assert digest_of_sources(package / "kernels") == digests[0]
    for name in ["kernels/one.py", "_near.py", "_next.py", "_far.py", *list(sources)[-2:]]:
        path = package / name
        path.write_text(path.read_text() + "\nX = 2")
        digests.append(digest_of_sources(package / "kernels"))
    assert len(set(digests)) == 7


def test_a_constant_of_the_kernels_is_part_of_their_key(monkeypatch):
    read, folder = Path.read_bytes, Path(_cache.__file__).parent
    before = digest_of_sources(folder)
    assert before == digest_of_sources(folder) == _cache._SOURCES

    def changed(path):
        content = read(path)
        return content.replace(b"64", b"32") if path == Path(_memory.__file__) else content

    monkeypatch.setattr(Path, "read_bytes", changed)
    assert digest_of_sources(folder) != before


# Of the large kernel, which takes a minute to compile, and of a small one.
FIT = """
import sys
from hashlib import sha256
import numpy as np
from skstdp import STDPClassifier
X, y = np.random.default_rng(0).random((40, 3)), np.arange(40) % 2
for dtype in sys.argv[1:]:
    model = STDPClassifier((4,), max_iter=2, random_state=0).fit(X.astype(dtype), y)
    print(sha256(b"".join(coef.tobytes() for coef in model.coefs_)).hexdigest())
"""
UPDATE = """
import sys
from hashlib import sha256
import numpy as np
from skstdp import stdp_update
rng = np.random.default_rng(0)
rates, association = rng.random((2, 40, 20)), np.ones((40, 20))
for dtype in sys.argv[1:]:
    coef, _ = stdp_update(*rates.astype(dtype), association)
    print(sha256(coef.tobytes()).hexdigest())
"""


def start(program, cache, *dtypes):
    paths = {"PYTHONPATH": str(Path(skstdp.__file__).parents[1]), "NUMBA_CACHE_DIR": str(cache)}
    return subprocess.Popen(
        [sys.executable, "-W", "error", *QUIET, "-c", program, *dtypes],
        env=os.environ | paths,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output(process):
    printed, errors = process.communicate(timeout=1800)
    assert process.returncode == 0, errors
    return printed.split(), errors


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What one process alone prints that compiles for itself, by program and dtype."""
    expected = {}
    for program in (FIT, UPDATE):
        printed, _ = output(start(program, tmp_path_factory.mktemp("alone"), "f4", "f8"))
        assert len(set(printed)) == 2
        expected[program] = dict(zip(("f4", "f8"), printed, strict=True))
    return expected


@pytest.mark.slow
@pytest.mark.parametrize(
    ("program", "number"), [(UPDATE, k) for k in range(20)] + [(FIT, k) for k in range(2)]
)
def test_two_processes_fill_one_cache(program, number, expected, tmp_path):
    # They write the same files, or different ones of which one index tells.
    dtypes = ("f4", "f4") if number % 2 else ("f4", "f8")
    for dtype, process in [(dtype, start(program, tmp_path, dtype)) for dtype in dtypes]:
        assert output(process)[0] == [expected[program][dtype]]
    # One may have overwritten what the other had just written; after that nothing is compiled.
    printed = [expected[program][dtype] for dtype in sorted(set(dtypes))]
    assert output(start(program, tmp_path, *sorted(set(dtypes))))[0] == printed
    assert output(start(program, tmp_path, *sorted(set(dtypes)))) == (printed, "")
