"""The command that attacks a model from a file."""

import sys
import warnings
from pathlib import Path

import joblib
import pandas as pd

from ._console import fail, prepare_directory, progress_bar, write_tables
from ._displays import RobustnessCurveDisplay, require_matplotlib
from ._persistence import load_model
from ._robustness import attack_table, robustness_report
from ._scorers import GradientMaskingWarning, epsilon_label
from .datasets import load_csv_task

_PICKLES = (".joblib", ".pickle", ".pkl")


def attack(arguments):
    """Attack a fitted model on the rows of a CSV file."""
    try:
        require_matplotlib()
        model = _load(arguments)
        X, y = _rows(arguments, model)
        threat = {
            "norm": arguments.norm,
            "space": arguments.space,
            "immutable": arguments.immutable,
            "random_state": arguments.seed,
        }
        prepare_directory(arguments.out)
        # What the model or the attack do not take comes to light on two rows.
        robustness_report(model, X[:2], y[:2], epsilons=[0], n_queries=1, **threat)
    except (ImportError, OSError, TypeError, ValueError) as error:
        fail(error)

    report, rows, notes = _attack(model, X, y, arguments.epsilon, arguments.queries, threat)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    name = f"{Path(arguments.data).stem}_attack"
    tables = {name: report, f"{name}_rows": rows}
    paths = write_tables(arguments.out, tables, arguments.formats)
    paths.append(arguments.out / f"{name}.png")
    _figure(report, arguments.space).savefig(paths[-1], dpi=150)
    print(f"Accuracy on {len(y)} rows, without attack {report['accuracy'].iloc[0]:.3f}\n")
    print(_format(report))
    print("\nWritten:", *paths, sep="\n  ")
    return 0


def _load(arguments):
    path = arguments.model
    if Path(path).suffix not in _PICKLES:
        return load_model(path, trusted=arguments.trust)
    if not arguments.trust_pickle:
        raise ValueError(
            f"Got {path}, but expected --trust-pickle with a file that can run any code when it "
            "is read. Give it only for files of your own, or save models by skstdp.save_model."
        )
    try:
        return joblib.load(path)
    except OSError:
        raise
    except Exception as error:
        raise ValueError(
            f"Got {path}, but expected a pickle, whole, of a model that this version can load: "
            f"{type(error).__name__}: {error}"
        ) from error


def _rows(arguments, model):
    if not hasattr(model, "classes_"):
        raise ValueError(
            f"Got {arguments.model} with a {type(model).__name__}, but expected a fitted "
            "classifier."
        )
    task = load_csv_task(arguments.data, arguments.target)
    names = getattr(model, "feature_names_in_", None)
    # Without names the model was trained on an array.
    return (task.X if names is not None else task.X.to_numpy()), task.y


def _attack(model, X, y, epsilons, n_queries, threat):
    """Accuracies, what becomes of each row, and what there is to be said of both."""
    reports = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", GradientMaskingWarning)
        for epsilon in progress_bar("Attacking", "sizes done")(epsilons):
            reports.append(
                robustness_report(model, X, y, epsilons=[epsilon], n_queries=n_queries, **threat)
            )
        rows = attack_table(model, X, y, epsilon=max(epsilons), **threat)
    report = pd.concat(reports, ignore_index=True).drop(columns="surrogate")
    # Without attack there is one accuracy for all sizes.
    report.loc[report["attack"] == "none", "epsilon"] = 0.0
    report = report.drop_duplicates(["epsilon", "attack"], ignore_index=True)
    rows.insert(0, "row", range(len(rows)))
    return report, rows, list(dict.fromkeys(str(warning.message) for warning in caught))


def _figure(report, space):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    attacks = [name for name in report["attack"].unique() if name != "none"]
    # A colour for each attack, and each line from the accuracy without.
    lines = [
        report[report["attack"].isin(["none", name])].assign(model=name, split=0)
        for name in attacks
    ]
    scores = pd.concat(lines).replace({"attack": dict.fromkeys(attacks, "Adversarial")})
    moved = "each feature" if space == "input" else "what the model sees"
    RobustnessCurveDisplay(scores, moved=moved).plot(figure.subplots())
    return figure


def _format(report):
    """One row an attack, one column a size."""
    attacked = report[report["attack"] != "none"]
    table = attacked.pivot(index="attack", columns="epsilon", values="accuracy")
    table = table.loc[attacked["attack"].unique()]
    table.columns = [epsilon_label(epsilon) for epsilon in table.columns]
    return table.rename_axis(None).to_string(float_format="{:.3f}".format)
