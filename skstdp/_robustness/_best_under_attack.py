"""The choice of a search: robust, and good without attack."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._utils._validation import check_number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal


__all__ = ["BestUnderAttack"]

# By so much sums of scores in another order differ.
_ROUNDING = 1e-12


class BestUnderAttack:
    """Choice of the candidate that is best under attack, among those that are good without.

    For `refit` of `GridSearchCV`, `RandomizedSearchCV` and other searches with several scores.
    A classifier that predicts one class cannot be attacked, and its accuracy under attack is the
    share of that class: on data where few samples withstand the attack it has the best score, and
    ``refit="fgsm"`` chooses it. This choice is among the candidates whose mean score without
    attack is close to that of the cleanest one. With "balanced_accuracy" as the metric of the
    scores, a constant is not close to a classifier that has learnt something.

    Of candidates that are equally good under attack it takes the one that is better without, and
    of these the first. Candidates of which a score is NaN are left out.

    Parameters
    ----------
    attacked : str
        Name of the score under attack, as `scoring` has it.
    clean : str, default="clean"
        Name of the score without attack; "clean" is that of `attack_scorers`.
    tolerance : float or "1se", default="1se"
        Difference from the best mean score without attack that is given up for robustness, >= 0.
        "1se" is one standard error of the best candidate's mean over its folds, and needs at least
        two of them.

    Raises
    ------
    ValueError
        If `tolerance` is not in its range; when called, if there are no such scores, no candidate
        has both, or there is one fold and `tolerance` is "1se".
    TypeError
        If a name is not a str, or `tolerance` neither "1se" nor a number.

    See Also
    --------
    attack_scorers : Scores without and with attack, and the metric that they are made of.

    Notes
    -----
    `score` of the fitted search is the score under attack. scikit-learn gives searches whose
    `refit` is a function no `best_score_`: look it up in `cv_results_` at `best_index_`.
    `HalvingGridSearchCV` and `HalvingRandomSearchCV` take one score and never call `refit`; give
    them a scorer with ``metric="balanced_accuracy"``, by which a constant has 1 / n_classes.

    References
    ----------
    .. [1] L. Breiman, J. H. Friedman, R. A. Olshen, C. J. Stone, "Classification and Regression
           Trees", 1984, section 3.4.3: the rule of one standard error.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import GridSearchCV
    >>> from skstdp import BestUnderAttack, attack_scorers
    >>> X, y = load_iris(return_X_y=True)
    >>> search = GridSearchCV(
    ...     LogisticRegression(max_iter=1000),
    ...     {"C": [0.01, 1, 100]},
    ...     scoring=attack_scorers([0.2], metric="balanced_accuracy"),
    ...     refit=BestUnderAttack("FGSM 0.2"),
    ... )
    >>> search.fit(X, y).best_params_
    {'C': 1}
    """

    def __init__(
        self,
        attacked: str,
        *,
        clean: str = "clean",
        tolerance: float | Literal["1se"] = "1se",
    ) -> None:
        for name, value in (("attacked", attacked), ("clean", clean)):
            if not isinstance(value, str):
                raise TypeError(
                    f"Got {name}={value!r}, but expected the name of a score, as scoring has it."
                )
        if isinstance(tolerance, str):
            if tolerance != "1se":
                raise ValueError(f"Got tolerance={tolerance!r}, but expected '1se' or a number.")
        else:
            check_number(tolerance, "tolerance", zero=True)
        self.attacked = attacked
        self.clean = clean
        self.tolerance = tolerance

    def __call__(self, cv_results: Mapping) -> int:
        """Choose a candidate.

        Parameters
        ----------
        cv_results : dict
            The `cv_results_` of a search.

        Returns
        -------
        index : int
            Its position there.
        """
        clean, attacked = (self._means(cv_results, name) for name in (self.clean, self.attacked))
        usable = np.isfinite(clean) & np.isfinite(attacked)
        if not usable.any():
            raise ValueError(
                f"Got no candidate with finite scores {self.clean!r} and {self.attacked!r}. Set "
                "error_score='raise' in the search to see why."
            )
        cleanest = np.where(usable, clean, -np.inf).argmax()
        lowest = clean[cleanest] - self._margin(cv_results, cleanest) - _ROUNDING
        close = np.flatnonzero(usable & (clean >= lowest))
        return int(max(close, key=lambda k: (attacked[k], clean[k])))

    def _means(self, cv_results, name):
        prefix = "mean_test_"
        if prefix + name not in cv_results:
            names = [key.removeprefix(prefix) for key in cv_results if key.startswith(prefix)]
            raise ValueError(
                f"Got the scores {names}, but {self!r} expected {name!r} among them. Give the "
                f"search scoring={{{self.clean!r}: ..., {self.attacked!r}: ...}}."
            )
        return np.asarray(cv_results[prefix + name], dtype=float)

    def _margin(self, cv_results, cleanest):
        if self.tolerance != "1se":
            return self.tolerance
        folds = [
            scores[cleanest]
            for key, scores in cv_results.items()
            if key.startswith("split") and key.partition("_test_")[2] == self.clean
        ]
        if len(folds) < 2:
            raise ValueError(
                f"Got tolerance='1se' and {len(folds)} fold, but expected at least two. Give the "
                "tolerance as a number."
            )
        return np.std(folds, ddof=1) / np.sqrt(len(folds))

    # `score` of a search looks up the score that `refit` names: it is that under attack.

    def __eq__(self, other):
        if isinstance(other, BestUnderAttack):
            return vars(self) == vars(other)
        return other == self.attacked

    def __hash__(self):
        return hash(self.attacked)

    def __repr__(self):
        return (
            f"BestUnderAttack({self.attacked!r}, clean={self.clean!r}, "
            f"tolerance={self.tolerance!r})"
        )
