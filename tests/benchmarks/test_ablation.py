import pytest

from skstdp import BPClassifier, STDPClassifier
from skstdp.benchmarks import ablations
from skstdp.benchmarks._configurations import _resize

# What each name says.
CHANGES = {
    "default": {},
    "no competition": {"positive_winners": 1.0, "negative_winners": 1.0, "winner_margin": None},
    "no margin": {"winner_margin": None},
    "no handicap": {"winner_handicap": 0.0},
    "no quiet start": {"quiet_start": None},
    "rates only": {"receptive_fields": 1},
    "on and off": {"receptive_fields": 2},
    "small initial weights": {"weight_init_scale": 1.0},
    "paper's pole": {"stdp_epsilon": 1e-9},
    "constant step": {"learning_rate": "constant"},
    "paper's outputs": {"probability_matching": False},
    "two hidden layers": {"hidden_layer_sizes": (300, 150)},
    "three hidden layers": {"hidden_layer_sizes": (300, 150, 75)},
}


def test_names():
    assert list(ablations()) == [*CHANGES, "BP"]


@pytest.mark.parametrize("name", CHANGES)
def test_each_differs_from_the_default_in_what_its_name_says(name):
    classifier = ablations()[name]
    assert type(classifier) is STDPClassifier
    default = STDPClassifier().get_params()
    differences = {
        parameter: value
        for parameter, value in classifier.get_params().items()
        # 1 is one unit, 1.0 is all of them.
        if repr(value) != repr(default[parameter])
    }
    assert differences == CHANGES[name]
    assert [type(value) for value in differences.values()] == [
        type(value) for value in CHANGES[name].values()
    ]


def test_backpropagation_has_its_own_defaults():
    model = ablations()["BP"]
    assert type(model) is BPClassifier
    assert model.get_params() == BPClassifier().get_params()


def test_classifiers_are_new_each_time():
    ours, others = ablations(), ablations()
    assert not {id(model) for model in ours.values()} & {id(model) for model in others.values()}


@pytest.mark.parametrize(
    ("sizes", "depth", "expected"),
    [
        ((32, 16), 1, (32,)),
        ((32, 16), 3, (32, 16, 8)),
        ((100,), 3, (100, 50, 25)),
        ((7, 1), 3, (7, 1, 1)),
        ((5, 4, 3), 2, (5, 4)),
    ],
)
def test_layers_are_taken_away_or_halved(sizes, depth, expected):
    assert _resize(sizes, depth) == expected


def test_each_change_makes_another_network(iris):
    X, y = iris
    proba = {
        # Long enough for a layer to reach its margin.
        name: model.set_params(max_iter=60, random_state=0).fit(X, y).predict_proba(X).tobytes()
        for name, model in ablations().items()
    }
    assert len(set(proba.values())) == len(proba)
