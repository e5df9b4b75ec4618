"""Networks whose units learn by an association with each class, and compete to learn."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions

from ._associations import equalising_factors, hidden_associations, output_associations
from ._competition import lets_all_learn, winner_table
from ._sigmoid import SigmoidMLP

# Two classes stand on both sides of one border, where a narrow margin lets noisy tables fail.
_MARGIN_OF_TWO, _MARGIN_OF_MORE = 0.85, 0.4

_MARGIN = [StrOptions({"auto"}), Interval(Real, 0, 1, closed="right"), None]

_WINNERS = [
    StrOptions({"sqrt", "half-sqrt"}),
    Interval(RealNotInt, 0, 1, closed="right"),
    Interval(Integral, 1, None, closed="left"),
]


class CompetingMLP(SigmoidMLP):
    """Sigmoid units with fixed associations: everything but the formula that they learn by."""

    _changed_by_training = (*SigmoidMLP._changed_by_training, "_win_rates")

    _set_by_fit = (*SigmoidMLP._set_by_fit, "associations_", "_class_factors")

    _parameter_constraints = SigmoidMLP._parameter_constraints | {
        "positive_winners": _WINNERS,
        "negative_winners": _WINNERS,
        "winner_handicap": [Interval(Real, 0, None, closed="left")],
        "winner_margin": _MARGIN,
        "probability_matching": ["boolean"],
    }

    def _associate(self, layer_sizes, class_weights, dtype):
        n_classes = len(self.classes_)
        self._class_factors = equalising_factors(class_weights, dtype)
        self.associations_ = [
            hidden_associations(n_classes, n_units, dtype) for n_units in layer_sizes[1:-1]
        ]
        self.associations_.append(output_associations(n_classes, self.n_outputs_, dtype))
        self._win_rates = np.zeros(sum(layer_sizes[1:]))

    _progress_name = "accuracy"

    def _progress(self):
        # The rule minimises no loss: the cross-entropy may grow while the accuracy does too.
        return self.accuracy_curve_[-1]

    @property
    def _one_output_per_class(self):
        return self.probability_matching

    def _competition(self):
        """Fields of `STDPRule` and `LocalRule`, by name, that say which unit learns."""
        if self.probability_matching and self.n_outputs_ < len(self.classes_):
            raise ValueError(
                "Got probability_matching=True, but expected False, with which the network that "
                "is trained further has a single output unit. For a new one call fit with "
                "warm_start=False."
            )
        winners = self.positive_winners, self.negative_winners
        margin = self.winner_margin
        if margin == "auto":
            margin = _MARGIN_OF_TWO if len(self.classes_) == 2 else _MARGIN_OF_MORE
        n_hidden = len(self.associations_) - 1
        margins = np.full(n_hidden + 1, np.inf if margin is None else margin, dtype=float)
        if self.n_outputs_ > 1:
            margins[-1] = np.inf
        hidden_competes = not all(map(lets_all_learn, winners))
        competes = [hidden_competes] * n_hidden + [False]
        factors = self._class_factors[:, np.newaxis] if hidden_competes else 1
        *hidden, output = self.associations_
        return {
            "codes": np.hstack([*(codes * factors for codes in hidden), output]),
            "competes": np.array(competes),
            "matches_probabilities": self.probability_matching,
            "n_winners": winner_table(*winners, hidden),
            "handicap": float(self.winner_handicap),
            "margins": margins,
            "win_rates": self._win_rates,
        }
