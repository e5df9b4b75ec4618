"""Accuracy under attack, in the form of a scikit-learn scorer."""

from sklearn.metrics import accuracy_score
from sklearn.metrics._scorer import _BaseScorer
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import check_is_fitted

from ._attacks import fgsm
from ._validation import check_number

__all__ = ["FGSMScorer"]


class FGSMScorer(_BaseScorer):
    """Accuracy under the fast gradient sign attack.

    Called as ``scorer(estimator, X, y)``, and usable wherever scikit-learn takes ``scoring=``.
    Each sample is moved by `epsilon` in each feature in the direction that lowers the margin of
    its true class (its logit minus the largest other) fastest, clipped to [0, 1], and
    classified again. Samples that were wrong before the attack count as wrong if they are wrong
    after it.

    The attack acts on the rates, which are what the network sees: after the earlier steps of a
    pipeline and after the classifier's own encoding. The gradient of the margin does not vanish
    where the output saturates, so the score does not depend on the scale of the logits.

    Parameters
    ----------
    epsilon : float, default=8/255
        Size of the perturbation in rate units, >= 0. With 0 the score is the plain accuracy.

    Raises
    ------
    ValueError
        If `epsilon` is negative, infinite or not a number.
    TypeError
        If `epsilon` is not a real number; when called, if the estimator is neither of our
        classifiers, nor a pipeline that ends in one, nor a fitted search over one.

    See Also
    --------
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

    def __init__(self, epsilon=8 / 255):
        check_number(epsilon, "epsilon", zero=True)
        self.epsilon = epsilon
        super().__init__(accuracy_score, sign=1, kwargs={})

    def __repr__(self):
        return f"FGSMScorer(epsilon={self.epsilon:.6g})"

    def _score(self, method_caller, estimator, X, y_true, **kwargs):
        network, X = _network_and_input(estimator, X)
        rates = network._rates(X)
        perturbed = fgsm(rates, y_true, network._margin_gradient, self.epsilon)
        return float(accuracy_score(y_true, network._predict_rates(perturbed), **kwargs))


def _network_and_input(estimator, X):
    """The classifier that decides, and X as the steps before it hand it on."""
    if hasattr(estimator, "best_estimator_"):
        return _network_and_input(estimator.best_estimator_, X)
    if isinstance(estimator, Pipeline):
        check_is_fitted(estimator)
        if len(estimator) > 1:
            X = estimator[:-1].transform(X)
        return _network_and_input(estimator[-1], X)
    if not hasattr(estimator, "_margin_gradient"):
        raise TypeError(
            f"Got an estimator of type {type(estimator).__name__}, but FGSMScorer expected an "
            "STDPClassifier or a BPClassifier, alone, as the last step of a Pipeline, or in a "
            "fitted search."
        )
    return estimator, X
