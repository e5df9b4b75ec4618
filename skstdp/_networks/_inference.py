"""Prediction of all networks: rates of X, some at a time, and what the network makes of them."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils.validation import check_is_fitted

from .._attacks._margins import margins_and_cotangent
from .._utils._validation import class_indices
from ._checks import validated_array
from ._encoding import as_dtype, encode
from ._mlp import class_margins, predicted_indices
from ._rows import as_rows, dense

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray


# Rates that are held at a time where all samples are gone through.
_CHUNK = 2**18


def _of_rates(function, dtype, network, X, sample_weight, first_row):
    chunks = network._rate_chunks(X, sample_weight, first_row, dtype)
    return function(network, chunks)


def _exhaust(network, rate_chunks):
    for _ in rate_chunks:
        pass


def _joined(function, network, rate_chunks):
    return np.concatenate([function(network, rates) for rates, _ in rate_chunks])


def _last_hidden_rates(network, rates):
    return network._layer_rates(rates)[-2]


def log_proba(logits):
    """Logarithm of the probability of each class."""
    if logits.shape[1] == 1:
        return log_expit(class_margins(logits))
    return log_softmax(logits, axis=1)


class Inference(
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ClassifierMixin,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """A fitted network: a subclass defines its inputs, its layers, and its scores."""

    _encoding_attributes = (
        "classes_",
        "encoder_",
        "n_features_in_",
        "n_outputs_",
        "receptive_fields_",
    )

    _network_attributes = ("coefs_", "intercepts_")

    @abstractmethod
    def _inputs(self, rates):
        """Rates of the input units."""

    @abstractmethod
    def _layer_rates(self, rates):
        """Rates in [0, 1] of the units of each layer above the inputs."""

    @abstractmethod
    def _scores_and_pullback(self, rates, temperature=1):
        """Scores of the classes, and the way back from them to the rates.

        Parameters
        ----------
        rates : ndarray of shape (n_samples, n_features)
        temperature : float, default=1
            Above 1 the way back takes softer slopes than those of the units, as in
            `_mlp.logits_and_pullback`.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_classes)
            Their softmax is `predict_proba`.
        pullback : callable
            `pullback(cotangent)` takes an array of the shape of `scores` to a pair: an array of
            the shape of `rates` and one of shape (n_samples,). The gradient of the sum of
            `cotangent * scores` is the first, each row times the exponential of the second.
        """

    def _logits(self, rates):
        """Scores of the classes; one column, their difference, for two classes."""
        scores, _ = self._scores_and_pullback(rates)
        return scores[:, 1:] - scores[:, :1] if len(self.classes_) == 2 else scores

    def _class_indices(self, y):
        return class_indices(y, self.classes_)

    def _inference_copy(self):
        """A copy that predicts, without what `fit` changes besides the network, or callbacks."""
        model = type(self)(**self.get_params(deep=False))
        attributes = vars(self)
        names = "feature_names_in_", *self._encoding_attributes, *self._network_attributes
        for name in (*names, "n_layers_"):
            if name in attributes:
                setattr(model, name, attributes[name])
        return model

    def _over_rates(self, function, X, sample_weight=None, dtype=None):
        """Results of a function of rates, one for each place where rows lie.

        The function takes a network, this one or a copy that predicts, and an iterator over pairs
        of rates and weights of some samples at a time, so that they need not be kept.
        """
        return X.map(partial(_of_rates, function, dtype), self, sample_weight)

    def _by_sample(self, function, X):
        """One array of the results of `function(network, rates)`, a row per sample."""
        joined = partial(_joined, function)
        return X.in_order(self._over_rates(joined, X, dtype=self.coefs_[0].dtype))

    def _rate_chunks(self, X, sample_weight=None, first_row=0, dtype=None):
        dtype = X.dtype if dtype is None else dtype
        size = max(1, _CHUNK // X.shape[1])
        for low in range(0, X.shape[0], size):
            rows = slice(low, low + size)
            weight = None if sample_weight is None else sample_weight[rows]
            yield self._encode(as_dtype(dense(X[rows]), dtype), first_row + low), weight

    def _check_rates(self, X):
        """Raise, before any work, where data that are taken as rates are not."""
        if self.encoder_ is None:
            self._over_rates(_exhaust, X)

    def _encode(self, X, first_row=0):
        return encode(X, self.encoder_, getattr(self, "feature_names_in_", None), first_row)

    def _check(self, X):
        check_is_fitted(self)
        (X,) = as_rows(X).validated(self, reset=False)
        return X

    def _checked_array(self, X):
        check_is_fitted(self)
        (X,) = validated_array(self, X, reset=False, accept_sparse=False)
        return X

    def _rates(self, X):
        """Checked and encoded dense X, one rate in [0, 1] per feature."""
        return self._encode(as_dtype(self._checked_array(X), self.coefs_[0].dtype))

    def _logits_of(self, X):
        return self._by_sample(type(self)._logits, X)

    def _predict_rates(self, rates):
        return self.classes_[predicted_indices(self._logits(rates))]

    def _margin_and_gradient(self, rates, y):
        """Margin of the true class, and the direction in rates in which it grows fastest."""
        scores, pullback = self._scores_and_pullback(rates)
        margins, cotangent = margins_and_cotangent(scores, self._class_indices(y))
        return margins, pullback(cotangent)[0]

    def _margin_gradient(self, rates, y):
        return self._margin_and_gradient(rates, y)[1]

    def decision_function(self, X: ArrayLike) -> NDArray:
        """Scores of the classes: logits of the output units, or counts of their spikes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        logits : ndarray of shape (n_samples,) or (n_samples, n_classes)
            With two classes one number, positive for the second class: the logit of a single
            output unit, or the difference of those of two. Logits tell samples apart where the
            rates round to 0 or 1.
        """
        logits = self._logits_of(self._check(X))
        return logits[:, 0] if logits.shape[1] == 1 else logits

    def predict(self, X: ArrayLike) -> NDArray:
        """Class with the most active output unit.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Class labels.
        """
        return self._by_sample(type(self)._predict_rates, self._check(X))

    def predict_proba(self, X: ArrayLike) -> NDArray:
        """Probability of each class.

        The softmax of the scores; of a single output unit, its rate and the complement. Those of
        `BioLeaFClassifier`, and of `STDPClassifier` without `probability_matching`, rank the
        classes but are not calibrated.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`; each row sums to one.
        """
        logits = self._logits_of(self._check(X))
        return expit(class_margins(logits)) if logits.shape[1] == 1 else softmax(logits, axis=1)

    def predict_log_proba(self, X: ArrayLike) -> NDArray:
        """Logarithm of `predict_proba`, finite where a probability rounds to zero.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes)
            Log probabilities in the order of `classes_`.
        """
        return log_proba(self._logits_of(self._check(X)))

    def transform(self, X: ArrayLike) -> Any:
        """Rates of the last hidden layer: what the output units see of the samples.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        rates : ndarray of shape (n_samples, n_units), or what `set_output` asks for
            Rates in [0, 1], of the dtype of the weights; of cells that spike, the share of steps
            in which they do. Without hidden layer, those of the input units.
        """
        X = self._check(X)
        if self.n_layers_ == 2:
            return self._by_sample(type(self)._inputs, X)
        return self._by_sample(_last_hidden_rates, X)

    @property
    def _n_features_out(self):
        return len(self.coefs_[-1])
