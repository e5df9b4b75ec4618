"""Accuracy against the severity of corruptions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .._robustness._corruption_report import corruption_report
from .._robustness._scorers import label_metric
from ._axes import by_model, by_name, check_table, require_matplotlib, set_grid, versions
from ._bands import BandsDisplay
from ._task_grid import axes_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator

_COLUMNS = ["model", "corruption", "severity", "size", "unit", "accuracy"]


class CorruptionDisplay:
    """Accuracy on corrupted test rows against severity, one axes for each corruption.

    There is one colour per model. Lines are means over fits and repeats; bands reach one standard
    deviation to each side, within [0, 1]. Each line starts at the accuracy without corruption. A
    dotted line is at the score of predicting the largest class for all.

    Parameters
    ----------
    scores : DataFrame
        Columns model, corruption ("none" for the accuracy without), severity, size, unit and
        accuracy, such as those of `corruption_report` with the name of the model. A column
        majority, the score of the largest class, may be left out.
    metric : str or callable, default="accuracy"
        Metric in the column accuracy, for the label of the ordinate.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        One per corruption, in their order of appearance.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    lines_ : list of lists of matplotlib Line2D
        For each corruption, one line per model.
    fill_between_ : list of lists of matplotlib PolyCollection
        The bands, in the order of `lines_`.

    See Also
    --------
    corruption_report : The accuracies.
    RobustnessCurveDisplay : Accuracy against the size of an attack.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skstdp import CorruptionDisplay
    >>> X, y = load_wine(return_X_y=True)
    >>> models = {"forest": RandomForestClassifier(random_state=0), "Bayes": GaussianNB()}
    >>> for model in models.values():
    ...     _ = model.fit(X[::2], y[::2])
    >>> display = CorruptionDisplay.from_estimator(
    ...     models, X[1::2], y[1::2], corruptions=["gaussian noise", "contrast"]
    ... )
    >>> print(display.summary().round(3).to_string(index_names=False))
             none  gaussian noise  contrast   mean
    forest  0.978           0.900     0.789  0.844
    Bayes   0.933           0.899     0.789  0.844
    """

    def __init__(self, scores: pd.DataFrame, *, metric: str | Callable = "accuracy") -> None:
        self.scores = scores
        self.metric = metric

    @classmethod
    def from_estimator(
        cls,
        estimators: BaseEstimator | Sequence[BaseEstimator] | Mapping,
        X: ArrayLike,
        y: ArrayLike,
        *,
        metric: str | Callable = "accuracy",
        axes: Sequence[Axes] | None = None,
        plot_kwargs: dict | None = None,
        **options: Any,
    ) -> CorruptionDisplay:
        """Corrupt samples, let fitted estimators classify them, and draw.

        Parameters
        ----------
        estimators : classifier, list of classifiers or dict
            Fitted ones. A list holds versions of one model, fitted for instance to several folds.
            A dict from names to one or the other draws several models. With an int as
            `random_state` all of them see the same corrupted samples.
        X : array-like of shape (n_samples, n_features)
            Samples that the estimators were not trained on.
        y : array-like of shape (n_samples,)
            Their true labels.
        metric : str or callable, default="accuracy"
            As in `FGSMScorer`.
        axes : sequence of matplotlib Axes, default=None
            Axes to draw on, one per corruption. None makes a new figure.
        plot_kwargs : dict, default=None
            Keyword arguments of `plot`.
        **options : dict
            Other parameters of `corruption_report`.

        Returns
        -------
        display : CorruptionDisplay
            Drawn.

        Raises
        ------
        ValueError
            As in `corruption_report`, or if there are not as many axes as corruptions.
        """
        require_matplotlib()
        reports = [
            corruption_report(version, X, y, metric=metric, **options).assign(model=name)
            for name, fits in by_name(estimators).items()
            for version in versions(fits)
        ]
        scores = pd.concat(reports, ignore_index=True).assign(majority=majority_score(y, metric))
        return cls(scores, metric=metric).plot(axes, **(plot_kwargs or {}))

    def summary(self) -> pd.DataFrame:
        """Mean accuracy of each model under each corruption, over severities, fits and repeats.

        Returns
        -------
        summary : DataFrame
            One row per model, one column per corruption after "none", and last their "mean",
            which "none" has no part in.
        """
        check_table(self, "scores", _COLUMNS)
        scores = self.scores
        # Sizes first: each counts as much as another, with or without repeats.
        keys = ["model", "corruption"]
        by_size = scores.groupby([*keys, "severity"], sort=False)["accuracy"].mean()
        table = by_size.groupby(keys, sort=False).mean().unstack()
        table = table.loc[scores["model"].unique(), scores["corruption"].unique()]
        return table.assign(mean=table.drop(columns="none").mean(axis=1))

    def plot(self, axes: Sequence[Axes] | None = None, **kwargs: Any) -> CorruptionDisplay:
        """Draw the lines.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, default=None
            Axes to draw on, one per corruption. None makes a new figure.
        **kwargs : dict
            Passed to `matplotlib.axes.Axes.plot` for every line.

        Returns
        -------
        display : CorruptionDisplay
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        TypeError
            If `scores` is not a data frame.
        ValueError
            If `scores` has no rows or lacks a column, or there are not as many axes as
            corruptions.
        """
        require_matplotlib()
        check_table(self, "scores", _COLUMNS)
        names = [name for name in self.scores["corruption"].unique() if name != "none"]
        own_figure = axes is None
        if own_figure:
            from matplotlib import pyplot

            axes = axes_for(len(names), pyplot.figure)
        set_grid(self, axes, (len(names),), "one for each corruption")
        panels = [
            _Panel(self.scores, name, self.metric).plot(ax, **kwargs)
            for name, ax in zip(names, self.axes_, strict=True)
        ]
        for ax in self.axes_:
            if not ax.get_subplotspec() or not ax.get_subplotspec().is_first_col():
                ax.set_ylabel("")
        self.lines_ = [panel.lines_ for panel in panels]
        self.fill_between_ = [panel.fill_between_ for panel in panels]
        if any(self.scores["model"] != ""):
            handles = self.lines_[0]
            if own_figure:
                n_columns = _fitting(handles, self.figure_.get_figwidth())
                self.figure_.legend(handles=handles, loc="outside upper center", ncols=n_columns)
            else:
                self.axes_[0].legend(handles=handles)
        return self


class _Panel(BandsDisplay):
    """Accuracy under one corruption."""

    def __init__(self, scores, corruption, metric):
        self.scores = scores
        self.corruption = corruption
        self.metric = metric

    def _draw(self, ax, **kwargs):
        scores = self.scores[self.scores["corruption"].isin(["none", self.corruption])]
        self._start(scores, ax)
        name = getattr(self.metric, "__name__", str(self.metric)).replace("_", " ")
        limits = (0, 1) if name in ("accuracy", "balanced accuracy") else (None, None)
        for model, style, of_model in by_model(scores):
            style = style | {"markersize": 4, "label": model}
            values = of_model.set_index("severity")["accuracy"]
            self._draw_band(values, *limits, **(style | kwargs))
        if "majority" in scores:
            score = scores["majority"].mean()
            self.ax_.axhline(score, color="0.4", linestyle=":", linewidth=1, zorder=0)
        # Severities are evenly spaced, sizes are not.
        sizes = scores.drop_duplicates("severity").set_index("severity")["size"]
        labels = [f"{size:.3g}" for size in sizes]
        self.ax_.set_xticks(sizes.index, labels)
        unit = scores["unit"].iloc[-1]
        self.ax_.set(
            title=self.corruption.capitalize(),
            xlabel=unit.capitalize(),
            ylabel=name[:1].upper() + name[1:],
        )


# Inches of a character of the legend, and characters of a line with its marker.
_CHARACTER, _LINE = 0.085, 6


def _fitting(handles, width):
    """Return how many entries of a legend fit side by side in so many inches."""
    longest = max(len(handle.get_label()) for handle in handles)
    return max(1, int(width / (_CHARACTER * (longest + _LINE))))


def majority_score(y, metric):
    """Score of the largest class for all."""
    classes, sizes = np.unique(y, return_counts=True)
    largest = np.full(len(y), classes[sizes.argmax()])
    return float(label_metric(metric)(np.asarray(y), largest))
