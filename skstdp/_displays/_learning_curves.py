"""Accuracy and loss against epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from .._utils._validation import check_option
from ._axes import by_model, by_name, check_table, versions
from ._bands import BandsDisplay
from ._network import unwrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal

    from matplotlib.axes import Axes
    from sklearn.base import BaseEstimator


_LABELS = {"accuracy": "Accuracy", "loss": "Cross-entropy"}
_PARTS = {"train": "--", "validation": "-", "test": "-"}


class LearningCurvesDisplay(BandsDisplay):
    """Accuracy or loss against epoch: training dashed, held-out data solid, one colour per model.

    Lines are means over splits; bands reach one standard deviation to each side, those of an
    accuracy within [0, 1].

    Parameters
    ----------
    curves : DataFrame
        Columns model, split, epoch, and some of train_accuracy, validation_accuracy and
        test_accuracy, or of train_loss, validation_loss and test_loss; a column task holds the
        title. The `curves` of `skstdp.benchmarks.compare` for one task are such a table.
    curve : {"accuracy", "loss"}, default="accuracy"
        Measure to draw.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    lines_ : list of matplotlib Line2D
        For each model the training curve, then those of held-out data.
    fill_between_ : list of matplotlib PolyCollection
        The bands, in the order of `lines_`.

    See Also
    --------
    RobustnessCurveDisplay : Accuracy against the size of the attack.

    Examples
    --------
    >>> from skstdp import STDPClassifier
    >>> from skstdp.benchmarks import compare
    >>> from skstdp.datasets import load_tasks
    >>> models = {"STDP": STDPClassifier(max_iter=20)}
    >>> result = compare(load_tasks("iris")[:1], estimators=models, n_splits=2, n_repeats=1)
    >>> display = LearningCurvesDisplay(result.curves).plot()
    >>> display.ax_.get_xlabel()
    'Epoch'
    """

    def __init__(
        self, curves: pd.DataFrame, *, curve: Literal["accuracy", "loss"] = "accuracy"
    ) -> None:
        self.curves = curves
        self.curve = curve

    @classmethod
    def from_estimator(
        cls,
        estimators: BaseEstimator | Sequence[BaseEstimator] | Mapping,
        *,
        curve: Literal["accuracy", "loss"] = "accuracy",
        ax: Axes | None = None,
        plot_kwargs: dict | None = None,
    ) -> LearningCurvesDisplay:
        """Draw the history of fitted networks.

        Parameters
        ----------
        estimators : classifier, list of classifiers or dict
            Fitted classifiers of this package, or pipelines or searches that end in one. A list
            holds versions of one model, fitted for instance to several folds, whose spread is
            drawn. A dict from names to one or the other draws several models.
        curve : {"accuracy", "loss"}, default="accuracy"
            Curve of `history_`, with that of the validation data if `fit` was given any.
        ax, plot_kwargs : matplotlib Axes and dict, default=None
            Axes to draw on, and keyword arguments of `plot`.

        Returns
        -------
        display : LearningCurvesDisplay
            Drawn.

        Raises
        ------
        TypeError
            If there is no such network in one of the estimators.
        ValueError
            If `curve` is not one of the two.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from skstdp import BPClassifier, LearningCurvesDisplay, STDPClassifier
        >>> X, y = load_iris(return_X_y=True)
        >>> data = {"X": X[::2], "y": y[::2], "X_val": X[1::2], "y_val": y[1::2]}
        >>> models = {
        ...     "STDP": [STDPClassifier(max_iter=9, random_state=k).fit(**data) for k in range(3)],
        ...     "BP": [BPClassifier(max_iter=9, random_state=k).fit(**data) for k in range(3)],
        ... }
        >>> display = LearningCurvesDisplay.from_estimator(models)
        >>> [line.get_label() for line in display.lines_]
        ['STDP, train', 'STDP, validation', 'BP, train', 'BP, validation']
        """
        histories = []
        for name, fits in by_name(estimators).items():
            for split, fit in enumerate(versions(fits)):
                history = unwrap(fit)[0].history_.reset_index()
                history = history.rename(
                    columns={"loss": "train_loss", "accuracy": "train_accuracy"}
                )
                histories.append(history.assign(model=name, split=split))
        display = cls(pd.concat(histories, ignore_index=True), curve=curve)
        return display.plot(ax, **(plot_kwargs or {}))

    def _draw(self, ax, **kwargs):
        check_option(self.curve, "curve", _LABELS)
        check_table(self, "curves", ["model", "split", "epoch"])
        self._start(self.curves, ax)
        highest = 1 if self.curve == "accuracy" else None
        for model, of_model, curves in by_model(self.curves.set_index("epoch")):
            for part, linestyle in _PARTS.items():
                values = curves.get(f"{part}_{self.curve}")
                if values is None or values.isna().all():
                    continue
                label = f"{model}, {part}" if model else part
                style = {"color": of_model["color"], "linestyle": linestyle, "label": label}
                self._draw_band(values, highest=highest, **(style | kwargs))
        if self.ax_.get_xscale() == "linear":
            self.ax_.locator_params(axis="x", integer=True)
        self.ax_.set(xlabel="Epoch", ylabel=_LABELS[self.curve])
        self.ax_.legend()
