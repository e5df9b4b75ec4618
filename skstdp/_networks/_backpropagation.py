"""The classifier that learns by propagated errors: by the weights, or by other feedback."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils._param_validation import StrOptions

from . import _parameter_docs as docs
from ._classifiers import _ATTRIBUTES, _NETWORK_PARAMETERS, _RECEPTIVE_FIELDS, _STEPS, _loop
from ._sigmoid import SigmoidMLP

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from numpy.random import RandomState


__all__ = ["BPClassifier"]

_FEEDBACK = "symmetric", "random", "direct", "sign", "sign-random"


def _draw_feedback(feedback, layer_sizes, random_state, dtype):
    """Fixed matrices of the hidden layers, or None where the weights take their place."""
    if feedback == "symmetric":
        return None
    # Of its own, so that weights and batches are those of every other kind of feedback.
    generator = np.random.RandomState(deepcopy(random_state).randint(2**31 - 1))
    n_outputs, coefs = layer_sizes[-1], []
    for n_units, n_above in pairwise(layer_sizes[1:]):
        shape = n_units, n_outputs if feedback == "direct" else n_above
        bound = np.sqrt(2 / sum(shape))
        if feedback == "sign":
            coef = np.full(shape, bound / np.sqrt(3))
        else:
            coef = generator.uniform(-bound, bound, shape)
        coefs.append((np.abs(coef) if feedback == "sign-random" else coef).astype(dtype))
    return coefs


class BPClassifier(SigmoidMLP):
    __doc__ = rf"""The network of `STDPClassifier` trained by backpropagation: the reference.

    Same initial weights, encoding, optimiser, loop and options; only the rule differs: the
    exact gradient of cross-entropy, binary for two classes and categorical for more.

    Parameters
    ----------
    {_NETWORK_PARAMETERS}
    {docs.ENCODING}
    {_RECEPTIVE_FIELDS}
    weight_init_scale : float, default=4.0
        Factor >= 0 on the initial weights, which are otherwise drawn as by scikit-learn's
        `MLPClassifier`.
    quiet_start : float or None, default=None
        As in `STDPClassifier`: the rate at which units start, as a fraction in (0, 1] of the
        mean rate of their inputs. None draws the biases like the weights.
    learning_rate_init : float, default=0.3
        Step size at the start, positive.
    {_STEPS}
    {_loop(progress="loss", adversarial=docs.PERTURBED_BATCHES)}

    Attributes
    ----------
    {_ATTRIBUTES}

    See Also
    --------
    STDPClassifier : The same network trained by the local rule.
    sklearn.neural_network.MLPClassifier : Takes the same steps with `activation="logistic"`,
        `alpha=0` and the same batches.

    References
    ----------
    .. [1] S. K. Gupta, "A More Biologically Plausible Local Learning Rule for ANNs",
           arXiv:2011.12012, 2020.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> from skstdp import BPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> scores = cross_val_score(BPClassifier(random_state=0), X, y)
    >>> bool(scores.mean() > 0.9)
    True
    """

    _set_by_fit = (*SigmoidMLP._set_by_fit, "feedback_coefs_", "_started_with")

    _parameter_constraints = SigmoidMLP._parameter_constraints | {
        "feedback": [StrOptions(set(_FEEDBACK))]
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (300,),
        *,
        rate_encoding: Literal["auto", "minmax", "none"] = "auto",
        receptive_fields: int | Literal["auto"] = "auto",
        feedback: Literal["symmetric", "random", "direct", "sign", "sign-random"] = "symmetric",
        weight_init_scale: float = 4.0,
        quiet_start: float | None = None,
        learning_rate_init: float = 0.3,
        fan_in_scaling: bool = True,
        learning_rate: Literal["constant", "linear"] = "linear",
        weight_decay: float | Literal["auto"] = "auto",
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
        self.feedback = feedback
        self.weight_init_scale = weight_init_scale
        self.quiet_start = quiet_start
        self.learning_rate_init = learning_rate_init
        self.fan_in_scaling = fan_in_scaling
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

    def _associate(self, layer_sizes, class_weights, dtype):
        self._started_with = self.feedback
        self.feedback_coefs_ = _draw_feedback(
            self.feedback, layer_sizes, self._random_state, dtype
        )

    _progress_name = "loss"

    def _progress(self):
        return -self.loss_curve_[-1]

    def _rule(self):
        from .._kernels import Backpropagation, Feedback

        if self.feedback != self._started_with:
            raise ValueError(
                f"Got feedback={self.feedback!r}, but expected {self._started_with!r}, with which "
                "the network that is trained further has started. Set warm_start=False for a new "
                "one."
            )
        if self.feedback == "symmetric":
            return Backpropagation()
        matrices = [coef.ravel() for coef in self.feedback_coefs_]
        return Feedback(
            np.concatenate([np.empty(0, self.coefs_[0].dtype), *matrices]),
            self.feedback == "direct",
            self.feedback.startswith("sign"),
        )
