"""Attacks as functions of a classifier and its data, which return perturbed data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._input_gradients import GRADIENTS
from .._utils._validation import check_count, check_number, check_option, check_seed
from ._threat_model import ThreatModel

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal

    from numpy.random import RandomState
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator


__all__ = ["fgsm", "pgd"]


def fgsm(
    estimator: BaseEstimator,
    X: ArrayLike,
    y: ArrayLike,
    *,
    epsilon: float | ArrayLike | Mapping[str, float] = 8 / 255,
    norm: Literal["linf", "l2", "l1"] = "linf",
    targeted: bool = False,
    bounds: object = None,
    immutable: str | int | Sequence[str | int] | None = (),
    one_hot: Sequence[Sequence[str | int]] | Sequence[str | int] | None = (),
    space: Literal["model", "input"] = "model",
    gradient: Literal["analytic", "finite-differences"] = "analytic",
) -> Any:
    """Fast gradient sign attack: perturbed samples.

    Each sample goes to the point of its ball, within the bounds, where the margin of its true
    class over the best other, taken as linear, is smallest. In the maximum norm that is one step
    of `epsilon` in each feature, against the sign of the gradient.

    Parameters
    ----------
    estimator : classifier
        Fitted. One that can be differentiated: ours; of scikit-learn, linear and nearest-centroid
        classifiers, `MLPClassifier`, `SVC`, `KNeighborsClassifier` (by a stand-in for its
        gradient), voting, bagging, one-against-rest, pairwise, calibrated and thresholded ones
        over these, pipelines and searches; and whatever has a method `input_gradient` (see the
        user guide).
    X : array-like, pandas or polars data frame of shape (n_samples, n_features)
        Samples.
    y : array-like of shape (n_samples,)
        Their true labels; with `targeted`, the labels that they are to get.
    epsilon : float, array of shape (n_features,), dict or Series, default=8/255
        Radius of the ball, >= 0. One per feature stretches it, so that
        ``norm((X_new - X) / epsilon) <= 1``. A dict (or any other mapping) and a pandas Series are
        by column, and columns that they do not name stay.
    norm : {"linf", "l2", "l1"}, default="linf"
        Norm of the ball: the largest change of a feature, the Euclidean length of all changes, or
        the sum of their sizes.
    targeted : bool, default=False
        Whether to attack towards the labels in y, and not away from them.
    bounds : tuple (low, high), dict, Series, "data" or None, default=None
        Bounds of the perturbed values: numbers, one per feature or by column, or pairs by column.
        "data" is the range of each feature in X. None is where the model is defined: [0, 1] for
        the rates of our classifiers, and no bounds otherwise.
    immutable : str, int, sequence of these or None, default=()
        Columns that must not change, by name or position.
    one_hot : sequence of sequences of str or int, or None, default=()
        Groups of columns of which a single one is 1 and the others are 0, and which stay so; one
        group alone can be given as a sequence of columns. A change of category is a move of 1 in
        two columns, and so needs an epsilon >= 1 there.
    space : {"model", "input"}, default="model"
        Space of the perturbed values. "model" is the input of the final estimator: after the
        earlier steps of a pipeline, and for our classifiers the rates in [0, 1]. "input" is X as
        it is given; the gradient goes back through the pipeline, and columns of whole numbers or
        truth values stay such.
    gradient : {"analytic", "finite-differences"}, default="analytic"
        Origin of the gradient. Finite differences of `decision_function`, or of the logarithm of
        `predict_proba`, do for any smooth model and cost two predictions per feature.

    Returns
    -------
    X_new : ndarray or data frame of shape (n_samples, n_features)
        Perturbed samples. With ``space="input"`` they are of the type of X, with the same columns
        and dtypes. With ``space="model"`` they are what `predict` of the final estimator takes,
        floats, as a data frame if X is one and the columns have names there. Our classifiers are
        attacked at their rates; what comes back is in the units of their input: a rate r stands
        for the value that they encode as r, and a value whose rate stays is kept.

    Raises
    ------
    TypeError
        If there is no gradient for the type of the estimator or of one of its steps.
    ValueError
        If an option is not as described, names a column that there is not, or excludes the data;
        if values in [0, 1] are attacked with an epsilon above 1, which probably was not divided by
        255; if a column of no numbers, of missing values or of categories that
        the estimator encodes is not immutable; or if y holds an unknown label.

    Warns
    -----
    UserWarning
        If columns of whole numbers, truth values or one-hot categories cannot move because epsilon
        is below 1 there; if epsilon is below a thousandth of the standard deviation of each column
        that it moves; if one number is below a thousandth of the standard deviation of one column
        and above a tenth of that of another, or below a fiftieth of one and above three times the
        range of another; if without bounds the ball holds the whole range of the columns in X, or
        six standard deviations of each; if columns were scaled to a range of which 98 % of the
        values take less than a tenth, so that outliers decide what a size means; or if `immutable`
        holds all columns. A size is in the units of the columns that are attacked.

    See Also
    --------
    pgd : The attack of many steps, which is stronger.
    FGSMScorer : Accuracy under this attack.

    References
    ----------
    .. [1] I. J. Goodfellow, J. Shlens, C. Szegedy, "Explaining and Harnessing Adversarial
           Examples", arXiv:1412.6572, 2015.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skstdp import fgsm
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    >>> X_new = fgsm(model, X, y, epsilon={"petal length (cm)": 0.5}, space="input")
    >>> (X_new - X).abs().max().round(6).tolist()
    [0.0, 0.0, 0.5, 0.0]
    >>> round(model.score(X, y), 2), round(model.score(X_new, y), 2)
    (0.97, 0.92)
    """
    check_option(gradient, "gradient", GRADIENTS)
    threat = ThreatModel(epsilon, norm, bounds, immutable, one_hot, space)
    problem = threat.problem(estimator, X, y, gradient=gradient, targeted=targeted)
    return problem.target.returned(problem.fgsm())


def pgd(
    estimator: BaseEstimator,
    X: ArrayLike,
    y: ArrayLike,
    *,
    epsilon: float | ArrayLike | Mapping[str, float] = 8 / 255,
    norm: Literal["linf", "l2", "l1"] = "linf",
    n_steps: int = 50,
    n_restarts: int = 5,
    step: float | None = None,
    random_state: int | RandomState | None = 0,
    targeted: bool = False,
    bounds: object = None,
    immutable: str | int | Sequence[str | int] | None = (),
    one_hot: Sequence[Sequence[str | int]] | Sequence[str | int] | None = (),
    space: Literal["model", "input"] = "model",
    gradient: Literal["analytic", "finite-differences"] = "analytic",
) -> Any:
    """Projected gradient descent on the margin: perturbed samples.

    The attack of `fgsm` in many small steps and from several starts: the sample itself, and points
    drawn from the ball. Of all points on the way, and of that of `fgsm`, each sample gets the one
    with the smallest margin; it goes no further once the attack has succeeded.

    Parameters
    ----------
    estimator, X, y, epsilon, norm : object
        As in `fgsm`.
    n_steps : int, default=50
        Number of steps from each start, >= 1.
    n_restarts : int, default=5
        Number of starts, >= 1.
    step : float or None, default=None
        Length of a step, > 0, in the units of `epsilon`: in the feature where that is largest, and
        in proportion in others. None is 2.5 * epsilon / n_steps, with which a point can get from
        any place to any other.
    random_state : int, RandomState instance or None, default=0
        Draws the starts.
    targeted, bounds, immutable, one_hot, space, gradient : object
        As in `fgsm`.

    Returns
    -------
    X_new : ndarray or data frame of shape (n_samples, n_features)
        Perturbed samples, of the kind that `fgsm` returns.

    Raises
    ------
    TypeError
        If there is no gradient for the type of the estimator or of one of its steps, or a count is
        no integer.
    ValueError
        If an option is not as described; otherwise as in `fgsm`.

    Warns
    -----
    UserWarning
        As in `fgsm`.

    See Also
    --------
    fgsm : The attack of one step.
    PGDScorer : Accuracy under this attack.

    References
    ----------
    .. [1] A. Madry, A. Makelov, L. Schmidt, D. Tsipras, A. Vladu, "Towards Deep Learning Models
           Resistant to Adversarial Attacks", arXiv:1706.06083, 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.svm import SVC
    >>> from skstdp import pgd
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SVC().fit(X, y)
    >>> X_new = pgd(model, X, y, epsilon=0.5, norm="l2")
    >>> round(float(np.linalg.norm(X_new - X, axis=1).max()), 6)
    0.5
    >>> round(model.score(X, y), 2), round(model.score(X_new, y), 2)
    (0.97, 0.75)
    """
    check_steps(n_steps, n_restarts, step, random_state)
    check_option(gradient, "gradient", GRADIENTS)
    threat = ThreatModel(epsilon, norm, bounds, immutable, one_hot, space)
    problem = threat.problem(estimator, X, y, gradient=gradient, targeted=targeted)
    return problem.target.returned(problem.pgd(n_steps, n_restarts, step, random_state))


def check_steps(n_steps, n_restarts, step, random_state):
    """Raise unless the options of projected gradient descent are in their ranges."""
    check_count(n_steps, "n_steps")
    check_count(n_restarts, "n_restarts")
    if step is not None:
        check_number(step, "step", zero=False)
    check_seed(random_state, "random_state")
