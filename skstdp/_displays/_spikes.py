"""Figures of spikes, potentials and errors in a microcircuit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._networks._bioleaf import BioLeaFClassifier
from .._networks._bioleaf._exact_gradient import apical_errors, backpropagated_errors
from .._networks._bioleaf._record import record
from ._style import require_matplotlib

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

# Of Okabe and Ito: basal, somatic and apical, then the teacher.
_BASAL, _SOMA, _APICAL, _TEACHER = "#0072B2", "#D55E00", "#009E73", "#000000"


def _checked(classifier):
    if not isinstance(classifier, BioLeaFClassifier):
        raise TypeError(
            f"Got {type(classifier).__name__}, but expected a fitted BioLeaFClassifier."
        )
    check_is_fitted(classifier)
    return classifier


def _layer_names(n_layers):
    return ["Inputs", *(f"Hidden layer {k}" for k in range(1, n_layers)), "Output"]


def _position(value, name, n):
    if not -n <= value < n:
        raise ValueError(f"Got {name}={value!r}, but expected an integer from {-n} to {n - 1}.")
    return value % n


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
            Its class, which the teacher then makes the output cells fire. None for no teacher.
        axes : sequence of matplotlib Axes, default=None
            Axes to draw on, one for the inputs and one a layer. None makes a new figure.

        Returns
        -------
        display : SpikeRasterDisplay
            Drawn.

        Raises
        ------
        TypeError
            If it is no such classifier.
        ValueError
            If it does not know the label, or there is another number of axes.
        """
        network = _checked(estimator)
        seen = record(network, [x], None if label is None else [label])
        display = cls(
            seen.inputs[:, 0],
            [spikes[:, 0] for spikes in seen.spikes],
            [spikes[:, 0] for spikes in seen.predicted_spikes],
            [str(name) for name in network.classes_],
        )
        return display.plot(axes)

    def plot(self, axes: Sequence[Axes] | None = None) -> SpikeRasterDisplay:
        """Draw a row a cell, a column a time step.

        Spikes are dots, and circles where the basal compartment predicted another spike train.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, default=None
            Axes to draw on, one for the inputs and one a layer. None makes a new figure.

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
        require_matplotlib()
        from matplotlib import pyplot
        from matplotlib.ticker import MaxNLocator

        n_axes = len(self.spikes) + 1
        if axes is None:
            _, axes = pyplot.subplots(
                n_axes, 1, sharex=True, layout="constrained", figsize=(6, 1 + 1.6 * n_axes)
            )
        self.axes_ = np.ravel(axes)
        if len(self.axes_) != n_axes:
            raise ValueError(f"Got {len(self.axes_)} axes, but expected {n_axes}.")
        self.figure_ = self.axes_[0].figure
        n_steps = len(self.currents)
        extent = (0.5, n_steps + 0.5, len(self.currents[0]) - 0.5, -0.5)
        self.axes_[0].imshow(self.currents.T, aspect="auto", cmap="Greys", extent=extent, vmin=0)
        for ax, spikes, predicted in zip(self.axes_[1:], self.spikes, self.predicted, strict=True):
            steps, cells = np.nonzero(spikes)
            ax.plot(steps + 1, cells, ".", color=_SOMA)
            steps, cells = np.nonzero(predicted & ~spikes)
            ax.plot(steps + 1, cells, "o", mfc="none", color=_BASAL)
            ax.set_ylim(spikes.shape[1] - 0.5, -0.5)
            ax.set_xlim(0.5, n_steps + 0.5)
        for ax, name in zip(self.axes_, _layer_names(len(self.spikes)), strict=True):
            ax.set_title(name, fontsize="medium")
            ax.set_ylabel("Cell")
        self.axes_[-1].set_yticks(range(len(self.class_names)), self.class_names)
        self.axes_[-1].set_ylabel("Class")
        self.axes_[-1].set_xlabel("Time step")
        self.axes_[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
        return self


class MicrocircuitDisplay:
    """Potentials of one hidden cell over time, without and with a teacher.

    Parameters
    ----------
    potentials : dict of str to dict of str to ndarray of shape (n_steps,)
        By network and teacher, "alone" or "taught": the potentials "basal", "soma" and "apical".

    Attributes
    ----------
    axes_ : ndarray of matplotlib Axes of shape (n_networks, 2)
        A row a network; membrane potentials, then apical potentials.
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
    >>> bool((display.potentials["after"]["alone"]["apical"] == 0).all())
    True
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
            If one is no such classifier.
        ValueError
            If one does not know the label, or has no such cell.
        """
        potentials = {}
        for name, estimator in estimators.items():
            network = _checked(estimator)
            at = _position(layer, "layer", network.n_layers_ - 2)
            unit = _position(cell, "cell", len(network.intercepts_[at]))
            potentials[name] = {
                state: {
                    "basal": seen.basal[at][:, 0, unit],
                    "soma": seen.soma[at][:, 0, unit],
                    "apical": seen.apical[at][:, 0, unit],
                }
                for state, seen in (
                    ("alone", record(network, [x])),
                    ("taught", record(network, [x], [label])),
                )
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
        """
        require_matplotlib()
        from matplotlib import pyplot

        n_networks = len(self.potentials)
        if axes is None:
            _, axes = pyplot.subplots(
                n_networks,
                2,
                sharex=True,
                squeeze=False,
                layout="constrained",
                figsize=(8, 0.6 + 2.2 * n_networks),
            )
        self.axes_ = np.reshape(axes, (n_networks, 2))
        self.figure_ = self.axes_[0, 0].figure
        for (membrane, apical), (name, states) in zip(
            self.axes_, self.potentials.items(), strict=True
        ):
            steps = np.arange(1, len(states["alone"]["basal"]) + 1)
            membrane.plot(steps, states["taught"]["basal"], "o-", color=_BASAL, label="basal")
            membrane.plot(steps, states["taught"]["soma"], "s--", color=_SOMA, label="soma")
            membrane.axhline(1, color="0.6", linewidth=1)
            apical.plot(steps, states["taught"]["apical"], "o-", color=_APICAL, label="taught")
            apical.plot(steps, states["alone"]["apical"], "s--", color=_TEACHER, label="alone")
            membrane.set_ylabel("Potential")
            membrane.set_title(f"{name}: membrane", fontsize="medium")
            apical.set_title(f"{name}: apical", fontsize="medium")
        for ax in self.axes_[0]:
            ax.legend(fontsize="small")
        for ax in self.axes_[-1]:
            ax.set_xlabel("Time step")
        return self


