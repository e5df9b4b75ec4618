"""How probable it is that one model is better than another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ._axes import all_shortened, check_table, require_matplotlib, set_axes, shortened

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# From which probability, in percent, a number is bold.
_CLEAR = 95


class PairwiseTestsDisplay:
    """Matrix of the probabilities that the model in a row is better than that in a column.

    Better means: by more than the region of practical equivalence. What is missing to 100 % in two
    cells on either side of the diagonal is the probability that the two models are equivalent.
    Numbers of 95 % and more are bold; "n/a" stands for pairs that cannot be tested.

    Parameters
    ----------
    tests : DataFrame
        Rows of one task of the `on_task` of `skstdp.benchmarks.Comparison.tests`: columns task,
        model_a, model_b, a_better and b_better.
    title : str, default=None
        Title of the axes. None takes the name of the task.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the matrix.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    image_ : matplotlib AxesImage
        The probabilities.

    See Also
    --------
    CriticalDifferenceDisplay : Differences over several tasks.

    Examples
    --------
    >>> import pandas as pd
    >>> from skstdp import PairwiseTestsDisplay
    >>> tests = pd.DataFrame(
    ...     {
    ...         "task": "iris",
    ...         "model_a": ["STDP"],
    ...         "model_b": ["BP"],
    ...         "a_better": [0.893],
    ...         "b_better": [0.044],
    ...     }
    ... )
    >>> display = PairwiseTestsDisplay(tests).plot()
    >>> [text.get_text() for text in display.ax_.texts]
    ['89', '4']
    """

    def __init__(self, tests: pd.DataFrame, *, title: str | None = None) -> None:
        self.tests = tests
        self.title = title

    def plot(self, ax: Axes | None = None) -> PairwiseTestsDisplay:
        """Draw the matrix.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        Returns
        -------
        display : PairwiseTestsDisplay
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `tests` is not a data frame.
        ValueError
            If `tests` has no rows or lacks a column, or the tests are not of one task.
        """
        require_matplotlib()
        check_table(self, "tests", ["task", "model_a", "model_b", "a_better", "b_better"])
        tasks = list(self.tests["task"].unique())
        if len(tasks) != 1:
            raise ValueError(
                f"Got tests of the tasks {tasks}, but expected one. Select its rows, for instance "
                "with tests[tests['task'] == 'iris']."
            )
        models = list(pd.unique(self.tests[["model_a", "model_b"]].to_numpy().ravel()))
        percent = pd.DataFrame(np.nan, index=models, columns=models)
        for pair in self.tests.itertuples():
            percent.loc[pair.model_a, pair.model_b] = 100 * pair.a_better
            percent.loc[pair.model_b, pair.model_a] = 100 * pair.b_better
        own_figure = ax is None
        set_axes(self, ax)
        if own_figure:
            self.figure_.set_size_inches(2.4 + 0.5 * len(models), 1.8 + 0.36 * len(models))
        values = percent.to_numpy()
        self.image_ = self.ax_.imshow(values, cmap="Blues", vmin=0, vmax=110, aspect="auto")
        for row, column in np.ndindex(values.shape):
            if row != column:
                value = values[row, column]
                text = "n/a" if np.isnan(value) else f"{value:.0f}"
                weight = "bold" if value >= _CLEAR else "normal"
                color = "white" if value > 60 else "black"
                place = {"horizontalalignment": "center", "verticalalignment": "center"}
                style = {"fontsize": "small", "weight": weight, "color": color}
                self.ax_.text(column, row, text, **style, **place)
        names = all_shortened(models, 22)
        self.ax_.set_yticks(range(len(models)), names, fontsize="small")
        self.ax_.set_xticks(
            range(len(models)),
            names,
            fontsize="small",
            rotation=40,
            horizontalalignment="right",
            rotation_mode="anchor",
        )
        self.ax_.tick_params(length=0)
        self.ax_.spines[:].set_visible(False)
        title = self.title or shortened(tasks[0])
        self.ax_.set_title(f"{title}\nProbability in % that row beats column", fontsize="medium")
        return self
