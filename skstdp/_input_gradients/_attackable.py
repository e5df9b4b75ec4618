"""The target of an attack on a classifier, in one of two spaces."""

from .._utils._validation import refuse_equal_names, refuse_lazy
from ._input_space import InputSpace
from ._model_space import model_space

GRADIENTS = ("analytic", "finite-differences")
_SPACES = {"model": model_space, "input": InputSpace}
SPACES = tuple(_SPACES)


def attackable(estimator, X, *, space="model", gradient="analytic"):
    """Target of an attack, and the points that it starts from.

    Parameters
    ----------
    estimator : classifier
        Fitted; a pipeline or a search over one, too.
    X : array-like of shape (n_samples, n_features)
        Samples as the estimator takes them.
    space : {"model", "input"}, default="model"
        Space of the points: the input of the last step of a pipeline (for our classifiers: the
        rates), or X as it is given.
    gradient : {"analytic", "finite-differences", None}, default="analytic"
        Origin of gradients. None is for attacks that need none.

    Returns
    -------
    target : Target
    points : ndarray of shape (n_samples, n_features)
    """
    refuse_lazy(X)
    refuse_equal_names(X)
    target = _SPACES[space](estimator, X, gradient)
    return target, target.points
