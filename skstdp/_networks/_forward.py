"""Activities of every layer of a sigmoid network.

coefs : list of ndarrays of shape (n_in, n_out), one a layer.
intercepts : list of ndarrays of shape (n_out,), one a layer.
"""

import numpy as np


def sigmoid(drive):
    """Rates of units, in place."""
    # Several times faster than scipy.special.expit, which takes one number at a time.
    np.negative(drive, out=drive)
    with np.errstate(over="ignore"):
        np.exp(drive, out=drive)
    drive += 1
    return np.reciprocal(drive, out=drive)


def hidden_rates(rates, coefs, intercepts):
    """Rates of the input and of the given layers, all of which are hidden ones."""
    activities = [rates]
    for coef, intercept in zip(coefs, intercepts, strict=True):
        drive = activities[-1] @ coef
        drive += intercept
        activities.append(sigmoid(drive))
    return activities


def forward(rates, coefs, intercepts):
    """Rates of the input and of the hidden layers, then the logits of the output.

    The output stays a logit because its sigmoid rounds to 0 or 1 where the logit still tells
    samples apart.
    """
    activities = hidden_rates(rates, coefs[:-1], intercepts[:-1])
    activities.append(activities[-1] @ coefs[-1] + intercepts[-1])
    return activities


def class_margins(logits):
    """Logits with one column a class: a single output unit speaks for the second of two."""
    return np.hstack([-logits, logits]) if logits.shape[1] == 1 else logits


def predicted_indices(logits):
    """Class of each sample, by number."""
    return class_margins(logits).argmax(axis=1)
