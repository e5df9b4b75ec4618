"""Warnings that several rooms raise or silence."""

import warnings
from contextlib import contextmanager


class ConstantPredictionWarning(UserWarning):
    """A model predicts one class, which no attack can change.

    See Also
    --------
    FGSMScorer : Gives it where all samples of several classes are given the same, attacked or not.
    BestUnderAttack : Chooses among the models that are good without attack.
    """


@contextmanager
def constant_predictions_expected():
    """Context for early iterations, in which some networks still predict one class."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConstantPredictionWarning)
        yield
