"""Classifier with a local rule of the user's choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _parameter_docs as docs
from ._competing import CompetingMLP
from ._rules import check_rule, sees_mean_square

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal

    from numpy.random import RandomState
    from numpy.typing import NDArray


__all__ = ["LocalRuleClassifier"]


class LocalRuleClassifier(CompetingMLP):
    __doc__ = rf"""Sigmoid network trained by a local rule of your choice.

    A rule is the formula for the change of one synapse by one sample. It is given the rate of the
    pre-synaptic unit, the rate of the post-synaptic unit and the association of the post-synaptic
    unit with the class of the sample, and nothing else: no weight, no error, no other synapse.
    All else is as in `STDPClassifier`: the network, the encoding, the quiet start, the units that
    compete to learn, and Adam, in which the mean of the changes over a batch takes the place of
    the negative gradient.

    Parameters
    ----------
    {docs.NETWORK}
    rule : str or callable, default="stdp"
        One of "stdp", "stdp-symmetric", "hebb", "oja", "bcm" and "contrastive", whose formulas
        are in the notes, or a function `rule(pre, post, association)`, also with a fourth
        argument, `mean_square`. A function of arrays is given one row per pair of a sample and a
        unit that learns from it, one column per pre-synaptic unit, and returns an array of the
        shape of `pre`. A function compiled by `numba.njit` is given numbers, returns one, and is
        compiled into the loop, in about a second for each process and dtype.
    {docs.ENCODING}
    {docs.RECEPTIVE_FIELDS}
    {docs.COMPETITION}
    weight_init_scale : float, default=4.0
        Factor >= 0 on the initial weights, which are otherwise drawn as by scikit-learn's
        `MLPClassifier`. At the start, units with the same association differ only by these.
    quiet_start : float or None, default=0.2
        Rate at which each unit starts, for its mean drive over the training data, as a fraction
        in (0, 1] of the mean rate of its inputs; the biases are set to this end. A rule with the
        factor x - p needs it: a unit that starts above its inputs learns the opposite of its
        association. None draws the biases like the weights.
    learning_rate_init : float, default=0.3
        Step size at the start, positive.
    {docs.STEPS}
    {docs.network_loop(progress=docs.ACCURACY, adversarial=docs.PERTURBED_BATCHES)}

    Attributes
    ----------
    {docs.ASSOCIATIONS}
    {docs.NETWORK_ATTRIBUTES}

    See Also
    --------
    STDPClassifier : The same network with equation 3 alone, in a loop that is compiled as a whole.
    BPClassifier : The same network trained by backpropagation.
    stdp_update : Equation 3 for one layer.

    Notes
    -----
    The arguments of a rule, in the dtype of the weights:

    ===============  ================  ==========================================================
    Argument         Shape, of arrays  Meaning
    ===============  ================  ==========================================================
    ``pre``          (n_pairs, n_pre)  Rates x of the pre-synaptic units, in [0, 1]; the last
                                       column is 1 in each row, and its change is that of the
                                       biases.
    ``post``         (n_pairs, 1)      Rate p of the post-synaptic unit, in [0, 1].
    ``association``  (n_pairs, 1)      Association Z of the post-synaptic unit with the class of
                                       the sample, never 0: units that lose the competition are
                                       left out. In hidden layers its sign is that of
                                       `associations_`; its size balances classes, and winners on
                                       both sides. In the output layer it is that of
                                       `probability_matching`.
    ``mean_square``  (n_pairs, 1)      Mean of :math:`p^2` of the post-synaptic unit over the
                                       batch, by weight. Only for a function with four arguments.
    returns          (n_pairs, n_pre)  Change of each synapse, before the step size.
    ===============  ================  ==========================================================

    The weights of samples are no argument: the changes are multiplied by them afterwards, so that
    a sample of weight 2 teaches as two samples do. A function is tried on a few synapses before
    any work. If the change of one depends on the others, or on chance, that is an error.

    The rules that have names:

    ==================  ==========================================================================
    Name                Change of a synapse
    ==================  ==========================================================================
    "stdp"              :math:`Z x^3 p (x - p) / ((2 p - x)^2 + 0.1)`, equation 3 of [1]_, as
                        `STDPClassifier` has it by default.
    "stdp-symmetric"    :math:`Z x p (x - p)`, equation 4 of [1]_, which in terms of spike times
                        is equation 5: the curve before its peaks are exchanged.
    "hebb"              :math:`Z x p`, Hebb's product of both rates [2]_.
    "oja"               :math:`Z p (x - p)`. Oja's rule [3]_ is :math:`p (x - p w)` with the
                        weight :math:`w` of the synapse, which no rule sees; here it is 1. So the
                        rate of a unit approaches those of its inputs, but the weights are not
                        normalised. What bounds them is `weight_decay`.
    "bcm"               :math:`Z x p (p - \theta)` with the threshold :math:`\theta`, the mean of
                        :math:`p^2` [4]_: over the batch, not over a longer past. The original has
                        no association and is unsupervised.
    "contrastive"       :math:`|Z| x (t - p)` with :math:`t = 1` for Z > 0, else 0. Contrastive
                        Hebbian learning [5]_ is the product of both rates where the outputs are
                        held at their targets, minus the product where they are free. Here each
                        unit alone is held, at the target that its association is; nothing flows
                        back, so that its inputs are alike in both phases. This is the delta rule,
                        layer by layer: its t - p is an error of the unit itself, of no other.
    ==================  ==========================================================================

    Parameters with functions are pickled by reference, as all functions are: the module of the
    function has to be importable where the pickle is loaded, and a lambda cannot be pickled. A
    file of `save_model` holds the name of the module and of the function, and `load_model` takes
    it where that name is among `trusted`.

    References
    ----------
    .. [1] S. K. Gupta, "A More Biologically Plausible Local Learning Rule for ANNs",
           arXiv:2011.12012, 2020.
    .. [2] Donald O. Hebb, "The Organization of Behavior", Wiley, 1949.
    .. [3] E. Oja, "A simplified neuron model as a principal component analyzer", Journal of
           Mathematical Biology 15, 267-273, 1982.
    .. [4] E. L. Bienenstock, L. N. Cooper and P. W. Munro, "Theory for the development of neuron
           selectivity: orientation specificity and binocular interaction in visual cortex",
           Journal of Neuroscience 2, 32-48, 1982.
    .. [5] J. R. Movellan, "Contrastive Hebbian learning in the continuous Hopfield model",
           Connectionist Models: Proceedings of the 1990 Summer School, 10-17, 1991.

    Examples
    --------
    Equation 3, as a function of arrays:

    >>> from sklearn.datasets import load_iris
    >>> from skstdp import LocalRuleClassifier, STDPClassifier
    >>> def equation_3(pre, post, association):
    ...     pole = (2 * post - pre) ** 2 + 0.1
    ...     return association * pre**3 * post * (pre - post) / pole
    >>> X, y = load_iris(return_X_y=True)
    >>> network = LocalRuleClassifier(rule=equation_3, random_state=0).fit(X, y)
    >>> round(network.score(X, y), 2)
    0.99
    >>> twin = STDPClassifier(random_state=0).fit(X, y)
    >>> round(float(abs(network.coefs_[0] - twin.coefs_[0]).max()), 9)
    0.0

    Oja's rule by its name, and Hebb's with a limit for active units, as compiled code:

    >>> round(LocalRuleClassifier(rule="oja", random_state=0).fit(X, y).score(X, y), 2)
    0.97
    >>> from numba import njit
    >>> @njit
    ... def limited_hebb(pre, post, association):
    ...     return association * pre * post * (1 - post)
    >>> network = LocalRuleClassifier(rule=limited_hebb, random_state=0).fit(X, y)
    >>> round(network.score(X, y), 2)
    0.99
    """

    _steps_depend_on = ("rule", *CompetingMLP._steps_depend_on)

    _parameter_constraints = CompetingMLP._parameter_constraints | {"rule": [str, callable]}

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (300,),
        *,
        rule: str | Callable[..., NDArray | float] = "stdp",
        rate_encoding: Literal["auto", "minmax", "none"] = "auto",
        receptive_fields: int | Literal["auto"] = "auto",
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
        self.rule = rule
        self.rate_encoding = rate_encoding
        self.receptive_fields = receptive_fields
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
        check_rule(self.rule)

    def _rule(self):
        from .._kernels import LocalRule

        return LocalRule(
            rule=self.rule, sees_mean_square=sees_mean_square(self.rule), **self._competition()
        )
