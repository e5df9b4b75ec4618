"""Adversarial perturbations. Knows arrays and a gradient function, no network."""

import numpy as np


def fgsm(rates, y, margin_gradient, epsilon):
    """Fast gradient sign attack in the box [0, 1].

        x' = clip(x - epsilon * sign(gradient of the margin), 0, 1)

    Parameters
    ----------
    rates : ndarray of shape (n_samples, n_features)
        Inputs in [0, 1].
    y : ndarray of shape (n_samples,)
        True labels.
    margin_gradient : callable
        `margin_gradient(rates, y)` returns, in the shape of `rates`, the gradient of the logit of
        the true class minus the largest other; its scale does not matter.
    epsilon : float
        Size of the perturbation in rate units, >= 0.

    Returns
    -------
    perturbed : ndarray of shape (n_samples, n_features)
        Inputs in [0, 1], at most `epsilon` away in each feature.
    """
    step = rates.dtype.type(epsilon) * np.sign(margin_gradient(rates, y))
    return np.clip(rates - step, 0, 1)
