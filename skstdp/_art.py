"""Our gradients as ART's attacks ask for them. ART is imported when somebody does."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from ._backprop import margins_and_cotangent
from ._input_gradients import GRADIENTS, SPACES, ScaledRows, attackable
from ._validation import check_option

if TYPE_CHECKING:
    from typing import Any, Literal

    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator


__all__ = ["art_classifier"]


def art_classifier(
    estimator: BaseEstimator,
    X: ArrayLike,
    *,
    space: Literal["model", "input"] = "model",
    gradient: Literal["analytic", "finite-differences"] = "analytic",
    clip_values: tuple[float, float] | None = None,
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
        Bounds of attacked values. None is [0, 1] for rates, and no bound else.

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
    >>> bool((attacked == y).mean() < model.score(X, y))
    True
    """
    check_option(space, "space", SPACES)
    check_option(gradient, "gradient", GRADIENTS)
    target, _ = attackable(estimator, X, space=space, gradient=gradient)
    for position, reason in target.must_stay().items():
        raise ValueError(
            f"Got the column {target.names[position] if target.names else position!r} that "
            f"{reason}, but ART's attacks move all columns. Attack in space='model'."
        )
    box = target.box[0][0], target.box[1][0]
    if clip_values is None and np.isfinite(box).all():
        clip_values = box
    return _art_classifier_type()(estimator, target, space, clip_values)


@cache
def _art_classifier_type():
    try:
        from art.config import ART_NUMPY_DTYPE
        from art.estimators.classification.classifier import ClassGradientsMixin, ClassifierMixin
        from art.estimators.estimator import BaseEstimator, LossGradientsMixin
    except ImportError as error:
        raise ImportError(
            'Attacks of ART need ART. Install it with: pip install "skstdp[art]"'
        ) from error

    class ARTClassifier(ClassGradientsMixin, ClassifierMixin, LossGradientsMixin, BaseEstimator):
        """What the attacks of ART ask for."""

        def __init__(self, estimator, target, space, clip_values):
            super().__init__(model=estimator, clip_values=clip_values)
            self._target = target
            self._space = space
            self.classes_ = target.estimator.classes_
            self.nb_classes = len(self.classes_)

        @property
        def input_shape(self):
            """Shape of one sample."""
            return self._target.points.shape[1:]

        def points(self, X):
            """Samples as the array that attacks take."""
            return attackable(self.model, X, space=self._space, gradient=None)[1].astype(
                ART_NUMPY_DTYPE
            )

        def fit(self, x, y, **kwargs):
            """Not here: fit the estimator."""
            raise NotImplementedError("Fit the estimator itself, and make another of these of it.")

        def save(self, filename, path=None):
            """Not here: save the estimator."""
            raise NotImplementedError("Save the estimator itself.")

        def _forward(self, x):
            points = np.asarray(x).astype(self._target.points.dtype, copy=False)
            # Of the samples that it knows any will do: all columns are replaced.
            return self._target.forward(points, np.zeros(len(points), dtype=int))

        def predict(self, x, batch_size=128, **kwargs):
            """Class scores, one column a class."""
            return self._forward(x)[0].astype(ART_NUMPY_DTYPE)

        def class_gradient(self, x, label=None, **kwargs):
            """Gradient of the score of each class, or of one a sample."""
            scores, pull = self._forward(x)
            if label is None:
                wanted = np.tile(np.arange(self.nb_classes), (len(scores), 1))
            else:
                wanted = np.broadcast_to(label, len(scores))[:, np.newaxis]
            columns = [
                pull(ScaledRows.of(np.eye(self.nb_classes, dtype=scores.dtype)[index])).dense()
                for index in wanted.T
            ]
            return np.stack(columns, axis=1).astype(ART_NUMPY_DTYPE)

        def loss_gradient(self, x, y, **kwargs):
            """Gradient of minus the margin, each row scaled as attacks please."""
            scores, pull = self._forward(x)
            index = np.argmax(y, axis=1) if np.ndim(y) > 1 else np.asarray(y, dtype=int)
            _, cotangent = margins_and_cotangent(scores, index)
            return -pull(ScaledRows.of(cotangent)).normalised().values.astype(ART_NUMPY_DTYPE)

    return ARTClassifier
