"""Linear classifiers of scikit-learn: all with `coef_` and `intercept_`."""

import numpy as np
from scipy.special import log_expit
from sklearn.linear_model import SGDClassifier
from sklearn.linear_model._base import LinearClassifierMixin

from ._adapter import Adapter, adapts, expect, expect_one_label
from ._decisions import class_scores, log_softmax_and_pull
from ._scaled_rows import chain, pull_by


@adapts(LinearClassifierMixin)
class _Linear(Adapter):
    """Logistic regression, linear SVMs, ridge and linear discriminants, and other linear ones."""

    def __init__(self, estimator):
        super().__init__(estimator)
        expect_one_label(estimator)

    def vjp(self, X):
        coef = self.estimator.coef_
        coef = coef.toarray() if hasattr(coef, "toarray") else np.atleast_2d(coef)
        decisions = self._array(X) @ coef.T + self.estimator.intercept_
        scores, through = class_scores(decisions)
        return scores, chain(pull_by(lambda values: values @ coef), through)


@adapts(SGDClassifier)
class _SGD(_Linear):
    """Its probabilities are those of one class against the rest, made to add up to one."""

    def log_proba(self, X):
        if not hasattr(self.estimator, "predict_proba"):
            return super().log_proba(X)
        expect(self.estimator, "loss", self.estimator.loss, "log_loss")
        if len(self.estimator.classes_) == 2:
            return super().log_proba(X)
        return one_against_rest(*self.vjp(X))


def one_against_rest(logits, pull):
    """Log probabilities from one logit per class: logistic functions, divided by their sum.

    `pull` is the pullback of the logits, of shape (n_samples, n_classes).
    """
    log_proba, through = log_softmax_and_pull(log_expit(logits))
    return log_proba, lambda cotangent: pull(through(cotangent).times_exp(log_expit(-logits)))
