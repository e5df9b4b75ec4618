"""Accuracy against the size of the attack."""

from __future__ import annotations

import warnings
from inspect import signature
from itertools import cycle, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score

from .._robustness._certified import CertifiedScorer
from .._robustness._scorers import (
    ConstantPredictionWarning,
    FGSMScorer,
    attack_scorers,
    epsilon_label,
    is_constant,
    label_metric,
)
from .._robustness._threat_model import size_of, sizes
from ._axes import LINESTYLES, by_model, by_name, check_table, versions
from ._bands import BandsDisplay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator

CERTIFIED = CertifiedScorer.attack


class RobustnessCurveDisplay(BandsDisplay):
    """Accuracy on the test rows against the size of the attack, one colour per model.

    Lines are means over splits; bands reach one standard deviation to each side, within
    [0, 1]. Each starts at the accuracy without attack. With several kinds of attack, each has
    a line style of its own. A curve that lies under another one is drawn wider and lighter, so
    that both can be seen.

    Where a model has both a certified accuracy, which no attack can lower, and one under attack,
    the band between the two is filled: the accuracy under the worst attack is in it. With several
    attacks it ends at the one that finds most.

    A model that predicts one class cannot be attacked, and its curve is as flat as that of a
    robust one. A note in the axes counts such fits, and a dotted line is at the score of
    predicting the largest class for all.

    Parameters
    ----------
    scores : DataFrame
        Columns model, split, attack ("none" for the accuracy without), epsilon and accuracy. The
        `scores` of `skstdp.benchmarks.compare` for one task have them, and a column task with
        the title. Columns one_class (bool) and majority are for the note and its line, and may be
        left out.
    moved : str, default="each rate"
        Values that the attack moves, for the label of the abscissa.
    metric : str or callable, default="accuracy"
        Metric in the column accuracy, for the label of the ordinate.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Axes with the curves.
    figure_ : matplotlib Figure
        Figure that holds the axes.
    lines_ : list of matplotlib Line2D
        One curve per model and kind of attack.
    fill_between_ : list of matplotlib PolyCollection
        The bands, in the order of `lines_`.
    between_ : list of matplotlib PolyCollection
        The bands between certified accuracy and that under attack, of models that have both.

    See Also
    --------
    FGSMScorer : The attack.
    CertifiedScorer : Accuracy that is proven.
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

    def __init__(
        self,
        scores: pd.DataFrame,
        *,
        moved: str = "each rate",
        metric: str | Callable = "accuracy",
    ) -> None:
        self.scores = scores
        self.moved = moved
        self.metric = metric

    @classmethod
    def from_estimator(
        cls,
        estimators: BaseEstimator | Sequence[BaseEstimator] | Mapping,
        X: ArrayLike,
        y: ArrayLike,
        *,
        epsilons: float | Sequence[float] = (4 / 255, 8 / 255, 12 / 255),
        scorer: type | Sequence[type] = FGSMScorer,
        ax: Axes | None = None,
        plot_kwargs: dict | None = None,
        **options: Any,
    ) -> RobustnessCurveDisplay:
        """Attack fitted estimators, and draw.

        Parameters
        ----------
        estimators : classifier, list of classifiers or dict
            Fitted ones. A list holds versions of one model, fitted for instance to several folds,
            whose spread is drawn. A dict from names to one or the other draws several models.
        X : array-like of shape (n_samples, n_features)
            Samples that the estimators were not trained on.
        y : array-like of shape (n_samples,)
            Their true labels.
        epsilons : float or sequence of float, default=(4/255, 8/255, 12/255)
            Sizes of the attack.
        scorer : type or sequence of types, default=FGSMScorer
            `FGSMScorer`, `PGDScorer`, `WorstCaseScorer`, `CertifiedScorer`, or several, of which
            each has a line.
        ax, plot_kwargs : matplotlib Axes and dict, default=None
            Axes to draw on, and keyword arguments of `plot`.
        **options : dict
            Other parameters of the scorer; of several, each gets those that it has.

        Returns
        -------
        display : RobustnessCurveDisplay
            Drawn.

        Raises
        ------
        TypeError
            If no scorer has a parameter of that name.

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
        scorers = _scorers_of(epsilons, scorer, options)
        metric = scorers["clean"].metric
        records = []
        for name, fits in by_name(estimators).items():
            for split, version in enumerate(versions(fits)):
                with warnings.catch_warnings():
                    # The figure has one note of it.
                    warnings.simplefilter("ignore", ConstantPredictionWarning)
                    scores = [attack(version, X, y) for attack in scorers.values()]
                of_fit = _of_fit(y, version.predict(X), metric)
                records += [
                    (name, split, *_kind(attack), score, *of_fit)
                    for attack, score in zip(scorers.values(), scores, strict=True)
                ]
        return cls._drawn(records, metric, ax, plot_kwargs)

    @classmethod
    def from_predictions(
        cls,
        y_true: ArrayLike,
        y_pred: Sequence[ArrayLike] | Mapping,
        *,
        epsilons: float | Sequence[float],
        attack: str = "FGSM",
        ax: Axes | None = None,
        plot_kwargs: dict | None = None,
    ) -> RobustnessCurveDisplay:
        """Draw the accuracy of predictions that were made elsewhere.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True labels.
        y_pred : sequence of array-like of shape (n_samples,), or dict
            Labels predicted under attack, one array for each epsilon. A dict from names to such
            sequences draws several models.
        epsilons : float or sequence of float
            Sizes of the attack; 0 is without.
        attack : str, default="FGSM"
            Name of the attack.
        ax, plot_kwargs : matplotlib Axes and dict, default=None
            Axes to draw on, and keyword arguments of `plot`.

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
        epsilons, records = sizes(epsilons), []
        for name, of_sizes in by_name(y_pred).items():
            if len(of_sizes) != len(epsilons):
                raise ValueError(
                    f"Got {len(of_sizes)} arrays of predictions for {len(epsilons)} epsilons, but "
                    "expected one for each."
                )
            without = [p for e, p in zip(epsilons, of_sizes, strict=True) if e == 0]
            of_fit = _of_fit(y_true, without[0], "accuracy") if without else _UNKNOWN
            for epsilon, predicted in zip(epsilons, of_sizes, strict=True):
                kind = (attack if epsilon > 0 else "none", epsilon)
                score = accuracy_score(y_true, predicted)
                records.append((name, 0, *kind, score, *of_fit))
        return cls._drawn(records, "accuracy", ax, plot_kwargs)

    @classmethod
    def from_cv_results(
        cls,
        cv_results: Mapping,
        scoring: Mapping,
        *,
        ax: Axes | None = None,
        plot_kwargs: dict | None = None,
    ) -> RobustnessCurveDisplay:
        """Draw the result of `cross_validate`: means over folds, with their spread.

        Parameters
        ----------
        cv_results : dict
            Result of scikit-learn's `cross_validate`, or a dict of results by name for several
            models.
        scoring : dict of str to scorer
            Parameter `scoring` of that call. Those scorers in it that attack are drawn; one of
            epsilon 0 is the accuracy without.
        ax, plot_kwargs : matplotlib Axes and dict, default=None
            Axes to draw on, and keyword arguments of `plot`.

        Returns
        -------
        display : RobustnessCurveDisplay
            Drawn.

        Raises
        ------
        ValueError
            If no scorer attacks, there are no scores of one that does, or attacks are scored by
            different metrics.

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
        metrics = [scorer.metric for scorer in attacks.values() if hasattr(scorer, "metric")]
        metric = metrics[0] if metrics else "accuracy"
        if any(other != metric for other in metrics):
            raise ValueError(
                f"Got attacks with the metrics {metrics}, but expected the same for all: one "
                "figure has one scale."
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
                    (model, split, *_kind(scorer), score, *_UNKNOWN)
                    for split, score in enumerate(results[f"test_{name}"])
                ]
        return cls._drawn(records, metric, ax, plot_kwargs)

    @classmethod
    def _drawn(cls, records, metric, ax, plot_kwargs):
        columns = ["model", "split", "attack", "epsilon", "accuracy", "one_class", "majority"]
        scores = pd.DataFrame(records, columns=columns)
        return cls(scores, moved="each feature", metric=metric).plot(ax, **(plot_kwargs or {}))

    def _draw(self, ax, **kwargs):
        check_table(self, "scores", ["model", "split", "attack", "epsilon", "accuracy"])
        self._start(self.scores, ax)
        name = getattr(self.metric, "__name__", str(self.metric)).replace("_", " ")
        self.ax_.set_ylabel(name[:1].upper() + name[1:])
        limits = (0, 1) if name in ("accuracy", "balanced accuracy") else (None, None)
        kinds = [attack for attack in self.scores["attack"].unique() if attack != "none"]
        linestyles = dict(zip(kinds, cycle(LINESTYLES), strict=False))
        self.between_ = []
        for model, of_model, scores in by_model(self.scores.set_index("epsilon")):
            # A model that no attack applies to still has its point without attack.
            for kind in [kind for kind in kinds if kind in set(scores["attack"])] or ["none"]:
                style = of_model | {
                    "linestyle": linestyles.get(kind, "-"),
                    "label": _label(model, kind) if len(kinds) > 1 and kind != "none" else model,
                }
                rows = scores[scores["attack"].isin(["none", kind])]
                self._draw_band(rows["accuracy"], *limits, **(style | kwargs))
            self._draw_between(model, scores)
        if not {"linewidth", "lw"} & kwargs.keys():
            self._widen_hidden_lines()
        epsilons = sorted(self.scores["epsilon"].unique())
        gap = min((after - before for before, after in pairwise(epsilons)), default=1)
        span = epsilons[-1] - epsilons[0]
        # Labels that would run into each other even aslant are left to matplotlib, as decimals.
        if gap > 0.08 * span:
            labels = [epsilon_label(epsilon) for epsilon in epsilons]
            self.ax_.set_xticks(epsilons, labels, rotation=0 if gap > 0.22 * span else 45)
        attacks = [kind for kind in kinds if kind != CERTIFIED]
        attack = f"{attacks[0]} perturbation" if len(attacks) == 1 else "Perturbation"
        self.ax_.set_xlabel(f"{attack} of {self.moved}")
        if self.between_ or any(self.scores["model"] != ""):
            self.ax_.legend()
        self._note_one_class()

    def _draw_between(self, model, scores):
        """Fill between the certified accuracy and the lowest one under attack."""
        means = (
            scores["accuracy"].groupby([scores["attack"], scores.index]).mean().unstack(level=0)
        )
        attacks = [kind for kind in means if kind not in ("none", CERTIFIED)]
        if CERTIFIED not in means or not attacks:
            return
        # Without attack both are the accuracy itself.
        if "none" in means:
            means = means.apply(lambda column: column.fillna(means["none"]))
        both = pd.DataFrame({"low": means[CERTIFIED], "high": means[attacks].min(axis=1)}).dropna()
        style = {"color": self.lines_[-1].get_color(), "alpha": 0.3, "linewidth": 0}
        label = _label(model, "worst attack: in this band")
        band = self.ax_.fill_between(both.index, both["low"], both["high"], label=label, **style)
        self.between_.append(band)

    def _note_one_class(self):
        if "one_class" not in self.scores or not self.scores["one_class"].any():
            return
        notes = []
        fits = self.scores[self.scores["attack"] == "none"]
        for model, _, of_model in by_model(fits):
            count = int(of_model["one_class"].sum())
            if count:
                who = f"{model}: one class" if model != "" else "One class"
                notes.append(f"{who} predicted in {count} of {len(of_model)} fits")
        score = fits["majority"].mean()
        self.ax_.axhline(score, color="0.4", linestyle=":", linewidth=1, zorder=0)
        notes.append(f"dotted: the largest class for all, {score:.3f}")
        box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8}
        place = {"transform": self.ax_.transAxes, "verticalalignment": "bottom"}
        self.ax_.text(0.02, 0.02, "\n".join(notes), fontsize="x-small", bbox=box, **place)


