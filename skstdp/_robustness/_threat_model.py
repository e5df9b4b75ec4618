"""What an attacker may do, in the words of the user and in those of an attack."""

import warnings
from collections.abc import Mapping
from copy import copy
from numbers import Real

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length

from .._attacks._gradient import fgsm, pgd
from .._attacks._norm_balls import NORMS, Ball
from .._input_gradients import GRADIENTS, SPACES, attackable
from .._utils._validation import check_number, check_option, outside, refuse_lazy, told_apart


class Threat:
    """Size and kind of what an attacker may do, in the words of the user.

    Parameters
    ----------
    epsilon, norm, bounds, immutable, one_hot, space, gradient
        As in `fgsm`. What does not need the data is checked here. With gradient=None only attacks
        that need none can be made.
    """

    def __init__(
        self,
        epsilon,
        norm="linf",
        bounds=None,
        immutable=(),
        one_hot=(),
        space="model",
        gradient="analytic",
    ):
        check_epsilon(epsilon)
        check_option(norm, "norm", NORMS)
        check_option(space, "space", SPACES)
        if gradient is not None:
            check_option(gradient, "gradient", GRADIENTS)
        self.epsilon = epsilon
        self.norm = norm
        self.bounds = bounds
        self.immutable = immutable
        self.one_hot = one_hot
        self.space = space
        self.gradient = gradient

    def against(self, estimator, X, y, *, targeted=False):
        """The classifier as the attack sees it, and what it may reach.

        Parameters
        ----------
        estimator : classifier
            Fitted.
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            True labels.
        targeted : bool, default=False
            Whether the attack is after these labels, and not away from them.

        Returns
        -------
        case : Case
        """
        refuse_lazy(X)
        check_consistent_length(X, y)
        target, points = attackable(estimator, X, space=self.space, gradient=self.gradient)
        index = target.class_indices(y)
        return self.case(target, points, index, targeted)

    def case(self, target, points, index, targeted=False):
        """The same for a classifier, points and classes as the attack sees them."""
        ball = self.ball(target, points)
        # By no more than rounding a value may be out of bounds.
        return Case(target, np.clip(points, ball.low, ball.high), index, ball, targeted)

    def ball(self, target, points):
        """What may be reached from the points of a target."""
        n_features = points.shape[1]
        columns = _Columns(target.names, n_features)
        epsilon = _spread(self.epsilon, columns, "epsilon")
        _check_size(epsilon, points.dtype, columns)
        fixed = columns.positions(_listed(self.immutable), "immutable")
        epsilon[fixed] = 0
        for position, reason in target.must_stay().items():
            if epsilon[position] > 0:
                name = columns.name(position)
                remedy = ", or attack in space='model'" if self.space == "input" else ""
                filled = "Fill it in before the attack, or put" if "missing" in reason else "Put"
                raise ValueError(
                    f"Got the column {name!r} that {reason}, but an attack expected numbers. "
                    f"{filled} it in immutable=[{name!r}]{remedy}."
                )
        _check_complete(points, columns)
        low, high = self._bounds(columns, points, target.box)
        _check_inside(points, low, high, columns)
        # What cannot move stays as it is.
        low[epsilon == 0], high[epsilon == 0] = -np.inf, np.inf
        groups = [columns.positions(group, "one_hot") for group in _groups(self.one_hot)]
        _check_one_hot(points, groups, columns)
        ball = Ball(epsilon, self.norm, low, high, groups, target.whole)
        _check_scale(ball, points, columns)
        return ball

    def _bounds(self, columns, points, box):
        bounds = self.bounds
        low, high = (side.astype(np.float64) for side in box)
        if isinstance(bounds, str) and bounds == "data":
            low, high = points.min(axis=0), points.max(axis=0)
        elif _is_by_column(bounds):
            for position, name, pair in columns.named(bounds, "bounds"):
                low[position], high[position] = _pair(pair, f"bounds[{name!r}]")
        elif bounds is not None:
            first, second = _pair(bounds, "bounds")
            low = _spread(first, columns, "bounds[0]", -np.inf)
            high = _spread(second, columns, "bounds[1]", np.inf)
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


