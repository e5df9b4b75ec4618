"""Pipelines, column transformers, unions, searches: estimators that hand X to others."""

from functools import partial

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import _safe_indexing

from ._adapter import Adapter, adapter_of, adapts, best_of
from ._encoded_columns import columns_of
from ._pipelines import steps_of
from ._scaled_rows import ScaledRows, add_rows, chain
from ._transformers import dense

adapts(BaseSearchCV)(lambda search: adapter_of(best_of(search)))
adapts(FrozenEstimator)(lambda frozen: adapter_of(frozen.estimator))
adapts(FrozenEstimator, transform=True)(
    lambda frozen: adapter_of(frozen.estimator, transform=True)
)


class _PassThrough(Adapter):
    """A transformer that is given as "passthrough"."""

    def __init__(self):
        pass

    def vjp(self, X):
        return X, chain()

    def box_before(self, box):
        return box

    def unclipped_before(self, unclipped):
        return unclipped


def _step(transformer):
    """Adapter of a transformer in a pipeline or beside others."""
    if transformer is None or isinstance(transformer, str):
        return _PassThrough()
    return adapter_of(transformer, transform=True)


class _Chain(Adapter):
    """Steps one after the other: pullbacks are applied in reverse."""

    def __init__(self, estimator, *, transform=False):
        super().__init__(estimator)
        earlier, last = steps_of(estimator)
        self._earlier = [_step(step) for _, step in earlier]
        self._last = _step(last) if transform else adapter_of(last)
        self.decides = self._last.decides
        self.box = self._before_earlier("box_before", self._last.box)
        self.unclipped = self._before_earlier("unclipped_before", self._last.unclipped)

    def _before_earlier(self, method, sides):
        for step in reversed(self._earlier):
            sides = getattr(step, method)(sides)
        return sides

    def box_before(self, box):
        return self._before_earlier("box_before", self._last.box_before(box))

    def unclipped_before(self, unclipped):
        return self._before_earlier("unclipped_before", self._last.unclipped_before(unclipped))

    def vjp(self, X):
        return self._through_all(X, self._last.vjp)

    def log_proba(self, X):
        return self._through_all(X, self._last.log_proba)

    def decision(self, X):
        return self._through_all(X, self._last.decision)

    def _through_all(self, X, last):
        pullbacks = []
        for step in [*[step.vjp for step in self._earlier], last]:
            X, pull = step(X)
            pullbacks.append(pull)
        return X, chain(*pullbacks)


adapts(Pipeline)(_Chain)
adapts(Pipeline, transform=True)(partial(_Chain, transform=True))


class _SideBySide(Adapter):
    """Transformers whose outputs stand side by side."""

    def vjp(self, X):
        shape = X.shape
        output = dense(self.estimator.transform(X))
        branches = list(self._branches(X))

        def pull(cotangent):
            parts = [ScaledRows.of(np.zeros(shape))]
            for columns, outputs, weight, pull_branch in branches:
                part = pull_branch(
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
            _, pull = adapter.vjp(_safe_indexing(X, columns, axis=1))
            yield columns, outputs, weight, pull


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
            output, pull = adapter.vjp(X)
            stop = start + output.shape[1]
            yield slice(None), slice(start, stop), weight, pull
            start = stop
