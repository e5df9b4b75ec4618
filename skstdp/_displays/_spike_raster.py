"""Spikes of all cells of a spiking network over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._networks._bioleaf._record import record
from ._axes import COLORS, set_grid
from ._network import spiking

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from .._networks._bioleaf import BioLeaFClassifier


class SpikeRasterDisplay:
    """Spikes of every cell over time, layer by layer, for one sample.

    Parameters
    ----------
    currents : ndarray of shape (n_steps, n_inputs)
        Currents of the input cells.
    spikes : list of ndarrays of shape (n_steps, n_cells), dtype bool
        Spikes of each layer above.
    predicted : list of ndarrays of shape (n_steps, n_cells), dtype bool
        Those that the basal compartments predict.
    class_names : sequence of str
        Names of the output cells.

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes
        Inputs first, output last.
    figure_ : matplotlib Figure
        Figure that holds the axes.

    See Also
    --------
    MicrocircuitDisplay : The potentials that make the spikes.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import BioLeaFClassifier, SpikeRasterDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> network = BioLeaFClassifier((20,), max_iter=30, random_state=0).fit(X, y)
    >>> display = SpikeRasterDisplay.from_estimator(network, X[0])
    >>> len(display.axes_)
    3
    """

    def __init__(
        self,
        currents: NDArray,
        spikes: list[NDArray],
        predicted: list[NDArray],
        class_names: Sequence[str],
    ) -> None:
        self.currents = currents
        self.spikes = spikes
        self.predicted = predicted
        self.class_names = class_names

    @classmethod
    def from_estimator(
        cls,
        estimator: BioLeaFClassifier,
        x: ArrayLike,
        *,
        label: Any = None,
        axes: Sequence[Axes] | None = None,
    ) -> SpikeRasterDisplay:
        """Present a sample to a fitted classifier, and draw.

        Parameters
        ----------
        estimator : BioLeaFClassifier
            Fitted.
        x : array-like of shape (n_features,)
            The sample.
        label : label, default=None
            Its class: the teacher makes the output cell of this class fire. None for no teacher.
        axes : sequence of matplotlib Axes, default=None
            Axes to draw on, one for the inputs and one per layer. None makes a new figure.

        Returns
        -------
        display : SpikeRasterDisplay
            Drawn.

        Raises
        ------
        TypeError
            If `estimator` is another one.
        ValueError
            If it does not know the label, or there is another number of axes.
        """
        network = spiking(estimator)
        seen = record(network, [x], None if label is None else [label])
        display = cls(
            seen.inputs[:, 0],
            [spikes[:, 0] for spikes in seen.spikes],
            [spikes[:, 0] for spikes in seen.predicted_spikes],
            [str(name) for name in network.classes_],
        )
        return display.plot(axes)

    def plot(self, axes: Sequence[Axes] | None = None) -> SpikeRasterDisplay:
        """Draw one row per cell and one column per time step.

        Spikes are dots, and circles where the basal compartment predicted another spike train.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, default=None
            Axes to draw on, one for the inputs and one per layer. None makes a new figure.

        Returns
        -------
        display : SpikeRasterDisplay
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If there is another number of axes.
        """
        n_axes = len(self.spikes) + 1
        options = {"figsize": (6, 1 + 1.6 * n_axes), "sharex": True}
        set_grid(self, axes, (n_axes,), "one for the inputs and one per layer", **options)
        from matplotlib.ticker import MaxNLocator

        n_steps = len(self.currents)
        extent = (0.5, n_steps + 0.5, len(self.currents[0]) - 0.5, -0.5)
        self.axes_[0].imshow(self.currents.T, aspect="auto", cmap="Greys", extent=extent, vmin=0)
        for ax, spikes, predicted in zip(self.axes_[1:], self.spikes, self.predicted, strict=True):
            steps, cells = np.nonzero(spikes)
            ax.plot(steps + 1, cells, ".", color=COLORS[1])
            steps, cells = np.nonzero(predicted & ~spikes)
            ax.plot(steps + 1, cells, "o", mfc="none", color=COLORS[0])
            ax.set_ylim(spikes.shape[1] - 0.5, -0.5)
            ax.set_xlim(0.5, n_steps + 0.5)
        hidden = [f"Hidden layer {k}" for k in range(1, len(self.spikes))]
        for ax, name in zip(self.axes_, ["Inputs", *hidden, "Output"], strict=True):
            ax.set_title(name, fontsize="medium")
            ax.set_ylabel("Cell")
        self.axes_[-1].set_yticks(range(len(self.class_names)), self.class_names)
        self.axes_[-1].set_ylabel("Class")
        self.axes_[-1].set_xlabel("Time step")
        self.axes_[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
        return self
