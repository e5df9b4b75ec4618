"""Rules of one synapse: their names, and what is asked of a function of a user."""

import inspect

import numpy as np

from .._utils._validation import nearest

# Their formulas are compiled: `_kernels.LEARN_BY_NAME`.
RULES = ("bcm", "contrastive", "hebb", "oja", "stdp", "stdp-symmetric")

# Synapses on which a function is tried: rates of pre-synaptic units, one row per sample, then
# rates, associations and mean squared rates of a post-synaptic unit. No two rates are alike.
_TRIED = (
    np.array([[0.13, 0.52, 0.91], [0.68, 0.05, 0.39], [0.97, 0.24, 0.83], [0.31, 0.75, 0.59]]),
    np.array([[0.07], [0.29], [0.62], [0.88]]),
    np.array([[1.0], [-1.0], [0.5], [-0.25]]),
    np.array([[0.11], [0.03], [0.41], [0.27]]),
)

_EXPECTED = "a function rule(pre, post, association)"


def sees_mean_square(rule):
    """True for a rule that is given the mean squared rate of its unit as a fourth argument.

    Raises
    ------
    ValueError
        If the function takes neither three nor four arguments.
    """
    if isinstance(rule, str):
        return rule == "bcm"
    for n_arguments in (3, 4):
        if _takes(rule, n_arguments):
            return n_arguments == 4
    raise ValueError(
        f"Got rule={rule!r} with other arguments, but expected {_EXPECTED}, or one with "
        "mean_square as a fourth argument."
    )


def _takes(rule, n_arguments):
    if hasattr(rule, "nin"):
        # Functions of NumPy and of `numba.vectorize` have no signature.
        return rule.nin == n_arguments
    try:
        inspect.signature(getattr(rule, "py_func", rule)).bind(*range(n_arguments))
    except (TypeError, ValueError):
        # Other arguments, or a function of C that does not say which it takes.
        return False
    return True


def check_rule(rule):
    """Raise where a rule has no known name, or is no function of the numbers of one synapse.

    A function is tried on a few synapses, all of them together and each alone: the change of one
    synapse may not depend on another.
    """
    if isinstance(rule, str):
        if rule not in RULES:
            raise ValueError(
                f"Got rule={rule!r}, but expected one of {', '.join(map(repr, RULES))}, or "
                f"{_EXPECTED}.{nearest(rule, RULES)}"
            )
        return
    together = _TRIED[: 3 + sees_mean_square(rule)]
    changes = _try(rule, together)
    for s, i in np.ndindex(changes.shape):
        pre, *others = together
        one = [pre[s : s + 1, i : i + 1], *(array[s : s + 1] for array in others)]
        alone = _try(rule, one)[0, 0]
        got = (
            f"Got rule={rule!r}, which returned {alone:.6g} for pre={one[0][0, 0]}, "
            f"post={one[1][0, 0]} and association={one[2][0, 0]}"
        )
        if not np.isfinite(alone):
            raise ValueError(f"{got}, but expected finite numbers.")
        if not np.isclose(alone, changes[s, i], rtol=1e-6, atol=0):
            raise ValueError(
                f"{got}, and {changes[s, i]:.6g} for the same among other synapses, but expected "
                "a rule of one synapse, which does not depend on others, nor on chance."
            )


def _try(rule, arguments):
    # Not earlier: the compiler takes longer to import than everything else.
    from .._kernels import checked_changes

    # A compiled rule takes one synapse at a time.
    compiled = hasattr(rule, "py_func")
    function = np.vectorize(rule, otypes=[float]) if compiled else rule
    try:
        # Of copies, which the rule may write to.
        changes = function(*(array.copy() for array in arguments))
    except Exception as error:
        given = (
            "numbers, as it is compiled, which returns a number"
            if compiled
            else "arrays, in which numpy.where takes the place of if, or one that numba.njit "
            "compiles, of numbers"
        )
        raise ValueError(
            f"Got rule={rule!r}, which raised {type(error).__name__}: "
            f"{str(error).rstrip('.')}. Expected {_EXPECTED} of {given}."
        ) from error
    return checked_changes(rule, changes, arguments)
