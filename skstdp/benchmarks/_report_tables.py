"""The numbers of a comparison as tables of a report."""

from collections import Counter

import numpy as np

from .._robustness._scorers import epsilon_label
from ._measures import MEASURES
from ._report_answer import pair_of
from ._report_blocks import (
    Cell,
    Table,
    Text,
    counted,
    enumeration,
    mean_and_spread,
    number,
    seconds,
)
from ._statistics import mean_ranks, means_by_task

_MEANS = "mean ± standard deviation over the splits, the best in bold"
_LESS, _BELOW, _ONE_CLASS, _FEWER = "↓", "▼", "‡", "*"
_NOTES = {
    _LESS: f"{_LESS} lower is better",
    _BELOW: f"{_BELOW} below the accuracy of predicting the largest class for all rows",
    _ONE_CLASS: f"{_ONE_CLASS} predicts one class for all test rows, at least on some splits",
    _FEWER: f"{_FEWER} mean over fewer splits than others have; the part Not measured says why",
}


def data_table(tasks):
    """Return the table of the data: rows, features, classes, and what was done to them."""
    header = ["table", "rows", "features", "classes", "majority", "test rows", "prepared", "notes"]
    rows = [
        [
            task.task,
            Cell(f"{task.n_samples}"),
            Cell(f"{task.n_features}"),
            Cell(f"{task.n_classes}"),
            Cell(number(task.majority)),
            Cell(f"{task.n_test}"),
            _text(task.preparation) or "numbers already",
            _text(task.notes),
        ]
        for task in tasks.itertuples()
    ]
    notes = ("majority: share of the largest class", "test rows: on each split")
    filled = [column for column in range(len(header)) if any(row[column] for row in rows)]
    rows = [[row[column] for column in filled] for row in rows]
    return Table("The data", [header[column] for column in filled], rows, notes)


def settings_table(settings):
    """Return the settings that tuning chose, for each model the most frequent one."""
    rows = []
    for (task, model), part in settings.groupby(["task", "model"], sort=False):
        (chosen, count), *_ = Counter(map(parameters_text, part["parameters"])).most_common(1)
        mean, std = part["inner_score"].mean(), part["inner_score"].std()
        rows.append(
            [
                task,
                model,
                chosen,
                Cell(f"{count} of {len(part)}"),
                Cell(mean_and_spread(mean, std)),
            ]
        )
    header = ["table", "model", "chosen most often", "on splits", "inner score"]
    notes = ("inner score: mean over the inner folds of the best setting, ± over the splits",)
    return Table("The settings that tuning chose", header, rows, notes, n_keys=2)


def parameters_text(parameters):
    """Return parameters by name as text."""
    return ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value!r}"
        for name, value in parameters.items()
    )


def measures_of(scores):
    """Return the names of the measures that a comparison has a number for, in their order."""
    return [name for name in MEASURES if name in scores and scores[name].notna().any()]


def score_tables(scores):
    """Return tables of all measures without attack: one, or one per measure for several tasks."""
    clean = scores[scores["attack"] == "none"]
    measures = measures_of(clean)
    tasks, models = clean["task"].unique(), clean["model"].unique()
    if len(tasks) == 1:
        cells = [_cells(clean, measure) for measure in measures]
        rows = [
            [model, *(of_measure[tasks[0], model] for of_measure in cells)] for model in models
        ]
        header = ["model", *map(_heading, measures)]
        majority = f"majority: {number(clean['majority'].mean())}"
        notes = (_MEANS, majority, *_notes_for(rows, header))
        return [Table(f"Scores on {tasks[0]}", header, rows, notes)]
    return [_table_of_a_measure(clean, measure, tasks, models) for measure in measures]


