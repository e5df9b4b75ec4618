"""
FGSM on scikit-learn's own MLP
==============================

The attacks take scikit-learn's classifiers too, through pipelines. This example shows the effect
of a step of 0.2 in each pixel on images of digits.
"""

import numpy as np
from matplotlib import pyplot
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.svm import SVC

from skstdp import RobustnessCurveDisplay, STDPClassifier, fgsm

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)
mlp = make_pipeline(MinMaxScaler(), MLPClassifier((50,), max_iter=1000, random_state=0))
mlp.fit(X_train, y_train)

attacked = fgsm(mlp, X_test, y_test, epsilon=0.2, bounds=(0, 1), space="input")
print(f"Accuracy {mlp.score(X_test, y_test):.3f}, attacked {mlp.score(attacked, y_test):.3f}")

# %%
# Images that were classified correctly before the attack, the change by the attack, and the
# result:

before, after = mlp.predict(X_test), mlp.predict(attacked)
rows = np.flatnonzero((before == y_test) & (after != y_test))[:8]
figure, axes = pyplot.subplots(3, 8, figsize=(9, 4.2), layout="constrained")
for (top, middle, bottom), row in zip(axes.T, rows, strict=True):
    top.imshow(X_test[row].reshape(8, 8), cmap="gray", vmin=0, vmax=1)
    top.set_title(f"{before[row]}")
    change = (attacked[row] - X_test[row]).reshape(8, 8)
    middle.imshow(change, cmap="RdBu_r", vmin=-0.2, vmax=0.2)
    bottom.imshow(attacked[row].reshape(8, 8), cmap="gray", vmin=0, vmax=1)
    bottom.set_title(f"{after[row]}")
for ax, label in zip(axes[:, 0], ("image", "change", "attacked"), strict=True):
    ax.set_ylabel(label)
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])

# %%
# Several classifiers under the same attack:

models = {
    "MLPClassifier": mlp,
    "LogisticRegression": LogisticRegression(max_iter=1000).fit(X_train, y_train),
    "SVC": SVC().fit(X_train, y_train),
    "STDPClassifier": STDPClassifier((50,), random_state=0).fit(X_train, y_train),
}
display = RobustnessCurveDisplay.from_estimator(
    models, X_test, y_test, epsilons=[0.05, 0.1, 0.15, 0.2], bounds=(0, 1), space="input"
)
