import numpy as np
import pytest
from classifiers import CLASSIFIERS
from scipy.sparse import csr_array
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score

from skstdp import BioLeaFClassifier, BPClassifier, LocalRuleClassifier, STDPClassifier
from skstdp._networks._nothing_learnt import _advice

every = pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda c: c.__name__)

# Weights that decay as fast as they grow.
NOTHING = {"weight_decay": 3, "hidden_layer_sizes": (5,), "max_iter": 40, "random_state": 0}


# Where no warning is expected, one is an error here.
pytestmark = pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(scope="module")
def table():
    """Two classes, 30 % and 70 %, that one column tells apart well."""
    rng = np.random.RandomState(0)
    X = rng.rand(200, 3)
    y = np.where(np.arange(200) < 60, "rare", "usual")
    X[:, 0] = np.where(y == "rare", 0.1, 0.7) + 0.3 * X[:, 0]
    return X, y


@pytest.fixture(scope="module")
def noise():
    """The same classes, and nothing that tells them apart."""
    rng = np.random.RandomState(1)
    return rng.rand(200, 3), np.where(np.arange(200) < 60, "rare", "usual")


ONE_CLASS = "it predicts one class, usual, for all 200 training samples"


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [np.asarray, csr_array])
def test_one_class_is_named_with_what_to_try(classifier, dtype, kind, noise):
    X, y = noise
    model = classifier(**NOTHING)
    advice = r"Set weight_decay=3 back to \S+\. Then try class_weight="
    with pytest.warns(ConvergenceWarning, match=rf"{ONE_CLASS}\. {advice}") as caught:
        model.fit(kind(X.astype(dtype)), y)
    assert set(model.predict(X.astype(dtype))) == {"usual"}
    # Of whoever called `fit`.
    assert [warning.filename for warning in caught] == [__file__]


def advice(network):
    return _advice(network.fit([[0.0], [1.0]] * 40, [0, 1] * 40))


def test_settings_that_differ_from_the_defaults_are_named_before_others():
    steps = {"learning_rate_init": 0.2, "weight_init_scale": 0.5}
    found = advice(BPClassifier((3,), **steps, weight_decay="auto", quiet_start=None))
    assert found == (
        "Set learning_rate_init=0.2 back to 0.3, weight_init_scale=0.5 back to 4.0. Then try "
        "class_weight='balanced', wider hidden_layer_sizes, or another number of receptive_fields."
    )
    # Of the defaults no one knows which is wrong.
    assert advice(BPClassifier((3,))).startswith("Try class_weight='balanced', wider ")


def test_what_to_try_depends_on_layers_weights_and_rule():
    assert advice(STDPClassifier((4, 4), class_weight="balanced")).startswith(
        "Try fewer hidden layers, wider hidden_layer_sizes, "
    )
    assert "another rule, wider" in advice(LocalRuleClassifier((4,), rule="oja"))
    assert "rule" not in advice(LocalRuleClassifier((4,)))
    assert "rule" not in advice(BioLeaFClassifier((4,), max_iter=40, random_state=0))


@every
def test_a_network_that_tells_classes_apart_gives_none(classifier, table):
    X, y = table
    assert accuracy_score(y, classifier(max_iter=40, random_state=0).fit(X, y).predict(X)) > 0.9


@every
def test_hardly_a_step(classifier, noise):
    X, y = noise
    message = r"does not tell classes apart: .* Training made 2 steps \(n_iter_=2, batches per "
    model = classifier(max_iter=2, batch_size=10_000, random_state=0)
    with pytest.warns(ConvergenceWarning, match=message):
        model.fit(X, y)
    assert model.score(X, y) <= 0.7


