"""Errors in the apical compartments of a spiking network against the exact gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._networks._bioleaf._exact_gradient import apical_errors, backpropagated_errors
from .._networks._bioleaf._record import record
from ._axes import COLORS, set_axes
from ._network import position, spiking

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from .._networks._bioleaf import BioLeaFClassifier


class ApicalErrorDisplay:
    """Error in the apical compartments of hidden cells, against the exact gradient.

    Parameters
    ----------
    seen : ndarray of shape (n_samples, n_cells)
        Apical potentials as the synapses of each cell read them, summed over the time steps.
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
    >>> round(float(display.cosine_), 2)
    0.95
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
            If `estimator` is another one.
        ValueError
            If it does not know a label, or has no such layer.
        """
        network = spiking(estimator)
        k = position(layer, "layer", network.n_layers_ - 2)
        seen = record(network, X, y)
        exact = backpropagated_errors(network, seen)[k]
        return cls(apical_errors(network, seen)[k], exact, name=name).plot(ax)

    def plot(self, ax: Axes | None = None) -> ApicalErrorDisplay:
        """Draw one point per cell and sample.

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
        set_axes(self, ax)
        norm = np.linalg.norm(self.seen) * np.linalg.norm(self.exact)
        self.cosine_ = float((self.seen * self.exact).sum() / norm) if norm > 0 else np.nan
        self.ax_.plot(self.exact.ravel(), self.seen.ravel(), ".", color=COLORS[2], alpha=0.3)
        self.ax_.axhline(0, color="0.6", linewidth=1)
        self.ax_.axvline(0, color="0.6", linewidth=1)
        self.ax_.set(xlabel="Exact error of the cell", ylabel="Error in its apical compartment")
        title = f"cosine {self.cosine_:.2f}"
        title = title if self.name is None else f"{self.name}: {title}"
        self.ax_.set_title(title, fontsize="medium")
        return self
