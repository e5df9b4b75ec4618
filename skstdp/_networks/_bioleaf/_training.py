"""Epochs over the training data, which move the synapses of a microcircuit in place."""

from itertools import pairwise

import numpy as np

from .._training import are_finite, flatten


class MicrocircuitTraining:
    """As `Training`, for spikes.

    Parameters
    ----------
    inputs : ndarray of shape (n_samples, n_inputs)
        What the first layer sees, in [0, 1].
    y : ndarray of shape (n_samples,), dtype intp
        Class index of each sample.
    sample_weight : ndarray of shape (n_samples,)
        Weights of the samples.
    synapses : tuple
        Flat arrays of the forward, the interneurons' and the feedback synapses; whether the
        latter are tied to the forward ones; the conductances and where errors are read.
    layer_sizes : list of int
        Number of cells of each layer, inputs included.
    optimizers : pair of Adam
        Of the forward synapses and of those onto interneurons.
    cells : tuple of floats
        As `cell_constants` has them.
    coding : tuple of three ints
        Code of the inputs, number of time steps, and seed of random spikes.
    inputs_of : callable
        From rates to inputs.

    Attributes
    ----------
    total_weight : float
        Sum of the weights.
    distance : float
        van Rossum distance in the batches since it was last set to zero, summed by weight.
    """

    def __init__(
        self,
        inputs,
        y,
        sample_weight,
        synapses,
        layer_sizes,
        optimizers,
        cells,
        coding,
        inputs_of,
    ):
        from ... import _kernels

        self._kernels = _kernels
        self._workspace = None
        self._inputs = inputs
        self._y = y
        self._sample_weight = sample_weight
        self.total_weight = float(sample_weight.sum())
        self.distance = 0.0
        self._circuit = _kernels.Circuit(np.array(layer_sizes, np.intp), *synapses)
        self._optimizers = optimizers
        self._cells = cells
        self._coding = coding
        self._inputs_of = inputs_of

    def run(self, orders, step_sizes):
        """One pass over the rows in each of the given orders, as `Training.run` does it."""
        sums = [
            self._run((self._inputs, order, self._y, self._sample_weight), steps)
            for order, steps in zip(orders, step_sizes, strict=True)
        ]
        return np.array(sums).T

    def run_on_rates(self, rates, rows, step_size):
        """One step on one batch, with other rates than those of its rows."""
        samples = (
            self._inputs_of(rates),
            np.arange(len(rows)),
            self._y[rows],
            self._sample_weight[rows],
        )
        return np.array([self._run(samples, np.array([step_size]))]).T

    def is_finite(self):
        """True if synapses and moments are finite numbers."""
        circuit = self._circuit
        return are_finite([circuit.params, circuit.mirror, circuit.feedback], self._optimizers)

    def _run(self, samples, step_sizes):
        layer_sizes = self._circuit.layer_sizes
        largest = -(-len(samples[1]) // len(step_sizes))
        if self._workspace is None or len(self._workspace.y) < largest:
            dtype = self._circuit.params.dtype
            self._workspace = self._kernels.microcircuit_workspace(
                largest, layer_sizes.tolist(), dtype
            )
        forward, mirror = self._optimizers
        shapes = np.array([*pairwise(layer_sizes)], np.intp)
        schedules = tuple(
            self._kernels.Schedule(
                *adam.moments,
                forward.settings,
                forward.n_steps,
                step_sizes[np.newaxis],
                np.ones(len(shapes)),
                shapes,
            )
            for adam, shapes in ((forward, shapes), (mirror, shapes[1:]))
        )
        loss, n_right, distance, forward.n_steps = self._kernels.microcircuit_epoch(
            samples, self._circuit, schedules, self._cells, self._coding, self._workspace
        )
        self.distance += distance
        return loss, n_right


def flatten_circuit(coefs, intercepts, interneuron_coefs, interneuron_intercepts, feedback_coefs):
    """New flat arrays of all synapses, and their parts with the shapes of the arguments."""
    params, coefs, intercepts = flatten(coefs, intercepts)
    if not interneuron_coefs:
        nothing = np.empty(0, params.dtype)
        return (params, nothing, nothing.copy()), (coefs, intercepts, [], [], [])
    mirror, interneuron_coefs, interneuron_intercepts = flatten(
        interneuron_coefs, interneuron_intercepts
    )
    no_biases = [np.empty(0, params.dtype)] * len(feedback_coefs)
    feedback, feedback_coefs, _ = flatten(feedback_coefs, no_biases)
    parts = coefs, intercepts, interneuron_coefs, interneuron_intercepts, feedback_coefs
    return (params, mirror, feedback), parts
