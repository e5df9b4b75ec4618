import numpy as np
import pytest

from skstdp import STDPCurveDisplay

pyplot = pytest.importorskip("matplotlib.pyplot")


def test_stdp_curves_are_those_of_the_two_equations():
    display = STDPCurveDisplay.from_rule(2.0, delta_t=[-6, -1, 0, 3])
    assert list(display.curves) == ["equation", "delta_t", "delta_w"]
    assert display.plot() is display
    # Worked by hand: delta_t / (4 (2 + delta_t)^2), then delta_t / (4 (2 - delta_t)^2).
    expected = {
        "Equation 5": ([-6 / 64, -1 / 4, 0, 3 / 100], ":"),
        "Equation 6": ([-6 / 256, -1 / 36, 0, 3 / 4], "-"),
    }
    assert [line.get_label() for line in display.lines_] == list(expected)
    for line, (delta_w, linestyle) in zip(display.lines_, expected.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [-6, -1, 0, 3])
        np.testing.assert_allclose(line.get_ydata(), delta_w)
        assert line.get_linestyle() == linestyle
    assert display.lines_[0].get_color() != display.lines_[1].get_color()


@pytest.mark.parametrize("t_pre", [0.5, 1.0, 3.0])
def test_stdp_curve_looks_the_same_in_every_unit_of_time(t_pre):
    """Time in other units changes the scales of the figure, and nothing else."""
    display, unit = (STDPCurveDisplay.from_rule(t).plot() for t in (t_pre, 1.0))
    np.testing.assert_allclose(display.ax_.get_xlim(), np.multiply(unit.ax_.get_xlim(), t_pre))
    np.testing.assert_allclose(display.ax_.get_ylim(), np.divide(unit.ax_.get_ylim(), t_pre**3))
    # The low peak of equation 6, -1/4, can be seen, and the pole does not flatten it.
    assert 0.05 < 0.25 / unit.ax_.get_ylim()[1] < 0.5


def test_stdp_curve_on_given_axes():
    _, (left, right) = pyplot.subplots(1, 2)
    display = STDPCurveDisplay.from_rule().plot(right, linewidth=3.5)
    assert display.ax_ is right
    assert display.figure_ is right.figure
    assert not left.lines
    assert {line.get_linewidth() for line in display.lines_} == {3.5}
    assert right.get_legend() is not None


@pytest.mark.parametrize("t_pre", [0, -1])
def test_stdp_curve_of_no_time(t_pre):
    with pytest.raises(ValueError, match=rf"^Got t_pre={t_pre}, but expected"):
        STDPCurveDisplay.from_rule(t_pre)
