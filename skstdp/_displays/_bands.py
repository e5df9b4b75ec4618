"""Lines with the spread around them."""

import pandas as pd

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

    def _widen_hidden_lines(self):
        """Draw each line that later ones cover wider and lighter than these."""
        bottom, top = self.ax_.get_ylim()
        for position, line in enumerate(self.lines_):
            above = self.lines_[position + 1 :]
            n_above = sum(_run_together(line, other, 0.01 * (top - bottom)) for other in above)
            if n_above:
                wider = 2 * n_above
                line.set(
                    linewidth=line.get_linewidth() + wider,
                    markersize=line.get_markersize() + wider,
                    alpha=0.6,
                )


def _run_together(line, other, tolerance):
    """Return whether two lines are equal at two neighbouring points, or at their only one."""
    first, second = (pd.Series(each.get_ydata(), each.get_xdata()) for each in (line, other))
    equal = ((first - second).abs().dropna() <= tolerance).to_numpy()
    return bool((equal[1:] & equal[:-1]).any() or (equal.size == 1 and equal[0]))
