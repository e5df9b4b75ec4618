import numpy as np
import pandas as pd
import pytest
from scipy.stats import wilcoxon
from sklearn.dummy import DummyClassifier

from skstdp.benchmarks._panel import DEVELOPMENT, VERIFICATION
from skstdp.benchmarks.panel import differences, panel, summary
from skstdp.datasets import Task

MEASURES = ["accuracy", "balanced_accuracy", "auc", "log_loss"]


def scores(**of_models):
    """Two folds of each table, whose figures average to those given."""
    rows = [
        {"table": table, "model": model, "seed": 0, "fold": fold, "fit_seconds": 1.0}
        | dict.fromkeys(MEASURES, figure + gap)
        | {"train_balanced_accuracy": figure, "one_class": figure == 0.5}
        for model, figures in of_models.items()
        for table, figure in enumerate(figures)
        for fold, gap in enumerate((-0.01, 0.01))
    ]
    return pd.DataFrame(rows)


def test_no_table_is_in_both_lists():
    assert len({*DEVELOPMENT, *VERIFICATION}) == len(DEVELOPMENT) + len(VERIFICATION) == 63


def test_differences_by_hand():
    rng = np.random.default_rng(0)
    ours, near, far = rng.uniform(0.6, 0.9, (3, 12)) - [[0], [0], [0.4]]
    table = differences(scores(STDP=ours, near=near, far=far))
    p_near, p_far = wilcoxon(ours - near).pvalue, wilcoxon(ours - far).pvalue
    assert p_far < p_near
    # Holm: the smallest times the number of comparisons, the next one times one less.
    for measure in MEASURES:
        assert table.loc[(measure, "near"), "p_value"] == pytest.approx(max(p_near, 2 * p_far))
        assert table.loc[(measure, "far"), "p_value"] == pytest.approx(2 * p_far)
        expected = (ours - near).mean()
        assert table.loc[(measure, "near"), "difference"] == pytest.approx(expected)
    better = (ours > near).sum()
    assert table.loc[("accuracy", "near"), "tables_better"] == better
    assert table.loc[("log_loss", "near"), "tables_better"] == 12 - better


def test_collapsed_fits_are_those_where_logistic_regression_learns():
    table = summary(scores(STDP=[0.5, 0.5, 0.9], LogisticRegression=[0.9, 0.55, 0.9]))
    assert table.loc["STDP", "one_class"] == 4
    assert table.loc["STDP", "collapsed"] == 2
    assert table.loc["LogisticRegression", "collapsed"] == 0


def test_a_constant_prediction():
    """The majority of three classes: accuracy of its share, nothing learnt about the others."""
    y = np.repeat(["a", "b", "c"], [60, 30, 30])
    task = Task("table", np.arange(120.0)[:, np.newaxis], y)
    models = {"majority": lambda seed: DummyClassifier()}
    fits = panel([task], models, n_folds=3, n_seeds=2)
    assert len(fits) == 6
    assert fits["one_class"].all()
    assert fits["accuracy"].tolist() == [0.5] * 6
    assert fits["train_balanced_accuracy"].tolist() == pytest.approx([1 / 3] * 6)
    assert fits["auc"].tolist() == [0.5] * 6
    # Half of the rows have the probability 1 / 2, the others 1 / 4.
    assert fits["log_loss"].tolist() == pytest.approx([1.5 * np.log(2)] * 6)
