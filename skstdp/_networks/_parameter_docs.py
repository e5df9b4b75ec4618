"""Parameters and attributes that several classifiers have, as parts of their docstrings."""

from functools import partial

ENCODING = """rate_encoding : {"auto", "minmax", "none"}, default="auto"
        Scaling of X to rates in [0, 1]. "minmax" scales each feature's range in the training data
        to [0, 1] and clips what lies outside. "auto" does so unless all training data are in
        [0, 1] already; these are taken as they are, and later data are clipped. "none" takes X
        as it is, and a value outside [0, 1] by more than rounding is an error."""

ADAM = """beta_1 : float, default=0.9
        Decay of Adam's first moment, in [0, 1).
    beta_2 : float, default=0.999
        Decay of Adam's second moment, in [0, 1).
    epsilon : float, default=1e-8
        Positive term in Adam's denominator."""

SCHEDULE = """learning_rate : {"constant", "linear"}, default="linear"
        Schedule of the step size: constant, or falling to zero in equal steps until `max_iter`."""

_BATCH_SIZE = """batch_size : int or "auto", default="auto"
        Largest number of samples in a batch, >= 1. The samples are split into batches of nearly
        equal size. """

_STOPPING = """n_iter_no_change : int or numpy.inf, default=30
        Training stops after more epochs in a row than these without improvement, >= 1. Infinity
        never stops it. Hidden layers take some epochs to start; less may stop them before.
    early_stopping : bool, default=False
        Whether to set aside part of the data (stratified), to stop when the accuracy on it has
        not improved by more than `tol` (None counts as 0) for more than `n_iter_no_change`
        epochs, and to keep the weights of the best epoch, the last of equally good ones. With
        `warm_start` the weights it starts from are kept unless an epoch is better.
    validation_fraction : float, default=0.1
        Share of the data that `early_stopping` sets aside, in (0, 1).
    warm_start : bool, default=False
        Whether `fit` goes on from the weights, encoder and random state of the previous call.
        The optimiser and the schedule start anew."""

_REST = """class_weight : dict, "balanced" or None, default=None
        Weights of the classes, by label; multiplied with `sample_weight`. "balanced" weighs
        each class inversely to its frequency.
    random_state : int, RandomState instance or None, default=None
        Draws the weights, the order of the samples, random spikes and the validation split.
    verbose : bool or int, default=False
        Whether to print loss and accuracy after each epoch."""

PERTURBED_BATCHES = """In [0, 1]. When positive, each batch is replaced by what the fast gradient
        sign attack makes of it for the network as it is then, and the loss and accuracy of the
        epoch are those of these samples. In `fit` the size of the attack grows in equal steps to
        this value in the first half of `max_iter`, since under the full attack from the first
        step on a network may learn to predict one class; `tol` and `early_stopping` monitor the
        epochs after it. `partial_fit` attacks with the full size: no last epoch is known."""

CLASSES = """classes_ : ndarray of shape (n_classes,)
        Class labels."""

ENCODER = """encoder_ : MinMaxScaler or None
        Fitted map from X to rates; None for `rate_encoding="none"`."""

HISTORY = """loss_curve_ : list of float
        Cross-entropy in each epoch.
    accuracy_curve_ : list of float
        Training accuracy in each epoch, of each batch before its own update.
    validation_scores_ : list of float or None
        Accuracy after each epoch on the data set aside or given as `X_val`.
    history_ : DataFrame
        Loss, accuracy and validation figures, one row per epoch.
    n_iter_ : int
        Number of epochs run.
    n_layers_ : int
        Number of layers, input and output included.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X was a data frame with string names."""


def loop(*, batch_size, max_iter, progress, adversarial):
    """Parameters of the fit loop, given what they are by default and which figure they follow."""
    return f"""{_BATCH_SIZE}{batch_size}
    max_iter : int or "auto", default="auto"
        Number of epochs, >= 1. {max_iter}
    shuffle : bool, default=True
        Whether to draw a new order of the samples in each epoch.
    tol : float or None, default=None
        With None every epoch is run. Otherwise training stops, with the weights it has and
        `n_iter_` epochs, as soon as the training figure has not improved by more than `tol` for
        more than `n_iter_no_change` epochs, and a `ConvergenceWarning` says if that never
        happened. The figure is the {progress}.
    {_STOPPING}
    adversarial_epsilon : float, default=0.0
        {adversarial}
    {_REST}"""


NETWORK = """hidden_layer_sizes : int or array-like of int, default=(300,)
        Number of sigmoid units of each hidden layer, each >= 1. An empty sequence gives a
        network without hidden layer."""

RECEPTIVE_FIELDS = """receptive_fields : int or "auto", default="auto"
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

STEPS = f"""fan_in_scaling : bool, default=True
        Whether the step size of each layer is divided by the sum of the rates that its inputs are
        expected to have: a step of all of them then moves a unit equally far in narrow and in
        wide layers. It is their mean over the training data for the first layer; hidden units
        count with the rate that `quiet_start` gives to those of the first hidden layer, and with
        0.5 if it is None.
    {SCHEDULE}
    weight_decay : float or "auto", default="auto"
        Decoupled weight decay, >= 0: each step multiplies the weights, not the biases, by
        1 - step size * weight_decay, which may not be negative. "auto" is half of the inverse of
        the sum of all step sizes of `fit`, so that few steps and many shrink a weight that does
        not learn to 0.6 of what it was; in `partial_fit`, which knows no last step, 0.001.
    {ADAM}"""

# Figure that local rules follow.
ACCURACY = "accuracy, as the rule minimises no loss"

network_loop = partial(
    loop,
    batch_size=""""auto" makes five batches per epoch, of at least 16 and at most 200 samples:
        fewer batches of less than 80 samples, more of over 1000. The number of batches is the
        number of steps per epoch, by which `max_iter="auto"` finds the number of epochs.""",
    max_iter=""""auto" takes 130; more if these make fewer than 650 steps, one per batch, and
        fewer if they make more than 4000, but at least 30.""",
)

NETWORK_ATTRIBUTES = f"""{CLASSES}
    coefs_ : list of ndarrays of shape (n_in, n_out)
        Weights of each layer, of the dtype of X.
    intercepts_ : list of ndarrays of shape (n_out,)
        Biases of each layer.
    {ENCODER}
    receptive_fields_ : ndarray of shape (n_features,), dtype int
        Number of units by which the first layer sees each feature. `coefs_[0]` has one row per
        unit: first the first step of each feature, then the second step of each feature that has
        one, and so on; after the last step the off units in the same order.
    loss_ : float
        Cross-entropy in the last epoch.
    {HISTORY}
    n_outputs_ : int
        Number of output units: one per class, or one for two classes, which have two where the
        classifier has `probability_matching` and it is true."""

COMPETITION = """positive_winners : int, float or {"sqrt", "half-sqrt"}, default=3
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

ASSOCIATIONS = """associations_ : list of ndarrays of shape (n_classes, n_units)
        Fixed association of each unit of each hidden layer and of the output with each class.
        With two classes +1 or -1; with more, +1 for the class a unit stands for, and a negative
        number for the others such that they sum to zero."""
