import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine

from skstdp.datasets import Task, load_tasks


@pytest.mark.parametrize(
    ("name", "load", "pairs"),
    [
        ("wine", load_wine, []),
        ("breast_cancer", load_breast_cancer, []),
        ("iris", load_iris, ["0v1", "0v2", "1v2"]),
        ("digits", load_digits, ["0v1", "0v2", "0v3", "0v4", "0v5"]),
    ],
)
def test_collections_hold_the_samples_of_scikit_learn(name, load, pairs):
    X, y = load(return_X_y=True)
    tasks = load_tasks(name)
    assert [task.name for task in tasks] == [f"{name} {pair}" for pair in pairs] + [name]
    for pair, task in zip(pairs, tasks, strict=False):
        rows = np.isin(y, [int(digit) for digit in pair.split("v")])
        np.testing.assert_array_equal(task.X, X[rows])
        np.testing.assert_array_equal(task.y, y[rows])
        assert task.X.index.equals(task.y.index)
    np.testing.assert_array_equal(tasks[-1].X, X)
    np.testing.assert_array_equal(tasks[-1].y, y)


def test_unknown_collection():
    with pytest.raises(ValueError, match=r"^Got the collection 'irises', .*Did you mean 'iris'"):
        load_tasks("irises")
    with pytest.raises(ValueError, match=r"^Got the collection \['iris'\], .*'iris', 'digits'"):
        load_tasks(["iris"])


def test_chosen_pairs_take_the_place_of_those_of_the_collection(folder):
    (task,) = load_tasks("mnist", data=folder, pairs=[(9, 4)])
    assert task.name == "mnist 9v4"
    assert set(task.y) == set(task.y_test) == {4, 9}
    tasks = load_tasks("digits", pairs=[(3, 8), (1, 7)])
    assert [(task.name, set(task.y)) for task in tasks] == [
        ("digits 3v8", {3, 8}),
        ("digits 1v7", {1, 7}),
    ]


def test_all_classes_among_the_pairs(folder):
    tasks = load_tasks("mnist", data=folder, pairs=["all", (4, 9)])
    assert [task.name for task in tasks] == ["mnist", "mnist 4v9"]
    expected = load_tasks("mnist", data=folder)[-1]
    np.testing.assert_array_equal(tasks[0].X, expected.X)
    np.testing.assert_array_equal(tasks[0].y_test, expected.y_test)


@pytest.mark.parametrize("pair", [(0, 3), (1, 1), (0, 1, 2), 0, "any"])
def test_pairs_that_do_not_exist(pair):
    with pytest.raises(
        ValueError, match=r"among the pairs, .* two different classes of 0, 1, 2, such as"
    ):
        load_tasks("iris", pairs=[pair])


def test_fixed_test_rows_need_samples_and_labels(iris):
    X, y = iris
    for only in ({"X_test": X}, {"y_test": y}):
        with pytest.raises(ValueError, match=r"^Got only one of X_test and y_test"):
            Task("iris", X, y, **only)


def test_task_does_not_change():
    with pytest.raises(AttributeError, match="cannot assign"):
        load_tasks("iris")[0].name = "other"


def test_task_of_unequal_lengths(iris):
    X, y = iris
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        Task("iris", X, y[1:])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        Task("iris", X, y, X_test=X, y_test=y[1:])


def test_task_with_two_columns_of_one_name():
    X = pd.DataFrame(np.eye(3), columns=["a", "b", "a"])
    for tables in ({"X": X}, {"X": X.iloc[:, :2], "X_test": X, "y_test": [0, 1, 0]}):
        with pytest.raises(
            ValueError, match=r"^Got the name 'a' several times among the columns of X"
        ):
            Task("twice", **{"y": [0, 1, 0]} | tables)
