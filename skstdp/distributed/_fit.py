"""Training of one network by the workers of a Dask cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._networks._sigmoid import SigmoidMLP
from .._networks._target_propagation import TargetPropagationClassifier
from .._utils._optional import required
from .._utils._validation import check_count, check_number
from ._cluster import Cluster
from ._rows import UncheckedRows

if TYPE_CHECKING:
    from typing import Any, TypeVar

    from distributed import Client

    Classifier = TypeVar("Classifier", bound=SigmoidMLP)


__all__ = ["fit"]


def fit(
    classifier: Classifier,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    X_val: Any = None,
    y_val: Any = None,
    client: Client | None = None,
    n_blocks: int | None = None,
    worker_timeout: float = 60,
) -> Classifier:
    """Train a classifier as its own `fit` does, by the workers of a Dask cluster.

    The rows of X stay on the workers, block by block. Of each batch a worker computes the update
    by its rows, and only weights, updates and numbers of rows travel. The batches and all random
    draws are those of `classifier.fit` with the same `random_state`, and the weights are the same
    to rounding; where the blocks are the same they do not depend on the number of workers at all.
    What is lost with a worker is computed anew by the others.

    Parameters
    ----------
    classifier : STDPClassifier, BPClassifier or LocalRuleClassifier
        The classifier. An error leaves it as it was. A rule with `mean_square` is an error.
    X : array-like, sparse matrix, dask array or dask data frame of shape (n_samples, n_features)
        Training data, as for `classifier.fit`. The chunks of rows of a dask array and the
        partitions of a dask data frame are the blocks; they are kept in the memory of the
        workers, and loaded again if a worker is lost. Other data are cut into blocks and sent to
        the workers; the scheduler keeps a copy of them.
    y : array-like, dask array or dask series of shape (n_samples,)
        Class labels; they come to this process.
    sample_weight : array-like, dask array or dask series of shape (n_samples,), default=None
        Weights of the samples, >= 0 and not all zero. None for equal weights.
    X_val : array-like, sparse matrix, dask array or dask data frame, default=None
        Data to record loss and accuracy on after each epoch, as in `classifier.fit`.
    y_val : array-like, dask array or dask series of shape (n_val_samples,), default=None
        Class labels of `X_val`.
    client : distributed.Client or None, default=None
        Client of the cluster. None takes the one that was made last.
    n_blocks : int or None, default=None
        Number of blocks, >= 1, of an X that is no Dask collection. None makes one for each thread
        of the workers that there are.
    worker_timeout : float, default=60
        Seconds to wait, > 0, while there is no worker at all, before an error.

    Returns
    -------
    classifier : STDPClassifier, BPClassifier or LocalRuleClassifier
        The fitted classifier itself.

    Raises
    ------
    ImportError
        If Dask is not installed.
    TypeError
        If an argument is not of the type described here.
    ValueError
        If a parameter or the data is not as described here, or there is no client.
    RuntimeError
        If there is no worker for `worker_timeout` seconds, if workers die again and again, or if
        rows were lost with a worker and Dask cannot load them again.

    See Also
    --------
    STDPClassifier.fit : The same in one process.

    Examples
    --------
    >>> from distributed import Client
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import BPClassifier, distributed
    >>> X, y = load_iris(return_X_y=True)
    >>> with Client(n_workers=1, processes=False, dashboard_address=":0") as client:
    ...     model = distributed.fit(BPClassifier(max_iter=3, random_state=0), X, y)
    >>> model.predict(X).shape
    (150,)
    """
    if not isinstance(classifier, SigmoidMLP):
        raise TypeError(
            f"Got classifier={classifier!r}, but expected an STDPClassifier, a BPClassifier or a "
            "LocalRuleClassifier."
        )
    if isinstance(classifier, TargetPropagationClassifier):
        raise TypeError(
            "Got a TargetPropagationClassifier, but expected a classifier without random numbers "
            "within the batches: the workers would draw the noise of its inverses anew. Call its "
            "own fit."
        )
    classifier._validate_params()
    if n_blocks is not None:
        check_count(n_blocks, "n_blocks")
    check_number(worker_timeout, "worker_timeout", zero=False)
    cluster = Cluster(_checked(client), worker_timeout)
    n_blocks = n_blocks or cluster.n_threads()

    def on_cluster(X):
        return None if X is None else UncheckedRows(X, cluster, n_blocks)

    def here(y):
        if not hasattr(y, "__dask_graph__"):
            return y
        (values,) = cluster.results(cluster.collect([y]))
        return values

    return classifier.fit(
        on_cluster(X), here(y), here(sample_weight), on_cluster(X_val), here(y_val)
    )


def _checked(client):
    with required("Training on a cluster needs Dask", "dask"):
        from distributed import Client, default_client
    if client is None:
        try:
            client = default_client()
        except ValueError:
            raise ValueError(
                "Got client=None and found none, but expected a distributed.Client."
            ) from None
    if not isinstance(client, Client) or client.asynchronous:
        raise TypeError(
            f"Got client={client!r}, but expected a distributed.Client that is not asynchronous."
        )
    return client
