"""Parameters and attributes that several classifiers have, as parts of their docstrings."""

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
