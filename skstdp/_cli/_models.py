"""A model and rows of a file, for the commands that take both."""

from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from .._networks._persistence import load_model
from .._utils._frames import feature_names_in
from .._utils._validation import nearest, unreadable
from ..datasets._load_table import read_table
from ..datasets._sources import split_target, stem_of
from ._data_arguments import table_options

_PICKLES = (".joblib", ".pickle", ".pkl")
# Of truth values, besides Python's own.
_SPELLINGS = (str.lower, str.upper)


def add_model_and_data(parser):
    """Add the file of the model, and that of the rows."""
    parser.add_argument(
        "model", metavar="MODEL", help="file of skstdp.save_model, or a pickle: see --trust-pickle"
    )
    parser.add_argument(
        "data", metavar="DATA", help="CSV file with a header line, or Parquet file; or FILE:COLUMN"
    )


def add_trust(parser):
    """Add what a file of a model may hold."""
    parser.add_argument(
        "--trust",
        metavar="TYPE",
        nargs="+",
        default=(),
        help="more types that MODEL may hold, such as sklearn.tree._tree.Tree",
    )
    parser.add_argument(
        "--trust-pickle",
        action="store_true",
        help="read MODEL also if it is a pickle (.joblib, .pkl), which may run any code",
    )


def name_of(arguments, command):
    """Name of the files that a command writes."""
    data, _ = split_target(arguments.data)
    return f"{stem_of(data)}_{Path(arguments.model).stem}_{command}"


def source(arguments, name):
    """Paths of model and data, unless a table of this name is of others, which is an error."""
    paths = {"model": arguments.model, "data": split_target(arguments.data)[0]}
    source = {key: str(Path(path).resolve()) for key, path in paths.items()}
    for suffix, read in {"csv": pd.read_csv, "json": pd.read_json}.items():
        table = arguments.out / f"{name}.{suffix}"
        if not table.exists():
            continue
        written = read(table)
        for key, path in source.items():
            others = set(written.get(key, [])) - {path}
            if others:
                raise ValueError(
                    f"Got {path}, but {table} is of {others.pop()}: expected another --out, or a "
                    "file of another name."
                )
    return source


def load(arguments):
    """Model in the file, or a ValueError that says why there is none."""
    path = arguments.model
    try:
        return _read(path, arguments)
    except OSError as error:
        raise unreadable(path, error) from error


def _read(path, arguments):
    if Path(path).suffix not in _PICKLES:
        return load_model(path, trusted=arguments.trust)
    if not arguments.trust_pickle:
        raise ValueError(
            f"Got {path}, but expected --trust-pickle with a file that can run any code when it "
            "is read. Give it only for files of your own, or save models by skstdp.save_model."
        )
    try:
        return joblib.load(path)
    except OSError:
        raise
    except Exception as error:
        raise ValueError(
            f"Got {path}, but expected a pickle, whole, of a model that this version can load: "
            f"{type(error).__name__}: {error}"
        ) from error


def rows(arguments, model, path=None):
    """X as the model takes it, its labels, and the names of its columns in a file.

    The file is that of the data, or another one of its columns.
    """
    path, target = split_target(path or arguments.data)
    target = target or arguments.target
    if not hasattr(model, "classes_"):
        raise ValueError(
            f"Got {arguments.model} with a {type(model).__name__}, but expected a fitted "
            "classifier."
        )
    names = feature_names_in(model)
    X, y = read_table(path, target, names=names, **table_options(arguments))
    columns = list(X)
    y = _labels(y, np.asarray(model.classes_), target, path)
    n_features = getattr(model, "n_features_in_", len(columns))
    if names is not None:
        missing = [name for name in names if name not in columns]
        others = [name for name in columns if name not in names]
        differences = [("without", missing), ("with", others)]
        found = [f"{word} the columns {_some(names)}" for word, names in differences if names]
        if found:
            advice = "Leave others out by --drop." if others else "Correct the header."
            raise ValueError(
                f"Got {path} {' and '.join(found)}, but expected the columns that the "
                f"model was trained on, and the target. {advice}"
            )
        X = X[list(names)]
    elif len(columns) != n_features:
        raise ValueError(
            f"Got {len(columns)} columns besides the target in {path}, but expected the "
            f"{n_features} that the model was trained on. They are {_some(columns)}."
        )
    # Without names the model was trained on an array.
    return (X.to_numpy() if names is None else X), y, columns


def _some(values):
    shown = ", ".join(map(repr, values[:10]))
    return shown if len(values) <= 10 else f"{shown} and {len(values) - 10} more"


def _labels(y, classes, target, path):
    """Return the labels as the model has them: by their text unless both are numbers."""
    if is_numeric_dtype(y) and classes.dtype.kind in "iuf":
        unknown = y[~y.isin(classes)]
    else:
        known = {str(label): label for label in classes.tolist()}
        if classes.dtype.kind == "b":
            known |= {f(text): label for text, label in known.items() for f in _SPELLINGS}
        y = y.astype(str)
        unknown = y[~y.isin(known)]
        y = y.map(known)
    if len(unknown):
        raise ValueError(
            f"Got the labels {_some(unknown.unique().tolist())} in the target "
            f"{target!r} of {path}, but expected the classes of the model, "
            f"{_some(classes.tolist())}. Choose another --target, or leave out these rows."
        )
    return y


def positions(names, width, columns, is_array):
    """Positions of the columns that can change, by what a user may call them, best ones last."""
    positions = dict(zip(map(str, range(width)), range(width), strict=True))
    if names is not None:
        positions |= dict(zip(map(str, names), range(width), strict=True))
    if is_array:
        # scikit-learn calls the columns of an array x0, x1 and so on.
        own = [f"x{k}" for k in range(len(columns))]
        if names is None and width == len(columns):
            names = own
        where = {name: k for k, name in enumerate(names or [])}
        positions |= {
            column: where[name] for column, name in zip(columns, own, strict=True) if name in where
        }
    return positions


def position(text, option, positions):
    """Position of a column that a user gave as text."""
    if text not in positions:
        names = [n for n in {k: n for n, k in positions.items()}.values() if not n.isdigit()]
        raise ValueError(
            f"Got {option} {text!r}, but expected columns that can change: "
            f"{_some(names) + ', or ' if names else ''}positions from 0 to "
            f"{max(positions.values())}.{nearest(text, names)}"
        )
    return positions[text]