def _table_of_a_measure(clean, measure, tasks, models):
    cells = _cells(clean, measure)
    rows = [[task, *(cells[task, model] for model in models)] for task in tasks]
    # A mean over other tables than those of the next model would compare tables.
    means = means_by_task(clean, measure).mean(skipna=False)
    best = _best(means, measure)
    last = [Cell(number(mean), bool(top)) for mean, top in zip(means, best, strict=True)]
    rows.append(["mean of all tables", *last])
    header, is_accuracy = ["table", *models], measure == "accuracy"
    if is_accuracy:
        majority = clean.groupby("task", sort=False)["majority"].mean()
        header.append("majority")
        for row, share in zip(rows, [*majority, majority.mean()], strict=True):
            row.append(Cell(number(share)))
    caption = _heading(measure)
    notes = (_MEANS, *_notes_for(rows, [caption]))
    return Table(caption, header, rows, notes, folded=not is_accuracy)


def _heading(measure):
    label = MEASURES[measure].label
    return label if MEASURES[measure].greater_is_better else f"{label} {_LESS}"


def _best(means, measure):
    """Return which of several means are the best as they are shown, none if all are equal."""
    shown = np.round(np.asarray(means, float), 3)
    known = shown[~np.isnan(shown)]
    if len(set(known)) < 2:
        return np.zeros(len(shown), bool)
    return shown == (known.max() if MEASURES[measure].greater_is_better else known.min())


def _cells(clean, measure):
    """Return the cells of one measure by task and model."""
    cells = {}
    for task, of_task in clean.groupby("task", sort=False):
        by_model = of_task.groupby("model", sort=False)
        means, stds = by_model[measure].mean(), by_model[measure].std()
        counts, n_splits = by_model[measure].count(), of_task["split"].nunique()
        # Means of the same splits are compared with each other.
        best = dict(zip(means.index, _best(means.where(counts == n_splits), measure), strict=True))
        majority, one_class = by_model["majority"].mean(), by_model["one_class"].any()
        for model in clean["model"].unique():
            if model not in means:
                cells[task, model] = Cell("n/a")
                continue
            marks = _BELOW * bool(measure == "accuracy" and means[model] < majority[model] - 1e-9)
            marks += _ONE_CLASS * bool(one_class[model])
            marks += _FEWER * bool(0 < counts[model] < n_splits)
            text = mean_and_spread(means[model], stds[model])
            cells[task, model] = Cell(text, bool(best[model]), marks)
    return cells


def _notes_for(rows, titles=()):
    marks = [cell.marks for row in rows for cell in row if isinstance(cell, Cell)]
    used = "".join([*marks, *titles])
    return [note for mark, note in _NOTES.items() if mark in used]


def attacks_of_scores(scores):
    """Return pairs of attack and epsilon, in the order of the attacks, from weak to strong."""
    attacked = scores[scores["attack"] != "none"]
    pairs = attacked[["attack", "epsilon"]].drop_duplicates()
    order = {attack: place for place, attack in enumerate(pairs["attack"].unique())}
    return sorted(
        pairs.itertuples(index=False, name=None), key=lambda pair: (order[pair[0]], pair[1])
    )


def attack_table(scores):
    """Return the accuracy under each attack, of each model on each task."""
    attacks = [("none", 0.0), *attacks_of_scores(scores)]
    tasks, models = scores["task"].unique(), scores["model"].unique()
    columns = {}
    for attack, epsilon in attacks:
        part = scores[(scores["attack"] == attack) & (scores["epsilon"] == epsilon)]
        groups = part.groupby(["task", "model"])["accuracy"]
        columns[attack, epsilon] = groups.mean(), groups.std(), groups.count()
    one_class = scores.groupby(["task", "model"])["one_class"].any()
    n_splits = scores.groupby("task")["split"].nunique()
    rows = []
    for task in tasks:
        # Means of the same splits are compared with each other.
        complete = [means.where(counts == n_splits[task]) for means, _, counts in columns.values()]
        best = [
            _best([c.get((task, model), np.nan) for model in models], "accuracy") for c in complete
        ]
        for at, model in enumerate(models):
            key = task, model
            if not any(key in means for means, *_ in columns.values()):
                continue
            marks = _ONE_CLASS * bool(one_class.get(key, False))
            cells = [
                Cell(
                    mean_and_spread(means.get(key, np.nan), stds.get(key, np.nan)),
                    bool(of_attack[at]),
                    (marks + _FEWER * bool(0 < counts[key] < n_splits[task]))
                    if key in means
                    else "",
                )
                for (means, stds, counts), of_attack in zip(columns.values(), best, strict=True)
            ]
            rows.append([task, model, *cells])
    labels = ["no attack", *(f"{attack} {epsilon_label(size)}" for attack, size in attacks[1:])]
    notes = [
        f"{note}: no attack changes that, and it is not robustness" if _ONE_CLASS in note else note
        for note in _notes_for(rows)
    ]
    header, n_keys = ["table", "model", *labels], 2
    if len(tasks) == 1:
        header, rows, n_keys = header[1:], [row[1:] for row in rows], 1
    return Table("Accuracy under attack", header, rows, (_MEANS, *notes), n_keys)


