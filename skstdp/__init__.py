"""Networks that learn by a local, spike-timing-inspired rule, and their robustness.

Each room imports only those below it:

======================================  ==================================================
``_cli``                                the commands of ``skstdp``
``benchmarks``                          experiments, as functions that return data frames
``_displays``                           figures
``_robustness``                         adversarial examples, scorers, reports
``_certificates``                       proofs that no adversarial example exists
``_input_gradients``, ``distributed``   how any classifier changes with its input;
                                        one network trained by many workers
``_networks``                           the classifiers, and the rules that they learn by
``_kernels``                            what is compiled
``_attacks``, ``_utils``, ``datasets``  attack steps on arrays; checks; tables
======================================  ==================================================
"""

import sys
from importlib import import_module

from ._displays import (
    ActivityDisplay,
    ApicalErrorDisplay,
    CorruptionDisplay,
    CriticalDifferenceDisplay,
    LearningCurvesDisplay,
    MicrocircuitDisplay,
    PairwiseTestsDisplay,
    ReliabilityDisplay,
    RobustnessCurveDisplay,
    RobustnessIntervalDisplay,
    ScoreDistributionDisplay,
    SpikeRasterDisplay,
    STDPCurveDisplay,
    TimesDisplay,
    UpdateAngleDisplay,
    WeightMapDisplay,
)
from ._networks._backpropagation import BPClassifier
from ._networks._bioleaf import BioLeaFClassifier
from ._networks._classifiers import STDPClassifier
from ._networks._early_stopping import EarlyStopping
from ._networks._local_rule import LocalRuleClassifier
from ._networks._onnx import register_onnx_converters, to_onnx
from ._networks._persistence import load_model, save_model
from ._networks._stdp import stdp_curve, stdp_update
from ._networks._target_propagation import TargetPropagationClassifier
from ._networks._trusted_types import trusted_types
from ._networks._warm_up import warm_up
from ._robustness._adversarial_examples import fgsm, pgd
from ._robustness._art import art_classifier
from ._robustness._attack_table import attack_table
from ._robustness._best_under_attack import BestUnderAttack
from ._robustness._certified import CertifiedScorer
from ._robustness._corrupt import corrupt
from ._robustness._corruption_report import CorruptionScorer, corruption_report
from ._robustness._monitor import RobustnessMonitor
from ._robustness._report import robustness_report
from ._robustness._scorers import (
    FGSMScorer,
    GradientMaskingWarning,
    PGDScorer,
    attack_scorers,
)
from ._robustness._worst_case import worst_case
from ._robustness._worst_case_scorer import WorstCaseScorer
from ._utils._version import __version__ as __version__
from ._utils._warnings import ConstantPredictionWarning

# Loaded when somebody asks for them, by name or by import.
_SUBMODULES = {"benchmarks", "datasets", "distributed"}

__all__ = [
    "ActivityDisplay",
    "ApicalErrorDisplay",
    "BPClassifier",
    "BestUnderAttack",
    "BioLeaFClassifier",
    "CertifiedScorer",
    "ConstantPredictionWarning",
    "CorruptionDisplay",
    "CorruptionScorer",
    "CriticalDifferenceDisplay",
    "EarlyStopping",
    "FGSMScorer",
    "GradientMaskingWarning",
    "LearningCurvesDisplay",
    "LocalRuleClassifier",
    "MicrocircuitDisplay",
    "PGDScorer",
    "PairwiseTestsDisplay",
    "ReliabilityDisplay",
    "RobustnessCurveDisplay",
    "RobustnessIntervalDisplay",
    "RobustnessMonitor",
    "STDPClassifier",
    "STDPCurveDisplay",
    "ScoreDistributionDisplay",
    "SpikeRasterDisplay",
    "TargetPropagationClassifier",
    "TimesDisplay",
    "UpdateAngleDisplay",
    "WeightMapDisplay",
    "WorstCaseScorer",
    "art_classifier",
    "attack_scorers",
    "attack_table",
    "corrupt",
    "corruption_report",
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
    "worst_case",
]

# Pickles and model files name a class by the place where it is imported from, and stay valid when
# its module moves.
for _class in map(globals().get, __all__):
    if isinstance(_class, type):
        _class.__module__ = __name__


def __getattr__(name):
    if name in _SUBMODULES:
        return import_module(f".{name}", __name__)
    raise AttributeError(
        f"module {__name__!r} has no attribute {name!r}", name=name, obj=sys.modules[__name__]
    )


def __dir__():
    return sorted({*globals(), *_SUBMODULES})
