"""Columns that are given by name or by position."""

from collections.abc import Mapping

import numpy as np
import pandas as pd


class Columns:
    """The columns that an attack acts on.

    Parameters
    ----------
    names : list of str, or None
    n_features : int
    """

    def __init__(self, names, n_features):
        self.names = names
        self.n_features = n_features

    def name(self, position):
        """Name of a column, or its position if it has none."""
        return int(position) if self.names is None else self.names[position]

    def named(self, mapping, parameter):
        """Triples of position, label and value of a dict or Series by column."""
        items = list(mapping.items())
        positions = self.positions([label for label, _ in items], parameter)
        if len(set(positions.tolist())) < len(items):
            raise ValueError(f"Got a column twice in {parameter}, but expected each once.")
        return [(position, *item) for position, item in zip(positions, items, strict=True)]

    def positions(self, columns, parameter):
        """Positions of columns that are given by name or by position."""
        positions = []
        for column in columns:
            if self.names is not None and column in self.names:
                positions.append(self.names.index(column))
            elif isinstance(column, (int, np.integer)) and not isinstance(column, bool):
                if not -self.n_features <= column < self.n_features:
                    raise ValueError(
                        f"Got the column {int(column)} in {parameter}, but expected one of the "
                        f"{self.n_features} columns by position."
                    )
                positions.append(int(column) % self.n_features)
            elif self.names is None:
                raise ValueError(
                    f"Got the column {column!r} in {parameter}, but expected positions: the "
                    f"{self.n_features} columns that the attack acts on have no names."
                )
            else:
                raise ValueError(
                    f"Got the unknown column {column!r} in {parameter}, but expected some of "
                    f"{shortened(self.names)}."
                )
        return np.array(positions, dtype=int)

    def numbers(self, value, parameter, others=0.0):
        """One number per column, of one number, one per column, or by column and `others` else."""
        if is_by_column(value):
            numbers = np.full(self.n_features, others)
            for position, _, number in self.named(value, parameter):
                numbers[position] = number
            return numbers
        value = np.asarray(value, dtype=np.float64)
        if value.shape not in ((), (self.n_features,)):
            raise ValueError(
                f"Got {parameter} of shape {value.shape}, but expected one number, or one for "
                f"each of the {self.n_features} columns that the attack acts on."
            )
        return np.broadcast_to(value, self.n_features).copy()


def is_by_column(value):
    """Determine whether a value is a dict or Series by column."""
    return isinstance(value, Mapping | pd.Series)


def _is_column(value):
    return isinstance(value, (str, int, np.integer))


def listed(columns):
    """Columns as a list: of several, of a single one, or of None."""
    if columns is None:
        return []
    return [columns] if _is_column(columns) else list(columns)


def groups_of(one_hot):
    """Groups of columns as a list: of several, of a single one that is given alone, or of None."""
    groups = listed(one_hot)
    return [groups] if groups and all(map(_is_column, groups)) else groups


def shortened(names):
    """Up to twenty names as text."""
    shown = ", ".join(map(repr, names[:20]))
    return shown if len(names) <= 20 else f"{shown} and {len(names) - 20} more"
