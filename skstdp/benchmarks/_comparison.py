"""Result of a comparison: its tables, and what follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from .. import _displays
from .._utils._validation import check_option
from ._measures import MEASURES
from ._summary import summarise

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

    from matplotlib.axes import Axes

_FIT = ("task", "model", "split")
_PLACE = (*_FIT, "attack", "epsilon")

#: Columns of the tables of a comparison, by name of the table; those of scores depend on what
#: was measured.
COLUMNS = {
    "curves": (*_FIT, "epoch", "train_accuracy", "test_accuracy"),
    "settings": (*_FIT, "parameters", "inner_score"),
    "calibration": (*_FIT, "bin", "n", "confidence", "accuracy"),
    "missing": (*_PLACE, "measure", "reason"),
    "tasks": (
        "task",
        "n_samples",
        "n_features",
        "n_classes",
        "majority",
        "n_test",
        "preparation",
        "notes",
    ),
}


def scores_columns(measures):
    """Columns of the scores with these measures, of which the first is "accuracy"."""
    times = ("fit_time", "predict_time", "attack_time")
    return [*_PLACE, *measures, *times, "one_class", "majority", "n_train", "n_test"]


class SignificanceTests(NamedTuple):
    """Tests of the differences between models.

    Attributes
    ----------
    over_tasks : object
        As `skstdp.benchmarks._statistics.tests_over_tasks` returns it.
    on_task : DataFrame
        Pairs of models on each task, with a column task.
    """

    over_tasks: object
    on_task: pd.DataFrame


class Comparison:
    """Result of `compare`: tables, and statistics, figures and reports made of them.

    Parameters
    ----------
    scores, curves, settings, calibration, missing, tasks : DataFrame
        See the attributes. Only `scores` must be given; the others are empty otherwise.
    environment : dict, default=None
        See the attributes.

    Attributes
    ----------
    scores : DataFrame
        One row per fit without attack (attack "none", epsilon 0), and one for each attack on it:
        columns

        - task, model, split, attack ("none", "FGSM", "PGD", "worst case", "certified" and so on)
          and epsilon, in rate units;
        - accuracy on the test rows, in [0, 1];
        - the other measures, NaN in rows under attack: balanced_accuracy (mean recall of the
          classes), roc_auc (of two classes; of more, the mean over classes of one against the
          rest), log_loss (mean negative log probability of the true class, in nats), brier (mean
          squared error of the probabilities: of the second class where there are two, else summed
          over the classes) and calibration_error (mean distance between confidence and accuracy
          in 10 bins of the confidence, weighted by rows);
        - fit_time and predict_time, seconds, NaN in rows under attack; attack_time, seconds, NaN
          in rows without;
        - one_class, True if the model predicts one class for all test rows without attack, though
          they hold several: no attack changes its accuracy, which is not robustness;
        - majority, the accuracy of predicting the largest class of the test rows for all;
        - n_train and n_test, numbers of rows.

        A fit that failed has one row, in which all measures and times are NaN. An attack that
        was not possible has none; both are in `missing`.
    curves : DataFrame
        Accuracy during training: columns task, model, split, epoch (from 1), train_accuracy
        (over the epoch, each batch before its own update) and test_accuracy (after the epoch),
        one row per epoch. Only networks of this package have any.
    settings : DataFrame
        Chosen by tuned models and other searches: columns task, model, split, parameters (a dict,
        the `best_params_`) and inner_score (the `best_score_`).
    calibration : DataFrame
        Bins of the confidence, the predicted probability of the predicted class: columns task,
        model, split, bin (from 0), n (number of test rows), confidence and accuracy (their means,
        NaN if n is 0), 10 rows per fit with probabilities.
    missing : DataFrame
        What could not be measured: columns task, model, split, attack, epsilon, measure ("fit" if
        the fit itself failed) and reason.
    tasks : DataFrame
        One row per task: columns task, n_samples (rows to train on, or rows that are divided into
        folds), n_features (before any preparation), n_classes, majority (share of the largest
        class), n_test (fixed test rows, or those of a test fold), preparation and notes (text).
    environment : dict
        Versions of packages by name, platform, date, duration in seconds, and call.

    See Also
    --------
    compare : Makes one.
    summarise : The same summary, of any rows of `scores`.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skstdp.benchmarks import compare
    >>> from skstdp.datasets import load_tasks
    >>> models = {"logistic": LogisticRegression(), "Bayes": GaussianNB()}
    >>> result = compare(load_tasks("iris"), estimators=models, scorers=(), n_repeats=1)
    >>> list(result.summary()["model"].unique())
    ['logistic', 'Bayes']
    """

    def __init__(
        self,
        *,
        scores: pd.DataFrame,
        curves: pd.DataFrame | None = None,
        settings: pd.DataFrame | None = None,
        calibration: pd.DataFrame | None = None,
        missing: pd.DataFrame | None = None,
        tasks: pd.DataFrame | None = None,
        environment: dict | None = None,
    ) -> None:
        def table(given, name):
            return pd.DataFrame(columns=[*COLUMNS[name]]) if given is None else given

        self.scores = scores
        self.curves = table(curves, "curves")
        self.settings = table(settings, "settings")
        self.calibration = table(calibration, "calibration")
        self.missing = table(missing, "missing")
        self.tasks = table(tasks, "tasks")
        self.environment = {} if environment is None else environment

    def __repr__(self) -> str:
        n_fits = (self.scores["attack"] == "none").sum()
        n_tasks, n_models = (self.scores[name].nunique() for name in ("task", "model"))
        return f"<Comparison of {n_models} model(s) on {n_tasks} task(s): {n_fits} fits>"

    def _repr_html_(self):
        from ._report import notebook_repr

        return notebook_repr(self)

    def summary(self, measure: str = "accuracy") -> pd.DataFrame:
        """Mean and spread of a measure over the splits, as `summarise` makes them.

        Parameters
        ----------
        measure : str, default="accuracy"
            Column of `scores`.

        Returns
        -------
        summary : DataFrame
            One row per task and model.
        """
        return summarise(self.scores, measure=measure)

    def ranks(
        self, measure: str = "accuracy", attack: str = "none", epsilon: float = 0.0
    ) -> pd.DataFrame:
        """Mean ranks of the models over the tasks; 1 is the best.

        Parameters
        ----------
        measure : str, default="accuracy"
            Column of `scores`.
        attack, epsilon : str and float, default="none" and 0.0
            Rows of `scores`.

        Returns
        -------
        ranks : Series or DataFrame
            By model.
        """
        from ._statistics import mean_ranks

        return mean_ranks(self.scores, measure=measure, attack=attack, epsilon=epsilon)

    def tests(
        self,
        measure: str = "accuracy",
        attack: str = "none",
        epsilon: float = 0.0,
        rope: float = 0.01,
    ) -> SignificanceTests:
        """Test which differences between the models are more than chance.

        Parameters
        ----------
        measure : str, default="accuracy"
            Column of `scores`.
        attack, epsilon : str and float, default="none" and 0.0
            Rows of `scores`.
        rope : float, default=0.01
            Differences up to this size count as none, >= 0.

        Returns
        -------
        tests : SignificanceTests
            Over the tasks, and on each task.
        """
        from ._statistics import tests_on_task, tests_over_tasks

        of = {"measure": measure, "attack": attack, "epsilon": epsilon}
        on_task = [
            tests_on_task(rows, rope=rope, **of).assign(task=task)
            for task, rows in self.scores.groupby("task", sort=False)
        ]
        return SignificanceTests(
            tests_over_tasks(self.scores, **of), pd.concat(on_task, ignore_index=True)
        )

    def plot_scores(self, measure: str = "accuracy", ax: Axes | None = None) -> Any:
        """Draw the distribution of a measure over the splits, per task and model.

        Parameters
        ----------
        measure : str, default="accuracy"
            Column of `scores`.
        ax : matplotlib Axes, default=None
            Axes to draw on.

        Returns
        -------
        display : ScoreDistributionDisplay
            Drawn.
        """
        return _displays.ScoreDistributionDisplay(self.scores, measure=measure).plot(ax)

    def plot_ranks(self, measure: str = "accuracy", ax: Axes | None = None) -> Any:
        """Draw the mean ranks of the models, and join those that do not differ significantly.

        Parameters
        ----------
        measure : str, default="accuracy"
            Column of `scores`.
        ax : matplotlib Axes, default=None
            Axes to draw on.

        Returns
        -------
        display : CriticalDifferenceDisplay
            Drawn.
        """
        from ._statistics import means_by_task

        means = means_by_task(self.scores, measure=measure)
        return _displays.CriticalDifferenceDisplay(
            means, measure=MEASURES[measure].label, greater_is_better=MEASURES[measure][1]
        ).plot(ax)

    def plot_robustness(self, task: str | None = None, ax: Axes | None = None) -> Any:
        """Draw the accuracy against the size of the attacks.

        Parameters
        ----------
        task : str, default=None
            Name of a task. None takes all together.
        ax : matplotlib Axes, default=None
            Axes to draw on.

        Returns
        -------
        display : RobustnessCurveDisplay
            Drawn.
        """
        return _displays.RobustnessCurveDisplay(self._rows(self.scores, task)).plot(ax)

    def plot_calibration(self, task: str | None = None, ax: Axes | None = None) -> Any:
        """Draw the accuracy against the confidence, one curve per model.

        Parameters
        ----------
        task : str, default=None
            Name of a task. None takes all together.
        ax : matplotlib Axes, default=None
            Axes to draw on.

        Returns
        -------
        display : ReliabilityDisplay
            Drawn.
        """
        return _displays.ReliabilityDisplay(self._rows(self.calibration, task)).plot(ax)

    def plot_times(self, ax: Axes | None = None) -> Any:
        """Draw the times of fits and predictions.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on.

        Returns
        -------
        display : TimesDisplay
            Drawn.
        """
        return _displays.TimesDisplay(self.scores).plot(ax)

    def plot_curves(self, task: str | None = None, ax: Axes | None = None) -> Any:
        """Draw the accuracy against the epoch, of networks of this package.

        Parameters
        ----------
        task : str, default=None
            Name of a task. None takes all together.
        ax : matplotlib Axes, default=None
            Axes to draw on.

        Returns
        -------
        display : LearningCurvesDisplay
            Drawn.
        """
        return _displays.LearningCurvesDisplay(self._rows(self.curves, task)).plot(ax)

    def _rows(self, table, task):
        """Rows of a task, or of all with their number in the place of the name."""
        names = list(self.scores["task"].unique())
        if task is not None:
            check_option(task, "task", names)
            return table[table["task"] == task]
        return table if len(names) == 1 else table.assign(task=f"{len(names)} tasks")

    def to_html(self, path: str | Path) -> Path:
        """Write a report, one file that needs no other.

        Parameters
        ----------
        path : str or path-like
            File to write.

        Returns
        -------
        path : Path
            The file.
        """
        from ._report import write_html

        return write_html(self, path)

    def to_markdown(self, path: str | Path) -> Path:
        """Write the report as Markdown, with its figures beside it.

        Parameters
        ----------
        path : str or path-like
            File to write.

        Returns
        -------
        path : Path
            The file.
        """
        from ._report import write_markdown

        return write_markdown(self, path)

    def save(
        self, folder: str | Path, formats: Sequence[str] = ("csv", "json", "parquet")
    ) -> list[Path]:
        """Write the tables, one file per table and format.

        Parameters
        ----------
        folder : str or path-like
            Made if it does not exist.
        formats : sequence of {"csv", "json", "parquet"}, default=all of them
            Formats of the files.

        Returns
        -------
        paths : list of Path
            The files.
        """
        from ._report import save_tables

        return save_tables(self, folder, formats)
