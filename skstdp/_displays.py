"""Figures: accuracy against epoch and against the size of the attack, and the STDP curve."""

from itertools import cycle, pairwise
from math import ceil, sqrt

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score

from ._scorers import FGSMScorer, attack_scorers, epsilon_label
from ._stdp import stdp_curve

__all__ = [
    "LearningCurvesDisplay",
    "RobustnessCurveDisplay",
    "RobustnessFrontDisplay",
    "STDPCurveDisplay",
]

# The colours of Okabe and Ito, which colour-blind readers can tell apart, dark ones first.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
_MARKERS = "osD^vP*"
_LINESTYLES = ("-", "--", ":", "-.")


def require_matplotlib():
    """Raise an ImportError that says how to install matplotlib if it is missing."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise ImportError(
            'Figures need matplotlib. Install it with: pip install "skstdp[plot]"'
        ) from error


def _axes(ax):
    """The given axes, or those of a new figure."""
    if ax is None:
        from matplotlib import pyplot

        _, ax = pyplot.subplots()
    return ax


class _Display:
    """Lines with bands of one standard deviation around them, one colour a model."""

    def _start(self, table, ax):
        """Set `ax_` and `figure_`, and title them with the one task in the table."""
        require_matplotlib()
        tasks = table["task"].unique() if "task" in table else [""]
        if len(tasks) != 1:
            raise ValueError(
                f"Got the tasks {list(tasks)}, but expected one. Select its rows, for instance "
                "with scores[scores['task'] == 'iris']."
            )
        ax = _axes(ax)
        self.ax_, self.figure_ = ax, ax.figure
        self.lines_, self.fill_between_ = [], []
        ax.set(title=tasks[0], ylabel="Accuracy")
        ax.grid(alpha=0.3)

    def _draw(self, accuracy, **kwargs):
        """Draw mean and spread over splits; `accuracy` has the abscissa as its index."""
        over_splits = accuracy.groupby(level=0)
        mean, std = over_splits.mean(), over_splits.std()
        (line,) = self.ax_.plot(mean.index, mean, **kwargs)
        low, high = (mean - std).clip(lower=0), (mean + std).clip(upper=1)
        band = self.ax_.fill_between(
            mean.index, low, high, color=line.get_color(), alpha=0.15, linewidth=0
        )
        self.lines_.append(line)
        self.fill_between_.append(band)


class LearningCurvesDisplay(_Display):
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
            color = _COLORS[index % len(_COLORS)]
            for part, linestyle in (("train", "--"), ("test", "-")):
                style = {"color": color, "linestyle": linestyle, "label": f"{model}, {part}"}
                self._draw(curves[f"{part}_accuracy"], **(style | kwargs))
        if self.ax_.get_xscale() == "linear":
            self.ax_.locator_params(axis="x", integer=True)
        self.ax_.set_xlabel("Epoch")
        self.ax_.legend()
        return self


class RobustnessCurveDisplay(_Display):
    """Accuracy on the test rows against the size of the attack, one colour a model.

    Lines are means over splits; bands reach one standard deviation to each side, within
    [0, 1]. Each starts at the accuracy without attack. With several kinds of attack, each has
    a line style of its own.

    Parameters
    ----------
    scores : DataFrame
        Columns model, split, attack ("none" for the accuracy without), epsilon and accuracy. The
        `scores` of `skstdp.benchmarks.compare` for one task have them, and a column task with
        the title.
    moved : str, default="each rate"
        What the attack moves, for the abscissa.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    lines_ : list of matplotlib Line2D
        One curve a model and kind of attack.
    fill_between_ : list of matplotlib PolyCollection
        The bands, in the order of `lines_`.

    See Also
    --------
    FGSMScorer : The attack.
    attack_scorers : Scorers of several sizes for one evaluation.
    LearningCurvesDisplay : Accuracy against epoch.

    Examples
    --------
    >>> from skstdp import STDPClassifier
    >>> from skstdp.benchmarks import compare
    >>> from skstdp.datasets import load_tasks
    >>> models = {"STDP": STDPClassifier(max_iter=20)}
    >>> result = compare(load_tasks("iris")[:1], estimators=models, n_splits=2, n_repeats=1)
    >>> display = RobustnessCurveDisplay(result.scores).plot()
    >>> [label.get_text() for label in display.ax_.get_xticklabels()]
    ['0', '4/255', '8/255', '12/255']
    """

    def __init__(self, scores, *, moved="each rate"):
        self.scores = scores
        self.moved = moved

    @classmethod
    def from_estimator(
        cls,
        estimators,
        X,
        y,
        *,
        epsilons=(4 / 255, 8 / 255, 12 / 255),
        scorer=FGSMScorer,
        ax=None,
        plot_kwargs=None,
        **options,
    ):
        """Attack fitted estimators, and draw.

        Parameters
        ----------
        estimators : classifier, list of classifiers or dict
            Fitted ones. A list holds versions of one model, fitted for instance to several folds,
            whose spread is drawn. A dict from names to one or the other draws several models.
        X : array-like of shape (n_samples, n_features)
            Samples that they were not trained on.
        y : array-like of shape (n_samples,)
            Their true labels.
        epsilons : sequence of float, default=(4/255, 8/255, 12/255)
            Sizes of the attack.
        scorer : type, default=FGSMScorer
            `FGSMScorer` or `PGDScorer`.
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        plot_kwargs : dict, default=None
            Passed to `matplotlib.axes.Axes.plot` for every line.
        **options : dict
            Other parameters of the scorer.

        Returns
        -------
        display : RobustnessCurveDisplay
            Drawn.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.svm import SVC
        >>> from skstdp import RobustnessCurveDisplay
        >>> X, y = load_iris(return_X_y=True)
        >>> models = {f"C={C}": SVC(C=C).fit(X, y) for C in (0.1, 10)}
        >>> display = RobustnessCurveDisplay.from_estimator(models, X, y, epsilons=[0.1, 0.2, 0.3])
        >>> [line.get_label() for line in display.lines_]
        ['C=0.1', 'C=10']
        """
        scorers = attack_scorers(epsilons, scorer, **options)
        records = []
        for name, versions in _by_name(estimators).items():
            versions = versions if isinstance(versions, list | tuple) else [versions]
            for split, version in enumerate(versions):
                records += [
                    (name, split, *_kind(attack), attack(version, X, y))
                    for attack in scorers.values()
                ]
        return cls(_scores(records), moved="each feature").plot(ax, **(plot_kwargs or {}))

    @classmethod
    def from_predictions(
        cls, y_true, y_pred, *, epsilons, attack="FGSM", ax=None, plot_kwargs=None
    ):
        """Draw the accuracy of predictions that were made elsewhere.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True labels.
        y_pred : sequence of array-like of shape (n_samples,), or dict
            Labels predicted under attack, one array for each epsilon. A dict from names to such
            sequences draws several models.
        epsilons : sequence of float
            Sizes of the attack; 0 is without.
        attack : str, default="FGSM"
            Name of the attack.
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        plot_kwargs : dict, default=None
            Passed to `matplotlib.axes.Axes.plot` for every line.

        Returns
        -------
        display : RobustnessCurveDisplay
            Drawn.

        Raises
        ------
        ValueError
            If there is not one array of predictions for each epsilon.

        Examples
        --------
        >>> from skstdp import RobustnessCurveDisplay
        >>> display = RobustnessCurveDisplay.from_predictions(
        ...     [0, 1, 1, 0], [[0, 1, 1, 0], [0, 1, 0, 0], [1, 1, 0, 0]], epsilons=[0, 0.1, 0.2]
        ... )
        >>> display.lines_[0].get_ydata().tolist()
        [1.0, 0.75, 0.5]
        """
        records = []
        for name, of_sizes in _by_name(y_pred).items():
            if len(of_sizes) != len(epsilons):
                raise ValueError(
                    f"Got {len(of_sizes)} arrays of predictions for {len(epsilons)} epsilons, but "
                    "expected one for each."
                )
            for epsilon, predicted in zip(epsilons, of_sizes, strict=True):
                kind = (attack if epsilon > 0 else "none", epsilon)
                records.append((name, 0, *kind, accuracy_score(y_true, predicted)))
        return cls(_scores(records), moved="each feature").plot(ax, **(plot_kwargs or {}))

    @classmethod
    def from_cv_results(cls, cv_results, scoring, *, ax=None, plot_kwargs=None):
        """Draw what `cross_validate` found: means over folds, with their spread.

        Parameters
        ----------
        cv_results : dict
            What scikit-learn's `cross_validate` returned, or a dict from names to such for
            several models.
        scoring : dict of str to scorer
            The scoring that it was given. Those scorers in it that attack are drawn; one of
            epsilon 0 is the accuracy without.
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.
        plot_kwargs : dict, default=None
            Passed to `matplotlib.axes.Axes.plot` for every line.

        Returns
        -------
        display : RobustnessCurveDisplay
            Drawn.

        Raises
        ------
        ValueError
            If no scorer attacks, or there are no scores of one that does.

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> from sklearn.model_selection import cross_validate
        >>> from sklearn.svm import SVC
        >>> from skstdp import RobustnessCurveDisplay, attack_scorers
        >>> X, y = load_iris(return_X_y=True)
        >>> scoring = attack_scorers([0.1, 0.2, 0.3])
        >>> scores = cross_validate(SVC(), X, y, scoring=scoring)
        >>> display = RobustnessCurveDisplay.from_cv_results(scores, scoring)
        >>> display.lines_[0].get_xdata().tolist()
        [0.0, 0.1, 0.2, 0.3]
        """
        attacks = {name: scorer for name, scorer in scoring.items() if hasattr(scorer, "attack")}
        if not attacks:
            raise ValueError(
                f"Got scoring={scoring!r} without an attack, but expected scorers such as "
                "attack_scorers makes them."
            )
        # Results of one model are a dict, too.
        single = "fit_time" in cv_results
        records = []
        for model, results in ({"": cv_results} if single else cv_results).items():
            for name, scorer in attacks.items():
                if f"test_{name}" not in results:
                    raise ValueError(
                        f"Got the results {sorted(results)}, but expected 'test_{name}' among "
                        "them, as the scoring names it."
                    )
                records += [
                    (model, split, *_kind(scorer), score)
                    for split, score in enumerate(results[f"test_{name}"])
                ]
        return cls(_scores(records), moved="each feature").plot(ax, **(plot_kwargs or {}))

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
        display : RobustnessCurveDisplay
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `scores` holds several tasks.
        """
        self._start(self.scores, ax)
        kinds = [attack for attack in self.scores["attack"].unique() if attack != "none"]
        linestyles = dict(zip(kinds, cycle(_LINESTYLES), strict=False))
        models = self.scores.set_index("epsilon").groupby("model", sort=False)
        for index, (model, scores) in enumerate(models):
            # A model that no attack applies to still has its point without attack.
            for kind in [kind for kind in kinds if kind in set(scores["attack"])] or ["none"]:
                style = {
                    "color": _COLORS[index % len(_COLORS)],
                    "linestyle": linestyles.get(kind, "-"),
                    "marker": _MARKERS[index % len(_MARKERS)],
                    "label": f"{model}, {kind}" if len(kinds) > 1 and kind != "none" else model,
                }
                rows = scores[scores["attack"].isin(["none", kind])]
                self._draw(rows["accuracy"], **(style | kwargs))
        epsilons = sorted(self.scores["epsilon"].unique())
        gap = min((after - before for before, after in pairwise(epsilons)), default=1)
        span = epsilons[-1] - epsilons[0]
        # Labels that would run into each other even aslant are left to matplotlib, as decimals.
        if gap > 0.08 * span:
            labels = [epsilon_label(epsilon) for epsilon in epsilons]
            self.ax_.set_xticks(epsilons, labels, rotation=0 if gap > 0.22 * span else 45)
        attack = f"{kinds[0]} perturbation" if len(kinds) == 1 else "Perturbation"
        self.ax_.set_xlabel(f"{attack} of {self.moved}")
        if any(self.scores["model"] != ""):
            self.ax_.legend()
        return self


