"""Ranks and tests of a comparison: published numbers, numbers by hand, exhaustive search."""

import pickle
import sys
from itertools import combinations, product
from math import inf, nan

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.datasets import make_moons
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.svm import SVC

from skstdp.benchmarks import Comparison
from skstdp.benchmarks._significance import corrected_t_test, signed_rank_p_value
from skstdp.benchmarks._statistics import mean_ranks, means_by_task, rank_tests, t_tests

pytest.importorskip("scikit_posthocs")

C45 = ["C4.5", "C4.5+m", "C4.5+cf", "C4.5+m+cf"]
# Table 6 of Demsar (2006). Of its row "voting" the last two values are printed as 0.975, and
# ranked 2 and 3.
DEMSAR = """
    0.763 0.768 0.771 0.798
    0.599 0.591 0.590 0.569
    0.954 0.971 0.968 0.967
    0.628 0.661 0.654 0.657
    0.882 0.888 0.886 0.898
    0.936 0.931 0.916 0.931
    0.661 0.668 0.609 0.685
    0.583 0.583 0.563 0.625
    0.775 0.838 0.866 0.875
    1.000 1.000 1.000 1.000
    0.940 0.962 0.965 0.962
    0.619 0.666 0.614 0.669
    0.972 0.981 0.9751 0.9749
    0.957 0.978 0.946 0.970
"""


def scores_of(means, models, *, measure="accuracy", n_splits=1):
    """Scores of a comparison with these means, of shape (n_tasks, n_models)."""
    rows = [
        {"task": f"table {t}", "model": model, "split": split, measure: mean}
        for t, of_task in enumerate(means)
        for model, mean in zip(models, of_task, strict=True)
        for split in range(n_splits)
    ]
    return pd.DataFrame(rows).assign(attack="none", epsilon=0.0, n_train=80, n_test=20)


def scores_on_task(differences, *, n_train=90, n_test=10):
    """Scores of the models a and b on one task, where b has 0.5 on every split."""
    splits = range(len(differences))
    both = {"a": 0.5 + np.asarray(differences, float), "b": np.full(len(differences), 0.5)}
    rows = [
        {"task": "iris", "model": model, "split": split, "accuracy": values[split]}
        for model, values in both.items()
        for split in splits
    ]
    return pd.DataFrame(rows).assign(attack="none", epsilon=0.0, n_train=n_train, n_test=n_test)


@pytest.fixture(scope="module")
def demsar():
    return scores_of([map(float, line.split()) for line in DEMSAR.strip().splitlines()], C45)


def test_the_example_of_demsar(demsar):
    """Numbers of sections 3.2.2 and 3.2.3 of the paper."""
    tests = rank_tests(demsar)
    assert list(tests.ranks.index) == C45
    # The paper rounds 40.5 / 14 to 2.893 and 27.5 / 14 to 1.964.
    np.testing.assert_allclose(tests.ranks, [3.143, 2.000, 2.893, 1.964], atol=5e-4)
    pd.testing.assert_series_equal(tests.ranks, mean_ranks(demsar))
    omnibus = tests.omnibus.set_index("test")
    assert omnibus.loc["Friedman", "statistic"] == pytest.approx(9.28, abs=5e-3)
    assert omnibus.loc["Iman-Davenport", "statistic"] == pytest.approx(3.69, abs=5e-3)
    assert omnibus.loc["Iman-Davenport", ["df1", "df2"]].tolist() == [3, 39]
    # "The critical value of F(3, 39) for alpha = 0.05 is 2.85."
    assert stats.f.sf(2.85, 3, 39) == pytest.approx(0.05, abs=5e-4)
    assert omnibus.loc["Iman-Davenport", "p_value"] < 0.05
    # "The corresponding critical difference is 1.25"; at 0.10 it is 1.12.
    assert tests.critical_difference == pytest.approx(1.25, abs=5e-3)
    assert rank_tests(demsar, alpha=0.1).critical_difference == pytest.approx(1.12, abs=5e-3)
    assert tests.n_tasks == 14
    assert tests.notes == ()
    # Table 2 of the paper: C4.5 against C4.5+m, z = -2.5425... with two ranks of 0 split evenly.
    pair = tests.pairs.iloc[0]
    assert [pair["model_a"], pair["model_b"]] == C45[:2]
    assert [pair["wins"], pair["ties"], pair["losses"]] == [2, 2, 10]


