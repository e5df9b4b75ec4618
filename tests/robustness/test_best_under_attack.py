import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skstdp import (
    BestUnderAttack,
    ConstantPredictionWarning,
    FGSMScorer,
    STDPClassifier,
    attack_scorers,
    fgsm,
)

GRID = {"C": [1e-6, 1, 100]}

# Searches score the constant among the candidates, too.
constant_candidate = pytest.mark.filterwarnings("ignore::skstdp.ConstantPredictionWarning")


@pytest.fixture(scope="module")
def noisy():
    """Two classes, 31 % and 69 %, that one column tells apart badly."""
    rng = np.random.RandomState(0)
    y = (rng.rand(300) < 0.3).astype(int)
    X = rng.rand(300, 4)
    X[:, 0] = np.clip(0.35 + 0.3 * y + 0.2 * rng.randn(300), 0, 1)
    return X, y


def results(clean, attacked, n_folds=2):
    """Scores of some candidates (rows) on some folds (columns), as a search has them."""
    table = {}
    for name, scores in (("clean", clean), ("fgsm", attacked)):
        scores = np.array(scores, dtype=float)
        table[f"mean_test_{name}"] = scores.mean(axis=1)
        for fold, column in enumerate(scores.T):
            table[f"split{fold}_test_{name}"] = column
    return table


@constant_candidate
def test_the_best_score_under_attack_is_that_of_a_constant(noisy):
    X, y = noisy
    scoring = attack_scorers([0.15])
    searches = {}
    for name, refit in (("plain", "FGSM 0.15"), ("robust", BestUnderAttack("FGSM 0.15"))):
        searches[name] = GridSearchCV(
            LogisticRegression(), GRID, scoring=scoring, refit=refit, cv=3
        ).fit(X, y)
    # No attack changes it, and it is right as often as its class is frequent.
    assert searches["plain"].best_params_ == {"C": 1e-6}
    assert set(searches["plain"].predict(X)) == {0}
    assert searches["robust"].best_params_["C"] >= 1
    assert balanced_accuracy_score(y, searches["robust"].predict(X)) > 0.6


@constant_candidate
def test_of_a_local_rule_that_decays_to_nothing(noisy):
    X, y = noisy
    pipeline = make_pipeline(MinMaxScaler(), STDPClassifier((10,), max_iter=20, random_state=0))
    search = GridSearchCV(
        pipeline,
        {"stdpclassifier__weight_decay": [0.001, 3]},
        scoring=attack_scorers([0.2], metric="balanced_accuracy"),
        refit=BestUnderAttack("FGSM 0.2"),
        cv=2,
    )
    with pytest.warns(ConstantPredictionWarning, match="for all 150 samples, which hold 2"):
        search.fit(X, y)
    assert search.best_params_ == {"stdpclassifier__weight_decay": 0.001}
    assert len(set(search.predict(X))) == 2


class TestChoice:
    def test_within_one_standard_error(self):
        """The cleanest has 0.8 and 0.9: 0.85, and a standard error of 0.05."""
        clean = [[0.8, 0.9], [0.79, 0.83], [0.78, 0.80], [0.5, 0.5]]
        attacked = [[0.1, 0.1], [0.2, 0.2], [0.3, 0.3], [0.5, 0.5]]
        assert BestUnderAttack("fgsm")(results(clean, attacked)) == 1
        assert BestUnderAttack("fgsm", tolerance=0.06)(results(clean, attacked)) == 2
        assert BestUnderAttack("fgsm", tolerance=0)(results(clean, attacked)) == 0
        assert BestUnderAttack("fgsm", tolerance=1)(results(clean, attacked)) == 3

    def test_a_tolerance_is_reached_in_spite_of_rounding(self):
        clean, attacked = [[0.9, 0.9], [0.88, 0.88]], [[0.1, 0.1], [0.2, 0.2]]
        assert 0.9 - 0.88 > 0.02
        assert BestUnderAttack("fgsm", tolerance=0.02)(results(clean, attacked)) == 1

    def test_of_equals_the_cleaner_and_then_the_first(self):
        clean, attacked = [[0.8, 0.8], [0.9, 0.9], [0.9, 0.9]], [[0.5, 0.5]] * 3
        assert BestUnderAttack("fgsm", tolerance=0.2)(results(clean, attacked)) == 1

    def test_candidates_without_a_score_are_left_out(self):
        clean = [[np.nan, 1], [0.8, 0.9], [0.8, 0.9]]
        attacked = [[1, 1], [np.nan, 1], [0.4, 0.4]]
        assert BestUnderAttack("fgsm")(results(clean, attacked)) == 2
        with pytest.raises(ValueError, match=r"Got no candidate with finite scores 'clean' and"):
            BestUnderAttack("fgsm")(results([[np.nan, 1]], [[1, 1]]))

    def test_names_of_scores_are_the_whole_ones(self):
        table = results([[0.8, 0.9], [0.7, 0.7]], [[0.1, 0.1], [0.2, 0.2]])
        # The folds of another score whose name ends alike.
        table |= {f"split{fold}_test_un_test_clean": np.array([fold, 0]) for fold in range(2)}
        assert BestUnderAttack("fgsm")(table) == 0


