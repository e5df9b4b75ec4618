"""Means, ranks and tests of a table of scores."""

from __future__ import annotations

from itertools import combinations
from math import inf, nan, sqrt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from .._robustness._scorers import epsilon_label
from .._utils._validation import check_number, nearest
from ._significance import (
    corrected_t_test,
    greater_is_better,
    holm,
    note_of_too_few,
    omnibus_tests,
    pairwise_tests,
    ranked,
    require_posthocs,
)
from ._test_results import RankTests

if TYPE_CHECKING:
    from collections.abc import Sequence


def means_by_task(scores, measure="accuracy", attack="none", epsilon=0):
    """Average a measure over the splits of each task.

    Parameters
    ----------
    scores : DataFrame
        The `scores` of a comparison, or any table with the columns task, model, split and the
        measure. A table without attacks needs no columns attack and epsilon.
    measure : str, default="accuracy"
        Column of `scores`.
    attack : str, default="none"
        Name of an attack in `scores`.
    epsilon : float, default=0
        Size of the attack, one of those in `scores`.

    Returns
    -------
    means : DataFrame of shape (n_tasks, n_models)
        Tasks and models in their order of appearance. NaN where a model has no value on one of
        the splits of a task: its mean over the others would be of other rows than those of the
        other models.

    Raises
    ------
    ValueError
        If there is no such column, attack or size, or a model has several rows for one split.

    Examples
    --------
    >>> import pandas as pd
    >>> scores = pd.DataFrame(
    ...     {
    ...         "task": ["iris"] * 4 + ["wine"] * 4,
    ...         "model": ["STDP", "STDP", "BP", "BP"] * 2,
    ...         "split": [0, 1, 0, 1] * 2,
    ...         "accuracy": [0.9, 1.0, 0.9, 0.8, 1.0, 1.0, 0.9, 1.0],
    ...     }
    ... )
    >>> means_by_task(scores).loc["iris"].round(2).to_dict()
    {'STDP': 0.95, 'BP': 0.85}
    """
    by_split = _by_split(scores, measure, attack, epsilon)
    groups = by_split.groupby(level="task", sort=False)
    # Rounded, or else the order of a sum would decide between models with the same scores.
    means = groups.mean().round(12).where(by_split.notna().groupby(level="task").all())
    return means.reindex(list(scores["task"].unique())).rename_axis(index="task")


def mean_ranks(scores, measure="accuracy", attack="none", epsilon=0):
    """Rank the models on each task by their means, and average over the tasks.

    All models are ranked on the same tasks, those on which all of them were measured. A model that
    would leave few of these is left out.

    Parameters
    ----------
    scores, measure, attack, epsilon
        As in `means_by_task`.

    Returns
    -------
    ranks : Series of shape (n_models,)
        Mean rank of each model, in [1, n_models], in the order of appearance; NaN for models left
        out. Rank 1 has the highest mean, or the lowest where less is better, as for the log loss
        and for times. Models with the same mean share the average of their ranks.

    Examples
    --------
    >>> import pandas as pd
    >>> scores = pd.DataFrame(
    ...     {
    ...         "task": ["iris"] * 3 + ["wine"] * 3,
    ...         "model": ["STDP", "BP", "forest"] * 2,
    ...         "split": 0,
    ...         "accuracy": [0.9, 0.9, 0.8, 0.7, 0.9, 0.8],
    ...     }
    ... )
    >>> mean_ranks(scores).to_dict()
    {'STDP': 2.25, 'BP': 1.25, 'forest': 2.5}
    """
    means = means_by_task(scores, measure, attack, epsilon)
    block, _ = _complete(means)
    return ranked(block, measure).mean().reindex(means.columns).rename("rank")


def rank_tests(scores, measure="accuracy", attack="none", epsilon=0, *, alpha=0.05):
    """Test whether models differ over several tasks.

    Parameters
    ----------
    scores, measure, attack, epsilon
        As in `means_by_task`.
    alpha : float, default=0.05
        Level of significance, in (0, 1).

    Returns
    -------
    tests : RankTests
        With notes in the place of what cannot be tested.

    Raises
    ------
    ValueError
        As in `means_by_task`, or if `alpha` is not in (0, 1).
    ImportError
        If scikit-posthocs is not installed.
    """
    require_posthocs()
    check_number(alpha, "alpha", zero=False)
    if alpha >= 1:
        raise ValueError(f"Got alpha={alpha!r}, but expected a number in (0, 1).")
    means = means_by_task(scores, measure, attack, epsilon)
    block, notes = _complete(means)
    n_tasks, n_models = block.shape
    ranks = ranked(block, measure)
    pairs = pairwise_tests(block, measure)
    critical_difference = nan
    if n_models < 2:
        notes.append("Fewer than two models are left: there is nothing to test.")
    elif n_tasks < 2:
        notes.append(
            f"{n_tasks} table(s) are left, but tests over tables need at least two: see the tests "
            "on each table."
        )
    else:
        q = stats.studentized_range.ppf(1 - alpha, n_models, inf) / sqrt(2)
        critical_difference = float(q * sqrt(n_models * (n_models + 1) / (6 * n_tasks)))
        notes += note_of_too_few(n_tasks, len(pairs), alpha)
        if n_models == 2:
            notes.append("Friedman's test needs three models; of two, Wilcoxon's test decides.")
    mean_rank = ranks.mean().reindex(means.columns).rename("rank")
    omnibus = omnibus_tests(ranks)
    return RankTests(mean_rank, omnibus, pairs, critical_difference, alpha, n_tasks, tuple(notes))


