"""The local learning rule for one layer, and the spike-timing curve it comes from.

Conventions of this module
--------------------------
pre : ndarray of shape (n_samples, n_pre)
    Rates of the pre-synaptic units, in [0, 1]; `x` in the paper.
post : ndarray of shape (n_samples, n_post)
    Rates of the post-synaptic units, in [0, 1]; `p` in the paper.
association : ndarray of shape (n_samples, n_post)
    Association of each post-synaptic unit with the class of each sample, times the weight
    of that sample; `Z_k` in the paper.
coef_update : ndarray of shape (n_pre, n_post)
    What the rule adds to the weights, before the step size.
intercept_update : ndarray of shape (n_post,)
    What the rule adds to the biases, which are synapses from a unit whose rate is always 1.

The arrays of one call share one dtype, float64 or float32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import check_array, check_consistent_length

from .._utils._validation import check_number, naming

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


__all__ = ["stdp_curve", "stdp_update"]


def _check_rates(rates, name):
    rates = check_array(rates, dtype=[np.float64, np.float32], order="C", input_name=name)
    outside = (rates < 0) | (rates > 1)
    if outside.any():
        raise ValueError(
            f"Got {name}={float(rates[outside][0])!r} among the rates, but expected rates in "
            "[0, 1]. Scale them, for instance by MinMaxScaler."
        )
    return rates


def stdp_update(
    pre: ArrayLike, post: ArrayLike, association: ArrayLike, *, stdp_epsilon: float = 1e-9
) -> tuple[NDArray, NDArray]:
    r"""Weight change of one layer by the local rule, summed over the samples.

    .. math::

        \Delta W_{ij} = \sum_s Z_{sj}
            \frac{x_{si}^3 \, p_{sj} (x_{si} - p_{sj})}{(2 p_{sj} - x_{si})^2 + \epsilon}

    with the pre-synaptic rates :math:`x`, the post-synaptic rates :math:`p` and the
    associations :math:`Z` (equation 3 of [1]_, without the step size :math:`\eta`).

    Parameters
    ----------
    pre : array-like of shape (n_samples, n_pre)
        Rates of the pre-synaptic units, in [0, 1]. float64 and float32 are kept, anything
        else becomes float64; the other arrays are converted to the dtype of this one.
    post : array-like of shape (n_samples, n_post)
        Rates of the post-synaptic units, in [0, 1].
    association : array-like of shape (n_samples, n_post)
        +1 where a unit is associated with the class of the sample, -1 where it is not. Any
        other finite number weights the update.
    stdp_epsilon : float, default=1e-9
        Positive term that keeps the denominator off zero at p = x / 2.

    Returns
    -------
    coef_update : ndarray of shape (n_pre, n_post)
        Change of each weight.
    intercept_update : ndarray of shape (n_post,)
        Change of each bias: the same rule with a pre-synaptic rate of 1.

    Raises
    ------
    ValueError
        If a rate is outside [0, 1], an array is not finite or not two-dimensional, the
        shapes do not match, `stdp_epsilon` is not a finite number > 0, or it is so small, or an
        association so large, that the update is not finite.
    TypeError
        If `stdp_epsilon` is not a number.

    See Also
    --------
    stdp_curve : The same rule as a function of the spike-time difference.
    STDPClassifier : A network trained by it.

    References
    ----------
    .. [1] S. K. Gupta, "A More Biologically Plausible Local Learning Rule for ANNs",
           arXiv:2011.12012, 2020.

    Examples
    --------
    One synapse with x = 0.8, p = 0.2 and Z = +1:
    0.8³ · 0.2 · 0.6 / (0.4 - 0.8)² = 0.384.

    >>> from skstdp import stdp_update
    >>> coef_update, intercept_update = stdp_update([[0.8]], [[0.2]], [[1.0]])
    >>> coef_update.round(3)
    array([[0.384]])
    >>> intercept_update.round(3)
    array([0.444])
    """
    pre = _check_rates(pre, "pre")
    post = _check_rates(post, "post").astype(pre.dtype, copy=False)
    association = check_array(association, dtype=pre.dtype, order="C", input_name="association")
    check_consistent_length(pre, post, association)
    if association.shape != post.shape:
        raise ValueError(
            f"Got association of shape {association.shape}, but expected the shape of post, "
            f"{post.shape}."
        )
    check_number(stdp_epsilon, "stdp_epsilon", zero=False)
    coef_update = np.empty((pre.shape[1], post.shape[1]), dtype=pre.dtype)
    intercept_update = np.empty(post.shape[1], dtype=pre.dtype)
    # Not earlier: the compiler takes longer to import than everything else.
    from .._kernels import Nonzeros, one_stdp_layer, stdp_scratch

    one_stdp_layer(
        pre,
        Nonzeros(False, np.empty(0, np.intp), np.empty(0, np.uint32)),
        post,
        association.copy(),
        float(stdp_epsilon),
        stdp_scratch(len(pre), [pre.shape[1], post.shape[1]], pre.dtype),
        coef_update,
        intercept_update,
    )
    if not (np.isfinite(coef_update).all() and np.isfinite(intercept_update).all()):
        raise ValueError(
            f"Got stdp_epsilon={stdp_epsilon!r} and associations of up to "
            f"{np.abs(association).max():.6g}, but expected values with which the update is "
            f"finite in {pre.dtype}."
        )
    return coef_update, intercept_update


def stdp_curve(delta_t: ArrayLike, t_pre: float = 1.0, *, corrected: bool = True) -> NDArray:
    r"""Weight change against the spike-time difference (Figure 4 of the paper).

    .. math::

        \Delta W = \frac{\Delta T}{T_{pre}^2 (T_{pre} - \Delta T)^2}
        \quad\text{(equation 6, corrected)}, \qquad
        \Delta W = \frac{\Delta T}{T_{pre}^2 (T_{pre} + \Delta T)^2}
        \quad\text{(equation 5)}

    with :math:`T_{pre} = 1/x`, :math:`T_{post} = 1/p` and
    :math:`\Delta T = T_{post} - T_{pre}` [1]_.

    Parameters
    ----------
    delta_t : array-like
        Spike-time differences, in units of the inverse of a rate.
    t_pre : float, default=1.0
        Pre-synaptic spike time, positive, in the same units.
    corrected : bool, default=True
        True for equation 6, whose peak for a post-synaptic spike that follows is the higher
        one, as in biological neurons; False for equation 5.

    Returns
    -------
    delta_w : ndarray of the shape of `delta_t`
        Weight change, float64. Infinite at the pole, where the denominator is zero.

    Raises
    ------
    ValueError
        If `t_pre` is not a finite number > 0.
    TypeError
        If `t_pre` is not a number.

    See Also
    --------
    stdp_update : The rule in terms of rates.

    References
    ----------
    .. [1] S. K. Gupta, "A More Biologically Plausible Local Learning Rule for ANNs",
           arXiv:2011.12012, 2020, Appendix A.

    Examples
    --------
    >>> from skstdp import stdp_curve
    >>> stdp_curve([-0.5, 0.0, 0.5]).round(3)
    array([-0.222,  0.   ,  2.   ])
    >>> stdp_curve([-0.5, 0.0, 0.5], corrected=False).round(3)
    array([-2.   ,  0.   ,  0.222])
    """
    check_number(t_pre, "t_pre", zero=False)
    with naming("delta_t", "numbers"):
        delta_t = np.asarray(delta_t, dtype=np.float64)
    sign = -1 if corrected else 1
    with np.errstate(divide="ignore"):
        return delta_t / (t_pre * (t_pre + sign * delta_t)) ** 2
