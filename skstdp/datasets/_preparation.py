"""From text and gaps to numbers: a transformer that benchmarks fit to training rows alone."""

from __future__ import annotations

from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from ._text_files import listed

# Of a column of text; the others are one category, and so are values of a single training row.
MAX_CATEGORIES = 30
_NUMBERS, _PAIRS, _CATEGORIES = "numbers", "two values", "categories"


def preparation_of(X):
    """Unfitted transformer that makes numbers of a table, or None if it holds nothing else.

    Numbers keep their values; gaps become the median, marked in a column of their own. Text of two
    values becomes 0 and 1, other text a column per value, where a gap is a value like others.
    """
    text = [name for name in X if X[name].dtype == object]
    numbers = [name for name in X if name not in text]
    pairs = [name for name in text if X[name].nunique() == 2 and X[name].notna().all()]
    categories = [name for name in text if name not in pairs]
    if not text and not X.isna().any(axis=None):
        return None
    steps = [
        (
            _NUMBERS,
            SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True),
            numbers,
        ),
        # A value that the training rows lack is at the lower end.
        (_PAIRS, OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1), pairs),
        (
            _CATEGORIES,
            OneHotEncoder(
                handle_unknown="infrequent_if_exist",
                max_categories=MAX_CATEGORIES,
                min_frequency=2,
                sparse_output=False,
            ),
            categories,
        ),
    ]
    # Only where a name may be that of a value of another column.
    clash = any(
        other != name and other.startswith(f"{name}_") for name in categories for other in X
    ) or any(name.startswith("missingindicator_") for name in X)
    transformer = ColumnTransformer(
        [step for step in steps if step[2]], verbose_feature_names_out=clash
    )
    return transformer.set_output(transform="pandas")


def describe_preparation(task):
    """Lines of text: what is made of the columns of a task, one line per kind of column."""
    X, preparation = task.X, task.preparation
    if preparation is None:
        return [f"numbers ({X.shape[1]}), without gaps"]
    if not isinstance(preparation, ColumnTransformer):
        return [f"{X.shape[1]} columns, by {' '.join(repr(preparation).split())}"]
    lines = []
    for kind, transformer, names in preparation.transformers:
        gaps = {name: int(X[name].isna().sum()) for name in names if X[name].isna().any()}
        shown = ", ".join(f"{name!r} {count}" for name, count in list(gaps.items())[:5])
        shown += f" and {len(gaps) - 5} more" if len(gaps) > 5 else ""
        if kind == _NUMBERS:
            line = f"numbers ({len(names)})"
            if gaps:
                line += f"; gaps ({shown}) become the median, marked in columns of their own"
        elif kind == _PAIRS:
            line = f"two values ({len(names)}), as 0 and 1: {listed(names, 5)}"
        elif kind == _CATEGORIES:
            line = f"categories ({len(names)}), a column per value: "
            line += ", ".join(f"{name!r} ({X[name].nunique()})" for name in names[:5])
            line += f" and {len(names) - 5} more" if len(names) > 5 else ""
            large = [name for name in names if X[name].nunique() > MAX_CATEGORIES]
            if large:
                line += f"; of {listed(large, 5)} the {MAX_CATEGORIES - 1} most frequent"
            if gaps:
                line += f"; gaps ({shown}) are a category"
        else:
            line = f"{listed(names, 5)}, by {' '.join(repr(transformer).split())}"
        lines.append(line)
    return lines