class ApicalErrorDisplay:
    """Error that hidden cells see in their apical compartments, against the exact gradient.

    Parameters
    ----------
    seen : ndarray of shape (n_samples, n_cells)
        Apical potentials as the synapses of each cell read them, summed over the steps.
    exact : ndarray of shape (n_samples, n_cells)
        Minus the derivative of the van Rossum error by a constant current into each cell.
    name : str, default=None
        Shown above the axes.

    Attributes
    ----------
    cosine_ : float
        Cosine of the angle between the two.
    ax_ : matplotlib Axes
        Axes with the points.
    figure_ : matplotlib Figure
        Figure that holds the axes.

    See Also
    --------
    MicrocircuitDisplay : The apical potential of one cell over time.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import ApicalErrorDisplay, BioLeaFClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> network = BioLeaFClassifier((20,), max_iter=5, random_state=0).fit(X, y)
    >>> display = ApicalErrorDisplay.from_estimator(network, X, y)
    >>> bool(display.cosine_ > 0.5)
    True
    """

    def __init__(self, seen: NDArray, exact: NDArray, *, name: str | None = None) -> None:
        self.seen = seen
        self.exact = exact
        self.name = name

    @classmethod
    def from_estimator(
        cls,
        estimator: BioLeaFClassifier,
        X: ArrayLike,
        y: ArrayLike,
        *,
        layer: int = 0,
        name: str | None = None,
        ax: Axes | None = None,
    ) -> ApicalErrorDisplay:
        """Teach samples to a fitted classifier without letting it learn, and draw.

        Parameters
        ----------
        estimator : BioLeaFClassifier
            Fitted, with a hidden layer.
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Their labels.
        layer : int, default=0
            Number of the hidden layer.
        name : str, default=None
            Shown above the axes.
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        Returns
        -------
        display : ApicalErrorDisplay
            Drawn.

        Raises
        ------
        TypeError
            If it is no such classifier.
        ValueError
            If it does not know a label, or has no such layer.
        """
        network = _checked(estimator)
        at = _position(layer, "layer", network.n_layers_ - 2)
        seen = record(network, X, y)
        exact = backpropagated_errors(network, seen)[at]
        return cls(apical_errors(network, seen)[at], exact, name=name).plot(ax)

    def plot(self, ax: Axes | None = None) -> ApicalErrorDisplay:
        """Draw a point a cell and sample.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. None makes a new figure.

        Returns
        -------
        display : ApicalErrorDisplay
            The object itself.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        require_matplotlib()
        from matplotlib import pyplot

        if ax is None:
            _, ax = pyplot.subplots(layout="constrained")
        norm = np.linalg.norm(self.seen) * np.linalg.norm(self.exact)
        self.cosine_ = float((self.seen * self.exact).sum() / norm) if norm > 0 else np.nan
        self.ax_, self.figure_ = ax, ax.figure
        ax.plot(self.exact.ravel(), self.seen.ravel(), ".", color=_APICAL, alpha=0.3)
        ax.axhline(0, color="0.6", linewidth=1)
        ax.axvline(0, color="0.6", linewidth=1)
        ax.set_xlabel("Exact error of the cell")
        ax.set_ylabel("Error in its apical compartment")
        title = f"cosine {self.cosine_:.2f}"
        ax.set_title(title if self.name is None else f"{self.name}: {title}", fontsize="medium")
        return self
