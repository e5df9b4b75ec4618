"""The networks of the paper: what it fixes, and what it leaves open and we chose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._networks._classifiers import BPClassifier, STDPClassifier

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator

    from ..datasets._tasks import Task


_FIXED = {
    "hidden_layer_sizes": (32, 16),
    "learning_rate_init": 1e-3,
    "learning_rate": "constant",
    "fan_in_scaling": False,
    "weight_decay": 0.0,
}
_FIXED_BY_DATA = {"mnist": {"batch_size": 100}, "tables": {"batch_size": 40}}
# Equation 3 with the epsilon given below it, for every unit.
_FIXED_RULE = {
    "stdp_epsilon": 1e-9,
    "positive_winners": 1.0,
    "negative_winners": 1.0,
    "winner_margin": None,
    "probability_matching": False,
}

# What the paper leaves open; these values are our choice. `quiet_start` is for the local rule
# only: backpropagation starts as it does elsewhere.
CHOSEN = {
    "mnist": {
        "rate_encoding": "auto",
        "receptive_fields": "auto",
        "weight_init_scale": 1.0,
        "quiet_start": 0.3,
        "max_iter": 15,
    },
    "tables": {
        "rate_encoding": "auto",
        "receptive_fields": 2,
        "weight_init_scale": 2.0,
        "quiet_start": 0.1,
        "max_iter": 600,
    },
}
# The same, with nothing in place that the paper does not mention.
LITERAL = {"receptive_fields": 1, "quiet_start": None}


def paper_classifiers(task: Task | str, *, literal: bool = False) -> dict[str, BaseEstimator]:
    """Both networks as the paper has them.

    Fixed by the paper: two hidden layers of 32 and 16 units, Adam with a constant step of 1e-3,
    batches of 100 images or 40 rows of a table, equation 3 with an epsilon of 1e-9, and no
    competition. Left open by it, and chosen by us: the encoding of the features, off units, the
    initial weights and biases, and the number of epochs.

    Parameters
    ----------
    task : Task or str
        What to classify, or its name. Those whose name starts with "mnist" are images, all
        others tables.
    literal : bool, default=False
        Whether to leave out what the paper does not mention: the off units (of
        `receptive_fields`) and the initial biases of `quiet_start`.

    Returns
    -------
    classifiers : dict of str to STDPClassifier or BPClassifier
        New classifiers, not fitted, as "STDP" and "BP".

    See Also
    --------
    compare : Takes this function for `estimators`.

    References
    ----------
    .. [1] S. K. Gupta, "A More Biologically Plausible Local Learning Rule for ANNs",
           arXiv:2011.12012, 2020, Section 3.

    Examples
    --------
    >>> from skstdp.benchmarks import paper_classifiers
    >>> classifiers = paper_classifiers("iris 0v1")
    >>> classifiers["STDP"].stdp_epsilon, classifiers["BP"].batch_size
    (1e-09, 40)
    """
    name = getattr(task, "name", task)
    data = "mnist" if name.split()[0] == "mnist" else "tables"
    common = _FIXED | _FIXED_BY_DATA[data] | CHOSEN[data] | (LITERAL if literal else {})
    return {
        "STDP": STDPClassifier(**common | _FIXED_RULE),
        "BP": BPClassifier(**common | {"quiet_start": None}),
    }
