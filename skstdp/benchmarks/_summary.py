"""Mean and spread of the scores of a comparison."""

from __future__ import annotations

import pandas as pd

from .._robustness._scorers import epsilon_label
from ._statistics import check_columns


def summarise(scores: pd.DataFrame, *, measure: str = "accuracy") -> pd.DataFrame:
    """Mean and spread of the accuracies, or of another measure, over the splits.

    Parameters
    ----------
    scores : DataFrame
        The `scores` of `compare`, or rows of it.
    measure : str, default="accuracy"
        Column to summarise. All but the accuracy are measured without attack only.

    Returns
    -------
    summary : DataFrame
        One row for each task and model, in their order of appearance: columns task and model;
        clean_mean and clean_std; and for each attack, from weak to strong, a pair such as
        4/255_mean and 4/255_std, or FGSM 4/255_mean and FGSM 4/255_std where there are several
        kinds of attack. The spread is the standard deviation of a sample (n - 1). If `scores`
        has a column one_class, so has the summary: the number of splits on which the model
        predicts one class.

    Raises
    ------
    ValueError
        If `scores` lacks a column.

    See Also
    --------
    compare : Measures the scores.

    Examples
    --------
    >>> import pandas as pd
    >>> from skstdp.benchmarks import summarise
    >>> scores = pd.DataFrame(
    ...     {
    ...         "task": "iris",
    ...         "model": "STDP",
    ...         "split": [0, 1, 0, 1],
    ...         "attack": ["none", "none", "FGSM", "FGSM"],
    ...         "epsilon": [0, 0, 8 / 255, 8 / 255],
    ...         "accuracy": [1.0, 1.0, 0.5, 0.7],
    ...     }
    ... )
    >>> summarise(scores).round(3)
       task model  clean_mean  clean_std  8/255_mean  8/255_std
    0  iris  STDP         1.0        0.0         0.6      0.141
    """
    check_columns(scores, ["task", "model", "attack", "epsilon", measure])
    order = scores.groupby(["task", "model"], sort=False).size().index
    if measure != "accuracy":
        scores = scores[scores["attack"] == "none"]
    kinds = [attack for attack in scores["attack"].unique() if attack != "none"]
    columns = {}
    for kind in ("none", *kinds):
        for epsilon, part in scores[scores["attack"] == kind].groupby("epsilon"):
            size = epsilon_label(epsilon)
            attack = "clean" if kind == "none" else size if len(kinds) == 1 else f"{kind} {size}"
            values = part.groupby(["task", "model"])[measure]
            columns[f"{attack}_mean"] = values.mean()
            columns[f"{attack}_std"] = values.std()
    if "one_class" in scores:
        clean = scores[scores["attack"] == "none"]
        columns["one_class"] = clean.groupby(["task", "model"])["one_class"].sum()
    return pd.DataFrame(columns, index=order).reset_index()
