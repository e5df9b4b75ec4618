"""Learning rules side by side: python rules.py --data DIR --out results/rules [--jobs N].

All networks, data, batches and optimisers are the same; the learning rules differ. Six parts, of
which `--parts` chooses some; each fit is kept in the folder OUT, and a second run does only those
that are missing:

- defaults: accuracy and log loss of default step sizes, with one and two hidden layers;
- tables, images: the best of four step sizes by inner folds of training rows, then accuracy
  without attack, under the worst of many attacks, and under corruptions;
- mnist: ten classes of MNIST with all 60,000 images, five seeds;
- times: processor time of a fit;
- angles: the angle between updates and gradient, by layer and epoch.

Means go to `rules.csv` beside this file, and from there into the page
doc/user_guide/learning_rules.rst; the figures go to doc/_static. With `--pages` the tables are
made anew from the means that are there.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from time import process_time

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
FIGURES = HERE.parent / "_static"

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
# Of the test rows under attack, and predictions that each search may ask for.
N_ATTACKED, N_QUERIES = 100, 200
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
    worst = WorstCaseScorer(EPSILON, n_queries=N_QUERIES, **sizes)
    shape = (28, 28) if is_image else None
    return [
        OnSomeRows(PGDScorer(EPSILON, **sizes), "PGD", EPSILON, N_ATTACKED),
        OnSomeRows(worst, "worst case", EPSILON, N_ATTACKED),
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
    """Default step sizes, with one and two hidden layers; on images with two."""
    yield f"defaults {ONE}", measured(tables(), networks(ONE), options).scores
    tasks = tables() + images(options.data)
    yield f"defaults {TWO}", measured(tasks, networks(TWO), options).scores


def searches():
    """Searches of all rules among the same step sizes."""
    return {name: search(model, STEPS) for name, model in networks(TWO).items()}


def of_tables(options):
    """The best of four settings in each fold, of rules and of known models."""
    known = {
        name.partition(" (")[0]: search(model, settings)
        for path, settings in REFERENCES.items()
        for name, model in models_by_name([path]).items()
    }
    result = measured(tables(), searches() | known, options, scorers(False))
    yield "steps", result.settings
    yield "tuned", result.scores


def of_images(options):
    """The best of four step sizes, chosen by the first seed: five seeds, two under attack."""
    for task in images(options.data):
        settings = measured(task, searches(), options, n_seeds=1).settings
        yield "steps", settings
        chosen = dict(zip(settings["model"], settings["parameters"], strict=True))
        models = {
            name: clone(model).set_params(**chosen[name]) for name, model in networks(TWO).items()
        }
        yield "tuned", measured(task, models, options).scores
        attacked = measured(task, models, options, scorers(True), n_seeds=2).scores
        yield "tuned", attacked[attacked["attack"] != "none"]


def of_mnist(options):
    """All images of ten classes with the default step sizes."""
    tasks = load_tasks("mnist", data=options.data, pairs=["all"])
    for sizes in (LARGE_ONE, LARGE_TWO):
        yield f"mnist {sizes}", measured(tasks, networks(sizes, OF_MNIST), options).scores


def of_times(options):
    """Processor seconds of a fit with the default step size, the least of three."""
    for task in tables()[-1:] + images(options.data, pairs=[(4, 9)]):
        rows = []
        X, y = np.asarray(task.X, dtype=np.float32), np.asarray(task.y)
        for name, model in networks(TWO).items():
            # The first one also loads the loop from disk.
            for split in range(3):
                start = process_time()
                clone(model).set_params(random_state=split).fit(X, y)
                seconds = process_time() - start
                rows.append({"task": task.name, "model": name, "value": seconds})
        of_model = pd.DataFrame(rows).groupby(["task", "model"], sort=False, as_index=False)
        yield "times", of_model.min()


def of_angles(options):
    """Angles of all rules by layer and epoch: two seeds, 500 rows, the default step sizes."""
    angles = joblib.Memory(options.out / "angles", verbose=0).cache(update_angles)
    for task in tables()[-1:] + images(options.data, pairs=["all"]):
        X, y = np.asarray(task.X, dtype=np.float32), np.asarray(task.y)
        jobs = [
            (name, clone(model).set_params(random_state=seed))
            for name, model in networks(TWO, OF_ANGLES).items()
            for seed in range(2)
        ]
        found = joblib.Parallel(n_jobs=options.jobs)(
            joblib.delayed(angles)(model, X, y, every=5) for _, model in jobs
        )
        rows = [
            table.assign(task=task.name, model=name, split=model.random_state)
            for (name, model), table in zip(jobs, found, strict=True)
        ]
        yield "angles", pd.concat(rows, ignore_index=True)


PARTS = {
    "defaults": of_defaults,
    "tables": of_tables,
    "images": of_images,
    "mnist": of_mnist,
    "times": of_times,
    "angles": of_angles,
}


def means_of(results):
    """Mean, spread and number of values of every measure, one row per part, task and model."""
    tables = []
    for part, table in results:
        if part == "angles":
            # Of the first and of the last epoch.
            ends = table[table["epoch"].isin([0, table["epoch"].max()])]
            names = "angle of layer " + ends["layer"].astype(str)
            names += np.where(ends["epoch"] == 0, ", before", ", after")
            long = ends.assign(measure=names, value=ends["angle"])
        elif part == "steps":
            steps = table["parameters"].map(lambda chosen: next(iter(chosen.values())))
            long = table.assign(measure="chosen", value=steps)
        elif part == "times":
            long = table.assign(measure="processor time")
        else:
            clean = table[table["attack"] == "none"].melt(
                ["task", "model", "split"], ["accuracy", "log_loss"], "measure"
            )
            other = table[table["attack"] != "none"]
            long = pd.concat(
                [clean, other.assign(measure=other["attack"], value=other["accuracy"])]
            )
        tables.append(long.assign(part=part)[["part", "task", "model", "measure", "value"]])
    keys = ["part", "task", "model", "measure"]
    values = pd.concat(tables).groupby(keys, sort=False)["value"]
    return values.agg(["mean", "std", "count"]).round(4).reset_index()


def by_task(means, part, measure):
    """Means of one measure: one row per model, one column per task."""
    some = means[(means["part"] == part) & (means["measure"] == measure)]
    table = some.pivot(index="model", columns="task", values="mean")
    return table.reindex(index=some["model"].unique(), columns=some["task"].unique())


def blocks(means):
    """The text of each table of the page by its name."""
    two = f"defaults {TWO}"
    made = {
        "one_layer": as_rst(by_task(means, f"defaults {ONE}", "accuracy")),
        "two_layers": as_rst(by_task(means, two, "accuracy")),
        "times": as_rst(by_task(means, "times", "processor time")),
    }
    for name, measure in (
        ("accuracy", "accuracy"),
        ("log_loss", "log_loss"),
        ("worst_case", "worst case"),
    ):
        made[name] = as_rst(by_task(means, "tuned", measure))
    names = [name for of_kind in CORRUPTIONS.values() for name in of_kind]
    some = means[(means["part"] == "tuned") & means["measure"].isin(names)]
    kinds = np.where(some["task"].str.startswith("mnist"), "images", "tables")
    some = some.assign(column=some["measure"] + ", " + kinds)
    table = some.pivot_table(index="model", columns="column", values="mean", sort=False)
    made["corruptions"] = as_rst(table.rename_axis(columns=None))
    made["mnist"] = as_rst(of_all_images(means))
    angles = means[means["part"] == "angles"]
    columns = angles["task"] + ": " + angles["measure"].str.removeprefix("angle of ")
    table = angles.assign(column=columns).pivot_table(
        index="model", columns="column", values="mean", sort=False
    )
    made["angles"] = as_rst(table.rename_axis(columns=None), digits=0)
    return made


def of_all_images(means):
    """Accuracies on MNIST, mean and spread, beside the seconds of a fit."""
    columns = {}
    for sizes in (LARGE_ONE, LARGE_TWO):
        some = means[means["part"] == f"mnist {sizes}"].set_index("model")
        accuracy = some[some["measure"] == "accuracy"]
        texts = [
            f"{row.mean:.4f} ± {row.std:.4f}" for row in accuracy[["mean", "std"]].itertuples()
        ]
        columns[f"{sizes}"] = pd.Series(texts, index=accuracy.index)
        columns[f"{sizes}, log loss"] = some.loc[some["measure"] == "log_loss", "mean"]
    return pd.DataFrame(columns).rename_axis("model")


def draw(angles):
    """Draw the angles of each task into the folder of the figures."""
    for task, table in angles.groupby("task", sort=False):
        display = UpdateAngleDisplay(table).plot()
        # So many names would cover the lines.
        display.axes_[-1].legend(loc="center left", bbox_to_anchor=(1, 0.5))
        display.figure_.set_figwidth(12)
        display.figure_.savefig(FIGURES / f"update_angles_{task}.png", dpi=100)


def write_page():
    """Make the tables of the page anew from the means."""
    made = blocks(pd.read_csv(MEANS))
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")


def main():
    """Measure what is missing, and renew means, figures and page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder with the files of MNIST")
    parser.add_argument("--out", type=Path, default=Path("results/rules"))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--pages", action="store_true", help="measure nothing")
    options = parser.parse_args()
    if not options.pages:
        results = [result for part in options.parts for result in PARTS[part](options)]
        means = means_of(results)
        if MEANS.exists():
            keys = ["part", "task", "model", "measure"]
            means = pd.concat([pd.read_csv(MEANS), means]).drop_duplicates(keys, keep="last")
        means.to_csv(MEANS, index=False)
        for part, table in results:
            if part == "angles":
                draw(table)
    write_page()


if __name__ == "__main__":
    main()
