"""Command line: `skstdp`, or `python -m skstdp`."""

import sys

from ._cli import main


def run(prog="skstdp"):
    """Run the command of this process, and leave with its status."""
    # A terminal that does not know the sign for "plus or minus" is no reason to fail.
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main(prog=prog))


if __name__ == "__main__":
    run("python -m skstdp")
