import sys
import types

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import ExtraTreesClassifier, HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import ParameterSampler
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skstdp import BPClassifier, LocalRuleClassifier, STDPClassifier, TargetPropagationClassifier
from skstdp.benchmarks._models import MODELS, check_values, models_by_name, space_of


def test_models_have_the_labels_and_estimators_of_the_table():
    models = models_by_name([*MODELS])
    assert list(models) == [model.label for model in MODELS.values()]
    for estimator, model in zip(models.values(), MODELS.values(), strict=True):
        assert repr(estimator) == repr(model.estimator)
        # What is done to a model must not reach the table.
        assert estimator is not model.estimator


def test_names_paths_and_estimators_in_one_list():
    tree, pipeline = DecisionTreeClassifier(max_depth=2), make_pipeline(StandardScaler(), SVC(C=2))
    models = models_by_name(
        [
            "stdp",
            "MLP(hidden_layer_sizes=(7, 3), alpha=1e-3)",
            " sklearn.svm.LinearSVC ( C = 0.1 ) ",
            "sklearn.ensemble.ExtraTreesClassifier(n_estimators=3, max_features=None)",
            "skstdp.BPClassifier(max_iter=4, learning_rate='constant')",
            "sklearn.svm.SVC",
            tree,
            pipeline,
        ]
    )
    shown = {name: repr(_last(model)) for name, model in models.items()}
    trees = "ExtraTreesClassifier(n_estimators=3, max_features=None)"
    assert shown == {
        "STDP": repr(STDPClassifier()),
        "MLP (hidden_layer_sizes=(7, 3), alpha=0.001)": repr(
            MLPClassifier(hidden_layer_sizes=(7, 3), alpha=1e-3)
        ),
        "LinearSVC(C=0.1)": repr(LinearSVC(C=0.1)),
        trees: repr(ExtraTreesClassifier(n_estimators=3, max_features=None)),
        "BPClassifier(max_iter=4, learning_rate='constant')": repr(
            BPClassifier(max_iter=4, learning_rate="constant")
        ),
        "SVC": repr(SVC()),
        "DecisionTreeClassifier(max_depth=2)": repr(tree),
        "SVC(C=2)": repr(SVC(C=2)),
    }
    assert models["DecisionTreeClassifier(max_depth=2)"] is tree
    assert models["SVC(C=2)"] is pipeline


def _last(model):
    return model.steps[-1][1] if hasattr(model, "steps") else model


def test_names_of_learning_rules():
    models = models_by_name(
        [
            *("bp", "feedback-random", "feedback-direct", "sign", "sign-random", "target"),
            *("hebb", "oja", "bcm", "contrastive", "Stdp-Symmetric(learning_rate_init=0.03)"),
        ]
    )
    assert {name: repr(model) for name, model in models.items()} == {
        "BP": repr(BPClassifier()),
        "feedback alignment": repr(BPClassifier(feedback="random")),
        "direct feedback alignment": repr(BPClassifier(feedback="direct")),
        "sign symmetry": repr(BPClassifier(feedback="sign")),
        "sign symmetry, random magnitudes": repr(BPClassifier(feedback="sign-random")),
        # With one hidden layer it would be backpropagation.
        "target propagation": repr(TargetPropagationClassifier((200, 100))),
        "Hebb": repr(LocalRuleClassifier(rule="hebb")),
        "Oja": repr(LocalRuleClassifier(rule="oja")),
        "BCM": repr(LocalRuleClassifier(rule="bcm")),
        "contrastive": repr(LocalRuleClassifier(rule="contrastive")),
        "symmetric STDP (learning_rate_init=0.03)": repr(
            LocalRuleClassifier(rule="stdp-symmetric", learning_rate_init=0.03)
        ),
    }


def test_rules_of_one_network_are_tuned_in_one_space():
    backpropagation = space_of(BPClassifier())
    for feedback in ("random", "direct", "sign", "sign-random"):
        assert space_of(BPClassifier(feedback=feedback)) == backpropagation
    assert backpropagation.items() <= space_of(TargetPropagationClassifier()).items()
    local = [space_of(LocalRuleClassifier(rule=rule)) for rule in ("hebb", "oja", "contrastive")]
    assert local[0] == local[1] == local[2]
    # All but the width of the step and the constant of its pole.
    assert set(space_of(STDPClassifier())) - set(local[0]) == {"stdp_epsilon"}


@pytest.mark.parametrize("given", ["knn", KNeighborsClassifier(p=1)])
def test_one_model_needs_no_list(given):
    (model,) = models_by_name(given).values()
    assert isinstance(model, KNeighborsClassifier)


class AnyParameter(ClassifierMixin, BaseEstimator):
    """Takes more than its signature names, as classifiers of some packages do."""

    def __init__(self, **kwargs):
        self.kwargs = kwargs

    def get_params(self, deep=True):
        return dict(self.kwargs)

    def set_params(self, **parameters):
        self.kwargs |= parameters
        return self

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self


@pytest.fixture
def other_package(monkeypatch):
    module = types.ModuleType("other_package")
    module.AnyParameter = AnyParameter
    module.one = AnyParameter()
    monkeypatch.setitem(sys.modules, "other_package", module)


@pytest.mark.usefixtures("other_package")
def test_classifier_that_takes_any_parameter():
    models = models_by_name(["other_package.AnyParameter(verbosity=-1)"])
    assert models["AnyParameter(verbosity=-1)"].kwargs == {"verbosity": -1}


