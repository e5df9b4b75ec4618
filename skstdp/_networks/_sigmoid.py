"""A network of sigmoid units, all but the rule that it learns by."""

from abc import abstractmethod
from functools import partial
from numbers import Real

import numpy as np
from scipy.special import expit
from sklearn.utils._param_validation import Interval, StrOptions

from ._associations import n_output_units
from ._backprop import margin_and_input_gradient
from ._base import NetworkClassifier
from ._encoding import encoding
from ._forward import forward
from ._initialization import expected_total_inputs, mean_inputs, quieten, random_parameters
from ._receptive_fields import ReceptiveFields, fit_receptive_fields
from ._rows import OnCluster
from ._training import Training, flatten

# Of more samples than this, so many tell the mean rates of hidden units well enough to start.
_MANY, _SOME = 10_000, 1000


def _of_inputs(function, fields, rate_chunks):
    return function((fields.respond(rates), weight) for rates, weight in rate_chunks)


class SigmoidMLP(NetworkClassifier):
    """Sigmoid units: everything but the learning rule."""

    _parameter_constraints = NetworkClassifier._parameter_constraints | {
        "quiet_start": [Interval(Real, 0, 1, closed="right"), None],
        "fan_in_scaling": ["boolean"],
        "weight_decay": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
    }

    _encoding_attributes = (*NetworkClassifier._encoding_attributes, "_rank_knots")

    _set_by_fit = (*NetworkClassifier._set_by_fit, "_total_inputs")

    # Whether two classes have two output units.
    _one_output_per_class = False

    @abstractmethod
    def _associate(self, layer_units, class_weights, dtype):
        """Fix what the rule needs besides the network, once, before training."""

    @abstractmethod
    def _rule(self):
        """What the local rule needs besides rates, or None for backpropagation."""

    def _draw_network(self, X, y, sample_weight):
        """What the network is before training."""
        over_rates = partial(self._over_rates, X, sample_weight)
        self.n_outputs_ = n_output_units(len(self.classes_), self._one_output_per_class)
        over_some_rates = partial(self._over_some_rates, X, sample_weight)
        self.receptive_fields_, self._rank_knots = fit_receptive_fields(
            self.receptive_fields, X.shape[1], over_rates, over_some_rates
        )
        over_inputs = partial(self._over_inputs, X, sample_weight)
        layer_units = [
            self._fields().n_inputs,
            *self._hidden_layer_sizes(),
            self.n_outputs_,
        ]
        self.n_layers_ = len(layer_units)
        mean_rates = mean_inputs(over_inputs)
        self._total_inputs = expected_total_inputs(mean_rates, layer_units, self.quiet_start)
        self.coefs_, self.intercepts_ = random_parameters(
            layer_units, self._random_state, X.dtype, self.weight_init_scale
        )
        if self.quiet_start is not None:
            if X.shape[0] > _MANY:
                share = sample_weight.astype(np.float64)
                rows = self._random_state.choice(len(share), _SOME, p=share / share.sum())
                over_inputs = partial(self._over_inputs, X[rows], np.ones(_SOME, X.dtype))
            quieten(self.coefs_, self.intercepts_, mean_rates, over_inputs, self.quiet_start)
        class_weights = np.bincount(y, sample_weight, minlength=len(self.classes_))
        self._associate(layer_units, class_weights, X.dtype)

    def _over_some_rates(self, X, sample_weight, function):
        """As `_over_rates`, of no more samples than can be held at a time."""
        some = np.flatnonzero(sample_weight)
        # Evenly chosen, so that all classes of a sorted table are there.
        some = some[np.linspace(0, len(some) - 1, min(len(some), _MANY)).astype(int)]
        return self._over_rates(X[some], sample_weight[some], function)

    def _over_inputs(self, X, sample_weight, function):
        """As `_over_rates`, of what the first layer sees."""
        return self._over_rates(X, sample_weight, partial(_of_inputs, function, self._fields()))

    def _fields(self):
        return ReceptiveFields(self.receptive_fields_, self._rank_knots)

    def _training(self, X, y, sample_weight):
        """The loop over the batches of an epoch, for a copy of the network."""
        params, self.coefs_, self.intercepts_ = flatten(self.coefs_, self.intercepts_)
        fields, encoder = self._fields(), self.encoder_
        make = Training
        if isinstance(X, OnCluster):
            make = partial(type(X).trainer, model=self._alone())
        elif fields.ranked:
            X = np.vstack([fields.ranks(rates) for rates, _ in self._rate_chunks(X)])
            encoder = None
        return make(
            X,
            y,
            sample_weight,
            *encoding(encoder, X.shape[1], params.dtype),
            fields,
            params,
            [len(coef) for coef in self.coefs_] + [self.n_outputs_],
            self._optimizer,
            [1 / total if self.fan_in_scaling else 1.0 for total in self._total_inputs],
            self._rule(),
        )

    def _inputs(self, rates):
        """What the first layer sees of the rates."""
        return self._fields().respond(rates)

    def _rates_gradient(self, rates, gradient):
        return self._fields().rates_gradient(rates, gradient)

    def _activities(self, rates):
        return forward(self._inputs(rates), self.coefs_, self.intercepts_)

    def _logits(self, rates):
        logits = self._activities(rates)[-1]
        return logits[:, 1:] - logits[:, :1] if self.n_outputs_ == 2 else logits

    def _layer_rates(self, rates):
        *hidden, logits = self._activities(rates)[1:]
        return [*hidden, expit(logits)]

    def _margin_and_gradient(self, rates, y):
        """Margin of the true class, and the direction in rates in which it grows fastest."""
        margins, gradient = margin_and_input_gradient(
            self._inputs(rates), self._class_indices(y), self.coefs_, self.intercepts_
        )
        return margins, self._rates_gradient(rates, gradient)
