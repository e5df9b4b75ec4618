"""Place of the pages of the documentation, for the link in notebooks."""

from importlib.resources import files

_PAGES = files(__name__.partition(".")[0]).parent / "doc" / "_build" / "html" / "generated"


def page_template():
    """Address of the page of an estimator, empty unless the pages were built in this checkout."""
    if not _PAGES.is_dir():
        return ""
    return _PAGES.as_uri() + "/{estimator_module}.{estimator_name}.html"
