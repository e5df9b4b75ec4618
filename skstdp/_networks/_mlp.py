"""Forward pass of a network of layers, and its pullback: the exact gradient by the input.

coefs, intercepts : lists of ndarrays of shape (n_in, n_out) and (n_out,), one per layer.
"""

import numpy as np
from scipy.special import expit, log_expit


def sigmoid(drive):
    """Rates of units, in place."""
    # Several times faster than scipy.special.expit, which takes one number at a time.
    np.negative(drive, out=drive)
    with np.errstate(over="ignore"):
        np.exp(drive, out=drive)
    drive += 1
    return np.reciprocal(drive, out=drive)


def hidden_rates(inputs, coefs, intercepts, respond=sigmoid, drives=None):
    """Rates of the input and of the given layers, all of which are hidden ones.

    `respond` makes rates of the drive of a layer, in place. To the list `drives`, if there is
    one, copies of the drives are added.
    """
    activities = [inputs]
    for coef, intercept in zip(coefs, intercepts, strict=True):
        drive = activities[-1] @ coef
        drive += intercept
        if drives is not None:
            drives.append(drive.copy())
        activities.append(respond(drive))
    return activities


def forward(inputs, coefs, intercepts, respond=sigmoid, drives=None):
    """Rates of the input and of the hidden layers, then the logits of the output.

    The output stays a logit because its sigmoid rounds to 0 or 1 where the logit still tells
    samples apart.
    """
    activities = hidden_rates(inputs, coefs[:-1], intercepts[:-1], respond, drives)
    activities.append(activities[-1] @ coefs[-1] + intercepts[-1])
    return activities


def logits_and_pullback(inputs, coefs, intercepts, activation="logistic", temperature=1):
    """Logits of a network, and the way back from them to its input.

    Parameters
    ----------
    inputs : ndarray of shape (n_samples, n_features)
        Input of the network.
    coefs, intercepts : lists of ndarrays
        Weights and biases.
    activation : {"identity", "logistic", "relu", "tanh"}, default="logistic"
        Activation function of the hidden units.
    temperature : float, default=1
        With a drive of z, the pullback takes the slope of a unit at z / temperature. Above 1 the
        gradient is not that of the network: units that are saturated have a part in it. A slope
        of relu, a step at 0, is then a logistic function, which is the derivative of
        temperature * log(1 + exp(z / temperature)).

    Returns
    -------
    logits : ndarray of shape (n_samples, n_outputs)
    pullback : callable
        `pullback(cotangent)` takes an array of the shape of `logits` to a pair: an array of the
        shape of `inputs` and one of shape (n_samples,). The gradient of the sum of
        `cotangent * logits` is the first, each row times the exponential of the second. It is
        exact however far the hidden units are saturated.
    """
    respond, through = _ACTIVATIONS[activation]
    if temperature != 1:
        through = _SOFTENED.get(activation, through)
    drives = []
    logits = forward(inputs, coefs, intercepts, respond, drives)[-1]

    def pullback(cotangent):
        cotangent = cotangent.astype(logits.dtype, copy=False)
        log_scale = np.zeros(len(cotangent))
        for coef, drive in zip(reversed(coefs[1:]), reversed(drives), strict=True):
            cotangent, log_peak = through(cotangent @ coef.T, drive / temperature)
            log_scale += log_peak
        return cotangent @ coefs[0].T, log_scale

    return logits, pullback


def scores_and_pullback(inputs, coefs, intercepts, activation="logistic", temperature=1):
    """As `logits_and_pullback`, for scores with one column per class.

    Those of a single output unit are minus and plus half of its logit: their difference is the
    logit, and their softmax its logistic function.
    """
    logits, pullback = logits_and_pullback(inputs, coefs, intercepts, activation, temperature)
    if logits.shape[1] > 1:
        return logits, pullback
    return class_margins(logits / 2), lambda cotangent: pullback(
        (cotangent[:, 1:] - cotangent[:, :1]) / 2
    )


def class_margins(logits):
    """Logits with one column per class: a single output unit stands for the second of two."""
    return np.hstack([-logits, logits]) if logits.shape[1] == 1 else logits


def predicted_indices(logits):
    """Class of each sample, by number."""
    return class_margins(logits).argmax(axis=1)


# A row whose largest entry is at least this loses to underflow only what is smaller than it by
# the range of float32, 1e-32.
_SAFE = 1e-6


def _through_sigmoid(delta, drive):
    """Gradient by the drive of a layer, from that by its rates.

    The gradient is the first of the pair, each row times the exponential of the second. Each
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
    # The slope of tanh is 4 times that of the logistic function at 2 drive.
    return _through_sigmoid(4 * delta, 2 * drive)


def _through_relu(delta, drive):
    return delta * (drive > 0), 0.0


def _through_softened_relu(delta, drive):
    # Not a leak, which would not tell a unit that is nearly on from one that is far from it.
    return delta * expit(drive), 0.0


def _through_identity(delta, drive):
    return delta, 0.0


# Of hidden units, by name: the rates of a drive, in place, and the gradient by the drive. SciPy's
# logistic function differs from `sigmoid` in the last bits, by which adversarial examples would.
_ACTIVATIONS = {
    "identity": (lambda drive: drive, _through_identity),
    "logistic": (lambda drive: expit(drive, out=drive), _through_sigmoid),
    "relu": (lambda drive: np.maximum(drive, 0, out=drive), _through_relu),
    "tanh": (lambda drive: np.tanh(drive, out=drive), _through_tanh),
}
# Where slopes at a temperature are not those of another drive.
_SOFTENED = {"relu": _through_softened_relu}
