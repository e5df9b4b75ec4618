"""Accuracy under attack, in the form of a scikit-learn scorer."""

from numbers import Integral

import numpy as np
from sklearn.metrics import accuracy_score
from sklearn.metrics._scorer import _BaseScorer
from sklearn.utils import check_random_state

from ._attacks import fgsm, pgd
from ._input_gradients import attackable
from ._validation import check_number

__all__ = ["FGSMScorer", "PGDScorer"]


class _AttackScorer(_BaseScorer):
    """Everything but the attack: subclasses have its name and `_perturb`."""

    def __init__(self, epsilon):
        check_number(epsilon, "epsilon", zero=True)
        self.epsilon = epsilon
        super().__init__(accuracy_score, sign=1, kwargs={})

    def _score(self, method_caller, estimator, X, y_true, **kwargs):
        network, rates = attackable(estimator, X)
        perturbed = self._perturb(network, rates, np.asarray(y_true))
        return float(accuracy_score(y_true, network._predict_rates(perturbed), **kwargs))


class FGSMScorer(_AttackScorer):
    """Accuracy under the fast gradient sign attack.

    Called as ``scorer(estimator, X, y)``, and usable wherever scikit-learn takes ``scoring=``.
    Each sample is moved by `epsilon` in each feature in the direction that lowers the margin of
    its true class (its logit minus the largest other) fastest, clipped to [0, 1], and
    classified again. Samples that were wrong before the attack count as wrong if they are wrong
    after it.

    The attack acts on the rates, which are what the network sees: after the earlier steps of a
    pipeline and after the classifier's own encoding. The gradient of the margin does not vanish
    where the output saturates, so the score does not depend on the scale of the logits.

    Besides our classifiers the scorer takes scikit-learn's `NearestCentroid`, `SVC` with RBF
    kernel and `KNeighborsClassifier`, whose input must be in [0, 1]. The last has no gradient;
    the attack goes from the nearest samples of the true class to those of the nearest other.

    Parameters
    ----------
    epsilon : float, default=8/255
        Size of the perturbation in rate units, >= 0. With 0 the score is the plain accuracy.

    Raises
    ------
    ValueError
        If `epsilon` is negative, infinite or not a number; when called, if an estimator of
        scikit-learn is set up in another way than above or its input is not in [0, 1].
    TypeError
        If `epsilon` is not a real number; when called, if the estimator is none of those
        above, nor a pipeline that ends in one, nor a fitted search over one.

    See Also
    --------
    PGDScorer : Accuracy under a stronger attack.
    robustness_report : Accuracy under several attacks, and whether to believe them.
    STDPClassifier : Network trained by the local rule.
    BPClassifier : The same network trained by backpropagation.

    References
    ----------
    .. [1] I. J. Goodfellow, J. Shlens, C. Szegedy, "Explaining and Harnessing Adversarial
           Examples", arXiv:1412.6572, 2015.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_validate
    >>> from skstdp import FGSMScorer, STDPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> scoring = {"clean": "accuracy", "attacked": FGSMScorer(epsilon=12 / 255)}
    >>> scores = cross_validate(STDPClassifier(random_state=0), X, y, scoring=scoring)
    >>> bool(scores["test_attacked"].mean() <= scores["test_clean"].mean())
    True
    """

    attack = "FGSM"

    def __init__(self, epsilon=8 / 255):
        super().__init__(epsilon)

    def __repr__(self):
        return f"FGSMScorer(epsilon={self.epsilon:.6g})"

    def _perturb(self, network, rates, y):
        return fgsm(rates, y, network._margin_gradient, self.epsilon)


class PGDScorer(_AttackScorer):
    """Accuracy under projected gradient descent on the margin.

    The attack of `FGSMScorer` in many small steps and from several starts. Each sample counts as
    wrong if one of the points on the way, or the one of `FGSMScorer`, is classified wrongly: the
    score is never above that of `FGSMScorer`, and a better estimate of how robust a network is.
    It takes the same estimators.

    Parameters
    ----------
    epsilon : float, default=8/255
        Size of the perturbation in rate units, >= 0. With 0 the score is the plain accuracy.
    n_steps : int, default=50
        Number of steps from each start, >= 1.
    n_restarts : int, default=5
        Number of starts, >= 1: the first is the sample itself, the others are drawn uniformly
        from all that the attack may reach.
    step : float or None, default=None
        Length of a step in each feature, in rate units, positive. None is
        2.5 * epsilon / n_steps, with which a point can get from any place to any other.
    random_state : int, RandomState instance or None, default=0
        Draws the starts. The default gives the same score each time.

    Raises
    ------
    ValueError
        If a parameter is not in its range; when called, if an estimator of scikit-learn is set
        up in a way that `FGSMScorer` does not name or its input is not in [0, 1].
    TypeError
        If a parameter is not a number of its kind; when called, if the estimator is none that
        `FGSMScorer` takes.

    See Also
    --------
    FGSMScorer : The attack of one step.
    robustness_report : Accuracy under several attacks, and whether to believe them.

    References
    ----------
    .. [1] A. Madry, A. Makelov, L. Schmidt, D. Tsipras, A. Vladu, "Towards Deep Learning Models
           Resistant to Adversarial Attacks", arXiv:1706.06083, 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import FGSMScorer, PGDScorer, STDPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = STDPClassifier(random_state=0).fit(X, y)
    >>> PGDScorer(epsilon=0.1)(model, X, y) <= FGSMScorer(epsilon=0.1)(model, X, y)
    True
    """

    attack = "PGD"

    def __init__(self, epsilon=8 / 255, n_steps=50, n_restarts=5, step=None, random_state=0):
        super().__init__(epsilon)
        check_count(n_steps, "n_steps")
        check_count(n_restarts, "n_restarts")
        if step is not None:
            check_number(step, "step", zero=False)
        check_seed(random_state, "random_state")
        self.n_steps = n_steps
        self.n_restarts = n_restarts
        self.step = step
        self.random_state = random_state

    def __repr__(self):
        step = "None" if self.step is None else f"{self.step:.6g}"
        return (
            f"PGDScorer(epsilon={self.epsilon:.6g}, n_steps={self.n_steps}, "
            f"n_restarts={self.n_restarts}, step={step}, random_state={self.random_state!r})"
        )

    def _perturb(self, network, rates, y, *, until_fooled=True):
        return pgd(
            rates,
            y,
            network._margin_and_gradient,
            self.epsilon,
            self.n_steps,
            self.n_restarts,
            2.5 * self.epsilon / self.n_steps if self.step is None else self.step,
            self.random_state,
            until_fooled=until_fooled,
        )


def check_count(value, name):
    """Raise unless a number is an integer >= 1."""
    if not isinstance(value, Integral):
        raise TypeError(
            f"Got {name}={value!r} of type {type(value).__name__}, but expected an integer >= 1."
        )
    if value < 1:
        raise ValueError(f"Got {name}={value!r}, but expected an integer >= 1.")


def check_seed(value, name):
    """Raise unless a value is an int, a RandomState instance or None."""
    try:
        check_random_state(value)
    except ValueError:
        raise ValueError(
            f"Got {name}={value!r}, but expected an int, a RandomState instance or None."
        ) from None
