"""Our gradients as ART's attacks ask for them. ART is imported when somebody does."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import softmax

from .._attacks._margins import margins_and_cotangent
from .._input_gradients import GRADIENTS, SPACES, ScaledRows, attackable
from .._utils._validation import check_option

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal

    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator


__all__ = ["art_classifier"]

OUTPUTS = ("scores", "proba")


def art_classifier(
    estimator: BaseEstimator,
    X: ArrayLike,
    *,
    space: Literal["model", "input"] = "model",
    gradient: Literal["analytic", "finite-differences"] = "analytic",
    clip_values: tuple[float, float] | None = None,
    output: Literal["scores", "proba"] = "scores",
    input_shape: Sequence[int] | None = None,
) -> Any:
    """A classifier in the form that attacks of the Adversarial Robustness Toolbox take.

    It has class scores for predictions, their gradients, and a loss: minus the margin of the true
    class over the best other, whose gradient does not vanish where probabilities saturate.

    Parameters
    ----------
    estimator : classifier
        Fitted, one that `fgsm` takes.
    X : array-like, pandas or polars data frame of shape (n_samples, n_features)
        At least one sample, of numbers alone in the space that is attacked.
    space : {"model", "input"}, default="model"
        Whether attacks act on what the final estimator sees (for our classifiers: the rates), or
        on X as it is given.
    gradient : {"analytic", "finite-differences"}, default="analytic"
        Where slopes come from.
    clip_values : tuple (low, high), default=None
        Bounds of attacked values. None is [0, 1] for rates, and no bounds otherwise.
    output : {"scores", "proba"}, default="scores"
        What its `predict` returns: scores of the classes, which ART calls logits, or their
        softmax, which attacks such as SimBA expect. For our classifiers and logistic regression
        that is `predict_proba`.
    input_shape : sequence of int, default=None
        Shape of one sample for attacks on images, such as SquareAttack: (channels, height, width)
        with as many values as columns are attacked. None is (n_columns,).

    Returns
    -------
    classifier : object
        An instance of ART's classifier with class and loss gradients. Its method `points(X)` makes
        of samples the array that attacks take, and labels are positions in `classes_`.

    Raises
    ------
    ImportError
        If ART is not installed.
    TypeError
        If there is no gradient for the type of the estimator or of one of its steps.
    ValueError
        If an option is not as described, or a column holds no numbers.

    See Also
    --------
    fgsm : Attacks of our own, which keep columns and their meaning.

    References
    ----------
    .. [1] M.-I. Nicolae et al., "Adversarial Robustness Toolbox v1.0.0", arXiv:1807.01069, 2018.

    Examples
    --------
    >>> from art.attacks.evasion import FastGradientMethod
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import STDPClassifier, art_classifier
    >>> X, y = load_iris(return_X_y=True)
    >>> model = STDPClassifier(random_state=0).fit(X, y)
    >>> classifier = art_classifier(model, X)
    >>> attack = FastGradientMethod(classifier, eps=0.1)
    >>> perturbed = attack.generate(classifier.points(X), y)
    >>> attacked = classifier.predict(perturbed).argmax(axis=1)
    >>> round(model.score(X, y), 2), round(float((attacked == y).mean()), 2)
    (0.99, 0.51)
    """
    check_option(space, "space", SPACES)
    check_option(gradient, "gradient", GRADIENTS)
    check_option(output, "output", OUTPUTS)
    target, _ = attackable(estimator, X, space=space, gradient=gradient)
    for position, reason in target.must_stay().items():
        raise ValueError(
            f"Got the column {target.names[position] if target.names else position!r} that "
            f"{reason}, but ART's attacks move all columns. Attack in space='model'."
        )
    box = target.box[0][0], target.box[1][0]
    if clip_values is None and np.isfinite(box).all():
        clip_values = box
    n_columns = target.points.shape[1]
    input_shape = (n_columns,) if input_shape is None else tuple(input_shape)
    if np.prod(input_shape) != n_columns:
        raise ValueError(
            f"Got input_shape={input_shape}, but expected a shape of {n_columns} values, one per "
            f"column that is attacked, such as (1, 1, {n_columns})."
        )
    return _art_classifier_type()(estimator, target, space, clip_values, output, input_shape)


@cache
def _art_classifier_type():
    try:
        from art.config import ART_NUMPY_DTYPE
        from art.estimators.classification.classifier import ClassGradientsMixin, ClassifierMixin
        from art.estimators.estimator import (
            BaseEstimator,
            LossGradientsMixin,
            NeuralNetworkMixin,
        )
    except ImportError as error:
        raise ImportError(
            'Attacks of ART need ART. Install it with: pip install "skstdp[art]"'
        ) from error

    class ARTClassifier(
        ClassGradientsMixin,
        ClassifierMixin,
        LossGradientsMixin,
        # Of whom attacks on images ask for the place of the channels.
        NeuralNetworkMixin,
        BaseEstimator,
    ):
        """Members that attacks of ART use."""

        def __init__(self, estimator, target, space, clip_values, output, input_shape):
            super().__init__(model=estimator, clip_values=clip_values, channels_first=True)
            self._target = target
            self._space = space
            self._output = output
            self._input_shape = input_shape
            self.classes_ = target.estimator.classes_
            self.nb_classes = len(self.classes_)

        @property
        def input_shape(self):
            """Shape of one sample."""
            return self._input_shape

        def points(self, X):
            """Samples as the array that attacks take."""
            points = attackable(self.model, X, space=self._space, gradient=None)[1]
            return self._in_shape(points)

        def fit(self, x, y, **kwargs):
            """Not here: fit the estimator."""
            raise NotImplementedError("Fit the estimator itself, and make another of these of it.")

        def save(self, filename, path=None):
            """Not here: save the estimator."""
            raise NotImplementedError("Save the estimator itself.")

        def get_activations(self, x, layer, batch_size=128, framework=False):
            """Not here: what an estimator computes inside depends on its type."""
            raise NotImplementedError("Ask the estimator itself, for example by its transform.")

        def _forward(self, x):
            points = np.asarray(x).astype(self._target.points.dtype, copy=False)
            points = points.reshape(len(points), -1)
            # Of the samples that it knows any will do: all columns are replaced.
            return self._target.vjp(points, np.zeros(len(points), dtype=int))

        def _in_shape(self, points):
            return points.astype(ART_NUMPY_DTYPE).reshape(len(points), *self._input_shape)

        def predict(self, x, batch_size=128, **kwargs):
            """Class scores or probabilities, one column per class."""
            scores = self._forward(x)[0]
            if self._output == "proba":
                scores = softmax(scores, axis=1)
            return scores.astype(ART_NUMPY_DTYPE)

        def class_gradient(self, x, label=None, **kwargs):
            """Gradient of what is predicted for each class, or for one per sample."""
            scores, pull = self._forward(x)
            if label is None:
                wanted = np.tile(np.arange(self.nb_classes), (len(scores), 1))
            else:
                wanted = np.broadcast_to(label, len(scores))[:, np.newaxis]
            proba = softmax(scores, axis=1)
            columns = []
            for index in wanted.T:
                cotangent = np.eye(self.nb_classes, dtype=scores.dtype)[index]
                if self._output == "proba":
                    cotangent = np.take_along_axis(proba, index[:, np.newaxis], 1) * (
                        cotangent - proba
                    )
                columns.append(self._in_shape(pull(ScaledRows.of(cotangent)).dense()))
            return np.stack(columns, axis=1)

        def loss_gradient(self, x, y, **kwargs):
            """Gradient of minus the margin, each row scaled as attacks please."""
            scores, pull = self._forward(x)
            _, cotangent = margins_and_cotangent(scores, _positions(y))
            return self._in_shape(-pull(ScaledRows.of(cotangent)).normalised().values)

        def compute_loss(self, x, y, reduction="none", **kwargs):
            """Minus the margin of the true class, by sample, or its mean or sum."""
            check_option(reduction, "reduction", ("none", "mean", "sum"))
            margins, _ = margins_and_cotangent(self._forward(x)[0], _positions(y))
            losses = -margins.astype(ART_NUMPY_DTYPE)
            return losses if reduction == "none" else getattr(losses, reduction)()

    return ARTClassifier


def _positions(y):
    """Positions in `classes_`, of labels as positions or one-hot."""
    return np.argmax(y, axis=1) if np.ndim(y) > 1 else np.asarray(y, dtype=int)
