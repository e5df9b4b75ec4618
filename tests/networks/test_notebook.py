"""What a notebook shows of a fitted network."""

import re
from html import unescape

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skstdp import BPClassifier, STDPClassifier, load_model, save_model
from skstdp._utils import _documentation


def facts(estimator):
    """Rows of the table above the attributes."""
    table = re.search(
        r'<table class="skstdp-training">(.*?)</table>', estimator._repr_html_(), re.DOTALL
    )
    rows = re.findall("<tr><th>(.*?)</th><td>(.*?)</td></tr>", table[1])
    return {name: unescape(text) for name, text in rows}


def test_what_training_made_of_a_network(iris):
    X, y = iris
    network = STDPClassifier((20, 10), receptive_fields=4, max_iter=40, random_state=0)
    assert "skstdp-training" not in network._repr_html_()
    network.fit(X, y, X_val=X, y_val=y)
    assert facts(network) == {
        "Layers": "16 → 20 → 10 → 3 units, from 4 features",
        "Epochs": "40",
        "Training accuracy": f"{network.history_['accuracy'].iloc[-1]:.3f} in the last epoch",
        "Validation accuracy": f"{network.score(X, y):.3f} in the last epoch",
        "Tells classes apart": "yes",
    }
    # Below them stands all that scikit-learn shows.
    shown = network._repr_html_()
    assert shown.index("skstdp-training") < shown.index("Fitted attributes")
    assert "classes_" in shown
    assert facts(make_pipeline(MinMaxScaler(), network).fit(X, y))["Epochs"] == "40"


@pytest.mark.parametrize("classifier", [STDPClassifier, BPClassifier])
def test_a_network_that_learnt_nothing(classifier, iris, tmp_path):
    X, y = iris
    labels = np.array(["<first>", "b", "c"])[y]
    network = classifier((4,), max_iter=1, learning_rate_init=1e-9, random_state=0).fit(X, labels)
    (label,) = set(network.predict(X))
    told = f"no: it predicts one class, {label}, for all 150 training samples"
    assert facts(network)["Tells classes apart"] == told
    assert "<first>" not in network._repr_html_()
    pytest.importorskip("skops")
    save_model(network, tmp_path / "network.skops")
    assert facts(load_model(tmp_path / "network.skops")) == facts(network)
    # Which has not seen all samples.
    network.partial_fit(X, labels)
    assert "Tells classes apart" not in facts(network)
    assert facts(network)["Epochs"] == "2"


def test_units_are_not_listed_as_features(iris):
    """By a rule of style that holds for the box behind this network and for no other."""
    network = STDPClassifier((20,), max_iter=30, random_state=0).fit(*iris)
    shown = make_pipeline(MinMaxScaler(), network).fit(*iris)._repr_html_()
    assert shown.count('<div class="features fitted">') == 2
    assert ".sk-item:has(> .sk-estimator .skstdp-training) + .features{display:none}" in shown
    # Where the rule expects it: an item that has the table, and then the box.
    behind = re.search(r"<table class=\"skstdp-training\">.*", shown, re.DOTALL)[0]
    attributes, box = behind.split('<div class="features fitted">')
    assert attributes.rstrip().endswith("</div></div></div>")
    assert "20 features" in box


@pytest.mark.parametrize("classifier", [STDPClassifier, BPClassifier])
def test_link_to_the_documentation(classifier, monkeypatch):
    def address(name):
        assert name == "skstdp"
        return links

    monkeypatch.setattr(_documentation, "metadata", address)
    links = Links("Source, https://example.org/code")
    assert classifier()._get_doc_link() == ""
    assert 'href=""' not in classifier()._repr_html_()
    links = Links("Source, https://example.org/code", "Documentation, https://example.org/doc/")
    page = f"https://example.org/doc/generated/skstdp.{classifier.__name__}.html"
    assert classifier()._get_doc_link() == page
    assert f'href="{page}"' in classifier()._repr_html_()


def test_no_link_where_the_package_is_not_installed(monkeypatch):
    def missing(name):
        raise _documentation.PackageNotFoundError

    monkeypatch.setattr(_documentation, "metadata", missing)
    assert STDPClassifier()._get_doc_link() == ""


class Links:
    """Metadata of a package."""

    def __init__(self, *links):
        self.links = list(links)

    def get_all(self, name, default):
        assert name == "Project-URL"
        return self.links or default
