"""Packages that are not required."""

from contextlib import contextmanager


@contextmanager
def required(what, extra):
    """Context of an import that names, where it fails, what needs it and how to install it."""
    try:
        yield
    except ImportError as error:
        raise ImportError(f'{what}. Install it with: pip install "skstdp[{extra}]"') from error
