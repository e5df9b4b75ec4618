"""What a report says, section by section; those that have nothing to say are left out."""

from __future__ import annotations

from dataclasses import dataclass

from .._robustness._certified import CertifiedScorer
from . import _report_figures, _report_tables
from ._report_answer import answer
from ._report_blocks import Code, Figures, Section, Text, counted, enumeration


@dataclass(frozen=True)
class Report:
    """Title and sections of a report."""

    title: str
    subtitle: str
    sections: list

    @property
    def figures(self):
        """All figures, in their order."""
        blocks = [block for section in self.sections for block in section.blocks]
        return [figure for block in blocks if block.kind == "figures" for figure in block.figures]


def report_of(comparison):
    """Return the report of a comparison."""
    scores, environment = comparison.scores, comparison.environment
    # Tests are of models, of which one alone has no difference to another.
    tests = comparison.tests() if _n_measured(scores) > 1 else None
    sections = [
        Section("answer", "Answer", [Text(answer(comparison, tests))]),
        Section("data", "Data", _data(comparison.tasks)),
        Section("settings", "Settings", _settings(comparison.settings)),
        Section("scores", "Scores without attack", _scores(scores)),
        Section("ranks", "Ranks", _ranks(scores, tests)),
        Section("tests", "Tests", _tests(scores, tests)),
        Section("attack", "Accuracy under attack", _attack(scores)),
        Section("calibration", "Calibration", _calibration(comparison.calibration)),
        Section("times", "Times", _times(scores)),
        Section("missing", "Not measured", _missing(comparison.missing)),
        Section("again", "How to make it again", _again(environment)),
    ]
    return Report(
        environment.get("question") or _title(scores),
        _subtitle(scores, environment),
        [section for section in sections if section.blocks],
    )


def _n_measured(scores):
    return scores.loc[scores["accuracy"].notna(), "model"].nunique()


def _title(scores):
    models, tasks = (list(scores[column].unique()) for column in ("model", "task"))
    return f"{_named(models, 'model')} on {_named(tasks, 'table')}"


def _named(names, noun):
    """Return names if they are few and short, else their number."""
    text = enumeration(names)
    return text if len(text) <= 40 else counted(len(names), noun)


def _subtitle(scores, environment):
    n_splits = scores.groupby("task")["split"].nunique()
    splits = enumeration(sorted(set(n_splits)), "or")
    parts = [
        counted(scores["model"].nunique(), "model"),
        counted(len(n_splits), "table"),
        f"{splits} {'split' if n_splits.max() == 1 else 'splits'} of each",
    ]
    names = scores["attack"].unique()
    attacks = [name for name in names if name not in ("none", CertifiedScorer.attack)]
    if attacks:
        parts.append(f"attacked by {enumeration(attacks)}")
    if CertifiedScorer.attack in names:
        parts.append("certified")
    if environment.get("date"):
        parts.append(_report_tables.date_text(environment["date"]))
    return ", ".join(parts)


def _data(tasks):
    return [] if tasks.empty else [_report_tables.data_table(tasks)]


def _settings(settings):
    return [] if settings.empty else [_report_tables.settings_table(settings)]


def _scores(scores):
    first, *others = _report_tables.score_tables(scores)
    return [first, *_figures(_report_figures.box_plots(scores)), *others]


def _figures(figures):
    return [Figures(figures)] if figures else []


def _ranks(scores, tests):
    """Mean ranks need several tables, on which the same models were measured."""
    if tests is None or tests.over_tasks.n_tasks < 2 or tests.over_tasks.ranks.count() < 2:
        return []
    text = (
        "On each table the best model has rank 1, and equal models share the mean of their "
        "ranks. In the diagram a bar joins models that the tests do not tell apart."
    )
    table = _report_tables.ranks_table(scores)
    return [
        Text(text),
        Figures([_report_figures.ranks(tests.over_tasks, scores["model"].unique())]),
        table,
    ]


def _tests(scores, tests):
    if tests is None:
        return []
    if scores["task"].nunique() == 1:
        table = _report_tables.tests_on_a_table(scores, tests.on_task)
        # Of two models the table says it all.
        many = _n_measured(scores) > 2
        figures = _figures([_report_figures.pairs(tests.on_task)] if many else [])
        return [Text(_ON_A_TABLE), *table, *figures]
    over = _report_tables.tests_over_tables(tests.over_tasks)
    on_each = _report_tables.tests_on_a_table(scores, tests.on_task)
    return [Text(_OVER_TABLES), *over, Text(_ON_A_TABLE), *on_each]


_ON_A_TABLE = (
    "Within a table, the best model is compared with each other one. The training rows of the "
    "folds overlap, so that scores on the splits are not independent: the t-test is the corrected "
    "one of Nadeau and Bengio, and the probabilities are those of its Bayesian form. Differences "
    "up to 0.01 count as equivalent. The test is about these rows; it does not say how the models "
    "compare on other tables."
)
_OVER_TABLES = (
    "Over tables, each counts as one observation. The first tests ask whether the models differ "
    "at all, the tests of pairs which ones. All of them take the tables for a random sample of "
    "those that matter to the reader, which no test can check."
)


def _attack(scores):
    if not _report_tables.attacks_of_scores(scores):
        return []
    figures = _figures(_report_figures.robustness(scores))
    text = (
        "Each line starts at the accuracy without attack. A better attack may find more: the "
        "accuracy under the worst perturbation of a size is at most that under any attack."
    )
    if CertifiedScorer.attack in set(scores["attack"]):
        text += " It is at least the certified accuracy."
    if _report_figures.shows_the_strongest(scores):
        text += (
            " The figures show, for each split, the attack that leaves the least; the table shows "
            "all."
        )
    return [Text(text), *figures, _report_tables.attack_table(scores)]


def _calibration(bins):
    figures = [] if bins.empty else _report_figures.calibration(bins)
    if not figures:
        return []
    text = (
        "How often a prediction is right (accuracy) against the probability that the model gives "
        "it (confidence), over the test rows of all splits and tables. On the diagonal both "
        "agree; below it the model is too sure. The larger a mark, the more predictions it holds: "
        "small ones say little. The error is that of all these predictions together, at most the "
        "mean of the errors on single splits."
    )
    return [Text(text), Figures(figures)]


def _times(scores):
    table = _report_tables.times_table(scores)
    return [] if table is None else [Figures([_report_figures.times(scores)]), table]


def _missing(missing):
    return [] if missing.empty else [_report_tables.missing_table(missing)]


def _again(environment):
    command = environment.get("command") or environment.get("call")
    return [
        *([Code(str(command))] if command else []),
        *_report_tables.environment_blocks(environment),
    ]
