import inspect
import re
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from test_architecture import FLOOR, FLOORS

import skstdp
from skstdp import benchmarks, datasets, distributed

CHECKOUT = Path(__file__).parents[2]
DOC = CHECKOUT / "doc"
API = DOC / "api.rst"
# Without those that a build makes.
PAGES = sorted([*DOC.glob("*.rst"), *DOC.glob("user_guide/*.rst"), CHECKOUT / "README.md"])
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


def paths_named(text):
    """Files and folders of the checkout in a text; braces hold alternatives, as in a shell."""
    for path in re.findall(r"(?<![\w/.])(?:skstdp|tests|doc|\.ci)/[\w./{},*-]*\w", text):
        head, brace, rest = path.partition("{")
        choices, _, tail = rest.partition("}")
        yield from (head + choice + tail for choice in choices.split(",")) if brace else [path]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_what_exists(page):
    text = page.read_text()
    built = "doc/_build"
    missing = [
        path
        for name in paths_named(text)
        for path in name.split(",")
        if not path.startswith(built) and not any(CHECKOUT.glob(path))
    ]
    modules = re.findall(r"-m (skstdp[\w.]*)", text)
    assert missing == []
    assert [module for module in modules if find_spec(module) is None] == []


# A command that takes an argument without braces, and a letter with an accent and an index.
MISREAD = re.compile(r"\\[td]?frac(?!\{)|\\(hat|bar|tilde|vec|dot)(\{\w+\}| ?\w)\}?_")


def test_formulas_have_nothing_that_docutils_misreads():
    r"""It takes \frac12 x for 12 / x, and puts the index of \hat h_l below the letter."""
    paths = [*PAGES, *(CHECKOUT / "skstdp").rglob("*.py")]
    texts = {path: path.read_text().replace("{{", "{").replace("}}", "}") for path in paths}
    assert [str(path) for path, text in texts.items() if MISREAD.search(text)] == []


@pytest.mark.parametrize(
    ("formula", "misread"),
    [
        (r"\tfrac12 x", True),
        (r"\frac{1}{2} x", False),
        (r"\hat h_{l-1}", True),
        (r"{\hat h}_l", True),
        (r"\bar{g}_b", True),
        (r"\hat\sigma^2", False),
        (r"\bar{g} - r_1", False),
    ],
)
def test_what_docutils_misreads(formula, misread):
    tex2mathml = pytest.importorskip("docutils.utils.math.latex2mathml").tex2mathml
    mathml = "".join(tex2mathml(formula).split())
    assert bool(re.search("<mn>12</mn>|<munderover>", mathml)) == misread
    assert bool(MISREAD.search(formula)) == misread


# One line: an entry of several lines is no list, because its lines do not stand below the name.
INITIAL = re.compile(
    r"^ *(?:- |\.\. \[\d+\] )[A-Z]\. .*\n(?= *(?:$|- |\.\. |\"\"\"))", re.MULTILINE
)


def test_initials_of_authors_are_no_numbers_of_a_list():
    paths = [*PAGES, *(CHECKOUT / "skstdp").rglob("*.py")]
    assert [str(path) for path in paths if INITIAL.search(path.read_text())] == []
    docutils = pytest.importorskip("docutils.core")
    for entry in ('- J. Demsar, "Title", 2006.\n', '- J. Demsar, "Title",\n  2006.\n'):
        names = docutils.publish_doctree(entry).pformat()
        assert ("<enumerated_list" in names) == bool(INITIAL.search(entry + "\n"))


def test_missing_path_is_found():
    text = "`tests/kernels/test_{kernels,nothing}.py` and doc/nothing.rst, not skstdp.nothing"
    *exist, missing, also = paths_named(text)
    assert [any(CHECKOUT.glob(path)) for path in exist] == [True]
    assert (missing, also) == ("tests/kernels/test_nothing.py", "doc/nothing.rst")


def test_architecture_page_has_every_room_from_the_top_down():
    text = (DOC / "architecture.rst").read_text()
    diagram, rest = text.split("\nRooms\n-----\n")
    table = re.split(r"\n-{4,}\n", rest)[0]
    lines = re.findall(r"^    ((?:\w+ +)+)", diagram, flags=re.MULTILINE)
    rows = re.findall(r"^    \* - `(\w+)`$", table, flags=re.MULTILINE)
    rooms = [room for floor in FLOORS for room in sorted(floor)]
    assert [set(line.split()) & set(rooms) for line in lines] == list(FLOORS)
    assert sorted(rows, key=FLOOR.__getitem__) == rows
    assert sorted(rows) == sorted(rooms)


def test_architecture_page_names_functions_that_exist():
    text = (DOC / "architecture.rst").read_text()
    named = re.findall(r"`(_\w+)\.(\w+)`", text)
    package = Path(skstdp.__file__).parent
    missing = []
    for module, name in named:
        sources = package.rglob(f"{module}.py")
        if not any(re.search(rf"def {name}\(", source.read_text()) for source in sources):
            missing.append(f"{module}.{name}")
    assert len(named) > 5
    assert missing == []


def test_every_page_of_the_guide_is_described_in_one_group():
    guide = DOC / "user_guide"
    text = (guide / "index.rst").read_text()
    pages = sorted(page.stem for page in guide.glob("*.rst") if page.stem != "index")
    described = re.findall(r"^:doc:`(\w+)`$", text, flags=re.MULTILINE)
    listed = re.findall(r"^    (\w+)$", text, flags=re.MULTILINE)
    assert described == listed
    assert sorted(listed) == pages
    assert re.findall(r":caption: (.+)", text) == re.findall(r"^(.+)\n-{4,}$", text, re.MULTILINE)


def test_every_page_opens_with_what_the_reader_can_do_after_it():
    pages = [page for page in PAGES if page.suffix == ".rst" and page.stem != "index"]
    openings = {page.stem: page.read_text().split("\n\n")[1] for page in pages}
    assert len(pages) > 30
    assert [name for name, text in openings.items() if "fter this page you " not in text] == []


def test_citation_names_the_version():
    pages = [CHECKOUT / "CITATION.cff", DOC / "citing.rst"]
    for page in pages:
        (version,) = re.findall(r"^ *version *[:=] \W?([\d.]+\w*)", page.read_text(), re.MULTILINE)
        assert version == skstdp.__version__


@pytest.mark.parametrize(
    ("script", "pages"),
    [
        ("published", ["README.md", "doc/the_paper.rst"]),
        ("rules", ["doc/user_guide/learning_rules.rst"]),
    ],
)
def test_tables_of_measurements_are_those_of_the_scripts(script, pages, monkeypatch):
    """Nobody edits a figure by hand."""
    pd = pytest.importorskip("pandas")
    folder = DOC / "benchmarks"
    # Scripts import each other.
    monkeypatch.syspath_prepend(folder)
    spec = spec_from_file_location(script, folder / f"{script}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.blocks(pd.read_csv(module.MEANS))
    texts = [(CHECKOUT / page).read_text(encoding="utf-8") for page in pages]
    for text in texts:
        assert module.renewed(text, made) == text
    for name, block in made.items():
        assert any(f"begin {name}" in text and block in text for text in texts)
