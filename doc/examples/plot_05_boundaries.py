"""
Decision boundaries
===================

The boundary that each rule learns between two interleaved half circles, with the same network.
"""

from matplotlib import pyplot
from matplotlib.colors import ListedColormap
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay

from skstdp import BPClassifier, STDPClassifier

X, y = make_moons(400, noise=0.2, random_state=0)
models = {
    "STDP, one field per feature": STDPClassifier(receptive_fields=1, random_state=0),
    "STDP, 2 steps and complements": STDPClassifier(receptive_fields=4, random_state=0),
    "STDP, 8 steps and complements": STDPClassifier(receptive_fields=16, random_state=0),
    "BP, 2 steps and complements": BPClassifier(receptive_fields=4, random_state=0),
}
classes = ListedColormap(["#0072B2", "#D55E00"])
figure, axes = pyplot.subplots(2, 2, figsize=(8, 6.4), layout="constrained")
for ax, (name, model) in zip(axes.flat, models.items(), strict=True):
    model.fit(X[::2], y[::2])
    DecisionBoundaryDisplay.from_estimator(
        model, X, response_method="predict", cmap=classes, alpha=0.3, eps=0.3, ax=ax
    )
    ax.scatter(*X[1::2].T, c=y[1::2], cmap=classes, s=12)
    ax.set(title=f"{name}: {model.score(X[1::2], y[1::2]):.3f}", xticks=[], yticks=[])

# %%
# The rule has no error signal that shows where a boundary fails, and seldom bends it. With several
# input units per feature (:doc:`/user_guide/encoding`), each part of the range
# has a slope of its own, and the boundary can follow the half circles. Above each panel is the
# accuracy on the points shown, which were not trained on.
