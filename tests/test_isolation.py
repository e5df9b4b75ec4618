"""No network is needed to import the package, to fit and to attack."""

import os
import subprocess
import sys
from pathlib import Path

import skstdp

OFFLINE = """
import socket

def refuse(*args, **kwargs):
    raise OSError("no network")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
import numpy as np
from skstdp import BPClassifier, FGSMScorer, PGDScorer, STDPClassifier, fgsm

X, y = np.random.default_rng(0).random((20, 3)), np.arange(20) % 2
for classifier in (STDPClassifier, BPClassifier):
    model = classifier((4,), max_iter=2).fit(X, y)
    fgsm(model, X, y)
    FGSMScorer()(model, X, y)
    PGDScorer(n_steps=1, n_restarts=1)(model, X, y)
print("done")
"""


def test_works_without_a_network():
    environment = os.environ | {"PYTHONPATH": str(Path(skstdp.__file__).parents[1])}
    output = subprocess.run(
        [sys.executable, "-W", "error", "-c", OFFLINE],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert output == "done\n"
