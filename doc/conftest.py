"""Leaves out the page whose examples `tests/promises/test_with_other_packages.py` runs, by package."""

collect_ignore = ["user_guide/with_other_packages.rst"]
