"""Transformers of one kind of column: scalers, linear maps, selections, powers."""

from copy import deepcopy

import numpy as np
import pandas as pd
from scipy import linalg, sparse
from sklearn.decomposition import PCA, FactorAnalysis, FastICA, IncrementalPCA, TruncatedSVD
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_selection import SelectorMixin
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    OrdinalEncoder,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
    TargetEncoder,
)
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

from ._adapter import Adapter, adapts, entry_for, expect, no_gradient
from ._scaled_rows import ScaledRows, chain, pull_by


def as_floats(X):
    """Numbers of an array or a data frame."""
    X = np.asarray(X)
    return X if X.dtype.kind == "f" else X.astype(np.float64)


def dense(X):
    """An array or a data frame instead of a sparse matrix."""
    return X.toarray() if sparse.issparse(X) else X


# What each feature is multiplied by, and the range that it is clipped to.
_SCALERS = {
    MinMaxScaler: lambda scaler: (scaler.scale_, scaler.feature_range if scaler.clip else None),
    MaxAbsScaler: lambda scaler: (1 / scaler.scale_, (-1, 1) if scaler.clip else None),
    StandardScaler: lambda scaler: (1 if scaler.scale_ is None else 1 / scaler.scale_, None),
    RobustScaler: lambda scaler: (1 / scaler.scale_ if scaler.with_scaling else 1, None),
}


def scaler_pull(scaler, X):
    """Pullback of one of scikit-learn's scalers at X, which knows no clipping.

    A value that is clipped has the slope of those inside. An attack that brings it there finds an
    effect that a slope of zero would hide.
    """
    factor, _ = entry_for(_SCALERS, scaler)(scaler)
    factor = np.asarray(factor).astype(as_floats(X).dtype, copy=False)
    return pull_by(lambda gradient: gradient * factor)


def unclipped_by(scaler, unclipped=(-np.inf, np.inf)):
    """Range of X that a scaler, and what comes after it and clips to another, leaves as it is."""
    _, clipped_to = entry_for(_SCALERS, scaler)(scaler)
    (low, high), (least, most) = unclipped, clipped_to or unclipped
    return _before(scaler, (np.maximum(low, least), np.minimum(high, most)))


def _before(scaler, sides):
    """Values that are scaled to two others."""
    factor, _ = entry_for(_SCALERS, scaler)(scaler)
    with np.errstate(over="ignore"):
        zero = scaler.inverse_transform(np.zeros((1, scaler.n_features_in_)))[0]
        return tuple(zero + side / factor for side in sides)


@adapts(*_SCALERS, transform=True)
class _Scaler(Adapter):
    def vjp(self, X):
        # Without a copy it scales X in place.
        given = X if self.estimator.copy else deepcopy(X)
        return self.estimator.transform(given), scaler_pull(self.estimator, X)

    def box_before(self, box):
        # A value that is clipped may be any.
        _, clipped_to = entry_for(_SCALERS, self.estimator)(self.estimator)
        return _before(self.estimator, box) if clipped_to is None else self.box

    def unclipped_before(self, unclipped):
        return unclipped_by(self.estimator, unclipped)


def _pca(pca):
    if not pca.whiten:
        return pca.components_
    scale = np.sqrt(pca.explained_variance_)
    return pca.components_ / np.maximum(scale, np.finfo(scale.dtype).eps)[:, np.newaxis]


def _factor_analysis(model):
    weighted = model.components_ / model.noise_variance_
    return linalg.solve(np.eye(len(weighted)) + weighted @ model.components_.T, weighted)


# Matrices of shape (n_outputs, n_features).
_LINEAR_MAPS = {
    PCA: _pca,
    IncrementalPCA: _pca,
    FactorAnalysis: _factor_analysis,
    FastICA: lambda ica: ica.components_,
    GaussianRandomProjection: lambda projection: projection.components_,
    LinearDiscriminantAnalysis: lambda lda: lda.scalings_[:, : lda._max_components].T,
    SparseRandomProjection: lambda projection: dense(projection.components_),
    TruncatedSVD: lambda svd: svd.components_,
}


@adapts(*_LINEAR_MAPS, transform=True)
class _LinearMap(Adapter):
    def vjp(self, X):
        matrix = entry_for(_LINEAR_MAPS, self.estimator)(self.estimator)
        return dense(self.estimator.transform(X)), pull_by(lambda values: values @ matrix)


def _to_columns(columns, shape):
    """Map from values of some columns to a matrix of all, of which the others are zero."""

    def scatter(values):
        gradient = np.zeros(shape, dtype=values.dtype)
        gradient[:, columns] = values
        return gradient

    return scatter


@adapts(SelectorMixin, transform=True)
class _Selector(Adapter):
    """A part of the columns, by whatever it selects them."""

    def vjp(self, X):
        columns = self.estimator.get_support(indices=True)
        return self.estimator.transform(X), pull_by(_to_columns(columns, X.shape))


