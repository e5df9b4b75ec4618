"""The threat model: what an attacker may do, in the words of the user."""

import warnings
from dataclasses import dataclass, fields
from numbers import Real

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length

from .._attacks._norm_balls import NORMS, Ball
from .._input_gradients import SPACES, attackable
from .._utils._validation import check_number, check_option, refuse_lazy, told_apart
from ._checks import (
    beyond_rates,
    check_complete,
    check_inside,
    check_one_hot,
    check_outliers,
    check_scale,
    check_size,
)
from ._columns import Columns, groups_of, is_by_column, listed
from ._problem import AttackProblem


@dataclass(frozen=True, eq=False)
class ThreatModel:
    """Size of an attack, and where it may go.

    Parameters
    ----------
    epsilon, norm, bounds, immutable, one_hot, space
        As in `fgsm`. What does not need the data is checked here.
    """

    epsilon: object
    norm: str = "linf"
    bounds: object = None
    immutable: object = ()
    one_hot: object = ()
    space: str = "model"

    def __post_init__(self):
        check_epsilon(self.epsilon)
        check_option(self.norm, "norm", NORMS)
        check_option(self.space, "space", SPACES)

    @classmethod
    def of(cls, scorer):
        """Threat model of an object whose attributes have the names of the parameters."""
        return cls(*(getattr(scorer, field.name) for field in fields(cls)))

    def problem(self, estimator, X, y, *, gradient="analytic", targeted=False):
        """The attack on a fitted classifier, at samples X with labels y, as an AttackProblem.

        `gradient` is as in `attackable`; `targeted` attacks are after the labels in y.
        """
        refuse_lazy(X)
        check_consistent_length(X, y)
        target, points = attackable(estimator, X, space=self.space, gradient=gradient)
        return self.at(target, points, target.class_indices(y), targeted)

    def at(self, target, points, y, targeted=False):
        """The attack on a target, from its points and class indices."""
        ball = self.ball(target, points)
        # By no more than rounding a value may be out of bounds.
        return AttackProblem(target, np.clip(points, ball.low, ball.high), y, ball, targeted)

    def ball(self, target, points):
        """Ball of the points that may be reached from those of a target."""
        columns = Columns(target.names, points.shape[1])
        epsilon = columns.numbers(self.epsilon, "epsilon")
        check_size(epsilon, points.dtype, columns)
        moves = epsilon.any()
        epsilon[columns.positions(listed(self.immutable), "immutable")] = 0
        if moves and not epsilon.any():
            warnings.warn(
                f"Got immutable={self.immutable!r}, which holds every column that epsilon would "
                "move: the samples stay as they are, and a score is that without attack. Leave "
                "out columns that an attacker may change.",
                UserWarning,
                stacklevel=2,
            )
        for position, reason in target.must_stay().items():
            if epsilon[position] > 0:
                name = columns.name(position)
                remedy = ", or attack in space='model'" if self.space == "input" else ""
                filled = "Fill it in before the attack, or put" if "missing" in reason else "Put"
                raise ValueError(
                    f"Got the column {name!r} that {reason}, but an attack expected numbers. "
                    f"{filled} it in immutable=[{name!r}]{remedy}."
                )
        check_complete(points, columns)
        low, high = self.bounds_of(columns, points, target.box)
        check_inside(points, low, high, columns)
        # What cannot move stays as it is.
        low[epsilon == 0], high[epsilon == 0] = -np.inf, np.inf
        groups = [columns.positions(group, "one_hot") for group in groups_of(self.one_hot)]
        check_one_hot(points, groups, columns)
        ball = Ball(epsilon, self.norm, low, high, groups, target.whole, target.unclipped)
        check_scale(ball, points, columns)
        check_outliers(ball, points, columns, target.span)
        return ball

    def bounds_of(self, columns, points, box):
        """Lower and upper bound of each column, within the box of a target."""
        bounds = self.bounds
        low, high = (side.astype(np.float64) for side in box)
        if isinstance(bounds, str) and bounds == "data":
            low, high = points.min(axis=0), points.max(axis=0)
        elif is_by_column(bounds):
            for position, name, pair in columns.named(bounds, "bounds"):
                low[position], high[position] = _pair(pair, f"bounds[{name!r}]")
        elif bounds is not None:
            first, second = _pair(bounds, "bounds")
            low = columns.numbers(first, "bounds[0]", -np.inf)
            high = columns.numbers(second, "bounds[1]", np.inf)
        crossed = np.flatnonzero(~(low <= high))
        if len(crossed):
            k = crossed[0]
            raise ValueError(
                "Got bounds from {} to {} for the column ".format(*told_apart(low[k], high[k]))
                + f"{columns.name(k)!r}, but expected the lower one first."
            )
        # Whatever else is allowed, the model is defined only here.
        low, high = np.maximum(low, box[0]), np.minimum(high, box[1])
        return low.astype(points.dtype), high.astype(points.dtype)


def _pair(value, parameter):
    no_pair = isinstance(value, str | pd.DataFrame) or not hasattr(value, "__len__")
    if no_pair or len(value) != 2:
        others = ", a dict of pairs by column, 'data' or None" if parameter == "bounds" else ""
        raise ValueError(f"Got {parameter}={value!r}, but expected a pair (low, high){others}.")
    return value


def check_epsilon(epsilon):
    """Raise unless an epsilon is a finite number >= 0, or one per column or by column."""
    if isinstance(epsilon, pd.DataFrame):
        raise TypeError(
            "Got epsilon as a DataFrame, but expected a number, or a dict or Series by column. "
            "Give one of its rows: epsilon.iloc[0]."
        )
    if is_by_column(epsilon):
        for name, value in epsilon.items():
            check_number(value, f"epsilon[{name!r}]", zero=True)
    elif np.ndim(epsilon) == 0:
        check_number(epsilon, "epsilon", zero=True)
    else:
        for position, value in enumerate(epsilon):
            check_number(value, f"epsilon[{position}]", zero=True)


def sizes(epsilons, *, zero=True, of_rates=False, may_be_empty=False):
    """Sizes of attacks, one finite number >= 0 or several, as a list.

    `of_rates` refuses those beyond 1, of values in [0, 1] that each move by as much.
    """
    listed = [epsilons] if isinstance(epsilons, Real) else epsilons
    several = np.iterable(listed) and not isinstance(listed, str)
    listed = list(listed) if several else []
    if not (listed or (several and may_be_empty)):
        raise ValueError(
            f"Got epsilons={epsilons!r}, but expected at least one number, such as [0.1, 0.2]."
        )
    for epsilon in listed:
        check_number(epsilon, "epsilons", zero=zero)
    if of_rates and max(listed, default=0) > 1:
        raise beyond_rates(max(listed))
    return listed


def size_of(scorer):
    """Size of the attack of a scorer, one number, by which attacks are compared."""
    if not isinstance(scorer.epsilon, Real):
        raise ValueError(
            f"Got {scorer!r} with a size for each column, but expected one number, by which "
            "attacks are compared. Scale the columns instead."
        )
    return float(scorer.epsilon)
