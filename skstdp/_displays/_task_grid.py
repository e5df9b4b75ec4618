"""One figure for several tasks."""

from math import ceil, sqrt

from ._axes import require_matplotlib


def axes_for(count, new_figure, size=(3.2, 2.6)):
    """Return so many axes of a size in inches in a new figure, with one scale of the ordinate."""
    # Three in a row leave no gap.
    n_columns = 3 if count == 3 else ceil(sqrt(count))
    n_rows = ceil(count / n_columns)
    width, height = size
    figure = new_figure(
        figsize=(1 + width * n_columns, 1.2 + height * n_rows), layout="constrained"
    )
    axes = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False).ravel()
    for ax in axes[count:]:
        ax.remove()
    return axes[:count]


def plot_tasks(display_class, table):
    """Draw one figure with axes for each task of a table, the same scale and one legend.

    `display_class` takes the rows of one task. The figure is unknown to pyplot, so that it needs
    no screen and no closing.
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    tasks = list(table.groupby("task", sort=False))
    axes = axes_for(len(tasks), Figure)
    figure = axes[0].figure
    displays = [display_class(rows).plot(ax) for ax, (_, rows) in zip(axes, tasks, strict=True)]
    ax = displays[0].ax_
    figure.supxlabel(ax.get_xlabel(), fontsize="medium")
    figure.supylabel(ax.get_ylabel(), fontsize="medium")
    for ax in figure.axes:
        ax.get_legend().remove()
        ax.set(xlabel="", ylabel="")
    # Of all axes: a model need not be there for every task.
    lines = {line.get_label(): line for display in displays for line in display.lines_}
    figure.legend(
        handles=lines.values(), loc="outside upper center", ncols=2 * axes[0].get_gridspec().ncols
    )
    return figure