def _by_name(models):
    """Several models by name, or a single one without."""
    return models if isinstance(models, dict) else {"": models}


def _kind(scorer):
    """Name and size of an attack, without which there is none."""
    return (scorer.attack if scorer.epsilon > 0 else "none", float(scorer.epsilon))


def _scores(records):
    return pd.DataFrame(records, columns=["model", "split", "attack", "epsilon", "accuracy"])


class RobustnessFrontDisplay(_Display):
    """Accuracy under attack against accuracy without, one line a family of models.

    Each point is a setting, at its means over seeds; bars are one standard deviation. A model
    is better the further it is to the top and to the right.

    Parameters
    ----------
    scores : DataFrame
        The `scores` of `skstdp.benchmarks.robustness_fronts` for one task: columns task,
        family, setting, seed, attack, epsilon and accuracy.
    attack : str, default="PGD"
        The attack of the ordinate, at its largest epsilon.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the fronts.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    lines_ : list of matplotlib Line2D
        One for each family, in their order of appearance.

    See Also
    --------
    RobustnessCurveDisplay : Accuracy against the size of the attack.

    Examples
    --------
    >>> import pandas as pd
    >>> from skstdp import RobustnessFrontDisplay
    >>> scores = pd.DataFrame(
    ...     {
    ...         "task": "mnist 4v9",
    ...         "family": "BP",
    ...         "setting": ["decay 0", "decay 0", "decay 1", "decay 1"],
    ...         "seed": 0,
    ...         "attack": ["none", "PGD", "none", "PGD"],
    ...         "epsilon": [0, 0.05, 0, 0.05],
    ...         "accuracy": [0.99, 0.4, 0.97, 0.7],
    ...     }
    ... )
    >>> display = RobustnessFrontDisplay(scores).plot()
    >>> display.lines_[0].get_xdata().tolist()
    [0.97, 0.99]
    """

    def __init__(self, scores, attack="PGD"):
        self.scores = scores
        self.attack = attack

    def plot(self, ax=None, **kwargs):
        """Draw the fronts.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on; None makes a figure.
        **kwargs : dict
            Passed to the `plot` of the axes, for all lines.

        Returns
        -------
        display : RobustnessFrontDisplay
            This display.

        Raises
        ------
        ValueError
            If there is not exactly one task, or no row of the attack.
        ImportError
            If matplotlib is not installed.
        """
        self._start(self.scores, ax)
        attacked = self.scores[self.scores["attack"] == self.attack]
        if attacked.empty:
            raise ValueError(
                f"Got attack={self.attack!r}, but expected one of those in scores: "
                f"{sorted(set(self.scores['attack']) - {'none'})}."
            )
        epsilon = attacked["epsilon"].max()
        attacked = attacked[attacked["epsilon"] == epsilon]
        clean = self.scores[self.scores["attack"] == "none"]
        styles = zip(cycle(_COLORS), cycle(_MARKERS), strict=False)
        for (family, of_family), (color, marker) in zip(
            clean.groupby("family", sort=False), styles, strict=False
        ):
            x = of_family.groupby("setting", sort=False)["accuracy"].agg(["mean", "std"])
            under = attacked[attacked["family"] == family].groupby("setting")["accuracy"]
            y = under.agg(["mean", "std"]).reindex(x.index)
            order = x["mean"].argsort()
            x, y = x.iloc[order], y.iloc[order]
            style = {"color": color, "marker": marker, "markersize": 4, "label": family}
            self.lines_ += self.ax_.plot(x["mean"], y["mean"], **(style | kwargs))
            self.ax_.errorbar(
                x["mean"],
                y["mean"],
                xerr=x["std"],
                yerr=y["std"],
                fmt="none",
                ecolor=color,
                alpha=0.4,
            )
        self.ax_.set(
            xlabel="Accuracy without attack",
            ylabel=f"Accuracy under {self.attack}, {epsilon_label(epsilon)}",
        )
        self.ax_.legend()
        return self


