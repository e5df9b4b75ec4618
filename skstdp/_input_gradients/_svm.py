"""Support vector machines with the kernels that have a gradient."""

from itertools import combinations

import numpy as np
from scipy.special import log_expit
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.svm import SVC, NuSVC

from ._adapter import Adapter, adapts, expect
from ._decisions import class_scores
from ._scaled_rows import chain, pull_by
from ._votes import scores_of_pairs


def _linear(svm, X, temperature):
    vectors = svm.support_vectors_
    return X @ vectors.T, pull_by(lambda values: values @ vectors)


def _poly(svm, X, temperature):
    vectors, gamma, degree = svm.support_vectors_, svm._gamma, svm.degree
    base = gamma * X @ vectors.T + svm.coef0
    slopes = gamma * degree * base ** (degree - 1)
    return base**degree, pull_by(lambda values: values * slopes @ vectors)


def _sigmoid(svm, X, temperature):
    vectors, gamma = svm.support_vectors_, svm._gamma
    base = gamma * X @ vectors.T + svm.coef0
    # The slope of tanh is 4 times that of the logistic function of twice the argument.
    softened = 2 * base / temperature
    log_slopes = np.log(4 * gamma) + log_expit(softened) + log_expit(-softened)
    return np.tanh(base), chain(
        pull_by(lambda values: values @ vectors), lambda cotangent: cotangent.times_exp(log_slopes)
    )


def _rbf(svm, X, temperature):
    vectors, gamma = svm.support_vectors_, svm._gamma
    exponents = -gamma * euclidean_distances(X, vectors, squared=True)

    def gradient(values):
        return 2 * gamma * (values @ vectors - values.sum(axis=1, keepdims=True) * X)

    # Vectors so far away that their kernels round to zero all together still count.
    return np.exp(exponents), chain(
        pull_by(gradient), lambda cotangent: cotangent.times_exp(exponents / temperature)
    )


_KERNELS = {"linear": _linear, "poly": _poly, "rbf": _rbf, "sigmoid": _sigmoid}


@adapts(SVC, NuSVC)
class SupportVectors(Adapter):
    """Scores are those of `decision_function_shape="ovr"`: votes, and how sure they are."""

    # Of classes with equally many votes, predict takes the first.
    decides = False
    # Probabilities have a fit of their own.
    scores_are_logits = False

    def __init__(self, estimator):
        super().__init__(estimator)
        expect(estimator, "kernel", estimator.kernel, *_KERNELS)
        self.saturates = estimator.kernel in ("rbf", "sigmoid")
        n_classes = len(estimator.classes_)
        self.scores_are_decisions = n_classes == 2 or estimator.decision_function_shape == "ovr"
        dual = estimator.dual_coef_
        # One column per pair of classes, positive for the first of the two. Row j - 1 of
        # dual_coef_ holds the coefficients of class i < j against j, and row i the reverse.
        pairs = list(combinations(range(n_classes), 2))
        owner = np.repeat(np.arange(n_classes), estimator.n_support_)
        self._weights = np.zeros((len(owner), len(pairs)))
        for column, (i, j) in enumerate(pairs):
            self._weights[owner == i, column] = dual[j - 1, owner == i]
            self._weights[owner == j, column] = dual[i, owner == j]
        self._biases = estimator.intercept_
        if n_classes == 2:
            # scikit-learn turns the sign of this case, to be positive for the second class.
            self._weights, self._biases = -self._weights, -self._biases

    def pair_decisions(self, X):
        """One decision per pair of classes, positive for the first, and their pullback."""
        kernel_of = _KERNELS[self.estimator.kernel]
        kernel, pull = kernel_of(self.estimator, self._array(X), self.temperature)
        weights = self._weights
        return kernel @ weights + self._biases, chain(
            pull, pull_by(lambda values: values @ weights.T)
        )

    def vjp(self, X):
        """Class scores, and their pullback."""
        decisions, pull = self.pair_decisions(X)
        if decisions.shape[1] == 1:
            scores, through = class_scores(-decisions)
        else:
            scores, through = scores_of_pairs(decisions < 0, -decisions)
        return scores, chain(pull, pull_by(np.negative), through)
