"""
Can the probabilities be trusted?
=================================

A reliability diagram compares the probability that a classifier gives to a class with the share of
samples that belong to it. On the diagonal both are equal.
"""

import warnings

from matplotlib import pyplot
from sklearn.calibration import CalibratedClassifierCV, CalibrationDisplay
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skstdp import BPClassifier, STDPClassifier

# A fifth of the labels is drawn again, so about a tenth is wrong: no prediction can be certain.
X, y = make_classification(
    6000, n_features=10, n_informative=5, n_redundant=0, flip_y=0.2, random_state=0
)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=1500, random_state=0)

# %%
# All classifiers have their default parameters. `MLPClassifier` warns that its 200 epochs are not
# enough.

models = {
    "STDPClassifier": STDPClassifier(random_state=0),
    "BPClassifier": BPClassifier(random_state=0),
    "MLPClassifier": make_pipeline(StandardScaler(), MLPClassifier(random_state=0)),
    "LogisticRegression": make_pipeline(StandardScaler(), LogisticRegression()),
}
figure, axes = pyplot.subplots(2, 2, figsize=(8, 7.2), layout="constrained")
for ax, (name, model) in zip(axes.flat, models.items(), strict=True):
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        model.fit(X_train, y_train)
    probabilities = model.predict_proba(X_test)[:, 1]
    CalibrationDisplay.from_predictions(
        y_test,
        probabilities,
        n_bins=10,
        strategy="quantile",
        name=f"log loss {log_loss(y_test, probabilities):.3f}",
        ax=ax,
    )
    ax.set(title=f"{name}: accuracy {model.score(X_test, y_test):.3f}")
    ax.set(xlabel="Probability of class 1, mean of a tenth", ylabel="Share of class 1")

# %%
# The outputs of `STDPClassifier` match the probabilities on the training samples
# (:doc:`/user_guide/competition`). On other samples the network is overconfident here, since it
# can memorise 1500 samples with wrong labels among them. Smaller steps help, and so does
# scikit-learn's calibration, which sets data aside:

cures = {
    "as it is": models["STDPClassifier"],
    "learning_rate_init=0.1": STDPClassifier(learning_rate_init=0.1, random_state=0),
    "CalibratedClassifierCV": CalibratedClassifierCV(STDPClassifier(random_state=0), cv=3),
}
for name, model in cures.items():
    model.fit(X_train, y_train)
    on_training, on_test = (
        log_loss(labels, model.predict_proba(samples))
        for samples, labels in ((X_train, y_train), (X_test, y_test))
    )
    print(f"{name}: log loss {on_training:.3f} on training samples, {on_test:.3f} on others")