def times_table(scores):
    """Return the mean times of fits and predictions in seconds, of each model on each task."""
    clean = scores[scores["attack"] == "none"]
    if not {"fit_time", "predict_time"} <= set(clean) or clean["fit_time"].isna().all():
        return None
    keys = ["task", "model"] if clean["task"].nunique() > 1 else ["model"]
    means = clean.groupby(keys, sort=False)[["fit_time", "predict_time"]].mean()
    rows = []
    for key, row in means.iterrows():
        names = key if isinstance(key, tuple) else (key,)
        rows.append([*names, Cell(seconds(row["fit_time"])), Cell(seconds(row["predict_time"]))])
    header = [*(["table"] * (len(keys) - 1)), "model", "fit (s)", "predict (s)"]
    notes = ("means over the splits; fit includes the search where a model is tuned",)
    return Table("Times in seconds", header, rows, notes, len(keys))


def ranks_table(scores):
    """Return the mean rank of each model in each measure."""
    measures = measures_of(scores[scores["attack"] == "none"])
    ranks = [mean_ranks(scores, measure=measure) for measure in measures]
    best = [of_measure.round(2) == of_measure.round(2).min() for of_measure in ranks]
    rows = [
        [
            model,
            *(
                Cell(number(of_measure[model], 2), bool(first[model]))
                for of_measure, first in zip(ranks, best, strict=True)
            ),
        ]
        for model in ranks[0].sort_values(kind="stable").index
    ]
    notes = ("n/a: not measured on enough of the tables",)
    if all(of_measure.notna().all() for of_measure in ranks):
        notes = ()
    header = ["model", *(MEASURES[measure].label for measure in measures)]
    return Table("Mean rank over the tables; 1 is the best", header, rows, notes)


def tests_over_tables(tests):
    """Return the tests of all models at once, of their pairs, and what is to be said of them."""
    blocks = []
    defined = tests.omnibus[tests.omnibus["p_value"].notna()]
    if len(defined):
        rows = [
            [
                row.test,
                Cell(number(row.statistic, 2)),
                Cell(", ".join(f"{df:g}" for df in (row.df1, row.df2) if df == df)),
                Cell(_p_value(row.p_value)),
            ]
            for row in defined.itertuples()
        ]
        header = ["test", "statistic", "degrees of freedom", "p"]
        blocks.append(Table("Do the models differ at all?", header, rows))
    rows = [
        [
            pair.model_a,
            pair.model_b,
            Cell(f"{pair.difference:+.3f}"),
            Cell(f"{pair.wins} / {pair.ties} / {pair.losses}"),
            Cell(_p_value(pair.p_value)),
            Cell(_p_value(pair.p_holm), pair.p_holm < tests.alpha),
        ]
        for pair in tests.pairs.itertuples()
    ]
    header = ["model", "other", "difference", "wins / ties / losses", "p", "p after Holm"]
    if rows:
        caption = f"Accuracy of pairs over {counted(tests.n_tasks, 'table')}, Wilcoxon's test"
        notes = [f"bold: below {tests.alpha:g}", *tests.notes]
        blocks.append(Table(caption, header, rows, tuple(notes), n_keys=2))
    elif tests.notes:
        blocks.append(Text(" ".join(tests.notes)))
    return blocks


