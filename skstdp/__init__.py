"""Networks that learn by a local, spike-timing-inspired rule, and their robustness.

The path of the data, one module a stage:

=====================  ==============================================================
``_classifiers``       the two classifiers: parameters, and the rule each one learns by
``_sigmoid_mlp``       what they share: validation, the epoch loop, prediction
``_split``             the part of the data that early stopping sets aside
``_encoding``          features to rates in [0, 1]
``_receptive_fields``  rates to what the first layer sees: several units a feature
``_initialization``    weights and biases before training
``_associations``      the fixed codes: class to +1 or -1 for each unit
``_forward``           activities of every layer
``_competition``       how many units of a layer win a sample
``_optimizers``        the state of Adam, and schedules of the step size
``_training``          data, network and optimiser, as the compiled loop takes them
``_threads``           one thread of BLAS while training
``_kernels``           what is compiled: epochs of the local rule or of backpropagation
``_stdp``              the local rule for one layer, and the spike-timing curve
``_backprop``          the exact gradient with respect to the input
``_warm_up``           compiling ahead of the first fit
``_balls``             what an attack may reach, and steps inside it
``_attacks``           adversarial perturbations
``_input_gradients``   gradients of classifiers and pipelines with respect to their input
``_frames``            arrays and data frames as floats, and back
``_threat``            what an attacker may do, in the words of the user
``_adversarial``       attacks that return perturbed data
``_scorers``           accuracy under attack as a scorer
``_robustness``        several attacks side by side, and whether to believe them
``_art``               our gradients for the attacks of another library
``_displays``          figures
``_mnist``             the images of MNIST, from a folder or from openml.org
``datasets``           tasks to compare classifiers on
``benchmarks``         the comparisons, as functions that return data frames
``_commands``          what the commands of the command line do
``__main__``           the command line
=====================  ==============================================================
"""

from ._adversarial import fgsm, pgd
from ._art import art_classifier
from ._classifiers import BPClassifier, STDPClassifier
from ._displays import (
    LearningCurvesDisplay,
    RobustnessCurveDisplay,
    RobustnessFrontDisplay,
    STDPCurveDisplay,
)
from ._robustness import attack_table, robustness_report
from ._scorers import FGSMScorer, GradientMaskingWarning, PGDScorer, attack_scorers
from ._stdp import stdp_curve, stdp_update
from ._warm_up import warm_up

__version__ = "0.1.0"

__all__ = [
    "BPClassifier",
    "FGSMScorer",
    "GradientMaskingWarning",
    "LearningCurvesDisplay",
    "PGDScorer",
    "RobustnessCurveDisplay",
    "RobustnessFrontDisplay",
    "STDPClassifier",
    "STDPCurveDisplay",
    "art_classifier",
    "attack_scorers",
    "attack_table",
    "fgsm",
    "pgd",
    "robustness_report",
    "stdp_curve",
    "stdp_update",
    "warm_up",
]
