"""
IRIS by spikes
==============

A network of spiking cells learns the three species. Each sample is shown for a few time steps,
and the output cell that spikes most often names the class.
"""

from sklearn.datasets import load_iris
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import train_test_split

from skstdp import BioLeaFClassifier, FGSMScorer, SpikeRasterDisplay

X, y = load_iris(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
names = load_iris().target_names
network = BioLeaFClassifier((20,), random_state=0).fit(X_train, names[y_train])
print(f"Accuracy on test data: {network.score(X_test, names[y_test]):.3f}")
_ = ConfusionMatrixDisplay.from_estimator(network, X_test, names[y_test], cmap="Blues")

# %%
# Spikes of one sample
# --------------------
#
# The inputs are constant currents: four features, then their complements, for an off cell of each.
# Hidden cells and output cells respond with trains of spikes.

display = SpikeRasterDisplay.from_estimator(network, X_test[0])

# %%
# With a teacher, the output cell of the class fires the desired spikes, here those of a wrong
# class. Circles are spikes that the cells predicted for themselves and that the teacher
# suppressed: the synapses learn from this difference.

others = [name for name in names if name != names[y_test[0]]]
display = SpikeRasterDisplay.from_estimator(network, X_test[0], label=others[0])

# %%
# Spikes as input
# ---------------
#
# A feature can also be encoded by the time at which an input cell spikes: early for a value that
# the cell prefers, late for another one. There are eight cells per feature.

timed = BioLeaFClassifier(
    (20,), input_code="latency", field_shape="gaussian", n_steps=8, random_state=0
)
timed.fit(X_train, names[y_train])
print(f"Accuracy with latencies: {timed.score(X_test, names[y_test]):.3f}")
display = SpikeRasterDisplay.from_estimator(timed, X_test[0])

# %%
# Under attack
# ------------
#
# A spike has no slope, so attacks follow a surrogate gradient:

for epsilon in (0, 4 / 255, 8 / 255, 12 / 255):
    score = FGSMScorer(epsilon=epsilon)(network, X_test, names[y_test])
    print(f"epsilon {epsilon:.3f}: accuracy {score:.3f}")
