"""Command `robustness`: compare fronts of models that are tuned equally."""

from .._displays import RobustnessFrontDisplay, require_matplotlib
from .._utils._validation import nearest
from ..benchmarks._compare import summarise
from ..benchmarks._configurations import front_families
from ..benchmarks._fronts import robustness_fronts
from ..datasets._tasks import IMAGE_COLLECTIONS
from . import _arguments, _console


def add_to(add_parser):
    """Add the command to those of the command line."""
    parser = add_parser(
        "robustness",
        help="compare models that are tuned equally, without and with attack",
        description=(
            "Compare fronts of accuracy without attack and under PGD: networks trained by the\n"
            "local rule and by backpropagation with several decays, on perturbed samples, and\n"
            "simple baselines. Prints one setting of each, chosen on validation data, and\n"
            "writes all of them, the attacks without gradient and a figure to a directory."
        ),
    )
    _arguments.add_collections(parser, IMAGE_COLLECTIONS, choices=IMAGE_COLLECTIONS)
    _arguments.add_pairs(parser)
    layers = "units of each hidden layer"
    _arguments.add_integer(parser, "--layers", layers, default=[32, 16], nargs="+")
    seeds = "fits of the chosen setting of each family"
    _arguments.add_integer(parser, "--seeds", seeds, default=5)
    seeds = "fits of the other settings, 0 to leave them out"
    _arguments.add_integer(parser, "--front-seeds", seeds, default=2, minimum=0)
    rows = "largest number of test images to attack"
    _arguments.add_integer(parser, "--rows", rows, default=2000, minimum=100)
    _arguments.add_epsilon(parser, note="; the largest one decides")
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
        name, tasks = _arguments.load_data(arguments)
        _console.prepare_directory(arguments.out)

    fronts = _console.run_experiment(
        robustness_fronts,
        tasks,
        arguments,
        families=families,
        epsilons=arguments.epsilon,
        max_test=arguments.rows,
        n_seeds=arguments.seeds,
        n_front_seeds=arguments.front_seeds,
        n_validation_seeds=max(1, min(2, arguments.front_seeds)),
    )
    tables = {f"{name}_fronts_{kind}": table for kind, table in fronts._asdict().items()}
    paths = _console.write_tables(arguments.out, tables, arguments.formats)
    figure = arguments.out / f"{name}_fronts.png"
    paths.append(_console.write_figure(figure, RobustnessFrontDisplay, fronts.scores))
    scores = fronts.scores.merge(fronts.chosen[["task", "family", "setting"]])
    # Chosen by its accuracy under the strongest attack; the others are in the files.
    scores = scores[scores["epsilon"].isin([0, scores["epsilon"].max()])]
    model = scores["family"] + ", " + scores["setting"]
    _console.print_summary(
        summarise(scores.assign(model=model)), f"{arguments.seeds} seeds", paths
    )


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
