"""No network is needed to import the package, to fit, to attack and to draw."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import skstdp

OFFLINE = """
import sys
import warnings

NETWORK = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}

def refuse(event, arguments):
    # Told by the interpreter, so that no way past the module socket is overlooked.
    if event in NETWORK:
        print(event, arguments, flush=True)
        raise OSError("no network")

sys.addaudithook(refuse)
import numpy as np
import skstdp
from skstdp import FGSMScorer, PGDScorer, attack_table, fgsm, pgd, robustness_report
try:
    from matplotlib import pyplot
except ImportError:
    pyplot = None

warnings.simplefilter("ignore", skstdp.GradientMaskingWarning)
# Networks of two epochs need not tell classes apart.
warnings.filterwarnings("ignore", "The network does not tell classes")
warnings.simplefilter("ignore", skstdp.ConstantPredictionWarning)
X, y = np.random.default_rng(0).random((20, 3)), np.arange(20) % 2
models = {}
NETWORKS = "STDPClassifier", "BPClassifier", "LocalRuleClassifier", "TargetPropagationClassifier"
for name in (*NETWORKS, "BioLeaFClassifier"):
    model = getattr(skstdp, name)((4,), max_iter=2, random_state=0).fit(X, y).partial_fit(X, y)
    models[name] = model
    model.predict(X), model.score(X, y)
    fgsm(model, X, y)
    pgd(model, X, y, n_steps=1, n_restarts=1)
    FGSMScorer()(model, X, y)
    PGDScorer(n_steps=1, n_restarts=1)(model, X, y)
    attack_table(model, X, y, epsilon=0.1)
    robustness_report(model, X, y, epsilons=[0.1], n_queries=1)
if pyplot is not None:
    skstdp.RobustnessCurveDisplay.from_estimator(models, X, y, epsilons=[0.1])
    skstdp.LearningCurvesDisplay.from_estimator(models)
    for name in NETWORKS:
        skstdp.WeightMapDisplay.from_estimator(models[name])
        skstdp.ActivityDisplay.from_estimator(models[name], X, y)
    skstdp.SpikeRasterDisplay.from_estimator(models["BioLeaFClassifier"], X[0])
    skstdp.ApicalErrorDisplay.from_estimator(models["BioLeaFClassifier"], X, y)
print("done")
"""


@pytest.mark.process
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
