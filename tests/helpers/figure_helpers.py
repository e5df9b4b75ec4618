"""What a figure shows, as numbers."""

import pandas as pd


def edges_of_a_band(collection):
    """Lower and upper edge of a band at each abscissa."""
    vertices = pd.DataFrame(collection.get_paths()[0].vertices, columns=["x", "y"])
    edges = vertices.groupby("x")["y"].agg(["min", "max"])
    return edges.to_numpy().T
