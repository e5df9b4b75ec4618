"""The classifiers of the package, for tests of what all of them promise."""

from skstdp import (
    BioLeaFClassifier,
    BPClassifier,
    LocalRuleClassifier,
    STDPClassifier,
    TargetPropagationClassifier,
)


def direct_feedback(*arguments, **parameters):
    return BPClassifier(*arguments, feedback="direct", **parameters)


def sign_symmetry(*arguments, **parameters):
    return BPClassifier(*arguments, feedback="sign", **parameters)


def rule_of_arrays(pre, post, association):
    return abs(association) * pre * ((association > 0) - post)


def own_rule(*arguments, **parameters):
    return LocalRuleClassifier(*arguments, rule=rule_of_arrays, **parameters)


MULTILAYER_PERCEPTRONS = [
    STDPClassifier,
    BPClassifier,
    LocalRuleClassifier,
    TargetPropagationClassifier,
]
CLASSIFIERS = [*MULTILAYER_PERCEPTRONS, BioLeaFClassifier]

# Each way to learn: of a class, by default parameters or not.
KINDS = [*CLASSIFIERS, direct_feedback, sign_symmetry, own_rule]
