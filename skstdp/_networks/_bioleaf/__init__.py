"""A spiking network that learns in a dendritic microcircuit.

====================  ==============================================================
``_input_cells``      rates to the rates of input cells
``_circuit``          the network, its cells and synapses, as the kernels take them
``_training``         epochs over the training data
``_classifier``       the classifier
====================  ==============================================================
"""

from ._classifier import BioLeaFClassifier

__all__ = ["BioLeaFClassifier"]
