"""Command `attack`: attack a fitted model on the rows of a file."""

import shlex
import sys
import warnings

import numpy as np
import pandas as pd

from .._attacks._norm_balls import NORMS
from .._displays import RobustnessCurveDisplay, require_matplotlib
from .._input_gradients import SPACES, attackable
from .._robustness._attack_table import attack_table
from .._robustness._report import robustness_report
from .._robustness._scorers import GradientMaskingWarning, epsilon_label
from . import _arguments, _console, _data_arguments, _models

# Shown in the help, below the name of the program.
EXAMPLES = (
    "attack model.skops penguins.csv --target species",
    "attack model.skops penguins.csv:species --epsilon 0.05 0.1",
    "attack model.skops penguins.csv:species --space input --immutable age sex",
)


def add_to(add_parser):
    """Add the command to those of the command line."""
    parser = add_parser(
        "attack",
        help="attack a saved model on the rows of a file",
        description=(
            "Attack a fitted classifier on rows that it was not trained on: by FGSM, by PGD,\n"
            "without its gradient, and by the worst of many attacks. Prints the accuracies.\n"
            "Writes them, a table of what PGD does to each row, and a figure to a directory."
        ),
    )
    _models.add_model_and_data(parser)
    _data_arguments.add_tables(parser)
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
        help="columns that the attack must not change: names, or positions among the features "
        "from 0 on",
    )
    parser.add_argument(
        "--one-hot",
        metavar="COLUMN",
        nargs="+",
        action="append",
        default=[],
        help="columns of a one-hot group, of which one is 1 and the others are 0, before and "
        "after the attack; may be given several times",
    )
    queries = "predictions per row that attacks without gradient may use"
    _arguments.add_integer(parser, "--queries", queries, default=500)
    _models.add_trust(parser)
    _arguments.add_output(parser, jobs=False)
    parser.set_defaults(run=_run)


def _run(arguments):
    name = _models.name_of(arguments, "attack")
    with _console.errors_of_the_user(LookupError):
        require_matplotlib()
        model = _models.load(arguments)
        X, y, columns = _models.rows(arguments, model)
        threat = {
            "norm": arguments.norm,
            "space": arguments.space,
            "random_state": arguments.seed,
            **_restrictions(arguments, model, X, columns),
        }
        _console.prepare_directory(arguments.out)
        source = _models.source(arguments, name)
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
    if np.isinf(rows["distance"]).any():
        print(
            f"\nIn {name}_rows, the distance inf stands for rows that are classified correctly "
            f"under PGD at all sizes up to {epsilon_label(max(arguments.epsilon))}."
        )
    _console.print_written(paths)


def _restrictions(arguments, model, X, columns):
    """Return the columns that are immutable and one-hot, by position in the attack."""
    # Without a gradient, which is no matter of columns: not all models have one.
    target, points = attackable(model, X, space=arguments.space, gradient=None)
    positions = _models.positions(
        target.names, points.shape[1], columns, isinstance(X, np.ndarray)
    )
    immutable = [_models.position(text, "--immutable", positions) for text in arguments.immutable]
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
        [_models.position(text, "--one-hot", positions) for text in group]
        for group in arguments.one_hot
    ]
    return {"immutable": immutable, "one_hot": one_hot}


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
