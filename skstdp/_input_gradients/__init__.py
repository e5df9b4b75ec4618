"""Gradients of classifiers with respect to their input: what attacks need of an estimator.

=======================  =============================================================
``_adapter``             the contract of adapters, and the table of them by type
``_scaled_rows``         gradients whose rows may be of any size, however small
``_decisions``           decision values, class scores, log probabilities
``_own_gradients``       estimators with a method `input_gradient`
``_networks``            our networks, and multilayer perceptrons
``_linear``              classifiers with `coef_` and `intercept_`
``_svm``                 support vector machines
``_neighbours``          nearest centroids and neighbours
``_votes``               scores that several members give together
``_ensembles``           voting, bagging, one against the rest, pairs, calibration
``_thresholds``          decisions at another threshold
``_transformers``        scalers, linear maps, selections, powers
``_composition``         pipelines, column transformers, unions, searches
``_encoded_columns``     columns that steps take for names of categories
``_finite_differences``  slopes from differences, when asked for
``_fitted_trees``        trees and ensembles of them, which have no gradient, as arrays
``_target``              a classifier as an attack sees it
``_model_space``         its points are the input of the final estimator
``_input_space``         its points are X as it is given
``_attackable``          one of the two, for an estimator and X
=======================  =============================================================
"""

from ._adapter import adapter_of
from ._attackable import GRADIENTS, SPACES, attackable
from ._scaled_rows import ScaledRows

__all__ = ["GRADIENTS", "SPACES", "ScaledRows", "adapter_of", "attackable"]