def test_pairs_are_those_of_the_libraries_called_by_hand(demsar):
    import scikit_posthocs
    from statsmodels.stats.multitest import multipletests

    tests = rank_tests(demsar)
    block = demsar.pivot(index="task", columns="model", values="accuracy")[C45]
    raw = tests.pairs["p_value"]
    # A normal distribution, of whole numbers: last bits of decimals would break ties.
    whole = (1e4 * block).round()
    near = [
        stats.wilcoxon(whole[a], whole[b], zero_method="zsplit", method="approx").pvalue
        for a, b in combinations(C45, 2)
    ]
    np.testing.assert_allclose(raw, near, atol=0.03)
    np.testing.assert_allclose(tests.pairs["p_holm"], multipletests(raw, method="holm")[1])
    nemenyi = scikit_posthocs.posthoc_nemenyi_friedman(block.to_numpy())
    np.testing.assert_allclose(tests.p_values("nemenyi"), nemenyi)
    # Of Nemenyi's test a difference of ranks at the critical difference has a p-value of 0.05.
    ranks, critical = tests.ranks, tests.critical_difference
    for pair in tests.pairs.itertuples():
        apart = abs(ranks[pair.model_a] - ranks[pair.model_b]) > critical
        assert (pair.p_nemenyi < 0.05) == apart
    corrected = tests.omnibus.set_index("test").loc["Friedman, corrected for ties"]
    expected = stats.friedmanchisquare(*block.to_numpy().T)
    assert tuple(corrected[["statistic", "p_value"]]) == pytest.approx(tuple(expected))


def test_three_tables_by_hand():
    """Four models; ranks 1 2 3 4, 1 2.5 2.5 4 and 2 1 4 3."""
    means = [[0.9, 0.8, 0.7, 0.6], [0.9, 0.8, 0.8, 0.6], [0.8, 0.9, 0.6, 0.7]]
    tests = rank_tests(scores_of(means, list("abcd")))
    np.testing.assert_allclose(tests.ranks, [4 / 3, 5.5 / 3, 9.5 / 3, 11 / 3])
    # The sums of the ranks are 4, 5.5, 9.5 and 11.
    chi2 = 12 / (3 * 4 * 5) * (4**2 + 5.5**2 + 9.5**2 + 11**2) - 3 * 3 * 5
    f = 2 * chi2 / (9 - chi2)
    # One pair is tied in one of three tables.
    corrected = chi2 / (1 - (2**3 - 2) / (3 * (4**3 - 4)))
    np.testing.assert_allclose(tests.omnibus["statistic"], [chi2, corrected, f])
    assert tests.omnibus["df1"].tolist() == [3, 3, 3]
    assert tests.omnibus["df2"].tolist()[2] == 6
    np.testing.assert_allclose(
        tests.omnibus["p_value"],
        [stats.chi2.sf(chi2, 3), stats.chi2.sf(corrected, 3), stats.f.sf(f, 3, 6)],
    )
    pairs = tests.pairs.set_index(["model_a", "model_b"])
    assert pairs.loc[("a", "b"), ["wins", "ties", "losses"]].tolist() == [2, 0, 1]
    assert pairs.loc[("b", "c"), ["wins", "ties", "losses"]].tolist() == [2, 1, 0]
    np.testing.assert_allclose(pairs.loc[("a", "d"), "difference"], 0.7 / 3)
    # Six pairs on three tables: 2^-2 is the least p-value, and 1 after the correction.
    assert pairs.loc[("a", "d"), "p_value"] == 0.25
    assert (pairs["p_holm"] == 1).all()
    (note,) = tests.notes
    assert "0.05 on 3 tables: the smallest p-value of Wilcoxon's test is 0.25" in note
    assert note.endswith("It takes at least 8 tables.")


def all_signs(d):
    """P-value of Wilcoxon's test from all signs of the differences that are not 0."""
    ranks, moves = stats.rankdata(np.abs(d)), d != 0
    signs = np.array([*product([0, 1], repeat=moves.sum())])
    sums, observed = signs @ ranks[moves], ranks @ (d > 0)
    return min(1, 2 * min((sums >= observed).mean(), (sums <= observed).mean()))


