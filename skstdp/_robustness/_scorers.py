"""Accuracy under attack, in the form of a scikit-learn scorer."""

from __future__ import annotations

import warnings
from inspect import signature
from math import isclose
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import get_scorer
from sklearn.metrics._scorer import _BaseScorer, _Scorer

from .._attacks._margins import zero_gradient_share
from .._input_gradients import GRADIENTS
from .._utils._validation import check_option
from .._utils._warnings import ConstantPredictionWarning
from ._adversarial_examples import check_steps
from ._second_look import after_many_steps, after_one_step
from ._threat_model import ThreatModel, sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Literal

    from numpy.random import RandomState
    from numpy.typing import ArrayLike


__all__ = ["FGSMScorer", "GradientMaskingWarning", "PGDScorer", "attack_scorers"]

# Above this share of samples without a slope, an accuracy under attack is not to be trusted.
MASKED_SHARE = 0.01


class GradientMaskingWarning(UserWarning):
    """An attack misses adversarial examples that there are.

    See Also
    --------
    robustness_report : Gives this warning, and describes when.
    FGSMScorer : Gives this warning where the gradient is zero at many samples, and where a second
        look at some of them fools more.
    """


def epsilon_label(epsilon):
    """Size of an attack as text: a short decimal, or else in 255ths, the steps of grey levels."""
    short = f"{epsilon:g}"
    if len(short) < 6:
        return short
    steps = round(255 * epsilon)
    return f"{steps}/255" if isclose(255 * epsilon, steps) else f"{epsilon:.6g}"


def label_metric(metric):
    """Function of true and predicted labels, and perhaps `sample_weight`; more is better.

    Raises ValueError if there is no metric of the name, or it is one of probabilities, TypeError
    if it is no name and cannot be called.
    """
    expected = (
        "expected the name of a scikit-learn metric on labels, such as 'balanced_accuracy', or a "
        "function metric(y_true, y_pred, sample_weight=...)"
    )
    if not (isinstance(metric, str) or callable(metric)):
        raise TypeError(f"Got metric={metric!r} of type {type(metric).__name__}, but {expected}.")
    if not isinstance(metric, str | _BaseScorer):
        return metric
    try:
        scorer = get_scorer(metric)
    except ValueError:
        raise ValueError(f"Got metric={metric!r}, but {expected}.") from None
    if not isinstance(scorer, _Scorer) or scorer._response_method != "predict":
        raise ValueError(f"Got metric={metric!r} that needs more than labels, but {expected}.")

    def score(y_true, y_pred, **weight):
        return scorer._sign * scorer._score_func(y_true, y_pred, **scorer._kwargs, **weight)

    return score


def is_constant(labels):
    """Determine whether all labels are equal."""
    return bool((labels == labels[0]).all())


