"""X on its way through `fit` and `predict`: rows in this process, or elsewhere."""

import numpy as np
from scipy.sparse import issparse

from .._attacks._gradient import fgsm
from ._checks import validated_array
from ._encoding import as_dtype
from ._split import row_digests
from ._training import Training


def as_rows(X):
    """X as rows, unless it has their methods already, as those on a cluster have."""
    return X if hasattr(X, "validated") else Rows(X)


def dense(X):
    """An array, also of what is sparse."""
    return X.toarray() if issparse(X) else X


class Rows:
    """Rows of X in this process, and the methods by which `fit` and `predict` reach any rows.

    Parameters
    ----------
    X : array-like, or CSR matrix of shape (n_samples, n_features)
        As it was given; after `validated` an array or a CSR matrix of floats.
    """

    def __init__(self, X):
        self.X = X

    @property
    def shape(self):
        """Number of samples and of features."""
        return self.X.shape

    @property
    def dtype(self):
        """float32 or float64."""
        return self.X.dtype

    def __len__(self):
        return self.shape[0]

    def __getitem__(self, rows):
        return Rows(self.X[rows])

    def astype(self, dtype):
        """The same rows of another dtype."""
        return self if self.dtype == dtype else Rows(as_dtype(self.X, dtype))

    def validated(self, estimator, *y, reset):
        """List of the checked rows, and of checked labels if any; `reset` takes new features."""
        X, *y = validated_array(estimator, self.X, *y, reset=reset)
        return [Rows(X), *y]

    def for_callbacks(self):
        """X for callbacks."""
        return self.X

    def map(self, function, network, sample_weight=None):
        """Results of a function, one for each place where rows lie.

        `function(network, X, sample_weight, first_row)` gets the network, or elsewhere a copy that
        predicts, some of the rows as an array or a CSR matrix, their weights, and the position of
        the first of them.
        """
        return [function(network, self.X, sample_weight, 0)]

    def in_order(self, results):
        """One array of the results of `map`, if these have a row per sample."""
        (result,) = results
        return result

    def extremes(self):
        """Rows with the least and the greatest value of each feature, sparse if X is."""
        return self.X

    def digests(self):
        """One number per row, the same for equal rows."""
        return row_digests(self.X)

    def trainer(self, network, y, sample_weight, scale, offset, fields, *arguments):
        """Loop over the batches of an epoch, as `Training`."""
        X = self.X
        if fields.ranked:
            X = np.vstack([fields.ranks(rates) for rates, _ in network._rate_chunks(X)])
            scale, offset = np.ones_like(scale), np.zeros_like(offset)
        return Training(X, y, sample_weight, scale, offset, fields, *arguments)

    def run(self, training, network, y, orders, step_sizes, attack_sizes):
        """Run epochs, with `adversarial_epsilon` on perturbed samples: see `Training.run`.

        `attack_sizes` has the shape of `step_sizes`: the size of the attack on each batch.
        """
        if network.adversarial_epsilon == 0:
            return training.run(orders, step_sizes)
        losses, n_right = np.zeros((2, len(orders)))
        epochs = zip(orders, step_sizes, attack_sizes, strict=True)
        for epoch, (order, steps, sizes) in enumerate(epochs):
            batches = np.array_split(order, len(steps))
            for rows, step_size, attack_size in zip(batches, steps, sizes, strict=True):
                rates = fgsm(
                    network._encode(dense(self.X[rows])),
                    network.classes_[y[rows]],
                    network._margin_gradient,
                    attack_size,
                )
                (batch_loss,), (batch_right,) = training.run_on_rates(rates, rows, step_size)
                losses[epoch] += batch_loss
                n_right[epoch] += batch_right
        return losses, n_right
