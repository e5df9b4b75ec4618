"""Lines with the spread around them."""

from ._axes import LinesDisplay, set_axes


class BandsDisplay(LinesDisplay):
    """Lines with bands of one standard deviation around them, one colour per model."""

    def _start(self, table, ax):
        """Set `ax_` and `figure_`, and title them with the one task in the table."""
        tasks = table["task"].unique() if "task" in table else [""]
        if len(tasks) != 1:
            raise ValueError(
                f"Got the tasks {list(tasks)}, but expected one. Select its rows, for instance "
                "with scores[scores['task'] == 'iris']."
            )
        set_axes(self, ax)
        self.lines_, self.fill_between_ = [], []
        self.ax_.set(title=tasks[0], ylabel="Accuracy")
        self.ax_.grid(alpha=0.3)

    def _draw_band(self, values, lowest=0, highest=1, **kwargs):
        """Draw mean and spread over splits; `values` has the abscissa as its index."""
        over_splits = values.groupby(level=0)
        mean, std = over_splits.mean(), over_splits.std()
        (line,) = self.ax_.plot(mean.index, mean, **kwargs)
        low, high = (mean - std).clip(lower=lowest), (mean + std).clip(upper=highest)
        style = {"color": line.get_color(), "alpha": 0.15, "linewidth": 0}
        band = self.ax_.fill_between(mean.index, low, high, **style)
        self.lines_.append(line)
        self.fill_between_.append(band)
