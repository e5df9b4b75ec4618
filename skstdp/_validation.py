"""Checks of single values that scikit-learn does not make, or not in our words."""

from math import isfinite
from numbers import Integral, Real

from sklearn.utils import check_random_state


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


def check_count(value, name):
    """Raise unless a number is an integer >= 1."""
    if not isinstance(value, Integral):
        raise TypeError(
            f"Got {name}={value!r} of type {type(value).__name__}, but expected an integer >= 1."
        )
    if value < 1:
        raise ValueError(f"Got {name}={value!r}, but expected an integer >= 1.")


def check_seed(value, name):
    """Raise unless a value is an int, a RandomState instance or None."""
    try:
        check_random_state(value)
    except ValueError:
        raise ValueError(
            f"Got {name}={value!r}, but expected an int, a RandomState instance or None."
        ) from None


def check_option(value, name, options):
    """Raise unless a value is one of a few."""
    if value not in options:
        raise ValueError(
            f"Got {name}={value!r}, but expected one of {', '.join(map(repr, options))}."
        )
