"""Leaky integrate-and-fire cells: all those of a layer, for every sample of a batch, in one step.

potential : ndarray of shape (n,)
    Membrane potentials before the reset: a cell fires in this step if its potential has reached
    the threshold, and starts the next step from zero.
drive : ndarray of shape (n,)
    Current into each cell.
psc : ndarray of shape (n,)
    Post-synaptic current that the spikes of each cell make, their low-pass trace.
"""

from ._compiler import kernel


@kernel
def integrate(potential, drive, keep, threshold):
    """Leak, reset after a spike, and the drive."""
    zero = potential.dtype.type(0)
    for k in range(potential.size):
        v = potential[k]
        potential[k] = keep * (v if v < threshold else zero) + drive[k]


@kernel
def integrate_with_apical(potential, drive, apical, conductance, keep, threshold):
    """The same with what flows in from the apical compartment."""
    zero = potential.dtype.type(0)
    for k in range(potential.size):
        v = potential[k]
        v = keep * (v if v < threshold else zero) + drive[k]
        potential[k] = v + conductance * apical[k]


@kernel
def emit(potential, psc, keep, gain, threshold):
    """Current of the spikes: what is left of it, and `gain` for each that fires."""
    zero = potential.dtype.type(0)
    for k in range(potential.size):
        psc[k] = keep * psc[k] + (gain if potential[k] >= threshold else zero)


@kernel
def low_pass(current, trace, keep):
    """Trace of a current through a membrane that does not fire."""
    for k in range(current.size):
        trace[k] = keep * trace[k] + current[k]


@kernel
def gate(potential, threshold, slope, one):
    """Readiness of a compartment to change: SuperSpike's surrogate derivative."""
    root = one + slope * abs(potential - threshold)
    return one / (root * root)
