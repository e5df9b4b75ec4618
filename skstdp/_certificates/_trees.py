"""Certificates of trees: exact for one, and for several as far as splits of the ball prove it."""

from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier

from .._attacks._tree_attacks import distance_bounds
from .._attacks._tree_search import leaf_search, margins
from .._attacks._tree_splits import decide
from .._input_gradients._fitted_trees import trees_of
from ._certificate import certifies

# Most splits of the ball of one sample.
_N_SPLITS = 50


@certifies(
    AdaBoostClassifier,
    BaggingClassifier,
    DecisionTreeClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
def tree_bounds(estimator, ball, points, y, n_splits=_N_SPLITS):
    """Lower bounds of the margins of trees, as `certifies` says."""
    trees = trees_of(estimator, points.dtype)
    if trees is None:
        raise TypeError(
            f"Got an estimator of type {type(estimator).__name__}, but a certificate expected a "
            "sum of decision trees with one label per sample, without splits by categories and "
            "without another estimator to begin with."
        )
    if len(trees.first) == 1:
        return distance_bounds(trees, points, y, ball)
    # What a quick search makes wrong needs no proof.
    found = leaf_search(trees, points, y, ball, 1, 0)
    fooled = margins(trees.scores_at(found), y) < -trees.rounding
    _, bounds = decide(trees, points, y, ball, n_splits, skipped=fooled)
    return bounds