def _scorers_of(epsilons, scorer, options):
    """Scorers of one or several types, as `attack_scorers` makes them, each with its options."""
    if isinstance(scorer, type):
        return attack_scorers(epsilons, scorer, **options)
    kinds = list(scorer)
    taken = [set(signature(kind).parameters) & set(options) for kind in kinds]
    unknown = set(options).difference(*taken)
    if unknown or not kinds:
        raise TypeError(
            f"Got scorer={kinds} and the options {sorted(options)}, but expected types of "
            f"scorers, one of which has each option; none has {sorted(unknown)}."
        )
    scorers = {}
    for kind, names in zip(kinds, taken, strict=True):
        of_kind = attack_scorers(epsilons, kind, **{name: options[name] for name in names})
        scorers |= {name: attack for name, attack in of_kind.items() if name not in scorers}
    return scorers


def _label(model, kind):
    return f"{model}, {kind}" if model != "" else kind


def _kind(scorer):
    """Return name and size of an attack; of size 0 it is none."""
    epsilon = size_of(scorer)
    return (scorer.attack if epsilon > 0 else "none", epsilon)


# Columns one_class and majority where only scores are known.
_UNKNOWN = (False, np.nan)


def _of_fit(y_true, predicted, metric):
    """Return whether one class is predicted for several, and the score of the largest class."""
    classes, sizes = np.unique(y_true, return_counts=True)
    largest = np.full(len(y_true), classes[sizes.argmax()])
    one_class = len(classes) > 1 and is_constant(np.asarray(predicted))
    return one_class, float(label_metric(metric)(np.asarray(y_true), largest))
