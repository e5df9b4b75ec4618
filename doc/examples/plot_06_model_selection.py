"""
Robust model selection
======================

A grid search that measures accuracy without and with attack, and keeps the candidate that is best
under attack among those that are good without attack.
"""

import pandas as pd
from matplotlib import pyplot
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skstdp import BestUnderAttack, RobustnessCurveDisplay, STDPClassifier, attack_scorers

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
pipeline = make_pipeline(MinMaxScaler(clip=True), STDPClassifier((30,), random_state=0))
grid = {"stdpclassifier__receptive_fields": [2, 4, 8, "auto"]}

# %%
# `attack_scorers` makes one scorer for each size of the attack, and one without attack. A model
# that predicts one class cannot be attacked, so the score under attack alone may choose it.
# `BestUnderAttack` takes the candidate with the best score under one attack among those whose
# score without attack is within one standard error of the best one. The balanced accuracy of a
# constant is far below that.

scoring = attack_scorers([4 / 255, 8 / 255, 12 / 255], metric="balanced_accuracy")
print(list(scoring))
refit = BestUnderAttack("FGSM 12/255")
search = GridSearchCV(pipeline, grid, scoring=scoring, refit=refit, cv=3)
search.fit(X_train, y_train)

results = pd.DataFrame(search.cv_results_)
columns = {f"mean_test_{name}": name for name in scoring}
table = results.set_index("param_stdpclassifier__receptive_fields")[list(columns)]
print(table.rename(columns=columns).rename_axis("fields").round(3).to_string())
print("Chosen:", search.best_params_)

# %%
# On test data, the choice by the score under attack alone, and the choice among the candidates
# that are good without attack:

best = {}
attacked = results[f"mean_test_{refit.attacked}"]
for name, index in (("alone", attacked.argmax()), ("BestUnderAttack", search.best_index_)):
    chosen = results["params"][index]
    label = f"{name}: {chosen['stdpclassifier__receptive_fields']} fields"
    best[label] = clone(pipeline).set_params(**chosen).fit(X_train, y_train)
RobustnessCurveDisplay.from_estimator(best, X_test, y_test, metric="balanced_accuracy")
_ = pyplot.ylim(0, 1)