@pytest.mark.usefixtures("other_package")
@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        ("fores", ValueError, "^Got the model 'fores', but expected one of stdp, .* 'forest'"),
        ("SVC", ValueError, "Did you mean 'svm'"),
        ("ExtraTreesClassifier", ValueError, "mean 'sklearn.ensemble.ExtraTreesClassifier'"),
        ("sklearn.ensemble.ExtraTrees", ValueError, "mean 'ExtraTreesClassifier'"),
        ("BPClassifier", ValueError, "Did you mean 'bp'"),
        ("sign-randm", ValueError, "but expected one of stdp, .* Did you mean 'sign-random'"),
        ("xyz", ValueError, "or an import path such as sklearn.ensemble.ExtraTreesClassifier.$"),
        ("no_package.Trees", ImportError, "the package 'no_package' is not installed. Install"),
        ("sklearn.ensembl.Trees", ValueError, "no module 'sklearn.ensembl'. Did .* 'ensemble'"),
        ("sklearn.svm.SVCC", ValueError, "no class 'SVCC' in 'sklearn.svm'. Did you mean 'SVC'"),
        ("sklearn.svm", ValueError, "no class 'svm' in 'sklearn'"),
        ("other_package.one", ValueError, "no class 'one' in 'other_package'"),
        ("sklearn.linear_model.Lasso", TypeError, "expected a classifier, which Lasso is not"),
        ("fractions.Fraction", TypeError, "expected a classifier, which Fraction is not"),
        ("sklearn.ensemble.VotingClassifier", ValueError, "needs more than literals: .* Python"),
        ("sklearn.svm.SVC(c=3)", ValueError, "SVC has no parameter 'c'. Did you mean 'C'"),
        ("mlp(max_itr=3)", ValueError, "MLPClassifier has no parameter 'max_itr'. .* 'max_iter'"),
        ("naive_bayes(q=3)", ValueError, "no parameter 'q'. It has priors, var_smoothing.$"),
        ("forest(n_estimators=-1)", ValueError, "its fit refuses that: The 'n_estimators'"),
        ("stdp(max_iter=0)", ValueError, "its fit refuses that: The 'max_iter' parameter of STDP"),
        ("stdp(hidden_layer_sizes=(0,))", ValueError, "refuses that: Got hidden_layer_sizes="),
        ("knn(n_neighbors=abs(3))", ValueError, r"^Got n_neighbors=abs\(3\) in the model 'knn\("),
        ("knn(weights=uniform)", ValueError, "^Got weights=uniform in .* text in quotes"),
        ("sklearn.ensemble.BaggingClassifier(estimator=SVC())", ValueError, "^Got estimator=SVC"),
        ("knn(3)", ValueError, r"^Got the model 'knn\(3\)', but expected a name or an import"),
        ("knn(**{})", ValueError, "^Got the model .* with parameters by name or without"),
        ("knn(p=1", ValueError, "^Got the model .* with parameters by name or without"),
        ("knn(p=1)()", ValueError, "^Got the model .* with parameters by name or without"),
        ("stdp, bp", ValueError, "^Got the model 'stdp, bp', but expected a name or an import"),
        ("", ValueError, "^Got the model '', but expected a name or an import path"),
        (SVC, TypeError, r"^Got the class SVC among the models, but expected SVC\(\)"),
        (StandardScaler(), TypeError, "^Got a StandardScaler among the models, but expected a"),
        (3, TypeError, "^Got a int among the models, but expected a classifier"),
    ],
)
def test_errors_say_what_to_do(model, error, message):
    with pytest.raises(error, match=message) as raised:
        models_by_name([model])
    assert "\n" not in str(raised.value)


def test_nothing_of_a_model_is_evaluated(tmp_path):
    path = tmp_path / "made"
    with pytest.raises(ValueError, match=r"^Got p=open"):
        models_by_name([f"knn(p=open({str(path)!r}, 'w'))"])
    assert not path.exists()


def test_two_models_of_one_name_and_none():
    with pytest.raises(ValueError, match=r"^Got the name 'STDP' several times"):
        models_by_name(["stdp", "STDP"])
    with pytest.raises(ValueError, match=r"^Got no models, but expected at least one of stdp, bp"):
        models_by_name([])


@pytest.mark.parametrize("name", MODELS)
def test_all_settings_of_a_space_are_valid(name):
    """Ranges are those of the class, and the last round of checks is a small fit."""
    estimator, space = MODELS[name].estimator, space_of(MODELS[name].estimator)
    assert {key.rpartition("__")[2] for key in space} == set(MODELS[name].space)
    settings = list(ParameterSampler(space, 20, random_state=0)) if space else []
    assert len({repr(setting) for setting in settings}) == (20 if space else 0)
    for setting in settings:
        _last(clone(estimator).set_params(**setting))._validate_params()
    for setting in settings[:2]:
        quick = {"max_iter": 5} if name in ("mlp", "boosting") else {}
        model = clone(estimator).set_params(**setting)
        _last(model).set_params(**quick)
        check_values(model)


def test_space_of_what_the_user_chose():
    space = space_of(make_pipeline(StandardScaler(), make_pipeline(SVC(gamma=0.1))))
    assert list(space) == ["pipeline__svc__C"]
    assert space_of(DecisionTreeClassifier(max_depth=None)) == MODELS["tree"].space
    assert "max_depth" not in space_of(DecisionTreeClassifier(max_depth=3))
    assert space_of(LogisticRegression(C=2, class_weight="balanced")) == {}
    assert space_of(LinearSVC()) is None
    assert space_of(HistGradientBoostingClassifier()) == MODELS["boosting"].space
