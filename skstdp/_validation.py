"""Checks of single numbers that scikit-learn's own do not make."""

from math import isfinite
from numbers import Real


def check_number(value, name, *, zero):
    """Raise unless a number is finite and positive, or zero where that is allowed.

    Parameters
    ----------
    value : object
        What was given.
    name : str
        Name of the parameter, for the message.
    zero : bool
        Whether zero is allowed.

    Raises
    ------
    TypeError
        If the value is not a real number.
    ValueError
        If it is NaN, infinite or out of range.
    """
    expected = f"expected a finite number {'>= 0' if zero else '> 0'}"
    if not isinstance(value, Real):
        raise TypeError(f"Got {name}={value!r} of type {type(value).__name__}, but {expected}.")
    if not isfinite(value) or value < 0 or (value == 0 and not zero):
        raise ValueError(f"Got {name}={value!r}, but {expected}.")
