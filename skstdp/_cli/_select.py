"""Command `select`: choose one setting of each network for all tasks of collections."""

import json

import pandas as pd

from ..benchmarks._compare import summarise
from ..benchmarks._selection import select_settings
from ..datasets._tasks import COLLECTIONS
from . import _arguments, _console, _data_arguments


def add_to(add_parser):
    """Add the command to those of the command line."""
    parser = add_parser(
        "select",
        help="choose one setting of each network for all tasks",
        description=(
            "Choose one setting of each network for all tasks by nested cross-validation: the\n"
            "one with the best mean accuracy on the inner folds, which is then trained and\n"
            "measured on the outer test rows. Prints the settings and the accuracies and writes\n"
            "them to a directory, and every fit as soon as it is done: the same command goes on\n"
            "where an interrupted one stopped."
        ),
    )
    _data_arguments.add_collections(parser, COLLECTIONS, choices=COLLECTIONS)
    _data_arguments.add_pairs(parser)
    _arguments.add_integer(parser, "--settings", "settings to try of each network", default=24)
    _arguments.add_integer(parser, "--outer", "outer splits", default=3, minimum=2)
    _arguments.add_integer(parser, "--inner", "inner folds", default=2, minimum=2)
    samples = "largest number of training rows of a task; of more, a sample"
    _arguments.add_integer(parser, "--samples", samples, default=4000, minimum=50)
    _arguments.add_output(parser)
    parser.set_defaults(run=_run)


def _run(arguments):
    with _console.errors_of_the_user():
        _, tasks = _data_arguments.load_data(arguments)
        _console.prepare_directory(arguments.out)

    inner, chosen, outer = _console.run_experiment(
        select_settings,
        tasks,
        arguments,
        n_settings=arguments.settings,
        n_outer=arguments.outer,
        n_inner=arguments.inner,
        max_samples=arguments.samples,
    )
    # As JSON, which can be read back and distinguishes a share of 1.0 from one unit.
    parameters = chosen["parameters"].map(json.dumps)
    tables = {"inner": inner, "chosen": chosen.assign(parameters=parameters), "outer": outer}
    tables = {f"selection_{name}": table for name, table in tables.items()}
    paths = _console.write_tables(arguments.out, tables, arguments.formats)
    for model, rows in chosen.groupby("model", sort=False):
        print(f"Chosen for {model}, on each outer split and on all\n")
        print(_format_chosen(rows), end="\n\n")
    summary = summarise(outer.assign(attack="none", epsilon=0.0))
    _console.print_summary(summary, f"{arguments.outer} outer splits", paths)


def _format_chosen(chosen):
    """Return the settings of one model as text, one column per outer split."""
    columns = {}
    for row in chosen.itertuples():
        values = {"inner accuracy": f"{row.accuracy:.3f}"}
        for name, value in row.parameters.items():
            values[name] = f"{value:.4g}" if isinstance(value, float) else str(value)
        columns["all" if row.outer == -1 else f"split {row.outer}"] = values
    return pd.DataFrame(columns).to_string(line_width=100)
