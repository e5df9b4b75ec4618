"""Training of one network by the workers of a Dask cluster.

=================  ===========================================================
``_fit``           what the user calls
``_cluster``       tasks, and what to do when workers are lost
``_rows``          rows of a table that lie on the workers, as `fit` takes them
``_training``      batches whose update is the mean of those of their parts
=================  ===========================================================

None of them imports Dask before it is needed.
"""

from ._fit import fit

__all__ = ["fit"]