class Case:
    """One attack to be made: a target, its points, their classes and what may be reached.

    Parameters
    ----------
    target : Target
    points : ndarray of shape (n_samples, n_features)
    index : ndarray of shape (n_samples,), dtype intp
        True classes by number, or with `targeted` those that it wants.
    ball : Ball
    targeted : bool, default=False
        Whether the attack is after a class, and not away from it.
    """

    def __init__(self, target, points, index, ball, targeted=False):
        self.target = target
        self.points = points
        self.index = index
        self.ball = ball
        self._sign = -1 if targeted else 1
        self._rows = np.arange(len(points))

    def on(self, target):
        """The same attack on another classifier."""
        return Case(target, self.points, self.index, self.ball)

    def shrunk(self, kept, shares):
        """The same attack on some of the samples, of which each has a share of epsilon."""
        ball = copy(self.ball)
        ball.epsilon = self.ball.epsilon * shares[:, np.newaxis]
        case = copy(self)
        case.ball, case.points, case._rows = ball, self.points[kept], self._rows[kept]
        return case

    def gradient(self, points, rows):
        """Gradient of what is to fall, for some of the samples."""
        slopes = self.target.gradient(points, self.index[rows], rows)
        return slopes if self._sign > 0 else -slopes

    def margins_and_gradient(self, points, rows):
        """What is to fall, negative only where the attack has succeeded, and its gradient."""
        margins, gradient = self.target.margins_and_gradient(points, self.index[rows], rows)
        return (margins, gradient) if self._sign > 0 else (-margins, -gradient)

    def fools(self, points, rows):
        """Which decisions are not the true class, by `predict`."""
        return (
            self.target.predict(points, rows) != self.target.estimator.classes_[self.index[rows]]
        )

    def predict(self, points):
        """Labels of the attacked samples."""
        return self.target.predict(points, self._rows)

    def fgsm(self, watch=None):
        """Points of the attack of one step; `watch` is called with the gradient."""

        def gradient(points, rows):
            slopes = self.gradient(points, rows)
            if watch is not None:
                watch(slopes)
            return slopes

        return fgsm(self.points, self._rows, gradient, self.ball)

    def pgd(self, n_steps, n_restarts, step, random_state, *, early_stop=True, watch=None):
        """Points of the attack of many steps; `step` is in the units of epsilon, or None."""
        if watch is not None and self.ball.epsilon.any():
            watch(self.gradient(self.points, self._rows))
        largest = self.ball.epsilon.max(initial=0)
        share = 2.5 / n_steps if step is None or largest == 0 else step / largest
        return pgd(
            self.points,
            self._rows,
            self.margins_and_gradient,
            self.ball,
            n_steps,
            n_restarts,
            share,
            random_state,
            early_stop=early_stop,
        )

    def attack(self, kernel, *arguments):
        """Points of another attack of `_attacks`, given what comes after `points` and `y`."""
        return kernel(self.points, self._rows, *arguments)


def check_epsilon(epsilon):
    """Raise unless an epsilon is a finite number >= 0, or several, by column or one for each."""
    if isinstance(epsilon, pd.DataFrame):
        raise TypeError(
            "Got epsilon as a DataFrame, but expected a number, or a dict or Series by column. "
            "Give one of its rows: epsilon.iloc[0]."
        )
    if _is_by_column(epsilon):
        for name, value in epsilon.items():
            check_number(value, f"epsilon[{name!r}]", zero=True)
    elif np.ndim(epsilon) == 0:
        check_number(epsilon, "epsilon", zero=True)
    else:
        for position, value in enumerate(epsilon):
            check_number(value, f"epsilon[{position}]", zero=True)


