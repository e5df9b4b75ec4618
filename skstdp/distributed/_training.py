"""Batches whose update is the mean of those of their parts.

Updates, and the running win rates of competing units, are means over the samples of a batch, by
weight. So they are the mean, by weight, of those of its parts, each made alone with the weights
before the batch. One task a part makes these where its rows lie, one takes the step, and one takes
from what the next step needs the weights, which travel to the rows.
"""

from copy import copy
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from scipy.sparse import issparse

from .._attacks._gradient import fgsm
from .._networks._training import Training, are_finite
from .._utils._threads import one_blas_thread
from ._cluster import new_key

# What is lost with a worker is computed anew from the last weights that came to this process.
_BATCHES_AT_ONCE = 32


# Tuples, of which Dask knows the size: by it, it decides what to move where.


class _Weights(NamedTuple):
    """Weights before a batch; win rates are those of competing units."""

    params: np.ndarray
    win_rates: np.ndarray


class _State(NamedTuple):
    """State after some batches: moments are those of Adam, sums has one row per batch."""

    weights: _Weights
    moments: tuple
    n_steps: int
    sums: np.ndarray


class _Part(NamedTuple):
    """Result of a part of a batch: means over its samples, and sums of their figures."""

    total_weight: float
    update: np.ndarray
    win_rates: np.ndarray
    sums: np.ndarray


@dataclass(frozen=True)
class _Learner:
    """Values that workers need besides rows and weights: all that training leaves as it is."""

    encoding: tuple
    layer_sizes: list
    shapes: list
    scales: list
    settings: np.ndarray
    rule: NamedTuple
    model: object

    def learn(self, X, samples, weights, rows, attack_size):
        """Update and sums of some rows of a block, after an attack of this size on them."""
        y, sample_weight = map(_own, samples)
        rows = rows.astype(np.intp)
        scale, offset, fields = self.encoding
        # The kernel writes to the win rates.
        params, win_rates = _own(weights.params), weights.win_rates.copy()
        training = Training(
            X,
            y,
            sample_weight,
            _own(scale),
            _own(offset),
            fields,
            params,
            self.layer_sizes,
            self.shapes,
            None,
            self.scales,
            _writeable(self.rule, win_rates),
        )
        with one_blas_thread():
            if attack_size > 0:
                rates = self._attacked(X[rows], y[rows], params, attack_size)
                update, sums = training.update_on_rates(rates, rows)
            elif fields.ranked:
                update, sums = training.update_on_rates(self._rates(X[rows]), rows)
            else:
                update, sums = training.update(rows)
        total_weight = float(sample_weight[rows].sum(dtype=np.float64))
        return _Part(total_weight, update, win_rates, sums)

    def _rates(self, X):
        return self.model._encode(X.toarray() if issparse(X) else X)

    def _attacked(self, X, y, params, size):
        model = copy(self.model)
        model.coefs_, model.intercepts_ = _layers(params, self.layer_sizes)
        return fgsm(self._rates(X), model.classes_[y], model._margin_gradient, size)

    def step(self, state, step_size, parts):
        """State after a step along the mean of the updates of some parts."""
        from .._kernels import Schedule, step

        totals = np.array([part.total_weight for part in parts])
        shares = totals / totals.sum()
        update = _mean(shares, [part.update for part in parts])
        params = state.weights.params.copy()
        moments = tuple(moment.copy() for moment in state.moments)
        n_steps = state.n_steps + 1
        step(
            params,
            update,
            Schedule(
                *moments,
                _own(self.settings),
                state.n_steps,
                np.array([[step_size]]),
                np.array(self.scales, np.float64),
                np.array(self.shapes, np.intp),
            ),
            n_steps,
            step_size,
        )
        win_rates = _mean(shares, [part.win_rates for part in parts])
        sums = np.vstack([state.sums, np.sum([part.sums for part in parts], axis=0)])
        return _State(_Weights(params, win_rates), moments, n_steps, sums)


def _writeable(rule, win_rates):
    """A rule that kernels take, with these win rates if it has any."""
    rule = type(rule)(*map(_own, rule))
    return rule._replace(win_rates=win_rates) if hasattr(rule, "win_rates") else rule


def _own(array):
    """An array of one kind, for which one compiled loop is enough; others as they are."""
    # What came from another process may be read-only.
    if isinstance(array, np.ndarray):
        return np.require(array, requirements=["C", "ALIGNED", "WRITEABLE"])
    return array


def _mean(shares, arrays):
    # One after the other, so that the sum does not depend on who made them.
    mean = arrays[0].dtype.type(shares[0]) * arrays[0]
    for share, array in zip(shares[1:], arrays[1:], strict=True):
        mean += array.dtype.type(share) * array
    return mean


