"""Command `robustness`: compare families of models that are tuned equally."""

import pandas as pd

from .._displays import RobustnessIntervalDisplay, require_matplotlib
from .._utils._validation import nearest
from ..benchmarks._configurations import front_families
from ..benchmarks._fronts import robustness_fronts
from ..benchmarks._summary import summarise
from . import _arguments, _console, _data_arguments

# Shown in the help, below the name of the program.
EXAMPLES = (
    "robustness breast_cancer",
    "robustness mnist --data mnist --pairs 0v5 4v9 --jobs 2",
)


def add_to(add_parser):
    """Add the command to those of the command line."""
    parser = add_parser(
        "robustness",
        help="compare models that are tuned equally, without and with attack",
        description=(
            "Compare families of models: networks trained by the local rule, by backpropagation,\n"
            "on perturbed samples, with noise and with penalties; linear models; a kernel\n"
            "machine; nearest neighbours; and a forest. Each family gets its best setting by\n"
            "training rows. Prints the accuracy without attack, under PGD and in the worst\n"
            "case of many attacks, and the certified accuracy. Writes these, the accuracy under\n"
            "corruptions, all settings that were tried, and a figure to a directory."
        ),
    )
    _data_arguments.add_collections(parser)
    _data_arguments.add_pairs(parser)
    _data_arguments.add_tables(parser)
    layers = "units of each hidden layer"
    _arguments.add_integer(parser, "--layers", layers, default=[32, 16], nargs="+")
    seeds = "fits of a network on images; a table has three folds"
    _arguments.add_integer(parser, "--seeds", seeds, default=3)
    rows = "largest number of test rows to attack"
    _arguments.add_integer(parser, "--rows", rows, default=300, minimum=10)
    queries = "predictions per row that a search may use"
    _arguments.add_integer(parser, "--queries", queries, default=1000)
    _arguments.add_epsilon(parser, note="; settings are chosen by the largest one")
    parser.add_argument(
        "--families",
        metavar="NAME",
        nargs="+",
        help="families to compare (default: all; see skstdp.benchmarks.front_families)",
    )
    _arguments.add_output(parser)
    parser.set_defaults(run=_run)


def _run(arguments):
    with _console.errors_of_the_user():
        require_matplotlib()
        families = _families(arguments)
        name, tasks = _data_arguments.load_data(arguments)
        _console.prepare_directory(arguments.out)

    fronts = _console.run_experiment(
        robustness_fronts,
        tasks,
        arguments,
        families=families,
        epsilons=arguments.epsilon,
        max_test=arguments.rows,
        n_seeds=arguments.seeds,
        n_queries=arguments.queries,
    )
    tables = {f"{name}_fronts_{kind}": table for kind, table in fronts._asdict().items()}
    paths = _console.write_tables(arguments.out, tables, arguments.formats)
    figure = arguments.out / f"{name}_fronts.png"
    # Axes of several tasks share their rows, also if one task lacks a family.
    rows = pd.Categorical(fronts.scores["family"], fronts.scores["family"].unique())
    by_family = fronts.scores.assign(family=rows)
    paths.append(_console.write_figure(figure, RobustnessIntervalDisplay, by_family))
    # Chosen by accuracies at the largest size; the others are in the files.
    scores = fronts.scores[fronts.scores["epsilon"].isin([0, fronts.scores["epsilon"].max()])]
    summary = summarise(scores.rename(columns={"family": "model"}))
    _console.print_summary(summary, "the fits of each family", paths)


def _families(arguments):
    families = front_families(tuple(arguments.layers))
    names = arguments.families or list(families)
    for name in names:
        if name not in families:
            raise ValueError(
                f"Got --families {name!r}, but expected some of {', '.join(map(repr, families))}."
                f"{nearest(name, families)}"
            )
    return {name: families[name] for name in names}
