"""What a report is made of, before it is written as HTML or Markdown.

A report is a list of sections, a section a list of blocks. The templates know the blocks by their
`kind`, and escape all text in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable


class Cell(NamedTuple):
    """A number in a table as text; the best of its row or column is bold, marks follow it."""

    text: str
    best: bool = False
    marks: str = ""


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str
    kind = "text"


@dataclass(frozen=True)
class Code:
    """A command or call to copy."""

    text: str
    kind = "code"


@dataclass(frozen=True)
class Table:
    """Rows of text and of numbers (`Cell`), the first `n_keys` columns of which name the row."""

    caption: str
    header: list
    rows: list
    notes: tuple = ()
    n_keys: int = 1
    # Of less interest than what follows it.
    folded: bool = False
    kind = "table"

    @property
    def is_folded(self):
        """True if a page shows the rows on request: all at once would hide what follows."""
        return self.folded or len(self.rows) > 30

    @property
    def columns(self):
        """Pairs of a column's name and whether it holds numbers."""
        numeric = [any(isinstance(row[at], Cell) for row in self.rows) for at in range(self.width)]
        return list(zip(self.header, numeric, strict=True))

    @property
    def note(self):
        """The notes as sentences."""
        return " ".join(f"{note[0].upper()}{note[1:].rstrip('.')}." for note in self.notes)

    @property
    def width(self):
        """Number of columns."""
        return len(self.header)


@dataclass(frozen=True)
class Figure:
    """A figure: the name of its file, what it shows in words, and a function that returns its SVG.

    It is drawn when a report takes it.
    """

    name: str
    alt: str
    draw: Callable

    @property
    def uri(self):
        """The figure as an address that holds it."""
        return "data:image/svg+xml," + quote(self.draw(), safe=" =:;/,?@()")


@dataclass(frozen=True)
class Figures:
    """Figures side by side, as many as there is place for."""

    figures: list
    kind = "figures"


@dataclass
class Section:
    """A part of the report under a heading; one without blocks is left out."""

    anchor: str
    title: str
    blocks: list = field(default_factory=list)


def number(value, digits=3):
    """Return a number as text, one that could not be measured as "n/a"."""
    # NaN is not itself.
    return f"{value:.{digits}f}" if value == value else "n/a"


def mean_and_spread(mean, std):
    """Return mean and standard deviation as text; one fit has no spread."""
    return number(mean) if mean != mean or std != std else f"{mean:.3f} ± {std:.3f}"


def seconds(value):
    """Return a time in seconds as text, with three digits that count."""
    if value != value:
        return "n/a"
    return f"{value:.0f}" if value >= 99.95 else f"{value:#.3g}"


def enumeration(words, last="and"):
    """Return words in one sentence: "a, b and c"."""
    words = [str(word) for word in words]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def counted(count, noun):
    """Return a number with its noun: "1 table", "3 tables"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def p_value_text(value):
    """Return a p-value as text with its letter: "p = 0.031"."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"
