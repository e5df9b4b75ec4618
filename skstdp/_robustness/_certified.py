"""Accuracy that is proven: a lower bound under any attack of a size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._certificates import class_bounds
from ._scorers import _AttackScorer
from ._threat_model import ThreatModel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Literal

    from numpy.typing import ArrayLike


__all__ = ["CertifiedScorer"]


def certified(problem):
    """True where an AttackProblem is proven to have no solution: no point of the ball is wrong.

    Samples that are wrong without attack are not certified. Raises as `class_bounds`.

    Returns
    -------
    proven : ndarray of shape (n_samples,), dtype bool
    """
    return certified_labels(problem) == problem.target.estimator.classes_[problem.y[problem._rows]]


def certified_labels(problem):
    """The true label where it is proven, else that of the class of the smallest lower bound.

    Of samples that are wrong without attack, the predicted label.
    """
    predicted = problem.predict(problem.points)
    classes = problem.target.estimator.classes_
    true = classes[problem.y[problem._rows]]
    bounds = class_bounds(problem)
    if not problem.ball.epsilon.any():
        return predicted
    proven = (bounds > 0).all(axis=1)
    return np.where(
        predicted == true, np.where(proven, true, classes[bounds.argmin(axis=1)]), predicted
    )


class CertifiedScorer(_AttackScorer):
    """Accuracy that no attack of a size can lower: a proven lower bound.

    An attack finds adversarial examples, and so the accuracy under it is an upper bound of the
    accuracy under the worst one. This score is a lower bound: a sample counts as right only if
    every point of its ball is proven to be of the true class, whatever attack there may be. The
    truth lies between the two. A low score does not mean that there are adversarial examples: the
    proof may be missing.

    Parameters
    ----------
    epsilon : float, array of shape (n_features,), dict or Series, default=8/255
        As in `FGSMScorer`. With 0 the score is the plain accuracy.
    norm, bounds, immutable, one_hot, space : object
        As in `fgsm`.
    metric : str or callable, default="accuracy"
        As in `FGSMScorer`. A sample that is not proven counts as the class that is least excluded:
        the one over which the true class has the smallest lower bound of its margin. For
        "accuracy" and other metrics in which a wrong label never counts for more than a right
        one, the score is a lower bound.

    Raises
    ------
    ValueError
        If a parameter is not in its range; when called, if it does not fit the data, or if y holds
        an unknown label.
    TypeError
        If `epsilon` is not a real number; when called, if there is no certificate for the type of
        the estimator or of one of its steps.

    See Also
    --------
    PGDScorer : Accuracy under an attack, an upper bound.
    RobustnessCurveDisplay : Draws the band between the two.

    Notes
    -----
    Certified are `STDPClassifier`, `BPClassifier`, `LocalRuleClassifier` and
    `TargetPropagationClassifier`, `MLPClassifier` with each of its activations, linear
    classifiers and `NearestCentroid`; in searches, and in pipelines after scalers, linear maps
    such as `PCA`, selectors, and our networks as transformers. With ``space="model"`` the last
    step of a pipeline counts alone, and with ``space="input"`` all.

    For linear classifiers the bound is exact, in each norm and within bounds; with one-hot groups
    only in the maximum norm. For networks it is linear relaxation (CROWN) [1]_: each activation,
    for the drives that its unit may have, lies between two lines, and lines through all layers
    lead to a linear function of the features, whose least value in the ball is known. The
    intervals of the drives are bounded in the same way, and by interval arithmetic [2]_. Where
    that decides nothing, tangents are moved, in rounds, to where the bound is highest. Then the
    intervals of drives are narrowed to those at adversarial points (as in INVPROP [5]_): if one is
    empty, there are none. At last the ball is divided up to six times by the drive of one unit,
    with Lagrange multipliers (beta-CROWN [3]_). The code of our receptive
    fields is piecewise linear in each feature, and the first drives are bounded exactly with it in
    the maximum norm; in the others by a Lagrange multiplier. Columns of whole numbers are bounded
    in between as well, so that the bound holds and may be too low.

    The proof holds for the numbers that a computer calculates: rounding errors of the classifier
    in its own precision, those of the points of attacks, and those of the bounds are taken off
    [4]_.

    The time depends on how many samples are undecided. For a network of (32, 16) units on images
    of 784 pixels it was 2 ms for each image where nearly all were decided by lines (a size of
    4/255), and 8 ms where a third was not (12/255), on one thread.

    References
    ----------
    .. [1] H. Zhang, T.-W. Weng, P.-Y. Chen, C.-J. Hsieh, L. Daniel, "Efficient Neural Network
           Robustness Certification with General Activation Functions", arXiv:1811.00866, 2018.
    .. [2] S. Gowal et al., "On the Effectiveness of Interval Bound Propagation for Training
           Verifiably Robust Models", arXiv:1810.12715, 2018.
    .. [3] S. Wang et al., "Beta-CROWN: Efficient Bound Propagation with Per-neuron Split
           Constraints for Neural Network Robustness Verification", arXiv:2103.06624, 2021.
    .. [4] N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., 2002, section
           3.1.
    .. [5] S. Kotha, C. Brix, J. Z. Kolter, K. Dvijotham, H. Zhang, "Provably Bounding Neural
           Network Preimages", arXiv:2302.01404, 2023.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import CertifiedScorer, PGDScorer, STDPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = STDPClassifier(random_state=0).fit(X, y)
    >>> [round(scorer(0.05)(model, X, y), 2) for scorer in (CertifiedScorer, PGDScorer)]
    [0.79, 0.79]
    """

    attack = "certified"
    _always_shown = 1

    def __init__(
        self,
        epsilon: float | ArrayLike | Mapping[str, float] = 8 / 255,
        *,
        norm: Literal["linf", "l2", "l1"] = "linf",
        bounds: object = None,
        immutable: str | int | Sequence[str | int] | None = (),
        one_hot: Sequence[Sequence[str | int]] | Sequence[str | int] | None = (),
        space: Literal["model", "input"] = "model",
        metric: str | Callable = "accuracy",
    ) -> None:
        super().__init__(epsilon, norm, bounds, immutable, one_hot, space, "analytic", metric)

    def _problem(self, estimator, X, y):
        return ThreatModel.of(self).problem(estimator, X, y, gradient=None)

    def _labels(self, problem):
        return certified_labels(problem)
