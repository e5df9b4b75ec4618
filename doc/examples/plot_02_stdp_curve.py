r"""
The STDP curve
==============

The rule takes spike times to be the inverse of rates. As a function of spike times it is a curve
of spike-timing-dependent plasticity: the weight grows where the post-synaptic unit fires after the
pre-synaptic one, and shrinks where it fires before. This is Figure 4 of the paper.
"""

import numpy as np
from matplotlib import pyplot

from skstdp import STDPCurveDisplay, stdp_update

display = STDPCurveDisplay.from_rule().plot()

# %%
# Equation 5 follows from Hebb's postulate and the sign of the time difference. Its high peak is
# on the left, where the post-synaptic spike comes first. In neurons it is on the right, so the
# paper changes a sign: equation 6, by which the network learns.
#
# The rule as a function of rates
# -------------------------------
#
# The update against the post-synaptic rate p, for three pre-synaptic rates x and a unit that is
# associated with the class of the sample (Z = 1). The update changes its sign at p = x: the rate
# of a unit that fires less than its input increases, and that of a unit that fires more decreases.
# At p = x / 2 there is a peak, which `stdp_epsilon` keeps finite: the smaller `stdp_epsilon` is,
# the more the samples near the peak outweigh all others. Each curve is divided by its peak.

p = np.linspace(0, 1, 401)
figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.8), layout="constrained", sharey=True)
for ax, stdp_epsilon in zip(axes, (0.1, 0.01), strict=True):
    for x, style in ((1.0, "-"), (0.7, "--"), (0.4, ":")):
        update = [
            stdp_update([[x]], [[rate]], [[1.0]], stdp_epsilon=stdp_epsilon)[0].item()
            for rate in p
        ]
        ax.plot(p, update / np.max(update), style, label=f"x = {x}, peak {np.max(update):.2g}")
    ax.axhline(0, color="black", linewidth=0.8)
    ax.set(title=f"stdp_epsilon={stdp_epsilon}", xlabel="Post-synaptic rate p")
    ax.grid(alpha=0.3)
    ax.legend()
_ = axes[0].set_ylabel("Update, as a share of its peak")

# %%
# So a unit that starts above its inputs learns the opposite of its association. This is why
# networks with this rule need a quiet start: see :doc:`/user_guide/quiet_start`.
