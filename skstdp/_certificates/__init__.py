"""Certificates: lower bounds of margins that hold for every point within reach of an attack.

====================  ====================================================================
``_layers``           affine maps, activations, piecewise linear codes; rounding errors
``_sequences``        a fitted classifier as a sequence of layers, by its type
``_reach``            the least value of a sum of functions of one feature each in a ball
``_lines``            lines below and above activations
``_relaxation``       bounds of what layers compute, from these lines
``_parts``            proofs by parts of a ball, where bounds of the whole decide nothing
``_counterexamples``  intervals of drives where a function is not positive
``_margin_bounds``    bounds of margins, improved where they decide nothing
``_certificate``      the table of certificates by type
``_trees``            trees and ensembles of them
====================  ====================================================================
"""

from . import _trees  # noqa: F401
from ._certificate import certifies, class_bounds

__all__ = ["certifies", "class_bounds"]
