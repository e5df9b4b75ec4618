"""
A tour: from a table of your own to a model under attack
========================================================

A table with text and gaps is compared, a model is chosen by its accuracy under attack, reported,
saved, loaded and attacked. Download this page as a notebook, and put your own file in its place.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from matplotlib import pyplot
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skstdp import (
    BestUnderAttack,
    BPClassifier,
    RobustnessCurveDisplay,
    STDPClassifier,
    attack_scorers,
    fgsm,
    load_model,
    robustness_report,
    save_model,
)
from skstdp.benchmarks import compare
from skstdp.datasets import Task, load_table

# %%
# A file as people have it: loans, with two columns of text, and empty cells.

rng = np.random.default_rng(0)
n = 300
work = rng.choice(["employed", "retired", "self-employed"], n)
loans = pd.DataFrame(
    {
        "age": rng.integers(18, 75, n),
        "income": rng.gamma(8, 5, n).round(1),
        "debt": rng.gamma(2, 8, n).round(1),
        "work": work,
        "home": rng.choice(["rented", "owned"], n),
    }
)
worth = loans["income"] / 12 - loans["debt"] / 10 + (work == "employed") - (work == "retired") / 2
loans["outcome"] = np.where(worth + rng.normal(0, 0.4, n) > 1.9, "paid", "failed")
loans.loc[rng.choice(n, 25, replace=False), "income"] = np.nan
loans.loc[rng.choice(n, 15, replace=False), "work"] = np.nan

folder = TemporaryDirectory()
path = Path(folder.name, "loans.csv")
loans.to_csv(path, index=False)
print(path.read_text()[:230])

# %%
# Read it
# -------
# `load_table` says what it found. The task holds the table, and an unfitted `preparation` that
# fills the gaps and encodes the text. Rows for the last test are set aside now.

task = load_table(path, target="outcome")
print(task.describe())

X, X_test, y, y_test = train_test_split(
    task.X, task.y, test_size=100, stratify=task.y, random_state=0
)
training = Task("loans", X, y, preparation=task.preparation)

# %%
# Compare
# -------
# All models on the same folds. In each fold the preparation is fitted to the training rows, and
# features are scaled to [0, 1]. Sizes of attacks are in units of these.

models = {
    "STDP": STDPClassifier(),
    "BP": BPClassifier(),
    "logistic": LogisticRegression(),
    "MLP": MLPClassifier(max_iter=1000),
}
epsilons = [0.02, 0.05]
result = compare([training], estimators=models, epsilons=epsilons, n_splits=5, n_repeats=1)
result

# %%
# Accuracy with its spread, and under FGSM:

print(result.summary().round(3).to_string(index=False))
display = result.plot_scores()

# %%
# Report
# ------
# One HTML file with all tables, figures, tests and versions, which needs no network to be read.

report = result.to_html(Path(folder.name, "loans_report.html"))
print(report.name, f"{report.stat().st_size / 1000:.0f} kB")

# %%
# Choose a model that withstands
# ------------------------------
# The search keeps the candidate that is best under attack among those whose score without attack
# is within one standard error of the best one.

pipeline = make_pipeline(task.preparation, MinMaxScaler(clip=True), STDPClassifier(random_state=0))
grid = {"stdpclassifier__receptive_fields": [1, 2], "stdpclassifier__weight_decay": [0.001, 0.03]}
search = GridSearchCV(
    pipeline,
    grid,
    scoring=attack_scorers([0.05], metric="balanced_accuracy"),
    refit=BestUnderAttack("FGSM 0.05"),
    cv=4,
).fit(X, y)
candidates = pd.DataFrame(search.cv_results_["params"]).join(
    pd.DataFrame(search.cv_results_)[["mean_test_clean", "mean_test_FGSM 0.05"]]
)
print(candidates.round(3).to_string(index=False))
print("chosen:", search.best_params_)
search.best_estimator_

# %%
# Save and load
# -------------
# The file holds the whole pipeline, and runs no code when it is read.

save_model(search.best_estimator_, Path(folder.name, "loans.skops"))
model = load_model(Path(folder.name, "loans.skops"))
print(f"Accuracy on test rows: {model.score(X_test, y_test):.3f}")

# %%
# Attack
# ------
# Attacks side by side, on the test rows. Those that need no gradient find no more than PGD, so
# the gradient does not mislead.

attacks = robustness_report(model, X_test, y_test, epsilons=[0.02, 0.05, 0.1], n_queries=200)
print(attacks.pivot(index="attack", columns="epsilon", values="accuracy").round(3).to_string())

figure, ax = pyplot.subplots(figsize=(6.4, 3.6), layout="constrained")
display = RobustnessCurveDisplay.from_estimator(
    model, X_test, y_test, epsilons=np.linspace(0, 0.1, 6), ax=ax
)

# %%
# What attacked rows look like, in the units of the table. Age, work and home cannot change, and
# debts stay positive. Gradients are taken by differences: the preparation marks gaps in columns
# of its own, through which there is no other way.

threat = {
    "epsilon": {"income": 3.0, "debt": 3.0},
    "immutable": ["age", "work", "home"],
    "bounds": {"debt": (0, np.inf)},
}
complete = X_test.notna().all(axis=1)
rows, labels = X_test[complete], y_test[complete]
attacked = fgsm(model, rows, labels, space="input", gradient="finite-differences", **threat)
flipped = model.predict(attacked) != model.predict(rows)
print(f"{flipped.sum()} of {len(rows)} predictions change, such as:\n")
print(rows[flipped].head(3).to_string(), "\n")
print(attacked[flipped].head(3).round(1).to_string())

folder.cleanup()
