"""Everything that is compiled: epochs of each rule, and the local rule of one layer.

Nothing outside this folder imports it before something is to be computed: the compiler takes
longer to import than the rest of the package.

=======================  ===========================================================
"""

from ._adam import step
from ._arrays import (
    Backpropagation,
    Circuit,
    Feedback,
    Network,
    Nonzeros,
    Samples,
    Schedule,
    STDPRule,
    TargetPropagation,
)
from ._epochs import UPDATES, workspace_of
from ._spiking import (
    microcircuit_epoch,
    microcircuit_record,
    microcircuit_response,
    microcircuit_workspace,
)
from ._stdp import one_stdp_layer, stdp_scratch
from ._surrogate import surrogate_pullback

__all__ = [
    "UPDATES",
    "Backpropagation",
    "Circuit",
    "Feedback",
    "Network",
    "Nonzeros",
    "STDPRule",
    "Samples",
    "Schedule",
    "TargetPropagation",
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
