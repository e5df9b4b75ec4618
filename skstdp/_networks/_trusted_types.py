"""The types that may be made of what a model file holds: they hold data, and compute."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from inspect import isclass, isfunction

__all__ = ["trusted_types"]

# Trees are left out: scikit-learn follows the indices in them unchecked, so that a file that was
# made for it reads anywhere in memory. So are the distributions of SciPy, which compile text.
_OF_OTHERS = (
    "builtins.object",
    "numpy.character",
    "numpy.complexfloating",
    "numpy.dtype",
    "numpy.flexible",
    "numpy.floating",
    "numpy.generic",
    "numpy.inexact",
    "numpy.integer",
    "numpy.number",
    "numpy.signedinteger",
    "numpy.unsignedinteger",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.compose._column_transformer.make_column_selector",
    "sklearn.feature_selection._mutual_info.mutual_info_classif",
    "sklearn.feature_selection._mutual_info.mutual_info_regression",
    "sklearn.feature_selection._univariate_selection.chi2",
    "sklearn.feature_selection._univariate_selection.f_classif",
    "sklearn.feature_selection._univariate_selection.f_regression",
    "sklearn.feature_selection._univariate_selection.r_regression",
    "sklearn.metrics._scorer._CurveScorer",
    "sklearn.metrics._scorer._MultimetricScorer",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.metrics._scorer._Scorer",
    "sklearn.metrics._scorer.negative_likelihood_ratio",
    "sklearn.metrics._scorer.positive_likelihood_ratio",
    "sklearn.model_selection._split._CVIterableWrapper",
    "sklearn.multiclass._ConstantPredictor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.utils._bunch.Bunch",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
)

_ROOT = __name__.partition(".")[0]

# Names of functions that score predictions.
_METRICS = ("_score", "_loss", "_error", "_deviance", "_corrcoef")


def trusted_types() -> list[str]:
    """Names of the types that `load_model` trusts beyond those that skops trusts by itself.

    For skops and for libraries that use it, such as mlflow, which load our models with these as
    `trusted`. They are our estimators and scorers, scikit-learn's metrics, scorers, splitters and
    calibrators, and types of NumPy.

    Returns
    -------
    names : list of str
        In order.

    See Also
    --------
    load_model : Trusts them without being asked.

    Examples
    --------
    >>> import skops.io
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import STDPClassifier, trusted_types
    >>> X, y = load_iris(return_X_y=True)
    >>> network = STDPClassifier(max_iter=60, random_state=0).fit(X, y)
    >>> loaded = skops.io.loads(skops.io.dumps(network), trusted=trusted_types())
    >>> int((loaded.predict(X) != network.predict(X)).sum())  # predictions that differ
    0
    """
    return sorted(_trusted())


@cache
def _trusted():
    names = set(_OF_OTHERS)
    names.update(_public(_ROOT, _is_part_of_models))
    names.update(_public("sklearn.metrics", _is_metric))
    names.update(_public("sklearn.model_selection", _is_splitter))
    return names


def _public(module, chosen):
    module = import_module(module)
    # Names that are listed but not there belong to scikit-learn's experiments.
    values = (vars(module)[name] for name in module.__all__ if name in vars(module))
    return [f"{value.__module__}.{value.__qualname__}" for value in values if chosen(value)]


def _is_part_of_models(value):
    # Not figures, nor functions, of which some write files.
    return isclass(value) and not value.__name__.endswith("Display")


def _is_metric(value):
    return isfunction(value) and value.__name__.endswith(_METRICS)


def _is_splitter(value):
    return hasattr(value, "get_n_splits")
