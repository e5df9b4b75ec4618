"""Everything that is compiled: epochs of each rule, and the local rule of one layer.

Nothing outside this folder imports it before something is to be computed: the compiler takes
longer to import than the rest of the package.

=======================  ==================================================================
``_compiler``            how kernels are compiled, and kept on disk
``_arrays``              arrays that belong together, as named tuples
``_views``               parts of arrays as matrices
``_batches``             rows of the data to inputs of the first layer
``_random``              numbers that look random, by a counter
``_sigmoid``             drives to rates
``_layers``              forward through the layers, and back with the error
``_feedback``            back with the error by other matrices than the weights
``_target_propagation``  targets of each layer by learnt inverses, and the updates to them
``_competition``         which units of a layer learn from a sample
``_stdp``                the local rule
``_adam``                parameters along an update
``_epochs``              all of it, batch by batch
``_rules``               other local rules, as formulas of one synapse
``_rule_epochs``         the same as in `_epochs` by such a rule, which may be a function of Python
``_cells``               spiking cells in one time step
``_input_codes``         from rates to currents, step by step
``_microcircuit``        one time step of the microcircuit, and what its synapses learn in it
``_spiking``             the microcircuit through time: learning, prediction, records
``_surrogate``           gradients of spikes with respect to the inputs
=======================  ==================================================================
"""

from ._adam import step
from ._arrays import (
    Backpropagation,
    Circuit,
    Feedback,
    LocalRule,
    Network,
    Nonzeros,
    Samples,
    Schedule,
    STDPRule,
    TargetPropagation,
)
from ._epochs import UPDATES, workspace_of
from ._rule_epochs import checked_changes
from ._rules import LEARN_BY_NAME
from ._spiking import (
    microcircuit_epoch,
    microcircuit_record,
    microcircuit_response,
    microcircuit_workspace,
)
from ._stdp import one_stdp_layer, stdp_scratch
from ._surrogate import surrogate_pullback

__all__ = [
    "LEARN_BY_NAME",
    "UPDATES",
    "Backpropagation",
    "Circuit",
    "Feedback",
    "LocalRule",
    "Network",
    "Nonzeros",
    "STDPRule",
    "Samples",
    "Schedule",
    "TargetPropagation",
    "checked_changes",
    "microcircuit_epoch",
    "microcircuit_record",
    "microcircuit_response",
    "microcircuit_workspace",
    "one_stdp_layer",
    "stdp_scratch",
    "step",
    "surrogate_pullback",
    "workspace_of",
]
