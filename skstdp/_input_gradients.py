"""What an attack needs of an estimator, from our networks and from a few others.

That is an object with four methods:

_rates(X) : checked X as the decision sees it, in [0, 1].
_predict_rates(rates) : class labels.
_margin_and_gradient(rates, y) : margins of shape (n_samples,), negative only where the decision
    is not y, and in the shape of `rates` a positive multiple of the gradient of each.
_margin_gradient(rates, y) : the gradient alone.
"""

import numpy as np
import pandas as pd
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC
from sklearn.utils.validation import check_is_fitted, validate_data


def attackable(estimator, X):
    """The object that an attack needs, and the rates of X that it sees.

    Parameters
    ----------
    estimator : estimator
        An STDPClassifier, a BPClassifier or one that `_ADAPTERS` names, alone, as the last step
        of a Pipeline, or in a fitted search.
    X : array-like of shape (n_samples, n_features)
        Samples as the estimator takes them.

    Returns
    -------
    network : object
        As in the module.
    rates : ndarray of shape (n_samples, n_rates)

    Raises
    ------
    TypeError
        If the estimator is of another type.
    ValueError
        If it is set up in a way that has no gradient here, or its X is not in [0, 1].
    """
    if hasattr(estimator, "best_estimator_"):
        return attackable(estimator.best_estimator_, X)
    if isinstance(estimator, Pipeline):
        check_is_fitted(estimator)
        if len(estimator) > 1:
            X = estimator[:-1].transform(X)
        return attackable(estimator[-1], X)
    if not hasattr(estimator, "_margin_and_gradient"):
        for kind, adapter in _ADAPTERS.items():
            if isinstance(estimator, kind):
                check_is_fitted(estimator)
                estimator = adapter(estimator)
                break
        else:
            others = ", ".join(kind.__name__ for kind in _ADAPTERS)
            raise TypeError(
                f"Got an estimator of type {type(estimator).__name__}, but an attack expected an "
                f"STDPClassifier or a BPClassifier (or one of {others}), alone, as the last step "
                "of a Pipeline, or in a fitted search."
            )
    return estimator, estimator._rates(X)


def _expect(estimator, name, value, expected):
    if value != expected:
        raise ValueError(
            f"Got {name}={value!r} in {type(estimator).__name__}, but an attack on it expected "
            f"{expected!r}."
        )


class _Adapter:
    """A fitted estimator of scikit-learn; subclasses know its scores and their gradient."""

    def __init__(self, estimator):
        self.estimator = estimator

    def _rates(self, X):
        X = validate_data(self.estimator, X, dtype=[np.float64, np.float32], reset=False)
        if X.min() < 0 or X.max() > 1:
            raise ValueError(
                f"Got values from {X.min():.6g} to {X.max():.6g} at the input of "
                f"{type(self.estimator).__name__}, but an attack on it expected them in [0, 1]. "
                "Put a MinMaxScaler(clip=True) before it."
            )
        return X

    def _predict_rates(self, rates):
        names = getattr(self.estimator, "feature_names_in_", None)
        return self.estimator.predict(
            rates if names is None else pd.DataFrame(rates, columns=names)
        )

    def _margin_and_gradient(self, rates, y):
        classes = self.estimator.classes_
        unknown = np.setdiff1d(y, classes)
        if len(unknown):
            raise ValueError(
                f"Got the labels {unknown} in y, but expected only the classes {classes}."
            )
        scores, gradient_between = self._scores(rates.astype(np.float64, copy=False))
        rows, index = np.arange(len(y)), np.searchsorted(classes, y)
        others = scores.copy()
        others[rows, index] = -np.inf
        rival = others.argmax(axis=1)
        margins = scores[rows, index] - others[rows, rival]
        # Scores that are only related to the decision must not call a row wrong that is right.
        right = self._predict_rates(rates) == y
        nothing = np.finfo(margins.dtype).tiny
        margins = np.where(right, np.maximum(margins, 0), np.minimum(margins, -nothing))
        return margins, gradient_between(index, rival).astype(rates.dtype, copy=False)

    def _margin_gradient(self, rates, y):
        return self._margin_and_gradient(rates, y)[1]


