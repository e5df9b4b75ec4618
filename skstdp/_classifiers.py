"""The two classifiers: one network and one fit loop, two learning rules."""

import warnings
from abc import ABCMeta, abstractmethod
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from numbers import Integral, Real

import numpy as np
import pandas as pd
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score
from sklearn.utils import check_random_state, compute_class_weight
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ._associations import hidden_associations, output_associations
from ._backprop import backprop_updates, cross_entropy, margin_input_gradient
from ._competition import Competition
from ._encoding import encode, fit_encoder, on_off_gradient, on_off_pairs, uses_complement
from ._forward import class_margins, forward
from ._initialization import quieten, random_parameters
from ._optimizers import SCHEDULES, Adam
from ._split import hold_out
from ._stdp import stdp_updates

__all__ = ["BPClassifier", "STDPClassifier"]

_FLOATS = [np.float64, np.float32]


@contextmanager
def _unchanged_on_error(estimator):
    """Give an estimator its old attributes back when the block raises."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise


class _SigmoidMLP(ClassifierMixin, BaseEstimator, metaclass=ABCMeta):
    """Everything but the learning rule."""

    _parameter_constraints = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "rate_encoding": [StrOptions({"auto", "minmax", "none"})],
        "complement": ["boolean", StrOptions({"auto"})],
        "weight_init_scale": [Interval(Real, 0, None, closed="left")],
        "quiet_start": [Interval(Real, 0, 1, closed="right"), None],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "fan_in_scaling": ["boolean"],
        "learning_rate": [StrOptions(set(SCHEDULES))],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "warm_start": ["boolean"],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    _changed_by_training = (
        "coefs_",
        "intercepts_",
        "loss_curve_",
        "accuracy_curve_",
        "_optimizer",
        "_random_state",
    )

    @abstractmethod
    def _associate(self, layer_units, dtype):
        """Fix what the rule needs besides the network, once, before training."""

    @abstractmethod
    def _rule(self):
        """The learning rule: activities, y, sample_weight and updates are its arguments."""

    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None):
        """Train the network from scratch, or from where it is with `warm_start=True`.

        An error leaves the estimator as it was before the call.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Training data, float32 or float64; other numbers become float64.
        y : array-like of shape (n_samples,)
            Class labels, of any type, at least two different ones.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, >= 0 and not all zero. None for equal weights.
        X_val : array-like of shape (n_val_samples, n_features), default=None
            Data to record the accuracy on after each epoch, in `validation_scores_`. With
            `early_stopping=True` it takes the place of the part of X that is set aside.
        y_val : array-like of shape (n_val_samples,), default=None
            Class labels of `X_val`.

        Returns
        -------
        self : object
            The fitted classifier.

        Raises
        ------
        ValueError
            If a parameter or the data is not as described here.
        """
        if (X_val is None) != (y_val is None):
            raise ValueError("Got only one of X_val and y_val, but expected both or neither.")
        with _unchanged_on_error(self):
            self._validate_params()
            first_pass = not (self.warm_start and hasattr(self, "coefs_"))
            X, y, sample_weight = self._validate_training_data(X, y, sample_weight, first_pass)
            classes = np.unique(y)
            if first_pass:
                self._set_classes(classes)
            elif not np.array_equal(classes, self.classes_):
                raise ValueError(
                    f"Got the classes {classes} in y, but warm_start=True expected those of the "
                    f"previous call to fit, {self.classes_}."
                )
            y, sample_weight = self._index_and_weigh(y, sample_weight)

            validation = None
            if X_val is not None:
                X_val, y_val = validate_data(
                    self, X_val, y_val, dtype=_FLOATS, order="C", reset=False
                )
                validation = X_val, y_val, None
            elif self.early_stopping:
                random_state = np.random.RandomState(self._random_seed())
                held = hold_out(X, y, self.validation_fraction, random_state)
                validation = X[held], self.classes_[y[held]], sample_weight[held]
                X, y, sample_weight = X[~held], y[~held], sample_weight[~held]

            rates, sample_weight = self._start(X, sample_weight, first_pass)
            self._reset_optimizer()
            self._train(rates, y, sample_weight, validation, first_pass)
        return self

    def _can_partial_fit(self):
        if self.early_stopping:
            raise AttributeError(
                "Got early_stopping=True, but partial_fit expected False: it sees one epoch at a "
                "time and cannot go back to the best one."
            )
        if self.class_weight == "balanced":
            raise AttributeError(
                "Got class_weight='balanced', but partial_fit expected None or a dict: it cannot "
                "know how frequent the classes are in all data."
            )
        return True

    @available_if(_can_partial_fit)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on the given samples.

        The first call draws the weights and fits the encoder and the initial biases on its
        samples; later values outside that range are clipped. The step size stays at
        `learning_rate_init`, because no last epoch is known. An error leaves the estimator as
        it was before the call.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples, float32 or float64; other numbers become float64.
        y : array-like of shape (n_samples,)
            Class labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that any call will give. Needed at the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, >= 0 and not all zero. None for equal weights.

        Returns
        -------
        self : object
            The trained classifier.

        Raises
        ------
        ValueError
            If a parameter or the data is not as described here, or `classes` is missing at the
            first call.
        AttributeError
            If `early_stopping` is true or `class_weight` is "balanced": then there is no such
            method.
        """
        with _unchanged_on_error(self):
            self._validate_params()
            first_pass = not hasattr(self, "coefs_")
            if first_pass:
                _check_partial_fit_first_call(self, classes)
                self._set_classes(self.classes_)
            elif classes is not None and not np.array_equal(np.unique(classes), self.classes_):
                raise ValueError(
                    f"Got classes={classes!r}, but expected those of the first call, "
                    f"{self.classes_}."
                )
            X, y, sample_weight = self._validate_training_data(X, y, sample_weight, first_pass)
            y, sample_weight = self._index_and_weigh(y, sample_weight)
            rates, sample_weight = self._start(X, sample_weight, first_pass)
            if first_pass:
                self._reset_optimizer()
            self._train_epoch(rates, y, sample_weight, lambda progress: 1.0)
            self.n_iter_ += 1
        return self

    def _validate_training_data(self, X, y, sample_weight, reset):
        sizes = self._hidden_layer_sizes()
        if not all(isinstance(size, Integral) and size >= 1 for size in sizes):
            raise ValueError(
                f"Got hidden_layer_sizes={self.hidden_layer_sizes!r}, but expected positive "
                "integers, one a hidden layer."
            )
        X, y = validate_data(self, X, y, dtype=_FLOATS, order="C", reset=reset)
        check_classification_targets(y)
        sample_weight = _check_sample_weight(
            sample_weight, X, dtype=X.dtype, ensure_non_negative=True
        )
        # A sample of weight zero must be the same as no sample, for the encoder too.
        counts = sample_weight > 0
        return (
            (X, y, sample_weight)
            if counts.all()
            else (X[counts], y[counts], sample_weight[counts])
        )

    def _hidden_layer_sizes(self):
        sizes = self.hidden_layer_sizes
        return [sizes] if isinstance(sizes, Integral) else list(sizes)

    def _random_seed(self):
        return check_random_state(self.random_state).randint(2**31 - 1)

    def _set_classes(self, classes):
        if len(classes) < 2:
            raise ValueError(
                f"Got samples of {len(classes)} class, {classes}, but expected at least 2 classes."
            )
        self.classes_ = classes

    def _class_indices(self, y):
        indices = np.searchsorted(self.classes_, y).clip(max=len(self.classes_) - 1)
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(
                f"Got the labels {unknown} in y, but expected only the classes {self.classes_}."
            )
        return indices

    def _index_and_weigh(self, y, sample_weight):
        indices = self._class_indices(y)
        if self.class_weight is not None:
            class_weight = compute_class_weight(
                self.class_weight, classes=self.classes_, y=y, sample_weight=sample_weight
            )
            sample_weight = sample_weight * class_weight.astype(sample_weight.dtype)[indices]
        return indices, sample_weight

    def _start(self, X, sample_weight, first_pass):
        """Draw the network, or copy it so that nobody else's weights change; encode X."""
        if first_pass:
            self._random_state = np.random.RandomState(self._random_seed())
            self.encoder_ = fit_encoder(X, self.rate_encoding)
            rates = self._encode(X)
            self.n_outputs_ = 1 if len(self.classes_) == 2 else len(self.classes_)
            self.complement_ = uses_complement(self.complement, rates)
            n_inputs = rates.shape[1] * (1 + self.complement_)
            layer_units = [n_inputs, *self._hidden_layer_sizes(), self.n_outputs_]
            self.n_layers_ = len(layer_units)
            self.coefs_, self.intercepts_ = random_parameters(
                layer_units, self._random_state, X.dtype, self.weight_init_scale
            )
            if self.quiet_start is not None:
                quieten(
                    self.coefs_,
                    self.intercepts_,
                    self._inputs(rates),
                    sample_weight,
                    self.quiet_start,
                )
            self._associate(layer_units, X.dtype)
            self._forget_history()
            return rates, sample_weight
        for name in self._changed_by_training:
            setattr(self, name, deepcopy(getattr(self, name)))
        dtype = self.coefs_[0].dtype
        rates = self._encode(X.astype(dtype, copy=False))
        return rates, sample_weight.astype(dtype, copy=False)

    def _forget_history(self):
        self.n_iter_ = 0
        self.loss_curve_ = []
        self.accuracy_curve_ = []
        self.validation_scores_ = None

    def _reset_optimizer(self):
        self._optimizer = Adam(
            list(zip(self.coefs_, self.intercepts_, strict=True)),
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
            weight_decay=self.weight_decay,
        )

    def _train(self, rates, y, sample_weight, validation, first_pass):
        """Epochs until `max_iter`, or until the monitored figure stops improving."""
        self._forget_history()
        best, best_network, n_stale = -np.inf, None, 0
        if validation is not None:
            self.validation_scores_ = []
            X_val, y_val, weight_val = validation
            validation = self._encode(X_val.astype(rates.dtype, copy=False)), y_val, weight_val
            if self.early_stopping and not first_pass:
                # A warm start must not end with less than it started with.
                best = self._validation_score(*validation)
                best_network = deepcopy((self.coefs_, self.intercepts_))
        schedule = SCHEDULES[self.learning_rate]
        tol = 0.0 if self.tol is None else self.tol
        monitors = self.early_stopping or self.tol is not None
        for epoch in range(self.max_iter):
            self._train_epoch(
                rates,
                y,
                sample_weight,
                lambda progress, epoch=epoch: schedule((epoch + progress) / self.max_iter),
            )
            self.n_iter_ += 1
            if validation is not None:
                self.validation_scores_.append(self._validation_score(*validation))
            if self.verbose:
                self._report_epoch()
            if not monitors:
                continue
            figure = self.validation_scores_[-1] if self.early_stopping else -self.loss_curve_[-1]
            n_stale = 0 if figure > best + tol else n_stale + 1
            if figure > best:
                best = figure
                if self.early_stopping:
                    best_network = deepcopy((self.coefs_, self.intercepts_))
            if n_stale > self.n_iter_no_change:
                break
        else:
            if monitors and not self.early_stopping:
                warnings.warn(
                    f"The training loss still improved by more than tol={self.tol} within the "
                    f"last n_iter_no_change={self.n_iter_no_change} of max_iter={self.max_iter} "
                    "epochs. Raise max_iter, or set tol=None to run every epoch.",
                    ConvergenceWarning,
                    stacklevel=3,
                )
        if best_network is not None:
            self.coefs_, self.intercepts_ = best_network

    def _validation_score(self, rates, y, sample_weight):
        return accuracy_score(y, self._predict_rates(rates), sample_weight=sample_weight)

    def _train_epoch(self, rates, y, sample_weight, step_factor):
        """One pass over the samples in batches of nearly equal size."""
        layers = list(zip(self.coefs_, self.intercepts_, strict=True))
        updates = [(np.empty_like(coef), np.empty_like(intercept)) for coef, intercept in layers]
        rule = self._rule()
        step_sizes = [
            self.learning_rate_init / (len(coef) if self.fan_in_scaling else 1)
            for coef in self.coefs_
        ]
        n_samples = len(y)
        order = self._random_state.permutation(n_samples) if self.shuffle else np.arange(n_samples)
        n_batches = self._n_batches(n_samples)
        loss = n_right = 0.0
        for k, rows in enumerate(np.array_split(order, n_batches)):
            batch_y, weight = y[rows], sample_weight[rows]
            activities = forward(self._inputs(rates[rows]), self.coefs_, self.intercepts_)
            loss += cross_entropy(activities[-1], batch_y, weight)
            n_right += weight @ (class_margins(activities[-1]).argmax(axis=1) == batch_y)
            rule(activities, batch_y, weight / weight.sum(), updates)
            factor = step_factor(k / n_batches)
            self._optimizer.step(layers, updates, [factor * size for size in step_sizes])
        total = float(sample_weight.sum())
        self.loss_curve_.append(loss / total)
        self.accuracy_curve_.append(float(n_right) / total)
        self.loss_ = self.loss_curve_[-1]

    def _n_batches(self, n_samples):
        if self.batch_size == "auto":
            return max(1, min(5, n_samples // 16), -(-n_samples // 200))
        return -(-n_samples // self.batch_size)

    def _report_epoch(self):
        figures = [f"loss {self.loss_:.6f}", f"accuracy {self.accuracy_curve_[-1]:.4f}"]
        if self.validation_scores_:
            figures.append(f"validation accuracy {self.validation_scores_[-1]:.4f}")
        print(f"Epoch {self.n_iter_}/{self.max_iter}: {', '.join(figures)}")

    def _encode(self, X):
        return encode(X, self.encoder_, getattr(self, "feature_names_in_", None))

    def _inputs(self, rates):
        """What the first layer sees of the rates."""
        return on_off_pairs(rates) if self.complement_ else rates

    def _rates(self, X):
        """Checked and encoded X, one rate in [0, 1] a feature."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=_FLOATS, order="C", reset=False)
        return self._encode(X.astype(self.coefs_[0].dtype, copy=False))

    def _logits(self, rates):
        return forward(self._inputs(rates), self.coefs_, self.intercepts_)[-1]

    def _predict_rates(self, rates):
        return self.classes_[class_margins(self._logits(rates)).argmax(axis=1)]

    def _margin_gradient(self, rates, y):
        """Direction in rates in which the margin of the true class grows fastest."""
        gradient = margin_input_gradient(
            self._inputs(rates), self._class_indices(y), self.coefs_, self.intercepts_
        )
        return on_off_gradient(gradient) if self.complement_ else gradient

    def decision_function(self, X):
        """Logits of the output units.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        logits : ndarray of shape (n_samples,) or (n_samples, n_classes)
            With two classes, the logit of the one output unit: positive for the second class.
            They tell samples apart where the rates round to 0 or 1.
        """
        logits = self._logits(self._rates(X))
        return logits[:, 0] if self.n_outputs_ == 1 else logits

    def predict(self, X):
        """Class with the most active output unit.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Class labels.
        """
        return self._predict_rates(self._rates(X))

    def predict_proba(self, X):
        """Probability of each class.

        With two classes, the rate of the output unit and its complement; with more, the
        softmax of the output logits. The local rule does not fit probabilities, so those of
        `STDPClassifier` rank the classes but are not calibrated.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`; each row sums to one.
        """
        logits = self._logits(self._rates(X))
        return expit(class_margins(logits)) if self.n_outputs_ == 1 else softmax(logits, axis=1)

    def predict_log_proba(self, X):
        """Logarithm of `predict_proba`, finite where a probability rounds to zero.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes)
            Log probabilities in the order of `classes_`.
        """
        logits = self._logits(self._rates(X))
        if self.n_outputs_ == 1:
            return log_expit(class_margins(logits))
        return log_softmax(logits, axis=1)

    @property
    def history_(self):
        """One row an epoch: loss, accuracy while training, and validation accuracy if any.

        The loss is cross-entropy and the accuracy is that of each batch before its own update.
        """
        check_is_fitted(self)
        history = {"loss": self.loss_curve_, "accuracy": self.accuracy_curve_}
        if self.validation_scores_ is not None:
            history["validation_accuracy"] = self.validation_scores_
        epochs = pd.RangeIndex(1, len(self.loss_curve_) + 1, name="epoch")
        return pd.DataFrame(history, index=epochs)


_NETWORK_PARAMETERS = """hidden_layer_sizes : int or array-like of int, default=(32, 16)
        Number of sigmoid units of each hidden layer, each >= 1. An empty sequence gives a
        network without hidden layer."""

_ENCODING_PARAMETERS = """rate_encoding : {"auto", "minmax", "none"}, default="auto"
        How X becomes rates in [0, 1]. "minmax" scales each feature's range in the training data
        to [0, 1] and clips what lies outside. "auto" does so unless all training data are in
        [0, 1] already; these are taken as they are, and later data are clipped. "none" takes X
        as it is, and a value outside [0, 1] is an error.
    complement : bool or "auto", default="auto"
        Whether the first layer sees, besides the rate x of each feature, that of an off unit,
        1 - x: without it a low value moves no weight, because the rule does nothing at x = 0.
        "auto" adds off units unless the mean rate of the training data is below 0.2, as in
        images of strokes."""

_TRAINING_PARAMETERS = """fan_in_scaling : bool, default=True
        Whether the step size of each layer is divided by the number of its inputs: a step of all
        of them then moves a unit equally far in narrow and in wide layers.
    learning_rate : {"constant", "linear"}, default="linear"
        Schedule of the step size: constant, or falling to zero in equal steps until `max_iter`.
    weight_decay : float, default=0.0
        Decoupled weight decay, >= 0: each step multiplies the weights, not the biases, by
        1 - step size * weight_decay.
    beta_1 : float, default=0.9
        Decay of Adam's first moment, in [0, 1).
    beta_2 : float, default=0.999
        Decay of Adam's second moment, in [0, 1).
    epsilon : float, default=1e-8
        Positive term in Adam's denominator.
    batch_size : int or "auto", default="auto"
        Largest number of samples in a batch, >= 1. The samples are split into batches of nearly
        equal size. "auto" makes five batches an epoch, of at least 16 and at most 200 samples:
        fewer batches of less than 80 samples, more of over 1000.
    max_iter : int, default=400
        Number of epochs, >= 1.
    shuffle : bool, default=True
        Whether to draw a new order of the samples in each epoch.
    tol : float or None, default=None
        With None every epoch is run. Otherwise training stops, and with `early_stopping` false
        `n_iter_` tells when, as soon as the training loss has not improved by more than `tol`
        for more than `n_iter_no_change` epochs, and a `ConvergenceWarning` says if that never
        happened.
    n_iter_no_change : int, default=30
        Epochs without improvement that stop the training, >= 1. Sigmoid layers take some epochs
        to start; less may stop them before.
    early_stopping : bool, default=False
        Whether to set aside part of the data (stratified), to stop when the accuracy on it has
        not improved by more than `tol` (None counts as 0) for more than `n_iter_no_change`
        epochs, and to keep the weights of the best epoch. With `warm_start` the weights it
        starts from count as an epoch.
    validation_fraction : float, default=0.1
        Share of the data that `early_stopping` sets aside, in (0, 1).
    warm_start : bool, default=False
        Whether `fit` goes on from the weights, encoder and random state of the previous call.
        The optimiser and the schedule start anew.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, by label; multiplied with `sample_weight`. "balanced" weighs
        each class inversely to its frequency.
    random_state : int, RandomState instance or None, default=None
        Draws the weights, the order of the samples and the validation split.
    verbose : bool or int, default=False
        Whether to print loss and accuracy after each epoch."""

_ATTRIBUTES = """classes_ : ndarray of shape (n_classes,)
        Class labels.
    coefs_ : list of ndarrays of shape (n_in, n_out)
        Weights of each layer, of the dtype of X.
    intercepts_ : list of ndarrays of shape (n_out,)
        Biases of each layer.
    encoder_ : MinMaxScaler or None
        Fitted map from X to rates; None for `rate_encoding="none"`.
    complement_ : bool
        Whether the first layer sees off units: then `coefs_[0]` has 2 * `n_features_in_` rows,
        those of the rates x first.
    n_iter_ : int
        Number of epochs run.
    loss_ : float
        Cross-entropy in the last epoch.
    loss_curve_ : list of float
        Cross-entropy in each epoch.
    accuracy_curve_ : list of float
        Training accuracy in each epoch, of each batch before its own update.
    validation_scores_ : list of float or None
        Accuracy after each epoch on the data set aside or given as `X_val`.
    history_ : DataFrame
        The three curves, one row an epoch.
    n_layers_ : int
        Number of layers, input and output included.
    n_outputs_ : int
        Number of output units: 1 for two classes, else one a class.
    n_features_in_ : int
        Number of features seen during `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if X was a data frame with string names."""


_WINNERS = [
    Interval(RealNotInt, 0, 1, closed="right"),
    Interval(Integral, 1, None, closed="left"),
]


class STDPClassifier(_SigmoidMLP):
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
    {_ENCODING_PARAMETERS}
    stdp_epsilon : float, default=1e-2
        Positive term that keeps the denominator of the rule off zero at p = x / 2. The paper
        has 1e-9, with which one sample near that pole outweighs a batch.
    positive_winners : float or int, default=0.25
        Share in (0, 1], or number >= 1, of the units that learn from a sample among those of a
        hidden layer whose association with its class is positive: the most active ones. 1.0
        lets all of them learn, as in the paper; then they become copies of each other.
    negative_winners : float or int, default=0.5
        The same among the units whose association is negative.
    winner_handicap : float, default=0.05
        What a unit that always wins loses of its rate, >= 0, when winners are picked; one that
        wins half the time loses half of it. Prediction is not affected.
    weight_init_scale : float, default=4.0
        Factor >= 0 on the initial weights, which are otherwise drawn as by scikit-learn's
        `MLPClassifier`. Units of one association learn alike, and start apart only by this.
    quiet_start : float or None, default=0.3
        Rate at which each unit starts, for its mean drive over the training data, as a fraction
        in (0, 1] of the mean rate of its inputs; the biases are set to this end. A unit that
        starts above its inputs learns the opposite of its association. None draws the biases
        like the weights.
    learning_rate_init : float, default=0.3
        Step size at the start, positive.
    {_TRAINING_PARAMETERS}

    Attributes
    ----------
    associations_ : list of ndarrays of shape (n_classes, n_units)
        Fixed association of each unit of each hidden layer and of the output with each class.
        With two classes +1 or -1; with more, +1 for the class a unit stands for, and a negative
        number for the others such that they sum to zero.
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
    >>> bool(scores.mean() > 0.9)
    True
    """

    _changed_by_training = (*_SigmoidMLP._changed_by_training, "_competition")

    _parameter_constraints = _SigmoidMLP._parameter_constraints | {
        "stdp_epsilon": [Interval(Real, 0, None, closed="neither")],
        "positive_winners": _WINNERS,
        "negative_winners": _WINNERS,
        "winner_handicap": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        hidden_layer_sizes=(32, 16),
        *,
        rate_encoding="auto",
        complement="auto",
        stdp_epsilon=1e-2,
        positive_winners=0.25,
        negative_winners=0.5,
        winner_handicap=0.05,
        weight_init_scale=4.0,
        quiet_start=0.3,
        learning_rate_init=0.3,
        fan_in_scaling=True,
        learning_rate="linear",
        weight_decay=0.0,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        batch_size="auto",
        max_iter=400,
        shuffle=True,
        tol=None,
        n_iter_no_change=30,
        early_stopping=False,
        validation_fraction=0.1,
        warm_start=False,
        class_weight=None,
        random_state=None,
        verbose=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.rate_encoding = rate_encoding
        self.complement = complement
        self.stdp_epsilon = stdp_epsilon
        self.positive_winners = positive_winners
        self.negative_winners = negative_winners
        self.winner_handicap = winner_handicap
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
        self.class_weight = class_weight
        self.random_state = random_state
        self.verbose = verbose

    def _associate(self, layer_units, dtype):
        n_classes = len(self.classes_)
        self.associations_ = [
            hidden_associations(n_classes, n_units, dtype) for n_units in layer_units[1:-1]
        ]
        self.associations_.append(output_associations(n_classes, dtype))
        self._competition = Competition(
            layer_units[1:-1], self.positive_winners, self.negative_winners, self.winner_handicap
        )

    def _rule(self):
        return partial(
            stdp_updates,
            associations=self.associations_,
            stdp_epsilon=self.stdp_epsilon,
            competition=self._competition,
        )


class BPClassifier(_SigmoidMLP):
    __doc__ = rf"""The network of `STDPClassifier` trained by backpropagation: the reference.

    Same initial weights, encoding, optimiser, loop and options; only the rule differs: the
    exact gradient of cross-entropy, binary for two classes and categorical for more.

    Parameters
    ----------
    {_NETWORK_PARAMETERS}
    {_ENCODING_PARAMETERS}
    weight_init_scale : float, default=4.0
        Factor >= 0 on the initial weights, which are otherwise drawn as by scikit-learn's
        `MLPClassifier`.
    quiet_start : float or None, default=None
        As in `STDPClassifier`: the rate at which units start, as a fraction in (0, 1] of the
        mean rate of their inputs. None draws the biases like the weights.
    learning_rate_init : float, default=0.3
        Step size at the start, positive.
    {_TRAINING_PARAMETERS}

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

    def __init__(
        self,
        hidden_layer_sizes=(32, 16),
        *,
        rate_encoding="auto",
        complement="auto",
        weight_init_scale=4.0,
        quiet_start=None,
        learning_rate_init=0.3,
        fan_in_scaling=True,
        learning_rate="linear",
        weight_decay=0.0,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        batch_size="auto",
        max_iter=400,
        shuffle=True,
        tol=None,
        n_iter_no_change=30,
        early_stopping=False,
        validation_fraction=0.1,
        warm_start=False,
        class_weight=None,
        random_state=None,
        verbose=False,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.rate_encoding = rate_encoding
        self.complement = complement
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
        self.class_weight = class_weight
        self.random_state = random_state
        self.verbose = verbose

    def _associate(self, layer_units, dtype):
        """Backpropagation knows no associations."""

    def _rule(self):
        return partial(backprop_updates, coefs=self.coefs_)
