import inspect
from pathlib import Path

import pytest

import skstdp
from skstdp import benchmarks, datasets, distributed

API = Path(__file__).parents[2] / "doc" / "api.rst"
MODULES = [skstdp, benchmarks, datasets, distributed]
modules = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)


@modules
def test_reference_lists_every_public_name(module):
    listed = {line.strip() for line in API.read_text().splitlines()}
    assert set(module.__all__) <= listed
    assert module.__all__ == sorted(module.__all__)


def public_functions(module):
    """Name and function of all that a user calls, constructors and methods included."""
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isfunction(value):
            yield name, value
            continue
        for method, attribute in inspect.getmembers(value):
            ours = getattr(attribute, "__module__", None) or ""
            if ours.startswith("skstdp") and (method == "__init__" or method[0] != "_"):
                yield f"{name}.{method}", inspect.unwrap(attribute)


@modules
def test_public_signatures_are_typed(module):
    assert (Path(skstdp.__file__).parent / "py.typed").exists()
    untyped = []
    for name, function in public_functions(module):
        if not inspect.isroutine(function):
            continue
        signature = inspect.signature(function)
        parameters = [p for n, p in signature.parameters.items() if n not in ("self", "cls")]
        missing = [p.name for p in parameters if p.annotation is p.empty]
        if missing or signature.return_annotation is signature.empty:
            untyped.append((name, missing))
    assert untyped == []


@modules
def test_public_names_have_examples(module):
    """Shapes, errors and the form of it all are checked where the pages are built."""
    without = [
        name
        for name in module.__all__
        if not issubclass_of_tuple(getattr(module, name))
        and "Examples\n" not in inspect.getdoc(getattr(module, name))
    ]
    assert without == []


def issubclass_of_tuple(value):
    """Whether a name is only the type of a result, made by a function that has an example."""
    return inspect.isclass(value) and issubclass(value, tuple | Warning)


PAGES = sorted((API.parent).rglob("*.rst")) + [API.parents[1] / "README.md"]
# Those that a build makes are not pages of ours.
PAGES = [page for page in PAGES if not {"_build", "auto_examples", "generated"} & set(page.parts)]
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
