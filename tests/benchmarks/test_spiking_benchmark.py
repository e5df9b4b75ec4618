from skstdp import BioLeaFClassifier
from skstdp.benchmarks import compare, spiking_classifiers
from skstdp.datasets import Task


def test_each_differs_from_the_default_in_what_it_is_named_for():
    *spiking, mlp = spiking_classifiers().items()
    default = BioLeaFClassifier().get_params()
    changed = {
        name: {key for key, value in model.get_params().items() if value != default[key]}
        for name, model in spiking
    }
    assert changed["spikes"] == set()
    assert changed["random feedback"] == {"feedback"}
    assert changed["two hidden layers"] == {"hidden_layer_sizes"}
    assert changed["two hidden layers, random feedback"] == {"hidden_layer_sizes", "feedback"}
    assert changed["rule of spikes alone"] == {"rule", "n_steps"}
    assert all("input_code" in changed[name] for name in changed if "code" in name)
    assert [step for step, _ in mlp[1].steps] == ["standardscaler", "mlpclassifier"]


def test_compare_measures_them(iris):
    X, y = iris
    models = {
        name: model.set_params(max_iter=60)
        for name, model in spiking_classifiers().items()
        if name != "MLP"
    }
    result = compare(
        [Task("iris", X, y)], estimators=models, epsilons=(0.1,), n_splits=2, n_repeats=1
    )
    means = result.scores.groupby(["model", "epsilon"])["accuracy"].mean().unstack()
    assert (means[0.0] > 0.85).all()
    assert (means[0.1] < means[0.0]).all()
    # Curves tell that they are networks of this package.
    assert set(result.curves["model"]) == set(models)
