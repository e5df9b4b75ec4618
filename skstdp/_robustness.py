"""Accuracy under several attacks side by side, and whether to believe the gradient."""

import warnings

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length, check_random_state

from ._attacks import hard_label, random_signs, zero_gradient_share
from ._input_gradients import attackable
from ._scorers import FGSMScorer, PGDScorer, check_count, check_seed
from ._validation import check_number

__all__ = ["GradientMaskingWarning", "robustness_report"]


class GradientMaskingWarning(UserWarning):
    """Attacks that follow the gradient find less than there is to find.

    See Also
    --------
    robustness_report : Gives this warning, and says when.
    """


def robustness_report(
    estimator,
    X,
    y,
    *,
    epsilons=(4 / 255, 8 / 255, 16 / 255),
    surrogates=(),
    n_steps=50,
    n_restarts=5,
    n_queries=500,
    random_state=0,
):
    """Accuracy under attacks that use the gradient, and under others that do not.

    An attack that follows the gradient fails on a network whose gradient vanishes or misleads,
    and its failure looks like robustness. Attacks without that gradient are the check: where one
    of them finds more than PGD, the figure for PGD says nothing.

    ==================  =====================================================================
    attack              what it does to the rates
    ==================  =====================================================================
    ``none``            nothing
    ``random signs``    moves each by `epsilon`, up or down at random
    ``FGSM``            the attack of `FGSMScorer`
    ``PGD``             the attack of `PGDScorer`
    ``transfer FGSM``   takes what FGSM makes of them for a surrogate
    ``transfer PGD``    the same with PGD, which goes on after the surrogate is fooled
    ``hard label``      searches for a direction by asking for predicted labels alone, RayS [2]_
    ==================  =====================================================================

    A `GradientMaskingWarning` says so if the margin has a gradient of exactly zero at more than
    1 % of the samples, or if random signs, a transfer or the hard-label attack beats PGD by more
    than sampling noise: with b samples that only it fools and c that only PGD fools, if
    b - c > 2 * sqrt(b + c), two standard errors of a paired difference.

    Parameters
    ----------
    estimator : estimator
        Fitted, one that `FGSMScorer` takes.
    X : array-like of shape (n_samples, n_features)
        Samples that it was not trained on.
    y : array-like of shape (n_samples,)
        Their true labels.
    epsilons : sequence of float, default=(4/255, 8/255, 16/255)
        Sizes of the perturbation in rate units, >= 0.
    surrogates : sequence of estimators, default=()
        Other fitted estimators that `FGSMScorer` takes, which must see the same rates of X.
    n_steps : int, default=50
        Steps of PGD from each start, >= 1.
    n_restarts : int, default=5
        Starts of PGD, >= 1. On surrogates it has one.
    n_queries : int, default=500
        Predictions that the hard-label attack may ask for, for each sample, >= 1. It needs about
        twice as many as there are features to try each of them once.
    random_state : int, RandomState instance or None, default=0
        Draws what is random in the attacks.

    Returns
    -------
    report : DataFrame
        One row for each size and attack, and for each surrogate, with the columns

        - `epsilon`, float: size of the perturbation;
        - `attack`, str: one of those above;
        - `surrogate`, Int64: position in `surrogates`, missing where there is none;
        - `accuracy`, float: share of the samples that are classified right after the attack;
        - `zero_gradient_share`, float: share of the samples at which the gradient of the margin
          of the estimator is zero in all features, the same in all rows.

    Raises
    ------
    ValueError
        If a parameter is not in its range, X and y differ in length, a surrogate sees other rates
        than the estimator, or one of them is set up in a way that `FGSMScorer` does not take.
    TypeError
        If a parameter is not a number of its kind, or an estimator none that `FGSMScorer` takes.

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
    >>> report = robustness_report(model, X[1::2], y[1::2], epsilons=[0.1], surrogates=[other])
    >>> list(report["attack"])
    ['none', 'random signs', 'FGSM', 'PGD', 'transfer FGSM', 'transfer PGD', 'hard label']
    """
    if not len(epsilons):
        raise ValueError(f"Got epsilons={epsilons!r}, but expected at least one.")
    for epsilon in epsilons:
        check_number(epsilon, "epsilons", zero=True)
    check_count(n_steps, "n_steps")
    check_count(n_restarts, "n_restarts")
    check_count(n_queries, "n_queries")
    check_seed(random_state, "random_state")
    random_state = check_random_state(random_state)

    check_consistent_length(X, y)
    y = np.asarray(y)
    network, rates = attackable(estimator, X)
    others = [
        _surrogate(surrogate, X, rates, position) for position, surrogate in enumerate(surrogates)
    ]
    share = zero_gradient_share(network._margin_gradient(rates, y))
    doubts = []
    if share > _ZERO_GRADIENT_SHARE:
        doubts.append(f"the gradient is zero at {share:.1%} of the samples")

    records = []
    for epsilon in epsilons:
        fgsm = FGSMScorer(epsilon)
        pgd = PGDScorer(epsilon, n_steps, n_restarts, random_state=random_state)
        pgd_once = PGDScorer(epsilon, n_steps, 1)
        points = [
            ("none", None, rates),
            ("random signs", None, random_signs(rates, epsilon, random_state)),
            ("FGSM", None, fgsm._perturb(network, rates, y)),
            ("PGD", None, pgd._perturb(network, rates, y)),
        ]
        for position, other in enumerate(others):
            points += [
                ("transfer FGSM", position, fgsm._perturb(other, rates, y)),
                ("transfer PGD", position, pgd_once._perturb(other, rates, y, until_fooled=False)),
            ]
        searched = hard_label(rates, y, network._predict_rates, epsilon, n_queries, random_state)
        points.append(("hard label", None, searched))

        fooled = [network._predict_rates(perturbed) != y for *_, perturbed in points]
        by_pgd = next(f for f, (attack, *_) in zip(fooled, points, strict=True) if attack == "PGD")
        for (attack, surrogate, _), by_this in zip(points, fooled, strict=True):
            records.append((epsilon, attack, surrogate, np.mean(~by_this), share))
            if attack in _WITHOUT_THE_GRADIENT and _beats(by_this, by_pgd):
                doubts.append(
                    f"{attack} at epsilon={epsilon:.6g} fools {by_this.mean():.1%} of the "
                    f"samples, PGD {by_pgd.mean():.1%}"
                )
    if doubts:
        warnings.warn(
            f"Do not take PGD's accuracy for robustness: {'; '.join(doubts)}.",
            GradientMaskingWarning,
            stacklevel=2,
        )
    columns = ["epsilon", "attack", "surrogate", "accuracy", "zero_gradient_share"]
    return pd.DataFrame(records, columns=columns).astype({"surrogate": "Int64"})


_ZERO_GRADIENT_SHARE = 0.01

_WITHOUT_THE_GRADIENT = {"random signs", "transfer FGSM", "transfer PGD", "hard label"}


def _beats(fooled, fooled_by_pgd):
    """Whether more rows are fooled, by over two standard errors of the paired difference."""
    only_this = np.sum(fooled & ~fooled_by_pgd)
    only_pgd = np.sum(fooled_by_pgd & ~fooled)
    return only_this - only_pgd > 2 * np.sqrt(only_this + only_pgd)


def _surrogate(surrogate, X, rates, position):
    network, seen = attackable(surrogate, X)
    if seen.shape != rates.shape or not np.allclose(seen, rates, rtol=0, atol=1e-5):
        raise ValueError(
            f"Got surrogates[{position}]={surrogate!r} that sees other rates of X than the "
            "estimator, but expected the same features in the same encoding."
        )
    return network
