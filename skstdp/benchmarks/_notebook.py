"""A comparison as a notebook shows it: a table of means, which needs no other package."""

from dataclasses import replace
from html import escape

from ._report_blocks import Cell, counted
from ._report_tables import score_tables

_MOST_ROWS = 12
_STYLE = "text-align: right; white-space: nowrap"


def notebook_repr(comparison):
    """Return the scores without attack as HTML: of one table all measures, of more the accuracy.

    Of many tables it shows the first ones and the mean over all.
    """
    table = score_tables(comparison.scores)[0]
    rows, hidden = table.rows, len(table.rows) - _MOST_ROWS
    if hidden > 1:
        more = [f"… {counted(hidden, 'more row')}", *[""] * (table.width - 1)]
        rows = [*rows[: _MOST_ROWS - 1], more, rows[-1]]
    notes = table.notes
    if len(comparison.missing):
        n_fits = len(comparison.missing[["task", "model", "split"]].drop_duplicates())
        notes += (f"in {counted(n_fits, 'fit')} something could not be measured: see missing",)
    head = "".join(f"<th>{escape(str(name))}</th>" for name in table.header)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return (
        f"<div><p>{escape(repr(comparison))}</p>"
        '<div style="overflow-x: auto"><table>'
        f'<caption style="text-align: left">{escape(table.caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
        f"<p>{escape(replace(table, notes=notes).note)}</p></div>"
    )


def _cell(value):
    if not isinstance(value, Cell):
        return f'<td style="text-align: left">{escape(str(value))}</td>'
    text = f"<strong>{escape(value.text)}</strong>" if value.best else escape(value.text)
    return f'<td style="{_STYLE}">{" ".join(filter(None, (text, value.marks)))}</td>'
