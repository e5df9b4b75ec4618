r"""
Write your own rule
===================

A local rule is a formula for the change of one synapse by one sample. In this example a formula
becomes a function of three arguments, the function becomes a classifier, and the classifier
becomes a row of a comparison.

The formula is Hebb's rule with a limit for active units,

.. math:: \Delta W = Z \, x \, p \, (1 - p)

with the rate :math:`x` of the pre-synaptic unit, the rate :math:`p` of the post-synaptic unit, and
the association :math:`Z` of the post-synaptic unit with the class of the sample.
"""

import numpy as np
from matplotlib import pyplot
from sklearn.datasets import load_iris

from skstdp import BPClassifier, LocalRuleClassifier, STDPClassifier
from skstdp.benchmarks import compare, summarise
from skstdp.datasets import load_tasks


def limited_hebb(pre, post, association):
    """Product of both rates, less for active units."""
    return association * pre * post * (1 - post)


# %%
# A rule sees one synapse: no weight, no error, no other synapse. So it can be looked at without a
# network. Hebb's rule makes active units more active still, with the limit they stop, and equation
# 3 of the paper reverses the sign where the unit fires more than its input.


def hebb(pre, post, association):
    """Product of both rates."""
    return association * pre * post


def equation_3(pre, post, association):
    """The spike-timing rule of `STDPClassifier`."""
    return association * pre**3 * post * (pre - post) / ((2 * post - pre) ** 2 + 0.1)


rates = np.linspace(0, 1, 101)
x, p = np.meshgrid(rates, rates)
figure, axes = pyplot.subplots(1, 3, figsize=(9, 3.2), sharey=True, layout="constrained")
for ax, rule in zip(axes, (hebb, limited_hebb, equation_3), strict=True):
    change = rule(x, p, 1.0)
    most = np.abs(change).max()
    image = ax.pcolormesh(rates, rates, change, cmap="RdBu_r", vmin=-most, vmax=most)
    figure.colorbar(image, ax=ax, shrink=0.8)
    ax.set(title=rule.__name__, xlabel="Rate x of the input")
_ = axes[0].set_ylabel("Rate p of the unit")

# %%
# The function is all that a network needs:

X, y = load_iris(return_X_y=True)
network = LocalRuleClassifier(rule=limited_hebb, random_state=0).fit(X, y)
print(f"Training accuracy: {network.score(X, y):.3f}")

# %%
# A rule that looks at more than its synapse is no local rule, and is refused before any work:


def normalised_hebb(pre, post, association):
    """Hebb's rule, divided by the sum of all inputs."""
    return association * pre * post / pre.sum(axis=1, keepdims=True)


try:
    LocalRuleClassifier(rule=normalised_hebb).fit(X, y)
except ValueError as error:
    print(error)

# %%
# The same network by other rules, and by backpropagation, on the same splits. Names stand for
# rules that are compiled; a function that `numba.njit` compiles is as fast as these.

models = {
    "limited Hebb": LocalRuleClassifier(rule=limited_hebb),
    "Hebb": LocalRuleClassifier(rule="hebb"),
    "STDP": STDPClassifier(),
    "BP": BPClassifier(),
}
tasks = [task for name in ("iris", "wine") for task in load_tasks(name)[-1:]]
result = compare(tasks, estimators=models, epsilons=8 / 255, n_splits=3, n_repeats=1)
print(summarise(result.scores).round(3).to_string(index=False))
