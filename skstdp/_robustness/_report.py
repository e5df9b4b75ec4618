"""Accuracy under several attacks side by side, and whether to believe the gradient."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.utils import check_random_state

from .._attacks._margins import zero_gradient_share
from .._attacks._rays import hard_label, random_signs
from .._input_gradients import GRADIENTS, attackable
from .._utils._validation import check_count, check_option, check_seed
from ._adversarial_examples import check_steps
from ._scorers import MASKED_SHARE, GradientMaskingWarning
from ._threat_model import Threat, sizes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal

    from numpy.random import RandomState
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator


__all__ = ["attack_table", "robustness_report"]


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
    """Accuracy under attacks that use the gradient, and under others that do not.

    An attack that follows the gradient fails on a network whose gradient vanishes or misleads,
    and its failure looks like robustness. Attacks without that gradient are the check: where one
    of them finds more than PGD, the figure for PGD says nothing.

    ==================  =====================================================================
    attack              what it does to the samples
    ==================  =====================================================================
    ``none``            nothing
    ``random signs``    moves each feature by `epsilon`, up or down at random
    ``FGSM``            the attack of `FGSMScorer`
    ``PGD``             the attack of `PGDScorer`
    ``transfer FGSM``   takes what FGSM makes of them for a surrogate
    ``transfer PGD``    the same with PGD, which goes on after the surrogate is fooled
    ``hard label``      searches for a direction by asking for predicted labels alone, RayS [2]_
    ==================  =====================================================================

    A `GradientMaskingWarning` says so if the margin has a gradient of exactly zero at more than
    1 % of the samples, or if random signs, a transfer or the hard-label attack beats PGD by more
    than sampling noise: with b samples that only it fools and c that only PGD fools, if
    b - c > 2 * sqrt(b + c), two standard errors of a paired difference. It also says so if random
    signs or one step on a surrogate beat FGSM in that sense: then FGSM looks fooled.

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
        Predictions that the hard-label attack may ask for, for each sample, >= 1. It needs about
        twice as many as there are features to try each of them once.
    random_state : int, RandomState instance or None, default=0
        Draws what is random in the attacks.
    norm, bounds, immutable, one_hot, space : object
        As in `fgsm`. The hard-label attack is only for the maximum norm.
    gradient : {"analytic", "finite-differences", None}, default="analytic"
        As in `fgsm`; None for an estimator that has no gradient, such as trees, which are then
        attacked at random, by transfer and by their labels.

    Returns
    -------
    report : DataFrame
        One row for each size and attack, and for each surrogate, with the columns

        - `epsilon`, float: size of the perturbation;
        - `attack`, str: one of those above;
        - `surrogate`, Int64: position in `surrogates`, missing where there is none;
        - `accuracy`, float: share of the samples that are classified right after the attack;
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
    PGDScorer : The same under a stronger one.

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
    >>> list(report["attack"])
    ['none', 'random signs', 'FGSM', 'PGD', 'transfer FGSM', 'transfer PGD', 'hard label']
    """
    epsilons = sizes(epsilons)
    check_count(n_steps, "n_steps")
    check_count(n_restarts, "n_restarts")
    check_count(n_queries, "n_queries")
    check_seed(random_state, "random_state")
    random_state = check_random_state(random_state)
    options = (norm, bounds, immutable, one_hot, space)

    case = Threat(max(epsilons), *options, gradient).against(estimator, X, y)
    cases = [
        case
        if epsilon == max(epsilons)
        else Threat(epsilon, *options, gradient).case(case.target, case.points, case.index)
        for epsilon in epsilons
    ]
    # A pipeline is a sequence, too.
    listed = [surrogates] if hasattr(surrogates, "predict") else surrogates
    others = [
        _surrogate(case, surrogate, X, space, gradient or "analytic", position)
        for position, surrogate in enumerate(listed)
    ]
    share, doubts = np.nan, {"PGD": [], "FGSM": []}
    if gradient is not None:
        share = zero_gradient_share(case.target.gradient(case.points, case.index))
        if share > MASKED_SHARE:
            doubts["PGD"].append(f"the gradient is zero at {share:.1%} of the samples")

    records = []
    everything = np.arange(len(case.points))
    for epsilon, case in zip(epsilons, cases, strict=True):
        points = {("none", None): case.points}
        points["random signs", None] = random_signs(case.points, case.ball, random_state)
        if gradient is not None:
            points["FGSM", None] = case.fgsm()
            points["PGD", None] = case.pgd(n_steps, n_restarts, None, random_state)
        for position, other in enumerate(others):
            surrogate = case.on(other)
            points["transfer FGSM", position] = surrogate.fgsm()
            points["transfer PGD", position] = surrogate.pgd(n_steps, 1, None, 0, early_stop=False)
        if norm == "linf":
            points["hard label", None] = case.attack(
                hard_label, case.fools, case.ball, n_queries, random_state
            )
        fooled = {key: case.fools(perturbed, everything) for key, perturbed in points.items()}
        for (attack, surrogate), by_this in fooled.items():
            records.append((epsilon, attack, surrogate, np.mean(~by_this), share))
            for rival in [rival for rival in doubts if (rival, None) in fooled]:
                by_rival = fooled[rival, None]
                if attack in _CHECKS[rival] and _beats(by_this, by_rival):
                    doubts[rival].append(
                        f"{attack} at epsilon={epsilon:.6g} fools {by_this.mean():.1%} of the "
                        f"samples, {rival} {by_rival.mean():.1%}"
                    )
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
    "PGD": {"random signs", "transfer FGSM", "transfer PGD", "hard label"},
    "FGSM": {"random signs", "transfer FGSM"},
}


def _beats(fooled, fooled_by_rival):
    """Whether more rows are fooled, by over two standard errors of the paired difference."""
    only_this = np.sum(fooled & ~fooled_by_rival)
    only_rival = np.sum(fooled_by_rival & ~fooled)
    return only_this - only_rival > 2 * np.sqrt(only_this + only_rival)


def _surrogate(case, surrogate, X, space, gradient, position):
    target, seen = attackable(surrogate, X, space=space, gradient=gradient)
    points = case.points
    if seen.shape != points.shape or not np.allclose(seen, points, rtol=0, atol=1e-5):
        raise ValueError(
            f"Got surrogates[{position}]={surrogate!r} whose last step sees other values of X "
            "than that of the estimator, but expected the same features in the same encoding. "
            "With space='input' that is always so."
        )
    target.class_indices(case.target.estimator.classes_[case.index])
    return target


def attack_table(
    estimator: BaseEstimator,
    X: ArrayLike,
    y: ArrayLike,
    *,
    epsilon: float | ArrayLike | Mapping[str, float] = 0.2,
    attack: str = "PGD",
    n_bisections: int = 8,
    n_steps: int = 20,
    n_restarts: int = 2,
    random_state: int | RandomState | None = 0,
    norm: Literal["linf", "l2", "l1"] = "linf",
    bounds: object = None,
    immutable: str | int | Sequence[str | int] | None = (),
    one_hot: Sequence[Sequence[str | int]] | Sequence[str | int] | None = (),
    space: Literal["model", "input"] = "model",
    gradient: Literal["analytic", "finite-differences"] = "analytic",
) -> pd.DataFrame:
    """Which samples an attack flips, and at what distance, one row a sample.

    The distance is the smallest size of the attack at which it changes a decision that was right,
    found by bisection between 0 and `epsilon`. It bounds the distance to the decision boundary
    from above; a stronger attack may find less.

    Parameters
    ----------
    estimator : classifier
        Fitted, one that `fgsm` takes.
    X : array-like, pandas or polars data frame of shape (n_samples, n_features)
        Samples.
    y : array-like of shape (n_samples,)
        Their true labels.
    epsilon : float, array of shape (n_features,), dict or Series, default=0.2
        The largest size of the attack. One per feature is scaled as a whole.
    attack : {"FGSM", "PGD"}, default="PGD"
        The attack.
    n_bisections : int, default=8
        How often the interval of the distance is halved, >= 1: distances are too large by at most
        epsilon / 2 ** n_bisections.
    n_steps, n_restarts, random_state : object
        As in `pgd`, for that attack.
    norm, bounds, immutable, one_hot, space, gradient : object
        As in `fgsm`.

    Returns
    -------
    table : DataFrame
        With the index of X if that is a pandas data frame, and the columns

        - `true`: the label;
        - `predicted`: the decision without attack;
        - `attacked`: the decision under the smallest attack that changes it, or under the largest;
        - `flipped`, bool: whether it was right and the attack made it wrong;
        - `distance`, float: size at which it did, in the units of `epsilon` (of its largest
          entry, if there are several); 0 where the decision was wrong without attack, infinite
          where the largest does not change it.

    Raises
    ------
    ValueError
        If an option is not as described, names a column that there is not, or excludes the data;
        or if y holds an unknown label.
    TypeError
        If there is no gradient for the type of the estimator or of one of its steps.

    See Also
    --------
    robustness_report : Accuracies under several attacks.
    RobustnessCurveDisplay : Accuracy against the size of the attack.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import STDPClassifier, attack_table
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = STDPClassifier(random_state=0).fit(X, y)
    >>> table = attack_table(model, X, y)
    >>> list(table)
    ['true', 'predicted', 'attacked', 'flipped', 'distance']
    >>> bool((table["distance"] > 0).mean() == model.score(X, y))
    True
    """
    check_option(attack, "attack", ("FGSM", "PGD"))
    check_option(gradient, "gradient", GRADIENTS)
    check_count(n_bisections, "n_bisections")
    check_steps(n_steps, n_restarts, None, random_state)
    options = (norm, bounds, immutable, one_hot, space, gradient)
    case = Threat(epsilon, *options).against(estimator, X, y)

    def attacked(rows, shares):
        smaller = case.shrunk(rows, shares)
        pgd = (n_steps, n_restarts, None, random_state)
        return smaller.predict(smaller.fgsm() if attack == "FGSM" else smaller.pgd(*pgd))

    everything = np.arange(len(case.points))
    true = case.target.estimator.classes_[case.index]
    predicted = case.predict(case.points)
    after = attacked(everything, np.ones(len(everything)))
    flipped = (predicted == true) & (after != true)
    low, high = np.zeros(len(true)), np.ones(len(true))
    rows = np.flatnonzero(flipped)
    for _ in range(n_bisections if len(rows) else 0):
        middle = (low + high) / 2
        found = attacked(rows, middle[rows])
        fooled = found != true[rows]
        high[rows[fooled]] = middle[rows[fooled]]
        low[rows[~fooled]] = middle[rows[~fooled]]
        after[rows[fooled]] = found[fooled]
    distance = np.where(flipped, high * case.ball.epsilon.max(initial=0), np.inf)
    return pd.DataFrame(
        {
            "true": true,
            "predicted": predicted,
            "attacked": after,
            "flipped": flipped,
            "distance": np.where(predicted == true, distance, 0),
        },
        index=X.index if isinstance(X, pd.DataFrame) else None,
    )
