"""Causes of robustness in a trained network: its units, its margins and its slopes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import joblib
import numpy as np
import pandas as pd
from sklearn.utils import resample

from .._networks._classifiers import STDPClassifier
from .._networks._sigmoid import SigmoidMLP
from .._robustness._scorers import PGDScorer
from ._checks import check_integers, checked_tasks
from ._configurations import NO_COMPETITION, default_classifiers
from ._fits import seeded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.random import RandomState

    from ..datasets._tasks import Task


# In rate units; the slope is taken in float64.
_STEP = 1e-5


def anatomy(
    tasks: Sequence[Task],
    estimators: Mapping | None = None,
    *,
    epsilon: float = 12 / 255,
    max_test: int = 1000,
    n_seeds: int = 5,
    random_state: int | RandomState | None = 0,
    n_jobs: int = 1,
) -> pd.DataFrame:
    r"""Measure units, margins and slopes of trained networks, which decide on their robustness.

    To first order the decision on a row changes where each rate has moved by

    .. math:: d = \frac{m}{\lVert \nabla m \rVert_1},

    the margin :math:`m` (logit of the true class minus the largest other) over its slope. A
    network is robust if its margins are wide or its slopes are flat; only their ratio counts.

    Parameters
    ----------
    tasks : iterable of Task
        Tasks with fixed test rows.
    estimators : dict of str to classifier, default=None
        Networks of rates of this package, by name. None compares the local rule with and without
        competition and backpropagation, each with its default parameters.
    epsilon : float, default=12/255
        Size of the attack, in rate units, > 0.
    max_test : int, default=1000
        Largest number of test rows to look at, >= 1; of more, a stratified sample.
    n_seeds : int, default=5
        Number of fits of each network, >= 1.
    random_state : int, default=0
        Draws the test rows and the `random_state` of the networks.
    n_jobs : int, default=1
        Number of networks that train at the same time.

    Returns
    -------
    table : DataFrame
        One row per network: columns task, model, seed and

        - accuracy, and attacked, that under PGD with 20 steps at `epsilon`;
        - likeness: mean absolute correlation of the incoming weights of two units of the first
          hidden layer, in [0, 1], or not a number if there is only one;
        - rank: effective rank of these weights, the exponential of the entropy of their singular
          values as shares: at most the number of units;
        - margin and slope: medians over the rows that are classified rightly;
        - distance: the median of d over these rows, in rate units; d is infinite where the slope
          is zero. All three are not a number if no row is classified rightly.

    Raises
    ------
    ValueError
        If a task has no fixed test rows, or a number is out of its range.
    TypeError
        If a model is none of these networks.

    See Also
    --------
    compare : Accuracies alone, of any classifiers.

    Examples
    --------
    >>> import numpy as np
    >>> from skstdp import BPClassifier
    >>> from skstdp.benchmarks import anatomy
    >>> from skstdp.datasets import Task
    >>> X, y = np.random.default_rng(0).random((60, 5)), np.arange(60) % 2
    >>> X[:, 0] = 0.2 + 0.6 * y
    >>> task = Task("easy", X[:40], y[:40], X[40:], y[40:])
    >>> table = anatomy([task], {"BP": BPClassifier((4,))}, n_seeds=1)
    >>> table["accuracy"].item()
    1.0
    >>> list(table)[3:]
    ['accuracy', 'attacked', 'likeness', 'rank', 'margin', 'slope', 'distance']
    """
    check_integers(1, max_test=max_test, n_seeds=n_seeds)
    if estimators is None:
        two = default_classifiers()
        without = {"STDP, no competition": STDPClassifier(**NO_COMPETITION)}
        estimators = {"STDP": two["STDP"], **without, "BP": two["BP"]}
    for model, estimator in estimators.items():
        if not isinstance(estimator, SigmoidMLP):
            raise TypeError(
                f"Got a {type(estimator).__name__} as the model {model!r}, but expected an "
                "STDPClassifier, BPClassifier, LocalRuleClassifier or TargetPropagationClassifier."
            )
    tasks = checked_tasks(tasks, fixed=True)
    seeds = np.random.RandomState(random_state).randint(2**31 - 1, size=n_seeds)
    rows = joblib.Parallel(n_jobs=n_jobs)(
        joblib.delayed(_dissect)(task, model, estimator, seed, int(drawn), epsilon, max_test)
        for task in tasks
        for seed, drawn in enumerate(seeds)
        for model, estimator in estimators.items()
    )
    return pd.DataFrame(rows)


def _dissect(task, model, estimator, seed, random_state, epsilon, max_test):
    network = seeded(estimator, random_state).fit(task.X, task.y)
    X, y = task.X_test, np.asarray(task.y_test)
    if len(y) > max_test:
        X, y = resample(
            X, y, replace=False, n_samples=max_test, stratify=y, random_state=random_state
        )
    rates = network._rates(X).astype(np.float64)
    margins, direction = network._margin_and_gradient(rates, y)
    uphill = _STEP * np.sign(direction)
    above, _ = network._margin_and_gradient(rates + uphill, y)
    below, _ = network._margin_and_gradient(rates - uphill, y)
    slopes = (above - below) / (2 * _STEP)
    right = margins > 0
    right_margins, right_slopes = margins[right], slopes[right]
    with np.errstate(divide="ignore"):
        distances = right_margins / right_slopes
    weights = network.coefs_[0]
    return {
        "task": task.name,
        "model": model,
        "seed": seed,
        "accuracy": right.mean(),
        "attacked": PGDScorer(epsilon, n_steps=20, n_restarts=1)(network, X, y),
        "likeness": _likeness(weights),
        "rank": _effective_rank(weights),
        "margin": _median(right_margins),
        "slope": _median(right_slopes),
        "distance": _median(distances),
    }


def _median(values):
    return np.median(values) if len(values) else np.nan


def _likeness(weights):
    if weights.shape[1] < 2:
        return np.nan
    correlations = np.corrcoef(weights.T)
    return np.abs(correlations[np.triu_indices_from(correlations, k=1)]).mean()


def _effective_rank(weights):
    values = np.linalg.svd(weights, compute_uv=False)
    shares = values[values > 0] / values.sum()
    return np.exp(-(shares * np.log(shares)).sum())