@pytest.mark.parametrize("seed", range(5))
def test_wilcoxon_is_exact_with_ties_and_zeros(seed):
    d = np.random.default_rng(seed).integers(-3, 6, 9)
    means = np.transpose([0.6 + 0.01 * d, np.full(9, 0.6)])
    tests = rank_tests(scores_of(means, ["a", "b"]))
    assert tests.pairs["p_value"].item() == pytest.approx(all_signs(d))


@pytest.mark.parametrize("n_tasks", [6, 14, 40])
def test_wilcoxon_without_ties_is_that_of_scipy(n_tasks):
    d = np.random.default_rng(n_tasks).normal(0.3, 1, n_tasks)
    expected = stats.wilcoxon(d, method="exact").pvalue
    assert signed_rank_p_value(d) == pytest.approx(expected)


@pytest.mark.parametrize(("n_tasks", "enough"), [(5, False), (6, True)])
def test_five_tables_can_show_nothing(n_tasks, enough):
    means = [[0.8 + 0.01 * t, 0.7] for t in range(n_tasks)]
    tests = rank_tests(scores_of(means, ["a", "b"]))
    assert (tests.pairs["p_holm"].item() < 0.05) == enough
    said = any("It takes at least 6 tables." in note for note in tests.notes)
    assert said == (not enough)
    assert any("needs three models" in note for note in tests.notes)
    assert tests.omnibus["p_value"].isna().all()


@pytest.mark.parametrize("measure", ["log_loss", "brier", "calibration_error", "fit_time"])
def test_of_losses_and_times_less_is_better(measure):
    means = [[0.1 * k, 0.2 * k, 0.3 * k] for k in range(1, 6)]
    scores = scores_of(means, list("abc"), measure=measure)
    assert mean_ranks(scores, measure).tolist() == [1, 2, 3]
    pairs = rank_tests(scores, measure).pairs
    assert (pairs["wins"] == 5).all()
    assert (pairs["difference"] < 0).all()


@pytest.mark.parametrize("measure", ["accuracy", "balanced_accuracy", "roc_auc"])
def test_of_others_more_is_better(measure):
    scores = scores_of([[0.1, 0.2, 0.2]], list("abc"), measure=measure)
    assert mean_ranks(scores, measure).tolist() == [3, 1.5, 1.5]


def test_all_tables_agree_or_all_scores_are_equal():
    means = [[0.9, 0.8, 0.7]] * 4
    omnibus = rank_tests(scores_of(means, list("abc"))).omnibus
    assert omnibus["statistic"].tolist() == [8, 8, inf]
    # One of 6 orders in three more tables.
    assert omnibus["p_value"].iloc[2] == pytest.approx(6**-3)

    tests = rank_tests(scores_of([[0.8] * 3] * 4, list("abc")))
    assert tests.ranks.tolist() == [2, 2, 2]
    assert tests.omnibus["statistic"].tolist() == [0, 0, 0]
    assert tests.omnibus["p_value"].tolist() == [1, 1, 1]
    assert (tests.pairs[["p_value", "p_holm", "p_nemenyi"]] == 1).all(axis=None)
    assert (tests.pairs["ties"] == 4).all()


def test_scores_that_differ_in_the_order_of_a_sum_are_ties():
    values = [0.1, 0.7, 0.3]
    assert np.mean(values) != np.mean(values[::-1])
    rows = [
        {"task": "iris", "model": model, "split": split, "accuracy": value}
        for model, of_model in (("a", values), ("b", values[::-1]))
        for split, value in enumerate(of_model)
    ]
    assert mean_ranks(pd.DataFrame(rows)).tolist() == [1.5, 1.5]


def test_one_table_and_one_model():
    tests = rank_tests(scores_of([[0.9, 0.8]], ["a", "b"]))
    assert tests.ranks.tolist() == [1, 2]
    assert tests.pairs[["p_value", "p_holm", "p_nemenyi"]].isna().all(axis=None)
    assert np.isnan(tests.critical_difference)
    assert "at least two" in tests.notes[0]

    tests = rank_tests(scores_of([[0.9], [0.8]], ["a"]))
    assert tests.ranks.tolist() == [1]
    assert len(tests.pairs) == 0
    assert tests.notes == ("Fewer than two models are left: there is nothing to test.",)


