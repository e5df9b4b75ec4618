"""The answer of a comparison in two sentences: who is best, by how much, and if that is real."""

import numpy as np
import pandas as pd

from ._report_blocks import counted, enumeration, number, p_value_text
from ._statistics import means_by_task

_ALPHA = 0.05
# Smaller differences are 0 as they are shown.
_LEAST = 0.0005


def answer(comparison, tests):
    """Return the answer of a comparison as text; `tests` are None with fewer than two models."""
    means = means_by_task(comparison.scores)
    measured = means.dropna(axis="columns", how="all")
    if measured.empty:
        return "No model could be measured: the last sections say why."
    if tests is None:
        models = measured.columns
        text = f"{models[0]} is the only model that could be measured: there is no comparison."
    elif len(means) == 1:
        text = _on_one_table(means.iloc[0].dropna(), comparison.scores, tests.on_task)
    else:
        text = " ".join(
            [_over_tables(means, tests.over_tasks), *_not_ranked(means, tests.over_tasks)]
        )
    return " ".join([text, *_below_the_majority(measured, comparison.scores)])


def best_first(means):
    """Return means from the best to the worst, equal ones in their order."""
    return means.sort_values(ascending=False, kind="stable")


def _on_one_table(means, scores, tests):
    first, second, *_ = best_first(means).index
    gap, n_splits = means[first] - means[second], scores["split"].nunique()
    over = f"{number(means[first])} on average over {counted(n_splits, 'split')}"
    if gap < _LEAST:
        lead = f"{first} and {second} have the highest accuracy on {means.name}, {over}."
    else:
        lead = (
            f"{first} has the highest accuracy on {means.name}, {over}, {number(gap)} above "
            f"{second}, the next."
        )
    pair = pair_of(tests, first, second)
    limit = "no test on one table can say how the models compare on other tables"
    if np.isnan(pair["p_holm"]):
        return f"{lead} The difference between the two was not tested, and {limit}."
    by = f"corrected resampled t-test with Holm's correction, {p_value_text(pair['p_holm'])}"
    if pair["p_holm"] < _ALPHA:
        verdict = f"This difference is more than the choice of the splits explains ({by})"
        return f"{lead} {verdict}; {limit}."
    verdict = (
        f"The splits do not tell the two apart ({by}; they are equivalent with probability "
        f"{pair['equivalent']:.2f})"
    )
    return f"{lead} {verdict}, and {limit}."


def pair_of(tests, first, second):
    """Return the row of two models in a table of pairs, seen from the first of them."""
    rows = tests[(tests["model_a"] == first) & (tests["model_b"] == second)]
    if len(rows):
        return rows.iloc[0]
    row = tests[(tests["model_a"] == second) & (tests["model_b"] == first)].iloc[0].copy()
    # The same pair from the other side.
    row[["model_a", "model_b"]] = first, second
    for name in ("difference", "t"):
        if name in row:
            row[name] = -row[name]
    for one, other in (("a_better", "b_better"), ("wins", "losses")):
        if one in row:
            row[[one, other]] = row[[other, one]].to_numpy()
    return row


def _over_tables(means, tests):
    ranks = tests.ranks.dropna().sort_values(kind="stable")
    n_tables = counted(tests.n_tasks, "table")
    limit = "no test can say how they compare on tables of another kind"
    if len(ranks) < 2 or tests.n_tasks < 2:
        return f"Too few models were measured on the same tables to rank them, and {limit}."
    complete = means[ranks.index].dropna().mean()
    first, second, *others = ranks.index
    gap = complete[first] - complete[second]
    if f"{ranks[first]:.2f}" == f"{ranks[second]:.2f}":
        lead = (
            f"Over {n_tables}, {first} and {second} have the best mean rank in accuracy, "
            f"{ranks[first]:.2f} of {len(ranks)} models, and accuracies of "
            f"{number(complete[first])} and {number(complete[second])} on average."
        )
    else:
        distance = f"{number(abs(gap))} {'above' if gap >= 0 else 'below'}"
        if abs(gap) < _LEAST:
            distance = "the same as"
        lead = (
            f"Over {n_tables}, {first} has the best mean rank in accuracy, {ranks[first]:.2f} of "
            f"{len(ranks)} models, and an accuracy of {number(complete[first])} on average, "
            f"{distance} {second}, the next by rank ({ranks[second]:.2f})."
        )
    return f"{lead} {_verdict(tests, [first, second, *others])}; {limit}."


def _verdict(tests, models):
    """Say whether the models differ at all, and from which ones the first of them does."""
    first, *others = models
    p_values = pd.Series({model: pair_of(tests.pairs, first, model)["p_holm"] for model in others})
    apart = list(p_values.index[p_values < tests.alpha])
    together = [model for model in others if model not in apart]
    by = "Wilcoxon tests with Holm's correction"
    p_all = tests.omnibus.set_index("test")["p_value"]["Iman-Davenport"]
    is_tested, differ = not np.isnan(p_all), p_all < tests.alpha
    verdict = "The models differ" if differ else "The tables do not show that the models differ"
    verdict += f" (test of Iman and Davenport, {p_value_text(p_all)}), "
    if not apart:
        smallest = number(p_values.fillna(1).min())
        all_p = "all p = 1.000" if smallest == "1.000" else f"all p ≥ {smallest}"
        pairs = f"do not tell {first} apart from any other model ({by}, {all_p})"
        if not is_tested:
            return f"The tables {pairs}"
        return f"{verdict}but the tables {pairs}" if differ else f"{verdict}and {pairs}"
    if not together:
        pairs = f"{first} differs from all other models ({by})"
    else:
        pairs = (
            f"{first} differs from {enumeration(apart)}, and the tables do not tell it apart from "
            f"{enumeration(together)} ({by})"
        )
    if not is_tested:
        return pairs
    return f"{verdict}{'and' if differ else 'but'} {pairs}"


def _not_ranked(models, tests):
    left_out = [model for model in models if np.isnan(tests.ranks.get(model, np.nan))]
    if left_out:
        yield f"Not ranked, since not measured on all tables: {enumeration(left_out)}."


def _below_the_majority(means, scores):
    """Yield a sentence if no model is better than predicting the largest class somewhere."""
    majority = scores[scores["attack"] == "none"].groupby("task")["majority"].mean()
    lost = [task for task in means.index if not (means.loc[task] > majority[task] + 1e-9).any()]
    if lost:
        yield (
            f"On {enumeration(lost)} no model is better than predicting the largest class for "
            "all rows."
        )
