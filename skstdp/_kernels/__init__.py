"""Everything that is compiled: epochs of either rule, and the local rule of one layer.

Nothing outside this folder imports it before something is to be computed: the compiler takes
longer to import than the rest of the package.

================  ==================================================================
``_compiler``     how kernels are compiled, and kept on disk
``_batches``      rows of the data to inputs of the first layer
``_sigmoid``      drives to rates
``_layers``       forward through the layers, and back with the error
``_vectors``      sixteen numbers as one value
``_competition``  which units of a layer learn from a sample
``_stdp``         the local rule
``_adam``         parameters along an update
``_epochs``       all of it, batch by batch
================  ==================================================================
"""

from ._epochs import epochs
from ._stdp import stdp_layer

__all__ = ["epochs", "stdp_layer"]
