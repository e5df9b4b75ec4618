"""Leaves out a page: `tests/promises/test_with_other_packages.py` runs its examples by package."""

collect_ignore = ["user_guide/with_other_packages.rst"]
