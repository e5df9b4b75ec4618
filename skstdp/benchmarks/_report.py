"""Reports of a comparison: one self-contained HTML file, or Markdown with figures beside it."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

from .._displays import require_matplotlib
from .._utils._optional import required
from ._report_blocks import Cell
from ._report_contents import Report, report_of
from ._significance import require_posthocs


def require_report():
    """Raise an ImportError that says what to install if a report cannot be written."""
    require_matplotlib()
    require_posthocs()
    with required("Reports need jinja2", "report"):
        import jinja2  # noqa: F401


def html_report(comparison):
    """Return the report of a comparison as one HTML document, which loads nothing.

    Parameters
    ----------
    comparison : Comparison
        Result of `compare`.

    Returns
    -------
    report : str
        The document. The same comparison gives the same text.
    """
    require_report()
    template = _environment(autoescape=True).get_template("report.html")
    return template.render(report=report_of(comparison)) + "\n"


def markdown_report(comparison):
    """Return the report of a comparison as Markdown, without its figures."""
    require_report()
    return _markdown(report_of(comparison), "")


def write_html(comparison, path):
    """Write `html_report` to a file, in one step, and return its path."""
    return _write(Path(path), html_report(comparison))


def write_markdown(comparison, path):
    """Write the report as Markdown, and its figures to a folder beside it of the same name."""
    require_report()
    path, report = Path(path), report_of(comparison)
    folder = path.with_name(f"{path.stem}_figures")
    if report.figures:
        folder.mkdir(exist_ok=True)
    for figure in report.figures:
        (folder / f"{figure.name}.svg").write_text(figure.draw(), encoding="utf-8")
    return _write(path, _markdown(report, quote(folder.name)))


def _write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def _environment(autoescape):
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        autoescape=autoescape,
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
    )
    environment.filters |= {"md": _escaped, "md_cell": _markdown_cell}
    return environment


def _markdown(report: Report, folder):
    text = (
        _environment(autoescape=False)
        .get_template("report.md")
        .render(report=report, folder=folder)
    )
    # Blocks leave blank lines of their own around them.
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _escaped(text):
    """Return text that Markdown, and HTML in it, show as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|~$&])", r"\\\1", " ".join(str(text).split()))


def _markdown_cell(value):
    if not isinstance(value, Cell):
        return "<br>".join(map(_escaped, str(value).splitlines()))
    text = f"**{value.text}**" if value.best else value.text
    return f"{text} {value.marks}".strip()
