"""Figures of a report, one per table of data, so that they stand in one column on a phone."""

import re
import warnings
from io import StringIO
from math import ceil

from .. import _displays
from ._measures import MEASURES
from ._report_blocks import Figure, counted, enumeration, number
from ._statistics import means_by_task

# Text stays text, which needs no font in the file and can be searched; a name is no formula; and
# the same figure has the same bytes.
_STYLE = {"svg.fonttype": "none", "text.parse_math": False, "svg.hashsalt": "skstdp"}
# Of a name in a figure; the tables have all of it.
_LONGEST = 24


def box_plots(scores, measure="accuracy"):
    """Return a box plot of the scores on each task."""
    clean = scores[(scores["attack"] == "none") & scores[measure].notna()]
    n_models, label = clean["model"].nunique(), MEASURES[measure].label
    size = (4.6, 1.2 + 0.36 * n_models)
    figures = []
    for task, rows in clean.groupby("task", sort=False):
        medians = rows.groupby("model", sort=False)[measure].median()
        alt = f"Box plots of the {label.lower()} on {task}, medians: {_values(medians)}."
        display = _displays.ScoreDistributionDisplay(_short(rows), measure=measure)
        figures.append(_figure(f"scores_{len(figures)}", display, size, alt))
    return figures


def ranks(scores, measure="accuracy"):
    """Return the critical-difference diagram."""
    means = means_by_task(scores, measure=measure)
    means.columns = _shortened(means.columns)
    options = {"measure": MEASURES[measure].label}
    options["greater_is_better"] = MEASURES[measure].greater_is_better
    display = _displays.CriticalDifferenceDisplay(means, **options)
    alt = "Mean ranks of the models; bars join those that do not differ significantly."
    return _figure("ranks", display, (7, 1.4 + 0.25 * len(means.columns)), alt)


def robustness(scores):
    """Return the accuracy against epsilon on each task with an attack."""
    figures = []
    for task, rows in scores[scores["accuracy"].notna()].groupby("task", sort=False):
        attacked = rows[rows["attack"] != "none"]
        if attacked.empty:
            continue
        attack = enumeration(attacked["attack"].unique())
        largest = attacked[attacked["epsilon"] == attacked["epsilon"].max()]
        lowest = largest.groupby(["model", "attack"], sort=False)["accuracy"].mean()
        lowest = lowest.groupby("model", sort=False).min()
        alt = (
            f"Accuracy on {task} against the size of {attack}; at the largest size, under the "
            f"strongest attack: {_values(lowest)}."
        )
        display = _displays.RobustnessCurveDisplay(_short(rows))
        figures.append(_figure(f"attack_{len(figures)}", display, (4.6, 3), alt, legend=True))
    return figures


def calibration(bins):
    """Return the accuracy against the confidence on each task."""
    figures = []
    for task, rows in bins[bins["n"] > 0].groupby("task", sort=False):
        models = enumeration(rows["model"].unique())
        alt = f"Accuracy on {task} against the confidence of the predictions of {models}."
        display = _displays.ReliabilityDisplay(_short(rows))
        figures.append(_figure(f"calibration_{len(figures)}", display, (4.6, 3), alt, legend=True))
    return figures


def times(scores):
    """Return the times of fits and predictions."""
    clean = scores[(scores["attack"] == "none") & scores["fit_time"].notna()]
    alt = f"Times of fits and predictions of {counted(clean['model'].nunique(), 'model')}."
    size = (7, 1.4 + 0.32 * clean["model"].nunique())
    return _figure("times", _displays.TimesDisplay(_short(clean)), size, alt)


def _values(series):
    return enumeration([f"{name} {number(value)}" for name, value in series.items()])


def _short(table):
    """Return a table with names of models and tasks that a figure has place for."""
    names = {
        column: dict(zip(table[column].unique(), _shortened(table[column].unique()), strict=True))
        for column in ("task", "model")
    }
    return table.assign(**{column: table[column].map(new) for column, new in names.items()})


def _shortened(names):
    """Return names of at most 24 characters, of which no two are equal.

    Names of one library often begin alike, and those of two settings of a model end alike, so
    what is left out is in the middle.
    """
    short, half = [], _LONGEST // 2
    for name in map(str, names):
        cut = name if len(name) <= _LONGEST else f"{name[: half - 1]}…{name[-half:]}"
        if cut in short:
            cut = f"{len(short) + 1}: {cut[: half - 5]}…{cut[-half:]}"
        short.append(cut)
    return short


def _figure(name, display, size, alt, legend=False):
    """Draw a display in a figure of its own; a `legend` stands below the axes, off the lines."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure as Canvas

    with rc_context(_STYLE), warnings.catch_warnings():
        # The reader's fonts may have characters that those of matplotlib lack.
        warnings.filterwarnings("ignore", r"Glyph \d+")
        canvas = Canvas(figsize=size, layout="constrained")
        display.plot(canvas.subplots())
        if legend and display.ax_.get_legend() is not None:
            display.ax_.get_legend().remove()
            handles, labels = display.ax_.get_legend_handles_labels()
            n_columns = 2 if max(map(len, labels)) > 12 else 3
            width, height = size
            canvas.set_size_inches(width, height + 0.24 * ceil(len(labels) / n_columns))
            place = {"loc": "outside lower center", "ncols": n_columns, "fontsize": "small"}
            canvas.legend(handles, labels, **place)
        return Figure(name, _svg(canvas), alt)


def _svg(canvas):
    """Return a figure as SVG, which scales, without the date and with fewer digits."""
    text = StringIO()
    canvas.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    svg = text.getvalue()[text.getvalue().index("<svg") :]
    # A hundredth of a point is more than a screen shows; in tags only, since labels are numbers.
    svg = re.sub(r"<[^>]*>", lambda tag: re.sub(r"(\d\.\d\d)\d+", r"\1", tag[0]), svg)
    return re.sub(r">\s+<", "><", svg)
