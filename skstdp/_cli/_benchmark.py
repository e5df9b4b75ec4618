"""Command `benchmark`: compare networks on collections and CSV files."""

import sys

from .._displays import LearningCurvesDisplay, RobustnessCurveDisplay, require_matplotlib
from ..benchmarks._checks import check_class_sizes
from ..benchmarks._compare import compare, summarise
from ..benchmarks._configurations import CONFIGURATIONS
from ..datasets._tasks import COLLECTIONS
from ._arguments import (
    add_collections,
    add_csv,
    add_epsilon,
    add_integer,
    add_networks,
    add_output,
    configured_models,
    load_data,
)
from ._console import (
    errors_of_the_user,
    prepare_directory,
    print_summary,
    run_experiment,
    write_figure,
    write_tables,
)

# The lines of more models cannot be distinguished.
_MAX_MODELS_IN_FIGURE = 4


def add_to(add_parser):
    """Add the command to those of the command line."""
    parser = add_parser(
        "benchmark",
        help="compare the local rule with backpropagation, without and with attack",
        description=(
            "Compare networks trained by the local rule (STDP) and by backpropagation (BP) on\n"
            "the same splits, without attack and under FGSM. Prints the accuracies and writes\n"
            "them and, of at most four networks, two figures to a directory. Each fit is written\n"
            "there as soon as it is done, and the same command goes on where an interrupted one\n"
            "stopped."
        ),
    )
    add_collections(parser, COLLECTIONS, " or the path of a CSV file with a header line")
    add_csv(parser)
    add_integer(parser, "--splits", "folds of the cross-validation", default=5, minimum=2)
    add_integer(parser, "--repeats", "number of divisions into folds", default=4, minimum=1)
    seeds = "fits on MNIST, which has fixed test images instead of folds"
    add_integer(parser, "--seeds", seeds, default=5, minimum=1)
    sizes = "sizes of the attack on features scaled to [0, 1], as fractions or decimals"
    add_epsilon(parser, sizes)
    add_output(parser)
    add_networks(parser, CONFIGURATIONS, "default")
    parser.set_defaults(run=_run)


def _run(arguments):
    with errors_of_the_user():
        require_matplotlib()
        name, tasks = load_data(arguments)
        for task in tasks:
            check_class_sizes(task, arguments.splits)
        models = configured_models(arguments, tasks)
        prepare_directory(arguments.out)

    if arguments.configuration != "default":
        name = f"{name}_{arguments.configuration}"
    n_models = max(len(models(task)) for task in tasks)
    drawn = n_models <= _MAX_MODELS_IN_FIGURE
    scores, curves = run_experiment(
        compare,
        tasks,
        arguments,
        estimators=models,
        fresh=arguments.fresh,
        curves=drawn,
        epsilons=arguments.epsilon,
        n_splits=arguments.splits,
        n_repeats=arguments.repeats,
        n_seeds=arguments.seeds,
    )
    summary = summarise(scores)
    tables = {f"{name}_scores": scores, f"{name}_summary": summary}
    paths = write_tables(arguments.out, tables, arguments.formats)
    if drawn:
        start = arguments.out / f"{name}_accuracy_by"
        paths += [
            write_figure(f"{start}_epoch.png", LearningCurvesDisplay, curves),
            write_figure(f"{start}_epsilon.png", RobustnessCurveDisplay, scores),
        ]
    else:
        print(
            f"no figures: {n_models} models, and only {_MAX_MODELS_IN_FIGURE} can be told apart",
            file=sys.stderr,
        )

    counts = {
        task.X_test is None: f"{arguments.splits * arguments.repeats} test folds"
        if task.X_test is None
        else f"{arguments.seeds} seeds"
        for task in tasks
    }
    print_summary(summary, " or ".join(counts.values()), paths)
