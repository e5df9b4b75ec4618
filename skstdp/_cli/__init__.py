"""Command line, one module per command."""

from ._parser import main

__all__ = ["main"]
