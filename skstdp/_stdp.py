"""The local learning rule, and the spike-timing curve it comes from.

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
    The same for the biases, which are synapses from a unit whose rate is always 1.

The arrays of one call share one dtype, float64 or float32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit
from sklearn.utils import check_array, check_consistent_length

from ._jit import inlined, kernel
from ._validation import check_number

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


__all__ = ["stdp_curve", "stdp_update"]

# Under strong competition few units learn from a sample. Going to their columns one by one costs
# this many times as much a unit as going along the whole row.
_SCATTER_COST = 8


@inlined
def _add_to_row(x, post, association, stdp_epsilon, update):
    # The formula as printed. The equal form (x^3 / 4) ((x^2 + eps) / (u^2 + eps) - 1) loses
    # its digits where p << x and saves nothing: the division is what takes the time.
    x_cubed = x * x * x
    for j in range(post.shape[0]):
        p = post[j]
        u = p + p - x
        update[j] += association[j] * (x_cubed * (p * (x - p))) / (u * u + stdp_epsilon)


@inlined
def _add_to_columns(x, post, association, columns, stdp_epsilon, row):
    x_cubed = x * x * x
    for k in range(columns.shape[0]):
        p = post[k]
        u = p + p - x
        row[columns[k]] += association[k] * (x_cubed * (p * (x - p))) / (u * u + stdp_epsilon)


@kernel
def _stdp(pre, post, association, stdp_epsilon, one, coef_update, intercept_update):
    coef_update[:] = 0
    intercept_update[:] = 0
    n_pre, n_post = pre.shape[1], post.shape[1]
    columns = np.empty(n_post, np.intp)
    learning_post = np.empty_like(post[0])
    learning_association = np.empty_like(association[0])
    for s in range(pre.shape[0]):
        n = 0
        for j in range(n_post):
            if association[s, j] != 0:
                columns[n] = j
                learning_post[n] = post[s, j]
                learning_association[n] = association[s, j]
                n += 1
        if n * _SCATTER_COST > n_post:
            for i in range(n_pre):
                if pre[s, i] != 0:
                    _add_to_row(pre[s, i], post[s], association[s], stdp_epsilon, coef_update[i])
            _add_to_row(one, post[s], association[s], stdp_epsilon, intercept_update)
        else:
            p, z, at = learning_post[:n], learning_association[:n], columns[:n]
            for i in range(n_pre):
                if pre[s, i] != 0:
                    _add_to_columns(pre[s, i], p, z, at, stdp_epsilon, coef_update[i])
            _add_to_columns(one, p, z, at, stdp_epsilon, intercept_update)


def accumulate_stdp(pre, post, association, stdp_epsilon, coef_update, intercept_update):
    """Overwrite the last two arrays with the sum of equation 3 over the samples.

    The arrays must follow the conventions of this module; nothing is checked.
    """
    # Scalars of the arrays' own dtype: a Python float would promote float32 work to float64.
    scalar = pre.dtype.type
    _stdp(pre, post, association, scalar(stdp_epsilon), scalar(1), coef_update, intercept_update)


def stdp_updates(
    activities, y, sample_weight, updates, *, associations, stdp_epsilon, competition
):
    """Local update of every layer, as the fit loop calls it.

    No argument carries a weight or an error: the rule cannot see either.

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
    associations : list of ndarrays of shape (n_classes, n_units)
        The fixed codes of each layer.
    stdp_epsilon : float
        The term that keeps the denominator off zero.
    competition : Competition
        Silences the units that do not learn from a sample.
    """
    *rates, logits = activities
    rates.append(expit(logits))
    for layer, (codes, (coef_update, intercept_update)) in enumerate(
        zip(associations, updates, strict=True)
    ):
        pre, post = rates[layer], rates[layer + 1]
        association = codes[y] * sample_weight[:, np.newaxis]
        competition.choose_learners(layer, post, association)
        accumulate_stdp(pre, post, association, stdp_epsilon, coef_update, intercept_update)


def _check_rates(rates, name):
    rates = check_array(rates, dtype=[np.float64, np.float32], order="C", input_name=name)
    outside = (rates < 0) | (rates > 1)
    if outside.any():
        raise ValueError(
            f"Got {name}={rates[outside][0]!r} among the rates, but expected rates in [0, 1]."
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
        shapes do not match, or `stdp_epsilon` is not a finite number > 0.
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
    accumulate_stdp(pre, post, association, stdp_epsilon, coef_update, intercept_update)
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
    delta_t = np.asarray(delta_t, dtype=np.float64)
    sign = -1 if corrected else 1
    with np.errstate(divide="ignore"):
        return delta_t / (t_pre * (t_pre + sign * delta_t)) ** 2
