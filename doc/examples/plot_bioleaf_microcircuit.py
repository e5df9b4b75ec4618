"""
The microcircuit at work
========================

Each hidden layer of a :class:`~skstdp.BioLeaFClassifier` has interneurons that predict the layer
above. The part of the feedback from this layer that they do not predict remains in the apical
compartments. It is the error from which synapses learn.
"""

import numpy as np
from matplotlib import pyplot
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from skstdp import ApicalErrorDisplay, BioLeaFClassifier, MicrocircuitDisplay

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)

# %%
# Apical potentials without and with a teacher
# --------------------------------------------
#
# Without a teacher the interneurons predict all feedback: the apical potential is zero, before
# training and after. With a teacher the apical potential is the error of the output, fed back, and
# drives the soma away from the prediction of the basal compartment. After training the network
# predicts nearly all spikes of the teacher, and the potential is small. The figure shows the most
# active cell of the second of two hidden layers.

networks = {
    "before": BioLeaFClassifier((50, 50), learning_rate_init=1e-12, max_iter=1, random_state=0),
    "after": BioLeaFClassifier((50, 50), random_state=0),
}
for network in networks.values():
    network.fit(X_train, y_train)
active = int(networks["before"].transform(X_test[:1])[0].argmax())
display = MicrocircuitDisplay.from_estimators(networks, X_test[0], y_test[0], layer=1, cell=active)

# %%
# Interneurons stay copies
# ------------------------
#
# Interneurons learn from the spikes from which the cells that they mirror learn, so the synapses
# of both stay equal without being copied:

after = networks["after"]
difference = np.abs(after.interneuron_coefs_[0] - after.coefs_[1]).max()
moved = np.abs(after.coefs_[1] - networks["before"].coefs_[1]).max()
print(f"Weights moved by up to {moved:.2f}; largest difference of the copies: {difference}")

# %%
# The error against backpropagation through time
# ----------------------------------------------
#
# Each point is a hidden cell and a sample: the gradient by backpropagation for the cell, and its
# apical potential. If feedback is as strong as the forward synapses, membranes have no memory and
# the gate is open, both are equal. With memory and gate they have the same direction. Random
# feedback is unrelated at first, and the forward synapses align with it in training.

special = {"tau_m": 1, "tau_s": 1, "gate_slope": 0, "apical_conductance": 0}
settings = {
    "special circumstance": special | {"max_iter": 2},
    "default": {"max_iter": 2},
    "random feedback, 1 epoch": {"feedback": "random", "max_iter": 1},
    "random feedback, 30 epochs": {"feedback": "random", "max_iter": 30},
}
_, axes = pyplot.subplots(2, 2, figsize=(8, 7), layout="constrained")
for ax, (name, options) in zip(axes.flat, settings.items(), strict=True):
    network = BioLeaFClassifier((50,), random_state=0, **options).fit(X_train, y_train)
    ApicalErrorDisplay.from_estimator(network, X_test, y_test, name=name, ax=ax)