@constant_candidate
class TestInSearches:
    REFIT = BestUnderAttack("fgsm", clean="accuracy", tolerance=0.02)
    SCORING = {"accuracy": "accuracy", "fgsm": FGSMScorer(0.1)}

    @pytest.mark.parametrize(
        "make",
        [
            lambda **options: GridSearchCV(LogisticRegression(), GRID, **options),
            lambda **options: RandomizedSearchCV(
                LogisticRegression(), GRID, n_iter=3, random_state=0, **options
            ),
        ],
        ids=["grid", "random"],
    )
    @pytest.mark.process
    def test_in_two_processes_after_clone_and_pickle(self, make, noisy):
        search = make(scoring=self.SCORING, refit=self.REFIT, cv=3, n_jobs=2)
        search = pickle.loads(pickle.dumps(clone(search))).fit(*noisy)
        assert search.best_index_ == self.REFIT(search.cv_results_)
        table = pd.DataFrame(search.cv_results_)
        close = table[table["mean_test_accuracy"] >= table["mean_test_accuracy"].max() - 0.02]
        assert search.best_index_ == close["mean_test_fgsm"].idxmax()

    def test_score_of_the_search_is_that_under_attack(self, noisy):
        X, y = noisy
        search = GridSearchCV(
            LogisticRegression(), GRID, scoring=self.SCORING, refit=self.REFIT, cv=3
        ).fit(X, y)
        attacked = fgsm(search.best_estimator_, X, y, epsilon=0.1)
        assert search.score(X, y) == search.best_estimator_.score(attacked, y)

    def test_a_name_that_is_not_there(self, noisy):
        search = GridSearchCV(
            LogisticRegression(), GRID, scoring=self.SCORING, refit=BestUnderAttack("pgd"), cv=2
        )
        message = r"Got the scores \['accuracy', 'fgsm'\], but BestUnderAttack\('pgd'.* expected"
        with pytest.raises(ValueError, match=message):
            search.fit(*noisy)

    def test_one_fold_has_no_standard_error(self, noisy):
        X, y = noisy
        options = {"scoring": self.SCORING, "cv": [(range(200), range(200, 300))]}
        refit = BestUnderAttack("fgsm", clean="accuracy")
        search = GridSearchCV(LogisticRegression(), GRID, refit=refit, **options)
        with pytest.raises(ValueError, match="Got tolerance='1se' and 1 fold, but expected at le"):
            search.fit(X, y)
        search.set_params(refit=self.REFIT).fit(X, y)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((FGSMScorer(),), {}, TypeError, r"Got attacked=FGSMScorer\("),
        (("fgsm",), {"clean": None}, TypeError, "Got clean=None"),
        (("fgsm",), {"tolerance": "2se"}, ValueError, "Got tolerance='2se', but expected '1se'"),
        (("fgsm",), {"tolerance": -0.1}, ValueError, "Got tolerance=-0.1"),
        (("fgsm",), {"tolerance": None}, TypeError, "Got tolerance=None"),
    ],
)
def test_bad_parameters(arguments, options, error, message):
    with pytest.raises(error, match=message):
        BestUnderAttack(*arguments, **options)


def test_repr_and_equality():
    refit = BestUnderAttack("fgsm", tolerance=0.1)
    assert repr(refit) == "BestUnderAttack('fgsm', clean='clean', tolerance=0.1)"
    assert eval(repr(refit)) == refit == "fgsm"
    assert refit != BestUnderAttack("fgsm") != "clean"