class _AttackScorer(_BaseScorer):
    """Base of scorers: subclasses have a name, parameters, and `_perturb` or `_labels`.

    Those with `_look_again` take a second look at samples that stand: it returns which of some of
    them another attack fools, `_tolerated` is the loss of accuracy from which on they warn, and
    `_remedy` is what the warning advises.
    """

    _look_again = None
    _gradients = GRADIENTS
    # Attributes that scikit-learn reads of a scorer besides `_score_func`.
    _sign = 1
    _kwargs = {}
    _response_method = "predict"

    def __init__(self, epsilon, norm, bounds, immutable, one_hot, space, gradient, metric):
        # As they were given, so that pickles hold no class that is private here.
        self.epsilon = epsilon
        self.norm = norm
        self.bounds = bounds
        self.immutable = immutable
        self.one_hot = one_hot
        self.space = space
        self.gradient = gradient
        self.metric = metric
        ThreatModel.of(self)
        check_option(gradient, "gradient", self._gradients)
        label_metric(metric)

    def _score_func(self, y_true, y_pred, *, sample_weight=None):
        """Refuse those who take the metric of a scorer, for scores of labels without attack."""
        raise TypeError(
            f"Got predictions that are made already, but {self!r} expected a fitted classifier, X "
            "and y: it changes X. TunedThresholdClassifierCV, RidgeClassifierCV without cv, skore "
            "and others that only use the metric of a scorer cannot attack. Where a function is "
            "taken, give def attacked(estimator, X, y): return scorer(estimator, X, y). For a "
            "threshold, search over that of a FixedThresholdClassifier with GridSearchCV. For "
            "RidgeClassifierCV, set cv."
        )

    def _accept_sample_weight(self):
        return isinstance(self.metric, str) or "sample_weight" in signature(self.metric).parameters

    def _score(self, method_caller, estimator, X, y_true, **kwargs):
        # RidgeClassifierCV has a stand-in that gives back the predictions it is given as X.
        if not (hasattr(estimator, "fit") or hasattr(estimator, "input_gradient")):
            self._score_func(y_true, X)
        problem = self._problem(estimator, X, y_true)
        labels = self._labels(problem)
        self._warn_if_constant(problem, labels)
        return float(label_metric(self.metric)(y_true, labels, **kwargs))

    def _problem(self, estimator, X, y):
        return ThreatModel.of(self).problem(estimator, X, y, gradient=self.gradient)

    def _labels(self, problem):
        attacked = self._perturb(problem, self._warn_if_masked)
        predicted = problem.predict(attacked)
        stands = predicted == problem.target.estimator.classes_[problem.y]
        if self._look_again is not None and problem.ball.epsilon.any() and stands.any():
            self._warn_if_others_find_more(problem, attacked, stands)
        return predicted

    def _warn_if_constant(self, problem, predicted):
        n_classes = len(np.unique(problem.y))
        if n_classes == 1 or not problem.ball.epsilon.any() or not is_constant(predicted):
            return
        # Predicted only here, since one class may also be that of all attacked samples.
        if is_constant(problem.predict(problem.points)):
            warnings.warn(
                f"{self!r} attacks a classifier that predicts one class, {predicted[0]!s}, for "
                f"all {len(predicted)} samples, which hold {n_classes}, and no attack changes "
                "that. Do not take its score for robustness. Scores with "
                f"metric='balanced_accuracy' are then 1 / {n_classes}, and BestUnderAttack "
                "chooses among classifiers that are good without attack.",
                ConstantPredictionWarning,
                stacklevel=2,
            )

    def _warn_if_others_find_more(self, problem, attacked, stands):
        fooled = self._look_again(problem, attacked, stands)
        n_fooled = fooled.sum()
        lost = stands.mean() * n_fooled / len(fooled)
        # All of these stood before, so two standard errors of the difference are 2 * sqrt(n).
        if lost > self._tolerated and n_fooled > 2 * np.sqrt(n_fooled):
            warnings.warn(
                f"{self!r} leaves {stands.mean():.1%} of the samples standing. A second look at "
                f"{len(fooled)} of these fools {n_fooled}: the score is too high, by about "
                f"{lost:.2g}. {self._remedy}.",
                GradientMaskingWarning,
                stacklevel=2,
            )

    def _warn_if_masked(self, gradient):
        share = zero_gradient_share(gradient)
        if share > MASKED_SHARE:
            warnings.warn(
                f"The gradient of the margin is zero at {share:.1%} of the samples, which "
                f"{self!r} cannot attack. Do not take its score for robustness, and see what "
                "robustness_report finds without the gradient.",
                GradientMaskingWarning,
                stacklevel=2,
            )

    def __repr__(self):
        defaults = signature(type(self)).parameters
        given = [
            f"{name}={_shown(getattr(self, name))}"
            for position, name in enumerate(defaults)
            if position < self._always_shown
            or _differs(getattr(self, name), defaults[name].default)
        ]
        return f"{type(self).__name__}({', '.join(given)})"


def _shown(value):
    return f"{value:.6g}" if isinstance(value, float) else repr(value)


def _differs(value, default):
    return not (type(value) is type(default) and value == default)


