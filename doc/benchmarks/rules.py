"""Learning rules side by side: python rules.py --data DIR --out results/rules [--jobs N].

All networks, data, batches and optimisers are the same; the learning rules differ. Four parts, of
which `--parts` chooses some; each fit is kept in the folder OUT, and a second run does only those
that are missing:

- defaults: accuracy, log loss and time of default step sizes, with one and two hidden layers;
- tuned: the best of four step sizes by inner folds of training rows, then accuracy without attack,
  under the worst of many attacks, and under corruptions;
- mnist: ten classes of MNIST with all 60,000 images, five seeds;
- angles: the angle between updates and gradient, by layer and epoch.

Means go to `rules.csv` beside this file, and from there into the page
doc/user_guide/learning_rules.rst; the figures go to doc/_static. With `--pages` the tables are made
anew from the means that are there.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from published import as_rst, renewed
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split

from skstdp import CorruptionScorer, PGDScorer, UpdateAngleDisplay, WorstCaseScorer
from skstdp.benchmarks import compare, update_angles
from skstdp.benchmarks._models import models_by_name
from skstdp.datasets import load_tasks

HERE = Path(__file__).parent
MEANS = HERE / "rules.csv"
PAGE = HERE.parent / "user_guide" / "learning_rules.rst"
FIGURE = "update_angles_{}.png"

RULES = (
    "bp",
    "feedback-random",
    "feedback-direct",
    "sign",
    "target",
    "stdp",
    "stdp-symmetric",
    "contrastive",
    "oja",
    "hebb",
    "bcm",
)
# Those of the originals that publish a figure on MNIST, and the best local ones.
OF_MNIST = (*RULES[:6], "contrastive")
# Backpropagation has the angle 0.
OF_ANGLES = (*RULES[1:6], "contrastive", "hebb")
ONE, TWO, LARGE_TWO, LARGE_ONE = (300,), (100, 50), (200, 100), (500,)
STEPS = {"learning_rate_init": [0.03, 0.1, 0.3, 1.0]}
# Known models, by the parameter that matters most, with as many settings.
REFERENCES = {
    "mlp(hidden_layer_sizes=(100, 50))": {
        "mlpclassifier__learning_rate_init": [3e-4, 1e-3, 3e-3, 1e-2]
    },
    "logistic": {"logisticregression__C": [0.1, 1, 10, 100]},
}
EPSILON = 12 / 255
# Of the middle severity, on tables and on images.
CORRUPTIONS = {
    False: {"gaussian noise": 0.4, "missing as mean": 0.3, "gain": 0.3},
    True: {"gaussian noise": 0.3, "missing as mean": 0.3, "rotation": 20},
}
# Of the test rows under attack, and predictions that each search may ask for, by `is_image`.
N_ATTACKED = {False: 50, True: 100}
N_QUERIES = {False: 50, True: 200}
N_TRAIN = {2: 2000, 10: 5000}


class OnSomeRows:
    """Scorer on evenly chosen test rows, in the form of an attack."""

    def __init__(self, scorer, attack, epsilon, n_rows):
        self.scorer, self.attack, self.epsilon, self.n_rows = scorer, attack, epsilon, n_rows

    def __call__(self, estimator, X, y):
        """Score on at most `n_rows` rows."""
        rows = np.linspace(0, len(y) - 1, min(len(y), self.n_rows)).astype(int)
        return self.scorer(estimator, X[rows], y[rows])


def scorers(is_image):
    """What is measured of a tuned network besides accuracy and log loss."""
    sizes = {"bounds": (0, 1), "space": "input"}
    worst = WorstCaseScorer(EPSILON, n_queries=N_QUERIES[is_image], **sizes)
    shape = (28, 28) if is_image else None
    n_rows = N_ATTACKED[is_image]
    return [
        OnSomeRows(PGDScorer(EPSILON, **sizes), "PGD", EPSILON, n_rows),
        OnSomeRows(worst, "worst case", EPSILON, n_rows),
        *(
            OnSomeRows(
                CorruptionScorer(name, size, image_shape=shape, bounds=(0, 1)), name, size, 2000
            )
            for name, size in CORRUPTIONS[is_image].items()
        ),
    ]


def tables():
    """The tables without fixed test rows."""
    return [
        *load_tasks("iris", pairs=["all"]),
        *load_tasks("wine"),
        *load_tasks("breast_cancer"),
        *load_tasks("digits", pairs=["all"]),
    ]


def images(data, pairs=((4, 9), (3, 5), "all")):
    """Tasks of MNIST with some of the training images, and all test images."""
    tasks = []
    for task in load_tasks("mnist", data=data, pairs=pairs):
        X, _, y, _ = train_test_split(
            np.asarray(task.X),
            np.asarray(task.y),
            train_size=N_TRAIN[len(np.unique(task.y))],
            stratify=task.y,
            random_state=0,
        )
        tasks.append(replace(task, X=X, y=y))
    return tasks


def networks(hidden_layer_sizes, rules=RULES):
    """Networks of all rules by name."""
    return {
        name: model.set_params(hidden_layer_sizes=hidden_layer_sizes)
        for name, model in models_by_name(rules).items()
    }


def search(model, settings):
    """Search by accuracy on inner folds."""
    folds = StratifiedKFold(3, shuffle=True, random_state=0)
    return GridSearchCV(model, settings, cv=folds, error_score="raise")


def measured(tasks, estimators, options, scorers=(), n_seeds=5):
    """Tables of a comparison whose fits are kept."""
    return compare(
        tasks,
        estimators=estimators,
        scorers=scorers,
        measures=["log_loss"],
        n_splits=5,
        n_repeats=1,
        n_seeds=n_seeds,
        curves=False,
        n_jobs=options.jobs,
        path=options.out / "fits",
        verbose=True,
    )


def of_defaults(options):
    """Default step sizes, with one and two hidden layers."""
    tasks = tables() + images(options.data)
    for sizes in (ONE, TWO):
        yield measured(tasks, networks(sizes), options).scores.assign(network=str(sizes))


def of_tuned(options):
    """The best of four step sizes of each rule, and of as many settings of known models."""
    searches = {name: search(model, STEPS) for name, model in networks(TWO).items()}
    known = {
        name: search(model, settings)
        for path, settings in REFERENCES.items()
        for name, model in models_by_name([path]).items()
    }
    result = measured(tables(), searches | known, options, scorers(False))
    yield result.scores.assign(network=str(TWO))
    yield result.settings
    # With fixed test rows there is one choice, by the first seed.
    tasks = images(options.data)
    settings = measured(tasks, searches, options, n_seeds=1).settings
    yield settings
    chosen = settings.set_index(["task", "model"])["parameters"]

    def estimators(task):
        return {
            name: clone(model).set_params(**chosen[task.name, name])
            for name, model in networks(TWO).items()
        }

    result = measured(tasks, estimators, options, scorers(True))
    yield result.scores.assign(network=str(TWO))


def of_mnist(options):
    """All images of ten classes with the default step sizes."""
    tasks = load_tasks("mnist", data=options.data, pairs=["all"])
    for sizes in (LARGE_ONE, LARGE_TWO):
        scores = measured(tasks, networks(sizes, OF_MNIST), options).scores
        yield scores.assign(network=str(sizes))


def of_angles(options):
    """Angles of all rules by layer and epoch: two seeds, 500 rows, the default step sizes."""
    memory = joblib.Memory(options.out / "angles", verbose=0)
    angles = memory.cache(angles_of)
    tasks = tables()[-1:] + images(options.data, pairs=["all"])
    jobs = [
        (task, name, clone(model).set_params(random_state=seed))
        for task in tasks
        for name, model in networks(TWO, OF_ANGLES).items()
        for seed in range(2)
    ]
    found = joblib.Parallel(n_jobs=options.jobs)(
        joblib.delayed(angles)(model, np.asarray(task.X, dtype=np.float32), np.asarray(task.y))
        for task, _, model in jobs
    )
    for task in tasks:
        table = pd.concat(
            rows.assign(task=task.name, model=name, seed=model.random_state)
            for (of_task, name, model), rows in zip(jobs, found, strict=True)
            if of_task is task
        )
        figure = UpdateAngleDisplay(table).plot().figure_
        figure.savefig(HERE.parent / "_static" / FIGURE.format(task.name), dpi=100)
        yield table


def angles_of(model, X, y):
    """Angles before and after training, and at about twenty epochs between."""
    n_epochs = clone(model).fit(X[:2000], y[:2000]).n_iter_ if len(y) < 2000 else 0
    return update_angles(model, X, y, every=max(1, n_epochs // 20))


PARTS = {"defaults": of_defaults, "tuned": of_tuned, "mnist": of_mnist, "angles": of_angles}


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path)
    parser.add_argument("--out", type=Path, default=Path("results/rules"))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    options = parser.parse_args()
    for part in options.parts:
        for k, table in enumerate(PARTS[part](options)):
            table.to_csv(options.out / f"{part}_{k}.csv", index=False)
