"""Public names and signatures stay as `signatures.txt` lists them."""

import importlib
import inspect
from pathlib import Path

LIST = Path(__file__).with_name("signatures.txt")
MODULES = ("skstdp", "skstdp.benchmarks", "skstdp.datasets", "skstdp.distributed")
RENEW = (
    "Public signatures changed. If that is intended, note it in doc/changes.rst and renew the "
    "list: python tests/promises/test_signatures.py"
)


def shown(name, function):
    """A signature with one line per parameter, so that a change is one line.

    Types are left out: defaults, order and kinds are the promise.
    """
    lines, keywords = [], False
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not keywords:
            lines.append("    *,")
            keywords = True
        lines.append(f"    {parameter.replace(annotation=parameter.empty)},")
    return [f"{name}(", *lines, ")"] if lines else [f"{name}()"]


def members(value):
    """Public methods and properties of a class that the package defines, by name."""
    for name in filter(lambda name: not name.startswith("_"), dir(value)):
        attribute = getattr(value, name)
        function = attribute.fget if isinstance(attribute, property) else attribute
        if (getattr(inspect.unwrap(function), "__module__", None) or "").startswith("skstdp"):
            yield name, attribute


def signatures():
    lines = []
    for module in map(importlib.import_module, MODULES):
        lines += [f"# {module.__name__}", ""]
        for name in module.__all__:
            value = getattr(module, name)
            if not inspect.isclass(value):
                lines += [*shown(name, value), ""]
                continue
            if issubclass(value, Warning):
                lines += [f"{name}: {value.__base__.__name__}", ""]
                continue
            lines += shown(name, value)
            for member, attribute in members(value):
                if isinstance(attribute, property):
                    lines.append(f"{name}.{member}: property")
                else:
                    lines += shown(f"{name}.{member}", attribute)
            lines.append("")
    return "\n".join(lines)


def test_public_signatures_are_those_of_the_list():
    assert signatures().splitlines() == LIST.read_text().splitlines(), RENEW


def test_a_signature_is_shown_with_defaults_and_kinds():
    def function(a: int, b=1, *, c: str = "x", **d) -> None:
        """Has the signature that is written out here."""

    expected = ["f(", "    a,", "    b=1,", "    *,", "    c='x',", "    **d,", ")"]
    assert shown("f", function) == expected
    assert shown("f", lambda: None) == ["f()"]


if __name__ == "__main__":
    LIST.write_text(signatures())
