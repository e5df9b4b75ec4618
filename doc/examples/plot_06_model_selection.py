"""
Robust model selection
======================

A grid search that measures accuracy without and with attack, and keeps what is best under attack.
"""

import pandas as pd
from matplotlib import pyplot
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skstdp import RobustnessCurveDisplay, STDPClassifier, attack_scorers

X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
pipeline = make_pipeline(MinMaxScaler(clip=True), STDPClassifier((30,), random_state=0))
grid = {"stdpclassifier__weight_decay": [0.0, 0.01, 0.1]}

# %%
# `attack_scorers` makes one scorer for each size of the attack, and one without. Any of them may
# choose: `refit` names it.

scoring = attack_scorers([4 / 255, 8 / 255, 12 / 255])
print(list(scoring))
search = GridSearchCV(pipeline, grid, scoring=scoring, refit="FGSM 12/255", cv=3)
search.fit(X_train, y_train)

results = pd.DataFrame(search.cv_results_)
columns = {f"mean_test_{name}": name for name in scoring}
table = results.set_index("param_stdpclassifier__weight_decay")[list(columns)]
print(table.rename(columns=columns).round(3))
print("Chosen:", search.best_params_)

# %%
# On test data, the choice for accuracy alone and the choice for accuracy under attack:

best = {}
for name in ("clean", "FGSM 12/255"):
    chosen = results.sort_values(f"mean_test_{name}", kind="stable")["params"].iloc[-1]
    label = f"best {name}: decay {chosen['stdpclassifier__weight_decay']}"
    best[label] = pipeline.set_params(**chosen).fit(X_train, y_train)
    pipeline = make_pipeline(MinMaxScaler(clip=True), STDPClassifier((30,), random_state=0))
RobustnessCurveDisplay.from_estimator(best, X_test, y_test)
_ = pyplot.ylim(0, 1)
