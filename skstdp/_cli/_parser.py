"""Command line: `skstdp`, or `python -m skstdp`."""

import argparse
import re
import shlex
import sys
from functools import partial

from .._utils._validation import nearest
from . import _attack, _benchmark, _corrupt, _figures, _info, _robustness
from ._console import fail

_COMMANDS = (_benchmark, _figures, _robustness, _attack, _corrupt, _info)
# Commands that were there, and what has taken their place.
_REPLACED = {"select": "benchmark --tune N tunes each model on each table"}
_INVALID_CHOICE = re.compile(r"invalid choice: '(.*)' \(choose from (.*)\)")


def main(argv=None, prog="skstdp"):
    """Run one command, or print the help if none is given.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments; None takes those of the process.
    prog : str, default="skstdp"
        How the program was called, for the help.

    Returns
    -------
    status : int
        0 if the command succeeded, 130 if it was interrupted.

    Raises
    ------
    SystemExit
        With status 2 after an error of the user, which is printed in one line on stderr.
    """
    style = {"formatter_class": argparse.RawDescriptionHelpFormatter}
    parser = _Parser(
        prog=prog,
        description="Networks that learn by a local rule, and their robustness.",
        epilog=_epilog(prog, [command.EXAMPLES[0] for command in _COMMANDS]),
        **style,
    )
    commands = parser.add_subparsers(metavar="COMMAND")
    for command in _COMMANDS:
        epilog = _epilog(prog, command.EXAMPLES)
        command.add_to(partial(commands.add_parser, epilog=epilog, **style))
    given = sys.argv[1:] if argv is None else argv
    arguments = parser.parse_args(given)
    arguments.command = shlex.join(["skstdp", *given])
    if "run" not in arguments:
        parser.print_help()
        return 0
    try:
        arguments.run(arguments)
    except KeyboardInterrupt:
        return 130
    return 0


def _epilog(prog, examples):
    return "\n".join(["examples:", *(f"  {prog} {example}" for example in examples)])


class _Parser(argparse.ArgumentParser):
    def error(self, message):
        """Leave out the usage, in which the line that says what is wrong would be lost."""
        choice = _INVALID_CHOICE.search(message)
        if choice and choice[1] in _REPLACED:
            fail(f"Got {choice[1]}, a command that is gone: {_REPLACED[choice[1]]}. See --help.")
        meant = nearest(choice[1], re.findall(r"[^', ]+", choice[2])) if choice else ""
        fail(f"{message.rstrip('.')}.{meant} See --help.")
