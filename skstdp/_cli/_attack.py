"""Command `attack`: attack a fitted model on the rows of a CSV file."""

import shlex
import sys
import warnings
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from .._attacks._norm_balls import NORMS
from .._displays import RobustnessCurveDisplay, require_matplotlib
from .._input_gradients import SPACES, attackable
from .._networks._persistence import load_model
from .._robustness._attack_table import attack_table
from .._robustness._report import robustness_report
from .._robustness._scorers import GradientMaskingWarning, epsilon_label
from .._utils._validation import nearest, unreadable
from ..datasets._csv import read_table
from . import _arguments, _console

_PICKLES = (".joblib", ".pickle", ".pkl")
# Of truth values, besides Python's own.
_SPELLINGS = (str.lower, str.upper)


def add_to(add_parser):
    """Add the command to those of the command line."""
    parser = add_parser(
        "attack",
        help="attack a model of yours on rows of a CSV file",
        description=(
            "Attack a fitted classifier by FGSM, by PGD, without its gradient and by the worst\n"
            "of many attacks on rows that it was not trained on. Prints the accuracies and\n"
            "writes them, what PGD does to each row up to the largest size, and a figure to a\n"
            "directory."
        ),
    )
    parser.add_argument(
        "model", metavar="MODEL", help="file of skstdp.save_model, or a pickle: see --trust-pickle"
    )
    parser.add_argument("data", metavar="DATA", help="CSV file with a header line")
    _arguments.add_csv(parser, required=True)
    _arguments.add_epsilon(parser, "sizes of the attack, as fractions or decimals", of_rates=False)
    parser.add_argument(
        "--space",
        choices=SPACES,
        default="model",
        help="model: the attack moves what the final estimator sees, for our networks rates in "
        "[0, 1]; input: the columns of the file, in their units (default: model)",
    )
    parser.add_argument(
        "--norm", choices=NORMS, default="linf", help="measure of sizes (default: linf)"
    )
    parser.add_argument(
        "--immutable",
        metavar="COLUMN",
        nargs="+",
        default=(),
        help="columns that the attack must leave as they are: names, or positions "
        "from 0, among the features",
    )
    parser.add_argument(
        "--one-hot",
        metavar="COLUMN",
        nargs="+",
        action="append",
        default=[],
        help="columns of which one is 1 and the others are 0, so that the attack moves the 1 as a "
        "whole; once for each such group",
    )
    queries = "predictions that attacks without gradient ask for, per row"
    _arguments.add_integer(parser, "--queries", queries, default=500)
    parser.add_argument(
        "--trust",
        metavar="TYPE",
        nargs="+",
        default=(),
        help="more types that MODEL may hold, such as sklearn.tree._tree.Tree",
    )
    parser.add_argument(
        "--trust-pickle",
        action="store_true",
        help="read MODEL also if it is a pickle (.joblib, .pkl), which may run any code",
    )
    _arguments.add_output(parser, jobs=False)
    parser.set_defaults(run=_run)


def _run(arguments):
    name = f"{Path(arguments.data).stem}_{Path(arguments.model).stem}_attack"
    with _console.errors_of_the_user(LookupError):
        require_matplotlib()
        model = _load(arguments)
        X, y, columns = _rows(arguments, model)
        threat = {
            "norm": arguments.norm,
            "space": arguments.space,
            "random_state": arguments.seed,
            **_restrictions(arguments, model, X, columns),
        }
        _console.prepare_directory(arguments.out)
        source = _source(arguments, name)
        # The shortest attack shows what the model or the attack do not take.
        with warnings.catch_warnings(action="ignore"):
            shortest = {"n_steps": 1, "n_restarts": 1, "n_queries": 1}
            robustness_report(model, X, y, epsilons=[max(arguments.epsilon)], **shortest, **threat)

    report, rows, notes = _attack(model, X, y, arguments.epsilon, arguments.queries, threat)
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
    tables = {name: report.assign(**source), f"{name}_rows": rows}
    paths = _console.write_tables(arguments.out, tables, arguments.formats)
    curves = _curves(report, arguments.space)
    paths.append(_console.write_display(arguments.out / f"{name}.png", curves))
    print(f"Accuracy on {len(y)} rows, without attack {report['accuracy'].iloc[0]:.3f}\n")
    print(_format(report))
    _console.print_written(paths)


def _source(arguments, name):
    """Paths of model and data, unless a table of this name is of others, which is an error."""
    source = {key: str(Path(getattr(arguments, key)).resolve()) for key in ("model", "data")}
    for suffix, read in {"csv": pd.read_csv, "json": pd.read_json}.items():
        table = arguments.out / f"{name}.{suffix}"
        if not table.exists():
            continue
        written = read(table)
        for key, path in source.items():
            others = set(written.get(key, [])) - {path}
            if others:
                raise ValueError(
                    f"Got {path}, but {table} is of {others.pop()}: expected another --out, or a "
                    "file of another name."
                )
    return source


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
        differences = [("without", missing), ("with", others)]
        found = [f"{word} the columns {_some(names)}" for word, names in differences if names]
        if found:
            raise ValueError(
                f"Got {arguments.data} {' and '.join(found)}, but expected the columns that the "
                "model was trained on, and the target. Correct the header."
            )
        X = X[list(names)]
    elif len(columns) != n_features:
        raise ValueError(
            f"Got {len(columns)} columns besides the target in {arguments.data}, but expected the "
            f"{n_features} that the model was trained on. They are {_some(columns)}."
        )
    # Without names the model was trained on an array.
    return (X.to_numpy() if names is None else X), y, columns


def _some(values):
    shown = ", ".join(map(repr, values[:10]))
    return shown if len(values) <= 10 else f"{shown} and {len(values) - 10} more"


def _labels(y, classes, arguments):
    """Return the labels as the model has them: by their text unless both are numbers."""
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
    """Return the columns that are immutable and one-hot, by position in the attack."""
    # Without a gradient, which is no matter of columns: not all models have one.
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
    """Positions in the space of the attack by the names that a user may give, best ones last."""
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
    """Return accuracies, the result of each row, and notes on both."""
    reports = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", GradientMaskingWarning)
        for epsilon in _console.progress_bar("Attacking", "sizes done")(epsilons):
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


def _curves(report, space):
    """Return a display with a colour for each attack, and each line from the accuracy without."""
    report = report.dropna(subset=["accuracy"])
    attacks = [name for name in report["attack"].unique() if name != "none"]
    lines = [
        report[report["attack"].isin(["none", name])].assign(model=name, split=0)
        for name in attacks
    ]
    scores = pd.concat(lines).replace({"attack": dict.fromkeys(attacks, "Adversarial")})
    moved = "each feature" if space == "input" else "what the model sees"
    return RobustnessCurveDisplay(scores, moved=moved)


def _format(report):
    """Return the accuracies as text, one row per attack, one column per size."""
    attacked = report[report["attack"] != "none"]
    table = attacked.pivot(index="attack", columns="epsilon", values="accuracy")
    table = table.loc[attacked["attack"].unique()]
    table.columns = [epsilon_label(epsilon) for epsilon in table.columns]
    return table.rename_axis(None).to_string(float_format="{:.3f}".format, na_rep="n/a")
