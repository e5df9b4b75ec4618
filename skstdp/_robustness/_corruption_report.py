"""Accuracy under corruptions, as a table and as a scorer."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from numbers import Integral, Real
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted

from .._utils._validation import check_count, check_different, check_seed, class_indices
from .._utils._warnings import ConstantPredictionWarning
from ._corrupt import Samples, check_corruption, check_corruption_size, check_image_shape
from ._corruptions import CORRUPTIONS, OF_IMAGES, OF_TABLES, sizes_of
from ._scorers import _AttackScorer, is_constant, label_metric

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.random import RandomState
    from numpy.typing import ArrayLike
    from sklearn.base import BaseEstimator


__all__ = ["CorruptionScorer", "corruption_report"]

_N_SEVERITIES = 5


def corruption_report(
    estimator: BaseEstimator,
    X: ArrayLike,
    y: ArrayLike,
    *,
    corruptions: str | Sequence[str] | Mapping[str, float | Sequence[float] | None] | None = None,
    severities: int | Sequence[int] = (1, 2, 3, 4, 5),
    image_shape: Sequence[int] | None = None,
    reference: ArrayLike | None = None,
    bounds: object = None,
    immutable: str | int | Sequence[str | int] | None = (),
    n_repeats: int = 3,
    random_state: int | RandomState | None = 0,
    metric: str | Callable = "accuracy",
) -> pd.DataFrame:
    """Accuracy under noise, missing values and other corruptions, each in several sizes.

    `corrupt` changes X as it is given, and the estimator predicts the changed samples: any
    classifier and any pipeline will do, since no gradient is needed. Corruptions are random or
    the same for all, and not chosen to mislead: accuracy under them is no bound for that under
    attack, and neither says anything about the other.

    Parameters
    ----------
    estimator : classifier
        Fitted.
    X : array-like, pandas or polars data frame of shape (n_samples, n_features)
        Samples that it was not trained on.
    y : array-like of shape (n_samples,)
        Their true labels.
    corruptions : str, sequence of str, dict or None, default=None
        Names of corruptions, see `corrupt`. A dict from names to sizes, one or several >= 0,
        takes these instead of the sizes of the severities, unless they are None. None is

        - without `image_shape`: gaussian noise, missing as mean and as minimum, contrast, gain,
          offset, permutation;
        - with it: gaussian noise, missing as minimum, contrast, brightness, dimming, blur,
          rotation, shift.
    severities : int or sequence of int, default=(1, 2, 3, 4, 5)
        Severities, from 1 to 5, where sizes are not given.
    image_shape, reference, bounds, immutable : object
        As in `corrupt`.
    n_repeats : int, default=3
        Draws of each corruption that is random, >= 1. One draw serves all corruptions and sizes,
        so that the accuracy at one of them does not depend on which others there are.
    random_state : int, RandomState instance or None, default=0
        Draws what is random.
    metric : str or callable, default="accuracy"
        As in `FGSMScorer`.

    Returns
    -------
    report : DataFrame
        One row for each corruption, size and repeat, after one without corruption, with the
        columns

        - `corruption`, str: its name, or "none";
        - `severity`, int: 1 to 5, or the position from 1 of a size that is given; 0 without;
        - `size`, float: in the unit of the corruption; 0 without;
        - `unit`, str: that unit, empty without;
        - `repeat`, int: number of the draw from 0; corruptions that draw nothing have one;
        - `accuracy`, float: the metric.

    Raises
    ------
    ValueError
        As in `corrupt`; if a severity is not from 1 to 5, there are no corruptions, severities or
        sizes, X and y differ in length, or y holds a label that the estimator does not know.
    TypeError
        If the estimator is no classifier, X is sparse or not computed yet, or a parameter is not
        of its kind.

    Warns
    -----
    ConstantPredictionWarning
        If the estimator predicts one class for all samples, which no corruption may change.

    See Also
    --------
    corrupt : The corrupted samples.
    CorruptionDisplay : A figure of this.
    robustness_report : Accuracy under attacks.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skstdp import corruption_report
    >>> X, y = load_iris(return_X_y=True)
    >>> forest = RandomForestClassifier(random_state=0).fit(X[::2], y[::2])
    >>> report = corruption_report(
    ...     forest, X[1::2], y[1::2], corruptions={"contrast": [0.2, 0.6], "offset": 0.5}
    ... )
    >>> report.round(3)[["corruption", "severity", "size", "repeat", "accuracy"]]
      corruption  severity  size  repeat  accuracy
    0       none         0   0.0       0     0.960
    1   contrast         1   0.2       0     0.933
    2   contrast         2   0.6       0     0.347
    3     offset         1   0.5       0     0.973
    4     offset         1   0.5       1     0.427
    5     offset         1   0.5       2     0.893
    """
    check_image_shape(image_shape)
    sizes = sizes_by_corruption(corruptions, severities, image_shape)
    check_count(n_repeats, "n_repeats")
    check_seed(random_state, "random_state")
    score = label_metric(metric)
    samples, y = _checked(estimator, X, y, image_shape, reference, bounds, immutable)

    predicted = estimator.predict(X)
    if len(np.unique(y)) > 1 and is_constant(predicted):
        warnings.warn(
            f"Got a classifier that predicts one class, {predicted[0]!s}, for all "
            f"{len(predicted)} samples: do not take its accuracy for robustness.",
            ConstantPredictionWarning,
            stacklevel=2,
        )
    records = [("none", 0, 0.0, "", 0, score(y, predicted))]
    seeds = check_random_state(random_state).randint(np.iinfo(np.int32).max, size=n_repeats)
    for name, of_name in sizes.items():
        corruption = CORRUPTIONS[name]
        unit = corruption.unit if image_shape is None else corruption.image_unit
        for severity, size in of_name:
            for repeat, seed in enumerate(seeds if corruption.is_random else seeds[:1]):
                predicted = estimator.predict(samples.corrupted(name, size, seed))
                records.append((name, severity, size, unit, repeat, score(y, predicted)))
    columns = ["corruption", "severity", "size", "unit", "repeat", "accuracy"]
    return pd.DataFrame(records, columns=columns)


def sizes_by_corruption(corruptions, severities, image_shape):
    """Pairs of severity and size of each corruption, by its name."""
    if corruptions is None:
        corruptions = OF_TABLES if image_shape is None else OF_IMAGES
    listed = [corruptions] if isinstance(corruptions, str) else list(corruptions)
    if not listed:
        raise ValueError(f"Got corruptions={corruptions!r}, but expected at least one name.")
    for name in listed:
        check_corruption(name, image_shape)
    check_different(listed, "in corruptions", "Give several sizes as a dict")
    severities = _severities(severities)
    given = corruptions if isinstance(corruptions, Mapping) else dict.fromkeys(listed)
    return {
        name: [
            (severity, float(sizes_of(name, image_shape)[severity - 1])) for severity in severities
        ]
        if sizes is None
        else list(enumerate(_sizes(sizes, name), start=1))
        for name, sizes in given.items()
    }


def _severities(severities):
    listed = [severities] if np.ndim(severities) == 0 else list(severities)
    right = [
        isinstance(severity, Integral) and 1 <= severity <= _N_SEVERITIES for severity in listed
    ]
    if not listed or not all(right) or len(set(listed)) < len(listed):
        raise ValueError(
            f"Got severities={severities!r}, but expected different integers from 1 to "
            f"{_N_SEVERITIES}, at least one."
        )
    return [int(severity) for severity in listed]


def _sizes(sizes, name):
    parameter = f"corruptions[{name!r}]"
    listed = [sizes] if isinstance(sizes, Real | str) else list(sizes)
    if not listed:
        raise ValueError(f"Got {parameter}={sizes!r}, but expected at least one size.")
    for size in listed:
        check_corruption_size(size, name, parameter)
    return [float(size) for size in listed]


def _checked(estimator, X, y, image_shape, reference, bounds, immutable):
    """Samples that can be corrupted, and their labels, which the estimator knows."""
    check_is_fitted(estimator)
    if not hasattr(estimator, "classes_"):
        raise TypeError(
            f"Got a {type(estimator).__name__} without classes, but expected a fitted classifier."
        )
    samples = Samples(X, image_shape, reference, bounds, immutable)
    check_consistent_length(X, y)
    classes = np.asarray(estimator.classes_)
    return samples, classes[class_indices(y, classes)]


class CorruptionScorer(_AttackScorer):
    """Accuracy under a corruption, as a scorer.

    Called as ``scorer(estimator, X, y)``, and usable wherever scikit-learn takes ``scoring=``.
    X is changed as `corrupt` does it, with the statistics of X itself, and classified.

    Parameters
    ----------
    corruption : str, default="gaussian noise"
        Name of the corruption, see `corrupt`.
    size : float, default=0.4
        Its size, as in `corrupt`.
    image_shape, bounds, immutable, random_state : object
        As in `corrupt`. The default of `random_state` gives the same score each time.
    metric : str or callable, default="accuracy"
        As in `FGSMScorer`.

    Raises
    ------
    ValueError
        If a parameter is not in its range; when called, as in `corruption_report`.
    TypeError
        If a parameter is not of its kind; when called, as in `corruption_report`.

    See Also
    --------
    corruption_report : Accuracy under several corruptions and sizes.
    FGSMScorer : Accuracy under attack.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from sklearn.model_selection import cross_validate
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skstdp import CorruptionScorer
    >>> X, y = load_wine(return_X_y=True)
    >>> scoring = {"clean": "accuracy", "noisy": CorruptionScorer("gaussian noise", 1.0)}
    >>> scores = cross_validate(GaussianNB(), X, y, scoring=scoring)
    >>> print(f"{scores['test_clean'].mean():.3f} {scores['test_noisy'].mean():.3f}")
    0.966 0.809
    """

    _always_shown = 2

    def __init__(
        self,
        corruption: str = "gaussian noise",
        size: float = 0.4,
        *,
        image_shape: Sequence[int] | None = None,
        bounds: object = None,
        immutable: str | int | Sequence[str | int] | None = (),
        random_state: int | RandomState | None = 0,
        metric: str | Callable = "accuracy",
    ) -> None:
        self.corruption = corruption
        self.size = size
        self.image_shape = image_shape
        self.bounds = bounds
        self.immutable = immutable
        self.random_state = random_state
        self.metric = metric
        check_image_shape(image_shape)
        check_corruption(corruption, image_shape)
        check_corruption_size(size, corruption, "size")
        check_seed(random_state, "random_state")
        label_metric(metric)

    def _score(self, method_caller, estimator, X, y_true, **kwargs):
        options = (self.image_shape, None, self.bounds, self.immutable)
        samples, y = _checked(estimator, X, y_true, *options)
        predicted = estimator.predict(
            samples.corrupted(self.corruption, self.size, self.random_state)
        )
        return float(label_metric(self.metric)(y, predicted, **kwargs))
