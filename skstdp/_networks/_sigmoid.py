"""A network of sigmoid units, all but the rule that it learns by."""

from abc import abstractmethod
from copy import deepcopy
from functools import partial
from numbers import Real

import numpy as np
from scipy.special import expit
from sklearn.utils._param_validation import Interval, StrOptions

from ._associations import n_output_units
from ._base import NetworkClassifier
from ._checks import hidden_layer_sizes
from ._encoding import encoding
from ._initialization import (
    calibrate_biases,
    expected_total_inputs,
    mean_inputs,
    random_parameters,
)
from ._mlp import forward, logits_and_pullback, scores_and_pullback
from ._receptive_fields import ReceptiveFields, fit_receptive_fields
from ._training import flatten

# Of more samples than this, so many give the mean rates of hidden units well enough to start.
_MANY, _SOME = 10_000, 1000


def _of_chunks(function, network, rate_chunks):
    return function(rate_chunks)


def _of_inputs(function, network, rate_chunks):
    return function((network._inputs(rates), weight) for rates, weight in rate_chunks)


class SigmoidMLP(NetworkClassifier):
    """Sigmoid units: everything but the learning rule."""

    _parameter_constraints = NetworkClassifier._parameter_constraints | {
        "quiet_start": [Interval(Real, 0, 1, closed="right"), None],
        "fan_in_scaling": ["boolean"],
        "weight_decay": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
    }

    _encoding_attributes = (*NetworkClassifier._encoding_attributes, "_rank_knots")

    _set_by_fit = (*NetworkClassifier._set_by_fit, "_total_inputs")

    # True if two classes have two output units.
    _one_output_per_class = False

    @abstractmethod
    def _associate(self, layer_sizes, class_weights, dtype):
        """Set what the rule needs besides the network, once, before training."""

    @abstractmethod
    def _rule(self):
        """Values that the rule needs besides rates and weights, of a type in `UPDATES`."""

    def _generator_of_the_rule(self):
        """For what a rule draws: weights and batches are those of every other rule."""
        return np.random.RandomState(deepcopy(self._random_state).randint(2**31 - 1))

    def _draw_network(self, X, y, sample_weight):
        """Fit the receptive fields, draw weights and biases, set the associations."""
        self.n_outputs_ = n_output_units(len(self.classes_), self._one_output_per_class)
        # Evenly chosen, so that all classes of a sorted table are there.
        some = np.flatnonzero(sample_weight)
        some = some[np.linspace(0, len(some) - 1, min(len(some), _MANY)).astype(int)]

        def over_rates(function):
            return self._over_rates(partial(_of_chunks, function), X, sample_weight)

        def over_some_rates(function):
            return self._over_rates(partial(_of_chunks, function), X[some], sample_weight[some])

        def over_inputs(function, X=X, sample_weight=sample_weight):
            return self._over_rates(partial(_of_inputs, function), X, sample_weight)

        self.receptive_fields_, self._rank_knots = fit_receptive_fields(
            self.receptive_fields, X.shape[1], over_rates, over_some_rates
        )
        layer_sizes = [self._fields().n_inputs, *hidden_layer_sizes(self), self.n_outputs_]
        self.n_layers_ = len(layer_sizes)
        mean_rates = mean_inputs(over_inputs)
        self._total_inputs = expected_total_inputs(mean_rates, layer_sizes, self.quiet_start)
        self.coefs_, self.intercepts_ = random_parameters(
            layer_sizes, self._random_state, X.dtype, self.weight_init_scale
        )
        if self.quiet_start is not None:
            if len(X) > _MANY:
                share = sample_weight.astype(np.float64)
                rows = self._random_state.choice(len(share), _SOME, p=share / share.sum())
                over_inputs = partial(
                    over_inputs, X=X[rows], sample_weight=np.ones(_SOME, X.dtype)
                )
            calibrate_biases(
                self.coefs_, self.intercepts_, mean_rates, over_inputs, self.quiet_start
            )
        class_weights = np.bincount(y, sample_weight, minlength=len(self.classes_))
        self._associate(layer_sizes, class_weights, X.dtype)

    def _fields(self):
        return ReceptiveFields(self.receptive_fields_, self._rank_knots)

    def _training(self, X, y, sample_weight):
        params, shapes = self._flatten()
        return X.trainer(
            self,
            y,
            sample_weight,
            *encoding(self.encoder_, X.shape[1], params.dtype),
            self._fields(),
            params,
            [len(coef) for coef in self.coefs_] + [self.n_outputs_],
            shapes,
            self._optimizer,
            self._step_scales(),
            self._rule(),
        )

    def _flatten(self):
        """One array of all that is trained, of which the attributes become views; shapes in it."""
        names = self._trained_attributes[::2], self._trained_attributes[1::2]
        lists = [[getattr(self, name) for name in kind] for kind in names]
        params, *parts = flatten(*map(sum, lists, ([], [])))
        for kind, old, new in zip(names, lists, parts, strict=True):
            for name, arrays in zip(kind, old, strict=True):
                setattr(self, name, new[: len(arrays)])
                new = new[len(arrays) :]
        return params, [coef.shape for coef in parts[0]]

    def _step_scales(self):
        """Factors on the step size, one per shape."""
        return [self._step_scale(total) for total in self._total_inputs]

    def _step_scale(self, total_input):
        return 1 / total_input if self.fan_in_scaling else 1.0

    def _inputs(self, rates):
        return self._fields().encode(rates)

    def _activities(self, rates):
        return forward(self._inputs(rates), self.coefs_, self.intercepts_)

    def _logits(self, rates):
        # Without the drives that `_scores_and_pullback` holds.
        logits = self._activities(rates)[-1]
        return logits[:, 1:] - logits[:, :1] if self.n_outputs_ == 2 else logits

    def _layer_rates(self, rates):
        *hidden, logits = self._activities(rates)[1:]
        return [*hidden, expit(logits)]

    def _scores_and_pullback(self, rates, temperature=1):
        scores, pullback = scores_and_pullback(
            self._inputs(rates), self.coefs_, self.intercepts_, temperature=temperature
        )
        return scores, self._through_inputs(rates, pullback)

    def _drives_and_pullback(self, rates, temperature=1):
        """As `_scores_and_pullback`, of the drives of the last hidden layer, or of the inputs."""
        inputs = self._inputs(rates)
        if self.n_layers_ == 2:
            return inputs, self._through_inputs(rates, lambda delta: (delta, np.zeros(len(delta))))
        drives, pullback = logits_and_pullback(
            inputs, self.coefs_[:-1], self.intercepts_[:-1], temperature=temperature
        )
        return drives, self._through_inputs(rates, pullback)

    def _through_inputs(self, rates, pullback):
        fields = self._fields()

        def pull(cotangent):
            gradient, log_scale = pullback(cotangent)
            return fields.rates_gradient(rates, gradient), log_scale

        return pull
