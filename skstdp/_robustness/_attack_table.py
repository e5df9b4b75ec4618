"""Distance of each sample to the decision that an attack changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from .._input_gradients import GRADIENTS
from .._utils._validation import check_count, check_option
from ._adversarial_examples import check_steps
from ._threat_model import ThreatModel
from ._worst_case import WORST_CASE_GRADIENTS, find_worst_case, problem_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Literal

    from numpy.random import RandomState
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator


__all__ = ["attack_table"]


def attack_table(
    estimator: BaseEstimator,
    X: ArrayLike,
    y: ArrayLike,
    *,
    epsilon: float | ArrayLike | Mapping[str, float] = 0.2,
    attack: Literal["FGSM", "PGD", "worst case"] = "PGD",
    n_bisections: int = 8,
    n_steps: int = 20,
    n_restarts: int = 2,
    n_queries: int = 500,
    random_state: int | RandomState | None = 0,
    norm: Literal["linf", "l2", "l1"] = "linf",
    bounds: object = None,
    immutable: str | int | Sequence[str | int] | None = (),
    one_hot: Sequence[Sequence[str | int]] | Sequence[str | int] | None = (),
    space: Literal["model", "input"] = "model",
    gradient: Literal["analytic", "finite-differences"] | None = "analytic",
) -> pd.DataFrame:
    """Samples that an attack flips, and at which distance, one row per sample.

    The distance is the smallest size of the attack at which it makes a correct prediction wrong,
    found by bisection between 0 and `epsilon`. It is 0 where the prediction is wrong without
    attack, and infinite where the attack fails up to `epsilon`: the sample may still fall to a
    larger size or to a stronger attack, so that a distance is an upper bound of the distance to
    the decision boundary only where it is finite.

    Parameters
    ----------
    estimator : classifier
        Fitted, one that `fgsm` takes; for the worst case, any.
    X : array-like, pandas or polars data frame of shape (n_samples, n_features)
        Samples.
    y : array-like of shape (n_samples,)
        Their true labels.
    epsilon : float, array of shape (n_features,), dict or Series, default=0.2
        The largest size of the attack. One per feature is scaled as a whole.
    attack : {"FGSM", "PGD", "worst case"}, default="PGD"
        The attack; the last is that of `worst_case`, and takes much longer.
    n_bisections : int, default=8
        Number of times that the interval of the distance is halved, >= 1: distances are too large
        by at most epsilon / 2 ** n_bisections.
    n_steps, n_restarts : int
        As in `pgd`, for that attack.
    n_queries : int, default=500
        As in `worst_case`, for that attack.
    random_state : int, RandomState instance or None, default=0
        Draws what is random in the attacks.
    norm, bounds, immutable, one_hot, space : object
        As in `fgsm`.
    gradient : {"analytic", "finite-differences", None}, default="analytic"
        As in `fgsm`; None for the worst case only, as in `worst_case`.

    Returns
    -------
    table : DataFrame
        With the index of X if that is a pandas data frame, and the columns

        - `true`: the label;
        - `predicted`: the decision without attack;
        - `attacked`: the decision under the smallest attack that changes it, or under the largest;
        - `flipped`, bool: whether it was right and the attack made it wrong;
        - `distance`, float: size at which the attack did so, in the units of `epsilon` (of its
          largest entry, if there are several); 0 where the prediction is wrong without attack,
          `inf` where it stays right up to `epsilon`.

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
    >>> attack_table(model, X, y, epsilon=0.1).loc[[60, 61, 83]].round(2)
        true  predicted  attacked  flipped  distance
    60     1          1         1    False       inf
    61     1          1         2     True      0.07
    83     1          2         2    False      0.00

    Row 60 stays right up to 0.1, row 61 falls at 0.07, and row 83 is wrong without attack.
    """
    check_option(attack, "attack", ("FGSM", "PGD", "worst case"))
    worst = attack == "worst case"
    check_option(gradient, "gradient", WORST_CASE_GRADIENTS if worst else GRADIENTS)
    check_count(n_bisections, "n_bisections")
    check_count(n_queries, "n_queries")
    check_steps(n_steps, n_restarts, None, random_state)
    threat = ThreatModel(epsilon, norm, bounds, immutable, one_hot, space)
    problem_of = problem_for if worst else ThreatModel.problem
    problem = problem_of(threat, estimator, X, y, gradient=gradient)
    attacks = {
        "FGSM": lambda problem: problem.fgsm(),
        "PGD": lambda problem: problem.pgd(n_steps, n_restarts, None, random_state),
        "worst case": lambda problem: find_worst_case(problem, n_queries, random_state).points,
    }

    def attacked(rows, shares):
        smaller = problem.shrunk(rows, shares)
        return smaller.predict(attacks[attack](smaller))

    everything = np.arange(len(problem.points))
    true = problem.target.estimator.classes_[problem.y]
    predicted = problem.predict(problem.points)
    after = attacked(everything, np.ones(len(everything)))
    flipped = (predicted == true) & (after != true)
    low, high = np.zeros(len(true)), np.ones(len(true))
    rows = np.flatnonzero(flipped)
    for _ in range(n_bisections if len(rows) else 0):
        middle = (low + high) / 2
        found = attacked(rows, middle[rows])
        wrong = found != true[rows]
        high[rows[wrong]] = middle[rows[wrong]]
        low[rows[~wrong]] = middle[rows[~wrong]]
        after[rows[wrong]] = found[wrong]
    distance = np.where(flipped, high * problem.ball.epsilon.max(initial=0), np.inf)
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
