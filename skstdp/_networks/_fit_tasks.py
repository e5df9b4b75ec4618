"""The epochs of a fit as scikit-learn's callbacks see them.

`fit` is a task, and each of its epochs is a task below it. Callbacks hear where a task begins
and ends, with a copy of the network as it is then, and may ask to stop.
"""

from copy import deepcopy

from .._utils._frames import with_feature_names

# Attributes by which scikit-learn runs callbacks, until after `fit`.
CALLBACK_STATE = ("_callback_fit_ctx", "_skl_callbacks_to_teardown")


def is_iteration(context):
    """True if a task is one of several that an estimator does one after the other."""
    return (
        context.parent is not None
        and context.parent.sequential_subtasks
        # A whole fit inside a search or a pipeline.
        and context.source_estimator_name is None
    )


class FitTasks:
    """The tasks of one call of `fit`.

    Parameters
    ----------
    estimator : CallbackSupportMixin
        The estimator that is being fitted.
    n_epochs : int
        Largest number of epochs.
    X, y : ndarrays of shape (n_samples, n_features) and (n_samples,)
        Training data: features, not rates, and labels.
    sample_weight : ndarray of shape (n_samples,) or None
        Weights that the user gave.

    Attributes
    ----------
    watched : bool
        True if there are callbacks, which see each epoch.
    """

    def __init__(self, estimator, n_epochs, X, y, sample_weight):
        self._estimator = estimator
        self.watched = bool(getattr(estimator, "_skl_callbacks", []))
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        self._data = {"X": with_feature_names(X, estimator), "y": y, "metadata": metadata}
        self._fit = estimator._init_callback_context(max_subtasks=n_epochs)
        self._fit.call_on_fit_task_begin(estimator=estimator, **self._data)

    def begin_epoch(self):
        """Report to the callbacks that an epoch begins."""
        if not self.watched:
            return
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(
            estimator=self._estimator, **self._data, reconstruction_attributes=self._copies
        )

    def end_epoch(self):
        """Report to the callbacks that the epoch is over; true if one of them asks to stop."""
        return self.watched and self._epoch.call_on_fit_task_end(
            estimator=self._estimator, **self._data, reconstruction_attributes=self._copies
        )

    def end(self):
        """Report to the callbacks that the network is as `fit` leaves it."""
        self._fit.call_on_fit_task_end(
            estimator=self._estimator, **self._data, reconstruction_attributes=self._copies
        )

    def _copies(self):
        # They change in place while training goes on.
        names = (*self._estimator._network_attributes, *self._estimator._history_attributes)
        return {name: deepcopy(getattr(self._estimator, name)) for name in names}
