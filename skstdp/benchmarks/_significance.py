"""Arithmetic of the tests of a comparison, on tables of means and on differences."""

from itertools import combinations
from math import ceil, factorial, inf, log2, nan, sqrt

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import stdtr

from ._measures import MEASURES


def require_posthocs():
    """Raise an ImportError that says how to install scikit-posthocs if it is missing."""
    try:
        import scikit_posthocs  # noqa: F401
    except ImportError as error:
        raise ImportError(
            'Tests need scikit-posthocs. Install it with: pip install "skstdp[report]"'
        ) from error


def greater_is_better(measure):
    """Return whether more of a measure is better; of times, which are none, less is."""
    if measure in MEASURES:
        return MEASURES[measure].greater_is_better
    return not measure.endswith("_time")


def ranked(block, measure):
    """Rank the models on each task: 1 for the best, ties averaged."""
    return block.rank(axis=1, ascending=not greater_is_better(measure))


def omnibus_tests(ranks):
    """Friedman's test, without and with the correction for ties, and that of Iman, Davenport."""
    n_tasks, n_models = ranks.shape
    tests = pd.DataFrame(
        {
            "test": ["Friedman", "Friedman, corrected for ties", "Iman-Davenport"],
            "statistic": nan,
            "df1": n_models - 1,
            "df2": [nan, nan, (n_models - 1) * (n_tasks - 1)],
            "p_value": nan,
        }
    )
    if n_tasks < 2 or n_models < 3:
        return tests
    squares = (ranks.mean() ** 2).sum() - n_models * (n_models + 1) ** 2 / 4
    chi2 = 12 * n_tasks / (n_models * (n_models + 1)) * squares
    # All tasks rank the models alike, and without ties.
    if np.isclose(chi2, n_tasks * (n_models - 1)):
        f, p_f = inf, factorial(n_models) ** (1.0 - n_tasks)
    else:
        f = (n_tasks - 1) * chi2 / (n_tasks * (n_models - 1) - chi2)
        p_f = stats.f.sf(f, *tests.loc[2, ["df1", "df2"]])
    # Of ranks that are all tied the correction would be 0 / 0.
    tied = (ranks.nunique(axis=1) == 1).all()
    corrected = (0.0, 1.0) if tied else stats.friedmanchisquare(*ranks.to_numpy().T)
    tests["statistic"] = [chi2, corrected[0], f]
    tests["p_value"] = [stats.chi2.sf(chi2, n_models - 1), corrected[1], p_f]
    return tests


def pairwise_tests(block, measure):
    """Compare each pair of models over the tasks."""
    sign = 1 if greater_is_better(measure) else -1
    pairs = [
        {
            "model_a": a,
            "model_b": b,
            "difference": (block[a] - block[b]).mean(),
            "wins": int((sign * block[a] > sign * block[b]).sum()),
            "ties": int((block[a] == block[b]).sum()),
            "losses": int((sign * block[a] < sign * block[b]).sum()),
        }
        for a, b in combinations(block, 2)
    ]
    columns = ["model_a", "model_b", "difference", "wins", "ties", "losses"]
    pairs = pd.DataFrame(pairs, columns=columns).assign(p_value=nan, p_holm=nan, p_nemenyi=nan)
    if len(block) < 2 or not len(pairs):
        return pairs
    import scikit_posthocs

    # In the order of the pairs above.
    upper = np.triu_indices(block.shape[1], 1)
    pairs["p_value"] = [
        signed_rank_p_value(block[a] - block[b]) for a, b in combinations(block, 2)
    ]
    pairs["p_holm"] = holm(pairs["p_value"])
    p_values = scikit_posthocs.posthoc_nemenyi_friedman(block.to_numpy())
    pairs["p_nemenyi"] = p_values.to_numpy()[upper]
    return pairs


