"""Classification tasks for the benchmarks: two built-in collections, and CSV files."""

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import is_float_dtype, is_numeric_dtype
from sklearn.datasets import load_digits, load_iris

__all__ = ["Task", "load_csv_task", "load_tasks"]


# Two frames have no single truth value, so tasks are compared by identity.
@dataclass(frozen=True, eq=False)
class Task:
    """Samples, their classes and a name for tables and figures.

    Parameters
    ----------
    name : str
        What the task is called, for instance "iris 0v1".
    X : DataFrame of shape (n_samples, n_features)
        Numeric features without missing values.
    y : Series of shape (n_samples,)
        Class labels, of any type.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from skstdp.datasets import Task
    >>> task = Task("wine", *load_wine(return_X_y=True, as_frame=True))
    >>> task.X.shape
    (178, 13)
    """

    name: str
    X: pd.DataFrame
    y: pd.Series


# Name of a collection: scikit-learn's loader, and the pairs of classes to tell apart.
_SOURCES = {
    "iris": (load_iris, [(0, 1), (0, 2), (1, 2)]),
    "digits": (load_digits, [(0, digit) for digit in range(1, 6)]),
}
COLLECTIONS = tuple(_SOURCES)


def load_tasks(name):
    """Tasks of a built-in collection: pairs of classes, then all classes.

    Parameters
    ----------
    name : {"iris", "digits"}
        "iris" holds the three pairs of species and all three; "digits", images of 8 x 8 pixels,
        holds 0 against each of 1 to 5 and all ten digits.

    Returns
    -------
    tasks : list of Task
        Features in their original units: cm for iris, grey levels in [0, 16] for digits.

    Raises
    ------
    ValueError
        If there is no collection of that name.

    Examples
    --------
    >>> from skstdp.datasets import load_tasks
    >>> for task in load_tasks("iris"):
    ...     print(task.name, task.X.shape)
    iris 0v1 (100, 4)
    iris 0v2 (100, 4)
    iris 1v2 (100, 4)
    iris (150, 4)
    """
    if name not in _SOURCES:
        raise ValueError(f"Got the collection {name!r}, but expected one of {COLLECTIONS}.")
    load, pairs = _SOURCES[name]
    X, y = load(return_X_y=True, as_frame=True)
    tasks = []
    for first, second in pairs:
        rows = y.isin([first, second])
        task_name = f"{name} {first}v{second}"
        tasks.append(
            Task(task_name, X[rows].reset_index(drop=True), y[rows].reset_index(drop=True))
        )
    return [*tasks, Task(name, X, y)]


def load_csv_task(path, target):
    r"""Task from a file of comma-separated values with a header line.

    Parameters
    ----------
    path : str or path-like
        File to read. Its name without the suffix becomes the name of the task.
    target : str
        Column that holds the class labels, numbers or text. All other columns are features
        and must be numeric.

    Returns
    -------
    task : Task
        Features in the units and order of the file.

    Raises
    ------
    ValueError
        If the file cannot be read as such a table, has no column `target` or no other, or if
        a column has no name, a value is missing, a feature is not a finite number, a class label
        is a fraction or there are fewer than two classes.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from skstdp.datasets import load_csv_task
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "flowers.csv")
    ...     rows = ["length,width,species", "1.4,0.2,setosa", "4.7,1.4,versicolor"]
    ...     _ = path.write_text("\n".join(rows))
    ...     task = load_csv_task(path, target="species")
    >>> task.name, list(task.X), list(task.y)
    ('flowers', ['length', 'width'], ['setosa', 'versicolor'])
    """
    table = _read_csv(path)
    if target not in table:
        raise ValueError(
            f"Got target={target!r}, but expected one of the columns of {path}: "
            f"{_listed(table.columns)}."
        )
    X, y = table.drop(columns=target), table[target]
    if X.shape[1] == 0:
        raise ValueError(f"Got no column besides {target!r} in {path}, but expected features.")
    missing = table.columns[table.isna().any()]
    if len(missing):
        raise ValueError(
            f"Got missing values in {path}, in {_listed(missing)}, but expected none."
        )
    text = [column for column in X if not is_numeric_dtype(X[column])]
    if text:
        raise ValueError(
            f"Got text in {path}, in {_listed(text)}, but expected numbers in every column "
            f"besides the target {target!r}."
        )
    infinite = X.columns[np.isinf(X.astype(float)).any()]
    if len(infinite):
        raise ValueError(
            f"Got infinite values in {path}, in {_listed(infinite)}, but expected finite numbers."
        )
    if y.nunique() < 2:
        raise ValueError(
            f"Got {y.nunique()} class in the target {target!r} of {path}, but expected at least 2."
        )
    if is_float_dtype(y) and (y % 1 != 0).any():
        raise ValueError(
            f"Got fractions in the target {target!r} of {path}, but expected class labels."
        )
    return Task(Path(path).stem, X, y)


def _read_csv(path):
    """The table in a file, or a ValueError of one line that says what is wrong with it."""
    try:
        # Else pandas takes values beyond the header for row labels, and shifts the columns.
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            table = pd.read_csv(path, index_col=False)
    except OSError as error:
        raise ValueError(f"Cannot read {path}: {error.strerror or error}.") from error
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"Cannot read {path} as comma-separated values: {reason}.") from error
    except pd.errors.ParserWarning as error:
        raise ValueError(
            f"Got rows in {path} longer than its header, but expected equal lengths."
        ) from error
    if table.empty:
        raise ValueError(f"Got no rows below the header of {path}, but expected samples.")
    # Row numbers that were saved along are mostly such a column, and would give the class away.
    for position, column in enumerate(table.columns, start=1):
        if str(column).startswith("Unnamed: "):
            raise ValueError(
                f"Got no name for column {position} of {path}, but expected one. If it holds row "
                "numbers, remove it."
            )
    return table


def _listed(names):
    return ", ".join(repr(str(name)) for name in names)
