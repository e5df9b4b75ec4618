"""The exact gradient of cross-entropy: the reference that the local rule is measured against.

Also the gradient of the decision with respect to the input, which attacks use.
"""

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax

from ._forward import class_margins


def cross_entropy(logits, y, sample_weight):
    """Weighted sum over the samples of minus the log probability of the true class.

    Binary cross-entropy for one output unit, categorical for more.
    """
    if logits.shape[1] == 1:
        log_probability = log_expit(np.where(y == 1, logits[:, 0], -logits[:, 0]))
    else:
        log_probability = log_softmax(logits, axis=1)[np.arange(len(y)), y]
    return -float(np.dot(sample_weight, log_probability))


def output_error(logits, y):
    """Derivative of minus the cross-entropy with respect to the logits, one row a sample."""
    if logits.shape[1] == 1:
        return (y[:, np.newaxis] == 1) - expit(logits)
    error = -softmax(logits, axis=1)
    error[np.arange(len(y)), y] += 1
    return error


def backprop_updates(activities, y, sample_weight, updates, *, coefs):
    """Minus the gradient of cross-entropy, with the arguments of `stdp_updates`.

    Parameters
    ----------
    activities : list of ndarrays of shape (n_samples, n_units)
        Rates of the input and of the hidden layers, then the logits of the output.
    y : ndarray of shape (n_samples,), dtype intp
        Class index of each sample.
    sample_weight : ndarray of shape (n_samples,)
        Weights that sum to one.
    updates : list of (coef_update, intercept_update)
        Overwritten, one pair a layer.
    coefs : list of ndarrays of shape (n_in, n_out)
        The weights, through which the error travels back.
    """
    delta = output_error(activities[-1], y) * sample_weight[:, np.newaxis]
    for layer in reversed(range(len(coefs))):
        coef_update, intercept_update = updates[layer]
        np.matmul(activities[layer].T, delta, out=coef_update)
        delta.sum(axis=0, out=intercept_update)
        if layer > 0:
            rate = activities[layer]
            delta = delta @ coefs[layer].T
            delta *= rate * (1 - rate)


def margin_input_gradient(rates, y, coefs, intercepts):
    """Direction in which each sample's margin grows fastest, exact up to a positive factor.

    The margin is the logit of the true class minus the largest other logit. Each row is scaled
    between layers so that its largest entry stays near one, and slopes of saturated units are
    handled as logarithms: a gradient too small for its dtype would come out as zero, and an
    attack that follows it would report a robustness that is not there.

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
    direction : ndarray of shape (n_samples, n_features)
        Each row is a positive multiple of the gradient of that sample's margin.
    """
    drives = [rates]
    hidden = rates
    for coef, intercept in zip(coefs[:-1], intercepts[:-1], strict=True):
        drives.append(hidden @ coef + intercept)
        hidden = expit(drives[-1])
    logits = hidden @ coefs[-1] + intercepts[-1]

    rows = np.arange(len(y))
    others = class_margins(logits).copy()
    others[rows, y] = -np.inf
    delta = np.zeros_like(others)
    delta[rows, y] = 1
    delta[rows, others.argmax(axis=1)] = -1
    if logits.shape[1] == 1:
        delta = delta[:, 1:]

    for layer in reversed(range(1, len(coefs))):
        delta = delta @ coefs[layer].T
        drive = drives[layer]
        with np.errstate(divide="ignore"):
            magnitude = np.log(np.abs(delta)) + log_expit(drive) + log_expit(-drive)
        largest = magnitude.max(axis=1, keepdims=True)
        largest[np.isneginf(largest)] = 0
        delta = np.sign(delta) * np.exp(magnitude - largest)
    return delta @ coefs[0].T
