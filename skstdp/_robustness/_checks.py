"""Checks of an attack against the data: sizes that mean something, bounds, one-hot columns."""

import warnings

import numpy as np

from .._utils._validation import outside, told_apart
from ._columns import shortened


def beyond_rates(epsilon):
    """Error for a size that holds all rates."""
    return ValueError(
        f"Got epsilon={epsilon:.6g} for values in [0, 1], all of which are within reach then: an "
        "attack expected a smaller size, in the units of these values. Grey levels are divided by "
        f"255: epsilon={epsilon:.6g} / 255."
    )


def check_size(epsilon, dtype, columns):
    """Raise unless lengths in units of epsilon are numbers of the dtype of the points."""
    # Lengths are roots of sums of squares, and those of what is left in units of epsilon.
    least, most = np.sqrt(np.finfo(dtype).tiny), np.sqrt(np.finfo(dtype).max)
    wrong = np.flatnonzero((epsilon != 0) & ~((epsilon >= least) & (epsilon <= most)))
    if len(wrong):
        column = wrong[0]
        raise ValueError(
            f"Got epsilon={epsilon[column]:.6g} for the column {columns.name(column)!r}, but "
            f"expected 0 or a number from {least:.0e} to {most:.0e} for values of {dtype}."
        )


# Fewer rows say nothing of the range of a column, and more are not needed.
_FEW_ROWS, _MANY_ROWS = 10, 1000
# Shares of the standard deviation of a column, below which a move does not matter, and above
# which it does.
_NOTHING, _SOMETHING = 1e-3, 0.1
# A move of so many standard deviations leaves nothing of a column.
_ALL = 6
_ORDERS = {"linf": np.inf, "l2": 2, "l1": 1}


# Sizes and values of any size are compared, and only which is larger counts.
@np.errstate(divide="ignore", over="ignore", invalid="ignore")
def check_scale(ball, points, columns):
    """Warn where a size means nothing: nothing can move, hardly anything, or all of it."""
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
            f"Got an epsilon of at most {epsilon[stuck].max():.6g} for {shortened(names)}, which "
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
        raise beyond_rates(epsilon.max())
    if len(points) < _FEW_ROWS:
        return
    some = points[:: max(1, len(points) // _MANY_ROWS), moved].astype(np.float64)
    spreads, ranges = some.std(axis=0), np.ptp(some, axis=0)
    varies = ranges > 0
    endless = ~(np.isfinite(low) & np.isfinite(high))
    unbounded = endless.any()
    if not varies.any():
        return
    if (epsilon < _NOTHING * spreads)[varies].all():
        what = "less than a thousandth of the standard deviation of each column that it moves"
    elif unbounded and np.linalg.norm((ranges / epsilon)[varies], order) < 1:
        what = "more than the whole range of each column: nothing is left of the samples"
    elif unbounded and np.linalg.norm((_ALL * spreads / epsilon)[varies], order) < 1:
        what = (
            f"more than {_ALL} standard deviations of each column: nothing is left of the samples"
        )
    elif _is_mixed(
        epsilon, spreads, np.where(endless, ranges, np.inf), mixable := varies & ~rates
    ):
        places = moved[mixable][np.argsort(spreads[mixable])]
        narrowest, widest = columns.name(places[0]), columns.name(places[-1])
        shares = (epsilon[0] / spreads[mixable][np.argsort(spreads[mixable])])[[-1, 0]]
        what = (
            f"{shares[0]:.2g} standard deviations of {widest!r}, but {shares[1]:.2g} of "
            f"{narrowest!r}"
        )
    else:
        return
    warnings.warn(
        f"Got epsilon={epsilon.max():.6g}, {what}. Sizes are in the units of the columns that are "
        "attacked. Give one for each, such as epsilon=0.1 * X.std(), or scale the columns.",
        UserWarning,
        stacklevel=2,
    )


def _is_mixed(epsilon, spreads, ranges, varies):
    """Determine whether one size is nothing for some columns and something for others.

    Or little for some, and far more than all values of others, which no bounds hold.
    """
    epsilon, spreads, ranges = epsilon[varies], spreads[varies], ranges[varies]
    if not len(epsilon) or epsilon.min() < epsilon.max():
        return False
    nothing, something = epsilon < _NOTHING * spreads, epsilon > _SOMETHING * spreads
    little, all_of_it = epsilon < 20 * _NOTHING * spreads, epsilon > 3 * ranges
    return (nothing.any() and something.any()) or (little.any() and all_of_it.any())


# Most values of a column that outliers stretch lie in less than a tenth of its range; others vary.
_STRETCHED, _OF_ROWS = 0.1, 100


def check_outliers(ball, points, columns, span):
    """Warn where columns were scaled to a range of which outliers take nearly all.

    A share of such a range is much of what tells samples apart. Columns of which half of the
    values are equal, such as borders of images, are narrow for another reason.
    """
    if span is None or len(points) < 3 * _FEW_ROWS:
        return
    some = points[:: max(1, len(points) // _OF_ROWS)]
    epsilon = ball.epsilon[0]
    width = span[1] - span[0]
    # Few columns are left to sort: the whole ranges of most are wide, and so are deviations.
    places = np.flatnonzero((epsilon > 0) & (some.std(axis=0) < 1.2 * _STRETCHED * width))
    values = np.sort(some[:, places].astype(np.float64), axis=0)
    cut, quarter = 1 + len(values) // 100, len(values) // 4
    spreads = values[-cut - 1] - values[cut]
    narrow = (spreads < _STRETCHED * width) & (epsilon[places] > spreads / 4)
    narrow &= values[-quarter] > values[quarter]
    if narrow.any():
        names = [columns.name(position) for position in places[narrow]]
        warnings.warn(
            f"Got an epsilon of {epsilon[places[narrow]].max():.6g} for {shortened(names)}, of "
            f"which 98 % of the values lie within {spreads[narrow].max():.2g} of the range from "
            f"{span[0]:g} to {span[1]:g} that they were scaled to: outliers set this range, "
            "and a share of it is most of what tells samples apart. Bring outliers in before the "
            "scaling, with a logarithm or QuantileTransformer, or attack in space='input' with a "
            "size for each column.",
            UserWarning,
            stacklevel=2,
        )


def check_complete(points, columns):
    """Raise where a value is missing."""
    missing = np.isnan(points)
    if missing.any():
        row, column = np.argwhere(missing)[0]
        raise ValueError(
            f"Got a missing value in the column {columns.name(column)!r} (row {row}), but an "
            "attack expected numbers. Fill it in before the attack."
        )


def check_inside(points, low, high, columns):
    """Raise where a value is out of bounds."""
    beyond = outside(points, low, high)
    if beyond.any():
        row, column = np.argwhere(beyond)[0]
        value, least, most = told_apart(points[row, column], low[column], high[column])
        raise ValueError(
            f"Got {value} in the column {columns.name(column)!r} (row {row}), but expected values "
            f"within the bounds from {least} to {most}: an attack starts from the data."
        )


def check_one_hot(points, groups, columns):
    """Raise unless groups share no column and hold a single 1 and zeros in each row."""
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
