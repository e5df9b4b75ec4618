"""The scikit-learn contract of all networks: the phases of a fit, and what is kept after it."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import contextmanager
from copy import copy, deepcopy
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call
from sklearn.utils.validation import check_is_fitted

from .._utils._documentation import page_template
from .._utils._threads import one_blas_thread
from .._utils._validation import naming, plain_labels
from .._utils._versions import Versioned
from ._checks import (
    LABELS,
    both_or_neither,
    check_two_classes,
    indices_and_weights,
    validated_training_data,
)
from ._early_stopping import N_ITER_NO_CHANGE
from ._encoding import fit_encoder
from ._fit_loop import run_epochs, train
from ._fit_tasks import CALLBACK_STATE, FitTasks
from ._inference import Inference
from ._notebook import training_html
from ._nothing_learnt import warn_if_nothing_is_learnt
from ._optimizers import SCHEDULES, Adam, constant
from ._rows import as_rows
from ._split import hold_out

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike


# Epochs by default. Few samples make too few steps in so many, and many samples learn in fewer.
_EPOCHS, _FEWEST_STEPS, _MOST_STEPS, _FEWEST_EPOCHS = 130, 650, 4000, 30

# Of `weight_decay="auto"`: by how much weights would shrink in all steps of `fit`, as an exponent,
# and the decay of `partial_fit`, which knows no last step.
_DECAY_OF_ALL_STEPS, _DECAY_WITHOUT_END = 0.5, 0.001


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
        # Callbacks hear that the fit is over after an error, too.
        before |= {name: attributes[name] for name in CALLBACK_STATE if name in attributes}
        # In one step, so that neither a second interruption nor another thread sees half of it.
        estimator.__dict__ = before
        if state is not None:
            given.set_state(state)
        raise


class NetworkClassifier(Versioned, CallbackSupportMixin, Inference):
    """Everything but the network and its learning rule.

    Order of calls in `fit`: checks, `_start` (`_draw_network` for a new one), `_reset_optimizer`,
    `_training`, then per epoch its `run`, `_record_epoch` and `_progress`.
    """

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

    _history_attributes = (
        "loss_curve_",
        "accuracy_curve_",
        "validation_scores_",
        "_validation_loss_curve",
    )

    # Whether `_record_epoch` needs a call per epoch, not only per several.
    _records_epochs = False

    # Parameters by which weights may grow without end.
    _steps_depend_on = ("learning_rate_init", "weight_decay", "weight_init_scale", "epsilon")

    _optimizers = ("_optimizer",)

    # Lists of the arrays that `_optimizer` moves: of weights and of biases, by turns.
    _trained_attributes = ("coefs_", "intercepts_")

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

    def _get_fitted_attr_html(self, doc_link=""):
        """Attributes in the HTML of scikit-learn, below what training made of the network."""
        shown = super()._get_fitted_attr_html(doc_link)
        attributes = shown._html_repr
        shown._html_repr = lambda: training_html(self) + attributes()
        return shown

    @abstractmethod
    def _draw_network(self, X, y, sample_weight):
        """Set the network as it is before training."""

    @abstractmethod
    def _training(self, X, y, sample_weight):
        """The loop over the batches of an epoch, for a copy of the network: see `Training`."""

    _progress_name = "loss"

    def _progress(self):
        """Figure of the last epoch that should grow; `_progress_name` is its name."""
        return -self.loss_curve_[-1]

    def _record_epoch(self, training):
        """Keep what else is known after an epoch."""

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
        validation = both_or_neither(X_val, y_val)
        with _unchanged_on_error(self), one_blas_thread():
            self._validate_params()
            first_pass = not (self.warm_start and hasattr(self, "coefs_"))
            X, y, weight = validated_training_data(self, as_rows(X), y, sample_weight, first_pass)
            classes = np.unique(y)
            if first_pass:
                check_two_classes(classes)
                self.classes_ = classes
            elif not np.array_equal(classes, self.classes_):
                raise ValueError(
                    f"Got the classes {classes} in y, but warm_start=True expected those of the "
                    f"previous call to fit, {self.classes_}."
                )
            given_weight = None if sample_weight is None else weight
            y, weight = indices_and_weights(self, y, weight)
            if validation is not None:
                X_val, y_val = as_rows(X_val).validated(self, y_val, reset=False)
                validation = X_val, self._class_indices(y_val), np.ones(len(y_val))
            elif self.early_stopping:
                held = self._held_out(X, y, weight)
                validation = X[held], y[held], weight[held]
                X, y, weight = X[~held], y[~held], weight[~held]
                given_weight = None if given_weight is None else given_weight[~held]
            X, weight = self._start(X, y, weight, first_pass)
            self._reset_optimizer(self._path(len(y)))
            tasks = FitTasks(
                self, self._n_epochs(len(y)), X.for_callbacks(), self.classes_[y], given_weight
            )
            run_epochs(self, X, y, weight, validation, first_pass, tasks)
            # The decorator of `fit` is a level, too.
            self._nothing_learnt = warn_if_nothing_is_learnt(self, X, y, weight, stacklevel=3)
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
                with naming("classes", LABELS):
                    _check_partial_fit_first_call(self, plain_labels(classes))
                check_two_classes(self.classes_)
            elif classes is not None and not np.array_equal(
                np.unique(plain_labels(classes)), self.classes_
            ):
                raise ValueError(
                    f"Got classes={classes!r}, but expected those of the first call, "
                    f"{self.classes_}."
                )
            X, y, weight = validated_training_data(self, as_rows(X), y, sample_weight, first_pass)
            y, weight = indices_and_weights(self, y, weight)
            X, weight = self._start(X, y, weight, first_pass)
            if first_pass:
                self._reset_optimizer(None)
            self._nothing_learnt = None
            train(self, self._training(X, y, weight), X, y, constant)
            self.n_iter_ += 1
        return self

    def _validate_params(self):
        super()._validate_params()
        if self.weight_decay != "auto" and self.learning_rate_init * self.weight_decay > 1:
            raise ValueError(
                f"Got learning_rate_init={self.learning_rate_init!r} and "
                f"weight_decay={self.weight_decay!r}, but expected a product of at most 1: each "
                "step multiplies the weights by 1 minus it."
            )

    def _new_random_state(self):
        """A generator of our own, seeded by a number from the given one."""
        generator = check_random_state(self.random_state)
        seed = generator.randint(2**31 - 1)
        if not isinstance(self.random_state, Integral):
            return np.random.RandomState(seed)
        # It is our own already. To make another takes as long as ten steps of a small network.
        generator.seed(seed)
        return generator

    def _held_out(self, X, y, sample_weight):
        """Mask of the samples that early stopping sets aside."""
        held = hold_out(X.digests(), y, self.validation_fraction, self._new_random_state())
        if not sample_weight[held].any():
            raise ValueError(
                "Got early_stopping=True, but all samples that can be set aside have "
                f"weight zero by class_weight={self.class_weight!r}. Give X_val and y_val."
            )
        return held

    def _start(self, X, y, sample_weight, first_pass):
        """Draw the network, or copy its state so that nobody else's changes; check X."""
        if first_pass:
            sample_weight = sample_weight.astype(X.dtype, copy=False)
            self._random_state = self._new_random_state()
            self.encoder_ = fit_encoder(X.extremes(), self.rate_encoding)
            self._draw_network(X, y, sample_weight)
            self._forget_history()
            return X, sample_weight
        for name in (*self._network_attributes, *self._optimizers, *self._changed_by_training):
            setattr(self, name, deepcopy(getattr(self, name)))
        for name in self._history_attributes:
            # Of floats, and as long as there were calls of `partial_fit`.
            setattr(self, name, copy(getattr(self, name)))
        dtype = self.coefs_[0].dtype
        X = X.astype(dtype)
        self._check_rates(X)
        return X, sample_weight.astype(dtype, copy=False)

    def _forget_history(self):
        self.n_iter_ = 0
        self.loss_curve_ = []
        self.accuracy_curve_ = []
        self.validation_scores_ = None
        self._validation_loss_curve = None

    def _reset_optimizer(self, path):
        """Start anew, given the sum of all step sizes, or None where no last step is known."""
        self._optimizer = Adam(
            sum(array.size for name in self._trained_attributes for array in getattr(self, name)),
            self.coefs_[0].dtype,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
            weight_decay=self._decay(path),
        )

    def _decay(self, path):
        if self.weight_decay != "auto":
            return self.weight_decay
        if path is None:
            return min(_DECAY_WITHOUT_END, 1 / self.learning_rate_init)
        return _DECAY_OF_ALL_STEPS / path

    def _path(self, n_samples):
        """Sum of the step sizes of `fit`."""
        n_steps = self._n_epochs(n_samples) * self._n_batches(n_samples)
        schedule = SCHEDULES[self.learning_rate]
        return self.learning_rate_init * float(schedule(np.arange(n_steps) / n_steps).sum())

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

    @property
    def history_(self) -> pd.DataFrame:
        """One row per epoch: loss and accuracy while training, and on validation data if any.

        The loss is cross-entropy and the accuracy is that of each batch before its own update.
        """
        check_is_fitted(self)
        history = {"loss": self.loss_curve_, "accuracy": self.accuracy_curve_}
        if self.validation_scores_ is not None:
            history["validation_loss"] = self._validation_loss_curve
            history["validation_accuracy"] = self.validation_scores_
        epochs = pd.RangeIndex(1, len(self.loss_curve_) + 1, name="epoch")
        return pd.DataFrame(history, index=epochs)
