"""What a report says, section by section; those that have nothing to say are left out."""

from __future__ import annotations

from dataclasses import dataclass

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
    sections = [
        Section("answer", "Answer", [Text(answer(comparison))]),
        Section("data", "Data", [_report_tables.data_table(comparison.tasks)]),
        Section("settings", "Settings", _settings(comparison.settings)),
        Section("scores", "Scores without attack", _scores(comparison)),
        Section("ranks", "Ranks", _ranks(comparison)),
        Section("tests", "Tests", _tests(comparison)),
        Section("attack", "Accuracy under attack", _attack(scores)),
        Section("calibration", "Calibration", _calibration(comparison.calibration)),
        Section("times", "Times", _times(scores)),
        Section("missing", "Not measured", _missing(comparison.missing)),
        Section("again", "How to make it again", _again(environment)),
    ]
    return Report(
        environment.get("question") or _title(comparison),
        _subtitle(comparison),
        [section for section in sections if section.blocks],
    )


def _title(comparison):
    tasks = list(comparison.tasks["task"])
    models = _models(comparison)
    of = enumeration(models) if len(models) <= 4 else counted(len(models), "model")
    on = enumeration(tasks) if len(tasks) <= 3 else counted(len(tasks), "table")
    return f"{of} on {on}"


def _models(comparison):
    """Return the names of all models, also of those without a score."""
    return [*dict.fromkeys([*comparison.scores["model"], *comparison.missing["model"]])]
