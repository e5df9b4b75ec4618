"""
Robust, or is the gradient masked?
==================================

An attack that follows the gradient fails where the gradient vanishes, and its failure looks like
robustness. This example has a model that looks robust for that reason alone, and shows how to
detect this.
"""

import warnings

import numpy as np
from matplotlib import pyplot
from scipy.special import expit
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import minmax_scale

from skstdp import BPClassifier, FGSMScorer, GradientMaskingWarning, robustness_report

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(minmax_scale(X), y, stratify=y, random_state=0)
network = BPClassifier((30,), random_state=0).fit(X_train, y_train)

# %%
# A second network is the first with its output weights times 1000. It makes the same decisions.
# An attack on its loss, the usual form of FGSM, fails nevertheless: the output is 0 or 1 to
# the last bit, and so the gradient of cross-entropy is zero.


class Loud(BPClassifier):
    """The same decisions, far more sure of them."""

    def fit(self, X, y):
        """Train as usual, then turn up the output."""
        super().fit(X, y)
        self.coefs_[-1] *= 1000
        self.intercepts_[-1] *= 1000
        return self


loud = Loud((30,), random_state=0).fit(X_train, y_train)


def accuracy_under_loss_gradient(model, epsilon):
    """One step along the sign of the gradient of cross-entropy, by finite differences."""

    def loss(X):
        logit = model.decision_function(X)
        return -np.log(np.where(y_test == 1, expit(logit), expit(-logit)) + 1e-300)

    step = 1e-4
    slopes = [
        loss(np.clip(X_test + step * feature, 0, 1)) - loss(np.clip(X_test - step * feature, 0, 1))
        for feature in np.eye(X.shape[1])
    ]
    return model.score(np.clip(X_test + epsilon * np.sign(np.transpose(slopes)), 0, 1), y_test)


epsilons = np.array([0, 4, 8, 12]) / 255
figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.8), layout="constrained", sharey=True)
for name, model, width in (("network", network, 6), ("loud copy", loud, 2)):
    style = {"marker": "o", "linewidth": width, "markersize": 2 * width, "label": name}
    of_loss = [accuracy_under_loss_gradient(model, epsilon) for epsilon in epsilons]
    of_margin = [FGSMScorer(epsilon)(model, X_test, y_test) for epsilon in epsilons]
    axes[0].plot(epsilons, of_loss, **style)
    axes[1].plot(epsilons, of_margin, **style)
axes[0].set(title="Gradient of the loss", ylabel="Accuracy", ylim=(0, 1))
axes[1].set(title="Gradient of the margin: FGSMScorer")
for ax in axes:
    ax.set_xlabel("Perturbation of each feature")
    ax.grid(alpha=0.3)
    ax.legend()

# %%
# On the left the loud copy seems far more robust. On the right, by the gradient of the logit
# margin, both are the same, as they should be: they make the same decisions.
#
# Attacks without the gradient
# ----------------------------
#
# `robustness_report` compares several attacks, some of which use predicted labels alone. If one of
# these finds more adversarial examples than PGD, it warns. Here none does, so the accuracy under
# PGD can be trusted:

with warnings.catch_warnings():
    warnings.simplefilter("error", GradientMaskingWarning)
    report = robustness_report(loud, X_test, y_test, epsilons=[8 / 255], n_steps=20, n_restarts=2)
print(report[["attack", "accuracy", "zero_gradient_share"]].round(3).to_string(index=False))
