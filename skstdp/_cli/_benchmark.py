"""Command `benchmark`: compare networks on collections and CSV files."""

import sys

from .._displays import LearningCurvesDisplay, RobustnessCurveDisplay, require_matplotlib
from ..benchmarks._checks import check_class_sizes
from ..benchmarks._compare import compare, summarise
from ..benchmarks._configurations import CONFIGURATIONS
from ..datasets._tasks import COLLECTIONS
from . import _arguments, _console, _data_arguments

# In a figure; the lines of more models cannot be distinguished.
_MAX_MODELS = 4


def add_to(add_parser):
    """Add the command to those of the command line."""
    parser = add_parser(
        "benchmark",
        help="compare the local rule with backpropagation, without and with attack",
        description=(
            "Compare networks trained by the local rule (STDP) and by backpropagation (BP) on\n"
            "the same splits, without attack and under FGSM. Prints the accuracies, and writes\n"
            "tables of them to a directory. For up to four networks it also draws two figures.\n"
            "Each fit is kept in the directory when it is done: run the same command again after\n"
            "an interruption, and it trains only the networks that are missing."
        ),
    )
    _data_arguments.add_collections(
        parser, COLLECTIONS, " or the path of a CSV file with a header line"
    )
    _data_arguments.add_tables(parser)
    _arguments.add_integer(
        parser, "--splits", "folds of the cross-validation", default=5, minimum=2
    )
    _arguments.add_integer(parser, "--repeats", "number of divisions into folds", default=4)
    seeds = "fits on MNIST, which has fixed test images instead of folds"
    _arguments.add_integer(parser, "--seeds", seeds, default=5)
    sizes = "sizes of the attack on features scaled to [0, 1], as fractions or decimals"
    _arguments.add_epsilon(parser, sizes)
    _arguments.add_output(parser)
    _arguments.add_networks(parser, CONFIGURATIONS, "default")
    parser.set_defaults(run=_run)


def _run(arguments):
    with _console.errors_of_the_user():
        require_matplotlib()
        name, tasks = _data_arguments.load_data(arguments)
        for task in tasks:
            check_class_sizes(task, arguments.splits)
        models = _arguments.configured_models(arguments, tasks)
        _console.prepare_directory(arguments.out)

    if arguments.configuration != "default":
        name = f"{name}_{arguments.configuration}"
    n_models = max(len(models(task)) for task in tasks)
    drawn = n_models <= _MAX_MODELS
    scores, curves = _console.run_experiment(
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
    paths = _console.write_tables(arguments.out, tables, arguments.formats)
    if drawn:
        start = arguments.out / f"{name}_accuracy_by"
        paths += [
            _console.write_figure(f"{start}_epoch.png", LearningCurvesDisplay, curves),
            _console.write_figure(f"{start}_epsilon.png", RobustnessCurveDisplay, scores),
        ]
    else:
        print(
            f"no figures: {n_models} models, and only {_MAX_MODELS} can be distinguished",
            file=sys.stderr,
        )

    counts = {
        task.X_test is None: f"{arguments.splits * arguments.repeats} test folds"
        if task.X_test is None
        else f"{arguments.seeds} seeds"
        for task in tasks
    }
    _console.print_summary(summary, " or ".join(counts.values()), paths)
