"""The command that attacks a model from a file."""

import shlex
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from .._displays import RobustnessCurveDisplay, require_matplotlib
from .._input_gradients import attackable
from .._networks._persistence import load_model
from .._robustness._attack_table import attack_table
from .._robustness._report import robustness_report
from .._robustness._scorers import GradientMaskingWarning, epsilon_label
from .._utils._validation import nearest, unreadable
from ..datasets._tasks import read_table
from ._console import fail, prepare_directory, progress_bar, write_tables

_PICKLES = (".joblib", ".pickle", ".pkl")
# Of truth values, besides Python's own.
_SPELLINGS = (str.lower, str.upper)


def attack(arguments):
    """Attack a fitted model on the rows of a CSV file."""
    try:
        require_matplotlib()
        model = _load(arguments)
        X, y, columns = _rows(arguments, model)
        threat = {
            "norm": arguments.norm,
            "space": arguments.space,
            "random_state": arguments.seed,
            **_restrictions(arguments, model, X, columns),
        }
        prepare_directory(arguments.out)
        # What the model or the attack do not take comes to light by the shortest attack.
        with warnings.catch_warnings(action="ignore"):
            shortest = {"n_steps": 1, "n_restarts": 1, "n_queries": 1}
            robustness_report(model, X, y, epsilons=[max(arguments.epsilon)], **shortest, **threat)
    except (ImportError, LookupError, OSError, TypeError, ValueError) as error:
        fail(error)

    report, rows, notes = _attack(model, X, y, arguments.epsilon, arguments.queries, threat)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    # Also of the model: another one attacked on the same rows must not take its place.
    name = f"{Path(arguments.data).stem}_{Path(arguments.model).stem}_attack"
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
    try:
        return _read(path, arguments)
    except OSError as error:
        raise unreadable(path, error) from error


def _read(path, arguments):
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
    X, y = read_table(arguments.data, arguments.target, arguments.sep)
    columns = list(X)
    y = _labels(y, np.asarray(model.classes_), arguments)
    names = getattr(model, "feature_names_in_", None)
    n_features = getattr(model, "n_features_in_", len(columns))
    if names is not None:
        missing = [name for name in names if name not in columns]
        others = [name for name in columns if name not in names]
        if missing or others:
            raise ValueError(
                f"Got {arguments.data} {_with('without', missing)}"
                f"{' and ' if missing and others else ''}{_with('with', others)}, but expected "
                "the columns that the model was trained on, and the target. Correct the header."
            )
        X = X[list(names)]
    elif len(columns) != n_features:
        raise ValueError(
            f"Got {len(columns)} columns besides the target in {arguments.data}, but expected the "
            f"{n_features} that the model was trained on. They are {_some(columns)}."
        )
    # Without names the model was trained on an array.
    return (X.to_numpy() if names is None else X), y, columns


def _with(word, names):
    return f"{word} the columns {_some(names)}" if names else ""


def _some(values):
    shown = ", ".join(map(repr, values[:10]))
    return shown if len(values) <= 10 else f"{shown} and {len(values) - 10} more"


def _labels(y, classes, arguments):
    """The labels as the model has them: by their text unless both are numbers."""
    if is_numeric_dtype(y) and classes.dtype.kind in "iuf":
        unknown = y[~y.isin(classes)]
    else:
        known = {str(label): label for label in classes.tolist()}
        if classes.dtype.kind == "b":
            known |= {f(text): label for text, label in known.items() for f in _SPELLINGS}
        y = y.astype(str)
        unknown = y[~y.isin(known)]
        y = y.map(known)
    if len(unknown):
        raise ValueError(
            f"Got the labels {_some(unknown.unique().tolist())} in the target "
            f"{arguments.target!r} of {arguments.data}, but expected the classes of the model, "
            f"{_some(classes.tolist())}. Choose another --target, or leave out these rows."
        )
    return y


def _restrictions(arguments, model, X, columns):
    """The columns that are immutable and one-hot, as the attack knows them."""
    # Without a gradient: whether the model has one is no matter of columns.
    target, points = attackable(model, X, space=arguments.space, gradient=None)
    positions = _positions(target.names, points.shape[1], columns, isinstance(X, np.ndarray))
    immutable = [_position(text, "--immutable", positions) for text in arguments.immutable]
    stay = {k: reason for k, reason in target.must_stay().items() if k not in immutable}
    if stay:
        shown = {k: name for name, k in positions.items()}
        names = [shown[k] for k in stay]
        reasons = "; ".join(f"{shown[k]!r} {reason}" for k, reason in stay.items())
        in_input = arguments.space == "input"
        with_space = " with --space input" if in_input else ""
        remedy = ", or leave out --space" if in_input else ""
        raise ValueError(
            f"Got columns that cannot move{with_space}, but an attack moves numbers: {reasons}. "
            f"Add --immutable {' '.join(map(shlex.quote, names))}{remedy}."
        )
    one_hot = [
        [_position(text, "--one-hot", positions) for text in group] for group in arguments.one_hot
    ]
    return {"immutable": immutable, "one_hot": one_hot}


def _positions(names, width, columns, is_array):
    """Positions in the space of the attack by what a user may call them, first the best."""
    positions = dict(zip(map(str, range(width)), range(width), strict=True))
    if names is not None:
        positions |= dict(zip(map(str, names), range(width), strict=True))
    if is_array:
        # scikit-learn calls the columns of an array x0, x1 and so on.
        own = [f"x{k}" for k in range(len(columns))]
        if names is None and width == len(columns):
            names = own
        where = {name: k for k, name in enumerate(names or [])}
        positions |= {
            column: where[name] for column, name in zip(columns, own, strict=True) if name in where
        }
    return positions


def _position(text, option, positions):
    if text not in positions:
        names = [n for n in {k: n for n, k in positions.items()}.values() if not n.isdigit()]
        raise ValueError(
            f"Got {option} {text!r}, but expected columns that the attack acts on: "
            f"{_some(names) + ', or ' if names else ''}positions from 0 to "
            f"{max(positions.values())}.{nearest(text, names)}"
        )
    return positions[text]


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
