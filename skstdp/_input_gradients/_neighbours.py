"""Nearest centroids and nearest neighbours."""

import numpy as np
from sklearn.metrics.pairwise import euclidean_distances
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid

from ._adapter import Adapter, adapts, expect
from ._scaled_rows import pull_by


@adapts(NearestCentroid)
class _NearestCentroid(Adapter):
    """Scores are minus the squared distances, of which the square of the row cancels."""

    scores_are_decisions = scores_are_logits = False

    def __init__(self, estimator):
        super().__init__(estimator)
        expect(estimator, "metric", estimator.metric, "euclidean")
        if not np.allclose(estimator.class_prior_, estimator.class_prior_[0]):
            expect(estimator, "priors", np.asarray(estimator.priors).tolist(), "uniform")

    def vjp(self, X):
        centroids = self.estimator.centroids_
        scores = 2 * self._array(X) @ centroids.T - (centroids**2).sum(axis=1)
        return scores, pull_by(lambda values: 2 * values @ centroids)


@adapts(KNeighborsClassifier)
class _NearestNeighbours(Adapter):
    """Score of a class: minus the mean squared distance to the nearest samples of it.

    As many as make a majority of the neighbours that vote. The gradient points away from those
    of the other class and towards those of the true one.
    """

    decides = scores_are_decisions = scores_are_logits = False

    def __init__(self, estimator):
        super().__init__(estimator)
        expect(estimator, "metric", estimator.effective_metric_, "euclidean")
        self._samples = [
            estimator._fit_X[estimator._y == index].astype(np.float64, copy=False)
            for index in range(len(estimator.classes_))
        ]
        self._majority = estimator.n_neighbors // 2 + 1

    def vjp(self, X):
        X = self._array(X)
        scores, centres = [], []
        for samples in self._samples:
            distances = euclidean_distances(X, samples, squared=True)
            n = min(self._majority, len(samples))
            nearest = np.argpartition(distances, n - 1, axis=1)[:, :n]
            scores.append(-np.take_along_axis(distances, nearest, axis=1).mean(axis=1))
            centres.append(samples[nearest].mean(axis=1))
        centres = np.array(centres)

        def gradient(values):
            towards = np.einsum("sc,csf->sf", values, centres)
            return 2 * (towards - values.sum(axis=1, keepdims=True) * X)

        return np.column_stack(scores), pull_by(gradient)
