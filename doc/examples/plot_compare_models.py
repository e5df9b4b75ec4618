"""
Comparing models, and which differences are real
================================================

Five classifiers on the same folds of three small tables: scores, ranks, tests, calibration and
times.
"""

from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from skstdp import BPClassifier, PairwiseTestsDisplay, STDPClassifier
from skstdp.benchmarks import compare
from skstdp.datasets import load_tasks

models = {
    "STDP": STDPClassifier(max_iter=100),
    "BP": BPClassifier(max_iter=100),
    "logistic": LogisticRegression(),
    "forest": RandomForestClassifier(50),
    "neighbours": KNeighborsClassifier(),
}
tasks = [load_tasks(name)[-1] for name in ("iris", "wine", "breast_cancer")]
result = compare(tasks, estimators=models, scorers=(), n_splits=5, n_repeats=2, curves=False)

# %%
# A box goes from the first to the third quartile of the splits, and points are the splits. The
# dotted line is the accuracy of predicting the largest class for all.

display = result.plot_scores()

# %%
# Could the difference of two models on one table be chance? Folds share training rows, which the
# corrected t-test takes into account. A difference up to 0.01 counts as none.

tests = result.tests(rope=0.01)
cancer = tests.on_task[tests.on_task["task"] == "breast_cancer"]
columns = ["model_a", "model_b", "difference", "p_holm", "equivalent"]
print(cancer[columns].round(3).to_string(index=False))
display = PairwiseTestsDisplay(cancer).plot()

# %%
# Over tables each one counts once. Three are too few for a difference of two models to be found,
# as the notes say, so that one bar joins all of them.

print(tests.over_tasks.omnibus.round(3).to_string())
print(*tests.over_tasks.notes, sep="\n")
display = result.plot_ranks()

# %%
# Confidence against accuracy, over the predictions of all splits:

display = result.plot_calibration()

# %%
# Times of fits and predictions:

display = result.plot_times()
