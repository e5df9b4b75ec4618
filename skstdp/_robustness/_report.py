"""Accuracy under several attacks side by side, with attacks that need no gradient as a check."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from .._attacks._margins import zero_gradient_share
from .._input_gradients import GRADIENTS, attackable
from .._utils._validation import check_count, check_option
from ._adversarial_examples import check_steps
from ._certified import certified
from ._scorers import MASKED_SHARE, GradientMaskingWarning
from ._threat_model import ThreatModel, sizes
from ._worst_case import find_worst_case
from ._worst_case_scorer import is_more_than_noise

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from numpy.random import RandomState
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator


__all__ = ["robustness_report"]


def robustness_report(
    estimator: BaseEstimator,
    X: ArrayLike,
    y: ArrayLike,
    *,
    epsilons: float | Sequence[float] = (4 / 255, 8 / 255, 16 / 255),
    surrogates: BaseEstimator | Sequence[BaseEstimator] = (),
    n_steps: int = 50,
    n_restarts: int = 5,
    n_queries: int = 500,
    random_state: int | RandomState | None = 0,
    norm: Literal["linf", "l2", "l1"] = "linf",
    bounds: object = None,
    immutable: str | int | Sequence[str | int] | None = (),
    one_hot: Sequence[Sequence[str | int]] | Sequence[str | int] | None = (),
    space: Literal["model", "input"] = "model",
    gradient: Literal["analytic", "finite-differences"] | None = "analytic",
) -> pd.DataFrame:
    """Accuracy under attacks that use the gradient, and under others that need none.

    An attack that follows the gradient fails on a network whose gradient vanishes or misleads,
    and its failure looks like robustness. Attacks without that gradient are the check: where one
    of them finds more than PGD, the figure for PGD says nothing.

    ==================  =====================================================================
    attack              perturbed samples
    ==================  =====================================================================
    ``none``            the samples themselves
    ``random signs``    each feature moved by `epsilon`, up or down at random
    ``FGSM``            those of `FGSMScorer`
    ``PGD``             those of `PGDScorer`
    ``transfer FGSM``   those of FGSM on a surrogate
    ``transfer PGD``    those of PGD on a surrogate, which goes on after that is fooled
    ``hard label``      found by a search that asks for predicted labels alone: RayS [2]_ in the
                        maximum norm, in others a walk along the decision boundary
    ``worst case``      for each sample the first of these, or else of those of `worst_case`,
                        that is classified wrongly
    ``certified``       none: the samples of which `CertifiedScorer` proves that no point of the
                        ball is classified wrongly. The truth lies between this and the worst case
    ==================  =====================================================================

    A `GradientMaskingWarning` is given if the margin has a gradient of exactly zero at more than
    1 % of the samples, or if random signs, a transfer or the hard-label attack beats PGD by more
    than sampling noise: with b samples that only it fools and c that only PGD fools, if
    b - c > 2 * sqrt(b + c), two standard errors of a paired difference; or if the worst case, for
    which c is 0, beats it so and by more than 1 % of the samples. It is also given if random signs
    or one step on a surrogate beat FGSM in that sense: then the result of FGSM is doubtful.

    Parameters
    ----------
    estimator : estimator
        Fitted, one that `fgsm` takes; with ``gradient=None``, any classifier.
    X : array-like of shape (n_samples, n_features)
        Samples that it was not trained on.
    y : array-like of shape (n_samples,)
        Their true labels.
    epsilons : float or sequence of float, default=(4/255, 8/255, 16/255)
        Sizes of the perturbation, >= 0, at least one.
    surrogates : estimator or sequence of estimators, default=()
        Other fitted estimators that `fgsm` takes, of which the last steps must see the same of X
        as that of the estimator, or which are attacked in the space of X.
    n_steps : int, default=50
        Steps of PGD from each start, >= 1.
    n_restarts : int, default=5
        Starts of PGD, >= 1. On surrogates it has one.
    n_queries : int, default=500
        Predictions that the hard-label attack may ask for, for each sample, and as in
        `worst_case`, >= 1. To try each feature once the former needs about twice as many as there
        are; for figures to publish give 5000, as `WorstCaseScorer` takes.
    random_state : int, RandomState instance or None, default=0
        Draws what is random in the attacks.
    norm, bounds, immutable, one_hot, space : object
        As in `fgsm`.
    gradient : {"analytic", "finite-differences", None}, default="analytic"
        As in `fgsm`; None for an estimator that has no gradient, such as trees, which are then
        attacked at random, by transfer, by their labels and by their scores.

    Returns
    -------
    report : DataFrame
        One row for each size and attack, and for each surrogate, with the columns

        - `epsilon`, float: size of the perturbation;
        - `attack`, str: one of those above;
        - `surrogate`, Int64: position in `surrogates`, missing where there is none;
        - `accuracy`, float: share of the samples that are classified right after the attack, and
          for the worst case also without attack; missing where there is no certificate;
        - `zero_gradient_share`, float: share of the samples at which the gradient of the margin
          of the estimator is zero in all features, the same in all rows; missing without gradient.

    Raises
    ------
    ValueError
        If a parameter is not in its range, X and y differ in length, a surrogate sees other rates
        than the estimator, or one of them is set up in a way that `FGSMScorer` does not take.
    TypeError
        If a parameter is not a number of its kind, or there is no gradient for an estimator.

    See Also
    --------
    FGSMScorer : Accuracy under one attack, as a scorer.
    WorstCaseScorer : The last row of each size, without the transfer, as a scorer.

    References
    ----------
    .. [1] A. Athalye, N. Carlini, D. Wagner, "Obfuscated Gradients Give a False Sense of
           Security", arXiv:1802.00420, 2018.
    .. [2] J. Chen, Q. Gu, "RayS: A Ray Searching Method for Hard-label Adversarial Attack",
           arXiv:2006.12792, 2020.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import BPClassifier, STDPClassifier, robustness_report
    >>> X, y = load_iris(return_X_y=True)
    >>> model = STDPClassifier(random_state=0).fit(X[::2], y[::2])
    >>> other = BPClassifier(random_state=0).fit(X[::2], y[::2])
    >>> report = robustness_report(model, X[1::2], y[1::2], epsilons=[0.05], surrogates=[other])
    >>> list(report["attack"][:4])
    ['none', 'random signs', 'FGSM', 'PGD']
    >>> list(report["attack"][4:])
    ['transfer FGSM', 'transfer PGD', 'hard label', 'worst case', 'certified']
    """
    epsilons = sizes(epsilons)
    check_count(n_queries, "n_queries")
    check_steps(n_steps, n_restarts, None, random_state)
    if gradient is not None:
        check_option(gradient, "gradient", GRADIENTS)
    random_state = check_random_state(random_state)

    largest = ThreatModel(max(epsilons), norm, bounds, immutable, one_hot, space)
    problem = largest.problem(estimator, X, y, gradient=gradient)
    problems = [
        problem
        if epsilon == largest.epsilon
        else replace(largest, epsilon=epsilon).at(problem.target, problem.points, problem.y)
        for epsilon in epsilons
    ]
    # A pipeline is a sequence, too.
    listed = [surrogates] if hasattr(surrogates, "predict") else surrogates
    others = [
        _surrogate(problem, surrogate, X, space, gradient or "analytic", position)
        for position, surrogate in enumerate(listed)
    ]
    share, doubts = np.nan, {"PGD": [], "FGSM": []}
    if gradient is not None:
        share = zero_gradient_share(problem.target.gradient(problem.points, problem.y))
        if share > MASKED_SHARE:
            doubts["PGD"].append(f"the gradient is zero at {share:.1%} of the samples")

    records = []
    for epsilon, problem in zip(epsilons, problems, strict=True):
        points = {("none", None): problem.points}
        points["random signs", None] = problem.random_signs(random_state)
        if gradient is not None:
            points["FGSM", None] = problem.fgsm()
            points["PGD", None] = problem.pgd(n_steps, n_restarts, None, random_state)
        for position, other in enumerate(others):
            transfer = problem.on(other)
            points["transfer FGSM", position] = transfer.fgsm()
            points["transfer PGD", position] = transfer.pgd(n_steps, 1, None, 0, early_stop=False)
        search = problem.hard_label if norm == "linf" else problem.boundary
        points["hard label", None] = search(n_queries, random_state)
        wrong = {key: problem.is_adversarial(attacked) for key, attacked in points.items()}
        worst = wrong["worst case", None] = np.any(list(wrong.values()), axis=0)
        if not worst.all():
            stands = np.flatnonzero(~worst)
            found = find_worst_case(problem.select(stands), n_queries, random_state)
            worst[stands] = found.attacks != ""
        for (attack, surrogate), by_this in wrong.items():
            records.append((epsilon, attack, surrogate, np.mean(~by_this), share))
            for rival in [rival for rival in doubts if (rival, None) in wrong]:
                by_rival = wrong[rival, None]
                beats = is_more_than_noise if attack == "worst case" else _beats
                if attack in _CHECKS[rival] and beats(by_this, by_rival):
                    doubts[rival].append(
                        f"{attack} at epsilon={epsilon:.6g} fools {by_this.mean():.1%} of the "
                        f"samples, {rival} {by_rival.mean():.1%}"
                    )
        records.append((epsilon, "certified", None, _certified_share(problem), share))
    if any(doubts.values()):
        warnings.warn(
            " ".join(
                f"Do not take the accuracy under {attack} for robustness: {'; '.join(reasons)}."
                for attack, reasons in doubts.items()
                if reasons
            ),
            GradientMaskingWarning,
            stacklevel=2,
        )
    columns = ["epsilon", "attack", "surrogate", "accuracy", "zero_gradient_share"]
    return pd.DataFrame(records, columns=columns).astype({"surrogate": "Int64"})


# Attacks without the gradient that should not beat one that follows it as often. More of them find
# more than one step does, and that is no reason to doubt it.
_CHECKS = {
    "PGD": {"random signs", "transfer FGSM", "transfer PGD", "hard label", "worst case"},
    "FGSM": {"random signs", "transfer FGSM"},
}


def _beats(wrong, wrong_by_rival):
    """Determine whether more rows are wrong, by over two standard errors of the difference."""
    only_this = np.sum(wrong & ~wrong_by_rival)
    only_rival = np.sum(wrong_by_rival & ~wrong)
    return only_this - only_rival > 2 * np.sqrt(only_this + only_rival)


def _certified_share(problem):
    try:
        return certified(problem).mean()
    except TypeError:
        return np.nan


def _surrogate(problem, surrogate, X, space, gradient, position):
    target, seen = attackable(surrogate, X, space=space, gradient=gradient)
    points = problem.points
    if seen.shape != points.shape or not np.allclose(seen, points, rtol=0, atol=1e-5):
        raise ValueError(
            f"Got surrogates[{position}]={surrogate!r} whose last step sees other values of X "
            "than that of the estimator, but expected the same features in the same encoding. "
            "With space='input' that is always so."
        )
    target.class_indices(problem.target.estimator.classes_[problem.y])
    return target
