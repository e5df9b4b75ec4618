"""Reading what a command wrote."""

from functools import partial

import pandas as pd

# To the last digit, which pandas before version 3 does when asked, and later ones without.
EXACT = {"float_precision": "round_trip"} if pd.__version__ < "3" else {}
read_csv = partial(pd.read_csv, **EXACT)

# The shortest benchmark, and its networks.
QUICK = ["--splits", "2", "--repeats", "1", "--report", "none"]
NETWORKS = ["--models", "stdp", "bp"]


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())
