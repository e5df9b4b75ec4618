"""scikit-learn's own checks, with none expected to fail."""

import pytest
from sklearn.utils.estimator_checks import check_estimator

from skstdp import BPClassifier, STDPClassifier

CONFIGURATIONS = [
    {},
    {"batch_size": 60},
    {"class_weight": "balanced"},
    {"early_stopping": True},
    {"warm_start": True},
    {"rate_encoding": "minmax", "learning_rate": "constant", "weight_decay": 0.01},
    {"hidden_layer_sizes": 20},
]


@pytest.mark.parametrize("classifier", [STDPClassifier, BPClassifier])
@pytest.mark.parametrize("parameters", CONFIGURATIONS, ids=str)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.EstimatorCheckFailedWarning")
def test_scikit_learn_checks(classifier, parameters, monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")
    estimator = classifier(**parameters)
    assert not estimator.__sklearn_tags__().classifier_tags.poor_score
    results = check_estimator(estimator, on_fail=None, on_skip=None)
    assert {r["check_name"]: r["exception"] for r in results if r["status"] != "passed"} == {}
    assert len(results) >= 63
