"""Compiling ahead of the first fit."""

import numpy as np

from ._backpropagation import BPClassifier
from ._bioleaf import BioLeaFClassifier
from ._classifiers import STDPClassifier
from ._local_rule import LocalRuleClassifier
from ._rules import RULES
from ._stdp import stdp_update
from ._target_propagation import TargetPropagationClassifier


def warm_up() -> None:
    """Compile the training loops for float32 and float64, or load what is on disk.

    The first fit of each classifier compiles its kernels: about ten seconds, once per machine and
    dtype. They are kept on disk, in the user's cache directory, and all installations of one
    version share them. Later processes load them in a fraction of a second. Call this once before
    timing anything, or while a container image is built. Where another user runs the container,
    let the variable `NUMBA_CACHE_DIR` name a directory of the image, which need not be writable
    later. Where no directory can be written, each process compiles anew.

    Examples
    --------
    >>> from skstdp import warm_up
    >>> warm_up()
    """
    for dtype in (np.float64, np.float32):
        X = np.eye(2, dtype=dtype)
        # One step, of which `fit` would say that nothing is learnt by it.
        networks = (
            STDPClassifier(2),
            BPClassifier(2),
            BPClassifier(2, feedback="random"),
            TargetPropagationClassifier(2),
            *(LocalRuleClassifier(2, rule=rule) for rule in RULES),
        )
        for network in networks:
            network.partial_fit(X, [0, 1], classes=[0, 1])
        stdp_update(X, X, X)
        spiking = BioLeaFClassifier(2).partial_fit(X, [0, 1], classes=[0, 1])
        spiking._margin_and_gradient(X, np.array([0, 1]))