def signed_rank_p_value(differences):
    """Exact two-sided p-value of Wilcoxon's signed-rank test, ranks of 0 split evenly.

    Of tied differences scipy lists all 2^N signs, which takes a second for 13 tasks, and with more
    takes a normal distribution. Here the shares of all sums are computed rank by rank.
    """
    # Rounded, since equal differences of decimals differ in their last bits.
    d = np.round(np.asarray(differences, float), 12)
    # Ties have half ranks: doubled, all are whole numbers.
    ranks = (2 * stats.rankdata(np.abs(d))).astype(int)[d != 0]
    shares = np.zeros(ranks.sum() + 1)
    shares[0] = 1
    for rank in ranks:
        moved = shares[:-rank] / 2
        shares /= 2
        shares[rank:] += moved
    total = ranks[d[d != 0] > 0].sum()
    return float(min(1, 2 * min(shares[: total + 1].sum(), shares[total:].sum())))


def note_of_too_few(n_tasks, n_pairs, alpha):
    """Note that there are too few tasks for any pair to differ, if this is so."""
    smallest = 2.0 ** (1 - n_tasks)
    if n_pairs * smallest <= alpha:
        return []
    needed = ceil(1 + log2(n_pairs / alpha))
    return [
        f"No difference of two models can be significant at {alpha:g} on {n_tasks} tables: the "
        f"smallest p-value of Wilcoxon's test is {smallest:.2g}, and Holm's correction for "
        f"{n_pairs} pair(s) makes it {min(1, n_pairs * smallest):.2g}. It takes at least {needed} "
        "tables."
    ]


def corrected_t_test(differences, ratio, rope, sign):
    """Test the differences of two models on the splits of one task.

    Parameters
    ----------
    differences : Series of shape (n_splits,)
        NaN where one of the two was not measured.
    ratio : float or None
        Number of test rows per training row. None if the test rows are fixed.
    rope : float
        Largest difference that does not matter.
    sign : {1, -1}
        -1 if less of the measure is better.

    Returns
    -------
    values : dict
        Columns of `t_tests`.
    """
    n_all = len(differences)
    x = differences.dropna().to_numpy()
    n = len(x)
    unknown = dict.fromkeys(("t", "p_value", "a_better", "equivalent", "b_better"), nan)
    values = {"n_splits": n, "difference": x.mean() if n else nan, "reason": ""} | unknown
    if n < n_all:
        values["reason"] = f"Measured together on {n} of {n_all} splits."
    if ratio is None:
        return values | {"reason": "Fixed test rows: the fits differ in their seed alone."}
    if n < 2:
        return values | {"reason": f"Measured together on {n} split(s), but a test needs two."}
    mean, spread = values["difference"], np.ptp(x)
    # Differences of the same rounded scores are equal but for the last digits.
    if spread <= 1e-12 * max(1, abs(mean)):
        if abs(mean) <= 1e-12:
            equal = {"p_value": 1.0, "a_better": 0.0, "equivalent": 1.0, "b_better": 0.0}
            return values | {"t": 0.0, "reason": "Equal on every split."} | equal
        reason = f"The difference is {mean:.3g} on every split: no spread to compare it with."
        return values | {"reason": reason}
    scale = sqrt((1 / n + ratio) * x.var(ddof=1))
    # The probabilities that the difference is below and above the region.
    low, high = stdtr(n - 1, (-rope - mean) / scale), stdtr(n - 1, (mean - rope) / scale)
    a_better, b_better = (high, low) if sign > 0 else (low, high)
    t = mean / scale
    return values | {
        "t": t,
        "p_value": 2 * stdtr(n - 1, -abs(t)),
        "a_better": a_better,
        "equivalent": 1 - low - high,
        "b_better": b_better,
    }


def holm(p_values):
    """Correct p-values for their number; those that are NaN stay so, and do not count."""
    from statsmodels.stats.multitest import multipletests

    p_values, corrected = np.asarray(p_values, float), np.full(len(p_values), nan)
    tested = ~np.isnan(p_values)
    if tested.any():
        corrected[tested] = multipletests(p_values[tested], method="holm")[1]
    return corrected
