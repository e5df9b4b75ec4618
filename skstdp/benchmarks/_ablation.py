"""What each part of the local rule contributes: the default with one thing changed at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._networks._classifiers import BPClassifier, STDPClassifier

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator


_CHANGES = {
    "default": {},
    # Shares, not numbers of units: all of them learn.
    "no competition": {"positive_winners": 1.0, "negative_winners": 1.0, "winner_margin": None},
    "no margin": {"winner_margin": None},
    "no handicap": {"winner_handicap": 0.0},
    "no quiet start": {"quiet_start": None},
    "rates only": {"receptive_fields": 1},
    "on and off": {"receptive_fields": 2},
    "small initial weights": {"weight_init_scale": 1.0},
    "paper's pole": {"stdp_epsilon": 1e-9},
    "constant step": {"learning_rate": "constant"},
    "paper's outputs": {"probability_matching": False},
}
_DEPTHS = {"one hidden layer": 1, "two hidden layers": 2, "three hidden layers": 3}


def ablations() -> dict[str, BaseEstimator]:
    """The network of the local rule with one thing changed at a time, and backpropagation.

    Returns
    -------
    classifiers : dict of str to STDPClassifier or BPClassifier
        New classifiers, not fitted: "default"; the same with another value of one parameter (of
        three for "no competition"), by what it takes away, such as "no handicap" or "rates only";
        the same with fewer or more hidden layers, those added of half as many units as the one
        before; and "BP", backpropagation with its own defaults.

    See Also
    --------
    compare : Takes them for `estimators`.
    paper_classifiers : The networks as in the paper.

    Examples
    --------
    >>> from skstdp.benchmarks import ablations
    >>> classifiers = ablations()
    >>> classifiers["no handicap"]
    STDPClassifier(winner_handicap=0.0)
    >>> classifiers["three hidden layers"]
    STDPClassifier(hidden_layer_sizes=(300, 150, 75))
    """
    default = STDPClassifier().hidden_layer_sizes
    depths = {
        name: {"hidden_layer_sizes": _resize(default, depth)}
        for name, depth in _DEPTHS.items()
        if depth != len(default)
    }
    classifiers = {
        name: STDPClassifier(**changes) for name, changes in (_CHANGES | depths).items()
    }
    return classifiers | {"BP": BPClassifier()}


def _resize(sizes, depth):
    """The first of these layers, or further ones of half as many units as the one before."""
    while len(sizes) < depth:
        sizes = (*sizes, max(1, sizes[-1] // 2))
    return sizes[:depth]
