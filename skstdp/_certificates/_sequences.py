"""A fitted classifier as a sequence of layers, from its input, or its rates, to class scores."""

import numpy as np
from sklearn.feature_selection import SelectorMixin
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model._base import LinearClassifierMixin
from sklearn.model_selection._search import BaseSearchCV
from sklearn.neighbors import NearestCentroid
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline

from .._input_gradients import adapter_of
from .._input_gradients._adapter import best_of, entry_for, expect
from .._input_gradients._pipelines import steps_of
from .._input_gradients._transformers import _LINEAR_MAPS, _SCALERS, dense
from .._networks._sigmoid import SigmoidMLP
from .._utils._frames import with_feature_names
from ._layers import Affine, Logistic, PiecewiseLinear, Relu, SquaredDistances

_CLASSIFIERS = {}
_TRANSFORMERS = {}


def is_sequence_of(*kinds, transform=False):
    """Enter the decorated function in the table, for these types of estimators.

    It takes a fitted estimator to a list of layers, of its class scores or with `transform` of its
    output.
    """

    def enter(make):
        table = _TRANSFORMERS if transform else _CLASSIFIERS
        table.update(dict.fromkeys(kinds, make))
        return make

    return enter


def layers_of(estimator, *, transform=False, of_rates=False):
    """Layers of a fitted estimator, a list.

    `of_rates` is for our networks: layers from the rates of the features.

    Raises
    ------
    TypeError
        If the estimator, or a step of it, is of a type that is no such sequence.
    ValueError
        If it is set up in a way that is none.
    """
    make = entry_for(_TRANSFORMERS if transform else _CLASSIFIERS, estimator)
    if make is None and hasattr(estimator, "best_estimator_"):
        return layers_of(estimator.best_estimator_, transform=transform)
    if make is None:
        raise no_certificate(estimator)
    if not transform:
        # Refuses what it refuses, such as several labels per sample.
        adapter_of(estimator)
    return make(estimator, of_rates=True) if of_rates else make(estimator)


def no_certificate(estimator):
    """The TypeError for an estimator without certificate."""
    return TypeError(
        f"Got an estimator of type {type(estimator).__name__}, but a certificate expected "
        "STDPClassifier, BPClassifier, LocalRuleClassifier, TargetPropagationClassifier, "
        "MLPClassifier, a linear classifier or NearestCentroid, alone, or in searches and "
        "pipelines after scalers, linear maps such as PCA, and selectors. With "
        "space='model' the last step of a pipeline counts alone."
    )


def _two_scores(layers):
    """Layers that end with one score per class: of a single one, minus and plus a half."""
    if len(layers[-1].offset) > 1:
        return layers
    return [*layers, Affine(np.array([[-0.5, 0.5]]), np.zeros(2))]


def _dense_layers(coefs, intercepts, activation):
    """Layers of a multilayer perceptron."""
    layers = []
    for coef, intercept in zip(coefs, intercepts, strict=True):
        affine = Affine.of(coef, intercept)
        if not layers or activation == "identity":
            layers.append(affine)
        elif activation == "relu":
            layers += [Relu(), affine]
        elif activation == "logistic":
            layers += [Logistic(), affine]
        else:
            # tanh(z) = 2 s(2 z) - 1
            before = layers.pop()
            layers += [
                Affine(2 * before.matrix, 2 * before.offset, before.eps),
                Logistic(),
                Affine(2 * affine.matrix, affine.offset - affine.matrix.sum(axis=0), affine.eps),
            ]
    return layers


@is_sequence_of(MLPClassifier)
def _mlp(estimator):
    return _two_scores(
        _dense_layers(estimator.coefs_, estimator.intercepts_, estimator.activation)
    )


@is_sequence_of(SigmoidMLP)
def _network(estimator, *, of_rates=False):
    layers = _dense_layers(estimator.coefs_, estimator.intercepts_, "logistic")
    return _two_scores([*_code(estimator, of_rates), *layers])


@is_sequence_of(SigmoidMLP, transform=True)
def _hidden_rates(estimator):
    layers = _dense_layers(estimator.coefs_, estimator.intercepts_, "logistic")
    return [*_code(estimator, False), *layers[:-1]]


def _code(estimator, of_rates):
    """Layers from features to the rates of the input units."""
    fields, encoder = estimator._fields(), estimator.encoder_
    features, n_steps, _ = fields.steps
    if not len(features):
        n_steps = np.ones(estimator.n_features_in_, dtype=int)
        features = np.arange(estimator.n_features_in_)
    inputs = features if fields.n_inputs == len(features) else np.tile(features, 2)
    within = of_rates or encoder is None
    if within and not fields.ranked and (n_steps == 1).all():
        if fields.n_inputs == len(features):
            return []
        on = np.eye(estimator.n_features_in_)[:, features]
        return [Affine(np.hstack([on, -on]), np.repeat([0.0, 1.0], len(features)))]
    nodes = _rate_nodes(estimator.n_features_in_, features, n_steps, fields.knots)
    values = fields.encode(nodes)
    if not within:
        nodes = (nodes - encoder.min_) / encoder.scale_
    return [PiecewiseLinear(nodes, values, inputs)]


