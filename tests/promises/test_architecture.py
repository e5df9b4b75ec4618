"""Imports point one way: a room imports what stands below it, never above, late or not."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skstdp

PACKAGE = Path(skstdp.__file__).parent

# From the top down; rooms of one floor do not know each other.
FLOORS = (
    {"__main__"},
    {"_cli"},
    {"benchmarks"},
    {"__init__"},
    {"_displays"},
    {"_robustness"},
    {"_certificates"},
    {"_input_gradients", "distributed"},
    {"_networks"},
    {"_kernels"},
    {"_attacks", "datasets"},
    {"_utils"},
)
FLOOR = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def room_of(module):
    """First part below the package of a dotted name, the front door of the package itself."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in FLOOR else "__init__"


def imported(path, package):
    """Modules of the package that a file imports, anywhere in it, by full name."""
    here = [package.name, *path.relative_to(package).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            module = ".".join(base + ([node.module] if node.module else []))
            names = [f"{module}.{alias.name}" for alias in node.names]
        elif (
            # import_module("skstdp...")
            isinstance(node, ast.Call)
            and getattr(node.func, "id", getattr(node.func, "attr", None)) == "import_module"
            and isinstance(node.args[0], ast.Constant)
        ):
            names = [node.args[0].value]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == package.name)


def arrows(package):
    """Pairs of rooms and the file that imports, of imports that leave a room."""
    for path in sorted(package.rglob("*.py")):
        if path.name == "conftest.py":
            continue
        first = path.relative_to(package).parts[0]
        room = first.removesuffix(".py")
        for module in imported(path, package):
            if room_of(module) != room:
                yield room, room_of(module), path.relative_to(package).as_posix()


def test_every_room_stands_on_a_floor():
    entries = {
        path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()
    } - {"__pycache__"}
    assert entries == set(FLOOR)


def test_no_arrow_back_up():
    wrong = [arrow for arrow in arrows(PACKAGE) if FLOOR[arrow[0]] >= FLOOR[arrow[1]]]
    assert wrong == []


@pytest.mark.parametrize(
    "line",
    [
        "from .._robustness import fgsm",
        "def late():\n    from ..benchmarks._compare import compare",
        "import skstdp._displays",
        "from skstdp import fgsm",
        "from importlib import import_module\nimport_module('skstdp._cli')",
        "from .. import _robustness",
    ],
)
def test_an_arrow_back_up_is_found(tmp_path, line):
    """The test above can fail."""
    room = tmp_path / "skstdp" / "_networks"
    room.mkdir(parents=True)
    (room / "_base.py").write_text(line)
    ((here, there, path),) = arrows(tmp_path / "skstdp")
    assert (here, path) == ("_networks", "_networks/_base.py")
    assert FLOOR[here] >= FLOOR[there]


def test_modules_and_argument_lists_of_kernels_are_short():
    for path in PACKAGE.rglob("*.py"):
        assert len(path.read_text().splitlines()) <= 450, path
    for path in (PACKAGE / "_kernels").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                assert len(node.args.args) <= 8, f"{path.name}: {node.name}"


@pytest.mark.process
def test_import_is_light():
    late = {"numba", "matplotlib", "dask", "distributed", "art", "onnx"}
    program = f"import sys, skstdp, skstdp.distributed; print(*{late} & sys.modules.keys())"
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(PACKAGE.parent), "PATH": ""},
    )
    assert done.stdout == "\n"
