"""One figure for several tasks."""

from math import ceil, sqrt

from ._axes import require_matplotlib


def plot_tasks(display_class, table):
    """Draw one figure with axes for each task of a table, the same scale and one legend.

    `display_class` takes the rows of one task. The figure is unknown to pyplot, so that it needs
    no screen and no closing.
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    tasks = list(table.groupby("task", sort=False))
    # Three in a row leave no gap.
    n_columns = 3 if len(tasks) == 3 else ceil(sqrt(len(tasks)))
    n_rows = ceil(len(tasks) / n_columns)
    figure = Figure(figsize=(1 + 3.2 * n_columns, 1.2 + 2.6 * n_rows), layout="constrained")
    axes = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False).ravel()
    for ax in axes[len(tasks) :]:
        ax.remove()
    displays = [display_class(rows).plot(ax) for ax, (_, rows) in zip(axes, tasks, strict=False)]
    ax = displays[0].ax_
    figure.supxlabel(ax.get_xlabel(), fontsize="medium")
    figure.supylabel(ax.get_ylabel(), fontsize="medium")
    for ax in figure.axes:
        ax.get_legend().remove()
        ax.set(xlabel="", ylabel="")
    # Of all axes: a model need not be there for every task.
    lines = {line.get_label(): line for display in displays for line in display.lines_}
    figure.legend(handles=lines.values(), loc="outside upper center", ncols=2 * n_columns)
    return figure
