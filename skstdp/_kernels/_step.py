"""A step of Adam by itself."""

from ._adam import adam_step
from ._compiler import entry, kernel


@entry
@kernel
def step(units, params, updates, moments, settings, n_steps, step_size, scales):
    """Move the parameters along given updates, in place."""
    first, second = moments
    adam_step(units, params, updates, first, second, settings, n_steps, step_size, scales)