def sizes(epsilons, *, zero=True, of_rates=False, may_be_empty=False):
    """Sizes of attacks as a list, of one number or several.

    Parameters
    ----------
    epsilons : float or iterable of float
        Finite and >= 0.
    zero : bool, default=True
        Whether zero is allowed.
    of_rates : bool, default=False
        Whether values in [0, 1] are attacked, each by as much, of which 1 is all.
    may_be_empty : bool, default=False
        Whether there may be none.
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
        raise _beyond_rates(max(listed))
    return listed


def size_of(scorer):
    """The one size of an attack, where several are compared by their size."""
    if not isinstance(scorer.epsilon, Real):
        raise ValueError(
            f"Got {scorer!r} with a size for each column, but expected one number, by which "
            "attacks are compared. Scale the columns instead."
        )
    return float(scorer.epsilon)


def _beyond_rates(epsilon):
    return ValueError(
        f"Got epsilon={epsilon:.6g} for values in [0, 1], all of which are within reach then: an "
        "attack expected a smaller size, in the units of these values. Grey levels are divided by "
        f"255: epsilon={epsilon:.6g} / 255."
    )


def _is_by_column(value):
    return isinstance(value, Mapping | pd.Series)


def _is_column(value):
    return isinstance(value, (str, int, np.integer))


def _listed(columns):
    """Columns as a list: of several, of a single one, or of None."""
    if columns is None:
        return []
    return [columns] if _is_column(columns) else list(columns)


def _groups(one_hot):
    """Groups of columns as a list: of several, of a single one that is given alone, or of None."""
    groups = _listed(one_hot)
    return [groups] if groups and all(map(_is_column, groups)) else groups


class _Columns:
    """Columns by name or by position."""

    def __init__(self, names, n_features):
        self.names = names
        self.n_features = n_features

    def name(self, position):
        """Name of a column, or its position if it has none."""
        return int(position) if self.names is None else self.names[position]

    def named(self, mapping, parameter):
        """Positions of the labels of a dict or Series, with labels and values."""
        items = list(mapping.items())
        positions = self.positions([label for label, _ in items], parameter)
        if len(set(positions.tolist())) < len(items):
            raise ValueError(f"Got a column twice in {parameter}, but expected each once.")
        return [(position, *item) for position, item in zip(positions, items, strict=True)]

    def positions(self, columns, parameter):
        """Positions of columns that are given by name or by position."""
        positions = []
        for column in columns:
            if self.names is not None and column in self.names:
                positions.append(self.names.index(column))
            elif isinstance(column, (int, np.integer)) and not isinstance(column, bool):
                if not -self.n_features <= column < self.n_features:
                    raise ValueError(
                        f"Got the column {int(column)} in {parameter}, but expected one of the "
                        f"{self.n_features} columns by position."
                    )
                positions.append(int(column) % self.n_features)
            elif self.names is None:
                raise ValueError(
                    f"Got the column {column!r} in {parameter}, but expected positions: the "
                    f"{self.n_features} columns that the attack acts on have no names."
                )
            else:
                raise ValueError(
                    f"Got the unknown column {column!r} in {parameter}, but expected some of "
                    f"{_shortened(self.names)}."
                )
        return np.array(positions, dtype=int)


def _shortened(names):
    shown = ", ".join(map(repr, names[:20]))
    return shown if len(names) <= 20 else f"{shown} and {len(names) - 20} more"


def _spread(value, columns, parameter, others=0.0):
    """A number for each column: of one, of one per column, or by column, and `others` else."""
    if _is_by_column(value):
        spread = np.full(columns.n_features, others)
        for position, _, number in columns.named(value, parameter):
            spread[position] = number
        return spread
    value = np.asarray(value, dtype=np.float64)
    if value.shape not in ((), (columns.n_features,)):
        raise ValueError(
            f"Got {parameter} of shape {value.shape}, but expected one number, or one for each of "
            f"the {columns.n_features} columns that the attack acts on."
        )
    return np.broadcast_to(value, columns.n_features).copy()


def _pair(value, parameter):
    no_pair = isinstance(value, str | pd.DataFrame) or not hasattr(value, "__len__")
    if no_pair or len(value) != 2:
        others = ", a dict of pairs by column, 'data' or None" if parameter == "bounds" else ""
        raise ValueError(f"Got {parameter}={value!r}, but expected a pair (low, high){others}.")
    return value


def _check_size(epsilon, dtype, columns):
    # Lengths are roots of sums of squares, and those of what is left in units of epsilon.
    least, most = np.sqrt(np.finfo(dtype).tiny), np.sqrt(np.finfo(dtype).max)
    outside = np.flatnonzero((epsilon != 0) & ~((epsilon >= least) & (epsilon <= most)))
    if len(outside):
        column = outside[0]
        raise ValueError(
            f"Got epsilon={epsilon[column]:.6g} for the column {columns.name(column)!r}, but "
            f"expected 0 or a number from {least:.0e} to {most:.0e} for values of {dtype}."
        )


# Fewer rows say nothing of the range of a column, and more are not needed.
_FEW_ROWS, _MANY_ROWS = 10, 1000
# Of the standard deviation of a column, below which a move does not matter.
_NOTHING = 1e-3
_ORDERS = {"linf": np.inf, "l2": 2, "l1": 1}


# Sizes and values of any size are compared, and only which is larger counts.
@np.errstate(divide="ignore", over="ignore", invalid="ignore")
def _check_scale(ball, points, columns):
    """Say so where a size means nothing: nothing can move, hardly anything, or all of it."""
    epsilon, order = ball.epsilon[0], _ORDERS[ball.norm]
    whole = np.zeros(len(epsilon), dtype=bool) if ball.whole is None else ball.whole
    swapped = np.zeros_like(whole)
    stuck = whole & (epsilon < 1)
    for group in ball.groups:
        swapped[group] = True
        pair = np.sort(epsilon[group])[-2:]
        stuck[group] = len(pair) < 2 or np.linalg.norm(1 / pair, order) > 1 + 1e-9
    stuck &= epsilon > 0
    if stuck.any():
        names = [columns.name(position) for position in np.flatnonzero(stuck)]
        nothing = " Nothing else can move either." if stuck.sum() == (epsilon > 0).sum() else ""
        warnings.warn(
            f"Got an epsilon of at most {epsilon[stuck].max():.6g} for {_shortened(names)}, which "
            "hold whole numbers, truth values or one-hot categories and cannot move by so little: "
            f"they stay as they are.{nothing} Give them an epsilon of at least 1 (2 for "
            "categories in the norm l1), or list them in immutable.",
            UserWarning,
            stacklevel=2,
        )
    moved = np.flatnonzero((epsilon > 0) & ~stuck & ~swapped)
    if not len(moved):
        return
    epsilon, low, high = epsilon[moved], ball.low[moved], ball.high[moved]
    rates = (low == 0) & (high == 1) & ~whole[moved]
    if rates.all() and np.linalg.norm(1 / epsilon, order) < 1:
        raise _beyond_rates(epsilon.max())
    if len(points) < _FEW_ROWS:
        return
    some = points[:: max(1, len(points) // _MANY_ROWS), moved].astype(np.float64)
    spreads, ranges = some.std(axis=0), np.ptp(some, axis=0)
    varies = ranges > 0
    unbounded = not (np.isfinite(low) & np.isfinite(high)).all()
    if not varies.any():
        return
    if (epsilon < _NOTHING * spreads)[varies].all():
        what = "less than a thousandth of the standard deviation of each column that it moves"
    elif unbounded and np.linalg.norm((ranges / epsilon)[varies], order) < 1:
        what = "more than the whole range of each column: nothing is left of the samples"
    else:
        return
    warnings.warn(
        f"Got epsilon={epsilon.max():.6g}, {what}. Sizes are in the units of the columns that are "
        "attacked. Give one for each, such as epsilon=0.1 * X.std(), or scale the columns.",
        UserWarning,
        stacklevel=2,
    )


def _check_complete(points, columns):
    missing = np.isnan(points)
    if missing.any():
        row, column = np.argwhere(missing)[0]
        raise ValueError(
            f"Got a missing value in the column {columns.name(column)!r} (row {row}), but an "
            "attack expected numbers. Fill it in before the attack."
        )


def _check_inside(points, low, high, columns):
    beyond = outside(points, low, high)
    if beyond.any():
        row, column = np.argwhere(beyond)[0]
        value, least, most = told_apart(points[row, column], low[column], high[column])
        raise ValueError(
            f"Got {value} in the column {columns.name(column)!r} (row {row}), but expected values "
            f"within the bounds from {least} to {most}: an attack starts from the data."
        )


def _check_one_hot(points, groups, columns):
    taken = np.concatenate(groups) if groups else np.array([], dtype=int)
    if len(set(taken.tolist())) < len(taken):
        raise ValueError("Got a column twice in one_hot, but expected each in one group at most.")
    for group in groups:
        values = points[:, group]
        wrong = np.flatnonzero(
            ~(((values == 0) | (values == 1)).all(axis=1) & (values.sum(axis=1) == 1))
        )
        if len(wrong):
            names = [columns.name(position) for position in group]
            raise ValueError(
                f"Got {values[wrong[0]].tolist()} in the columns {names} of one_hot (row "
                f"{wrong[0]}), but expected a single 1 and zeros."
            )
