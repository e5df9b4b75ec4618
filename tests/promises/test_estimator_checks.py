"""scikit-learn's own checks, with none expected to fail."""

from functools import partial

import numpy as np
import pytest
from classifiers import CLASSIFIERS
from sklearn.utils import estimator_checks

from skstdp import (
    BioLeaFClassifier,
    BPClassifier,
    LocalRuleClassifier,
    STDPClassifier,
    TargetPropagationClassifier,
)

# Once as long as by default; the others differ from that in what does not need as many epochs.
VARIANTS = [
    {"batch_size": 60, "max_iter": 100},
    {"class_weight": "balanced", "max_iter": 100},
    {"early_stopping": True},
    # With warm_start alone a second fit trains on, so its predictions may differ, which
    # check_supervised_y_2d does not allow (nor does it pass for scikit-learn's MLPClassifier).
    {"warm_start": True, "early_stopping": True},
    {
        "rate_encoding": "minmax",
        "learning_rate": "constant",
        "weight_decay": 0.01,
        "max_iter": 100,
    },
    {"hidden_layer_sizes": 20, "max_iter": 100},
]


SPIKING_VARIANTS = [
    {"feedback": "random", "hidden_layer_sizes": (40, 20), "n_steps": 8, "max_iter": 60},
    {"rule": "spike", "n_steps": 10, "max_iter": 60},
    {"input_code": "latency", "field_shape": "gaussian", "max_iter": 60},
    {"input_code": "rate", "n_steps": 10, "max_iter": 60},
    {"input_code": "poisson", "n_steps": 20, "max_iter": 60},
    {"early_stopping": True, "class_weight": "balanced", "max_iter": 60},
    {"warm_start": True, "early_stopping": True, "max_iter": 60},
]


class InFloat32:
    """Trains in float32 whatever the dtype of the data."""

    def _start(self, X, y, sample_weight, first_pass):
        return super()._start(X.astype(np.float32), y, sample_weight, first_pass)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


class STDPInFloat32(InFloat32, STDPClassifier):
    pass


class BPInFloat32(InFloat32, BPClassifier):
    pass


@pytest.fixture(autouse=True)
def array_api(monkeypatch):
    """Without this scikit-learn skips a check."""
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")


def check_all(estimator):
    assert not estimator.__sklearn_tags__().classifier_tags.poor_score
    results = estimator_checks.check_estimator(estimator, on_fail=None, on_skip=None)
    assert {r["check_name"]: r["exception"] for r in results if r["status"] != "passed"} == {}
    assert len(results) >= 68


@pytest.mark.parametrize(
    "classifier",
    CLASSIFIERS,
)
def test_scikit_learn_checks(classifier):
    check_all(classifier())


@pytest.mark.process
@pytest.mark.parametrize("classifier", [STDPClassifier, BPClassifier, TargetPropagationClassifier])
@pytest.mark.parametrize("parameters", VARIANTS, ids=str)
def test_scikit_learn_checks_of_variants(classifier, parameters):
    check_all(classifier(**parameters))


def equation_3(pre, post, association):
    return association * pre**3 * post * (pre - post) / ((2 * post - pre) ** 2 + 0.1)


@pytest.mark.process
@pytest.mark.parametrize("rule", ["contrastive", equation_3], ids=["contrastive", "equation 3"])
def test_scikit_learn_checks_of_rules(rule):
    check_all(LocalRuleClassifier(rule=rule, max_iter=60))


@pytest.mark.process
@pytest.mark.parametrize("feedback", ["random", "direct", "sign", "sign-random"])
def test_scikit_learn_checks_of_feedback(feedback):
    check_all(BPClassifier((40, 20), feedback=feedback, max_iter=100))


@pytest.mark.process
@pytest.mark.parametrize("parameters", SPIKING_VARIANTS, ids=str)
def test_scikit_learn_checks_of_spiking_variants(parameters):
    check_all(BioLeaFClassifier(**parameters))


@pytest.mark.process
@pytest.mark.parametrize("classifier", [STDPInFloat32, BPInFloat32])
def test_scikit_learn_checks_in_float32(classifier, monkeypatch):
    # One check compares probabilities to 1e-7, which float32 cannot hold; 1e-4 is what
    # scikit-learn's assert_allclose takes for float32, and small probabilities carry the rounding
    # of large ones, some 1e-7 each time.
    name = "assert_allclose_dense_sparse"
    in_float32 = partial(getattr(estimator_checks, name), rtol=1e-4, atol=1e-6)
    monkeypatch.setattr(estimator_checks, name, in_float32)
    # Rounding grows with every step, and where winners are close, or a lead is close to the
    # margin, it decides which unit learns.
    check_all(classifier(max_iter=60))


@pytest.mark.parametrize(
    "classifier",
    CLASSIFIERS,
)
@pytest.mark.parametrize(
    "check",
    [
        "check_param_validation",
        "check_dataframe_column_names_consistency",
        "check_inplace_ensure_writeable",
    ],
)
def test_checks_that_scikit_learn_keeps_for_its_own(classifier, check):
    getattr(estimator_checks, check)(classifier.__name__, classifier())
