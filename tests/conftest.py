import os

# In the environment, so that it holds for the processes that tests start, too.
os.environ.setdefault("MPLBACKEND", "Agg")
