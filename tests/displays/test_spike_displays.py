import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skstdp import (
    ApicalErrorDisplay,
    BioLeaFClassifier,
    BPClassifier,
    MicrocircuitDisplay,
    SpikeRasterDisplay,
)
from skstdp._networks._bioleaf._exact_gradient import backpropagated_errors
from skstdp._networks._bioleaf._record import record

pyplot = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture(scope="module")
def network(iris):
    return BioLeaFClassifier((12, 6), max_iter=30, random_state=0).fit(*iris)


class TestRaster:
    @pytest.mark.parametrize("label", [None, 1])
    def test_dots_are_the_spikes(self, network, iris, label):
        x = iris[0][60]
        display = SpikeRasterDisplay.from_estimator(network, x, label=label)
        assert [len(ax.lines) for ax in display.axes_] == [0, 2, 2, 2]
        seen = record(network, [x], None if label is None else [label])
        for ax, spikes in zip(display.axes_[1:], seen.spikes, strict=True):
            steps, cells = ax.lines[0].get_data()
            drawn = np.zeros_like(spikes[:, 0])
            drawn[steps - 1, cells] = True
            assert_array_equal(drawn, spikes[:, 0])
        assert_array_equal(display.axes_[0].images[0].get_array(), seen.inputs[:, 0].T)
        if label is not None:
            assert_array_equal(display.spikes[-1].sum(axis=0), [0, network.n_steps - 1, 0])
        names = [text.get_text() for text in display.axes_[-1].get_yticklabels()]
        assert names == ["0", "1", "2"]

    def test_most_spikes_are_those_of_the_prediction(self, network, iris):
        for x in iris[0][::25]:
            n_spikes = SpikeRasterDisplay.from_estimator(network, x).spikes[-1].sum(axis=0)
            assert n_spikes[network.predict([x])[0]] == n_spikes.max()

    def test_given_axes(self, network, iris):
        _, axes = pyplot.subplots(2, 2)
        display = SpikeRasterDisplay.from_estimator(network, iris[0][0], axes=axes)
        assert display.figure_ is axes[0, 0].figure
        with pytest.raises(ValueError, match="Got 2 axes, but expected 4"):
            display.plot(axes[0])


class TestMicrocircuit:
    def test_potentials(self, network, iris):
        X, y = iris
        display = MicrocircuitDisplay.from_estimators(
            {"a": network, "b": network}, X[60], y[60], layer=1, cell=2
        )
        assert display.axes_.shape == (2, 2)
        taught = record(network, X[60:61], y[60:61])
        drawn = [line.get_ydata() for line in display.axes_[1, 0].lines[:2]]
        assert_array_equal(drawn[0], taught.basal[1][:, 0, 2])
        assert_array_equal(drawn[1], taught.soma[1][:, 0, 2])
        apical, alone = (line.get_ydata() for line in display.axes_[1, 1].lines)
        assert_array_equal(apical, taught.apical[1][:, 0, 2])
        assert_array_equal(alone, np.zeros_like(alone))

    @pytest.mark.parametrize("place", [{"layer": 2}, {"cell": 12}, {"cell": -13}], ids=str)
    def test_no_such_cell(self, network, iris, place):
        with pytest.raises(
            ValueError, match=f"Got {next(iter(place))}=.* but expected an integer"
        ):
            MicrocircuitDisplay.from_estimators({"a": network}, iris[0][0], 0, **place)


def slopes_of_the_error(network, x, label, layer, cell):
    """Derivative of the van Rossum error by a current into a cell, forward through time."""
    keep, leak = 1 - 1 / network.tau_m, 1 - 1 / network.tau_s
    sizes = [len(b) for b in network.intercepts_]
    v, dv, a, da = ([np.zeros(n) for n in sizes] for _ in range(4))
    wanted, slope = np.zeros(sizes[-1]), 0.0
    for t in range(network.n_steps):
        pre, dpre = x, np.zeros(len(x))
        for k, (coef, intercept) in enumerate(
            zip(network.coefs_, network.intercepts_, strict=True)
        ):
            pushed = (np.arange(sizes[k]) == cell) * (k == layer)
            stays = keep * (v[k] < 1)
            v[k] = stays * v[k] + pre @ coef + intercept
            dv[k] = stays * dv[k] + dpre @ coef + pushed
            a[k] = leak * a[k] + (v[k] >= 1) / network.tau_s
            da[k] = leak * da[k] + dv[k] / (
                network.tau_s * (1 + network.gate_slope * np.abs(v[k] - 1)) ** 2
            )
            pre, dpre = a[k], da[k]
        wanted = leak * wanted + (np.arange(sizes[-1]) == label) * (t > 0) / network.tau_s
        slope += (a[-1] - wanted) @ da[-1]
    return slope


class TestApicalError:
    def test_exact_errors_are_those_of_forward_differentiation(self, iris):
        X, y = iris
        network = BioLeaFClassifier(
            (5, 4), receptive_fields=1, weight_init_scale=3.0, max_iter=5, random_state=0
        ).fit(X, y)
        # The forward pass alone, as the gradient is of it: errors must not change the spikes.
        network.apical_conductance = 0.0
        rows = [0, 70, 140]
        errors = backpropagated_errors(network, record(network, X[rows], y[rows]))
        rates = network._rates(X[rows])
        for layer, size in enumerate((5, 4)):
            assert np.abs(errors[layer]).max() > 1e-3
            for s, x in enumerate(rates):
                expected = [
                    -slopes_of_the_error(network, x, y[rows[s]], layer, cell)
                    for cell in range(size)
                ]
                assert_allclose(errors[layer][s], expected, rtol=1e-9, atol=1e-12)

    def test_they_are_the_apical_ones_in_the_special_circumstance(self, digits):
        X, y = digits
        special = {"tau_m": 1.0, "tau_s": 1.0, "gate_slope": 0.0, "apical_conductance": 0.0}
        network = BioLeaFClassifier((20,), max_iter=2, random_state=0, **special).fit(X, y)
        display = ApicalErrorDisplay.from_estimator(network, X[:200], y[:200], name="special")
        assert display.cosine_ == pytest.approx(1, abs=1e-9)
        assert_allclose(display.seen, display.exact, atol=1e-12)
        assert display.ax_.get_title() == "special: cosine 1.00"

    def test_near_them_elsewhere(self, network, iris):
        for layer in (0, 1):
            display = ApicalErrorDisplay.from_estimator(network, *iris, layer=layer)
            assert 0.3 < display.cosine_ < 0.99
            x, y = display.ax_.lines[0].get_data()
            assert_array_equal(y, display.seen.ravel())
            assert_array_equal(x, display.exact.ravel())

    def test_no_hidden_layer(self, iris):
        network = BioLeaFClassifier((), max_iter=1).fit(*iris)
        with pytest.raises(ValueError, match="Got layer=0"):
            ApicalErrorDisplay.from_estimator(network, *iris)


def test_refuse_another_classifier(iris):
    other = BPClassifier(max_iter=1).fit(*iris)
    for display in (
        lambda: SpikeRasterDisplay.from_estimator(other, iris[0][0]),
        lambda: MicrocircuitDisplay.from_estimators({"a": other}, iris[0][0], 0),
        lambda: ApicalErrorDisplay.from_estimator(other, *iris),
    ):
        with pytest.raises(TypeError, match="Got BPClassifier, but expected a fitted BioLeaF"):
            display()


def test_without_matplotlib(network, iris, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"skstdp\[plot\]"):
        SpikeRasterDisplay.from_estimator(network, iris[0][0])
