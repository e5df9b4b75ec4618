"""What the commands of the command line do."""

import sys
import tempfile
import warnings
from functools import partial
from math import isnan
from pathlib import Path

from sklearn.base import clone

from ._classifiers import BPClassifier, STDPClassifier
from ._displays import (
    LearningCurvesDisplay,
    RobustnessCurveDisplay,
    STDPCurveDisplay,
    plot_tasks,
    require_matplotlib,
)
from .benchmarks._compare import check_class_sizes, check_models, compare, summarise
from .benchmarks._paper import paper_classifiers
from .datasets import COLLECTIONS, IMAGE_COLLECTIONS, load_csv_task, load_tasks


def _default_classifiers(task):
    return {"STDP": STDPClassifier(), "BP": BPClassifier()}


# Name of a configuration: function that takes a task and returns the models.
CONFIGURATIONS = {
    "default": _default_classifiers,
    "paper": paper_classifiers,
    "literal": partial(paper_classifiers, literal=True),
}
_FIGURE_EPSILONS = [step / 255 for step in range(0, 14, 2)]
_N_FIGURE_FOLDS = 5


def fail(message):
    """Tell an error in one line, and leave with status 2."""
    print(f"skstdp: error: {' '.join(str(message).split())}", file=sys.stderr)
    raise SystemExit(2)


def benchmark(arguments):
    """Compare both networks on collections and CSV files."""
    # What the user can have got wrong comes to light here, before the long work.
    try:
        require_matplotlib()
        name, tasks = _load(arguments.data_names, arguments.target, arguments.data)
        for task in tasks:
            check_class_sizes(task, arguments.splits)
        models = _models(arguments, tasks)
        _prepare(arguments.out)
    except (ImportError, OSError, TypeError, ValueError) as error:
        fail(error)

    result = _compare(
        tasks,
        arguments,
        arguments.out / f"{name}_fits.jsonl",
        estimators=models,
        epsilons=arguments.epsilon,
        n_splits=arguments.splits,
        n_repeats=arguments.repeats,
        n_seeds=arguments.seeds,
    )
    if result is None:
        return 130
    scores, curves = result
    summary = summarise(scores)
    paths = [
        arguments.out / f"{name}_{kind}"
        for kind in (
            "scores.csv",
            "summary.csv",
            "accuracy_by_epoch.png",
            "accuracy_by_epsilon.png",
        )
    ]
    scores.to_csv(paths[0], index=False)
    summary.to_csv(paths[1], index=False)
    plot_tasks(LearningCurvesDisplay, curves).savefig(paths[2], dpi=150)
    plot_tasks(RobustnessCurveDisplay, scores).savefig(paths[3], dpi=150)

    counts = {
        task.X_test is None: f"{arguments.splits * arguments.repeats} test folds"
        if task.X_test is None
        else f"{arguments.seeds} seeds"
        for task in tasks
    }
    _report(summary, " or ".join(counts.values()), paths)
    return 0


def figures(arguments):
    """Make one figure of the paper anew."""
    try:
        require_matplotlib()
        if arguments.number == 4:
            _prepare(arguments.out)
            return _stdp_figure(arguments.out)
        tasks = load_tasks("iris", pairs=[(0, 1), (0, 2), (1, 2)])
        if arguments.pairs == "all":
            pairs = [(0, digit) for digit in range(1, 6)]
            tasks += load_tasks("mnist", data=arguments.data, pairs=pairs)
        models = _models(arguments, tasks)
        _prepare(arguments.out)
    except (ImportError, OSError, TypeError, ValueError) as error:
        fail(error)

    result = _compare(
        tasks,
        arguments,
        arguments.out / "figures_fits.jsonl",
        estimators=models,
        epsilons=_FIGURE_EPSILONS,
        n_splits=_N_FIGURE_FOLDS,
        n_repeats=arguments.seeds,
        n_seeds=arguments.seeds,
    )
    if result is None:
        return 130
    scores, curves = result
    if arguments.number == 2:
        display_class, table = LearningCurvesDisplay, curves
        scores = scores[scores["attack"] == "none"]
    else:
        display_class, table = RobustnessCurveDisplay, scores
    path = arguments.out / f"figure_{arguments.number}_{arguments.configuration}"
    paths = [path.with_suffix(".csv"), path.with_suffix(".png")]
    table.to_csv(paths[0], index=False)
    plot_tasks(display_class, table).savefig(paths[1], dpi=150)
    counts = f"{_N_FIGURE_FOLDS * arguments.seeds} test folds of IRIS"
    if arguments.pairs == "all":
        counts += f" or {arguments.seeds} seeds of MNIST"
    _report(summarise(scores), counts, paths)
    return 0


