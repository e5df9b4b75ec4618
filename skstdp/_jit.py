"""The one set of compiler options that every kernel of the package uses."""

from functools import partial

from numba import njit

# `error_model="numpy"`: a checked division does not vectorise. `contract` lets the compiler
# fuse a product and a sum. No other fast-math flag: they make `isfinite` lie or reorder sums.
_compiled = partial(njit, nogil=True, error_model="numpy", fastmath={"contract"})

kernel = _compiled(cache=True)

# For a loop body that several kernels or several places of one kernel share. Without inlining
# at this level the compiler cannot prove that its arrays do not overlap, and the loop around
# it runs three times slower.
inlined = _compiled(inline="always")
