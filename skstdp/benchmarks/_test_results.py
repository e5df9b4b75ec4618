"""Results of the tests of a comparison."""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from .._utils._validation import check_option

if TYPE_CHECKING:
    from typing import Literal

_COLUMNS = {"holm": "p_holm", "wilcoxon": "p_value", "nemenyi": "p_nemenyi"}


class RankTests(NamedTuple):
    r"""Tests of whether models differ over several tasks, all at once and pair by pair.

    Each task counts as one observation, the mean over its splits. The tests are those that
    Demsar [1]_ recommends; for the pairs Wilcoxon's takes the place of Nemenyi's, which is there
    as well: whether two models differ does not depend on which others were compared [2]_.

    Attributes
    ----------
    ranks : Series of shape (n_models,)
        Mean rank of each model over the tasks, in [1, n_models]; 1 is the best. Models with the
        same mean on a task share the average of their ranks there. NaN for models left out.
    omnibus : DataFrame
        Tests of all models at once: columns test ("Friedman", "Friedman, corrected for ties" and
        "Iman-Davenport"), statistic, df1, df2 (degrees of freedom; NaN if there is no second
        number) and p_value. NaN where there are fewer than two tasks or three models.
    pairs : DataFrame
        One row per pair of models: columns model_a, model_b, difference (mean of a less that of
        b over the tasks), wins, ties and losses (of a, in tasks), p_value (Wilcoxon's signed-rank
        test), p_holm (the same, corrected by Holm for the number of pairs) and p_nemenyi. NaN
        where there are fewer than two tasks.
    critical_difference : float
        Difference of mean ranks from which Nemenyi's test finds two models different.
    alpha : float
        Level of significance of the critical difference and of the notes.
    n_tasks : int
        Number of tasks on which all of these models were measured.
    notes : tuple of str
        What was left out or cannot be tested, and why; and whether there are too few tasks for any
        difference to be found.

    See Also
    --------
    Comparison.tests : Computes them.
    CriticalDifferenceDisplay : Figure of mean ranks and of models that do not differ.

    Notes
    -----
    With the mean ranks :math:`R_j` of k models over N tasks, Friedman's statistic is

    .. math::
        \chi_F^2 = \frac{12 N}{k (k + 1)} \left[ \sum_j R_j^2 - \frac{k (k + 1)^2}{4} \right],

    with k - 1 degrees of freedom. The second row has it corrected for ties. The third, by Iman and
    Davenport, is less conservative,

    .. math:: F_F = \frac{(N - 1) \chi_F^2}{N (k - 1) - \chi_F^2},

    with k - 1 and (k - 1)(N - 1) degrees of freedom. If all tasks rank the models alike, F is
    infinite and its p-value :math:`(1 / k!)^{N - 1}` [3]_. By Nemenyi's test two mean ranks differ
    if they are at least :math:`q_\alpha \sqrt{k (k + 1) / (6 N)}` apart.

    Wilcoxon's test is exact, with ties too; the ranks of differences of 0 are split evenly between
    both signs. With N tasks its smallest p-value is :math:`2^{1 - N}`: five tasks can show
    nothing at 0.05.

    References
    ----------
    .. [1] J. Demsar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 7,
           2006.
    .. [2] A. Benavoli, G. Corani and F. Mangili, "Should We Really Use Post-Hoc Tests Based on
           Mean-Ranks?", JMLR 17, 2016.
    .. [3] William J. Conover, "Practical Nonparametric Statistics", 3rd ed., 1999, section 5.8.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skstdp.benchmarks import Comparison
    >>> rng = np.random.default_rng(0)
    >>> scores = pd.DataFrame(
    ...     {
    ...         "task": np.repeat([f"table {k}" for k in range(12)], 3),
    ...         "model": ["STDP", "BP", "forest"] * 12,
    ...         "split": 0,
    ...         "attack": "none",
    ...         "epsilon": 0.0,
    ...         "accuracy": rng.normal([0.80, 0.85, 0.86], 0.02, (12, 3)).ravel(),
    ...         "n_train": 80,
    ...         "n_test": 20,
    ...     }
    ... )
    >>> tests = Comparison(scores=scores).tests().over_tasks
    >>> tests.omnibus.round(4)
                               test  statistic  df1   df2  p_value
    0                      Friedman    18.6667    2   NaN   0.0001
    1  Friedman, corrected for ties    18.6667    2   NaN   0.0001
    2                Iman-Davenport    38.5000    2  22.0   0.0000
    >>> tests.pairs[["model_a", "model_b", "wins", "losses", "p_holm"]].round(4)
      model_a model_b  wins  losses  p_holm
    0    STDP      BP     0      12  0.0015
    1    STDP  forest     0      12  0.0015
    2      BP  forest     4       8  0.0640
    >>> round(tests.critical_difference, 3)
    0.957
    """

    ranks: pd.Series
    omnibus: pd.DataFrame
    pairs: pd.DataFrame
    critical_difference: float
    alpha: float
    n_tasks: int
    notes: tuple[str, ...]

    def p_values(self, test: Literal["holm", "wilcoxon", "nemenyi"] = "holm") -> pd.DataFrame:
        """Arrange the p-values of all pairs as a symmetric matrix.

        Parameters
        ----------
        test : {"holm", "wilcoxon", "nemenyi"}, default="holm"
            Wilcoxon's test with or without the correction of Holm, or Nemenyi's.

        Returns
        -------
        p_values : DataFrame of shape (n_models, n_models)
            With 1 on the diagonal, and NaN for models left out.

        Raises
        ------
        ValueError
            If there is no such test.
        """
        check_option(test, "test", _COLUMNS)
        models = self.ranks.index
        matrix = pd.DataFrame(nan, index=models, columns=models)
        of_pairs = self.pairs[["model_a", "model_b", _COLUMNS[test]]]
        for a, b, p_value in of_pairs.itertuples(index=False):
            matrix.loc[a, b] = matrix.loc[b, a] = p_value
            matrix.loc[a, a] = matrix.loc[b, b] = 1.0
        return matrix


