"""Networks trained with what usually makes them more robust than backpropagation alone."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import issparse
from scipy.special import xlogy
from sklearn.neural_network import MLPClassifier
from sklearn.utils._param_validation import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from numpy.random import RandomState


__all__ = ["RegularisedMLPClassifier"]

# Size of the step along the sign of the gradient, over which its norm is measured.
_STEP = 0.01

_NOT_NEGATIVE = [Interval(Real, 0, None, closed="left")]


class RegularisedMLPClassifier(MLPClassifier):
    r"""Network of scikit-learn, regularised in ways that make networks more robust.

    Three remedies, each off by default, for comparison with models that an attacker finds hard to
    fool: Gaussian noise on the inputs, an L1 penalty on the weights of the first layer, and a
    penalty on the gradient of the loss with respect to the inputs. The loss of a batch is

    .. math::
        \frac{1}{n} \sum_i \ell(x_i)
        + \lambda_1 \sum_{jk} |W^{(1)}_{jk}|
        + \frac{\lambda_2}{2 n} \sum_i \lVert \nabla_x \ell(x_i) \rVert_1^2
        + \frac{\alpha}{2 n} \sum_l \lVert W^{(l)} \rVert_2^2

    where :math:`\ell` is the cross-entropy of a sample after noise is added to it. All else is as
    in `MLPClassifier`, whose attributes and methods it has.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int, default=(100,)
        Number of units of each hidden layer.
    activation : {"identity", "logistic", "tanh", "relu"}, default="relu"
        Activation function of the hidden layers.
    input_noise : float, default=0.0
        Standard deviation of the noise, >= 0, in units of the features. It is drawn anew for each
        batch.
    l1 : float, default=0.0
        :math:`\lambda_1`, >= 0.
    gradient_penalty : float, default=0.0
        :math:`\lambda_2`, >= 0. The norm is the dual one of the maximum norm: the rate at which
        the loss grows under an attack in it. It is measured by the difference of the loss over a
        step of 0.01 in each feature, along the sign of the gradient, so that no second derivative
        is needed [1]_. Features should be of a scale around 1.
    alpha : float, default=0.0001
        Strength of the L2 penalty on the weights, >= 0.
    batch_size : int or "auto", default="auto"
        Number of samples in a batch. "auto" is 200, or all samples if they are fewer.
    learning_rate_init : float, default=0.001
        Step size of Adam, > 0.
    max_iter : int, default=200
        Largest number of epochs.
    tol : float, default=1e-4
        Training stops when the loss has not fallen by more than this in `n_iter_no_change` epochs.
    n_iter_no_change : int, default=10
        See `tol`.
    random_state : int, RandomState instance or None, default=None
        Draws the weights, the batches and the noise.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Class labels.
    coefs_, intercepts_ : lists of ndarrays
        Weights and biases of each layer.
    loss_curve_ : list of float
        Loss of each epoch, penalties included.
    n_iter_ : int
        Number of epochs run.

    See Also
    --------
    sklearn.neural_network.MLPClassifier : All other attributes, and the methods.
    skstdp.BPClassifier : Has adversarial training, `adversarial_epsilon`.

    References
    ----------
    .. [1] C. Finlay, A. M. Oberman, "Scaleable input gradient regularization for adversarial
           robustness", arXiv:1905.11468, 2019.
    .. [2] C. M. Bishop, "Training with noise is equivalent to Tikhonov regularization", Neural
           Computation 7, 1995.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import minmax_scale
    >>> from skstdp import FGSMScorer
    >>> from skstdp.benchmarks import RegularisedMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> X, y = minmax_scale(X[50:]), y[50:]
    >>> attack = FGSMScorer(0.1)
    >>> for penalty in (0, 0.1):
    ...     network = RegularisedMLPClassifier(
    ...         gradient_penalty=penalty, learning_rate_init=0.03, random_state=0
    ...     ).fit(X, y)
    ...     print(f"{network.score(X, y):.2f} {attack(network, X, y):.2f}")
    0.98 0.65
    0.94 0.78
    """

    _parameter_constraints = MLPClassifier._parameter_constraints | {
        "input_noise": _NOT_NEGATIVE,
        "l1": _NOT_NEGATIVE,
        "gradient_penalty": _NOT_NEGATIVE,
    }

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (100,),
        *,
        activation: Literal["identity", "logistic", "tanh", "relu"] = "relu",
        input_noise: float = 0.0,
        l1: float = 0.0,
        gradient_penalty: float = 0.0,
        alpha: float = 1e-4,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate_init: float = 1e-3,
        max_iter: int = 200,
        tol: float = 1e-4,
        n_iter_no_change: int = 10,
        random_state: int | RandomState | None = None,
    ) -> None:
        super().__init__(
            hidden_layer_sizes,
            activation=activation,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate_init=learning_rate_init,
            max_iter=max_iter,
            tol=tol,
            n_iter_no_change=n_iter_no_change,
            random_state=random_state,
        )
        self.input_noise = input_noise
        self.l1 = l1
        self.gradient_penalty = gradient_penalty

    def _backprop(self, X, y, sample_weight, activations, deltas, coef_grads, intercept_grads):
        """Loss of a batch and its gradient, as `MLPClassifier` asks for them."""
        results = activations, deltas, coef_grads, intercept_grads
        excess = 0.0
        if self.input_noise > 0:
            # The generator of the network makes float64 only, which takes most of a step.
            generator = np.random.default_rng(self._random_state.randint(2**31 - 1))
            noise = generator.standard_normal(X.shape, X.dtype)
            X = np.asarray(X + X.dtype.type(self.input_noise) * noise)
        if self.gradient_penalty > 0:
            X, y, sample_weight, excess = self._with_steps(X, y, sample_weight, *results)
        activations[0] = X
        loss, coef_grads, intercept_grads = super()._backprop(X, y, sample_weight, *results)
        if self.l1 > 0:
            loss += self.l1 * np.abs(self.coefs_[0]).sum()
            coef_grads[0] += self.l1 * np.sign(self.coefs_[0])
        return loss - excess, coef_grads, intercept_grads

    def _with_steps(self, X, y, sample_weight, activations, deltas, *gradients):
        """Samples, and each after a step along its gradient, weighted for the gradient penalty.

        With d = (loss after the step - loss before) / step the penalty is d^2 / 2, and its
        gradient by the parameters d (gradient after - gradient before) / step: that of a
        cross-entropy which weighs the sample by -d / step, and the one after the step by d / step.
        The cross-entropy counts twice the penalty; the last value returned is what is too much.
        """
        X = X.toarray() if issparse(X) else X
        weight = np.ones(len(X), X.dtype) if sample_weight is None else sample_weight
        activations[0] = X
        super()._backprop(X, y, None, activations, deltas, *gradients)
        before = self._losses(y, activations[-1])
        slope = deltas[0] @ self.coefs_[0].T
        stepped = X + _STEP * np.sign(slope)
        activations[0] = stepped
        growth = (self._losses(y, self._forward_pass(activations)[-1]) - before) / _STEP
        share = (self.gradient_penalty / _STEP) * growth
        excess = self.gradient_penalty / 2 * np.average(growth**2, weights=weight)
        weights = np.concatenate([weight * (1 - share), weight * share]).astype(X.dtype)
        return np.vstack([X, stepped]), np.vstack([y, y]), weights, excess

    def _losses(self, y, outputs):
        """Cross-entropy of each sample, given the outputs of the network for it."""
        least = np.finfo(outputs.dtype).eps
        outputs = np.clip(outputs, least, 1 - least)
        losses = -xlogy(y, outputs)
        if self.out_activation_ == "logistic":
            losses -= xlogy(1 - y, 1 - outputs)
        return losses.sum(axis=1)
