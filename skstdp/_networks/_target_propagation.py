"""Classifier that learns from targets of its hidden layers instead of propagated errors."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils._param_validation import Interval

from . import _parameter_docs as docs
from ._initialization import random_parameters
from ._sigmoid import SigmoidMLP

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from numpy.random import RandomState


__all__ = ["TargetPropagationClassifier"]


class TargetPropagationClassifier(SigmoidMLP):
    __doc__ = rf"""The network of `BPClassifier` trained by difference target propagation.

    Hidden layers learn from targets, which learnt inverses of the layers carry down (algorithm 1
    of [1]_). With :math:`h_l = f_l(h_{{l-1}})` the rates of layer l of L, the cross-entropy
    :math:`\mathcal{{L}}` and an inverse :math:`g_l` of each layer between hidden ones, the targets
    :math:`t_l` are

    .. math::

        t_{{L-1}} &= h_{{L-1}}
            - \hat\eta \, \frac{{\partial \mathcal{{L}}}}{{\partial h_{{L-1}}}} \\
        t_{{l-1}} &= h_{{l-1}} + g_l(t_l) - g_l(h_l)

    Each hidden layer takes steps against the gradient of
    :math:`\lVert t_l - f_l(h_{{l-1}}) \rVert^2 / 2` by its own weights and biases, the
    output layer against that of :math:`\mathcal{{L}}`. Inverses learn to reconstruct noisy rates
    from what their layer makes of them. They minimise

    .. math::

        \lVert g_l(f_l(h_{{l-1}} + \varepsilon)) - (h_{{l-1}} + \varepsilon) \rVert^2 / 2,
        \quad \varepsilon \sim \mathcal{{N}}(0, \sigma^2)

    Only the output layer sends an error back, by its own weights. A network with one hidden layer
    has no inverse; its updates are those of backpropagation, of the hidden layer times
    :math:`\hat\eta`, which Adam takes out. A network without hidden layer is that of
    `BPClassifier`.

    Parameters
    ----------
    {docs.NETWORK}
    {docs.ENCODING}
    {docs.RECEPTIVE_FIELDS}
    target_step : float, default=0.1
        Step from the rates of the last hidden layer to their targets, :math:`\hat\eta`, positive.
        Adam takes out the size of updates, so the step decides only how far from the rates the
        inverses are used: they are least exact far away.
    inverse_noise : float, default=1.0
        Standard deviation :math:`\sigma` of the noise on the rates that inverses reconstruct,
        >= 0. All samples of a batch share what is drawn for a unit, so that a weight of k is the
        same as k copies.
    inverse_learning_rate_init : float, default=0.3
        Step size of the inverses at the start, positive. It follows the same schedule as
        `learning_rate_init`.
    weight_init_scale : float, default=4.0
        Factor >= 0 on the initial weights, those of inverses included, which are otherwise drawn
        as by scikit-learn's `MLPClassifier`.
    quiet_start : float or None, default=None
        As in `STDPClassifier`: the rate at which units start, as a fraction in (0, 1] of the
        mean rate of their inputs. None draws the biases like the weights.
    learning_rate_init : float, default=0.3
        Step size at the start, positive.
    {docs.STEPS}
    {docs.network_loop(progress="loss", adversarial=docs.PERTURBED_BATCHES)}

    Attributes
    ----------
    inverse_coefs_ : list of ndarrays of shape (n_out, n_in)
        Weights of the inverses. `inverse_coefs_[k]` takes the rates of the outputs of the layer
        with `coefs_[k + 1]` to those of its inputs.
    inverse_intercepts_ : list of ndarrays of shape (n_in,)
        Biases of the inverses.
    {docs.NETWORK_ATTRIBUTES}

    See Also
    --------
    BPClassifier : The same network trained by backpropagation.
    STDPClassifier : The same network trained by a local rule.

    Notes
    -----
    Layers and inverses are sigmoid units, and each batch updates all of them at once by Adam; the
    paper has tanh units, updates inverses first, and takes RMSProp. It needs one process: workers
    of a cluster would draw the noise in another order.

    References
    ----------
    .. [1] D.-H. Lee, S. Zhang, A. Fischer and Y. Bengio, "Difference Target Propagation", Machine
           Learning and Knowledge Discovery in Databases, 498-515, 2015.
           https://doi.org/10.1007/978-3-319-23528-8_31

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skstdp import TargetPropagationClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> model = TargetPropagationClassifier((60, 30), random_state=0).fit(X[:1000], y[:1000])
    >>> round(model.score(X[1000:], y[1000:]), 2)
    0.94
    >>> [coef.shape for coef in model.inverse_coefs_]
    [(30, 60)]
    """

    _network_attributes = (
        *SigmoidMLP._network_attributes,
        "inverse_coefs_",
        "inverse_intercepts_",
    )

    _trained_attributes = _network_attributes

    _changed_by_training = (*SigmoidMLP._changed_by_training, "_noise")

    _steps_depend_on = (
        *SigmoidMLP._steps_depend_on,
        "target_step",
        "inverse_noise",
        "inverse_learning_rate_init",
    )

    _parameter_constraints = SigmoidMLP._parameter_constraints | {
        "target_step": [Interval(Real, 0, None, closed="neither")],
        "inverse_noise": [Interval(Real, 0, None, closed="left")],
        "inverse_learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (300,),
        *,
        rate_encoding: Literal["auto", "minmax", "none"] = "auto",
        receptive_fields: int | Literal["auto"] = "auto",
        target_step: float = 0.1,
        inverse_noise: float = 1.0,
        inverse_learning_rate_init: float = 0.3,
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
        self.target_step = target_step
        self.inverse_noise = inverse_noise
        self.inverse_learning_rate_init = inverse_learning_rate_init
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
        """Draw the inverses of the layers between hidden ones, and the stream of their noise."""
        generator = self._generator_of_the_rule()
        coefs, intercepts = random_parameters(
            layer_sizes[-2:0:-1], generator, dtype, self.weight_init_scale
        )
        self.inverse_coefs_, self.inverse_intercepts_ = coefs[::-1], intercepts[::-1]
        self._noise = np.array([generator.randint(2**31 - 1), 0], np.uint64)

    def _step_scales(self):
        # An inverse sees the outputs of its layer.
        ratio = self.inverse_learning_rate_init / self.learning_rate_init
        inverse_scales = [ratio * self._step_scale(total) for total in self._total_inputs[2:]]
        return super()._step_scales() + inverse_scales

    def _rule(self):
        from .._kernels import TargetPropagation

        return TargetPropagation(float(self.target_step), float(self.inverse_noise), self._noise)
