"""Figures of a report, one per table of data, so that they stand in one column on a phone."""

import re
import warnings
from functools import partial
from io import StringIO
from math import ceil

import pandas as pd

from .. import _displays
from .._displays._axes import shortened
from .._robustness._certified import CertifiedScorer
from ._report_blocks import Figure, enumeration, number

_CERTIFIED = CertifiedScorer.attack
# So many models have lines under several attacks that can be told apart.
_MOST_MODELS = 3
# Text stays text, which needs no font in the file and can be searched; a name is no formula; and
# the same figure has the same bytes.
_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "svg.fonttype": "none",
    "svg.hashsalt": "skstdp",
    "text.parse_math": False,
}


def box_plots(scores):
    """Return a box plot of the accuracies on each task."""
    clean = _numbered(scores[scores["attack"] == "none"])
    size = (4.6, 1.1 + 0.24 * clean["model"].nunique())
    figures = []
    for task, rows in clean.groupby("task", sort=False):
        medians = rows.groupby("model", observed=False)["accuracy"].median()
        alt = f"Box plots of the accuracy on {task}; medians: {_values(medians)}."
        display = _displays.ScoreDistributionDisplay(rows)
        options = {"title": shortened(task)}
        figures.append(_figure(f"scores_{len(figures)}", display, size, alt, **options))
    return figures


def ranks(tests, models):
    """Return the critical-difference diagram of tests over tables; all models have a colour."""
    title = f"Mean ranks in accuracy over {tests.n_tasks} tables"
    display = _displays.CriticalDifferenceDisplay(
        tests.ranks.reindex(models), tests.p_values(), title=title
    )
    alt = f"{title}: {_values(tests.ranks.dropna().sort_values(), 2)}."
    return _figure("ranks", display, (5.4, 1.8 + 0.12 * len(tests.ranks)), alt)


def robustness(scores):
    """Return the accuracy against epsilon on each task with an attack."""
    figures = []
    measured = _strongest(_numbered(scores[scores["accuracy"].notna()]))
    for task, rows in measured.groupby("task", sort=False):
        attacked = rows[rows["attack"] != "none"]
        if attacked.empty:
            continue
        attack = enumeration(attacked["attack"].unique())
        largest = attacked[attacked["epsilon"] == attacked["epsilon"].max()]
        means = largest.groupby(["model", "attack"], observed=True)["accuracy"].mean()
        lowest = means.groupby("model", observed=True).min()
        alt = (
            f"Accuracy on {task} against the size of {attack}; lowest at the largest size: "
            f"{_values(lowest)}."
        )
        display = _displays.RobustnessCurveDisplay(rows.assign(task=shortened(task)))
        figures.append(_figure(f"attack_{len(figures)}", display, (4.6, 3), alt))
    return figures


def shows_the_strongest(scores):
    """Return whether the figures show the strongest of several attacks instead of each."""
    attacks = set(scores["attack"]) - {"none"}
    return len(attacks) > 1 and scores["model"].nunique() > _MOST_MODELS


def _strongest(scores):
    """Keep on each split the attack that finds most, where the lines of all would be too many."""
    if not shows_the_strongest(scores):
        return scores
    # What is certified is below all attacks, and none.
    attacks = [name for name in scores["attack"].unique() if name not in ("none", _CERTIFIED)]
    attacked = scores[scores["attack"].isin(attacks)].sort_values("accuracy", kind="stable")
    key = ["task", "model", "split", "epsilon"]
    lowest = attacked.drop_duplicates(key).assign(attack=enumeration(attacks, "or"))
    return pd.concat([scores[scores["attack"] == "none"], lowest.sort_index()])


def calibration(bins):
    """Return the accuracy against the confidence of each model, over all tables."""
    figures = []
    bins = _numbered(bins[bins["n"] > 0])
    for model, rows in bins.groupby("model", observed=True):
        alt = f"Accuracy of {model} against the confidence of its predictions."
        display = _displays.ReliabilityDisplay(rows)
        labels = {"title": shortened(model, 20), "xlabel": "Confidence", "ylabel": "Accuracy"}
        figures.append(_figure(f"calibration_{len(figures)}", display, (3, 3), alt, **labels))
    return figures


def pairs(tests):
    """Return the probabilities that one model is better than another on one table."""
    n_models = len(set(tests["model_a"]) | set(tests["model_b"]))
    alt = "Probabilities that the model of a row is better than that of a column."
    size = (3.4 + 0.42 * n_models, 1.8 + 0.34 * n_models)
    return _figure("pairs", _displays.PairwiseTestsDisplay(tests), size, alt)


def times(scores):
    """Return the times of fits and predictions."""
    clean = _numbered(scores[scores["attack"] == "none"])
    medians = clean.groupby("model", observed=False)["fit_time"].median()
    alt = f"Seconds of fits and predictions; medians of fits: {_values(medians)}."
    size = (4.6, 1.2 + 0.48 * len(medians))
    return _figure("times", _displays.TimesDisplay(clean), size, alt, n_axes=2)


def _numbered(table):
    """Return a table whose models are categories: each keeps its colour in all figures."""
    return table.assign(model=pd.Categorical(table["model"], table["model"].unique()))


def _values(series, digits=3):
    return enumeration([f"{name} {number(value, digits)}" for name, value in series.items()])


def _figure(name, display, size, alt, **options):
    return Figure(name, alt, partial(_drawn, display, size, **options))


def _drawn(display, size, n_axes=1, **labels):
    """Draw a display in a figure of its own, with the legend below the axes, off the lines."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure as Canvas

    with rc_context(_STYLE), warnings.catch_warnings():
        # The reader's fonts may have characters that those of matplotlib lack.
        warnings.filterwarnings("ignore", r"Glyph \d+")
        canvas = Canvas(figsize=size, layout="constrained")
        axes = canvas.subplots(n_axes, squeeze=False).ravel()
        # A display of one axes takes no list.
        display.plot(axes[0] if n_axes == 1 else axes)
        ax = axes[0]
        ax.set(**labels)
        if ax.get_legend() is not None:
            labels = [shortened(text.get_text(), 50) for text in ax.get_legend().get_texts()]
            handles = ax.get_legend().legend_handles
            ax.get_legend().remove()
            longest = max(map(len, labels))
            n_columns = 1 + (longest <= 28) + (longest <= 12)
            canvas.set_size_inches(size[0], size[1] + 0.22 * ceil(len(labels) / n_columns))
            place = {"loc": "outside lower center", "ncols": n_columns, "fontsize": "small"}
            canvas.legend(handles, labels, frameon=False, **place)
        return _svg(canvas)


def _svg(canvas):
    """Return a figure as SVG, which scales, without what a page of fifty figures need not hold."""
    text = StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    canvas.savefig(text, format="svg", metadata=nothing)
    svg = text.getvalue()[text.getvalue().index("<svg") :]
    svg = re.sub(r"<[^>]*>", lambda tag: _short(tag[0]), svg)
    return re.sub(r">\s+<", "><", svg)


def _short(tag):
    """Return a tag in hundredths of a point, more than a screen shows, without rotations by 0.

    Labels, which may be numbers, are between tags.
    """
    tag = re.sub(r' transform="rotate\(-0 [^"]*\)"', "", tag.replace("\n", ""))
    # Verdana is as wide as the font that the figure was laid out with.
    tag = tag.replace("'DejaVu Sans', sans-serif", "'DejaVu Sans', Verdana, sans-serif")
    return re.sub(r"(\d\.\d\d)\d+", r"\1", tag)
