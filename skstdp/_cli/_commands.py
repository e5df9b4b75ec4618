"""What the commands of the command line do."""

import json
import sys
import warnings
from functools import partial
from math import isnan
from pathlib import Path

import pandas as pd
from sklearn.base import clone

from .._displays import (
    LearningCurvesDisplay,
    RobustnessCurveDisplay,
    RobustnessFrontDisplay,
    STDPCurveDisplay,
    plot_tasks,
    require_matplotlib,
)
from .._networks._classifiers import BPClassifier, STDPClassifier
from .._utils._validation import nearest
from ..benchmarks._ablation import ablations
from ..benchmarks._checks import check_class_sizes, check_models
from ..benchmarks._compare import compare, summarise
from ..benchmarks._fronts import front_families, robustness_fronts
from ..benchmarks._paper import paper_classifiers
from ..benchmarks._selection import select_settings
from ..datasets._tasks import COLLECTIONS, IMAGE_COLLECTIONS, load_csv_task, load_tasks
from ._console import fail, prepare_directory, progress_bar, write_tables


def _default_classifiers(task):
    return {"STDP": STDPClassifier(), "BP": BPClassifier()}


def _ablations(task):
    return ablations()


# Name of a configuration: function that takes a task and returns the models.
CONFIGURATIONS = {
    "default": _default_classifiers,
    "paper": paper_classifiers,
    "literal": partial(paper_classifiers, literal=True),
    "ablation": _ablations,
}
# Collections whose classes can be chosen.
_DIGITS = ("digits", "mnist")
# The lines of more models cannot be told apart.
_MAX_MODELS_IN_FIGURE = 4
_FIGURE_EPSILONS = [step / 255 for step in range(0, 14, 2)]
_N_FIGURE_FOLDS = 5


def benchmark(arguments):
    """Compare both networks on collections and CSV files."""
    # What the user can have got wrong comes to light here, before the long work.
    try:
        require_matplotlib()
        name, tasks = _load(
            arguments.data_names, arguments.target, arguments.data, sep=arguments.sep
        )
        for task in tasks:
            check_class_sizes(task, arguments.splits)
        models = _models(arguments, tasks)
        prepare_directory(arguments.out)
    except (ImportError, OSError, TypeError, ValueError) as error:
        fail(error)

    n_models = max(len(models(task)) for task in tasks)
    drawn = n_models <= _MAX_MODELS_IN_FIGURE
    result = _train(
        compare,
        tasks,
        arguments,
        arguments.out / f"{name}_fits.jsonl",
        estimators=models,
        fresh=arguments.fresh,
        curves=drawn,
        epsilons=arguments.epsilon,
        n_splits=arguments.splits,
        n_repeats=arguments.repeats,
        n_seeds=arguments.seeds,
    )
    if result is None:
        return 130
    scores, curves = result
    summary = summarise(scores)
    paths = write_tables(
        arguments.out, {f"{name}_scores": scores, f"{name}_summary": summary}, arguments.formats
    )
    if drawn:
        for kind, display_class, table in (
            ("epoch", LearningCurvesDisplay, curves),
            ("epsilon", RobustnessCurveDisplay, scores),
        ):
            paths.append(arguments.out / f"{name}_accuracy_by_{kind}.png")
            plot_tasks(display_class, table).savefig(paths[-1], dpi=150)
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
    _report(summary, " or ".join(counts.values()), paths)
    return 0


