"""Networks that learn by a local, spike-timing-inspired rule, and their robustness.

The path of the data, one module a stage:

=======================  ==============================================================
``_classifiers``         the two classifiers: parameters, and the rule each one learns by
``_fit_tasks``           the epochs of a fit, as scikit-learn's callbacks see them
``_patience``            when a fit that no longer improves is to end
``_nothing_learnt``      networks that do not tell classes apart after training
``_sigmoid_network``     the network that both train
``_network_classifier``  what all classifiers share: validation, the epoch loop, prediction
``_split``               the part of the data that early stopping sets aside
``_encoding``            features to rates in [0, 1]
``_receptive_fields``    rates to what the first layer sees: several units a feature
``_initialization``      weights and biases before training
``_associations``        the fixed codes: class to +1 or -1 for each unit
``_forward``             activities of every layer
``_competition``         how many units of a layer win a sample
``_optimizers``          the state of Adam, and schedules of the step size
``_training``            data, network and optimiser, as the compiled loop takes them
``_threads``             one thread of BLAS while training
``_kernels``             what is compiled: an epoch of each rule
``_stdp``                the local rule for one layer, and the spike-timing curve
``_backprop``            the exact gradient with respect to the input
``_warm_up``             compiling ahead of the first fit
``_distributed``         rows on the workers of a cluster, and training where they lie
``distributed``          one network trained by all of them
``_balls``               what an attack may reach, and steps inside it
``_attacks``             adversarial perturbations
``_input_gradients``     gradients of classifiers and pipelines with respect to their input
``_pipelines``           what a pipeline does to new samples
``_frames``              arrays and data frames as floats, and back
``_threat``              what an attacker may do, in the words of the user
``_adversarial``         attacks that return perturbed data
``_scorers``             accuracy under attack as a scorer
``_best_under_attack``   which of the candidates of a search
``_callbacks``           when to stop a fit, and how robust a network is by then
``_robustness``          several attacks side by side, and whether to believe them
``_art``                 our gradients for the attacks of another library
``_bioleaf``             the third classifier: spikes in a dendritic microcircuit
``_persistence``         models as files that hold no code
``_trusted_types``       what may be made of such a file
``_onnx``                models for other languages
``_displays``            figures
``_documentation``       where the pages of the documentation are
``_mnist``               the images of MNIST, from a folder or from openml.org
``datasets``             tasks to compare classifiers on
``benchmarks``           the comparisons, as functions that return data frames
``_commands``            what the commands of the command line do, those on models of
``_attack_command``      the user, and those on the installation
``_info_command``
``_console``             what commands say on the terminal, and the files they write
``__main__``             the command line
=======================  ==============================================================
"""

import sys
from importlib import import_module

from ._adversarial import fgsm, pgd
from ._art import art_classifier
from ._best_under_attack import BestUnderAttack
from ._bioleaf import BioLeaFClassifier
from ._callbacks import EarlyStopping, RobustnessMonitor
from ._classifiers import BPClassifier, STDPClassifier
from ._displays import (
    ActivityDisplay,
    ApicalErrorDisplay,
    LearningCurvesDisplay,
    MicrocircuitDisplay,
    RobustnessCurveDisplay,
    RobustnessFrontDisplay,
    SpikeRasterDisplay,
    STDPCurveDisplay,
    WeightMapDisplay,
)
from ._onnx import register_onnx_converters, to_onnx
from ._persistence import load_model, save_model
from ._robustness import attack_table, robustness_report
from ._scorers import (
    ConstantPredictionWarning,
    FGSMScorer,
    GradientMaskingWarning,
    PGDScorer,
    attack_scorers,
)
from ._stdp import stdp_curve, stdp_update
from ._trusted_types import trusted_types
from ._warm_up import warm_up

__version__ = "0.1.0"

# Loaded when somebody asks for them, by name or by import.
_SUBMODULES = {"benchmarks", "datasets", "distributed"}

__all__ = [
    "ActivityDisplay",
    "ApicalErrorDisplay",
    "BPClassifier",
    "BestUnderAttack",
    "BioLeaFClassifier",
    "ConstantPredictionWarning",
    "EarlyStopping",
    "FGSMScorer",
    "GradientMaskingWarning",
    "LearningCurvesDisplay",
    "MicrocircuitDisplay",
    "PGDScorer",
    "RobustnessCurveDisplay",
    "RobustnessFrontDisplay",
    "RobustnessMonitor",
    "STDPClassifier",
    "STDPCurveDisplay",
    "SpikeRasterDisplay",
    "WeightMapDisplay",
    "art_classifier",
    "attack_scorers",
    "attack_table",
    "fgsm",
    "load_model",
    "pgd",
    "register_onnx_converters",
    "robustness_report",
    "save_model",
    "stdp_curve",
    "stdp_update",
    "to_onnx",
    "trusted_types",
    "warm_up",
]

# Pickles and model files name a class by the place where it is imported from, and stay valid when
# its module moves. Figures are drawn again and not kept.
for _class in map(globals().get, __all__):
    if isinstance(_class, type) and not _class.__name__.endswith("Display"):
        _class.__module__ = __name__


def __getattr__(name):
    if name in _SUBMODULES:
        return import_module(f".{name}", __name__)
    raise AttributeError(
        f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__]
    )


def __dir__():
    return sorted({*globals(), *_SUBMODULES})
