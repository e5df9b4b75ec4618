"""Potentials of one cell of a spiking network over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._networks._bioleaf._record import record
from ._axes import COLORS, set_grid
from ._network import position, spiking

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from .._networks._bioleaf import BioLeaFClassifier


# One per compartment; the last is for a cell without a teacher.
_BASAL, _SOMA, _APICAL, _ALONE = (COLORS[k] for k in (0, 1, 2, 6))


class MicrocircuitDisplay:
    """Potentials of one hidden cell over time, without and with a teacher.

    Parameters
    ----------
    potentials : dict of str to dict of str to ndarray of shape (n_steps,)
        By network and state ("alone" without a teacher, "taught" with one): the potentials
        "basal", "soma" and "apical".

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_networks, 2)
        One row per network; membrane potentials, then apical potentials.
    figure_ : matplotlib Figure
        Figure that holds the axes.

    See Also
    --------
    SpikeRasterDisplay : Spikes of all cells.
    ApicalErrorDisplay : Apical potentials of all cells against the gradient.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import BioLeaFClassifier, MicrocircuitDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> network = BioLeaFClassifier((20,), random_state=0)
    >>> networks = {
    ...     "before": network.partial_fit(X, y, [0, 1, 2]),
    ...     "after": BioLeaFClassifier((20,), random_state=0).fit(X, y),
    ... }
    >>> display = MicrocircuitDisplay.from_estimators(networks, X[100], 2, cell=3)
    >>> float(abs(display.potentials["after"]["alone"]["apical"]).max())
    0.0
    """

    def __init__(self, potentials: dict[str, dict[str, dict[str, NDArray]]]) -> None:
        self.potentials = potentials

    @classmethod
    def from_estimators(
        cls,
        estimators: dict[str, BioLeaFClassifier],
        x: ArrayLike,
        label: Any,
        *,
        layer: int = 0,
        cell: int = 0,
        axes: NDArray | None = None,
    ) -> MicrocircuitDisplay:
        """Present a sample to fitted classifiers, and draw.

        Parameters
        ----------
        estimators : dict of str to BioLeaFClassifier
            Fitted, by name; such as one before and one after training.
        x : array-like of shape (n_features,)
            The sample.
        label : label
            Its class, for the teacher.
        layer, cell : int, default=0
            Number of a hidden layer and of a cell in it.
        axes : array of matplotlib Axes of shape (n_networks, 2), default=None
            Axes to draw on. None makes a new figure.

        Returns
        -------
        display : MicrocircuitDisplay
            Drawn.

        Raises
        ------
        TypeError
            If one of them is another estimator.
        ValueError
            If one does not know the label, or has no such cell.
        """
        potentials = {}
        for name, estimator in estimators.items():
            network = spiking(estimator)
            k = position(layer, "layer", network.n_layers_ - 2)
            unit = position(cell, "cell", len(network.intercepts_[k]))
            states = {"alone": record(network, [x]), "taught": record(network, [x], [label])}
            potentials[name] = {
                state: {
                    compartment: getattr(seen, compartment)[k][:, 0, unit]
                    for compartment in ("basal", "soma", "apical")
                }
                for state, seen in states.items()
            }
        return cls(potentials).plot(axes)

    def plot(self, axes: NDArray | None = None) -> MicrocircuitDisplay:
        """Draw membrane potentials on the left and apical potentials on the right.

        Parameters
        ----------
        axes : array of matplotlib Axes of shape (n_networks, 2), default=None
            Axes to draw on. None makes a new figure.

        Returns
        -------
        display : MicrocircuitDisplay
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there is another number of axes.
        """
        n_networks = len(self.potentials)
        figsize = (8, 0.6 + 2.2 * n_networks)
        set_grid(self, axes, (n_networks, 2), "two per network", figsize=figsize, sharex=True)
        for (membrane, apical), (name, states) in zip(
            self.axes_, self.potentials.items(), strict=True
        ):
            steps = np.arange(1, len(states["alone"]["basal"]) + 1)
            membrane.plot(steps, states["taught"]["basal"], "o-", color=_BASAL, label="basal")
            membrane.plot(steps, states["taught"]["soma"], "s--", color=_SOMA, label="soma")
            membrane.axhline(1, color="0.6", linewidth=1)
            apical.plot(steps, states["taught"]["apical"], "o-", color=_APICAL, label="taught")
            apical.plot(steps, states["alone"]["apical"], "s--", color=_ALONE, label="alone")
            membrane.set_ylabel("Potential")
            membrane.set_title(f"{name}: membrane", fontsize="medium")
            apical.set_title(f"{name}: apical", fontsize="medium")
        for ax in self.axes_[0]:
            ax.legend(fontsize="small")
        for ax in self.axes_[-1]:
            ax.set_xlabel("Time step")
        return self