class _NearestCentroid(_Adapter):
    """Scores are minus the squared distances, of which the square of the row cancels."""

    def __init__(self, estimator):
        _expect(estimator, "metric", estimator.metric, "euclidean")
        if not np.allclose(estimator.class_prior_, estimator.class_prior_[0]):
            _expect(estimator, "priors", estimator.priors, "uniform")
        super().__init__(estimator)

    def _scores(self, rates):
        centroids = self.estimator.centroids_

        def gradient_between(true, rival):
            return 2 * (centroids[true] - centroids[rival])

        return 2 * rates @ centroids.T - (centroids**2).sum(axis=1), gradient_between


class _RBFSupportVectors(_Adapter):
    """Scores are those of `decision_function_shape="ovr"`: votes, and how sure they are.

    The votes are constant almost everywhere. The gradient is that of the rest.
    """

    def __init__(self, estimator):
        _expect(estimator, "kernel", estimator.kernel, "rbf")
        super().__init__(estimator)
        n_classes = len(estimator.classes_)
        self._vectors, dual = estimator.support_vectors_, estimator.dual_coef_
        # One column for each pair of classes, positive for the first of the two. Row j - 1 of
        # dual_coef_ holds what the vectors of class i < j count against j, and row i the reverse.
        self._pairs = np.array([(i, j) for i in range(n_classes) for j in range(i + 1, n_classes)])
        owner = np.repeat(np.arange(n_classes), estimator.n_support_)
        self._weights = np.zeros((len(owner), len(self._pairs)))
        for column, (i, j) in enumerate(self._pairs):
            self._weights[owner == i, column] = dual[j - 1, owner == i]
            self._weights[owner == j, column] = dual[i, owner == j]
        self._biases = estimator.intercept_
        if n_classes == 2:
            # scikit-learn turns the sign of this case, to be positive for the second class.
            self._weights, self._biases = -self._weights, -self._biases
        # What each pair adds to the certainty of each class.
        self._signs = np.zeros((len(self._pairs), n_classes))
        self._signs[np.arange(len(self._pairs)), self._pairs[:, 0]] = 1
        self._signs[np.arange(len(self._pairs)), self._pairs[:, 1]] = -1

    def _scores(self, rates):
        gamma = self.estimator._gamma
        exponents = -gamma * euclidean_distances(rates, self._vectors, squared=True)
        decisions = np.exp(exponents) @ self._weights + self._biases
        certainty = decisions @ self._signs
        slopes = 1 / (3 * (np.abs(certainty) + 1) ** 2)
        # Half a vote for one and against the other: only differences between classes count.
        votes = np.where(decisions >= 0, 0.5, -0.5) @ self._signs

        def gradient_between(true, rival):
            rows = np.arange(len(rates))
            by_class = np.zeros_like(certainty)
            by_class[rows, true] = slopes[rows, true]
            by_class[rows, rival] = -slopes[rows, rival]
            # The nearest vector counts as one, so that none far away round to zero all together.
            nearness = np.exp(exponents - exponents.max(axis=1, keepdims=True))
            pull = nearness * (by_class @ self._signs.T @ self._weights.T)
            return 2 * gamma * (pull @ self._vectors - pull.sum(axis=1, keepdims=True) * rates)

        return votes + certainty / (3 * (np.abs(certainty) + 1)), gradient_between


class _NearestNeighbours(_Adapter):
    """Score of a class: minus the mean squared distance to the nearest samples of it.

    As many as make a majority of the neighbours that vote. The gradient points away from those
    of the other class and towards those of the true one.
    """

    def __init__(self, estimator):
        _expect(estimator, "metric", estimator.effective_metric_, "euclidean")
        super().__init__(estimator)
        self._samples = [
            estimator._fit_X[estimator._y == index].astype(np.float64, copy=False)
            for index in range(len(estimator.classes_))
        ]
        self._majority = estimator.n_neighbors // 2 + 1

    def _scores(self, rates):
        scores, centres = [], []
        for samples in self._samples:
            distances = euclidean_distances(rates, samples, squared=True)
            n = min(self._majority, len(samples))
            nearest = np.argpartition(distances, n - 1, axis=1)[:, :n]
            scores.append(-np.take_along_axis(distances, nearest, axis=1).mean(axis=1))
            centres.append(samples[nearest].mean(axis=1))
        centres = np.array(centres)

        def gradient_between(true, rival):
            rows = np.arange(len(rates))
            return 2 * (centres[true, rows] - centres[rival, rows])

        return np.column_stack(scores), gradient_between


_ADAPTERS = {
    KNeighborsClassifier: _NearestNeighbours,
    NearestCentroid: _NearestCentroid,
    SVC: _RBFSupportVectors,
}
