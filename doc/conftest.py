"""Leaves out a page and the scripts.

`tests/promises/test_with_other_packages.py` runs the examples of the page, package by package.
Scripts import packages that the project does not need.
"""

collect_ignore = ["user_guide/with_other_packages.rst"]
collect_ignore_glob = ["benchmarks/*.py"]
