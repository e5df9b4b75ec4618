"""Command line: python -m skstdp."""

import sys

from ._cli import main

if __name__ == "__main__":
    # A terminal that does not know the sign for "plus or minus" is no reason to fail.
    sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(main())
