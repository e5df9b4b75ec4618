"""Pickles and model files name public places of the package alone, so that modules can move."""

import inspect
import pickle
import pickletools

import numpy as np
import pytest
from save_models import FOLDER
from sklearn.datasets import load_iris

import skstdp
from skstdp import benchmarks, datasets

X, Y = load_iris(return_X_y=True)


def network(classifier, **settings):
    return classifier((5,), max_iter=2, random_state=0, **settings).fit(X, Y)


# One of each class that a user makes and may keep; fitted, with all that it holds.
KEPT = {
    "BPClassifier": lambda: network(skstdp.BPClassifier, adversarial_epsilon=0.1),
    "BestUnderAttack": lambda: skstdp.BestUnderAttack("FGSM 0.1", tolerance=0.1),
    "BioLeaFClassifier": lambda: network(skstdp.BioLeaFClassifier, early_stopping=True),
    "CorruptionScorer": lambda: skstdp.CorruptionScorer("blur", 1.0, image_shape=(2, 2)),
    "EarlyStopping": lambda: skstdp.EarlyStopping(
        scoring=skstdp.FGSMScorer(0.1), X_val=X, y_val=Y
    ),
    "LocalRuleClassifier": lambda: network(skstdp.LocalRuleClassifier, rule="bcm"),
    "FGSMScorer": lambda: skstdp.FGSMScorer(0.1, norm="l2", immutable=[0]),
    "PGDScorer": lambda: skstdp.PGDScorer(0.1, bounds=(0, 8), space="input"),
    "CertifiedScorer": lambda: skstdp.CertifiedScorer(0.1, norm="l1", bounds=(0, 8)),
    "RobustnessMonitor": lambda: skstdp.RobustnessMonitor([0.1], X_val=X, y_val=Y),
    "STDPClassifier": lambda: network(skstdp.STDPClassifier, early_stopping=True),
    "TargetPropagationClassifier": lambda: network(skstdp.TargetPropagationClassifier),
    "WorstCaseScorer": lambda: skstdp.WorstCaseScorer(0.1, n_queries=10, gradient=None),
    "ConstantPredictionWarning": lambda: skstdp.ConstantPredictionWarning("constant"),
    "GradientMaskingWarning": lambda: skstdp.GradientMaskingWarning("masked"),
}


def modules(saved):
    """Modules that a pickle names, in whatever way its protocol names them."""
    strings = []
    for operation, argument, _ in pickletools.genops(saved):
        if isinstance(argument, str):
            strings.append(argument)
            if operation.name == "GLOBAL":
                strings += argument.split()
    return {text for text in strings if text.startswith("skstdp")}


def test_one_of_each_class_is_kept():
    classes = {name for name in skstdp.__all__ if inspect.isclass(getattr(skstdp, name))}
    assert set(KEPT) == {name for name in classes if not name.endswith("Display")}


RESULTS = [datasets.Task, benchmarks.Comparison, benchmarks.Fronts]


@pytest.mark.parametrize("kind", RESULTS, ids=lambda kind: kind.__name__)
def test_results_and_tasks_name_no_private_module(kind):
    value = (
        kind("iris", X, Y)
        if kind is datasets.Task
        else kind(**{name: name for name in inspect.signature(kind).parameters})
    )
    saved = pickle.dumps(value)
    assert b"skstdp._" not in saved
    assert modules(saved) == {kind.__module__}
    assert type(pickle.loads(saved)) is kind


@pytest.mark.parametrize("protocol", [2, pickle.HIGHEST_PROTOCOL])
@pytest.mark.parametrize("name", KEPT)
def test_pickles_name_no_private_module(name, protocol):
    saved = pickle.dumps(KEPT[name](), protocol=protocol)
    assert b"skstdp._" not in saved
    assert modules(saved) <= {"skstdp", f"skstdp {name}", "skstdp FGSMScorer"}
    assert modules(saved)
    assert type(pickle.loads(saved)) is getattr(skstdp, name)


def test_callbacks_of_a_fitted_network_name_no_private_module():
    callbacks = KEPT["EarlyStopping"](), KEPT["RobustnessMonitor"]()
    model = skstdp.STDPClassifier((5,), max_iter=3, random_state=0).set_callbacks(*callbacks)
    assert b"skstdp._" not in pickle.dumps(model.fit(X, Y))


def test_a_private_module_is_found():
    """The tests above can fail."""
    from skstdp._networks._optimizers import Adam

    adam = Adam(3, np.float64, beta_1=0.9, beta_2=0.9, epsilon=1e-8, weight_decay=0)
    assert b"skstdp._" in pickle.dumps(adam)


def test_every_public_class_names_the_package():
    places = {getattr(skstdp, name).__module__ for name in skstdp.__all__ if name[0].isupper()}
    assert places == {"skstdp"}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.pickle")), ids=lambda path: path.stem)
def test_saved_models_name_no_private_module(path):
    assert b"skstdp._" not in path.read_bytes()


def test_no_private_type_is_trusted():
    assert [name for name in skstdp.trusted_types() if name.startswith("skstdp._")] == []
    assert "skstdp.STDPClassifier" in skstdp.trusted_types()