def figures(arguments):
    """Make one figure of the paper anew."""
    try:
        require_matplotlib()
        if arguments.number == 4:
            prepare_directory(arguments.out)
            return _stdp_figure(arguments.out, arguments.formats)
        tasks = load_tasks("iris", pairs=[(0, 1), (0, 2), (1, 2)])
        if arguments.pairs == "all":
            pairs = [(0, digit) for digit in range(1, 6)]
            tasks += load_tasks("mnist", data=arguments.data, pairs=pairs)
        models = _models(arguments, tasks)
        prepare_directory(arguments.out)
    except (ImportError, OSError, TypeError, ValueError) as error:
        fail(error)

    result = _train(
        compare,
        tasks,
        arguments,
        arguments.out / "figures_fits.jsonl",
        estimators=models,
        fresh=arguments.fresh,
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
    name = f"figure_{arguments.number}_{arguments.configuration}"
    paths = write_tables(arguments.out, {name: table}, arguments.formats)
    paths.append(arguments.out / f"{name}.png")
    plot_tasks(display_class, table).savefig(paths[-1], dpi=150)
    counts = f"{_N_FIGURE_FOLDS * arguments.seeds} test folds of IRIS"
    if arguments.pairs == "all":
        counts += f" or {arguments.seeds} seeds of MNIST"
    _report(summarise(scores), counts, paths)
    return 0


def _stdp_figure(directory, formats):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    display = STDPCurveDisplay.from_rule().plot(figure.subplots())
    paths = write_tables(directory, {"figure_4": display.curves}, formats)
    paths.append(directory / "figure_4.png")
    figure.savefig(paths[-1], dpi=150)
    print("Written:", *paths, sep="\n  ")
    return 0


def select(arguments):
    """Choose one setting of each network for all tasks of collections."""
    try:
        _, tasks = _load(arguments.data_names, None, arguments.data, arguments.pairs)
        prepare_directory(arguments.out)
    except (OSError, ValueError) as error:
        fail(error)

    selection = _train(
        select_settings,
        tasks,
        arguments,
        arguments.out,
        n_settings=arguments.settings,
        n_outer=arguments.outer,
        n_inner=arguments.inner,
        max_samples=arguments.samples,
    )
    if selection is None:
        return 130
    inner, chosen, outer = selection
    # As JSON, which can be read back and tells a share of 1.0 from one unit.
    parameters = chosen["parameters"].map(json.dumps)
    tables = {"inner": inner, "chosen": chosen.assign(parameters=parameters), "outer": outer}
    paths = write_tables(
        arguments.out,
        {f"selection_{name}": table for name, table in tables.items()},
        arguments.formats,
    )
    for model, rows in chosen.groupby("model", sort=False):
        print(f"Chosen for {model}, on each outer split and on all\n")
        print(_format_chosen(rows), end="\n\n")
    summary = summarise(outer.assign(attack="none", epsilon=0.0))
    _report(summary, f"{arguments.outer} outer splits", paths)
    return 0


def robustness(arguments):
    """Compare fronts of clean and adversarial accuracy, of models that are tuned equally."""
    try:
        require_matplotlib()
        families = _families(arguments)
        name, tasks = _load(arguments.data_names, None, arguments.data, arguments.pairs)
        prepare_directory(arguments.out)
    except (ImportError, OSError, ValueError) as error:
        fail(error)

    fronts = _train(
        robustness_fronts,
        tasks,
        arguments,
        arguments.out / f"{name}_fronts",
        families=families,
        epsilons=arguments.epsilon,
        max_test=arguments.rows,
        n_seeds=arguments.seeds,
        n_front_seeds=arguments.front_seeds,
        n_validation_seeds=max(1, min(2, arguments.front_seeds)),
    )
    if fronts is None:
        return 130
    tables = {f"{name}_fronts_{kind}": table for kind, table in fronts._asdict().items()}
    paths = write_tables(arguments.out, tables, arguments.formats)
    paths.append(arguments.out / f"{name}_fronts.png")
    plot_tasks(RobustnessFrontDisplay, fronts.scores).savefig(paths[-1], dpi=150)
    scores = fronts.scores.merge(fronts.chosen[["task", "family", "setting"]])
    # Chosen by its accuracy under the strongest attack; the others are in the files.
    scores = scores[scores["epsilon"].isin([0, scores["epsilon"].max()])]
    model = scores["family"] + ", " + scores["setting"]
    _report(summarise(scores.assign(model=model)), f"{arguments.seeds} seeds", paths)
    return 0


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


def _load(names, target, data, pairs=None, sep=","):
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
    if pairs is not None and not set(names) & set(_DIGITS):
        raise ValueError(
            f"Got --pairs with {' '.join(names)}, but expected it with {' or '.join(_DIGITS)}."
        )
    tasks, stems = [], []
    for name in names:
        if name in COLLECTIONS:
            tasks += load_tasks(
                name,
                data=data if name in IMAGE_COLLECTIONS else None,
                pairs=pairs if name in _DIGITS else None,
            )
            stems.append(name)
            continue
        if not Path(name).exists():
            raise ValueError(
                f"Got {name}, but there is no such file, and no collection of that name: "
                f"expected {', '.join(COLLECTIONS)} or the path of a CSV file."
                f"{nearest(name, COLLECTIONS)}"
            )
        if target is None:
            raise ValueError(f"Got no --target, but expected a column of {name} with the classes.")
        tasks.append(load_csv_task(name, target, sep=sep))
        stems.append(tasks[-1].name)
    return "_".join(stems), tasks


def _models(arguments, tasks):
    """Function that takes a task and returns its models, with the parameters that were set."""
    settings = dict(arguments.set)
    configuration = CONFIGURATIONS[arguments.configuration]
    models = partial(_configured, configuration, settings)
    if not settings:
        return models
    parameters = [(type(model), model.get_params()) for model in configuration(tasks[0]).values()]
    known = sorted({name for _, names in parameters for name in names})
    all_known = f" They are {', '.join(known)}."
    for name in settings:
        values = {(kind, repr(given[name])) for kind, given in parameters if name in given}
        if not values:
            raise ValueError(
                f"Got --set {name}, but expected a parameter of STDPClassifier or BPClassifier."
                f"{nearest(name, known) or all_known}"
            )
        # One value for all would undo what sets the networks of one kind apart.
        if len(values) > len({kind for kind, _ in values}):
            raise ValueError(
                f"Got --set {name} with --configuration {arguments.configuration}, but expected "
                "a parameter in which its networks do not differ."
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


def _train(experiment, tasks, arguments, path, **options):
    """Result of `compare` or `select_settings`, or None if it was interrupted."""
    training = False

    def progress(fits):
        nonlocal training
        training = True
        return progress_bar()(fits)

    try:
        return experiment(
            tasks,
            random_state=arguments.seed,
            n_jobs=arguments.jobs,
            path=path,
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


def _report(summary, counts, paths):
    print(f"Accuracy, mean ± standard deviation over {counts}\n")
    print(_format(summary))
    if summary.get("one_class", pd.Series()).any():
        print(
            "\none class: number of those in which a model predicts one class for all test rows, "
            "which\nno attack changes: its accuracy under attack is not robustness"
        )
    print("\nWritten:", *paths, sep="\n  ")


def _format(summary):
    """The summary as text, in blocks of at most 100 columns."""
    table = summary[["task", "model"]].copy()
    for column in summary:
        if column.endswith("_mean"):
            attack = column.removesuffix("_mean")
            spread = summary[f"{attack}_std"]
            table[attack] = [
                _mean_and_spread(*pair) for pair in zip(summary[column], spread, strict=True)
            ]
    if summary.get("one_class", pd.Series()).any():
        table["one class"] = summary["one_class"]
    return table.set_index(["task", "model"]).to_string(line_width=100)


def _mean_and_spread(mean, std):
    if isnan(mean):
        # No attack of this kind was possible.
        return "n/a"
    # One fit has no spread.
    return f"{mean:.3f}" if isnan(std) else f"{mean:.3f} ± {std:.3f}"


def _format_chosen(chosen):
    """The settings of one model as text, one column an outer split."""
    columns = {}
    for row in chosen.itertuples():
        values = {"inner accuracy": f"{row.accuracy:.3f}"}
        for name, value in row.parameters.items():
            values[name] = f"{value:.4g}" if isinstance(value, float) else str(value)
        columns["all" if row.outer == -1 else f"split {row.outer}"] = values
    return pd.DataFrame(columns).to_string(line_width=100)