class STDPCurveDisplay:
    """Weight change against the spike-time difference: Figure 4 of the paper.

    Equation 6, on which the rule is based, is solid; equation 5, whose higher peak is on the
    other side than in biological neurons, is dotted.

    Parameters
    ----------
    curves : DataFrame
        Columns equation (5 or 6), delta_t and delta_w, as `from_rule` makes it.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    lines_ : list of matplotlib Line2D
        One curve an equation, in the order of `curves`.

    See Also
    --------
    stdp_curve : The values.

    References
    ----------
    .. [1] S. K. Gupta, "A More Biologically Plausible Local Learning Rule for ANNs",
           arXiv:2011.12012, 2020, Appendix A.

    Examples
    --------
    >>> from skstdp import STDPCurveDisplay
    >>> display = STDPCurveDisplay.from_rule().plot()
    >>> [line.get_label() for line in display.lines_]
    ['Equation 5', 'Equation 6']
    """

    def __init__(self, curves):
        self.curves = curves

    @classmethod
    def from_rule(cls, t_pre=1.0, *, delta_t=None):
        """Compute both curves.

        Parameters
        ----------
        t_pre : float, default=1.0
            Pre-synaptic spike time, positive, in units of the inverse of a rate.
        delta_t : array-like of shape (n_points,), default=None
            Spike-time differences, in the same units. None takes 1001 from -4 to 4 times
            `t_pre`.

        Returns
        -------
        display : STDPCurveDisplay
            Display of the curves, not drawn yet.

        Raises
        ------
        ValueError
            If `t_pre` is not a finite number > 0.
        TypeError
            If `t_pre` is not a number.
        """
        if delta_t is None:
            delta_t = np.linspace(-4, 4, 1001) * t_pre
        curves = [
            pd.DataFrame(
                {
                    "equation": equation,
                    "delta_t": delta_t,
                    "delta_w": stdp_curve(delta_t, t_pre, corrected=corrected),
                }
            )
            for equation, corrected in ((5, False), (6, True))
        ]
        return cls(pd.concat(curves, ignore_index=True))

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
        display : STDPCurveDisplay
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        require_matplotlib()
        self.ax_ = _axes(ax)
        self.figure_ = self.ax_.figure
        self.lines_ = []
        for equation, curve in self.curves.groupby("equation", sort=False):
            color, linestyle = {5: (_COLORS[1], ":"), 6: (_COLORS[0], "-")}[equation]
            style = {"color": color, "linestyle": linestyle, "label": f"Equation {equation}"}
            self.lines_ += self.ax_.plot(curve["delta_t"], curve["delta_w"], **(style | kwargs))
        # Each curve has a pole, and so no largest value; most values are far below it.
        height = 2 * self.curves["delta_w"].abs().quantile(0.75)
        self.ax_.set(
            ylim=(-height, height),
            xlabel=r"Spike-time difference $\Delta T = T_{post} - T_{pre}$",
            ylabel=r"Weight change $\Delta W$",
        )
        self.ax_.grid(alpha=0.3)
        self.ax_.legend()
        return self


def plot_tasks(display_class, table):
    """One figure with axes for each task of a table, the same scale and one legend.

    Parameters
    ----------
    display_class : type
        `LearningCurvesDisplay` or `RobustnessCurveDisplay`.
    table : DataFrame
        What that class takes, for any number of tasks.

    Returns
    -------
    figure : matplotlib Figure
        A figure that pyplot does not know, so it needs no screen and no closing.
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
