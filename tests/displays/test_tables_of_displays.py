"""Tables that a display cannot draw."""

import pandas as pd
import pytest

import skstdp

pytest.importorskip("matplotlib")

SCORES = ["model", "split", "attack", "epsilon", "accuracy"]
# Parameter and columns of each display that is made of a table, as the docstrings name them.
TABLES = {
    "ActivityDisplay": ("rates", ["layer", "unit", "stands_for", "class", "rate"]),
    "CorruptionDisplay": (
        "scores",
        ["model", "corruption", "severity", "size", "unit", "accuracy"],
    ),
    "LearningCurvesDisplay": ("curves", ["model", "split", "epoch"]),
    "PairwiseTestsDisplay": ("tests", ["task", "model_a", "model_b", "a_better", "b_better"]),
    "ReliabilityDisplay": (
        "calibration",
        ["task", "model", "split", "bin", "n", "confidence", "accuracy"],
    ),
    "RobustnessCurveDisplay": ("scores", SCORES),
    "RobustnessIntervalDisplay": ("scores", ["task", "family", *SCORES[2:]]),
    "ScoreDistributionDisplay": ("scores", ["task", "model", "split"]),
    "STDPCurveDisplay": ("curves", ["equation", "delta_t", "delta_w"]),
    "TimesDisplay": ("scores", ["task", "model", "split", "fit_time", "predict_time", "n_test"]),
    "UpdateAngleDisplay": ("angles", ["epoch", "layer", "angle"]),
}
# Those of arrays, of a network and of a matrix.
OTHERS = {
    "ApicalErrorDisplay",
    "CriticalDifferenceDisplay",
    "MicrocircuitDisplay",
    "SpikeRasterDisplay",
    "WeightMapDisplay",
}


def test_every_display_is_here():
    assert {name for name in skstdp.__all__ if name.endswith("Display")} == {*TABLES} | OTHERS


@pytest.mark.parametrize("display", TABLES)
def test_what_is_no_table(display):
    name, _ = TABLES[display]
    message = f"^Got {name} of type list, but expected a data frame with rows and the columns "
    with pytest.raises(TypeError, match=message):
        getattr(skstdp, display)([1, 2]).plot()


@pytest.mark.parametrize("display", TABLES)
def test_each_column_that_is_missing_is_named(display):
    name, columns = TABLES[display]
    for missing in columns:
        table = pd.DataFrame({column: [0] for column in columns if column != missing})
        with pytest.raises(ValueError, match=f"^Got {name} without the columns '{missing}', "):
            getattr(skstdp, display)(table).plot()


@pytest.mark.parametrize("display", TABLES)
def test_a_table_without_rows(display):
    name, columns = TABLES[display]
    table = pd.DataFrame({column: [] for column in columns})
    if display == "ScoreDistributionDisplay":
        table["accuracy"] = []
    with pytest.raises(ValueError, match=f"^Got {name} without rows, but expected "):
        getattr(skstdp, display)(table).plot()
