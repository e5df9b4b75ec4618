"""
STDP against backprop, epoch by epoch
=====================================

Both networks start from the same weights and see the same batches. Only the rule differs.
"""

from matplotlib import pyplot
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold

from skstdp import BPClassifier, LearningCurvesDisplay, STDPClassifier

X, y = load_digits(return_X_y=True)
fits = {"STDP": [], "BP": []}
for train, test in StratifiedKFold(2, shuffle=True, random_state=0).split(X, y):
    data = {"X": X[train], "y": y[train], "X_val": X[test], "y_val": y[test]}
    for name, classifier in (("STDP", STDPClassifier), ("BP", BPClassifier)):
        fits[name].append(classifier((50,), random_state=0).fit(**data))

# %%
# The data are divided into two halves; networks are trained on one and tested on the other. Lines
# are means over both, and bands are one standard deviation. Training accuracy is measured on each
# batch before its own update.

figure, axes = pyplot.subplots(1, 2, figsize=(10, 4), layout="constrained")
LearningCurvesDisplay.from_estimator(fits, ax=axes[0])
LearningCurvesDisplay.from_estimator(fits, curve="loss", ax=axes[1])
for ax in axes:
    ax.set_xscale("log")

# %%
# The local rule improves later, and its final accuracy is slightly lower. It minimises no loss,
# and its cross-entropy on held-out images is slightly higher at the end. The values of the curves
# are a data frame:

print(fits["STDP"][0].history_.iloc[[0, 9, -1]].round(3))
for name, networks in fits.items():
    scores = [network.validation_scores_[-1] for network in networks]
    print(f"{name}: {sum(scores) / len(scores):.3f} on held-out images")