@adapts(SimpleImputer, transform=True)
class _Imputer(Adapter):
    """All columns that were not empty in fit; only values that were there have a gradient."""

    def __init__(self, estimator):
        super().__init__(estimator)
        expect(estimator, "add_indicator", estimator.add_indicator, False)

    def vjp(self, X):
        # Text, too, may be completed before it is encoded.
        present = ~pd.isna(np.asarray(X))
        empty = pd.isna(self.estimator.statistics_)
        columns = np.flatnonzero(self.estimator.keep_empty_features | ~empty)
        scatter = _to_columns(columns, present.shape)
        return self.estimator.transform(X), pull_by(lambda values: scatter(values) * present)


def _slopes_of_max(x, z):
    largest = np.abs(x).argmax(axis=1)[:, np.newaxis] == np.arange(x.shape[1])
    return largest * np.sign(x)


# Norm of each row, and its gradient at rows x that are z when divided by it.
_NORMS = {
    "l1": (lambda x: np.abs(x).sum(axis=1), lambda x, z: np.sign(x)),
    "l2": (lambda x: np.sqrt((x**2).sum(axis=1)), lambda x, z: z),
    "max": (lambda x: np.abs(x).max(axis=1), _slopes_of_max),
}


@adapts(Normalizer, transform=True)
class _Normalizer(Adapter):
    def vjp(self, X):
        x = as_floats(X).copy()
        norm_of, slopes_of = _NORMS[self.estimator.norm]
        norm = norm_of(x)[:, np.newaxis]
        norm[norm == 0] = 1
        z = x / norm
        slopes = slopes_of(x, z)
        output = self.estimator.transform(X if self.estimator.copy else x.copy())
        return output, pull_by(
            lambda values: (values - slopes * (z * values).sum(axis=1, keepdims=True)) / norm
        )


@adapts(PolynomialFeatures, transform=True)
class _Powers(Adapter):
    def vjp(self, X):
        x, powers = as_floats(X), self.estimator.powers_

        def gradient(values):
            columns = []
            for feature in range(x.shape[1]):
                power = powers[:, feature]
                with_it = power > 0
                lower = powers[with_it].copy()
                lower[:, feature] -= 1
                slopes = np.ones((len(x), len(lower)))
                for other in range(x.shape[1]):
                    slopes *= x[:, [other]] ** lower[:, other]
                columns.append((values[:, with_it] * slopes * power[with_it]).sum(axis=1))
            return np.column_stack(columns)

        return self.estimator.transform(X), pull_by(gradient)


# Derivatives of functions that cannot carry one themselves.
_DERIVATIVES = {
    None: np.ones_like,
    np.abs: np.sign,
    np.arcsinh: lambda x: 1 / np.sqrt(1 + x**2),
    np.cos: lambda x: -np.sin(x),
    np.exp: np.exp,
    np.expm1: np.exp,
    np.log: np.reciprocal,
    np.log10: lambda x: 1 / (np.log(10) * x),
    np.log1p: lambda x: 1 / (1 + x),
    np.log2: lambda x: 1 / (np.log(2) * x),
    np.sin: np.cos,
    np.sqrt: lambda x: 0.5 / np.sqrt(x),
    np.square: lambda x: 2 * x,
    np.tanh: lambda x: 1 - np.tanh(x) ** 2,
}


@adapts(FunctionTransformer, transform=True)
class _Function(Adapter):
    """A function of each value by itself, whose derivative is in the table or its attribute."""

    def __init__(self, estimator):
        super().__init__(estimator)
        function = estimator.func
        self._derivative = _DERIVATIVES.get(function) or getattr(function, "derivative", None)
        if self._derivative is None or estimator.kw_args:
            raise no_gradient(
                estimator,
                f"func={getattr(function, '__name__', function)!r} (its attribute derivative can "
                "be a function that gives it, value by value)",
            )

    def vjp(self, X):
        if self.estimator.func is None:
            return self.estimator.transform(X), chain()
        slopes = np.asarray(self._derivative(as_floats(X)))
        if slopes.shape != tuple(X.shape):
            raise ValueError(
                f"Got derivatives of shape {slopes.shape} of a FunctionTransformer, but expected "
                f"that of X, {tuple(X.shape)}."
            )
        return dense(self.estimator.transform(X)), pull_by(lambda values: values * slopes)


@adapts(OneHotEncoder, OrdinalEncoder, TargetEncoder, KBinsDiscretizer, transform=True)
class _Categories(Adapter):
    """Codes of categories: there is nothing between two of them, so their columns must stay."""

    def vjp(self, X):
        shape = X.shape
        return dense(self.estimator.transform(X)), lambda cotangent: ScaledRows.of(np.zeros(shape))