def test_what_was_not_measured_is_left_out_and_named():
    means = np.array([[0.9, 0.8, 0.7, 0.6]] * 6)
    # c fails on one table, d on all but one.
    means[2, 2] = means[1:, 3] = nan
    scores = scores_of(means, list("abcd"))
    tests = rank_tests(scores)
    assert tests.n_tasks == 5
    assert tests.ranks[:3].tolist() == [1, 2, 3]
    assert np.isnan(tests.ranks["d"])
    assert tests.notes[:2] == (
        "Left out the model d: not measured on 5 of the 6 tables.",
        "Left out the table table 2: no value of c.",
    )
    p_values = tests.p_values("wilcoxon")
    assert p_values["d"].isna().all()
    assert (np.diag(p_values)[:3] == 1).all()
    # Rows that are not there are the same as rows without a value.
    absent = rank_tests(scores.dropna(subset="accuracy"))
    pd.testing.assert_frame_equal(absent.pairs, tests.pairs)
    assert absent.notes == tests.notes


def test_no_model_was_measured():
    tests = rank_tests(scores_of(np.full((3, 2), nan), ["a", "b"]))
    assert tests.ranks.isna().all()
    assert tests.notes[0] == "Left out the model a: not measured on all tables."
    assert tests.notes[-1] == "Fewer than two models are left: there is nothing to test."


def test_means_are_those_of_all_splits_or_none():
    scores = scores_of([[0.5, 0.6], [0.7, 0.8]], ["a", "b"], n_splits=3)
    scores.loc[scores["split"] == 2, "accuracy"] += 0.3
    means = means_by_task(scores)
    np.testing.assert_allclose(means, [[0.6, 0.7], [0.8, 0.9]])
    assert list(means.index) == ["table 0", "table 1"]
    lost = (scores["task"] == "table 1") & (scores["model"] == "b") & (scores["split"] == 1)
    gaps = scores.assign(accuracy=scores["accuracy"].mask(lost))
    for table in (scores[~lost], gaps):
        np.testing.assert_allclose(means_by_task(table), [[0.6, 0.7], [0.8, nan]])


def test_attacks_are_told_apart():
    clean = scores_of([[0.9, 0.8]] * 6, ["a", "b"])
    attacked = scores_of([[0.3, 0.4]] * 6, ["a", "b"]).assign(attack="FGSM", epsilon=8 / 255)
    scores = pd.concat([clean, attacked, attacked.assign(epsilon=4 / 255, accuracy=0.5)])
    assert mean_ranks(scores).tolist() == [1, 2]
    assert mean_ranks(scores, attack="FGSM", epsilon=8 / 255).tolist() == [2, 1]
    assert mean_ranks(scores, attack="FGSM", epsilon=4 / 255).tolist() == [1.5, 1.5]
    # A model that the attack does not apply to has no rows.
    only_a = scores[(scores["attack"] == "none") | (scores["model"] == "a")]
    ranks = mean_ranks(only_a, attack="FGSM", epsilon=8 / 255)
    assert ranks.isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"measure": "acuracy"}, r"without the columns 'acuracy', .* Did you mean 'accuracy'\?$"),
        ({"attack": "PGD", "epsilon": 0.1}, r"attack='PGD' and epsilon=0\.1, .*: 'none' of 0\.$"),
        ({"attack": "none", "epsilon": 0.1}, r"epsilon=0\.1, but expected one of those in scores"),
    ],
)
@pytest.mark.parametrize("function", [means_by_task, mean_ranks, rank_tests, t_tests])
def test_mistakes_are_named(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        function(scores_of([[0.9, 0.8]], ["a", "b"]), **arguments)


def test_more_mistakes():
    scores = scores_of([[0.9, 0.8]], ["a", "b"])
    with pytest.raises(ValueError, match=r"several rows of the task 'table 0', the model 'a'"):
        mean_ranks(pd.concat([scores, scores]))
    with pytest.raises(ValueError, match=r"^Got alpha=1, but expected a number in \(0, 1\)\.$"):
        rank_tests(scores, alpha=1)
    with pytest.raises(ValueError, match=r"^Got rope=-1, but expected"):
        t_tests(scores, rope=-1)
    with pytest.raises(ValueError, match="without the columns 'n_test'"):
        t_tests(scores.drop(columns="n_test"))
    with pytest.raises(ValueError, match="test"):
        rank_tests(scores).p_values("bonferroni")


def test_without_the_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "scikit_posthocs", None)
    scores = scores_of([[0.9, 0.8]], ["a", "b"])
    assert mean_ranks(scores).tolist() == [1, 2]
    for function in (rank_tests, t_tests):
        with pytest.raises(ImportError, match=r'pip install "skstdp\[report\]"$'):
            function(scores)