class SignificanceTests(NamedTuple):
    r"""Tests of the differences between models, over the tasks and on each.

    The training rows of the folds of a cross-validation overlap, so that the scores of its splits
    are not independent, and a plain t-test finds differences that are not there. On a task the
    test is that of Nadeau and Bengio [1]_, which corrects the variance. Its Bayesian form [2]_
    answers another question: how probable is it that one model is better by more than matters?

    Attributes
    ----------
    over_tasks : RankTests
        Ranks, tests of all models at once and of pairs, each task one observation.
    on_task : DataFrame
        One row per task and pair of models: columns task, model_a, model_b, n_splits (on which
        both were measured), difference (mean of a less that of b), t (statistic with n_splits - 1
        degrees of freedom), p_value (two-sided), p_holm (corrected by Holm for the pairs of the
        task), a_better, equivalent and b_better (probabilities that a is better by more than
        `rope`, that the two are within it, and that b is better by more than it; they add up to
        1) and reason (text: why values are NaN or what was left out, else "").

    See Also
    --------
    Comparison.tests : Computes them.
    PairwiseTestsDisplay : Figure of the probabilities on one task.

    Notes
    -----
    With differences :math:`x_1, \ldots, x_n` on n splits, their mean :math:`\bar x` and variance
    :math:`\hat\sigma^2`, and the numbers of test and training rows,

    .. math::
        t = \frac{\bar x}
        {\sqrt{(1 / n + n_\mathrm{test} / n_\mathrm{train}) \, \hat\sigma^2}}.

    The posterior of the difference is Student's t-distribution with n - 1 degrees of freedom
    around :math:`\bar x`, scaled by the denominator of t.

    Equal scores on every split have a p-value of 1 and are equivalent. If the difference is the
    same on every split and not 0, there is no spread to compare it with. Fits on fixed test rows
    differ in their seed alone, so that their spread says nothing about other rows. Both are NaN.

    References
    ----------
    .. [1] C. Nadeau and Y. Bengio, "Inference for the Generalization Error", Machine Learning 52,
           2003.
    .. [2] A. Benavoli, G. Corani, J. Demsar and M. Zaffalon, "Time for a Change: a Tutorial for
           Comparing Multiple Classifiers Through Bayesian Analysis", JMLR 18, 2017.

    Examples
    --------
    >>> import pandas as pd
    >>> from skstdp.benchmarks import Comparison
    >>> scores = pd.DataFrame(
    ...     {
    ...         "task": "iris",
    ...         "model": ["STDP"] * 5 + ["BP"] * 5,
    ...         "split": [0, 1, 2, 3, 4] * 2,
    ...         "attack": "none",
    ...         "epsilon": 0.0,
    ...         "accuracy": [0.97, 0.93, 1.00, 0.93, 0.97, 0.90, 0.93, 0.97, 0.83, 0.93],
    ...         "n_train": 120,
    ...         "n_test": 30,
    ...     }
    ... )
    >>> tests = Comparison(scores=scores).tests()
    >>> tests.on_task.drop(columns=["task", "reason"]).round(3).T
                    0
    model_a      STDP
    model_b        BP
    n_splits        5
    difference  0.048
    t           1.866
    p_value     0.135
    p_holm      0.135
    a_better    0.893
    equivalent  0.063
    b_better    0.044
    >>> tests.over_tasks.notes
    ('1 table(s) are left, but tests over tables need at least two: see the tests on each table.',)
    """

    over_tasks: RankTests
    on_task: pd.DataFrame
