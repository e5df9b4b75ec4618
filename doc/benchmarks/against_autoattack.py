"""`WorstCaseScorer` beside AutoAttack: `python doc/benchmarks/against_autoattack.py --help`.

AutoAttack attacks copies of our networks in PyTorch. It and PyTorch have to be installed:

    pip install torch torchvision
    pip install git+https://github.com/fra31/auto-attack

Images are of MNIST, in [0, 1]. Of two classes AutoAttack has no difference of logits ratio, so
that it runs APGD on the cross-entropy, targeted FAB and Square; of ten it is the standard version.
"""

import argparse
import time
import warnings

import numpy as np
import pandas as pd
import torch
from autoattack import AutoAttack
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from skstdp import BPClassifier, PGDScorer, STDPClassifier, WorstCaseScorer
from skstdp.datasets import load_tasks

HIDDEN = (32, 16)
NETS = {
    "STDP 4v9": ((4, 9), lambda seed: STDPClassifier(HIDDEN, random_state=seed)),
    "BP 4v9": ((4, 9), lambda seed: BPClassifier(HIDDEN, random_state=seed)),
    "MLP 4v9": ((4, 9), lambda seed: MLPClassifier(HIDDEN, max_iter=30, random_state=seed)),
    "STDP all": ("all", lambda seed: STDPClassifier(HIDDEN, random_state=seed)),
    "MLP all": ("all", lambda seed: MLPClassifier(HIDDEN, max_iter=30, random_state=seed)),
}
SIZES = {
    "linf": (4 / 255, 8 / 255, 12 / 255, 0.1, 0.3),
    "l2": (4 / 255, 8 / 255, 12 / 255, 0.1, 0.3, 1.0),
}
ACTIVATIONS = {"logistic": torch.nn.Sigmoid, "relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}


class Flat(torch.nn.Module):
    """Images of one channel as rows; AutoAttack moves them as images, and in single precision."""

    def forward(self, images):
        """Pixels of each image."""
        return images.reshape(len(images), -1).double()


class ClassScores(torch.nn.Module):
    """One logit for two classes becomes a score for each; in single precision."""

    def forward(self, logits):
        """Scores of logits."""
        scores = torch.cat([-logits / 2, logits / 2], dim=1) if logits.shape[1] == 1 else logits
        return scores.float()


def torch_copy(network):
    """A network of dense layers from its rates, one per input unit, to its class scores."""
    activation = getattr(network, "activation", "logistic")
    modules = [Flat()]
    for coef, intercept in zip(network.coefs_, network.intercepts_, strict=True):
        linear = torch.nn.Linear(*coef.shape)
        linear.weight.data = torch.tensor(coef.T, dtype=torch.float64)
        linear.bias.data = torch.tensor(intercept, dtype=torch.float64)
        modules += [linear, ACTIVATIONS[activation]()]
    return torch.nn.Sequential(*modules[:-1], ClassScores()).double().eval()


def rates_of(network, X):
    """What the first layer sees of X."""
    return network._rates(X) if hasattr(network, "_rates") else X


def autoattack_accuracy(network, rates, y, epsilon, norm, shape, seed=0):
    """Accuracy under AutoAttack, of a network on rates as images of a shape."""
    n_classes = len(network.classes_)
    attacks = ["apgd-ce", "fab-t", "square"] if n_classes == 2 else None
    attack = AutoAttack(
        torch_copy(network),
        norm={"linf": "Linf", "l2": "L2", "l1": "L1"}[norm],
        eps=epsilon,
        seed=seed,
        device="cpu",
        verbose=False,
        **({} if attacks is None else {"version": "custom", "attacks_to_run": attacks}),
    )
    attack.fab.n_target_classes = min(9, n_classes - 1)
    attack.apgd_targeted.n_target_classes = min(9, n_classes - 1)
    images = torch.tensor(np.asarray(rates, dtype=np.float32)).reshape(-1, *shape)
    index = torch.tensor(np.searchsorted(network.classes_, y))
    with warnings.catch_warnings(action="ignore"):
        _, labels = attack.run_standard_evaluation(images, index, bs=1000, return_labels=True)
    return float((labels == index).double().mean())


def compare(name, sizes, n_rows, seed, data, n_queries):
    """One row per size: accuracies without attack, under PGD, AutoAttack and the worst case."""
    pair, make = NETS[name]
    task = load_tasks("mnist", data=data, pairs=[pair])[0]
    random = np.random.RandomState(seed)
    train = random.permutation(len(task.y))[:20000]
    test = random.permutation(len(task.y_test))[:n_rows]
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
        network = make(seed).fit(task.X[train], task.y[train])
    # In double precision, in which the copy works.
    network.coefs_, network.intercepts_ = (
        [np.asarray(part, dtype=np.float64) for part in parts]
        for parts in (network.coefs_, network.intercepts_)
    )
    X, y = task.X_test[test].astype(np.float64), task.y_test[test]
    rates = rates_of(network, X)
    for norm in sizes:
        for epsilon in sizes[norm]:
            record = {"net": name, "norm": norm, "epsilon": round(epsilon, 4)}
            record["clean"] = network.score(X, y)
            options = {"norm": norm, "bounds": (0, 1)}
            record["PGD"] = PGDScorer(epsilon, **options)(network, X, y)
            start = time.perf_counter()
            record["AutoAttack"] = autoattack_accuracy(
                network, rates, y, epsilon, norm, (1, 28, 28), seed
            )
            middle = time.perf_counter()
            worst = WorstCaseScorer(epsilon, n_queries=n_queries, **options)
            record["worst case"] = worst(network, X, y)
            record["AutoAttack s"] = round(middle - start, 1)
            record["worst case s"] = round(time.perf_counter() - middle, 1)
            yield record


def main():
    """Print a table, and a line for each net and size as it is done."""
    parser = argparse.ArgumentParser(prog="python doc/benchmarks/against_autoattack.py")
    parser.add_argument("--net", nargs="+", choices=NETS, default=list(NETS))
    parser.add_argument("--rows", type=int, default=300, help="test images (default: 300)")
    parser.add_argument("--norm", nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--epsilon", nargs="+", type=float, help="sizes, instead of the usual")
    parser.add_argument("--queries", type=int, default=5000, help="(default: 5000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", help="folder of the four files of MNIST")
    arguments = parser.parse_args()
    sizes = {norm: arguments.epsilon or SIZES[norm] for norm in arguments.norm}
    records = []
    for name in arguments.net:
        for record in compare(
            name, sizes, arguments.rows, arguments.seed, arguments.data, arguments.queries
        ):
            records.append(record)
            print(*record.values(), sep="  ", flush=True)
    print(pd.DataFrame(records).to_string(index=False, float_format="{:.3f}".format))


if __name__ == "__main__":
    main()