class FGSMScorer(_AttackScorer):
    """Accuracy under the fast gradient sign attack.

    Called as ``scorer(estimator, X, y)``, and usable wherever scikit-learn takes ``scoring=``.
    Each sample is moved as `fgsm` does it: by `epsilon` in each feature, in the direction that
    lowers the margin of its true class (its logit minus the largest other) fastest. Then it is
    classified again. Samples that were wrong before the attack count as wrong if they are wrong
    after it.

    By default the attack acts on the input of the final estimator: after the earlier steps of a
    pipeline, and for our classifiers on the rates, within [0, 1]. The gradient of the margin does
    not vanish where the output saturates, so the score does not depend on the scale of the
    logits. Where it is zero nevertheless in more than 1 % of the samples, a
    `GradientMaskingWarning` says so. A classifier that predicts one class cannot be attacked; a
    `ConstantPredictionWarning` says that it is not robust.

    The scorer takes a second look at up to 32 samples that the attack did not change. A sample of
    another class that lies in the ball of one of them is an adversarial example. Where the
    gradient has another direction at the end of the step, PGD takes three steps. If this fools
    at least five of them, and by it the score is too high by more than 0.15, a
    `GradientMaskingWarning` says so; the score stays that of the attack.

    Scorers are called with a fitted classifier. Functions that take their metric and call it on
    labels, as `TunedThresholdClassifierCV` does, end in a `TypeError`.

    Parameters
    ----------
    epsilon : float, array of shape (n_features,), dict or Series, default=8/255
        Size of the perturbation, >= 0. With 0 the score is the plain accuracy. Whether a size
        means anything for the data is checked as in `fgsm`.
    norm, bounds, immutable, one_hot, space, gradient : object
        As in `fgsm`.
    metric : str or callable, default="accuracy"
        Metric of true labels and of those predicted under attack: the name of a scorer of
        scikit-learn that needs labels alone, such as "balanced_accuracy" or "f1_macro", or a
        function ``metric(y_true, y_pred, sample_weight=...)``, of which more is better.

    Raises
    ------
    ValueError
        If a parameter is not in its range; when called, if it does not fit the data, if y holds an
        unknown label, or if an estimator is set up in a way that has no gradient here.
    TypeError
        If `epsilon` is not a real number; when called, if there is no gradient for the type of the
        estimator or of one of its steps.

    See Also
    --------
    fgsm : The perturbed samples; it explains the parameters, and which estimators it takes.
    attack_scorers : Several of these for one evaluation.
    PGDScorer : Accuracy under a stronger attack.
    robustness_report : Accuracy under several attacks, and whether to believe them.

    References
    ----------
    .. [1] I. J. Goodfellow, J. Shlens, C. Szegedy, "Explaining and Harnessing Adversarial
           Examples", arXiv:1412.6572, 2015.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_validate
    >>> from skstdp import FGSMScorer, STDPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> scoring = {"clean": "accuracy", "attacked": FGSMScorer(epsilon=12 / 255)}
    >>> scores = cross_validate(STDPClassifier(random_state=0), X, y, scoring=scoring)
    >>> [round(float(scores[f"test_{name}"].mean()), 2) for name in scoring]
    [0.98, 0.81]
    """

    attack = "FGSM"
    _always_shown = 1
    # One step is known to miss some samples that many find.
    _tolerated = 0.15
    _remedy = "One step misses what there is. Use PGDScorer or WorstCaseScorer"

    def __init__(
        self,
        epsilon: float | ArrayLike | Mapping[str, float] = 8 / 255,
        *,
        norm: Literal["linf", "l2", "l1"] = "linf",
        bounds: object = None,
        immutable: str | int | Sequence[str | int] | None = (),
        one_hot: Sequence[Sequence[str | int]] | Sequence[str | int] | None = (),
        space: Literal["model", "input"] = "model",
        gradient: Literal["analytic", "finite-differences"] = "analytic",
        metric: str | Callable = "accuracy",
    ) -> None:
        super().__init__(epsilon, norm, bounds, immutable, one_hot, space, gradient, metric)

    def _perturb(self, problem, watch):
        return problem.fgsm(watch)

    def _look_again(self, problem, attacked, stands):
        return after_one_step(problem, attacked, stands)