def _layers(params, layer_sizes):
    """Weights and biases of each layer, from those of all."""
    shapes = [shape for n_in, n_out in pairwise(layer_sizes) for shape in ((n_in, n_out), n_out)]
    ends = np.cumsum([np.prod(shape) for shape in shapes])
    arrays = np.split(params, ends[:-1])
    layers = [array.reshape(shape) for array, shape in zip(arrays, shapes, strict=True)]
    return layers[::2], layers[1::2]


def _samples(n_rows, rows, *columns):
    """Numbers of some rows of a block, at the places of these rows."""
    placed = [np.zeros(n_rows, column.dtype) for column in columns]
    for array, column in zip(placed, columns, strict=True):
        array[rows] = column
    return placed


def _itself(state):
    return state


def _weights_of(state):
    return state.weights


class TrainingOnCluster:
    """As `Training`, for rows on the workers of a cluster.

    Parameters
    ----------
    X : RowsOnCluster of shape (n_samples, n_features)
        Training data.
    y, sample_weight, scale, offset, fields, params, layer_sizes, shapes, optimizer, scales,
    rule
        As in `Training`.
    model : NetworkClassifier
        The classifier without what changes in training.
    """

    def __init__(
        self,
        X,
        y,
        sample_weight,
        scale,
        offset,
        fields,
        params,
        layer_sizes,
        shapes,
        optimizer,
        scales,
        rule,
        *,
        model,
    ):
        self._X = X
        self._sample_weight = sample_weight
        self.total_weight = float(sample_weight.sum())
        self._params = params
        self._optimizer = optimizer
        if getattr(rule, "sees_mean_square", False):
            raise ValueError(
                f"Got rule={rule.rule!r}, but a cluster expected a rule without mean_square: that "
                "is a mean over a batch, of which each worker has a part."
            )
        self._win_rates = getattr(rule, "win_rates", np.empty(0))
        self._learner = X.cluster.submit(
            _Learner,
            (scale, offset, fields),
            layer_sizes,
            shapes,
            scales,
            optimizer.settings,
            rule,
            model,
        )
        self._samples = {
            block: X.cluster.submit(
                _samples, X.size_of(block), rows, y[positions], sample_weight[positions]
            )
            for block, positions, rows in X.parts()
        }

    def run(self, orders, step_sizes, attack_sizes):
        """One pass over the rows in each of the given orders, as `Training.run` does it.

        `attack_sizes` has the shape of `step_sizes`: the size of the attack on each batch.
        """
        n_epochs, n_batches = step_sizes.shape
        batches = [rows for order in orders for rows in np.array_split(order, n_batches)]
        sums = np.zeros((n_epochs * n_batches, 2))
        # A batch of weight zero makes no step.
        steps = [k for k, rows in enumerate(batches) if self._sample_weight[rows].any()]
        for first in range(0, len(steps), _BATCHES_AT_ONCE):
            some = steps[first : first + _BATCHES_AT_ONCE]
            sizes = step_sizes.ravel()[some].tolist(), attack_sizes.ravel()[some].tolist()
            sums[some] = self._run([batches[k] for k in some], *sizes)
        losses, n_right = sums.reshape(n_epochs, n_batches, 2).sum(axis=1).T
        return losses, n_right

    def is_finite(self):
        """Whether weights and moments still are numbers."""
        return are_finite([self._params], [self._optimizer])

    def _run(self, batches, step_sizes, attack_sizes):
        adam = self._optimizer
        state = _State(
            _Weights(self._params, self._win_rates), adam.moments, adam.n_steps, np.empty((0, 2))
        )
        parts = [self._X.parts(samples) for samples in batches]
        make_graph = partial(self._graph, state, parts, step_sizes, attack_sizes)
        (state,) = self._X.cluster.run(make_graph)
        self._params[:] = state.weights.params
        self._win_rates[:] = state.weights.win_rates
        for moment, new in zip(adam.moments, state.moments, strict=True):
            moment[:] = new
        adam.n_steps = state.n_steps
        return state.sums

    def _graph(self, state, parts, step_sizes, attack_sizes):
        """Tasks of some batches, and the key of what is known after them."""
        last = new_key("state")
        graph = {last: (partial(_itself, state),)}
        batches = zip(parts, step_sizes, attack_sizes, strict=True)
        for batch, step_size, attack_size in batches:
            weights, learned = new_key("weights"), []
            graph[weights] = (_weights_of, last)
            for block, _, rows in batch:
                learned.append(new_key("learn"))
                graph[learned[-1]] = (
                    _Learner.learn,
                    self._learner,
                    self._X.blocks[block],
                    self._samples[block],
                    weights,
                    rows.astype(np.int32),
                    attack_size,
                )
            before, last = last, new_key("state")
            graph[last] = (_Learner.step, self._learner, before, step_size, learned)
        return graph, [last]
