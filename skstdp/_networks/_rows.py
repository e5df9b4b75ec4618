"""Rows of a table that stand for X in the code of the classifiers."""


class OnCluster:
    """Rows on the workers of a cluster."""
