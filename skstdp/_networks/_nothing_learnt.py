"""Networks that do not distinguish classes after training."""

import warnings
from inspect import signature

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ._mlp import predicted_indices

# How the warning starts, by which it can be silenced where the same is said in another way.
NOTHING_LEARNT = "The network does not tell classes apart"

# Below them training has hardly begun: `max_iter="auto"` makes no fewer epochs, nor steps.
_FEW_STEPS = 30

# What can be too large or too small whatever the data.
_SIZES = ("learning_rate_init", "weight_decay", "quiet_start", "weight_init_scale")

# Of a sample, by which sums of shares in another order may differ.
_ROUNDING = 1e-6


def warn_if_nothing_is_learnt(network, X, y, sample_weight, stacklevel):
    """Warn of a network that predicts one class, or hardly trained does no better than that.

    Parameters
    ----------
    network, X, y, sample_weight
        As in `run_epochs`.
    stacklevel : int
        As for `warnings.warn`, seen from the caller.

    Returns
    -------
    seen : str
        By what it shows that nothing is learnt, empty otherwise.
    """
    weight = sample_weight / sample_weight.sum(dtype=np.float64)
    shares = np.bincount(y, weight)
    # With less than a sample of other classes, by weight, one class is what is asked for.
    if len(y) * (1 - shares.max()) < 1 - _ROUNDING:
        return ""
    n_batches = network._n_batches(len(y))
    n_steps = network.n_iter_ * n_batches
    few_steps = n_steps < _FEW_STEPS
    found = set().union(*network._over_rates(_classes_predicted_first, X))
    if len(found) == 1:
        label = network.classes_[found.pop()]
        seen = f"predicts one class, {label!s}, for all {len(y)} training samples"
    elif few_steps:
        right = predicted_indices(network._logits_of(X)) == y
        share = weight @ right
        if share > shares.max() + _ROUNDING / len(y):
            return ""
        seen = (
            f"classifies {share:.1%} of the training samples right, and the largest class has "
            f"{shares.max():.1%}"
        )
    else:
        return ""
    if few_steps:
        advice = (
            f"Training made {n_steps} step{'s' * (n_steps != 1)} (n_iter_={network.n_iter_}, "
            f"batches per epoch: {n_batches}), but expected at least "
            f"{_FEW_STEPS}. Train for more epochs, or lower batch_size."
        )
    else:
        advice = _advice(network)
    warnings.warn(
        f"{NOTHING_LEARNT}: it {seen}. {advice}",
        ConvergenceWarning,
        stacklevel=stacklevel + 1,
    )
    return seen


def _advice(network):
    """What to try: first the defaults of what sets the size of steps and of initial weights."""
    options = signature(type(network)).parameters
    changed = [
        f"{name}={value!r} back to {options[name].default!r}"
        for name in _SIZES
        if name in options and (value := getattr(network, name)) != options[name].default
    ]
    remedies = ", ".join(_remedies(network))
    if changed:
        return (
            f"Set {', '.join(changed)}. Then try {remedies}, or another number of "
            "receptive_fields."
        )
    return (
        f"Try {remedies}, another number of receptive_fields, another learning_rate_init, or a "
        "smaller weight_decay."
    )


def _remedies(network):
    """What most often helps a network of this kind."""
    if network.class_weight is None:
        yield "class_weight='balanced'"
    # These are the defaults of the classifiers that have one.
    if getattr(network, "rule", "auto") not in ("auto", "stdp"):
        yield "another rule"
    if len(network.coefs_) > 2:
        yield "fewer hidden layers"
    yield "wider hidden_layer_sizes"


def _classes_predicted_first(network, rate_chunks):
    """Indices of predicted classes, of no more samples than it takes to find two."""
    found = set()
    for rates, _ in rate_chunks:
        found.update(predicted_indices(network._logits(rates)).tolist())
        if len(found) > 1:
            break
    return found
