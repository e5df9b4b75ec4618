"""Command `benchmark`: compare classifiers on collections and tables."""

import sys
from functools import partial

from .._displays import LearningCurvesDisplay, RobustnessCurveDisplay, require_matplotlib
from .._robustness._certified import CertifiedScorer
from .._robustness._scorers import FGSMScorer, PGDScorer
from .._robustness._worst_case_scorer import WorstCaseScorer
from ..benchmarks._compare import compare
from ..benchmarks._configurations import CONFIGURATIONS
from ..benchmarks._measures import MEASURES
from ..benchmarks._models import MODELS
from ..benchmarks._report import require_report
from ..benchmarks._saving import FORMATS
from . import _arguments, _console, _data_arguments

# In a figure; the lines of more models cannot be distinguished.
_MAX_MODELS = 4
_N_INNER, _N_QUERIES = 3, 1000
_DEFAULT_MODELS = ["stdp", "bp", "logistic", "mlp"]
_ATTACKS = {
    "fgsm": FGSMScorer,
    "pgd": PGDScorer,
    "worst": WorstCaseScorer,
    "certified": CertifiedScorer,
}
# Short names of measures in a table of text, and forms of their numbers.
_COLUMNS = {
    "balanced_accuracy": ("balanced", "{:.3f}"),
    "roc_auc": ("AUC", "{:.3f}"),
    "log_loss": ("log loss", "{:.3f}"),
    "brier": ("Brier", "{:.3f}"),
    "calibration_error": ("calibration", "{:.3f}"),
    "fit_time": ("fit", "{:.2g}"),
    "predict_time": ("predict", "{:.2g}"),
}
_REPORTS = {"html": "to_html", "markdown": "to_markdown"}
_SUFFIXES = {"html": "html", "markdown": "md"}

# Shown in the help, below the name of the program.
EXAMPLES = (
    "benchmark iris",
    "benchmark iris wine digits --out figures --repeats 1 --jobs 2",
    "benchmark penguins.csv:species --epsilon 2/255 0.1",
    "benchmark penguins.csv --target species --na '?' --drop island --tune 10",
    "benchmark a.csv:species b.parquet:kind --models stdp forest svm --measures log_loss roc_auc",
    "benchmark wine --models stdp 'sklearn.svm.LinearSVC(C=0.1)' --attack pgd worst",
    "benchmark lookalikes --data mnist --set max_iter=30 --seeds 3",
    "benchmark iris wine digits --configuration ablation",
)


def add_to(add_parser):
    """Add the command to those of the command line."""
    parser = add_parser(
        "benchmark",
        help="compare classifiers, without and with attack, and report on them",
        description=(
            "Compare classifiers on the same splits, without attack and under attack: networks\n"
            "trained by the local rule (STDP) and by backpropagation (BP), scikit-learn's\n"
            "classifiers, and any others. Prints the accuracies, and writes a report, and tables\n"
            "of all that was measured, to a directory. Each fit is kept there when it is done:\n"
            "run the same command again after an interruption, and it does only the fits that\n"
            "are missing."
        ),
    )
    _data_arguments.add_collections(parser)
    _data_arguments.add_tables(parser)
    parser.add_argument(
        "--models",
        metavar="MODEL",
        nargs="+",
        help=f"some of {', '.join(MODELS)}; or import paths; with parameters or without, such as "
        '"mlp(alpha=1.0)" or "sklearn.ensemble.ExtraTreesClassifier(n_estimators=300)" '
        f"(default: {' '.join(_DEFAULT_MODELS)})",
    )
    _arguments.add_networks(parser, CONFIGURATIONS, None)
    parser.add_argument(
        "--tune",
        metavar="N",
        type=partial(_arguments.integer, minimum=2),
        help="try N settings of each model on inner folds of its training rows, and take the best "
        "one (default: no tuning)",
    )
    _arguments.add_integer(parser, "--inner", "inner folds of --tune", default=_N_INNER, minimum=2)
    parser.add_argument(
        "--measures",
        metavar="MEASURE",
        nargs="+",
        choices=MEASURES,
        help=f"{', '.join(MEASURES)} (default: all)",
    )
    parser.add_argument(
        "--attack",
        nargs="+",
        choices=("none", *_ATTACKS),
        default=["fgsm"],
        help="attacks on the test rows: fgsm, one step; pgd, many steps; worst, the worst of many "
        "attacks for each row, which takes long; certified, what no attack can lower (default: "
        "fgsm)",
    )
    sizes = "sizes of the attack on features scaled to [0, 1], as fractions or decimals"
    _arguments.add_epsilon(parser, sizes)
    queries = "predictions per row that a search of the worst attack may use"
    _arguments.add_integer(parser, "--queries", queries, default=_N_QUERIES)
    _arguments.add_integer(
        parser, "--splits", "folds of the cross-validation", default=5, minimum=2
    )
    _arguments.add_integer(
        parser, "--repeats", "repeats of the cross-validation, each with other folds", default=4
    )
    seeds = "fits on MNIST, which has fixed test images instead of folds"
    _arguments.add_integer(parser, "--seeds", seeds, default=5)
    _arguments.add_output(parser, formats=FORMATS)
    parser.add_argument(
        "--report",
        nargs="+",
        choices=("none", *_REPORTS),
        default=["html"],
        help="kinds of the report (default: html)",
    )
    parser.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="scheduler of a Dask cluster that does the fits, such as tcp://127.0.0.1:8786",
    )
    parser.set_defaults(run=_run)


