"""The classifier: parameters, and how the shared fit loop reaches the microcircuit."""

from __future__ import annotations

from itertools import pairwise
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils._param_validation import Interval, StrOptions

from .. import _parameter_docs as docs
from .._base import NetworkClassifier
from .._checks import hidden_layer_sizes
from .._optimizers import Adam
from .._training import flatten
from ._circuit import (
    INPUT_CODES,
    apical_conductances,
    cell_constants,
    random_synapses,
    transposed,
    where_errors_are_read,
)
from ._input_cells import input_cells, n_input_cells
from ._training import MicrocircuitTraining, flatten_circuit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from numpy.random import RandomState


# Of the gate that attacks take for the derivative of a spike. On digits iterated attacks find more
# with a steep one, single steps with a shallow one.
_ATTACK_SLOPE = 4.0


_LOOP = docs.loop(
    batch_size='"auto" makes as many batches of at least 32 samples as there can be.',
    max_iter=""""auto" takes the number of epochs that have 1000 batches, but at
        least 30 and at most 400.""",
    progress="van Rossum distance",
    adversarial=docs.PERTURBED_BATCHES,
)


class BioLeaFClassifier(NetworkClassifier):
    __doc__ = (
        rf"""Spiking network that learns by spike-timing-dependent plasticity in a microcircuit.

    BioLeaF-style: its authors' abstract [1]_ names two cell types, four synapse types, local
    feedback connections, a global error of output spikes, plasticity in local compartments and an
    equivalence to backpropagation under a special circumstance. The equations are
    reconstructed from neighbouring work, as marked in the Notes.

    Pyramidal cells spike when their soma reaches a threshold. A teacher makes the output cells
    fire the spikes that their class should. Interneurons of each hidden layer learn to predict the
    spikes of the layer above; what they cannot explain away of the feedback from there is left in
    the apical compartments of the layer: its error. Each synapse learns from the spikes of its
    own compartment alone.

    Parameters
    ----------
    hidden_layer_sizes : int or array-like of int, default=(100,)
        Number of pyramidal cells of each hidden layer, each >= 1. An empty sequence gives a
        network without hidden layer.
    {docs.ENCODING}
    receptive_fields : int or "auto", default="auto"
        Number of input cells per feature. With `field_shape="step"` 1 or even: 1 is the rate x, 2
        adds an off cell, 1 - x, and a larger number 2n gives n steps clip(n x - k, 0, 1) and
        n off cells. With "gaussian" at least 3. "auto" takes on and off cells for fewer than 50
        features and the rates alone for more; 8 with "gaussian".
    field_shape : {{"step", "gaussian"}}, default="step"
        Whether input cells answer to values above or below a limit, or each to values near the
        one that it prefers [4]_. The latter suits latencies.
    input_code : {{"current", "rate", "latency", "poisson"}}, default="current"
        How a rate x becomes the current of an input cell. "current": x in every step. "rate": a
        spike whenever x, added up over the steps, passes a whole number. "latency": one spike, in
        step round((1 - x) (n_steps - 1)), none for x = 0. "poisson": a spike with probability x in
        every step, by numbers that are drawn for each batch and shared by its samples, and always
        the same in prediction.
    n_steps : int, default=5
        Number of time steps that each sample is presented for, >= 1. Time is in steps.
    tau_m : float, default=5.0
        Time constant of the membrane in steps, >= 1. 1 is a membrane without memory.
    tau_s : float, default=3.0
        Time constant of the synaptic current in steps, >= 1.
    rule : {{"auto", "spike"}}, default="auto"
        What plasticity compares. "auto": graded potentials and currents. "spike": spikes
        alone, each pairing of a pre-synaptic trace with a somatic spike strengthening and each
        with a spike that was predicted weakening a synapse.
    feedback : {{"symmetric", "random"}}, default="symmetric"
        Strength of the synapses that carry the layer above to the apical compartments: that of
        the forward synapses between the same cells at any time, or random and fixed.
    apical_conductance : float or "auto", default="auto"
        How strongly apical compartments drive somata, >= 0. "auto" takes 2, but 0 for the first
        hidden layer, whose error is not read from its spikes; 1 for `rule="spike"`.
    gate_slope : float, default=2.0
        Steepness b >= 0 of the gate 1 / (1 + b \|V - 1\|)\ :sup:`2`: synapses change most where
        the potential V of their compartment is near the threshold, 1. 0 opens the gate.
    weight_init_scale : float, default=1.0
        Factor >= 0 on the initial forward weights, which are otherwise normal with the variance
        2 / n_in.
    learning_rate_init : float, default=0.01
        Step size at the start, positive.
    {docs.SCHEDULE}
    weight_decay : float, default=0.1
        Decoupled weight decay, >= 0: each step multiplies the weights, not the biases, by
        1 - step size * weight_decay.
    {docs.ADAM}
    {_LOOP}

    Attributes
    ----------
    {docs.CLASSES}
    coefs_ : list of ndarrays of shape (n_in, n_out)
        Forward synapses of each layer, of the dtype of X.
    intercepts_ : list of ndarrays of shape (n_out,)
        Biases of each layer: synapses from a cell whose current is always 1.
    interneuron_coefs_ : list of ndarrays of shape (n_cells, n_above)
        Synapses from each hidden layer onto its interneurons, one per cell of the layer above.
    interneuron_intercepts_ : list of ndarrays of shape (n_above,)
        Biases of the interneurons.
    feedback_coefs_ : list of ndarrays of shape (n_above, n_cells)
        Synapses from the layer above each hidden layer onto its apical compartments. Those of
        the interneurons onto the same compartments are their negatives.
    {docs.ENCODER}
    receptive_fields_ : int
        Number of input cells per feature: `coefs_[0]` has `n_features_in_` rows for each of them.
    loss_ : float
        Cross-entropy of `predict_proba` in the last epoch. The rule does not minimise it.
    van_rossum_curve_ : list of float
        Error in each epoch: half the squared difference of the currents of desired and predicted
        output spikes, added up over steps and cells, mean over the samples.
    {docs.HISTORY}
    n_outputs_ : int
        Number of output cells, one per class.

    See Also
    --------
    STDPClassifier : A network of rates with another local rule.
    BPClassifier : A network of rates trained by backpropagation.

    Notes
    -----
    """
        r"""With :math:`a` the current of spikes :math:`s`, :math:`H` the step function, layers
    :math:`l = 1 \ldots L`, and :math:`\beta = 1 - 1/\tau`:

    .. math::

        a(t) &= \beta_s a(t-1) + s(t) / \tau_s \\
        V^B_l(t) &= \beta_m V^B_l(t-1) (1 - s^B_l(t-1)) + W_l a_{l-1}(t) + b_l,
            \quad s^B_l = H(V^B_l - 1) \\
        V^S_l(t) &= \beta_m V^S_l(t-1) (1 - s_l(t-1)) + W_l a_{l-1}(t) + b_l + g V^A_l(t-1),
            \quad s_l = H(V^S_l - 1) \\
        V^I_l(t) &= \beta_m V^I_l(t-1) (1 - s^I_l(t-1)) + M_l a_l(t) + c_l,
            \quad s^I_l = H(V^I_l - 1) \\
        V^A_l(t) &= B_l \left(a_{l+1}(t) - a^I_l(t)\right)

    for basal, somatic and apical compartments and interneurons. The teacher fires the output cell
    of the class in every step but the first. With the trace
    :math:`\psi(t) = \beta_m \psi(t-1) + a(t)` and the gate :math:`f`, synapses change by

    .. math::

        \Delta W_1 &\propto \sum_t V^A_1 f(V^B_1) \, \psi_0^\top \\
        \Delta W_l &\propto \sum_t (a_l - a^B_l) f(V^B_l) \, \psi_{l-1}^\top, \quad l > 1 \\
        \Delta M_l &\propto \sum_t (a_{l+1} - a^I_l) f(V^I_l) \, \psi_l^\top

    or, with `rule="spike"`, all by :math:`\sum_t (s - s^B) \psi^\top` and
    :math:`\sum_t (s_{l+1} - s^I_l) \psi_l^\top`. The mean over samples and steps takes the place
    of the negative gradient in Adam. Interneurons start as copies of the layer above them and stay
    so under "auto"; without a teacher apical potentials and updates are then zero.

    From [1]_: the two cell and four synapse types by number, local feedback, a global error of
    spike trains, plasticity in compartments. From [2]_: compartments, interneurons, which synapses
    meet where, the self-predicting start and the form of the rules. From [3]_: the gate and
    the filtered trace. From code by the authors of [1]_ on other spiking networks: currents,
    reset, the van Rossum error and the desired spikes. Reconstructed: everything else, such as
    spiking compartments, the teacher that clamps, which error is read where, and all constants.

    Prediction runs the forward synapses alone and takes the cell with most spikes, of those with
    equally many the one with the highest mean potential. Probabilities are the softmax of spike
    counts and not calibrated.

    References
    ----------
    .. [1] Y. Yang and P. Li, "BioLeaF: A Bio-plausible Learning Framework for Training of Spiking
           Neural Networks", arXiv:2111.13188, 2021.
    .. [2] J. Sacramento, R. P. Costa, Y. Bengio and W. Senn, "Dendritic cortical microcircuits
           approximate the backpropagation algorithm", NeurIPS, 2018.
    .. [3] F. Zenke and S. Ganguli, "SuperSpike: Supervised Learning in Multilayer Spiking Neural
           Networks", Neural Computation 30, 2018.
    .. [4] S. M. Bohte, J. N. Kok and H. La Poutré, "Error-backpropagation in temporally encoded
           networks of spiking neurons", Neurocomputing 48, 2002.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> from skstdp import BioLeaFClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> scores = cross_val_score(BioLeaFClassifier(random_state=0), X, y)
    >>> round(float(scores.mean()), 2)
    0.95
    """
    )

    _network_attributes = (
        *NetworkClassifier._network_attributes,
        "interneuron_coefs_",
        "interneuron_intercepts_",
        "feedback_coefs_",
    )

    _history_attributes = (*NetworkClassifier._history_attributes, "van_rossum_curve_")

    _optimizers = (*NetworkClassifier._optimizers, "_interneuron_optimizer")

    _set_by_fit = (*NetworkClassifier._set_by_fit, "_spike_seed")

    _steps_depend_on = (*NetworkClassifier._steps_depend_on, "apical_conductance", "gate_slope")

    _parameter_constraints = NetworkClassifier._parameter_constraints | {
        "field_shape": [StrOptions({"step", "gaussian"})],
        "input_code": [StrOptions(set(INPUT_CODES))],
        "n_steps": [Interval(Integral, 1, None, closed="left")],
        "tau_m": [Interval(Real, 1, None, closed="left")],
        "tau_s": [Interval(Real, 1, None, closed="left")],
        "rule": [StrOptions({"auto", "spike"})],
        "feedback": [StrOptions({"symmetric", "random"})],
        "apical_conductance": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "gate_slope": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        *,
        rate_encoding: Literal["auto", "minmax", "none"] = "auto",
        receptive_fields: int | Literal["auto"] = "auto",
        field_shape: Literal["step", "gaussian"] = "step",
        input_code: Literal["current", "rate", "latency", "poisson"] = "current",
        n_steps: int = 5,
        tau_m: float = 5.0,
        tau_s: float = 3.0,
        rule: Literal["auto", "spike"] = "auto",
        feedback: Literal["symmetric", "random"] = "symmetric",
        apical_conductance: float | Literal["auto"] = "auto",
        gate_slope: float = 2.0,
        weight_init_scale: float = 1.0,
        learning_rate_init: float = 0.01,
        learning_rate: Literal["constant", "linear"] = "linear",
        weight_decay: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        batch_size: int | Literal["auto"] = "auto",
        max_iter: int | Literal["auto"] = "auto",
        shuffle: bool = True,
        tol: float | None = None,
        n_iter_no_change: int | float = 30,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        adversarial_epsilon: float = 0.0,
        class_weight: dict | Literal["balanced"] | None = None,
        random_state: int | RandomState | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.rate_encoding = rate_encoding
        self.receptive_fields = receptive_fields
        self.field_shape = field_shape
        self.input_code = input_code
        self.n_steps = n_steps
        self.tau_m = tau_m
        self.tau_s = tau_s
        self.rule = rule
        self.feedback = feedback
        self.apical_conductance = apical_conductance
        self.gate_slope = gate_slope
        self.weight_init_scale = weight_init_scale
        self.learning_rate_init = learning_rate_init
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.adversarial_epsilon = adversarial_epsilon
        self.class_weight = class_weight
        self.random_state = random_state
        self.verbose = verbose

    _progress_name = "van Rossum distance"

    def _progress(self):
        return -self.van_rossum_curve_[-1]

    def _draw_network(self, X, y, sample_weight):
        self.n_outputs_ = len(self.classes_)
        self.receptive_fields_ = n_input_cells(self.receptive_fields, self.field_shape, X.shape[1])
        layer_sizes = [
            X.shape[1] * self.receptive_fields_,
            *hidden_layer_sizes(self),
            self.n_outputs_,
        ]
        self.n_layers_ = len(layer_sizes)
        self.coefs_, self.intercepts_, random_feedback = random_synapses(
            layer_sizes, self._random_state, X.dtype, self.weight_init_scale
        )
        self._spike_seed = self._random_state.randint(2**31 - 1)
        self.interneuron_coefs_ = [coef.copy() for coef in self.coefs_[1:]]
        self.interneuron_intercepts_ = [intercept.copy() for intercept in self.intercepts_[1:]]
        symmetric = self.feedback == "symmetric"
        self.feedback_coefs_ = transposed(self.coefs_) if symmetric else random_feedback

    def _fields(self):
        return input_cells(self.field_shape, self.receptive_fields_, self.n_features_in_)

    def _inputs(self, rates):
        return self._fields().encode(rates)

    def _layer_sizes(self):
        return np.array([*map(len, self.coefs_), self.n_outputs_], np.intp)

    def _coding(self):
        code = INPUT_CODES.index(self.input_code)
        return code, int(self.n_steps), np.uint64(self._spike_seed)

    def _cells(self):
        return cell_constants(self.tau_m, self.tau_s, self.gate_slope)

    def _forget_history(self):
        super()._forget_history()
        self.van_rossum_curve_ = []

    def _reset_optimizer(self, path):
        super()._reset_optimizer(path)
        self._interneuron_optimizer = Adam(
            sum(n_in * n_out + n_out for n_in, n_out in pairwise(self._layer_sizes()[1:])),
            self.coefs_[0].dtype,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
            weight_decay=self.weight_decay,
        )

    def _flat_circuit(self):
        """Copies of all synapses in flat arrays, and their parts as lists of arrays."""
        flat, parts = flatten_circuit(*(getattr(self, name) for name in self._network_attributes))
        n_hidden = self.n_layers_ - 2
        return (
            *flat,
            self.feedback == "symmetric",
            apical_conductances(self.apical_conductance, self.rule, n_hidden),
            where_errors_are_read(self.rule, n_hidden + 1),
        ), parts

    def _training(self, X, y, sample_weight):
        synapses, parts = self._flat_circuit()
        vars(self).update(zip(self._network_attributes, parts, strict=True))
        inputs = self._by_sample(type(self)._inputs, X)
        return MicrocircuitTraining(
            np.require(inputs, requirements=["C", "A", "W"]),
            y,
            sample_weight,
            synapses,
            self._layer_sizes(),
            (self._optimizer, self._interneuron_optimizer),
            self._cells(),
            self._coding(),
            self._inputs,
        )

    # The distance of an epoch is what has been added up since the last look at it.
    _records_epochs = True

    def _record_epoch(self, training):
        self.van_rossum_curve_.append(training.distance / training.total_weight)
        training.distance = 0.0

    def _n_batches(self, n_samples):
        if self.batch_size == "auto":
            return max(1, n_samples // 32)
        return super()._n_batches(n_samples)

    def _n_epochs(self, n_samples):
        if self.max_iter == "auto":
            return min(400, max(30, -(-1000 // self._n_batches(n_samples))))
        return super()._n_epochs(n_samples)

    def _run_network(self, kernel, inputs, *args, slope=_ATTACK_SLOPE):
        params, _, _ = flatten(self.coefs_, self.intercepts_)
        inputs = np.require(inputs, requirements=["C", "A", "W"])
        cells = cell_constants(self.tau_m, self.tau_s, slope)
        return kernel(inputs, *args, (self._layer_sizes(), params), cells, self._coding())

    def _response(self, inputs):
        """Spikes of each cell, layer after layer, and mean potentials of the output cells."""
        from ..._kernels import microcircuit_response

        return self._run_network(microcircuit_response, inputs)

    def _spike_scores(self, inputs):
        """Spikes of each output cell, and its potential to break ties."""
        n_spikes, mean_potential = self._response(inputs)
        return n_spikes[:, -self.n_outputs_ :] + 0.5 * np.tanh(mean_potential)

    def _layer_rates(self, rates):
        n_spikes, _ = self._response(self._inputs(rates))
        firing = n_spikes / rates.dtype.type(self.n_steps)
        return np.split(firing, np.cumsum(self._layer_sizes()[1:-1]), axis=1)

    def _scores_and_pullback(self, rates, temperature=1):
        # The way back is a surrogate: the true slope of spikes is zero or infinite.
        from ..._kernels import surrogate_pullback

        inputs = self._inputs(rates)

        def pullback(cotangent):
            cotangent = np.ascontiguousarray(cotangent, dtype=inputs.dtype)
            gradient = self._run_network(
                surrogate_pullback, inputs, cotangent, slope=_ATTACK_SLOPE / temperature
            )
            return self._fields().rates_gradient(rates, gradient), np.zeros(len(rates))

        return self._spike_scores(inputs), pullback
