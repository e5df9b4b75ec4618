"""Save the models of this version that `test_saved_versions.py` loads; to be run for a release."""

import pickle
from pathlib import Path

import numpy as np
from sklearn.datasets import load_iris

from skstdp import (
    BioLeaFClassifier,
    BPClassifier,
    LocalRuleClassifier,
    STDPClassifier,
    __version__,
)

FOLDER = Path(__file__).parents[1] / "saved_models"


def iris():
    X, y = load_iris(return_X_y=True)
    return X, np.array(["setosa", "versicolor", "virginica"])[y]


def models():
    for classifier in (STDPClassifier, BPClassifier, BioLeaFClassifier, LocalRuleClassifier):
        yield classifier((6, 4), max_iter=20, random_state=0).fit(*iris())


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for model in models():
        saved = {"model": model, "proba": model.predict_proba(iris()[0])}
        path = FOLDER / f"{type(model).__name__}-{__version__}.pickle"
        path.write_bytes(pickle.dumps(saved, protocol=4))
