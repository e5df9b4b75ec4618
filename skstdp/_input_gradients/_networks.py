"""Networks: ours, and scikit-learn's MLPClassifier."""

from scipy.special import expit, log_expit
from sklearn.neural_network import MLPClassifier

from .._networks._backprop import logits_and_pullback
from .._networks._bioleaf import BioLeaFClassifier
from .._networks._encoding import as_dtype
from .._networks._sigmoid import SigmoidMLP
from ._adapter import Adapter, adapts, expect_one_label
from ._decisions import class_scores
from ._scaled_rows import ScaledRows
from ._transformers import scaler_pull


class _Network(Adapter):
    """Class scores are the logits of the output units."""

    def _layers(self, inputs, activation):
        logits, pullback = logits_and_pullback(
            inputs, self.estimator.coefs_, self.estimator.intercepts_, activation
        )
        scores, through = class_scores(logits)

        def pull(cotangent):
            at_logits = through(cotangent)
            values, log_scale = pullback(at_logits.values.astype(logits.dtype, copy=False))
            return ScaledRows(values, log_scale + at_logits.log_scale)

        return scores, pull


@adapts(MLPClassifier)
class _MLPClassifier(_Network):
    scores_are_decisions = False

    def __init__(self, estimator):
        super().__init__(estimator)
        expect_one_label(estimator)

    def vjp(self, X):
        """Class scores, and the way back."""
        inputs = self._array(X).astype(self.estimator.coefs_[0].dtype, copy=False)
        return self._layers(inputs, self.estimator.activation)


@adapts(SigmoidMLP)
class Network(_Network):
    """Our networks: from X, or from the rates that they see of it."""

    def __init__(self, estimator):
        super().__init__(estimator)
        if estimator.encoder_ is None:
            self.box = (0.0, 1.0)

    def vjp(self, X):
        """Class scores, and the way back to X through the encoding."""
        network = self.estimator
        X = as_dtype(self._array(X), network.coefs_[0].dtype)
        scores, pull = self.from_rates(network._encode(X))
        if network.encoder_ is None:
            return scores, pull
        encoded = scaler_pull(network.encoder_, X)
        # The factors of narrow ranges are so large that only a gradient of size one stays finite.
        return scores, lambda cotangent: encoded(pull(cotangent).normalised())

    def from_rates(self, rates):
        """Class scores, and the way back to the rates."""
        network = self.estimator
        scores, pull = self._layers(network._inputs(rates), "logistic")
        return scores, lambda cotangent: pull(cotangent).through(
            lambda gradient: network._rates_gradient(rates, gradient)
        )


@adapts(BioLeaFClassifier)
class SpikingNetwork(Network):
    """A network of spikes, whose way back is a surrogate: the true slope is zero or infinite."""

    def from_rates(self, rates):
        """Class scores, and the way back to the rates."""
        scores, pullback = self.estimator._scores_and_pullback(rates)
        return scores, lambda cotangent: cotangent.through(pullback)


@adapts(SigmoidMLP, transform=True)
class _HiddenRates(Network):
    """Our networks as a step of a pipeline."""

    def vjp(self, X):
        """Rates of the last hidden layer, and the way back to X."""
        _, pull = super().vjp(X)
        return self.estimator.transform(X), pull

    def from_rates(self, rates):
        """Rates of the last hidden layer, and the way back to those of the features."""
        network = self.estimator
        inputs = network._inputs(rates)
        if len(network.coefs_) == 1:
            return inputs, lambda cotangent: cotangent.through(
                lambda gradient: network._rates_gradient(rates, gradient)
            )
        drive, pullback = logits_and_pullback(
            inputs, network.coefs_[:-1], network.intercepts_[:-1]
        )

        def pull(cotangent):
            at_drive = cotangent.times_exp(log_expit(drive) + log_expit(-drive))
            values, log_scale = pullback(at_drive.values.astype(drive.dtype, copy=False))
            gradient = network._rates_gradient(rates, values)
            return ScaledRows(gradient, log_scale + at_drive.log_scale)

        return expit(drive), pull
