"""
Watch training with callbacks
=============================

The classifiers call scikit-learn's callbacks at the end of each epoch. Callbacks can show
progress, record scores, and stop a fit.
"""

from matplotlib import pyplot
from sklearn.callback import ScoringMonitor
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skstdp import BPClassifier, EarlyStopping, RobustnessMonitor, STDPClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X / 16, y, stratify=y, random_state=0)

# %%
# scikit-learn's `ScoringMonitor` scores the training data with any scorer, and our
# `RobustnessMonitor` attacks the data that it is given, here after every third epoch. On a
# terminal, add scikit-learn's `ProgressBar`.

figure, ax = pyplot.subplots(figsize=(6.4, 4.2), layout="constrained")
for classifier, color in ((STDPClassifier, "#0072B2"), (BPClassifier, "#D55E00")):
    monitor = RobustnessMonitor([8 / 255, 24 / 255], X_val=X_test, y_val=y_test, every=3)
    recall = ScoringMonitor(scoring="recall_macro")
    network = classifier((50,), max_iter=60, random_state=0).set_callbacks(monitor, recall)
    network.fit(X_train, y_train)
    log = monitor.get_logs().data_as_pandas.query("task_name == 'epoch'")
    for score, style in (("clean", "-"), ("FGSM 8/255", "--"), ("FGSM 24/255", ":")):
        label = f"{classifier.__name__}, {score}"
        ax.plot(log["task_id"] + 1, log[score], style, color=color, label=label)
ax.set(xlabel="Epoch", ylabel="Accuracy on test images", ylim=(0, 1.02))
ax.grid(alpha=0.3)
ax.legend(fontsize="small")
print(recall.get_logs().data_as_pandas[["task_name", "task_id", "recall_macro"]].tail(3).round(4))

# %%
# `EarlyStopping` ends the fit when a score no longer improves, here the accuracy on images that
# are not trained on. Callbacks stay set on the estimator and its clones until `set_callbacks()`
# without arguments removes them.

stopping = EarlyStopping(X_val=X_test, y_val=y_test, n_iter_no_change=15, tol=0.002)
network = STDPClassifier((50,), random_state=0).set_callbacks(stopping).fit(X_train, y_train)
print(f"Stopped after {network.n_iter_} epochs at {network.score(X_test, y_test):.3f}.")
network = network.set_callbacks().fit(X_train, y_train)
print(f"All {network.n_iter_} epochs: {network.score(X_test, y_test):.3f}.")
