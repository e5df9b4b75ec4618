"""Epochs of `fit`: batches, history, validation, and when to stop.

A network that is trained here has the methods `_training` (its loop over batches), `_n_batches`,
`_n_epochs`, `_progress`, `_record_epoch` and those of prediction.
"""

import warnings
from copy import deepcopy
from time import perf_counter

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ._early_stopping import Patience
from ._inference import log_proba
from ._mlp import predicted_indices
from ._optimizers import SCHEDULES

# Samples of all epochs that the compiled loop runs before Python, and an interrupt, has a turn.
_ROWS_AT_ONCE = 2**16


def run_epochs(network, X, y, sample_weight, validation, first_pass, tasks):
    """Train until `max_iter`, or until the monitored figure stops improving.

    Parameters
    ----------
    network : NetworkClassifier
        Drawn, or from a previous call where `first_pass` is false.
    X : Rows of shape (n_samples, n_features)
        Training data.
    y : ndarray of shape (n_samples,), dtype intp
        Class indices.
    sample_weight : ndarray of shape (n_samples,)
        Weights, those of the classes included.
    validation : tuple (X, y, sample_weight) or None
        As the training data.
    first_pass : bool
        Whether the network starts from initial weights.
    tasks : FitTasks
        Told of each epoch; may ask to stop.
    """
    network._forget_history()
    tol = 0.0 if network.tol is None else network.tol
    patience, best_network = Patience(tol, network.n_iter_no_change), None
    if validation is not None:
        network.validation_scores_, network._validation_loss_curve = [], []
        network._validation_time = 0.0
        X_val, y_val, weight_val = validation
        validation = X_val.astype(X.dtype), y_val, weight_val
        network._check_rates(validation[0])
        if network.early_stopping and not first_pass:
            # A warm start must end with more than it started with, or else as it was.
            patience.best = np.nextafter(_validate(network, *validation)[1], np.inf)
            best_network = _copy_of(network)
    monitors = network.early_stopping or network.tol is not None
    n_epochs = network._n_epochs(len(y))
    # While the attack grows, figures of epochs do not compare, and the best is yet to be trained.
    first_monitored = _n_ramp_epochs(n_epochs) if network.adversarial_epsilon > 0 else 0
    schedule = SCHEDULES[network.learning_rate]
    training = network._training(X, y, sample_weight)
    # Where nothing looks at single epochs, the compiled loop runs many of a small table.
    watched = monitors or validation is not None or network.verbose or tasks.watched
    n_at_once = 1 if watched or network._records_epochs else max(1, _ROWS_AT_ONCE // len(y))
    for first in range(0, n_epochs, n_at_once):
        epochs = range(first, min(first + n_at_once, n_epochs))
        tasks.begin_epoch()
        train(network, training, X, y, schedule, epochs, n_epochs)
        network.n_iter_ += len(epochs)
        if validation is not None:
            start = perf_counter()
            loss, accuracy = _validate(network, *validation)
            network._validation_time += perf_counter() - start
            network._validation_loss_curve.append(loss)
            network.validation_scores_.append(accuracy)
        if network.verbose:
            _print_epoch(network, n_epochs)
        stop = tasks.end_epoch()
        if monitors and first >= first_monitored:
            early = network.early_stopping
            figure = network.validation_scores_[-1] if early else network._progress()
            # Of epochs that are equally good the last one has learnt most.
            if early and figure >= patience.best:
                best_network = _copy_of(network)
            stop = patience.is_over(figure) or stop
        if stop:
            break
    else:
        if monitors and not network.early_stopping and network.n_iter_no_change < np.inf:
            warnings.warn(
                f"The training {network._progress_name} still improved by more than "
                f"tol={network.tol} within the last n_iter_no_change={network.n_iter_no_change} "
                f"of {n_epochs} epochs. Raise max_iter, or set tol=None to run every epoch.",
                ConvergenceWarning,
                stacklevel=4,  # the decorator of `fit` is one of them
            )
    if best_network is not None:
        vars(network).update(best_network)


def train(network, training, X, y, schedule, epochs=range(1), n_epochs=1):
    """Pass over the samples in batches of nearly equal size, once per epoch.

    `training` is from `network._training`, `schedule` makes a factor of the step size of the share
    of all steps that is done, and `epochs` are numbers among those of all `n_epochs`.
    """
    n_samples, n_batches = len(y), network._n_batches(len(y))
    orders = np.tile(np.arange(n_samples), (len(epochs), 1))
    if network.shuffle:
        for order in orders:
            network._random_state.shuffle(order)
    first = epochs[0] * n_batches
    steps = np.arange(first, first + len(epochs) * n_batches).reshape(len(epochs), -1)
    step_sizes = network.learning_rate_init * schedule(steps / (n_epochs * n_batches))
    # Under the full attack from the first step on, a network may learn to predict one class.
    ramp = np.minimum(1, (steps + 1) / (_n_ramp_epochs(n_epochs) * n_batches + 1))
    attack_sizes = network.adversarial_epsilon * ramp
    losses, n_right = X.run(training, network, y, orders, step_sizes, attack_sizes)
    if not training.is_finite():
        given = ", ".join(
            f"{name}={getattr(network, name)!r}" for name in network._steps_depend_on
        )
        raise ValueError(
            f"Got {given}, but expected values with which weights stay "
            f"finite: after epoch {network.n_iter_ + len(epochs)} they are not."
        )
    network.loss_curve_ += (losses / training.total_weight).tolist()
    network.accuracy_curve_ += (n_right / training.total_weight).tolist()
    network.loss_ = network.loss_curve_[-1]
    network._record_epoch(training)


def _n_ramp_epochs(n_epochs):
    """Number of epochs in which the attack of adversarial training grows; none of a single one."""
    return n_epochs // 2


def _validate(network, X, y, sample_weight):
    """Cross-entropy and accuracy on data that the network is not trained on."""
    logits = network._logits_of(X)
    total = float(sample_weight.sum())
    right = predicted_indices(logits) == y
    of_class = log_proba(logits)[np.arange(len(y)), y]
    return -float(sample_weight @ of_class) / total, float(sample_weight @ right) / total


def _copy_of(network):
    return {name: deepcopy(getattr(network, name)) for name in network._network_attributes}


def _print_epoch(network, n_epochs):
    figures = [f"loss {network.loss_:.6f}", f"accuracy {network.accuracy_curve_[-1]:.4f}"]
    if network.validation_scores_:
        figures.append(f"validation accuracy {network.validation_scores_[-1]:.4f}")
    print(f"Epoch {network.n_iter_}/{n_epochs}: {', '.join(figures)}")