_ON_TASK = [
    *("task", "model_a", "model_b", "n_splits", "difference", "t", "p_value", "p_holm"),
    *("a_better", "equivalent", "b_better", "reason"),
]


def t_tests(
    scores: pd.DataFrame,
    measure: str = "accuracy",
    attack: str = "none",
    epsilon: float = 0,
    *,
    rope: float = 0.01,
    fixed: Sequence[str] = (),
) -> pd.DataFrame:
    """Test whether two models differ on one task, for each pair of models and each task.

    Parameters
    ----------
    scores, measure, attack, epsilon
        As in `means_by_task`; `scores` has the columns n_train and n_test, too.
    rope : float, default=0.01
        Region of practical equivalence: the largest difference that does not matter, in units of
        the measure, >= 0.
    fixed : sequence of str, default=()
        Tasks with fixed test rows. Their fits differ in the seed alone, so that the spread of the
        scores says nothing about other rows: they are not tested.

    Returns
    -------
    tests : DataFrame
        As in `SignificanceTests`.

    Raises
    ------
    ValueError
        As in `means_by_task`, or if `rope` is negative.
    ImportError
        If scikit-posthocs is not installed.
    """
    require_posthocs()
    check_number(rope, "rope", zero=True)
    check_columns(scores, ["n_train", "n_test"])
    by_split = _by_split(scores, measure, attack, epsilon)
    ratios = (scores["n_test"] / scores["n_train"]).groupby(scores["task"]).mean()
    sign = 1 if greater_is_better(measure) else -1
    rows = []
    for task, of_task in by_split.groupby(level="task", sort=False):
        ratio = None if task in fixed else ratios[task]
        of_pairs = [
            {"task": task, "model_a": a, "model_b": b}
            | corrected_t_test(of_task[a] - of_task[b], ratio, rope, sign)
            for a, b in combinations(of_task, 2)
        ]
        corrected = holm([row["p_value"] for row in of_pairs])
        rows += [row | {"p_holm": p} for row, p in zip(of_pairs, corrected, strict=True)]
    return pd.DataFrame(rows, columns=_ON_TASK)


def check_columns(scores, expected):
    """Raise a ValueError unless a table of scores has these columns."""
    missing = [name for name in expected if name not in scores]
    if missing:
        numbers = scores.select_dtypes("number").columns
        known = f" Its numbers are {', '.join(numbers)}." if len(numbers) else ""
        raise ValueError(
            f"Got scores without the columns {', '.join(map(repr, missing))}, but expected the "
            f"table compare(...).scores, or rows of it.{nearest(missing[-1], numbers) or known}"
        )


def _by_split(scores, measure, attack, epsilon):
    """Arrange the values of a measure: one row per task and split, one column per model."""
    check_columns(scores, ["task", "model", "split", measure])
    rows = scores
    if "attack" in scores or attack != "none":
        check_columns(scores, ["attack", "epsilon"])
        of_attack = (scores["attack"] == attack) & np.isclose(scores["epsilon"], epsilon, atol=0)
        if not of_attack.any():
            kinds = scores[["attack", "epsilon"]].drop_duplicates().itertuples(index=False)
            known = ", ".join(f"{kind!r} of {epsilon_label(size)}" for kind, size in kinds)
            raise ValueError(
                f"Got attack={attack!r} and epsilon={epsilon!r}, but expected one of those in "
                f"scores: {known}."
            )
        rows = scores[of_attack]
    key = ["task", "split", "model"]
    twice = rows[rows.duplicated(key)]
    if len(twice):
        task, split, model = twice[key].iloc[0]
        raise ValueError(
            f"Got several rows of the task {task!r}, the model {model!r} and split {split}, but "
            "expected one."
        )
    table = rows.set_index(key)[measure].astype(float).unstack("model")
    splits = pd.MultiIndex.from_frame(rows[["task", "split"]].drop_duplicates())
    return table.reindex(index=splits, columns=pd.Index(scores["model"].unique(), name="model"))


def _complete(means):
    """Leave out tasks and models until no value is missing, and note which.

    In turn goes the task or model that lacks most, as a share of its values: not all tasks for a
    model that was measured on few of them, and not a model for a task on which it failed.
    """
    block, gone = means, {}
    while block.isna().any(axis=None):
        of_tasks, of_models = (block.isna().mean(axis=axis) for axis in (1, 0))
        if of_models.max() > of_tasks.max() or of_models.max() == 1:
            name, share = of_models.idxmax(), of_models.max()
            what = "all" if share == 1 else f"{round(share * len(block))} of the {len(block)}"
            gone[f"Left out the model {name}: not measured on {what} tables."] = None
            block = block.drop(columns=name)
        else:
            name = of_tasks.idxmax()
            lacking = ", ".join(map(str, block.columns[block.loc[name].isna()]))
            gone[f"Left out the table {name}: no value of {lacking}."] = None
            block = block.drop(index=name)
    return block, [*gone]


def fixed_tasks(scores, tasks):
    """List the tasks of a comparison whose test rows are fixed: its fits train on all others."""
    n_samples = tasks.set_index("task")["n_samples"]
    n_train = scores.groupby("task", observed=True)["n_train"].max()
    return [task for task in n_samples.index if n_train.get(task) == n_samples[task]]