def _stdp_figure(directory):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    display = STDPCurveDisplay.from_rule().plot(figure.subplots())
    paths = [directory / "figure_4.csv", directory / "figure_4.png"]
    display.curves.to_csv(paths[0], index=False)
    figure.savefig(paths[1], dpi=150)
    print("Written:", *paths, sep="\n  ")
    return 0


def _load(names, target, data):
    """Common name and tasks of collections and CSV files."""
    tables = [name for name in names if name not in COLLECTIONS]
    if target is not None and not tables:
        raise ValueError(
            f"Got --target {target} with {' '.join(names)}, but expected it with CSV files."
        )
    if data is not None and not set(names) & set(IMAGE_COLLECTIONS):
        raise ValueError(
            f"Got --data {data} with {' '.join(names)}, but expected it with "
            f"{' or '.join(IMAGE_COLLECTIONS)}."
        )
    tasks, stems = [], []
    for name in names:
        if name in COLLECTIONS:
            tasks += load_tasks(name, data=data if name in IMAGE_COLLECTIONS else None)
            stems.append(name)
            continue
        if not Path(name).exists():
            raise ValueError(
                f"Got {name}, but expected {', '.join(COLLECTIONS)} or the path of a CSV file."
            )
        if target is None:
            raise ValueError(f"Got no --target, but expected a column of {name} with the classes.")
        tasks.append(load_csv_task(name, target))
        stems.append(tasks[-1].name)
    return "_".join(stems), tasks


def _models(arguments, tasks):
    """Function that takes a task and returns its models, with the parameters that were set."""
    settings = dict(arguments.set)
    models = partial(_configured, CONFIGURATIONS[arguments.configuration], settings)
    if not settings:
        return models
    names = {name for model in models(tasks[0]).values() for name in model.get_params()}
    for name in settings:
        if name not in names:
            raise ValueError(
                f"Got --set {name}, but expected a parameter of STDPClassifier or BPClassifier."
            )
    if "random_state" in settings:
        raise ValueError("Got --set random_state, but expected --seed.")
    for task in tasks:
        check_models(models(task))
    for model in models(tasks[0]).values():
        # Some values are looked at only by `fit`: two samples and an epoch are enough for it.
        model._validate_params()
        with warnings.catch_warnings(action="ignore"):
            clone(model).set_params(max_iter=1, verbose=False).fit([[0.0], [1.0]], [0, 1])
    return models


def _configured(configuration, settings, task):
    models = configuration(task)
    for model in models.values():
        known = model.get_params()
        model.set_params(**{name: settings[name] for name in settings if name in known})
    return models


def _prepare(directory):
    """Make the directory, and try to write to it."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise OSError(f"Cannot write to --out {directory}: {error.strerror}.") from error


def _compare(tasks, arguments, path, **options):
    """Result of `compare`, or None if it was interrupted."""
    training = False

    def progress(fits):
        nonlocal training
        training = True
        return _progress()(fits)

    try:
        return compare(
            tasks,
            random_state=arguments.seed,
            n_jobs=arguments.jobs,
            path=path,
            fresh=arguments.fresh,
            progress=progress,
            verbose=True,
            **options,
        )
    except (OSError, ValueError) as error:
        if training:
            raise
        fail(error)
    except KeyboardInterrupt:
        print(
            f"stopped: what is done is in {path}, and the same command goes on from there",
            file=sys.stderr,
        )
        return None


def _progress():
    """A bar if rich is installed and a terminal shows it, else lines of text.

    Both go to stderr: stdout is for the result.
    """
    if not sys.stderr.isatty():
        return _count
    try:
        from rich.console import Console
        from rich.progress import track
    except ImportError:
        return _count
    return partial(track, description="Training", console=Console(stderr=True), transient=True)


def _count(fits):
    """Yield the fits, with a line after each tenth of them."""
    for done, fit in enumerate(fits, start=1):
        yield fit
        if done * 10 // len(fits) > (done - 1) * 10 // len(fits):
            print(f"{done} of {len(fits)} networks trained", file=sys.stderr)


def _report(summary, counts, paths):
    print(f"Accuracy, mean ± standard deviation over {counts}\n")
    print(_format(summary))
    print("\nWritten:", *paths, sep="\n  ")


def _format(summary):
    """The summary as text, in blocks of at most 100 columns."""
    table = summary[["task", "model"]].copy()
    for column in summary:
        if column.endswith("_mean"):
            attack = column.removesuffix("_mean")
            spread = summary[f"{attack}_std"]
            # One fit has no spread.
            table[attack] = [
                f"{mean:.3f}" if isnan(std) else f"{mean:.3f} ± {std:.3f}"
                for mean, std in zip(summary[column], spread, strict=True)
            ]
    return table.set_index(["task", "model"]).to_string(line_width=100)
