"""Accuracy on corrupted images of MNIST: `python doc/benchmarks/corruptions.py --data FOLDER`.

Networks of 32 and 16 units, and logistic regression, on three pairs of digits that look alike.
None of them is trained on corrupted images. Prints the rows of a table in reStructuredText.
"""

import argparse

import pandas as pd
from sklearn.linear_model import LogisticRegression

from skstdp import BPClassifier, STDPClassifier, corruption_report
from skstdp.datasets import load_tasks

SIZES = {
    "missing as minimum": [0.3, 0.6],
    "dimming": 0.7,
    "contrast": [0.4, 0.7],
    "brightness": [0.1, 0.3],
    "gaussian noise": [0.1, 0.2, 0.4],
    "blur": [1.5, 2.5],
    "rotation": 20,
    "shift": [1, 2],
}
N_IMAGES = 500


def models(seed):
    """Classifiers by name; logistic regression draws nothing."""
    networks = {
        "STDP": STDPClassifier((32, 16), random_state=seed),
        "BP": BPClassifier((32, 16), random_state=seed),
    }
    linear = {f"logistic, C={C}": LogisticRegression(C=C, max_iter=1000) for C in (1, 0.01)}
    return networks | (linear if seed == 0 else {})


def accuracies(folder, n_seeds):
    """Reports of all fits, with columns task and model."""
    reports = []
    for task in load_tasks("mnist", data=folder, pairs=[(4, 9), (3, 5), (7, 9)]):
        X, y = task.X_test[:N_IMAGES], task.y_test[:N_IMAGES]
        for seed in range(n_seeds):
            for name, model in models(seed).items():
                model.fit(task.X, task.y)
                report = corruption_report(model, X, y, corruptions=SIZES, image_shape=(28, 28))
                reports.append(report.assign(task=task.name, model=name))
    return pd.concat(reports, ignore_index=True)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", help="folder with the files of MNIST (default: download them)")
    parser.add_argument("--seeds", type=int, default=3, help="fits of each network (default: 3)")
    arguments = parser.parse_args()
    scores = accuracies(arguments.data, arguments.seeds)
    keys = ["corruption", "size", "unit"]
    table = scores.groupby([*keys, "model"], sort=False)["accuracy"].mean().unstack()
    table = table.loc[pd.MultiIndex.from_frame(scores[keys].drop_duplicates())]
    _print_row(["Corruption", *table])
    for (corruption, size, unit), row in table.iterrows():
        unit = unit.replace("share of the", "of the")
        name = f"{corruption}, {size:g} {unit}" if unit else corruption
        cells = [f"{value:.3f}".removeprefix("0") for value in row]
        _print_row([name.capitalize(), *cells])


def _print_row(cells):
    print("    * - " + "\n      - ".join(cells))


if __name__ == "__main__":
    main()
