"""Figures with one row per model."""

from ._axes import all_shortened, shortened


def rows_of_models(ax, models):
    """Set the ticks of one row per model, the first one on top."""
    ax.set_yticks(range(len(models)), all_shortened(models), fontsize="small")
    ax.set_ylim(len(models) - 0.4, -0.6)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelsize="small")
    ax.grid(axis="x", alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)


def note_in_row(ax, row, text):
    """Write a note into the row of a model."""
    place = {"transform": ax.get_yaxis_transform(), "fontsize": "small", "color": "0.3"}
    align = {"horizontalalignment": "center", "verticalalignment": "center"}
    box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    ax.text(0.5, row, text, bbox=box, **place, **align)


def splits_text(scores):
    """Return how many splits the tasks in a table have, as text."""
    counts = scores.groupby("task", observed=True)["split"].nunique()
    low, high = counts.min(), counts.max()
    number = f"{low}" if low == high else f"{low} to {high}"
    return f"{number} split" if number == "1" else f"{number} splits"


def tables_text(scores):
    """Return on what a figure is, the one task or the number of them, and how many splits."""
    names = scores["task"].unique()
    if len(names) == 1:
        return f"{shortened(names[0])}, {splits_text(scores)}"
    return f"{len(names)} tables, {splits_text(scores)} each"


def in_sentence(label):
    """Return the name of a measure with a small letter, unless it begins with an abbreviation."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label
