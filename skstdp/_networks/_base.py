"""What all classifiers share: validation, the epoch loop, prediction."""

from __future__ import annotations

import warnings
from abc import ABCMeta, abstractmethod
from contextlib import contextmanager
from copy import copy, deepcopy
from functools import partial
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from scipy.special import expit, log_expit, log_softmax, softmax
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state, compute_class_weight
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from .._attacks._gradient import fgsm
from .._utils._documentation import page_template
from .._utils._threads import one_blas_thread
from .._utils._validation import (
    class_indices,
    naming,
    naming_columns,
    plain_labels,
    refuse_equal_names,
    refuse_lazy,
)
from .._utils._versions import Versioned
from ._encoding import as_dtype, encode, fit_encoder
from ._fit_tasks import CALLBACK_STATE, FitTasks
from ._forward import class_margins, predicted_indices
from ._nothing_learnt import warn_if_nothing_is_learnt
from ._optimizers import SCHEDULES, Adam, constant
from ._patience import N_ITER_NO_CHANGE, Patience
from ._rows import OnCluster
from ._split import hold_out, row_digests

if TYPE_CHECKING:
    from typing import Any, Self

    from numpy.typing import ArrayLike, NDArray


_FLOATS = [np.float64, np.float32]

# Epochs by default. Few samples make too few steps in so many, and many samples learn in fewer.
_EPOCHS, _FEWEST_STEPS, _MOST_STEPS, _FEWEST_EPOCHS = 130, 650, 4000, 30

# Of `weight_decay="auto"`: by how much weights would shrink in all steps of `fit`, as an exponent,
# and the decay of `partial_fit`, which knows no last step.
_DECAY_OF_ALL_STEPS, _DECAY_WITHOUT_END = 0.5, 0.001

# Rates that are held at a time where all samples are gone through.
_CHUNK = 2**18

# Samples of all epochs that the compiled loop runs before Python, and an interrupt, has a turn.
_ROWS_AT_ONCE = 2**16


def _dense(X):
    return X.toarray() if issparse(X) else X


@contextmanager
def _unchanged_on_error(estimator):
    """Give an estimator its old attributes back when the block raises."""
    before = dict(vars(estimator))
    given = before.get("random_state")
    state = given.get_state() if isinstance(given, np.random.RandomState) else None
    try:
        yield
    except BaseException:
        attributes = vars(estimator)
        # Callbacks are told that the fit is over after an error, too.
        before |= {name: attributes[name] for name in CALLBACK_STATE if name in attributes}
        # In one step, so that neither a second interruption nor another thread sees half of it.
        estimator.__dict__ = before
        if state is not None:
            given.set_state(state)
        raise


def _exhaust(rate_chunks):
    for _ in rate_chunks:
        pass


def _of_rates(function, model, X, sample_weight, first_row):
    """What a worker calls: a function of the rates that a model makes of some rows."""
    return function(model._rate_chunks(X, sample_weight, first_row))


def _joined(function, model, rate_chunks):
    return np.concatenate([function(model, rates) for rates, _ in rate_chunks])


def _last_hidden_rates(model, rates):
    return model._layer_rates(rates)[-2]


def _log_proba(logits):
    if logits.shape[1] == 1:
        return log_expit(class_margins(logits))
    return log_softmax(logits, axis=1)


