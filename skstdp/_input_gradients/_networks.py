"""Networks: ours, and scikit-learn's MLPClassifier."""

from scipy.special import expit, log_expit
from sklearn.neural_network import MLPClassifier

from .._networks._base import NetworkClassifier
from .._networks._encoding import as_dtype
from .._networks._mlp import scores_and_pullback
from .._networks._sigmoid import SigmoidMLP
from ._adapter import Adapter, adapts, expect_one_label
from ._scaled_rows import ScaledRows
from ._transformers import scaler_pull, unclipped_by


def _scaled(scores, pullback):
    """Scores, and their pullback as one of ScaledRows."""

    def pull(cotangent):
        values, log_scale = pullback(cotangent.values)
        return ScaledRows(values, log_scale + cotangent.log_scale)

    return scores, pull


@adapts(MLPClassifier)
class _MLPClassifier(Adapter):
    scores_are_decisions = False

    def __init__(self, estimator):
        super().__init__(estimator)
        expect_one_label(estimator)
        self.saturates = estimator.activation != "identity"

    def vjp(self, X):
        """Class scores, and the way back."""
        coefs, intercepts = self.estimator.coefs_, self.estimator.intercepts_
        inputs = self._array(X).astype(coefs[0].dtype, copy=False)
        return _scaled(
            *scores_and_pullback(
                inputs, coefs, intercepts, self.estimator.activation, self.temperature
            )
        )


@adapts(NetworkClassifier)
class Network(Adapter):
    """Our networks: from X, or from the rates that they see of it."""

    saturates = True

    def __init__(self, estimator):
        super().__init__(estimator)
        if estimator.encoder_ is None:
            self.box = (0.0, 1.0)
        else:
            self.unclipped = unclipped_by(estimator.encoder_)

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
        return _scaled(*self.estimator._scores_and_pullback(rates, self.temperature))


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
        drives, pull = _scaled(*network._drives_and_pullback(rates, self.temperature))
        if network.n_layers_ == 2:
            return drives, pull
        softened = drives / self.temperature
        log_slope = log_expit(softened) + log_expit(-softened)
        return expit(drives), lambda cotangent: pull(cotangent.times_exp(log_slope))
