"""The worst of several attacks for each sample: AutoAttack's, and what saturated units need."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from sklearn.utils import check_random_state

from .._input_gradients import GRADIENTS
from .._input_gradients._fitted_trees import trees_of
from .._utils._validation import check_count, check_option, check_seed
from ._threat_model import ThreatModel
from ._tree_attack import exact_points, leaf_search

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal

    from numpy.random import RandomState
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator


__all__ = ["worst_case"]

# By which slopes are softened.
TEMPERATURES = (2, 4, 8, 16)
# Classes that an attack goes for, one after the other, those of largest score first.
_N_RIVALS = 9
_N_STEPS = 100
# Those of `PGDScorer`, so that no accuracy is above its.
_PGD = {"n_steps": 50, "n_restarts": 5, "step": None}
WORST_CASE_GRADIENTS = (*GRADIENTS, None)
# What this attack does not fool, nothing does.
EXACT = "exact"
# Attacks that follow no gradient.
BLACK_BOX = ("random signs", "hard label", "Square")


def worst_case(
    estimator: BaseEstimator,
    X: ArrayLike,
    y: ArrayLike,
    *,
    epsilon: float | ArrayLike | Mapping[str, float] = 8 / 255,
    norm: Literal["linf", "l2", "l1"] = "linf",
    n_queries: int = 5000,
    random_state: int | RandomState | None = 0,
    bounds: object = None,
    immutable: str | int | Sequence[str | int] | None = (),
    one_hot: Sequence[Sequence[str | int]] | Sequence[str | int] | None = (),
    space: Literal["model", "input"] = "model",
    gradient: Literal["analytic", "finite-differences"] | None = "analytic",
) -> Any:
    """Worst of several attacks for each sample: perturbed samples.

    Attacks follow one another, and each gets the samples that are still classified right:

    ====================  ===================================================================
    attack                what it lowers, and how
    ====================  ===================================================================
    ``exact``             the distance, of single decision trees, for which it is all that is done
    ``leaf search``       the margin of ensembles of trees, by their thresholds
    ``PGD``               the margin, as in `PGDScorer`
    ``APGD``              the margin, by steps that adapt [1]_
    ``softened slopes``   the margin, by APGD along gradients with softer slopes (below)
    ``targeted APGD``     the difference of logits ratio to one other class after another [1]_
    ``FAB``               the distance to the decision for one other class after another [2]_
    ``hard label``        the distance, by predicted labels alone: RayS [3]_ in the maximum
                          norm, and a walk along the decision boundary [4]_
    ``Square``            the margin, by random search [5]_
    ====================  ===================================================================

    Attacks towards one class are made for the nine classes of largest score, and with two classes
    there is no targeted APGD. A classifier without gradient is attacked by random signs, hard
    label and Square, or without class scores by the first two; a warning says so.

    A sigmoid unit that is saturated has almost no slope, so that the gradient does not show how it
    would respond to a large change. With softened slopes the gradient is computed as if the slope
    of each unit was that at its drive divided by a temperature of 2, 4, 8 or 16; margins and
    decisions are those of the model. Tanh units and the kernels of support vector
    machines are softened likewise, and the step in the slope of relu units becomes a logistic
    function. Models without such slopes skip this attack.

    Parameters
    ----------
    estimator : classifier
        Fitted; any with `predict`. Those that `fgsm` takes are attacked by their gradient, too.
    X, y, epsilon, norm : object
        As in `fgsm`.
    n_queries : int, default=5000
        Predictions that Square may ask for, for each sample, >= 1. Each of the hard-label attacks
        may ask for a tenth of that, or for all of them where there are no class scores.
    random_state : int, RandomState instance or None, default=0
        Draws what is random in the attacks.
    bounds, immutable, one_hot, space : object
        As in `fgsm`.
    gradient : {"analytic", "finite-differences", None}, default="analytic"
        As in `fgsm`; None for attacks without gradient only.

    Returns
    -------
    X_new : ndarray or data frame of shape (n_samples, n_features)
        Perturbed samples, of the kind that `fgsm` returns. A sample that no attack fools gets the
        point of PGD, or without gradient stays. One that is wrong without attack stays as well.

    Raises
    ------
    TypeError
        If a count is no integer.
    ValueError
        If an option is not as described; otherwise as in `fgsm`.

    Warns
    -----
    UserWarning
        If there is no gradient for the type of the estimator, with ``gradient="analytic"``;
        otherwise as in `fgsm`.

    See Also
    --------
    WorstCaseScorer : Accuracy under this attack; it says how far to trust it.
    pgd : One of the attacks.

    References
    ----------
    .. [1] F. Croce, M. Hein, "Reliable evaluation of adversarial robustness with an ensemble of
           diverse parameter-free attacks", arXiv:2003.01690, 2020.
    .. [2] F. Croce, M. Hein, "Minimally distorted Adversarial Examples with a Fast Adaptive
           Boundary Attack", arXiv:1907.02044, 2020.
    .. [3] J. Chen, Q. Gu, "RayS: A Ray Searching Method for Hard-label Adversarial Attack",
           arXiv:2006.12792, 2020.
    .. [4] J. Chen, M. I. Jordan, M. J. Wainwright, "HopSkipJumpAttack: A Query-Efficient
           Decision-Based Attack", arXiv:1904.02144, 2020.
    .. [5] M. Andriushchenko, F. Croce, N. Flammarion, M. Hein, "Square Attack: a query-efficient
           black-box adversarial attack via random search", arXiv:1912.00049, 2020.

    Examples
    --------
    The kernel of this machine is so narrow that its slope vanishes between the samples, and PGD
    finds less than there is:

    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> from skstdp import pgd, worst_case
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SVC(C=100, gamma=5.0).fit(X, y)
    >>> X_new = worst_case(model, X, y, epsilon=0.3, n_queries=100)
    >>> round(float(abs(X_new - X).max()), 6)
    0.3
    >>> [round(model.score(new, y), 2) for new in (X_new, pgd(model, X, y, epsilon=0.3))]
    [0.29, 0.33]
    """
    check_option(gradient, "gradient", WORST_CASE_GRADIENTS)
    check_count(n_queries, "n_queries")
    check_seed(random_state, "random_state")
    threat = ThreatModel(epsilon, norm, bounds, immutable, one_hot, space)
    problem = problem_for(threat, estimator, X, y, gradient)
    return problem.target.returned(find_worst_case(problem, n_queries, random_state).points)


def problem_for(threat, estimator, X, y, gradient):
    """The attack on a classifier, with its gradient if there is one, as an AttackProblem.

    Warns where there is none, but one was expected.
    """
    if gradient is None:
        return threat.problem(estimator, X, y, gradient=None)
    try:
        problem = threat.problem(estimator, X, y, gradient=gradient)
        # Some that have an adapter have no gradient of what is needed.
        first = slice(0, 1)
        problem.gradient(problem.points[first], np.arange(len(problem.points))[first])
        return problem
    except (TypeError, ValueError):
        pass
    # What is wrong otherwise is wrong without a gradient, too, and ends here.
    problem = threat.problem(estimator, X, y, gradient=None)
    attacked = problem.target.estimator
    trees = trees_of(attacked, problem.points.dtype)
    if trees is None or len(trees.first) > 1:
        by = ["its labels"]
        by += ["random search on its scores"] if problem.target.has_scores else []
        by += [] if trees is None else ["the thresholds of its trees"]
        warnings.warn(
            f"Got an estimator of type {type(attacked).__name__} whose gradient is not known. It "
            f"is attacked without one, by {' and '.join(by)}, which finds less than a gradient "
            "would: more samples than found may be within reach. If the estimator is smooth, give "
            "gradient='finite-differences'. With gradient=None this warning is not given.",
            UserWarning,
            stacklevel=3,
        )
    return problem


class Found(NamedTuple):
    """Perturbed samples, and what found them.

    Attributes
    ----------
    points : ndarray of shape (n_samples, n_features)
        Of a sample that no attack fools, the point of smallest margin of PGD, or itself.
    attacks : ndarray of shape (n_samples,), dtype object
        Name of the first attack that fooled the sample; "none" where it was wrong without attack,
        and "" where it stands.
    """

    points: np.ndarray
    attacks: np.ndarray


def find_worst_case(problem, n_queries, random_state):
    """Attack each sample of an AttackProblem until one attack fools it, the cheap ones first.

    Whether an attack has succeeded is determined by `predict`, at points of the ball.
    """
    points = problem.points.copy()
    attacks = np.where(problem.is_adversarial(points), "none", "").astype(object)
    if not problem.ball.epsilon.any():
        return Found(points, attacks)
    if problem.target.has_gradient:
        # Of all samples, so that random starts are those of `PGDScorer`.
        attacked = problem.pgd(**_PGD, random_state=random_state)
        fooled, stands = problem.is_adversarial(attacked), attacks == ""
        points[stands], attacks[stands & fooled] = attacked[stands], "PGD"
    for name, attack in _attacks(problem, n_queries, check_random_state(random_state)):
        rows = np.flatnonzero(attacks == "")
        if not len(rows):
            break
        part = problem.select(rows)
        attacked = attack(part)
        if attacked is None:
            continue
        fooled = part.is_adversarial(attacked)
        points[rows[fooled]], attacks[rows[fooled]] = attacked[fooled], name
        if name == EXACT:
            break
    return Found(points, attacks)


def _attacks(problem, n_queries, random_state):
    """Attacks by name, in their order: functions from an attack problem to points or to None."""

    def steps(n_restarts):
        return {"n_steps": _N_STEPS, "n_restarts": n_restarts, "random_state": random_state}

    def towards(rank):
        return lambda problem: problem.rivals(_N_RIVALS)[:, rank]

    yield EXACT, exact_points
    yield "leaf search", lambda part: leaf_search(part, random_state)
    if problem.target.has_gradient:
        n_classes = len(problem.target.estimator.classes_)
        rivals = [towards(rank) for rank in range(min(n_classes - 1, _N_RIVALS))]
        yield "APGD", lambda part: part.apgd(**steps(3))
        for temperature in TEMPERATURES if problem.target.softens() else ():
            yield "softened slopes", lambda part, t=temperature: part.softened(t).apgd(**steps(1))
        for rival in rivals if n_classes > 2 else ():
            yield "targeted APGD", lambda part, of=rival: part.apgd(**steps(1), rivals=of(part))
        for rival in rivals:
            yield "FAB", lambda part, of=rival: part.fab(**steps(2), rivals=of(part))
    else:
        yield "random signs", lambda part: part.random_signs(random_state)
    has_scores = problem.target.has_scores
    # Scores say more than labels, so where there are any they get most of the predictions.
    n_decisions = -(-n_queries // 10) if has_scores else n_queries
    if problem.ball.norm == "linf":
        yield "hard label", lambda part: part.hard_label(n_decisions, random_state)
    yield "hard label", lambda part: part.boundary(n_decisions, random_state)
    if has_scores:
        yield "Square", lambda part: part.square(n_queries, random_state)
