"""Fitted trees of scikit-learn, and ensembles whose scores are sums over trees, as arrays."""

import numpy as np
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.validation import check_is_fitted

from .._attacks._trees import Trees
from .._utils._frames import with_feature_names
from ._adapter import best_of, entry_for
from ._pipelines import steps_of


class _Unknown(Exception):
    """An estimator that is not made of trees as they are read here."""


def trees_of(estimator, dtype):
    """Trees whose summed scores decide as a fitted classifier does, or None.

    Those are decision trees and extra trees, forests and bagging of them, gradient boosting with
    and without histograms, and AdaBoost; searches, frozen estimators and pipelines in which only
    the last step acts on X. There are none for trees of several outputs, for splits by category,
    and for boosting that begins with another estimator.

    Parameters
    ----------
    estimator : classifier
    dtype : dtype
        Of the points that are to be compared with thresholds.

    Returns
    -------
    trees : Trees or None
        With one score per class. The class of the largest is that of `predict`, ties apart.
    """
    check_is_fitted(estimator)
    try:
        if isinstance(estimator, BaseSearchCV):
            return trees_of(best_of(estimator), dtype)
        if isinstance(estimator, FrozenEstimator):
            return trees_of(estimator.estimator, dtype)
        if isinstance(estimator, Pipeline):
            earlier, last = steps_of(estimator)
            return None if earlier else trees_of(last, dtype)
        read = entry_for(_READERS, estimator)
        return None if read is None else read(estimator, np.dtype(dtype))
    except _Unknown:
        return None


def last_to_the_left(threshold, dtype, seen):
    """Largest values of a dtype that, cast to the dtype `seen`, are at most a threshold."""
    dtype, seen = np.dtype(dtype), np.dtype(seen)
    with np.errstate(over="ignore"):
        last = threshold.astype(seen)
        last = np.where(last > threshold, np.nextafter(last, seen.type(-np.inf)), last)
        if np.can_cast(dtype, seen):
            value = last.astype(dtype)
        else:
            # Values round to the nearest, and from the middle between two to the even one.
            following = np.nextafter(last, seen.type(np.inf)).astype(dtype)
            value = last / dtype.type(2) + following / dtype.type(2)
        return np.where(value.astype(seen) > last, np.nextafter(value, dtype.type(-np.inf)), value)


def _check(holds):
    if not holds:
        raise _Unknown


def _member(tree, scores, dtype, features=None):
    """One of scikit-learn's trees, in the form of a member of Trees."""
    # At leaves it is negative.
    feature = np.maximum(tree.feature, 0)
    feature = feature if features is None else features[feature]
    threshold = last_to_the_left(tree.threshold, dtype, np.float32)
    return tree.children_left, tree.children_right, feature, threshold, scores


def _probabilities(estimator):
    """Trees inside an estimator whose mean of probabilities is its own.

    Yields
    ------
    tree : Tree
    scores : ndarray of shape (n_nodes, n_classes)
        With the share that the tree has in the mean.
    features : ndarray of int
        Position in X of each feature of the tree.
    """
    if isinstance(estimator, DecisionTreeClassifier):
        _check(estimator.n_outputs_ == 1)
        yield estimator.tree_, estimator.tree_.value[:, 0], np.arange(estimator.n_features_in_)
    elif isinstance(estimator, RandomForestClassifier | ExtraTreesClassifier):
        _check(estimator.n_outputs_ == 1)
        for member in estimator.estimators_:
            for tree, scores, features in _probabilities(member):
                yield tree, scores / len(estimator.estimators_), features
    elif isinstance(estimator, BaggingClassifier):
        members = zip(estimator.estimators_, estimator.estimators_features_, strict=True)
        for member, chosen in members:
            # A resample may have missed a class.
            places = np.asarray(member.classes_, dtype=int)
            for tree, scores, features in _probabilities(member):
                spread = np.zeros((len(scores), len(estimator.classes_)))
                spread[:, places] = scores / len(estimator.estimators_)
                yield tree, spread, np.asarray(chosen)[features]
    else:
        raise _Unknown


def _by_probabilities(estimator, dtype):
    members = [
        _member(tree, scores, dtype, features)
        for tree, scores, features in _probabilities(estimator)
    ]
    return Trees(members)


def _by_votes(estimator, dtype):
    """AdaBoost: each tree votes for a class with its weight."""
    n_classes = len(estimator.classes_)
    members = []
    for member, weight in zip(estimator.estimators_, estimator.estimator_weights_, strict=False):
        _check(isinstance(member, DecisionTreeClassifier))
        places = np.searchsorted(estimator.classes_, member.classes_)
        votes = np.eye(n_classes)[places[member.tree_.value[:, 0].argmax(axis=1)]]
        members.append(_member(member.tree_, weight * votes, dtype))
    return Trees(members)


def _by_boosting(estimator, dtype):
    _check(estimator.init is None or estimator.init == "zero")
    members = [
        _member(
            tree.tree_,
            _column(estimator.learning_rate * tree.tree_.value[:, 0, 0], k, estimator.classes_),
            dtype,
        )
        for stage in estimator.estimators_
        for k, tree in enumerate(stage)
    ]
    return _with_offset(estimator, members, dtype)


def _by_histograms(estimator, dtype):
    _check(estimator._preprocessor is None)
    members = []
    for stage in estimator._predictors:
        for k, predictor in enumerate(stage):
            nodes = predictor.nodes
            threshold = last_to_the_left(nodes["num_threshold"], dtype, np.float64)
            left = np.where(nodes["is_leaf"], -1, nodes["left"].astype(np.intp))
            right = nodes["right"].astype(np.intp)
            scores = _column(nodes["value"], k, estimator.classes_)
            members.append((left, right, nodes["feature_idx"].astype(np.intp), threshold, scores))
    return _with_offset(estimator, members, dtype)


def _column(values, k, classes):
    """Scores of one class; with two classes, of the second."""
    scores = np.zeros((len(values), len(classes)))
    scores[:, 1 if len(classes) == 2 else k] = values
    return scores


def _with_offset(estimator, members, dtype):
    """Trees with the scores that boosting begins with: what its decisions have besides them."""
    origin = np.zeros((1, estimator.n_features_in_), dtype=dtype)
    scores = Trees(members).scores_at(origin)[0]
    decision = estimator.decision_function(with_feature_names(origin, estimator)).ravel()
    if len(scores) == 2:
        decision = np.append(0, decision)
    return Trees(members, decision - scores)


# DecisionTreeClassifier is a base of ExtraTreeClassifier.
_READERS = {
    AdaBoostClassifier: _by_votes,
    BaggingClassifier: _by_probabilities,
    DecisionTreeClassifier: _by_probabilities,
    ExtraTreesClassifier: _by_probabilities,
    GradientBoostingClassifier: _by_boosting,
    HistGradientBoostingClassifier: _by_histograms,
    RandomForestClassifier: _by_probabilities,
}
