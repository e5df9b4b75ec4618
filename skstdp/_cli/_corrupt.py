"""Command `corrupt`: corrupt the rows of a file, and let a fitted model classify them."""

import argparse
from fractions import Fraction

import numpy as np
import pandas as pd

from .._displays import CorruptionDisplay, require_matplotlib
from .._displays._corruption import majority_score
from .._robustness._corruption_report import corruption_report, sizes_by_corruption
from .._robustness._corruptions import CORRUPTIONS
from .._utils._validation import check_different
from . import _arguments, _console, _data_arguments, _models

# Shown in the help, below the name of the program.
EXAMPLES = (
    "corrupt model.skops penguins.csv --target species",
    "corrupt model.skops penguins.csv:species --severities 1 3 5",
    "corrupt digits.skops digits.csv --target digit --image 8 8",
)


def add_to(add_parser):
    """Add the command to those of the command line."""
    parser = add_parser(
        "corrupt",
        help="measure a saved model on corrupted rows of a file",
        description=(
            "Measure the accuracy of a fitted classifier on rows that it was not trained on,\n"
            "under noise, missing values and other corruptions in several sizes. Prints the\n"
            "accuracies, and writes them and a figure to a directory."
        ),
    )
    _models.add_model_and_data(parser)
    _data_arguments.add_tables(parser)
    parser.add_argument(
        "--corruptions",
        metavar="NAME[=SIZES]",
        nargs="+",
        type=_corruption,
        help="names of corruptions, alone or with sizes in place of the severities, such as "
        "blur=1,2.5 (default: those that apply to a table or to images). Names are "
        f"{', '.join(name.replace(' ', '-') for name in CORRUPTIONS)}",
    )
    _arguments.add_integer(
        parser, "--severities", "severities, from 1 to 5", default=[1, 2, 3, 4, 5], nargs="+"
    )
    _arguments.add_integer(parser, "--repeats", "random draws of each corruption", default=3)
    parser.add_argument(
        "--image",
        metavar="N",
        nargs="+",
        type=int,
        help="height and width of the images that the rows hold, and number of their channels",
    )
    parser.add_argument(
        "--reference",
        metavar="FILE",
        help="file with the columns of DATA from which means and spreads are computed, such as "
        "the training rows (default: DATA)",
    )
    parser.add_argument(
        "--immutable",
        metavar="COLUMN",
        nargs="+",
        default=(),
        help="columns that must not change: names, or positions among the features from 0 on",
    )
    _models.add_trust(parser)
    _arguments.add_output(parser, jobs=False)
    parser.set_defaults(run=_run)


def _corruption(text):
    """Name and sizes, or None if there are none."""
    name, equals, sizes = text.partition("=")
    name = name.replace("-", " ")
    if not equals:
        return name, None
    try:
        return name, [float(Fraction(size)) for size in sizes.split(",")]
    except (ValueError, ZeroDivisionError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"Got {text!r}, but expected numbers after the name, such as blur=1,2.5."
        ) from None


def _run(arguments):
    name = _models.name_of(arguments, "corruptions")
    with _console.errors_of_the_user(LookupError):
        require_matplotlib()
        given = _given(arguments.corruptions)
        chosen = sizes_by_corruption(given, arguments.severities, arguments.image)
        model = _models.load(arguments)
        X, y, columns = _models.rows(arguments, model)
        options = _options(arguments, model, X, columns)
        _console.prepare_directory(arguments.out)
        source = _models.source(arguments, name)
        # The first size of each shows what the model or the corruptions do not take.
        first = {corruption: sizes[0][1] for corruption, sizes in chosen.items()}
        shortest = options | {"n_repeats": 1}
        corruption_report(model, X, y, corruptions=first, **shortest)

    reports = []
    for corruption in _console.progress_bar("Corrupting", "corruptions done")(list(chosen)):
        one = {corruption: given and given[corruption]}
        reports.append(corruption_report(model, X, y, corruptions=one, **options))
    report = pd.concat(reports, ignore_index=True)
    report = report.drop_duplicates(["corruption", "severity", "repeat"], ignore_index=True)
    tables = {name: report.assign(**source)}
    paths = _console.write_tables(arguments.out, tables, arguments.formats)
    scores = report.assign(model="", majority=majority_score(y, "accuracy"))
    display = CorruptionDisplay(scores)
    paths.append(_console.write_display(arguments.out / f"{name}.png", display, len(chosen)))
    print(f"Accuracy on {len(y)} rows, without corruption {report['accuracy'].iloc[0]:.3f}\n")
    print(_format(report))
    _console.print_written(paths)


def _given(corruptions):
    """Sizes, or None, by the name of a corruption; None where no name is given."""
    names = [name for name, _ in corruptions or []]
    check_different(names, "in --corruptions", "Separate several sizes by commas")
    return dict(corruptions) if names else None


def _options(arguments, model, X, columns):
    """Other parameters of `corruption_report`."""
    is_array = isinstance(X, np.ndarray)
    positions = _models.positions(None if is_array else list(X), X.shape[1], columns, is_array)
    reference = arguments.reference
    return {
        "image_shape": arguments.image,
        "reference": reference and _models.rows(arguments, model, reference)[0],
        "immutable": [
            _models.position(text, "--immutable", positions) for text in arguments.immutable
        ],
        "severities": arguments.severities,
        "n_repeats": arguments.repeats,
        "random_state": arguments.seed,
    }


def _format(report):
    """Return mean accuracies as text, one row per corruption, one column per severity."""
    corrupted = report[report["corruption"] != "none"]
    table = corrupted.pivot_table(index="corruption", columns="severity", values="accuracy")
    table = table.loc[corrupted["corruption"].unique()]
    table["mean"] = table.mean(axis=1)
    return table.rename_axis(index=None).to_string(float_format="{:.3f}".format, na_rep="")
