"""Pipelines, column transformers, unions, searches: estimators that only pass things on."""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import _safe_indexing

from ._adapter import Adapter, adapter_of, adapts, best_of
from ._encoded_columns import columns_of
from ._pipelines import steps_of
from ._scaled_rows import ScaledRows, add_rows
from ._transformers import dense


@adapts(BaseSearchCV)
def _search(search):
    return adapter_of(best_of(search))


@adapts(FrozenEstimator)
def _frozen(frozen):
    return adapter_of(frozen.estimator)


@adapts(FrozenEstimator, transform=True)
def _frozen_transformer(frozen):
    return adapter_of(frozen.estimator, transform=True)


class _PassThrough(Adapter):
    """What stands for a transformer that is given as "passthrough"."""

    def __init__(self):
        """There is nothing to wrap."""

    def forward(self, X):
        """X itself."""
        return X, lambda cotangent: cotangent

    def box_before(self, box):
        """The box itself."""
        return box


def _step(transformer):
    """Adapter of a transformer in a pipeline or beside others."""
    if transformer is None or isinstance(transformer, str):
        return _PassThrough()
    return adapter_of(transformer, transform=True)


class _Chain(Adapter):
    """Steps one after the other: the way back goes through them in reverse."""

    def __init__(self, estimator, *, transform):
        super().__init__(estimator)
        earlier, last = steps_of(estimator)
        self._earlier = [_step(step) for _, step in earlier]
        self._last = _step(last) if transform else adapter_of(last)
        self.decides = self._last.decides
        self.box = self._before_earlier(self._last.box)

    def _before_earlier(self, box):
        for step in reversed(self._earlier):
            box = step.box_before(box)
        return box

    def box_before(self, box):
        """Through all steps in reverse."""
        return self._before_earlier(self._last.box_before(box))

    def forward(self, X):
        """What the last step makes of X, and the way back."""
        return self._chained(X, self._last.forward)

    def log_proba(self, X):
        """Logarithms of `predict_proba` of the last step."""
        return self._chained(X, self._last.log_proba)

    def decision(self, X):
        """Values of `decision_function` of the last step."""
        return self._chained(X, self._last.decision)

    def _chained(self, X, last):
        backs = []
        for step in [*[step.forward for step in self._earlier], last]:
            X, back = step(X)
            backs.append(back)

        def pull(cotangent):
            for back in reversed(backs):
                cotangent = back(cotangent)
            return cotangent

        return X, pull


@adapts(Pipeline)
def _pipeline(pipeline):
    return _Chain(pipeline, transform=False)


@adapts(Pipeline, transform=True)
def _pipeline_of_transformers(pipeline):
    return _Chain(pipeline, transform=True)


class _SideBySide(Adapter):
    """Transformers whose outputs stand side by side."""

    def forward(self, X):
        """All outputs, and the sum of the ways back."""
        shape = X.shape
        output = dense(self.estimator.transform(X))
        branches = list(self._branches(X))

        def pull(cotangent):
            parts = [ScaledRows.of(np.zeros(shape))]
            for columns, outputs, weight, back in branches:
                part = back(
                    cotangent.through(lambda values, o=outputs, w=weight: w * values[:, o])
                )

                def scatter(values, columns=columns):
                    gradient = np.zeros(shape)
                    gradient[:, columns] = values
                    return gradient

                parts.append(part.through(scatter))
            return add_rows(parts)

        return output, pull


@adapts(ColumnTransformer, transform=True)
class _Columns(_SideBySide):
    def __init__(self, estimator):
        super().__init__(estimator)
        weights = estimator.transformer_weights or {}
        self._parts = []
        for name, transformer, _ in estimator.transformers_:
            outputs = estimator.output_indices_[name]
            if outputs.start < outputs.stop:
                self._parts.append((name, outputs, weights.get(name, 1), _step(transformer)))

    def _branches(self, X):
        for name, outputs, weight, adapter in self._parts:
            columns = columns_of(self.estimator, name, X)
            _, back = adapter.forward(_safe_indexing(X, columns, axis=1))
            yield columns, outputs, weight, back


@adapts(FeatureUnion, transform=True)
class _Union(_SideBySide):
    def __init__(self, estimator):
        super().__init__(estimator)
        weights = estimator.transformer_weights or {}
        self._parts = [
            (weights.get(name, 1), _step(transformer))
            for name, transformer in estimator.transformer_list
            if transformer != "drop"
        ]

    def _branches(self, X):
        start = 0
        for weight, adapter in self._parts:
            output, back = adapter.forward(X)
            stop = start + output.shape[1]
            yield slice(None), slice(start, stop), weight, back
            start = stop
