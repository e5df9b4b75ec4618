"""The exact gradient of the decision with respect to the input, which attacks use."""

import numpy as np
from scipy.special import expit, log_expit

from .._attacks._margins import margins_and_cotangent


def logits_and_pullback(inputs, coefs, intercepts, activation="logistic"):
    """Logits of a network, and the way back from them to its input.

    Parameters
    ----------
    inputs : ndarray of shape (n_samples, n_features)
        Input of the network.
    coefs, intercepts : lists of ndarrays
        Weights and biases, one each a layer.
    activation : {"identity", "logistic", "relu", "tanh"}, default="logistic"
        What the hidden units make of their drive.

    Returns
    -------
    logits : ndarray of shape (n_samples, n_outputs)
    pullback : callable
        `pullback(delta)` takes an array of the shape of `logits` to the pair of an array of the
        shape of `inputs` and one of shape (n_samples,): the gradient of the sum of
        `delta * logits` is the first, each row times the exponential of the second. It is exact
        however far the hidden units are saturated.
    """
    respond, through = _ACTIVATIONS[activation]
    drives = []
    hidden = inputs
    for coef, intercept in zip(coefs[:-1], intercepts[:-1], strict=True):
        drive = hidden @ coef
        drive += intercept
        drives.append(drive)
        hidden = respond(drive)
    logits = hidden @ coefs[-1] + intercepts[-1]

    def pullback(delta):
        log_scale = np.zeros(len(delta))
        for coef, drive in zip(reversed(coefs[1:]), reversed(drives), strict=True):
            delta, log_peak = through(delta @ coef.T, drive)
            log_scale += log_peak
        return delta @ coefs[0].T, log_scale

    return logits, pullback


def margin_and_input_gradient(rates, y, coefs, intercepts):
    """Each sample's margin, and the direction in which it grows fastest.

    The margin is the logit of the true class minus the largest other logit.

    Parameters
    ----------
    rates : ndarray of shape (n_samples, n_features)
        Input of the network.
    y : ndarray of shape (n_samples,), dtype intp
        Class index of each sample.
    coefs, intercepts : lists of ndarrays
        Weights and biases, one each a layer.

    Returns
    -------
    margins : ndarray of shape (n_samples,)
        Negative where another class has the largest logit.
    direction : ndarray of shape (n_samples, n_features)
        Each row is a positive multiple of the gradient of that sample's margin.
    """
    logits, pullback = logits_and_pullback(rates, coefs, intercepts)
    if logits.shape[1] == 1:
        # The margin is the one logit or its negative.
        delta = np.where(y == 1, 1, -1).astype(logits.dtype)[:, np.newaxis]
        margins = (delta * logits)[:, 0]
    else:
        margins, delta = margins_and_cotangent(logits, y)
    return margins, pullback(delta)[0]


# A row whose largest entry is at least this loses to underflow only what is smaller than it by
# the range of float32, 1e-32.
_SAFE = 1e-6


def _through_sigmoid(delta, drive):
    """Gradient with respect to the drive of a layer, from that with respect to its rates.

    It is a pair: the gradient is the first, each row times the exponential of the second. Each
    row is scaled so that its largest entry is near one: a gradient too small for its dtype
    would come out as zero, and an attack that follows it would report a robustness that is not
    there. For the same reason the slopes of saturated units are handled as logarithms, in the
    rows where that makes a difference.
    """
    tail = np.exp(-np.abs(drive))
    product = delta * tail
    tail += 1
    tail *= tail
    product /= tail
    peak = np.abs(product).max(axis=1, keepdims=True)
    saturated = np.flatnonzero(peak < _SAFE)
    peak[saturated] = 1
    product /= peak
    log_peak = np.log(peak[:, 0], dtype=np.float64)
    if len(saturated):
        delta, drive = delta[saturated], drive[saturated]
        with np.errstate(divide="ignore"):
            magnitude = np.log(np.abs(delta)) + log_expit(drive) + log_expit(-drive)
        largest = magnitude.max(axis=1, keepdims=True)
        largest[np.isneginf(largest)] = 0
        product[saturated] = np.sign(delta) * np.exp(magnitude - largest)
        log_peak[saturated] = largest[:, 0]
    return product, log_peak


def _through_tanh(delta, drive):
    """The same for tanh, whose slope is 4 times that of the logistic function at 2 drive."""
    return _through_sigmoid(4 * delta, 2 * drive)


def _through_relu(delta, drive):
    return delta * (drive > 0), 0.0


def _through_identity(delta, drive):
    return delta, 0.0


# What hidden units make of their drive, and the way back.
_ACTIVATIONS = {
    "identity": (lambda drive: drive, _through_identity),
    "logistic": (expit, _through_sigmoid),
    "relu": (lambda drive: np.maximum(drive, 0), _through_relu),
    "tanh": (np.tanh, _through_tanh),
}