def test_two_classes_no_better_than_one_after_hardly_a_step(noise):
    X, y = noise
    model = BioLeaFClassifier(max_iter=1, batch_size=1000, random_state=0)
    with pytest.warns(ConvergenceWarning) as caught:
        model.fit(X, y)
    assert len(set(model.predict(X))) == 2
    seen = f"classifies {model.score(X, y):.1%} of the training samples right, and the largest "
    assert f"{seen}class has 70.0%. Training made 1 step " in str(caught[0].message)


def test_few_steps_that_are_enough_give_none(table):
    X, y = table
    model = BPClassifier((8,), max_iter=20, batch_size=1000, random_state=0).fit(X, y)
    assert model.score(X, y) > 0.7


def test_a_warm_start_needs_few_steps(table):
    X, y = table
    model = BPClassifier(max_iter=40, warm_start=True, random_state=0).fit(X, y)
    model.set_params(max_iter=1, batch_size=1000).fit(X, y)
    assert model.score(X, y) > 0.9


@every
def test_rows_in_the_order_of_their_classes(classifier, table, monkeypatch):
    """The first rows that are looked at may all be of one class."""
    monkeypatch.setattr("skstdp._networks._inference._CHUNK", 30)
    X, y = table
    classifier(max_iter=40, random_state=0).fit(X, y)
    with pytest.warns(ConvergenceWarning, match=ONE_CLASS):
        classifier(**NOTHING).fit(X, y)


def test_no_more_rows_are_predicted_than_it_takes(table, monkeypatch):
    """Of large data, those at the start are enough."""
    monkeypatch.setattr("skstdp._networks._inference._CHUNK", 30)
    X, y = table
    order = np.random.RandomState(0).permutation(len(y))
    rows = []
    predict = BPClassifier._logits

    def counted(self, rates):
        rows.append(len(rates))
        return predict(self, rates)

    monkeypatch.setattr(BPClassifier, "_logits", counted)
    BPClassifier(max_iter=40, random_state=0).fit(X[order], y[order])
    assert sum(rows) == 10


def test_what_early_stopping_leaves_counts(noise):
    X, y = noise
    model = STDPClassifier(early_stopping=True, **NOTHING)
    with pytest.warns(ConvergenceWarning, match=r"one class, usual, for all 180 training samples"):
        model.fit(X, y)


@pytest.mark.parametrize("class_weight", [{"rare": 0, "usual": 1}, {"rare": 1e-4, "usual": 1}])
def test_one_class_may_be_what_weights_ask_for(class_weight, noise):
    """The samples of all others weigh less than one of it."""
    X, y = noise
    model = STDPClassifier(class_weight=class_weight, **NOTHING).fit(X, y)
    assert set(model.predict(X)) == {"usual"}
    assert np.sum(y == "rare") * 1e-4 < 1


def test_weights_count(noise):
    """A weight is the same as so many samples: one class has 30 %, by weight 75 %."""
    X, y = noise
    weight = np.where(y == "rare", 7.0, 1.0)
    model = BPClassifier(max_iter=1, batch_size=1000, random_state=0)
    with pytest.warns(ConvergenceWarning) as weighted:
        model.fit(X, y, sample_weight=weight)
    repeated = np.repeat(np.arange(len(y)), weight.astype(int))
    with pytest.warns(ConvergenceWarning) as given:
        model.fit(X[repeated], y[repeated])
    of_samples = str(given[0].message).replace("for all 560", "for all 200")
    assert str(weighted[0].message) == of_samples


def test_partial_fit_says_nothing(noise):
    X, y = noise
    model = STDPClassifier(random_state=0).partial_fit(X, y, classes=["rare", "usual"])
    assert len(set(model.predict(X))) == 1


def test_where_it_is_an_error_the_estimator_stays_as_it_was(table, noise):
    model = STDPClassifier(max_iter=40, random_state=0).fit(*table)
    before = dict(vars(model))
    model.set_params(weight_decay=3)
    with pytest.raises(ConvergenceWarning):
        model.fit(*noise)
    assert vars(model) == before | {"weight_decay": 3}