def test_the_example_of_scikit_learn():
    """Of plot_grid_search_stats: t = 0.750, one-sided p = 0.227; 0.500, 0.432 and 0.068."""
    X, y = make_moons(noise=0.352, random_state=1, n_samples=100)
    cv = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    scores = [
        pd.DataFrame(
            {
                "task": "moons",
                "model": kernel,
                "split": range(100),
                "roc_auc": cross_val_score(SVC(kernel=kernel), X, y, cv=cv, scoring="roc_auc"),
            }
        )
        for kernel in ("rbf", "linear")
    ]
    scores = pd.concat(scores).assign(n_train=90, n_test=10)
    (pair,) = t_tests(scores, "roc_auc").to_dict("records")
    assert pair["t"] == pytest.approx(0.750, abs=5e-4)
    assert pair["p_value"] / 2 == pytest.approx(0.227, abs=5e-4)
    probabilities = [pair["a_better"], pair["equivalent"], pair["b_better"]]
    assert probabilities == pytest.approx([0.500, 0.432, 0.068], abs=5e-4)
    # baycomp 1.0.3: two_on_single(linear, rbf, rope=0.01, runs=10).
    exact = [0.49999999999999956, 0.4316824582427, 0.06831754175730047]
    assert probabilities == pytest.approx(exact, abs=1e-9)


def test_the_corrected_t_test_by_hand():
    """Differences 0.02, 0, 0.04 and 0.02: mean 0.02, variance 0.0008 / 3; 1/4 + 1/4 of it."""
    scores = scores_on_task([0.02, 0.0, 0.04, 0.02], n_train=80, n_test=20)
    (pair,) = t_tests(scores, rope=0.01).to_dict("records")
    scale = np.sqrt(0.5 * 0.0008 / 3)
    assert (pair["n_splits"], pair["reason"]) == (4, "")
    assert pair["difference"] == pytest.approx(0.02)
    assert pair["t"] == pytest.approx(0.02 / scale)

    # The distribution function of Student's t with 3 degrees of freedom, in closed form.
    def cdf(t):
        u = t / np.sqrt(3)
        return 0.5 + (u / (1 + u**2) + np.arctan(u)) / np.pi

    assert pair["p_value"] == pytest.approx(2 * (1 - cdf(0.02 / scale)))
    assert pair["b_better"] == pytest.approx(cdf(-0.03 / scale))
    assert pair["a_better"] == pytest.approx(1 - cdf(-0.01 / scale))
    total = pair["a_better"] + pair["equivalent"] + pair["b_better"]
    assert total == pytest.approx(1)


def test_better_means_lower_where_less_is_better():
    scores = scores_on_task([0.02, 0.0, 0.04, 0.02])
    (more,) = t_tests(scores).to_dict("records")
    renamed = scores.rename(columns={"accuracy": "log_loss"})
    (less,) = t_tests(renamed, "log_loss").to_dict("records")
    assert less["difference"] == more["difference"]
    assert (less["a_better"], less["b_better"]) == (more["b_better"], more["a_better"])
    assert less["p_value"] == more["p_value"]


def test_the_correction_keeps_the_level_that_a_plain_test_exceeds():
    """Models that are equally good on all rows: at most about 5 in 100 differ."""
    rng = np.random.default_rng(0)
    plain = corrected = 0
    for _ in range(200):
        # Right or wrong, per row; splits of a model share rows, as in a repeated holdout.
        right = rng.random((2, 100)) < 0.8
        chosen = [rng.permutation(100)[:20] for _ in range(50)]
        d = np.array([right[0, rows].mean() - right[1, rows].mean() for rows in chosen])
        plain += stats.ttest_1samp(d, 0).pvalue < 0.05
        corrected += corrected_t_test(pd.Series(d), 20 / 80, 0.01, 1)["p_value"] < 0.05
    assert plain > 100
    assert corrected < 20


