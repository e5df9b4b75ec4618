"""Version of the package, which models on disk carry."""

__version__ = "0.1.0"
