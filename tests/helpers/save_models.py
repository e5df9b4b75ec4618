"""Save the models of this version that `test_saved_versions.py` loads; to be run for a release."""

import pickle
from pathlib import Path

import numpy as np
from classifiers import CLASSIFIERS
from sklearn.datasets import load_iris

from skstdp import BPClassifier, __version__

FOLDER = Path(__file__).parents[1] / "saved_models"


def iris():
    X, y = load_iris(return_X_y=True)
    return X, np.array(["setosa", "versicolor", "virginica"])[y]


def models():
    """Fitted models by the first part of the names of their files."""
    kinds = {classifier.__name__: classifier() for classifier in CLASSIFIERS}
    kinds["BPClassifier_direct"] = BPClassifier(feedback="direct")
    for name, model in kinds.items():
        settings = {"hidden_layer_sizes": (6, 4), "max_iter": 20, "random_state": 0}
        yield name, model.set_params(**settings).fit(*iris())


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, model in models():
        saved = {"model": model, "proba": model.predict_proba(iris()[0])}
        path = FOLDER / f"{name}-{__version__}.pickle"
        path.write_bytes(pickle.dumps(saved, protocol=4))