def _run(arguments):
    with _console.errors_of_the_user():
        _check_options(arguments)
        reports = _without_none(arguments.report, "--report")
        scorers = _scorers(arguments)
        require_matplotlib()
        if reports:
            _require_report()
        _console.check_formats(arguments.formats)
        models = _arguments.models_for(arguments, _DEFAULT_MODELS)
        name, tasks = _data_arguments.load_data(arguments, lazy=True)
        models = _arguments.with_settings(models, arguments, tasks[0]())
        _console.prepare_directory(arguments.out)
        client = _console.connected(arguments.dask)

    if arguments.configuration not in (None, "default"):
        name = f"{name}_{arguments.configuration}"
    with client as cluster, _console.warnings_as_notes():
        comparison = _console.run_experiment(
            compare,
            tasks,
            arguments,
            estimators=models,
            scorers=scorers,
            measures=arguments.measures,
            tune=arguments.tune,
            n_inner=arguments.inner,
            fresh=arguments.fresh,
            n_splits=arguments.splits,
            n_repeats=arguments.repeats,
            n_seeds=arguments.seeds,
            client=cluster,
        )
    comparison.environment["command"] = arguments.command
    paths = _write(comparison, arguments, name, reports)
    _print(comparison, arguments, paths)


def _check_options(arguments):
    """Raise for an option that has no effect without another one."""
    for option, value, default, is_used, other in (
        ("--inner", arguments.inner, _N_INNER, arguments.tune, "--tune N"),
        (
            "--queries",
            arguments.queries,
            _N_QUERIES,
            "worst" in arguments.attack,
            "--attack worst",
        ),
    ):
        if value != default and not is_used:
            raise ValueError(f"Got {option} {value}, but expected it with {other}.")


def _without_none(chosen, option):
    """Return what was chosen of an option with "none", which stands alone."""
    if "none" in chosen and len(set(chosen)) > 1:
        raise ValueError(
            f"Got {option} {' '.join(chosen)}, but expected none alone, or others without it."
        )
    return [name for name in dict.fromkeys(chosen) if name != "none"]


def _scorers(arguments):
    """Return the scorers of all attacks and sizes.

    They attack the rates of the comparison, also where a pipeline scales them.
    """
    options = {"worst": {"n_queries": arguments.queries, "random_state": arguments.seed}}
    return [
        _ATTACKS[attack](epsilon, bounds=(0, 1), space="input", **options.get(attack, {}))
        for attack in _without_none(arguments.attack, "--attack")
        for epsilon in sorted({*arguments.epsilon})
    ]


def _require_report():
    try:
        require_report()
    except ImportError as error:
        raise ImportError(f"{error}, or leave the report out: --report none") from error


def _write(comparison, arguments, name, reports):
    """Write reports, figures and tables, and return their paths."""
    paths = [
        getattr(comparison, _REPORTS[kind])(arguments.out / f"{name}_report.{_SUFFIXES[kind]}")
        for kind in reports
    ]
    scores = comparison.scores
    n_models = scores["model"].nunique()
    if n_models > _MAX_MODELS:
        print(
            f"no figures in PNG: {n_models} models, and the lines of {_MAX_MODELS} can be "
            "distinguished" + (". The report has figures of each table." if reports else ""),
            file=sys.stderr,
        )
    else:
        figures = [
            ("epoch", LearningCurvesDisplay, comparison.curves),
            ("epsilon", RobustnessCurveDisplay, scores if scores["epsilon"].any() else []),
        ]
        paths += [
            _console.write_figure(
                arguments.out / f"{name}_accuracy_by_{what}.png", display_class, table
            )
            for what, display_class, table in figures
            if len(table)
        ]
    folder = arguments.out / f"{name}_tables"
    comparison.save(folder, arguments.formats)
    _console.write_tables(folder, {"summary": comparison.summary()}, arguments.formats)
    return [*paths, folder]


def _other_measures(scores):
    """Means of all but the accuracy, per task and model, as text."""
    clean = scores[scores["attack"] == "none"]
    columns = {name: (label, form) for name, (label, form) in _COLUMNS.items() if name in clean}
    means = clean.groupby(["task", "model"], sort=False)[[*columns]].mean()
    for name, (_, form) in columns.items():
        means[name] = means[name].map(form.format, na_action="ignore")
    return means.rename(columns={name: label for name, (label, _) in columns.items()})


def _print(comparison, arguments, paths):
    """Print the tables, where the files are, and the command that makes them again."""
    scores, tasks = comparison.scores, comparison.tasks
    fixed = scores.groupby("task")["split"].nunique() != arguments.splits * arguments.repeats
    counts = {
        False: f"{arguments.splits * arguments.repeats} test folds",
        True: f"{arguments.seeds} seeds",
    }
    summary = comparison.summary()
    # Once per fit: rows under attack are more where more attacks were possible.
    clean = scores[scores["attack"] == "none"]
    summary["majority"] = summary["task"].map(clean.groupby("task")["majority"].mean())
    print(_console.accuracies(summary, " or ".join(counts[kind] for kind in sorted({*fixed}))))
    print("\nOther measures, and seconds per fit and prediction, means over the splits\n")
    print(_other_measures(scores).to_string(line_width=100, na_rep="n/a"))
    if len(tasks) > 1 and scores["model"].nunique() > 1:
        print(f"\nMean rank of the accuracy over {len(tasks)} tasks, 1 is the best\n")
        print(comparison.ranks().sort_values().to_string(float_format="{:.2f}".format))
    _console.print_written(paths)
    print(f"\nTo make it again:\n  {arguments.command}")