def test_splits_without_spread():
    (equal,) = t_tests(scores_on_task([0.0] * 5)).to_dict("records")
    assert [equal[name] for name in ("t", "p_value", "p_holm")] == [0, 1, 1]
    assert [equal[name] for name in ("a_better", "equivalent", "b_better")] == [0, 1, 0]
    assert equal["reason"] == "Equal on every split."
    (apart,) = t_tests(scores_on_task([0.1] * 5)).to_dict("records")
    assert np.isnan([apart["t"], apart["p_value"], apart["p_holm"], apart["a_better"]]).all()
    assert apart["reason"].startswith("The difference is 0.1 on every split")


def test_splits_that_are_missing():
    scores = scores_on_task([0.02, 0.0, 0.04, 0.02, 0.03])
    scores.loc[[3, 6], "accuracy"] = nan
    (pair,) = t_tests(scores).to_dict("records")
    assert pair["reason"] == "Measured together on 3 of 5 splits."
    (expected,) = t_tests(scores_on_task([0.02, 0.04, 0.03])).to_dict("records")
    for name in ("n_splits", "t", "p_value", "a_better", "equivalent", "b_better"):
        assert pair[name] == pytest.approx(expected[name])
    (one,) = t_tests(scores_on_task([0.02])).to_dict("records")
    assert one["reason"] == "Measured together on 1 split(s), but a test needs two."
    scores.loc[scores["model"] == "b", "accuracy"] = nan
    (none,) = t_tests(scores).to_dict("records")
    assert (none["n_splits"], np.isnan(none["difference"])) == (0, True)
    assert none["reason"] == "Measured together on 0 split(s), but a test needs two."


def test_holm_counts_the_pairs_of_a_task_that_were_tested():
    rng = np.random.default_rng(0)
    rows = [
        {"task": task, "model": model, "split": split, "accuracy": level + rng.normal(0, 0.02)}
        for task in ("iris", "wine")
        for level, model in ((0.9, "a"), (0.85, "b"), (0.8, "c"))
        for split in range(10)
    ]
    scores = pd.DataFrame(rows).assign(n_train=90, n_test=10)
    scores.loc[(scores["task"] == "wine") & (scores["model"] == "c"), "accuracy"] = nan
    tests = t_tests(scores)
    assert len(tests) == 6
    iris, wine = (tests[tests["task"] == task] for task in ("iris", "wine"))
    # Smallest first: times 3, times 2, times 1, never less than the one before.
    order = iris["p_value"].to_numpy().argsort()
    expected = np.maximum.accumulate(iris["p_value"].to_numpy()[order] * [3, 2, 1])
    np.testing.assert_allclose(iris["p_holm"].to_numpy()[order], np.minimum(1, expected))
    assert wine["p_holm"].iloc[0] == wine["p_value"].iloc[0]
    assert wine["p_holm"].iloc[1:].isna().all()


def test_fixed_test_rows_are_not_tested():
    scores = pd.concat([scores_on_task([0.02, 0.0, 0.04])] * 2, ignore_index=True)
    scores.loc[6:, "task"] = "mnist"
    tasks = pd.DataFrame({"task": ["iris", "mnist"], "n_samples": [100, 90]})
    tests = Comparison(scores=scores, tasks=tasks).tests()
    iris, mnist = tests.on_task.to_dict("records")
    assert iris["p_value"] > 0
    assert np.isnan(mnist["p_value"])
    assert mnist["difference"] == pytest.approx(0.02)
    assert mnist["reason"] == "Fixed test rows: the fits differ in their seed alone."


def test_a_comparison_has_its_ranks_and_tests(demsar):
    comparison = Comparison(scores=demsar)
    np.testing.assert_allclose(comparison.ranks(), [44 / 14, 2, 40.5 / 14, 27.5 / 14])
    tests = comparison.tests(alpha=0.1)
    assert tests.over_tasks.critical_difference == pytest.approx(1.12, abs=5e-3)
    # Each of 14 tables has six pairs.
    assert len(tests.on_task) == 84
    again = pickle.loads(pickle.dumps(tests))
    pd.testing.assert_frame_equal(again.over_tasks.pairs, tests.over_tasks.pairs)
