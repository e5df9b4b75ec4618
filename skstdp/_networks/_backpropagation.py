"""The classifier that learns by propagated errors: by the weights, or by other feedback."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils._param_validation import StrOptions

from . import _parameter_docs as docs
from ._sigmoid import SigmoidMLP

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from numpy.random import RandomState


__all__ = ["BPClassifier"]


def _draw_feedback(feedback, layer_sizes, generator, dtype):
    """Fixed weights from where errors come to each hidden layer.

    All entries have the variance of the initial weights at `weight_init_scale=1`.
    """
    matrices = []
    for n_units, n_above in pairwise(layer_sizes[1:]):
        shape = layer_sizes[-1] if feedback == "direct" else n_above, n_units
        bound = np.sqrt(2 / sum(shape))
        if feedback == "sign":
            matrix = np.full(shape, bound / np.sqrt(3))
        else:
            matrix = generator.uniform(-bound, bound, shape)
        matrices.append((np.abs(matrix) if feedback == "sign-random" else matrix).astype(dtype))
    return matrices


class BPClassifier(SigmoidMLP):
    __doc__ = rf"""The network of `STDPClassifier` trained by backpropagation: the reference.

    Same initial weights, encoding, optimiser, loop and options; only the rule differs: the
    exact gradient of cross-entropy, binary for two classes and categorical for more. With another
    `feedback` it is trained by feedback alignment, direct feedback alignment or sign symmetry:
    errors then reach the hidden layers by other weights than those of the network.

    Parameters
    ----------
    {docs.NETWORK}
    {docs.ENCODING}
    {docs.RECEPTIVE_FIELDS}
    feedback : {{"symmetric", "random", "direct", "sign", "sign-random"}}, default="symmetric"
        Weights by which errors reach the hidden layers. "symmetric" takes those of the network:
        backpropagation. The others need not know these, or only their signs. "random" is
        feedback alignment [2]_: fixed random weights from each layer to the one below. "direct"
        is direct feedback alignment [3]_: fixed random weights from the output to each hidden
        layer. "sign" is sign symmetry [4]_: the signs of the weights of the network, with one
        magnitude per layer. "sign-random" gives each of these its own fixed random magnitude
        [5]_. See Notes.
    weight_init_scale : float, default=4.0
        Factor >= 0 on the initial weights, which are otherwise drawn as by scikit-learn's
        `MLPClassifier`.
    quiet_start : float or None, default=None
        As in `STDPClassifier`: the rate at which units start, as a fraction in (0, 1] of the
        mean rate of their inputs. None draws the biases like the weights.
    learning_rate_init : float, default=0.3
        Step size at the start, positive.
    {docs.STEPS}
    {docs.network_loop(progress="loss", adversarial=docs.PERTURBED_BATCHES)}

    Attributes
    ----------
    {docs.NETWORK_ATTRIBUTES}
    feedback_coefs_ : list of ndarrays of shape (n_above, n_units) or None
        Fixed weights by which errors reach each hidden layer, from the layer above or, with
        `feedback="direct"`, from the output; of the dtype of X. With `feedback="sign"` and
        "sign-random" magnitudes, >= 0. None for `feedback="symmetric"`.

    See Also
    --------
    STDPClassifier : The same network trained by the local rule.
    sklearn.neural_network.MLPClassifier : Takes the same steps with `activation="logistic"`,
        `alpha=0` and the same batches.

    Notes
    -----
    With :math:`h_l` the rates of layer l, :math:`W_l` the weights from it to the next one, and
    the error :math:`\delta_L = y - \hat{{y}}` of the output, which is minus the derivative of
    cross-entropy by its drive, the direction of each update is

    .. math::

        \Delta W_l = h_l^T \delta_{{l+1}}, \qquad
        \delta_l = (\delta_{{l+1}} B_l) \circ h_l \circ (1 - h_l)

    and of these feedback weights :math:`B_l`

    ===============  =================================================================
    `feedback`       :math:`B_l`
    ===============  =================================================================
    `"symmetric"`    :math:`W_l^T`
    `"random"`       drawn once
    `"direct"`       drawn once, and :math:`\delta_L B_l` takes the place of
                     :math:`\delta_{{l+1}} B_l`
    `"sign"`         :math:`m_l \, \mathrm{{sign}}(W_l^T)`, with a number :math:`m_l`
    `"sign-random"`  :math:`M_l \circ \mathrm{{sign}}(W_l^T)`, with :math:`M_l \geq 0`
                     drawn once
    ===============  =================================================================

    They are drawn uniformly from :math:`\pm \sqrt{{2 / (n_{{above}} + n_{{units}})}}`, the range
    of the initial weights for `weight_init_scale=1`; :math:`m_l` is the root of the mean square
    of this, and :math:`M_l` is its absolute value. Their scale does not matter: Adam divides
    each update by the root mean square of its past, so that a factor on :math:`B_l` cancels. The
    initial weights and the batches are the same for each `feedback` with the same `random_state`.

    Attacks, and `adversarial_epsilon`, follow the gradient of the network itself, whatever the
    feedback that it learns by.

    References
    ----------
    .. [1] S. K. Gupta, "A More Biologically Plausible Local Learning Rule for ANNs",
           arXiv:2011.12012, 2020.
    .. [2] T. P. Lillicrap, D. Cownden, D. B. Tweed, C. J. Akerman, "Random synaptic feedback
           weights support error backpropagation for deep learning", Nature Communications 7,
           13276, 2016.
    .. [3] A. Nøkland, "Direct Feedback Alignment Provides Learning in Deep Neural Networks",
           NeurIPS, 2016.
    .. [4] W. Xiao, H. Chen, Q. Liao, T. Poggio, "Biologically-plausible learning algorithms can
           scale to large datasets", arXiv:1811.03567, 2018.
    .. [5] Q. Liao, J. Z. Leibo, T. Poggio, "How Important Is Weight Symmetry in
           Backpropagation?", AAAI, 2016.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> from skstdp import BPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> scores = cross_val_score(BPClassifier(random_state=0), X, y)
    >>> round(float(scores.mean()), 2)
    0.99

    Feedback alignment:

    >>> aligned = BPClassifier((20, 10), feedback="random", random_state=0).fit(X, y)
    >>> [feedback.shape for feedback in aligned.feedback_coefs_]
    [(10, 20), (3, 10)]
    >>> round(aligned.score(X, y), 2)
    0.99
    """

    _set_by_fit = (*SigmoidMLP._set_by_fit, "feedback_coefs_", "_started_with")

    # Of models that were saved when there was no other feedback.
    feedback = _started_with = "symmetric"
    feedback_coefs_ = None

    _parameter_constraints = SigmoidMLP._parameter_constraints | {
        "feedback": [StrOptions({"symmetric", "random", "direct", "sign", "sign-random"})]
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
        self.feedback_coefs_ = None
        if self.feedback != "symmetric":
            generator = self._generator_of_the_rule()
            self.feedback_coefs_ = _draw_feedback(self.feedback, layer_sizes, generator, dtype)

    def _rule(self):
        from .._kernels import Backpropagation, Feedback

        if self.feedback != self._started_with:
            raise ValueError(
                f"Got feedback={self.feedback!r}, but expected {self._started_with!r}, with which "
                "the network that is trained further has started. For a new one call fit with "
                "warm_start=False."
            )
        if self.feedback == "symmetric":
            return Backpropagation()
        # Laid out as the weights whose place they take.
        matrices = [matrix.T.ravel() for matrix in self.feedback_coefs_]
        return Feedback(
            np.concatenate([np.empty(0, self.coefs_[0].dtype), *matrices]),
            self.feedback == "direct",
            self.feedback.startswith("sign"),
        )
