"""The classifier that learns by the local rule, and the parameters that others have too."""

from __future__ import annotations

from functools import partial
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

_NETWORK_PARAMETERS = """hidden_layer_sizes : int or array-like of int, default=(300,)
        Number of sigmoid units of each hidden layer, each >= 1. An empty sequence gives a
        network without hidden layer."""

_RECEPTIVE_FIELDS = """receptive_fields : int or "auto", default="auto"
        Number of units by which the first layer sees each feature, 1 or even. 1 is the rate x.
        2 adds an off unit, 1 - x: without it a low value moves no weight, because the rule does
        nothing at x = 0. A larger number 2n gives n steps clip(n x - k, 0, 1), k = 0 ... n - 1,
        and n off units, 1 minus these. "auto" takes 2 for more than 128 features, and 1 where
        these are images of strokes: the mean rate of the training data is below 0.2, and the sum
        of the squares of the rates of a sample, divided by their sum, is at least 0.5 in the mean
        over the samples. For up to 128 features it takes steps of the rank of x among the
        training rates, in [0, 1], in the place of x: 1 to 8 steps per feature, at most 128 steps
        for all features together, and at most one step per 100 different rows. A feature with m
        values has at most m - 1 steps, each of which rises between one value and the next. If
        the values of every feature are among 33 evenly spaced ones, such as grey levels, x is
        not ranked."""

_STEPS = f"""fan_in_scaling : bool, default=True
        Whether the step size of each layer is divided by the sum of the rates that its inputs are
        expected to have: a step of all of them then moves a unit equally far in narrow and in
        wide layers. It is their mean over the training data for the first layer; hidden units
        count with the rate that `quiet_start` gives to those of the first hidden layer, and with
        0.5 if it is None.
    {docs.SCHEDULE}
    weight_decay : float or "auto", default="auto"
        Decoupled weight decay, >= 0: each step multiplies the weights, not the biases, by
        1 - step size * weight_decay, which may not be negative. "auto" is half of the inverse of
        the sum of all step sizes of `fit`, so that few steps and many shrink a weight that does
        not learn to 0.6 of what it was; in `partial_fit`, which knows no last step, 0.001.
    {docs.ADAM}"""

_loop = partial(
    docs.loop,
    batch_size=""""auto" makes five batches per epoch, of at least 16 and at most 200 samples:
        fewer batches of less than 80 samples, more of over 1000. The number of batches is the
        number of steps per epoch, by which `max_iter="auto"` finds the number of epochs.""",
    max_iter=""""auto" takes 130; more if these make fewer than 650 steps, one per batch, and
        fewer if they make more than 4000, but at least 30.""",
)

_NONE_PERTURBED = """Expected to be 0. `BPClassifier` trains on perturbed samples; the local
        rule, trained on them, is less accurate under attack."""

_ATTRIBUTES = f"""{docs.CLASSES}
    coefs_ : list of ndarrays of shape (n_in, n_out)
        Weights of each layer, of the dtype of X.
    intercepts_ : list of ndarrays of shape (n_out,)
        Biases of each layer.
    {docs.ENCODER}
    receptive_fields_ : ndarray of shape (n_features,), dtype int
        Number of units by which the first layer sees each feature. `coefs_[0]` has one row per
        unit: first the first step of each feature, then the second step of each feature that has
        one, and so on; after the last step the off units in the same order.
    loss_ : float
        Cross-entropy in the last epoch.
    {docs.HISTORY}
    n_outputs_ : int
        Number of output units: one per class, or one for two classes (`BPClassifier`, and
        `STDPClassifier` without `probability_matching`)."""

_COMPETITION = """positive_winners : int, float or {"sqrt", "half-sqrt"}, default=3
        Number >= 1, or share in (0, 1], of the units that learn from a sample among those of a
        hidden layer whose association with its class is positive: the most active ones. "sqrt"
        takes the root of the number of these units, "half-sqrt" half of it, rounded up. 1.0 lets
        all of them learn, as in the paper; then they become copies of each other.
    negative_winners : int, float or {"sqrt", "half-sqrt"}, default=3
        Number or share, given as for `positive_winners`, of the units that learn from a sample
        among those whose association with its class is negative: the most active ones, which are
        the most wrong. Their associations are scaled so that those of all winners sum to zero.
    winner_handicap : float, default=0.05
        Disadvantage of units that win often, >= 0: when winners are determined, this number times
        the share of samples on which a unit wins is subtracted from its rate. Predictions are not
        affected.
    winner_margin : float, "auto" or None, default="auto"
        In (0, 1]. A layer does not learn from a sample if the rate of its most active unit with a
        positive association exceeds that of its most active other unit by more than this. "auto"
        is 0.85 for two classes and 0.4 for more. None lets it learn from all samples, as in the
        paper.
    probability_matching : bool, default=True
        Whether the output layer has one unit per class whose share of the rates,
        p_k / (p_1 + ... + p_K), learns the probability of the class. On each sample the
        association of each wrong unit is -1, that of the right unit makes the sum of associations
        times rates zero, and all of them are divided by the sum of the rates. False gives the
        associations of the paper: all outputs learn from all samples, two classes have a single
        unit with rate p, and `winner_margin` is its lead over 1 - p."""

_ASSOCIATIONS = """associations_ : list of ndarrays of shape (n_classes, n_units)
        Fixed association of each unit of each hidden layer and of the output with each class.
        With two classes +1 or -1; with more, +1 for the class a unit stands for, and a negative
        number for the others such that they sum to zero."""


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
    {_NETWORK_PARAMETERS}
    {docs.ENCODING}
    {_RECEPTIVE_FIELDS}
    stdp_epsilon : float, default=0.1
        Positive term that keeps the denominator of the rule off zero at p = x / 2. The paper
        has 1e-9, with which one sample near that pole outweighs a batch.
    {_COMPETITION}
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
    {_STEPS}
    {_loop(progress="accuracy, as the rule minimises no loss", adversarial=_NONE_PERTURBED)}

    Attributes
    ----------
    {_ASSOCIATIONS}
    {_ATTRIBUTES}

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
