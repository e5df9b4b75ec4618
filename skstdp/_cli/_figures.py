"""Command `figures`: make one figure of the paper anew."""

from .._displays import (
    LearningCurvesDisplay,
    RobustnessCurveDisplay,
    STDPCurveDisplay,
    require_matplotlib,
)
from ..benchmarks._compare import compare
from ..benchmarks._configurations import CONFIGURATIONS
from ..benchmarks._summary import summarise
from ..datasets._tasks import load_tasks
from . import _arguments, _console, _data_arguments

_EPSILONS = [step / 255 for step in range(0, 14, 2)]
_N_FOLDS = 5

# Shown in the help, below the name of the program.
EXAMPLES = (
    "figures 2 --data mnist",
    "figures 3 --pairs iris --out figures",
    "figures 4",
)


def add_to(add_parser):
    """Add the command to those of the command line."""
    parser = add_parser(
        "figures",
        help="draw a figure of the paper from new fits",
        description=(
            "Draw a figure of the paper from new fits, as PNG and CSV: accuracy against epoch\n"
            "(2) and against the size of the attack (3) on pairs of IRIS and MNIST, or the STDP\n"
            "curve (4). Figures 2 and 3 show the same networks, which are trained once."
        ),
    )
    parser.add_argument("number", metavar="2|3|4", type=int, choices=(2, 3, 4), help="the figure")
    parser.add_argument(
        "--pairs",
        choices=("all", "iris"),
        default="all",
        help="all pairs, or those of IRIS only (default: all)",
    )
    seeds = "fits on each pair of MNIST, and repeats of five folds on IRIS"
    _arguments.add_integer(parser, "--seeds", seeds, default=5)
    _data_arguments.add_mnist(parser)
    _arguments.add_output(parser)
    # A figure does not hold as many networks as there are ablations.
    _arguments.add_networks(
        parser, [name for name in CONFIGURATIONS if name != "ablation"], "paper"
    )
    parser.set_defaults(run=_run)


def _run(arguments):
    with _console.errors_of_the_user():
        require_matplotlib()
        if arguments.number == 4:
            _console.prepare_directory(arguments.out)
            _write_stdp_curve(arguments.out, arguments.formats)
            return
        tasks = load_tasks("iris", pairs=[(0, 1), (0, 2), (1, 2)])
        if arguments.pairs == "all":
            pairs = [(0, digit) for digit in range(1, 6)]
            tasks += load_tasks("mnist", data=arguments.data, pairs=pairs)
        models = CONFIGURATIONS[arguments.configuration]
        models = _arguments.with_settings(models, arguments, tasks[0])
        _console.prepare_directory(arguments.out)

    comparison = _console.run_experiment(
        compare,
        tasks,
        arguments,
        estimators=models,
        fresh=arguments.fresh,
        epsilons=_EPSILONS,
        n_splits=_N_FOLDS,
        n_repeats=arguments.seeds,
        n_seeds=arguments.seeds,
    )
    scores = comparison.scores
    if arguments.number == 2:
        display_class, table = LearningCurvesDisplay, comparison.curves
        scores = scores[scores["attack"] == "none"]
    else:
        display_class, table = RobustnessCurveDisplay, scores
    name = f"figure_{arguments.number}_{arguments.configuration}"
    paths = _console.write_tables(arguments.out, {name: table}, arguments.formats)
    paths.append(_console.write_figure(arguments.out / f"{name}.png", display_class, table))
    counts = f"{_N_FOLDS * arguments.seeds} test folds of IRIS"
    if arguments.pairs == "all":
        counts += f" or {arguments.seeds} seeds of MNIST"
    _console.print_summary(summarise(scores), counts, paths)


def _write_stdp_curve(directory, formats):
    display = STDPCurveDisplay.from_rule()
    paths = _console.write_tables(directory, {"figure_4": display.curves}, formats)
    paths.append(_console.write_display(directory / "figure_4.png", display))
    _console.print_written(paths)