class PGDScorer(_AttackScorer):
    """Accuracy under projected gradient descent on the margin.

    The attack of `FGSMScorer` in many small steps and from several starts. Each sample counts as
    wrong if one of the points on the way, or the one of `FGSMScorer`, is classified wrongly: the
    score is never above that of `FGSMScorer`, and a better estimate of how robust a network is.
    It takes the same estimators.

    The scorer takes a second look at up to 32 samples that the attack did not change: it moves
    them towards the nearest sample that is predicted otherwise, as far as the ball allows, and
    follows the softened slopes of `worst_case`. If this fools at least five of them, and by it
    the score is too high by more than 0.05, a `GradientMaskingWarning` says so.

    Parameters
    ----------
    epsilon : float, array of shape (n_features,), dict or Series, default=8/255
        As in `FGSMScorer`.
    n_steps, n_restarts, step, random_state : object
        As in `pgd`. The default of `random_state` gives the same score each time.
    norm, bounds, immutable, one_hot, space, gradient : object
        As in `fgsm`.
    metric : str or callable, default="accuracy"
        As in `FGSMScorer`.

    Raises
    ------
    ValueError
        If a parameter is not in its range; when called, as in `FGSMScorer`.
    TypeError
        If a parameter is not a number of its kind; when called, as in `FGSMScorer`.

    See Also
    --------
    pgd : The perturbed samples; it explains the parameters.
    FGSMScorer : The attack of one step.
    robustness_report : Accuracy under several attacks, and whether to believe them.

    References
    ----------
    .. [1] A. Madry, A. Makelov, L. Schmidt, D. Tsipras, A. Vladu, "Towards Deep Learning Models
           Resistant to Adversarial Attacks", arXiv:1706.06083, 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import FGSMScorer, PGDScorer, STDPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = STDPClassifier(random_state=0).fit(X, y)
    >>> [round(scorer(epsilon=0.1)(model, X, y), 2) for scorer in (FGSMScorer, PGDScorer)]
    [0.51, 0.41]
    """

    attack = "PGD"
    _always_shown = 5
    _tolerated = 0.05
    _remedy = "The gradient does not lead to what there is. Use WorstCaseScorer"

    def __init__(
        self,
        epsilon: float | ArrayLike | Mapping[str, float] = 8 / 255,
        n_steps: int = 50,
        n_restarts: int = 5,
        step: float | None = None,
        random_state: int | RandomState | None = 0,
        *,
        norm: Literal["linf", "l2", "l1"] = "linf",
        bounds: object = None,
        immutable: str | int | Sequence[str | int] | None = (),
        one_hot: Sequence[Sequence[str | int]] | Sequence[str | int] | None = (),
        space: Literal["model", "input"] = "model",
        gradient: Literal["analytic", "finite-differences"] = "analytic",
        metric: str | Callable = "accuracy",
    ) -> None:
        super().__init__(epsilon, norm, bounds, immutable, one_hot, space, gradient, metric)
        check_steps(n_steps, n_restarts, step, random_state)
        self.n_steps = n_steps
        self.n_restarts = n_restarts
        self.step = step
        self.random_state = random_state

    def _perturb(self, problem, watch):
        return problem.pgd(
            self.n_steps, self.n_restarts, self.step, self.random_state, watch=watch
        )

    def _look_again(self, problem, attacked, stands):
        return after_many_steps(problem, stands)


def attack_scorers(
    epsilons: float | Sequence[float] = (4 / 255, 8 / 255, 12 / 255),
    scorer: type = FGSMScorer,
    **options: Any,
) -> dict[str, Callable]:
    """Scorers for one evaluation: accuracy without attack, and under one of several sizes.

    Parameters
    ----------
    epsilons : float or sequence of float, default=(4/255, 8/255, 12/255)
        Sizes of the perturbation, >= 0, at least one.
    scorer : type, default=FGSMScorer
        `FGSMScorer`, `PGDScorer`, `WorstCaseScorer` or `CertifiedScorer`.
    **options : dict
        Other parameters of the scorers.

    Returns
    -------
    scoring : dict of str to scorer
        "clean" and for each size the attack with it, such as "FGSM 8/255".

    Raises
    ------
    ValueError
        If there are no sizes or one of them twice, or a parameter is not in its range.
    TypeError
        If a parameter is not a number of its kind.

    See Also
    --------
    RobustnessCurveDisplay.from_cv_results : A figure of what comes out.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    >>> from sklearn.model_selection import cross_validate
    >>> from skstdp import attack_scorers
    >>> X, y = load_iris(return_X_y=True)
    >>> scoring = attack_scorers([0.1, 0.3])
    >>> list(scoring)
    ['clean', 'FGSM 0.1', 'FGSM 0.3']
    >>> scores = cross_validate(LinearDiscriminantAnalysis(), X, y, scoring=scoring)
    >>> [round(float(scores[f"test_{name}"].mean()), 2) for name in scoring]
    [0.98, 0.91, 0.64]
    """
    epsilons = sizes(epsilons)
    scoring = {"clean": scorer(0, **options)}
    for epsilon in epsilons:
        attack = scorer(epsilon, **options)
        scoring[f"{attack.attack} {epsilon_label(epsilon)}"] = attack
    if len(scoring) <= len(epsilons):
        raise ValueError(f"Got epsilons={epsilons!r}, but expected none of them twice.")
    return scoring
