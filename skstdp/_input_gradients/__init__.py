"""Gradients of classifiers with respect to their input: what attacks need of an estimator.

====================  ==============================================================
``_adapter``          what differentiates an estimator, and the table of them by type
``_scaled_rows``      gradients whose rows may be of any size, however small
``_networks``         our networks, and multilayer perceptrons
``_linear``           classifiers with `coef_` and `intercept_`
``_svm``              support vector machines
``_neighbours``       nearest centroids and neighbours
``_votes``            scores that several members give together
``_ensembles``        voting, bagging, one against the rest, pairs, calibration
``_thresholds``       decisions at another threshold
``_transformers``     scalers, linear maps, selections, powers
``_composition``      pipelines, column transformers, unions, searches
``_encoded_columns``  which columns steps take for names of categories
``_finite_differences``  slopes from differences, when asked for
``_target``           a classifier as an attack sees it, in one of two spaces
====================  ==============================================================
"""

from ._adapter import adapter_of
from ._scaled_rows import ScaledRows
from ._target import GRADIENTS, SPACES, attackable

__all__ = ["GRADIENTS", "SPACES", "ScaledRows", "adapter_of", "attackable"]
