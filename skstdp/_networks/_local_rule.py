"""Classifier with a local rule of the user's choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _parameter_docs as docs
from ._classifiers import (
    _ASSOCIATIONS,
    _ATTRIBUTES,
    _COMPETITION,
    _NETWORK_PARAMETERS,
    _RECEPTIVE_FIELDS,
    _STEPS,
    _loop,
)
from ._competing import CompetingMLP
from ._rules import check_rule, sees_mean_square

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Literal

    from numpy.random import RandomState
    from numpy.typing import NDArray


__all__ = ["LocalRuleClassifier"]


class LocalRuleClassifier(CompetingMLP):
    __doc__ = rf"""TODO
    """

    _steps_depend_on = ("rule", *CompetingMLP._steps_depend_on)

    _parameter_constraints = CompetingMLP._parameter_constraints | {"rule": [str, callable]}

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (300,),
        *,
        rule: str | Callable[..., NDArray | float] = "stdp",
        rate_encoding: Literal["auto", "minmax", "none"] = "auto",
        receptive_fields: int | Literal["auto"] = "auto",
        positive_winners: int | float | str = 3,
        negative_winners: int | float | str = 3,
        winner_handicap: float = 0.05,
        winner_margin: float | Literal["auto"] | None = "auto",
        probability_matching: bool = True,
        weight_init_scale: float = 4.0,
        quiet_start: float | None = 0.2,
        learning_rate_init: float = 0.3,
        fan_in_scaling: bool = True,
        learning_rate: Literal["constant", "linear"] = "linear",
        weight_decay: float | Literal["auto"] = "auto",
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        batch_size: int | Literal["auto"] = "auto",
        max_iter: int | Literal["auto"] = "auto",
        shuffle: bool = True,
        tol: float | None = None,
        n_iter_no_change: int | float = 30,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        warm_start: bool = False,
        adversarial_epsilon: float = 0.0,
        class_weight: dict | Literal["balanced"] | None = None,
        random_state: int | RandomState | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.rule = rule
        self.rate_encoding = rate_encoding
        self.receptive_fields = receptive_fields
        self.positive_winners = positive_winners
        self.negative_winners = negative_winners
        self.winner_handicap = winner_handicap
        self.winner_margin = winner_margin
        self.probability_matching = probability_matching
        self.weight_init_scale = weight_init_scale
        self.quiet_start = quiet_start
        self.learning_rate_init = learning_rate_init
        self.fan_in_scaling = fan_in_scaling
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.warm_start = warm_start
        self.adversarial_epsilon = adversarial_epsilon
        self.class_weight = class_weight
        self.random_state = random_state
        self.verbose = verbose

    def _validate_params(self):
        super()._validate_params()
        check_rule(self.rule)

    def _rule(self):
        from .._kernels import LocalRule

        return LocalRule(
            rule=self.rule, sees_mean_square=sees_mean_square(self.rule), **self._competition()
        )
