"""Training on a Dask cluster.

=================  ===========================================================
``_cluster``       tasks, and what to do when workers are lost
``_rows``          rows of a table that lie on the workers, as `fit` takes them
``_training``      batches whose update is the mean of those of their parts
=================  ===========================================================

None of them imports Dask before it is needed.
"""

from ._cluster import Cluster
from ._rows import OnCluster, UncheckedRows
from ._training import TrainingOnCluster

__all__ = ["Cluster", "OnCluster", "TrainingOnCluster", "UncheckedRows"]
