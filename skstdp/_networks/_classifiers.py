"""The classifier that learns by the local rule, and the parameters that others have too."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING

from sklearn.utils._param_validation import Interval

from . import _parameter_docs as docs
from ._competing import CompetingMLP

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from numpy.random import RandomState


__all__ = ["STDPClassifier"]

_NONE_PERTURBED = """Expected to be 0. `BPClassifier` trains on perturbed samples; the local
        rule, trained on them, is less accurate under attack."""


class STDPClassifier(CompetingMLP):
    __doc__ = rf"""Sigmoid network trained by a local, spike-timing-inspired rule.

    Each weight changes by its pre-synaptic rate x, its post-synaptic rate p and the fixed
    association Z of the post-synaptic unit with the class of the sample (equation 3 of [1]_):

    .. math::

        \Delta W = \eta \, Z \frac{{x^3 p (x - p)}}{{(2p - x)^2 + \epsilon}}

    No error is computed and none is propagated. The update, averaged over a batch, takes the
    place of the negative gradient in Adam; biases learn by the same rule with x = 1.

    Parameters
    ----------
    {docs.NETWORK}
    {docs.ENCODING}
    {docs.RECEPTIVE_FIELDS}
    stdp_epsilon : float, default=0.1
        Positive term that keeps the denominator of the rule off zero at p = x / 2. The paper
        has 1e-9, with which one sample near that pole outweighs a batch.
    {docs.COMPETITION}
    weight_init_scale : float, default=4.0
        Factor >= 0 on the initial weights, which are otherwise drawn as by scikit-learn's
        `MLPClassifier`. At the start, units with the same association differ only by these.
    quiet_start : float or None, default=0.2
        Rate at which each unit starts, for its mean drive over the training data, as a fraction
        in (0, 1] of the mean rate of its inputs; the biases are set to this end. A unit that
        starts above its inputs learns the opposite of its association. The mean rates of hidden
        units are those over 1000 samples, drawn by weight, where there are more than 10,000.
        None draws the biases like the weights.
    learning_rate_init : float, default=0.3
        Step size at the start, positive.
    {docs.STEPS}
    {docs.network_loop(progress=docs.ACCURACY, adversarial=_NONE_PERTURBED)}

    Attributes
    ----------
    {docs.ASSOCIATIONS}
    {docs.NETWORK_ATTRIBUTES}

    See Also
    --------
    BPClassifier : The same network trained by backpropagation.
    FGSMScorer : Accuracy under attack, as a scorer.
    stdp_update : The rule for one layer.

    Notes
    -----
    The paper leaves initial biases, epochs and the scaling of inputs open and treats two
    classes only. `quiet_start`, `learning_rate`, `weight_decay` and the associations for more
    than two classes are ours.

    References
    ----------
    .. [1] S. K. Gupta, "A More Biologically Plausible Local Learning Rule for ANNs",
           arXiv:2011.12012, 2020.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> from skstdp import STDPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> scores = cross_val_score(STDPClassifier(random_state=0), X, y)
    >>> round(float(scores.mean()), 2)
    0.98
    """

    _steps_depend_on = (*CompetingMLP._steps_depend_on, "stdp_epsilon")

    _parameter_constraints = CompetingMLP._parameter_constraints | {
        "stdp_epsilon": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (300,),
        *,
        rate_encoding: Literal["auto", "minmax", "none"] = "auto",
        receptive_fields: int | Literal["auto"] = "auto",
        stdp_epsilon: float = 0.1,
        positive_winners: int | float | str = 3,
        negative_winners: int | float | str = 3,
        winner_handicap: float = 0.05,
        winner_margin: float | Literal["auto"] | None = "auto",
        probability_matching: bool = True,
        weight_init_scale: float = 4.0,
        quiet_start: float | None = 0.2,
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
        self.stdp_epsilon = stdp_epsilon
        self.positive_winners = positive_winners
        self.negative_winners = negative_winners
        self.winner_handicap = winner_handicap
        self.winner_margin = winner_margin
        self.probability_matching = probability_matching
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

    def _validate_params(self):
        super()._validate_params()
        if self.adversarial_epsilon > 0:
            raise ValueError(
                f"Got adversarial_epsilon={self.adversarial_epsilon!r}, but STDPClassifier "
                "expected 0: trained on perturbed samples, the local rule is less accurate under "
                "attack. BPClassifier gains."
            )

    def _rule(self):
        from .._kernels import STDPRule

        return STDPRule(stdp_epsilon=float(self.stdp_epsilon), **self._competition())
