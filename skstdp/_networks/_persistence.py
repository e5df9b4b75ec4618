"""Fitted models as files that hold no code: skops, imported when somebody saves or loads."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils import Bunch
from sklearn.utils.metadata_routing import MetadataRequest

from .._utils._optional import required
from ._trusted_types import trusted_types

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["load_model", "save_model"]

_REQUESTS = MetadataRequest, type(MetadataRequest(owner="").fit)

_TREES = {
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
}


def save_model(estimator: BaseEstimator, path: str | Path, *, trusted: Sequence[str] = ()) -> None:
    """Write an estimator to a file that another process can load without running code from it.

    The file is that of skops. It is read once before it is written, so that an error in loading
    is raised here. Callbacks are left out; the estimator keeps them. Columns that scikit-learn was
    given as a pandas Index or Series are lists in the file, and metadata requests name their
    owner instead of holding it.

    Parameters
    ----------
    estimator : estimator
        One of our classifiers, or a pipeline, search or other estimator of scikit-learn with one
        of them inside.
    path : str or Path
        File to write, by custom with the suffix ".skops". One that exists is replaced.
    trusted : sequence of str, default=()
        Names of the types that will be given to `load_model`; nothing is said of them.

    Raises
    ------
    ImportError
        If skops is not installed.
    OSError
        If the file cannot be written.
    TypeError
        If `estimator` is not an estimator, or has a part that such a file cannot hold, such as a
        function without a name.

    Warns
    -----
    UserWarning
        If the file can only be loaded with types that `load_model` has to be given as trusted.

    See Also
    --------
    load_model : Reads the file.
    trusted_types : The types that `load_model` takes by itself.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from skstdp import STDPClassifier, load_model, save_model
    >>> X, y = load_iris(return_X_y=True)
    >>> network = STDPClassifier(max_iter=60, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = Path(directory, "network.skops")
    ...     save_model(network, path)
    ...     loaded = load_model(path)
    >>> int((loaded.predict(X) != network.predict(X)).sum())  # predictions that differ
    0
    """
    if not isinstance(estimator, BaseEstimator):
        raise TypeError(f"Got estimator={estimator!r}, but expected an estimator.")
    _skops()
    plain = estimator
    try:
        plain = _plain(estimator, False, {})
        content, held = _round_trip(plain)
    except Exception as error:
        where, part, reason = _part_that_fails(plain, "estimator", error)
        raise TypeError(
            f"Got {where}, of type {type(part).__name__}, but expected parts that a file without "
            f"code can hold: {type(reason).__name__}: {reason}. Replace it, for example a lambda "
            "or a compiled function by a plain function of a module, or save the model by joblib, "
            "which takes what pickle takes: compiled functions, but no lambdas."
        ) from error
    unknown = _not_trusted(held, trusted)
    if unknown:
        warnings.warn(
            f"Got an estimator with {', '.join(unknown)}, but expected only types that are known "
            f"to be harmless: its file has to be loaded by {_how_to_trust(unknown)} Give the same "
            "trusted to save_model to save without this warning.",
            stacklevel=2,
        )
    Path(path).write_bytes(content)


def load_model(path: str | Path, *, trusted: Sequence[str] = ()) -> BaseEstimator:
    """Read an estimator that `save_model` or skops wrote.

    Nothing is made of a type that is not known to be harmless: those that skops trusts, and those
    of `trusted_types`.

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
    trusted_types : The types that are known to be harmless.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import MinMaxScaler
    >>> from skstdp import STDPClassifier, load_model, save_model
    >>> X, y = load_iris(return_X_y=True)
    >>> model = make_pipeline(MinMaxScaler(), STDPClassifier(max_iter=60, random_state=0))
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = Path(directory, "model.skops")
    ...     save_model(model.fit(X, y), path)
    ...     loaded = load_model(path)
    >>> round(model.score(X, y), 2), round(loaded.score(X, y), 2)
    (0.99, 0.99)
    """
    skops = _skops()
    content = Path(path).read_bytes()
    with _naming_file(path):
        # Not as `data=`, which takes an empty file for a missing argument.
        held = skops.get_untrusted_types(file=BytesIO(content))
    unknown = _not_trusted(held, trusted)
    if unknown:
        raise ValueError(
            f"Got {path} with {', '.join(unknown)}, but expected only types that are known to be "
            "harmless. If you know these and who wrote the file, load it by "
            f"{_how_to_trust(unknown)}"
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


def _skops():
    with required("Model files need skops", "skops"):
        import skops.io
    return skops.io


def _round_trip(value):
    """File of skops of a value, read once, and the types in it that skops does not trust."""
    skops = _skops()
    content = skops.dumps(value)
    held = skops.get_untrusted_types(file=BytesIO(content))
    skops.loads(content, trusted=held)
    return content, held


def _not_trusted(held, trusted):
    return sorted(set(held).difference(trusted_types(), trusted))


def _how_to_trust(names):
    about_trees = ""
    if not _TREES.isdisjoint(names):
        about_trees = " Scikit-learn follows the indices of trees unchecked."
    return (
        f"load_model(path, trusted={names}), or --trust {' '.join(names)} on the command line."
        f"{about_trees}"
    )


def _plain(value, of_sklearn, copies):
    """A copy without callbacks, in which what skops cannot write is what it can.

    Parameters
    ----------
    value : object
        An estimator or a part of one.
    of_sklearn : bool
        True for a part of an object of scikit-learn, to which a list is as good as an Index.
    copies : dict
        By the id of a value, so that what is shared stays so.
    """
    if id(value) in copies:
        return copies[id(value)]
    if of_sklearn and isinstance(value, pd.Index | pd.Series | range):
        return list(value)
    if type(value) is tuple:
        return tuple(_plain(part, of_sklearn, copies) for part in value)
    if type(value) is list:
        copy = copies[id(value)] = []
        copy += [_plain(part, of_sklearn, copies) for part in value]
    elif type(value) in (dict, Bunch):
        copy = copies[id(value)] = type(value)()
        copy |= {key: _plain(part, of_sklearn, copies) for key, part in value.items()}
    elif _has_parts(value):
        copy = copies[id(value)] = type(value).__new__(type(value))
        of_sklearn = type(value).__module__.startswith("sklearn.")
        for name, part in vars(value).items():
            if name == "owner" and isinstance(value, _REQUESTS):
                # The estimator that holds the request, only to be named in messages.
                vars(copy)[name] = part if isinstance(part, str) else type(part).__name__
            elif name != "_skl_callbacks":
                vars(copy)[name] = _plain(part, of_sklearn, copies)
    else:
        return value
    return copy


def _has_parts(value):
    package = type(value).__module__.partition(".")[0]
    return isinstance(value, BaseEstimator) or (
        package in ("sklearn", "skstdp") and hasattr(value, "__dict__")
    )


def _part_that_fails(value, where, error):
    """The innermost part that a file cannot hold: where it is, itself, and what skops says."""
    # Not for ever: some parts hold what holds them.
    for _ in range(10):
        for name, part in _parts(value, where):
            try:
                _round_trip(part)
            except Exception as inner:
                where, value, error = name, part, inner
                break
        else:
            break
    return where, value, error


def _parts(value, where):
    if _has_parts(value):
        return [(f"{where}.{name}", part) for name, part in vars(value).items()]
    if isinstance(value, dict):
        return [(f"{where}[{key!r}]", part) for key, part in value.items()]
    if isinstance(value, list | tuple):
        return [(f"{where}[{index}]", part) for index, part in enumerate(value)]
    return []
