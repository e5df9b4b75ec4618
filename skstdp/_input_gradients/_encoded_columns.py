"""Columns of X that some step takes for names of categories, whatever other steps there are."""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectorMixin
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import KBinsDiscretizer, OneHotEncoder, OrdinalEncoder, TargetEncoder
from sklearn.utils import _safe_indexing

from ._pipelines import names_out, steps_of

_ENCODERS = (KBinsDiscretizer, OneHotEncoder, OrdinalEncoder, TargetEncoder)


def encoded_columns(estimator, X):
    """Positions of the columns that an estimator, or a step inside it, encodes.

    Between two codes there is nothing, so an attack must not move them. This looks at what was
    fitted and not at gradients, and so it holds for estimators that have none.

    Parameters
    ----------
    estimator : estimator
        Fitted.
    X : array-like of shape (n_samples, n_features)
        A few samples, which go through the steps of pipelines.

    Returns
    -------
    positions : set of int
        With those of which a step in between makes the columns that are encoded.
    """
    if isinstance(estimator, _ENCODERS):
        return set(range(X.shape[1]))
    if isinstance(estimator, Pipeline):
        return _of_pipeline(estimator, X)
    return {
        int(columns[position])
        for part, columns in _parts(estimator, X)
        for position in encoded_columns(part, _safe_indexing(X, columns, axis=1))
    }


def columns_of(transformer, name, X):
    """Positions in X of the columns that one branch of a fitted ColumnTransformer takes.

    A data frame may have its columns in another order than in fit; ValueError if one is missing.
    """
    columns = np.asarray(transformer._transformer_to_input_indices[name], dtype=int)
    if not (hasattr(X, "columns") and hasattr(transformer, "feature_names_in_")):
        return columns
    names, wanted = list(X.columns), transformer.feature_names_in_[columns].tolist()
    missing = [column for column in wanted if column not in names]
    if missing:
        raise ValueError(
            f"Got X without {', '.join(map(repr, missing))}, but expected all columns that the "
            f"step {name!r} of the ColumnTransformer was fitted to. Add what is missing."
        )
    return np.array([names.index(column) for column in wanted], dtype=int)


def _of_pipeline(pipeline, X):
    # Of each column that a step sees, the columns of X that it is made of.
    found, sources = set(), [{position} for position in range(X.shape[1])]
    transformers, last = steps_of(pipeline)
    for _, step in transformers:
        found |= _union(sources, encoded_columns(step, X))
        transformed = step.transform(X)
        sources = [_union(sources, origins) for origins in _origins(step, X, transformed)]
        X = transformed
    return found | _union(sources, encoded_columns(last, X))


def _union(sets, positions):
    return set().union(*(sets[position] for position in positions))


def _origins(step, X, transformed):
    """Positions in X of the columns that each column of the output of a transformer is made of.

    Where the transformer does not know, as PCA, those are all columns that it sees.
    """
    n_features, n_outputs = X.shape[1], transformed.shape[1]
    everything = set(range(n_features))
    if isinstance(step, ColumnTransformer):
        origins = [everything] * n_outputs
        for name, transformer, _ in step.transformers_:
            outputs = np.arange(n_outputs)[step.output_indices_[name]]
            if len(outputs):
                columns = columns_of(step, name, X)
                sources = [{int(column)} for column in columns]
                if not isinstance(transformer, str):
                    part = _safe_indexing(X, columns, axis=1)
                    output = _safe_indexing(transformed, outputs, axis=1)
                    inside = _origins(transformer, part, output)
                    sources = [_union(sources, positions) for positions in inside]
                for output, source in zip(outputs, sources, strict=True):
                    origins[output] = source
        return origins
    if isinstance(step, SelectorMixin):
        return [{position} for position in step.get_support(indices=True).tolist()]
    if hasattr(X, "columns") and hasattr(transformed, "columns"):
        before, after = list(X.columns), list(transformed.columns)
    else:
        before = list(getattr(step, "feature_names_in_", [f"x{k}" for k in range(n_features)]))
        after = names_out(step) or before
    if len(before) != n_features or len(after) != n_outputs:
        return [everything] * n_outputs
    return [{before.index(name)} if name in before else everything for name in after]


def _parts(estimator, X):
    """Estimators inside another one, each with the positions of the columns that it sees."""
    everything = np.arange(X.shape[1])
    if isinstance(estimator, ColumnTransformer):
        return [
            (transformer, columns_of(estimator, name, X))
            for name, transformer, _ in estimator.transformers_
            if hasattr(transformer, "fit")
        ]
    if isinstance(estimator, SelectorMixin):
        return []
    if hasattr(estimator, "estimators_features_"):
        return list(zip(estimator.estimators_, estimator.estimators_features_, strict=True))
    if isinstance(estimator, FeatureUnion):
        members = [transformer for _, transformer in estimator.transformer_list]
    elif hasattr(estimator, "estimators_"):
        # Pipelines are sequences, too, of which NumPy must not make an array.
        members = estimator.estimators_
        members = members.ravel() if isinstance(members, np.ndarray) else members
    elif hasattr(estimator, "calibrated_classifiers_"):
        members = [member.estimator for member in estimator.calibrated_classifiers_]
    elif isinstance(estimator, FrozenEstimator):
        members = [estimator.estimator]
    else:
        members = [getattr(estimator, name, None) for name in ("best_estimator_", "estimator_")]
    return [(member, everything) for member in members if hasattr(member, "fit")]
