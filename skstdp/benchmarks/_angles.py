"""Angles between what a rule changes and the gradient, layer by layer, while a network learns."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from .._networks._fit_tasks import is_iteration
from .._networks._rows import as_rows, dense
from .._networks._sigmoid import SigmoidMLP
from ._checks import check_integers

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def update_angles(
    estimator: SigmoidMLP | Pipeline,
    X: ArrayLike,
    y: ArrayLike,
    *,
    max_probe: int = 500,
    every: int = 1,
) -> pd.DataFrame:
    r"""Measure the angle between the updates of a rule and the gradient while a network learns.

    Before the first epoch and after each one, the rule makes its update :math:`u` by some rows,
    which is not applied. The angle to minus the gradient :math:`-\nabla\mathcal{L}` of the
    cross-entropy of `predict_proba` on the same rows is

    .. math:: \angle_l = \arccos \frac{-u_l \cdot \nabla_l \mathcal{L}}
        {\lVert u_l \rVert \, \lVert \nabla_l \mathcal{L} \rVert}

    with the weights and biases of layer l as one vector. Below 90 degrees a small step along
    :math:`u_l` lowers the cross-entropy; in many dimensions random updates are near 90 degrees.

    Parameters
    ----------
    estimator : STDPClassifier, BPClassifier, LocalRuleClassifier or TargetPropagationClassifier
        The classifier, or a pipeline that ends in one. A copy is fitted, without its callbacks.
    X : array-like or sparse matrix of shape (n_samples, n_features)
        Training data.
    y : array-like of shape (n_samples,)
        Class labels.
    max_probe : int, default=500
        Largest number of rows for the angles, >= 1: of more rows of X, evenly chosen ones.
    every : int, default=1
        Number of epochs from one measurement to the next, >= 1.

    Returns
    -------
    angles : DataFrame
        One row per measurement and layer: columns epoch, 0 before the first; layer, its index in
        `coefs_`; and angle in degrees, in [0, 180], not a number where one of the two is zero.

    Raises
    ------
    TypeError
        If `estimator` is none of these classifiers.
    ValueError
        If a number is out of its range, or the data are not those that `fit` takes.

    See Also
    --------
    skstdp.UpdateAngleDisplay : Draws the angles of several rules.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import BPClassifier, TargetPropagationClassifier
    >>> from skstdp.benchmarks import update_angles
    >>> X, y = load_iris(return_X_y=True)
    >>> angles = update_angles(BPClassifier((8, 5), max_iter=30, random_state=0), X, y)
    >>> round(float(angles["angle"].max()), 3)
    0.0
    >>> model = TargetPropagationClassifier((8, 5), max_iter=30, random_state=0)
    >>> update_angles(model, X, y, every=30).round({"angle": -1})
       epoch  layer  angle
    0      0      0   60.0
    1      0      1    0.0
    2      0      2    0.0
    3     30      0   40.0
    4     30      1    0.0
    5     30      2    0.0
    """
    network = estimator
    while isinstance(network, Pipeline):
        network = network.steps[-1][1]
    if not isinstance(network, SigmoidMLP):
        raise TypeError(
            f"Got a {type(network).__name__}, but expected a classifier of rates of this "
            "package, such as a BPClassifier, or a pipeline that ends in one."
        )
    check_integers(1, max_probe=max_probe, every=every)
    while isinstance(estimator, Pipeline):
        if len(estimator) > 1:
            X = clone(estimator[:-1]).fit_transform(X, y)
        estimator = estimator.steps[-1][1]
    recorder = _Recorder(max_probe, every)
    clone(estimator).set_callbacks(recorder).fit(X, y)
    return pd.DataFrame(recorder.rows)


class _Recorder:
    """Callback that measures angles before the first and after every so many epochs."""

    def __init__(self, max_probe, every):
        self._max_probe = max_probe
        self._every = every
        self.rows = []

    def setup(self, estimator, context):
        """Nothing is to be prepared."""

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        """Measure before the first epoch."""
        if is_iteration(context) and context.task_id == 0:
            self._measure(0, fitted_estimator, X, y)

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        """Measure after an epoch."""
        if is_iteration(context) and (context.task_id + 1) % self._every == 0:
            self._measure(context.task_id + 1, fitted_estimator, X, y)
        return False

    def teardown(self, estimator, context):
        """Nothing is to be cleared away."""

    def _measure(self, epoch, network, X, y):
        # Of frames the values: the names of columns have been checked.
        X, y = X if issparse(X) else np.asarray(X), np.asarray(y)
        chosen = np.linspace(0, len(y) - 1, min(len(y), self._max_probe)).astype(int)
        angles = angles_to_gradient(network, X[chosen], y[chosen])
        self.rows += [
            {"epoch": epoch, "layer": layer, "angle": angle} for layer, angle in enumerate(angles)
        ]


def angles_to_gradient(network, X, y):
    """Angles of a fitted network in degrees, one per layer, by some checked rows.

    Attributes of the network become other arrays with the same values.
    """
    for name in network._changed_by_training:
        # The rule may write to them.
        setattr(network, name, deepcopy(getattr(network, name)))
    y, dtype = network._class_indices(y), network.coefs_[0].dtype
    rates = network._encode(dense(X).astype(dtype))
    training = network._training(as_rows(X.astype(dtype)), y, np.ones(len(y), dtype))
    update, _ = training.update(np.arange(len(y)))
    sizes = [coef.size + coef.shape[1] for coef in network.coefs_]
    updates = np.split(update.astype(np.float64), np.cumsum(sizes))[: len(sizes)]
    return [*map(angle, updates, _downhill(network, rates.astype(np.float64), y))]


def _downhill(network, rates, y):
    """Minus the gradient of the cross-entropy, one vector of weights and biases per layer."""
    *activities, logits = network._activities(rates)
    if logits.shape[1] == 1:
        delta = (y == 1)[:, np.newaxis] - expit(logits)
    else:
        delta = np.eye(logits.shape[1])[y] - softmax(logits, axis=1)
    gradients = []
    for coef, pre in zip(reversed(network.coefs_), reversed(activities), strict=True):
        gradients.append(np.append(pre.T @ delta, delta.sum(axis=0)))
        delta = (delta @ coef.T) * pre * (1 - pre)
    return gradients[::-1]


def angle(first, second):
    """Angle between two vectors in degrees; not a number if one of them is zero."""
    lengths = np.linalg.norm(first), np.linalg.norm(second)
    if 0 in lengths:
        return np.nan
    first, second = first / lengths[0], second / lengths[1]
    # The arc cosine rounds angles near 0 and 180 degrees.
    halves = np.linalg.norm(first - second), np.linalg.norm(first + second)
    return float(np.degrees(2 * np.arctan2(*halves)))
