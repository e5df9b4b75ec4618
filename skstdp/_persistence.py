"""Fitted models as files that hold no code: skops, imported when somebody saves or loads."""

from __future__ import annotations

from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from sklearn.base import BaseEstimator

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["load_model", "save_model"]

# What a search with our scorers holds besides types of this package. They only compute, and split
# rows.
_OF_SCIKIT_LEARN = {
    "sklearn.metrics._classification.accuracy_score",
    "sklearn.metrics._scorer._Scorer",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.model_selection._split.KFold",
    "sklearn.model_selection._split.RepeatedStratifiedKFold",
    "sklearn.model_selection._split.StratifiedKFold",
}


def save_model(estimator: BaseEstimator, path: str | Path) -> None:
    """Write an estimator to a file that another process can load without running code from it.

    The file is that of skops. Callbacks are left out; the estimator keeps them.

    Parameters
    ----------
    estimator : estimator
        One of our classifiers, or a pipeline, search or other estimator of scikit-learn with one
        of them inside.
    path : str or Path
        File to write, by custom with the suffix ".skops". One that exists is replaced.

    Raises
    ------
    ImportError
        If skops is not installed.
    OSError
        If the file cannot be written.
    TypeError
        If `estimator` is not an estimator.

    See Also
    --------
    load_model : Reads the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import STDPClassifier, load_model, save_model
    >>> X, y = load_iris(return_X_y=True)
    >>> network = STDPClassifier(max_iter=5, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = Path(directory, "network.skops")
    ...     save_model(network, path)
    ...     loaded = load_model(path)
    >>> bool((loaded.predict(X) == network.predict(X)).all())
    True
    """
    if not isinstance(estimator, BaseEstimator):
        raise TypeError(f"Got estimator={estimator!r}, but expected an estimator.")
    with _without_callbacks(estimator):
        content = _skops().dumps(estimator)
    Path(path).write_bytes(content)


def load_model(path: str | Path, *, trusted: Sequence[str] = ()) -> BaseEstimator:
    """Read an estimator that `save_model` or skops wrote.

    Nothing is made of a type that is not known to be harmless: those of this package and the ones
    of scikit-learn that skops trusts.

    Parameters
    ----------
    path : str or Path
        The file.
    trusted : sequence of str, default=()
        Names of more types to trust, such as "my_package.MyTransformer".

    Returns
    -------
    estimator : estimator
        As it was when it was saved, without its callbacks.

    Raises
    ------
    ImportError
        If skops is not installed.
    OSError
        If the file cannot be read.
    ValueError
        If it was not written by skops, is cut off or damaged, holds a type that is not trusted or
        no estimator, or one that lacks what this version needs.

    See Also
    --------
    save_model : Writes the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import MinMaxScaler
    >>> from skstdp import STDPClassifier, load_model, save_model
    >>> X, y = load_iris(return_X_y=True)
    >>> model = make_pipeline(MinMaxScaler(), STDPClassifier(max_iter=5, random_state=0))
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = Path(directory, "model.skops")
    ...     save_model(model.fit(X, y), path)
    ...     loaded = load_model(path)
    >>> loaded.score(X, y) == model.score(X, y)
    True
    """
    skops = _skops()
    content = Path(path).read_bytes()
    with _naming_file(path):
        # Not as `data=`, which takes an empty file for a missing argument.
        held = skops.get_untrusted_types(file=BytesIO(content))
    unknown = sorted(
        name for name in set(held) - _OF_SCIKIT_LEARN - set(trusted) if not _is_ours(name)
    )
    if unknown:
        raise ValueError(
            f"Got {path} with {', '.join(unknown)}, but expected only types that are known to be "
            "harmless. If you know these and who wrote the file, say that you trust them."
        )
    with _naming_file(path):
        estimator = skops.loads(content, trusted=held)
    if not isinstance(estimator, BaseEstimator):
        raise ValueError(
            f"Got {path} with a {type(estimator).__name__}, but expected an estimator in it."
        )
    return estimator


@contextmanager
def _naming_file(path):
    """Name the file in errors of skops, which may be any: what it reads may be anything."""
    try:
        yield
    except Exception as error:
        raise ValueError(
            f"Got {path}, but expected a file that skops wrote, whole, of a model that this "
            f"version can load: {type(error).__name__}: {error}"
        ) from error


def _is_ours(name):
    return name.startswith(f"{__package__}.")


def _skops():
    try:
        import skops.io
    except ImportError as error:
        raise ImportError(
            'Model files need skops. Install it with: pip install "skstdp[skops]"'
        ) from error
    return skops.io


@contextmanager
def _without_callbacks(estimator):
    """Take the callbacks off an estimator, and off those inside it, for as long as the block."""
    taken = []
    for inner in _estimators(estimator):
        if "_skl_callbacks" in vars(inner):
            taken.append((inner, vars(inner).pop("_skl_callbacks")))
    try:
        yield
    finally:
        for inner, callbacks in taken:
            inner._skl_callbacks = callbacks


def _estimators(value):
    """The estimators in a value, itself included."""
    if isinstance(value, BaseEstimator):
        yield value
        value = vars(value)
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _estimators(part)
