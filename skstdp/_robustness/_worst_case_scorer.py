"""Accuracy under the worst of several attacks, and what makes it doubtful."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from .._attacks._margins import zero_gradient_share
from .._utils._validation import check_count, check_seed
from ._scorers import MASKED_SHARE, GradientMaskingWarning, _AttackScorer
from ._threat_model import ThreatModel
from ._worst_case import BLACK_BOX, WORST_CASE_GRADIENTS, find_worst_case, problem_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Literal

    from numpy.random import RandomState
    from numpy.typing import ArrayLike


__all__ = ["WorstCaseScorer"]


class WorstCaseScorer(_AttackScorer):
    """Accuracy under the worst of several attacks for each sample.

    The perturbed samples are those of `worst_case`, which lists the attacks. A sample counts as
    wrong if any of them fools the classifier or if it is wrong without attack, since the sample
    itself is in its ball. The score is never above that of `PGDScorer` and takes much longer: it
    is for the final evaluation.

    It follows AutoAttack [1]_, with these differences:

    - the margin takes the place of cross-entropy in untargeted APGD, and with two classes, where
      the difference of logits ratio is not defined, it is the only objective;
    - softened slopes and attacks by labels alone are added. The former attack networks with
      saturated units, where PGD, FAB and Square may find only a quarter of the adversarial
      examples that are found;
    - balls are those of `fgsm`: with sizes per feature, immutable columns, one-hot groups and
      whole numbers, in the space of the model or of X.

    It has nothing to tune. As AutoAttack does, it warns where its result is doubtful. It does not
    check for probabilities in place of logits: classifiers with a known gradient are attacked at
    their logits or the logarithms of their odds, which do not round to 0 or 1. Square and finite
    differences use `decision_function` or else the logarithms of `predict_proba`, which do. What
    no check detects is a model that optimises when it predicts: its gradient is not that of what
    it computes. The score is an upper bound in any case, since another attack may find more.

    Parameters
    ----------
    epsilon : float, array of shape (n_features,), dict or Series, default=8/255
        As in `FGSMScorer`.
    n_queries, random_state : object
        As in `worst_case`. The default of `random_state` gives the same score each time.
    norm, bounds, immutable, one_hot, space : object
        As in `fgsm`.
    gradient : {"analytic", "finite-differences", None}, default="analytic"
        As in `worst_case`.
    metric : str or callable, default="accuracy"
        As in `FGSMScorer`.

    Raises
    ------
    ValueError
        If a parameter is not in its range; when called, if it does not fit the data or if y holds
        an unknown label.
    TypeError
        If a parameter is not a number of its kind.

    Warns
    -----
    GradientMaskingWarning
        When called, if the gradient of the margin is zero at more than 1 % of the samples, or if
        attacks without gradient fool samples that none with a gradient does: more than 1 % of all,
        and more than the two standard errors of their number.
    UserWarning
        When called, if two predictions of the same samples differ: the classifier uses random
        numbers, and no attack here is made for that; or if there is no gradient for the estimator,
        with ``gradient="analytic"``.

    See Also
    --------
    worst_case : The perturbed samples, and the attacks.
    PGDScorer : Accuracy under one of them, for searches.
    robustness_report : Accuracy under several attacks side by side.

    References
    ----------
    .. [1] F. Croce, M. Hein, "Reliable evaluation of adversarial robustness with an ensemble of
           diverse parameter-free attacks", arXiv:2003.01690, 2020.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import PGDScorer, STDPClassifier, WorstCaseScorer
    >>> X, y = load_iris(return_X_y=True)
    >>> model = STDPClassifier(random_state=0).fit(X, y)
    >>> scorers = WorstCaseScorer(0.1, n_queries=100), PGDScorer(0.1)
    >>> [round(scorer(model, X, y), 2) for scorer in scorers]
    [0.41, 0.41]
    """

    attack = "worst case"
    _always_shown = 1
    _gradients = WORST_CASE_GRADIENTS

    def __init__(
        self,
        epsilon: float | ArrayLike | Mapping[str, float] = 8 / 255,
        *,
        n_queries: int = 5000,
        random_state: int | RandomState | None = 0,
        norm: Literal["linf", "l2", "l1"] = "linf",
        bounds: object = None,
        immutable: str | int | Sequence[str | int] | None = (),
        one_hot: Sequence[Sequence[str | int]] | Sequence[str | int] | None = (),
        space: Literal["model", "input"] = "model",
        gradient: Literal["analytic", "finite-differences"] | None = "analytic",
        metric: str | Callable = "accuracy",
    ) -> None:
        super().__init__(epsilon, norm, bounds, immutable, one_hot, space, gradient, metric)
        check_count(n_queries, "n_queries")
        check_seed(random_state, "random_state")
        self.n_queries = n_queries
        self.random_state = random_state

    def _problem(self, estimator, X, y):
        return problem_for(ThreatModel.of(self), estimator, X, y, self.gradient)

    def _perturb(self, problem, watch):
        if not problem.ball.epsilon.any():
            return problem.points
        self._warn_if_random(problem)
        if problem.target.has_gradient:
            self._warn_if_masked(problem.gradient(problem.points, np.arange(len(problem.points))))
        found = find_worst_case(problem, self.n_queries, self.random_state)
        if problem.target.has_gradient:
            self._warn_if_black_box_is_stronger(found.attacks)
        return found.points

    def _warn_if_masked(self, gradient):
        share = zero_gradient_share(gradient)
        if share > MASKED_SHARE:
            warnings.warn(
                f"The gradient of the margin is zero at {share:.1%} of the samples. {self!r} "
                "attacks these without it, which finds less: do not take its score for "
                "robustness.",
                GradientMaskingWarning,
                stacklevel=2,
            )

    def _warn_if_random(self, problem):
        first, again = (problem.predict(problem.points) for _ in range(2))
        share = np.mean(first != again)
        if share > 0:
            warnings.warn(
                f"Two predictions of the same samples differ at {share:.1%} of them. {self!r} "
                "attacks classifiers that do not draw at random: do not take its score for "
                "robustness.",
                UserWarning,
                stacklevel=2,
            )

    def _warn_if_black_box_is_stronger(self, attacks):
        missed = np.isin(attacks, BLACK_BOX)
        if is_more_than_noise(missed, np.zeros_like(missed)):
            warnings.warn(
                f"Attacks without gradient fool {missed.mean():.1%} of the samples that no attack "
                f"with a gradient fools. The score of {self!r} counts them, but others "
                "may stand for the same reason: do not take it for robustness.",
                GradientMaskingWarning,
                stacklevel=2,
            )


def is_more_than_noise(wrong, wrong_by_part):
    """Determine whether many more rows are wrong under several attacks than under some of them.

    More than two standard errors of their number, and more than a hundredth of the rows.
    """
    n_missed = np.sum(wrong & ~wrong_by_part)
    return n_missed > max(2 * np.sqrt(n_missed), MASKED_SHARE * len(wrong))
