"""Result of a comparison: its tables, and what follows from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from ._comparison_figures import ComparisonFigures
from ._saving import save_tables
from ._statistics import fixed_tasks, mean_ranks, rank_tests, t_tests
from ._summary import summarise
from ._test_results import SignificanceTests

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


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


class Comparison(ComparisonFigures):
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
        Versions of packages by name, platform, date, duration in seconds; and command, if it was
        made by one. A report shows two more that you may add, both text: question, its title, and
        call, how the comparison was made.

    See Also
    --------
    compare : Makes one.
    summarise : The same summary, of any rows of `scores`.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skstdp.benchmarks import compare
    >>> models = {"logistic": LogisticRegression(), "Bayes": GaussianNB()}
    >>> result = compare("iris", estimators=models, scorers=(), n_repeats=1)
    >>> result
    <Comparison of 2 model(s) on 4 task(s): 40 fits>
    >>> result.summary("roc_auc")[["task", "model", "clean_mean"]].round(3).tail(2)
       task     model  clean_mean
    6  iris  logistic       0.988
    7  iris     Bayes       0.997
    >>> result.ranks("log_loss")
    model
    logistic    2.0
    Bayes       1.0
    Name: rank, dtype: float64
    >>> result.tasks[["task", "n_samples", "n_classes"]]
           task  n_samples  n_classes
    0  iris 0v1        100          2
    1  iris 0v2        100          2
    2  iris 1v2        100          2
    3      iris        150          3
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
        from ._notebook import notebook_repr

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
    ) -> pd.Series:
        """Mean ranks of the models over the tasks; 1 is the best.

        All models are ranked on the same tasks, those on which all of them were measured. A model
        that would leave few of these is left out.

        Parameters
        ----------
        measure : str, default="accuracy"
            Column of `scores`.
        attack, epsilon : str and float, default="none" and 0.0
            Rows of `scores`.

        Returns
        -------
        ranks : Series of shape (n_models,)
            By model; NaN for models left out. Models with the same mean on a task share the
            average of their ranks there. Of the log loss, the Brier score, the calibration error
            and times less is better.

        Raises
        ------
        ValueError
            If there is no such column, attack or size.
        """
        return mean_ranks(self.scores, measure, attack, epsilon)

    def tests(
        self,
        measure: str = "accuracy",
        attack: str = "none",
        epsilon: float = 0.0,
        *,
        rope: float = 0.01,
        alpha: float = 0.05,
    ) -> SignificanceTests:
        """Test which differences between the models are more than chance.

        Parameters
        ----------
        measure : str, default="accuracy"
            Column of `scores`.
        attack, epsilon : str and float, default="none" and 0.0
            Rows of `scores`.
        rope : float, default=0.01
            Region of practical equivalence: the largest difference that does not matter, in units
            of the measure, >= 0.
        alpha : float, default=0.05
            Level of significance of the critical difference and of the notes, in (0, 1).

        Returns
        -------
        tests : SignificanceTests
            Over the tasks, and on each task.

        Raises
        ------
        ValueError
            If there is no such column, attack or size, or a number is out of its range.
        ImportError
            If scikit-posthocs is not installed.
        """
        of = {"measure": measure, "attack": attack, "epsilon": epsilon}
        fixed = fixed_tasks(self.scores, self.tasks)
        return SignificanceTests(
            rank_tests(self.scores, **of, alpha=alpha),
            t_tests(self.scores, **of, rope=rope, fixed=fixed),
        )

    def to_html(self, path: str | Path) -> Path:
        """Write a report: one HTML file with all figures in it, which loads nothing.

        It holds an answer in two sentences, the data and how they were prepared, the settings
        that tuning chose, scores with box plots, ranks and tests, accuracy under attack,
        calibration, times, what could not be measured, and how to make it again. Parts that have
        nothing to say are left out. The same comparison gives the same bytes.

        Parameters
        ----------
        path : str or path-like
            File to write.

        Returns
        -------
        path : Path
            The file.

        Raises
        ------
        ImportError
            If jinja2, matplotlib or scikit-posthocs is not installed.
        OSError
            If the file cannot be written.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> from sklearn.linear_model import LogisticRegression
        >>> from skstdp.benchmarks import compare
        >>> models = {"logistic": LogisticRegression()}
        >>> result = compare("iris", estimators=models, scorers=(), n_repeats=1)
        >>> with TemporaryDirectory() as folder:
        ...     result.to_html(Path(folder) / "report.html").name
        'report.html'
        """
        from ._report import write_html

        return write_html(self, path)

    def to_markdown(self, path: str | Path) -> Path:
        """Write the report as Markdown, and its figures as SVG to a folder beside it.

        Parameters
        ----------
        path : str or path-like
            File to write. The figures of `report.md` are in the folder `report_figures`.

        Returns
        -------
        path : Path
            The file.

        Raises
        ------
        ImportError
            If jinja2, matplotlib or scikit-posthocs is not installed.
        OSError
            If a file cannot be written.
        """
        from ._report import write_markdown

        return write_markdown(self, path)

    def save(
        self, folder: str | Path, formats: Sequence[str] = ("csv", "json", "parquet")
    ) -> list[Path]:
        """Write the tables, one file per table and format.

        The files have the names and columns of the attributes: `scores.csv` and so on, also of
        tables without rows. The column parameters of `settings` is text of JSON. The environment
        is in `environment.json`.

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

        Raises
        ------
        ImportError
            If pyarrow, which "parquet" needs, is not installed.
        OSError
            If the folder cannot be written to.
        ValueError
            If a format is none of these.
        """
        return save_tables(self, folder, formats)
