"""Accuracy and loss against epoch."""

from ._bands import BandsDisplay
from ._style import COLORS


class LearningCurvesDisplay(BandsDisplay):
    """Accuracy against epoch: training dashed, test solid, one colour a model.

    Lines are means over splits; bands reach one standard deviation to each side, within
    [0, 1].

    Parameters
    ----------
    curves : DataFrame
        The `curves` of `skstdp.benchmarks.compare` for one task: columns task, model, split,
        epoch, train_accuracy and test_accuracy.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    lines_ : list of matplotlib Line2D
        For each model the training curve, then the test curve.
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

    def __init__(self, curves):
        self.curves = curves

    def plot(self, ax=None, **kwargs):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        **kwargs : dict
            Passed to `matplotlib.axes.Axes.plot` for every line.

        Returns
        -------
        display : LearningCurvesDisplay
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `curves` holds several tasks.
        """
        self._start(self.curves, ax)
        models = self.curves.set_index("epoch").groupby("model", sort=False)
        for index, (model, curves) in enumerate(models):
            color = COLORS[index % len(COLORS)]
            for part, linestyle in (("train", "--"), ("test", "-")):
                style = {"color": color, "linestyle": linestyle, "label": f"{model}, {part}"}
                self._draw(curves[f"{part}_accuracy"], **(style | kwargs))
        if self.ax_.get_xscale() == "linear":
            self.ax_.locator_params(axis="x", integer=True)
        self.ax_.set_xlabel("Epoch")
        self.ax_.legend()
        return self