def _rate_nodes(n_features, features, n_steps, knots):
    """Rates at which the slope of some input unit changes, (n_nodes, n_features)."""
    of_features = []
    counts = np.zeros(n_features, dtype=int)
    counts[features] = n_steps
    for feature, count in enumerate(counts):
        edges = np.arange(count + 1) / count
        nodes = [0.0, 1.0]
        if knots.shape[1]:
            rates, ranks = knots[:, :, feature]
            rates, distinct = np.unique(rates, return_index=True)
            nodes += [*rates, *np.interp(edges, ranks[distinct], rates)]
        else:
            nodes += [*edges]
        of_features.append(np.unique(np.clip(nodes, 0, 1)))
    most = max(map(len, of_features))
    return np.stack([np.pad(nodes, (0, most - len(nodes)), "edge") for nodes in of_features], 1)


@is_sequence_of(LinearClassifierMixin)
def _linear(estimator):
    return _two_scores([Affine.of(np.atleast_2d(dense(estimator.coef_)).T, estimator.intercept_)])


@is_sequence_of(NearestCentroid)
def _nearest_centroid(estimator):
    centroids = estimator.centroids_
    return [SquaredDistances.of(2 * centroids.T, -(centroids.astype(np.float64) ** 2).sum(axis=1))]


is_sequence_of(BaseSearchCV)(lambda search: layers_of(best_of(search)))
is_sequence_of(FrozenEstimator)(lambda frozen: layers_of(frozen.estimator))
is_sequence_of(FrozenEstimator, transform=True)(
    lambda frozen: layers_of(frozen.estimator, transform=True)
)


def _of_steps(pipeline, *, transform):
    earlier, last = steps_of(pipeline)
    layers = [layer for _, step in earlier for layer in _of_transformer(step)]
    return layers + (_of_transformer(last) if transform else layers_of(last))


def _of_transformer(step):
    passes = step is None or isinstance(step, str)
    return [] if passes else layers_of(step, transform=True)


is_sequence_of(Pipeline)(lambda pipeline: _of_steps(pipeline, transform=False))
is_sequence_of(Pipeline, transform=True)(lambda pipeline: _of_steps(pipeline, transform=True))


@is_sequence_of(*_SCALERS, transform=True)
def _scaler(scaler):
    factor, clipped_to = entry_for(_SCALERS, scaler)(scaler)
    n_features = scaler.n_features_in_
    factor = np.broadcast_to(np.asarray(factor, dtype=np.float64), n_features)
    # Zero comes from what is subtracted, on which rounding errors depend.
    zero = scaler.inverse_transform(np.zeros((1, n_features)))[0]
    layers = [Affine(np.eye(n_features), -zero), Affine(np.diag(factor), np.zeros(n_features))]
    if clipped_to is not None:
        ends = np.tile(np.reshape(clipped_to, (2, 1)).astype(np.float64), n_features)
        layers.append(PiecewiseLinear(ends, ends, np.arange(n_features)))
    return layers


@is_sequence_of(*_LINEAR_MAPS, transform=True)
def _linear_map(estimator):
    matrix = np.asarray(entry_for(_LINEAR_MAPS, estimator)(estimator)).T
    mean = getattr(estimator, "mean_", getattr(estimator, "xbar_", None))
    mean = np.zeros(len(matrix)) if mean is None else np.asarray(mean, dtype=np.float64)
    row = with_feature_names(mean[np.newaxis], estimator)
    at_mean = np.asarray(dense(estimator.transform(row)))[0]
    return [Affine(np.eye(len(matrix)), -mean), Affine.of(matrix, at_mean)]


@is_sequence_of(SelectorMixin, transform=True)
def _selector(selector):
    chosen = selector.get_support()
    return [Affine.of(np.eye(len(chosen))[:, chosen], np.zeros(chosen.sum()))]


@is_sequence_of(SimpleImputer, transform=True)
def _imputer(imputer):
    expect(imputer, "add_indicator", imputer.add_indicator, False)
    expect(imputer, "keep_empty_features", imputer.keep_empty_features, False)
    kept = ~np.isnan(imputer.statistics_.astype(np.float64))
    return [Affine.of(np.eye(len(kept))[:, kept], np.zeros(kept.sum()))]