def tests_on_a_table(scores, tests):
    """Return the tests of the best model of each table against all others."""
    means = means_by_task(scores)
    rows, reasons = [], {}
    for task, of_task in tests.groupby("task", sort=False):
        order = means.loc[task].dropna().sort_values(ascending=False, kind="stable").index
        for other in order[1:]:
            pair = pair_of(of_task, order[0], other)
            if pair["reason"]:
                reasons.setdefault(pair["reason"].rstrip("."), []).append(task)
            rows.append(
                [
                    task,
                    order[0],
                    other,
                    Cell(f"{pair['difference']:+.3f}"),
                    Cell(number(pair["t"], 2)),
                    Cell(_p_value(pair["p_value"])),
                    Cell(_p_value(pair["p_holm"]), pair["p_holm"] < 0.05),
                    *(Cell(number(pair[name], 2)) for name in _PROBABILITIES),
                ]
            )
    if not rows:
        return []
    header = ["table", "best", "other", "difference", "t", "p", "p after Holm"]
    header += ["better", "equivalent", "worse"]
    caption = (
        "Accuracy of the best model against each other one: t-test, and probabilities that the "
        "best one is better, equivalent or worse"
    )
    notes = ["bold: below 0.05"]
    for reason, where in reasons.items():
        tables = f" on {enumeration(dict.fromkeys(where))}" if len(means) > 1 else ""
        notes.append(f"{reason} ({counted(len(where), 'pair')}{tables})")
    n_keys = 3
    if len(means) == 1:
        header, rows, n_keys = header[1:], [row[1:] for row in rows], 2
    return [Table(caption, header, rows, tuple(notes), n_keys)]


_PROBABILITIES = ("a_better", "equivalent", "b_better")


def _p_value(value):
    return "< 0.001" if value < 0.001 else number(value)


def missing_table(missing):
    """Return what could not be measured, and why, with equal reasons in one row."""
    rows = []
    for (model, reason), part in missing.groupby(["model", "reason"], sort=False):
        what = part[["attack", "epsilon", "measure"]].drop_duplicates()
        what = ", ".join(dict.fromkeys(map(_what, *(what[column] for column in what))))
        tasks = ", ".join(part["task"].astype(str).unique())
        n_fits = len(part[["task", "split"]].drop_duplicates())
        rows.append([model, what, tasks, Cell(f"{n_fits}"), reason])
    header = ["model", "not measured", "tables", "fits", "reason"]
    return Table("What could not be measured, and why", header, rows)


def _what(attack, epsilon, measure):
    if attack != "none":
        return f"{attack} {epsilon_label(epsilon)}"
    return MEASURES[measure].label.lower() if measure in MEASURES else str(measure)


def environment_blocks(environment):
    """Return versions, platform and date as text."""
    versions = environment.get("versions") or {}
    blocks = []
    if versions:
        rows = [[name, Cell(f"{version}")] for name, version in versions.items()]
        blocks.append(Table("Versions", ["package", "version"], rows))
    parts = []
    if environment.get("platform"):
        parts.append(f"Platform: {environment['platform']}.")
    if environment.get("date"):
        parts.append(f"Date: {date_text(environment['date'])}.")
    if environment.get("duration"):
        parts.append(f"Duration: {seconds(environment['duration'])} s.")
    return [*blocks, Text(" ".join(parts))] if parts else blocks


def date_text(date):
    """Return a date in the form of ISO 8601 as people read it."""
    return str(date).replace("T", " ", 1)


def _text(value):
    """Return lines of the table of tasks, which has NaN or None where there are none."""
    return value.strip() if isinstance(value, str) else ""
