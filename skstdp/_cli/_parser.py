"""Command line: python -m skstdp."""

import argparse
import re
import shlex
import sys
from functools import partial

from .._utils._validation import nearest
from . import _attack, _benchmark, _corrupt, _figures, _info, _robustness
from ._console import fail

_COMMANDS = (_benchmark, _figures, _robustness, _attack, _corrupt, _info)
_EXAMPLES = """\
examples:
  python -m skstdp benchmark iris
  python -m skstdp benchmark iris wine digits --out figures --repeats 1 --jobs 2
  python -m skstdp benchmark penguins.csv --target species --epsilon 2/255 0.1
  python -m skstdp benchmark a.csv:species b.parquet:kind --models stdp forest svm --tune 10
  python -m skstdp benchmark wine --models stdp "sklearn.svm.LinearSVC(C=0.1)" --attack pgd worst
  python -m skstdp benchmark lookalikes --data mnist --set max_iter=30 --seeds 3
  python -m skstdp benchmark iris wine digits --configuration ablation
  python -m skstdp figures 2 --data mnist
  python -m skstdp robustness mnist --data mnist --pairs 0v5 4v9 --jobs 2
  python -m skstdp attack model.skops penguins.csv --target species --epsilon 0.05 0.1
  python -m skstdp corrupt model.skops penguins.csv --target species --severities 1 3 5
  python -m skstdp corrupt digits.skops digits.csv --target digit --image 8 8
  python -m skstdp info
"""
# Commands that were there, and what has taken their place.
_REPLACED = {"select": "benchmark --tune N tunes each model on each table"}
_INVALID_CHOICE = re.compile(r"invalid choice: '(.*)' \(choose from (.*)\)")


def main(argv=None):
    """Run one command, or print the help if none is given.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None takes those of the process.

    Returns
    -------
    status : int
        0 if the command succeeded, 130 if it was interrupted.

    Raises
    ------
    SystemExit
        With status 2 after an error of the user, which is printed in one line on stderr.
    """
    style = {"epilog": _EXAMPLES, "formatter_class": argparse.RawDescriptionHelpFormatter}
    parser = _Parser(
        prog="python -m skstdp",
        description="Networks that learn by a local rule, and their robustness.",
        **style,
    )
    commands = parser.add_subparsers(metavar="COMMAND")
    for command in _COMMANDS:
        command.add_to(partial(commands.add_parser, **style))
    given = sys.argv[1:] if argv is None else argv
    arguments = parser.parse_args(given)
    arguments.command = shlex.join(["python", "-m", "skstdp", *given])
    if "run" not in arguments:
        parser.print_help()
        return 0
    try:
        arguments.run(arguments)
    except KeyboardInterrupt:
        return 130
    return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """Leave out the usage, in which the line that says what is wrong would be lost."""
        choice = _INVALID_CHOICE.search(message)
        if choice and choice[1] in _REPLACED:
            fail(f"Got {choice[1]}, a command that is gone: {_REPLACED[choice[1]]}. See --help.")
        meant = nearest(choice[1], re.findall(r"[^', ]+", choice[2])) if choice else ""
        fail(f"{message.rstrip('.')}.{meant} See --help.")