class NetworkClassifier(
    Versioned,
    CallbackSupportMixin,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
    ClassifierMixin,
    BaseEstimator,
    metaclass=ABCMeta,
):
    """Everything but the network and its learning rule."""

    _doc_link_module = "skstdp"
    _doc_link_template = property(lambda self: page_template())

    _parameter_constraints = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "rate_encoding": [StrOptions({"auto", "minmax", "none"})],
        "receptive_fields": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "weight_init_scale": [Interval(Real, 0, None, closed="left")],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "learning_rate": [StrOptions(set(SCHEDULES))],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_iter": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "n_iter_no_change": N_ITER_NO_CHANGE,
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "warm_start": ["boolean"],
        "adversarial_epsilon": [Interval(Real, 0, 1, closed="both")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    _encoding_attributes = (
        "classes_",
        "encoder_",
        "n_features_in_",
        "n_outputs_",
        "receptive_fields_",
    )

    _network_attributes = ("coefs_", "intercepts_")

    _history_attributes = (
        "loss_curve_",
        "accuracy_curve_",
        "validation_scores_",
        "_validation_loss_curve",
    )

    # Parameters by which weights may grow without end.
    _steps_depend_on = ("learning_rate_init", "weight_decay", "weight_init_scale", "epsilon")

    _optimizers = ("_optimizer",)

    # Besides the network, its history and its optimisers.
    _changed_by_training = ("_random_state",)

    # What else a fitted classifier needs.
    _set_by_fit = ("n_iter_", "n_layers_")

    def _needed(self, state):
        needed = super()._needed(state)
        if "n_iter_" not in state:
            return needed
        return needed.union(
            self._encoding_attributes,
            self._network_attributes,
            self._history_attributes,
            self._optimizers,
            self._changed_by_training,
            self._set_by_fit,
        )

    def __getstate__(self):
        state = super().__getstate__()
        optimizers = {name: state[name].to_plain() for name in self._optimizers if name in state}
        return state | optimizers

    def __setstate__(self, state):
        super().__setstate__(state)
        attributes = vars(self)
        for name in self._optimizers:
            if isinstance(attributes.get(name), dict):
                attributes[name] = Adam.from_plain(attributes[name])

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        # A warm start keeps the dtype of the weights, whatever that of X.
        tags.transformer_tags.preserves_dtype = [] if self.warm_start else ["float64", "float32"]
        return tags

    @abstractmethod
    def _draw_network(self, X, y, sample_weight):
        """Set what the network is before training."""

    @abstractmethod
    def _inputs(self, rates):
        """What the first layer sees of the rates."""

    @abstractmethod
    def _training(self, X, y, sample_weight):
        """The loop over the batches of an epoch, for a copy of the network."""

    @abstractmethod
    def _logits(self, rates):
        """Scores whose softmax is `predict_proba`; one column, its logit, for two classes."""

    @abstractmethod
    def _layer_rates(self, rates):
        """Rates in [0, 1] of the units of each layer above the inputs."""

    @abstractmethod
    def _margin_and_gradient(self, rates, y):
        """Margin of the true class, and the direction in rates in which it grows fastest."""

    @abstractmethod
    def _progress(self):
        """What should grow in training, after an epoch."""

    @with_callbacks
    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
    ) -> Self:
        """Train the network from scratch, or from where it is with `warm_start=True`.

        An error, also one of a callback, leaves the estimator as it was before the call. Callbacks
        set by `set_callbacks` are called for each epoch, which ends before `max_iter` if one of
        them asks to stop. A `ConvergenceWarning` says where the network predicts one class for all
        training samples, or is hardly trained and no better than that.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Training data, float32 or float64; other numbers become float64.
        y : array-like of shape (n_samples,)
            Class labels, of any type, at least two different ones.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, >= 0 and not all zero. None for equal weights.
        X_val : array-like or sparse matrix of shape (n_val_samples, n_features), default=None
            Data to record loss and accuracy on after each epoch, in `history_`. With
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
        with _unchanged_on_error(self), one_blas_thread():
            self._validate_params()
            first_pass = not (self.warm_start and hasattr(self, "coefs_"))
            X, y, weight = self._validate_training_data(X, y, sample_weight, first_pass)
            classes = np.unique(y)
            if first_pass:
                self._set_classes(classes)
            elif not np.array_equal(classes, self.classes_):
                raise ValueError(
                    f"Got the classes {classes} in y, but warm_start=True expected those of the "
                    f"previous call to fit, {self.classes_}."
                )
            given_weight = None if sample_weight is None else weight
            y, sample_weight = self._index_and_weigh(y, weight)

            validation = None
            if X_val is not None:
                X_val, y_val = self._validate_data(X_val, y_val, reset=False)
                validation = X_val, self._class_indices(y_val), np.ones(len(y_val))
            elif self.early_stopping:
                random_state = self._new_random_state()
                digests = X.digests() if isinstance(X, OnCluster) else row_digests(X)
                held = hold_out(digests, y, self.validation_fraction, random_state)
                if not sample_weight[held].any():
                    raise ValueError(
                        "Got early_stopping=True, but all samples that can be set aside have "
                        f"weight zero by class_weight={self.class_weight!r}. Give X_val and y_val."
                    )
                validation = X[held], y[held], sample_weight[held]
                X, y, sample_weight = X[~held], y[~held], sample_weight[~held]
                given_weight = None if given_weight is None else given_weight[~held]

            X, sample_weight = self._start(X, y, sample_weight, first_pass)
            self._reset_optimizer(self._path(len(y)))
            tasks = FitTasks(self, self._n_epochs(len(y)), X, self.classes_[y], given_weight)
            self._train(X, y, sample_weight, validation, first_pass, tasks)
            # The decorator of `fit` is a level, too.
            warn_if_nothing_is_learnt(self, X, y, sample_weight, stacklevel=3)
            tasks.end()
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
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on the given samples.

        The first call draws the weights and fits the encoder, the receptive fields and the
        initial biases on its samples; later values outside that range are clipped. The step size
        stays at `learning_rate_init`, because no last epoch is known. An error leaves the
        estimator as it was before the call.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
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
        with _unchanged_on_error(self), one_blas_thread():
            self._validate_params()
            first_pass = not hasattr(self, "coefs_")
            if first_pass:
                with naming("classes", "class labels, all whole numbers or all text"):
                    _check_partial_fit_first_call(self, plain_labels(classes))
                self._set_classes(self.classes_)
            elif classes is not None and not np.array_equal(
                np.unique(plain_labels(classes)), self.classes_
            ):
                raise ValueError(
                    f"Got classes={classes!r}, but expected those of the first call, "
                    f"{self.classes_}."
                )
            X, y, sample_weight = self._validate_training_data(X, y, sample_weight, first_pass)
            y, sample_weight = self._index_and_weigh(y, sample_weight)
            X, sample_weight = self._start(X, y, sample_weight, first_pass)
            if first_pass:
                self._reset_optimizer(None)
            training = self._training(X, y, sample_weight)
            self._train_epochs(training, X, y, constant)
            self.n_iter_ += 1
        return self

    def _validate_training_data(self, X, y, sample_weight, reset):
        sizes = self._hidden_layer_sizes()
        if any(isinstance(n, bool) or not isinstance(n, Integral) or n < 1 for n in sizes):
            raise ValueError(
                f"Got hidden_layer_sizes={self.hidden_layer_sizes!r}, but expected positive "
                "integers, one a hidden layer."
            )
        if not reset and sizes != [len(intercept) for intercept in self.intercepts_[:-1]]:
            raise ValueError(
                f"Got hidden_layer_sizes={self.hidden_layer_sizes!r}, but expected those of the "
                "network that is trained further."
            )
        X, y = self._validate_data(X, y, reset=reset)
        with naming("y", "class labels, all whole numbers or all text"):
            check_classification_targets(y)
            np.unique(y)
        if sample_weight is None:
            return X, y, np.ones(X.shape[0])
        with naming("sample_weight", "finite numbers >= 0, one a sample"):
            sample_weight = _check_sample_weight(
                sample_weight, X, dtype=np.float64, ensure_non_negative=True
            )
        # A sample of weight zero must be the same as no sample, for the encoder too.
        counts = sample_weight > 0
        if counts.all():
            return X, y, sample_weight
        return X[counts], y[counts], sample_weight[counts]

    def _validate_data(self, X, *y, reset, accept_sparse="csr"):
        refuse_lazy(X)
        y = [plain_labels(labels) for labels in y]
        if isinstance(X, OnCluster):
            return X.validated(self, *y, reset=reset)
        refuse_equal_names(X)
        # Sums of huge values, by which scikit-learn looks for NaN, overflow.
        with naming_columns(X), np.errstate(over="ignore", invalid="ignore"):
            return validate_data(
                self, X, *y, accept_sparse=accept_sparse, dtype=_FLOATS, order="C", reset=reset
            )

    def _hidden_layer_sizes(self):
        sizes = self.hidden_layer_sizes
        return [sizes] if isinstance(sizes, Integral) else list(sizes)

    def _new_random_state(self):
        """A generator of our own, seeded by a number from the given one."""
        generator = check_random_state(self.random_state)
        seed = generator.randint(2**31 - 1)
        if not isinstance(self.random_state, Integral):
            return np.random.RandomState(seed)
        # It is our own already. To make another takes as long as ten steps of a small network.
        generator.seed(seed)
        return generator

    def _set_classes(self, classes):
        if len(classes) < 2:
            raise ValueError(
                f"Got samples of {len(classes)} class, {classes}, but expected at least 2 classes."
            )
        self.classes_ = classes

    def _class_indices(self, y):
        return class_indices(y, self.classes_)

    def _index_and_weigh(self, y, sample_weight):
        indices = self._class_indices(y)
        # Only ratios count, and sums of huge or tiny weights would leave the range of the dtype.
        sample_weight = sample_weight / sample_weight.max()
        if self.class_weight is not None:
            with naming("class_weight", "finite numbers >= 0 by label"):
                class_weight = compute_class_weight(
                    self.class_weight, classes=self.classes_, y=y, sample_weight=sample_weight
                )
            if not (np.isfinite(class_weight).all() and (class_weight >= 0).all()):
                raise ValueError(
                    f"Got class_weight={self.class_weight!r}, but expected finite weights >= 0."
                )
            of_sample = class_weight[indices]
            sample_weight *= of_sample / max(of_sample.max(), np.finfo(float).tiny)
            if not sample_weight.any():
                raise ValueError(
                    f"Got class_weight={self.class_weight!r}, but expected a positive weight for "
                    "one of the classes in y."
                )
            sample_weight /= sample_weight.max()
        return indices, sample_weight

    def _start(self, X, y, sample_weight, first_pass):
        """Draw the network, or copy its state so that nobody else's changes; check X."""
        if first_pass:
            sample_weight = sample_weight.astype(X.dtype, copy=False)
            self._random_state = self._new_random_state()
            extremes = X.extremes() if isinstance(X, OnCluster) else X
            self.encoder_ = fit_encoder(extremes, self.rate_encoding)
            self._draw_network(X, y, sample_weight)
            self._forget_history()
            return X, sample_weight
        for name in (*self._network_attributes, *self._optimizers, *self._changed_by_training):
            setattr(self, name, deepcopy(getattr(self, name)))
        for name in self._history_attributes:
            # Of floats, and as long as there were calls of `partial_fit`.
            setattr(self, name, copy(getattr(self, name)))
        dtype = self.coefs_[0].dtype
        X = as_dtype(X, dtype)
        self._check_rates(X)
        return X, sample_weight.astype(dtype, copy=False)

    def _alone(self, *names):
        """A copy without what `fit` changes epoch by epoch, and without callbacks.

        Of the attributes that `fit` sets it has those of the encoding, and the given ones.
        """
        model = type(self)(**self.get_params(deep=False))
        attributes = vars(self)
        for name in ("feature_names_in_", *self._encoding_attributes, *names):
            if name in attributes:
                setattr(model, name, attributes[name])
        return model

    def _predictor(self, X):
        """What predicts samples: for the workers of a cluster a copy that holds no more."""
        if isinstance(X, OnCluster):
            return self._alone(*self._network_attributes, "n_layers_")
        return self

    def _over_rates(self, X, sample_weight, function):
        """What a function makes of rates and weights, some samples at a time.

        Returns
        -------
        results : list
            One for each place where rows lie.
        """
        if isinstance(X, OnCluster):
            return X.over(partial(_of_rates, function, self._alone()), sample_weight)
        return [function(self._rate_chunks(X, sample_weight))]

    def _rate_chunks(self, X, sample_weight=None, first_row=0, dtype=None):
        """Rates of some samples at a time, so that they need not be kept, and their weights."""
        dtype = X.dtype if dtype is None else dtype
        size = max(1, _CHUNK // X.shape[1])
        for low in range(0, X.shape[0], size):
            rows = slice(low, low + size)
            weight = None if sample_weight is None else sample_weight[rows]
            yield self._encode(as_dtype(_dense(X[rows]), dtype), first_row + low), weight

    def _check_rates(self, X):
        """Raise, before any work, where data that are taken as rates are not."""
        if self.encoder_ is None:
            self._over_rates(X, None, _exhaust)

    def _forget_history(self):
        self.n_iter_ = 0
        self.loss_curve_ = []
        self.accuracy_curve_ = []
        self.validation_scores_ = None
        self._validation_loss_curve = None

    def _reset_optimizer(self, path):
        """Start anew, given the sum of all step sizes, or None where no last step is known."""
        self._optimizer = Adam(
            sum(array.size for array in (*self.coefs_, *self.intercepts_)),
            self.coefs_[0].dtype,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
            weight_decay=self._decay(path),
        )

    def _decay(self, path):
        if self.weight_decay != "auto":
            return self.weight_decay
        return _DECAY_WITHOUT_END if path is None else _DECAY_OF_ALL_STEPS / path

    def _path(self, n_samples):
        """Sum of the step sizes of `fit`."""
        n_steps = self._n_epochs(n_samples) * self._n_batches(n_samples)
        schedule = SCHEDULES[self.learning_rate]
        return self.learning_rate_init * float(schedule(np.arange(n_steps) / n_steps).sum())

    def _train(self, X, y, sample_weight, validation, first_pass, tasks):
        """Epochs until `max_iter`, or until the monitored figure stops improving."""
        self._forget_history()
        tol = 0.0 if self.tol is None else self.tol
        patience, best_network = Patience(tol, self.n_iter_no_change), None
        if validation is not None:
            self.validation_scores_ = []
            self._validation_loss_curve = []
            X_val, y_val, weight_val = validation
            X_val = as_dtype(X_val, X.dtype)
            self._check_rates(X_val)
            validation = X_val, y_val, weight_val
            if self.early_stopping and not first_pass:
                # A warm start must end with more than it started with, or else as it was.
                patience.best = np.nextafter(self._validate(*validation)[1], np.inf)
                best_network = self._copy_of_network()
        schedule = SCHEDULES[self.learning_rate]
        monitors = self.early_stopping or self.tol is not None
        n_epochs = self._n_epochs(len(y))
        training = self._training(X, y, sample_weight)
        # Where nothing looks at single epochs, the compiled loop runs many of a small table.
        watched = monitors or validation is not None or self.verbose or tasks.watched
        n_at_once = 1 if watched else max(1, _ROWS_AT_ONCE // len(y))
        for first in range(0, n_epochs, n_at_once):
            epochs = range(first, min(first + n_at_once, n_epochs))
            tasks.begin_epoch()
            self._train_epochs(training, X, y, schedule, epochs, n_epochs)
            self.n_iter_ += len(epochs)
            if validation is not None:
                loss, accuracy = self._validate(*validation)
                self._validation_loss_curve.append(loss)
                self.validation_scores_.append(accuracy)
            if self.verbose:
                self._report_epoch(n_epochs)
            stop = tasks.end_epoch()
            if monitors:
                figure = self.validation_scores_[-1] if self.early_stopping else self._progress()
                # Of epochs that are equally good the last one has learnt most.
                if self.early_stopping and figure >= patience.best:
                    best_network = self._copy_of_network()
                stop = patience.is_over(figure) or stop
            if stop:
                break
        else:
            if monitors and not self.early_stopping and self.n_iter_no_change < np.inf:
                warnings.warn(
                    f"The training {self._progress_name} still improved by more than "
                    f"tol={self.tol} within the last n_iter_no_change={self.n_iter_no_change} of "
                    f"{n_epochs} epochs. Raise max_iter, or set tol=None to run every epoch.",
                    ConvergenceWarning,
                    stacklevel=4,  # the decorator of `fit` is one of them
                )
        if best_network is not None:
            vars(self).update(best_network)

    def _copy_of_network(self):
        return {name: deepcopy(getattr(self, name)) for name in self._network_attributes}

    def _validate(self, X, y, sample_weight):
        """Cross-entropy and accuracy on data that the network is not trained on."""
        logits = self._logits_of(X)
        total = float(sample_weight.sum())
        right = predicted_indices(logits) == y
        log_proba = _log_proba(logits)[np.arange(len(y)), y]
        return -float(sample_weight @ log_proba) / total, float(sample_weight @ right) / total

    def _train_epochs(self, training, X, y, schedule, epochs=range(1), n_epochs=1):
        """Passes over the samples in batches of nearly equal size."""
        n_samples, n_batches = len(y), self._n_batches(len(y))
        orders = np.tile(np.arange(n_samples), (len(epochs), 1))
        if self.shuffle:
            for order in orders:
                self._random_state.shuffle(order)
        first = epochs[0] * n_batches
        progress = np.arange(first, first + len(epochs) * n_batches) / (n_epochs * n_batches)
        step_sizes = (self.learning_rate_init * schedule(progress)).reshape(len(epochs), -1)
        if self.adversarial_epsilon == 0 or isinstance(X, OnCluster):
            losses, n_right = training.run(orders, step_sizes)
        else:
            losses, n_right = np.zeros((2, len(epochs)))
            for epoch, (order, steps) in enumerate(zip(orders, step_sizes, strict=True)):
                batches = np.array_split(order, n_batches)
                for rows, step_size in zip(batches, steps, strict=True):
                    rates = fgsm(
                        self._encode(_dense(X[rows])),
                        self.classes_[y[rows]],
                        self._margin_gradient,
                        self.adversarial_epsilon,
                    )
                    (batch_loss,), (batch_right,) = training.run_on_rates(rates, rows, step_size)
                    losses[epoch] += batch_loss
                    n_right[epoch] += batch_right
        if not training.is_finite():
            given = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._steps_depend_on)
            raise ValueError(
                f"Got {given}, but expected values with which weights stay "
                f"finite: after epoch {self.n_iter_ + len(epochs)} they are not."
            )
        self.loss_curve_ += (losses / training.total_weight).tolist()
        self.accuracy_curve_ += (n_right / training.total_weight).tolist()
        self.loss_ = self.loss_curve_[-1]

    def _n_batches(self, n_samples):
        if self.batch_size == "auto":
            return max(1, min(5, n_samples // 16), -(-n_samples // 200))
        return -(-n_samples // self.batch_size)

    def _n_epochs(self, n_samples):
        if self.max_iter != "auto":
            return self.max_iter
        n_batches = self._n_batches(n_samples)
        n_epochs = min(_EPOCHS, _MOST_STEPS // n_batches)
        return max(_FEWEST_EPOCHS, n_epochs, -(-_FEWEST_STEPS // n_batches))

    def _report_epoch(self, n_epochs):
        figures = [f"loss {self.loss_:.6f}", f"accuracy {self.accuracy_curve_[-1]:.4f}"]
        if self.validation_scores_:
            figures.append(f"validation accuracy {self.validation_scores_[-1]:.4f}")
        print(f"Epoch {self.n_iter_}/{n_epochs}: {', '.join(figures)}")

    def _encode(self, X, first_row=0):
        return encode(X, self.encoder_, getattr(self, "feature_names_in_", None), first_row)

    def _check(self, X, accept_sparse="csr"):
        check_is_fitted(self)
        return self._validate_data(X, reset=False, accept_sparse=accept_sparse)

    def _rates(self, X):
        """Checked and encoded dense X, one rate in [0, 1] a feature."""
        return self._encode(as_dtype(self._check(X, accept_sparse=False), self.coefs_[0].dtype))

    def _on_rates(self, function, X):
        """What a function of a network and rates makes of X, some rows at a time."""
        model = self._predictor(X)
        if isinstance(X, OnCluster):
            return X.in_order(X.over(partial(_of_rates, partial(_joined, function, model), model)))
        return _joined(function, model, self._rate_chunks(X, dtype=self.coefs_[0].dtype))

    def _logits_of(self, X):
        return self._on_rates(type(self)._logits, X)

    def _predict_rates(self, rates):
        return self.classes_[predicted_indices(self._logits(rates))]

    def _margin_gradient(self, rates, y):
        """The direction alone."""
        return self._margin_and_gradient(rates, y)[1]

    def decision_function(self, X: ArrayLike) -> NDArray:
        """Scores of the classes: logits of the output units, or counts of their spikes.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        logits : ndarray of shape (n_samples,) or (n_samples, n_classes)
            With two classes one number, positive for the second class: the logit of a single
            output unit, or the difference of those of two. Logits tell samples apart where the
            rates round to 0 or 1.
        """
        logits = self._logits_of(self._check(X))
        return logits[:, 0] if logits.shape[1] == 1 else logits

    def predict(self, X: ArrayLike) -> NDArray:
        """Class with the most active output unit.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Class labels.
        """
        return self._on_rates(type(self)._predict_rates, self._check(X))

    def predict_proba(self, X: ArrayLike) -> NDArray:
        """Probability of each class.

        The softmax of the scores; of a single output unit, its rate and the complement. Those of
        `BioLeaFClassifier`, and of `STDPClassifier` without `probability_matching`, rank the
        classes but are not calibrated.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        proba : ndarray of shape (n_samples, n_classes)
            Probabilities in the order of `classes_`; each row sums to one.
        """
        logits = self._logits_of(self._check(X))
        return expit(class_margins(logits)) if logits.shape[1] == 1 else softmax(logits, axis=1)

    def predict_log_proba(self, X: ArrayLike) -> NDArray:
        """Logarithm of `predict_proba`, finite where a probability rounds to zero.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        log_proba : ndarray of shape (n_samples, n_classes)
            Log probabilities in the order of `classes_`.
        """
        return _log_proba(self._logits_of(self._check(X)))

    def transform(self, X: ArrayLike) -> Any:
        """Rates of the last hidden layer: what the output units see of the samples.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        rates : ndarray of shape (n_samples, n_units), or what `set_output` asks for
            Rates in [0, 1], of the dtype of the weights; of cells that spike, the share of steps
            in which they do. Without hidden layer, those of the input units.
        """
        X = self._check(X)
        if self.n_layers_ == 2:
            return self._on_rates(type(self)._inputs, X)
        return self._on_rates(_last_hidden_rates, X)

    @property
    def _n_features_out(self):
        return len(self.coefs_[-1])

    @property
    def history_(self) -> pd.DataFrame:
        """One row an epoch: loss and accuracy while training, and on validation data if any.

        The loss is cross-entropy and the accuracy is that of each batch before its own update.
        """
        check_is_fitted(self)
        history = {"loss": self.loss_curve_, "accuracy": self.accuracy_curve_}
        if self.validation_scores_ is not None:
            history["validation_loss"] = self._validation_loss_curve
            history["validation_accuracy"] = self.validation_scores_
        epochs = pd.RangeIndex(1, len(self.loss_curve_) + 1, name="epoch")
        return pd.DataFrame(history, index=epochs)
